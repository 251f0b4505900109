#!/usr/bin/python3
"""The verbs of turns, requests and usage: their rules, row by row, and the order in which they are asked."""

import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import done, is_, ok  # noqa: E402
from tenure import INT_MAX, STATUSES, T0, TERMINAL, Tenure  # noqa: E402

COMMANDABLE = "idle starting running ready interrupted error".split()
KINDS = {"approval": "denied", "user_input": None, "permission": "cancelled",
         "elicitation": "cancelled", "tool_call": None}

# A call of each verb that is right for working(), and whether it opens or feeds work.
VERBS = {
    "turn_request_start": ({"message_id": "m2"}, True),
    "turn_begin": ({"turn_id": "t2", "replace": 1}, True),
    "turn_steer": ({"input": "go on"}, True),
    "turn_take_input": ({}, True),
    "request_open": ({"request_id": "r2", "kind": "approval"}, True),
    "turn_end": ({"turn_id": "t1"}, False),
    "turn_abort": ({"turn_id": "t1"}, False),
    "request_resolve": ({"request_id": "r1", "decision": "approved"}, False),
    "usage": ({"total": 5}, False),
    "provider_event": ({"type": "session.exited"}, False),
}

t = Tenure()


def living(status="running", **columns):
    """A session of ann's in STATUS. Gives its id."""
    return t.in_status(status, **{"actor_id": "ann", "lease_ttl": 60, **columns})


def working(kind=None, **columns):
    """A session with the running turn t1, which was told something and waits for an approval, r1."""
    session = living(**columns)
    shown = {"session_id": session, "fence": 1 if columns.get("strict") else None}
    t.verb("turn_begin", turn_id="t1", kind=kind, **shown)
    if kind is None:
        t.verb("turn_steer", input="first", **shown)
    t.verb("request_open", request_id="r1", kind="approval", **shown)
    return session


def turn(session, turn_id):
    rows = t.rows("SELECT * FROM tenure_turn WHERE session_id = ? AND turn_id = ?", (session, turn_id))
    return rows[0] if rows else None


def states(session):
    return dict(t.sql("SELECT turn_id, state FROM tenure_turn WHERE session_id = ?", (session,)))


def status(session):
    return t.session(session)["status"]


def pending(session):
    return t.sql("SELECT message_id, requested_at FROM tenure_pending_start WHERE session_id = ?",
                 (session,))


def requests(session):
    return t.sql("SELECT request_id, attempt, state, decision FROM tenure_request WHERE session_id = ?"
                 " ORDER BY request_id, attempt", (session,))


def log(since=0):
    """What the log has after SINCE: event and turn."""
    return [" ".join(filter(None, row))
            for row in t.sql("SELECT event, turn_id FROM tenure_event WHERE seq > ? ORDER BY seq", (since,))]


def mark():
    return t.value("SELECT max(seq) FROM tenure_event")


def unchanged(name, verb, /, **columns):
    """The verb succeeds and changes nothing. Gives its report."""
    before = t.dump()
    report = t.verb(verb, **columns)
    ok(t.dump() == before, name)
    return report


# Which row: each verb, each situation.
for verb, (columns, opens) in VERBS.items():
    t.refused("opt.required", verb, says=["session_id"], test=f"{verb} without a session", **columns)
    t.refused("turn.missing", verb, session_id="ses_x", says=["ses_x"],
              test=f"{verb} on an unknown session", **columns)
    with t.situation(f"{verb} on a living session"):
        session = working()
        if verb != "provider_event":
            t.refused("fence.session", verb, session_id=session, incarnation=2, says=[session],
                      test=f"{verb} with another incarnation", **columns)
            t.refused("usage.incarnation", verb, session_id=session, incarnation="x",
                      test=f"{verb} with an incarnation that is no number", **columns)
        t.refused("fence.token", verb, session_id=session, fence=7, says=["ann", "7"],
                  test=f"{verb} with a wrong fence", **columns)
        t.refused("usage.fence", verb, session_id=session, fence="x",
                  test=f"{verb} with a fence that is no number", **columns)
        report = t.verb(verb, session_id=session, fence=1, incarnation=1, **columns)
        is_((report["ok"], report["session_id"]), (True, session), f"{verb} by the right fence")
    with t.situation(f"{verb} on a strict session"):
        session = working(strict=1)
        t.refused("fence.required", verb, session_id=session, says=["ann"],
                  test=f"{verb} on a strict session without the fence", **columns)
        is_(t.verb(verb, session_id=session, fence=1, **columns)["ok"], True, f"{verb} with it")
    with t.situation(f"{verb} on a stale session"):
        session = working(strict=1)
        t.clock(T0 + 60)
        t.refused("fence.token", verb, session_id=session, fence=2,
                  test=f"{verb} on a stale session: the fence comes first", **columns)
        if opens:
            t.refused("turn.stale", verb, session_id=session, fence=1, says=["ann", "expired"],
                      test=f"{verb} is not for a stale session", **columns)
        else:
            is_(t.verb(verb, session_id=session, fence=1, **columns)["ok"], True,
                f"{verb} goes on by fence on a stale session")
    with t.situation(f"{verb} where the process is dead"):
        session = working(**t.dead_process())
        got = t.outcome(verb, session_id=session, **columns)
        if opens:
            # What is stale without being replaced: the lease, not the process (02, "Which row").
            ok(got == "turn.stale" or got["ok"], f"{verb} where the process is dead is judged")
        else:
            is_(got["ok"], True, f"{verb} where the process is dead goes on")
    with t.situation(f"{verb} on a session that was replaced"):
        session = working(scope="s")
        t.clock(T0 + 60)
        holder = t.verb("takeover", scope="s", actor_id="bob", reason="r")
        if opens:
            t.refused("fence.session", verb, session_id=session, fence=1, says=["bob", holder["session_id"]],
                      test=f"{verb} on an ended session names who holds the scope", **columns)
        else:
            t.refused("fence.token", verb, session_id=session, fence=2, says=["bob"],
                      test=f"{verb} on an ended session: the fence comes first", **columns)
            before = states(session), requests(session), status(session)
            if verb == "usage":  # the one that would change something
                t.refused("fence.token", verb, session_id=session, fence=1, says=["bob"],
                          test="usage by the fence of a session that was replaced", **columns)
                ok(t.verb(verb, session_id=session, **columns)["ok"], "who shows none may still tell what it has cost")
                t.clock(T0)
                session = working(scope="ended")
                t.verb("clear", session_id=session, fence=1)
                before = states(session), requests(session), status(session)
            report = t.verb(verb, session_id=session, fence=1, **columns)
            is_((report["ok"], states(session), requests(session), status(session)), (True, *before),
                f"{verb} on an ended session leaves turns, requests and status")
            applied = {"turn_end": ("applied", False), "turn_abort": ("aborted", False),
                       "request_resolve": ("stale", True), "provider_event": ("applied", False)}.get(verb)
            if applied:
                is_(report[applied[0]], applied[1], f"{verb} on an ended session reports {applied}")
    with t.situation(f"{verb} of the incarnation before"):
        session = working()
        t.clock(T0 + 60)
        t.verb("resume", session_id=session, actor_id="ann")
        t.refused("fence.token", verb, session_id=session, fence=1,
                  test=f"{verb} with the fence of the incarnation before", **columns)
        if verb != "provider_event":
            t.refused("fence.session", verb, session_id=session, incarnation=1,
                      test=f"{verb} for the incarnation before", **columns)
    with t.situation(f"{verb} with a receipt"):
        session = working()
        first = t.verb(verb, session_id=session, receipt_id="x1", **columns)
        again = unchanged(f"{verb} with the same receipt does nothing", verb, session_id=session,
                          receipt_id="x1", **columns)
        is_(again, {**first, "replayed": True}, f"{verb} with the same receipt reports the same")
        other = t.verb("start", scope="other")["session_id"]
        t.refused("receipt.conflict", verb, session_id=other, receipt_id="x1",
                  test=f"{verb} with a receipt of another session", **columns)

