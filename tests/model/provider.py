"""Events of the program that runs the agent: late, twice, out of order, of another incarnation."""

from policy import (OUTCOMES, PROVIDER_STATES, allows_turn, can_transition, refuse_if, settles_as)
from session import Turn
from turns import gate, record

# Each function below gives None if the event does not fit, or the status to write and what else to do.


def session_started(w, s, name, call):
    status = "running" if s.open_id else "starting" if is_awaited(s) else "ready"

    def apply():
        if status == "ready":
            s.last_error = None
    return status, apply


def is_awaited(s):
    return s.pending is not None and s.status == "starting"


def note_error(w, s, call):
    s.last_error = call.get("message") or s.last_error
    if s.last_error is None:
        w.leave_open(s, "last_error")  # some default


def state_changed(w, s, name, call):
    mapped = PROVIDER_STATES.get(call["state"], call["state"])
    status = "starting" if mapped == "ready" and is_awaited(s) else mapped

    def apply():
        if not allows_turn(mapped):
            if s.open_id or name:
                w.leave_open(s, "last_turn_id")
            s.end_turn(w.now, settles_as(mapped))
        if status in ("ready", "interrupted"):
            s.last_error = None
        if mapped == "error":
            note_error(w, s, call)
    return status, apply


def turn_started(w, s, name, call):
    if s.open_id is None and name is None:
        return "running", lambda: None
    if name is None or (name in s.turns and s.turns[name].ended_at is not None):
        return None
    if s.open_id == name and s.open_turn.state == "running":
        return "running", lambda: None
    if s.open_id not in (None, name) and not (s.pending is not None and call.get("expected_turn_id") == name):
        return None

    def apply():
        message, asked = s.pending or (None, w.now)
        if s.open_id == name:
            turn = s.open_turn
            turn.message_id = message or turn.message_id
            turn.state, turn.started_at = "running", max(w.now, turn.started_at)
        else:
            if s.open_id is not None:
                w.leave_open(s, "last_turn_id")
            s.end_turn(w.now, "interrupted", abort_reason="replaced")
            s.turns[name] = Turn(s, name, w.now, "running", requested_at=asked, message_id=message)
        s.pending = None
    return "running", apply


def turn_completed(w, s, name, call):
    if name is None or (s.open_id or name) != name or (s.open_id is None and name in s.turns):
        return None
    state, message = OUTCOMES.get(call.get("outcome"), "completed"), call.get("message")

    def apply():
        said = message if state == "completed" else None
        if s.open_id is None:
            record(w, s, name, state, said)
        else:
            s.end_turn(w.now, state, last_agent_message=said or s.open_turn.last_agent_message)
        s.last_turn_id = name
        if state == "error":
            note_error(w, s, call)
        else:
            s.last_error = None
    return "error" if state == "error" else "ready", apply


def turn_aborted(w, s, name, call):
    if name is None or name != s.open_id:
        return None

    def apply():
        s.end_turn(w.now, "interrupted", abort_reason="interrupted")
        s.last_turn_id, s.last_error = name, None
    return "interrupted", apply


def session_exited(w, s, name, call):
    def apply():
        if s.open_id or name:
            w.leave_open(s, "last_turn_id")
    return "exited" if s.status == "exiting" else "stopped", apply


def runtime_error(w, s, name, call):
    if s.open_id is not None and name not in (None, s.open_id):
        return None

    def apply():
        s.last_turn_id = name or s.open_id or s.last_turn_id
        s.end_turn(w.now, "error")
        note_error(w, s, call)
    return "error", apply


EVENTS = {"session.started": session_started, "thread.started": session_started,
          "session.state.changed": state_changed, "turn.started": turn_started,
          "turn.completed": turn_completed, "turn.aborted": turn_aborted,
          "session.exited": session_exited, "runtime.error": runtime_error}


def provider_event(w, call):
    refuse_if(call["type"] not in EVENTS, "usage.event")
    s = w.sessions.get(call["session_id"])
    if s is not None and call.get("incarnation") not in (None, s.incarnation):
        return ignored(s, "stale_incarnation")
    s = gate(w, call, incarnation=False)
    event, name = call.get("event_id"), call.get("turn_id")
    known = event in s.seen
    if event is not None:
        s.seen.setdefault(event, w.now)
    if known:
        return ignored(s, "duplicate")
    change = EVENTS[call["type"]](w, s, name, call)
    if not s.living:
        return ignored(s, "illegal")
    if change is None:
        return ignored(s)
    status, apply = change
    if status != s.status and not can_transition(s.status, status):
        return ignored(s, "illegal")
    apply()
    w.move(s, status)
    return {"session_id": s.session_id, "applied": True, "status": s.status, "active_turn_id": s.open_id,
            "incarnation": s.incarnation, "revision": s.revision}


def ignored(s, *reasons):
    """REASONS are those that may be given; none: any but those that have a meaning here."""
    other = ("illegal", "duplicate", "stale_incarnation")
    return {"session_id": s.session_id, "incarnation": s.incarnation, "applied": False, "status": s.status,
            "active_turn_id": s.open_id, "revision": s.revision,
            "reason": lambda told: told in reasons if reasons else told is not None and told not in other}


VERBS = {"provider_event": provider_event}
