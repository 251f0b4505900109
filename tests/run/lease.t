#!/usr/bin/python3
"""The lease under 'tenure run': renewed in time; and when it cannot be, the command is stopped before anyone
else may start, at the moments that are promised. In the long version also a pause that is over just before the
lease is.

From the environment: TENURE_LONG.
"""

import os
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from command import HERE, LONG, PYTHON, Place, clean  # noqa: E402
from processes import kill, lives, state, until  # noqa: E402
from tap import diag, done, error_of, is_, ok, skip  # noqa: E402

TICKER = ["--", PYTHON, os.path.join(HERE, "ticker.py")]
places = []


def place_with(scope):
    """A database with a table that SCOPE guards, and one that nothing guards."""
    place = Place()
    places.append(place)
    db = place.connect()
    db.execute("CREATE TABLE work (id INTEGER PRIMARY KEY, session_id TEXT, fence INTEGER, at INTEGER)")
    db.execute("SELECT tenure_guard('work', ?)", (scope,)).fetchall()
    db.close()
    return place


def ticks(place, session):
    """The monotonic times at which the command of a session was at work, and its other words."""
    lines = place.text(f"t.db.{session['session_id']}").split("\n")[:-1]
    return [int(line) for line in lines if line.isdigit()], [line for line in lines if not line.isdigit()]


def start(place, actor, lease, *manner, scope="s"):
    # However slow this test is to let go of a lock, the end is recorded then.
    run = place.run("--scope", scope, "--actor", actor, "--lease", str(lease), *TICKER, *manner,
                    env=clean() | {"TENURE_BUSY_TIMEOUT": "60000"})
    run.row = run.session()
    until(lambda: len(ticks(place, run.row)[0]) > 2)
    return run


def is_between_commits(run):
    """Whether the command of a run is stopped where it locks nobody out. If not, lets it go on and stops it again."""
    db = run.place.connect()
    db.execute("PRAGMA busy_timeout = 0")
    locked = error_of(db, "BEGIN IMMEDIATE")
    db.close()
    if locked:
        kill(run.row["pid"], signal.SIGCONT)
        time.sleep(0.01)
        kill(run.row["pid"], signal.SIGSTOP)
    return not locked


def watchers(run):
    """All that could stop the command. Not sqlite3: paused in a commit, it would lock everybody out."""
    return [run.pid, run.watchdog()]


def deadline(place, session):
    """When the lease of a session ran out, by the monotonic clock, or would have."""
    return place.row("SELECT * FROM tenure_session WHERE session_id = ?", session["session_id"])["lease_deadline_mono"]


def lease_of(run):
    """What a heartbeat or an end would change of the session of a run."""
    return run.place.row("SELECT incarnation, fence, revision, last_heartbeat_at, lease_deadline_mono, ended_at"
                         " FROM tenure_session WHERE session_id = ?", run.row["session_id"])


def used(run, moment):
    """Which part of its lease was over at a monotonic time, counted from the last heartbeat that succeeded."""
    session = run.place.row("SELECT * FROM tenure_session WHERE session_id = ?", run.row["session_id"])
    return 1 - (session["lease_deadline_mono"] - moment) / (session["lease_ttl"] * 1e9)


def unlock(run):
    """Lets go of the database of a run that is over. What it used of its lease is looked up before: a heartbeat
    that still waits gets through now."""
    run.used = used(run, max(ticks(run.place, run.row)[0]))
    run.lock.execute("ROLLBACK")
    run.lock.close()


def is_within(part, least, most, name):
    """One test: PART of a lease was over, no less and no more than that."""
    diag(f"{100 * part:.1f} % of the lease were over")
    ok(least < part < most, name)


def signalled(pids, number):
    for pid in pids:
        kill(pid, number)


# The leases are long enough to be renewed while all of these begin on a busy machine.
flow = start(place_with("s"), "a", 8)
paused = start(place_with("s"), "a", 5)
frozen = start(place_with("s"), "a", 5)
alone = start(place_with("s"), "a", 5)
replaced = start(place_with("s"), "a", 5)
forced = start(place_with('a&"<b> c'), "a", 5, scope='a&"<b> c')
removed = start(place_with("s"), "a", 8)
# These are so long that a busy machine, which is late by a part of a second, changes nothing of what is judged.
polite = start(place_with("s"), "a", 12, "polite")
deaf = start(place_with("s"), "a", 16, "deaf")
slow = start(place_with("s"), "a", 12, "polite")

# What takes some seconds happens to all of them at once.
kill(alone.pid, signal.SIGSTOP)
for run in (polite, deaf, slow):
    run.lock = run.place.connect()
    run.lock.execute("BEGIN IMMEDIATE")

