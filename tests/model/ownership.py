"""Who holds a session: start, heartbeat, clear, takeover, transition, resume."""

from policy import LOST, Refusal, can_transition, end_status, refuse_if, terminal
from processes import COLUMNS as IDENTITY

TEXTS = ["label", "command", "cwd"]
MODES = ("general", "research", "implement")


def identity(call):
    return {name: call.get(name) for name in IDENTITY}


def lifecycle_of(call):
    if call.get("lifecycle"):
        return call["lifecycle"]
    given = any(call.get(name) is not None for name in ("actor_id", "owner_kind", "supervisor_id", "lease_ttl"))
    return "autonomous" if given else "interactive"


def check_start(call):
    lifecycle, kind, ttl = lifecycle_of(call), call.get("owner_kind"), call.get("lease_ttl")
    if lifecycle == "interactive":
        refuse_if(kind is not None, "opt.owner_kind")
        refuse_if(call.get("actor_id") is not None, "opt.actor_id")
        refuse_if(call.get("supervisor_id") is not None, "opt.supervisor_id")
        refuse_if(ttl is not None, "opt.lease")
    else:
        refuse_if(call.get("actor_id") is None, "opt.actor_required")
        refuse_if(ttl is None, "opt.lease_required")
        refuse_if(kind == "interactive", "opt.kind_not_autonomous")
        check_ttl(call)
        check_id(call, "actor_id")
        check_id(call, "supervisor_id")
    refuse_if(kind not in (None, "runtime_supervisor", "runtime_worker"), "opt.owner_kind")
    refuse_if(call.get("mode") not in (None, *MODES), "opt.mode")
    refuse_if(call.get("status") not in (None, "running", "starting", "idle"), "opt.status")
    refuse_if(call.get("strict") not in (None, 0, 1), "opt.strict")
    return lifecycle


def check_ttl(call):
    refuse_if(call.get("lease_ttl") is not None and not 1 <= call["lease_ttl"] <= 31536000, "opt.lease_range")


def check_id(call, name):
    word = call.get(name)
    if word is not None:
        refuse_if(not word.strip(), "opt.blank_id")
        refuse_if(word == "interactive" or len(word) > 200, "opt.bad_id")


def start(w, call):
    lifecycle = check_start(call)
    scope, actor = w.scope_of(call), call.get("actor_id")
    found = w.living(scope)
    same = found is not None and found.owner_id == (actor or "interactive")
    if found is None:
        return create(w, call, lifecycle, None)
    if w.abandoned(found):
        if found.autonomous:
            refuse_if(lifecycle == "interactive", "start.stale_autonomous")
            refuse_if(not same, "start.stale_other_owner")
        return create(w, call, lifecycle, found)
    if found.autonomous:
        refuse_if(lifecycle == "interactive", "start.live_autonomous")
        refuse_if(not same, "start.live_other_owner")
    else:
        refuse_if(lifecycle == "autonomous", "start.live_interactive")
    return keep(w, call, found)


def create(w, call, lifecycle, old):
    """create, or replace the OLD session."""
    scope = w.scope_of(call)
    number = w.next_number(scope)
    supervisor = call.get("supervisor_id")
    if old is not None:
        w.own_clock(old)
        w.end(old, end_status(old.status, "failed"), "stale_reset", ended_by=call.get("actor_id") or "interactive")
        supervisor = supervisor or (old.supervisor_id if lifecycle == "autonomous" else None)
    columns = {"status": call.get("status") or "running", "mode": call.get("mode") or "general",
               "strict": call.get("strict") or 0, "supervisor_id": supervisor,
               "token_budget": call.get("token_budget"), "parent_session_id": call.get("parent_session_id"),
               "predecessor_id": old.session_id if old else None, **identity(call),
               **{name: call.get(name) for name in TEXTS}}
    if lifecycle == "autonomous":
        columns.update(owner_kind=call.get("owner_kind") or "runtime_worker", owner_id=call["actor_id"],
                       lease_ttl=call["lease_ttl"], last_heartbeat_at=w.now)
    new = w.put(w.minted("session_id"), scope, number, **columns)
    return start_report(new, True, old.session_id if old else None,
                        (lambda told: told is None) if old is None else names(scope))


