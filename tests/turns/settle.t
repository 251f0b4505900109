#!/usr/bin/python3
"""A turn is open only while its session allows one: on every path, raw statements included. What a turn
leaves behind when it is settled, what raw statements may do to it, and the views that show it."""

import os
import sqlite3
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
from invariants import broken  # noqa: E402
from tap import diag, done, is_, ok  # noqa: E402
from tenure import STATUSES, T0, TERMINAL, Tenure  # noqa: E402

KINDS = {"approval": "denied", "elicitation": "cancelled", "permission": "cancelled",
         "tool_call": None, "user_input": None}
SETTLES = {"idle": "completed", "ready": "completed", "error": "error", "failed": "error"}
CLAUSES = ("", " OR ABORT", " OR FAIL", " OR IGNORE", " OR REPLACE", " OR ROLLBACK")

t = Tenure()


def working(reserved=False, **columns):
    """A session with the open turn t1, after t0, and everything that can hang on a turn."""
    session = t.verb("start", **{"actor_id": "ann", "lease_ttl": 60, **columns})["session_id"]
    t.verb("turn_begin", session_id=session, turn_id="t0")
    t.verb("turn_end", session_id=session, turn_id="t0", outcome="interrupted")
    t.verb("turn_begin", session_id=session, turn_id="t1", reserve=int(reserved))
    for kind in KINDS:
        t.verb("request_open", session_id=session, request_id=f"r-{kind}", kind=kind)
    if not reserved:
        t.verb("turn_steer", session_id=session, input="taken")
        t.verb("turn_take_input", session_id=session)
        for text in ("one", "two"):
            t.verb("turn_steer", session_id=session, input=text)
    for turn_id in ("t1", ""):
        t.sql("INSERT INTO tenure_grant (session_id, key, turn_id) VALUES (?, 'key', ?)", (session, turn_id))
    return session


def state(session, turn_id="t1"):
    return t.value("SELECT state FROM tenure_turn WHERE session_id = ? AND turn_id = ?", (session, turn_id))


def move(session, status, rest="", clause=""):
    """The raw statement that moves a session."""
    return (f"UPDATE{clause} tenure_session SET status = '{status}', revision = revision + 1{rest}"
            f" WHERE session_id = '{session}'")


def settled(session, want, name, since, reserved=False, at=None):
    """One test: t1 was settled as WANT, and took with it all that hung on it."""
    at = t.now if at is None else at
    faults = broken(t.db)
    got = t.sql("SELECT state, ended_at FROM tenure_turn WHERE session_id = ? AND turn_id = 't1'", (session,))
    if got != [(want, at)]:
        faults.append(f"the turn is {got}, not {want} at {at}")
    got = t.sql("SELECT kind, state, decision, resolved_at FROM tenure_request WHERE session_id = ?"
                " ORDER BY kind", (session,))
    if got != [(kind, "expired", default, at) for kind, default in KINDS.items()]:
        faults.append(f"the requests are {got}")
    got = t.sql("SELECT payload, state FROM tenure_turn_input WHERE session_id = ? ORDER BY seq", (session,))
    if got != ([] if reserved else [("taken", "consumed"), ("one", "leftover"), ("two", "leftover")]):
        faults.append(f"the input is {got}")
    got = t.sql("SELECT payload FROM tenure_history WHERE session_id = ? AND kind = 'leftover_input'"
                " ORDER BY seq", (session,))
    if got != ([] if reserved else [("one",), ("two",)]):
        faults.append(f"history has {got}")
    got = t.sql("SELECT turn_id FROM tenure_grant WHERE session_id = ? AND turn_id <> ''", (session,))
    if got != []:
        faults.append(f"turn grants are left: {got}")
    got = [row[0] for row in t.sql("SELECT event FROM tenure_event WHERE session_id = ? AND seq > ?"
                                   " AND turn_id = 't1' ORDER BY seq", (session, since))]
    if len(got) != 6 or not got[0].startswith("turn.") or got[1:] != ["request.expired"] * 5:
        faults.append(f"the log has {got}")
    if state(session, "t0") != "interrupted":
        faults.append("t0 had ended and changed")
    ok(not faults, name)
    for fault in faults:
        diag(fault)


def mark():
    return t.value("SELECT max(seq) FROM tenure_event")


# Every path out. The statement or verb; how the turn ends.
def by_verb(verb, **columns):
    return lambda session: t.verb(verb, **columns, **({} if verb == "start" else {"session_id": session}))