# tenure_turn_request_start.
for before in STATUSES:
    with t.situation(f"request_start in {before}"):
        session = living(before)
        if before in COMMANDABLE:
            t.clock(T0 + 5)
            report = t.verb("turn_request_start", session_id=session, message_id="m1")
            want = "running" if before == "running" else "starting"
            is_((status(session), report["status"], pending(session)), (want, want, [("m1", T0 + 5)]),
                f"request_start in {before}: {want}")
            is_(report["revision"], t.session(session)["revision"], f"revision after one in {before}")
            t.clock(T0 + 6)
            t.verb("turn_request_start", session_id=session, message_id="m2")
            is_(pending(session), [("m2", T0 + 6)], f"the latest start wins in {before}")
        else:
            t.refused("fence.session" if before in TERMINAL else "turn.not_allowed",
                      "turn_request_start", session_id=session, says=[session],
                      test=f"request_start in {before} is refused")
with t.situation("a start while a turn runs"):
    session = working()
    t.verb("turn_request_start", session_id=session, message_id="m2")
    is_((states(session), status(session)), ({"t1": "running"}, "running"),
        "a start that is asked for leaves the running turn")

# What erases a start that was asked for.
for after in STATUSES:
    with t.situation(f"pending start, then {after}"):
        if after in ("idle", "destroyed"):
            continue  # no edge leads there from starting
        session = living("ready")
        t.verb("turn_request_start", session_id=session, message_id="m1")
        if after == "starting":
            t.verb("transition", session_id=session, status="running", actor_id="ann")
        t.verb("transition", session_id=session, status=after, actor_id="ann")
        erased = after in TERMINAL | {"error", "interrupted"}
        is_(len(pending(session)), 0 if erased else 1,
            f"{after} {'erases' if erased else 'keeps'} the start that was asked for")
for verb, columns in (("turn_begin", {}), ("turn_begin", {"reserve": 1})):
    with t.situation(f"{verb} {columns} takes the pending start"):
        session = living("ready")
        t.verb("turn_request_start", session_id=session, message_id="m1")
        t.clock(T0 + 3)
        report = t.verb(verb, session_id=session, turn_id="t1", **columns)
        row = turn(session, "t1")
        is_((pending(session), row["message_id"], row["requested_at"], row["started_at"],
             report["message_id"]), ([], "m1", T0, T0 + 3, "m1"),
            f"{verb} {columns} takes the message of the start that was asked for and clears it")
with t.situation("late abort, newer start"):
    session = living("ready")
    t.verb("turn_request_start", session_id=session, message_id="m1")
    for turn_id in (None, "t0"):
        report = unchanged(f"a late abort ({turn_id}) leaves a newer start", "turn_abort",
                           session_id=session, turn_id=turn_id)
        is_((report["aborted"], report["status"]), (False, "starting"), f"and says so ({turn_id})")

# tenure_turn_begin.
for before in STATUSES:
    for reserve in (None, 0, 1):
        with t.situation(f"begin in {before}"):
            session = living(before)
            name = f"begin in {before} with reserve {reserve}"
            if before in COMMANDABLE:
                report = t.verb("turn_begin", session_id=session, turn_id="t1", reserve=reserve)
                state, after = ("reserved", "starting") if reserve else ("running", "running")
                is_((states(session), status(session), report["state"], report["status"]),
                    ({"t1": state}, after, state, after), name)
                is_(t.holder()["active_turn_id"], "t1", f"{name}: the holder shows it")
            else:
                t.refused("fence.session" if before in TERMINAL else "turn.not_allowed", "turn_begin",
                          session_id=session, turn_id="t1", reserve=reserve, test=f"{name} is refused")
with t.situation("the report of begin"):
    session = living()
    is_(t.verb("turn_begin", session_id=session, turn_id="t1", message_id="m"),
        {"command": "turn-begin", "ok": True, "session_id": session, "turn_id": "t1",
         "kind": "regular", "state": "running", "message_id": "m", "requested_at_epoch_s": T0,
         "started_at_epoch_s": T0, "status": "running", "incarnation": 1, "revision": 2},
        "the report of begin")
with t.situation("minted ids"):
    session = living()
    first = t.verb("turn_begin", session_id=session)["turn_id"]
    second = t.verb("turn_begin", session_id=session, replace=1)["turn_id"]
    ok(re.fullmatch("trn_[0-9A-HJKMNP-TV-Z]{26}", first) and first < second, "ids are minted, growing")
for kind in ("regular", "review", "compact"):
    with t.situation(f"kind {kind}"):
        session = living()
        is_(t.verb("turn_begin", session_id=session, turn_id="t", kind=kind)["kind"], kind, f"kind {kind}")
with t.situation("turn ids are unique within their session"):
    one, two = living(scope="1"), living(scope="2")
    for session in (one, two):
        is_(t.verb("turn_begin", session_id=session, turn_id="t1")["ok"], True, "turn t1 of its session")
    t.verb("turn_end", session_id=one, turn_id="t1")
    is_((states(one), states(two)), ({"t1": "completed"}, {"t1": "running"}), "and ends alone")

for column, value, code in (("kind", "chat", "opt.turn_kind"), ("replace", 2, "opt.replace"),
                            ("replace", "yes", "opt.replace"), ("reserve", -1, "opt.reserve"),
                            ("turn_id", "", "opt.blank_id"), ("turn_id", " ", "opt.blank_id"),
                            ("turn_id", "x" * 201, "opt.bad_id"), ("turn_id", "a\nb", "opt.bad_id"),
                            ("message_id", "x" * 65537, "opt.text")):
    with t.situation(f"{column} {value!r:.20}"):
        t.refused(code, "turn_begin", session_id=living(), **{column: value},
                  test=f"begin with {column} {value!r:.20}: {code}")

