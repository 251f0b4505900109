#!/usr/bin/python3
"""A verb whose write is skipped behind its back, by another trigger's RAISE(IGNORE), is refused and changes
nothing: a verb happens as a whole or not at all."""

import json
import os
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import diag, done, is_, ok  # noqa: E402
from tenure import T0, Tenure, code_of  # noqa: E402

ANN = {"scope": "s", "actor_id": "ann"}
START = ("start", ANN | {"lease_ttl": 60, "supervisor_id": "sue"})
TURN = ("turn_begin", {"session_id": "$S", "turn_id": "t1"})
RESERVED = ("turn_begin", {"session_id": "$S", "turn_id": "t1", "reserve": 1})
REQUEST = ("request_open", {"session_id": "$S", "request_id": "r1", "kind": "approval"})
STEER = ("turn_steer", {"session_id": "$S", "expected_turn_id": "t1", "input": "i"})
EXITED = ("transition", {"session_id": "$S", "status": "exited", "actor_id": "ann"})
ESCALATE = ("escalate", ANN | {"kind": "blocking", "reason": "r"})
GATES = ("gate_set", {"scope": "s", "gates": "[]"})
RESULT = ("record_result", {"session_id": "$S", "status": "success"})
FILE = {"started_at_epoch_s": 1, "last_started_at_epoch_s": 1, "start_count": 1}
LATER = ("clock", {"at": T0 + 61})
DEAD = ("start", START[1] | {"host": "$HOST", "boot_id": "$BOOT", "pid": 2147483647, "pid_start_ticks": 1})

