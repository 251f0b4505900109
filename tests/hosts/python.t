#!/usr/bin/python3
"""The scenario of the hosts, played by Python's sqlite3 module."""

import os
import re
import sqlite3
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import connect, diag, done, error_of, is_, ok  # noqa: E402
from tenure import refusal_faults  # noqa: E402

SCENARIO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "scenario.sql")


def statements():
    """The statements of the scenario: (line, sql, code or None, texts, rows)."""
    block, line = [], 0
    with open(SCENARIO, encoding="utf-8") as file:
        for number, text in enumerate([*file.read().split("\n"), "--"], 1):
            if text != "--":
                block.append(text)
                line = line or (number if text and not text.startswith("--") else 0)
                continue
            if line:
                said = [match.groups() for match in map(re.compile("-- (expect|says|row): (.*)").match, block) if match]
                texts = {word: [value for key, value in said if key == word] for word in ("expect", "says", "row")}
                sql = "\n".join(text for text in block if not text.startswith("--"))
                yield line, sql, (texts["expect"] or [None])[0], texts["says"], texts["row"]
            block, line = [], 0


def shown(row):
    return "|".join("" if value is None else str(value) for value in row)


folder = tempfile.TemporaryDirectory()
path = os.path.join(folder.name, "t.db")
db = connect(path)
ended = 0
for line, sql, code, says, rows in statements():
    name = f"line {line}: {code or 'ok'}"
    if code is not None:
        faults = refusal_faults(code, error_of(db, sql), says)
        ok(not faults, name)
        for fault in faults:
            diag(fault)
        continue
    try:
        is_([shown(row) for row in db.execute(sql).fetchall()], rows, name)
    except sqlite3.Error as error:
        ok(False, name)
        diag(error)

# What is special here: a transaction that the module opens, a cursor that is dropped half way.
module = connect(path, isolation_level="IMMEDIATE")
with module:
    module.execute("INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES (?, ?, ?)", ("py", "ann", 60))
    ok(module.in_transaction, "a verb opens the transaction of the module")
ok(not module.in_transaction, "and the module commits it")
try:
    with module:
        module.execute("INSERT INTO tenure_clear(scope, actor_id) VALUES ('py', 'ann')")
        module.execute("INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('py', 'ann', 0)")
except sqlite3.OperationalError as error:
    ok("opt.lease_range" in str(error), "misuse is an OperationalError")
is_(module.execute("SELECT owner_id FROM tenure_holder WHERE scope = 'py'").fetchall(), [("ann",)],
    "and what the module rolled back is as it was")
try:
    module.execute("INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('py', 'bob', 60)")
    ok(False, "a refusal is an IntegrityError")
except sqlite3.IntegrityError as error:
    is_((error.sqlite_errorcode, error.sqlite_errorname), (1811, "SQLITE_CONSTRAINT_TRIGGER"),
        "a refusal is an IntegrityError")
module.rollback()
half = module.execute("SELECT * FROM session_status_policy, tenure_session")
half.fetchone()
half.close()
del half
module.close()
db.close()
again = connect(path, extension=False)
is_(again.execute("PRAGMA integrity_check").fetchall(), [("ok",)], "integrity afterwards, without the extension")
again.close()
ok(not os.path.exists(path + "-journal") and not os.path.exists(path + "-wal"), "every connection is closed")

done()
