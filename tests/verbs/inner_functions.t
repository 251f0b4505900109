#!/usr/bin/python3
"""Functions that the triggers ask and a program has no use for, with values that no trigger gives them, and results
that are longer than the connection allows."""

import json
import os
import sqlite3
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from cases import LEGACY  # noqa: E402
from tap import done, error_of, is_, ok, refuses  # noqa: E402
from tenure import INT_MAX, Tenure  # noqa: E402

MIN = -2**63
REFUSED = ("usage.", "opt.", "json.")

# An expression, its parameters, and its value or the code of its refusal.
ASKED = [
    ("tenure_check_int(NULL, 'x', 0, 1)", (), "usage.code"),
    ("tenure_check_amount(NULL, 'x')", (), "usage.code"),
    ("tenure_check_word(NULL, 'x', 'a')", (), "usage.code"),
    ("tenure_refuse('nonsense')", (), "usage.code"),
    ("tenure_refuse('opt.scope', NULL, 'a')", (), "opt.scope"),
    ("tenure_refuse(NULL, 'a', 'b')", (), None),
    ("tenure_refuse('json.version')", (), "json.version"),
    ("tenure_within('start')", (), "usage.internal"),
    ("iif(tenure_report('s', 'c') IS NULL, session_report(), 'none')", (), "{}"),
    ("session_verdict(NULL, 'running', 'interactive', 0, 1, 0, NULL, NULL, 0)", (), "unknown"),
    ("tenure_detail(?, 'a')", ('{"a":-1}',), None),
    ("tenure_detail(?, 'a')", (f'{{"a":{INT_MAX}}}',), INT_MAX),
    ("tenure_detail(?, 'a')", (f'{{"a":{INT_MAX + 1}}}',), None),
    ("tenure_detail(?, 'a')", (f'{{"a":{2**64}}}',), None),
    ("tenure_detail(?, 'a')", ('{"a":1.5}',), None),
    ("tenure_detail(?, 'a')", ('{"a":1,"ab":2,"a":"b"}',), "b"),
    ("tenure_detail(?, 'a')", ("[]",), None),
    ("tenure_present(?, 7)", ("machine",), 7),
    ("tenure_present(tenure_clock_kind(), 7) = session_now()", (), 1),
    ("tenure_present(?, ?)", (None, None), None),
    ("tenure_add(?, ?)", (INT_MAX, 1), "usage.ceiling"),
    ("tenure_add(?, ?)", (INT_MAX - 1, 1), INT_MAX),
    ("tenure_add(?, ?)", (MIN, -1), "usage.ceiling"),
    ("tenure_add(?, ?)", (-1, MIN), "usage.ceiling"),
    ("tenure_add(?, ?)", (0, MIN), MIN),
    ("tenure_add(?, ?)", (MIN, 1), MIN + 1),
    ("tenure_add(?, ?)", ("x", 1), None),
    ("tenure_add(?, ?)", (1, "x"), None),
    ("tenure_json_merge(?, ?)", ('{"a":1,"bb":2,"b":3}', '{"b":{"c":[4]}}'), '{"a":1,"bb":2,"b":{"c":[4]}}'),
    ("tenure_json_merge(?, ?)", ("{}", "{}"), "{}"),
    ("tenure_json_merge(?, ?)", ("{}", ' { "b" : 1 , "a" : [ ] } '), '{"b":1,"a":[ ]}'),
    ("tenure_json_merge(?, ?)", ('{"z":1,"b":2,"a":3}', '{"c":4,"b":5}'), '{"z":1,"a":3,"c":4,"b":5}'),
    ("tenure_json_merge(?, ?)", ('{"a":1,"a\\u0000":2,"":3}', '{"\\u0061":4}'), '{"a\\u0000":2,"":3,"a":4}'),
    ("tenure_json_merge(?, ?)", ('{"a":1,"a":2}', '{"b":3}'), '{"a":1,"a":2,"b":3}'),
    ("tenure_json_merge(?, ?)", ("{}", '{"a":1,"b":2,"\\u0061":3}'), "opt.rate_limits"),
    ("tenure_json_merge(?, ?)", ("{", "{}"), "opt.rate_limits"),
    ("tenure_json_merge(?, ?)", ('{"a":1}', "{"), "opt.rate_limits"),
    ("turn_decision_part('|a||c|', ?)", ("reason",), None),
    ("turn_decision_part('|a||c|', ?)", ("status",), "a"),
    ("turn_decision_part('|a||c|', ?)", ("nonsense",), None),
    ("turn_decision_part('|a||c|', ?)", (None,), None),
    ("turn_decision_part(NULL, ?)", ("status",), None),
    ("turn_provider_decision('turn.started', NULL, ?, 0, 0, NULL)", ("nonsense",), "usage.event"),
    ("turn_provider_decision('turn.started', NULL, ?, 0, 0, NULL)", (None,), "usage.event"),
    ("turn_provider_decision(NULL, NULL, ?, 0, 0, NULL)", ("running",), "usage.event"),
    ("(SELECT json FROM tenure_json_texts(?))", ('["a"]',), '["a"]'),
    ("(SELECT count(*) FROM tenure_json_texts(?))", (None,), 0),
    ("(SELECT count(*) FROM tenure_json_texts)", (), 0),
    ("(SELECT value FROM tenure_json_texts(?))", ("[1]",), "opt.keys"),
    ("(SELECT value FROM tenure_json_texts(?))", ('["a"] b',), "opt.keys"),
    ("(SELECT session_id || keys || granted FROM session_granted('s', ?))", ('["a"]',), 's["a"]0'),
    ("(SELECT granted FROM session_granted('s', ?))", ("[1]",), "opt.keys"),
    ("(SELECT count(*) FROM session_granted WHERE session_id > 's' AND keys = ?)", ('["a"]',), 0),
    ("(SELECT json FROM tenure_legacy_state(?))", (LEGACY,), LEGACY),
    ("session_mint_id(?)", ("A_",), "usage.prefix"),
    ("session_mint_id(?)", ("{_",), "usage.prefix"),
    ("session_mint_id(?)", ("_",), "usage.prefix"),
    ("session_mint_id(?)", ("abcdefghi_",), "usage.prefix"),
]