def by_sql(status, rest="", clause=""):
    return lambda session: t.sql(move(session, status, rest, clause))


PATHS = {
    "takeover": (60, by_verb("takeover", actor_id="bob", reason="r"), "interrupted"),
    "start by the stale owner": (60, by_verb("start", actor_id="ann", lease_ttl=60), "interrupted"),
    "resume of a stale session": (60, by_verb("resume", actor_id="ann"), "interrupted"),
    "clear by the owner": (5, by_verb("clear", actor_id="ann"), "interrupted"),
    "clear when stale": (60, by_verb("clear", actor_id="ann"), "interrupted"),
    "clear by force": (5, by_verb("clear", force=1, reason="r"), "interrupted"),
    "session.exited": (5, by_verb("provider_event", type="session.exited"), "interrupted"),
    "runtime.error": (5, by_verb("provider_event", type="runtime.error"), "error"),
    "state ready": (5, by_verb("provider_event", type="session.state.changed", state="ready"), "completed"),
    "turn.aborted": (5, by_verb("provider_event", type="turn.aborted", turn_id="t1"), "interrupted"),
    "turn.completed": (5, by_verb("provider_event", type="turn.completed", turn_id="t1"), "completed"),
    "turn_end": (5, by_verb("turn_end", turn_id="t1"), "completed"),
    "turn_end, late": (60, by_verb("turn_end", turn_id="t1", fence=1), "completed"),
    "turn_abort": (5, by_verb("turn_abort"), "interrupted"),
    "turn_begin with replace": (5, by_verb("turn_begin", turn_id="t2", replace=1), "interrupted"),
    "raw end of the turn": (5, lambda session: t.sql("UPDATE tenure_turn SET state = 'error'"
                                                         " WHERE turn_id = 't1'"), "error"),
}
for status in STATUSES:
    if status in ("idle", "starting", "running", "destroyed"):
        continue  # no edge leads there, or it allows a turn
    want = SETTLES.get(status, "interrupted")
    PATHS[f"transition to {status}"] = (5, by_verb("transition", status=status, actor_id="ann"), want)
    for clause in CLAUSES:
        PATHS[f"raw UPDATE{clause} to {status}"] = (5, by_sql(status, clause=clause), want)
for reason in "taken_over stale_reset host-death cleared forced idle".split():
    for status in ("exited", "failed", "stopped"):
        PATHS[f"raw {status}, {reason}"] = (5, by_sql(status, f", end_reason = '{reason}'"), "interrupted")
for reason in ("transition", "run"):
    for status, want in (("exited", "interrupted"), ("failed", "error"), ("stopped", "interrupted")):
        PATHS[f"raw {status}, {reason}"] = (5, by_sql(status, f", end_reason = '{reason}'"), want)

for path, (age, leave, want) in PATHS.items():
    for before in ("running", "starting", "reserved"):
        name = f"{path}: a {before} turn ends {want}"
        with t.situation(name):
            session = working(reserved=before == "reserved")
            if before == "starting":
                t.verb("transition", session_id=session, status="starting", actor_id="ann")
            t.clock(T0 + age)
            since = mark()
            leave(session)
            settled(session, want, name, since, before == "reserved")
            for turn_id in ("t0", "t1"):
                t.refused_sql("turn.ended", "UPDATE tenure_turn SET state = 'running', ended_at = NULL"
                              " WHERE turn_id = ?", (turn_id,), test=f"{path}: {turn_id} never reopens")
with t.situation("several sessions in one statement"):
    sessions = [working(scope=scope) for scope in "abc"]
    since = mark()
    t.sql("UPDATE tenure_session SET status = 'error', revision = revision + 1")
    for session in sessions:
        settled(session, "error", "each of several sessions in one statement", since)
with t.situation("staying where a turn is allowed"):
    session = working()
    for status in ("starting", "running"):
        t.sql(move(session, status))
        is_((state(session), broken(t.db)), ("running", []), f"running through {status} settles nothing")
    t.verb("heartbeat", actor_id="ann", fence=1)
    t.verb("start", actor_id="ann", lease_ttl=60)
    is_(state(session), "running", "nor does a heartbeat or a joining start")
