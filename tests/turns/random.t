#!/usr/bin/python3
"""Random programs of every verb on turns, with the sessions' own verbs, events of a provider that come
late, twice and out of order, and a clock that jumps: two connections against the model in model.py.

After every step the report, or the code of the refusal, and everything stored are compared, read
through the other connection. From the environment: TENURE_SEED, TENURE_STEPS. On a mismatch the
program is shortened and printed.
"""

import json
import os
import random
import shutil
import sqlite3
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
from health import findings  # noqa: E402
from invariants import broken  # noqa: E402
from model import Refusal, Scope, terminal  # noqa: E402
from tap import connect, diag, done, ok  # noqa: E402
from tenure import T0, code_of, verb_sql  # noqa: E402

SEED = int(os.environ.get("TENURE_SEED", random.SystemRandom().randrange(10**9)))
EXAMINED = 200    # after so many steps tenure_doctor examines the database
STEPS = int(os.environ.get("TENURE_STEPS", 20000))
LENGTH = 80       # steps of a program
SHRINK_SECS = 15  # for so long a failing program is shortened
TTL = 60


# --- programs: lists of steps that name things by their place, so that a step can be left out

def some(rng, **weights):
    return rng.choices(list(weights), list(weights.values()))[0]


def maybe(rng, chance, value):
    return value if rng.random() < chance else None


