#!/usr/bin/python3
"""The checker of the storms can fail: it finds what was forged into true histories, and what versions of Tenure
with a broken rule have left behind.

    checker.t             the fixtures and the forgeries
    checker.t FILE...     what it says of histories that a storm has kept in dist/storm

fixtures/true.json is a history in which nothing is wrong. Every other file there is one that a storm has
shrunk; its note says which rule was broken, and then what the checker says.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
from history import History, Op, load  # noqa: E402
from search import search, told  # noqa: E402
from tap import diag, done, is_, ok  # noqa: E402

FIXTURES = os.path.join(HERE, "fixtures")
SECOND = 1_000_000_000


def verdict(history):
    fault = search(history)
    return told(fault) if fault else []


def test_fixtures():
    for name in sorted(os.listdir(FIXTURES)):
        history, note = load(os.path.join(FIXTURES, name))
        story, *wanted = note.split("\n")
        is_(verdict(history), wanted, f"{name}: {story}")


# --- forgeries. Each makes one change in a true history of four processes, with every kind of operation in it.

def first(history, verb, **wanted):
    """The first operation of the verb that was accepted, with this in its fields or its report."""
    return next(op for op in sorted(history.ops, key=lambda op: op.begin)
                if op.verb == verb and op.report is not None and (op.is_change or verb == "read")
                and all({**op.fields, **op.report}.get(name) == value for name, value in wanted.items()))


def with_op(history, old, *new):
    """The history with operations in the place of OLD."""
    return history._replace(ops=[op for op in history.ops if op is not old] + list(new))


def altered(op, report=None, **fields):
    new = {**op.fields, **fields}
    if report is not None:
        new["report"] = {**op.report, **report}
    return Op(**new)


def unanswered(op):
    return Op(**{**op.fields, "report": None, "refused": None, "at": None, "deadline": None})


def refused(op, code):
    return Op(**{**unanswered(op).fields, "refused": code})


def lost(verb):
    """An answer that was given, of a change that is not there: all that the database knew of it is gone."""
    def forge(history):
        op = first(history, verb)
        again = altered(op, id=op.id + "'", begin=op.end + 1, end=op.end + 2, at=None, deadline=None)
        return history._replace(ops=history.ops + [again])
    return forge


def alter(verb, wanted=None, report=None, **fields):
    return lambda history: with_op(history, first(history, verb, **(wanted or {})), altered(
        first(history, verb, **(wanted or {})), report, **fields))


def later(verb, seconds):
    """It is said to have been called and answered later than it was."""
    def forge(history):
        op = first(history, verb)
        span = int(seconds * SECOND)
        moved = altered(op, begin=op.begin + span, end=op.end + span, at=None, deadline=None)
        return with_op(history, op, moved)
    return forge


def refuse(verb, code):
    return lambda history: with_op(history, first(history, verb), refused(first(history, verb), code))


def accept(verb, code):
    """One that was refused with CODE is said to have been accepted."""
    def forge(history):
        op = next(op for op in history.ops if op.verb == verb and op.refused == code)
        return with_op(history, op, Op(**{**op.fields, "refused": None, "report": {}}))
    return forge


def without(verb):
    return lambda history: with_op(history, first(history, verb))


def change_part(part, change):
    def forge(history):
        rows = [dict(row) for row in getattr(history, part)]
        return history._replace(**{part: change(rows) or rows})
    return forge


def change_final(**fields):
    return lambda history: history._replace(final={**history.final, **fields})


def drop_event(name):
    return change_part("events", lambda rows: rows.remove(next(row for row in rows if row["event"] == name)))


def two_living(history):
    sessions = [dict(row, ended_at=None) for row in history.final["sessions"]]
    return history._replace(final={**history.final, "sessions": sessions})


def stale_read(history):
    op = first(history, "read", value=3)
    return with_op(history, op, altered(op, value=2))


def overwriting(history):
    """A guarded row that was made from an older value."""
    row = next(row for row in history.rows if row["value"] == 4)
    op = next(op for op in history.ops if op.id == row["op"])
    return with_op(history, op, altered(op, value=2))


FORGERIES = {
    "a start that was lost": (lost("start"), "start("),
    "a heartbeat that was lost": (lost("heartbeat"), "the next number is"),
    "a takeover that was lost": (lost("takeover"), "the next number is"),
    "a clear that was lost": (lost("clear"), "the next number is"),
    "a transition that was lost": (lost("transition"), "transition("),
    "a resume that was lost": (lost("resume"), "the next number is"),
    "a guarded write that was lost": (lost("write"), "its row is not the next one"),
    "a number that is nobody's": (without("heartbeat"), "at number"),
    "a start that nobody called": (without("start"), ""),
    "a row that nobody wrote": (without("write"), ""),
    "a read that nobody could have made": (stale_read, "the guarded value is 3"),
    "an update that was lost": (overwriting, "lost update: it was made from 2, and overwrites 3"),
    "a fence that is another's": (alter("start", report={"fence": 99}), "its report has fence 99"),
    "a wrong number": (alter("heartbeat", report={"revision": 1}), "the next number is"),
    "a heartbeat that shows another fence": (alter("heartbeat", fence=77), "refuses it with fence.token"),
    "a write under another fence": (alter("write", fence=77), "refuses it with fence.token"),
    "a clear that shows another fence": (alter("clear", fence=77), "refuses it with fence.token"),
    "a heartbeat that was accepted late": (later("heartbeat", 4), ""),
    "a takeover that came earlier than told": (later("takeover", -1), ""),
    "a refusal without a reason": (refuse("heartbeat", "heartbeat.stale"), ""),
    "a refused takeover that was accepted": (accept("takeover", "takeover.live"),
                                             "refuses it with takeover.live"),
    "a refused start that was accepted": (accept("start", "start.live_other_owner"),
                                          "refuses it with start.live_other_owner"),
    "a refused write that was accepted": (accept("write", "fence.token"), "refuses it with fence.token"),
    "a start without an event": (drop_event("session.created"), ""),
    "an end without an event": (drop_event("session.ended"), ""),
    "a join without an event": (drop_event("session.joined"), ""),
    "a resume without an event": (drop_event("session.resumed"), ""),
    "two events in the wrong order": (
        change_part("events", lambda rows: [rows[1], rows[0], *rows[2:]]), ""),
    "an event with another's name": (
        change_part("events", lambda rows: rows[0].update(actor_id="w9")), "has actor_id w9"),
    "an event of nobody's": (change_part("events", lambda rows: rows + [dict(rows[-1])]), "is nobody's"),
    "a row of nobody's": (change_part("rows", lambda rows: rows + [dict(rows[-1])]), "is nobody's"),
    "a counter that lags behind": (change_final(counter=1), "the counter is 1"),
    "two living sessions": (two_living, "living are"),
    "a session that is gone": (lambda history: history._replace(final={
        **history.final, "sessions": history.final["sessions"][1:]}), ""),
}


def test_forgeries(history):
    for name, (forge, sentence) in FORGERIES.items():
        found = verdict(forge(history))
        if not ok(found and any(sentence in line for line in found), f"the checker finds {name}"):
            diag("it said: " + "\n".join(found))


def test_unknown(history):
    """What is not known leaves room: an operation without an answer may have happened."""
    for verb in ("start", "heartbeat", "takeover", "clear", "transition", "resume", "write"):
        op = first(history, verb)
        is_(verdict(with_op(history, op, unanswered(op))), [],
            f"a {verb} without an answer may have been accepted")
    ghost = Op(id="x:1", life="x", verb="heartbeat", actor="w1", begin=SECOND // 4, end=SECOND)
    with_ghost = history._replace(ops=history.ops + [ghost], deaths={**history.deaths, "x": (SECOND, SECOND)})
    is_(verdict(with_ghost), [], "or never")


def test_order():
    """Cases that need the search: who returns first need not have been first."""
    def op(name, verb, begin, end, **fields):
        return Op(id=name, life=name, verb=verb, actor=name, begin=begin, end=end, **fields)

    def history(*ops):
        return History("s1", list(ops), [], [], None, {}, True)

    slow = op("a", "clear", 10, 90, at=20, report={"cleared": False})
    quick = op("b", "takeover", 30, 40, refused="takeover.missing")
    is_(verdict(history(slow, quick)), [], "one that was judged earlier may return later")
    early = op("a", "clear", 10, 20, at=15, report={"cleared": True, "cleared_revision": 1})
    ok(verdict(history(early, quick)), "nobody clears what nobody holds")


def main():
    if sys.argv[1:]:
        for path in sys.argv[1:]:
            found = verdict(load(path)[0])
            print(f"{path}: " + ("\n".join(found) or "linearizable"))
        return
    true, _ = load(os.path.join(FIXTURES, "true.json"))
    test_fixtures()
    test_forgeries(true)
    test_unknown(true)
    test_order()
    done()


main()