with t.situation("a turn that ended well stays so"):
    session = working()
    t.verb("turn_end", session_id=session, turn_id="t1")
    t.clock(T0 + 60)
    t.verb("takeover", actor_id="bob", reason="r")
    is_(state(session), "completed", "a turn that was completed stays so after a takeover")
with t.situation("collection"):
    session, other = working(scope="a"), working(scope="b")
    t.verb("turn_request_start", session_id=other)
    t.verb("provider_event", session_id=session, type="session.exited", event_id="e")
    t.sql("DELETE FROM tenure_session WHERE session_id = ?", (session,))
    tables = ["turn", "pending_start", "turn_input", "request", "grant", "history", "provider_seen"]
    is_([name for name in tables
         if t.sql(f"SELECT 1 FROM tenure_{name} WHERE session_id = ?", (session,))], [],
        "with a collected session goes all that it did")
    is_((state(other), len(t.sql("SELECT 1 FROM tenure_request"))), ("running", 5), "and nothing else")

# Raw statements on turns.
def insert(session, clause="", **columns):
    row = {"session_id": session, "turn_id": "t2", "incarnation": 1, "state": "running", "started_at": t.now,
           **columns}
    return (f"INSERT{clause} INTO tenure_turn ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",
            tuple(row.values()))


for status in STATUSES:
    for asked in ("running", "reserved"):
        with t.situation(f"raw INSERT {asked} in {status}"):
            session = t.in_status(status, actor_id="ann", lease_ttl=60)
            for clause in CLAUSES[:-1] if status not in ("running", "starting") else ("",):
                sql, params = insert(session, clause, state=asked)
                if status in ("running", "starting"):
                    t.sql(sql, params)
                    is_(state(session, "t2"), asked, f"raw INSERT of a {asked} turn in {status}")
                else:
                    t.refused_sql("turn.not_allowed", sql, params, [status],
                                  f"INSERT{clause} of a {asked} turn in {status}")
            sql, params = insert(session, turn_id="t3", state="completed", ended_at=t.now)
            t.sql(sql, params)
            is_(state(session, "t3"), "completed", f"raw INSERT of an ended turn in {status}")
with t.situation("raw INSERT"):
    session = working()
    for clause in CLAUSES[:-1]:
        for code, columns in (("turn.busy", {}), ("turn.busy", {"state": "reserved"}),
                              ("write.exists", {"turn_id": "t1"}), ("write.exists", {"turn_id": "t0"}),
                              ("write.exists", {"turn_id": "t0", "state": "completed", "ended_at": T0}),
                              ("turn.missing", {"session_id": "ses_x"}),
                              ("fence.session", {"incarnation": 2, "state": "error", "ended_at": T0}),
                              ("write.turn", {"ended_at": T0}), ("write.turn", {"state": "completed"}),
                              ("opt.blank_id", {"turn_id": " "}), ("opt.bad_id", {"turn_id": "a\n"})):
            sql, params = insert(session, clause, **columns)
            t.refused_sql(code, sql, params, test=f"INSERT{clause} of turn {columns}: {code}")
    for turn_id in ("t0", "t1", "t2"):
        sql, params = insert(session, " OR REPLACE", turn_id=turn_id)
        t.refused_sql("turn.busy" if turn_id == "t2" else "write.exists", sql, params,
                      test=f"REPLACE of turn {turn_id}")
with t.situation("raw UPDATE"):
    session = working()
    other = working(scope="other")
    for clause in CLAUSES[:-1] + (" OR REPLACE",):
        for code, change, turn_id in (
                ("write.fixed", "session_id = 'ses_x'", "t1"), ("write.fixed", "turn_id = 't9'", "t1"),
                ("write.fixed", "kind = 'review'", "t1"),
                ("write.fixed", "turn_id = 't0'", "t1"), ("write.fixed", "incarnation = 2", "t1"),
                ("write.fixed", "turn_id = 't1'", "t0"), ("write.fixed", f"session_id = '{other}'", "t1"),
                ("turn.ended", "state = 'completed'", "t0"), ("turn.ended", "ended_at = NULL", "t0"),
                ("turn.ended", "state = 'running', ended_at = NULL", "t0"),
                ("turn.ended", "last_agent_message = 'x'", "t0"), ("turn.ended", "used_total = 0", "t0"),
                ("write.turn", "ended_at = 5", "t1"), ("write.turn", "state = 'reserved'", "t1"),
                ("write.stamp", "started_at = started_at - 1", "t1"),
                ("write.stamp", f"state = 'completed', ended_at = {t.now + 1}", "t1")):
            t.refused_sql(code, f"UPDATE{clause} tenure_turn SET {change} WHERE session_id = ?"
                          " AND turn_id = ?", (session, turn_id), test=f"UPDATE{clause} {turn_id} {change}")
    t.refused_sql("turn.ended", "UPDATE tenure_turn SET state = 'completed'", test="all turns at once")
    for sql in ("DELETE FROM tenure_turn", "DELETE FROM tenure_turn WHERE turn_id = 't0'",
                "DELETE FROM tenure_turn WHERE turn_id = 't1'"):
        t.refused_sql("write.delete", sql)