class Writer:
    """Writes one random program."""

    VERBS = {"turn_begin": 16, "turn_request_start": 7, "turn_steer": 3, "turn_take_input": 1,
             "turn_end": 9, "turn_abort": 4, "request_open": 3, "request_resolve": 3, "usage": 3,
             "provider_event": 22, "start": 7, "heartbeat": 4, "takeover": 2, "clear": 1, "resume": 3,
             "transition": 3, "raw_status": 1, "raw_turn": 1}
    WORK = {"turn_steer": 6, "turn_take_input": 2, "request_open": 5, "request_resolve": 4, "usage": 1,
            "turn_request_start": 1, "heartbeat": 1}

    def __init__(self, rng):
        self.rng, self.turns, self.events = rng, 0, 0

    def program(self):
        steps = [{"verb": "start", "conn": 0, "args": self.start()}]
        while len(steps) < LENGTH:
            if self.rng.random() < 0.05:  # once more, later
                steps.append(dict(self.rng.choice(steps[-8:])))
                continue
            steps.append(self.step(some(self.rng, **self.VERBS)))
            if steps[-1]["verb"] == "turn_begin":  # work inside the turn, mostly
                steps += [self.step(some(self.rng, **self.WORK)) for _ in range(self.rng.randrange(6))]
        return steps[:LENGTH]

    def step(self, verb):
        rng = self.rng
        step = {"verb": verb, "conn": rng.randrange(2), "args": getattr(self, verb)()}
        step["who"] = some(rng, last=94, prior=4, nobody=1)
        step["fence"] = some(rng, right=70, none=25, wrong=3)
        step["incarnation"] = some(rng, none=70, right=22, next=3, past=3)
        if rng.random() < 0.04:
            step["args"]["receipt_id"] = f"r{rng.randrange(8)}"
        if verb in ("takeover", "resume") and rng.random() < 0.4:
            step["jump"] = TTL
        elif rng.random() < 0.3:
            step["jump"] = some(rng, **{"1": 8, "5": 3, "20": 1, "-3": 2, str(TTL): .3, "-200": .1,
                                        str(9 * 3600): .1})
            step["apart"] = rng.random() < 0.1  # only this connection's clock
        return step

    def turn(self, **weights):
        """A turn by its name: a new one, the open one, one of this program, or none."""
        kind = some(self.rng, **weights)
        if kind == "new":
            self.turns += 1
            return f"t{self.turns}"
        if kind == "old":
            return f"t{max(1, self.turns - self.rng.randrange(4))}"
        return None if kind == "none" else "@open"

    def message(self):
        return maybe(self.rng, 0.5, f"m{self.rng.randrange(100)}")

    def turn_begin(self):
        rng = self.rng
        return {"turn_id": self.turn(new=10, none=3, old=2, open=3), "replace": maybe(rng, 0.3, 1),
                "reserve": maybe(rng, 0.25, 1), "message_id": maybe(rng, 0.3, self.message()),
                "kind": some(rng, regular=8, review=1, compact=1)}

    def turn_request_start(self):
        return {"message_id": self.message()}

    def turn_steer(self):
        return {"expected_turn_id": self.turn(none=5, open=6, old=1),
                "input": self.rng.choice(["go on", "stop that", "try again", " \n\t", "x", "é", "a'b"])}

    def turn_take_input(self):
        return {"turn_id": self.turn(none=5, open=6, old=1)}

    def turn_end(self):
        rng = self.rng
        spent = {"total": rng.choice([0, 20, 40]), "input": rng.randrange(50)} if rng.random() < 0.3 else {}
        return {"turn_id": self.turn(open=12, none=1, old=3, new=2), "message": self.message(),
                "outcome": rng.choice(["completed", "failed", "interrupted", "cancelled", "odd", None]),
                **spent}

    def turn_abort(self):
        return {"turn_id": self.turn(open=5, none=5, old=2),
                "reason": self.rng.choice([None, "interrupted", "interrupted", "replaced",
                                           "review_ended", "budget_limited"])}

    def request(self):
        return f"q{self.rng.randrange(40)}"

    def request_open(self):
        return {"request_id": some(self.rng, **{"@waiting": 1, self.request(): 5}),
                "turn_id": self.turn(none=4, open=7, old=1),
                "kind": self.rng.choice(["approval", "approval", "user_input", "permission",
                                         "elicitation", "tool_call"])}

    def request_resolve(self):
        rng = self.rng
        return {"request_id": some(rng, **{"@waiting": 5, self.request(): 1}),
                "decision": some(rng, approved=3, approved_for_session=4, approved_always=1, denied=2,
                                 abort=1),
                "remember": maybe(rng, 0.5, json.dumps([f"k{rng.randrange(5)}", f"k{rng.randrange(5)}"]))}

    def usage(self):
        rng = self.rng
        return {"total": rng.choice([0, 7, 20, 20, 40, -1]), "input": rng.choice([0, 3, None]),
                "cost_usd": rng.choice([None, 0.25]),
                "rate_limits": maybe(rng, 0.3, json.dumps({rng.choice("ab"): rng.randrange(9)}))}

    def provider_event(self):
        rng = self.rng
        self.events += 1
        kind = rng.choice(["turn.started"] * 6 + ["turn.completed"] * 4 + ["session.state.changed"] * 3 +
                          ["turn.aborted"] * 2 + ["session.started", "thread.started"] +
                          ["session.exited", "runtime.error"] * (rng.random() < 0.3) +
                          ["turn.imagined"] * (rng.random() < 0.05))
        event = {"type": kind, "turn_id": self.turn(open=8, new=5, old=3, none=3),
                 "event_id": maybe(rng, 0.6, f"e{self.events - (rng.random() < 0.3) * rng.randrange(9)}"),
                 "message": self.message(), "expected_turn_id": some(rng, none=2, turn=2, old=1),
                 "outcome": rng.choice([None, "completed", "failed", "interrupted", "cancelled"])}
        if kind == "session.state.changed":
            event["state"] = rng.choice("starting running waiting ready ready interrupted error stopped "
                                        "idle connecting closed".split())
        event["expected_turn_id"] = {"none": None, "turn": event["turn_id"], "old": "t1"}[
            event["expected_turn_id"]]
        return event

    def start(self):
        rng = self.rng
        if rng.random() < 0.1:
            return {"status": rng.choice([None, "idle"])}
        return {"actor_id": some(rng, a=9, b=1), "lease_ttl": TTL, "strict": maybe(rng, 0.15, 1),
                "token_budget": maybe(rng, 0.3, 60),
                "status": rng.choice([None, None, "idle", "starting"])}

    def heartbeat(self):
        return {"actor_id": some(self.rng, owner=9, z=1)}

    def takeover(self):
        return {"actor_id": some(self.rng, a=1, b=2, c=2), "reason": "it fell silent"}

    def clear(self):
        return {"actor_id": some(self.rng, owner=8, z=1), "force": maybe(self.rng, 0.3, 1),
                "reason": "done with it"}

    def resume(self):
        return {"actor_id": some(self.rng, owner=9, z=1)}

    def transition(self):
        status = some(self.rng, idle=1, starting=3, running=4, ready=4, interrupted=3, error=3, exiting=1,
                      exited=1, failed=1, stopped=1, destroying=.3, destroyed=.3)
        return {"status": status, "actor_id": some(self.rng, owner=9, z=1)}

    def raw_status(self):
        return {"status": self.transition()["status"]}

    def raw_turn(self):
        return {"state": some(self.rng, completed=1, interrupted=1, error=1)}


