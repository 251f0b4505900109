#!/usr/bin/python3
"""Each rule of tests/lib/invariants.sql finds what breaks it. A database in which all is well is broken by hand in
one way for each rule, its guards being gone."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
sys.dont_write_bytecode = True
from health import damage  # noqa: E402
from invariants import RULES, broken  # noqa: E402
from tap import diag, done, is_, ok  # noqa: E402
from tenure import T0, Tenure  # noqa: E402

# For each rule what breaks it. S is the living session of scope a, E an ended one of the same scope.
BREAKS = """
a scope has one living session at most
    UPDATE tenure_session SET ended_at = NULL WHERE session_id = :E
a session lives with a status that is not terminal, or has ended with a reason
    UPDATE tenure_session SET status = 'exited' WHERE session_id = :S
    UPDATE tenure_session SET end_reason = NULL WHERE session_id = :E
the counter of a scope is the revision of its living session
    UPDATE tenure_counter SET revision = revision + 99
the counter of a scope has reached every fence and every end of it
    UPDATE tenure_counter SET revision = 1
    DELETE FROM tenure_counter
    UPDATE tenure_event SET revision = 99 WHERE event = 'session.ended'
    UPDATE tenure_event SET detail = json_set(detail, '$.fence', 99) WHERE event = 'session.collected'
no two sessions of a scope have the same fence
    UPDATE tenure_session SET fence = 1
the fences of a scope grow from grant to grant, each the revision of its grant
    UPDATE tenure_event SET detail = json_set(detail, '$.fence', 1) WHERE event = 'session.created'
    UPDATE tenure_event SET revision = revision + 1 WHERE event = 'session.created'
a session has the fence of its last grant
    UPDATE tenure_session SET fence = 1 WHERE session_id = :S
    UPDATE tenure_event SET detail = NULL WHERE session_id = :S
by the log, a scope never had two holders at once
    DELETE FROM tenure_event WHERE event = 'session.ended'
    DELETE FROM tenure_event WHERE event = 'session.created' AND session_id = :E
the log tells of each session its birth, its status and its incarnations
    DELETE FROM tenure_event WHERE event = 'session.created'
    UPDATE tenure_session SET status = 'ready' WHERE session_id = :S
    UPDATE tenure_session SET incarnation = 2 WHERE session_id = :S
in the log, each status of a session follows from the one before
    UPDATE tenure_event SET from_status = 'idle' WHERE event = 'session.ended'
    UPDATE tenure_event SET to_status = 'idle' WHERE event = 'session.resumed'
    UPDATE tenure_event SET event = 'session.status' WHERE event = 'session.resumed'
    UPDATE tenure_event SET from_status = 'destroyed' WHERE seq = 2; UPDATE tenure_event SET to_status = 'destroyed' WHERE seq = 1
the revisions of a session grow in the log, one event for each
    UPDATE tenure_event SET revision = 1 WHERE session_id = :E
no row of the log has a number that the sequence may give again
    UPDATE sqlite_sequence SET seq = 1 WHERE name = 'tenure_event'
the evidence of a lease is whole, and only for the clock of the machine
    UPDATE tenure_session SET lease_boot_id = 'b'
    UPDATE tenure_session SET lease_machine = 'm', lease_boot_id = 'b', lease_deadline_mono = 1, lease_file = 'f'
what belongs to a session goes with it
    INSERT INTO tenure_baseline VALUES ('ses_x', 'n', 'd', 1)
    DELETE FROM tenure_session WHERE session_id = :S
a result and a packet are of an incarnation that the session has had
    UPDATE tenure_result SET incarnation = 9
    UPDATE tenure_completion SET incarnation = 9
a receipt keeps a report
    UPDATE tenure_receipt SET report = '{'
a turn is open only while the status of its session allows one
    UPDATE tenure_session SET status = 'ready' WHERE session_id = :S
the state of a turn and its end agree
    UPDATE tenure_turn SET ended_at = 1 WHERE turn_id = 'open'; UPDATE tenure_turn SET state = 'running' WHERE turn_id = 'aborted'
    UPDATE tenure_turn SET ended_at = NULL WHERE turn_id = 'aborted'
a session has one open turn at most
    UPDATE tenure_turn SET state = 'running', abort_reason = NULL, ended_at = NULL
a request is pending only under its open turn
    UPDATE tenure_request SET turn_id = 'aborted' WHERE state = 'pending'
a request that expires fails closed
    UPDATE tenure_request SET decision = 'approved' WHERE state = 'expired'
input is pending only while its turn runs
    UPDATE tenure_turn_input SET state = 'pending' WHERE state = 'leftover'
