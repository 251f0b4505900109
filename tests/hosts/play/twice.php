<?php
// twice.php - how often PHP runs one INSERT, by how the report of it is fetched; for php.t.
//
//   php -d sqlite3.extension_dir=FOLDER twice.php EXTENSION

$db = new SQLite3(':memory:');
$db->enableExceptions(true);
$db->loadExtension($argv[1]);
$db->exec('SELECT tenure_install()');

function starts(SQLite3 $db, string $scope): int
{
    return $db->querySingle("SELECT start_count FROM tenure_session WHERE scope = '$scope'");
}

$statement = $db->prepare("INSERT INTO tenure_start (scope, actor_id, lease_ttl, receipt_id) VALUES (?, 'ann', 60, ?)
                           RETURNING session_report()");
foreach (['fetched' => null, 'with a receipt' => 'receipt-1'] as $scope => $receipt) {
    $statement->bindValue(1, $scope);
    $statement->bindValue(2, $receipt);
    $statement->execute()->fetchArray();
    echo "$scope: ", starts($db, $scope), "\n";
}

$db->query("INSERT INTO tenure_start (scope, actor_id, lease_ttl) VALUES ('query', 'ann', 60)
            RETURNING session_report()")->fetchArray();
echo 'query: ', starts($db, 'query'), "\n";

$db->querySingle("INSERT INTO tenure_start (scope, actor_id, lease_ttl) VALUES ('querySingle', 'ann', 60)
                  RETURNING session_report()");
echo 'querySingle: ', starts($db, 'querySingle'), "\n";

$statement = $db->prepare("INSERT INTO tenure_start (scope, actor_id, lease_ttl) VALUES (?, 'ann', 60)");
$statement->bindValue(1, 'afterwards');
$statement->execute();
$report = json_decode($db->querySingle('SELECT session_report()'));
echo 'asked for afterwards: ', $report->start_count, "\n";
