#!/usr/bin/python3
"""What the log says of each change of a session, to the letter: the event, the status before and after, who
did it, and a detail that has what changed and nothing else. The same by verbs and by plain statements."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from raw import Raw, session  # noqa: E402
from tap import done, is_  # noqa: E402
from tenure import T0  # noqa: E402

t = Raw()
BY_ANN = {"scope": "repo", "actor_id": "ann"}


def log(do, *args, **columns):
    """The log of one change: (event, from, to, actor, detail) of each row."""
    last = t.value("SELECT coalesce(max(seq), 0) FROM tenure_event")
    do(*args, **columns)
    return [(*row[:4], json.loads(row[4])) for row in t.sql(
        "SELECT event, from_status, to_status, actor_id, detail FROM tenure_event WHERE seq > ? ORDER BY seq", (last,))]


def change(sets):
    t.sql(f"UPDATE tenure_session SET {sets}, revision = revision + 1 WHERE session_id = 'ses_raw'")


# A running session, last heard of at T0, changed ten seconds later by hand.
CHANGES = [
    ("last_heartbeat_at = session_now()", None, {}),
    ("status = 'ready'", "session.status", {"owner_id": "ann"}),
    ("status = 'failed'", "session.ended", {"owner_id": "ann", "end_reason": "transition"}),
    ("status = 'failed', end_reason = 'cleared', end_note = 'done'", "session.ended",
     {"owner_id": "ann", "end_reason": "cleared", "end_note": "done"}),
    ("start_count = start_count + 1, last_started_at = session_now()", "session.joined",
     {"owner_id": "ann", "start_count": 2}),
    ("start_count = start_count + 1, last_started_at = session_now(), supervisor_id = 'eve'", "session.joined",
     {"owner_id": "ann", "start_count": 2, "supervisor_id": "eve"}),
    ("start_count = start_count + 1, last_started_at = session_now(), lease_ttl = 90", "session.joined",
     {"owner_id": "ann", "start_count": 2, "lease_ttl": 90}),
    ("start_count = start_count + 1, last_started_at = session_now(), owner_kind = 'runtime_supervisor'",
     "session.joined", {"owner_id": "ann", "start_count": 2, "owner_kind": "runtime_supervisor",
                        "prior_owner_kind": "runtime_worker"}),
    ("fence = revision + 1", "session.changed", {"fence": 2, "prior_fence": 1}),
    ("current_activity = 'building', activity_at = session_now()", "session.activity", {"activity": "building"}),
    ("current_activity = 'building'", "session.activity", {"activity": "building"}),
    ("activity_at = session_now()", "session.activity", {"activity": "old"}),
    ("progress_at = session_now()", "session.progress", {}),
    ("no_progress_count = no_progress_count + 1", "session.progress", {"no_progress_count": 3}),
    ("no_progress_count = 0, progress_at = session_now()", "session.progress", {"no_progress_count": 0}),
    ("last_outcome = 'good'", "session.changed", {"outcome": "good"}),
    ("mode = 'research'", "session.changed", {}),
    ("strict = 1", "session.changed", {}),
    ("last_error = 'e'", "session.changed", {}),
    ("host = 'h'", "session.changed", {}),
    ("boot_id = 'b'", "session.changed", {}),
    ("pid = 7", "session.changed", {}),
    ("pid_start_ticks = 7", "session.changed", {}),
    ("label = 'm'", "session.changed", {}),
    ("command = 'c'", "session.changed", {}),
    ("cwd = '/'", "session.changed", {}),
    ("parent_session_id = 'ses_p'", "session.changed", {}),
    ("token_budget = 5", "session.changed", {}),
    ("rate_limits = '{}'", "session.changed", {}),
    ("usage_input = 1", "session.usage", {"input": 1}),
    ("usage_cached_input = 1", "session.usage", {"cached_input": 1}),
    ("usage_output = 1", "session.usage", {"output": 1}),
    ("usage_reasoning_output = 1", "session.usage", {"reasoning_output": 1}),
    ("usage_total = 1", "session.usage", {"total": 1}),
    ("usage_cost_usd = 0.5, rate_limits = '{}'", "session.usage", {"cost_usd": 0.5}),
]
for sets, event, detail in CHANGES:
    with t.situation(sets):
        t.insert(session(t, supervisor_id="sue", label="l", last_outcome="so-so", current_activity="old",
                         activity_at=T0, no_progress_count=2))
        t.clock(T0 + 10)
        status = sets.split("'")[1] if sets.startswith("status") else "running"
        want = [(event, "running", status, None, detail)] if event else []
        is_(log(change, sets), want, f"{sets}: {event or 'no event'}")

# By verbs: the verb, its reason and its actor too.
START = {"scope": "repo", "actor_id": "ann", "lease_ttl": 60, "supervisor_id": "sue"}
with t.situation("a life"):
    is_(log(t.verb, "start", **START, strict=1),
        [("session.created", None, "running", "ann",
          {"verb": "start", "owner_kind": "runtime_worker", "owner_id": "ann", "supervisor_id": "sue", "fence": 1,
           "lease_ttl": 60, "strict": 1})], "a start")
    found = t.holder("repo")["session_id"]
    is_(log(t.verb, "heartbeat", **BY_ANN, fence=1), [], "a plain heartbeat is not logged")
    is_(log(t.verb, "heartbeat", **BY_ANN, fence=1, activity="a", outcome="o", progress=0),
        [("session.activity", "running", "running", "ann",
          {"verb": "heartbeat", "activity": "a", "no_progress_count": 1, "outcome": "o"})], "a heartbeat with news")
    is_(log(t.verb, "heartbeat", **BY_ANN, fence=1, progress=1),
        [("session.progress", "running", "running", "ann", {"verb": "heartbeat", "no_progress_count": 0})],
        "progress")
    is_(log(t.verb, "transition", session_id=found, fence=1, status="failed", actor_id="ann", reason="why",
            exit_code=3, failure_origin="unknown", failure_reason="f"),
        [("session.ended", "running", "failed", "ann",
          {"verb": "transition", "reason": "why", "owner_id": "ann", "end_reason": "transition", "end_note": "why",
           "exit_code": 3, "failure_origin": "unknown", "failure_reason": "f"})], "a failure")
    is_(log(t.verb, "transition", session_id=found, fence=1, status="destroyed", actor_id="ann"),
        [("session.status", "failed", "destroyed", "ann",
          {"verb": "transition", "owner_id": "ann", "exit_code": 3, "failure_origin": "unknown",
           "failure_reason": "f"})], "ended before: it does not end again")
done()
