#!/usr/bin/python3
"""What the tests of t3code and codex prove about turns, requests and status, proven of Tenure. Each has the
name of its original; those with a number are reports of users."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
from invariants import broken  # noqa: E402
from tap import done, is_  # noqa: E402
from tenure import T0, Tenure  # noqa: E402

t = Tenure()
CASES = []


def case(name):
    """Registers a case: a function of a fresh session that gives pairs of what is and what should be."""
    def register(run):
        CASES.append((name, run))
        return run
    return register


def event(session, type, **columns):
    return t.verb("provider_event", session_id=session, type=type, **columns)


def begin(session, turn_id="t1", **columns):
    return t.verb("turn_begin", session_id=session, turn_id=turn_id, **columns)


def shown(session):
    """Status, active turn and last error, as t3code's tests look at a thread."""
    return t.sql("SELECT status, (SELECT turn_id FROM tenure_turn AS t WHERE t.session_id = s.session_id"
                 " AND ended_at IS NULL), last_error FROM tenure_session AS s WHERE session_id = ?", (session,))[0]


def turns(session):
    return dict(t.sql("SELECT turn_id, state FROM tenure_turn WHERE session_id = ?", (session,)))


def effective(session):
    return dict(t.sql("SELECT turn_id, state FROM tenure_turn_effective WHERE session_id = ?", (session,)))


def thread(session):
    return t.value("SELECT thread_status FROM tenure_thread_status WHERE session_id = ?", (session,))


def log(session, pattern="turn.%"):
    return [row[0] for row in t.sql("SELECT event || ' ' || turn_id FROM tenure_event WHERE session_id = ?"
                                    " AND event LIKE ? ORDER BY seq", (session, pattern))]


def history(session):
    return t.sql("SELECT kind, payload FROM tenure_history WHERE session_id = ? ORDER BY seq", (session,))


def refusal(verb, **columns):
    """The code of the refusal of a verb."""
    return t.outcome(verb, **columns)


# t3code, section 11: ingestion.
@case("applies provider session.state.changed transitions directly")
def directly(session):
    event(session, "session.state.changed", state="waiting")
    yield shown(session), ("running", None, None)
    event(session, "session.state.changed", state="error", message="provider crashed")
    yield shown(session), ("error", None, "provider crashed")
    event(session, "session.state.changed", state="ready")
    yield shown(session), ("ready", None, None)
    event(session, "session.state.changed", state="error", message="again")
    event(session, "session.state.changed", state="stopped")
    yield shown(session), ("stopped", None, "again")


@case("clears active turn when provider session becomes ready")
def becomes_ready(session):
    event(session, "turn.started", turn_id="t1")
    event(session, "session.state.changed", state="ready")
    yield shown(session), ("ready", None, None)
    yield turns(session), {"t1": "completed"}


@case("does not clear active turn when session/thread started arrives mid-turn")
def mid_turn(session):
    event(session, "turn.started", turn_id="t1")
    for type in ("session.started", "thread.started"):
        event(session, type)
        yield shown(session), ("running", "t1", None)


@case("keeps a reconnecting pending turn starting while ready clears stale active state")
def reconnecting(session):
    event(session, "turn.started", turn_id="t1")
    t.verb("transition", session_id=session, status="starting", actor_id="ann")
    t.verb("turn_request_start", session_id=session, message_id="m2")
    event(session, "session.state.changed", state="ready")
    yield shown(session), ("starting", None, None)
    for type in ("session.started", "thread.started"):
        event(session, type)
        yield shown(session), ("starting", None, None)
    yield event(session, "turn.started", turn_id="t2")["applied"], True
    yield shown(session), ("running", "t2", None)
    yield t.sql("SELECT message_id FROM tenure_turn WHERE turn_id = 't2'"), [("m2",)]


@case("keeps an aborted pending start stopped across duplicate exit events")
def duplicate_exit(session):
    t.verb("turn_request_start", session_id=session, message_id="m1")
    for event_id in ("e1", "e1", "e2"):
        event(session, "session.exited", event_id=event_id)
        yield shown(session), ("stopped", None, None)
        yield t.sql("SELECT * FROM tenure_pending_start"), []


