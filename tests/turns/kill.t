#!/usr/bin/python3
"""A process that works on a turn is killed at any moment, many times. A reader never sees it work after
its session is over or its lease has run out, and whoever takes over finds nothing left open.

From the environment: KILL_ROUNDS, KILL_SEED. There are more rounds where the kills have not struck enough work yet, as on
a machine that is busy with something else.
"""

import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
from invariants import broken  # noqa: E402
from tap import diag, done, is_, ok  # noqa: E402
from tenure import T0, Tenure, code_of  # noqa: E402

ROUNDS = int(os.environ.get("KILL_ROUNDS", 40))
SEED = int(os.environ.get("KILL_SEED", random.SystemRandom().randrange(10**9)))
TTL = 30
FAR_LATER = 2 * T0  # by then every lease has run out

# Each is one statement, so that it reads one state of the database: turns that read as open although
# their session is over, may have none, or is past its lease by the clock of the reader.
GHOSTS = """
  SELECT e.turn_id, e.state, s.status, s.ended_at FROM tenure_turn_effective AS e
    LEFT JOIN tenure_session AS s ON s.session_id = e.session_id
   WHERE e.state IN ('reserved', 'running')
     AND (s.session_id IS NULL OR s.ended_at IS NOT NULL
          OR s.status NOT IN ('starting', 'running')
          OR s.last_heartbeat_at + s.lease_ttl <= session_now())"""
OPEN = "SELECT count(*) FROM tenure_turn_effective WHERE state IN ('reserved', 'running')"
LEFT_OPEN = "SELECT turn_id FROM tenure_turn WHERE session_id = ? AND ended_at IS NULL"
STATE = "SELECT state, abort_reason FROM tenure_turn WHERE session_id = ? AND turn_id = ?"
LEFT = {
    "turns": "SELECT count(*) FROM tenure_turn WHERE session_id = ? AND ended_at IS NULL",
    "requests": "SELECT count(*) FROM tenure_request WHERE session_id = ? AND state = 'pending'",
    "input": "SELECT count(*) FROM tenure_turn_input WHERE session_id = ? AND state = 'pending'",
    "grants": "SELECT count(*) FROM tenure_grant WHERE session_id = ? AND turn_id <> ''",
    "pending starts": "SELECT count(*) FROM tenure_pending_start WHERE session_id = ?",
}


def connected(path, at):
    """Without waiting for the disk, which a killed process does not need."""
    t = Tenure(path, at=at, install=False, timeout=30)
    t.sql("PRAGMA synchronous = NORMAL")
    return t


# --- the process that is killed

def write(path, at, session, fence, seed, ready):
    """Works on turn after turn, now and then in one transaction, until it is killed."""
    rng, t = random.Random(seed), connected(path, at)
    me, number = {"session_id": session, "fence": fence}, 0
    ready.send(True)
    while True:
        number += 1
        turn = f"t{number}"
        whole = rng.random() < 0.3
        if whole:
            t.sql("BEGIN IMMEDIATE")
        if rng.random() < 0.5:
            t.verb("turn_request_start", **me, message_id=f"m{number}")
        if rng.random() < 0.3:
            t.verb("turn_begin", **me, turn_id=turn, reserve=1)
        t.verb("turn_begin", **me, turn_id=turn)
        for place in range(rng.randrange(4)):
            t.verb("turn_steer", **me, input=f"{turn} {place}")
            if rng.random() < 0.3:
                t.verb("turn_take_input", **me)
            t.verb("request_open", **me, request_id=f"{turn}-{place}",
                   kind=rng.choice(["approval", "user_input", "permission"]))
        if rng.random() < 0.3:
            t.verb("turn_abort", **me, turn_id=turn)
        elif rng.random() < 0.3:
            t.verb("turn_begin", **me, turn_id=turn + "-next", replace=1)
            t.verb("turn_end", **me, turn_id=turn + "-next")
        else:
            t.verb("turn_end", **me, turn_id=turn, message="done")
        if whole:
            t.sql("COMMIT")


# --- the process that reads

def read(path, stop, pipe):
    """Looks until it is told to stop: how often, how often something was open, and what was wrong."""
    t, looks, seen, wrong = connected(path, T0), 0, 0, []
    while not stop.is_set():
        at = t.value("SELECT max(started_at) FROM tenure_session WHERE ended_at IS NULL") or T0
        for when in (at, at + TTL - 1, at + TTL):
            t.clock(when)
            wrong += [("ghost", when - at) + row for row in t.sql(GHOSTS)]
        t.clock(at)
        seen += t.value(OPEN)
        t.clock(FAR_LATER)
        if t.value(OPEN):
            wrong.append("open long after every lease")
        looks += 1
        stop.wait(0.001)
    pipe.send((looks, seen, wrong[:20]))


