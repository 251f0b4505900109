#!/usr/bin/python3
"""Contention, read-only connections and interruption: they are reported as what they are, never as a refusal,
for verbs that would succeed and for those that would not, and leave nothing behind.

From the environment: TENURE_LONG, TENURE_SEED; see some() in cases.py."""

import os
import sys
import tempfile
from itertools import repeat

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from cases import CASES, NOW, fill, frozen, known, some, statement  # noqa: E402
from raw import Raw  # noqa: E402
from tap import connect, diag, done, error_of, is_, ok  # noqa: E402

BUSY, READONLY, INTERRUPT, BUSY_SNAPSHOT = 5, 8, 9, 517

folder = tempfile.TemporaryDirectory()


def make(name, mode):
    t = Raw(os.path.join(folder.name, name), timeout=0)
    t.sql("PRAGMA synchronous = OFF")
    t.sql(f"PRAGMA journal_mode = {mode}")
    t.path = os.path.join(folder.name, name)
    return fill(t)


def comes_to(code, t, name, sql, params=(), transaction=False):
    """One test: SQL fails with CODE in SQLite's own words, changes nothing, leaves nothing."""
    before = t.dump()
    got = error_of(t.db, sql, params)
    faults = [] if got and got[1] == code and not got[0].startswith("tenure: ") else [f"got: {got}"]
    if t.dump() != before:
        faults.append("it changed something")
    if t.db.in_transaction != transaction:
        faults.append(f"in a transaction: {t.db.in_transaction}")
    faults += [fault for fault in frozen(t) if not transaction or "transaction" not in fault]
    if not ok(not faults, name):
        diag("\n".join(faults))


for mode in ("WAL", "DELETE"):
    t = make(mode, mode)
    ids = known(t)
    other = connect(t.path, extension=False, timeout=0)

    # Another writer has the lock. The rule is not looked at before the lock is there.
    for begin in ("BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"):
        if begin == "BEGIN EXCLUSIVE" and mode == "DELETE":
            continue  # then nobody can even read, and there is nothing to compare
        other.execute(begin)
        for name, verb, columns, _ in some(CASES):
            comes_to(BUSY, t, f"{mode}, another's {begin}: {verb}, {name}", *statement(verb, columns, ids))
        for function in ("tenure_uninstall()", "tenure_guard('notes', 'live')"):
            comes_to(BUSY, t, f"{mode}, another's {begin}: {function}", f"SELECT {function}")
        is_(error_of(t.db, "SELECT tenure_install()"), None,
            f"{mode}, {begin}: an install with nothing to do needs no lock")
        is_(error_of(t.db, "SELECT tenure_hold(?, 1)", (ids["@live"],)), None,
            f"{mode}, {begin}: nor does a hold")
        is_(error_of(t.db, "SELECT tenure_unguard('notes')"), None,
            f"{mode}, {begin}: nor an unguard with nothing to do")
        other.execute("ROLLBACK")
    t.sql("BEGIN")
    t.sql("SELECT count(*) FROM tenure_session")
    other.execute("BEGIN IMMEDIATE")
    for name, verb, columns, _ in some(CASES):
        comes_to(BUSY, t, f"{mode}, in a transaction that has read: {verb}, {name}",
                 *statement(verb, columns, ids), transaction=True)
    other.execute("ROLLBACK")
    t.sql("ROLLBACK")

    # Once the lock is free, everything goes as if nothing had been.
    is_(t.verb("heartbeat", scope="live", actor_id="ann")["ok"], True, f"{mode}: afterwards a verb succeeds")
    is_(t.faults(), [], f"{mode}: and every invariant holds")

    # What is not committed nobody sees; what is, everybody.
    t.sql("BEGIN")
    t.verb("start", scope="seen", actor_id="x", lease_ttl=60)
    count = "SELECT count(*) FROM tenure_session WHERE scope = 'seen'"
    is_(other.execute(count).fetchone()[0], 0, f"{mode}: another connection sees nothing before the commit")
    t.sql("COMMIT")
    is_(other.execute(count).fetchone()[0], 1, f"{mode}: and all of it after")
    other.close()

# A snapshot that is older than somebody's commit cannot be written from; nothing is judged by it either.
t = make("snapshot", "WAL")
ids = known(t)
other = Raw(t.path, at=t.now, install=False, timeout=0)
t.sql("BEGIN")
t.sql("SELECT count(*) FROM tenure_session")
other.verb("clear", scope="live", actor_id="ann")  # so that many a refusal would be different now
for name, verb, columns, _ in some(CASES):
    comes_to(BUSY_SNAPSHOT, t, f"an old snapshot: {verb}, {name}", *statement(verb, columns, ids),
             transaction=True)