# --- running a program

FENCED = {"start", "heartbeat", "clear", "resume", "transition"}
WITH_INCARNATION = {"transition", "turn_request_start", "turn_begin", "turn_steer", "turn_take_input",
                    "turn_end", "turn_abort", "request_open", "request_resolve", "usage",
                    "provider_event"}


class Mismatch(Exception):
    pass


class Pair:
    """Two connections to one database."""

    def __init__(self, folder):
        path, self.steps = os.path.join(folder, "turns.db"), 0
        self.dbs = [connect(path, cached_statements=400) for _ in range(2)]
        self.dbs[0].execute("PRAGMA journal_mode = WAL").fetchall()
        for db in self.dbs:
            db.execute("PRAGMA synchronous = OFF").fetchall()
        self.dbs[0].execute("SELECT tenure_install()").fetchall()

    def close(self):
        for db in self.dbs:
            db.close()


class Run:
    """One program on one scope."""

    def __init__(self, pair, scope):
        self.pair, self.dbs, self.scope, self.model = pair, pair.dbs, scope, Scope(scope)
        self.clocks = [None, None]
        self.set_clock(0, T0)
        self.set_clock(1, T0)

    def set_clock(self, conn, at):
        if self.clocks[conn] != at:
            self.clocks[conn] = at
            self.dbs[conn].execute("SELECT tenure_clock(?)", (at,)).fetchall()

    def jump(self, step):
        at = self.clocks[step["conn"]] + int(step["jump"])
        self.set_clock(step["conn"], at)
        if not step.get("apart"):
            self.set_clock(1 - step["conn"], at)

    def target(self, step):
        sessions = self.model.sessions
        who = step.get("who", "last")
        if who == "nobody" or not sessions:
            return None
        return sessions[-2] if who == "prior" and len(sessions) > 1 else sessions[-1]

    def call(self, step):
        """The columns of a step, as things are now."""
        verb, found = step["verb"], self.target(step)
        call = {name: value for name, value in step["args"].items() if value is not None}
        open_id = found.open_id if found else None
        for name, value in list(call.items()):
            if value == "@open":
                call[name] = open_id or "t0"
            elif value == "@waiting":
                call[name] = next(iter(found.waiting()), "q0") if found else "q0"
            elif value == "owner":
                if found is not None and found.ttl is not None:
                    call[name] = found.owner
                else:
                    del call[name]
        if verb in ("start", "takeover", "clear"):
            call["scope"] = self.scope
            found = self.model.living
        else:
            call["session_id"] = found.id if found else "ses_nobody"
        if verb == "start" and found is not None and "token_budget" in call:
            del call["token_budget"]
        if verb == "turn_begin" and found and found.open_id == call.get("turn_id"):
            call["kind"] = found.open_turn.kind if found.open_turn else call["kind"]
        if verb in FENCED | WITH_INCARNATION and found is not None:
            fence = step.get("fence", "none")
            if fence != "none" and not (verb == "heartbeat" and fence == "wrong"):
                call["fence"] = found.fence if fence == "right" else found.fence + 7
        if verb in WITH_INCARNATION and found is not None:
            ahead = {"right": 0, "next": 1, "past": -1}.get(step.get("incarnation"))
            if ahead is not None and found.incarnation + ahead >= 1:
                call["incarnation"] = found.incarnation + ahead
        if "receipt_id" in call:
            if verb in WITH_INCARNATION:
                call["receipt_id"] = f"{self.scope}-{call['receipt_id']}"
            else:
                del call["receipt_id"]
        return call

    def real(self, db, verb, call):
        """The report, or the code of the refusal."""
        try:
            if verb == "raw_status":
                db.execute("UPDATE tenure_session SET status = ?1,"
                           " revision = session_transition(status, ?1, revision, NULL)"
                           " WHERE session_id = ?2", (call["status"], call["session_id"]))
                return {}
            if verb == "raw_turn":
                db.execute("UPDATE tenure_turn SET state = ? WHERE session_id = ? AND ended_at IS NULL",
                           (call["state"], call["session_id"]))
                return {}
            sql, params = verb_sql(verb, call)
            report = db.execute(sql + " RETURNING session_report()", params).fetchall()[0][0]
            return json.loads(report) if report else "no report"
        except sqlite3.Error as error:
            return code_of(error)

    def step(self, step):
        """Takes one step on both sides. Raises Mismatch."""
        if "jump" in step:
            self.jump(step)
        verb, call = step["verb"], self.call(step)
        if verb.startswith("raw_"):
            found = self.model.find(call["session_id"])
            if found is None or found.status == call.get("status") or (
                    terminal(found.status) and call.get("status") == "starting"):
                return
        revisions = [(s, s.revision) for s in self.model.sessions]
        got = self.real(self.dbs[step["conn"]], verb, call)
        if verb == "turn_begin" and "turn_id" not in call and isinstance(got, dict):
            call["turn_id"] = got["turn_id"]
        try:
            want = self.model.run(verb, call, self.clocks[step["conn"]])
        except Refusal as refusal:
            want = str(refusal)
        self.told(f"{verb}{call} at {self.clocks[step['conn']]}", got, want)
        if isinstance(got, dict) and self.model.last and self.model.last.id is None:
            self.model.last.id = got["session_id"]
        for session in self.model.sessions:
            before = next((r for s, r in revisions if s is session), 0)
            self.stored(self.dbs[1 - step["conn"]], session, before, f"{verb}{call}")

    def told(self, what, got, want):
        if isinstance(got, str) or isinstance(want, str):
            if got != want:
                raise Mismatch(f"{what}\n  Tenure: {got}\n  model:  {want}")
            return
        want = dict(want)
        reasons, taken = want.pop("reasons", None), want.pop("taken", None)
        wrong = {k: (got.get(k), v) for k, v in want.items() if not got.get(k) == v}
        if reasons is not None and (not got.get("reason") or reasons and got["reason"] not in reasons):
            wrong["reason"] = got.get("reason"), reasons
        if taken is not None and [(i["seq"], i["payload"]) for i in got["input"]] != taken:
            wrong["input"] = got["input"], taken
        if wrong:
            raise Mismatch(f"{what}\n  report, (Tenure, model): {wrong}\n  all of it: {got}")

    def stored(self, db, s, before, what):
        """Compares all that is stored of a session."""
        read = lambda sql: db.execute(sql, (s.id,)).fetchall()  # noqa: E731
        row = read("SELECT status, incarnation, fence, end_reason, last_error, last_turn_id, usage_total,"
                   " usage_input, usage_cost_usd, rate_limits, strict, lease_ttl, revision"
                   " FROM tenure_session WHERE session_id = ?")[0]
        limits, revision = json.loads(row[9] or "{}"), row[12]
        pairs = [
            ("session", row[:9] + (limits,) + row[10:12],
             (s.status, s.incarnation, s.fence, s.end_reason, s.last_error, s.last_turn, s.total, s.input,
              s.cost, s.limits, s.strict, s.ttl)),
            ("turns", sorted(read("SELECT turn_id, kind, state, abort_reason, message_id, used_total,"
                                  " last_agent_message FROM tenure_turn WHERE session_id = ?")),
             sorted(((name, t.kind, t.state, t.abort_reason, t.message_id, t.used, t.said)
                     for name, t in s.turns.items()), key=lambda turn: turn[0])),
            ("pending start", read("SELECT message_id FROM tenure_pending_start WHERE session_id = ?"),
             [] if s.pending is None else [tuple(s.pending)]),
            ("requests", sorted(read("SELECT request_id, attempt, incarnation, kind, state,"
                                     " coalesce(decision, '-') FROM tenure_request"
                                     " WHERE session_id = ?")),
             sorted((name, n, a["incarnation"], a["kind"], a["state"], a["decision"] or "-")
                    for name, attempts in s.requests.items() for n, a in enumerate(attempts, 1))),
            ("inputs", sorted(read("SELECT turn_id, seq, payload, state FROM tenure_turn_input"
                                   " WHERE session_id = ?")),
             sorted((name, n, i[0], i[1]) for name, t in s.turns.items()
                    for n, i in enumerate(t.inputs, 1))),
            ("grants", sorted(read("SELECT key FROM tenure_grant WHERE session_id = ? AND turn_id = ''")),
             sorted((key,) for key in s.grants)),
            ("left over", read("SELECT turn_id, payload FROM tenure_history WHERE session_id = ?"
                               " AND kind = 'leftover_input' ORDER BY seq"), s.leftover),
        ]
        for name, got, want in pairs:
            if got != want:
                only = [entry for entry in got if entry not in want], [e for e in want if e not in got]
                raise Mismatch(f"after {what}\n  {name}, Tenure: {only[0] or got}\n"
                               f"  {name}, model:  {only[1] or want}")
        if s.revision is None and revision > before:
            s.revision = s.counted = revision
        if s.revision != revision:
            raise Mismatch(f"after {what}\n  the revision is {revision}, it was {before}"
                           f" and should be {s.revision or 'more'}")

    def read_back(self, later):
        """The computed views, for a reader that comes LATER."""
        self.set_clock(0, self.clocks[0] + later)
        for s in self.model.sessions:
            got = self.dbs[0].execute("SELECT thread_status, active_turn_id FROM tenure_thread_status"
                                      " WHERE session_id = ?", (s.id,)).fetchall()[0]
            if got != s.thread_status(self.clocks[0]):
                raise Mismatch(f"thread status {got}, model {s.thread_status(self.clocks[0])}")
            for name, state in self.dbs[0].execute(
                    "SELECT turn_id, state FROM tenure_turn_effective WHERE session_id = ?",
                    (s.id,)).fetchall():
                turn = s.turns[name]
                ghost = turn.open and (terminal(s.status) or s.stale(self.clocks[0]))
                if state != ("interrupted" if ghost else turn.state):
                    raise Mismatch(f"turn {name} reads as {state}, stored {turn.state}")

    def all(self, steps):
        """Runs a program. Gives None or what is wrong, with the number of the step."""
        for number, step in enumerate(steps):
            try:
                self.step(step)
            except Mismatch as mismatch:
                return number, str(mismatch)
            self.pair.steps += 1
            if self.pair.steps % EXAMINED == 0 and findings(self.dbs[0]):
                return number, f"tenure_doctor, after {step['verb']}: {findings(self.dbs[0])}"
        try:
            for later in 0, TTL, 9 * 3600:
                self.read_back(later)
        except Mismatch as mismatch:
            return len(steps), str(mismatch)
        return None


