"""From a step of a program to the columns of a call, as things are in the model when it is taken."""

import json

from processes import COLUMNS as IDENTITY
from forbidden import FORBIDDEN

BY_NAME = {"heartbeat", "takeover", "clear"}
WITH_FENCE = {"start", "heartbeat", "clear", "resume", "transition", "takeover", "baseline_set", "settle"}
WITH_INCARNATION = {"transition", "turn_request_start", "turn_begin", "turn_steer", "turn_take_input",
                    "turn_end", "turn_abort", "request_open", "request_resolve", "usage",
                    "provider_event", "record_result", "record_completion"}
GLOBAL = {"import", "settle", "reap", "gc", "escalate", "escalation_resolve", "gate_set", "guarded_write"}
NO_RECEIPT = {"wait", "hold", "guarded_write"}


def target(w, step):
    """The session that a step means, None if there is none."""
    sessions, who = list(w.sessions.values()), step.get("who", "main")
    if who == "nobody" or not sessions:
        return None
    if who in ("main", "real"):
        mine = [s for s in sessions if s.scope == who]
        return w.living(who) or (mine or sessions)[-1]
    if who == "ended":
        return next((s for s in reversed(sessions) if not s.living), sessions[-1])
    return sessions[-1 - (0 if who == "last" else who) % len(sessions)]


def resolve(w, step, now):
    """The columns of a step; None if it makes no sense now."""
    verb, found = step["verb"], target(w, step)
    call = {name: value for name, value in step["args"].items() if value not in (None, "none")}
    if verb == "start":
        found = w.living(w.scope_of(call))
        shown = call.pop("assert", None)
        if shown:
            call["session_id"] = found.session_id if found and shown == "right" else "ses_other"
    elif verb in BY_NAME:
        name_session(w, call, found)
    elif verb not in GLOBAL:
        call["session_id"] = found.session_id if found else "ses_nobody"
    for name in ("actor_id", "supervisor_id"):
        if call.get(name) in ("owner", "supervisor"):
            word = {"owner": "owner_id", "supervisor": "supervisor_id"}[call[name]]
            call[name] = getattr(found, word) if found is not None and found.autonomous else None
    if "process" in call:
        call.update(identity(w, call.pop("process"), found))
    if call.pop("parent", None):
        call["parent_session_id"] = next(reversed(w.sessions), "ses_nobody")
    words_of_turns(call, found)
    if found is not None:
        show(verb, call, found, step)
    if "revision" in call and verb in ("takeover", "transition"):
        ahead = {"right": 0, "wrong": 3}[call.pop("revision")]
        call["expected_revision"] = found.revision + ahead if found else 1
    special = SPECIAL.get(verb)
    if special is not None and not special(w, call, found, now):
        return None
    if verb in NO_RECEIPT or verb.startswith("plain_"):
        call.pop("receipt_id", None)
    if call.get("scope") == "main" and step["conn"] == 0:
        del call["scope"]  # it is the default
    return {name: value for name, value in call.items() if value is not None}


def name_session(w, call, found):
    how = call.pop("by")
    scope = found.scope if found is not None else "main"
    if how != "scope" or scope is None:
        call["session_id"] = found.session_id if found else "ses_nobody"
    if how in ("scope", "both"):
        call["scope"] = scope
    if how == "cross":
        call["scope"] = "repo" if scope != "repo" else "main"


def identity(w, word, found):
    if word != "stored":
        return w.processes.identity(word)
    return {name: getattr(found, name) for name in IDENTITY} if found else {}


def words_of_turns(call, found):
    for name in ("turn_id", "expected_turn_id", "request_id"):
        if call.get(name) == "@open":
            call[name] = found and found.open_id or "t0"
        elif call.get(name) == "@waiting":
            waiting = found.waiting() if found else []
            call[name] = waiting[0]["request_id"] if waiting else "q0"


def show(verb, call, found, step):
    """Fence and incarnation that the caller shows."""
    if verb in WITH_FENCE | WITH_INCARNATION:
        fence = {"right": found.fence, "wrong": found.fence + 7, "old": found.fence - 1}.get(step.get("fence"))
        if fence is not None and not (verb == "heartbeat" and fence != found.fence):
            call["fence"] = fence
    if verb in WITH_INCARNATION:
        ahead = {"right": 0, "next": 1, "past": -1}.get(step.get("incarnation"))
        if ahead is not None and found.incarnation + ahead >= 1:
            call["incarnation"] = found.incarnation + ahead


# --- what single verbs need besides; each gives whether the step makes sense

def begin(w, call, found, now):
    # An id that names the open turn is occupied, and its kind with it.
    if found is not None and found.open_turn is not None and found.open_id == call.get("turn_id"):
        call["kind"] = found.open_turn.kind
    return True


def settle(w, call, found, now):
    if call.pop("one", None):
        call["session_id"] = found.session_id if found else "ses_nobody"
    else:
        call.pop("fence", None)  # it is of one session
    return True


def escalation(w, call, found, now):
    names = list(w.escalations)
    place = call.pop("escalation")
    call["escalation_id"] = names[-1 - place % len(names)] if names else "esc_none"
    return True


def hold(w, call, found, now):
    if call.pop("drop", None):
        del call["session_id"]
    else:
        call["fence"] = found.fence if found else 1
    return True


def present(w, call, found, now):
    """A plain statement on one session. What its text names is there."""
    call.setdefault("step", 1)
    # An end by force passes over clocks, so what it does to the other clock's session is not foreseen.
    return found is not None and (found.clock == "virtual" or "end_reason" not in call)


def incarnation(w, call, found, now):
    if found is None:
        return False
    call["incarnation"], call["again"] = found.incarnation, (found.incarnation, "") in found.results
    return True


def insert(w, call, found, now):
    scope = w.scope_of(call)
    call["revision"] += w.next_number(scope)
    call["place"] = scope
    if not call.pop("again", None):
        call["session_id"] = f"raw_{len(w.sessions) + len(w.collected)}"
    call.setdefault("ahead", 0)
    return call["revision"] > 0


def forbidden(w, call, found, now):
    call["which"] %= len(FORBIDDEN)
    return True


def file(w, call, found, now):
    """The text of a legacy file, with stamps about NOW, and what is wrong with it."""
    words = {"@ago": now - 5, "@now": now + 3, "@taken": next(iter(w.sessions), "free")}
    state = {name: words.get(value, value) for name, value in call["state"].items()}
    fault = call.get("fault")
    if fault in ("version", "range", "word"):
        state.update({"version": {"schema_version": 9}, "range": {"started_at_epoch_s": 2**63},
                      "word": {"mode": "odd"}}[fault])
    text = json.dumps(state)
    if fault == "cut":
        text = text[:-3]
    elif fault == "twice":
        text = text[:-1] + ', "start_count": 1}'
    call["fault"] = {"version": "json.version", "range": "json.range", None: None}.get(fault, "json.unparsable")
    call["state"], call["json"] = state, text
    return True


SPECIAL = {"turn_begin": begin, "settle": settle, "escalation_resolve": escalation, "hold": hold,
           "import": file, "plain_status": present, "plain_label": present, "plain_beat": present,
           "plain_fence": present, "plain_strict": present, "plain_incarnation": present,
           "plain_delete": present, "plain_turn": present, "plain_begin": incarnation,
           "plain_result": incarnation, "plain_insert": insert, "plain_forbidden": forbidden}