# Name | what goes before | the verb | the writes without which it must not be.
CASES = [
    ("a first start", [], START,
     "INSERT counter, INSERT session"),
    ("a start that joins", [START], (START[0], START[1] | {"fence": 1}),
     "INSERT event, UPDATE session"),
    ("a start by a twin", [START], START,
     "INSERT event, UPDATE counter, UPDATE session"),
    ("a start that replaces", [START, LATER], START,
     "INSERT event, UPDATE counter, INSERT session"),
    ("a heartbeat", [START], ("heartbeat", ANN),
     "UPDATE session"),
    ("a heartbeat with news", [START], ("heartbeat", ANN | {"activity": "a"}),
     "INSERT event, UPDATE session"),
    ("a clear", [START], ("clear", ANN),
     "INSERT event, UPDATE counter, UPDATE session"),
    ("a clear with notes", [START, ESCALATE, GATES], ("clear", ANN),
     "INSERT event, UPDATE counter, UPDATE session"),
    ("a takeover", [START, LATER], ("takeover", {"scope": "s", "actor_id": "bob", "reason": "r"}),
     "INSERT event, UPDATE counter, UPDATE session, INSERT session"),
    ("a transition", [START], ("transition", {"session_id": "$S", "status": "ready", "actor_id": "ann"}),
     "INSERT event, UPDATE session"),
    ("an end", [START], EXITED,
     "INSERT event, UPDATE counter, UPDATE session"),
    ("an end with a turn", [START, TURN, REQUEST], EXITED,
     "INSERT event, UPDATE counter, UPDATE session"),
    ("a resume", [START, EXITED], ("resume", {"session_id": "$S", "actor_id": "ann"}),
     "INSERT event, UPDATE counter, UPDATE session"),
    ("an import", [],
     ("import", {"scope": "s", "json": json.dumps(FILE | {"schema_version": 3, "session_id": "ses_old"})}),
     "INSERT counter, INSERT session"),
    ("an import of nothing", [], ("import", {"scope": "s", "json": json.dumps(FILE | {"schema_version": 2})}),
     "INSERT event"),
    ("an escalation", [START], ESCALATE,
     "INSERT escalation"),
    ("its resolution", [START, ESCALATE], ("escalation_resolve", {"escalation_id": "$E"}),
     "UPDATE escalation"),
    ("gates", [START], GATES,
     "INSERT gate"),
    ("other gates", [START, GATES], ("gate_set", {"scope": "s", "gates": "[1]"}),
     "UPDATE gate"),
    ("a baseline", [START], ("baseline_set", {"session_id": "$S", "name": "n", "digest": "d"}),
     "INSERT baseline"),
    ("a turn", [START], TURN,
     "INSERT event, UPDATE session, INSERT turn"),
    ("a reserved turn", [START], RESERVED,
     "INSERT event, UPDATE session, INSERT turn"),
    ("the start of a reserved turn", [START, RESERVED], TURN,
     "INSERT event, UPDATE session"),
    ("a request to start a turn", [START], ("turn_request_start", {"session_id": "$S", "message_id": "m"}),
     "INSERT pending_start, UPDATE session"),
    ("a steer", [START, TURN], STEER,
     "INSERT turn_input"),
    ("the taking of input", [START, TURN, STEER], ("turn_take_input", {"session_id": "$S"}),
     "INSERT event, UPDATE turn_input"),
    ("the end of a turn", [START, TURN, REQUEST], ("turn_end", {"session_id": "$S", "turn_id": "t1"}),
     "INSERT event, UPDATE session, UPDATE turn"),
    ("the end of an unseen turn", [START], ("turn_end", {"session_id": "$S", "turn_id": "t9"}),
     "INSERT event, UPDATE session"),
    ("an abort", [START, TURN, REQUEST], ("turn_abort", {"session_id": "$S"}),
     "INSERT event, UPDATE session, UPDATE turn"),
    ("a request", [START, TURN], REQUEST,
     "INSERT event, INSERT request"),
    ("an answer", [START, TURN, REQUEST],
     ("request_resolve", {"session_id": "$S", "request_id": "r1", "decision": "approved"}),
     "INSERT event, UPDATE request"),
    ("usage", [START, TURN], ("usage", {"session_id": "$S", "input": 5}),
     "UPDATE session"),
    ("a provider's start", [START], ("provider_event", {"session_id": "$S", "type": "turn.started", "turn_id": "t1"}),
     "INSERT event, UPDATE session, INSERT turn"),
    ("a provider's end", [START, TURN],
     ("provider_event", {"session_id": "$S", "type": "turn.completed", "turn_id": "t1"}),
     "INSERT event, UPDATE session, UPDATE turn"),
    ("a provider's end of an unseen turn", [START],
     ("provider_event", {"session_id": "$S", "type": "turn.completed", "turn_id": "t9"}),
     "INSERT event, UPDATE session, INSERT turn"),
    ("a result", [START, TURN], ("record_result", {"session_id": "$S", "status": "success"}),
     "INSERT event, INSERT result"),
    ("a result again", [START, RESULT], ("record_result", {"session_id": "$S", "status": "failure"}),
     "INSERT event, UPDATE result"),
    ("a completion", [START], ("record_completion", {"session_id": "$S", "exit_code": 0, "status": "success"}),
     "INSERT completion, INSERT event"),
    ("a settlement", [DEAD, TURN, REQUEST], ("settle", {"session_id": "$S"}),
     "INSERT event, INSERT result, UPDATE counter, UPDATE session"),
    ("a reaping", [DEAD], ("reap", {"idle_secs": 0}),
     "INSERT event, UPDATE counter, UPDATE session"),
    ("a collection", [START, EXITED], ("gc", {"older_than_secs": 0}),
     "INSERT event"),
]

t = Tenure()
HOST = t.sql("SELECT host_name(), host_boot_id()")[0]


def run(verb, columns):
    if verb == "clock":    return t.clock(columns["at"])
    found = {"$S": t.value("SELECT session_id FROM tenure_session"),
             "$E": t.value("SELECT escalation_id FROM tenure_escalation"), "$HOST": HOST[0], "$BOOT": HOST[1]}
    return t.verb(verb, **{name: found.get(value, value) for name, value in columns.items()})


for case, prepare, verb, needed in CASES:
    with t.situation(case):
        for step in prepare:
            run(*step)
        before = t.dump()
        t.sql("SAVEPOINT verb")
        for write in needed.split(", "):
            t.sql("CREATE TEMP TRIGGER skip BEFORE {} ON main.tenure_{} BEGIN SELECT RAISE(IGNORE); END"
                  .format(*write.split()))
            try:
                got = repr(run(*verb))
            except sqlite3.Error as error:
                got = code_of(error)
            same = t.dump() == before
            if not ok(got == "usage.conflict_clause" and same, f"{case}, without its {write}: refused"):
                diag(f"{got[:150]}; {'nothing' if same else 'something'} changed")
            t.sql("ROLLBACK TO verb")

