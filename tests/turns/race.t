#!/usr/bin/python3
"""Abort and finish at once, and beginnings at once: four processes on one session, each with its own
connection. A barrier lets them loose together, many times over.

From the environment: RACE_ROUNDS, RACE_SEED.
"""

import json
import multiprocessing
import os
import random
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import Counter

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
from invariants import broken  # noqa: E402
from tap import connect, diag, done, is_, ok  # noqa: E402
from tenure import Tenure, code_of, verb_sql  # noqa: E402

WORKERS = 4
ROUNDS = int(os.environ.get("RACE_ROUNDS", 400))
BEGINNINGS = ROUNDS // 2
SEED = int(os.environ.get("RACE_SEED", random.SystemRandom().randrange(10**9)))


class Worker:
    """One process: what it called and was told, by round."""

    def __init__(self, path, number, session, barrier):
        self.db = connect(path, timeout=30)
        self.db.execute("PRAGMA synchronous = NORMAL").fetchall()
        self.number, self.session, self.barrier = number, session, barrier
        self.rng, self.log = random.Random(f"{SEED} {number}"), []

    def call(self, group, verb, **columns):
        sql, params = verb_sql(verb, {"session_id": self.session, **columns})
        try:
            rows = self.db.execute(sql + " RETURNING session_report()", params).fetchall()
            told = json.loads(rows[0][0])
        except sqlite3.Error as error:
            told = code_of(error)
        self.log.append((group, verb, columns, told))
        return told

    def together(self):
        """Waits for the others, then for a moment of its own."""
        self.barrier.wait(60)
        until = time.perf_counter() + self.rng.random() * 0.001
        while time.perf_counter() < until:
            pass

    def finish(self, number):
        """A turn begins and has input and a request; then all end it, each in its way."""
        turn = f"t{number}"
        if self.number == 0:
            self.call(turn, "turn_begin", turn_id=turn)
            self.call(turn, "turn_steer", input=f"{turn}-first")
            self.call(turn, "request_open", request_id=f"{turn}-first", kind="approval")
        self.together()
        role = (self.number + number) % WORKERS
        if role == 0:
            self.call(turn, "turn_end", turn_id=turn, message="done")
        elif role == 1:
            self.call(turn, "turn_steer", expected_turn_id=turn, input=f"{turn}-second")
            self.call(turn, "turn_abort", turn_id=turn)
        elif role == 2:
            self.call(turn, "turn_take_input", turn_id=turn)
            self.call(turn, "turn_steer", input=f"{turn}-third")
            self.call(turn, "turn_end", turn_id=turn, outcome="failed", message="broke")
        else:
            self.call(turn, "request_open", turn_id=turn, request_id=f"{turn}-last", kind="user_input")
            self.call(turn, "request_resolve", request_id=f"{turn}-first", decision="approved")
            self.call(turn, "turn_abort", reason="review_ended")
        self.barrier.wait(60)

    def begin(self, number):
        """All begin a turn of their own; in every other round each replaces what is there."""
        group, replace = f"b{number}", number % 2
        self.together()
        self.call(group, "turn_begin", turn_id=f"{group}-{self.number}", replace=replace)
        self.barrier.wait(60)
        if self.number == 0:
            self.call(group, "turn_abort")
        self.barrier.wait(60)


def work(path, number, session, barrier, pipe):
    worker = Worker(path, number, session, barrier)
    try:
        for place in range(ROUNDS):
            worker.finish(place)
        for place in range(BEGINNINGS):
            worker.begin(place)
    finally:
        pipe.send(worker.log)
        pipe.close()


def run(path, session):
    """All the processes to their end. Gives what they were told, in one list."""
    barrier, pipes, log = multiprocessing.Barrier(WORKERS), [], []
    processes = []
    for number in range(WORKERS):
        mine, theirs = multiprocessing.Pipe(False)
        processes.append(multiprocessing.Process(target=work,
                                                 args=(path, number, session, barrier, theirs),
                                                 daemon=True))
        processes[-1].start()
        theirs.close()
        pipes.append(mine)
    for pipe, process in zip(pipes, processes):
        try:
            log += pipe.recv()
        except EOFError:
            diag("a process died")
        process.join()
    is_([process.exitcode for process in processes], [0] * WORKERS, "every process came to its end")
    return log


def ended(told):
    return isinstance(told, dict) and bool(told.get("applied") or told.get("aborted"))