@case("ignores auxiliary turn completions from a different provider thread")
def auxiliary(session):
    event(session, "turn.started", turn_id="t1")
    for outcome in ("completed", "failed"):
        yield event(session, "turn.completed", turn_id="aux", outcome=outcome)["applied"], False
        yield shown(session), ("running", "t1", None)
    yield turns(session), {"t1": "running"}


@case("ignores non-active turn completion when runtime omits thread id")
def omits(session):
    event(session, "turn.started", turn_id="t1")
    yield event(session, "turn.completed")["applied"], False
    yield shown(session), ("running", "t1", None)
    event(session, "turn.completed", turn_id="t1")
    yield shown(session), ("ready", None, None)


@case("ignores a turn start that conflicts with the active turn")
def conflicting(session):
    event(session, "turn.started", turn_id="t1")
    yield event(session, "turn.started", turn_id="t2", expected_turn_id="t2")["reason"], "conflict"
    t.verb("turn_request_start", session_id=session, message_id="m2")
    yield event(session, "turn.started", turn_id="t2", expected_turn_id="t1")["reason"], "conflict"
    yield shown(session), ("running", "t1", None)


@case("aborted turn: session interrupted, turn interrupted, no error")
def aborted(session):
    event(session, "turn.started", turn_id="t1")
    event(session, "turn.aborted", turn_id="t1", message="stopped by user")
    yield shown(session), ("interrupted", None, None)
    yield turns(session), {"t1": "interrupted"}
    yield event(session, "turn.aborted", turn_id="t1")["applied"], False
    yield event(session, "turn.completed", turn_id="t1")["applied"], False
    yield turns(session), {"t1": "interrupted"}


# The pipeline and the reactor.
@case("settles a superseded running turn when a new turn becomes active")
def superseded(session):
    event(session, "turn.started", turn_id="t1")
    t.verb("turn_request_start", session_id=session, message_id="m2")
    event(session, "turn.started", turn_id="t2", expected_turn_id="t2")
    yield shown(session), ("running", "t2", None)
    yield turns(session), {"t1": "interrupted", "t2": "running"}
    yield event(session, "turn.completed", turn_id="t1")["applied"], False
    yield shown(session), ("running", "t2", None)


@case("a running turn settles when a session leaves running")
def leaves(session):
    begin(session)
    t.sql("UPDATE tenure_session SET status = 'ready', revision = revision + 1 WHERE session_id = ?", (session,))
    yield turns(session), {"t1": "completed"}


@case("surfaces stale provider approval request failures without faking approval resolution")
def stale_approval(session):
    begin(session)
    t.verb("request_open", session_id=session, request_id="r1", kind="approval")
    event(session, "session.exited")
    report = t.verb("request_resolve", session_id=session, request_id="r1", decision="approved")
    yield (report["applied"], report["stale"]), (False, True)
    yield t.sql("SELECT state, decision FROM tenure_request"), [("expired", "denied")]


@case("reacts to thread.session.stop by stopping provider session and clearing thread session state")
def stop(session):
    begin(session)
    t.verb("transition", session_id=session, status="stopped", actor_id="ann")
    yield shown(session), ("stopped", None, None)
    yield turns(session), {"t1": "interrupted"}
    before = t.dump()
    t.verb("transition", session_id=session, status="stopped", actor_id="ann")
    yield t.dump() == before, True


# t3code, section 12: reports of users.
@case("#4584: a restart does not leave threads working for ever")
def restart(session):
    begin(session)
    t.clock(T0 + 60)
    yield effective(session), {"t1": "interrupted"}
    t.verb("resume", session_id=session, actor_id="ann")
    yield turns(session), {"t1": "interrupted"}
    yield shown(session), ("starting", None, None)


@case("#4713: after a successful stop the session is not running")
def stopped(session):
    begin(session)
    t.verb("turn_abort", session_id=session)
    yield shown(session), ("interrupted", None, None)