# --- shortening

def fails(steps):
    """What is wrong with a program alone in a fresh database."""
    folder = tempfile.mkdtemp(prefix="tenure-turns-")
    pair = Pair(folder)
    try:
        wrong = Run(pair, "s").all(steps)
        if wrong is None:
            found = broken(pair.dbs[0]) + [str(row) for row in findings(pair.dbs[0])]
            wrong = found and (len(steps), "\n".join(found))
        return wrong
    finally:
        pair.close()
        shutil.rmtree(folder)


def shortened(steps):
    """A program that still fails, with what is wrong, found by leaving parts out for a while."""
    wrong = fails(steps)
    if not wrong:
        return steps, (0, "alone in a fresh database it does not fail")
    steps, limit = steps[:wrong[0] + 1], time.monotonic() + SHRINK_SECS
    size = len(steps) // 2
    while size >= 1 and time.monotonic() < limit:
        place = 0
        while place < len(steps) and time.monotonic() < limit:
            without = steps[:place] + steps[place + size:]
            found = fails(without) if without else None
            if found:
                steps, wrong = without[:found[0] + 1], found
            else:
                place += size
        size //= 2
    return steps, wrong


def show(steps, wrong):
    steps, wrong = shortened(steps)
    for step in steps:
        args = {name: value for name, value in step["args"].items() if value is not None}
        rest = {name: value for name, value in step.items()
                if name not in ("args", "verb") and value not in ("none", "last", False)}
        diag(f"{step['verb']} {args} {rest}")
    diag(wrong[1])


