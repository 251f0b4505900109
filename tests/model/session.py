"""A session, its turns and what belongs to them: what is stored, and what time and processes make of it.

Attributes have the names of the columns, so that what the model believes is compared column by column.
"""

from operator import attrgetter

from policy import (FAIL_CLOSED, IDLE_MAX, NEVER_COMPLETED, allows_turn, can_transition, settles_as,
                    terminal)

# What can be used, and none of it.
USAGE = {"input": 0, "cached_input": 0, "output": 0, "reasoning_output": 0, "total": 0, "cost_usd": 0.0}
# The evidence of the lease is NULL under a virtual clock; the one session of the machine's clock has some.
SESSION_COLUMNS = """session_id scope incarnation status mode owner_kind owner_id supervisor_id strict clock
lease_ttl started_at last_started_at start_count last_heartbeat_at progress_at no_progress_count last_outcome
changed_at revision fence current_activity activity_at ended_at end_reason ended_by end_note exit_code
exit_signal failure_origin failure_reason last_error last_turn_id predecessor_id parent_session_id host
boot_id pid pid_start_ticks label command cwd token_budget usage_input usage_cached_input usage_output
usage_reasoning_output usage_total usage_cost_usd rate_limits schema_version""".split()
TURN_COLUMNS = ("session_id turn_id incarnation kind state abort_reason requested_at started_at ended_at"
                " last_agent_message message_id".split()
                + ["start_" + name for name in USAGE] + ["used_" + name for name in USAGE])

session_row = attrgetter(*SESSION_COLUMNS)
turn_row = attrgetter(*TURN_COLUMNS)


class Turn:
    def __init__(self, session, turn_id, now, state, **columns):
        self.session_id, self.turn_id, self.incarnation = session.session_id, turn_id, session.incarnation
        self.kind, self.state, self.abort_reason = "regular", state, None
        self.requested_at = self.started_at = now
        self.ended_at = self.last_agent_message = self.message_id = None
        for name in USAGE:
            setattr(self, "start_" + name, getattr(session, "usage_" + name))
            setattr(self, "used_" + name, None)
        self.inputs = []  # [payload, at, state], by seq
        self.__dict__.update(columns)


