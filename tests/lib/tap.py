"""What Tenure's tests in Python share: TAP output, a connection, and how a refusal looks.

A test file begins with

    import os, sys
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
    from tap import connect, done, is_, ok, refuses

and ends with done(). A file that dies early prints no plan, which is a failure to prove(1).
"""

import os
import sqlite3
import sys

import health

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# The file without its suffix, as SQLite's .load takes it.
EXTENSION = os.environ.get("TENURE_EXTENSION", os.path.join(ROOT, "dist", "tenure"))

SQLITE_ERROR = 1
SQLITE_CONSTRAINT_TRIGGER = 1811

# A code of one of these families is misuse (SQLITE_ERROR); any other is a refusal by a rule.
MISUSE = ("usage.", "opt.", "json.", "activity.")

_state = {"run": 0, "failed": 0, "planned": None}


def plan(count):
    """Promises COUNT tests. Optional: without it done() prints the number that ran."""
    _state["planned"] = count
    print(f"1..{count}", flush=True)


def done():
    """Prints the plan if there was none yet and ends the program: 0 only if everything passed. The last test
    is that every database which this file touched is healthy."""
    examined, faults = health.verdict()
    if examined and not ok(not faults, f"tenure_doctor finds nothing wrong, asked {examined} times"):
        diag("\n".join(faults[:40]))
    if _state["planned"] is None:
        plan(_state["run"])
    sys.exit(1 if _state["failed"] or _state["planned"] != _state["run"] else 0)


def diag(text):
    """Prints lines for a person to read."""
    for line in str(text).split("\n"):
        print("# " + line.encode("utf-8", "backslashreplace").decode(), flush=True)


def ok(cond, name, skipped=""):
    """One test; returns whether it passed."""
    _state["run"] += 1
    if not cond:
        _state["failed"] += 1
    shown = str(name).replace("\\", "\\\\").replace("#", "\\#").replace("\n", "\\n")
    shown = shown.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()
    print(f"{'ok' if cond else 'not ok'} {_state['run']} - {shown}{skipped}", flush=True)
    return bool(cond)


def skip(name, why):
    """One test that cannot be made here."""
    ok(True, name, f" # SKIP {why}")


def same(got, want):
    """Equal in value and in type, all the way down: 1 is neither 1.0 nor True nor '1'."""
    if type(got) is not type(want) or got != want:
        return False
    if isinstance(want, dict):
        return all(same(got[key], want[key]) for key in want)
    if isinstance(want, (list, tuple)):
        return all(same(*pair) for pair in zip(got, want))
    return True


def is_(got, want, name):
    """GOT is the same as WANT."""
    passed = ok(same(got, want), name)
    if not passed:
        diag(f"got:  {got!r}\nwant: {want!r}")
    return passed


def connect(path=":memory:", extension=True, **options):
    """A connection in autocommit mode, with Tenure loaded unless EXTENSION is false. OPTIONS go to
    sqlite3.connect (timeout=0, uri=True, ...)."""
    options.setdefault("isolation_level", None)
    options.setdefault("factory", health.Connection)
    db = sqlite3.connect(path, **options)
    if extension:
        db.enable_load_extension(True)
        db.load_extension(EXTENSION)
        db.enable_load_extension(False)
        db.watch()
    return db


def error_of(db, sql, params=()):
    """Runs SQL to its end. Returns (message, extended result code), or None if it succeeded."""
    try:
        db.execute(sql, params).fetchall()
    except sqlite3.Error as error:
        return str(error), getattr(error, "sqlite_errorcode", None)
    return None


def refuses(db, sql, params, code, text=None, name=None):
    """SQL is refused with CODE, with the result code of its family, and with TEXT (if given) in the
    sentence."""
    name = name or f"{code}: {sql}"
    got = error_of(db, sql, params)
    if got is None:
        ok(False, name)
        diag("it succeeded")
        return False
    message, result = got
    want = SQLITE_ERROR if code.startswith(MISUSE) else SQLITE_CONSTRAINT_TRIGGER
    passed = message.startswith(f"tenure: {code}: ") and result == want
    passed = passed and (text is None or text in message)
    if not ok(passed, name):
        diag(f"got:  {message!r} ({result})\nwant: 'tenure: {code}: ' ({want}), with {text!r}")
    return passed
