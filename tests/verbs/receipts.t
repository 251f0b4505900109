#!/usr/bin/python3
"""Receipts (03, "Receipts"): a verb with a receipt_id can be repeated without doing anything twice."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import done, is_, ok  # noqa: E402
from tenure import T0, Tenure  # noqa: E402

STATE = json.dumps({"schema_version": 2, "started_at_epoch_s": 1, "last_started_at_epoch_s": 1,
                    "start_count": 1, "session_id": "ses_old"})
OLD = "a session of ann's in scope s, ended"
LIVE = "a session of ann's in scope s"
STALE = "the same, stale"

OVER = "the same, its process dead"

# verb, what is there before, its columns (S is the session's id), the same verb with another target, if it has one
VERBS = [
    ("start", None, {"scope": "s", "actor_id": "ann", "lease_ttl": 60}, {"scope": "other"}),
    ("heartbeat", LIVE, {"scope": "s", "actor_id": "ann"}, {"scope": "other"}),
    ("heartbeat", LIVE, {"session_id": "S", "actor_id": "ann"}, {"session_id": "ses_x"}),
    ("takeover", STALE, {"scope": "s", "actor_id": "bob", "reason": "r"}, {"scope": "other"}),
    ("takeover", STALE, {"session_id": "S", "actor_id": "bob", "reason": "r"}, {"session_id": "ses_x"}),
    ("clear", LIVE, {"scope": "s", "actor_id": "ann"}, {"scope": "other"}),
    ("clear", LIVE, {"session_id": "S", "actor_id": "ann"}, {"session_id": "ses_x"}),
    ("clear", None, {"scope": "s"}, {"scope": "other"}),
    ("clear", OLD, {"session_id": "S", "actor_id": "ann"}, {"session_id": "ses_x"}),
    ("transition", LIVE, {"session_id": "S", "status": "ready", "actor_id": "ann"},
     {"session_id": "ses_x"}),
    ("resume", OLD, {"session_id": "S", "actor_id": "ann"}, {"session_id": "ses_x"}),
    ("import", None, {"scope": "s", "json": STATE}, {"scope": "other"}),
    ("escalate", None, {"scope": "s", "kind": "blocking", "reason": "r"}, {"scope": "other"}),
    ("escalation_resolve", "an escalation", {"escalation_id": "E"}, {"escalation_id": "esc_x"}),
    ("gate_set", None, {"scope": "s", "gates": "[]"}, {"scope": "other"}),
    ("baseline_set", LIVE, {"session_id": "S", "name": "n", "digest": "d"}, {"session_id": "ses_x"}),
    ("record_result", LIVE, {"session_id": "S", "status": "success"}, {"session_id": "ses_x"}),
    ("record_completion", LIVE, {"session_id": "S", "exit_code": 0}, {"session_id": "ses_x"}),
    ("settle", OVER, {"session_id": "S"}, {"session_id": "ses_x"}),
    ("settle", OVER, {"session_id": "S"}, {"session_id": None}),
    ("settle", OVER, {}, {"session_id": "S"}),
    ("reap", STALE, {"idle_secs": 60}, None),
    ("gc", OLD, {"older_than_secs": 0}, None),
]

t = Tenure()


def prepare(what):
    """Puts WHAT in place; gives the ids that S and E stand for."""
    ids = {}
    if what in (LIVE, OLD, STALE, OVER):
        process = t.dead_process() if what == OVER else {}
        ids["S"] = t.verb("start", scope="s", actor_id="ann", lease_ttl=60, **process)["session_id"]
    if what == OLD:
        t.verb("clear", scope="s", actor_id="ann")
    if what == "an escalation":
        ids["E"] = t.verb("escalate", scope="s", kind="blocking", reason="r")["escalation_id"]
    t.clock(T0 + 60 if what == STALE else T0 + 1)
    return ids


def rest(dump):
    return {name: rows for name, rows in dump.items() if name != "tenure_receipt"}


for verb, what, columns, other in VERBS:
    name = f"{verb} {sorted(columns)} on {what}"
    with t.situation(name):
        ids = prepare(what)
        columns = {key: ids.get(value, value) for key, value in columns.items()}
        t.sql("SAVEPOINT plain")
        plain = t.verb(verb, **columns)
        plain_rest = rest(t.dump())
        t.sql("ROLLBACK TO plain")
        first = t.verb(verb, receipt_id="r1", **columns)
        is_(set(first), set(plain), f"{name}: the receipt changes nothing in the report")
        is_({table: len(rows) for table, rows in rest(t.dump()).items()},
            {table: len(rows) for table, rows in plain_rest.items()}, f"{name}: nor in what is done")
        is_(t.rows("SELECT receipt_id, verb, json(report) AS report, at FROM tenure_receipt"),
            [{"receipt_id": "r1", "verb": verb, "report": json.dumps(first, separators=(",", ":")),
              "at": t.now}], f"{name}: it is kept with its report")
        is_(t.sql("SELECT * FROM tenure_doctor WHERE check_name = 'receipt.extra'"), [],
            f"{name}: and the doctor knows whose it is")
        before = t.dump()
        for again in (1, 2):
            t.clock(t.now + 1000)
            got = t.outcome(verb, receipt_id="r1", **columns)
            is_(got, first | {"replayed": True}, f"{name}: repeated ({again}) it gives that report")
            is_(t.dump(), before, f"{name}: repeated ({again}) it does nothing")
        moved = {key: value for key, value in columns.items() if key not in ("scope", "session_id")}
        if other is not None:
            other = {key: ids.get(value, value) for key, value in other.items()}
            t.refused("receipt.conflict", verb, receipt_id="r1", says=["r1", verb],
                      test=f"{name}: another target is a conflict", **moved | other)
        for stranger in ("start", "clear"):
            if stranger != verb:
                t.refused("receipt.conflict", stranger, receipt_id="r1", scope="s", says=["r1", verb],
                          test=f"{name}: another verb, {stranger}, is a conflict")

# What a verb names within its session is part of its target, but may be left out where the verb finds the open turn.
PARTS = [
    # verb, its columns, what names the part, how else the same may be meant
    ("turn_begin", {"turn_id": "t2", "replace": 1}, "turn_id", [None]),
    ("turn_steer", {"expected_turn_id": "7", "input": "on"}, "expected_turn_id", [None]),
    ("turn_take_input", {"turn_id": "7"}, "turn_id", [None]),
    ("turn_end", {"turn_id": 7}, "turn_id", ["7"]),
    ("turn_end", {"turn_id": -1}, "turn_id", ["-1"]),
    ("turn_abort", {"turn_id": 7, "reason": "interrupted"}, "turn_id", ["7", None]),
    ("request_open", {"turn_id": "7", "request_id": "q2", "kind": "approval"}, "request_id", [None]),
    ("request_resolve", {"request_id": 1, "decision": "approved"}, "request_id", ["1"]),
    ("request_resolve", {"request_id": "9", "decision": "approved"}, "request_id", []),
    ("usage", {"turn_id": "7", "input": 1}, "turn_id", []),
    ("usage", {"turn_id": None, "input": 1}, "turn_id", []),
    ("record_result", {"turn_id": "7", "status": "success"}, "turn_id", []),
    ("record_result", {"turn_id": "", "status": "success"}, "turn_id", [None]),
    ("record_result", {"turn_id": None, "status": "success"}, "turn_id", [""]),
    ("turn_end", {"turn_id": None}, "turn_id", []),
    ("baseline_set", {"name": 5, "digest": "d"}, "name", ["5"]),
    ("baseline_set", {"name": -1.5, "digest": "d"}, "name", ["-1.5"]),
]
for verb, columns, part, same in PARTS:
    name = f"{verb} {columns}"
    with t.situation(name):
        session = t.verb("start", scope="s")["session_id"]
        t.verb("turn_begin", session_id=session, turn_id="7")
        t.verb("request_open", session_id=session, turn_id="7", request_id="1", kind="approval")
        first = t.verb(verb, session_id=session, receipt_id="r1", **columns)
        before = t.dump()
        named = columns[part]
        says = [f"{part.removeprefix('expected_')} {named}"] if named else ["as a whole"]
        t.refused("receipt.conflict", verb, session_id=session, receipt_id="r1", **columns | {part: "another"},
                  test=f"{name}: another {part} is a conflict", says=[f"{verb} of session {session}", *says])
        for value in [named, *same]:
            is_(t.outcome(verb, session_id=session, receipt_id="r1", **columns | {part: value}),
                first | {"replayed": True}, f"{name}: {part} {value!r} is the same")
        if named and None not in same:
            t.refused("receipt.conflict", verb, session_id=session, receipt_id="r1", **columns | {part: None},
                      test=f"{name}: to name none is a conflict too")
        is_(t.dump(), before, f"{name}: and nothing is done")
with t.situation("a request that is given its id"):
    session = t.verb("start", scope="s")["session_id"]
    t.verb("turn_begin", session_id=session)
    first = t.verb("request_open", session_id=session, receipt_id="r1", kind="approval")
    is_(t.outcome("request_open", session_id=session, receipt_id="r1", kind="approval"), first | {"replayed": True},
        "a request whose id was made up is asked once, and the answer says its id again")
for named in (None, "7", "", "t" * 201):
    with t.situation(f"nothing was open, and the turn to abort was {named!r:.9}"):
        session = t.verb("start", scope="s")["session_id"]
        first = t.verb("turn_abort", session_id=session, receipt_id="r1", turn_id=named)
        t.verb("turn_begin", session_id=session, turn_id="t1")
        is_(t.outcome("turn_abort", session_id=session, receipt_id="r1", turn_id=named), first | {"replayed": True},
            f"abort of {named!r:.9}: repeated it gives the report, though a turn is open now")
        t.refused("receipt.conflict", "turn_abort", session_id=session, receipt_id="r1", turn_id="t1",
                  test=f"abort of {named!r:.9}: that turn is another")

# A refusal leaves nothing, and is judged afresh.
REFUSED = [
    ("start", {"scope": "s", "actor_id": "bob", "lease_ttl": 60}, "start.live_other_owner"),
    ("heartbeat", {"scope": "s", "actor_id": "bob"}, "heartbeat.not_owner"),
    ("takeover", {"scope": "s", "actor_id": "bob", "reason": "r"}, "takeover.live"),
    ("clear", {"scope": "s", "actor_id": "bob"}, "clear.denied"),
    ("transition", {"session_id": "S", "status": "ready"}, "transition.denied"),
    ("resume", {"session_id": "S", "actor_id": "ann"}, "resume.live"),
    ("import", {"scope": "s", "json": "{"}, "json.unparsable"),
    ("escalate", {"scope": "s", "kind": "loud", "reason": "r"}, "opt.kind"),
    ("escalation_resolve", {"escalation_id": "esc_x"}, "escalation.missing"),
    ("gate_set", {"scope": "s", "gates": "[]", "expected_revision": 3}, "gate.conflict"),
    ("baseline_set", {"session_id": "ses_x", "name": "n", "digest": "d"}, "baseline.missing"),
    ("record_result", {"session_id": "ses_x", "status": "success"}, "result.missing"),
    ("record_completion", {"session_id": "ses_x", "exit_code": 0}, "completion.missing"),
    ("settle", {"session_id": "ses_x"}, "settle.missing"),
    ("reap", {"idle_secs": -1}, "opt.idle_secs"),
    ("gc", {"older_than_secs": -1}, "opt.older_than"),
]
for verb, columns, code in REFUSED:
    with t.situation(f"{verb} refused"):
        ids = prepare(LIVE)
        columns = {key: ids.get(value, value) for key, value in columns.items()}
        t.refused(code, verb, receipt_id="r2", test=f"{verb}: refused with a receipt", **columns)
        is_(t.outcome("clear", receipt_id="r2", scope="s", actor_id="ann").get("replayed"), None,
            f"{verb}: the receipt_id is free after a refusal")
with t.situation("afresh"):
    prepare(LIVE)
    asked = {"scope": "s", "actor_id": "bob", "reason": "r", "receipt_id": "r3"}
    t.refused("takeover.live", "takeover", test="refused now", says=["ann"], **asked)
    t.clock(T0 + 60)
    is_(t.verb("takeover", **asked)["actor_id"], "bob", "and granted later, under the same receipt_id")
    t.refused("receipt.conflict", "heartbeat", scope="s", actor_id="bob", receipt_id="r3",
              says=["takeover", "scope s"], test="which then is a takeover's")

# A replay is about the receipt alone: what it meant may be gone by now.
with t.situation("gone"):
    prepare(LIVE)
    first = t.verb("heartbeat", scope="s", actor_id="ann", activity="a", receipt_id="r4")
    t.verb("clear", scope="s", actor_id="ann")
    is_(t.verb("heartbeat", scope="s", actor_id="ann", activity="a", receipt_id="r4"),
        first | {"replayed": True}, "a late repeat gets its report though the session has ended")
    t.sql("DELETE FROM tenure_receipt")
    t.refused("heartbeat.missing", "heartbeat", scope="s", actor_id="ann", receipt_id="r4",
              test="once it is forgotten, the verb is judged afresh")

# The default scope is main, written or not; '' is none.
with t.situation("the default scope"):
    first = t.verb("start", receipt_id="r5")
    is_(t.verb("start", scope="main", receipt_id="r5"), first | {"replayed": True},
        "no scope and scope main are the same target")
    t.refused("receipt.conflict", "start", scope="", receipt_id="r5", test="the scope '' is another")
    first = t.verb("start", scope="", receipt_id="r6")
    is_(t.verb("start", scope="", receipt_id="r6"), first | {"replayed": True}, "and is the same as itself")

# What a receipt_id may be.
for value, code in (("", "opt.blank_id"), (" ", "opt.blank_id"), ("x" * 201, "opt.bad_id"),
                    ("a\nb", "opt.bad_id"), (b"\xff", "opt.bad_id")):
    t.refused(code, "start", receipt_id=value, test=f"receipt_id {value!r:.20}: {code}")
with t.situation("numbers"):
    t.verb("start", receipt_id=7)
    is_(t.verb("start", receipt_id="7").get("replayed"), True, "receipt_id 7 is '7'")

# In one transaction: rolled back, it was never there; and it needs no RETURNING to be read.
with t.situation("rolled back"):
    t.sql("SAVEPOINT a")
    t.verb("start", scope="s", receipt_id="r7")
    t.sql("ROLLBACK TO a")
    is_(t.verb("start", scope="s", receipt_id="r7").get("replayed"), None, "a receipt is rolled back too")
    is_(t.value("SELECT report FROM tenure_receipt WHERE receipt_id = 'r7'"),
        t.value("SELECT session_report()"), "the report can be read by its receipt_id")

# A receipt that is not kept, because a trigger of the user's passes over it: then the verb has not happened either.
with t.situation("passed over"):
    before = t.dump()
    t.sql("CREATE TEMP TRIGGER swallow BEFORE INSERT ON main.tenure_receipt BEGIN SELECT RAISE(IGNORE); END")
    t.refused("usage.conflict_clause", "start", receipt_id="r9", test="a receipt that is not kept is refused")
    ok(t.dump() == before, "and nothing has happened")

# Receipts say what happened and are not rewritten.
with t.situation("raw"):
    t.verb("start", receipt_id="r8")
    t.refused_sql("write.append_only", "UPDATE tenure_receipt SET report = '{}'", says=["tenure_receipt"])
    t.refused_sql("write.exists", "INSERT OR REPLACE INTO tenure_receipt SELECT * FROM tenure_receipt",
                  says=["tenure_receipt"])

for verb in sorted({row[0] for row in VERBS}):
    columns = {name for (name,) in t.sql("SELECT name FROM pragma_table_info(?)", (f"tenure_{verb}",))}
    ok("receipt_id" in columns, f"{verb} accepts a receipt_id")
is_(sorted({row[0] for row in REFUSED}), sorted({row[0] for row in VERBS}), "every verb was refused once")

done()
