#!/usr/bin/python3
"""session_wait(): where it may be called, with what, and what it tells while others write, resume, collect, take
over, hold the database, or die (04, "Wait")."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import ROOT, connect, done, error_of, is_, ok, refuses  # noqa: E402
from tenure import T0, Tenure  # noqa: E402

FOLDER = tempfile.mkdtemp(prefix="tenure-wait-")
LONG = 60_000  # a cap that no test is meant to reach
numbers = iter(range(1000))


def database(mode="WAL", at=None):
    """A new database in a file, and the clock of a connection to it."""
    path = os.path.join(FOLDER, f"{next(numbers)}.db")
    t = Tenure(path, at=at, timeout=30)
    t.value(f"PRAGMA journal_mode = {mode}")
    t.sql("PRAGMA synchronous = NORMAL")
    return path, t


def living(t, **columns):
    return t.verb("start", **{"actor_id": "ann", "lease_ttl": 600, **columns})["session_id"]


class Waiter(threading.Thread):
    """Waits in a thread and on a connection of its own."""

    def __init__(self, path, session, cap=LONG, turn=None, at=None, timeout=30, **options):
        super().__init__(daemon=True)
        self.db = connect(path, timeout=timeout, check_same_thread=False, **options)
        self.db.execute("SELECT tenure_clock(?)", (at,)).fetchall()
        self.arguments, self.report, self.error = (session, cap, turn), None, None
        self.begun = threading.Event()
        self.start()
        self.begun.wait()
        time.sleep(0.02)

    def run(self):
        self.begun.set()
        begun = time.monotonic()
        try:
            self.report = json.loads(self.db.execute("SELECT session_wait(?, ?, ?)", self.arguments).fetchone()[0])
        except sqlite3.Error as error:
            self.error = f"{error}"
        self.took = time.monotonic() - begun

    def told(self, *keys):
        """The report once it is there, or these keys of it."""
        self.join(30)
        if self.is_alive():
            return "it still waits"
        if self.error is not None:
            return self.error
        return tuple(self.report.get(key) for key in keys) if keys else self.report


def waits(waiter):
    """Whether it is still waiting, a moment from now."""
    waiter.join(0.1)
    return waiter.is_alive()


# --- where

path, t = database()
session = living(t)
t.sql("CREATE TABLE notes (what)")
t.sql("INSERT INTO notes VALUES (1)")
WAIT = f"session_wait('{session}', 0)"
for sql in (f"SELECT {WAIT} FROM notes", f"SELECT {WAIT} FROM tenure_session", f"SELECT {WAIT}, what FROM notes",
            f"SELECT (SELECT {WAIT}) FROM notes", f"SELECT {WAIT} WHERE EXISTS (SELECT 1 FROM notes)",
            f"SELECT what FROM notes WHERE {WAIT} IS NOT NULL", f"SELECT 1 FROM notes ORDER BY {WAIT}",
            f"SELECT {WAIT} FROM sqlite_schema", f"SELECT count(*) FROM notes GROUP BY {WAIT}",
            f"INSERT INTO notes SELECT {WAIT}", f"INSERT INTO notes VALUES ({WAIT})",
            f"UPDATE notes SET what = {WAIT}", f"DELETE FROM notes WHERE {WAIT} IS NULL",
            f"CREATE TABLE other AS SELECT {WAIT}", f"SELECT {WAIT} UNION SELECT what FROM notes",
            f"INSERT INTO notes VALUES (2) RETURNING {WAIT}",
            f"INSERT INTO tenure_heartbeat(actor_id) VALUES ('ann') RETURNING {WAIT}"):
    before = t.dump()
    refuses(t.db, sql, (), "usage.wait_context")
    is_((t.dump(), t.db.in_transaction), (before, False), "and it changed nothing")
for begin in ("BEGIN", "BEGIN IMMEDIATE", "BEGIN EXCLUSIVE", "SAVEPOINT s"):
    t.sql(begin)
    refuses(t.db, f"SELECT {WAIT}", (), "usage.wait_context", name=f"after {begin}")
    t.sql("ROLLBACK")
reading = t.db.execute("SELECT what FROM notes UNION ALL SELECT 2")
reading.fetchone()
refuses(t.db, f"SELECT {WAIT}", (), "usage.wait_context", name="while the connection reads something else")
reading.close()
t.sql(f"CREATE VIEW looking AS SELECT {WAIT} AS found")
t.sql(f"CREATE TRIGGER waiting AFTER DELETE ON notes BEGIN SELECT {WAIT}; END")
for sql in ("SELECT * FROM looking", "DELETE FROM notes"):
    is_(error_of(t.db, sql)[0], "unsafe use of session_wait()", f"{sql}: not in the schema")
for sql in (f"CREATE TABLE bad (a CHECK ({WAIT} IS NULL))", f"CREATE INDEX bad ON notes ({WAIT})",
            f"CREATE TABLE bad (a, b AS ({WAIT}))"):
    ok(error_of(t.db, sql) is not None or error_of(t.db, "INSERT INTO bad VALUES (1)") is not None, f"nor by {sql:.30}")
for sql in (f"SELECT {WAIT}", f"VALUES ({WAIT})", f"SELECT json_extract({WAIT}, '$')", f"SELECT {WAIT}, 1",
            f"WITH q(a) AS (SELECT {WAIT}) SELECT a FROM q", f"SELECT a FROM (SELECT {WAIT} AS a)",
            f"SELECT CASE WHEN 1 THEN {WAIT} END", f"SELECT {WAIT} WHERE 1", f"SELECT DISTINCT {WAIT}",
            f"SELECT a FROM (VALUES (1)), (SELECT {WAIT} AS a)"):
    is_(json.loads(t.value(sql))["outcome"], "kv_warm", f"works: {sql.replace(session, 'S')}")
is_([json.loads(value)["outcome"] for value in t.sql(f"SELECT {WAIT}, {WAIT.replace(session, 'ses_x')}")[0]],
    ["kv_warm", "missing"], "two in one statement")
is_(t.value(f"SELECT json_type(json_array({WAIT}), '$[0]')"), "object", "what it gives is JSON to SQLite's functions")
for statement in ("SELECT session_wait()", "SELECT session_wait('a')", "SELECT session_wait('a', 1, 't', 4)"):
    ok("wrong number of arguments" in error_of(t.db, statement)[0], statement)

# --- with what

for cap in (-1, -2**63, 31622400001, 2**63 - 1, "x", "", 1.5, None, b"x"):
    refuses(t.db, "SELECT session_wait(?, ?)", (session, cap), "usage.wait_cap", name=f"a cap of {cap!r}")
    refuses(t.db, "SELECT session_wait(NULL, ?)", (cap,), "usage.wait_cap", name=f"a cap of {cap!r} of nobody")
for cap in (0, "0", 0.0, 1, "20", 30.0):
    report = json.loads(t.value("SELECT session_wait(?, ?)", (session, cap)))
    ok(report["outcome"] == "kv_warm" and report["elapsed_ms"] >= int(float(cap)), f"a cap of {cap!r} is reached")
is_(t.value("SELECT session_wait(NULL, 5000)"), None, "NULL is no session")
for unknown in ("ses_x", "", "x\0y", session + "\0", session.lower(), "x" * 100_000, "\u202e\n\"", 7, b"ses"):
    found = t.value("SELECT session_wait(?, ?)", (unknown, LONG))
    shown = unknown.decode() if isinstance(unknown, bytes) else str(unknown)
    is_(json.loads(found), {"session_id": shown, "outcome": "missing", "synthetic": False,
                            "elapsed_ms": json.loads(found)["elapsed_ms"]}, f"{shown!r:.30} is missing, at once")
for turn in (None, "", b""):
    is_(json.loads(t.value("SELECT session_wait(?, 0, ?)", (session, turn)))["outcome"], "kv_warm", f"{turn!r} is no turn")
is_(json.loads(t.value("SELECT session_wait(?, ?, 'a\nb')", (session, LONG)))["turn_id"], "a\nb", "a turn is shown")
t.db.close()

# --- what it tells

path, t = database()
session = living(t, scope="done")
t.verb("clear", scope="done", actor_id="ann")
waiter = Waiter(path, session)
is_(waiter.told("outcome", "status", "reason", "synthetic"), ("ended", "exited", "cleared", False),
    "who has ended answers at once")
ok(waiter.report["elapsed_ms"] < 5000 and waiter.report["revision"] == t.session(session)["revision"], "with its revision")

session = living(t)
waiter = Waiter(path, session)
t.verb("record_result", session_id=session, status="success", summary="so far")
t.verb("record_completion", session_id=session, exit_code=0)
t.verb("heartbeat", actor_id="ann")
ok(waits(waiter), "a provisional result, a packet and a heartbeat end no wait while the owner lives")
t.verb("record_result", session_id=session, status="failure", exit_code=7, summary="after the checks")
t.verb("clear", actor_id="ann")
is_(waiter.told("outcome", "status", "exit_code", "summary", "synthetic"),
    ("failed", "failure", 7, "after the checks", False), "the last word counts, once the owner is gone")

session = living(t)
waiter = Waiter(path, session)
t.verb("record_result", session_id=session, status="success", final=1)
is_(waiter.told("outcome", "status", "exit_code"), ("completed", "success", 0), "a final result ends it at once")
is_(t.session(session)["status"], "running", "while the owner goes on")
for status, code, want in (("retired", None, ("completed", 0)), ("success", 3, ("failed", 3)),
                           ("timeout", 124, ("failed", 124)), ("signal", 137, ("failed", 137)),
                           ("no_progress", 0, ("failed", 0)), ("interrupted", None, ("failed", None))):
    t.verb("clear", actor_id="ann")
    session = living(t)
    t.verb("record_result", session_id=session, status=status, exit_code=code, final=1)
    is_(Waiter(path, session).told("outcome", "exit_code"), want, f"{status} with code {code}")

for name, columns, want in (
        ("transition", {"status": "failed", "exit_code": 3, "failure_reason": "it broke"},
         {"outcome": "failed", "status": "failed", "exit_code": 3, "reason": "it broke"}),
        ("transition", {"status": "exited", "exit_signal": 9},
         {"outcome": "failed", "status": "exited", "exit_signal": "9"}),
        ("transition", {"status": "stopped", "reason": "enough"},
         {"outcome": "ended", "status": "stopped", "note": "enough", "ended_by": "ann"}),
        ("clear", {"force": 1, "reason": "stuck"}, {"outcome": "lost", "reason": "forced", "note": "stuck"})):
    t.outcome("clear", actor_id="ann")
    session = living(t)
    waiter = Waiter(path, session)
    t.verb(name, session_id=session, **({} if "force" in columns else {"actor_id": "ann"}), **columns)
    found = waiter.told()
    is_({key: found.get(key) for key in want}, want, f"{name} with {columns}")

# An old failure is not the reason of a later end.
for end, want in (({"force": 1, "reason": "stuck"}, "forced"), ({"actor_id": "ann"}, "cleared")):
    t.outcome("clear", actor_id="ann")
    session = living(t)
    t.verb("transition", session_id=session, actor_id="ann", status="error", failure_reason="old")
    t.verb("transition", session_id=session, actor_id="ann", status="running")
    waiter = Waiter(path, session)
    t.verb("clear", session_id=session, **end)
    is_(waiter.told("reason"), (want,), f"recovered, and then {want}")

# Resumed, collected, settled while somebody waits.
session = living(t)
t.verb("record_result", session_id=session, status="success")
waiter = Waiter(path, session)
t.sql("BEGIN IMMEDIATE")
t.verb("clear", actor_id="ann")
t.verb("resume", session_id=session, actor_id="ann")
t.sql("COMMIT")
ok(waits(waiter), "a session that is resumed in the commit that ended it is waited for")
t.verb("record_result", session_id=session, status="error", final=1)
is_(waiter.told("outcome", "status"), ("failed", "error"), "and only its new incarnation counts")
t.verb("clear", actor_id="ann")
session = living(t)
waiter = Waiter(path, session)
t.sql("BEGIN IMMEDIATE")
t.verb("clear", actor_id="ann")
t.sql("DELETE FROM tenure_session WHERE session_id = ?", (session,))
t.sql("COMMIT")
is_(waiter.told("outcome", "status"), ("missing", None), "a session that is collected while waiting is missing")

# What counts as absent: the result of an attempt that another replaces, while there is somebody to do it; a packet
# of an earlier incarnation.
session = living(t)
t.verb("record_result", session_id=session, status="tier_failover_superseded", exit_code=1, final=1)
is_(Waiter(path, session, cap=0).told("outcome"), ("kv_warm",), "a superseded result counts for nothing while owned")
t.verb("clear", actor_id="ann")
is_(Waiter(path, session, cap=0).told("outcome", "status"), ("failed", "tier_failover_superseded"), "but in the end")
session = living(t)
t.verb("record_completion", session_id=session, exit_code=0)
t.verb("clear", actor_id="ann")
t.verb("resume", session_id=session, actor_id="ann", lease_ttl=1)
while not t.holder()["stale"]:
    time.sleep(0.1)
is_(Waiter(path, session, cap=0).told("outcome"), ("kv_warm",), "a packet of the incarnation before is none of this one")
t.verb("settle", session_id=session)
t.verb("takeover", actor_id="bob", reason="stale")
t.verb("clear", actor_id="bob")

# Turns.
session = living(t)
for outcome, want in (("completed", ("completed", "completed")), ("failed", ("failed", "error")),
                      ("interrupted", ("ended", "interrupted"))):
    turn = f"turn-{outcome}"
    t.verb("turn_begin", session_id=session, turn_id=turn)
    waiter, whole = Waiter(path, session, turn=turn), Waiter(path, session)
    ok(waits(waiter), "a turn that runs is waited for")
    t.verb("turn_end", session_id=session, turn_id=turn, outcome=outcome)
    is_(waiter.told("outcome", "status", "turn_id"), (*want, turn), f"a turn that ends {outcome}")
    ok(waits(whole), "while the session goes on")
    whole.db.interrupt()
    is_(whole.told(), "interrupted", "until it is interrupted")
t.verb("turn_begin", session_id=session, turn_id="t9")
waiter = Waiter(path, session, turn="t9")
t.verb("record_result", session_id=session, turn_id="t9", status="success")
t.verb("turn_end", session_id=session, turn_id="t9", outcome="failed")
ok(waits(waiter), "a provisional result of a turn counts once the session is not owned, or it is final")
t.verb("record_result", session_id=session, turn_id="t9", status="failure", exit_code=5, final=1)
is_(waiter.told("outcome", "exit_code"), ("failed", 5), "as it does then")
t.verb("turn_begin", session_id=session, turn_id="t10")
waiter = Waiter(path, session, turn="t10")
t.verb("clear", actor_id="ann")
is_(waiter.told("outcome", "status"), ("ended", "interrupted"), "with its session ends its turn")
is_(Waiter(path, session, turn="t99").told("outcome", "status"), ("missing", "unknown"), "a turn that nobody knows")
t.verb("resume", session_id=session, actor_id="ann")
is_(Waiter(path, session, turn="t9").told("outcome", "exit_code"), ("failed", 5),
    "the result of a turn is asked for in the incarnation that the turn was of")
t.verb("turn_begin", session_id=session, turn_id="t11")
t.verb("record_result", session_id=session, turn_id="t11", status="failure", exit_code=6)
ok(waits(Waiter(path, session, turn="t11")), "a provisional one is waited beyond while that incarnation goes on")
t.verb("clear", actor_id="ann")
t.verb("resume", session_id=session, actor_id="ann")
is_(Waiter(path, session, turn="t11").told("outcome", "exit_code"), ("failed", 6),
    "but not when it is over, whoever owns the next one")
t.verb("clear", actor_id="ann")

# Lost.
session = living(t, lease_ttl=1)
waiter = Waiter(path, session)
while not t.holder()["stale"]:
    time.sleep(0.1)
taker = t.verb("takeover", actor_id="bob", reason="gone")["session_id"]
is_(waiter.told("outcome", "reason", "ended_by", "note"), ("lost", "taken_over", "bob", "gone"), "lost, to whom and why")
t.verb("clear", actor_id="bob")

# What nobody writes: a death, and a lease that runs out.
for left in (2, 1, 0):  # the machine may be busy with something else for a while: of several the best counts
    process = subprocess.Popen(["sleep", "600"])
    identity = t.rows("SELECT host_name() AS host, host_boot_id() AS boot_id, ? AS pid,"
                      " process_start_ticks(?) AS pid_start_ticks", (process.pid, process.pid))[0]
    session = living(t, **identity)
    waiter = Waiter(path, session)
    ok(waits(waiter), "while its process lives it is waited for")
    process.kill()
    process.wait()
    died = time.monotonic()
    is_(waiter.told("outcome", "status", "exit_code", "reason", "synthetic"),
        ("failed", "failure", 1, "orphaned_process", True), "its death, which writes nothing, ends the wait")
    took = time.monotonic() - died
    if took < 3 or not left:
        break
    t.verb("settle", session_id=session)
ok(took < 3, f"since it is judged anew once a second: after {took:.1f} s")
is_(t.session(session)["status"], "running", "the wait itself wrote nothing")
t.verb("settle", session_id=session)
is_(Waiter(path, session).told("outcome", "synthetic"), ("failed", True), "after settlement it is the same")
begun = time.monotonic()
session = living(t, lease_ttl=1)
t.verb("record_completion", session_id=session, exit_code=9, status="error", reason="it fell over")
waiter = Waiter(path, session)
is_(waiter.told("outcome", "status", "exit_code", "reason", "synthetic"),
    ("failed", "error", 9, "it fell over", True), "a packet counts when the lease has run out")
ok(time.monotonic() - begun >= 1, "not before")
t.verb("settle", session_id=session)

# --- clocks

path, v = database(at=T0)
session = living(v)
waiter = Waiter(path, session, cap=400, at=T0)
is_(waiter.told("outcome"), ("kv_warm",), "the cap passes while a virtual clock stands still")
ok(0.39 < waiter.took < 20 and 400 <= waiter.report["elapsed_ms"] < 20000, "in real time")
waiter = Waiter(path, session, cap=0, at=T0 + 10_000)
is_(waiter.told("outcome", "reason"), ("failed", "orphaned_process"), "what is judged is judged by the virtual clock")
waiter = Waiter(path, session, cap=200, at=T0 + 700)
is_(waiter.told("outcome"), ("timeout",), "stale, but nobody knows whether it is dead")

# --- what it holds, which is nothing

path, t = database()
session = living(t)
waiter = Waiter(path, session)
for i in range(50):
    t.verb("heartbeat", actor_id="ann")
is_(t.sql("PRAGMA wal_checkpoint(TRUNCATE)"), [(0, 0, 0)], "the -wal can be truncated while somebody waits")
ok(os.path.getsize(path + "-wal") == 0, "and is")
t.sql("BEGIN EXCLUSIVE")
t.sql("COMMIT")
ok(waits(waiter), "a checkpoint and an empty transaction are no news")
t.sql("VACUUM")
t.sql("CREATE TABLE other (a)")
ok(waits(waiter), "nor are a VACUUM and a new table")
t.verb("clear", actor_id="ann")
is_(waiter.told("outcome"), ("ended",), "and then it wakes")
session = living(t)
waiters = [Waiter(path, session) for _ in range(8)]
waiters.append(Waiter(f"file:{path}?mode=ro", session, uri=True))
t.verb("clear", actor_id="ann")
is_([waiter.told("outcome") for waiter in waiters], [("ended",)] * 9, "nine wait for one session, one of them reading only")
waiter = Waiter(path, living(t))
t.sql("SELECT tenure_uninstall()")
ok("no such table" in str(waiter.told()), "a wait whose tables are removed fails")
t.db.close()

for mode in ("WAL", "DELETE"):
    path, t = database(mode)
    session = living(t)
    waiter = Waiter(path, session)
    other = Waiter(path, session, cap=100, timeout=30)
    t.sql("BEGIN EXCLUSIVE")
    t.verb("heartbeat", actor_id="ann")
    hurried = Waiter(path, session, cap=50, timeout=0)
    waiter_db_busy = hurried.told("outcome")
    ok(waits(waiter), f"{mode}: a lock of another is waited out")
    t.sql("COMMIT")
    is_(other.told("outcome"), ("kv_warm",), f"{mode}: also when the cap falls into it")
    ok(waiter_db_busy in (("kv_warm",), "database is locked") and (mode != "WAL" or waiter_db_busy == ("kv_warm",)),
       f"{mode}: without a busy timeout the end of the cap is the end of patience, in WAL there is no lock")
    is_(other.db.execute("PRAGMA busy_timeout").fetchall(), [(30000,)], f"{mode}: the busy timeout is what it was")
    while True:
        locked = Waiter(path, session, cap=300, timeout=0.5)
        t.sql("BEGIN EXCLUSIVE")
        if locked.is_alive():
            break
        t.sql("ROLLBACK")  # the cap was over before there was a lock
    t.verb("heartbeat", actor_id="ann")
    late = Waiter(path, session, cap=100, timeout=0.5)
    time.sleep(0.2)
    begun = time.monotonic()
    waiter.db.interrupt()
    is_(waiter.told(), "interrupted", f"{mode}: an interrupt is heard in the middle of it")
    ok(time.monotonic() - begun < 15, f"{mode}: long before the busy timeout of 30 s is over")
    if mode != "WAL":
        is_(locked.told(), "database is locked", f"{mode}: a lock that is never given up is BUSY, not an outcome")
        ok(0.79 < locked.took < 15, f"{mode}: after the cap and the busy timeout")
        is_(late.told(), "database is locked", f"{mode}: also where it was locked from the first")
    t.sql("ROLLBACK")
    t.db.close()

# Locks of a shared cache are waited out too.
path, t = database()
session = living(t)
t.db.close()
t = Tenure(f"file:{path}?cache=shared", at=None, install=False, uri=True)
t.sql("BEGIN IMMEDIATE")
t.verb("heartbeat", session_id=session, actor_id="ann")
waiter = Waiter(f"file:{path}?cache=shared", session, uri=True)
ok(waits(waiter), "who shares the cache with a writer waits")
t.verb("record_result", session_id=session, status="success", final=1)
t.sql("COMMIT")
is_(waiter.told("outcome"), ("completed",), "and is told")

# --- another name

path, t = database()
session = living(t)
db = connect(timeout=30, check_same_thread=False)
db.execute("CREATE TABLE mine (a)").fetchall()
db.execute("ATTACH ? AS \"odd \"\" name\"", (path,)).fetchall()
found = []
thread = threading.Thread(target=lambda: found.append(db.execute("SELECT session_wait(?, ?)", (session, LONG)).fetchone()[0]))
thread.start()
time.sleep(0.2)
t.verb("record_result", session_id=session, status="success", final=1)
thread.join(30)
is_(json.loads(found[0])["outcome"] if found else "it still waits", "completed", "the database is attached under an odd name")
memory = Tenure(at=None)
session = living(memory)
is_(json.loads(memory.value("SELECT session_wait(?, 200)", (session,)))["outcome"], "kv_warm", "a database in memory")

# --- somebody commits without a pause

path, t = database()
t.sql("PRAGMA synchronous = OFF")
t.sql("CREATE TABLE busy(n)")
session = living(t)
waiter = Waiter(path, session)
until = time.monotonic() + 0.6
while time.monotonic() < until:
    t.sql("INSERT INTO busy VALUES (1)")
ok(waiter.is_alive(), "commits of others end no wait, however many")
t.verb("record_result", session_id=session, status="success", final=1)
is_(waiter.told("outcome"), ("completed",), "and the one that does is not lost among them")

# --- processes that are killed

path, t = database()
session = living(t)


# New programs, not forks of this one, which has connections open.
WAIT_IN_PROCESS = f"""import sys; sys.path.insert(0, {os.path.join(ROOT, 'tests', 'lib')!r}); from tap import connect
connect({path!r}, timeout=30).execute("SELECT session_wait('{session}', {LONG})").fetchall()"""
processes = [subprocess.Popen([sys.executable, "-c", WAIT_IN_PROCESS]) for _ in range(6)]
time.sleep(0.5)
before = t.dump()
for process in processes[::2]:
    process.kill()
    process.wait()
is_((t.dump(), t.value("PRAGMA integrity_check")), (before, "ok"), "waiters that are killed leave nothing behind")
is_(t.sql("PRAGMA wal_checkpoint(TRUNCATE)")[0][0], 0, "and hold nothing up")
waiter = Waiter(path, session)
t.verb("record_result", session_id=session, status="success", final=1)
is_(waiter.told("outcome"), ("completed",), "who waits beside them is told")
is_([process.wait(30) for process in processes], [-9, 0] * 3, "and so are the others")
shutil.rmtree(FOLDER)
done()
