"""Turns: starts that are asked for, one open turn, steering, ends, aborts and what they cost."""

import json

from policy import LOST, OUTCOMES, allows_turn, commandable, refuse_if
from session import USAGE, Turn


def gate(w, call, opens=False, incarnation=True):
    """The rules with which every verb on turns begins. Gives the session."""
    s = w.sessions.get(call["session_id"])
    refuse_if(s is None, "turn.missing")
    refuse_if(opens and not s.living, "fence.session")
    if incarnation:
        refuse_if(call.get("incarnation") not in (None, s.incarnation), "fence.session")
    w.fenced(s, call)
    refuse_if(opens and s.stale(w.now), "turn.stale")
    w.own_clock(s)
    return s


def request_start(w, call):
    s = gate(w, call, opens=True)
    refuse_if(not commandable(s.status), "turn.not_allowed")
    w.move(s, "running" if s.status == "running" else "starting")
    s.pending = (call.get("message_id"), w.now)
    return {"session_id": s.session_id, "status": s.status, "message_id": call.get("message_id"),
            "revision": s.revision, "requested_at_epoch_s": w.now}


def begin(w, call):
    s = gate(w, call, opens=True)
    name, reserve, found = call.get("turn_id"), call.get("reserve") == 1, s.open_turn
    refuse_if(not commandable(s.status), "turn.not_allowed")
    refuse_if(s.token_budget is not None and s.usage_total >= s.token_budget, "turn.budget")
    message, asked = s.pending or (None, w.now)
    message = call.get("message_id") or message
    if found is not None and found.state == "reserved" and found.turn_id == name:
        turn = found
        turn.message_id = message or turn.message_id
        if not reserve:
            turn.state, turn.started_at = "running", max(w.now, turn.started_at)
    else:
        refuse_if(found is not None and call.get("replace") != 1, "turn.busy")
        refuse_if(name in s.turns, "turn.exists")
        s.end_turn(w.now, "interrupted", abort_reason="replaced")
        turn = Turn(s, name or w.minted("turn_id"), w.now, "reserved" if reserve else "running",
                    kind=call.get("kind") or "regular", requested_at=asked, message_id=message)
        s.turns[turn.turn_id] = turn
    s.pending = None
    w.move(s, "starting" if reserve else "running")
    return {"session_id": s.session_id, "incarnation": s.incarnation, "turn_id": turn.turn_id,
            "state": turn.state, "status": s.status, "kind": turn.kind,
            "message_id": turn.message_id, "revision": s.revision, "started_at_epoch_s": turn.started_at,
            "requested_at_epoch_s": turn.requested_at}


def running(s, expected):
    """The turn that takes input."""
    turn = s.open_turn
    refuse_if(turn is None or turn.state != "running", "steer.no_active_turn")
    refuse_if(expected not in (None, turn.turn_id), "steer.mismatch")
    return turn


def steer(w, call):
    s = gate(w, call, opens=True)
    turn = running(s, call.get("expected_turn_id"))
    refuse_if(turn.kind != "regular", "steer.not_steerable")
    refuse_if(not (call.get("input") or "").strip(), "steer.empty")
    turn.inputs.append([call["input"], w.now, "pending"])
    return {"session_id": s.session_id, "turn_id": turn.turn_id, "seq": len(turn.inputs)}


def take_input(w, call):
    s = gate(w, call, opens=True)
    turn = running(s, call.get("turn_id"))
    taken = []
    for seq, entry in enumerate(turn.inputs, 1):
        if entry[2] == "pending":
            entry[2] = "consumed"
            taken.append({"seq": seq, "payload": entry[0], "at": entry[1]})
    return {"session_id": s.session_id, "turn_id": turn.turn_id, "input": taken}


def end(w, call):
    s = gate(w, call)
    name, message = call.get("turn_id"), call.get("message")
    state = OUTCOMES.get(call.get("outcome"), "completed")
    unseen = s.open_id is None and name is not None and name not in s.turns and s.living
    if name is None or (name != s.open_id and not unseen):
        return {"session_id": s.session_id, "applied": False, "turn_id": name, "status": s.status,
                "active_turn_id": s.open_id, "revision": s.revision}
    spends = any(call.get(name) is not None for name in USAGE)
    if spends:
        spend(w, s, call)
    if unseen:
        record(w, s, name, state, message, call)
    else:
        s.end_turn(w.now, state, last_agent_message=message or s.open_turn.last_agent_message)
    if state == "error":
        s.last_error = message or s.last_error
    s.last_turn_id = name
    w.move(s, s.status if not allows_turn(s.status) else "error" if state == "error" else "ready")
    turn = s.turns[name]
    return {"session_id": s.session_id, "applied": True, "state": state, "turn_id": name, "status": s.status,
            "revision": s.revision, "message": turn.last_agent_message, "ended_at_epoch_s": turn.ended_at,
            **{f"used_{key}": getattr(turn, f"used_{key}") for key in USAGE}}


def record(w, s, name, state, message, spent=None):
    """A turn that is known by its end alone. It used what that end tells."""
    turn = Turn(s, name, w.now, state, requested_at=None, ended_at=w.now, last_agent_message=message)
    used = {key: (spent or {}).get(key) for key in USAGE}
    if used["total"] is None:
        used["total"] = (used["input"] or 0) + (used["output"] or 0)
    for key, nothing in USAGE.items():
        setattr(turn, "used_" + key, used[key] or nothing)
    s.turns[name] = turn


def give_up(w, s, reason):
    """The open turn is aborted, then the session moves."""
    s.last_turn_id = s.open_id
    s.end_turn(w.now, "interrupted", abort_reason=reason)
    w.move(s, "interrupted" if reason == "interrupted" else "ready")


def abort(w, call):
    s = gate(w, call)
    name = s.open_id
    if name is None:
        return {"session_id": s.session_id, "aborted": False, "turn_id": call.get("turn_id"), "status": s.status,
                "revision": s.revision}
    refuse_if(call.get("turn_id") not in (None, name), "abort.mismatch")
    reason = call.get("reason") or "interrupted"
    give_up(w, s, reason)
    return {"session_id": s.session_id, "aborted": True, "turn_id": name, "status": s.status,
            "reason": reason, "revision": s.revision}


def spend(w, s, call):
    refuse_if(any((call.get(name) or 0) < 0 for name in USAGE), "usage.delta")
    for name in USAGE:
        if name != "total":
            setattr(s, "usage_" + name, getattr(s, "usage_" + name) + (call.get(name) or 0))
    total = call.get("total")
    s.usage_total += (call.get("input") or 0) + (call.get("output") or 0) if total is None else total
    w.change(s)


def usage(w, call):
    s = gate(w, call)
    refuse_if(call.get("fence") is not None and s.end_reason in LOST, "fence.token")
    spend(w, s, call)
    if call.get("rate_limits") is not None:
        new = json.loads(call["rate_limits"])
        kept = {key: value for key, value in json.loads(s.rate_limits or "{}").items() if key not in new}
        limits = {**kept, **new}
        s.rate_limits = json.dumps(limits, separators=(",", ":"))
    return {"session_id": s.session_id, "turn_id": call.get("turn_id"),
            **{key: getattr(s, f"usage_{key}") for key in USAGE},
            "rate_limits": s.rate_limits and json.loads(s.rate_limits),
            "token_budget": s.token_budget, "revision": s.revision,
            "over_budget": s.token_budget is not None and s.usage_total >= s.token_budget}


VERBS = {"turn_request_start": request_start, "turn_begin": begin, "turn_steer": steer,
         "turn_take_input": take_input, "turn_end": end, "turn_abort": abort, "usage": usage}