# The slot. The open turn; what is asked; the code of the refusal, or the states afterwards.
for reserved, asked, want in (
        (1, {"turn_id": "t1"}, {"t1": "running"}),
        (1, {"turn_id": "t1", "replace": 1}, {"t1": "running"}),
        (1, {"turn_id": "t2"}, "turn.busy"),
        (1, {}, "turn.busy"),
        (1, {"turn_id": "t2", "replace": 0}, "turn.busy"),
        (1, {"turn_id": "t2", "replace": 1}, {"t1": "interrupted", "t2": "running"}),
        (1, {"turn_id": "t2", "replace": 1, "reserve": 1}, {"t1": "interrupted", "t2": "reserved"}),
        (1, {"turn_id": "t0", "replace": 1}, "turn.exists"),
        (0, {"turn_id": "t1"}, "turn.busy"),
        (0, {"turn_id": "t1", "replace": 1}, "turn.exists"),
        (0, {"turn_id": "t2"}, "turn.busy"),
        (0, {"turn_id": "t0"}, "turn.busy"),
        (0, {"turn_id": "t0", "replace": 1}, "turn.exists"),
        (0, {"turn_id": "t2", "replace": 1}, {"t1": "interrupted", "t2": "running"}),
        (0, {"turn_id": "t2", "replace": "1", "reserve": 1}, {"t1": "interrupted", "t2": "reserved"}),
        (None, {"turn_id": "t0"}, "turn.exists"),
        (None, {"turn_id": "t0", "replace": 1}, "turn.exists"),
        (None, {"turn_id": "t2", "replace": 1}, {"t2": "running"})):
    shown = {1: "t1 reserved", 0: "t1 running", None: "no turn"}[reserved]
    with t.situation(f"{shown}: begin {asked}"):
        session = living()
        t.verb("turn_begin", session_id=session, turn_id="t0")
        t.verb("turn_end", session_id=session, turn_id="t0")
        if reserved is not None:
            t.verb("turn_begin", session_id=session, turn_id="t1", reserve=reserved)
        revision = t.session(session)["revision"]
        if isinstance(want, str):
            named = {"turn.busy": "t1", "turn.exists": asked.get("turn_id")}[want]
            t.refused(want, "turn_begin", session_id=session, says=[named], test=f"{shown}: begin {asked}: {want}",
                      **asked)
            continue
        t.clock(T0 + 9)
        t.verb("turn_begin", session_id=session, **asked)
        is_(states(session), {"t0": "completed", **want}, f"{shown}: begin {asked}: {want}")
        is_(t.session(session)["revision"], revision + 1, f"{shown}: begin {asked} writes the session once")
        if want.get("t1") == "interrupted":
            row = turn(session, "t1")
            is_((row["abort_reason"], row["ended_at"]), ("replaced", T0 + 9), f"{shown}: t1 is replaced")
        elif "t1" in want:
            is_(turn(session, "t1")["started_at"], T0 + 9, "an occupied turn starts now")
with t.situation("the log of a replacement"):
    session = working()
    before = mark()
    t.verb("turn_begin", session_id=session, turn_id="t2", replace=1)
    is_(log(before), ["turn.aborted t1", "request.expired t1", "turn.started t2"],
        "the end of the old turn precedes the new start in the log")
    is_(t.sql("SELECT kind, turn_id, payload FROM tenure_history"), [("leftover_input", "t1", "first")],
        "a replaced turn gets no marker; its input is not lost")
with t.situation("the log of a reservation"):
    session = living()
    before = mark()
    t.verb("turn_begin", session_id=session, turn_id="t1", reserve=1)
    t.verb("turn_begin", session_id=session, turn_id="t1")
    is_([event for event in log(before) if event.startswith("turn")], ["turn.reserved t1", "turn.started t1"],
        "the log of a reservation that is occupied")

# The budget, and the order of the refusals.
for budget, used, code in ((0, 0, "turn.budget"), (100, 99, None), (100, 100, "turn.budget"),
                           (100, 250, "turn.budget"), (None, 10**15, None)):
    with t.situation(f"budget {budget}, used {used}"):
        session = living(token_budget=budget)
        report = t.verb("usage", session_id=session, total=used)
        is_(report["over_budget"], code is not None, f"budget {budget}, used {used}: usage reports it")
        if code:
            t.refused(code, "turn_begin", session_id=session, says=[used, budget],
                      test=f"budget {budget}, used {used}: {code}")
        else:
            is_(t.verb("turn_begin", session_id=session)["ok"], True, f"budget {budget}, used {used}: begins")
with t.situation("the budget inside a turn"):
    session = living(token_budget=100)
    t.verb("turn_begin", session_id=session, turn_id="t1")
    report = t.verb("usage", session_id=session, turn_id="t1", total=150)
    is_((report["over_budget"], report["total"], report["token_budget"], states(session), status(session)),
        (True, 150, 100, {"t1": "running"}, "running"), "crossing it inside a turn is reported, not enforced")
    t.refused("turn.budget", "turn_begin", session_id=session, turn_id="t1", test="budget before busy")
    t.verb("turn_end", session_id=session, turn_id="t1")
    t.refused("turn.budget", "turn_begin", session_id=session, turn_id="t1", test="budget before exists")
    t.verb("transition", session_id=session, status="exiting", actor_id="ann")
    t.refused("turn.not_allowed", "turn_begin", session_id=session, turn_id="t1",
              test="not allowed before budget")

# What cannot be right of any session is said before the session is looked for.
for verb, columns, code in (
        ("turn_request_start", {"message_id": "\0"}, "opt.text"), ("turn_begin", {"turn_id": "a\n"}, "opt.bad_id"),
        ("turn_begin", {"message_id": "\0"}, "opt.text"), ("turn_steer", {"input": "\0"}, "opt.text"),
        ("turn_end", {"turn_id": "a\n"}, "opt.bad_id"), ("turn_end", {"message": "\0"}, "opt.text"),
        ("turn_abort", {"reason": "bored"}, "opt.abort_reason"),
        ("request_open", {"request_id": "a\n", "kind": "approval"}, "opt.bad_id"),
        ("request_open", {"request_id": "r", "kind": "approval", "payload": "\0"}, "opt.text"),
        ("request_resolve", {"request_id": "r", "decision": "\0"}, "opt.text"),
        ("request_resolve", {"request_id": "r", "decision": "x", "remember": "x"}, "opt.keys")):
    t.refused(code, verb, session_id="ses_x", **columns)

# tenure_turn_steer: each condition hides those below it.
OPENED = {"nothing": None, "reserved": {"reserve": 1}, "running": {}, "review": {"kind": "review"},
          "compact": {"kind": "compact"}}
for opened, columns in OPENED.items():
    for asked in (None, "t1", "t9"):
        for said in ("text", None, "", " \u2003\n"):
            want = ("steer.no_active_turn" if opened in ("nothing", "reserved") else
                    "steer.mismatch" if asked == "t9" else
                    "steer.not_steerable" if opened in ("review", "compact") else
                    "steer.empty" if said != "text" else None)
            name = f"steer: {opened}, expecting {asked}, input {said!r}"
            with t.situation(name):
                session = living()
                if columns is not None:
                    t.verb("turn_begin", session_id=session, turn_id="t1", **columns)
                if want is None:
                    report = t.verb("turn_steer", session_id=session, expected_turn_id=asked, input=said)
                    is_((report["turn_id"], report["seq"]), ("t1", 1), name)
                    continue
                says = {"steer.mismatch": ["t9", "t1"], "steer.not_steerable": [opened]}.get(want, [])
                t.refused(want, "turn_steer", session_id=session, expected_turn_id=asked, input=said,
                          says=says, test=f"{name}: {want}")
