#!/usr/bin/python3
"""Settlement and collection by several processes at once, each with its own connection: against each other,
against the owner who comes back, and against plain DELETEs; and while they are killed.

From the environment: RACE_ROUNDS (of settlement), RACE_SECONDS (of collection), RACE_KILLS, RACE_SEED.
"""

import json
import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from health import findings  # noqa: E402
from tap import diag, done, is_, ok  # noqa: E402
from tenure import T0, Tenure, code_of  # noqa: E402

ROUNDS = int(os.environ.get("RACE_ROUNDS", 160))
SECONDS = float(os.environ.get("RACE_SECONDS", 3))
KILLS = int(os.environ.get("RACE_KILLS", 30))
SEED = int(os.environ.get("RACE_SEED", random.SystemRandom().randrange(10**9)))
TTL = 60
LATE = T0 + 2 * TTL + 1  # when a lease of T0 has been over for longer than its ttl again


class Worker:
    """A connection of a process of its own, and what it was told."""

    def __init__(self, path, number, at):
        self.t = Tenure(path, install=False, timeout=60, at=at)
        self.t.sql("PRAGMA synchronous = OFF")
        self.rng, self.number, self.log = random.Random(f"{SEED} {number}"), number, []

    def call(self, group, verb, **columns):
        told = self.t.outcome(verb, **columns)
        self.log.append((group, verb, told))
        return told


def run(count, work, path, *more):
    """COUNT processes that each do WORK(number, path, *more). Gives what they were told, in one list."""
    def body(number, pipe):
        try:
            pipe.send(work(number, path, *more))
        finally:
            pipe.close()
    pipes, processes, log = [], [], []
    for number in range(count):
        mine, theirs = multiprocessing.Pipe(False)
        processes.append(multiprocessing.Process(target=body, args=(number, theirs), daemon=True))
        processes[-1].start()
        theirs.close()
        pipes.append(mine)
    for pipe in pipes:
        try:
            log += pipe.recv()
        except EOFError:
            diag("a process died")
    for process in processes:
        process.join()
    is_([process.exitcode for process in processes], [0] * count, "every process came to its end")
    return log


# --- settlement

# Who comes while two settle: the verb, its columns, whether the process of the session is dead, and what may
# come of it: how many settled, and what the one who came was told.
COMERS = {
    "heartbeat": ("heartbeat", {"actor_id": "ann"}, True, {(1, "done"), (1, "heartbeat.missing")}),
    "clear": ("clear", {"actor_id": "ann"}, True, {(0, "done"), (1, "nobody there")}),
    "resume": ("resume", {"actor_id": "ann", "lease_ttl": 10**6}, False, {(0, "done"), (1, "done")}),
    "takeover": ("takeover", {"actor_id": "bob", "reason": "r", "lease_ttl": 10**6}, False,
                 {(0, "done"), (1, "takeover.missing")}),
    "start": ("start", {"actor_id": "ann", "lease_ttl": 10**6}, False, {(0, "done"), (1, "done")}),
}
NAMES = list(COMERS)


def settle_work(number, path, barrier):
    """Two settle, one by name and one all that there is; one comes back; one brings the real result."""
    worker = Worker(path, number, LATE)
    dead = worker.t.dead_process()
    for place in range(ROUNDS):
        verb, columns, is_dead, _ = COMERS[NAMES[place % len(NAMES)]]
        if number == 0:  # its process is dead and its lease lives, or it has been silent for long
            worker.t.clock(LATE if is_dead else T0)
            worker.t.verb("start", scope=f"r{place}", actor_id="ann", lease_ttl=TTL, **(dead if is_dead else {}))
            worker.t.clock(LATE)
        barrier.wait(60)
        session = worker.t.value("SELECT session_id FROM tenure_session WHERE scope = ?", (f"r{place}",))
        barrier.wait(60)
        until = time.perf_counter() + worker.rng.random() * 0.001
        while time.perf_counter() < until:
            pass
        if number == 0:
            worker.call(place, "settle", session_id=session)
        elif number == 1:
            worker.call(place, "settle")
        elif number == 2:
            worker.call(place, verb, **columns, **({"session_id": session} if verb == "resume"
                                                   else {"scope": f"r{place}"}))
        else:
            worker.call(place, "record_result", session_id=session, incarnation=1, fence=1, status="success",
                        exit_code=0)
        barrier.wait(60)
    return worker.log


