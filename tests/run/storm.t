#!/usr/bin/python3
"""Several 'tenure run' compete for one scope while they, and the processes beside them, are killed, paused and
woken at random. The commands themselves write down when they were at work, so that no two of them were ever
at work at once, by the table that the scope guards; and by a file that nothing guards, unless both the run and
its watchdog were paused.

From the environment: TENURE_LONG, RUN_SECONDS, RUN_SEED.
"""

import os
import random
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from command import HERE, LONG, PYTHON, Place  # noqa: E402
from processes import children, ignores, kill, name_of, state  # noqa: E402
from tap import diag, done, is_, ok  # noqa: E402

SECONDS = float(os.environ.get("RUN_SECONDS", 120 if LONG else 12))
SEED = int(os.environ.get("RUN_SEED", random.SystemRandom().randrange(10**9)))
LEASE, RIVALS = 4, 3

place = Place()
db = place.connect()
db.execute("CREATE TABLE work (id INTEGER PRIMARY KEY, session_id TEXT, fence INTEGER, at INTEGER)")
db.execute("SELECT tenure_guard('work', 's')").fetchall()
db.close()
rng, lock = random.Random(SEED), threading.Lock()
living, codes, faults, strange = [], {}, {}, []
unwatched = set()  # the commands whose run was paused while it had no watchdog, or one that was paused too
killed = set()  # the watchdogs that were killed
over = threading.Event()


def compete(seed):
    own = random.Random(seed)
    while not over.is_set():
        run = place.run("--scope", "s", "--actor", "a", "--lease", str(LEASE), "--", PYTHON,
                        os.path.join(HERE, "ticker.py"), own.choice(["", "", "deaf"]), str(own.uniform(0.1, 6)))
        with lock:
            living.append(run)
        code = run.wait()
        with lock:
            living.remove(run)
            codes[code] = codes.get(code, 0) + 1
            if code is None or code not in (0, 4, -9, 137) or (code == 4) != ("tenure: " in run.err or "RUN_LOST" in run.err):
                strange.append((code, run.err))
        time.sleep(own.uniform(0, 0.2))


def hurt():
    """Does something to one of the runs, or to what is beside it."""
    with lock:
        run = rng.choice(living) if living else None
        what = rng.choice(["kill run", "pause run", "pause run", "pause both", "pause both", "kill watchdog",
                           "kill sqlite3", "kill attendant", "kill command"])
        pause = rng.uniform(0.1, 2 * LEASE)
    if run is None:
        return
    # sqlite3 is never paused: in the middle of a commit that would lock everybody out.
    beside = children(run.pid)
    attendant, command = next(((pid, child) for pid in beside for child in children(pid) if name_of(child) == "python3"),
                              (None, None))
    watchdog = next((pid for pid in beside if pid != attendant and ignores(pid, signal.SIGTERM)), None)
    sqlite3 = next((pid for pid in beside if name_of(pid) == "sqlite3"), None)
    pids = {"run": [run.pid], "both": [run.pid, watchdog], "watchdog": [watchdog], "sqlite3": [sqlite3],
            "attendant": [attendant], "command": [command]}[what.split()[1]]
    if command is None or None in pids:
        return
    faults[what] = faults.get(what, 0) + 1
    if what == "pause both" or what == "pause run" and (watchdog is None or watchdog in killed):
        unwatched.add(command)
    elif what == "kill watchdog":
        killed.add(watchdog)
        if state(run.pid) == "T":
            unwatched.add(command)
    for pid in pids:
        kill(pid, signal.SIGSTOP if what.startswith("pause") else signal.SIGKILL)
    if what.startswith("pause"):
        wake = threading.Timer(pause, lambda: [kill(pid, signal.SIGCONT) for pid in pids])
        wake.start()
        wakers.append(wake)


def is_seen():
    """Whether there is something to judge."""
    count = place.rows("SELECT (SELECT count(*) FROM tenure_session) AS sessions, (SELECT count(*) FROM work) AS writes")[0]
    return count["sessions"] > 3 and count["writes"] > 20 and sum(faults.values()) > 3


wakers = []
begun = time.monotonic()
rivals = [threading.Thread(target=compete, args=(SEED + n,)) for n in range(RIVALS)]
for rival in rivals:
    rival.start()
try:
    while time.monotonic() < begun + SECONDS or not is_seen() and time.monotonic() < begun + 10 * SECONDS:
        time.sleep(rng.uniform(0.1, 0.6))
        hurt()
finally:
    over.set()
for wake in wakers:
    wake.join()
for rival in rivals:
    rival.join()

diag(f"seed {SEED}: exit codes {codes}, {faults}")
is_(strange, [], "every run ended in a way that was meant")
rows = place.rows("SELECT id, session_id, fence, at FROM work ORDER BY id")
sessions = place.rows("SELECT session_id, fence, pid, end_reason FROM tenure_session ORDER BY fence")
diag(f"{len(sessions)} sessions, {len(rows)} guarded writes")
ok(is_seen(), "there was something to see")
back = [(a, b) for a, b in zip(rows, rows[1:]) if b["fence"] < a["fence"]]
is_(back, [], "guarded: the fences of the writes never go back")
is_(sorted({row["fence"] for row in rows} - {session["fence"] for session in sessions}), [],
    "guarded: every write has the fence of a session")

spans = []
for session in sessions:
    lines = [int(line) for line in place.text(f"t.db.{session['session_id']}").split("\n")[:-1] if line.isdigit()]
    if lines:
        spans.append((session, min(lines), max(lines)))
overlaps = [(a[0], b[0], (a[2] - b[1]) / 1e9) for i, a in enumerate(spans) for b in spans[i + 1:] if a[2] > b[1]]
expected = [overlap for overlap in overlaps if overlap[0]["pid"] in unwatched]
is_([overlap for overlap in overlaps if overlap not in expected], [],
    "unguarded: no two commands at once, where a run or its watchdog could watch")
diag(f"unguarded, where neither could: {len(expected)} overlaps, the longest "
     f"{max([overlap[2] for overlap in expected], default=0):.2f} s")
log = place.rows("SELECT session_id, event FROM tenure_event WHERE event IN ('session.created', 'session.ended')"
                 " ORDER BY seq")
alive, twice = set(), []
for row in log:
    if row["event"] == "session.created":
        alive.add(row["session_id"])
    else:
        alive.discard(row["session_id"])
    if len(alive) > 1:
        twice.append(sorted(alive))
is_(twice, [], "the log: one session at a time")

place.close()
done()