@case("#1048: when the reply is finished the thread is not busy")
def finished(session):
    begin(session)
    t.verb("turn_end", session_id=session, turn_id="t1", message="done")
    yield (shown(session), thread(session)), (("ready", None, None), "idle")


@case("#3748: recovery does not restore an interrupted turn as running")
def recovery(session):
    begin(session)
    t.verb("turn_abort", session_id=session)
    yield event(session, "turn.started", turn_id="t1")["applied"], False
    event(session, "session.state.changed", state="running")
    yield turns(session), {"t1": "interrupted"}
    yield refusal("turn_begin", session_id=session, turn_id="t1"), "turn.exists"
    yield turns(session), {"t1": "interrupted"}


@case("#5195, #11799, #7843: no approval is left that cannot be answered or cleared")
def approvals(session):
    for turn_id, leave in (("t1", lambda: t.verb("turn_end", session_id=session, turn_id="t1")),
                           ("t2", lambda: t.verb("turn_abort", session_id=session)),
                           ("t3", lambda: event(session, "runtime.error")),
                           ("t4", lambda: event(session, "session.exited"))):
        begin(session, turn_id)
        t.verb("request_open", session_id=session, request_id=f"r{turn_id}", kind="approval")
        leave()
        yield t.sql("SELECT 1 FROM tenure_request WHERE state = 'pending'"), []


# Codex, section 11: the end of a turn.
@case("abort_regular_task_emits_turn_aborted_only")
def regular(session):
    begin(session)
    t.verb("turn_abort", session_id=session)
    t.verb("turn_end", session_id=session, turn_id="t1")
    yield log(session), ["turn.started t1", "turn.aborted t1"]


@case("abort_gracefully_emits_turn_aborted_only")
def gracefully(session):
    begin(session)
    t.verb("turn_abort", session_id=session)
    yield t.verb("turn_end", session_id=session, turn_id="t1", outcome="interrupted")["applied"], False
    yield t.verb("turn_abort", session_id=session, turn_id="t1")["aborted"], False
    yield log(session), ["turn.started t1", "turn.aborted t1"]


@case("abort_review_task_emits_exited_then_aborted_and_records_history")
def review(session):
    begin(session, kind="review")
    t.verb("turn_abort", session_id=session, reason="interrupted")
    yield log(session), ["turn.started t1", "turn.aborted t1"]
    yield history(session), [("turn_aborted", None)]


@case("task_finish_emits_turn_item_lifecycle_for_leftover_pending_user_input")
def leftover(session):
    begin(session)
    t.verb("turn_steer", session_id=session, input="late pending input")
    t.verb("turn_end", session_id=session, turn_id="t1")
    yield history(session), [("leftover_input", "late pending input")]
    yield log(session), ["turn.started t1", "turn.completed t1"]


@case("interrupt_long_running_tool_emits_turn_aborted")
def long_running(session):
    begin(session)
    t.verb("request_open", session_id=session, request_id="call", kind="tool_call")
    t.verb("turn_abort", session_id=session)
    yield log(session, "turn.aborted"), ["turn.aborted t1"]
    yield t.sql("SELECT state, decision FROM tenure_request"), [("expired", None)]


@case("interrupt_tool_records_history_entries")
def records(session):
    begin(session)
    t.verb("turn_steer", session_id=session, input="x")
    t.verb("turn_abort", session_id=session)
    yield history(session), [("turn_aborted", None), ("leftover_input", "x")]


# Codex: steering.
@case("steer_input_requires_active_turn")
def requires(session):
    yield refusal("turn_steer", session_id=session, input="steer"), "steer.no_active_turn"


@case("steer_input_enforces_expected_turn_id")
def enforces(session):
    begin(session)
    yield refusal("turn_steer", session_id=session, input="steer", expected_turn_id="other"), "steer.mismatch"
    yield t.sql("SELECT * FROM tenure_turn_input"), []


@case("steer_input_returns_active_turn_id")
def returns(session):
    begin(session)
    yield t.verb("turn_steer", session_id=session, input="steer", expected_turn_id="t1")["turn_id"], "t1"
    yield t.sql("SELECT payload, state FROM tenure_turn_input"), [("steer", "pending")]


