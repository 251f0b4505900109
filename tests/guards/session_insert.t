#!/usr/bin/python3
"""Raw INSERTs of sessions (02, "Raw writes"): create's rules meet them, whatever their conflict clause."""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from raw import CLAUSES, Raw, insert_sql, interactive, session  # noqa: E402
from tap import done, is_  # noqa: E402
from tenure import INT_MAX, STATUSES, T0, TTL_MAX, FAR  # noqa: E402

t = Raw()
LONG = "x" * 201

# A column with a value -> what becomes of the INSERT. The row is otherwise of the right shape.
ROWS = [
    # Plain rows, and what may be chosen in them.
    ({}, "ok"), ({"scope": None}, "ok"), ({"session_id": "foreign id 1"}, "ok"),
    ({"owner_kind": "runtime_supervisor", "supervisor_id": "bob"}, "ok"),
    ({"strict": 1, "mode": "research", "label": "l", "command": "c", "cwd": "/", "token_budget": 0} | FAR,
     "ok"),
    ({"rate_limits": '{"a": 1}'}, "ok"), ({"rate_limits": "oops"}, "opt.rate_limits"),
    ({"lease_ttl": 1}, "ok"), ({"lease_ttl": TTL_MAX}, "ok"), ({"parent_session_id": "ses_other"}, "ok"),
    ({"started_at": 0, "last_started_at": 5, "last_heartbeat_at": 5, "changed_at": 5}, "ok"),
    # Who holds it.
    ({"owner_id": None}, "NOT NULL"), ({"owner_id": ""}, "opt.blank_id"),
    ({"owner_id": " \t "}, "opt.blank_id"),
    ({"owner_id": "interactive"}, "opt.bad_id"), ({"owner_id": LONG}, "opt.bad_id"),
    ({"owner_id": "a\nb"}, "opt.bad_id"), ({"owner_id": "a\0b"}, "opt.bad_id"),
    ({"owner_kind": "interactive"}, "CHECK"), ({"owner_kind": "daemon"}, "CHECK"),
    ({"supervisor_id": " "}, "opt.blank_id"), ({"supervisor_id": LONG}, "opt.bad_id"),
    ({"supervisor_id": "\x1b[2J"}, "opt.bad_id"), ({"session_id": ""}, "opt.blank_id"),
    ({"session_id": "a\x9bb"}, "opt.bad_id"), ({"session_id": None}, "NOT NULL"),
    ({"scope": ""}, "CHECK"), ({"scope": "a\nb"}, "opt.scope"), ({"scope": "x" * 4097}, "opt.scope"),
    # The lease.
    ({"lease_ttl": None}, "CHECK"), ({"lease_ttl": 0}, "CHECK"), ({"lease_ttl": TTL_MAX + 1}, "CHECK"),
    ({"lease_ttl": "soon"}, "DATATYPE"), ({"last_heartbeat_at": None}, "CHECK"),
    ({"lease_deadline_mono": 1}, "write.evidence"), ({"lease_machine": "m"}, "write.evidence"),
    ({"lease_boot_id": "b"}, "write.evidence"), ({"lease_file": "1:1"}, "write.evidence"),
    # The clock of the connection.
    ({"clock": "machine"}, "usage.clock"), ({"clock": "sundial"}, "usage.clock"),
    # What a new session is.
    ({"incarnation": 2}, "write.shape"), ({"incarnation": 0}, "write.shape"),
    ({"ended_at": T0}, "write.shape"), ({"end_reason": "cleared"}, "write.shape"),
    ({"ended_by": "bob"}, "write.shape"), ({"end_note": "n"}, "write.shape"),
    ({"start_count": 2}, "write.shape"), ({"mode": "party"}, "CHECK"), ({"strict": 2}, "CHECK"),
    ({"pid": 0}, "CHECK"), ({"pid_start_ticks": -1}, "CHECK"), ({"token_budget": -1}, "CHECK"),
    ({"schema_version": 3}, "CHECK"), ({"no_progress_count": -1}, "CHECK"),
    ({"current_activity": "x" * 281}, "CHECK"), ({"failure_origin": "fate"}, "CHECK"),
    # Stamps: not ahead of the clock.
    ({"started_at": T0 + 1}, "write.stamp"), ({"last_started_at": T0 + 1}, "write.stamp"),
    ({"last_heartbeat_at": T0 + 1}, "write.stamp"), ({"changed_at": T0 + 1}, "write.stamp"),
    ({"progress_at": T0 + 1}, "write.stamp"), ({"activity_at": T0 + 1}, "write.stamp"),
    ({"changed_at": INT_MAX}, "write.stamp"), ({"started_at": None}, "NOT NULL"),
    # The numbers rule, in a scope that was never used and for a session without one.
    ({"revision": 2, "fence": 2}, "write.revision"), ({"revision": 0, "fence": 0}, "write.revision"),
    ({"revision": INT_MAX, "fence": INT_MAX}, "write.revision"), ({"fence": 2}, "write.shape"),
    ({"fence": 0}, "write.shape"), ({"scope": None, "revision": 2, "fence": 2}, "write.revision"),
    ({"revision": None}, "NOT NULL"), ({"fence": None}, "NOT NULL"), ({"revision": "x"}, "DATATYPE"),
]
ROWS += [({"status": status}, "ok" if status in ("running", "starting", "idle") else "write.shape")
         for status in STATUSES]