for suffix in ("", "-wal", "-shm"):
    os.remove(removed.place.path + suffix)

# --- a heartbeat whose answer is heard late: the lease counts from the question, not from the answer; see also below

# The lock holds the first heartbeat back until 'tenure run', which would hear the answer at once, is paused. The
# sqlite3 that is asked begins when it is asked; it gets a moment to read the question. Here, because it waits for the
# lock no longer than a second.
slow.before = slow.session()["revision"]
ok(slow.helper("sqlite3"), "answered late: the heartbeat is asked for")
time.sleep(0.3)
kill(slow.pid, signal.SIGSTOP)
slow.lock.execute("ROLLBACK")
ok(until(lambda: slow.session()["revision"] > slow.before), "and granted")
slow.lock.execute("BEGIN IMMEDIATE")  # there will be no other
time.sleep(1)
kill(slow.pid, signal.SIGCONT)
slow.woken = time.monotonic_ns()

# --- forced out by an operator: somebody else may start at once

forced.place.tenure("clear", "--scope", forced.scope, "--actor", "boss's \"<&>\"", "--force", "--reason", "r")
is_(forced.wait(), 4, "forced out: exit code 4")
is_(forced.err, f"<!-- TENURE:RUN_LOST session={forced.row['session_id']} scope=\"a&amp;&quot;&lt;b&gt; c\""
    " by=\"boss's &quot;&lt;&amp;&gt;&quot;\" reason=forced -->\n", "the marker says who, with entities")
is_((lives(forced.row["pid"]), forced.place.result(forced.scope)), (False, None), "the command is gone, without result")

# --- paused, for longer than the lease: see below

for run, more in ((paused, []), (frozen, [frozen.row["pid"]]), (replaced, [])):
    run.stopped = watchers(run) + more
    signalled(run.stopped, signal.SIGSTOP)
until(lambda: is_between_commits(frozen))

# --- the database is locked by another

for run, name in ((polite, "a polite command"), (deaf, "a deaf command")):
    ok(until(lambda: not lives(run.row["pid"])), f"locked: {name} is stopped")
    unlock(run)
for run, name, words in ((polite, "a polite command", ["TERM"]), (deaf, "a deaf command", [])):
    is_(run.wait(), 4, f"locked: {name}: exit code 4")
    is_(ticks(run.place, run.row)[1], words,
        f"locked: {name}: " + ("it got TERM first" if words else "it ignored TERM"))
    # TERM comes after two thirds of the lease, KILL after five sixths.
    if run is deaf:
        is_within(run.used, 0.78, 0.95, f"locked: {name}: KILL comes in time, and not before its time")
    else:
        is_within(run.used, 0.55, 0.80, f"locked: {name}: TERM comes in time, and not before its time")
    ok("TENURE:RUN_LOST" in run.err, f"locked: {name}: the marker")
    is_((run.place.result("s")["status"], run.place.session("s")["end_reason"]), ("interrupted", "run"),
        f"locked: {name}: recorded as soon as it could be")

# --- paused past the lease, with the command still running, or paused too

for run, name in ((paused, "paused"), (frozen, "paused with its command")):
    got = until(lambda: (lambda got: got if got.returncode == 0 else None)(run.place.tenure(
        "takeover", "--scope", "s", "--actor", "bob", "--lease", "600", "--reason", "a fell silent")))
    ok(got, f"{name}: another actor takes over after the lease")
    run.taken = time.monotonic_ns()
got = until(lambda: (lambda got: got if got.returncode == 0 else None)(replaced.place.tenure(
    "resume", "--session", replaced.row["session_id"], "--actor", "a", "--lease", "600")))
ok(got, "replaced: its owner resumes the same session after the lease")
replaced.taken, replaced.successor = time.monotonic_ns(), lease_of(replaced)
ok(all(replaced.successor[name] > replaced.row[name] for name in ("incarnation", "fence")),
   "replaced: as a new incarnation, with a new fence")
time.sleep(0.5)