def settle_race(folder):
    path = os.path.join(folder, "settle.db")
    t = Tenure(path)
    t.sql("PRAGMA journal_mode = WAL")
    t.sql("PRAGMA synchronous = OFF")
    log = run(4, settle_work, path, multiprocessing.Barrier(4))
    sessions = [t.value("SELECT session_id FROM tenure_event WHERE scope = ? ORDER BY seq", (f"r{place}",))
                for place in range(ROUNDS)]
    by = {}
    for place, verb, told in log:
        by.setdefault(place, []).append((verb, told))
    wrong, seen = [], Counter()
    for place, session in enumerate(sessions):
        name = NAMES[place % len(NAMES)]
        settled = sum(entry["session_id"] == session for verb, told in by[place] if verb == "settle"
                      for entry in told["settled"])
        came = next(told for verb, told in by[place] if verb == COMERS[name][0])
        if isinstance(came, dict):
            came = "nobody there" if came.get("cleared") is False else "done"
        seen[name, settled, came] += 1
        if (settled, came) not in COMERS[name][3]:
            wrong.append((place, name, settled, came))
        if t.value("SELECT count(*) FROM tenure_event WHERE session_id = ? AND event = 'session.ended' AND"
                   " json_extract(detail, '$.verb') = 'settle'", (session,)) != settled:
            wrong.append((place, name, "the log and the reports differ"))
        result = next(told for verb, told in by[place] if verb == "record_result")
        stored = t.value("SELECT provenance FROM tenure_result WHERE session_id = ? AND incarnation = 1", (session,))
        if isinstance(result, dict) and stored != "agent":
            wrong.append((place, name, "a real result was accepted and is lost", stored))
        if isinstance(result, str) and (result not in ("fence.session", "fence.token")
                                        or stored != ("synthetic" if settled else None)):
            wrong.append((place, name, result, settled, stored))
    is_(wrong[:10], [], f"{ROUNDS} rounds: in each one settles at most, and whoever else comes wins or loses whole")
    ok(len(seen) > len(NAMES), "now this one was first and now that one")
    fences = t.sql("SELECT scope, group_concat(fence) FROM (SELECT scope, fence FROM tenure_session ORDER BY fence)"
                   " GROUP BY scope HAVING count(*) <> count(DISTINCT fence)")
    is_(fences, [], "no fence was given twice")
    diag(f"who came, how many settled, what was told: {dict(seen)}")
    is_(t.value("PRAGMA integrity_check"), "ok", "the database is sound")
    t.db.close()


# --- collection

ALL = {"gc", "gc now", "delete", "spawn"}
OLD = 40  # seconds of the virtual clock, of which a hundred pass in one


def gc_work(number, path, begin, seed):
    """Starts, ends, resumes and spawns sessions of its own, collects what is old, and deletes by hand. Gives
    what it believes to be there at the end."""
    worker = Worker(path, f"{seed} {number}", T0)
    t, rng, living, ended, kept, log = worker.t, worker.rng, {}, [], {}, []
    while True:
        passed = time.monotonic() - begin
        if passed > SECONDS and (ALL <= {entry[0] for entry in log} or passed > 10 * SECONDS):
            break
        t.clock(T0 + int(passed * 100))
        what = rng.choices(["start", "spawn", "clear", "resume", "gc", "gc now", "delete"], [6, 4, 9, 5, 4, .4, 2])[0]
        try:
            if what == "start" and len(living) < 12:
                session = t.verb("start", scope=f"w{number}-{rng.randrange(20)}", actor_id=f"w{number}",
                                 lease_ttl=10**6)["session_id"]
                living.setdefault(session, 1)  # it may have joined one of its own
            elif what == "spawn" and ended and len(living) < 12:
                parent = rng.choice(ended)
                t.sql("BEGIN IMMEDIATE")  # what it sees of its parent must be so when the child is there
                if t.session(parent) is not None:
                    child = t.verb("start", scope="", actor_id=f"w{number}", lease_ttl=10**6,
                                   parent_session_id=parent)["session_id"]
                    living[child], kept[child] = 1, parent
                    log.append((what, child))
                t.sql("COMMIT")
            elif what == "clear" and living:
                session = rng.choice(list(living))
                t.verb("transition", session_id=session, status="exited", actor_id=f"w{number}")
                living.pop(session)
                kept.pop(session, None)
                ended.append(session)
            elif what == "resume" and ended:
                session = rng.choice(ended)
                got = t.outcome("resume", session_id=session, actor_id=f"w{number}")
                if isinstance(got, dict):
                    living[session] = got["incarnation"]
                if got == "resume.missing" or isinstance(got, dict):
                    ended.remove(session)
                elif got not in ("resume.held", "resume.live"):
                    log.append(("refused", got))
            elif what in ("gc", "gc now"):
                report = t.verb("gc", older_than_secs=OLD if what == "gc" else 0, max_rows=rng.randrange(1, 9))
                log += [(what, row["session_id"]) for row in report["collected"]]
            elif what == "delete" and ended:
                session = rng.choice(ended)
                log += [("delete", row[0]) for row in t.sql("DELETE FROM tenure_session WHERE session_id = ?"
                                                            " RETURNING session_id", (session,))]
        except sqlite3.Error as error:
            code = code_of(error)
            if t.db.in_transaction:
                t.sql("ROLLBACK")
            if not (what == "delete" and code in ("write.parent", "write.living") or what == "start"
                    and code.startswith("start.")):
                log.append(("refused", code))
    return log + [("living", session, incarnation, kept.get(session)) for session, incarnation in living.items()]


