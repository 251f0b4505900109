#!/usr/bin/python3
"""tenure_record_result and tenure_record_completion (04, "Results"): every row of their rules, from the first
insert through every refusal to what comes late."""

import itertools
import json
import os
import sqlite3
import sys
from contextlib import contextmanager

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from raw import CLAUSES, Raw  # noqa: E402
from tap import connect, diag, done, error_of, is_, ok  # noqa: E402
from tenure import CONTROLS, INT_MAX, T0, code_of, verb_sql  # noqa: E402

STATUSES = """success retired failure timeout signal interrupted no_progress error
tier_failover_superseded""".split()
RANKS = ["synthetic", "completion", "agent"]
LOSSES = ("taken_over", "stale_reset", "forced")

IMAGE = Raw().db.serialize()
t = Raw.of(IMAGE, T0)


@contextmanager
def situation(name):
    """A database of its own, since nobody can wait inside of a savepoint. An error inside is a failed test."""
    global t
    t.db.close()
    t = Raw.of(IMAGE, T0)
    try:
        yield
    except (sqlite3.Error, KeyError, TypeError) as error:
        ok(False, name)
        diag(f"died: {type(error).__name__}: {error}")


def living(**columns):
    """A session of ann's; its id and fence."""
    report = t.verb("start", **{"actor_id": "ann", "lease_ttl": 60, **columns})
    return report["session_id"], report["fence"]


def results(session, columns="*"):
    return t.rows(f"SELECT {columns} FROM tenure_result WHERE session_id = ? ORDER BY incarnation, turn_id",
                  (session,))


def packets(session):
    return t.rows("SELECT * FROM tenure_completion WHERE session_id = ? ORDER BY incarnation", (session,))


def outcome(session, turn=None):
    """What a waiter is told now."""
    return json.loads(t.value("SELECT session_wait(?, 0, ?)", (session, turn)))


def told(session, turn=None):
    report = outcome(session, turn)
    return report["outcome"], report.get("status"), report.get("exit_code")


def recorded(session):
    """The events of results and packets: what, turn and detail."""
    return [(event, turn, json.loads(detail)) for event, turn, detail in t.sql(
        "SELECT event, turn_id, detail FROM tenure_event WHERE session_id = ? AND event NOT LIKE 'session.%'"
        " AND event NOT LIKE 'turn.%' ORDER BY seq", (session,))]


def offer(session, **columns):
    return t.verb("record_result", session_id=session, **{"status": "success", **columns})


# --- the first result

with situation("a plain result"):
    session, fence = living()
    t.clock(T0 + 5)
    is_(offer(session), {"command": "record-result", "ok": True, "scope": "main", "session_id": session,
                         "incarnation": 1, "recorded": True, "status": "success", "provenance": "agent",
                         "final": False, "recorded_at_epoch_s": T0 + 5, "result_revision": 1, "revision": fence},
        "the report of a result with nothing but a status")
    is_(results(session), [{"session_id": session, "incarnation": 1, "turn_id": "", "status": "success",
                            "exit_code": None, "summary": None, "provenance": "agent", "final": 0,
                            "recorded_at": T0 + 5, "revision": 1}], "and its row")
    is_(recorded(session), [("result.recorded", None, {"verb": "record_result", "status": "success",
                                                       "provenance": "agent"})], "and its event")
    is_(t.session(session)["revision"], fence, "the session itself is unchanged")
with situation("a full result"):
    session, fence = living()
    report = offer(session, incarnation=1, fence=fence, turn_id="t 1", status="signal", exit_code=137,
                   summary="zwölf\n\"Boxkämpfer\"", final=1, provenance="completion", actor_id="ann")
    is_({key: report.get(key) for key in ("turn_id", "status", "exit_code", "summary", "final", "provenance")},
        {"turn_id": "t 1", "status": "signal", "exit_code": 137, "summary": "zwölf\n\"Boxkämpfer\"",
         "final": True, "provenance": "completion"}, "the report of a full result")
    is_(recorded(session), [("result.recorded", "t 1", {
        "verb": "record_result", "status": "signal", "exit_code": 137, "provenance": "completion", "final": 1})],
        "its event")
    is_(t.value("SELECT actor_id FROM tenure_event ORDER BY seq DESC LIMIT 1"), "ann", "it says who")
