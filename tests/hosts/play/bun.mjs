// bun.mjs - plays the scenario of the hosts with bun:sqlite; see ../player.py.
//
//   bun bun.mjs EXTENSION DATABASE SCENARIO

import { Database } from "bun:sqlite";
import { shown, statements } from "./scenario.cjs";

const [extension, database, scenario] = Bun.argv.slice(2);

const db = new Database(database);
db.loadExtension(extension);
const { sqlite } = db.query("SELECT sqlite_version() AS sqlite").get();
console.log(`host: Bun ${Bun.version}, SQLite ${sqlite}`);

for (const { sql, bound } of statements(scenario)) {
  try {
    const statement = db.prepare(sql);
    for (const row of statement.values(...bound) ?? []) console.log(`row: ${shown(row)}`);
    statement.finalize();
  } catch (error) {
    console.log(`refused: ${error.errno} ${error.message}`);
  }
  console.log("--");
}
db.close(true);
console.log("closed");
