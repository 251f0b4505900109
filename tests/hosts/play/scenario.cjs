// scenario.cjs - reads the scenario of the hosts, for the players in JavaScript.

const { readFileSync } = require("node:fs");

// The statements of the scenario: its SQL, and the values to bind, numbers where they are digits.
exports.statements = function* (path) {
  for (const block of readFileSync(path, "utf8").split(/^--\n/m)) {
    const binds = [...block.matchAll(/^-- bind: (.*)$/gm)].map((match) => match[1]);
    const bound = binds.map((value) => (/^\d+$/.test(value) ? Number(value) : value));
    const sql = block.replace(/^--.*\n/gm, "");
    if (sql.trim() !== "") yield { sql, bound };
  }
};

exports.shown = (row) => row.map((value) => value ?? "").join("|");
