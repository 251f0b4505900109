"""What sessions and turns do, in Python: a model to hold Tenure's SQL against.

The model is written from the contract and from the tables of the status policy, not from the SQL. It
knows one scope. A call of Scope.run() gives the parts of the report that it foresees, or raises
Refusal with the code. Ids that Tenure mints are taken from its reports by the caller, and so are the
revisions of changes that may take more than one step: those are None until then.
"""

import json

# status: commandable, terminal, allows a turn, what an open turn becomes, the legal next ones
POLICY = {
    "idle": (1, 0, 0, "completed", "starting running ready interrupted error exiting exited failed "
                                   "stopped destroying"),
    "starting": (1, 0, 1, None, "running ready interrupted error exiting exited failed stopped "
                                "destroying"),
    "running": (1, 0, 1, None, "starting ready interrupted error exiting exited failed stopped "
                               "destroying"),
    "ready": (1, 0, 0, "completed", "starting running interrupted error exiting exited failed stopped "
                                    "destroying"),
    "interrupted": (1, 0, 0, "interrupted", "starting running ready error exiting exited failed "
                                            "stopped destroying"),
    "error": (1, 0, 0, "error", "starting running ready interrupted exiting exited failed stopped "
                                "destroying"),
    "exiting": (0, 0, 0, "interrupted", "exited failed"),
    "exited": (0, 1, 0, "interrupted", "starting destroyed"),
    "failed": (0, 1, 0, "error", "starting destroyed"),
    "stopped": (0, 1, 0, "interrupted", "starting destroyed"),
    "destroying": (0, 0, 0, "interrupted", "destroyed"),
    "destroyed": (0, 1, 0, "interrupted", ""),
}
IDLE_MAX = 28800
OPENS = {"turn_request_start", "turn_begin", "turn_steer", "turn_take_input", "request_open"}
FAIL_CLOSED = {"approval": "denied", "permission": "cancelled", "elicitation": "cancelled",
               "user_input": None, "tool_call": None}
OUTCOMES = {"failed": "error", "interrupted": "interrupted", "cancelled": "interrupted"}
PROVIDER_STATES = {"waiting": "running", "connecting": "starting", "closed": "stopped"}
EVENTS = {"session_started", "thread_started", "session_state_changed", "turn_started",
          "turn_completed", "turn_aborted", "session_exited", "runtime_error"}
NEVER_COMPLETED = {"taken_over", "stale_reset", "host-death", "cleared", "forced", "idle"}


class Refusal(Exception):
    """The verb is refused with this code."""


def commandable(status):
    return POLICY[status][0]


def terminal(status):
    return POLICY[status][1]


def allows_turn(status):
    return POLICY[status][2]


def can_transition(status, other):
    return other in POLICY[status][4].split()


def refuse_if(condition, code):
    if condition:
        raise Refusal(code)


class Turn:
    def __init__(self, kind="regular", state="running", message_id=None, start=0):
        self.kind, self.state, self.message_id = kind, state, message_id
        self.start, self.used, self.abort_reason, self.said = start, None, None, None
        self.inputs = []  # [payload, state], by seq

    @property
    def open(self):
        return self.state in ("reserved", "running")


