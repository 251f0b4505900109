"""What a turn asks of a person, and the answers."""

import json

from policy import Refusal, refuse_if
from session import expire
from turns import gate, give_up

DECISIONS = ("approved", "approved_for_session", "approved_always", "denied", "abort")


def request_open(w, call):
    s = gate(w, call, opens=True)
    name, kind, turn = call.get("request_id") or w.minted("request_id"), call["kind"], s.open_id
    if call.get("turn_id") not in (None, turn):
        turn = None
    tries = s.requests.setdefault(name, [])
    if tries:
        refuse_if(tries[-1]["state"] != "pending", "request.used")
        expire(tries[-1], w.now)
    tries.append({"request_id": name, "attempt": len(tries) + 1, "incarnation": s.incarnation,
                  "turn_id": turn, "kind": kind, "payload": call.get("payload"), "state": "pending",
                  "decision": None, "created_at": w.now, "resolved_at": None})
    if turn is None:
        expire(tries[-1], w.now)
    told = ("request_id", "attempt", "turn_id", "kind", "state", "decision")
    return {"session_id": s.session_id, **{name: tries[-1][name] for name in told}}


def request_resolve(w, call):
    s = gate(w, call)
    decision, tries = call["decision"], s.requests.get(call["request_id"])
    if not tries or tries[-1]["state"] != "pending":
        return {"session_id": s.session_id, "applied": False, "stale": True, "status": s.status,
                "request_id": call["request_id"]}
    request = tries[-1]
    if request["kind"] == "approval" and decision not in DECISIONS:
        raise Refusal("opt.decision")
    request.update(state="resolved", decision=decision, resolved_at=max(w.now, request["created_at"]))
    if decision in ("approved", "approved_for_session"):
        turn = request["turn_id"] if decision == "approved" else ""
        s.grants.update((key, turn) for key in json.loads(call.get("remember") or "[]"))
    if decision == "abort":
        give_up(w, s, "interrupted")
    return {"session_id": s.session_id, "request_id": call["request_id"], "applied": True, "stale": False,
            "decision": decision, "status": s.status, "attempt": request["attempt"],
            "turn_id": request["turn_id"]}


VERBS = {"request_open": request_open, "request_resolve": request_resolve}