INTERACTIVE = [
    ({}, "ok"), ({"last_heartbeat_at": T0}, "ok"), ({"owner_id": "ann"}, "CHECK"),
    ({"lease_ttl": 60}, "CHECK"), ({"owner_id": None}, "NOT NULL"), ({"strict": 1}, "ok"),
]


def attempts(make, rows, kind):
    for change, want in rows:
        sql, params = insert_sql(make(t, **change))
        shown = ", ".join(f"{name} {str(value)[:20]!r}" for name, value in change.items()) or "as it should be"
        with t.situation(shown):
            t.tried(want, sql, params, f"INSERT, {kind}, {shown}: {want}")


attempts(session, ROWS, "autonomous")
attempts(interactive, INTERACTIVE, "interactive")

# A scope that is held, one that was left, one whose counter is at its end.
t.verb("start", scope="held", actor_id="ann", lease_ttl=60)
left = t.verb("start", scope="left", actor_id="ann", lease_ttl=60)["session_id"]
t.verb("clear", scope="left", actor_id="ann")
other = t.verb("start", scope="other", actor_id="ann", lease_ttl=60)["session_id"]
t.verb("clear", scope="other", actor_id="ann")
USED = [
    ("held", {}, "write.held"), ("held", {"revision": 1, "fence": 1}, "write.held"),
    ("held", {"session_id": left}, "write.exists"), ("left", {"session_id": left}, "write.exists"),
    ("left", {}, "ok"),
    ("left", {"revision": 1, "fence": 1}, "write.revision"),
    ("left", {"revision": 2, "fence": 2}, "write.revision"),  # the number of the ending, but no successor
    ("left", {"revision": 2, "fence": 2, "predecessor_id": left}, "ok"),
    ("left", {"revision": 3, "fence": 3, "predecessor_id": left}, "ok"),
    ("left", {"revision": 2, "fence": 2, "predecessor_id": other}, "write.revision"),  # of another scope
    ("left", {"revision": 2, "fence": 2, "predecessor_id": "ses_none"}, "write.revision"),
    ("left", {"revision": 4, "fence": 4}, "write.revision"),
]
for scope, change, want in USED:
    with t.situation(f"{scope} {change}"):
        sql, params = insert_sql(session(t, scope=scope, **change))
        t.tried(want, sql, params, f"INSERT into scope {scope}, {change}: {want}")

# Ending one and putting another in its place is one change with one number, once.
with t.situation("one number"):
    t.insert(session(t, scope="left", revision=2, fence=2, predecessor_id=left))
    is_((t.counter("left"), t.holder("left")["fence"]), (2, 2), "a successor carries the number of the ending")
    t.sql("UPDATE tenure_session SET status = 'exited', revision = revision + 1 WHERE session_id = 'ses_raw'")
    row = session(t, session_id="ses_2nd", scope="left", revision=2, fence=2, predecessor_id=left)
    t.tried("write.revision", *insert_sql(row), "a second successor does not")
with t.situation("changed since"):
    t.sql("UPDATE tenure_session SET label = 'l', revision = 3 WHERE session_id = ?", (left,))
    for number, want in ((2, "write.revision"), (3, "ok")):
        t.tried(want, *insert_sql(session(t, scope="left", revision=number, fence=number, predecessor_id=left)),
                f"nor one with number {number} when the ended session has changed since: {want}")

# The conflict clauses soften no refusal, and what SQLite itself refuses stays half of nothing. OR REPLACE
# may put a column's default for a NULL, but not past a rule.
REFUSED = [(change, want) for change, want in ROWS if want != "ok"]
for clause in CLAUSES[1:]:
    for change, want in REFUSED:
        if want in ("NOT NULL", "CHECK", "DATATYPE") and clause == "OR ROLLBACK":
            continue  # ends the whole transaction, as the statement asks
        with t.situation(f"{clause} {change}"):
            sql, params = insert_sql(session(t, **change), clause=clause)
            shown = ", ".join(f"{name} {str(value)[:20]!r}" for name, value in change.items())
            if want in ("NOT NULL", "CHECK", "DATATYPE"):
                t.unmoved(f"INSERT {clause}, {shown}: nothing is half done", sql, params)
            else:
                t.refused_sql(want, sql, params, test=f"INSERT {clause}, {shown}: {want}")
    for scope, change, want in USED:
        if want != "ok":
            with t.situation(f"{clause} {scope} {change}"):
                sql, params = insert_sql(session(t, scope=scope, **change), clause=clause)
                t.refused_sql(want, sql, params, test=f"INSERT {clause} into {scope}, {change}: {want}")