# --- what random programs have found, for ever

HOLDER = ("start", {"actor_id": "a", "lease_ttl": TTL})
FOUND = {
    "a provider's state stopped is no way out of exiting": [
        HOLDER, ("raw_status", {"status": "exiting"}),
        ("provider_event", {"type": "session.state.changed", "state": "closed"})],
    "a reserved turn that the provider starts takes the message of the start that was asked for": [
        HOLDER, ("turn_begin", {"turn_id": "t1", "reserve": 1, "kind": "regular"}),
        ("turn_request_start", {"message_id": "m1"}),
        ("provider_event", {"type": "turn.started", "turn_id": "t1"})],
    "a turn that is reserved once more takes the message": [
        HOLDER, ("turn_begin", {"turn_id": "t1", "reserve": 1, "kind": "regular"}),
        ("turn_request_start", {"message_id": "m1"}),
        ("turn_begin", {"turn_id": "t1", "reserve": 1, "kind": "regular"})],
    "an expected turn that has ended supersedes nothing": [
        HOLDER, ("turn_begin", {"turn_id": "t1", "kind": "regular"}), ("turn_end", {"turn_id": "t1"}),
        ("turn_begin", {"turn_id": "t2", "kind": "regular"}), ("turn_request_start", {}),
        ("provider_event", {"type": "turn.started", "turn_id": "t1", "expected_turn_id": "t1"})],
    "a request that is asked again is reported as its new attempt": [
        HOLDER, ("turn_begin", {"turn_id": "t1", "kind": "regular"}),
        ("request_open", {"request_id": "q1", "kind": "tool_call"}),
        ("request_open", {"request_id": "q1", "kind": "elicitation"})],
    "a key to remember may be named twice": [
        HOLDER, ("turn_begin", {"turn_id": "t1", "kind": "regular"}),
        ("request_open", {"request_id": "q1", "kind": "approval"}),
        ("request_resolve", {"request_id": "q1", "decision": "approved_for_session",
                             "remember": '["k", "k"]'})],
}


