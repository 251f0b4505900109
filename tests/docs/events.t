#!/usr/bin/python3
"""The README names each event of the log, and no other."""

import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from cases import CASES, LEGACY, fill, known, outcome, statement  # noqa: E402
from tap import done, is_  # noqa: E402
from tenure import Tenure  # noqa: E402

# What no case of cases.py leads to.
MORE = [("UPDATE tenure_session SET label = 'l', revision = revision + 1 WHERE scope = 'live'", ()),
        ("INSERT INTO tenure_heartbeat (scope, actor_id, progress) VALUES ('live', 'ann', 0)", ()),
        ("INSERT INTO tenure_import (scope, json) VALUES ('legacy', ?)",
         (json.dumps({**json.loads(LEGACY), "session_id": None}),))]

with open(os.path.join(HERE, "..", "..", "README.md"), encoding="utf-8") as file:
    ROWS = re.search(r"\| event \| when \|\n\| --- \| --- \|\n((?:\|.*\n)+)", file.read()).group(1)
named = [event for row in ROWS.splitlines() for event in re.findall(r"`([a-z.]+)`", row.split("|")[1])]

t = fill(Tenure())
ids, met = known(t), set()
for sql, params in [statement(verb, columns, ids) for _, verb, columns, _ in CASES] + MORE:
    t.sql("SAVEPOINT one")
    outcome(t.db, sql, params)
    met |= {event for event, in t.sql("SELECT event FROM tenure_event")}
    t.sql("ROLLBACK TO one")
    t.sql("RELEASE one")
is_(sorted(named), sorted(met), "the events of the README are those that the log has")
done()