# --- the one that kills and takes over

def kill_one(path, at, session, fence, seed, moment):
    """Lets a writer work by SEED for a MOMENT, in seconds, and kills it. Gives whether it had to be killed."""
    mine, theirs = multiprocessing.Pipe(False)
    writer = multiprocessing.Process(target=write,
                                     args=(path, at, session, fence, seed, theirs),
                                     daemon=True)
    writer.start()
    theirs.close()
    try:
        mine.recv()
    except EOFError:
        return False
    time.sleep(moment)
    os.kill(writer.pid, signal.SIGKILL)
    writer.join()
    return writer.exitcode == -signal.SIGKILL


def struck(kills, opened, turns):
    """Whether the kills have struck work."""
    return opened > 3 and turns > kills / 2


def rounds(path, rng):
    """Gives the number of kills, of turns found open, of all turns, and what was wrong."""
    t = connected(path, T0)
    now = t.verb("start", scope="kill", actor_id="w0", lease_ttl=TTL, strict=1)
    t.db.close()
    at, kills, opened, turns, wrong = T0, 0, 0, 0, []
    while kills < ROUNDS or (not struck(kills, opened, turns) and kills < 10 * ROUNDS):
        # Where a machine is so slow that the kills strike nothing, they come later.
        moment = rng.random() * 0.04 * (1 + kills // ROUNDS)
        if not kill_one(path, at, now["session_id"], now["fence"], rng.random(), moment):
            wrong.append("a writer ended by itself")
        kills += 1
        t = connected(path, at)
        wrong += broken(t.db) if kills % 8 == 0 else []
        turns = t.value("SELECT count(*) FROM tenure_turn")
        old, turn = now["session_id"], t.value(LEFT_OPEN, (now["session_id"],))
        opened += turn is not None
        if t.value(OPEN) != (turn is not None):
            wrong.append("the turn of a living session does not read as it is")
        at += TTL
        t.clock(at)
        if t.value(OPEN) != 0:
            wrong.append("a turn reads as open in the second in which the lease has run out")
        now = t.verb("takeover", scope="kill", actor_id=f"w{kills}", reason="it was killed")
        wrong += [f"{name} of the old session: {t.value(sql, (old,))}" for name, sql in LEFT.items()
                  if t.value(sql, (old,))]
        if turn is not None and t.sql(STATE, (old, turn)) != [("interrupted", None)]:
            wrong.append(f"the turn of the old session is {t.sql(STATE, (old, turn))}")
        late = t.outcome("turn_begin", session_id=old, turn_id="late")
        if late != "fence.session":
            wrong.append(f"the old session was told {late}")
        if kills % 20 == 0 and t.value("PRAGMA integrity_check") != "ok":
            wrong.append("the database is damaged")
        t.db.close()
    return kills, opened, turns, wrong


def main():
    diag(f"KILL_SEED={SEED} KILL_ROUNDS={ROUNDS}")
    folder = tempfile.mkdtemp(prefix="tenure-kill-")
    path = os.path.join(folder, "kill.db")
    t = Tenure(path)
    t.sql("PRAGMA journal_mode = WAL")
    t.db.close()
    stop, (mine, theirs) = multiprocessing.Event(), multiprocessing.Pipe(False)
    reader = multiprocessing.Process(target=read, args=(path, stop, theirs), daemon=True)
    reader.start()
    try:
        kills, opened, turns, wrong = rounds(path, random.Random(SEED))
    except sqlite3.Error as error:
        kills, opened, turns, wrong = 0, 0, 0, [f"refused: {code_of(error)}: {error}"]
    stop.set()
    looks, seen, ghosts = mine.recv() if mine.poll(30) else (0, 0, ["the reader died"])
    reader.join()
    t = Tenure(path, install=False)
    diag(f"{kills} kills, {opened} of them inside a turn; {turns} turns; {looks} looks, {seen} at an open"
         " turn")
    ok(kills >= ROUNDS and struck(kills, opened, turns), "the kills struck work")
    is_(wrong[:20], [], "after each kill nothing is half done, and the takeover leaves nothing open")
    ok(looks >= ROUNDS and seen > 0, "the reader was there")
    is_(ghosts, [], "it never saw an open turn of a session that is not living")
    is_(broken(t.db), [], "what must hold of all turns, requests, inputs and of their log holds")
    is_(t.value("PRAGMA integrity_check"), "ok", "the database is sound")
    t.db.close()
    shutil.rmtree(folder)


main()
done()
