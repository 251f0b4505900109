"""One scope as a sequential program: what each operation answers and changes when nothing else happens at the
same time. Written from the contract, not from the SQL. search.py looks for an order of the operations of many
processes that this program could have gone through.

An operation is judged at one moment, of which only an interval is known. Two facts depend on it: whether the
lease of the holder has run out, and whether the holder's process is dead. So a judgement is asked for each
combination of the two that the interval allows.

    judge(state, op, moment)          the code of the refusal, None if the operation is accepted
    perform(state, op, moment, past)  the state after it, or a sentence that says in what it differs from what
                                      was seen
"""

from collections import namedtuple

SECOND = 1_000_000_000

# A session. EXPIRES is the interval (low, high) in which its lease runs out, PROCESS the life that gave its
# identity, None if none did. IS_REPLACED: another took its place, and its fence is worth nothing any more.
Session = namedtuple("Session", "id status owner fence revision strict ttl expires process incarnation is_replaced",
                     defaults=[False])

# The scope. ENDED: the sessions that ended, by id; TRAIL identifies them. VALUE is what the last guarded row
# says, ROWS and EVENTS how much of the guarded table and of the event log is there by now.
State = namedtuple("State", "counter holder ended trail value rows events")

# When an operation is judged: at a time in LOW..HIGH (monotonic ns), at which this holds of the holder.
Moment = namedtuple("Moment", "low high stale dead")

EMPTY = State(0, None, {}, 0, 0, 0, 0)

TERMINAL = {"exited", "failed", "stopped", "destroyed"}
COMMANDABLE = {"idle", "starting", "running", "ready", "interrupted", "error"}


def key(state):
    return (state.counter, state.holder, state.trail, state.value, state.rows, state.events)


def can_transition(old, new):
    if old in COMMANDABLE:
        return new not in ("idle", "destroyed")
    if old in ("exited", "failed", "stopped"):
        return new in ("starting", "destroyed")
    return new in {"exiting": ("exited", "failed"), "destroying": ("destroyed",)}.get(old, ())


def end_status(old, wanted):
    """The nearest legal end. A takeover ends failed from exiting too."""
    return "destroyed" if old == "destroying" else wanted


# --- judgement: the refusals of 02, in their order

def judge(state, op, moment):
    if op.session is not None and find(state, op.session) is None:
        return f"{op.verb}.missing"
    return JUDGES[op.verb](state, op, moment.stale, is_abandoned(moment))


def is_abandoned(moment):
    return moment.stale or moment.dead


def fence_code(op, session, is_required):
    if op.fence is not None and op.fence != session.fence:
        return "fence.token"
    return "fence.required" if op.fence is None and is_required else None


def may_speak(op, session):
    return op.fence is not None or op.actor == session.owner


def is_proven(op, holder):
    return op.fence == holder.fence or (op.identity and holder.process == op.life)


def judge_start(state, op, _stale, abandoned):
    holder = state.holder
    if holder is None:
        return None
    if holder.owner != op.actor:
        return "start.stale_other_owner" if abandoned else "start.live_other_owner"
    if abandoned:
        return None
    return fence_code(op, holder, holder.strict and not is_proven(op, holder))


def judge_takeover(state, op, _stale, abandoned):
    holder = state.holder
    if holder is None:
        return "takeover.missing"
    if not abandoned:
        return "takeover.live"
    return "takeover.same_actor" if holder.owner == op.actor else None


def judge_heartbeat(state, op, stale, _abandoned):
    holder = state.holder
    if op.session is not None and (holder is None or holder.id != op.session):
        return "fence.session"
    if holder is None:
        return "heartbeat.missing"
    if op.actor != holder.owner and op.fence != holder.fence:
        return "heartbeat.not_owner"
    return fence_code(op, holder, holder.strict) or ("heartbeat.stale" if stale else None)


def judge_clear(state, op, _stale, abandoned):
    holder = state.holder
    if op.session is not None and (holder is None or holder.id != op.session):
        return fence_code(op, state.ended[op.session], False)
    if holder is None:
        return None
    code = fence_code(op, holder, holder.strict and not abandoned and holder.owner == op.actor)
    if code is None and not may_speak(op, holder):
        return "clear.denied_stale" if abandoned else "clear.denied"
    return code


def judge_transition(state, op, _stale, _abandoned):
    session = find(state, op.session)
    code = fence_code(op, session, session.strict)
    if code is not None:
        return code
    if session.is_replaced and op.fence is not None:
        return "fence.token"
    if not may_speak(op, session):
        return "transition.denied"
    if op.expected is not None and op.expected != session.revision:
        return "transition.conflict"
    if op.status == session.status:
        return None
    if not can_transition(session.status, op.status):
        return "transition.illegal"
    return "transition.revival" if session.status in TERMINAL and op.status == "starting" else None