class Session:
    def __init__(self, session_id, owner, ttl, now, number, strict=0, status="running", budget=None,
                 supervisor=None):
        self.id, self.owner, self.ttl, self.strict = session_id, owner, ttl, strict
        self.status, self.budget, self.supervisor = status, budget, supervisor
        self.started = now
        self.beat = None if ttl is None else now
        self.fence = self.revision = number
        self.incarnation = 1
        self.end_reason = self.last_error = self.last_turn = self.pending = None
        self.total, self.input, self.cost, self.limits = 0, 0, 0.0, {}
        self.turns, self.requests, self.grants, self.leftover = {}, {}, set(), []
        self.seen = set()

    def stale(self, now):
        if self.ttl is None:
            return now - max(self.started, self.beat or 0) > IDLE_MAX
        return self.beat + self.ttl <= now or self.beat > now + self.ttl

    @property
    def open_id(self):
        return next((name for name, turn in self.turns.items() if turn.open), None)

    @property
    def open_turn(self):
        return self.turns.get(self.open_id)

    # --- what ends and what goes with it

    def end_turn(self, state, abort_reason=None, said=None):
        """The open turn ends; its requests fail closed, its input is left over, in that order."""
        name = self.open_id
        if name is None:
            return
        turn = self.turns[name]
        turn.state, turn.abort_reason = state, abort_reason
        turn.used = max(0, self.total - turn.start)
        turn.said = said if said is not None else turn.said
        for attempts in self.requests.values():
            for attempt in attempts:
                if attempt["turn"] == name and attempt["state"] == "pending":
                    attempt.update(state="expired", decision=FAIL_CLOSED[attempt["kind"]])
        for entry in turn.inputs:
            if entry[1] == "pending":
                entry[1] = "leftover"
                self.leftover.append((name, entry[0]))

    def enter(self, status, end_reason=None):
        """The session's status changes, or stays: the one place that settles turns by it."""
        if terminal(status) and not terminal(self.status):
            self.end_reason = end_reason or "transition"
        self.status = status
        if not allows_turn(status):
            self.end_turn("interrupted" if self.end_reason in NEVER_COMPLETED
                          else POLICY[status][3])
        if terminal(status) or status in ("error", "interrupted"):
            self.pending = None

    def end(self, wanted, reason):
        """Ends the session by a verb that asks for WANTED, or for the nearest end there is."""
        if self.status == "destroying":
            wanted = "destroyed"
        self.enter(wanted, reason)

    def waiting(self):
        """The ids of the pending requests."""
        return [name for name, attempts in self.requests.items()
                if attempts and attempts[-1]["state"] == "pending"]

    def thread_status(self, now):
        """What a client is shown, with the open turn: nothing happens in a session that is stale."""
        if terminal(self.status):
            return "not_loaded", None
        if not self.stale(now) and (self.open_id or self.waiting()):
            return "active", self.open_id
        return "system_error" if self.status == "error" else "idle", None


