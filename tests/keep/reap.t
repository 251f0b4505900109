#!/usr/bin/python3
"""tenure_reapable and tenure_reap (05): sessions that nobody owns and that wait for nothing are stopped once
they have been idle for so long, to the second; each clause of the rule by itself."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from raw import Raw  # noqa: E402
from tap import done, is_  # noqa: E402
from tenure import INT_MAX, STATUSES, T0, TERMINAL, number, table  # noqa: E402

t = Raw()
TTL = 60
ANN = {"actor_id": "ann", "lease_ttl": TTL}
MINE = {"host": t.value("SELECT host_name()"), "boot_id": t.value("SELECT host_boot_id()"), "pid": os.getpid(),
        "pid_start_ticks": t.value("SELECT process_start_ticks(?)", (os.getpid(),))}


def session(status="running", **columns):
    return t.in_status(status, **{"scope": "s", **ANN, **columns})


def reapable(session_id):
    """What the view shows of a session: its idle seconds and the reason, or None."""
    rows = t.sql("SELECT idle_secs, reason FROM tenure_reapable WHERE session_id = ?", (session_id,))
    return rows[0] if rows else None


def reaped(**columns):
    return [row["session_id"] for row in t.verb("reap", **columns)["reaped"]]


# --- every status

for status in STATUSES:
    legal = status not in TERMINAL and status not in ("exiting", "destroying")
    with t.situation(status):
        s = session(status)
        revision = t.session(s)["revision"]
        t.clock(T0 + 1800)
        is_(reapable(s), (1800, "expired") if legal else None, f"{status}: {'shown' if legal else 'not shown'}")
        was = t.dump()
        report = t.verb("reap")
        is_(report, {"command": "reap", "ok": True, "idle_secs": 1800,
                     "reaped": [{"session_id": s, "scope": "s"}] if legal else [], "skipped": [], "more": False},
            f"{status}: the report")
        if not legal:
            is_(t.dump(), was, f"{status}: nothing is changed")
            continue
        row = t.session(s)
        is_({key: row[key] for key in ("status", "end_reason", "ended_at", "changed_at", "revision", "failure_origin",
                                       "exit_code", "ended_by")},
            {"status": "stopped", "end_reason": "idle", "ended_at": t.now, "changed_at": t.now,
             "revision": revision + 1, "failure_origin": None, "exit_code": None, "ended_by": None},
            f"{status}: stopped, because it was idle")
        is_(t.sql("SELECT event, from_status, to_status, json_extract(detail, '$.verb', '$.end_reason') FROM"
                  " tenure_event ORDER BY seq DESC LIMIT 1"),
            [("session.ended", status, "stopped", '["reap","idle"]')], f"{status}: the log")
        is_((reaped(), t.sql("SELECT * FROM tenure_result")), ([], []), f"{status}: once, and without a result")
        is_(t.verb("start", scope="s", actor_id="bob", lease_ttl=60)["fence"], row["revision"] + 1,
            f"{status}: the scope is free")

# --- how long: from the latest of heartbeat, progress, change and the end of a turn

# What happens at 100 seconds, with a lease that was renewed then if it is a heartbeat.
for what, at in (("nothing", 0), ("heartbeat", 100), ("progress", 100), ("change", 100), ("turn end", 100),
                 ("usage", 100), ("steering", 100)):
    for idle, found in ((1799, False), (1800, True), (1801, True)):
        with t.situation(f"{what} {idle}"):
            s = session(lease_ttl=200)
            if what in ("turn end", "steering"):
                t.verb("turn_begin", session_id=s, turn_id="t1")
            t.clock(T0 + 100)
            if what in ("heartbeat", "progress"):
                t.verb("heartbeat", session_id=s, actor_id="ann", progress=1 if what == "progress" else None)
            elif what == "change":
                t.verb("transition", session_id=s, status="ready", actor_id="ann")
            elif what == "turn end":
                t.verb("turn_end", session_id=s, turn_id="t1")
            elif what == "usage":
                t.verb("usage", session_id=s, total=5)
            elif what == "steering":
                t.verb("turn_steer", session_id=s, input="go on")
                t.verb("turn_abort", session_id=s)
            t.clock(T0 + at + idle)
            is_(reapable(s), (idle, "expired"), f"{what} at {at} seconds: idle for {idle}")
            report = t.verb("reap")
            want = [] if found else [{"session_id": s, "scope": "s", "reason": "idle_secs", "idle_secs": idle}]
            is_(([row["session_id"] for row in report["reaped"]], report["skipped"]), ([s] if found else [], want),
                f"{what}: {idle} seconds: {'reaped' if found else 'skipped, and named'}")

# A turn that ends by itself counts although the row of the session says nothing: a raw UPDATE of a turn.
with t.situation("the end of a turn alone"):
    s = session()
    t.verb("turn_begin", session_id=s, turn_id="t1")
    t.clock(T0 + 500)
    t.sql("UPDATE tenure_turn SET state = 'completed'")
    is_(t.session(s)["changed_at"], T0, "the row of the session was not written")
    t.clock(T0 + 1800)
    is_((reapable(s), reaped()), ((1300, "expired"), []), "but the end of its turn counts")
    t.clock(T0 + 2300)
    is_(reaped(), [s], "and from there on it is idle")

# idle_secs | idle for | reaped
for asked, idle, found in table("""
-     1799   0
-     1800   1
1800  1799   0
1800  1800   1
60    60     1
61    60     0
0     60     1
3600  3599   0
3600  3600   1
9223372036854775807 99999999 0
"""):
    with t.situation(f"idle_secs {asked}, {idle}"):
        s = session()
        t.clock(T0 + int(idle))
        is_(reaped(idle_secs=number(asked)), [s] if found == "1" else [],
            f"idle_secs {asked}, idle for {idle}: {found}")
for value in (-1, "x", 1.5, b"\xff", -INT_MAX):
    t.refused("opt.idle_secs", "reap", idle_secs=value)
for value in (0, -1, 501, "x"):
    t.refused("opt.max_rows", "reap", max_rows=value)

# --- who is never reaped

for name, columns, age, reason in (
        ("whose lease lives", {}, TTL - 1, None), ("whose lease is over", {}, TTL, "expired"),
        ("whose process lives", MINE, 10**6, None),
        ("whose process is dead", t.dead_process(), 1, "its process is dead"),
        ("whose stamps are ahead of the clock", {}, -TTL - 1, "clock")):
    with t.situation(name):
        s = session(**columns)
        t.clock(T0 + age)
        is_(reapable(s) and reapable(s)[1], reason, f"a session {name}: {reason or 'owned'}")
        is_(reaped(idle_secs=0), [s] if reason else [], f"a session {name}: {'reaped' if reason else 'never'}")
with t.situation("interactive"):
    s = t.verb("start", scope="s")["session_id"]
    for age, want in ((28800, []), (28801, [s])):
        t.clock(T0 + age)
        is_(reaped(), want, f"an interactive session, idle for {age} seconds: {want != []}")
with t.situation("an open turn"):
    s = session()
    t.verb("turn_begin", session_id=s, turn_id="t1")
    t.clock(T0 + 10**5)
    is_((reapable(s), reaped()), (None, []), "with an open turn: never, however long")
    t.verb("turn_abort", session_id=s)
    is_(reapable(s), (0, "expired"), "once it is over, from then on")
with t.situation("a reserved turn"):
    s = session("starting")
    t.verb("turn_begin", session_id=s, turn_id="t1", reserve=1)
    t.clock(T0 + 10**5)
    is_((reapable(s), reaped()), (None, []), "nor with a turn that is reserved")
with t.situation("a request"):
    s = session()
    t.verb("turn_begin", session_id=s, turn_id="t1")
    t.verb("request_open", session_id=s, turn_id="t1", request_id="q", kind="approval")
    t.clock(T0 + 10**5)
    is_((reapable(s), reaped()), (None, []), "with a request that waits for an answer: never")
    t.verb("turn_end", session_id=s, turn_id="t1")
    is_([row[0] for row in t.sql("SELECT state FROM tenure_request")], ["expired"], "it expires with its turn")
    t.clock(T0 + 10**5 + 1800)
    is_(reaped(), [s], "and then keeps nobody")

# A pending request without its turn is what a guard refuses; the rule does not depend on that.
with t.situation("a request without its turn", healthy=False):
    s = session()
    t.sql("DROP TRIGGER tenure_request_insert_guard")
    t.sql("INSERT INTO tenure_request (session_id, request_id, attempt, incarnation, turn_id, kind, state, created_at)"
          " VALUES (?, 'q', 1, 1, 't9', 'approval', 'pending', 1)", (s,))
    t.clock(T0 + 10**5)
    is_((reapable(s), reaped()), (None, []), "a pending request keeps a session, whatever became of its turn")

# --- many

with t.situation("many"):
    made = []
    for n in range(7):
        t.clock(T0 + n)
        made.append(t.verb("start", scope=f"s{6 - n}", **ANN)["session_id"])
    t.clock(T0 + 10)
    owned = t.verb("start", scope="owned", actor_id="ann", lease_ttl=10**6)["session_id"]
    t.clock(T0 + 1803)
    report = t.verb("reap", max_rows=3)
    is_(([row["session_id"] for row in report["reaped"]], report["more"]), (made[:3], True),
        "those that were idle longest first")
    is_(report["skipped"], [{"session_id": s, "scope": f"s{6 - n}", "reason": "idle_secs", "idle_secs": 1803 - n}
                            for n, s in enumerate(made) if n > 3], "and those that were not idle enough are named")
    report = t.verb("reap", max_rows=3)
    is_(([row["session_id"] for row in report["reaped"]], report["more"]), (made[3:4], False), "then the last of them")
    is_(t.session(owned)["ended_at"], None, "an owned one is not among them")
with t.situation("more than 500"):
    for n in range(501):
        t.verb("start", scope=f"s{n}", **ANN)
    t.clock(T0 + 1800)
    first, second = t.verb("reap"), t.verb("reap")
    is_((len(first["reaped"]), first["more"], len(second["reaped"]), second["more"]), (500, True, 1, False),
        "of 501 the first call reaps 500, and says so")
with t.situation("another clock"):
    virtual = session(scope="v")
    t.clock(None)
    t.verb("start", scope="m", actor_id="ann", lease_ttl=1, **t.dead_process())
    report = t.verb("reap", idle_secs=0)
    is_([(row["session_id"], row["reason"]) for row in report["skipped"]], [(virtual, "clock")],
        "what lives on another clock is left alone, and named")
    is_(t.session(virtual)["ended_at"], None, "and lives on")

# --- what goes with it

with t.situation("receipt"):
    s = session()
    t.clock(T0 + 1800)
    first = t.verb("reap", receipt_id="r")
    t.verb("start", scope="s2", **ANN)
    t.clock(T0 + 5000)
    is_(t.verb("reap", receipt_id="r"), first | {"replayed": True}, "a receipt gives the report of its first success")
    is_(len(t.sql("SELECT * FROM tenure_reapable")), 1, "and reaps nobody else")
with t.situation("notes"):
    s = session(strict=1)
    for kind in ("blocking", "non_blocking"):
        t.verb("escalate", scope="s", kind=kind, reason="r")
    t.verb("turn_request_start", session_id=s, message_id="m", fence=1)
    t.clock(T0 + 1800)
    is_(reaped(), [s], "a strict session is reaped without its fence")
    is_((t.sql("SELECT kind FROM tenure_escalation"), t.sql("SELECT * FROM tenure_pending_start")),
        ([("blocking",)], []), "what blocks stays with the scope, a start that was asked for does not")
    is_(t.outcome("heartbeat", session_id=s, actor_id="ann", fence=1), "fence.session",
        "the holder is told at its next beat")
    is_(t.verb("resume", session_id=s, actor_id="ann")["incarnation"], 2, "and can resume")
with t.situation("sleep"):
    s = session(lease_ttl=10**6)
    t.clock(T0 + 10**5)
    is_((reapable(s), reaped(idle_secs=0)), (None, []), "a long lease keeps a session that is only slow")
is_([row[1] for row in t.sql("PRAGMA table_info(tenure_reapable)")],
    "session_id scope incarnation status verdict reason idle_secs owner_id clock host pid label".split(),
    "the columns of tenure_reapable")
done()
