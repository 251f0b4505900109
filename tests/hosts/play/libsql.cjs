// libsql.cjs - plays the scenario of the hosts with libsql, which has the interface of better-sqlite3; see
// ../player.py.
//
//   node libsql.cjs EXTENSION DATABASE SCENARIO
//
// Its SQLite is linked into it, and none of SQLite's functions can be found from outside.

const { readFileSync } = require("node:fs");
const { dirname, join } = require("node:path");
const Database = require("libsql");
const { shown, statements } = require("./scenario.cjs");

const [, , extension, database, scenario] = process.argv;

const db = new Database(database);
db.loadExtension(extension);
const { sqlite } = db.prepare("SELECT sqlite_version() AS sqlite").get();
const { version } = JSON.parse(readFileSync(join(dirname(require.resolve("libsql")), "package.json")));
console.log(`host: libsql ${version}, Node ${process.versions.node}, SQLite ${sqlite}`);

for (const { sql, bound } of statements(scenario)) {
  try {
    const statement = db.prepare(sql);
    if (statement.reader) {
      for (const row of statement.raw().all(...bound)) console.log(`row: ${shown(row)}`);
    } else {
      statement.run(...bound);
    }
  } catch (error) {
    console.log(`refused: ${error.rawCode} ${error.message}`);
  }
  console.log("--");
}
db.close();
console.log("closed");