with t.situation("raw end with its time"):
    session = working()
    t.verb("usage", session_id=session, input=3, output=4)
    t.clock(t.now + 5)
    t.sql("UPDATE tenure_turn SET state = 'completed', ended_at = ? WHERE turn_id = 't1'", (t.now - 2,))
    is_(t.sql("SELECT state, ended_at, used_total FROM tenure_turn WHERE turn_id = 't1'"), [("completed", t.now - 2, 7)],
        "a turn can be ended with its time")
    for change in ("used_total = 0", "ended_at = ended_at + 1", "state = 'error'"):
        t.refused_sql("turn.ended", f"UPDATE tenure_turn SET {change} WHERE turn_id = 't1'",
                      test=f"and is over then: {change}")
    t.sql("CREATE TEMP TRIGGER theirs AFTER INSERT ON main.tenure_event WHEN NEW.event = 'turn.completed' BEGIN"
          " UPDATE tenure_turn SET used_total = 0 WHERE turn_id = NEW.turn_id; END")
    t.verb("turn_begin", session_id=session, turn_id="t5")
    t.refused("turn.ended", "turn_end", session_id=session, turn_id="t5",
              test="what it used is told once, also to a trigger that runs meanwhile")
with t.situation("raw writes on another clock"):
    session = working()
    t.clock(None)
    for change in ("last_agent_message = 'x'", "state = 'error'", "started_at = started_at"):
        t.refused_sql("usage.clock", f"UPDATE tenure_turn SET {change} WHERE turn_id = 't1'",
                      test=f"UPDATE t1 {change}: usage.clock")
    sql, params = insert(session, turn_id="t3", state="completed", ended_at=T0)
    t.refused_sql("usage.clock", sql, params, test="INSERT of an ended turn: usage.clock")
with t.situation("the mark of a completion is not for callers"):
    session = working()
    for sql in ("UPDATE tenure_turn SET turn_id = 't8' WHERE turn_id = 't1'"
                " AND tenure_effect('completion') IS NULL",
                "UPDATE tenure_turn SET ended_at = 5 WHERE turn_id = 't1'"
                " AND tenure_effect('completion') IS NULL",
                "UPDATE tenure_turn SET last_agent_message = coalesce(tenure_effect('completion'), 'x')"
                " WHERE turn_id = 't0'",
                "UPDATE tenure_session SET owner_id = 'bob' WHERE tenure_effect('completion') IS NULL"):
        before = t.dump()
        try:
            t.sql(sql)
        except sqlite3.Error:
            pass
        ok(t.dump() == before, f"no effect by hand: {sql}")
with t.situation("what the verbs use among themselves is not for callers"):
    session = working()
    row = {"session_id": session, "turn_id": "t1", "how": "open", "state": "completed", "turns": "keep",
           "status": "ready", "reason": "interrupted", "kind": "regular", "attempt": 1}
    for view in """turn_begin_judged turn_abort_judged turn_end_judged turn_input_taking provider_event_found
                   provider_event_judged provider_event_answered request_opening request_resolving
                   usage_added""".split():
        names = [name for (name,) in t.sql("SELECT name FROM pragma_table_info(?)", (f"tenure_{view}",))]
        t.refused_sql("usage.internal", f"INSERT INTO tenure_{view} VALUES ({', '.join('?' * len(names))})",
                      [row.get(name) for name in names], test=f"tenure_{view} by hand")
with t.situation("reserved to running, raw"):
    session = working(reserved=True)
    t.sql("UPDATE tenure_turn SET state = 'running' WHERE turn_id = 't1'")
    is_((state(session), t.value("SELECT event FROM tenure_event ORDER BY seq DESC")),
        ("running", "turn.started"), "a reserved turn may begin by a raw UPDATE, which is logged")

