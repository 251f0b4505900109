#!/usr/bin/python3
"""tenure_patience(): a wait for a lock, which is the host's to ask for, in which many get it in turn."""

import os
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import EXTENSION, connect, done, error_of, is_, ok, refuses  # noqa: E402

BUSY, BUSY_SNAPSHOT = 5, 517
LONG = 60000  # longer than any wait of this test
folder = tempfile.TemporaryDirectory()
HEARTBEAT = "INSERT INTO tenure_heartbeat(scope, actor_id, fence) VALUES ('s', 'w', 1)"
TELL = "INSERT INTO tenure_heartbeat(scope, actor_id, fence, activity) VALUES ('s', 'w', 1, ?)"
RIVAL = "INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('s', 'rival', 60)"


def make(mode):
    path = os.path.join(folder.name, mode + ".db")
    db = connect(path, timeout=0)
    db.execute(f"PRAGMA journal_mode = {mode}").fetchall()
    db.execute("SELECT tenure_install()").fetchall()
    db.execute("INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('s', 'w', 86400)")
    return path, db


def value(db, sql, params=()):
    return db.execute(sql, params).fetchone()[0]


def took(call):
    """What CALL gives, and how many seconds it took."""
    begun = time.monotonic()
    return call(), time.monotonic() - begun


# What it takes and gives.
path, db = make("WAL")
is_(value(db, "PRAGMA busy_timeout"), 0, "loading the extension leaves the connection's own timeout")
set_by_host = connect(path, timeout=7)
is_(value(set_by_host, "PRAGMA busy_timeout"), 7000, "whatever that is")
is_(value(set_by_host, "SELECT tenure_patience(NULL)"), None, "no number gives none")
is_(value(set_by_host, "PRAGMA busy_timeout"), 7000, "and sets none")
for ms in (0, 1, 2147483647, "20", 20.0):
    is_(value(db, "SELECT tenure_patience(?)", (ms,)), int(ms), f"patience of {ms!r} ms")
for ms in (-1, 2147483648, 2**63 - 1, "soon", "", 1.5, b"x"):
    refuses(db, "SELECT tenure_patience(?)", (ms,), "usage.patience", name=f"patience of {ms!r}")
is_(value(set_by_host, "SELECT tenure_patience(5)"), 5, "it takes the place of a timeout")
is_(value(set_by_host, "PRAGMA busy_timeout"), 0, "which is gone then")
set_by_host.close()

for mode in ("WAL", "DELETE"):
    if mode == "DELETE":
        path, db = make(mode)
    other = connect(path, timeout=5, check_same_thread=False)  # whoever looks for the lock is in the way of a commit
    beats = "SELECT revision FROM tenure_session"

    # The lock does not come.
    other.execute("BEGIN IMMEDIATE")
    for ms in (0, 300, 700):  # after half a second it looks less often
        db.execute("SELECT tenure_patience(?)", (ms,)).fetchall()
        got, secs = took(lambda: error_of(db, HEARTBEAT))
        is_(got and got[1], BUSY, f"{mode}: after {ms} ms it is busy")
        ok(secs >= 0.5 * ms / 1000, f"{mode}: and not sooner: {secs:.3f} s")
        ok(not db.in_transaction, f"{mode}: with no transaction left open")
    db.execute("SELECT tenure_patience(?)", (LONG,)).fetchall()
    db.execute("PRAGMA busy_timeout = 0").fetchall()
    is_(error_of(db, HEARTBEAT)[1], BUSY, f"{mode}: SQLite's own timeout takes its place again")
    other.execute("ROLLBACK")

    # It comes late: what waited is done, once, and what is refused is refused once it could be judged.
    for sql, code, grown in ((HEARTBEAT, None, 1), (RIVAL, "start.live_other_owner", 0)):
        before = value(db, beats)
        db.execute("SELECT tenure_patience(?)", (LONG,)).fetchall()
        other.execute("BEGIN IMMEDIATE")
        release = threading.Timer(0.3, other.execute, ("COMMIT",))
        begun = time.monotonic()
        release.start()
        got = error_of(db, sql)
        secs = time.monotonic() - begun
        release.join()
        is_(got and got[0].split(": ")[1], code, f"{mode}: a lock that comes late: {code or 'done'}")
        ok(secs >= 0.2, f"{mode}: after waiting for it: {secs:.3f} s")
        is_(value(db, beats), before + grown, f"{mode}: and nothing is done twice")

    # Something has been done already: SQLite does not wait there, and neither do we.
    db.execute("BEGIN")
    value(db, beats)
    if mode == "WAL":
        other.execute(HEARTBEAT)
        is_(error_of(db, HEARTBEAT)[1], BUSY_SNAPSHOT, "a snapshot that is too old is not waited for")
    else:
        other.execute("BEGIN IMMEDIATE")
        is_(error_of(db, HEARTBEAT)[1], BUSY, "no lock is waited for while another is held")
        other.execute("ROLLBACK")
    db.execute("ROLLBACK")
    other.close()
    db.close()

# Many at once, each its own process: each verb is done exactly once, and none is busy.
path, db = make("MEMORY")
db.execute("PRAGMA journal_mode = WAL").fetchall()
db.close()
CROWD, EACH = 8, 40


def crowd(number):
    one = connect(path, timeout=0)
    value(one, "SELECT tenure_patience(?)", (LONG,))
    for i in range(EACH):
        if i % 8 == 7:
            fault = error_of(one, RIVAL)
            assert fault[0].startswith("tenure: start.live_other_owner: "), fault
        else:
            fault = error_of(one, TELL, (f"{number} {i}",))
            assert fault is None, fault
    one.close()


children = []
for number in range(CROWD):
    child = os.fork()
    if child == 0:
        try:
            crowd(number)
        except BaseException as error:  # noqa: B902 - a child must not go on as the test
            print(f"# process {number}: {error!r}", flush=True)
            os._exit(1)
        os._exit(0)
    children.append(child)
is_([os.waitpid(child, 0)[1] for child in children], [0] * CROWD, f"{CROWD} processes at once: none is busy")
db = connect(path)
told = [row[0] for row in db.execute("SELECT json_extract(detail, '$.activity') FROM tenure_event"
                                     " WHERE event = 'session.activity'")]
want = [f"{n} {i}" for n in range(CROWD) for i in range(EACH) if i % 8 != 7]
is_(sorted(map(str, told)), sorted(want), "and each of their verbs is done once")
db.close()

# The extension is loaded again while its handler is set, and the connection is closed while somebody has the
# lock: in a process of its own, which a handler that is no more would end.
holder = connect(path, timeout=0)
holder.execute("BEGIN IMMEDIATE")
script = f"""
.load {EXTENSION}
SELECT tenure_patience(50);
.load {EXTENSION}
{HEARTBEAT};
SELECT tenure_version() IS NOT NULL;
"""
got = subprocess.run(["sqlite3", "-batch", "-init", "/dev/null", path], input=script, capture_output=True, text=True)
is_((got.stdout, got.returncode >= 0), ("50\n1\n", True), "loaded twice and closed, with the handler in place")
ok("locked" in got.stderr, "after it has waited in vain")
holder.execute("ROLLBACK")
done()