def gc_race(folder):
    path = os.path.join(folder, "gc.db")
    t = Tenure(path)
    t.sql("PRAGMA journal_mode = WAL")
    log = run(4, gc_work, path, time.monotonic(), SEED)
    is_([entry for entry in log if entry[0] == "refused"][:5], [], "nobody was refused without need")
    living = {entry[1]: entry for entry in log if entry[0] == "living"}
    rows = {row["session_id"]: row for row in t.rows("SELECT * FROM tenure_session")}
    is_([entry for session, entry in living.items() if session not in rows or rows[session]["ended_at"] is not None
         or rows[session]["incarnation"] != entry[2]][:5], [], "whoever was started or resumed and not ended lives")
    is_([entry for entry in living.values() if entry[3] and entry[3] not in rows][:5], [],
        "and so the one that spawned it is still there")
    gone = Counter(entry[1] for entry in log if entry[0] in ("gc", "gc now", "delete"))
    stones = t.sql("SELECT session_id, at, json_extract(detail, '$.verb'), json_extract(detail, '$.ended_at'),"
                   " scope, json_extract(detail, '$.fence') FROM tenure_event WHERE event = 'session.collected'")
    is_(sorted(gone), sorted(stone[0] for stone in stones), "what was reported as collected is, and nothing else")
    is_([session for session, times in gone.items() if times > 1 or session in rows], [], "each once, for good")
    young = {entry[1] for entry in log if entry[0] == "gc"}
    is_([stone for stone in stones if stone[0] in young and not stone[1] - stone[3] >= OLD][:5], [],
        f"tenure_gc took none that had ended less than {OLD} seconds before")
    fences = Counter((scope, fence) for *_, scope, fence in stones if scope)
    fences.update((row["scope"], row["fence"]) for row in rows.values() if row["scope"])
    is_([fence for fence, times in fences.items() if times > 1], [], "no fence of a scope was given twice")
    diag(f"{len(rows)} sessions are left, {len(living)} of them alive; "
         f"{Counter(entry[0] for entry in log if entry[0] != 'living')}")
    is_(ALL - {entry[0] for entry in log}, set(), "all of it happened")
    is_(t.value("PRAGMA integrity_check"), "ok", "the database is sound")
    t.db.close()


# --- kills

def keep_house(path, at, pipe):
    """Starts, settles, reaps and collects for ever, and tells PIPE after each step."""
    t = Tenure(path, install=False, timeout=60, at=at)
    t.sql("PRAGMA synchronous = NORMAL")
    dead = t.dead_process()
    for number in range(10**6):
        for name, process in (("dead", dead), ("idle", {})):
            session = t.verb("start", scope=f"{name}-{number % 7}", actor_id="ann", lease_ttl=1, **process)
            if name == "dead":
                t.verb("turn_begin", session_id=session["session_id"])
            pipe.send(name)
        at += 1
        t.clock(at)
        for verb, columns in (("settle", {}), ("reap", {"idle_secs": 1}), ("gc", {"older_than_secs": 1})):
            t.verb(verb, max_rows=5, **columns)
            pipe.send(verb)


def kill_race(folder):
    path, rng = os.path.join(folder, "kill.db"), random.Random(SEED)
    t = Tenure(path)
    t.sql("PRAGMA journal_mode = WAL")
    wrong, torn = [], 0
    for kill in range(KILLS):
        mine, theirs = multiprocessing.Pipe(False)
        # Each later than all before it, so that no stamp is ahead of its clock.
        process = multiprocessing.Process(target=keep_house, args=(path, T0 + kill * 10**6, theirs), daemon=True)
        process.start()
        theirs.close()
        for _ in range(rng.randrange(1, 20)):
            mine.recv()
        time.sleep(rng.random() * 0.002)
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        t.clock(T0 + kill * 10**6 + 10**5)
        wrong += findings(t.db) or []
        torn += t.value("SELECT count(*) FROM tenure_session WHERE ended_at IS NULL") > 0
    is_(wrong[:5], [], f"after each of {KILLS} kills the database is healthy")
    events = Counter(row[0] for row in t.sql("SELECT json_extract(detail, '$.verb') FROM tenure_event"))
    for _ in range(50):
        reports = [t.verb("settle"), t.verb("reap", idle_secs=0), t.verb("gc", older_than_secs=0)]
        if not any(report["more"] for report in reports):
            break
    t.verb("gc", older_than_secs=0)
    is_(t.sql("SELECT session_id, status FROM tenure_session"), [],
        "and whoever comes next tidies up all that was left")
    diag(f"after {torn} kills somebody was still living; collected by {dict(events)}")
    ok(torn > 0 and events["gc"] > 0, "the kills struck work")
    t.db.close()


diag(f"RACE_SEED={SEED} RACE_ROUNDS={ROUNDS} RACE_SECONDS={SECONDS} RACE_KILLS={KILLS}")
multiprocessing.set_start_method("fork")
work = tempfile.mkdtemp(prefix="tenure-keep-")
settle_race(work)
gc_race(work)
kill_race(work)
shutil.rmtree(work)
done()