def judge_resume(state, op, _stale, abandoned):
    session, holder = find(state, op.session), state.holder
    code = fence_code(op, session, False)
    if code is not None:
        return code
    if session.status == "destroyed":
        return "resume.destroyed"
    if session.status in ("exiting", "destroying"):
        return "resume.not_resumable"
    if holder is not None and holder.id != session.id:
        return "resume.held"
    if holder is not None and not abandoned:
        return "resume.live"
    return None if may_speak(op, session) else "resume.denied"


def judge_write(state, op, stale, _abandoned):
    holder = state.holder
    if op.fence is None:
        return "fence.required"
    if holder is None or holder.id != op.session or holder.fence != op.fence:
        return "fence.token"
    return "fence.stale" if stale else None


JUDGES = {"start": judge_start, "takeover": judge_takeover, "heartbeat": judge_heartbeat,
          "clear": judge_clear, "transition": judge_transition, "resume": judge_resume,
          "write": judge_write}


def find(state, session_id):
    if state.holder is not None and state.holder.id == session_id:
        return state.holder
    return state.ended.get(session_id)


# --- change. PAST is what the database has recorded of the scope: past.events and past.rows, in their order.

def perform(state, op, moment, past):
    return PERFORMERS[op.verb](state, op, moment, past)


def events_fit(state, op, past, *wanted):
    """None if the log goes on with WANTED, pairs of an event's name and what its row must say besides who did
    it."""
    for place, (name, fields) in enumerate(wanted, state.events):
        if place >= len(past.events):
            return f"the log ends before the event {name}"
        event = past.events[place]
        seen = {**event, **event["detail"]}
        if event["event"] != name:
            return f"the log has {event['event']} of revision {event['revision']} instead of {name}"
        for field, value in {**fields, "actor_id": op.actor, "verb": op.verb}.items():
            if seen.get(field) != value:
                return f"the event {name} has {field} {seen.get(field)}, not {value}"
    return None


def report_fits(op, **wanted):
    """None if the report says what is WANTED. A killed process has left no report."""
    if op.report is None:
        return None
    for field, value in wanted.items():
        if op.report.get(field) != value:
            return f"its report has {field} {op.report.get(field)}, not {value}"
    return None


def granted(op, moment, ttl, past):
    """When a lease that begins at the moment runs out."""
    if op.deadline is not None:
        return (op.deadline, op.deadline)
    slack = 0 if past.has_evidence else SECOND  # the wall rule counts whole seconds
    return (moment.low + ttl * SECOND - slack, moment.high + ttl * SECOND)


def next_created(state, past, place=0):
    """The id that the log has for the next new session."""
    at = state.events + place
    return past.events[at]["session_id"] if at < len(past.events) else None


def with_ended(state, session):
    """Of a state, the fields in which SESSION has ended or changed since."""
    return {"ended": {**state.ended, session.id: session}, "trail": hash((state.trail, session))}


def perform_start(state, op, moment, past):
    if state.holder is None:
        return create(state, op, moment, past)
    if is_abandoned(moment):
        return create(state, op, moment, past, "stale_reset")
    return join(state, op, moment, past)


