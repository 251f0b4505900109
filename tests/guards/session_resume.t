#!/usr/bin/python3
"""A raw UPDATE that opens a new incarnation (02, "Raw writes", "Numbers"): only of what ended or ran out,
only with everything that makes it a resume."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from raw import CLAUSES, Raw, insert_sql, session  # noqa: E402
from tap import done, is_  # noqa: E402
from tenure import T0  # noqa: E402

t = Raw()
LATER = T0 + 100  # every lease of these tests has run out by then
RESUME = {
    "incarnation": "incarnation + 1", "status": "'starting'", "started_at": "session_now()",
    "last_started_at": "session_now()", "start_count": "1", "last_heartbeat_at": "session_now()",
    "changed_at": "session_now()", "ended_at": "NULL", "end_reason": "NULL", "ended_by": "NULL",
    "end_note": "NULL", "exit_code": "NULL", "exit_signal": "NULL", "failure_origin": "NULL",
    "failure_reason": "NULL", "last_error": "NULL", "host": "NULL", "boot_id": "NULL", "pid": "NULL",
    "pid_start_ticks": "NULL",
    "revision": "1 + max(revision, coalesce((SELECT c.revision FROM tenure_scope AS c"
                " WHERE c.scope = tenure_session.scope), 0))",
}
RESUME["fence"] = RESUME["revision"]


def resume(clause="", without=(), **changes):
    sets = ", ".join(f"{name} = {value}" for name, value in (RESUME | changes).items() if name not in without)
    return f"UPDATE {clause} tenure_session SET {sets} WHERE session_id = ?"


def build(state, scope="repo"):
    """A session in STATE, which may be a status, or live, stale, typing, typing-stale. Gives its id."""
    t.clock(T0)
    if state.startswith("typing"):
        found = t.verb("start", scope=scope)["session_id"]
        t.clock(T0 + 28801 if state == "typing-stale" else LATER)
        return found
    status = "running" if state in ("live", "stale") else state
    found = t.in_status(status, scope=scope, actor_id="ann", lease_ttl=60)
    t.clock(T0 + 59 if state == "live" else LATER)
    return found


# From every status, live and stale.
RESUMABLE = {"live": "write.incarnation", "stale": "ok", "typing": "write.incarnation", "typing-stale": "ok",
             "exited": "ok", "failed": "ok", "stopped": "ok", "idle": "ok", "starting": "ok", "running": "ok",
             "exiting": "transition.illegal", "destroying": "transition.illegal",
             "destroyed": "transition.illegal"}
for state, want in RESUMABLE.items():
    with t.situation(state):
        target = build(state)
        t.tried(want, resume(), (target,), f"resume of a {state} session: {want}")
        for clause in CLAUSES[1:]:
            if want != "ok":
                t.refused_sql(want, resume(clause), (target,), test=f"UPDATE {clause}, {state}: {want}")

# The same row, and the same event, as tenure_resume leaves.
for state in ("exited", "stale", "typing-stale", "failed"):
    rows = []
    for raw in (False, True):
        with t.situation(state):
            target = build(state)
            if raw:
                typing = state.startswith("typing")
                t.sql(resume(**{"last_heartbeat_at": "NULL"} if typing else {}), (target,))
            else:
                t.verb("resume", session_id=target, actor_id="ann")
            row = t.session(target)
            event = t.events("event, from_status, to_status, revision, incarnation, at,"
                             " json_remove(detail, '$.verb')")[-1]
            rows.append(({name: row[name] for name in row if name != "session_id"}, event, t.counter("repo")))
    is_(rows[1], rows[0], f"a raw resume of a {state} session leaves what the verb leaves")

# What does not make a resume.
WRONG = [
    ({"incarnation": "incarnation + 2"}, "write.incarnation"),
    ({"incarnation": "incarnation - 1"}, "write.incarnation"),
    ({"status": "'running'"}, "write.incarnation"), ({"status": "status"}, "write.incarnation"),
    ({"fence": "fence"}, "write.incarnation"), ({"fence": "revision + 5"}, "write.fence"),
    ({"revision": "revision", "fence": "revision"}, "write.revision"),
    ({"revision": "revision + 2", "fence": "revision + 2"}, "write.revision"),
    ({"started_at": "session_now() + 1", "last_started_at": "session_now() + 1"}, "write.incarnation"),
    ({"last_started_at": "session_now() - 1"}, "write.incarnation"),
    ({"start_count": "2"}, "write.incarnation"),
    ({"last_heartbeat_at": "session_now() + 1"}, "write.incarnation"),
    ({"changed_at": "session_now() + 1"}, "refused"), ({"progress_at": "session_now() + 1"}, "refused"),
    ({"activity_at": "session_now() + 1"}, "refused"), ({"last_heartbeat_at": "NULL"}, "CHECK"),
    ({"lease_deadline_mono": "1"}, "write.evidence"), ({"lease_file": "'1:1'"}, "write.evidence"),
    ({"owner_id": "'bob'"}, "write.fixed"), ({"scope": "'other'"}, "write.fixed"),
    ({"predecessor_id": "'ses_x'"}, "write.fixed"), ({"session_id": "'ses_x'"}, "write.fixed"),
    ({"clock": "'machine'"}, "usage.clock"), ({"lease_ttl": "0"}, "CHECK"), ({"strict": "2"}, "CHECK"),
    ({"ended_at": "session_now()"}, "write.ended"), ({"end_reason": "'cleared'"}, "write.ended"),
    ({"end_note": "'n'"}, "write.ended"),
    # They change together with a joining start only, and a resume is none.
    ({"supervisor_id": "'carol'"}, "refused"), ({"owner_kind": "'runtime_supervisor'"}, "refused"),
]
for state in ("exited", "stale"):
    for changes, want in WRONG:
        with t.situation(f"{state} {changes}"):
            target = build(state)
            name = f"resume of a {state} session with {changes}: {want}"
            if want == "refused":
                t.unmoved(name, resume(**changes), (target,))
            else:
                t.tried(want, resume(**changes), (target,), name)
with t.situation("ttl"):
    target = build("exited")
    t.tried("ok", resume(lease_ttl="5"), (target,), "a resume may ask for another lease_ttl")
with t.situation("ending kept"):
    target = build("exited")
    t.tried("write.ended", resume(without=("ended_at", "end_reason")), (target,), "a resume clears the ending")

# The scope may be somebody else's by now, and its counter further on.
with t.situation("held"):
    target = build("exited")
    t.verb("start", scope="repo", actor_id="bob", lease_ttl=60)
    for clause in CLAUSES:
        t.refused_sql("write.held", resume(clause), (target,), ["bob"], f"UPDATE {clause} of a held scope")
    t.clock(t.now + 100)
    t.refused_sql("write.held", resume(), (target,), ["bob"], "also where the holder is stale")
with t.situation("counter ahead"):
    target = build("exited")
    t.verb("start", scope="repo", actor_id="bob", lease_ttl=60)
    t.verb("clear", scope="repo", actor_id="bob")
    counter, revision = t.counter("repo"), t.session(target)["revision"]
    t.refused_sql("write.revision", resume(revision="revision + 1", fence="revision + 1"), (target,),
                  [str(counter + 1), str(revision + 1)], "a resume goes on from the counter")
    t.tried("ok", resume(), (target,), "which is ahead of the row")
    is_((t.session(target)["fence"], t.counter("repo")), (counter + 1, counter + 1), "so the fence is new")
with t.situation("row ahead"):
    target = build("exited")
    for label in "abc":
        t.sql("UPDATE tenure_session SET label = ?, revision = revision + 1", (label,))
    counter, revision = t.counter("repo"), t.session(target)["revision"]
    t.tried("ok", resume(), (target,), "a resume goes on from the row where that is ahead")
    is_((t.session(target)["fence"], t.counter("repo"), revision - counter), (revision + 1, revision + 1, 3),
        "and takes the counter along")
    t.sql("UPDATE tenure_session SET status = 'exited', revision = revision + 1")
    t.tried("ok", *insert_sql(session(t, revision=revision + 3, fence=revision + 3)),
            "which the next one continues")

# Two at once: an UPDATE of all ended sessions of one scope would give it two holders.
with t.situation("two at once"):
    build("exited")
    build("exited")
    for clause in CLAUSES:
        t.unmoved(f"UPDATE {clause} that resumes two sessions of one scope",
                  resume(clause).replace("= ?", "<> ?"),
                  ("",))

done()
