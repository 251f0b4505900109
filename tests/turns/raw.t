#!/usr/bin/python3
"""Plain statements on the tables that hang on turns: requests, input, history. What a verb would not do is
refused by name, and what belongs to a session goes with its row, only then."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import done, is_  # noqa: E402
from tenure import T0, Tenure  # noqa: E402

t = Tenure()
TABLES = "turn turn_input request history pending_start grant provider_seen".split()


def working():
    """A session with the open turn t1 and a row in every table that hangs on turns."""
    session = t.verb("start", actor_id="ann", lease_ttl=60)["session_id"]
    t.verb("turn_begin", session_id=session, turn_id="t1")
    t.verb("request_open", session_id=session, request_id="r1", kind="approval")
    t.verb("turn_steer", session_id=session, input="i")
    t.verb("turn_take_input", session_id=session)
    t.verb("turn_request_start", session_id=session, message_id="m")
    t.verb("provider_event", session_id=session, type="runtime.error", turn_id="t9", event_id="e1")
    t.sql("INSERT INTO tenure_grant (session_id, key, turn_id) VALUES (?, 'key', 't1')", (session,))
    t.sql("INSERT INTO tenure_history (session_id, seq, turn_id, kind, at) VALUES"
          " (?, 1 + (SELECT coalesce(max(seq), 0) FROM tenure_history), 't1', 'note', session_now())", (session,))
    return session


def request(session, **columns):
    row = {"session_id": session, "incarnation": 1, "request_id": "r2", "attempt": 1, "turn_id": "t1",
           "kind": "approval", "state": "pending", "created_at": t.now} | columns
    return (f"INSERT INTO tenure_request ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",
            tuple(row.values()))


with t.situation("requests by hand", healthy=False):
    session = working()
    for name, columns, code in (
            ("an unknown session", {"session_id": "ses_x"}, "turn.missing"),
            ("a first attempt that is not the first", {"attempt": 2}, "write.request"),
            ("attempt 0", {"attempt": 0}, "write.request"),
            ("an attempt that was", {"request_id": "r1"}, "write.exists"),
            ("another one while one is pending", {"request_id": "r1", "attempt": 2}, "write.exists"),
            ("one that is resolved already", {"state": "resolved", "decision": "approved"}, "write.request"),
            ("no open turn", {"turn_id": "t0"}, "write.request"),
            ("another incarnation", {"incarnation": 9}, "fence.session"),
            ("a time that has not come", {"created_at": t.now + 1}, "write.stamp"),
            ("an end before its beginning", {"state": "expired", "decision": "denied", "resolved_at": t.now - 1},
             "write.stamp"),
            ("an end that has not come", {"state": "expired", "decision": "denied", "resolved_at": t.now + 1},
             "write.stamp"),
            ("a payload that is no text", {"payload": "a\0b"}, "opt.text")):
        t.refused_sql(code, *request(session, **columns), test=f"a request by hand, {name}: {code}")
    t.verb("request_resolve", session_id=session, request_id="r1", decision="approved")
    t.refused_sql("write.request", *request(session, request_id="r1", attempt=3), test="an attempt left out")
    t.sql(*request(session, request_id="r1", attempt=2))
    is_(t.sql("SELECT attempt, state FROM tenure_request ORDER BY attempt"), [(1, "resolved"), (2, "pending")],
        "the next attempt is right")
    for at in (t.now - 1, t.now + 1):
        t.refused_sql("write.stamp", "UPDATE tenure_request SET state = 'resolved', decision = 'denied', resolved_at = ?"
                      " WHERE state = 'pending'", (at,), test=f"an answer at another time, {at - t.now:+}")
    t.clock(None)
    t.refused_sql("usage.clock", *request(session, request_id="r3"), test="a request from the other clock")
    t.refused_sql("usage.clock", "UPDATE tenure_request SET state = 'resolved', decision = 'denied', resolved_at = ?"
                  " WHERE state = 'pending'", (t.now,), test="an answer from the other clock")

with t.situation("turns by hand"):
    session = t.verb("start", actor_id="ann", lease_ttl=60)["session_id"]
    turn = ("INSERT INTO tenure_turn (session_id, turn_id, incarnation, state, started_at, ended_at)"
            " VALUES (?, 't1', 1, ?, ?, ?)")
    t.refused_sql("write.stamp", turn, (session, "running", t.now + 1, None), test="a turn begins ahead of the clock")
    t.refused_sql("write.stamp", turn, (session, "completed", t.now, t.now + 1), test="or ends ahead of it")
    t.refused_sql("write.stamp", turn, (session, "completed", t.now, t.now - 1), test="or ends before it begins")
    t.sql(turn, (session, "reserved", t.now, None))
    t.refused_sql("write.stamp", "UPDATE tenure_turn SET state = 'running', started_at = started_at + 1",
                  test="nor is it moved ahead")
    t.clock(t.now + 5)
    t.sql("UPDATE tenure_turn SET state = 'running', started_at = started_at + 5")
    is_(t.value("SELECT started_at FROM tenure_turn"), t.now, "it begins by the clock")
    begun = t.now
    t.clock(t.now + 60)
    t.verb("takeover", scope="main", actor_id="bob", reason="silent")
    t.sql(turn.replace("'t1'", "'t2'"), (session, "completed", begun, begun + 9))
    is_(t.sql("SELECT turn_id, state FROM tenure_turn"), [("t1", "interrupted"), ("t2", "completed")],
        "what is over may be told late, also of a session whose scope was taken")

with t.situation("what is remembered of a session"):
    session = working()
    for table, columns in (("grant", "session_id, key"), ("pending_start", "session_id, requested_at"),
                           ("provider_seen", "session_id, event_id, at")):
        values = ", ".join(["'ses_x'"] + ["1"] * columns.count(","))
        t.refused_sql("turn.missing", f"INSERT INTO tenure_{table} ({columns}) VALUES ({values})",
                      test=f"tenure_{table}: not of a session that there is not")
        t.refused_sql("write.fixed", f"UPDATE tenure_{table} SET session_id = session_id",
                      test=f"tenure_{table} is not rewritten")
        t.sql(f"DELETE FROM tenure_{table}")
        is_(t.value(f"SELECT count(*) FROM tenure_{table}"), 0, f"tenure_{table} may be forgotten")
    t.verb("clear", actor_id="ann")
    pending = "INSERT INTO tenure_pending_start (session_id, requested_at) VALUES (?, 1)"
    t.refused_sql("turn.not_allowed", pending, (session,), says=[session, "exited"],
                  test="no start is asked for of a session that has ended")
    for status in "error", "interrupted":
        other = t.verb("start", scope=status, actor_id="ann", lease_ttl=60)["session_id"]
        t.verb("transition", session_id=other, status=status, actor_id="ann")
        t.refused_sql("turn.not_allowed", pending, (other,), says=[other, status], test=f"nor of one that is in {status}")

with t.situation("from the other clock"):
    session = t.verb("start", actor_id="ann", lease_ttl=60)["session_id"]
    t.verb("turn_begin", session_id=session, turn_id="t1")
    t.verb("turn_steer", session_id=session, input="x")
    t.clock(None)
    for sql in ("INSERT INTO tenure_grant (session_id, key) VALUES (?1, 'k')",
                "INSERT INTO tenure_pending_start (session_id, requested_at) VALUES (?1, 1)",
                "INSERT INTO tenure_turn_input (session_id, turn_id, seq, payload, at) VALUES (?1, 't1', 2, 'y', 1)",
                "UPDATE tenure_turn_input SET state = 'consumed' WHERE session_id = ?1",
                "INSERT INTO tenure_baseline (session_id, name, digest, at) VALUES (?1, 'n', 'd', 1)",
                "INSERT INTO tenure_baseline_set (session_id, name, digest) VALUES (?1, 'n', 'd')"):
        t.refused_sql("usage.clock", sql, (session,), says=["machine", "virtual"], test=f"from the other clock: {sql[:50]}")

with t.situation("input by hand"):
    session = t.verb("start", actor_id="ann", lease_ttl=60)["session_id"]
    t.verb("turn_begin", session_id=session, turn_id="t1")
    t.verb("turn_steer", session_id=session, input="x")
    t.refused_sql("write.input", "UPDATE tenure_turn_input SET state = 'leftover'", says=["t1"],
                  test="no input of an open turn is left over")
    put = "INSERT INTO tenure_turn_input (session_id, turn_id, seq, payload, at) VALUES (?, ?, ?, ?, 1)"
    t.refused_sql("write.input", put, (session, "t1", 2, " \t"), says=["t1"], test="no blank input")
    t.verb("turn_end", session_id=session, turn_id="t1")
    t.verb("turn_begin", session_id=session, turn_id="t2", kind="review")
    t.refused_sql("write.input", put, (session, "t2", 1, "x"), says=["t2"], test="none for a review")

with t.situation("grants by hand"):
    session = t.verb("start", actor_id="ann", lease_ttl=60)["session_id"]
    t.verb("turn_begin", session_id=session, turn_id="t1")
    grant = "INSERT INTO tenure_grant (session_id, key, turn_id) VALUES (?, ?, ?)"
    t.refused_sql("opt.text", grant.replace("(?, ?,", "(?, CAST(? AS TEXT),"), (session, b"\xff", ""), says=["key"],
                  test="no grant for a key that is no text")
    t.refused_sql("write.grant", grant, (session, "k", "t9"), says=["t9"], test="no grant for a turn that nobody knows")
    t.sql(grant, (session, "k", "t1"))
    is_(t.sql("SELECT granted FROM session_granted(?, '[\"k\"]')", (session,)), [(1,)], "one for the open turn counts")
    t.verb("turn_end", session_id=session, turn_id="t1")
    t.refused_sql("write.grant", grant, (session, "k", "t1"), says=["t1"], test="nor for one that is over")
    t.sql(grant, (session, "k", ""))
    is_(t.value("SELECT count(*) FROM tenure_event WHERE event = 'grant.given'"), 2, "each that is given is in the log")

with t.situation("texts by hand"):
    session = t.verb("start", actor_id="ann", lease_ttl=60)["session_id"]
    turn = ("INSERT INTO tenure_turn (session_id, turn_id, incarnation, state, started_at, {}) VALUES"
            " (?, 't1', 1, 'running', ?, ?)")
    for bad in ("a\0b", "x" * (1 << 20) + "x"):
        for column in ("message_id", "last_agent_message"):
            t.refused_sql("opt.text", turn.format(column), (session, t.now, bad), test=f"{column} of a turn")
        t.refused_sql("opt.text", "INSERT INTO tenure_pending_start (session_id, message_id, requested_at)"
                      " VALUES (?, ?, ?)", (session, bad, t.now), test="message_id of a start that is asked for")
    t.sql(turn.format("message_id"), (session, t.now, "m"))
    t.verb("request_open", session_id=session, request_id="r", kind="user_input")
    t.sql("INSERT INTO tenure_turn_input (session_id, turn_id, seq, payload, at) VALUES (?, 't1', 1, 'x', 1)", (session,))
    for bad in ("a\0b", "x" * (1 << 20) + "x"):
        for change in ("tenure_turn SET message_id", "tenure_turn SET last_agent_message", "tenure_request SET payload",
                       "tenure_request SET state = 'resolved', resolved_at = created_at, decision"):
            t.refused_sql("opt.text", f"UPDATE {change} = ?", (bad,), test=f"UPDATE {change}")
        t.refused_sql("opt.text", "INSERT INTO tenure_turn_input (session_id, turn_id, seq, payload, at)"
                      " VALUES (?, 't1', 2, ?, 1)", (session, bad), test="what is said to a turn")
    t.verb("turn_end", session_id=session, turn_id="t1")
    is_(t.value("SELECT state FROM tenure_turn"), "completed", "and nothing stands in the way of its end")

with t.situation("what belongs to a session", healthy=False):
    session = working()
    for table in TABLES:
        is_(t.value(f"SELECT count(*) > 0 FROM tenure_{table}"), 1, f"tenure_{table} has a row")
    for table in ("turn", "turn_input", "request", "history"):
        code = "write.append_only" if table == "history" else "write.delete"
        t.refused_sql(code, f"DELETE FROM tenure_{table}", test=f"tenure_{table} by hand: {code}")
    t.verb("clear", session_id=session, actor_id="ann")
    t.sql("DELETE FROM tenure_session")
    is_([table for table in TABLES if t.value(f"SELECT count(*) FROM tenure_{table}")], [],
        "nothing outlives the row of the session")

with t.situation("a NULL that OR REPLACE would turn into a default"):
    session = t.verb("start", actor_id="ann", lease_ttl=60)["session_id"]
    t.verb("turn_begin", session_id=session, turn_id="t1", kind="review")
    for table, column in (("turn", "kind"), ("turn", "start_total"), ("turn", "state")):
        t.refused_sql("write.null", f"UPDATE OR REPLACE tenure_{table} SET {column} = NULL",
                      test=f"tenure_{table}.{column}")
    t.verb("turn_begin", session_id=session, turn_id="t2", replace=1)
    t.verb("turn_steer", session_id=session, input="i")
    t.verb("turn_take_input", session_id=session)
    t.refused_sql("write.null", "UPDATE OR REPLACE tenure_turn_input SET state = NULL",
                  test="consumed input does not wait again")

with t.situation("what stands there already"):
    working()
    before = t.value("SELECT count(*) FROM tenure_event")
    for table in ("turn", "turn_input", "request"):
        t.sql(f"UPDATE tenure_{table} SET state = state")
    is_(t.value("SELECT count(*) FROM tenure_event"), before, "a state that stays the same is no event")

with t.situation("a turn reserved twice"):
    session = t.verb("start", actor_id="ann", lease_ttl=60)["session_id"]
    for at, name in ((T0, "reserved"), (T0 + 5, "reserved again")):
        t.clock(at)
        report = t.verb("turn_begin", session_id=session, turn_id="t1", reserve=1)
        is_((report["state"], report["started_at_epoch_s"]), ("reserved", T0), f"{name}: since the first time")
    is_(t.value("SELECT status FROM tenure_session"), "starting", "it is still to start")
done()