# The second write of the same change, which completes it, is the one that is skipped.
for name, later, sql in (
        ("a heartbeat with news", 1, "INSERT INTO tenure_heartbeat(scope, actor_id, activity) VALUES ('s', 'ann', 'a')"),
        ("a plain change", 1, "UPDATE tenure_session SET label = 'l', revision = revision + 1"),
        ("a plain end", 0, "UPDATE tenure_session SET status = 'exited', revision = revision + 1")):
    with t.situation(name):
        run(*START)
        t.clock(T0 + later)
        t.sql("CREATE TEMP TRIGGER skip BEFORE UPDATE ON main.tenure_session WHEN NEW.revision = OLD.revision"
              " BEGIN SELECT RAISE(IGNORE); END")
        t.refused_sql("usage.conflict_clause", sql, test=f"{name}, not completed: refused")
with t.situation("a plain session of a new scope"):
    t.sql("CREATE TEMP TRIGGER skip BEFORE INSERT ON main.tenure_counter BEGIN SELECT RAISE(IGNORE); END")
    t.refused_sql("usage.conflict_clause", "INSERT INTO tenure_session(session_id, scope, clock, started_at, "
                  "last_started_at, changed_at, revision, fence) VALUES ('ses_x', 'p', 'virtual', 1, 1, 1, 1, 1)",
                  test="a plain session of a new scope, without its counter: refused")
with t.situation("the end of a turn"):
    run(*START)
    run(*TURN)
    t.sql("CREATE TEMP TRIGGER skip BEFORE UPDATE ON main.tenure_turn WHEN NEW.state = OLD.state"
          " BEGIN SELECT RAISE(IGNORE); END")
    for sql in ("INSERT INTO tenure_turn_end(session_id, turn_id) SELECT session_id, 't1' FROM tenure_session",
                "UPDATE tenure_turn SET state = 'error'"):
        t.refused_sql("usage.conflict_clause", sql, test=f"the end of a turn, not completed: refused: {sql}")

# A trigger of the user's calls a verb while Tenure's own triggers run, which SQLite leaves out then.
for recursive in (0, 1):
    with t.situation(f"verbs within verbs, recursive_triggers = {recursive}", healthy=False):
        t.sql(f"PRAGMA recursive_triggers = {recursive}")
        t.verb("start", scope="p", actor_id="ann", lease_ttl=60)
        t.sql("CREATE TEMP TRIGGER inner AFTER INSERT ON main.tenure_event WHEN NEW.event = 'session.created' AND"
              " NEW.scope = 'p' BEGIN INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('q', 'eve', 60); END")
        t.clock(T0 + 60)
        takeover = {"scope": "p", "actor_id": "bob", "reason": "r"}
        if recursive:
            t.verb("takeover", **takeover)
            is_(t.sql("SELECT scope, revision FROM tenure_counter ORDER BY 1"), [("p", 2), ("q", 1)],
                "a start within a takeover is whole where triggers may recurse")
        else:
            before = t.dump()
            t.refused("usage.conflict_clause", "takeover", **takeover,
                      test="a start within a takeover, half done: refused")
            ok(t.dump() == before, "and all of it undone")
    with t.situation(f"turns within turns, recursive_triggers = {recursive}", healthy=False):
        one, two = (t.verb("start", scope=scope, actor_id="ann", lease_ttl=60)["session_id"] for scope in "pq")
        for session in (one, two):
            t.verb("turn_begin", session_id=session, turn_id="t1")
        t.sql("CREATE TEMP TRIGGER inner AFTER INSERT ON main.tenure_event WHEN NEW.event = 'turn.completed' AND"
              f" NEW.scope = 'p' BEGIN INSERT INTO tenure_turn_abort(session_id) VALUES ('{two}'); END")
        if recursive:
            t.verb("turn_end", session_id=one, turn_id="t1")
            is_(t.sql("SELECT count(*) FROM tenure_turn WHERE ended_at IS NULL"), [(0,)],
                "an abort within an end is whole where triggers may recurse")
        else:
            before = t.dump()
            t.refused("usage.conflict_clause", "turn_end", session_id=one, turn_id="t1",
                      test="an abort within an end, half done: refused")
            ok(t.dump() == before, "and all of it undone")
done()
