#!/usr/bin/python3
"""Raw UPDATEs of sessions (02, "Raw writes"): the rules of the row's fields, from OLD to NEW, whatever the
statement's conflict clause. The edges of the status and the incarnations have tests of their own."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from raw import CLAUSES, CONSTRAINTS, Raw  # noqa: E402
from tap import done, is_, ok  # noqa: E402
from tenure import T0  # noqa: E402

t = Raw()
NOW = T0 + 20  # when the UPDATE comes; the session began at T0, and gave a sign at T0 + 10

# The session's state | what the UPDATE sets, with the next revision unless it says another | what comes of it.
# The session is Ann's on scope repo, with a lease of 60 seconds, revision 2 and fence 1.
RULES = """
live | label = 'l' | ok
live | label = label | ok
live | mode = 'research', command = 'c', cwd = '/', host = 'h', pid = 5, token_budget = 9 | ok
live | last_outcome = 'fine', no_progress_count = 7 | ok
live | rate_limits = '{}', usage_input = usage_input + 5 | ok
live | rate_limits = NULL | ok
live | rate_limits = 'oops' | opt.rate_limits
live | rate_limits = '[1]' | opt.rate_limits
ended | label = 'l' | ok
ended | exit_code = 7, failure_origin = 'unknown', last_error = 'e' | ok
free | label = 'l' | ok
interactive | label = 'l' | ok
stale | label = 'l' | ok

live | label = 'l', revision = revision | write.revision
live | revision = revision | write.revision
live | label = 'l', revision = revision + 2 | write.revision
live | label = 'l', revision = revision - 1 | write.revision
live | label = 'l', revision = 9223372036854775807 | write.revision
live | label = 'l', revision = NULL | NOT NULL
live | label = 'l', revision = 'x' | DATATYPE
live | status = 'ready', revision = revision | write.revision
live | status = 'exited', revision = revision | write.revision
ended | label = 'l', revision = revision | write.revision
ended | label = 'l', revision = revision + 2 | write.revision
free | label = 'l', revision = revision | write.revision
free | label = 'l', revision = revision + 2 | write.revision

live | session_id = 'ses_new' | write.fixed
live | scope = 'elsewhere' | write.fixed
live | scope = NULL | write.fixed
free | scope = 'elsewhere' | write.fixed
live | owner_id = 'bob' | write.fixed
live | owner_id = 'interactive', owner_kind = 'interactive' | write.fixed
interactive | owner_id = 'bob' | write.fixed
live | predecessor_id = 'ses_x' | write.fixed
successor | predecessor_id = NULL | write.fixed
live | started_at = started_at - 1 | write.fixed
live | started_at = started_at + 1 | write.fixed
ended | owner_id = 'bob' | write.fixed
ended | session_id = 'ses_new' | write.fixed
ended | scope = NULL | write.fixed

live | strict = 1 | ok
strict | strict = 1 | ok
strict | strict = 0 | write.strict
ended-strict | strict = 0 | write.strict
live | strict = 2 | CHECK
strict | label = 'l' | ok

live | fence = revision + 1 | ok
free | fence = revision + 1 | ok
live | fence = revision | write.fence
live | fence = fence + 5 | write.fence
live | status = 'exited', fence = revision + 1 | write.fence
live | fence = fence - 1 | write.fence
successor | fence = fence - 1 | write.fence
live | fence = NULL | NOT NULL

