"""How work and processes ended, and what a waiter is told."""

from policy import LOST, PROVENANCE, refuse_if

SUCCESSES = ("success", "retired")


def gate(w, call, missing):
    s = w.sessions.get(call["session_id"])
    refuse_if(s is None, missing)
    refuse_if(call.get("incarnation") not in (None, s.incarnation), "fence.session")
    w.fenced(s, call)
    refuse_if(s.end_reason in LOST, "fence.token")
    w.own_clock(s)
    return s


def place(s, turn):
    """Under what a result is kept: that of a turn belongs to the incarnation in which the turn was."""
    return s.turns[turn].incarnation if turn in s.turns else s.incarnation, turn or ""


def offer(w, s, turn, new):
    """Puts a result in its place, if it may stand there. Gives whether it does."""
    key = place(s, turn)
    old = s.results.get(key)
    if old is not None:
        if old["final"] or PROVENANCE[new["provenance"]] < PROVENANCE[old["provenance"]]:
            return False
        new.update(recorded_at=max(w.now, old["recorded_at"]), revision=old["revision"] + 1)
    s.results[key] = new
    return True


def record_result(w, call):
    s = gate(w, call, "result.missing")
    refuse_if(call.get("status") is None, "opt.required")
    recorded = offer(w, s, call.get("turn_id"), {
        "status": call["status"], "exit_code": call.get("exit_code"), "summary": call.get("summary"),
        "provenance": call.get("provenance") or "agent", "final": call.get("final") or 0,
        "recorded_at": w.now, "revision": 1})
    key = place(s, call.get("turn_id"))
    stands = s.results[key]
    return {"scope": s.scope, "session_id": s.session_id, "turn_id": call.get("turn_id") or None,
            "recorded": recorded, "status": stands["status"], "exit_code": stands["exit_code"],
            "summary": stands["summary"], "provenance": stands["provenance"], "final": bool(stands["final"]),
            "recorded_at_epoch_s": stands["recorded_at"], "result_revision": stands["revision"],
            "incarnation": key[0], "revision": s.revision}


def record_completion(w, call):
    s = gate(w, call, "completion.missing")
    refuse_if(call.get("exit_code") is None, "opt.required")
    new, code = s.incarnation not in s.completions, call["exit_code"]
    if new:
        status = call.get("status") or {0: "success", 137: "signal", 143: "signal"}.get(code, "failure")
        s.completions[s.incarnation] = {"exit_code": code, "status": status, "reason": call.get("reason"),
                                        "recorded_at": w.now}
    packet = s.completions[s.incarnation]
    return {"scope": s.scope, "session_id": s.session_id, "recorded": new, "status": packet["status"],
            "exit_code": packet["exit_code"], "reason": packet["reason"],
            "recorded_at_epoch_s": packet["recorded_at"], "incarnation": s.incarnation, "revision": s.revision}


# --- waiting

def has_failed(s):
    return s.status == "failed" or s.exit_signal is not None or s.exit_code not in (None, 0)


def outcome(w, s, turn):
    """The first line of the table that applies when the cap is reached: outcome, status, exit code,
    synthetic, reason, summary."""
    verdict = s.verdict(w.now, w.processes) if s.living else None
    of, _ = place(s, turn)
    result, packet = s.results.get((of, turn or "")), s.completions.get(s.incarnation)
    if result and result["status"] == "tier_failover_superseded" and verdict in ("owned", "passive"):
        result = None
    if result and (result["final"] or of != s.incarnation or verdict != "owned"):
        good, code = result["status"] in SUCCESSES, result["exit_code"]
        shown = 0 if code is None and good else code
        return ("completed" if good and code in (None, 0) else "failed", result["status"], shown,
                result["provenance"] == "synthetic", None, result["summary"])
    if turn and not result:
        state = s.turns[turn].state if turn in s.turns else "unknown"
        if state not in ("reserved", "running"):
            word = {"completed": "completed", "error": "failed", "interrupted": "ended", "unknown": "missing"}
            return word[state], state, None, False, None, None
    if not s.living:
        word = "lost" if s.end_reason in LOST else "failed" if has_failed(s) else "ended"
        why = s.failure_reason or s.end_reason if word == "failed" else s.end_reason or s.failure_reason
        return word, s.status, s.exit_code, False, why, None
    if packet and verdict != "owned":
        return "failed", packet["status"], packet["exit_code"], True, packet["reason"], None
    if verdict == "dead":
        return "failed", "failure", 1, True, "orphaned_process", None
    return "kv_warm" if verdict in ("owned", "passive") else "timeout", s.status, None, False, None, None


def wait(w, call):
    """What session_wait() says when it may not wait at all."""
    s, turn = w.sessions.get(call["session_id"]), call.get("turn_id") or None
    if s is None:
        return {"session_id": call["session_id"], "outcome": "missing", "synthetic": False, "turn_id": turn,
                "elapsed_ms": is_short}
    word, status, code, synthetic, reason, summary = outcome(w, s, turn)
    ended = not s.living and word in ("lost", "failed", "ended") and status == s.status
    return {"session_id": s.session_id, "outcome": word, "status": status, "exit_code": code,
            "synthetic": synthetic, "turn_id": turn, "reason": reason, "revision": s.revision,
            "exit_signal": s.exit_signal if ended else None, "ended_by": s.ended_by if ended else None,
            "note": s.end_note if ended else None, "summary": summary, "elapsed_ms": is_short}


def is_short(elapsed_ms):
    """A wait that may not wait takes as long as it takes to look."""
    return isinstance(elapsed_ms, int) and elapsed_ms >= 0


VERBS = {"record_result": record_result, "record_completion": record_completion}
STATEMENTS = {"wait": wait}
