"""Every database that a test in Python has touched is examined by tenure_doctor: when its connection is
closed, when a situation of a test is undone, and at the end of the file. Status, holder and turns, rebuilt
from the log alone, must equal the tables, and no invariant may be broken; done() makes one test of it.

A test that damages a database on purpose says so: damage(db). An examination can cost more than what it examines,
so the quick suite makes one in three, by chance, and that at the end of the file; TENURE_LONG or
TENURE_HEALTH=always makes all, TENURE_HEALTH=end that at the end alone (tests/mutation).
"""

import os
import random
import sqlite3
import weakref

QUESTION = "SELECT check_name, session_id, finding FROM tenure_doctor WHERE severity = 'error'"

HOW = os.environ.get("TENURE_HEALTH", "always" if os.environ.get("TENURE_LONG") else "some")
SHARE = {"always": 1, "some": 1 / 3, "end": 0}[HOW]
_chance = random.Random()

_open = weakref.WeakSet()
_state = {"examined": 0, "faults": []}


class Connection(sqlite3.Connection):
    """A connection that is examined before it is closed, unless its database was damaged on purpose."""

    damaged = False

    def watch(self):
        """Examines it from now on; called once the extension is loaded."""
        _open.add(self)
        return self

    def close(self):
        if self in _open:
            examine(self, "when it was closed")
            _open.discard(self)
        super().close()


def damage(db):
    """What comes of DB from here on is no matter."""
    db.damaged = True


def findings(db):
    """What tenure_doctor finds wrong with DB: check, session, sentence. None if it cannot be asked: the
    database was damaged on purpose, is locked by somebody, its file is gone, or Tenure is not installed."""
    if db.damaged:
        return None
    factory, db.text_factory = db.text_factory, lambda text: text.decode("utf-8", "backslashreplace")
    try:
        path = db.execute("PRAGMA database_list").fetchall()[0][2] or ""
        if os.path.isabs(path) and not os.path.exists(path):  # one that was deserialized has no file
            return None
        if not db.execute("SELECT 1 FROM main.sqlite_schema WHERE name = 'tenure_meta'").fetchall():
            return None
        return db.execute(QUESTION).fetchall()
    except sqlite3.Error as error:
        locked = (getattr(error, "sqlite_errorcode", 0) & 0xFF) in (5, 6)  # BUSY, LOCKED
        return None if locked else [("tenure_doctor", None, repr(error))]
    finally:
        db.text_factory = factory


def examine(db, when, last=False):
    """Remembers what is wrong with DB until done() tells it."""
    rows = findings(db) if last or _chance.random() < SHARE else None
    if rows is not None:
        _state["examined"] += 1
        _state["faults"] += [f"{when}: {row}" for row in rows]


def verdict():
    """How many examinations there were, and what they found, as sentences."""
    for db in list(_open):
        try:
            examine(db, "at the end", last=True)
        except sqlite3.ProgrammingError:  # of another thread
            pass
    return _state["examined"], _state["faults"]