# Raw statements on requests.
def ask(session, clause="", **columns):
    row = {"session_id": session, "request_id": "r9", "attempt": 1, "incarnation": 1, "turn_id": "t1",
           "kind": "approval", "state": "pending", "created_at": t.now, **columns}
    row = {name: value for name, value in row.items() if value is not None}
    return (f"INSERT{clause} INTO tenure_request ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",
            tuple(row.values()))


with t.situation("raw requests"):
    session = working()
    t.verb("request_resolve", session_id=session, request_id="r-approval", decision="denied")
    for clause in CLAUSES[:-1] + (" OR REPLACE",):
        for code, columns in (("write.exists", {"request_id": "r-approval"}),
                              ("write.exists", {"request_id": "r-permission"}),
                              ("write.exists", {"request_id": "r-permission", "attempt": 2}),
                              ("write.request", {"turn_id": "t0"}), ("write.request", {"turn_id": "t9"}),
                              ("write.request", {"turn_id": None}),
                              ("write.request", {"state": "resolved", "decision": "approved", "resolved_at": T0}),
                              ("turn.missing", {"session_id": "ses_x"}),
                              ("opt.blank_id", {"request_id": " "})):
            sql, params = ask(session, clause, **columns)
            t.refused_sql(code, sql, params, test=f"INSERT{clause} of request {columns}: {code}")
        for code, change, request in (
                ("write.fixed", "request_id = 'x'", "permission"), ("write.fixed", "attempt = 2", "permission"),
                ("write.fixed", "turn_id = NULL", "permission"), ("write.fixed", "turn_id = 't0'", "permission"),
                ("write.fixed", "kind = 'approval'", "permission"),
                ("write.fixed", "request_id = 'r-tool_call'", "permission"),
                ("write.fixed", "incarnation = 2", "permission"),
                ("write.request", "state = 'pending', decision = NULL, resolved_at = NULL", "approval"),
                ("write.request", "state = 'expired'", "approval"),
                ("write.request", "decision = 'approved'", "approval")):
            t.refused_sql(code, f"UPDATE{clause} tenure_request SET {change} WHERE request_id = ?",
                          (f"r-{request}",), test=f"UPDATE{clause} request {request} {change}")
    t.verb("request_open", session_id=session, request_id="r-elicitation", kind="elicitation")
    for change in ("state = 'pending', decision = NULL, resolved_at = NULL", "state = 'resolved'",
                   "decision = 'accepted'", "resolved_at = resolved_at + 1"):
        t.refused_sql("write.request", f"UPDATE tenure_request SET {change} WHERE request_id = 'r-elicitation'"
                      " AND attempt = 1", test=f"UPDATE of an expired request: {change}")
    t.refused_sql("write.delete", "DELETE FROM tenure_request")
    t.refused_sql("write.delete", "DELETE FROM tenure_request WHERE state = 'pending'")
    sql, params = ask(session)
    t.sql(sql, params)
    is_(t.outcome("request_resolve", session_id=session, request_id="r9", decision="denied")["applied"], True,
        "a raw request under the open turn is one")
with t.situation("raw expiry fails closed"):
    session = working()
    try:
        t.sql("UPDATE tenure_request SET state = 'expired', decision = 'approved', resolved_at = ?"
              " WHERE request_id = 'r-approval'", (t.now,))
    except sqlite3.Error:
        pass
    ok(not t.sql("SELECT 1 FROM tenure_request WHERE state = 'expired' AND decision = 'approved'"),
       "a request cannot expire as approved")
    sql, params = ask(session, state="expired", decision="approved", resolved_at=t.now)
    try:
        t.sql(sql, params)
    except sqlite3.Error:
        pass
    ok(not t.sql("SELECT 1 FROM tenure_request WHERE state = 'expired' AND decision = 'approved'"),
       "nor be born so")

