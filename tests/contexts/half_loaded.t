#!/usr/bin/python3
"""Loading that fails half way, on a connection where a statement is running: SQLite can neither take back what was
registered by then nor keep the library. What is left must be safe to call, and the next loading makes it whole."""
import os
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import EXTENSION, connect, done, error_of, is_, ok  # noqa: E402

for how in ("by SQL", "by the C call"):
    db = connect(extension=False)
    db.enable_load_extension(True)
    db.create_function("session_now", 0, lambda: "mine")
    running = db.execute("SELECT value FROM json_each('[1,2,3]')")
    running.fetchone()
    if how == "by SQL":
        message = error_of(db, "SELECT load_extension(?)", (EXTENSION,))[0]
    else:
        try:
            message = db.load_extension(EXTENSION)
        except sqlite3.Error as error:
            message = str(error)
    ok("tenure: unable to delete/modify user-function due to active statements" in f"{message}",
       f"{how}: a name that is taken cannot be replaced while a statement runs ({message})")
    is_(db.execute("SELECT session_now()").fetchone()[0], "mine", "the function that has it stays")
    left = [row[0] for row in db.execute("SELECT name FROM pragma_function_list WHERE name = 'session_is_terminal'")]
    is_(left, ["session_is_terminal"], "functions of Tenure are left")
    is_(db.execute("SELECT session_is_terminal('exited')").fetchone()[0], 1, "and can be called")
    is_(len(running.fetchall()), 2, "the statement goes on")
    db.load_extension(EXTENSION)
    is_(db.execute("SELECT session_now() > 0, tenure_install() > 0").fetchone(), (1, 1), "loaded when nothing runs, it is whole")
    db.close()

done()
