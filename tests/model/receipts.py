"""Receipts: the first success under an id is kept with its report; the same id again does nothing."""

from policy import refuse_if

# What a verb names, and so what a receipt is for. The others name a session.
BY_SCOPE = {"start", "import", "escalate", "gate_set"}
BY_BOTH = {"heartbeat", "clear", "takeover"}
BY_NONE = {"reap", "gc"}
# What a verb names within its session; the report calls an expected turn just a turn. Some of the verbs find the turn
# where they are told none, or make up an id.
PARTS = {"turn_begin": "turn_id", "turn_steer": "expected_turn_id", "turn_take_input": "turn_id", "turn_end": "turn_id",
         "turn_abort": "turn_id", "usage": "turn_id", "record_result": "turn_id", "request_open": "request_id",
         "request_resolve": "request_id", "baseline_set": "name"}
FINDS = {"turn_begin", "turn_steer", "turn_take_input", "turn_abort", "request_open"}


def run(w, verb, function, call):
    """Runs a verb that carries a receipt."""
    receipt = call["receipt_id"]
    if receipt in w.receipts:
        kept_verb, session_id, scope, report, _ = w.receipts[receipt]
        refuse_if(kept_verb != verb or is_other(w, verb, call, session_id, scope)
                  or is_other_part(verb, call, report), "receipt.conflict")
        return {**report, "replayed": True}
    want = function(w, call)
    w.receipts[receipt] = (verb, *target(w, verb, call), dict(w.told), w.now)
    return want


def is_other(w, verb, call, session_id, scope):
    """Whether a call means another target than SESSION_ID in SCOPE."""
    if verb in BY_NONE:
        return False
    if verb in BY_SCOPE:
        return w.scope_of(call) != scope
    named = call.get("escalation_id" if verb == "escalation_resolve" else "session_id")
    if verb not in BY_BOTH:
        return named != session_id
    by_scope = named is None or call.get("scope") is not None
    return (named is not None and named != session_id) or (by_scope and w.scope_of(call) != scope)


def is_other_part(verb, call, report):
    """Whether a call names another turn, request or baseline than REPORT does."""
    if verb not in PARTS:
        return False
    named = call.get(PARTS[verb]) or None
    return named != report.get(PARTS[verb].removeprefix("expected_")) and not (named is None and verb in FINDS)


def target(w, verb, call):
    """Session and scope with which a success is kept: what the caller named, and what its report is about."""
    told = w.told
    if verb in BY_NONE or verb == "settle":
        return call.get("session_id"), None
    if verb == "escalation_resolve":
        return call["escalation_id"], w.escalations[call["escalation_id"]]["scope"]
    if verb == "gate_set":
        return None, w.scope_of(call)
    if verb in BY_SCOPE:
        return told.get("session_id"), w.scope_of(call)
    session_id = told.get("prior_session_id") if verb == "takeover" else told.get("session_id")
    if verb == "clear" and not told.get("cleared"):
        session_id = call.get("session_id")
    session = w.sessions.get(session_id)
    return session_id, session.scope if session else w.scope_of(call)