# Raw statements on input, starts, grants and history.
with t.situation("raw input"):
    session = working()
    add = ("INSERT{} INTO tenure_turn_input (session_id, turn_id, seq, payload, at, state)"
           f" VALUES ('{session}', '{{}}', {{}}, 'x', 1, '{{}}')")
    for clause in CLAUSES[:-1] + (" OR REPLACE",):
        for code, *values in (("write.input", "t0", 1, "pending"), ("write.input", "t9", 1, "pending"),
                              ("write.input", "t1", 4, "consumed"), ("write.input", "t1", 4, "leftover"),
                              ("write.exists", "t1", 1, "pending")):
            t.refused_sql(code, add.format(clause, *values), test=f"INSERT{clause} of input {values}: {code}")
        for change in ("payload = 'x'", "seq = 9", "seq = 2", "turn_id = 't0'", "at = 0", "session_id = 'x'",
                       "state = 'pending'", "state = 'leftover'"):
            t.refused_sql("write.fixed", f"UPDATE{clause} tenure_turn_input SET {change} WHERE seq = 1",
                          test=f"UPDATE{clause} of input {change}")
    t.refused_sql("write.delete", "DELETE FROM tenure_turn_input")
    t.sql(add.format("", "t1", 4, "pending"))
    is_([i["seq"] for i in t.verb("turn_take_input", session_id=session)["input"]], [2, 3, 4],
        "raw input of the running turn is input")
with t.situation("raw input of a reserved turn"):
    session = working(reserved=True)
    t.refused_sql("write.input", "INSERT INTO tenure_turn_input (session_id, turn_id, seq, payload, at)"
                  " VALUES (?, 't1', 1, 'x', 1)", (session,))
with t.situation("one pending start"):
    session = working()
    add = "INTO tenure_pending_start (session_id, message_id, requested_at) VALUES (?, ?, ?)"
    t.sql(f"INSERT {add}", (session, "m1", T0))
    try:
        t.sql(f"INSERT {add}", (session, "m2", T0))
    except sqlite3.IntegrityError:
        pass
    is_(t.sql("SELECT message_id FROM tenure_pending_start"), [("m1",)], "there is one pending start at most")
    t.sql(f"REPLACE {add}", (session, "m2", T0))
    is_(t.sql("SELECT message_id FROM tenure_pending_start"), [("m2",)], "the latest wins")
with t.situation("raw history"):
    session = working()
    t.verb("turn_abort", session_id=session)
    add = "INTO tenure_history (session_id, seq, kind, at) VALUES (?, 1, 'turn_aborted', 1)"
    for clause in CLAUSES:
        t.refused_sql("write.exists", f"INSERT{clause} {add}", (session,), test=f"INSERT{clause} over history")
        for change in ("payload = 'x'", "seq = seq + 1", "kind = 'x'"):
            t.refused_sql("write.append_only", f"UPDATE{clause} tenure_history SET {change}",
                          test=f"UPDATE{clause} of history {change}")
    before = t.dump()
    try:
        t.sql("DELETE FROM tenure_history")
    except sqlite3.Error:
        pass
    ok(t.dump() == before, "history of a session that is still there cannot be deleted")

# No row that can be reached keeps a session from being left (02, "What must hold").
WAYS = {"clear": {"actor_id": "ann"}, "takeover": {"actor_id": "bob", "reason": "r"},
        "start": {"actor_id": "ann", "lease_ttl": 60}, "turn_end": {"turn_id": "t1"}, "turn_abort": {}}
HOSTILE = {
    "history at its last number":
        ("INSERT INTO tenure_history (session_id, seq, kind, at) VALUES (:s, 9223372036854775807, 'x', 1)",),
    "input at its last number":
        ("INSERT INTO tenure_turn_input (session_id, turn_id, seq, payload, at)"
         " VALUES (:s, 't1', 9223372036854775807, 'x', 1)",),
    "a request at its last attempt":
        ("INSERT INTO tenure_request (session_id, request_id, attempt, incarnation, turn_id, kind, state,"
         " created_at) VALUES (:s, 'last', 9223372036854775807, 1, 't1', 'approval', 'pending', 1)",),
    "a request of the far future":
        ("INSERT INTO tenure_request (session_id, request_id, attempt, incarnation, turn_id, kind, state,"
         " created_at) VALUES (:s, 'far', 1, 1, 't1', 'approval', 'pending', 9223372036854775807)",),
    "a turn from the far future":
        ("UPDATE tenure_turn SET started_at = 9223372036854775807 WHERE turn_id = 't1'",),
    "usage below nothing at start":
        ("UPDATE tenure_turn SET start_input = -9223372036854775807, start_total = -9223372036854775807"
         " WHERE turn_id = 't1'",
         "UPDATE tenure_session SET usage_input = 9223372036854775807, usage_total = 9223372036854775807,"
         " revision = revision + 1 WHERE session_id = :s"),
    "cost without end":
        ("UPDATE tenure_turn SET start_cost_usd = 9e999 WHERE turn_id = 't1'",
         "UPDATE tenure_session SET usage_cost_usd = 9e999, revision = revision + 1 WHERE session_id = :s"),
}
for hostile, statements in HOSTILE.items():
    for way, columns in WAYS.items():
        name = f"{hostile}: {way} still works"
        with t.situation(name):
            session = working()
            try:
                for sql in statements:
                    t.db.execute(sql, {"s": session})
            except sqlite3.Error:
                pass  # refused, so it cannot be reached
            t.clock(T0 + 60)
            t.verb(way, **columns, **({} if way == "start" else {"session_id": session}))
            is_((state(session) in ("completed", "interrupted"), broken(t.db)), (True, []), name)

