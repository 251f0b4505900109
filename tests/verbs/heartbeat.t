#!/usr/bin/python3
"""tenure_heartbeat: its guards in their order, what it writes, and what it reports."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import done, is_  # noqa: E402
from tenure import IDLE_MAX, INT_MAX, STATUSES, T0, TERMINAL, Tenure, number, table  # noqa: E402

# What the guards look at, each as one fault, in the order of the contract.
FAULTS = [
    ("heartbeat.missing", {"scope": "nowhere"}, None),
    ("heartbeat.not_owner", {"actor_id": "bob"}, None),
    ("fence.token", {"fence": 99}, None),
    ("heartbeat.stale", {}, T0 + 60),
    ("activity.too_long", {"activity": "x" * 281}, None),
]

# actor, fence -> the code for an autonomous session, the code if it is strict
WHO = table("""
-     -     heartbeat.not_owner heartbeat.not_owner
bob   -     heartbeat.not_owner heartbeat.not_owner
boss  -     heartbeat.not_owner heartbeat.not_owner  # the supervisor does not renew
Ann   -     heartbeat.not_owner heartbeat.not_owner  # byte by byte
ann   -     ok                  fence.required
ann   right ok                  ok
-     right ok                  ok                   # the right fence stands for the actor
bob   right ok                  ok
ann   wrong fence.token         fence.token
-     wrong heartbeat.not_owner heartbeat.not_owner
bob   wrong heartbeat.not_owner heartbeat.not_owner
""")

# its heartbeat, the second -> live or stale
FRESHNESS = table("""
autonomous   -  59    live
autonomous   -  60    stale
autonomous   -  61    stale
autonomous   10 69    live
autonomous   10 70    stale
autonomous   -  -60   live
autonomous   -  -61   stale
interactive  -  28800 live
interactive  -  28801 stale
interactive  5  28805 live
interactive  5  28806 stale
interactive  -  -9999 live
""")

t = Tenure()


def begin(kind="autonomous", **columns):
    owner = {} if kind == "interactive" else {"actor_id": "ann", "lease_ttl": 60,
                                              "supervisor_id": "boss"}
    return t.verb("start", **owner, **columns)


for i, (code, columns, at) in enumerate(FAULTS):
    for other, more, later in FAULTS[i:]:
        name = f"guards: {code} before {other}" if code != other else f"guard: {code}"
        with t.situation(name):
            begin()
            t.clock(at or later or T0 + 1)
            asked = {"actor_id": "ann"} | more | columns
            says = ["ann"] if code not in ("heartbeat.missing", "activity.too_long") else []
            t.refused(code, "heartbeat", says=says, test=name, **asked)

for strict in (0, 1):
    for actor, fence, lax, tight in WHO:
        want = tight if strict else lax
        name = f"actor {actor}, fence {fence}, strict {strict}: {want}"
        with t.situation(name):
            begin(strict=strict)
            columns = {"actor_id": None if actor == "-" else actor,
                       "fence": {"right": 1, "wrong": 2, "-": None}[fence]}
            if want == "ok":
                is_(t.verb("heartbeat", **columns)["revision"], 2, name)
            else:
                t.refused(want, "heartbeat", says=["ann", "main"], test=name, **columns)
    for actor in (None, "interactive", "bob"):
        with t.situation(f"interactive, actor {actor}"):
            begin("interactive", strict=strict)
            want = "fence.required" if strict else 2
            got = t.outcome("heartbeat", actor_id=actor)
            is_(got if strict else got["revision"], want,
                f"interactive sessions ask nobody; actor {actor}, strict {strict}: {want}")

for kind, beat, at, want in FRESHNESS:
    name = f"{kind}, heartbeat {beat}, at {at}: {want}"
    with t.situation(name):
        found = begin(kind)
        if beat != "-":
            t.clock(T0 + int(beat))
            t.verb("heartbeat", fence=1)
        before = t.holder()["last_heartbeat_at"]
        t.clock(T0 + int(at))
        if want == "stale":
            t.refused("heartbeat.stale", "heartbeat", fence=1, test=name,
                      says=[found["actor_id"], found["session_id"]])
        else:
            report = t.verb("heartbeat", fence=1)
            is_(report["last_heartbeat_at_epoch_s"], max(T0 + int(at), before or 0), name)

# A dead process does not make the holder's own heartbeat late: whoever shows the fence is alive.
with t.situation("a dead process"):
    begin(**t.dead_process())
    is_(t.verb("heartbeat", fence=1)["revision"], 2, "a heartbeat is judged by the lease alone")

# In every living status; never in an ended one.
for status in STATUSES:
    with t.situation(f"status {status}"):
        session = t.in_status(status, actor_id="ann", lease_ttl=60)
        if status in TERMINAL:
            t.refused("fence.session", "heartbeat", session_id=session, actor_id="ann",
                      says=[session, "nobody"])
        else:
            report = t.verb("heartbeat", session_id=session, actor_id="ann")
            is_((report["session_id"], t.session(session)["status"]), (session, status),
                f"a session that is {status} may heartbeat, and stays {status}")

# What it writes.
with t.situation("writes"):
    begin(status="starting", **{"host": "h", "pid": 5})
    before = t.holder()
    t.clock(T0 + 30)
    t.verb("heartbeat", actor_id="ann")
    after = t.holder()
    changed = {name for name in after if after[name] != before[name]}
    is_(changed, {"last_heartbeat_at", "lease_expires_at", "holds_until", "changed_at", "revision"},
        "a plain heartbeat writes the stamp and the revision")
    is_((after["last_heartbeat_at"], after["lease_expires_at"], after["changed_at"],
         after["revision"], t.counter()), (T0 + 30, T0 + 90, T0 + 30, 2, 2), "with these values")
    is_(t.value("SELECT count(*) FROM tenure_event"), 1, "and is no event")

# activity given -> stored activity, seconds after the start of its stamp; the one before is 'first' at 1
ACTIVITIES = [
    (None, "first", 1), ("", "first", 1), (" \t\u2003\u00a0", "first", 1), ("second", "second", 2),
    ("  a  b\n", "a  b", 2), ("x" * 280, "x" * 280, 2), (" " + "é" * 280 + " ", "é" * 280, 2),
    ("\u200b", "\u200b", 2), ("first", "first", 2), (7, "7", 2),
]
for given, stored, at in ACTIVITIES:
    with t.situation(f"activity {given!r}"):
        begin()
        t.clock(T0 + 1)
        t.verb("heartbeat", fence=1, activity="first")
        t.clock(T0 + 2)
        report = t.verb("heartbeat", fence=1, activity=given)
        row = t.holder()
        is_((row["current_activity"], row["activity_at"]), (stored, T0 + at),
            f"activity {given!r:.30} leaves {stored!r:.30}")
        is_((report["current_activity"], report["activity_updated_at_epoch_s"]), (stored, T0 + at),
            f"activity {given!r:.30}: so says the report")
        is_(report.get("activity"), stored if at == 2 else None,
            f"activity {given!r:.30}: the report's own is what was given")
        is_(t.value("SELECT count(*) FROM tenure_event WHERE event = 'session.activity'"), at,
            f"activity {given!r:.30}: an event only if one was given")
for given, code in (("x" * 281, "activity.too_long"), ("é" * 281, "activity.too_long"),
                    ("a\0b", "activity.invalid"), (b"\xff", "activity.invalid")):
    with t.situation(f"activity {given!r:.30}"):
        begin()
        t.refused(code, "heartbeat", fence=1, activity=given, test=f"activity {given!r:.30}: {code}")

# progress, outcome -> count, seconds of progress_at, last_outcome
PROGRESS = table("""
-  -     0 -  -
0  -     1 -  -
0  stuck 2 -  stuck
-  -     2 -  stuck
1  -     0 5  stuck
0  -     1 5  stuck
1  moved 0 7  moved
""")
with t.situation("progress"):
    begin()
    for second, (progress, outcome, count, at, word) in enumerate(PROGRESS, 1):
        t.clock(T0 + second)
        t.verb("heartbeat", fence=1, progress=number(progress),
               outcome=None if outcome == "-" else outcome)
        row = t.holder()
        is_((row["no_progress_count"], row["progress_at"], row["last_outcome"]),
            (int(count), None if at == "-" else T0 + int(at), None if word == "-" else word),
            f"progress {progress}, outcome {outcome}: {count} without progress, last at {at}, {word}")
with t.situation("progress values"):
    begin()
    is_(t.verb("heartbeat", fence=1, progress="1")["revision"], 2, "progress '1' is 1")
    is_(t.holder()["progress_at"], T0, "and counts")
    for value in (2, -1, "yes", 0.5, INT_MAX):
        t.refused("opt.progress", "heartbeat", fence=1, progress=value)
    t.refused("opt.text", "heartbeat", fence=1, outcome="a\0b")

# The lease is never shortened, whatever the clock does.
with t.situation("the clock steps back"):
    begin()
    for at, last in ((50, 50), (20, 50), (49, 50), (51, 51)):
        t.clock(T0 + at)
        report = t.verb("heartbeat", fence=1, activity=f"at {at}", progress=1)
        row = t.holder()
        is_((report["lease_expires_at_epoch_s"], report["remaining_secs"], row["activity_at"], row["progress_at"],
             row["changed_at"]), (T0 + last + 60, last + 60 - at, T0 + last, T0 + last, T0 + last),
            f"a heartbeat at {at} is stamped {last}")

# Reports.
with t.situation("reports"):
    session = begin(scope="s")["session_id"]
    t.clock(T0 + 9)
    base = {"command": "session-state-heartbeat", "ok": True, "scope": "s", "session_id": session,
            "actor_id": "ann", "last_heartbeat_at_epoch_s": T0 + 9,
            "lease_expires_at_epoch_s": T0 + 69, "remaining_secs": 60, "revision": 2, "fence": 1}
    is_(t.verb("heartbeat", scope="s", actor_id="ann"), base, "report of a plain heartbeat")
    report = t.verb("heartbeat", session_id=session, fence=1, activity=" typing ")
    is_(report, base | {"revision": 3, "activity": "typing", "current_activity": "typing",
                        "activity_updated_at_epoch_s": T0 + 9},
        "report with an activity; by fence alone it names the owner")
with t.situation("the report of an interactive session"):
    session = begin("interactive")["session_id"]
    is_(t.verb("heartbeat"), {"command": "session-state-heartbeat", "ok": True, "scope": "main",
                              "session_id": session, "actor_id": "interactive",
                              "last_heartbeat_at_epoch_s": T0, "revision": 2, "fence": 1},
        "an interactive session has no lease to report")
    is_((t.holder()["lease_ttl"], t.holder()["remaining_secs"]), (None, None), "and gets none")
    t.clock(T0 + IDLE_MAX)
    t.verb("heartbeat")
    t.clock(T0 + 2 * IDLE_MAX)
    is_(t.holder()["stale"], 0, "heartbeats keep it alive beyond 8 hours of its start")

done()