for status in STATUSES:
    with situation(status):
        session, _ = living()
        offer(session, status=status)
        is_(results(session, "status"), [{"status": status}], f"{status} is stored")
        t.verb("record_completion", session_id=session, exit_code=1, status=status)
        is_(packets(session)[0]["status"], status, f"{status} is stored of a process")
for code in (-2**31, 0, 2**32 - 1, "7", 7.0):
    with situation(f"exit code {code!r}"):
        session, _ = living()
        offer(session, exit_code=code)
        t.verb("record_completion", session_id=session, exit_code=code)
        is_((results(session)[0]["exit_code"], packets(session)[0]["exit_code"]), (int(code), int(code)),
            f"exit code {code!r} is stored")

# --- the packet

with situation("a packet"):
    session, fence = living()
    t.clock(T0 + 5)
    is_(t.verb("record_completion", session_id=session, exit_code=0, reason="it said \"bye\""),
        {"command": "record-completion", "ok": True, "scope": "main", "session_id": session, "incarnation": 1,
         "recorded": True, "status": "success", "exit_code": 0, "reason": "it said \"bye\"",
         "recorded_at_epoch_s": T0 + 5, "revision": fence}, "the report of a packet")
    first = packets(session)
    is_(first, [{"session_id": session, "incarnation": 1, "exit_code": 0, "status": "success",
                 "reason": "it said \"bye\"", "recorded_at": T0 + 5}], "its row")
    is_(recorded(session), [("completion.recorded", None, {
        "verb": "record_completion", "status": "success", "exit_code": 0, "reason": "it said \"bye\""})], "its event")
    before = t.dump()
    t.clock(T0 + 9)
    report = t.verb("record_completion", session_id=session, exit_code=9, status="error", reason="again")
    is_((report["recorded"], report["exit_code"], report["status"], report["reason"]),
        (False, 0, "success", "it said \"bye\""), "the first packet stays; the second is told what is stored")
    is_(t.dump(), before, "and changes nothing, the log included")
for code, status in ((0, "success"), (137, "signal"), (143, "signal"), (1, "failure"), (124, "failure"),
                     (130, "failure"), (-1, "failure"), (255, "failure")):
    with situation(f"packet {code}"):
        session, _ = living()
        is_(t.verb("record_completion", session_id=session, exit_code=code)["status"], status,
            f"the status of exit code {code} alone is {status}")

# --- what may replace what

for stored, was_final, offered, final in itertools.product(RANKS, (0, 1), RANKS, (0, 1)):
    name = f"{stored}{', final' * was_final}, offered {offered}{', final' * final}"
    with situation(name):
        session, _ = living()
        offer(session, provenance=stored, final=was_final, exit_code=1, summary="first", status="failure")
        before = t.dump()
        t.clock(T0 + 7)
        report = offer(session, provenance=offered, final=final)
        replaces = not was_final and RANKS.index(offered) >= RANKS.index(stored)
        row = results(session)[0]
        want = {"session_id": session, "incarnation": 1, "turn_id": "", "status": "success", "exit_code": None,
                "summary": None, "provenance": offered, "final": final, "recorded_at": T0 + 7, "revision": 2}
        if replaces:
            is_((row, report["recorded"]), (want, True), f"{name}: replaces all of it")
            is_(recorded(session)[1:], [("result.replaced", None, {
                "verb": "record_result", "status": "success", "provenance": offered,
                **({"final": 1} if final else {}), "prior_status": "failure", "prior_provenance": stored})],
                f"{name}: its event")
        else:
            is_((t.dump(), report["recorded"]), (before, False), f"{name}: changes nothing, and is no error")
            is_((report["status"], report["summary"], report["provenance"]), ("failure", "first", stored),
                f"{name}: told what is stored")