def join(state, op, moment, past):
    """The same session goes on: for the process that proves to hold it, or for a twin with a new fence."""
    holder, number = state.holder, state.counter + 1
    fence = holder.fence if is_proven(op, holder) else number
    ttl = op.ttl
    if state.events < len(past.events):
        ttl = past.events[state.events]["detail"].get("lease_ttl", holder.ttl)
    left = min(holder.ttl, -(-(holder.expires[1] - moment.low) // SECOND))
    if not op.ttl <= ttl <= max(op.ttl, left):
        return f"its lease became {ttl} s, asked for were {op.ttl}, left {left}"
    process = op.life if op.identity else holder.process if fence == holder.fence else None
    fault = events_fit(state, op, past, ("session.joined", {
        "session_id": holder.id, "revision": number,
        "fence": None if fence == holder.fence else fence}))
    fault = fault or report_fits(op, session_id=holder.id, fence=fence, revision=number, reset=False,
                                 lease_ttl_secs=ttl)
    return fault or state._replace(
        counter=number, events=state.events + 1,
        holder=holder._replace(fence=fence, revision=number, strict=max(holder.strict, op.strict), ttl=ttl,
                               process=process, expires=granted(op, moment, ttl, past)))


def create(state, op, moment, past, end_reason=None):
    """A new session; in the place of the holder, who ends for END_REASON with the same number, if there is
    one."""
    old, number = state.holder, state.counter + 1
    created = next_created(state, past, 0 if old is None else 1)
    prior = None if old is None else old.id
    ttl = op.ttl if op.ttl is not None else old.ttl
    wanted = [("session.created", {"session_id": created, "revision": number, "fence": number,
                                   "owner_id": op.actor, "lease_ttl": ttl,
                                   "predecessor_id": prior})]
    ended = {}
    if old is not None:
        status = end_status(old.status, "failed")
        wanted.insert(0, ("session.ended", {"session_id": old.id, "revision": number, "to_status": status,
                                            "end_reason": end_reason}))
        ended = with_ended(state, old._replace(status=status, revision=number, process=None, is_replaced=True))
    fault = events_fit(state, op, past, *wanted)
    fault = fault or report_fits(op, session_id=created, fence=number, revision=number,
                                 prior_session_id=prior, lease_ttl_secs=ttl,
                                 reset=True if op.verb == "start" else None)
    return fault or state._replace(
        counter=number, events=state.events + len(wanted), **ended,
        holder=Session(created, "running", op.actor, number, number,
                       old.strict if op.verb == "takeover" else op.strict, ttl,
                       granted(op, moment, ttl, past), op.life if op.identity else None, 1))


def perform_takeover(state, op, moment, past):
    return create(state, op, moment, past, "taken_over")


def perform_heartbeat(state, op, moment, past):
    holder, number = state.holder, state.counter + 1
    wanted = []
    if op.activity is not None:
        wanted = [("session.activity", {"session_id": holder.id, "revision": number,
                                        "activity": op.activity})]
    fault = report_fits(op, session_id=holder.id, fence=holder.fence, revision=number)
    fault = fault or events_fit(state, op, past, *wanted)
    return fault or state._replace(counter=number, events=state.events + len(wanted), holder=holder._replace(
        revision=number, expires=granted(op, moment, holder.ttl, past)))


def finish(state, op, status, end_reason, past, report):
    """The holder ends."""
    holder, number = state.holder, state.counter + 1
    fault = events_fit(state, op, past, ("session.ended", {
        "session_id": holder.id, "revision": number, "to_status": status, "end_reason": end_reason}))
    fault = fault or report_fits(op, session_id=holder.id, **report)
    return fault or state._replace(counter=number, holder=None, events=state.events + 1, **with_ended(
        state, holder._replace(status=status, revision=number, process=None)))


def perform_clear(state, op, _moment, past):
    holder = state.holder
    if holder is None or op.session not in (None, holder.id):
        return report_fits(op, cleared=False) or state
    return finish(state, op, end_status(holder.status, "exited"), "cleared", past,
                  {"cleared": True, "cleared_revision": state.counter + 1})


def perform_transition(state, op, _moment, past):
    session = find(state, op.session)
    if op.status == session.status:
        return report_fits(op, changed=False, revision=session.revision, fence=session.fence) or state
    number = session.revision + 1
    report = {"changed": True, "status": op.status, "revision": number, "fence": session.fence}
    if session is state.holder and op.status in TERMINAL:
        return finish(state, op, op.status, "transition", past, report)
    fault = events_fit(state, op, past, ("session.status", {
        "session_id": session.id, "revision": number, "to_status": op.status}))
    fault = fault or report_fits(op, session_id=session.id, **report)
    if fault:
        return fault
    session = session._replace(status=op.status, revision=number)
    if session.id in state.ended:
        return state._replace(events=state.events + 1, **with_ended(state, session))
    return state._replace(events=state.events + 1, counter=number, holder=session)


def perform_resume(state, op, moment, past):
    session = find(state, op.session)
    number = max(state.counter, session.revision) + 1
    ttl = op.ttl if op.ttl is not None else session.ttl
    fault = events_fit(state, op, past, ("session.resumed", {
        "session_id": session.id, "revision": number, "fence": number, "to_status": "starting",
        "incarnation": session.incarnation + 1}))
    fault = fault or report_fits(op, session_id=session.id, fence=number, revision=number,
                                 lease_ttl_secs=ttl, incarnation=session.incarnation + 1)
    if fault:
        return fault
    ended = dict(state.ended)
    ended.pop(session.id, None)
    return state._replace(
        counter=number, events=state.events + 1, ended=ended, trail=hash((state.trail, number)),
        holder=session._replace(status="starting", fence=number, revision=number, ttl=ttl,
                                expires=granted(op, moment, ttl, past),
                                process=op.life if op.identity else None,
                                incarnation=session.incarnation + 1, is_replaced=False))


def perform_write(state, op, _moment, past):
    """A guarded row, made from the value that the operation's process had read under this fence."""
    if state.rows >= len(past.rows) or past.rows[state.rows]["op"] != op.id:
        return "its row is not the next one of the guarded table"
    row = past.rows[state.rows]
    if row["revision"] != state.counter:
        return f"it was written at number {row['revision']}, not {state.counter}"
    if op.value != state.value:
        return f"lost update: it was made from {op.value}, and overwrites {state.value}"
    if row["value"] != op.value + 1:
        return f"its row has the value {row['value']}, not {op.value + 1}"
    return state._replace(value=row["value"], rows=state.rows + 1)


PERFORMERS = {"start": perform_start, "takeover": perform_takeover, "heartbeat": perform_heartbeat,
              "clear": perform_clear, "transition": perform_transition, "resume": perform_resume,
              "write": perform_write}
