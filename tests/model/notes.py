"""What belongs to a scope rather than to one session: escalations, gates; and the baselines of sessions."""

import json

from policy import refuse_if


def escalate(w, call):
    scope, told = w.scope_of(call), w.minted("escalation_id")
    holder = w.living(scope)
    w.escalations[told] = {"scope": scope, "session_id": holder and holder.session_id, "kind": call["kind"],
                           "reason": call["reason"], "created_at": w.now, "resolved_at": None}
    return {"scope": scope, "escalation_id": told, "session_id": holder and holder.session_id,
            "kind": call["kind"], "reason": call["reason"], "created_at_epoch_s": w.now}


def escalation_resolve(w, call):
    found = w.escalations.get(call["escalation_id"])
    refuse_if(found is None or found["resolved_at"] is not None, "escalation.missing")
    found["resolved_at"] = max(w.now, found["created_at"])
    return {"scope": found["scope"], "escalation_id": call["escalation_id"], "kind": found["kind"],
            "resolved_at_epoch_s": found["resolved_at"]}


def gate_set(w, call):
    scope = w.scope_of(call)
    refuse_if(scope is None, "opt.required")
    _, revision = w.gates.get(scope, (None, 0))
    refuse_if(call.get("expected_revision") not in (None, revision), "gate.conflict")
    w.gates[scope] = (call["gates"], revision + 1)
    return {"scope": scope, "gates": json.loads(call["gates"]), "revision": revision + 1}


def baseline_set(w, call):
    s = w.sessions.get(call["session_id"])
    refuse_if(s is None, "baseline.missing")
    refuse_if(not s.living, "fence.session")
    w.fenced(s, call)
    w.own_clock(s)
    s.baselines[call["name"]] = (call["digest"], w.now)
    return {"scope": s.scope, "session_id": s.session_id, "name": call["name"], "digest": call["digest"]}


VERBS = {"escalate": escalate, "escalation_resolve": escalation_resolve, "gate_set": gate_set,
         "baseline_set": baseline_set}