# --- turns and incarnations

with situation("turns"):
    session, fence = living()
    for turn in ("t1", "t2"):
        t.verb("turn_begin", session_id=session, turn_id=turn)
        t.verb("turn_end", session_id=session, turn_id=turn)
    is_(told(session, "t1"), ("completed", "completed", None), "without a result the end of the turn counts")
    offer(session, turn_id="t1", status="failure", exit_code=7, final=1)
    offer(session, turn_id="", status="success", final=1)
    is_([(row["turn_id"], row["status"]) for row in results(session)], [("", "success"), ("t1", "failure")],
        "each turn has its own result, and so has the session")
    is_((told(session, "t1"), told(session, "t2"), told(session), told(session, "")),
        (("failed", "failure", 7), ("completed", "completed", None), ("completed", "success", 0),
         ("completed", "success", 0)), "who waits looks at the one that was asked for")
    is_(told(session, "t9"), ("missing", "unknown", None), "a turn that nobody knows is missing")
with situation("a turn of which only a result is known"):
    session, fence = living()
    is_(offer(session, turn_id="t5", final=1)["turn_id"], "t5", "a result may come before its turn is known")
    is_(told(session, "t5"), ("completed", "success", 0), "and counts")
with situation("incarnations"):
    session, fence = living()
    offer(session, status="success", final=1)
    t.verb("record_completion", session_id=session, exit_code=0, fence=fence)
    t.verb("clear", actor_id="ann")
    is_(told(session), ("completed", "success", 0), "before the resume the result counts")
    again = t.verb("resume", session_id=session, actor_id="ann")
    is_(told(session), ("kv_warm", "starting", None), "after it neither result nor packet does")
    t.refused("fence.session", "record_result", session_id=session, incarnation=1, status="failure",
              says=["ann"])
    t.refused("fence.session", "record_completion", session_id=session, incarnation=1, exit_code=1)
    t.refused("fence.session", "record_result", session_id=session, incarnation=3, status="failure")
    t.refused("fence.token", "record_result", session_id=session, fence=fence, status="failure")
    t.refused("fence.token", "record_completion", session_id=session, fence=fence, exit_code=1)
    report = offer(session, incarnation=2, status="failure", exit_code=2, final=1)
    is_((report["incarnation"], report["recorded"], report["result_revision"]), (2, True, 1),
        "the new incarnation has a result of its own")
    is_(t.verb("record_completion", session_id=session, exit_code=2)["incarnation"], 2, "and a packet")
    is_([(row["incarnation"], row["status"]) for row in results(session)], [(1, "success"), (2, "failure")],
        "the old one stays as it was")
    is_(told(session), ("failed", "failure", 2), "and the new one counts")

# --- refusals