with t.situation("steer.mismatch in codex's words"):
    session = working()
    t.refused("steer.mismatch", "turn_steer", session_id=session, expected_turn_id="t9", input="x",
              says=["expected active turn t9 but found t1"])
with t.situation("input that is no text"):
    t.refused("opt.text", "turn_steer", session_id=working(), input="a\0b", test="input with a NUL byte")
    t.refused("opt.text", "turn_steer", session_id=t.holder()["session_id"], input="x" * 65537,
              test="input that is too long")

# tenure_turn_take_input: the hand-over, in order.
with t.situation("take_input"):
    session = living()
    t.refused("steer.no_active_turn", "turn_take_input", session_id=session)
    t.verb("turn_begin", session_id=session, turn_id="t1", reserve=1)
    t.refused("steer.no_active_turn", "turn_take_input", session_id=session, test="take_input of a reserved turn")
    t.verb("turn_begin", session_id=session, turn_id="t1")
    is_(t.verb("turn_take_input", session_id=session),
        {"command": "turn-take-input", "ok": True, "session_id": session, "turn_id": "t1", "input": []},
        "nothing was said")
    said = [f"line {i} \u2028\"\\ \U0001f600" for i in range(12)]
    is_([t.verb("turn_steer", session_id=session, input=text)["seq"] for text in said], list(range(1, 13)),
        "input is numbered")
    t.refused("steer.mismatch", "turn_take_input", session_id=session, turn_id="t9", says=["t9", "t1"])
    report = t.verb("turn_take_input", session_id=session, turn_id="t1")
    is_([(item["seq"], item["payload"]) for item in report["input"]], list(enumerate(said, 1)),
        "input is taken in order, word for word")
    is_(t.sql("SELECT DISTINCT state FROM tenure_turn_input"), [("consumed",)], "and is consumed")
    is_(t.verb("turn_take_input", session_id=session)["input"], [], "once")
    is_(t.verb("turn_steer", session_id=session, input="x")["seq"], 13, "the numbers go on")
    is_([item["payload"] for item in t.verb("turn_take_input", session_id=session)["input"]], ["x"],
        "and only what is new is taken")
    t.verb("turn_end", session_id=session, turn_id="t1")
    is_(t.sql("SELECT kind FROM tenure_history"), [], "input that was consumed is no leftover")

# tenure_turn_end: outcomes.
for outcome, state in ((None, "completed"), ("completed", "completed"), ("failed", "error"),
                       ("interrupted", "interrupted"), ("cancelled", "interrupted"),
                       ("whatever", "completed")):
    for opened in ("running", "reserved"):
        with t.situation(f"end {outcome} of a {opened} turn"):
            session = living()
            t.verb("turn_begin", session_id=session, turn_id="t1", reserve=int(opened == "reserved"))
            t.clock(T0 + 4)
            report = t.verb("turn_end", session_id=session, turn_id="t1", outcome=outcome, message="bye")
            after = "error" if state == "error" else "ready"
            row = t.session(session)
            is_((report["applied"], report["turn_id"], report["state"], report["status"]),
                (True, "t1", state, after), f"end {outcome} of a {opened} turn: {state}, {after}")
            is_((states(session), row["status"], turn(session, "t1")["ended_at"], row["last_turn_id"]),
                ({"t1": state}, after, T0 + 4, "t1"), f"end {outcome} of a {opened} turn is stored")
            is_(turn(session, "t1")["last_agent_message"], "bye", "with its message")
            is_(row["last_error"], "bye" if state == "error" else None, f"last_error after {outcome}")
            again = unchanged(f"end {outcome} twice changes nothing", "turn_end", session_id=session,
                              turn_id="t1", outcome="failed")
            is_(again["applied"], False, "and says so")
with t.situation("last_error of a failure without words"):
    session = living()
    for turn_id, message in (("t1", "first"), ("t2", None)):
        t.verb("turn_begin", session_id=session, turn_id=turn_id)
        t.verb("turn_end", session_id=session, turn_id=turn_id, outcome="failed", message=message)
    is_(t.session(session)["last_error"], "first", "a failure without words keeps the old last_error")

# Only the open turn that it names.
for asked in ("t9", "t0", None):
    for outcome in (None, "failed", "interrupted"):
        with t.situation(f"end {asked} {outcome}"):
            session = living()
            t.verb("turn_begin", session_id=session, turn_id="t0")
            t.verb("turn_end", session_id=session, turn_id="t0", outcome="interrupted")
            t.verb("turn_begin", session_id=session, turn_id="t1")
            report = unchanged(f"end of {asked} ({outcome}) leaves the open t1", "turn_end",
                               session_id=session, turn_id=asked, outcome=outcome, total=5, message="x")
            is_((report["applied"], report.get("active_turn_id")), (False, "t1"), "and says what is open")
            t.verb("turn_abort", session_id=session)
            before = t.dump()
            report = t.verb("turn_end", session_id=session, turn_id=asked, outcome=outcome)
            if asked == "t9":
                state = {None: "completed", "failed": "error"}.get(outcome, "interrupted")
                is_((report["applied"], states(session)["t9"], turn(session, "t9")["ended_at"]),
                    (True, state, T0), f"end of the unknown {asked} ({outcome}) is recorded as ended")
                is_(unchanged("once", "turn_end", session_id=session, turn_id="t9")["applied"], False,
                    "and never again")
                t.refused("turn.exists", "turn_begin", session_id=session, turn_id="t9")
            else:
                is_((report["applied"], t.dump() == before), (False, True),
                    f"end of {asked} ({outcome}) with nothing open changes nothing")

# Of an unseen turn the session hears only where it is at work.
for before in ("starting", "running", "idle", "interrupted", "error", "exiting"):
    for outcome, heard in (("completed", "ready"), ("failed", "error")):
        want = heard if before in ("starting", "running") else before
        with t.situation(f"unseen in {before}, {outcome}"):
            session = t.in_status(before, actor_id="ann", lease_ttl=60)
            report = t.verb("turn_end", session_id=session, turn_id="t1", outcome=outcome)
            is_((report["applied"], report["status"]), (True, want), f"end of an unseen turn in {before}, {outcome}")

# Usage of a turn: totals now - totals at start.
with t.situation("usage after the end"):
    session = working()
    t.verb("clear", session_id=session, actor_id="boss", force=1, reason="r")
    t.verb("usage", session_id=session, output=7)
    is_(t.sql("SELECT event, actor_id FROM tenure_event WHERE event IN ('session.ended', 'session.usage')"),
        [("session.ended", "boss"), ("session.usage", None)], "what is told afterwards is not of who ended the session")
with t.situation("an end by a plain statement"):
    session = working()
    t.sql("UPDATE tenure_session SET status = 'failed', ended_by = 'ops', revision = revision + 1")
    t.sql("UPDATE tenure_session SET label = 'x', revision = revision + 1")
    is_(t.sql("SELECT event, actor_id FROM tenure_event WHERE revision > 2 AND event LIKE 'session.%'"),
        [("session.ended", "ops"), ("session.changed", None)], "is by who the row says, and nothing later is")
