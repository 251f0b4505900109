#!/usr/bin/python3
"""tenure_takeover: its guards in their order, what it ends and makes, and what it reports."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import done, is_, ok  # noqa: E402
from tenure import FAR, STATUSES, T0, TERMINAL, TTL_MAX, Tenure, table  # noqa: E402

GOOD = {"actor_id": "bob", "reason": "ann vanished"}

# rank, code, columns, situation. Of two faults the one with the lower rank wins.
FAULTS = [
    (1, "opt.actor_required", {"actor_id": None}, {}),
    (2, "opt.blank_id", {"actor_id": " "}, {}),
    (2, "opt.bad_id", {"actor_id": "interactive"}, {}),
    (2, "opt.bad_id", {"supervisor_id": "a\nb"}, {}),
    (2, "opt.lease_range", {"lease_ttl": 0}, {}),
    (3, "takeover.missing", {"scope": "nowhere"}, {}),
    (4, "takeover.not_autonomous", {}, {"lifecycle": "interactive"}),
    (5, "takeover.live", {}, {"at": 59}),
    (6, "takeover.same_actor", {"actor_id": "ann"}, {}),
    (7, "takeover.reason_required", {"reason": None}, {}),
    (7, "takeover.reason_required", {"reason": " \t\u2003"}, {}),
    (8, "takeover.conflict", {"expected_revision": 7}, {}),
]

# its age, its process -> whether it can be taken
FRESHNESS = table("""
0   -    live
59  -    live
60  -    taken
61  -    taken
-60 -    live
-61 -    taken    # stamped further ahead than its ttl
0   far  live     # a process of another host is unknown, and unknown never steals
0   dead taken
60  dead taken
""")

# field -> inherited (kept), given or kept, now, minted, a value
MADE = table("""
scope             kept
incarnation       1
status            running
mode              kept
owner_kind        kept
owner_id          bob
supervisor_id     given/kept
strict            kept
clock             virtual
lease_ttl         given/kept
started_at        now
last_started_at   now
last_heartbeat_at now
changed_at        now
start_count       1
progress_at       NULL
no_progress_count 0
last_outcome      NULL
current_activity  NULL
activity_at       NULL
ended_at          NULL
end_reason        NULL
predecessor_id    prior
host              given/NULL
boot_id           given/NULL
pid               given/NULL
pid_start_ticks   given/NULL
label             given/NULL
command           given/NULL
cwd               given/NULL
""")

t = Tenure()


def begin(lifecycle="autonomous", at=60, **columns):
    """Ann's session, AT seconds old."""
    owner = {} if lifecycle == "interactive" else {"actor_id": "ann", "lease_ttl": 60}
    found = t.verb("start", **owner, **columns)
    t.clock(T0 + at)
    return found


for i, (rank, code, columns, place) in enumerate(FAULTS):
    for other_rank, other, more, there in FAULTS[i:]:
        both = set(columns) & set(more) or set(place) & set(there)
        if code == other and columns == more:
            name = f"guard: {code} {columns}"
        elif both or rank == other_rank:
            continue
        else:
            name = f"guards: {code} {columns} before {other} {more}"
        with t.situation(name):
            begin(**place | there)
            says = ["ann", "main"] if code == "takeover.live" else []
            t.refused(code, "takeover", says=says, test=name, **GOOD | more | columns)

for at, process, want in FRESHNESS:
    for strict in (0, 1):
        name = f"at {at}, process {process}, strict {strict}: {want}"
        with t.situation(name):
            begin(strict=strict, at=int(at), **{"dead": t.dead_process(), "far": FAR}.get(process, {}))
            if want == "live":
                t.refused("takeover.live", "takeover", says=["ann", "main"], test=name, **GOOD)
            else:
                is_(t.verb("takeover", **GOOD)["prior_actor_id"], "ann", name)

for age in (0, 28801):
    with t.situation(f"an interactive session {age} seconds old"):
        found = begin("interactive", at=age)
        t.refused("takeover.not_autonomous", "takeover", says=[found["session_id"]],
                  test=f"an interactive session {age} seconds old cannot be taken over", **GOOD)

# What it makes, with everything inherited and with everything given.
GIVEN = {"supervisor_id": "chief", "lease_ttl": 7, "host": "h", "boot_id": "b", "pid": 8,
         "pid_start_ticks": 9, "label": "L", "command": "C", "cwd": "/c"}