for function in ("tenure_uninstall()", "tenure_guard('notes', 'live')"):
    comes_to(BUSY_SNAPSHOT, t, f"an old snapshot: {function}", f"SELECT {function}", transaction=True)
t.sql("ROLLBACK")
is_(t.outcome("heartbeat", scope="live", actor_id="ann"), "heartbeat.missing", "with a new one the rule speaks")
other.db.close()

# A connection that may only read.
r = Raw(f"file:{t.path}?mode=ro", at=t.now, install=False, uri=True)
q = Raw(t.path, at=t.now, install=False)
q.sql("PRAGMA query_only = ON")
for name, verb, columns, _ in some(CASES):
    for who, what in ((r, "mode=ro"), (q, "query_only")):
        comes_to(READONLY, who, f"{what}: {verb}, {name}", *statement(verb, columns, ids))
for who, what in ((r, "mode=ro"), (q, "query_only")):
    for function in ("tenure_uninstall()", "tenure_guard('notes', 'live')"):
        comes_to(READONLY, who, f"{what}: {function}", f"SELECT {function}")
    is_(error_of(who.db, "SELECT tenure_install()"), None, f"{what}: an install with nothing to do")
    for view in ("tenure_holder", "tenure_projection", "tenure_presence", "tenure_cost", "tenure_event"):
        is_(error_of(who.db, f"SELECT * FROM {view}"), None, f"{what}: {view} can be read")
    is_(error_of(who.db, "SELECT tenure_hold(?, 1)", (ids["@live"],)), None, f"{what}: tenure_hold")
    is_(error_of(who.db, "SELECT tenure_unguard('notes')"), None, f"{what}: an unguard with nothing to do")
empty = Raw(f"file:{os.path.join(folder.name, 'empty.db')}?mode=rwc", install=False, uri=True)
empty.sql("CREATE TABLE mine (x)")
empty.sql("PRAGMA query_only = ON")
comes_to(READONLY, empty, "query_only: an install that has to write", "SELECT tenure_install()")

# Stopped in the middle: a verb that the host interrupts has not happened. (SQLite asks the handler once more
# when the statement is complete: then it says that it was interrupted, and all of it has happened.)
STRIDE = 41


def interrupted(t, sql, params, after):
    """Runs SQL until it has taken AFTER strides, and another one; the first stride is one step. Gives its error."""
    t.db.set_progress_handler(repeat(0, after).__next__, STRIDE if after else 1)  # an exception interrupts too
    got = error_of(t.db, sql, params)
    t.db.set_progress_handler(None, 0)
    return got


t = fill(Raw())
ids = known(t)
image, was = t.db.serialize(), t.dump()
for name, verb, columns, code in some(CASES):
    stopped, faults = 0, []
    sql, params = statement(verb, columns, ids)
    alone = Raw.of(image, NOW)
    error_of(alone.db, sql, params)
    whole = alone.plain()
    for after in range(98):
        got = interrupted(t, sql, params, after)
        faults += frozen(t)
        if t.dump() != was:
            faults += [] if t.plain() == whole else ["half of it was done"]
            t = Raw.of(image, NOW)
        if got is None or got[1] != INTERRUPT:
            break
        stopped += 1
    if not ok(not faults and stopped, f"interrupted at {stopped} places: {verb}, {name}"):
        diag("\n".join(sorted(set(faults))))

SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name"

# The functions that change the schema, each where it has something to do.
for function, before in (("tenure_install()", "tenure_uninstall()"), ("tenure_uninstall()", "tenure_install()"),
                         ("tenure_guard('notes', 'live')", "tenure_unguard('notes')"),
                         ("tenure_unguard('notes')", "tenure_guard('notes', 'live')")):
    t = Raw.of(image, NOW)
    t.sql(f"SELECT {before}")
    was = t.db.serialize()
    t.sql(f"SELECT {function}")
    whole = t.sql(SCHEMA)
    t = Raw.of(was, NOW)
    faults, stopped = [], 0
    for after in range(1, 200000, 1997 if "install" in function else 197):
        got = interrupted(t, f"SELECT {function}", (), after)
        if got is None or got[1] != INTERRUPT:
            faults += [f"got: {got}"] if got else []
            break
        stopped += 1
        faults += frozen(t)
        if t.db.in_transaction:
            t.sql("ROLLBACK")
        if t.db.serialize() != was:
            faults += [] if t.sql(SCHEMA) == whole else ["half of it was done"]
            t = Raw.of(was, NOW)
    if not ok(not faults and stopped, f"interrupted at {stopped} places: {function}"):
        diag("\n".join(sorted(set(faults))))
folder.cleanup()
done()
