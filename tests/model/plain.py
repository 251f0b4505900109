"""Plain statements on Tenure's own tables: a write of the right shape is the verb, any other is refused."""

from ownership import revive
from policy import LOST, PROVENANCE, Refusal, allows_turn, can_transition, refuse_if, terminal
from processes import COLUMNS as IDENTITY
from session import USAGE, Turn


def numbered(s, call):
    """The revision that the statement writes must be the next one."""
    refuse_if(call["step"] != 1, "write.revision")


def status(w, call):
    s, wanted = w.sessions[call["session_id"]], call["status"]
    w.own_clock(s)
    if wanted == "starting" and not s.living and can_transition(s.status, wanted):
        raise Refusal("transition.revival")
    refuse_if(wanted != s.status and not can_transition(s.status, wanted), "transition.illegal")
    reason = call.get("end_reason")
    refuse_if(reason is not None and (not terminal(wanted) or reason != (s.end_reason or reason)), "write.ended")
    numbered(s, call)
    if s.living and terminal(wanted):
        w.end(s, wanted, reason)
    else:
        w.move(s, wanted)
    return {}


def label(w, call):
    s = w.sessions[call["session_id"]]
    w.own_clock(s)
    numbered(s, call)
    w.change(s)
    s.label = call["label"]
    return {}


def beat(w, call):
    """A heartbeat by hand, to now or to where it stands."""
    s = w.sessions[call["session_id"]]
    w.own_clock(s)
    numbered(s, call)
    to = max(w.now, s.last_heartbeat_at or 0)
    refuse_if(to != s.last_heartbeat_at and (not s.living or s.stale(w.now)), "write.lease_lost")
    w.change(s)
    s.last_heartbeat_at = to
    return {}


def fence(w, call):
    s = w.sessions[call["session_id"]]
    w.own_clock(s)
    refuse_if(not s.living or call["ahead"] != 0, "write.fence")
    w.change(s)
    s.fence = s.revision
    return {}


def strict(w, call):
    s = w.sessions[call["session_id"]]
    w.own_clock(s)
    refuse_if(call["strict"] < s.strict, "write.strict")
    w.change(s)
    s.strict = call["strict"]
    return {}


def incarnation(w, call):
    """A resume by hand."""
    s = w.sessions[call["session_id"]]
    w.own_clock(s)
    refuse_if(not s.living and not can_transition(s.status, "starting"), "transition.illegal")
    refuse_if(s.living and s.status != "starting" and not can_transition(s.status, "starting"),
              "transition.illegal")
    refuse_if(s.living and not w.abandoned(s), "write.incarnation")
    refuse_if(w.living(s.scope) not in (None, s), "write.held")
    revive(w, s, dict.fromkeys(IDENTITY))
    return {}


def delete(w, call):
    """Deleting an ended session is collecting it."""
    s = w.sessions[call["session_id"]]
    w.own_clock(s)
    refuse_if(s.living, "write.living")
    refuse_if(any(child.living and child.parent_session_id == s.session_id for child in w.sessions.values()),
              "write.parent")
    w.collect(s)
    return {}


def insert(w, call):
    scope, number = w.scope_of(call), w.next_number(w.scope_of(call))
    refuse_if(call["session_id"] in w.sessions, "write.exists")
    refuse_if(scope is None and call["session_id"] in w.collected, "write.exists")
    refuse_if(w.living(scope) is not None, "write.held")
    refuse_if(call.get("status") not in ("running", "starting", "idle"), "write.shape")
    refuse_if(call.get("ahead"), "write.stamp")
    refuse_if(call["revision"] != number, "write.revision")
    w.put(call["session_id"], scope, number, status=call["status"], owner_kind="runtime_worker",
          owner_id=call["owner_id"], lease_ttl=60, last_heartbeat_at=w.now)
    return {}


def turn(w, call):
    """A plain UPDATE that ends the open turn, if there is one."""
    s = w.sessions[call["session_id"]]
    if s.open_id is not None:
        w.own_clock(s)
        s.end_turn(w.now, call["state"])
    return {}


def begin(w, call):
    """A plain INSERT of a turn that runs."""
    s = w.sessions[call["session_id"]]
    refuse_if(call["turn_id"] in s.turns, "write.exists")
    w.own_clock(s)
    refuse_if(not allows_turn(s.status), "turn.not_allowed")
    refuse_if(s.open_id is not None, "turn.busy")
    s.turns[call["turn_id"]] = Turn(s, call["turn_id"], w.now, "running", requested_at=None,
                                    **{"start_" + name: 0 for name in USAGE})
    return {}


def result(w, call):
    """A plain INSERT of a result, or an UPDATE of the one that is there, of the present incarnation."""
    s = w.sessions[call["session_id"]]
    key = (s.incarnation, "")
    old = s.results.get(key)
    if old is None:
        refuse_if(s.end_reason in LOST, "fence.token")
        w.own_clock(s)
        s.results[key] = {"status": call["status"], "exit_code": None, "summary": None, "provenance": "agent",
                          "final": 0, "recorded_at": w.now, "revision": 1}
        return {}
    refuse_if(old["final"] or PROVENANCE[call["provenance"]] < PROVENANCE[old["provenance"]], "write.result")
    refuse_if(s.end_reason in LOST, "fence.token")
    w.own_clock(s)
    old.update(status=call["status"], provenance=call["provenance"], summary=None, revision=old["revision"] + 1)
    return {}


def forbidden(w, call):
    """A statement that nobody may make, if it meets a row at all; see forbidden.py."""
    refuse_if(call["meets"], call["code"])
    return {}


STATEMENTS = {"plain_" + name: function for name, function in {
    "status": status, "label": label, "beat": beat, "fence": fence, "strict": strict,
    "incarnation": incarnation, "delete": delete, "insert": insert, "turn": turn, "result": result,
    "forbidden": forbidden, "begin": begin}.items()}