with t.situation("usage of a turn"):
    session = living()
    t.verb("usage", session_id=session, input=10, cached_input=2, output=3, reasoning_output=1, cost_usd=0.5)
    t.verb("turn_begin", session_id=session, turn_id="t1")
    t.verb("usage", session_id=session, turn_id="t1", input=100, output=20, total=130, cost_usd=0.25)
    report = t.verb("turn_end", session_id=session, turn_id="t1", input=1, cached_input=7,
                    reasoning_output=5, total=9)
    want = {"used_input": 101, "used_cached_input": 7, "used_output": 20, "used_reasoning_output": 5,
            "used_total": 139, "used_cost_usd": 0.25}
    is_({key: report[key] for key in want}, want, "used = totals now - totals at start")
    row = turn(session, "t1")
    is_({key: row[key] for key in want}, want, "and is stored")
    row = t.session(session)
    is_([row[f"usage_{key}"] for key in "input cached_input output reasoning_output total".split()],
        [111, 9, 23, 6, 152], "the totals of the session have all of it")
    is_(row["usage_cost_usd"], 0.75, "and the cost")
with t.situation("usage of a turn, when totals went back"):
    session = living()
    t.verb("usage", session_id=session, input=100, output=50)
    t.verb("turn_begin", session_id=session, turn_id="t1")
    t.sql("UPDATE tenure_session SET usage_input = 7, usage_total = 200, revision = revision + 1"
          " WHERE session_id = ?", (session,))
    report = t.verb("turn_end", session_id=session, turn_id="t1")
    is_((report["used_input"], report["used_total"], report["used_output"]), (0, 50, 0), "floored at 0 per field")
# A turn that is known by its end alone used what that end tells, and nothing of what comes later.
with t.situation("usage of an unseen turn"):
    session = living()
    spent = {"input": 5, "cached_input": 1, "output": 7, "reasoning_output": 2, "cost_usd": 0.5}
    report = t.verb("turn_end", session_id=session, turn_id="t1", **spent)
    is_((report["used_input"], report["used_total"]), (5, 12), "an unseen turn used what its end tells")
    t.verb("turn_end", session_id=session, turn_id="t2", total="9")
    t.verb("turn_end", session_id=session, turn_id="t3")
    t.verb("provider_event", session_id=session, type="turn.completed", turn_id="t4")
    t.verb("usage", session_id=session, input=500, output=500)
    is_(t.sql("SELECT turn_id, input, cached_input, output, reasoning_output, total, cost_usd FROM tenure_turn_cost"),
        [("t1", 5, 1, 7, 2, 12, 0.5), ("t2", 0, 0, 0, 0, 9, 0.0), ("t3", 0, 0, 0, 0, 0, 0.0),
         ("t4", 0, 0, 0, 0, 0, 0.0)], "and nothing of what comes later")
    is_(t.session(session)["usage_total"], 1021, "while the session has all of it")
with t.situation("usage of a turn that was aborted"):
    session = living()
    t.verb("turn_begin", session_id=session, turn_id="t1")
    t.verb("usage", session_id=session, input=4)
    t.verb("turn_abort", session_id=session)
    is_(turn(session, "t1")["used_input"], 4, "an aborted turn has used something, too")

# tenure_usage.
with t.situation("usage adds"):
    session = living(token_budget=1000)
    t.verb("usage", session_id=session, input=1, cached_input=2, output=3, reasoning_output=4, total=5, cost_usd=1)
    is_(t.verb("usage", session_id=session, input=10, cached_input=20, output=30, reasoning_output=40,
               total=50, cost_usd="0.5", rate_limits='{"a":1}'),
        {"command": "usage", "ok": True, "session_id": session, "input": 11, "cached_input": 22, "output": 33,
         "reasoning_output": 44, "total": 55, "cost_usd": 1.5, "token_budget": 1000, "over_budget": False,
         "rate_limits": {"a": 1}, "revision": 3}, "usage adds, and reports the totals")
    is_(t.verb("usage", session_id=session, turn_id=5)["turn_id"], "5", "an id is a text in the report")
    is_(t.verb("request_resolve", session_id=session, request_id=9, decision="x")["request_id"], "9", "each id")
    is_(json.loads(t.value("SELECT last FROM tenure_cost")),
        {"verb": "usage", "input": 10, "cached_input": 20, "output": 30, "reasoning_output": 40, "total": 50,
         "cost_usd": 0.5}, "and tenure_cost knows what came last")
    row = t.rows("SELECT input, total, cost_usd, budget_left FROM tenure_cost WHERE session_id = ?", (session,))
    is_(row[:1], [{"input": 11, "total": 55, "cost_usd": 1.5, "budget_left": 945}], "tenure_cost shows them")
for field in "input cached_input output reasoning_output total".split():
    for value in (-1, 1.5, "x", b"1", -INT_MAX - 1, 1e300):
        with t.situation(f"usage {field} {value!r}"):
            t.refused("usage.delta", "usage", session_id=living(), **{field: value},
                      test=f"usage {field} {value!r}: usage.delta")
    with t.situation(f"turn_end {field} -1"):
        session = working()
        t.refused("usage.delta", "turn_end", session_id=session, turn_id="t1", **{field: -1},
                  test=f"turn_end with {field} -1: usage.delta")
    with t.situation(f"{field} at its ceiling"):
        session = living()
        for _ in range(2):
            t.verb("usage", session_id=session, **{field: 4611686018427387903})
        t.refused("usage.ceiling", "usage", session_id=session, **{field: 2},
                  test=f"{field} does not pass its ceiling")
        t.verb("usage", session_id=session, **{field: 1})
        is_(t.session(session)[f"usage_{field}"], INT_MAX, f"{field} reaches it")
for value in (-0.01, -1, "x", b"1", "-1", float("inf"), 1e19):
    with t.situation(f"usage cost_usd {value!r}"):
        t.refused("usage.delta", "usage", session_id=living(), cost_usd=value,
                  test=f"usage cost_usd {value!r}: usage.delta")
with t.situation("rate limits"):
    session = living()
    for given, want in (('{"a":1,"b":{"x":1}}', {"a": 1, "b": {"x": 1}}), (None, {"a": 1, "b": {"x": 1}}),
                        ('{"b":{"y":2}}', {"a": 1, "b": {"y": 2}}), ('{}', {"a": 1, "b": {"y": 2}}),
                        ('{"a":null,"c":"\u00e9"}', {"a": None, "b": {"y": 2}, "c": "\u00e9"})):
        t.verb("usage", session_id=session, rate_limits=given)
        is_(json.loads(t.session(session)["rate_limits"]), want, f"rate limits merge key by key: {given}")
    for given in ("[]", "1", "null", "{", "", '{"a":1'):
        t.refused("opt.rate_limits", "usage", session_id=session, rate_limits=given,
                  test=f"rate limits {given!r}: opt.rate_limits")
    kept = len(t.session(session)["rate_limits"].encode())
    most = 65536 - kept - len(',"big":""')
    for key, size, code in (("big", most, None), ("big", most + 1, "opt.rate_limits"), ("more", 1, "opt.rate_limits")):
        given = json.dumps({key: "x" * size}, separators=(",", ":"))
        if code is None:
            t.verb("usage", session_id=session, rate_limits=given)
            is_(len(t.session(session)["rate_limits"].encode()), 65536, "rate limits may come to 65,536 bytes")
        else:
            t.refused(code, "usage", session_id=session, rate_limits=given, test=f"and to no more: {key}")

