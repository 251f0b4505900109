<?php
// php.php - plays the scenario of the hosts with the class SQLite3; see ../player.py.
//
//   php -d sqlite3.extension_dir=FOLDER php.php EXTENSION DATABASE SCENARIO
//
// The extension must be in that folder. SQLite3Stmt::execute() runs a statement, and fetchArray() runs it again for
// its rows, so a write with RETURNING happens twice; querySingle() runs it once, but binds nothing.

[, $extension, $database, $scenario] = $argv;

$db = new SQLite3($database);
$db->enableExceptions(true);
$db->loadExtension(basename("$extension.so"));
echo 'host: PHP ', PHP_VERSION, ', SQLite ', SQLite3::version()['versionString'], "\n";

function rows(SQLite3 $db, string $sql, array $bound): array
{
    if (!$bound && !preg_match('/^(SELECT|PRAGMA)/', $sql)) {
        $row = $db->querySingle($sql, true);
        return $row ? [$row] : [];
    }
    $statement = $db->prepare($sql);
    foreach ($bound as $i => $value) {
        $statement->bindValue($i + 1, ctype_digit($value) ? (int) $value : $value);
    }
    $result = $statement->execute();
    $rows = [];
    while ($result->numColumns() > 0 && $row = $result->fetchArray(SQLITE3_NUM)) {
        $rows[] = $row;
    }
    $result->finalize();
    return $rows;
}

foreach (preg_split('/^--\n/m', file_get_contents($scenario)) as $block) {
    preg_match_all('/^-- bind: (.*)$/m', $block, $bound);
    $sql = trim(preg_replace('/^--.*\n/m', '', $block));
    if ($sql === '') {
        continue;
    }
    try {
        foreach (rows($db, $sql, $bound[1]) as $row) {
            echo 'row: ', implode('|', $row), "\n";
        }
    } catch (Exception $error) {
        echo 'refused: ', $db->lastExtendedErrorCode(), ' ', $error->getMessage(), "\n";
    }
    echo "--\n";
}
if ($db->close()) {
    echo "closed\n";
}
