#!/usr/bin/python3
"""What a sweep costs, in instructions of SQLite: the same however much has ended and is kept; of the living,
each is judged no more often than it must be, and only those that were meant."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import diag, done, is_, ok  # noqa: E402
from tenure import T0, Tenure, verb_sql  # noqa: E402

SWEEPS = {"settle": {}, "reap": {}, "gc": {"older_than_secs": 10**6}}


def steps(t, sql, params=()):
    """How many instructions SQL takes, and its rows."""
    count = [0]

    def step():
        count[0] += 1
    t.db.set_progress_handler(step, 1)
    rows = t.sql(sql, params)
    t.db.set_progress_handler(None, 0)
    return count[0], rows


def sweep(t, verb):
    """The instructions of a sweep that has nothing to do."""
    sql, params = verb_sql(verb, SWEEPS[verb])
    taken, rows = steps(t, sql + " RETURNING session_report() ->> 'more'", params)
    is_(rows, [(0,)], f"{verb}: nothing to do")
    return taken


def over(ended):
    """The instructions of each sweep over ENDED sessions that ended long ago."""
    t = Tenure()
    for number in range(ended):
        t.verb("start", scope=f"s{number % 9}", actor_id="ann", lease_ttl=60)
        t.verb("clear", scope=f"s{number % 9}", actor_id="ann")
    t.clock(T0 + 10**5)
    return {verb: sweep(t, verb) for verb in SWEEPS}


few, many = over(30), over(600)
diag(f"over 30 and 600 ended sessions: {few}, {many}")
for verb in ("settle", "reap"):
    ok(many[verb] < 1.5 * few[verb], f"{verb}: as many instructions over 600 ended sessions as over 30")
# tenure_gc names up to 500 of those that it skips.
ok(many["gc"] < 500 / 30 * 1.5 * few["gc"], "gc: no more than it takes to name the first 500")

alive = Tenure()
for number in range(400):
    alive.verb("start", scope=f"s{number}", actor_id="ann", lease_ttl=10**6)
for verb, view, passes in (("settle", "orphan", 1), ("reap", "reapable", 2)):
    once = steps(alive, f"SELECT count(*) FROM tenure_{view} WHERE clock = tenure_clock_kind()")[0]
    whole = sweep(alive, verb)
    diag(f"400 living sessions: tenure_{view} takes {once}, tenure_{verb} {whole}")
    ok(whole < (passes + 0.7) * once, f"{verb}: judges each living session {passes} times at most")
sql, params = verb_sql("settle", {"session_id": alive.holder("s399")["session_id"]})
taken = steps(alive, sql, params)[0]
ok(taken < 1000, f"settling one that is named looks at no other: {taken} instructions")
done()