# tenure_cost: per session, and per turn.
with t.situation("the cost of each turn"):
    session = living()
    for turn_id, total in (("t1", 5), ("t2", 7)):
        t.verb("turn_begin", session_id=session, turn_id=turn_id)
        t.verb("turn_end", session_id=session, turn_id=turn_id, total=total)
    views = [name for (name,) in t.sql("SELECT name FROM sqlite_schema WHERE type = 'view'"
                                       " AND name LIKE 'tenure%cost%'")]
    found = [dict(t.sql(f"SELECT turn_id, total FROM {view} WHERE turn_id IS NOT NULL")) for view in views
             if t.sql("SELECT 1 FROM pragma_table_info(?) WHERE name = 'turn_id'", (view,))]
    is_(found[:1], [{"t1": 5, "t2": 7}], "a cost view shows what each turn used (03: per session, and per turn)")

# tenure_turn_abort.
for reason, marker in (("interrupted", True), ("replaced", False), ("review_ended", False),
                       ("budget_limited", False), (None, True)):
    for asked in (None, "t1"):
        with t.situation(f"abort {asked} {reason}"):
            session = working()
            t.clock(T0 + 2)
            before, revision = mark(), t.session(session)["revision"]
            report = t.verb("turn_abort", session_id=session, turn_id=asked, reason=reason)
            after = "interrupted" if marker else "ready"
            is_(report, {"command": "turn-abort", "ok": True, "session_id": session, "aborted": True,
                         "turn_id": "t1", "reason": reason or "interrupted", "status": after,
                         "revision": revision + 1}, f"abort {asked} {reason}: {after}")
            row = turn(session, "t1")
            is_((row["state"], row["abort_reason"], row["ended_at"], status(session)),
                ("interrupted", reason or "interrupted", T0 + 2, after), f"abort {asked} {reason} is stored")
            is_(log(before), ["turn.aborted t1", "request.expired t1", "session.status"],
                f"abort {asked} {reason}: one turn.aborted, then its waiters, then the session")
            is_(requests(session), [("r1", 1, "expired", "denied")], f"abort {asked} {reason}: fail closed")
            is_(t.sql("SELECT seq, kind, turn_id, payload FROM tenure_history ORDER BY seq"),
                ([(1, "turn_aborted", "t1", None)] if marker else [])
                + [(2 if marker else 1, "leftover_input", "t1", "first")],
                f"abort {asked} {reason}: marker {marker}, then the leftover input")
            for turn_id in (None, "t1", "t9"):
                again = unchanged(f"abort {turn_id} again changes nothing", "turn_abort",
                                  session_id=session, turn_id=turn_id, reason=reason)
                is_((again["aborted"], again["status"]), (False, after), "and says so")
with t.situation("abort of another turn"):
    session = working()
    t.refused("abort.mismatch", "turn_abort", session_id=session, turn_id="t9",
              says=["expected active turn t9 but found t1"])
    t.refused("opt.abort_reason", "turn_abort", session_id=session, reason="bored", says=["bored"])
with t.situation("abort of a reserved turn"):
    session = living()
    t.verb("turn_begin", session_id=session, turn_id="t1", reserve=1)
    is_((t.verb("turn_abort", session_id=session)["aborted"], states(session)), (True, {"t1": "interrupted"}),
        "a reserved turn can be aborted")
for before in STATUSES:
    with t.situation(f"abort with nothing open in {before}"):
        session = living(before)
        is_(unchanged(f"abort with nothing open in {before}", "turn_abort", session_id=session)["aborted"],
            False, f"abort in {before} says so")
# What is asked of a turn and said to it is in the log, as its end is.
with t.situation("what is asked and said"):
    session = t.verb("start", actor_id="ann", lease_ttl=60)["session_id"]
    before = mark()
    t.verb("turn_request_start", session_id=session, message_id="m1")
    t.verb("turn_request_start", session_id=session, message_id="m2")
    is_(t.sql("SELECT tenure_detail(detail, 'message_id') FROM tenure_event WHERE event = 'turn.requested'"),
        [("m1",), ("m2",)], "each start that is asked for, also the second of a session that starts already")
    t.verb("turn_begin", session_id=session, turn_id="t1")
    t.verb("turn_steer", session_id=session, input="x")
    t.verb("turn_steer", session_id=session, input="y")
    t.verb("turn_take_input", session_id=session)
    t.verb("turn_take_input", session_id=session)
    t.verb("turn_steer", session_id=session, input="z")
    t.verb("request_open", session_id=session, request_id="q", kind="approval")
    t.verb("request_resolve", session_id=session, request_id="q", decision="approved_for_session", remember='["a", "b"]')
    t.verb("baseline_set", session_id=session, name="head", digest="d1")
    is_([event for event in log(before) if not event.startswith("session.")],
        ["turn.requested", "turn.requested", "turn.started t1", "input.added t1", "input.added t1",
         "input.consumed t1", "input.consumed t1", "input.added t1", "request.opened t1", "request.resolved t1",
         "grant.given", "grant.given", "baseline.set"], "what is said, when it is taken, what is allowed, what was seen")
    is_(t.sql("SELECT event, tenure_detail(detail, 'seq') FROM tenure_event WHERE event LIKE 'input.%' ORDER BY seq"),
        [("input.added", 1), ("input.added", 2), ("input.consumed", 1), ("input.consumed", 2), ("input.added", 3)],
        "input by its number")
    is_(t.sql("SELECT DISTINCT incarnation, scope FROM tenure_event"), [(1, "main")], "each of its session")

with t.situation("many inputs left over"):
    session = living()
    t.verb("turn_begin", session_id=session, turn_id="t1")
    for i in range(12):
        t.verb("turn_steer", session_id=session, input=f"{i}")
    t.verb("turn_end", session_id=session, turn_id="t1")
    is_(t.sql("SELECT seq, payload FROM tenure_history ORDER BY seq"), [(i + 1, f"{i}") for i in range(12)],
        "leftover input keeps its order in history")