live | lease_ttl = 90 | write.join
live | supervisor_id = 'carol' | write.join
live | supervisor_id = NULL | write.join
live | owner_kind = 'runtime_supervisor' | write.join
live | last_started_at = session_now() | write.join
live | lease_ttl = 90, last_started_at = session_now() | write.join
live | lease_ttl = 90, last_started_at = session_now(), start_count = start_count + 1 | ok
live | supervisor_id = 'carol', last_started_at = session_now(), start_count = start_count + 1 | ok
live | owner_kind = 'runtime_supervisor', last_started_at = session_now(), start_count = start_count + 1 | ok
live | last_started_at = session_now(), start_count = start_count + 1 | ok
interactive | last_started_at = session_now(), start_count = start_count + 1 | ok
live | last_started_at = session_now(), start_count = start_count + 2 | write.join
live | last_started_at = session_now(), start_count = start_count - 1 | write.join
live | last_started_at = last_started_at - 1, start_count = start_count + 1 | write.join
live | start_count = start_count + 1 | write.join
live | last_started_at = session_now() + 1, start_count = start_count + 1 | write.stamp
live | lease_ttl = 0, last_started_at = session_now(), start_count = start_count + 1 | CHECK
live | lease_ttl = NULL, last_started_at = session_now(), start_count = start_count + 1 | CHECK
live | owner_kind = 'interactive', last_started_at = session_now(), start_count = start_count + 1 | CHECK
ended | last_started_at = session_now(), start_count = start_count + 1 | write.join
ended | lease_ttl = 90, last_started_at = session_now(), start_count = start_count + 1 | write.join
ended | supervisor_id = 'carol' | write.join

live | last_heartbeat_at = session_now() | ok
live | last_heartbeat_at = last_heartbeat_at + 1 | ok
live | last_heartbeat_at = last_heartbeat_at - 1 | write.stamp
live | last_heartbeat_at = session_now() + 1 | write.stamp
live | last_heartbeat_at = NULL | write.stamp
interactive | last_heartbeat_at = session_now() | ok
beating | last_heartbeat_at = NULL | write.stamp
stale | last_heartbeat_at = session_now() | write.lease_lost
stale | last_heartbeat_at = last_heartbeat_at + 1 | write.lease_lost
typing-stale | last_heartbeat_at = session_now() | write.lease_lost
ended | last_heartbeat_at = session_now() | write.lease_lost
back | last_heartbeat_at = session_now() | write.stamp
back | last_heartbeat_at = last_heartbeat_at | ok
back | label = 'l' | ok
back | status = 'exited' | ok

live | changed_at = session_now() | ok
live | changed_at = session_now() + 1 | write.stamp
live | changed_at = changed_at - 1 | write.stamp
live | changed_at = NULL | NOT NULL
live | progress_at = session_now(), no_progress_count = 0 | ok
live | progress_at = progress_at - 1 | write.stamp
live | progress_at = session_now() + 1 | write.stamp
live | progress_at = NULL | write.stamp
live | current_activity = 'a', activity_at = session_now() | ok
live | current_activity = NULL, activity_at = NULL | ok
live | activity_at = activity_at - 1 | write.stamp
live | activity_at = session_now() + 1 | write.stamp
live | activity_at = 'x' | DATATYPE
ended | changed_at = session_now() + 1 | write.stamp
ended | changed_at = changed_at - 1 | write.stamp

live | lease_machine = 'm' | write.evidence
live | lease_boot_id = 'b' | write.evidence
live | lease_deadline_mono = 1 | write.evidence
live | lease_deadline_mono = 9223372036854775807 | write.evidence
live | lease_file = '1:1' | write.evidence
live | lease_machine = lease_grant('machine', 60), lease_file = lease_grant('file', 60) | ok
ended | lease_deadline_mono = 1 | write.evidence

live | clock = 'machine' | usage.clock
ended | clock = 'machine' | usage.clock

live | status = 'exited', ended_at = session_now(), end_reason = 'cleared', ended_by = 'b', end_note = 'n' | ok
live | status = 'exited', ended_at = started_at | ok
live | status = 'exited', ended_at = started_at - 1 | write.ended
live | status = 'exited', ended_at = session_now() + 1 | write.ended
live | status = 'exited', end_reason = 'boredom' | CHECK
live | ended_at = session_now() | write.ended
live | end_reason = 'cleared' | write.ended
live | ended_by = 'bob' | write.ended
live | end_note = 'n' | write.ended
live | status = 'ready', end_reason = 'cleared' | write.ended
live | status = 'exiting', ended_at = session_now() | write.ended
ended | ended_at = NULL | write.ended
ended | ended_at = ended_at + 1 | write.ended
ended | end_reason = 'idle' | write.ended
ended | end_reason = NULL | write.ended
ended | ended_by = 'nobody' | write.ended
ended | end_note = 'nothing' | write.ended
ended | ended_at = NULL, end_reason = NULL, ended_by = NULL, end_note = NULL | write.ended
ended | status = 'destroyed' | ok
ended | status = 'destroyed', ended_at = session_now() + 5 | write.ended

