#!/usr/bin/python3
"""The 144 edges of the status matrix by raw UPDATE (01, "Transition matrix"; 02, "Raw writes"), and what an
end does that nobody asked for by name."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from raw import CLAUSES, EDGES, Raw  # noqa: E402
from tap import done, is_, ok  # noqa: E402
from tenure import STATUSES, T0, TERMINAL  # noqa: E402

t = Raw()
is_(EDGES[0], STATUSES, "the matrix has every status")
is_([row[0] for row in EDGES[1:]], STATUSES, "in both directions")
SET = "UPDATE {} tenure_session SET status = ?, revision = revision + 1 WHERE session_id = ?"


def judged(start, end, mark, session):
    """What the log and the row say after a raw UPDATE from START to END that MARK allows."""
    name = f"{start} -> {end}"
    row = t.session(session)
    is_(row["status"], end, f"{name}: the status is {end}")
    event = t.events("event, from_status, to_status, revision, at")[-1]
    if mark == "=":
        ok(event[3] < row["revision"], f"{name}: no change, so no event")
        return
    ends = end in TERMINAL and start not in TERMINAL
    is_(event, ("session.ended" if ends else "session.status", start, end, row["revision"], T0 + 5),
        f"{name}: one event tells it")
    if ends:
        is_((row["ended_at"], row["end_reason"], t.holder("repo")), (T0 + 5, "transition", None),
            f"{name}: ends the session and frees the scope")
    elif start in TERMINAL:
        is_((row["ended_at"], row["end_reason"]), (T0, "transition"), f"{name}: the ending stays")
    else:
        is_((row["ended_at"], row["end_reason"]), (None, None), f"{name}: it lives on")


for start, *marks in EDGES[1:]:
    for end, mark in zip(STATUSES, marks):
        name = f"{start} -> {end}"
        with t.situation(name):
            session = t.in_status(start, scope="repo", actor_id="ann", lease_ttl=60)
            counter, revision = t.counter("repo"), t.session(session)["revision"]
            t.clock(T0 + 5)
            want = {"x": "ok", "=": "ok", "r": "transition.revival", ".": "transition.illegal"}[mark]
            t.tried(want, SET.format(""), (end, session), f"{name}: {want}",
                    [] if want == "ok" else [f"{start} -> {end}"])
            if want != "ok":
                for clause in CLAUSES[1:]:
                    t.refused_sql(want, SET.format(clause), (end, session), test=f"{name}, UPDATE {clause}")
                continue
            judged(start, end, mark, session)
            is_((t.session(session)["revision"], t.counter("repo")),
                (revision + 1, counter + (start not in TERMINAL)), f"{name}: the numbers")

for word in ("", "RUNNING", "running ", "bogus", "x" * 1000, "a\x1b[2Jb"):
    with t.situation(word):
        session = t.in_status("running")
        t.refused_sql("usage.status", SET.format(""), (word, session), test=f"running -> {word[:20]!r}")

# An end by any road takes the non-blocking escalations and the gates of its scope along, and says so.
for end in sorted(TERMINAL - {"destroyed"}):
    with t.situation(end):
        session = t.in_status("running", scope="repo", actor_id="ann", lease_ttl=60)
        for kind in ("blocking", "non_blocking"):
            t.verb("escalate", scope="repo", kind=kind, reason="r")
        t.verb("escalate", scope="other", kind="non_blocking", reason="r")
        t.verb("gate_set", scope="repo", gates="[1]")
        t.verb("gate_set", scope="other", gates="[1]")
        t.sql(SET.format(""), (end, session))
        is_(t.sql("SELECT scope, kind FROM tenure_escalation ORDER BY scope"),
            [("other", "non_blocking"), ("repo", "blocking")],
            f"a raw {end} takes the non-blocking escalations")
        is_(t.sql("SELECT scope FROM tenure_gate"), [("other",)], f"a raw {end} takes the gates")
        is_(sorted(row[0] for row in t.events("event")[-3:]),
            ["escalation.removed", "gate.removed", "session.ended"], f"a raw {end}: all of it is in the log")

done()