# Codex: status.
@case("status_updates_track_single_thread")
def track(session):
    yield thread(session), "idle"
    begin(session)
    flags = "SELECT waiting_on_approval, waiting_on_user_input FROM tenure_thread_status"
    for request_id, kind, want in (("r1", "approval", (1, 0)), ("r2", "user_input", (1, 1))):
        t.verb("request_open", session_id=session, request_id=request_id, kind=kind)
        yield (thread(session), t.sql(flags)), ("active", [want])
    t.verb("request_resolve", session_id=session, request_id="r1", decision="denied")
    yield (thread(session), t.sql(flags)), ("active", [(0, 1)])
    t.verb("turn_end", session_id=session, turn_id="t1")
    yield (thread(session), t.sql(flags)), ("idle", [(0, 0)])
    t.verb("clear", session_id=session, actor_id="ann")
    yield thread(session), "not_loaded"


@case("thread_status_normalization_matrix")
def matrix(session):
    begin(session)
    yield (thread(session), effective(session)), ("active", {"t1": "running"})
    t.clock(T0 + 60)  # the lease ran out: nothing of it is live
    yield (thread(session) == "active", effective(session)), (False, {"t1": "interrupted"})
    t.clock(T0)
    event(session, "runtime.error", turn_id="t1")
    yield (thread(session), effective(session)), ("system_error", {"t1": "error"})
    begin(session, "t2")
    yield (thread(session), effective(session)), ("active", {"t1": "error", "t2": "running"})
    t.verb("clear", session_id=session, actor_id="ann")
    yield (thread(session), effective(session)), ("not_loaded", {"t1": "error", "t2": "interrupted"})


@case("persisted_terminal_turn_invalidates_stale_active_thread_status")
def persisted(session):
    begin(session)
    t.sql("UPDATE tenure_turn SET state = 'completed' WHERE turn_id = 't1'")
    yield (thread(session), effective(session)), ("idle", {"t1": "completed"})


@case("distinct_persisted_in_progress_turn_is_interrupted_when_new_turn_is_live")
def distinct(session):
    begin(session)
    begin(session, "t2", replace=1)
    yield effective(session), {"t1": "interrupted", "t2": "running"}
    yield t.sql("SELECT count(*) FROM tenure_turn WHERE ended_at IS NULL"), [(1,)]


# Codex, section 12: reports of users.
@case("#15849, #12382: no thread is stuck working after a kill in mid-turn")
def stuck(session):
    begin(session)
    t.clock(T0 + 60)
    t.verb("takeover", actor_id="bob", reason="killed")
    yield (thread(session), turns(session)), ("not_loaded", {"t1": "interrupted"})


@case("#28499: the next turn starts after an interrupted one")
def next_turn(session):
    begin(session)
    t.verb("turn_abort", session_id=session)
    yield begin(session, "t2")["state"], "running"
    yield turns(session), {"t1": "interrupted", "t2": "running"}


@case("#33153: a restart a second after the start leaves no turn open")
def second_after(session):
    begin(session, reserve=1)
    t.clock(T0 + 61)
    t.verb("start", actor_id="ann", lease_ttl=60)
    yield turns(session), {"t1": "interrupted"}


@case("a late abort does not overwrite a newer pending start")
def newer(session):
    begin(session)
    t.verb("turn_end", session_id=session, turn_id="t1")
    t.verb("turn_request_start", session_id=session, message_id="m2")
    yield t.verb("turn_abort", session_id=session, turn_id="t1")["aborted"], False
    yield event(session, "turn.aborted", turn_id="t1")["applied"], False
    yield t.sql("SELECT message_id FROM tenure_pending_start"), [("m2",)]
    yield shown(session), ("starting", None, None)


for name, run in CASES:
    with t.situation(name):
        session = t.verb("start", actor_id="ann", lease_ttl=60)["session_id"]
        for number, (got, want) in enumerate(run(session), 1):
            is_(got, want, f"{name}: {number}")
        is_(broken(t.db), [], f"{name}: all rules hold")

done()
