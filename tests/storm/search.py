"""Is a history linearizable? The search of Wing and Gong, told in the order of real time.

Every operation took effect at one moment between its call and its return, or not at all if it was refused. So
there must be an order of all operations that agrees with real time and that model.py goes through with the
very answers that were seen. The search walks along the calls and returns with a set of configurations: what
the state may be, and which of the operations that are still running have taken effect already. When an
operation returns, those configurations stay in which it has, or now does, after others that are running too.
If none stays, there is no such order.

What a killed process was doing at its death has no answer: it may have taken effect until then, or never.

What keeps the set small: a change of the scope carries a number, the log an event, a guarded row its place,
so of all the operations that run together mostly one can be the next. The others that change nothing
(refusals and reads) only have to find a state that answers so.

The clock is read under the write lock, so the moments of judgement follow each other in the same order. NOW
is the earliest time at which the next may be.
"""

from collections import namedtuple

import model

Config = namedtuple("Config", "state now done")

# What is wrong: OP is the operation that fits nowhere, None if it is the end; WHY says what the model foresaw.
# STATE is the last one that could be reached.
Fault = namedtuple("Fault", "op why state")

NEVER = 1 << 62


def search(history):
    """None if the history is linearizable, else the Fault."""
    configs = [Config(model.EMPTY, 0, frozenset())]
    running = {}
    for _, _, op in sorted(moments(history), key=lambda moment: moment[:2]):
        if op.id not in running:
            running[op.id] = op
            continue
        after = [config for before in configs for config in reach(before, op, running, history)]
        if op.is_unknown:
            after += [config for config in configs if op.id not in config.done]
        elif not after:
            return fault_of(configs, op, running, history)
        del running[op.id]
        configs = pruned(config._replace(done=config.done - {op.id}) for config in after)
    return end_fault(configs, history)


def shrunk(history, fault):
    """The history without what the fault does not need: what came later, and what changed nothing."""
    if fault.op is None:
        return history
    ops = [op for op in history.ops if op is fault.op or (op.is_change and op.begin <= fault.op.end)]
    small = history._replace(
        ops=ops, final=None, events=history.events[:fault.state.events + 2],
        rows=history.rows[:fault.state.rows + 2],
        deaths={life: death for life, death in history.deaths.items() if any(op.life == life for op in ops)})
    again = search(small)
    return small if again is not None and again.op is fault.op else history


def told(fault):
    """A fault in words, in some lines."""
    return [str(fault.op) if fault.op else "the tables at the end"] + ["  " + why for why in fault.why]


def moments(history):
    """(time, 0 for a call and 1 for a return, operation). Of two at the same time the call comes first."""
    for op in history.ops:
        if op.verb == "read" and op.is_unknown:
            continue
        yield op.begin, 0, op
        yield op.end, 1, op


def pruned(configs):
    """Without those that another one can stand for: the same state, as early, and with all that is done."""
    kept = {}
    for config in configs:
        others = kept.setdefault(model.key(config.state), [])
        if any(other.done >= config.done and other.now <= config.now for other in others):
            continue
        others[:] = [other for other in others if not (config.done >= other.done and config.now <= other.now)]
        others.append(config)
    return [config for others in kept.values() for config in others]


def reach(config, op, running, history):
    """The configurations in which OP has taken effect, after any number of others that are running."""
    if op.id in config.done:
        return [config]
    found, seen, left = [], set(), [config]
    while left:
        config = left.pop()
        mark = (model.key(config.state), config.now, config.done)
        if mark in seen:
            continue
        seen.add(mark)
        found += take(config, op, running, history)
        for other in running.values():
            if other is not op and other.is_change and other.id not in config.done:
                left += take(config, other, running, history)
    return found


def take(config, op, running, history):
    """The configurations after OP as the next one; none if it cannot be."""
    if op.number is not None and op.number != config.state.counter + 1:
        return []
    waiting = sorted(answers_here(config, op, running, history))
    if not op.is_change:
        now = answered(config.state, config.now, op, history)
        if now is None:
            return []
        done = {op.id} | {name for earliest, name in waiting if earliest <= now}
        return [config._replace(now=now, done=config.done | done)]
    found = []
    for moment in moments_of(config.state, config.now, op, history):
        if model.judge(config.state, op, moment) is not None:
            continue
        done = config.done | {op.id} | {name for now, name in waiting if now <= moment.low}
        later = [now for now, _ in waiting if moment.low < now <= moment.high]
        for low in [moment.low, *later]:
            done |= {name for now, name in waiting if now <= low}
            state = model.perform(config.state, op, moment._replace(low=low), history)
            if not isinstance(state, str):
                found.append(Config(state, low if op.at is None else op.at, done))
    return found