class Session:
    def __init__(self, **columns):
        for name in SESSION_COLUMNS:
            setattr(self, name, None)
        self.incarnation = self.start_count = 1
        self.mode, self.strict, self.no_progress_count, self.schema_version = "general", 0, 0, 4
        for name, nothing in USAGE.items():
            setattr(self, "usage_" + name, nothing)
        self.turns = {}
        self.requests = {}  # by id, a list of attempts
        self.grants = set()  # (key, turn or '')
        self.history = []  # (turn, kind, payload, at)
        self.seen = {}  # provider events, with the time
        self.pending = None  # (message_id, requested_at)
        self.results, self.completions, self.baselines = {}, {}, {}
        self.trail = []  # (incarnation, status) as it entered them
        self.__dict__.update(columns)
        self.trail.append((1, self.status))

    @property
    def living(self):
        return self.status not in ("exited", "failed", "stopped", "destroyed")

    @property
    def autonomous(self):
        return self.owner_kind != "interactive"

    # --- the lease, by the wall rule

    def expires_at(self):
        return self.last_heartbeat_at + self.lease_ttl if self.autonomous else None

    def stale_reason(self, now):
        if not self.autonomous:
            seen = max(self.last_started_at, self.last_heartbeat_at or self.last_started_at)
            return "expired" if now - seen > IDLE_MAX else None
        if self.last_heartbeat_at - now > self.lease_ttl:
            return "clock"
        return "expired" if self.expires_at() <= now else None

    def stale(self, now):
        return self.stale_reason(now) is not None

    def remaining(self, now):
        """Seconds left of a lease; None for a session without one."""
        if not self.autonomous:
            return None
        return 0 if self.stale(now) else self.expires_at() - now

    def abandoned(self, now, processes):
        return self.stale(now) or processes.state(self) == "dead"

    def verdict(self, now, processes):
        process, stale = processes.state(self), self.stale(now)
        overdue = now - self.expires_at() if stale and self.autonomous else 0
        spared = self.status == "starting" and self.pid is None and now - self.last_started_at <= 60
        if process == "dead" or (process != "live" and overdue > (self.lease_ttl or 0) and not spared):
            return "dead"
        if process == "live" or not stale:
            return "owned"
        return "passive" if abs(now - max(self.changed_at, self.progress_at or 0)) <= 30 else "unknown"

    def idle_secs(self, now):
        return max(0, now - max(self.changed_at, self.last_heartbeat_at or 0, self.progress_at or 0))

    # --- what is open

    @property
    def open_turn(self):
        return next((turn for turn in self.turns.values() if turn.ended_at is None), None)

    @property
    def open_id(self):
        turn = self.open_turn
        return turn and turn.turn_id

    def waiting(self):
        """The pending requests."""
        return [tries[-1] for tries in self.requests.values() if tries[-1]["state"] == "pending"]

    # --- what ends, and what goes with it

    def end_turn(self, now, state, **columns):
        """The open turn ends: its requests fail closed, its input is left over, its grants go."""
        turn = self.open_turn
        if turn is None:
            return
        turn.state, turn.ended_at = state, max(now, turn.started_at)
        turn.__dict__.update(columns)
        for name, nothing in USAGE.items():
            used = getattr(self, "usage_" + name) - getattr(turn, "start_" + name)
            setattr(turn, "used_" + name, max(nothing, used))
        if turn.abort_reason == "interrupted":
            self.history.append((turn.turn_id, "turn_aborted", None, now))
        for request in self.waiting():
            if request["turn_id"] == turn.turn_id:
                expire(request, now)
        for entry in turn.inputs:
            if entry[2] == "pending":
                entry[2] = "leftover"
                self.history.append((turn.turn_id, "leftover_input", entry[0], now))
        self.grants = {grant for grant in self.grants if grant[1] != turn.turn_id}

    def enter(self, status, now, end_reason=None, **columns):
        """The status changes, or stays: the one place where sessions end and turns settle by it."""
        if terminal(status) and self.living:
            self.ended_at, self.end_reason = max(now, self.started_at), end_reason or "transition"
        if status != self.status:
            self.trail.append((self.incarnation, status))
        self.status = status
        self.__dict__.update(columns)
        if not allows_turn(status):
            self.end_turn(now, "interrupted" if self.end_reason in NEVER_COMPLETED else settles_as(status))
        if terminal(status) or status in ("error", "interrupted"):
            self.pending = None

    # --- what a client is shown

    def thread_status(self, now, processes):
        """Status, waits for approval, waits for the user, active turn: nothing goes on in what is dead."""
        if not self.living:
            return "not_loaded", 0, 0, None
        idle = "system_error" if self.status == "error" else "idle"
        if self.abandoned(now, processes):
            return idle, 0, 0, None
        kinds = [request["kind"] for request in self.waiting()]
        return ("active" if self.open_id or kinds else idle, int(any(k != "user_input" for k in kinds)),
                int("user_input" in kinds), self.open_id)

    def reapable(self, now, processes):
        return (self.living and self.verdict(now, processes) != "owned" and not self.waiting()
                and can_transition(self.status, "stopped") and self.open_turn is None)

    def reap_idle(self, now):
        """Seconds since the latest of heartbeat, progress, change and the end of a turn."""
        ends = [turn.ended_at for turn in self.turns.values() if turn.ended_at is not None]
        return max(0, min([self.idle_secs(now)] + ([now - max(ends)] if ends else [])))


def expire(request, now):
    request.update(state="expired", decision=FAIL_CLOSED[request["kind"]],
                   resolved_at=max(now, request["created_at"]))
