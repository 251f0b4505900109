#!/usr/bin/python3
"""A write that does not happen: a trigger of the user's own, or a constraint under OR IGNORE, passes over the row that
a verb is about. The verb notices, is refused and changes nothing; it never reports what is not there. The quick run
tries one verb in three, by chance (chance.py)."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from cases import CASES, NOW, fill, known, outcome, plainly, statement  # noqa: E402
from chance import one_in  # noqa: E402
from tap import diag, done, is_, ok  # noqa: E402
from tenure import Tenure  # noqa: E402

# The writes without which a verb is refused. What it takes along besides, such as the counter of a scope or the notes
# of a session that ends, is not asked for again.
NOTICED = """
    baseline_set: INSERT tenure_baseline
    clear: INSERT tenure_event
    clear: UPDATE tenure_session
    escalate: INSERT tenure_escalation
    escalation_resolve: UPDATE tenure_escalation
    gate_set: UPDATE tenure_gate
    gc: INSERT tenure_event
    heartbeat: INSERT tenure_event
    heartbeat: INSERT tenure_receipt
    heartbeat: UPDATE tenure_session
    import: INSERT tenure_counter
    import: INSERT tenure_session
    import: UPDATE tenure_counter
    provider_event: INSERT tenure_event
    provider_event: INSERT tenure_turn
    provider_event: UPDATE tenure_session
    provider_event: UPDATE tenure_turn
    reap: INSERT tenure_event
    reap: UPDATE tenure_session
    record_completion: INSERT tenure_completion
    record_completion: INSERT tenure_event
    record_result: INSERT tenure_event
    record_result: INSERT tenure_result
    record_result: UPDATE tenure_result
    request_open: INSERT tenure_event
    request_open: INSERT tenure_request
    request_resolve: INSERT tenure_event
    request_resolve: UPDATE tenure_request
    resume: INSERT tenure_event
    resume: UPDATE tenure_session
    settle: INSERT tenure_event
    settle: INSERT tenure_result
    settle: UPDATE tenure_session
    start: INSERT tenure_event
    start: INSERT tenure_counter
    start: INSERT tenure_session
    start: UPDATE tenure_counter
    start: UPDATE tenure_session
    takeover: INSERT tenure_event
    takeover: INSERT tenure_session
    takeover: UPDATE tenure_counter
    takeover: UPDATE tenure_session
    transition: INSERT tenure_event
    transition: UPDATE tenure_session
    turn_abort: INSERT tenure_event
    turn_abort: UPDATE tenure_session
    turn_abort: UPDATE tenure_turn
    turn_begin: INSERT tenure_event
    turn_begin: INSERT tenure_turn
    turn_begin: UPDATE tenure_session
    turn_end: INSERT tenure_event
    turn_end: UPDATE tenure_session
    turn_end: UPDATE tenure_turn
    turn_request_start: INSERT tenure_pending_start
    turn_request_start: UPDATE tenure_session
    turn_steer: INSERT tenure_turn_input
    turn_take_input: UPDATE tenure_turn_input
    usage: UPDATE tenure_session
"""

t = fill(Tenure())
ids = known(t)
cases = [(name, verb, columns) for name, verb, columns, want in CASES
         if want == "ok" and ("receipt_id" not in columns or verb == "heartbeat")]
tried = set(one_in(3, sorted({verb for _, verb, _ in cases})))


def played(verb, columns):
    """What the verb comes to, and all rows after it; minted ids are named alike."""
    got = outcome(t.db, *statement(verb, columns, ids))
    got = got if isinstance(got, str) else "ok"
    return got, {table: sorted(plainly(row, ids) for row in rows) for table, rows in t.dump().items()}


before = {table: sorted(plainly(row, ids) for row in rows) for table, rows in t.dump().items()}
noticed = set()
for name, verb, columns in [case for case in cases if case[1] in tried]:
    with t.situation(name, at=NOW, healthy=False):
        want, after = played(verb, columns)
    faults = [] if want == "ok" else [f"without a trigger in the way: {want}"]
    for table in [table for table in before if before[table] != after[table]]:
        for change in ("INSERT", "UPDATE"):
            with t.situation(f"{name}: {change} {table}", at=NOW, healthy=False):
                t.sql(f"CREATE TEMP TRIGGER swallow BEFORE {change} ON main.{table} BEGIN SELECT RAISE(IGNORE); END")
                got, rows = played(verb, columns)
                if got != "ok":
                    noticed.add(f"{verb}: {change} {table}")
                    faults += [] if rows == before else [f"without {change} on {table}: {got}, but not undone"]
    ok(not faults, f"{name}: {verb}")
    if faults:
        diag("\n".join(faults))
missed = [line.strip() for line in NOTICED.strip().split("\n")
          if line.split(":")[0].strip() in tried and line.strip() not in noticed]
is_(missed, [], "each verb notices that its own writes are missing")
done()
