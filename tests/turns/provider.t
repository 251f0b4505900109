#!/usr/bin/python3
"""tenure_provider_event: every event, in every status of the session, with every relation between its
turn and the open one, with and without a start that was asked for. The quick run tries one in five of these, by
chance (chance.py).

What is expected is typed here once, in expected(), from the table of the contract; nothing is asked of
the code that is tested. After each event the rules that no event may break are checked, too.
"""

import os
import sqlite3
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
from chance import LONG, one_in  # noqa: E402
from invariants import broken  # noqa: E402
from tap import diag, done, is_, ok  # noqa: E402
from tenure import STATUSES, T0, TERMINAL, Tenure, table  # noqa: E402

OPENS = {"starting", "running"}
SETTLES = {"idle": "completed", "ready": "completed", "error": "error", "failed": "error"}
EDGES = {row[0]: set(row[1:]) for row in table("""
idle        starting running ready interrupted error exiting exited failed stopped destroying
starting    running ready interrupted error exiting exited failed stopped destroying
running     starting ready interrupted error exiting exited failed stopped destroying
ready       starting running interrupted error exiting exited failed stopped destroying
interrupted starting running ready error exiting exited failed stopped destroying
error       starting running ready interrupted exiting exited failed stopped destroying
exiting     exited failed
destroying  destroyed
""")}

# The words of a provider's state, and the status that each means.
STATES = {"starting": "starting", "running": "running", "waiting": "running", "ready": "ready",
          "idle": "idle", "interrupted": "interrupted", "stopped": "stopped", "error": "error",
          "connecting": "starting", "closed": "stopped"}
OUTCOMES = {None: "completed", "completed": "completed", "failed": "error",
            "interrupted": "interrupted", "cancelled": "interrupted", "who knows": "completed"}
DEFAULT_ERROR = "the provider reported an error"

EVENTS = ([("session.started", None), ("thread.started", None), ("turn.started", None),
           ("turn.aborted", None), ("session.exited", None), ("runtime.error", None)]
          + [("session.state.changed", state) for state in STATES]
          + [("turn.completed", outcome) for outcome in OUTCOMES])

# How the event's turn stands to the open one, t1. t0 has ended, t9 was never seen.
RELATIONS = {"no turn, unnamed": (False, None), "no turn, new": (False, "t9"),
             "no turn, ended": (False, "t0"), "same": (True, "t1"), "other, new": (True, "t9"),
             "other, ended": (True, "t0"), "unnamed": (True, None)}


def failure(message, before):
    return message or before["last_error"] or DEFAULT_ERROR


def expected(before, event, word, turn, expected_turn, message):
    """The result of an event, by the table: why it is ignored (None: it applies), and the session
    afterwards as look() shows it."""
    def ignored(reason):
        return reason, before

    def applied(status, error, turns=None, starts=False):
        after = dict(before, status=status, last_error=error, turns={**before["turns"], **(turns or {})})
        if before["status"] == "exiting" and event == "session.exited":
            after["status"] = "exited"
        if before["status"] in TERMINAL or (after["status"] != before["status"] and
                                            after["status"] not in EDGES[before["status"]]):
            return ignored("illegal")
        if starts or after["status"] in TERMINAL | {"error", "interrupted"}:
            after["pending"] = False
        return None, after

    def settled(state):
        return {opened: state} if opened else {}

    if before["status"] in TERMINAL:
        return ignored("illegal")
    opened = next((turn for turn, state in before["turns"].items()
                   if state in ("reserved", "running")), None)
    seen = turn in before["turns"]
    kept = before["last_error"]
    conflict = bool(opened and turn and turn != opened)
    queued = before["pending"] and before["status"] == "starting"

    if event in ("session.started", "thread.started"):
        if opened:
            return applied("running", kept)
        return applied("starting", kept) if queued else applied("ready", None)
    if event == "session.state.changed":
        mapped = STATES[word]
        turns = {} if mapped in OPENS else settled(SETTLES.get(mapped, "interrupted"))
        if mapped == "ready" and queued:
            return applied("starting", kept, turns)
        if mapped == "error":
            return applied("error", failure(message, before), turns)
        return applied(mapped, None if mapped in ("ready", "interrupted") else kept, turns)
    if event == "turn.started":
        if opened and not turn:
            return ignored("unnamed")
        if not turn:
            return applied("running", kept)
        if seen and turn != opened:
            return ignored("conflict" if opened else "turn_ended")
        if conflict and not (before["pending"] and expected_turn == turn):
            return ignored("conflict")
        if turn == opened and before["turns"][turn] == "running":
            return applied("running", kept)
        return applied("running", kept, {**(settled("interrupted") if conflict else {}),
                                         turn: "running"}, starts=True)
    if event in ("turn.completed", "turn.aborted"):
        if conflict:
            return ignored("conflict")
        if opened and not turn:
            return ignored("unnamed")
        if not opened and (not turn or event == "turn.aborted"):
            return ignored("no_turn")
        if not opened and seen:
            return ignored("turn_ended")
        if event == "turn.aborted":
            return applied("interrupted", None, {turn: "interrupted"})
        state = OUTCOMES[word]
        if state == "error":
            return applied("error", failure(message, before), {turn: state})
        return applied("ready", None, {turn: state})
    if event == "session.exited":
        return applied("stopped", kept, settled("interrupted"))
    if event == "runtime.error":
        if conflict:
            return ignored("conflict")
        return applied("error", failure(message, before), settled("error"))
    raise KeyError(event)