live | schema_version = 5 | CHECK
live | start_count = 0 | write.join
live | usage_input = -1 | CHECK
live | no_progress_count = -1 | CHECK
live | pid = 0 | CHECK
live | mode = 'party' | CHECK
live | current_activity = 'x' || printf('%0280d', 0) | CHECK
live | failure_origin = 'fate' | CHECK
live | pid = 'x' | DATATYPE
live | usage_cost_usd = 'x' | DATATYPE
"""

# Refused, whatever the code. A hold that ran out is joined by nobody, so no other column than
# last_heartbeat_at brings it back either; which clock granted it is said where it is granted; and the
# number of a change of an ended session is not one of the scope, so it is no fence.
REFUSED = """
stale | lease_ttl = 9999, last_started_at = session_now(), start_count = start_count + 1
stale | lease_ttl = 9999, last_started_at = session_now(), start_count = start_count + 1, fence = revision + 1
stale | last_started_at = session_now(), start_count = start_count + 1
typing-stale | last_started_at = session_now(), start_count = start_count + 1
live | status = 'exited', end_reason = 'forced', clock = 'machine'
ended | fence = revision + 1
"""

# OR REPLACE puts a column's default for a NULL, after the guards have seen the NULL.
DEFAULTS = """
exiting | status = NULL
destroying | status = NULL
ended | status = NULL
live | owner_id = NULL
live | owner_id = NULL, owner_kind = NULL, lease_ttl = NULL
strict | strict = NULL
live | clock = NULL
ended | clock = NULL
joined | start_count = NULL
resumed | incarnation = NULL
live | owner_kind = NULL
live | fence = NULL
live | revision = NULL
live | changed_at = NULL
live | started_at = NULL
live | session_id = NULL
"""


def rows(text):
    return [[cell.strip() for cell in line.split(" | ")] for line in text.strip().split("\n") if line]


def build(state):
    """Brings the session into STATE by verbs. Gives its id."""
    t.clock(T0)
    typing = state in ("interactive", "typing-stale", "beating")
    owner = {} if typing else {"actor_id": "ann", "supervisor_id": "bob", "lease_ttl": 60}
    who = {} if typing else {"actor_id": "ann"}
    scope = "" if state == "free" else "repo"
    if state == "successor":
        t.verb("start", scope=scope, **owner)
        t.clock(T0 + 60)
    row = t.verb("start", scope=scope, strict=1 if "strict" in state else 0, **owner)
    session, fence = row["session_id"], row["fence"]
    target = {"session_id": session} if state == "free" else {"scope": scope}
    end = {"session_id": session, "fence": fence}
    if state in ("joined", "resumed"):
        t.verb("start", scope=scope, **owner)
    if not typing or state == "beating":
        t.clock(t.now + 10)
        t.verb("heartbeat", activity="busy", progress=1, fence=None if typing else t.session(session)["fence"],
               **target, **who)
    if state in ("ended", "ended-strict"):
        t.verb("transition", status="exited", reason="done", actor_id="ann", **end)
    if state in ("exiting", "destroying"):
        t.verb("transition", status=state, **end)
    if state == "resumed":
        t.verb("clear", scope=scope, **who)
        t.verb("resume", session_id=session, **who)
    t.clock({"stale": T0 + 70, "typing-stale": T0 + 28801, "back": T0 - 5}.get(state, t.now + 10))
    return session


def update(sets, clause=""):
    """Of every row in RULES there is one session whose revision is not NULL: all of them are meant."""
    if "revision =" not in sets:
        sets += ", revision = revision + 1"
    return f"UPDATE {clause} tenure_session SET {sets} WHERE session_id = ?"


for state, sets, want in rows(RULES):
    with t.situation(f"{state}: {sets}"):
        session = build(state)
        counter = t.counter("repo")
        before = t.session(session)
        t.tried(want, update(sets), (session,), f"{state}: {sets}: {want}")
        if want == "ok":
            after = t.session(session)
            living = before["ended_at"] is None
            is_((after["revision"], t.counter("repo")),
                (before["revision"] + 1, counter and counter + living),
                f"{state}: {sets}: the number" + (" and the counter go" if living else " goes") + " on by one")
            ok(after["changed_at"] == max(t.now, before["changed_at"]), f"{state}: {sets}: changed_at is now")

for state, sets, want in rows(RULES):
    for clause in CLAUSES[1:]:
        if want == "ok" or (want in CONSTRAINTS and clause == "OR ROLLBACK"):
            continue
        with t.situation(f"{clause} {state}: {sets}"):
            sql = update(sets, clause)
            session = build(state)
            if want in CONSTRAINTS:
                t.unmoved(f"UPDATE {clause}, {state}: {sets}: nothing is half done", sql, (session,))
            else:
                t.refused_sql(want, sql, (session,), test=f"UPDATE {clause}, {state}: {sets}: {want}")

for state, sets in rows(REFUSED):
    with t.situation(f"{state}: {sets}"):
        session = build(state)
        t.unmoved(f"{state}: {sets}: refused", update(sets), (session,))

for state, sets in rows(DEFAULTS):
    with t.situation(f"OR REPLACE {state}: {sets}"):
        session = build(state)
        t.unmoved(f"UPDATE OR REPLACE, {state}: {sets}: a default is no way around a rule",
                  update(sets, "OR REPLACE"), (session,))

# What a person or a script forgets, the triggers do.
with t.situation("forgotten"):
    session = build("live")
    t.sql(update("status = 'failed'"), (session,))
    row = t.session(session)
    is_((row["ended_at"], row["end_reason"], row["changed_at"]), (NOW, "transition", NOW),
        "an UPDATE that only says the status has the ending filled in")
    is_(t.holder("repo"), None, "and frees the scope")
    is_(t.events("event, from_status, to_status, revision, at, detail ->> 'end_reason'")[-1:],
        [("session.ended", "running", "failed", 3, NOW, "transition")], "and is in the log, once")
    is_(len(t.events()), 3, "with nothing else")

# Several rows in one statement: each is judged for itself, and one refusal undoes all.
with t.situation("several"):
    for scope in ("a", "b", "c"):
        t.verb("start", scope=scope, actor_id="ann", lease_ttl=60)
    t.tried("ok", "UPDATE tenure_session SET status = 'ready', revision = revision + 1",
            name="an UPDATE of three sessions")
    is_(t.sql("SELECT scope, revision FROM tenure_scope ORDER BY scope"), [("a", 2), ("b", 2), ("c", 2)],
        "moves three counters")
    for clause in CLAUSES:
        t.unmoved(f"UPDATE {clause} of three, one of them refused: nothing is done",
                  f"UPDATE {clause} tenure_session SET status = CASE scope WHEN 'c' THEN 'idle' ELSE 'exited' END,"
                  " revision = revision + 1")
    t.tried("ok", "UPDATE tenure_session AS s SET label = v.column2, revision = s.revision + 1"
            " FROM (VALUES ('a', 'x'), ('b', 'y')) AS v WHERE s.scope = v.column1", name="UPDATE .. FROM")
    is_(t.sql("UPDATE tenure_session SET label = 'z', revision = revision + 1 WHERE scope = 'a'"
              " RETURNING revision, label"), [(4, "z")], "UPDATE .. RETURNING")

# What each refusal says.
with t.situation("words"):
    session = build("live")
    t.refused_sql("write.revision", update("revision = 9"), (session,), [session, "3", "9"])
    t.refused_sql("transition.illegal", update("status = 'idle'"), (session,), ["running -> idle"])
    t.refused_sql("usage.status", update("status = 'bogus'"), (session,), ["bogus"])
    t.refused_sql("write.fixed", update("started_at = started_at - 1"), (session,), ["started_at never changes"])
    t.refused_sql("write.fixed", update("predecessor_id = 'x'"), (session,), [f"a field of session {session} never changes"])
with t.situation("words, stale"):
    session = build("stale")
    t.refused_sql("write.lease_lost", update("last_heartbeat_at = session_now()"), (session,),
                  ["ann", "repo", "expired"])

done()