# Requests.
for kind, default in KINDS.items():
    with t.situation(f"{kind} without a turn"):
        session = living()
        report = t.verb("request_open", session_id=session, request_id="r1", kind=kind)
        is_((report["state"], report.get("decision"), requests(session)),
            ("expired", default, [("r1", 1, "expired", default)]),
            f"{kind} without an open turn is stored expired with {default}")
        t.refused("request.used", "request_open", session_id=session, request_id="r1", kind=kind,
                  says=["r1", "expired"], test=f"{kind}: expired is not asked again")
    with t.situation(f"{kind} for a turn that is not open"):
        session = working()
        report = t.verb("request_open", session_id=session, request_id="r7", turn_id="t9", kind=kind)
        is_((report["state"], report.get("decision")), ("expired", default), f"{kind} for another turn: expired")
    with t.situation(f"{kind}, again and again"):
        session = living()
        t.verb("turn_begin", session_id=session, turn_id="t1")
        report = t.verb("request_open", session_id=session, request_id="r1", kind=kind, payload="p", turn_id="t1")
        is_(report, {"command": "request-open", "ok": True, "session_id": session, "request_id": "r1",
                     "attempt": 1, "turn_id": "t1", "kind": kind, "state": "pending"}, f"{kind} is pending")
        report = t.verb("request_open", session_id=session, request_id="r1", kind=kind)
        is_((report["attempt"], report["state"], requests(session)),
            (2, "pending", [("r1", 1, "expired", default), ("r1", 2, "pending", None)]),
            f"{kind} asked again while pending: a new attempt")
        answer = "approved" if kind == "approval" else "any answer"
        t.clock(T0 + 3)
        report = t.verb("request_resolve", session_id=session, request_id="r1", decision=answer)
        is_((report["applied"], report["stale"], report["decision"], report["attempt"]),
            (True, False, answer, 2), f"{kind} is resolved")
        is_(requests(session), [("r1", 1, "expired", default), ("r1", 2, "resolved", answer)],
            f"{kind}: the pending attempt is the one that is answered")
        is_(t.value("SELECT resolved_at FROM tenure_request WHERE attempt = 2"), T0 + 3, "at its time")
        for late in ("denied", answer, "abort"):
            report = unchanged(f"{kind}: a duplicate answer {late} changes nothing", "request_resolve",
                               session_id=session, request_id="r1", decision=late)
            is_((report["applied"], report["stale"]), (False, True), "and says so")
        t.refused("request.used", "request_open", session_id=session, request_id="r1", kind=kind,
                  says=["r1", "resolved"], test=f"{kind}: resolved is not asked again")
    for verb, columns in (("turn_end", {"turn_id": "t1"}), ("turn_abort", {})):
        with t.situation(f"{kind} at {verb}"):
            session = living()
            t.verb("turn_begin", session_id=session, turn_id="t1")
            t.verb("request_open", session_id=session, request_id="r1", kind=kind)
            t.verb(verb, session_id=session, **columns)
            is_(requests(session), [("r1", 1, "expired", default)], f"{kind} expires with {default} at {verb}")
            report = unchanged(f"{kind}: a late answer after {verb} changes nothing", "request_resolve",
                               session_id=session, request_id="r1", decision="abort")
            is_((report["applied"], report["stale"]), (False, True), "and says so")
with t.situation("requests, misuse"):
    session = working()
    t.refused("opt.request_kind", "request_open", session_id=session, request_id="r2", kind="wish", says=["wish"])
    t.refused("opt.request_kind", "request_open", session_id=session, request_id="r2")
    t.refused("opt.blank_id", "request_open", session_id=session, request_id="", kind="approval")
    t.refused("opt.required", "request_resolve", session_id=session, decision="denied", says=["request_id"])
    t.refused("opt.required", "request_resolve", session_id=session, request_id="r1", says=["decision"])
    t.refused("opt.decision", "request_resolve", session_id=session, request_id="r1", decision="sure",
              says=["sure"])
    ok(t.verb("request_open", session_id=session, kind="approval")["request_id"].startswith("req_"),
       "a request without an id gets one")
    report = unchanged("an answer to an unknown request changes nothing", "request_resolve",
                       session_id=session, request_id="r9", decision="approved")
    is_((report["applied"], report["stale"]), (False, True), "and says so")
with t.situation("requests of two sessions"):
    one, two = working(scope="1"), working(scope="2")
    t.verb("request_resolve", session_id=one, request_id="r1", decision="approved")
    is_((requests(one)[0][2], requests(two)[0][2]), ("resolved", "pending"), "a request id belongs to its session")

# What is remembered.
def granted(session, *keys):
    return t.value("SELECT granted FROM session_granted(?, ?)", (session, json.dumps(keys)))


for decision, within, after in (("approved_for_session", 1, 1), ("approved_always", 0, 0), ("denied", 0, 0),
                                ("abort", 0, 0)):
    with t.situation(f"remember with {decision}"):
        session = working()
        other = working(scope="other")
        t.verb("request_resolve", session_id=session, request_id="r1", decision=decision,
               remember='["ls", "cat", "ls"]')
        is_((granted(session, "ls"), granted(session, "cat", "ls"), granted(session, "ls", "rm"),
             granted(session), granted(session, "LS"), granted(other, "ls")), (within, within, 0, 0, 0, 0),
            f"remember with {decision}")
        t.verb("turn_abort", session_id=session)
        is_(granted(session, "cat", "ls"), after, f"remember with {decision}, after the turn")
with t.situation("grants of one turn"):
    session = working()
    t.verb("request_resolve", session_id=session, request_id="r1", decision="approved", remember='["ls"]')
    ok(all(row == ("t1",) for row in t.sql("SELECT turn_id FROM tenure_grant")),
       "what is approved once is granted to no more than the turn")
    t.verb("turn_end", session_id=session, turn_id="t1")
    is_((granted(session, "ls"), t.sql("SELECT * FROM tenure_grant")), (0, []), "and dies with it")
with t.situation("grants of one incarnation"):
    session, other = working(), working(scope="other")
    for one in (session, other):
        t.verb("request_resolve", session_id=one, request_id="r1", decision="approved_for_session", remember='["ls"]')
    t.verb("transition", session_id=session, status="ready", fence=1)
    is_(granted(session, "ls"), 1, "what is approved for the session stays while it lives")
    t.verb("clear", session_id=session, fence=1)
    t.verb("resume", session_id=session, actor_id="ann")
    is_((granted(session, "ls"), granted(other, "ls")), (0, 1), "and is asked anew after a resume")
with t.situation("nothing to remember"):
    session = working()
    t.verb("request_resolve", session_id=session, request_id="r1", decision="approved_for_session")
    is_(t.sql("SELECT * FROM tenure_grant"), [], "approved_for_session without keys grants nothing")
with t.situation("a late answer grants nothing"):
    session = working()
    t.verb("turn_end", session_id=session, turn_id="t1")
    t.verb("request_resolve", session_id=session, request_id="r1", decision="approved_for_session",
           remember='["ls"]')
    is_(granted(session, "ls"), 0, "a late answer grants nothing")
with t.situation("a NUL in a key"):
    session = working()
    for keys in (r'["rm\u0000x"]', r'["ls", "\u0000"]'):
        t.refused("opt.keys", "request_resolve", session_id=session, request_id="r1",
                  decision="approved_for_session", remember=keys, test=f"a key with a NUL in it is refused: {keys}")
        t.refused_sql("opt.keys", "SELECT granted FROM session_granted(?, ?)", (session, keys),
                      test=f"and is not asked for: {keys}")
with t.situation("what is remembered is an array of texts"):
    session = working()
    for remember in ("{}", "ls", "", "[1]", "[null]", '["a"', '"a"'):
        got = t.outcome("request_resolve", session_id=session, request_id="r1",
                        decision="approved_for_session", remember=remember)
        ok(isinstance(got, str) and requests(session) == [("r1", 1, "pending", None)],
           f"remember {remember!r} is refused and the request goes on waiting")