with t.situation("OR REPLACE and a NULL"):
    sql, params = insert_sql(session(t, clock=None), clause="OR REPLACE")
    t.unmoved("INSERT OR REPLACE with clock NULL makes no row of the other clock", sql, params)
for clause in ("DO NOTHING", "(session_id) DO UPDATE SET label = 'upserted'",
               "(session_id) DO UPDATE SET revision = tenure_session.revision + 1, label = 'upserted'",
               "(scope) WHERE ended_at IS NULL DO UPDATE SET owner_id = excluded.owner_id"):
    for scope, change, want in (("left", {"session_id": left}, "write.exists"), ("held", {}, "write.held")):
        with t.situation(f"{clause} {scope}"):
            sql, params = insert_sql(session(t, scope=scope, **change))
            t.refused_sql(want, f"{sql} ON CONFLICT {clause}", params,
                          test=f"INSERT .. ON CONFLICT {clause}, scope {scope}: {want}")

# Several rows: those before the refused one go with it, but under OR FAIL, where each row is a whole.
TWO = ("INSERT {} INTO tenure_session(session_id, scope, started_at, last_started_at, changed_at, clock,"
       " revision, fence) SELECT 'ses_' || column1, column2, 5, 5, 5, 'virtual', 1, 1"
       " FROM (VALUES (1, 'a'), (2, 'b'), (3, 'held'))")
for clause in CLAUSES:
    with t.situation(clause):
        t.unmoved(f"INSERT {clause} .. SELECT of three rows, the third refused: nothing is done",
                  TWO.format(clause))
with t.situation("two"):
    t.tried("ok", TWO.format("").replace("held", "c"), name="INSERT .. SELECT of three good rows")
    is_(t.events("session_id, event, revision, at")[-3:],
        [(f"ses_{n}", "session.created", 1, T0) for n in (1, 2, 3)], "each has its event")
    is_([t.counter(scope) for scope in "abc"], [1, 1, 1], "and its counter")

# Text that could not be given to a verb is not well-formed here either, nor any that an UPDATE would not let stand.
guard = t.value("SELECT sql FROM sqlite_schema WHERE name = 'tenure_session_text_guard'")
for column in sorted({"label", "command", "cwd", "host", "boot_id", "parent_session_id", "last_error", "failure_reason",
                      "exit_signal"} | set(re.findall(r"tenure_check_\w+\('\w+', NEW\.(\w+)\)", guard))):
    for text in ("a\0b", b"\xff\xfe"):
        with t.situation(f"{column} {text!r}"):
            sql, params = insert_sql(session(t, **{column: text}))
            sql = sql.replace("VALUES (", "SELECT ").rstrip(")").replace("?", "CAST(? AS TEXT)") \
                if isinstance(text, bytes) else sql
            t.unmoved(f"INSERT with an ill-formed {column}, {text!r}", sql, params)
with t.situation("activity"):
    sql, params = insert_sql(session(t, current_activity="a\0" + "x" * 300, activity_at=T0))
    t.unmoved("INSERT with an activity that hides its length behind a NUL byte", sql, params)

# What is stored is what a start would have stored.
with t.situation("as a start"):
    t.verb("start", scope="verb", actor_id="ann", lease_ttl=60, supervisor_id="bob", label="l", **FAR)
    t.insert(session(t, scope="raw", supervisor_id="bob", label="l", **FAR))
    rows = [t.holder("verb"), t.holder("raw")]
    is_({name: value for name, value in rows[1].items() if name not in ("session_id", "scope")},
        {name: value for name, value in rows[0].items() if name not in ("session_id", "scope")},
        "the row of a raw INSERT is that of a start")
    last = t.events("event, from_status, to_status, actor_id, revision, at,"
                    " json_remove(detail, '$.verb', '$.session_id')")[-2:]
    is_(last[1], last[0], "and so is its event")

# Without a scope no counter remembers a session that was collected, so its fence would be given again.
with t.situation("an id that was used"):
    used = t.verb("start", scope="", actor_id="ann", lease_ttl=60)["session_id"]
    t.verb("clear", session_id=used, actor_id="ann")
    t.sql("DELETE FROM tenure_session WHERE session_id = ?", (used,))
    sql, params = insert_sql(session(t, session_id=used, scope=None))
    t.unmoved("INSERT with the id of a session without scope that was collected", sql, params)

done()
