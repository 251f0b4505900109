#!/usr/bin/python3
"""The functions that change the schema wait for the write lock as a verb does, and decide by what they find when they
have it. (That some need none where there is nothing to do: contexts/busy.t.)"""

import os
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import connect, done, error_of, is_  # noqa: E402

INSTALL, UNINSTALL = "SELECT tenure_install()", "SELECT tenure_uninstall()"
GUARD, UNGUARD = "SELECT tenure_guard('tasks', 'repo')", "SELECT tenure_unguard('TASKS')"
WRITE = "INSERT INTO tasks VALUES ('another')"
PATIENCE = ("PRAGMA busy_timeout = 60000", "SELECT tenure_patience(60000)")

# What there is, what the other one does while it has the lock, what waits for it, and the refusal.
CASES = [
    ([], WRITE, INSTALL, None),
    ([], INSTALL, INSTALL, None),
    ([], "CREATE TABLE tenure_holder(x)", INSTALL, "install.name_taken"),
    ([INSTALL], WRITE, UNINSTALL, None),
    ([INSTALL], UNINSTALL, UNINSTALL, None),
    ([INSTALL], WRITE, GUARD, None),
    ([INSTALL], GUARD, GUARD, None),
    ([INSTALL], GUARD.replace("repo", "elsewhere"), GUARD, "guard.scope_taken"),
    ([INSTALL], "DROP TABLE tasks", GUARD, "guard.not_a_table"),
    ([INSTALL, GUARD], "CREATE TABLE mine(x)", UNGUARD, None),
    ([INSTALL, GUARD], UNGUARD, UNGUARD, None),
]

SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"
folder = tempfile.TemporaryDirectory()


def make(name, mode, statements):
    path = os.path.join(folder.name, name)
    db = connect(path, timeout=0)
    for sql in (f"PRAGMA journal_mode = {mode}", "CREATE TABLE tasks(name)", *statements):
        db.execute(sql).fetchall()
    return path, db


def in_turn(name, statements):
    """What comes of it when each has the database to itself: the last one's error, and the schema."""
    db = make(name, "MEMORY", statements[:-1])[1]
    return error_of(db, statements[-1]), db.execute(SCHEMA).fetchall()


for number, (before, meanwhile, function, code) in enumerate(CASES):
    want, schema = in_turn(f"{number}.turn", [*before, meanwhile, function])
    is_(want and want[0].split(": ")[1], code, f"{meanwhile}, then {function}: {code or 'done'}")
    for mode in ("WAL", "DELETE"):
        for patience in PATIENCE:
            path, db = make(f"{number}.{mode}.{patience[0]}", mode, before)
            other = connect(path, timeout=5, check_same_thread=False)
            other.execute("BEGIN IMMEDIATE")
            other.execute(meanwhile).fetchall()
            db.execute(patience).fetchall()
            release = threading.Timer(0.1, other.execute, ("COMMIT",))
            release.start()
            got = error_of(db, function)
            release.join()
            is_((got, db.execute(SCHEMA).fetchall()), (want, schema), f"{mode}, {patience}: beside it the same")
            other.close()
            db.close()
folder.cleanup()
done()
