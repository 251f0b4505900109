#!/usr/bin/python3
"""tenure_transition: every edge of the matrix through the verb, who may, and what each end stores."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import done, is_, ok  # noqa: E402
from tenure import STATUSES, T0, TERMINAL, Tenure, table  # noqa: E402

# from \ to, in the order of STATUSES: x legal, = already there, R revival (resume's alone), . illegal
MATRIX = table("""
= x x x x x x x x x x .
. = x x x x x x x x x .
. x = x x x x x x x x .
. x x = x x x x x x x .
. x x x = x x x x x x .
. x x x x = x x x x x .
. . . . . . = x x . . .
. R . . . . . = . . . x
. R . . . . . . = . . x
. R . . . . . . . = . x
. . . . . . . . . . = x
. . . . . . . . . . . =
""")

# who, fence -> autonomous; autonomous and strict. Ann owns, boss supervises.
WHO = table("""
-    -     transition.denied fence.required
bob  -     transition.denied fence.required
Ann  -     transition.denied fence.required
ann  -     ok                fence.required
boss -     ok                fence.required
-    right ok                ok
bob  right ok                ok
ann  right ok                ok
ann  wrong fence.token       fence.token
bob  wrong fence.token       fence.token
""")

t = Tenure()


def begin(**columns):
    return t.verb("start", actor_id="ann", lease_ttl=60, supervisor_id="boss", **columns)


# Every edge. What is legal is one change with one event; what is there already is none.
for row, old in enumerate(STATUSES):
    for column, new in enumerate(STATUSES):
        edge = MATRIX[row][column]
        name = f"{old} -> {new}"
        with t.situation(name):
            session = t.in_status(old, actor_id="ann", lease_ttl=60)
            before, events = t.session(session), t.value("SELECT count(*) FROM tenure_event")
            t.clock(T0 + 5)
            if edge in ".R":
                code = "transition.revival" if edge == "R" else "transition.illegal"
                t.refused(code, "transition", session_id=session, status=new, actor_id="ann",
                          says=[name], test=f"{name} is refused: {code}")
                continue
            report = t.verb("transition", session_id=session, status=new, actor_id="ann")
            after = t.session(session)
            events = t.value("SELECT count(*) FROM tenure_event") - events
            is_((report["changed"], report["prior_status"], report["status"], events),
                (edge == "x", old, new, int(edge == "x")), f"{name}: reported and logged")
            if edge == "=":
                is_(after, before, f"{name}: nothing changes")
                continue
            is_((after["status"], after["revision"], after["changed_at"], after["fence"]),
                (new, before["revision"] + 1, T0 + 5, before["fence"]), f"{name}: stored")
            ended = T0 + 5 if new in TERMINAL and old not in TERMINAL else before["ended_at"]
            is_((after["ended_at"], after["end_reason"]),
                (ended, "transition" if new in TERMINAL else None), f"{name}: the end")
            is_(t.counter(), before["revision"] + (old not in TERMINAL),
                f"{name}: only the living move the counter")

# Who may.
for strict in (0, 1):
    for status in ("running", "exited"):
        for who, fence, lax, tight in WHO:
            want = tight if strict else lax
            name = f"{status}, strict {strict}: actor {who}, fence {fence}: {want}"
            with t.situation(name):
                session = begin(strict=strict)["session_id"]
                if status == "exited":
                    t.verb("transition", session_id=session, status=status, fence=1)
                columns = {"actor_id": None if who == "-" else who, "session_id": session,
                           "status": "exiting" if status == "running" else "destroyed",
                           "fence": {"right": 1, "wrong": 2, "-": None}[fence]}
                if want == "ok":
                    is_(t.verb("transition", **columns)["changed"], True, name)
                else:
                    t.refused(want, "transition", says=[session], test=name, **columns)
for columns in ({}, {"actor_id": "ann", "lease_ttl": 60, "scope": ""}):
    for who in (None, "bob"):
        with t.situation("sessions that ask for nothing"):
            session = t.verb("start", **columns)["session_id"]
            is_(t.verb("transition", session_id=session, status="exiting", actor_id=who)["changed"],
                True, f"a session started with {columns} asks nothing of actor {who}")

# A lease that ran out does not keep its holder from ending what it did.
with t.situation("a stale holder"):
    session = begin()["session_id"]
    t.clock(T0 + 99)
    is_(t.verb("transition", session_id=session, status="exited", fence=1)["status"], "exited",
        "a stale holder may end its session by fence")

# Validation and its order: the word, the revision, the edge.
with t.situation("a revival is none, whatever the clock"):
    session = begin()["session_id"]
    t.verb("transition", session_id=session, status="exited", actor_id="ann")
    t.clock(None)
    t.refused("transition.revival", "transition", session_id=session, status="starting", actor_id="ann")
with t.situation("order"):
    session = begin()["session_id"]
    asked = {"session_id": session, "actor_id": "ann"}
    t.refused("usage.status", "transition", status="gone", expected_revision=9, says=["gone"], **asked)
    t.refused("transition.conflict", "transition", status="destroyed", expected_revision=9,
              says=["expected revision 9", "current is 1"], **asked)
    t.refused("transition.illegal", "transition", status="destroyed", expected_revision=1,
              says=["running -> destroyed"], **asked)
    t.refused("transition.conflict", "transition", status="running", expected_revision=0,
              says=["expected revision 0"], test="even where nothing would change", **asked)
    t.refused("fence.token", "transition", status="destroyed", fence=9, expected_revision=9,
              says=["ann"], test="the fence before the edge and the revision", **asked)
    t.refused("fence.session", "transition", status="ready", incarnation=2, says=[session],
              test="another incarnation is another session", **asked)
    for columns, code in (({"session_id": None}, "opt.required"), ({}, "opt.required"),
                          ({"status": "ready", "session_id": "ses_x"}, "transition.missing"),
                          ({"status": "ready", "expected_revision": "x"}, "usage.expected_revision"),
                          ({"status": "ready", "incarnation": 0}, "usage.incarnation"),
                          ({"status": "ready", "fence": "x"}, "usage.fence"),
                          ({"status": "failed", "exit_code": "x"}, "opt.exit_code"),
                          ({"status": "failed", "exit_code": 2**32}, "opt.exit_code"),
                          ({"status": "failed", "exit_signal": 256}, "opt.exit_signal"),
                          ({"status": "failed", "exit_signal": -1}, "opt.exit_signal"),
                          ({"status": "failed", "failure_origin": "luck"}, "opt.failure_origin"),
                          ({"status": "failed", "failure_reason": "\0"}, "opt.text"),
                          ({"status": "failed", "reason": b"\xff"}, "opt.text")):
        t.refused(code, "transition", **asked | columns)
    for missing in ("session_id", "status"):
        t.refused("opt.required", "transition", says=[missing], **asked | {"status": "ready"} | {missing: None})
    report = t.verb("transition", status="ready", expected_revision="1", incarnation=1, fence="1", **asked)
    is_(report["revision"], 2, "numbers may be written as text")

# The fields that belong to the new status.
ALL = {"exit_code": 3, "exit_signal": 9, "failure_origin": "host-death", "failure_reason": "F",
       "reason": "R"}
# status -> exit_code, exit_signal, failure_origin, failure_reason, last_error, ended_by, end_note
FIELDS = table("""
ready      - - -          - - -   -
exiting    - - -          - - -   -
error      - - host-death F F -   -
exited     3 9 -          - - ann R
stopped    3 9 -          - - ann R
failed     3 9 host-death F - ann R
destroying - - -          - - -   -
""")
NAMES = ["exit_code", "exit_signal", "failure_origin", "failure_reason", "last_error", "ended_by",
         "end_note"]
for status, *words in FIELDS:
    with t.situation(f"the fields of {status}"):
        session = begin()["session_id"]
        t.verb("transition", session_id=session, status=status, actor_id="ann", **ALL)
        row = t.session(session)
        want = [None if word == "-" else word for word in words]
        want[0] = want[0] and int(want[0])
        is_([row[name] for name in NAMES], want, f"the fields of {status}")
for given, want in (({"failure_reason": "F", "reason": "R"}, "F"), ({"reason": "R"}, "R"), ({}, "old")):
    with t.situation("last_error"):
        session = begin()["session_id"]
        t.verb("transition", session_id=session, status="error", fence=1, reason="old")
        t.verb("transition", session_id=session, status="ready", fence=1)
        t.verb("transition", session_id=session, status="error", fence=1, **given)
        is_(t.session(session)["last_error"], want, f"last_error after {given} is {want}")
for code in (0, -1, 255, -2147483648, 4294967295, "7"):
    with t.situation(f"exit_code {code}"):
        session = begin()["session_id"]
        t.verb("transition", session_id=session, status="exited", fence=1, exit_code=code)
        is_(t.session(session)["exit_code"], int(code), f"exit_code {code!r} is kept")

for signal, want in ((0, None), (9, "9"), ("15", "15"), (255, "255")):
    with t.situation(f"exit_signal {signal}"):
        session = begin()["session_id"]
        t.verb("transition", session_id=session, status="exited", fence=1, exit_signal=signal)
        is_(t.session(session)["exit_signal"], want, f"exit_signal {signal!r} is kept as {want!r}: 0 is none")

# An end stays what it was.
with t.situation("exited, then destroyed"):
    session = begin()["session_id"]
    t.verb("transition", session_id=session, status="exited", actor_id="ann", reason="done", exit_code=1)
    first = t.session(session)
    t.clock(T0 + 9)
    t.verb("transition", session_id=session, status="destroyed", actor_id="boss", reason="tidy")
    row = t.session(session)
    is_([row[name] for name in ("ended_at", "end_reason", "ended_by", "end_note", "exit_code")],
        [first[name] for name in ("ended_at", "end_reason", "ended_by", "end_note", "exit_code")],
        "destroying what has exited leaves the end as it was")

# Reports.
with t.situation("reports"):
    session = begin(scope="s")["session_id"]
    base = {"command": "session-state-transition", "ok": True, "scope": "s", "session_id": session,
            "incarnation": 1, "prior_status": "running", "status": "ready", "changed": True,
            "revision": 2, "fence": 1}
    is_(t.verb("transition", session_id=session, status="ready", fence=1), base, "report")
    is_(t.verb("transition", session_id=session, status="ready", fence=1, reason="again"),
        base | {"prior_status": "ready", "changed": False, "reason": "again"},
        "report of what was so already")
    is_(t.verb("transition", session_id=session, status="failed", fence=1, **ALL),
        base | {"prior_status": "ready", "status": "failed", "revision": 3, "ended_at_epoch_s": T0,
                "exit_code": 3, "exit_signal": "9", "failure_origin": "host-death",
                "failure_reason": "F", "reason": "R"}, "report of an end")

# A session that was replaced or resumed is out of reach of those who mean the old one.
with t.situation("a resumed session"):
    session = begin()["session_id"]
    t.verb("transition", session_id=session, status="exited", fence=1)
    t.verb("resume", session_id=session, actor_id="ann")
    t.refused("fence.token", "transition", session_id=session, status="failed", fence=1, says=["ann"],
              test="the fence of the old incarnation is worth nothing")
    t.refused("fence.session", "transition", session_id=session, status="failed", incarnation=1,
              actor_id="ann", says=[session], test="nor is its number")
    t.refused("transition.conflict", "transition", session_id=session, status="failed",
              expected_revision=2, actor_id="ann", says=["current is 3"], test="nor its revision")
    ok(t.verb("transition", session_id=session, status="running", incarnation=2, actor_id="ann"),
       "the new one is in reach")
with t.situation("a replaced session"):
    session = begin(scope="s")["session_id"]
    t.clock(T0 + 60)
    t.verb("takeover", scope="s", actor_id="bob", reason="r")
    fence = t.session(session)["fence"]
    t.refused("fence.token", "transition", session_id=session, status="destroyed", fence=fence, says=["bob"],
              test="the fence that a replaced session kept is worth nothing")
    t.refused("fence.token", "transition", session_id=session, status="failed", fence=fence,
              test="not even to ask for what is so already")
    is_(t.verb("transition", session_id=session, status="destroyed", actor_id="ann")["status"], "destroyed",
        "its owner can tidy it away in its own name")

done()