for given in ({}, GIVEN):
    for strict in (0, 1):
        with t.situation(f"what it makes, given {bool(given)}, strict {strict}"):
            begin(scope="s", at=0, mode="research", owner_kind="runtime_supervisor",
                  supervisor_id="boss", strict=strict, status="starting", label="old", **FAR)
            t.verb("heartbeat", scope="s", fence=1, activity="busy", progress=0, outcome="hm")
            before = t.holder("s")
            t.clock(T0 + 60)
            report = t.verb("takeover", scope="s", **GOOD, **given)
            after, old = t.session(report["session_id"]), t.session(before["session_id"])
            facts = {"now": T0 + 60, "NULL": None, "prior": before["session_id"]}
            want = {}
            for field, word in MADE:
                word = word.split("/")
                word = given.get(field, word[1]) if word[0] == "given" else word[0]
                want[field] = before[field] if word == "kept" else facts.get(word, word)
                if isinstance(word, str) and word.isdigit():
                    want[field] = int(word)
            is_({field: after[field] for field in want}, want,
                f"the new row, given {bool(given)}, strict {strict}")
            is_((old["revision"], after["revision"], after["fence"], t.counter("s")), (3, 3, 3, 3),
                "one change has one number, which both rows carry")
            is_({field: old[field] for field in ("status", "end_reason", "ended_by", "end_note",
                                                 "ended_at", "fence", "owner_id")},
                {"status": "failed", "end_reason": "taken_over", "ended_by": "bob",
                 "end_note": "ann vanished", "ended_at": T0 + 60, "fence": 1, "owner_id": "ann"},
                "the old row says who, when and why")

for status in [s for s in STATUSES if s not in TERMINAL]:
    with t.situation(f"from {status}"):
        old = t.in_status(status, actor_id="ann", lease_ttl=60)
        t.clock(T0 + 60)
        report = t.verb("takeover", **GOOD)
        is_((t.session(old)["status"], t.session(report["session_id"])["status"]),
            ("destroyed" if status == "destroying" else "failed", "running"),
            f"from {status}: the old session ends, the new one runs")

# The numbers hold without a scope too, where each session counts for itself.
with t.situation("no scope"):
    old = begin(scope="")["session_id"]
    report = t.verb("takeover", session_id=old, **GOOD)
    is_((report["revision"], report["fence"], report.get("scope")), (1, 1, None),
        "a session without a scope is taken over by its id")

# Of two takers one wins, and the other is told who.
with t.situation("two takers"):
    begin()
    first = t.verb("takeover", expected_revision=1, **GOOD)
    t.refused("takeover.live", "takeover", actor_id="eve", reason="me too", expected_revision=1,
              says=["bob", first["session_id"]], test="the second taker is told who won")
    t.clock(T0 + 120)
    t.refused("takeover.conflict", "takeover", actor_id="eve", reason="again", expected_revision=1,
              says=["expected revision 1", "current is 2"], test="and what is meant is checked later on")
    is_(t.verb("takeover", actor_id="eve", reason="again", expected_revision="2")["revision"], 3,
        "expected_revision may be written as text")
    for value in ("x", 1.5, ""):
        t.refused("usage.expected_revision", "takeover", expected_revision=value, **GOOD)

# The one who was taken over is shut out, by fence, by session and by name.
with t.situation("the old holder"):
    old = begin()["session_id"]
    new = t.verb("takeover", **GOOD)["session_id"]
    t.refused("heartbeat.not_owner", "heartbeat", actor_id="ann", says=["bob", new])
    t.refused("fence.session", "heartbeat", session_id=old, fence=1, says=["bob", new, "main"])
    t.refused("heartbeat.not_owner", "heartbeat", fence=1, says=["bob"])
    t.refused("clear.denied", "clear", actor_id="ann", says=["bob"])
    t.refused("start.live_other_owner", "start", actor_id="ann", lease_ttl=60, says=["bob", new])
    is_(t.verb("clear", session_id=old, actor_id="ann")["cleared"], False,
        "clearing what was taken over clears nothing")

for column, value, code in (("host", "\0", "opt.text"), ("pid", 0, "opt.process"),
                            ("pid_start_ticks", -1, "opt.process"), ("label", b"\xff", "opt.text"),
                            ("lease_ttl", TTL_MAX + 1, "opt.lease_range"), ("scope", "a\n", "opt.scope"),
                            ("reason", "a\0b", "opt.text")):
    with t.situation(f"{column} {value!r}"):
        begin()
        t.refused(code, "takeover", **GOOD | {column: value})

# Reports.
with t.situation("reports"):
    old = begin(scope="s", supervisor_id="boss")["session_id"]
    report = t.verb("takeover", scope="s", **GOOD)
    is_(report, {"command": "session-state-takeover", "ok": True, "scope": "s",
                 "prior_session_id": old, "prior_actor_id": "ann",
                 "session_id": report["session_id"], "actor_id": "bob", "supervisor_id": "boss",
                 "lease_ttl_secs": 60, "last_heartbeat_at_epoch_s": T0 + 60,
                 "lease_expires_at_epoch_s": T0 + 120, "revision": 2, "fence": 2,
                 "reason": "ann vanished"}, "report")
    ok(report["session_id"] not in (old, None), "the id is a new one")
    is_(t.rows("SELECT event, actor_id, to_status, json_extract(detail, '$.reason') AS reason FROM"
               " tenure_event WHERE seq > 1 ORDER BY seq"),
        [{"event": "session.ended", "actor_id": "bob", "to_status": "failed", "reason": "ann vanished"},
         {"event": "session.created", "actor_id": "bob", "to_status": "running",
          "reason": "ann vanished"}], "the log says who did it, and why")
with t.situation("the report without a supervisor"):
    begin()
    ok("supervisor_id" not in t.verb("takeover", **GOOD), "a null supervisor is left out")

done()