t = Tenure()
for expression, params, want in ASKED:
    name = f"{expression}, {params}: {want}"
    if isinstance(want, str) and want.startswith(REFUSED):
        refuses(t.db, f"SELECT {expression}", params, want, name=name)
    else:
        is_(t.value(f"SELECT {expression}", params), want, name)

# How a refusal shows a time: as UTC, or as it is where that has no year of four digits.
for at, shown in ((0, "1970-01-01T00:00:00Z"), (1706747696, "2024-02-01T00:34:56Z"), (-5, "-5"), ("x1", "x1"),
                  (253402300799, "9999-12-31T23:59:59Z"), (253402300800, "253402300800"), (INT_MAX, str(INT_MAX))):
    refuses(t.db, "SELECT tenure_refuse('takeover.live', 'until', ?)", (at,), "takeover.live", f"until {shown};",
            name=f"the time {at!r} in a refusal")

# A trigger of somebody else's, in the middle of a verb.
with t.situation("within nothing"):
    t.sql("CREATE TEMP TRIGGER theirs AFTER INSERT ON main.tenure_session BEGIN SELECT tenure_within(NULL, 'x'); END")
    t.refused("usage.internal", "start", scope="s", actor_id="ann", lease_ttl=60)

# What a provider tells of its limits may have thousands of members. To tell it again holds the lock no longer.
def seconds(old, new):
    began = time.monotonic()
    t.value("SELECT tenure_json_merge(?, ?)", (old, new))
    return time.monotonic() - began


many = json.dumps({f"k{n}": n for n in range(5000)})
once, again = seconds(None, many), seconds(many, many)
ok(again < 50 * once, f"5000 members over themselves, against the first time: {again / once:.1f}")

# Without Tenure's tables.
is_(error_of(Tenure(install=False).db, "SELECT * FROM session_granted('s', '[]')"),
    ("no such table: tenure_grant", sqlite3.SQLITE_ERROR), "no grants without their table")

# A text that is longer than the connection allows.
before = t.db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 200)
for statement, params in (("SELECT display_safe(?)", ("\t" * 150,)), ("SELECT session_status_policy('running')", ())):
    is_(error_of(t.db, statement, params)[0], "string or blob too big", f"{statement}: too long")
t.db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, before)
is_(json.loads(t.value("SELECT session_status_policy('running')"))["status"], "running", "and then it is not")
done()