def names(scope):
    return lambda text: isinstance(text, str) and scope in text


def keep(w, call, s):
    refuse_if(call.get("session_id") not in (None, s.session_id), "fence.session")
    fence = call.get("fence")
    refuse_if(fence is not None and fence != s.fence, "fence.token")
    shown = [call.get(name) for name in IDENTITY]
    proven = fence is not None or (None not in shown and shown == [getattr(s, name) for name in IDENTITY])
    refuse_if(s.strict and not proven, "fence.required")
    twin = s.autonomous and not proven
    w.own_clock(s)
    w.change(s)
    s.start_count += 1
    s.last_started_at = max(w.now, s.last_started_at)
    s.mode = call.get("mode") or s.mode
    s.strict = max(s.strict, call.get("strict") or 0)
    if s.autonomous:
        s.owner_kind = call.get("owner_kind") or "runtime_worker"
        s.supervisor_id = call.get("supervisor_id") or s.supervisor_id
        beat = max(w.now, s.last_heartbeat_at)
        s.lease_ttl = max(call["lease_ttl"], s.expires_at() - beat)
        s.last_heartbeat_at = beat
    else:
        s.current_activity = s.activity_at = None
    if twin or any(call.get(name) is not None for name in IDENTITY):  # one process, one identity
        s.__dict__.update(identity(call))
    for name in TEXTS + ["parent_session_id", "token_budget"]:
        if call.get(name) is not None:
            setattr(s, name, call[name])
    if twin:
        s.fence = s.revision
    return start_report(s, False, None, lambda text: text.startswith("twin") == twin and s.scope in text)


def lifecycle(s):
    return "autonomous" if s.autonomous else "interactive"


def start_report(s, reset, prior, warning):
    return {"scope": s.scope, "session_id": s.session_id,
            "fence": s.fence, "revision": s.revision, "started_at_epoch_s": s.started_at,
            "last_started_at_epoch_s": s.last_started_at, "start_count": s.start_count, "mode": s.mode,
            "lifecycle": lifecycle(s), "owner_kind": s.owner_kind, "actor_id": s.owner_id,
            "supervisor_id": s.supervisor_id, "lease_ttl_secs": s.lease_ttl,
            "last_heartbeat_at_epoch_s": s.last_heartbeat_at,
            "lease_expires_at_epoch_s": s.expires_at(), "current_activity": s.current_activity,
            "activity_updated_at_epoch_s": s.activity_at, "reset": reset, "prior_session_id": prior,
            "warning": warning}


def heartbeat(w, call):
    s = w.named(call)
    refuse_if(s is None, "heartbeat.missing")
    refuse_if(not s.living, "fence.session")
    refuse_if(s.autonomous and call.get("actor_id") != s.owner_id and call.get("fence") != s.fence,
              "heartbeat.not_owner")
    w.fenced(s, call)
    refuse_if(s.stale(w.now), "heartbeat.stale")
    w.own_clock(s)
    activity = (call.get("activity") or "").strip() or None
    refuse_if(activity is not None and len(activity) > 280, "activity.too_long")
    w.change(s)
    s.last_heartbeat_at = max(w.now, s.last_heartbeat_at or 0)
    if activity is not None:
        s.current_activity, s.activity_at = activity, max(w.now, s.activity_at or 0)
    if call.get("progress") is not None:
        s.no_progress_count = 0 if call["progress"] else s.no_progress_count + 1
        if call["progress"]:
            s.progress_at = max(w.now, s.progress_at or 0)
    s.last_outcome = call.get("outcome") or s.last_outcome
    return {"scope": s.scope, "session_id": s.session_id, "activity": activity,
            "actor_id": call.get("actor_id") or s.owner_id,
            "current_activity": s.current_activity, "last_heartbeat_at_epoch_s": s.last_heartbeat_at,
            "lease_expires_at_epoch_s": s.expires_at(), "remaining_secs": s.remaining(w.now),
            "revision": s.revision, "fence": s.fence, "activity_updated_at_epoch_s": s.activity_at}