t = Tenure()


def look(session):
    row = t.rows("SELECT status, last_error FROM tenure_session WHERE session_id = ?", (session,))[0]
    row["turns"] = dict(t.sql("SELECT turn_id, state FROM tenure_turn WHERE session_id = ?", (session,)))
    row["pending"] = bool(t.sql("SELECT 1 FROM tenure_pending_start WHERE session_id = ?", (session,)))
    return row


def prepare(status, opened, pending, error):
    """A session in STATUS that has seen t0. OPENED: the state of its open turn t1, or None."""
    session = t.verb("start", actor_id="ann", lease_ttl=600, scope="s",
                     status=status if status in ("idle", "starting") else None)["session_id"]
    t.sql("INSERT INTO tenure_turn (session_id, turn_id, incarnation, state, started_at, ended_at)"
          " VALUES (?, 't0', 1, 'interrupted', ?, ?)", (session, t.now, t.now))
    if opened:
        t.verb("turn_begin", session_id=session, turn_id="t1", reserve=int(opened == "reserved"))
        t.verb("request_open", session_id=session, request_id="r1", kind="approval")
    steps = ["destroying", "destroyed"] if status == "destroyed" else [status]
    for step in steps:
        t.verb("transition", session_id=session, status=step, actor_id="ann")
    if error:
        t.sql("UPDATE tenure_session SET last_error = ?, revision = revision + 1 WHERE session_id = ?",
              (error, session))
    if pending:
        t.sql("INSERT INTO tenure_pending_start (session_id, message_id, requested_at)"
              " VALUES (?, 'm1', ?)", (session, t.now))
    return session


def one(session, event, word, turn, expected_turn, message):
    """Applies one event; gives what is wrong with the result."""
    before, known = look(session), t.session(session)
    revision = known["revision"]
    everything = t.dump()
    reason, want = expected(before, event, word, turn, expected_turn, message)
    report = t.verb("provider_event", session_id=session, type=event, turn_id=turn, message=message,
                    state=word if event == "session.state.changed" else None,
                    outcome=word if event == "turn.completed" else None,
                    expected_turn_id=expected_turn)
    after, faults = look(session), broken(t.db)
    if (report["applied"], report.get("reason")) != (reason is None, reason):
        faults.append(f"applied {report['applied']} because {report.get('reason')}, not {reason}")
    if after != want:
        faults.append(f"got {after}, not {want}")
    opened = [turn for turn, state in after["turns"].items() if state in ("reserved", "running")]
    if (report["status"], report.get("active_turn_id")) != (after["status"], (opened or [None])[0]):
        faults.append(f"the report says {report}")
    row = t.session(session)
    if row["revision"] != revision + (reason is None) or report["revision"] != row["revision"]:
        faults.append(f"revision {revision} became {row['revision']}")
    if reason is not None and t.dump() != everything:
        faults.append("it was ignored and changed something")
    if event == "runtime.error" and reason is None and turn and row["last_turn_id"] != turn:
        faults.append(f"last_turn_id is {row['last_turn_id']}")
    if event == "turn.aborted" and reason is None and t.value(
            "SELECT abort_reason FROM tenure_turn WHERE session_id = ? AND turn_id = ?", (session, turn)) != "interrupted":
        faults.append("the turn does not say that it was interrupted")
    ended = [turn for turn, state in after["turns"].items() if turn not in opened and before["turns"].get(turn) != state]
    if event.endswith(".started") and not ended and row["last_turn_id"] != known["last_turn_id"]:
        faults.append(f"last_turn_id is {row['last_turn_id']}, and no turn has ended")
    return faults


def asked(opened):
    """Every event that can be about a session with the turn OPENED, or none: event, relation, turn, expected, message."""
    for event in EVENTS:
        for relation, (needs_turn, turn) in RELATIONS.items():
            if needs_turn != bool(opened):
                continue
            for expected_turn in (None, *sorted({turn, "t5"} - {None})) if event[0] == "turn.started" else (None,):
                for message in (None, "words") if turn != "t0" else (None,):
                    yield event, relation, turn, expected_turn, message


