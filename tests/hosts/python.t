#!/usr/bin/python3
"""The scenario of the hosts, played by Python's sqlite3 module."""

import os
import sqlite3
import tempfile

from player import connect, diag, done, is_, ok, statements
from tap import error_of
from tenure import refusal_faults


def shown(row):
    return "|".join("" if value is None else str(value) for value in row)


folder = tempfile.TemporaryDirectory()
path = os.path.join(folder.name, "t.db")
db = connect(path)
for line, sql, code, says, rows, bound in statements():
    name = f"line {line}: {code or 'ok'}"
    if code is not None:
        faults = refusal_faults(code, error_of(db, sql, bound), says)
        ok(not faults, name)
        for fault in faults:
            diag(fault)
        continue
    try:
        is_([shown(row) for row in db.execute(sql, bound).fetchall()], rows, name)
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