def answers_here(config, op, running, history):
    """(time, id) of the running operations that change nothing and find their answer in this state, from that
    time on. To take them before another one that is not earlier never does harm."""
    for other in running.values():
        if other is not op and not other.is_change and other.id not in config.done:
            now = answered(config.state, config.now, other, history)
            if now is not None:
                yield now, other.id


def answered(state, now, op, history):
    """The earliest time at which OP, which changes nothing, has this answer in this state; None if never."""
    if op.verb == "read":
        return now if op.value == state.value else None
    times = [moment.low for moment in moments_of(state, now, op, history)
             if model.judge(state, op, moment) == op.refused
             and (op.refused is not None or model.perform(state, op, moment, history) == state)]
    return min(times, default=None)


def moments_of(state, now, op, history):
    """The moments of judgement that its times leave to OP, one for each pair of facts about the holder."""
    low, high = max(now, op.begin), op.latest
    holder = state.holder
    for stale in (False, True):
        for dead in (False, True):
            first, last = low, high
            if holder is None:
                if stale or dead:
                    continue
            else:
                born, gone = holder.expires
                first, last = (max(first, born), last) if stale else (first, min(last, gone - 1))
                # The clock is read once, the process looked for later in the same statement.
                killed, buried = history.deaths.get(holder.process, (NEVER, NEVER))
                if high < killed if dead else low > buried:
                    continue
            if op.deadline is not None:
                # A lease was granted: its deadline says when, to the nanosecond.
                granted = op.deadline - lease_of(op, holder) * model.SECOND
                if not first <= granted <= last:
                    continue
                first = last = granted
            if first <= last:
                yield model.Moment(first, last, stale, dead)


def lease_of(op, holder):
    ttl = op.report.get("lease_ttl_secs")
    return ttl if ttl is not None else holder.ttl if holder is not None else 0


def fault_of(configs, op, running, history):
    """Why OP cannot be the next one, in each of the configurations before it and after those that may come
    first."""
    paths = list(configs)
    for config in configs:
        for other in running.values():
            if other is not op and other.is_change and other.id not in config.done:
                paths += take(config, other, running, history)
    why = dict.fromkeys(reason(path, op, history) for path in paths)
    return Fault(op, list(why)[:6], max((path.state for path in paths), key=lambda state: state.counter))


def reason(config, op, history):
    state = config.state
    where = f"at number {state.counter}, {holder_text(state)}"
    if op.verb == "read":
        return f"{where}, the guarded value is {state.value}"
    if op.number is not None and op.number != state.counter + 1:
        return f"{where}, the next number is {state.counter + 1}"
    texts = []
    for moment in moments_of(state, config.now, op, history):
        code = model.judge(state, op, moment)
        after = model.perform(state, op, moment, history) if code is None else code
        if code is not None:
            texts.append(f"the model refuses it with {code}")
        elif isinstance(after, str):
            texts.append(after)
        else:
            texts.append("the model accepts it")
    return f"{where}, {' or '.join(dict.fromkeys(texts)) or 'no moment of its time is left to it'}"


def holder_text(state):
    holder = state.holder
    if holder is None:
        return "held by nobody"
    strict = ", strict" if holder.strict else ""
    return f"held by {holder.owner} ({holder.id}, {holder.status}, fence {holder.fence}{strict})"


def end_fault(configs, history):
    """The fault of a history whose operations fit, but whose tables do not."""
    if history.final is None:
        return None
    why = [end_difference(config.state, history) for config in configs]
    return Fault(None, why[:6], configs[-1].state) if all(why) else None


def end_difference(state, history):
    final = history.final
    if len(history.events) != state.events:
        return f"the event {history.events[state.events]} is nobody's"
    if len(history.rows) != state.rows:
        return f"the row {history.rows[state.rows]} is nobody's"
    if final["counter"] != state.counter:
        return f"the counter is {final['counter']}, not {state.counter}"
    living = [row for row in final["sessions"] if row["ended_at"] is None]
    if [row["session_id"] for row in living] != ([state.holder.id] if state.holder else []):
        return f"living are {[row['session_id'] for row in living]}, {holder_text(state)}"
    for row in final["sessions"]:
        session = model.find(state, row["session_id"])
        if session is None:
            return f"the session {row['session_id']} is nobody's"
        for name in ("status", "fence", "revision", "strict", "incarnation"):
            if row[name] != getattr(session, name):
                return f"the {name} of {row['session_id']} is {row[name]}, not {getattr(session, name)}"
    if len(final["sessions"]) != len(state.ended) + bool(state.holder):
        return "a session is missing"
    return None