def found_before():
    for name, program in FOUND.items():
        wrong = fails([{"verb": verb, "conn": place % 2, "args": args, "fence": "right"}
                       for place, (verb, args) in enumerate(program)])
        if not ok(not wrong, name):
            diag(wrong[1])


# --- all of it

def main():
    diag(f"TENURE_SEED={SEED} TENURE_STEPS={STEPS}")
    found_before()
    rng = random.Random(SEED)
    folder = tempfile.mkdtemp(prefix="tenure-turns-")
    pair = Pair(folder)
    programs, wrong = max(1, STEPS // LENGTH), None
    for number in range(programs):
        steps = Writer(rng).program()
        wrong = Run(pair, f"s{number}").all(steps)
        if wrong:
            break
    ok(not wrong, f"{programs} random programs of {LENGTH} steps do as the model does")
    if wrong:
        diag(f"program {number}, step {wrong[0]}: {wrong[1]}")
        show(steps, wrong)
    found = broken(pair.dbs[0])
    ok(not found, "what must hold of all turns, requests, inputs and of their log holds")
    for line in found[:20]:
        diag(line)
    ok(pair.dbs[0].execute("PRAGMA integrity_check").fetchall() == [("ok",)], "the database is sound")
    ended = pair.dbs[0].execute("SELECT state, count(*) FROM tenure_turn GROUP BY state").fetchall()
    diag(f"turns: {dict(ended)}")
    pair.close()
    shutil.rmtree(folder)


main()
done()