REFUSALS = [
    ("opt.required", {"session_id": None}, ["session_id"]),
    ("opt.required", {"status": None}, ["status"]),
    ("result.missing", {"session_id": "ses_x"}, ["ses_x"]),
    ("result.missing", {"session_id": ""}, []),
    ("fence.token", {"fence": 99}, ["99", "ann", "main"]),
    ("fence.token", {"fence": 0}, ["ann"]),
    ("fence.token", {"fence": -1}, ["ann"]),
    ("usage.fence", {"fence": "x"}, ["x"]),
    ("usage.fence", {"fence": 1.5}, []),
    ("fence.session", {"incarnation": 2}, ["main"]),
    ("usage.incarnation", {"incarnation": 0}, ["0"]),
    ("usage.incarnation", {"incarnation": "x"}, ["x"]),
    *[("opt.result_status", {"status": word}, []) for word in
      ("", "SUCCESS", "success ", "done", "completed", "success\0", 1, b"success")],
    *[("opt.provenance", {"provenance": word}, []) for word in ("", "Agent", "user", "agent\0", 1)],
    *[("opt.final", {"final": word}, [word]) for word in (2, -1, "yes", 1.5)],
    *[("opt.exit_code", {"exit_code": word}, []) for word in (-2**31 - 1, 2**32, "x", 1.5, "", INT_MAX)],
    ("opt.blank_id", {"turn_id": "  "}, ["turn_id"]),
    ("opt.bad_id", {"turn_id": "a\nb"}, ["turn_id"]),
    ("opt.bad_id", {"turn_id": "x" * 201}, ["turn_id"]),
    ("opt.blank_id", {"actor_id": " "}, ["actor_id"]),
    ("opt.bad_id", {"actor_id": "a\x1b"}, ["actor_id"]),
    ("opt.bad_id", {"receipt_id": "r\n"}, ["receipt_id"]),
]
PACKET_REFUSALS = [
    ("opt.required", {"session_id": None}, ["session_id"]),
    ("opt.required", {"exit_code": None}, ["exit_code"]),
    ("completion.missing", {"session_id": "ses_x"}, ["ses_x"]),
    *[(code, columns, says) for code, columns, says in REFUSALS
      if set(columns) <= {"fence", "incarnation", "status", "exit_code", "receipt_id"}
      and columns.get("status", "") is not None],
]
with situation("refusals"):
    session, fence = living()
    for code, columns, says in REFUSALS:
        t.refused(code, "record_result", says=says, **{"session_id": session, "status": "success", **columns})
    for code, columns, says in PACKET_REFUSALS:
        t.refused(code, "record_completion", says=says, **{"session_id": session, "exit_code": 1, **columns})
    ok(len(PACKET_REFUSALS) > 20, "both verbs have their refusals")
    t.refused("result.missing", "record_result", session_id="ses_x", status="success", incarnation=5, fence=7,
              test="that there is no session comes before its fence and incarnation")
    t.refused("fence.session", "record_result", session_id=session, status="success", incarnation=5, fence=7,
              test="the incarnation comes before the fence")

# --- fences

for strict in (0, 1):
    with situation(f"strict {strict}"):
        session, fence = living(strict=strict)
        for name, columns in (("record_result", {"status": "failure"}), ("record_completion", {"exit_code": 1})):
            t.refused("fence.token", name, says=["ann"], session_id=session, fence=fence + 1, **columns)
            if strict:
                t.refused("fence.required", name, says=["ann"], session_id=session, **columns)
            else:
                is_(t.outcome(name, session_id=session, **columns)["recorded"], True, f"{name} without a fence")
        t.clock(T0 + 60)
        is_(t.holder()["stale"], 1, "the lease is over")
        if strict:
            for name, columns in (("record_result", {"status": "failure"}),
                                  ("record_completion", {"exit_code": 1})):
                t.refused("fence.required", name, session_id=session, **columns)
        report = offer(session, fence=fence)
        is_(report["recorded"], True, f"strict {strict}: a late result goes on by fence while nobody else holds")
        report = t.verb("record_completion", session_id=session, fence=fence, exit_code=3)
        is_(report["recorded"], bool(strict), f"strict {strict}: and so does a packet, the first one")
with situation("a twin"):
    session, fence = living()
    twin = t.verb("start", actor_id="ann", lease_ttl=60)
    ok(twin["fence"] > fence, "another process of ann's has joined")
    t.refused("fence.token", "record_result", says=["ann"], session_id=session, fence=fence, status="failure")
    is_(offer(session, fence=twin["fence"])["recorded"], True, "the fence of the twin is the right one")

# --- what comes late


def end_as(reason, session, fence):
    """Ends the session in the one way that has this end_reason."""
    if reason == "taken_over":
        t.clock(t.now + 60)
        t.verb("takeover", actor_id="bob", reason="gone")
    elif reason == "stale_reset":
        t.clock(t.now + 60)
        t.verb("start", actor_id="ann", lease_ttl=60)
    elif reason == "forced":
        t.verb("clear", force=1, reason="stuck")
    elif reason == "cleared":
        t.verb("clear", actor_id="ann", fence=fence)
    elif reason == "transition":
        t.verb("transition", session_id=session, status="stopped", fence=fence)
    elif reason == "host-death":
        t.clock(t.now + 121)
        is_([row["status"] for row in t.verb("settle", session_id=session)["settled"]], ["failed"], "settled")
    else:  # idle, run: as their verbs write them
        t.sql("UPDATE tenure_session SET status = 'stopped', revision = revision + 1, end_reason = ?"
              " WHERE session_id = ?", (reason, session))
    is_(t.session(session)["end_reason"], reason, f"ended as {reason}")


