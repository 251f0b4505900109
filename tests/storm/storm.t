#!/usr/bin/python3
"""The storm: real processes, killed and paused, on one scope of one database.

    storm.t               the checks of the checker, then rounds of 2, 4, 8 and 16 workers
    storm.t --self-test   only the checks of the checker

From the environment: STORM_SEED, STORM_SECONDS (of each round), STORM_WORKERS ("2 4 8 16").
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
from history import SECOND, History, bare_faults, faults  # noqa: E402
from tap import EXTENSION, ROOT, connect, diag, done, error_of, is_, ok  # noqa: E402

WORKER = os.path.join(ROOT, "dist", "tests", "storm", "worker")
TABLE = "(n INTEGER PRIMARY KEY, who, session, fence, revision, at)"


# --- the checker can fail

def entry(verb, number, begin, end, session, fence=None, **report):
    """A success of one of two workers, a and b; times in seconds."""
    key = "cleared_revision" if verb == "clear" else "revision"
    return {"worker": session[0], "verb": verb, "begin": begin * SECOND, "end": end * SECOND,
            "shown": fence or 0, "report": {"session_id": session, "fence": fence, key: number, **report}}


def event(kind, number, session, **detail):
    return {"event": "session." + kind, "revision": number, "session_id": session, "detail": detail}


def forged(**changes):
    """A short history of two workers. CHANGES replace or amend its parts: a function gets the part."""
    parts = {
        "counter": 7,
        "events": [
            event("created", 1, "a1", fence=1, owner_id="a", lease_ttl=10),
            event("activity", 3, "a1"),
            event("ended", 5, "a1", end_reason="taken_over"),
            event("created", 5, "b1", fence=5, owner_id="b", lease_ttl=10, predecessor_id="a1"),
            event("ended", 7, "b1", end_reason="cleared"),
        ],
        "log": [
            entry("start", 1, 100, 101, "a1", 1, reset=True),
            entry("heartbeat", 2, 102, 103, "a1", 1),
            entry("heartbeat", 3, 104, 105, "a1", 1),
            entry("heartbeat", 4, 106, 107, "a1", 1),
            entry("takeover", 5, 117, 118, "b1", 5),
            entry("heartbeat", 6, 120, 121, "b1", 5),
            entry("clear", 7, 122, 123, "b1"),
        ],
        "sessions": [
            {"session_id": "a1", "ended_at": 118, "fence": 1, "revision": 5},
            {"session_id": "b1", "ended_at": 123, "fence": 5, "revision": 7},
        ],
        "work": [{"n": 1, "session": "a1", "fence": 1, "revision": 2, "at": 103 * SECOND},
                 {"n": 2, "session": "b1", "fence": 5, "revision": 6, "at": 121 * SECOND}],
        "bare": [],
        "kills": 0,
    }
    for name, change in changes.items():
        parts[name] = change(parts[name]) if callable(change) else change
    for seq, row in enumerate(parts["events"]):
        row["seq"] = seq + 1
    return History(**parts)


def without(*places):
    return lambda part: [row for place, row in enumerate(part) if place not in places]


def amended(place, **fields):
    def change(part):
        row = dict(part[place], **fields)
        return part[:place] + [row] + part[place + 1:]
    return change


def late(place, begin, end):
    return amended(place, begin=begin * SECOND, end=end * SECOND)


def work_row(**fields):
    row = {"n": 3, "session": "a1", "fence": 1, "revision": 6, "at": 121 * SECOND}
    return lambda part: part + [{**row, **fields}]


FORGERIES = {
    "two holders": (dict(events=without(2)), "two holders"),
    "a fence that goes back": (
        dict(events=amended(3, detail=dict(fence=1, owner_id="b", predecessor_id="a1"))),
        "the fence went back"),
    "a start that was lost": (dict(events=without(0)), "lost"),
    "a takeover that was lost": (
        dict(events=without(2, 3, 4), sessions=lambda s: [dict(s[0], ended_at=None, revision=7)]),
        "lost"),
    "a heartbeat that was lost": (dict(log=amended(5, report={"session_id": "b1", "fence": 5,
                                                              "revision": 9})), "lost"),
    "a clear that was lost": (
        dict(events=without(4), sessions=amended(1, ended_at=None)), "lost"),
    "a write that was lost": (
        dict(log=lambda log: log + [{"worker": "a", "verb": "write", "begin": 0, "end": 0,
                                     "shown": 0, "report": {"n": 9}}]), "left no row"),
    "a number given twice": (
        dict(log=lambda log: log + [entry("heartbeat", 2, 103, 104, "a1", 1)]), "given twice"),
    "a heartbeat with the number of a start": (
        dict(log=lambda log: log + [entry("heartbeat", 5, 117, 118, "b1", 5)]), "given twice"),
    "a number used by two grants": (
        dict(events=lambda e: e + [event("created", 7, "c1", fence=7, owner_id="a")]), "used before"),
    "a number that goes back": (dict(events=amended(1, revision=1)), "does not follow"),
    "a number of nobody's": (dict(log=without(1)), "are nobody's"),
    "a number taken while nobody held the scope": (
        dict(counter=8, kills=1, sessions=amended(1, revision=8, ended_at=None)), "while nobody held"),
    "a superseded fence that renews": (dict(log=amended(5, shown=1)), "superseded"),
    "a superseded fence that clears": (dict(log=amended(6, shown=1)), "superseded"),
    "a replaced session that renews": (
        dict(log=amended(5, report={"session_id": "a1", "fence": 1, "revision": 6})), "did not hold"),
    "a guarded write of one who was replaced": (dict(work=work_row()), "not by the holder"),
    "a guarded write when nobody held the scope": (dict(work=work_row(revision=7)), "not by the holder"),
    "a guarded write under an older fence of the same session": (
        dict(work=work_row(session="b1")), "not by the holder"),
    "a live owner who was robbed": (dict(log=late(4, 108, 109)), "robbed"),
    "a lease renewed when it had run out": (dict(log=late(5, 130, 131)), "late: heartbeat"),
    "a guarded write when the lease had run out": (
        dict(work=work_row(session="b1", fence=5, at=140 * SECOND)), "late: row"),
    "a counter that lags behind": (dict(counter=6), "the counter is 6"),
    "a session that ended without an event": (
        dict(sessions=lambda s: s + [{"session_id": "c1", "ended_at": 1, "fence": 2, "revision": 2}]),
        "not in the log"),
    "two living rows": (
        dict(sessions=lambda s: [dict(row, ended_at=None) for row in s]), "2 sessions live"),
}


def test_checker():
    is_(faults(forged()), [], "the checker finds nothing wrong in a true history")
    for name, (changes, sentence) in FORGERIES.items():
        found = faults(forged(**changes))
        if not ok(any(sentence in fault for fault in found), f"the checker reports {name}"):
            diag("it said: " + repr(found))


# --- the storm

class Storm:
    """A round: COUNT workers on one database for SECONDS. One half have actor ids of their own; of four
    and more the other half are twins, two processes in the name of one actor."""

    def __init__(self, folder, count, seconds, rng):
        self.folder, self.count, self.rng = folder, count, rng
        self.until = time.monotonic() + seconds
        self.kills = self.pauses = self.born = 0
        self.failures = []
        self.path = os.path.join(folder, "storm.db")
        self.db = connect(self.path, timeout=30)
        self.lock = connect(self.path, timeout=0.1)
        self.db.execute("PRAGMA journal_mode = WAL")
        for sql in ("SELECT tenure_install()", f"CREATE TABLE work {TABLE}",
                    f"CREATE TABLE bare {TABLE}", "SELECT tenure_guard('work', 'storm')"):
            self.db.execute(sql)
        self.running = {}  # name of a worker -> process
        self.due = []      # (when, what, name): to be born again, or to go on
        for i in range(count):
            self.give_birth(f"worker-{i + 1}")

    def actor(self, name):
        number = int(name.split("-")[1])
        is_twin = self.count >= 4 and number > self.count // 2 and number % 2 == 0
        return f"worker-{number - 1}" if is_twin else name

    def give_birth(self, name):
        left = self.until - time.monotonic()
        if left < 0.05:
            return
        self.born += 1
        log = os.path.join(self.folder, f"{name}.{self.born}.log")
        self.running[name] = subprocess.Popen(
            [WORKER, self.path, log, self.actor(name), f"{left:.3f}", str(self.rng.getrandbits(63))],
            env=dict(os.environ, TENURE_EXTENSION=EXTENSION))

    def holder(self):
        row = self.db.execute("SELECT owner_id FROM tenure_session WHERE ended_at IS NULL").fetchone()
        return row and row[0]

    def victim(self, wanted):
        """A running worker, the one that holds the scope if WANTED; never the last that runs."""
        waiting = {name for _, what, name in self.due if what == "go on"}
        able = [name for name in sorted(self.running) if name not in waiting]
        if len(able) < 2:
            return None
        holder = self.holder() if wanted else None
        return self.rng.choice([name for name in able if self.actor(name) == holder] or able)

    def kill(self, name):
        if name is None:
            return
        process = self.running.pop(name)
        process.kill()
        self.note_end(name, process.wait())
        self.kills += 1
        self.later(self.rng.uniform(0, 0.2), "be born", name)

    def pause(self, name):
        """For longer than most leases last. One that is caught with the write lock in its hand would stop
        the whole storm; its pause is short."""
        if name is None:
            return
        self.running[name].send_signal(signal.SIGSTOP)
        self.pauses += 1
        self.later(0.1 if self.is_locked() else self.rng.uniform(1.0, 2.0), "go on", name)

    def is_locked(self):
        if error_of(self.lock, "BEGIN IMMEDIATE") is not None:
            return True
        self.lock.execute("ROLLBACK")
        return False

    def later(self, seconds, what, name):
        self.due.append((time.monotonic() + seconds, what, name))

    def do_what_is_due(self, everything=False):
        now = time.monotonic()
        ready = [job for job in self.due if everything or job[0] <= now]
        self.due = [job for job in self.due if job not in ready]
        for _, what, name in ready:
            if what == "be born":
                self.give_birth(name)
            else:
                self.running[name].send_signal(signal.SIGCONT)

    def note_end(self, name, status):
        if status not in (0, -signal.SIGKILL):
            self.failures.append(f"{name} ended with status {status}")

    def rage(self):
        time.sleep(0.4)
        self.freeze()
        while time.monotonic() < self.until:
            time.sleep(self.rng.uniform(0.02, 0.12))
            self.do_what_is_due()
            fate, of_holder = self.rng.random(), self.rng.random()
            if fate < 0.5:
                self.kill(self.victim(of_holder < 0.12))
            elif fate < 0.65:
                self.pause(self.victim(of_holder < 0.4))
        self.do_what_is_due(everything=True)
        for name, process in self.running.items():
            self.note_end(name, process.wait(timeout=60))

    def freeze(self):
        """The two moments that matter, made to happen. All stand still until the lease of the holder has
        run out; then it alone goes on for a moment, late but not replaced; then the others go on without
        it, and when one of them has taken the scope it goes on too, replaced without knowing."""
        self.signal(self.running, signal.SIGSTOP)
        holder = self.holder()
        late = [name for name in self.running if self.actor(name) == holder]
        others = [name for name in self.running if name not in late]
        deadline = self.db.execute("SELECT max(lease_deadline_mono) FROM tenure_session"
                                   " WHERE ended_at IS NULL").fetchone()[0]
        if deadline is not None:
            time.sleep(max(0, deadline / SECOND - time.monotonic()))
        self.signal(late, signal.SIGCONT)
        time.sleep(0.006)
        self.signal(late, signal.SIGSTOP)
        self.signal(others, signal.SIGCONT)
        patience = time.monotonic() + 0.5
        while self.holder() == holder and time.monotonic() < patience:
            time.sleep(0.005)
        self.signal(late, signal.SIGCONT)
        self.pauses += len(self.running)

    def signal(self, names, number):
        for name in names:
            self.running[name].send_signal(number)

    def close(self):
        self.lock.close()
        self.db.close()

    def rows(self, sql):
        cursor = self.db.execute(sql)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row)) for row in cursor]

    def history(self):
        events = self.rows("SELECT * FROM tenure_event WHERE scope = 'storm' ORDER BY seq")
        for row in events:
            row["detail"] = json.loads(row["detail"] or "{}")
        log = []
        for name in sorted(os.listdir(self.folder)):
            if name.endswith(".log"):
                with open(os.path.join(self.folder, name), encoding="utf-8") as file:
                    log += [dict(json.loads(line), worker=name[:-4]) for line in file
                            if line.endswith("\n")]
        counter = self.rows("SELECT revision FROM tenure_scope WHERE scope = 'storm'")
        return History(counter[0]["revision"] if counter else 0,
                       self.rows("SELECT * FROM tenure_session WHERE scope = 'storm'"), events, log,
                       self.rows("SELECT * FROM work"), self.rows("SELECT * FROM bare"), self.kills)


def test_storm(folder, count, seconds, rng):
    storm = Storm(folder, count, seconds, rng)
    storm.rage()
    history = storm.history()
    grants = sum(row["event"] == "session.created" for row in history.events)
    takeovers = sum(row["detail"].get("end_reason") == "taken_over" for row in history.events)
    astray = len(bare_faults(history))
    diag(f"{count} workers: {storm.kills} killed, {storm.pauses} paused; {len(history.log)} successes, "
         f"{history.counter} numbers, {grants} holders, {takeovers} takeovers; {len(history.work)} guarded "
         f"writes, {len(history.bare)} unguarded ones of which {astray} came from one who had lost the scope")
    is_(storm.failures, [], f"{count} workers: none failed but those that were killed")
    found = faults(history)
    ok(not found, f"{count} workers: one holder at a time, numbers in order, nothing lost or astray")
    for fault in found[:5]:
        diag(fault)
    is_(storm.db.execute("PRAGMA integrity_check").fetchall(), [("ok",)], f"{count} workers: integrity")
    ok(grants > 1 and history.work, f"{count} workers: the scope changed hands and was written under")
    storm.close()
    return takeovers, astray


def main():
    test_checker()
    if sys.argv[1:] == ["--self-test"]:
        done()
    seed = int(os.environ.get("STORM_SEED") or random.SystemRandom().getrandbits(32))
    seconds = float(os.environ.get("STORM_SECONDS") or 3.2)
    diag(f"STORM_SEED={seed} STORM_SECONDS={seconds}")
    subprocess.run(["make", "-s", "-C", ROOT, os.path.relpath(WORKER, ROOT)], check=True,
                   stdout=sys.stderr)
    rng = random.Random(seed)
    takeovers = astray = 0
    for count in (os.environ.get("STORM_WORKERS") or "2 4 8 16").split():
        with tempfile.TemporaryDirectory(prefix="tenure-storm.") as folder:
            result = test_storm(folder, int(count), seconds, rng)
            takeovers, astray = takeovers + result[0], astray + result[1]
    ok(takeovers, "there were takeovers")
    ok(astray, "without a guard there were writes of those who had lost the scope")
    done()


main()
