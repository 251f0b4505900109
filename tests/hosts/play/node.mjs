// node.mjs - plays the scenario of the hosts with node:sqlite, which Deno has too; see ../player.py.
//
//   node node.mjs EXTENSION DATABASE SCENARIO
//   deno run --allow-ffi --allow-read --allow-write node.mjs EXTENSION DATABASE SCENARIO

import { argv, versions } from "node:process";
import { DatabaseSync } from "node:sqlite";
import { shown, statements } from "./scenario.cjs";

const [, , extension, database, scenario] = argv;

const db = new DatabaseSync(database, { allowExtension: true });
db.loadExtension(extension);
const { sqlite } = db.prepare("SELECT sqlite_version() AS sqlite").get();
console.log(`host: ${versions.deno ? `Deno ${versions.deno}` : `Node ${versions.node}`}, SQLite ${sqlite}`);

for (const { sql, bound } of statements(scenario)) {
  try {
    for (const row of db.prepare(sql).all(...bound)) console.log(`row: ${shown(Object.values(row))}`);
  } catch (error) {
    console.log(`refused: ${error.errcode} ${error.message}`);
  }
  console.log("--");
}
db.close();
console.log("closed");