for reason, strict in itertools.product(
        ("taken_over", "stale_reset", "forced", "cleared", "transition", "host-death", "idle", "run"), (0, 1)):
    with situation(f"late after {reason}, strict {strict}"):
        session, fence = living(strict=strict)
        end_as(reason, session, fence)
        holder = {"taken_over": "bob", "stale_reset": "ann"}.get(reason, "nobody")
        for shown in ((fence,) if strict else (None, fence)):
            for name, columns in (("record_result", {"status": "success", "final": 1}),
                                  ("record_completion", {"exit_code": 0})):
                columns = {"session_id": session, "fence": shown, **columns}
                if reason in LOSSES:
                    t.refused("fence.token", name, says=[f"{holder} holds scope main now"],
                              test=f"{name} after {reason}, fence {shown}", **columns)
                elif shown == fence:
                    report = t.verb(name, **columns)
                    is_(report["recorded"], True, f"{name} after {reason} is accepted by fence")
        if reason in LOSSES:
            is_(told(session)[0], "lost", f"{reason} is a loss")
            found = outcome(session)
            is_((found.get("reason"), found.get("ended_by"), found.get("note")),
                {"taken_over": ("taken_over", "bob", "gone"), "stale_reset": ("stale_reset", "ann", None),
                 "forced": ("forced", None, "stuck")}[reason], f"{reason}: by whom and why")
        else:
            is_(told(session), ("completed", "success", 0), f"after {reason} the late result counts")
        if strict and reason not in LOSSES:
            t.refused("fence.required", "record_result", session_id=session, status="failure")
with situation("late, and of no effect"):
    session, fence = living()
    offer(session, final=1)
    t.verb("record_completion", session_id=session, exit_code=0)
    end_as("taken_over", session, fence)
    t.refused("fence.token", "record_result", says=["bob"], session_id=session, fence=fence, status="failure",
              test="a late result is refused also where it would change nothing")
    t.refused("fence.token", "record_completion", says=["bob"], session_id=session, fence=fence, exit_code=1)
with situation("settlement"):
    session, fence = living()
    t.verb("turn_begin", session_id=session, turn_id="t1")
    end_as("host-death", session, fence)
    is_([(row["turn_id"], row["provenance"], row["status"], row["exit_code"], row["final"])
         for row in results(session)],
        [("", "synthetic", "failure", 1, 0), ("t1", "synthetic", "failure", 1, 0)], "synthetic results")
    found = outcome(session)
    is_((found["outcome"], found["synthetic"]), ("failed", True), "who waits is told that it is synthetic")
    report = offer(session, fence=fence, status="success", summary="it was done")
    is_((report["recorded"], report["result_revision"]), (True, 2), "a real result replaces the synthetic one")
    found = outcome(session)
    is_((found["outcome"], found["synthetic"], found["summary"]), ("completed", False, "it was done"),
        "and counts, whatever the session was settled as")
    is_(outcome(session, "t1")["outcome"], "failed", "the turn keeps its own")
    offer(session, fence=fence, turn_id="t1")
    is_(outcome(session, "t1")["outcome"], "completed", "until that is replaced too")
    is_(offer(session, fence=fence, status="failure", provenance="synthetic")["recorded"], False,
        "a synthetic one does not come back")
    is_(t.session(session)["status"], "failed", "the session stays as it was settled")
with situation("a result before settlement"):
    session, fence = living()
    offer(session, status="success", summary="mine")
    end_as("host-death", session, fence)
    is_([(row["provenance"], row["summary"]) for row in results(session)], [("agent", "mine")],
        "settlement leaves a real result alone")