def clear(w, call):
    forced, reason, actor = call.get("force") == 1, call.get("reason"), call.get("actor_id")
    refuse_if(forced and not (reason or "").strip(), "clear.reason_required")
    s = w.named(call)
    refuse_if(s is None and call.get("session_id") is not None, "clear.missing")
    if s is not None:
        must_show = s.living and s.strict and not forced and not w.abandoned(s) and actor == s.owner_id
        w.fenced(s, call, must_show)
    if s is None or not s.living:
        return {"cleared": False, "reason": reason, "scope": s.scope if s else w.scope_of(call)}
    if s.autonomous and not forced and call.get("fence") is None \
            and (actor is None or actor not in (s.owner_id, s.supervisor_id)):
        refuse_if(actor is None, "clear.actor_required")
        takes_over = w.abandoned(s) and s.clock == w.kind and actor != "interactive"
        raise Refusal("clear.denied_stale" if takes_over else "clear.denied")
    if not forced:
        w.own_clock(s)
    w.end(s, end_status(s.status, "exited"), "forced" if forced else "cleared", forced or s.autonomous,
          ended_by=w.author(s, call), end_note=reason)
    return {"cleared": True, "reason": reason, "scope": s.scope, "status": s.status, "lifecycle": lifecycle(s),
            "owner_kind": s.owner_kind, "actor_id": s.owner_id, "supervisor_id": s.supervisor_id,
            "session_id": s.session_id, "cleared_revision": s.revision}


def takeover(w, call):
    actor, reason = call.get("actor_id"), call.get("reason")
    refuse_if(actor is None, "opt.actor_required")
    check_id(call, "actor_id")
    check_id(call, "supervisor_id")
    check_ttl(call)
    old = w.named(call)
    refuse_if(old is None, "takeover.missing")
    refuse_if(not old.living, "fence.session")
    w.fenced(old, call, False)
    refuse_if(not old.autonomous, "takeover.not_autonomous")
    refuse_if(not w.abandoned(old), "takeover.live")
    refuse_if(old.owner_id == actor, "takeover.same_actor")
    refuse_if(not (reason or "").strip(), "takeover.reason_required")
    refuse_if(call.get("expected_revision") not in (None, old.revision), "takeover.conflict")
    w.own_clock(old)
    w.end(old, end_status(old.status, "failed"), "taken_over", ended_by=actor, end_note=reason)
    number = old.revision if old.scope is not None else 1
    new = w.put(w.minted("session_id"), old.scope, number, mode=old.mode, owner_kind=old.owner_kind,
                owner_id=actor, supervisor_id=call.get("supervisor_id") or old.supervisor_id,
                strict=old.strict, lease_ttl=call.get("lease_ttl") or old.lease_ttl, last_heartbeat_at=w.now,
                predecessor_id=old.session_id, parent_session_id=old.parent_session_id, **identity(call),
                **{name: call.get(name) for name in TEXTS})
    return {"scope": old.scope, "prior_session_id": old.session_id,
            "prior_actor_id": old.owner_id, "session_id": new.session_id, "actor_id": actor,
            "supervisor_id": new.supervisor_id, "lease_ttl_secs": new.lease_ttl,
            "last_heartbeat_at_epoch_s": w.now, "lease_expires_at_epoch_s": new.expires_at(),
            "revision": number, "fence": number, "reason": reason}


def is_stranger(s, call):
    """Neither owner nor supervisor, and shows no fence."""
    return s.autonomous and call.get("fence") is None and (
        call.get("actor_id") is None or call["actor_id"] not in (s.owner_id, s.supervisor_id))