# What is computed: tenure_thread_status. Codex's matrix, section 7.
def thread(session):
    return t.sql("SELECT thread_status, waiting_on_approval, waiting_on_user_input FROM tenure_thread_status"
                 " WHERE session_id = ?", (session,))[0]


for status in STATUSES:
    with t.situation(f"thread status of {status}"):
        session = t.in_status(status, actor_id="ann", lease_ttl=60)
        want = "not_loaded" if status in TERMINAL else "system_error" if status == "error" else "idle"
        is_(thread(session), (want, 0, 0), f"{status} without a turn: {want}")
for reserve in (0, 1):
    for kinds in ([], ["approval"], ["user_input"], ["approval", "user_input"], ["permission"],
                  ["approval", "approval"]):
        with t.situation(f"thread status, waiting on {kinds}"):
            session = t.verb("start", actor_id="ann", lease_ttl=60)["session_id"]
            t.verb("turn_begin", session_id=session, turn_id="t1", reserve=reserve)
            for i, kind in enumerate(kinds):
                t.verb("request_open", session_id=session, request_id=f"r{i}", kind=kind)
            flags = int(bool({"approval", "permission"} & set(kinds))), int("user_input" in kinds)
            is_(thread(session), ("active", *flags), f"an open turn (reserve {reserve}), waiting on {kinds}")
            for i, kind in enumerate(kinds):
                t.verb("request_resolve", session_id=session, request_id=f"r{i}",
                       decision="approved" if kind == "approval" else "x")
            is_(thread(session), ("active", 0, 0), f"answered: {kinds}")
            t.verb("turn_end", session_id=session, turn_id="t1", outcome="failed")
            is_(thread(session), ("system_error", 0, 0), f"a failed turn after {kinds}")
            t.verb("turn_begin", session_id=session, turn_id="t2")
            is_(thread(session), ("active", 0, 0), "a new turn clears the system error")
            t.verb("clear", session_id=session, actor_id="ann")
            is_(thread(session), ("not_loaded", 0, 0), "an ended session is not loaded")

# tenure_turn_effective, and that both views agree: an active thread has its turn in progress.
def effective(session):
    return dict(t.sql("SELECT turn_id, state FROM tenure_turn_effective WHERE session_id = ?", (session,)))


for reserved in (False, True):
    kind = "reserved" if reserved else "running"
    for name, age, process, want in (("live", 59, {}, kind), ("stale", 60, {}, "interrupted"),
                                     ("from the future", -61, {}, "interrupted"),
                                     ("of a dead process", 1, t.dead_process(), "interrupted")):
        with t.situation(f"{kind} {name}"):
            session = working(reserved=reserved, **process)
            t.clock(T0 + age)
            is_(effective(session), {"t0": "interrupted", "t1": want}, f"a {kind} turn, {name}: {want}")
            is_(state(session), kind, "and nothing is stored")
            is_(t.value("SELECT active_turn_id FROM tenure_thread_status"), "t1" if want == kind else None,
                f"the active turn of the thread, {name}")
            shown = thread(session)[0]
            is_(shown == "active", want == kind, f"the thread of a {kind} turn, {name}, is not shown active"
                if want != kind else f"the thread of a {kind} turn, {name}, is active")
with t.situation("effective after an end"):
    session = working()
    t.verb("turn_end", session_id=session, turn_id="t1", outcome="failed")
    is_(effective(session), {"t0": "interrupted", "t1": "error"}, "an ended turn reads as it is stored")
    t.clock(T0 + 60)
    is_(effective(session), {"t0": "interrupted", "t1": "error"}, "also when the session is stale")

done()