def judge_ends(t, log):
    """Of the reports and the tables of the first part."""
    ends = Counter(group for group, verb, _, told in log
                   if verb in ("turn_end", "turn_abort") and group[0] == "t" and ended(told))
    is_([f"t{n}" for n in range(ROUNDS) if ends[f"t{n}"] != 1], [],
        f"of {ROUNDS} turns each was ended by exactly one of four")
    odd = {told for group, verb, _, told in log if isinstance(told, str)
           and not (verb in ("turn_steer", "turn_take_input") and told == "steer.no_active_turn"
                    or verb == "turn_begin" and told == "turn.busy")}
    is_(odd, set(), "nobody was refused but for steering too late and beginning too early")
    how = dict(t.sql("SELECT turn_id, state || coalesce(' ' || abort_reason, '') FROM tenure_turn"
                     " WHERE turn_id LIKE 't%'"))
    by = {"turn_end": {"done": "completed", "broke": "error"},
          "turn_abort": {None: "interrupted interrupted", "review_ended": "interrupted review_ended"}}
    said = {group: by[verb][columns.get("message" if verb == "turn_end" else "reason")]
            for group, verb, columns, told in log
            if verb in by and group[0] == "t" and ended(told)}
    is_({turn: state for turn, state in how.items() if said.get(turn) != state}, {},
        "each turn is stored as the one that ended it was told")
    diag(f"ended as: {dict(Counter(how.values()))}")
    ok(len(set(how.values())) >= 3, "each kind of end won now and then")


def judge_input(t, log):
    steered = [(told["turn_id"], told["seq"], columns["input"]) for _, verb, columns, told in log
               if verb == "turn_steer" and isinstance(told, dict)]
    taken = [(told["turn_id"], entry["seq"], entry["payload"]) for _, verb, _, told in log
             if verb == "turn_take_input" and isinstance(told, dict) for entry in told["input"]]
    stored = t.sql("SELECT turn_id, seq, payload, state FROM tenure_turn_input ORDER BY turn_id, seq")
    consumed = [row[:3] for row in stored if row[3] == "consumed"]
    left = [row[:3] for row in stored if row[3] == "leftover"]
    is_(sorted(row[:3] for row in stored), sorted(steered), "what was accepted as input is stored, once")
    is_(sorted(taken), sorted(consumed), "what was handed over is what is marked so, once each")
    is_(len(steered), len(consumed) + len(left), "input is consumed or left over, never lost")
    is_(t.sql("SELECT turn_id, payload FROM tenure_history WHERE kind = 'leftover_input'"
              " ORDER BY turn_id, seq"), [(turn, text) for turn, _, text in left],
        "the history has what is left over, in order")
    diag(f"input: {len(steered)} accepted, {len(consumed)} handed over, {len(left)} left over")
    ok(consumed and left, "both happened")


def judge_requests(t, log):
    resolved = {group for group, verb, _, told in log if verb == "request_resolve" and ended(told)}
    rows = t.sql("SELECT turn_id, request_id, kind, state, decision FROM tenure_request")
    is_([row for row in rows if row[3] == "pending"], [], "nobody waits any more")
    is_({row[1] for row in rows if row[3] == "resolved"}, {f"{turn}-first" for turn in resolved},
        "resolved are those whose answer was taken")
    is_({row[2:] for row in rows if row[3] == "expired"},
        {("approval", "expired", "denied"), ("user_input", "expired", None)},
        "the others failed closed, by their kind")


def judge_beginnings(log):
    won = Counter(group for group, verb, _, told in log
                  if verb == "turn_begin" and group[0] == "b" and isinstance(told, dict))
    is_([n for n in range(0, BEGINNINGS, 2) if won[f"b{n}"] != 1], [],
        "of four that begin at once exactly one does")
    is_([n for n in range(1, BEGINNINGS, 2) if won[f"b{n}"] != WORKERS], [],
        "of four that replace each does, one after the other")
    lost = [told for group, verb, columns, told in log if verb == "turn_begin" and group[0] == "b"
            and not columns["replace"] and isinstance(told, str)]
    is_(set(lost), {"turn.busy"}, "the others are told that it is busy")


def main():
    diag(f"RACE_SEED={SEED} RACE_ROUNDS={ROUNDS}")
    folder = tempfile.mkdtemp(prefix="tenure-race-")
    path = os.path.join(folder, "race.db")
    t = Tenure(path, at=None)
    t.sql("PRAGMA journal_mode = WAL")
    session = t.verb("start", scope="race", actor_id="a", lease_ttl=3600)["session_id"]
    t.db.close()
    log = run(path, session)
    t = Tenure(path, at=None, install=False)
    judge_ends(t, log)
    judge_input(t, log)
    judge_requests(t, log)
    judge_beginnings(log)
    is_(broken(t.db), [], "the log has one beginning and one end of each turn, in order, none overlapping")
    is_(t.value("PRAGMA integrity_check"), "ok", "the database is sound")
    t.db.close()
    shutil.rmtree(folder)


main()
done()
