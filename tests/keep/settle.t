#!/usr/bin/python3
"""tenure_orphan and tenure_settle (05): what is over although nobody has said so gets the end it never got,
from every status, once, and with what is known of it; what is not proven to be over is left alone."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from raw import Raw  # noqa: E402
from tap import done, error_of, is_, ok  # noqa: E402
from tenure import STATUSES, T0, TERMINAL, Tenure, table, verb_sql  # noqa: E402

t = Raw()
TTL = 20
DEAD = t.dead_process()
ANN = {"actor_id": "ann", "lease_ttl": TTL}


def session(status="running", **columns):
    return t.in_status(status, **{"scope": "s", **ANN, **columns})


def orphan(session_id):
    rows = t.rows("SELECT * FROM tenure_orphan WHERE session_id = ?", (session_id,))
    return rows[0] if rows else None


def results(session_id, incarnation=1):
    return {row["turn_id"]: tuple(row[name] for name in ("status", "exit_code", "provenance", "final", "revision"))
            for row in t.rows("SELECT * FROM tenure_result WHERE session_id = ? AND incarnation = ?",
                              (session_id, incarnation))}


def settled(report):
    return [row["session_id"] for row in report["settled"]]


def why(session_id):
    """Why tenure_settle leaves a session alone: a list of one, or none if it does not."""
    return [row["reason"] for row in t.verb("settle", session_id=session_id)["skipped"]]


# --- every status

# status | becomes | failure_origin | failure_reason
ENDS = {row[0]: row[1:] for row in table("""
idle         failed     host-death  REASON
starting     failed     host-death  REASON
running      failed     host-death  REASON
ready        failed     host-death  REASON
interrupted  failed     host-death  REASON
error        failed     host-death  REASON
exiting      exited     -           -
destroying   destroyed  -           -
""")}
is_(sorted(list(ENDS) + list(TERMINAL)), sorted(STATUSES), "every status that is not terminal has a row")
PROOFS = {  # how it is known: process columns, the age at which it is asked, the packet, the reason
    "its process is dead": (DEAD, 0, None, "orphaned_process"),
    "long silence": ({}, 2 * TTL + 1, None, "orphaned_process"),
    "a packet, and its lease is over": ({}, TTL, {"exit_code": 7, "reason": "it fell"}, "completion"),
    "a packet, and its process is dead": (DEAD, 1, {"exit_code": 0}, "completion"),
}
for status, (end, origin, failure) in ENDS.items():
    for proof, (process, age, packet, reason) in PROOFS.items():
        name = f"{status}, {proof}"
        if status == "starting" and proof == "long silence":
            age = 61  # a session that is starting without a pid has a minute
        with t.situation(name):
            s = session(status, **process)
            before = t.session(s)
            if packet:
                t.verb("record_completion", session_id=s, **packet)
            t.clock(T0 + age)
            shown = orphan(s)
            is_(shown and (shown["reason"], shown["verdict"] in ("dead", "unknown", "passive")), (reason, True),
                f"{name}: an orphan, because of {reason}")
            report = t.verb("settle", session_id=s)
            is_(report, {"command": "settle", "ok": True, "session_id": s,
                         "settled": [{"session_id": s, "scope": "s", "status": end}], "skipped": [], "more": False},
                f"{name}: {end}")
            row = t.session(s)
            code = packet["exit_code"] if packet else None
            is_({key: row[key] for key in ("status", "end_reason", "failure_origin", "failure_reason", "exit_code",
                                           "end_note", "ended_at", "changed_at", "revision", "fence", "incarnation")},
                {"status": end, "end_reason": "host-death", "failure_origin": None if origin == "-" else origin,
                 "failure_reason": None if failure == "-" else reason, "exit_code": code,
                 "end_note": packet and packet.get("reason"), "ended_at": t.now, "changed_at": t.now,
                 "revision": before["revision"] + 1, "fence": before["fence"], "incarnation": 1},
                f"{name}: the row")
            is_(t.counter("s"), row["revision"], f"{name}: the counter goes with it")
            is_(results(s), {"": ("failure", 1 if code is None else code, "synthetic", 0, 1)},
                f"{name}: a synthetic result")
            is_(t.sql("SELECT event, from_status, to_status, json_extract(detail, '$.verb') FROM tenure_event"
                      " WHERE session_id = ? ORDER BY seq DESC LIMIT 1", (s,)),
                [("session.ended", status, end, "settle")], f"{name}: the log")
            is_(orphan(s), None, f"{name}: and it is no orphan any more")
            was = t.dump()
            again = t.verb("settle", session_id=s)
            is_((again["settled"], again["skipped"], again["more"]),
                ([], [{"session_id": s, "scope": "s", "reason": "ended"}], False),
                f"{name}: a second time does nothing")
            is_(t.dump(), was, f"{name}: and changes nothing")
            new = t.verb("start", scope="s", actor_id="bob", lease_ttl=60)
            is_(new["fence"], row["revision"] + 1, f"{name}: the scope is free, and its fences go on")
for status in sorted(TERMINAL):
    with t.situation(status):
        s = session(status, **DEAD)
        t.clock(T0 + 1000)
        was = t.dump()
        is_((orphan(s), t.verb("settle", session_id=s)["skipped"], t.verb("settle")["settled"]),
            (None, [{"session_id": s, "scope": "s", "reason": "ended"}], []), f"{status}: over already")
        is_(t.dump(), was, f"{status}: nothing is changed")

# --- when

# In which second of the clock is a silent session an orphan, and why is it skipped before?
# status    ttl  process  at    what
for status, ttl, process, at, want in table("""
running     20   -        0     owned
running     20   -        19    owned
running     20   -        20    passive
running     20   -        30    passive
running     20   -        31    unknown
running     20   -        40    unknown
running     20   -        41    -
running     1    -        2     passive
running     1    -        3     -
idle        20   -        41    -
starting    20   -        41    unknown
starting    20   -        60    unknown
starting    20   -        61    -
starting    5    -        11    passive
starting    5    -        60    unknown
starting    5    -        61    -
starting    100  -        200   unknown
starting    100  -        201   -
starting    5    far      10    passive
starting    5    far      11    -
running     20   far      40    unknown
running     20   far      41    -
running     20   self     99999 owned
running     20   dead     0     -
starting    20   dead     0     -
"""):
    process = {"-": {}, "dead": DEAD, "far": DEAD | {"host": "far"},
               "self": DEAD | {"pid": os.getpid(), "pid_start_ticks": t.value(
                   "SELECT process_start_ticks(?)", (os.getpid(),))}}[process]
    with t.situation(f"{status} {ttl} {at}"):
        s = session(status, lease_ttl=int(ttl), **process)
        t.clock(T0 + int(at))
        one, was = t.verb("settle", session_id=s), t.session(s)
        is_((settled(one), one["skipped"]),
            ([s], []) if want == "-" else ([], [{"session_id": s, "scope": "s", "reason": want}]),
            f"{status}, ttl {ttl}, {process.get('host', 'no process')}, after {at} seconds: {want}")
        is_(t.session(s)["ended_at"] is not None, want == "-", "and so it is stored")

# A packet speaks when nobody owns the session any more, and only for its incarnation.
with t.situation("a packet of a live owner"):
    s = session()
    t.verb("record_completion", session_id=s, exit_code=0)
    is_((orphan(s), why(s)), (None, ["owned"]),
        "a packet of a session that is owned: not yet")
    t.clock(T0 + TTL - 1)
    is_(settled(t.verb("settle")), [], "nor in the last second of the lease")
    t.clock(T0 + TTL)
    is_((t.holder("s")["verdict"], settled(t.verb("settle"))), ("passive", [s]),
        "in the second in which the lease is over it is, although something happened lately")
with t.situation("a packet of an earlier incarnation"):
    s = session()
    t.verb("record_completion", session_id=s, exit_code=0)
    t.verb("clear", scope="s", actor_id="ann")
    t.verb("resume", session_id=s, actor_id="ann")
    t.clock(T0 + TTL)
    is_((orphan(s), why(s)), (None, ["passive"]),
        "a packet of an earlier incarnation says nothing of this one")
    is_(t.verb("record_completion", session_id=s, exit_code=3)["recorded"], True, "this one can leave its own")
    t.verb("settle")
    is_((t.session(s)["exit_code"], sorted(results(s, 2))), (3, [""]), "and is settled by it")
with t.situation("interactive"):
    s = t.verb("start", scope="s")["session_id"]
    t.clock(T0 + 10**7)
    is_(why(s), ["unknown"], "a silent person is not dead")
    t.verb("record_completion", session_id=s, exit_code=0)
    is_(settled(t.verb("settle", session_id=s)), [s], "but a packet ends a session of theirs")

# --- results

# status of the packet | of the synthetic result
for packet, result in table("""
-            failure
success      failure
retired      failure
failure      failure
timeout      timeout
signal       signal
interrupted  interrupted
no_progress  no_progress
error        error
tier_failover_superseded tier_failover_superseded
"""):
    with t.situation(packet):
        s = session(**DEAD)
        if packet != "-":
            t.verb("record_completion", session_id=s, exit_code=0, status=packet)
        t.verb("settle", session_id=s)
        is_(results(s)[""][:3], (result, 1 if packet == "-" else 0, "synthetic"),
            f"a packet that says {packet}: the result is {result}, synthetic")
for status, turn in (("running", "turn"), ("starting", "reserved turn")):
    with t.situation(turn):
        s = session("running", **DEAD)
        t.verb("turn_begin", session_id=s, turn_id="t1", reserve=int(status == "starting"))
        t.verb("record_result", session_id=s, turn_id="t0", status="success")
        t.verb("turn_steer", session_id=s, input="go on") if status == "running" else None
        t.verb("request_open", session_id=s, turn_id="t1", request_id="q", kind="approval")
        report = t.verb("settle", session_id=s)
        is_(settled(report), [s], f"a session with a {turn} is settled")
        is_(results(s), {"": ("failure", 1, "synthetic", 0, 1), "t1": ("failure", 1, "synthetic", 0, 1),
                         "t0": ("success", None, "agent", 0, 1)},
            f"the session and its {turn} have a synthetic result each, other turns have none")
        is_(t.sql("SELECT state, abort_reason, ended_at FROM tenure_turn"), [("interrupted", None, T0)],
            f"the {turn} is interrupted")
        is_(t.sql("SELECT state, decision FROM tenure_request"), [("expired", "denied")], "its request is denied")
        is_([row[0] for row in t.sql("SELECT state FROM tenure_turn_input")],
            ["leftover"] if status == "running" else [], "its input is kept")
        events = [row[0] for row in t.sql("SELECT event FROM tenure_event WHERE json_extract(detail, '$.verb') ="
                                          " 'settle' OR event = 'request.expired' ORDER BY seq")]
        is_(sorted(events), sorted(["result.recorded", "result.recorded", "session.ended", "turn.interrupted",
                                    "request.expired"]), "and all of it is in the log")
        is_(events.index("turn.interrupted") < events.index("request.expired"), True, "the turn before its requests")

# A result that is there is kept, whatever it says; one that comes later takes the place of the synthetic one.
for name, columns in (("success", {"status": "success", "exit_code": 0}), ("final", {"status": "error", "final": 1}),
                      ("of the process", {"status": "signal", "exit_code": 137, "provenance": "completion"}),
                      ("synthetic", {"status": "timeout", "provenance": "synthetic"})):
    with t.situation(f"a result before: {name}"):
        s = session(**DEAD)
        t.verb("turn_begin", session_id=s, turn_id="t1")
        t.verb("record_result", session_id=s, **columns)
        t.verb("record_result", session_id=s, turn_id="t1", **columns)
        was = results(s)
        t.verb("settle")
        is_((results(s), t.session(s)["status"]), (was, "failed"), f"a result that was there is kept: {name}")
for provenance, final in (("agent", 0), ("agent", 1), ("completion", 0), ("synthetic", 0)):
    with t.situation(f"a result afterwards: {provenance}"):
        s = session(strict=1, **DEAD)
        t.verb("turn_begin", session_id=s, turn_id="t1", fence=1)
        t.verb("settle")
        for turn in ("", "t1"):
            got = t.verb("record_result", session_id=s, fence=1, turn_id=turn, status="success", exit_code=0,
                         provenance=provenance, final=final)
            is_((got["recorded"], results(s)[turn]), (True, ("success", 0, provenance, final, 2)),
                f"a late result of {provenance} takes the place of the synthetic one, turn {turn!r}")
        is_(t.outcome("record_result", session_id=s, status="success"), "fence.required", "with the fence it needs")
        is_(t.outcome("record_result", session_id=s, fence=2, status="success"), "fence.token", "the right one")
        was = t.session(s)
        t.verb("settle")
        is_((t.session(s), results(s)[""][:3]), (was, ("success", 0, provenance)), "and settling again leaves it")

# --- many

with t.situation("many"):
    made = [t.verb("start", scope=f"s{n}", **ANN, **DEAD)["session_id"] for n in range(7)]
    owned = t.verb("start", scope="owned", **ANN)["session_id"]
    quiet = t.verb("start", scope="quiet", actor_id="ann", lease_ttl=1000)["session_id"]
    got = []
    for want, more in ((3, True), (3, True), (1, False), (0, False)):
        report = t.verb("settle", max_rows=3)
        got += settled(report)
        is_((len(report["settled"]), report["more"], report["skipped"], "session_id" in report),
            (want, more, [], False), f"at most 3 of what is left: {want}, more: {more}")
    is_(sorted(got), sorted(made), "each once")
    is_([t.session(s)["ended_at"] for s in (owned, quiet)], [None, None], "and nobody else")
with t.situation("one of many"):
    made = [t.verb("start", scope=f"s{n}", **ANN, **DEAD)["session_id"] for n in range(2)]
    report = t.verb("settle", session_id=made[0])
    is_((settled(report), report["more"], len(t.sql("SELECT * FROM tenure_orphan"))), (made[:1], False, 1),
        "one that is named is all that was asked for")
with t.situation("a fence"):
    s = t.verb("start", scope="s", strict=1, **ANN, **DEAD)["session_id"]
    fence = t.session(s)["fence"]
    t.refused("fence.token", "settle", session_id=s, fence=fence + 1, says=["ann"], test="the fence of another settles nothing")
    t.refused("usage.fence", "settle", session_id=s, fence="x")
    t.refused("opt.required", "settle", fence=fence, says=["session_id"], test="a fence is that of one session")
    is_(settled(t.verb("settle", session_id=s, fence=fence)), [s], "its own does")
    t.refused("fence.token", "settle", session_id=s, fence=fence + 1, test="also of one that has ended")
with t.situation("exactly as many"):
    for n in range(3):
        t.verb("start", scope=f"s{n}", **ANN, **DEAD)
    is_(t.verb("settle", max_rows=3)["more"], False, "exactly max_rows: no more")
with t.situation("more than 500"):
    for n in range(501):
        t.verb("start", scope=f"s{n}", **ANN, **DEAD)
    first, second = t.verb("settle"), t.verb("settle")
    is_((len(first["settled"]), first["more"], len(second["settled"]), second["more"]), (500, True, 1, False),
        "of 501 the first call settles 500, and says so")
for value in (0, -1, 501, "x", 1.5, b"\xff"):
    t.refused("opt.max_rows", "settle", max_rows=value)
for value, code in (("ses_none", "settle.missing"), ("", "opt.blank_id"), (" ", "opt.blank_id"),
                    ("a\nb", "opt.bad_id"), ("x" * 201, "opt.bad_id")):
    t.refused(code, "settle", session_id=value)
with t.situation("no scope"):
    made = {t.verb("start", scope="", **ANN, **DEAD)["session_id"] for _ in range(3)}
    report = t.verb("settle")
    is_((set(settled(report)), [sorted(row) for row in report["settled"]]), (made, [["session_id", "status"]] * 3),
        "sessions without a scope, too")

# --- the clock

with t.situation("another clock"):
    virtual = t.verb("start", scope="v", **ANN, **DEAD)["session_id"]
    t.clock(None)
    machine = t.verb("start", scope="m", **ANN, **DEAD)["session_id"]
    is_(len(t.sql("SELECT * FROM tenure_orphan")), 2, "the view shows both")
    report = t.verb("settle")
    is_((settled(report), report["skipped"], report["more"]),
        ([machine], [{"session_id": virtual, "scope": "v", "reason": "clock"}], False),
        "a connection on the machine's clock settles what lives on it, and says why it leaves the rest")
    is_(why(virtual), ["clock"], "also when it is named")
    t.clock(T0)
    is_(settled(t.verb("settle")), [virtual], "a connection on the virtual one the other")
with t.situation("stepped back"):
    s = session(**DEAD)
    t.verb("transition", session_id=s, status="ready", actor_id="ann")
    t.clock(T0 - 500)
    t.verb("settle")
    row = t.session(s)
    is_((row["status"], row["changed_at"], row["ended_at"] >= row["started_at"]), ("failed", T0, True),
        "a clock that was stepped back keeps nobody alive, and no stamp runs backwards")

# --- what else goes with the end

with t.situation("notes"):
    s = session(**DEAD)
    for kind in ("blocking", "non_blocking"):
        t.verb("escalate", scope="s", kind=kind, reason="r")
    t.verb("gate_set", scope="s", gates="[1]")
    t.verb("settle")
    is_((t.sql("SELECT kind FROM tenure_escalation"), t.sql("SELECT * FROM tenure_gate")), ([("blocking",)], []),
        "what blocks stays with the scope; the rest of its notes goes")
with t.situation("fences"):
    s = session(strict=1, **DEAD)
    t.verb("settle")
    for verb, columns, code in (("heartbeat", {}, "fence.session"), ("turn_begin", {}, "fence.session"),
                                ("transition", {"status": "ready"}, "transition.illegal")):
        t.refused(code, verb, session_id=s, fence=1, **columns,
                  **({"actor_id": "ann"} if verb != "turn_begin" else {}))
    got = t.verb("resume", session_id=s, actor_id="ann")
    is_((got["incarnation"], got["fence"]), (2, 3), "what was settled can be resumed, with a new fence")
    is_(results(s, 2), {}, "and the new incarnation has no result")
    t.clock(T0 + 61)
    t.verb("settle")
    is_([results(s, n) for n in (1, 2)], [{"": ("failure", 1, "synthetic", 0, 1)}] * 2,
        "until it is settled in its turn")
t.sql("CREATE TABLE tasks (id)")
t.sql("SELECT tenure_guard('tasks', 's')")
with t.situation("a guarded table"):
    s = session(**DEAD)
    t.sql("SELECT tenure_hold(?, 1)", (s,))
    t.sql("INSERT INTO tasks VALUES (1)")
    t.verb("settle")
    t.refused_sql("fence.token", "INSERT INTO tasks VALUES (2)",
                  test="a guarded table is closed to a holder that was settled")
    t.sql("SELECT tenure_hold(NULL)")

# --- receipts, transactions, faults

with t.situation("receipt"):
    session(**DEAD)
    first = t.verb("settle", receipt_id="r")
    t.verb("start", scope="s2", **ANN, **DEAD)
    is_(t.verb("settle", receipt_id="r"), first | {"replayed": True}, "a receipt gives the report of its first success")
    is_(len(t.sql("SELECT * FROM tenure_orphan")), 1, "and settles nobody else")
with t.situation("undone"):
    s = session(**DEAD)
    was = t.dump()
    t.sql("SAVEPOINT undo")
    t.verb("settle")
    t.sql("ROLLBACK TO undo")
    is_(t.dump(), was, "a settlement that is rolled back has not been")
    t.sql("CREATE TEMP TRIGGER fault BEFORE UPDATE ON main.tenure_session WHEN NEW.status = 'exited'"
          " BEGIN SELECT RAISE(ABORT, 'a fault'); END")
    t.verb("start", scope="s0", **ANN, **DEAD)
    other = session("exiting", scope="s1", **DEAD)
    was = t.dump()
    got = error_of(t.db, *verb_sql("settle", {}))
    is_((got and got[0], t.dump() == was), ("a fault", True), "a fault at one of several undoes the whole call")
    t.sql("DROP TRIGGER temp.fault")

# --- the view is the dry run

FILE = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"tenure-settle-{os.getpid()}.db")
try:
    f = Tenure(FILE)
    f.verb("start", scope="s", **ANN, **DEAD)
    f.db.close()
    with open(FILE, "rb") as file:
        before = file.read()
    f = Tenure(FILE, install=False, at=T0 + 10**6)
    for view in ("orphan", "reapable", "collectable", "holder", "turn_effective", "replay"):
        f.sql(f"SELECT * FROM tenure_{view}")
    is_((len(f.sql("SELECT * FROM tenure_orphan")), f.db.total_changes), (1, 0), "the view shows what would be settled")
    f.db.close()
    with open(FILE, "rb") as file:
        ok(file.read() == before, "and leaves every byte as it was")
finally:
    os.remove(FILE)
columns = "session_id scope incarnation status verdict reason idle_secs owner_id clock active_turn_id host pid label" \
          " completion_exit completion_status completion_reason"
is_([row[1] for row in t.sql("PRAGMA table_info(tenure_orphan)")], columns.split(), "the columns of tenure_orphan")
with t.situation("shown"):
    s = session(label="job", **DEAD)
    t.verb("turn_begin", session_id=s, turn_id="t1")
    t.verb("record_completion", session_id=s, exit_code=5, reason="r")
    t.clock(T0 + 3)
    is_(orphan(s), {"session_id": s, "scope": "s", "incarnation": 1, "status": "running", "verdict": "dead",
                    "reason": "completion", "idle_secs": 3, "owner_id": "ann", "clock": "virtual",
                    "active_turn_id": "t1", "host": DEAD["host"], "pid": DEAD["pid"], "label": "job",
                    "completion_exit": 5, "completion_status": "failure", "completion_reason": "r"},
        "the view shows each candidate with what is known of it")
done()
