#!/usr/bin/python3
"""What an empty sweep costs, in instructions of SQLite, however much has ended and is kept."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import diag, done, is_, ok  # noqa: E402
from tenure import T0, Tenure, verb_sql  # noqa: E402

SWEEPS = {"settle": {}, "reap": {}, "gc": {"older_than_secs": 10**6}}


def cost(ended):
    """The instructions of each verb, with nothing to do, over ENDED sessions that ended long ago."""
    t = Tenure()
    for number in range(ended):
        t.verb("start", scope=f"s{number % 9}", actor_id="ann", lease_ttl=60)
        t.verb("clear", scope=f"s{number % 9}", actor_id="ann")
    t.clock(T0 + 10**5)
    steps = {}
    for verb, columns in SWEEPS.items():
        count = [0]

        def step(count=count):
            count[0] += 1
        sql, params = verb_sql(verb, columns)
        t.db.set_progress_handler(step, 1)
        report = t.sql(sql + " RETURNING session_report() ->> 'more'", params)
        t.db.set_progress_handler(None, 0)
        is_(report, [(0,)], f"{verb} over {ended} ended sessions: nothing to do")
        steps[verb] = count[0]
    return steps


few, many = cost(30), cost(600)
diag(f"instructions over 30 and 600 ended sessions: {few}, {many}")
for verb in ("settle", "reap"):
    ok(many[verb] < 1.5 * few[verb], f"{verb}: as many instructions over 600 ended sessions as over 30")
# tenure_gc names up to 500 of those that it skips.
ok(many["gc"] < 500 / 30 * 1.5 * few["gc"], "gc: no more than it takes to name the first 500")
done()