# The product. One test for each event in each status.
results = {(status, event): [] for status in STATUSES for event in EVENTS}
count = 0
for status in STATUSES:
    for opened in (None, "running", "reserved") if status in OPENS else (None,):
        for pending in (False, True):
            if pending and status in TERMINAL | {"error", "interrupted"}:
                continue  # there can be none
            for error in (None, "old"):
                t.sql("SAVEPOINT world")
                session = prepare(status, opened, pending, error)
                for event, relation, turn, expected_turn, message in one_in(5, asked(opened)):
                    t.sql("SAVEPOINT event")
                    try:
                        faults = one(session, *event, turn, expected_turn, message)
                    except (sqlite3.Error, KeyError) as died:
                        faults = [f"died: {died}"]
                    t.sql("ROLLBACK TO event")
                    t.sql("RELEASE event")
                    count += 1
                    results[status, event] += [
                        f"{relation}, open {opened}, pending {pending}, error {error}, "
                        f"expected {expected_turn}, message {message}: {fault}" for fault in faults]
                t.sql("ROLLBACK TO world")
                t.sql("RELEASE world")
for (status, (event, word)), faults in results.items():
    ok(not faults, f"{event}{f' ({word})' if word else ''} in {status}")
    for fault in faults[:4]:
        diag(fault)
ok(count > (5000 if LONG else 1000), f"{count} events were tried")

# Incarnations, duplicates, misuse.
with t.situation("another incarnation"):
    session = prepare("running", "running", False, None)
    for event, word in EVENTS:
        for incarnation in (2, 7):
            before = t.dump()
            report = t.verb("provider_event", session_id=session, type=event, turn_id="t1",
                            incarnation=incarnation, state="error" if "state" in event else None)
            is_((report["applied"], report["reason"], t.dump() == before),
                (False, "stale_incarnation", True), f"{event} ({word}) of incarnation {incarnation}")
with t.situation("a late exit of the process that was there before"):
    session = prepare("running", "running", False, None)
    t.verb("provider_event", session_id=session, type="session.exited", incarnation=1)
    t.verb("resume", session_id=session, actor_id="ann")
    t.verb("turn_begin", session_id=session, turn_id="t2")
    report = t.verb("provider_event", session_id=session, type="session.exited", incarnation=1)
    is_((report["applied"], report["reason"], look(session)["status"]),
        (False, "stale_incarnation", "running"), "an exit of the old incarnation leaves the new one")
with t.situation("a fence that was there before"):
    session = t.verb("start", actor_id="ann", lease_ttl=600, scope="s", strict=1)["session_id"]
    t.verb("transition", session_id=session, status="stopped", actor_id="ann", fence=1)
    fence = t.verb("resume", session_id=session, actor_id="ann")["fence"]
    for shown in (1, None, fence):
        report = t.verb("provider_event", session_id=session, type="session.exited", incarnation=1, fence=shown,
                        event_id="e1")
        is_((report["applied"], report["reason"]), (False, "stale_incarnation"),
            f"a late event is ignored, whatever fence it shows: {shown}")
    is_(t.verb("provider_event", session_id=session, type="turn.started", turn_id="t1", incarnation=2, fence=fence,
               event_id="e1")["applied"], True, "and takes no event_id from those of now")
    t.refused("fence.required", "provider_event", session_id=session, type="session.exited", incarnation=2)
with t.situation("the same event twice"):
    session = prepare("running", None, False, None)
    first = t.verb("provider_event", session_id=session, type="turn.started", turn_id="t2", event_id="e1")
    before = t.dump()
    again = t.verb("provider_event", session_id=session, type="turn.started", turn_id="t2", event_id="e1")
    is_((first["applied"], again["applied"], again.get("reason"), t.dump() == before),
        (True, False, "duplicate", True), "the same event_id again is a no-op")
    other = t.verb("provider_event", session_id=session, type="session.exited", event_id="e1")
    is_((other["applied"], other.get("reason")), (False, "duplicate"), "whatever else it says")
    t.verb("start", scope="x")
    foreign = t.verb("provider_event", session_id=t.holder("x")["session_id"], type="session.exited",
                     event_id="e1")
    is_(foreign["applied"], True, "an event_id belongs to its session")
with t.situation("an event that failed may be repeated"):
    session = prepare("running", None, False, None)
    t.refused("usage.event", "provider_event", session_id=session, type="turn.begun", event_id="e2",
              says=["turn.begun"])
    report = t.verb("provider_event", session_id=session, type="turn.started", turn_id="t2", event_id="e2")
    is_(report["applied"], True, "a refused event was not seen")
