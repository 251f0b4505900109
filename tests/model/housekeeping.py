"""Settlement, reaping and collection: who is a candidate, and what becomes of it."""

from policy import ANY, end_status, refuse_if
from results import SUCCESSES


def orphans(w):
    """(session, reason) of every session that is over and never got an end."""
    found = []
    for s in w.sessions.values():
        if s.living:
            verdict, packet = s.verdict(w.now, w.processes), s.completions.get(s.incarnation)
            if verdict == "dead" or (packet and verdict != "owned"):
                found.append((s, "completion" if packet else "orphaned_process"))
    return found


def settle(w, call):
    asked = call.get("session_id")
    refuse_if(asked is not None and asked not in w.sessions, "settle.missing")
    refuse_if(call.get("fence") is not None and asked is None, "opt.required")
    if asked is not None:
        w.fenced(w.sessions[asked], call, required=False)
    found = [(s, reason) for s, reason in orphans(w) if asked in (None, s.session_id)]
    mine = {s.session_id: (s, reason) for s, reason in found if s.clock == w.kind}
    most = call.get("max_rows") or 500
    # Which ones, where there are more than max_rows, is Tenure's choice.
    told = [entry["session_id"] for entry in w.told.get("settled", [])]
    chosen = [name for name in told if name in mine] if len(mine) > most else list(mine)
    if len(set(chosen)) != min(most, len(mine)):
        chosen = list(mine)[:most]
    settled, skipped = [], []
    for name in chosen:
        settle_one(w, *mine[name])
        settled.append({"session_id": name, "scope": mine[name][0].scope, "status": mine[name][0].status})
    named = [w.sessions[asked]] if asked is not None else [s for s, _ in found if s.clock != w.kind]
    for s in named:
        if s.session_id not in chosen:
            reason = "ended" if not s.living else "clock" if s.clock != w.kind else s.verdict(w.now, w.processes)
            skipped.append({"session_id": s.session_id, "scope": s.scope, "reason": reason})
    return {"session_id": asked, "settled": unordered(settled), "skipped": unordered(skipped),
            "more": asked is None and len(mine) > len(chosen)}


def unordered(rows):
    """The rows in any order; an absent scope is left out of a report."""
    rows = [{name: value for name, value in row.items() if value is not None} for row in rows]
    key = lambda row: row["session_id"]  # noqa: E731
    return lambda told: sorted(told, key=key) == sorted(rows, key=key)


def settle_one(w, s, reason):
    packet = s.completions.get(s.incarnation)
    for turn in ["", s.open_id] if s.open_id else [""]:
        if (s.incarnation, turn) not in s.results:
            given = packet and packet["status"]
            s.results[(s.incarnation, turn)] = {
                "status": "failure" if given is None or given in SUCCESSES else given,
                "exit_code": packet["exit_code"] if packet else 1, "summary": ANY,
                "provenance": "synthetic", "final": 0, "recorded_at": w.now, "revision": 1}
    failure = {} if s.status in ("exiting", "destroying") else \
        {"failure_origin": "host-death", "failure_reason": reason}
    wanted = "exited" if s.status == "exiting" else "failed"
    code = s.exit_code if s.exit_code is not None or packet is None else packet["exit_code"]
    w.end(s, end_status(s.status, wanted), "host-death", end_note=packet and packet["reason"],
          exit_code=code, **failure)


def reap(w, call):
    idle, most = call.get("idle_secs", 1800), call.get("max_rows") or 500
    found = [s for s in w.sessions.values() if s.reapable(w.now, w.processes)]
    ripe = [s for s in found if s.clock == w.kind and s.reap_idle(w.now) >= idle]
    ripe.sort(key=lambda s: (-s.reap_idle(w.now), s.session_id))
    skipped = [{"session_id": s.session_id, "scope": s.scope, "idle_secs": s.reap_idle(w.now),
                "reason": "clock" if s.clock != w.kind else "idle_secs"} for s in found if s not in ripe]
    reaped = ripe[:most]
    for s in reaped:
        w.end(s, "stopped", "idle")
    return {"idle_secs": idle, "more": len(ripe) > most, "skipped": unordered(skipped),
            "reaped": unordered([{"session_id": s.session_id, "scope": s.scope} for s in reaped])}


def collectable(w):
    """Ended sessions, but for the parents of living ones."""
    needed = {s.parent_session_id for s in w.sessions.values() if s.living}
    return [s for s in w.sessions.values() if not s.living and s.session_id not in needed]


def gc(w, call):
    older, most = call.get("older_than_secs", 604800), call.get("max_rows") or 500
    found = collectable(w)
    ripe = [s for s in found if s.clock == w.kind and s.ended_at <= w.now - older]
    ripe.sort(key=lambda s: (s.ended_at, s.session_id))
    skipped = [{"session_id": s.session_id, "scope": s.scope, "ended_secs": max(0, w.now - s.ended_at),
                "reason": "clock" if s.clock != w.kind else "ended_secs"} for s in found if s not in ripe]
    for s in ripe[:most]:
        w.collect(s)
    return {"older_than_secs": older, "more": len(ripe) > most, "skipped": unordered(skipped), "receipts": 0,
            "collected": unordered([{"session_id": s.session_id, "scope": s.scope} for s in ripe[:most]])}


VERBS = {"settle": settle, "reap": reap, "gc": gc}
