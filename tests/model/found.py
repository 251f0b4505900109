"""What random programs have found, kept as programs for ever. Each step shows the right fence."""

TTL = 60
HOLDER = ("start", {"actor_id": "a", "lease_ttl": TTL})
NO_SCOPE = ("start", {"scope": "", "actor_id": "a", "lease_ttl": TTL})
FOUND = {
    "a provider's state stopped is no way out of exiting": [
        HOLDER, ("plain_status", {"status": "exiting"}),
        ("provider_event", {"type": "session.state.changed", "state": "closed"})],
    "a reserved turn that the provider starts takes the message of the start that was asked for": [
        HOLDER, ("turn_begin", {"turn_id": "t1", "reserve": 1, "kind": "regular"}),
        ("turn_request_start", {"message_id": "m1"}),
        ("provider_event", {"type": "turn.started", "turn_id": "t1"})],
    "a turn that is reserved once more takes the message": [
        HOLDER, ("turn_begin", {"turn_id": "t1", "reserve": 1, "kind": "regular"}),
        ("turn_request_start", {"message_id": "m1"}),
        ("turn_begin", {"turn_id": "t1", "reserve": 1, "kind": "regular"})],
    "an expected turn that has ended supersedes nothing": [
        HOLDER, ("turn_begin", {"turn_id": "t1", "kind": "regular"}), ("turn_end", {"turn_id": "t1"}),
        ("turn_begin", {"turn_id": "t2", "kind": "regular"}), ("turn_request_start", {}),
        ("provider_event", {"type": "turn.started", "turn_id": "t1", "expected_turn_id": "t1"})],
    "a request that is asked again is reported as its new attempt": [
        HOLDER, ("turn_begin", {"turn_id": "t1", "kind": "regular"}),
        ("request_open", {"request_id": "q1", "kind": "tool_call"}),
        ("request_open", {"request_id": "q1", "kind": "elicitation"})],
    "a key to remember may be named twice": [
        HOLDER, ("turn_begin", {"turn_id": "t1", "kind": "regular"}),
        ("request_open", {"request_id": "q1", "kind": "approval"}),
        ("request_resolve", {"request_id": "q1", "decision": "approved_for_session",
                             "remember": '["k", "k"]'})],
    "clearing an ended session without a scope names none": [
        NO_SCOPE, ("clear", {"by": "session", "actor_id": "owner"}),
        ("clear", {"by": "session", "receipt_id": "r1"})],
    "a receipt of settling one session is none of settling all": [
        HOLDER, ("settle", {"one": 1, "receipt_id": "r1"}), ("settle", {"receipt_id": "r1"})],
    "a receipt of one answer is none of the answer to another request": [
        HOLDER, ("turn_begin", {"turn_id": "t1", "kind": "regular"}),
        ("request_resolve", {"request_id": "q1", "decision": "approved", "receipt_id": "r1"}),
        ("request_open", {"request_id": "q2", "kind": "approval"}),
        ("request_resolve", {"request_id": "q2", "decision": "approved", "receipt_id": "r1"})],
    "a request that was given its id is repeated by a receipt, without one": [
        HOLDER, ("turn_begin", {"turn_id": "t1", "kind": "regular"}),
        ("request_open", {"kind": "approval", "receipt_id": "r1"}),
        ("request_open", {"kind": "approval", "receipt_id": "r1"})],
    "a result of a turn belongs to the incarnation of the turn": [
        HOLDER, ("turn_begin", {"turn_id": "t1", "kind": "regular"}), ("clear", {"by": "session", "actor_id": "owner"}),
        ("resume", {"actor_id": "owner", "lease_ttl": TTL}),
        ("record_result", {"turn_id": "t1", "status": "success"}), ("wait", {"turn_id": "t1"})],
    "a wait names the end's own reason, not an older failure that was no end": [
        HOLDER, ("transition", {"status": "error", "actor_id": "owner", "failure_reason": "the disk"}),
        ("clear", {"by": "session", "actor_id": "owner", "reason": "done with it"}), ("wait", {})],
}


def programs():
    """The name and the steps of each."""
    for name, program in FOUND.items():
        yield name, [{"verb": verb, "conn": place % 3, "args": args, "who": "last", "fence": "right"}
                     for place, (verb, args) in enumerate(program)] + [{"verb": "health", "conn": 0, "args": {}}]