# Who watches wakes before 'tenure run' can ask whether the lease is still its own.
kill(paused.stopped[1], signal.SIGCONT)
ok(until(lambda: state(paused.row["pid"]) == "T"), "paused: on waking, the watchdog holds the command still")
for run, name in ((paused, "paused"), (frozen, "paused with its command")):
    run.woken = time.monotonic_ns()
    signalled(run.stopped, signal.SIGCONT)
    is_(run.wait(), 4, f"{name}: exit code 4 on waking")
    is_(run.err, f"<!-- TENURE:RUN_LOST session={run.row['session_id']} scope=s by=bob reason=taken_over -->\n",
        f"{name}: the marker names the taker")
    ok(not lives(run.row["pid"]), f"{name}: the command is dead")
    late = run.place.row("SELECT count(*) AS n FROM work WHERE at > ?", run.taken)["n"]
    is_(late, 0, f"{name}: the guarded table took nothing after the takeover")
    at_work = ticks(run.place, run.row)[0]
    diag(f"{name}: unguarded writes after the takeover: {sum(at > run.taken for at in at_work)},"
         f" of them after waking: {sum(at > run.woken for at in at_work)}")
    if run is paused:
        is_(sum(at > run.woken for at in at_work), 0, f"{name}: it was held still to the end")
    is_(run.place.row("SELECT owner_id FROM tenure_holder WHERE scope = 's'")["owner_id"], "bob",
        f"{name}: the taker holds the scope")
ok(sum(at > paused.taken for at in ticks(paused.place, paused.row)[0]) > 5,
   "while nobody could watch it, an unguarded command went on: this is what the guard is for")

# --- paused until its own session has gone on under another fence

signalled(replaced.stopped, signal.SIGCONT)
is_(replaced.wait(), 4, "replaced: exit code 4 on waking")
is_(replaced.err, f"<!-- TENURE:RUN_LOST session={replaced.row['session_id']} scope=s by=a reason=superseded -->\n",
    "replaced: the marker says so")
ok(not lives(replaced.row["pid"]), "replaced: the command is dead")
is_(lease_of(replaced), replaced.successor, "replaced: the new holder's lease was neither renewed nor ended")
is_(replaced.place.row("SELECT count(*) AS n FROM work WHERE at > ?", replaced.taken)["n"], 0,
    "replaced: the guarded table took nothing after it was resumed")

# --- 'tenure run' alone is paused: the watchdog stops the command in time

ok(until(lambda: not lives(alone.row["pid"])), "paused alone: the command is stopped")
ok(max(ticks(alone.place, alone.row)[0]) < deadline(alone.place, alone.row), "before its lease ran out")
kill(alone.pid, signal.SIGCONT)
is_(alone.wait(), 4, "exit code 4 on waking")
ok(f"TENURE:RUN_LOST session={alone.row['session_id']} scope=s by=\"\" reason=unrenewed" in alone.err,
   "the marker says that nobody took it")

# --- answered late, and then not at all: see above

ok(until(lambda: not lives(slow.row["pid"])), "answered late: the command is stopped when no other heartbeat succeeds")
unlock(slow)
if slow.woken < slow.row["lease_deadline_mono"] - slow.row["lease_ttl"] * 1e9 / 3:
    is_within(slow.used, 0.55, 0.72, "answered late: TERM is not late too")
else:
    skip("answered late: TERM is not late too", "it was paused for so long that the watchdog had to act")
is_(slow.wait(), 4, "answered late: exit code 4")

# --- the database is removed

is_(removed.wait(), 4, "removed: the command is stopped")
ok(" by=\"\" reason=unreachable -->" in removed.err, "the marker says that nobody can tell")
is_(os.path.exists(removed.place.path), False, "and no empty file is left in its place")

# --- never stale while all is well

db = flow.place.connect()
seen, stale, end = 0, 0, time.monotonic() + 14 - (time.monotonic() - flow.began)
while seen < 20 or time.monotonic() < end:
    rows = db.execute("SELECT stale, revision FROM tenure_holder WHERE scope = 's'").fetchall()
    seen += 1
    stale += not rows or rows[0][0] != 0
    time.sleep(0.05)
revision = rows[0][1] if rows else 0
db.close()
is_(stale, 0, "a reader never sees a renewed lease stale")
ok(revision >= 5, f"the heartbeats are there: revision {revision}")
os.kill(flow.pid, signal.SIGTERM)
is_(flow.wait(), 143, "and then it ends as asked")

# --- paused for long, but not past the lease

if LONG:
    run = start(place_with("s"), "a", 24)
    pids = watchers(run)
    signalled(pids, signal.SIGSTOP)
    time.sleep(21)
    signalled(pids, signal.SIGCONT)
    is_(run.wait(patience=6), None, "a pause that is over before the lease is: the command goes on")
    at_work = ticks(run.place, run.row)[0]
    ok(at_work[-1] > time.monotonic_ns() - 2e9, "and is at work")
    os.kill(run.pid, signal.SIGTERM)
    is_(run.wait(), 143, "until it is told to end")

for place in places:
    place.close()
done()
