"""A legacy state file that becomes a session, once per scope."""

from ownership import lifecycle
from policy import Refusal, refuse_if


def import_file(w, call):
    """A legacy state file. The call carries what the writer of the program put into it, as state."""
    scope, fault, state = w.scope_of(call), call.get("fault"), call.get("state")
    if fault:
        raise Refusal(fault)
    if any(s.scope == scope for s in w.sessions.values()) or scope in w.legacy:
        holder = w.living(scope)
        return {"imported": False, "scope": scope, "session_id": holder and holder.session_id,
                "reason": is_told}
    stamp = lambda name, otherwise: min(state.get(name) or otherwise, w.now)  # noqa: E731
    started, joined = stamp("started_at_epoch_s", w.now), stamp("last_started_at_epoch_s", w.now)
    revision = max(1, state.get("revision") or 0)
    if state.get("session_id") is None:
        w.legacy.add(scope)
        w.counters[scope] = max(w.counters.get(scope, 0), revision)
        return {"imported": False, "scope": scope, "revision": revision, "reason": is_told}
    refuse_if(state["session_id"] in w.sessions, "import.id_taken")
    w.counters[scope] = max(w.counters.get(scope, 0), revision - 1)
    columns = {"mode": state.get("mode") or "general", "started_at": started, "last_started_at": joined,
               "start_count": max(1, state["start_count"]), "changed_at": max(started, joined)}
    if state.get("owner_kind", "interactive") != "interactive":
        beat = stamp("last_heartbeat_at_epoch_s", joined)
        columns.update(owner_kind=state["owner_kind"], supervisor_id=state.get("supervisor_id"),
                       owner_id=state.get("owner_id") or "legacy", last_heartbeat_at=beat,
                       lease_ttl=min(31536000, max(1, state.get("lease_ttl_secs") or 1)),
                       changed_at=max(started, joined, beat))
    s = w.put(state["session_id"], scope, w.next_number(scope), **columns)
    return {"imported": True, "scope": scope, "session_id": s.session_id, "fence": s.fence,
            "revision": s.revision, "started_at_epoch_s": s.started_at,
            "last_started_at_epoch_s": s.last_started_at, "start_count": s.start_count,
            "mode": s.mode, "lifecycle": lifecycle(s), "owner_kind": s.owner_kind, "actor_id": s.owner_id,
            "supervisor_id": s.supervisor_id, "lease_ttl_secs": s.lease_ttl,
            "last_heartbeat_at_epoch_s": s.last_heartbeat_at, "lease_expires_at_epoch_s": s.expires_at(),
            "stale": s.stale(w.now)}


def is_told(reason):
    """Why a file became no session is said in words that are not fixed."""
    return bool(reason)


VERBS = {"import": import_file}