with situation("collection"):
    session, fence = living()
    offer(session, turn_id="t1")
    offer(session)
    t.verb("record_completion", session_id=session, exit_code=0)
    other, _ = living(scope="other")
    offer(other)
    t.verb("clear", actor_id="ann")
    t.verb("gc", older_than_secs=0)
    is_((results(session), packets(session), len(results(other))), ([], [], 1),
        "results and packets go with their session, and only they")
    t.refused("result.missing", "record_result", session_id=session, status="success")
    t.refused("completion.missing", "record_completion", session_id=session, exit_code=0)

# --- once and again

for name, columns, other in (("record_result", {"status": "success", "summary": "s"}, {"status": "failure"}),
                             ("record_completion", {"exit_code": 4}, {"exit_code": 5})):
    with situation(f"{name} with a receipt"):
        session, _ = living()
        elsewhere, _ = living(scope="other")
        first = t.verb(name, session_id=session, receipt_id="r", **columns)
        before = t.dump()
        t.clock(T0 + 5)
        is_(t.verb(name, session_id=session, receipt_id="r", **columns), {**first, "replayed": True},
            f"{name}: the same receipt gives the same report")
        is_(t.verb(name, session_id=session, receipt_id="r", **other), {**first, "replayed": True},
            f"{name}: whatever else is asked for")
        is_(t.dump(), before, f"{name}: and does nothing")
        t.refused("receipt.conflict", name, session_id=elsewhere, receipt_id="r", **columns)
        t.refused("receipt.conflict", "heartbeat", session_id=session, actor_id="ann", receipt_id="r")
        t.refused("fence.token", name, session_id=session, fence=77, receipt_id="r2", **columns)
        is_(t.outcome(name, session_id=session, receipt_id="r2", **columns)["ok"], True,
            f"{name}: a refusal leaves no receipt")
for clause, (name, columns, table) in itertools.product(CLAUSES, (
        ("record_result", {"status": "success"}, "tenure_result"),
        ("record_completion", {"exit_code": 4}, "tenure_completion"))):
    with situation(f"{clause} {name}"):
        session, _ = living()
        sql, params = verb_sql(name, {"session_id": session, "fence": 9, **columns})
        t.refused_sql("fence.token", sql.replace("INSERT", f"INSERT {clause}"), params, test=f"{clause} {name}, refused")
        sql, params = verb_sql(name, {"session_id": session, **columns})
        t.sql(sql.replace("INSERT", f"INSERT {clause}"), params)
        is_((t.value(f"SELECT count(*) FROM {table}"), len(recorded(session))), (1, 1),
            f"{clause} {name} does all of it")

# --- clocks

with situation("clocks"):
    session, _ = living()
    t.verb("record_result", session_id=session, turn_id="t1", status="success", final=1)
    machine = Raw(at=None)
    theirs = machine.verb("start", actor_id="ann", lease_ttl=60)["session_id"]
    t.clock(None)
    for name, columns in (("record_result", {"status": "success"}), ("record_completion", {"exit_code": 0})):
        t.refused("usage.clock", name, session_id=session, **columns)
    t.refused("usage.clock", "record_result", session_id=session, turn_id="t1", status="failure",
              test="also where nothing would be recorded, because a final result is there")
    machine.clock(2_000_000_000)
    for name, columns in (("record_result", {"status": "success"}), ("record_completion", {"exit_code": 0})):
        machine.refused("usage.clock", name, session_id=theirs, **columns)
    machine.clock(None)
    is_(machine.verb("record_result", session_id=theirs, status="success")["recorded"], True,
        "each clock records on its own sessions")
with situation("a clock that steps back"):
    session, _ = living()
    t.clock(T0 + 50)
    offer(session, status="failure", exit_code=1)
    t.clock(T0 + 10)
    is_(offer(session)["recorded_at_epoch_s"], T0 + 50, "the stamp of a result never runs back")
    is_(t.verb("record_completion", session_id=session, exit_code=0)["recorded_at_epoch_s"], T0 + 10,
        "that of a packet is its own")
    is_(told(session), ("kv_warm", "running", None), "which plays no part in what is decided")