with t.situation("grants do not outlive the process"):
    session = working()
    t.verb("request_resolve", session_id=session, request_id="r1", decision="approved_for_session",
           remember='["ls"]')
    t.clock(T0 + 60)
    t.verb("resume", session_id=session, actor_id="ann")
    is_(granted(session, "ls"), 0, "a new incarnation begins without grants (codex, section 6: not restored)")

# A decision to abort gives up the turn.
with t.situation("decision abort"):
    session = working()
    t.verb("request_open", session_id=session, request_id="r2", kind="user_input")
    before = mark()
    report = t.verb("request_resolve", session_id=session, request_id="r1", decision="abort")
    is_((report["applied"], report["command"], states(session), status(session)),
        (True, "request-resolve", {"t1": "interrupted"}, "interrupted"), "decision abort aborts the turn")
    is_([event for event in log(before) if event == "turn.aborted t1"], ["turn.aborted t1"], "once")
    is_(requests(session)[1], ("r2", 1, "expired", None), "the other waiters expire")
    is_(t.sql("SELECT kind FROM tenure_history ORDER BY seq"), [("turn_aborted",), ("leftover_input",)],
        "with the marker")

# Stamps do not run back with the clock.
with t.situation("the clock steps back"):
    session = working()
    t.clock(T0 - 30)
    t.verb("turn_end", session_id=session, turn_id="t1")
    row = turn(session, "t1")
    is_((row["ended_at"], t.session(session)["changed_at"]), (T0, T0), "a turn does not end before it began")

# The clock of the session is the clock of who works in it (02, "Clock"). Both clocks show the same time here,
# so that no lease is stale by either of them.
for verb, (columns, opens) in VERBS.items():
    for virtual in (True, False):
        name = f"{verb} on a session of the {'virtual' if virtual else 'machine'} clock, from the other"
        with t.situation(name):
            t.clock(None)
            at = t.value("SELECT session_now()")
            t.clock(at if virtual else None)
            session = working()
            t.clock(None if virtual else at)
            t.refused("usage.clock", verb, session_id=session, test=name, **columns)
with t.situation("from the other clock, where nothing would be written"):
    t.clock(None)
    t.clock(t.value("SELECT session_now()"))
    session = t.verb("start", actor_id="ann", lease_ttl=60)["session_id"]
    t.verb("turn_begin", session_id=session, turn_id="t1")
    t.clock(None)
    t.refused("usage.clock", "turn_take_input", session_id=session, says=["machine", "virtual"],
              test="turn_take_input from the other clock is refused where there is no input, too")
with t.situation("a forced clear from the other clock"):
    session = working()
    t.sql("SELECT tenure_clock(NULL)")
    t.verb("clear", session_id=session, force=1, reason="r")
    is_((states(session), requests(session), t.sql("SELECT state FROM tenure_turn_input")),
        ({"t1": "interrupted"}, [("r1", 1, "expired", "denied")], [("leftover",)]),
        "a forced clear from the other clock settles the turn too")

# Whatever clause the caller's statement has, a verb is whole or refused.
for clause in ("ABORT", "FAIL", "IGNORE", "REPLACE", "ROLLBACK"):
    def run(verb, **columns):
        marks = ", ".join("?" * len(columns))
        return (f"INSERT OR {clause} INTO tenure_{verb} ({', '.join(columns)}) VALUES ({marks})",
                tuple(columns.values()))

    if clause != "ROLLBACK":  # it would end the situation
        with t.situation(f"OR {clause}"):
            session = working()
            for code, verb, columns in (
                    ("turn.busy", "turn_begin", {"turn_id": "t2"}),
                    ("turn.exists", "turn_begin", {"turn_id": "t1", "replace": 1}),
                    ("steer.mismatch", "turn_steer", {"expected_turn_id": "t2", "input": "x"}),
                    ("abort.mismatch", "turn_abort", {"turn_id": "t2"}),
                    ("usage.delta", "turn_end", {"turn_id": "t1", "total": -1}),
                    ("opt.decision", "request_resolve", {"request_id": "r1", "decision": "x"})):
                sql, params = run(verb, session_id=session, **columns)
                t.refused_sql(code, sql, params, test=f"{verb} OR {clause}: {code}")
    for verb, columns, want in (
            ("turn_begin", {"turn_id": "t2", "replace": 1}, {"t1": "interrupted", "t2": "running"}),
            ("turn_end", {"turn_id": "t1"}, {"t1": "completed"}),
            ("turn_abort", {"turn_id": "t1"}, {"t1": "interrupted"}),
            ("request_resolve", {"request_id": "r1", "decision": "abort"}, {"t1": "interrupted"})):
        with t.situation(f"{verb} OR {clause}"):
            session = working()
            t.sql(*run(verb, session_id=session, **columns))
            left = t.sql("SELECT payload FROM tenure_history WHERE kind = 'leftover_input'")
            is_((states(session), requests(session)[0][2] != "pending",
                 t.sql("SELECT state FROM tenure_turn_input"), left),
                (want, True, [("leftover",)], [("first",)]), f"{verb} OR {clause} is whole")

# Ids that a caller binds as numbers are texts.
with t.situation("ids as numbers"):
    session = living()
    is_(t.verb("turn_begin", session_id=session, turn_id=5)["turn_id"], "5", "a turn id that is a number")
    t.refused("turn.busy", "turn_begin", session_id=session, turn_id=5)
    is_(t.verb("turn_steer", session_id=session, expected_turn_id=5, input="x")["turn_id"], "5", "steer by it")
    is_(len(t.verb("turn_take_input", session_id=session, turn_id=5)["input"]), 1, "take_input by it")
    is_(t.verb("request_open", session_id=session, turn_id=5, request_id=7, kind="approval")["state"], "pending",
        "a request by it")
    is_(t.verb("request_resolve", session_id=session, request_id=7, decision="denied")["applied"], True, "its answer")
    is_(t.verb("provider_event", session_id=session, type="turn.completed", turn_id=5)["applied"], True, "its end")

# Whoever says that a reserved turn begins, it begins then, with the message that it was asked for with.
for how, columns in (("turn_begin", {}), ("provider_event", {"type": "turn.started"})):
    with t.situation(f"a reserved turn begins by {how}"):
        session = living()
        t.verb("turn_begin", session_id=session, turn_id="t1", reserve=1)
        t.verb("turn_request_start", session_id=session, message_id="m2")
        t.clock(T0 + 8)
        t.verb(how, session_id=session, turn_id="t1", **columns)
        row = turn(session, "t1")
        is_((row["state"], row["started_at"], row["message_id"], pending(session)), ("running", T0 + 8, "m2", []),
            f"a reserved turn begins by {how}: now, and with the message of the start that it takes")
with t.situation("a turn that runs takes a later start"):
    session = working()
    t.verb("turn_request_start", session_id=session, message_id="m2")
    t.verb("provider_event", session_id=session, type="turn.started", turn_id="t1")
    row = turn(session, "t1")
    ok(row["message_id"] == "m2" or pending(session) == [("m2", T0)],
       "turn.started again: a later start is the turn's, or still pending; it is not lost")

done()