def transition(w, call):
    s, status = w.sessions.get(call["session_id"]), call["status"]
    refuse_if(s is None, "transition.missing")
    refuse_if(call.get("incarnation") not in (None, s.incarnation), "fence.session")
    w.fenced(s, call)
    refuse_if(call.get("fence") is not None and s.end_reason in LOST, "fence.token")
    refuse_if(s.scope is not None and is_stranger(s, call), "transition.denied")
    refuse_if(call.get("expected_revision") not in (None, s.revision), "transition.conflict")
    prior = s.status
    if status != prior:
        refuse_if(not can_transition(prior, status), "transition.illegal")
        refuse_if(terminal(prior) and status == "starting", "transition.revival")
        w.own_clock(s)
        ends = {"ended_by": w.author(s, call), "end_note": call.get("reason")} if s.living else {}
        w.move(s, status, **(ends if terminal(status) else {}))
        if terminal(status):
            s.exit_code = call.get("exit_code", s.exit_code)
            s.exit_signal = str(call["exit_signal"]) if call.get("exit_signal") else s.exit_signal
        if status in ("failed", "error"):
            s.failure_origin = call.get("failure_origin") or s.failure_origin
            s.failure_reason = call.get("failure_reason") or s.failure_reason
        if status == "error":
            s.last_error = call.get("failure_reason") or call.get("reason") or s.last_error
    return {"scope": s.scope, "session_id": s.session_id, "incarnation": s.incarnation, "status": status,
            "prior_status": prior, "changed": status != prior, "revision": s.revision, "fence": s.fence,
            "reason": call.get("reason"), "ended_at_epoch_s": s.ended_at, "exit_code": s.exit_code,
            "exit_signal": s.exit_signal, "failure_origin": s.failure_origin,
            "failure_reason": s.failure_reason}


def resume(w, call):
    s = w.sessions.get(call["session_id"])
    check_ttl(call)
    refuse_if(s is None, "resume.missing")
    w.fenced(s, call, False)
    refuse_if(s.status == "destroyed", "resume.destroyed")
    refuse_if(s.status in ("exiting", "destroying"), "resume.not_resumable")
    refuse_if(w.living(s.scope) not in (None, s), "resume.held")
    refuse_if(s.living and not w.abandoned(s), "resume.live")
    refuse_if(is_stranger(s, call), "resume.denied")
    refuse_if(s.end_reason in LOST and is_stranger(s, {**call, "fence": None}), "fence.token")
    refuse_if(not s.autonomous and call.get("lease_ttl") is not None, "opt.lease")
    w.own_clock(s)
    revive(w, s, identity(call), call.get("lease_ttl"))
    return {"scope": s.scope, "session_id": s.session_id, "incarnation": s.incarnation, "status": "starting",
            "fence": s.fence, "revision": s.revision, "started_at_epoch_s": w.now,
            "lifecycle": lifecycle(s), "owner_kind": s.owner_kind, "actor_id": s.owner_id,
            "supervisor_id": s.supervisor_id, "lease_ttl_secs": s.lease_ttl,
            "last_heartbeat_at_epoch_s": s.last_heartbeat_at, "lease_expires_at_epoch_s": s.expires_at(),
            "reason": call.get("reason")}


def revive(w, s, process, lease_ttl=None):
    """A new incarnation: what was approved was approved for the one before."""
    s.end_turn(w.now, "interrupted")
    s.revision = s.fence = max(w.counters.get(s.scope, 0), s.revision) + 1
    w.count(s)
    s.incarnation += 1
    s.grants.clear()
    s.status = "starting"
    s.trail.append((s.incarnation, "starting"))
    s.clock, s.lease_ttl = w.kind, lease_ttl or s.lease_ttl
    s.started_at = s.last_started_at = s.changed_at = w.now
    s.start_count, s.last_heartbeat_at = 1, w.now if s.autonomous else None
    for name in ("ended_at end_reason ended_by end_note exit_code exit_signal failure_origin failure_reason"
                 " last_error").split():
        setattr(s, name, None)
    s.__dict__.update(process)


VERBS = {"start": start, "heartbeat": heartbeat, "clear": clear, "takeover": takeover,
         "transition": transition, "resume": resume}