class Scope:
    """One scope with all the sessions that it ever had; the last one is the present one."""

    def __init__(self, name):
        self.name, self.sessions, self.receipts = name, [], {}

    @property
    def last(self):
        return self.sessions[-1] if self.sessions else None

    @property
    def living(self):
        return next((s for s in self.sessions if not terminal(s.status)), None)

    def find(self, session_id):
        return next((s for s in self.sessions if s.id == session_id), None)

    def counter(self):
        """The scope's counter: the highest revision of its rows, as they never are behind it."""
        return max((s.counted for s in self.sessions), default=0)

    def run(self, verb, call, now):
        """Runs a verb with its columns at NOW. Gives what is foreseen of the report."""
        receipt = call.get("receipt_id")
        for session in self.sessions:
            session.last_turn = ANY
        if receipt in self.receipts:
            kept_verb, kept_session, report = self.receipts[receipt]
            refuse_if(kept_verb != verb or kept_session != call.get("session_id"), "receipt.conflict")
            return {**report, "replayed": True}
        report = getattr(self, verb)(call, now)
        if receipt is not None:
            self.receipts[receipt] = (verb, call.get("session_id"), report)
        return report

    # --- sessions

    def put(self, owner, ttl, now, old=None, **columns):
        """A new session, with the number that its predecessor ended with, or the next one."""
        number = self.counter() + 1
        self.sessions.append(Session(None, owner, ttl, now, number, **columns))
        self.last.counted = number
        if old is not None:
            old.revision = old.counted = number
        return self.last

    def start(self, call, now):
        living, actor, ttl = self.living, call.get("actor_id"), call.get("lease_ttl")
        wanted = {"strict": call.get("strict", 0), "status": call.get("status", "running"),
                  "budget": call.get("token_budget"), "supervisor": call.get("supervisor_id")}
        owner = actor or "interactive"
        if living is None:
            new = self.put(owner, ttl, now, **wanted)
            return {"reset": True, "fence": new.fence}
        same = living.owner == owner
        if living.stale(now):
            if living.ttl is not None:
                refuse_if(actor is None, "start.stale_autonomous")
                refuse_if(not same, "start.stale_other_owner")
                wanted["supervisor"] = wanted["supervisor"] or living.supervisor
            living.end("failed", "stale_reset")
            new = self.put(owner, ttl, now, old=living, **wanted)
            return {"reset": True, "fence": new.fence, "prior_session_id": living.id}
        if living.ttl is None:
            refuse_if(actor is not None, "start.live_interactive")
        else:
            refuse_if(actor is None, "start.live_autonomous")
            refuse_if(not same, "start.live_other_owner")
        fence = call.get("fence")
        refuse_if(fence is not None and fence != living.fence, "fence.token")
        refuse_if(living.strict and fence is None, "fence.required")
        living.strict = max(living.strict, wanted["strict"])
        living.supervisor = wanted["supervisor"] or living.supervisor
        living.started = max(now, living.started)
        self.changed(living)
        if living.ttl is not None:
            living.ttl = max(ttl, living.beat + living.ttl - max(now, living.beat))
            living.beat = max(now, living.beat)
            if fence is None:
                living.fence = living.revision
        return {"reset": False, "session_id": living.id, "fence": living.fence}

    def changed(self, session):
        """The row of a living session changes once."""
        session.revision += 1
        session.counted = session.revision

    def heartbeat(self, call, now):
        s = self.find(call["session_id"])
        refuse_if(s is None, "heartbeat.missing")
        refuse_if(terminal(s.status), "fence.session")
        fence = call.get("fence")
        refuse_if(s.ttl is not None and call.get("actor_id") != s.owner and fence != s.fence,
                  "heartbeat.not_owner")
        self.fenced(s, fence)
        refuse_if(s.stale(now), "heartbeat.stale")
        s.beat = max(now, s.beat or 0)
        self.changed(s)
        return {"revision": s.revision, "fence": s.fence}

    def fenced(self, s, fence):
        refuse_if(fence is not None and fence != s.fence, "fence.token")
        refuse_if(s.strict and fence is None, "fence.required")

    def takeover(self, call, now):
        old = self.living
        refuse_if(old is None, "takeover.missing")
        refuse_if(old.ttl is None, "takeover.not_autonomous")
        refuse_if(not old.stale(now), "takeover.live")
        refuse_if(old.owner == call["actor_id"], "takeover.same_actor")
        old.end("failed", "taken_over")
        new = self.put(call["actor_id"], old.ttl, now, old=old, strict=old.strict,
                       supervisor=old.supervisor)
        return {"prior_session_id": old.id, "fence": new.fence, "revision": new.revision}

    def clear(self, call, now):
        s, forced, fence = self.living, call.get("force") == 1, call.get("fence")
        if s is None:
            return {"cleared": False}
        actor = call.get("actor_id")
        refuse_if(fence is not None and fence != s.fence, "fence.token")
        refuse_if(s.strict and fence is None and not forced and not s.stale(now)
                  and actor == s.owner, "fence.required")
        if s.ttl is not None and not forced and fence is None and actor != s.owner:
            refuse_if(actor is None, "clear.actor_required")
            refuse_if(s.stale(now), "clear.denied_stale")
            raise Refusal("clear.denied")
        s.end("exited", "forced" if forced else "cleared")
        self.changed(s)
        return {"cleared": True, "session_id": s.id, "cleared_revision": s.revision}

    def resume(self, call, now):
        s = self.find(call["session_id"])
        refuse_if(s is None, "resume.missing")
        fence = call.get("fence")
        refuse_if(fence is not None and fence != s.fence, "fence.token")
        refuse_if(s.status == "destroyed", "resume.destroyed")
        refuse_if(s.status in ("exiting", "destroying"), "resume.not_resumable")
        refuse_if(self.living not in (None, s), "resume.held")
        refuse_if(self.living is s and not s.stale(now), "resume.live")
        refuse_if(s.ttl is not None and fence is None and call.get("actor_id") != s.owner,
                  "resume.denied")
        s.end_turn("interrupted")
        s.status, s.end_reason, s.last_error = "starting", None, None
        s.incarnation += 1
        s.grants.clear()  # what was approved was approved for the one before
        s.revision = s.counted = s.fence = max(self.counter(), s.revision) + 1
        s.started = now
        s.beat = None if s.ttl is None else now
        return {"incarnation": s.incarnation, "status": "starting", "fence": s.fence}

    def transition(self, call, now):
        s, status = self.find(call["session_id"]), call["status"]
        refuse_if(s is None, "transition.missing")
        self.same_incarnation(s, call)
        fence = call.get("fence")
        self.fenced(s, fence)
        refuse_if(s.ttl is not None and fence is None and call.get("actor_id") != s.owner,
                  "transition.denied")
        if s.status != status:
            refuse_if(not can_transition(s.status, status), "transition.illegal")
            refuse_if(terminal(s.status) and status == "starting", "transition.revival")
            self.touch(s)
            s.enter(status)
        return {"status": status}

    def raw_status(self, call, now):
        """A plain UPDATE of the status meets the same edges and has the same effects."""
        s, status = self.find(call["session_id"]), call["status"]
        refuse_if(not can_transition(s.status, status), "transition.illegal")
        self.touch(s)
        s.enter(status)
        return {}

    def raw_turn(self, call, now):
        """A plain UPDATE that ends the open turn."""
        self.find(call["session_id"]).end_turn(call["state"])
        return {}

    def touch(self, s):
        """The row changes; an ended row that stays ended leaves the scope's counter alone."""
        s.revision += 1
        if not terminal(s.status):
            s.counted = s.revision

    def same_incarnation(self, s, call):
        refuse_if(call.get("incarnation") not in (None, s.incarnation), "fence.session")

    # --- turns

    def gate(self, verb, call, now, incarnation=True):
        s = self.find(call["session_id"])
        refuse_if(s is None, "turn.missing")
        refuse_if(verb in OPENS and terminal(s.status), "fence.session")
        if incarnation:
            self.same_incarnation(s, call)
        self.fenced(s, call.get("fence"))
        refuse_if(verb in OPENS and s.stale(now), "turn.stale")
        return s

    def turn_request_start(self, call, now):
        s = self.gate("turn_request_start", call, now)
        refuse_if(not commandable(s.status), "turn.not_allowed")
        self.touch(s)
        s.enter("running" if s.status == "running" else "starting")
        s.pending = [call.get("message_id")]
        return {"status": s.status, "message_id": call.get("message_id")}

    def turn_begin(self, call, now):
        s = self.gate("turn_begin", call, now)
        name, reserve = call.get("turn_id"), call.get("reserve") == 1
        refuse_if(not commandable(s.status), "turn.not_allowed")
        refuse_if(s.budget is not None and s.total >= s.budget, "turn.budget")
        open_turn = s.open_turn
        occupies = open_turn is not None and open_turn.state == "reserved" and s.open_id == name
        if not occupies:
            refuse_if(open_turn is not None and call.get("replace") != 1, "turn.busy")
            refuse_if(name in s.turns, "turn.exists")
            s.end_turn("interrupted", "replaced")
            s.turns[name] = Turn(call.get("kind", "regular"), "reserved", None, s.total)
        turn = s.turns[name]
        message = call.get("message_id") or (s.pending and s.pending[0])
        turn.message_id = message or turn.message_id
        s.pending = None
        self.touch(s)
        s.enter("starting" if reserve else "running")
        turn.state = "reserved" if reserve else "running"
        return {"turn_id": name, "state": turn.state, "status": s.status, "kind": turn.kind,
                "message_id": turn.message_id, "revision": s.revision}

    def running(self, s, expected):
        turn = s.open_turn
        refuse_if(turn is None or turn.state != "running", "steer.no_active_turn")
        refuse_if(expected not in (None, s.open_id), "steer.mismatch")
        return turn

    def turn_steer(self, call, now):
        s = self.gate("turn_steer", call, now)
        turn = self.running(s, call.get("expected_turn_id"))
        refuse_if(turn.kind != "regular", "steer.not_steerable")
        refuse_if(not (call.get("input") or "").strip(), "steer.empty")
        turn.inputs.append([call["input"], "pending"])
        return {"turn_id": s.open_id, "seq": len(turn.inputs)}

    def turn_take_input(self, call, now):
        s = self.gate("turn_take_input", call, now)
        turn = self.running(s, call.get("turn_id"))
        taken = []
        for seq, entry in enumerate(turn.inputs, 1):
            if entry[1] == "pending":
                entry[1] = "consumed"
                taken.append((seq, entry[0]))
        return {"turn_id": s.open_id, "taken": taken}

    def turn_end(self, call, now):
        s = self.gate("turn_end", call, now)
        name, said = call.get("turn_id"), call.get("message")
        state = OUTCOMES.get(call.get("outcome"), "completed")
        recorded = s.open_id is None and name is not None and name not in s.turns \
            and not terminal(s.status)
        if name is None or (name != s.open_id and not recorded):
            return {"applied": False, "status": s.status}
        self.spend(s, call)
        s.end_turn(state, said=ANY if state == "error" else said)
        if recorded:
            s.turns[name] = self.recorded(state)
        if state == "error":
            s.last_error = said if said is not None else s.last_error
        if allows_turn(s.status):
            s.enter("error" if state == "error" else "ready")
        s.revision = None
        return {"applied": True, "state": state, "turn_id": name, "status": s.status}

    def recorded(self, state):
        """A turn that is known by its end alone."""
        turn = Turn(state=state, message_id=ANY)
        turn.used = turn.said = ANY
        return turn

    def abort(self, s, reason):
        s.end_turn("interrupted", reason)
        self.touch(s)
        s.enter("interrupted" if reason == "interrupted" else "ready")

    def turn_abort(self, call, now):
        s = self.gate("turn_abort", call, now)
        name = s.open_id
        if name is None:
            return {"aborted": False, "status": s.status}
        refuse_if(call.get("turn_id") not in (None, name), "abort.mismatch")
        self.abort(s, call.get("reason") or "interrupted")
        return {"aborted": True, "turn_id": name, "status": s.status}

    # --- requests

    def request_open(self, call, now):
        s = self.gate("request_open", call, now)
        name, turn, kind = call["request_id"], s.open_id, call["kind"]
        if call.get("turn_id") not in (None, turn):
            turn = None
        attempts = s.requests.setdefault(name, [])
        if attempts:
            refuse_if(attempts[-1]["state"] != "pending", "request.used")
            attempts[-1].update(state="expired", decision=FAIL_CLOSED[attempts[-1]["kind"]])
        new = {"turn": turn, "kind": kind, "incarnation": s.incarnation,
               "state": "pending" if turn else "expired",
               "decision": None if turn else FAIL_CLOSED[kind]}
        attempts.append(new)
        return {"attempt": len(attempts), "state": new["state"], "decision": new["decision"]}

    def request_resolve(self, call, now):
        s = self.gate("request_resolve", call, now)
        decision, attempts = call["decision"], s.requests.get(call["request_id"])
        if not attempts or attempts[-1]["state"] != "pending":
            return {"applied": False, "stale": True, "status": s.status}
        attempts[-1].update(state="resolved", decision=decision)
        if decision == "approved_for_session":
            s.grants.update(json.loads(call.get("remember") or "[]"))
        if decision == "abort":
            self.abort(s, "interrupted")
        return {"applied": True, "stale": False, "decision": decision, "status": s.status}

    # --- usage

    def spend(self, s, call):
        s.total += call.get("total") or 0
        s.input += call.get("input") or 0
        s.cost += call.get("cost_usd") or 0.0

    def usage(self, call, now):
        s = self.gate("usage", call, now)
        refuse_if(any((call.get(name) or 0) < 0 for name in ("total", "input", "cost_usd")),
                  "usage.delta")
        self.spend(s, call)
        s.limits.update(json.loads(call.get("rate_limits") or "{}"))
        self.touch(s)
        return {"total": s.total, "input": s.input, "cost_usd": s.cost,
                "over_budget": s.budget is not None and s.total >= s.budget}

    # --- events of the provider

    def provider_event(self, call, now):
        kind = call["type"].replace(".", "_")
        refuse_if(kind not in EVENTS, "usage.event")
        s = self.gate("provider_event", call, now, incarnation=False)
        event, known = call.get("event_id"), call.get("event_id") in s.seen
        if event is not None:
            s.seen.add(event)
        if call.get("incarnation") not in (None, s.incarnation):
            return self.ignored(s, "stale_incarnation", known and "duplicate")
        if known:
            return self.ignored(s, "duplicate")
        change = getattr(self, kind)(s, call.get("turn_id"), call)
        if change is None:
            return self.ignored(s, "illegal") if terminal(s.status) else self.ignored(s)
        status, apply = change
        if terminal(s.status) or (status != s.status and not can_transition(s.status, status)):
            return self.ignored(s, "illegal")
        s.revision = None
        apply()
        s.enter(status)
        return {"applied": True, "status": s.status, "active_turn_id": s.open_id}

    def ignored(self, s, *reasons):
        """REASONS are those that may be given; none: any."""
        return {"applied": False, "status": s.status, "active_turn_id": s.open_id,
                "reasons": {reason for reason in reasons if reason}}

    # Each gives None if the event does not fit, or the status to write and what else to do.

    def session_started(self, s, turn, call):
        status = "running" if s.open_id else "starting" if self.waits(s) else "ready"
        return status, lambda: self.note(s, status == "ready")

    thread_started = session_started

    def waits(self, s):
        return s.pending is not None and s.status == "starting"

    def note(self, s, clear, message=None, error=False):
        if clear:
            s.last_error = None
        if error:
            s.last_error = message or s.last_error or ANY

    def session_state_changed(self, s, turn, call):
        mapped = PROVIDER_STATES.get(call["state"], call["state"])
        status = "starting" if mapped == "ready" and self.waits(s) else mapped

        def apply():
            if not allows_turn(mapped):
                s.end_turn(POLICY[mapped][3])
            self.note(s, status in ("ready", "interrupted"), call.get("message"), mapped == "error")
        return status, apply

    def turn_started(self, s, turn, call):
        if s.open_id is None and turn is None:
            return "running", lambda: None
        if turn is None or (turn in s.turns and not s.turns[turn].open):
            return None
        if s.open_id not in (None, turn) and not (
                s.pending is not None and call.get("expected_turn_id") == turn):
            return None

        def apply():
            if s.open_id != turn:
                s.end_turn("interrupted", ANY)
                s.turns[turn] = Turn(start=s.total, state="reserved")
            opened = s.turns[turn]
            opened.state = "running"
            opened.message_id = (s.pending and s.pending[0]) or opened.message_id
            s.pending = None
        return "running", apply

    def turn_completed(self, s, turn, call):
        if turn is None or (s.open_id or turn) != turn or (
                turn in s.turns and not s.turns[turn].open):
            return None
        state = OUTCOMES.get(call.get("outcome"), "completed")

        def apply():
            if s.open_id is None:
                s.turns[turn] = self.recorded(state)
            s.end_turn(state, said=ANY)
            self.note(s, state != "error", call.get("message"), state == "error")
        return "error" if state == "error" else "ready", apply

    def turn_aborted(self, s, turn, call):
        if turn is None or turn != s.open_id:
            return None

        def apply():
            s.end_turn("interrupted", ANY, ANY)
            self.note(s, True)
        return "interrupted", apply

    def session_exited(self, s, turn, call):
        return "exited" if s.status == "exiting" else "stopped", lambda: None

    def runtime_error(self, s, turn, call):
        if s.open_id is not None and turn not in (None, s.open_id):
            return None

        def apply():
            self.note(s, False, call.get("message"), True)
            s.last_turn = turn or ANY
        return "error", apply


class _Any:
    """Equal to everything: what the contract leaves open."""

    def __eq__(self, other):
        return True

    def __hash__(self):
        return 0

    def __repr__(self):
        return "anything"


ANY = _Any()