with t.situation("misuse"):
    session = prepare("running", None, False, None)
    t.refused("turn.missing", "provider_event", session_id="ses_x", type="session.exited", says=["ses_x"])
    t.refused("opt.required", "provider_event", type="session.exited", says=["session_id"])
    for word in ("", "session.Started", "runtime.warning"):
        t.refused("usage.event", "provider_event", session_id=session, type=word)
    t.refused("usage.event", "provider_event", session_id=session)
    t.refused("opt.required", "provider_event", session_id=session, type="session.state.changed",
              says=["state"])
    t.refused("usage.status_alias", "provider_event", session_id=session,
              type="session.state.changed", state="asleep", says=["asleep"])
    t.refused("opt.blank_id", "provider_event", session_id=session, type="turn.started", turn_id="")
    t.refused("fence.token", "provider_event", session_id=session, type="session.exited", fence=99)
    t.refused("usage.incarnation", "provider_event", session_id=session, type="session.exited",
              incarnation="one")

# What a started turn takes from the start that was asked for; what a superseded one leaves.
with t.situation("a turn that runs is started again"):
    session = prepare("running", "running", True, None)
    t.verb("provider_event", session_id=session, type="turn.started", turn_id="t1")
    is_(t.sql("SELECT t.message_id, p.message_id FROM tenure_turn AS t JOIN tenure_pending_start AS p"
              " ON p.session_id = t.session_id WHERE turn_id = 't1'"), [(None, "m1")],
        "it takes nothing of the start that waits for the next turn")
    is_(t.verb("provider_event", session_id=session, type="turn.started", turn_id="t2",
               expected_turn_id="t2")["applied"], True, "which starts")
    is_(t.value("SELECT message_id FROM tenure_turn WHERE turn_id = 't2'"), "m1", "with its message")
with t.situation("an end of a turn that nobody saw"):
    session = prepare("running", None, True, None)
    t.verb("provider_event", session_id=session, type="turn.completed", turn_id="t8")
    is_(t.sql("SELECT t.message_id, t.requested_at, p.message_id FROM tenure_turn AS t JOIN tenure_pending_start AS p"
              " ON p.session_id = t.session_id WHERE turn_id = 't8'"), [(None, None, "m1")],
        "takes nothing of the start that waits either")
with t.situation("a start that was asked for"):
    session = t.verb("start", scope="s")["session_id"]
    t.verb("transition", session_id=session, status="ready")
    t.verb("turn_request_start", session_id=session, message_id="m7")
    t.clock(T0 + 5)
    t.verb("provider_event", session_id=session, type="turn.started", turn_id="t1")
    row = t.rows("SELECT message_id, requested_at, started_at, incarnation FROM tenure_turn")[0]
    is_(row, {"message_id": "m7", "requested_at": T0, "started_at": T0 + 5, "incarnation": 1},
        "the turn takes its message and when it was asked for")
with t.situation("a turn supersedes another"):
    session = prepare("running", "running", True, None)
    t.verb("turn_steer", session_id=session, input="more")
    t.verb("provider_event", session_id=session, type="turn.started", turn_id="t2", expected_turn_id="t2")
    is_(t.sql("SELECT turn_id, state FROM tenure_turn ORDER BY turn_id"),
        [("t0", "interrupted"), ("t1", "interrupted"), ("t2", "running")], "the superseded turn is interrupted")
    is_(t.sql("SELECT state, decision FROM tenure_request"), [("expired", "denied")],
        "its requests fail closed")
    is_(t.sql("SELECT state FROM tenure_turn_input"), [("leftover",)], "its input is left over")
    events = [row[0] for row in t.sql("SELECT event || ' ' || turn_id FROM tenure_event"
                                      " WHERE turn_id IS NOT NULL ORDER BY seq")]
    ok(events.index("turn.aborted t1") < events.index("turn.started t2"),
       "its end precedes the new start in the log")

# The message of an end is the agent's last word only where the turn was completed; else it is the error.
for seen in (False, True):
    for outcome, word, error in (("completed", "m", None), ("failed", None, "m"), ("interrupted", None, None)):
        name = f"the message of {outcome}, a turn that was {'seen' if seen else 'not seen'}"
        with t.situation(name):
            session = t.verb("start", actor_id="ann", lease_ttl=60)["session_id"]
            if seen:
                t.verb("provider_event", session_id=session, type="turn.started", turn_id="t1", message="begun")
                is_(t.value("SELECT last_agent_message FROM tenure_turn"), None, f"{name}: none at its start")
            t.verb("provider_event", session_id=session, type="turn.completed", turn_id="t1", outcome=outcome,
                   message="m")
            is_(t.sql("SELECT t.last_agent_message, s.last_error FROM tenure_turn AS t, tenure_session AS s"),
                [(word, error)], name)

done()
