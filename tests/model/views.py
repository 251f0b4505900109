"""What the views show, told by the model for a reader on some clock, beside the statements that read them."""

import json

from housekeeping import collectable, orphans
from policy import IDLE_MAX, terminal
from session import USAGE


def holder(w):
    """Every living session with its judgement."""
    for s in w.sessions.values():
        if s.living:
            seen = max(s.last_started_at, s.last_heartbeat_at or s.last_started_at)
            yield (s.session_id, "autonomous" if s.autonomous else "interactive", s.expires_at(),
                   int(s.stale(w.now)), s.stale_reason(w.now), s.remaining(w.now),
                   s.expires_at() if s.autonomous else seen + IDLE_MAX + 1, int(w.abandoned(s)),
                   s.verdict(w.now, w.processes), s.idle_secs(w.now), s.open_id)


def lease(w):
    """The same in short, for the rules."""
    for session_id, lifecycle, _, stale, reason, _, until, abandoned, *_ in holder(w):
        s = w.sessions[session_id]
        yield (session_id, lifecycle, stale, reason, until, abandoned, s.scope, s.owner_id, s.supervisor_id,
               s.lease_ttl, s.started_at, s.revision, s.fence, s.strict)


def projection(w):
    for scope, revision in w.counters.items():
        s = w.living(scope)
        if s is None:
            yield scope, "missing", None, None, revision
        else:
            yield scope, "stale" if s.stale(w.now) else "active", s.session_id, s.owner_id, revision


def orphan(w):
    for s, reason in orphans(w):
        packet = s.completions.get(s.incarnation)
        yield (s.session_id, s.status, s.verdict(w.now, w.processes), reason, s.idle_secs(w.now), s.open_id,
               packet and packet["exit_code"])


def reapable(w):
    for s in w.sessions.values():
        if s.reapable(w.now, w.processes):
            yield s.session_id, s.verdict(w.now, w.processes), s.reap_idle(w.now)


def collect(w):
    for s in collectable(w):
        yield s.session_id, s.status, s.end_reason, max(0, w.now - s.ended_at)


def thread(w):
    for s in w.sessions.values():
        yield (s.session_id, *s.thread_status(w.now, w.processes), s.last_error)


def effective(w):
    """A stored open turn of what is dead, stale or over reads as interrupted."""
    for s in w.sessions.values():
        ghost = terminal(s.status) or w.abandoned(s) or s.verdict(w.now, w.processes) == "dead"
        for turn in s.turns.values():
            state = "interrupted" if turn.ended_at is None and ghost else turn.state
            yield s.session_id, turn.turn_id, turn.state, state


def cost(w):
    for s in w.sessions.values():
        left = None if s.token_budget is None else max(0, s.token_budget - s.usage_total)
        yield s.session_id, *(getattr(s, f"usage_{name}") for name in USAGE), left


def turn_cost(w):
    for s in w.sessions.values():
        for turn in s.turns.values():
            yield s.session_id, turn.turn_id, *(used_by(turn, s, name) for name in USAGE)


def used_by(turn, s, name):
    """What a turn has used; while it is open, what the session has since."""
    used = getattr(turn, f"used_{name}")
    return used if used is not None else max(0, getattr(s, f"usage_{name}") - getattr(turn, f"start_{name}"))


def presence(w):
    hosts = {}
    for s in w.sessions.values():
        if s.host is not None:
            hosts.setdefault(s.host, []).append(s)
    for host, found in hosts.items():
        living = sum(s.living for s in found)
        yield host, "ready" if living else "idle", living, max(s.changed_at for s in found)


def replay(w):
    """From the log alone."""
    for s in w.sessions.values():
        yield s.session_id, s.scope, s.incarnation, s.status, int(s.living), s.owner_id, s.fence, s.end_reason


def replay_turn(w):
    for s in w.sessions.values():
        for turn in s.turns.values():
            yield s.session_id, turn.turn_id, turn.incarnation, turn.kind, turn.state


def trail(w):
    """The statuses that a session went through, by the log."""
    for s in w.sessions.values():
        for place, (incarnation, status) in enumerate(s.trail, 1):
            yield s.session_id, place, incarnation, status


def granted(w):
    """session_granted(): every key was approved, for the session or for its open turn."""
    for s in w.sessions.values():
        held = {key for key, turn in s.grants}
        for keys in GRANTS:
            yield s.session_id, json.dumps(keys), int(bool(keys) and held.issuperset(keys))


def tombstones(w):
    for name in w.collected:
        yield (name,)


GRANTS = [[], ["k1"], ["k2", "k3"]]
GRANTED = f"""SELECT s.session_id, k.value, g.granted
                FROM tenure_session AS s
                JOIN tenure_json_texts('{json.dumps([json.dumps(keys) for keys in GRANTS])}') AS k
                JOIN session_granted(s.session_id, k.value) AS g"""
TRAIL = """SELECT session_id, row_number() OVER (PARTITION BY session_id ORDER BY seq), incarnation, to_status
             FROM tenure_event
            WHERE to_status IS NOT NULL AND (to_status IS NOT from_status OR event = 'session.resumed')"""
VIEWS = {
    holder: """SELECT session_id, lifecycle, lease_expires_at, stale, stale_reason, remaining_secs, holds_until,
                      abandoned, verdict, idle_secs, active_turn_id FROM tenure_holder""",
    lease: """SELECT session_id, lifecycle, stale, stale_reason, holds_until, abandoned, scope, owner_id, supervisor_id,
                     lease_ttl, started_at, revision, fence, strict FROM tenure_lease""",
    projection: "SELECT scope, holding, session_id, owner_id, revision FROM tenure_projection",
    orphan: """SELECT session_id, status, verdict, reason, idle_secs, active_turn_id, completion_exit
                 FROM tenure_orphan""",
    reapable: "SELECT session_id, verdict, idle_secs FROM tenure_reapable",
    collect: "SELECT session_id, status, reason, ended_secs FROM tenure_collectable",
    thread: """SELECT session_id, thread_status, waiting_on_approval, waiting_on_user_input, active_turn_id,
                      last_error FROM tenure_thread_status""",
    effective: "SELECT session_id, turn_id, stored_state, state FROM tenure_turn_effective",
    cost: f"SELECT session_id, {', '.join(USAGE)}, budget_left FROM tenure_cost",
    turn_cost: f"SELECT session_id, turn_id, {', '.join(USAGE)} FROM tenure_turn_cost",
    presence: "SELECT host, health, living, observed_at FROM tenure_presence",
    replay: """SELECT session_id, scope, incarnation, status, living, owner_id, fence, end_reason
                 FROM tenure_replay""",
    replay_turn: "SELECT session_id, turn_id, incarnation, kind, state FROM tenure_replay_turn",
    trail: TRAIL,
    granted: GRANTED,
    tombstones: "SELECT session_id FROM tenure_event WHERE event = 'session.collected'",
}