# --- hostile text

HOSTILE = ["evil\n\x1b[31m\x07", "\u202eevil\u2066", "\u0085\u009b", "\x7f", b"\xff\x1b[0m", "ev\0il", "'; --",
           "\"}", "x" * 70000, "{\"outcome\":\"completed\"}"]
for verb, right in (("record_result", {"status": "success"}), ("record_completion", {"exit_code": 1})):
    refused, faults = 0, []
    columns = [name for (name,) in t.sql("SELECT name FROM pragma_table_info(?)", (f"tenure_{verb}",))]
    for column, hostile in itertools.product(columns, HOSTILE):
        with situation(f"{verb}.{column} = {hostile!r:.30}"):
            session, _ = living()
            asked = {"session_id": session, **right, column: hostile}
            before = t.dump()
            got = error_of(t.db, *verb_sql(verb, asked))
            if got is not None:
                refused += 1
                if CONTROLS.search(got[0]) or "(unknown)" in got[0] or len(got[0]) > 2500 or t.dump() != before:
                    faults.append(f"{column} {hostile!r:.30}: {got[0]!r}")
                continue
            shown = json.loads(t.value("SELECT session_report()"))
            waited = outcome(session, hostile if column == "turn_id" else None)
            if column in shown and shown[column] != (hostile if isinstance(hostile, str) else None):
                faults.append(f"{column} {hostile!r:.30}: shown as {shown[column]!r}")
            if waited["session_id"] != session or waited["outcome"] not in ("kv_warm", "failed", "missing"):
                faults.append(f"{column} {hostile!r:.30}: {waited}")
    ok(refused > 20, f"{verb}: of hostile text in each column {refused} are refused")
    ok(not faults, f"{verb}: none is shown raw, none is half stored, none is taken for a report")
    for fault in faults[:9]:
        diag(fault)
with situation("a summary comes back as it was"):
    session, _ = living()
    for text in ("'; --", "\"}", "{\"outcome\":\"completed\"}", "a\u2028b", "tab\there", "é" * 1000):
        offer(session, summary=text, status="failure", exit_code=1)
        t.clock(t.now + 40)
        found = outcome(session)
        t.clock(T0)
        offer(session, summary=text, status="failure", exit_code=1)
        is_(results(session)[0]["summary"], text, f"the summary {text:.20} is stored")
    offer(session, summary=text, final=1)
    is_(outcome(session)["summary"], text, "and told")

# The turn's own incarnation is where its result is looked for, also when somebody has resumed since.
for settled in (True, False):
    with situation("a result of a turn whose incarnation is over"):
        session, _ = living()
        t.verb("turn_begin", session_id=session, turn_id="t1")
        t.clock(T0 + 200)
        if settled:
            t.verb("settle", session_id=session)
        t.verb("resume", session_id=session, actor_id="ann")
        report = t.verb("record_result", session_id=session, turn_id="t1", status="success", exit_code=0, final=1)
        is_((report["recorded"], report["incarnation"]), (True, 1), f"settled {settled}: it belongs to that incarnation")
        report = outcome(session, "t1")
        is_((report["outcome"], report["synthetic"]), ("completed", False), f"settled {settled}: and a waiter is told")
        is_(t.verb("record_result", session_id=session, turn_id="t1", status="failure")["recorded"], False,
            f"settled {settled}: it is final")
        t.refused_sql("write.result", "INSERT INTO tenure_result (session_id, incarnation, turn_id, status, recorded_at)"
                      " VALUES (?, 2, 't1', 'failure', 1)", (session,),
                      test=f"settled {settled}: there is no second one in the new incarnation")
        is_(t.verb("record_result", session_id=session, turn_id="t9", status="success")["incarnation"], 2,
            f"settled {settled}: that of a turn nobody has seen is of the present one")
done()