input that is left over stands in the history, once and in order
    DELETE FROM tenure_history WHERE kind = 'leftover_input'
    UPDATE tenure_history SET payload = 'other' WHERE kind = 'leftover_input'
the history has a marker for each interruption, and no other
    DELETE FROM tenure_history WHERE kind = 'turn_aborted'
    UPDATE tenure_turn SET abort_reason = 'replaced' WHERE turn_id = 'aborted'
the grants of a turn end with it
    UPDATE tenure_grant SET turn_id = 'aborted'
a start is pending only while its session has not failed, been interrupted or ended
    INSERT INTO tenure_pending_start VALUES (:E, 'm', 1)
a turn that is over has one end in the log, an open one none
    DELETE FROM tenure_event WHERE event = 'turn.aborted'
    UPDATE tenure_event SET turn_id = 'open' WHERE event = 'turn.aborted'
an abort is one turn.aborted in the log, and nothing else is
    UPDATE tenure_event SET event = 'turn.completed' WHERE event = 'turn.aborted'
a turn begins once
    UPDATE tenure_event SET turn_id = 'open' WHERE event = 'turn.started'
a turn begins after the end of the one before it, and does not go on after its own
    UPDATE tenure_event SET seq = 999 WHERE event = 'turn.aborted'
    DELETE FROM tenure_event WHERE event = 'turn.aborted'
a request expires after its turn has ended, or because it was asked again
    UPDATE tenure_event SET seq = 999 WHERE event = 'turn.aborted'
a request that is over has one end in the log, a pending one none
    DELETE FROM tenure_event WHERE event = 'request.expired'
nothing of a session is told of a time before a change of it, unless it was resumed, which begins anew
    UPDATE tenure_event SET at = at - 1 WHERE event = 'result.recorded'
"""


def sound():
    """A database with every kind of row that a rule is about; the two sessions of scope a."""
    t = Tenure()
    ended = t.verb("start", scope="a", actor_id="ann", lease_ttl=60)["session_id"]
    t.verb("heartbeat", scope="a", actor_id="ann", activity="x")
    t.verb("clear", scope="a", actor_id="ann")
    t.verb("resume", session_id=ended, actor_id="ann")
    t.verb("clear", scope="a", actor_id="ann")
    session = t.verb("start", scope="a", actor_id="bob", lease_ttl=60, receipt_id="r")["session_id"]
    t.verb("turn_begin", session_id=session, turn_id="aborted")
    t.verb("turn_steer", session_id=session, input="left over")
    t.verb("request_open", session_id=session, request_id="q1", kind="approval")
    t.verb("turn_abort", session_id=session, reason="interrupted")
    t.verb("turn_begin", session_id=session, turn_id="open")
    t.verb("turn_steer", session_id=session, input="pending")
    for request, decision in ("q2", "approved_for_session"), ("q3", None):
        t.verb("request_open", session_id=session, request_id=request, kind="approval")
        if decision:
            t.verb("request_resolve", session_id=session, request_id=request, decision=decision,
                   remember='["key"]')
    t.verb("record_result", session_id=session, turn_id="open", status="success")
    t.verb("record_completion", session_id=session, exit_code=0)
    other = t.verb("start", scope="b", actor_id="ann", lease_ttl=60)["session_id"]
    t.verb("clear", scope="b", actor_id="ann")
    t.sql("DELETE FROM tenure_session WHERE session_id = ?", (other,))
    return t, {"S": session, "E": ended}


t, names = sound()
is_(broken(t.db), [], "where all is well nothing is found")

damage(t.db)
# The guards, the constraints and the indexes of the tables would all refuse what follows.
for kind, name in t.sql("SELECT type, name FROM sqlite_schema WHERE type = 'trigger' OR sql LIKE 'CREATE UNIQUE%'"):
    t.sql(f"DROP {kind} {name}")
t.sql("PRAGMA ignore_check_constraints = ON")

rules = dict.fromkeys(RULES, 0)
for line in BREAKS.strip().split("\n"):
    if not line.startswith(" "):
        rule = line
        continue
    with t.situation(f"{rule}: {line.strip()}", T0):
        for sql in line.strip().split("; "):
            t.sql(sql, {name: names[name] for name in names if f":{name}" in sql})
        found = broken(t.db)
        rules[rule] += 1
        if not ok(any(fault.startswith(f"broken: {rule}: ") for fault in found), f"{rule}: {line.strip()}"):
            diag("found: " + "\n".join(found))
is_([rule for rule, count in rules.items() if not count], [], "every rule was broken")
done()
