#!/usr/bin/python3
"""What verbs do with what nobody should send: statements that are half wrong, views that are not for
callers, text that is meant to deceive, blobs for text."""

import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import MISUSE, diag, done, error_of, is_, ok  # noqa: E402
from tenure import CONTROLS, T0, Tenure, code_of, verb_sql  # noqa: E402

ANN = {"actor_id": "ann"}
BOB = {"actor_id": "bob"}
ASK = {**ANN, "lease_ttl": 60}
STATE = {"schema_version": 4, "started_at_epoch_s": 1, "last_started_at_epoch_s": 1, "start_count": 1,
         "session_id": "ses_new"}

# Every verb as it is right for ann's session $S, or for the escalation $E of its scope.
RIGHT = {
    "start": ASK, "heartbeat": ANN, "takeover": {**BOB, "reason": "r"}, "clear": ANN,
    "transition": {**ANN, "session_id": "$S", "status": "ready"},
    "resume": {**ANN, "session_id": "$S"}, "import": {"scope": "s", "json": json.dumps(STATE)},
    "escalate": {"kind": "blocking", "reason": "r"}, "escalation_resolve": {"escalation_id": "$E"},
    "gate_set": {"gates": "[]"}, "baseline_set": {"session_id": "$S", "name": "n", "digest": "d"},
}
# The texts that each may have besides.
MORE = {
    "start": {"scope": "main", "mode": "research", "status": "idle", "owner_kind": "runtime_worker",
              "lifecycle": "autonomous", "supervisor_id": "boss", "parent_session_id": "p", "label": "L",
              "command": "C", "cwd": "/", "host": "h", "boot_id": "b"},
    "heartbeat": {"scope": "main", "session_id": "$S", "activity": "a", "outcome": "o"},
    "takeover": {"scope": "main", "session_id": "$S", "supervisor_id": "boss", "host": "h", "boot_id": "b",
                 "label": "L", "command": "C", "cwd": "/"},
    "clear": {"scope": "main", "session_id": "$S", "reason": "r"},
    "transition": {"status": "failed", "failure_origin": "unknown", "failure_reason": "F", "reason": "r"},
    "resume": {"host": "h", "boot_id": "b", "reason": "r"},
    "escalate": {"scope": "main", "actor_id": "ann"}, "escalation_resolve": {"actor_id": "ann"},
    "gate_set": {"scope": "main", "actor_id": "ann"}, "baseline_set": {"actor_id": "ann"},
}
HOSTILE = ["evil\n\x1b[31m\x07", "\u202eevil\u2066", "\u0085\u009b", "\x7f", b"\xff\x1b[0m", "ev\0il", "'; --",
           "x" * 70000]

t = Tenure()
catalogue = {code for (code,) in t.sql("SELECT code FROM tenure_refusal_code")}


def build(verb):
    """Ann's session, stale for the verbs that want it so. Gives what $S and $E stand for."""
    ids = {"$S": t.verb("start", **ASK)["session_id"],
           "$E": t.verb("escalate", kind="blocking", reason="r")["escalation_id"]}
    t.clock(T0 + (60 if verb in ("takeover", "resume") else 0))
    return ids


def fill(columns, ids):
    return {name: ids.get(value, value) for name, value in columns.items()}


def columns_of(verb):
    return [name for (name,) in t.sql("SELECT name FROM pragma_table_info(?)", (f"tenure_{verb}",))]


def report_faults(name, faults):
    ok(not faults, name)
    for fault in faults[:9]:
        diag(fault)


# A statement of two rows of which one is refused does nothing, whatever it would do about conflicts.
with t.situation("two rows"):
    build("heartbeat")
    for rows in ("('ann'), ('bob')", "('bob'), ('ann')"):
        for how in ("INSERT", "INSERT OR IGNORE", "INSERT OR REPLACE", "INSERT OR FAIL", "INSERT OR ABORT",
                    "REPLACE"):
            t.refused_sql("heartbeat.not_owner", f"{how} INTO tenure_heartbeat(actor_id) VALUES {rows}",
                          says=["bob"])
other = Tenure()
other.verb("start", **ASK)
other.refused_sql("heartbeat.not_owner", "INSERT OR ROLLBACK INTO tenure_heartbeat(actor_id) VALUES ('ann'), "
                  "('bob')", says=["bob"])

# What is only of use to the verbs is closed to others.
inner = [name for (name,) in t.sql(
    "SELECT DISTINCT v.name FROM sqlite_schema AS v JOIN sqlite_schema AS i ON i.tbl_name = v.name"
    " WHERE v.type = 'view' AND i.type = 'trigger' AND v.name LIKE 'tenure!_%' ESCAPE '!'")
    if name not in [f"tenure_{verb}" for verb in RIGHT]
    and not t.sql("SELECT 1 FROM sqlite_schema WHERE name = ? || '_receipt'", (name,))  # a verb of turns
    and not name.startswith("tenure_refusal")  # can only refuse
    and name != "tenure_row_gate"              # likewise
    and name != "tenure_scope"                 # whatever is written to it is refused
    and name != "tenure_logged"]               # can only add to the log, which anyone may
# The words and numbers by which one of several triggers is chosen; where it is a NULL, it may be any column.
CHOICES = {"decision": ["create", "keep", "twin", "replace", "start.live_other_owner"], "how": ["open", "other"], "is_free": [0, 1]}


def quoted(value):
    return "NULL" if value is None else f"'{value}'" if isinstance(value, str) else str(value)


def variants(view):
    """What to insert into a view so that each of its triggers runs."""
    heads = " ".join(re.search(r"(\bWHEN\b.*?)?\bBEGIN\b", sql, re.S).group(1) or "" for (sql,) in t.sql(
        "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?", (view,)))
    rows = [{}]
    for column in sorted(set(re.findall(r"NEW\.(\w+)", heads))):
        if column in CHOICES:
            rows = [row | {column: value} for row in rows for value in CHOICES[column]]
        elif f"NEW.{column} IS N" in heads:
            rows += [row | {column: None} for row in rows]
    return rows


with t.situation("inner views"):
    found = build("start")["$S"]
    for name in inner:
        columns = [column for (column,) in t.sql("SELECT name FROM pragma_table_info(?)", (name,))]
        for value in variants(name):
            values = [value.get(column, found) for column in columns]
            t.refused_sql("usage.internal", f"INSERT INTO {name}({', '.join(columns)}) VALUES "
                          f"({', '.join('?' * len(columns))})", values,
                          test=f"{name} {value or ''} is for the verbs alone")
            # Nor for a trigger that runs within another verb, where more is allowed than outside of all.
            verb, table, given = (("gate_set", "tenure_gate", {"gates": "[1]"}) if "escalat" in name else
                                  ("escalate", "tenure_escalation", {"kind": "blocking", "reason": "r"}))
            t.sql("SAVEPOINT theirs")
            t.sql(f"CREATE TRIGGER theirs AFTER INSERT ON {table} BEGIN INSERT INTO {name}({', '.join(columns)})"
                  f" VALUES ({', '.join(map(quoted, values))}); END")
            t.refused("usage.internal", verb, scope="s", **given, test=f"{name} {value or ''}, within {verb}, too")
            t.sql("ROLLBACK TO theirs")
            t.sql("RELEASE theirs")
ok(inner, f"{len(inner)} such views")

# Hostile text in any column of any verb: no refusal shows it raw, and none leaves half of it.
for verb, right in RIGHT.items():
    faults, refused = [], 0
    for column in columns_of(verb):
        for hostile in HOSTILE:
            with t.situation(f"{verb}.{column} = {hostile!r:.30}"):
                asked = fill(right, build(verb)) | {column: hostile}
                before = t.dump()
                got = error_of(t.db, *verb_sql(verb, asked))
                if got is None:
                    continue
                refused += 1
                message = got[0]
                if CONTROLS.search(message) or "(unknown)" in message or code_of(message) not in catalogue:
                    faults.append(f"{column} {hostile!r:.30}: {message!r}")
                if len(message) > 2500 or t.dump() != before:
                    faults.append(f"{column} {hostile!r:.30}: long, or it changed something")
    ok(refused, f"{verb}: of hostile text in each column {refused} are refused")
    report_faults(f"{verb}: and none is shown raw", faults)

# Blobs: where a text is meant they are that text, or misuse, or name nothing that there is; never an error
# of SQLite's own, and never somebody else.
for verb, right in RIGHT.items():
    faults, tried = [], set()
    for column, value in (right | MORE.get(verb, {}) | {"receipt_id": "r"}).items():
        if not isinstance(value, str):
            continue
        tried.add(column)
        with t.situation(f"{verb}.{column} as a blob"):
            asked = fill({**right, column: value}, build(verb))
            before = t.dump()
            got = t.outcome(verb, **asked | {column: asked[column].encode()})
            nobody = column in ("session_id", "escalation_id") and str(got).endswith(".missing")
            if isinstance(got, str) and not got.startswith(MISUSE) and not nobody:
                faults.append(f"{column}: {got}")
            if isinstance(got, str) and t.dump() != before:
                faults.append(f"{column}: something changed")
    report_faults(f"{verb}: each of {len(tried)} texts as a blob is that text, or misuse", faults)

# A trigger of the user's runs another verb in the middle of one: the report, and the one kept under the receipt, is still
# the verb's own.
with t.situation("a verb of the user's in the middle of a hand-over"):
    session = t.verb("start", scope="s", actor_id="ann", lease_ttl=60)["session_id"]
    t.verb("start", scope="b", actor_id="ann", lease_ttl=60)
    t.sql("CREATE TEMP TRIGGER theirs AFTER UPDATE ON main.tenure_turn_input BEGIN"
          " INSERT INTO tenure_heartbeat(scope, actor_id) VALUES ('b', 'ann'); END")
    t.verb("turn_begin", session_id=session, turn_id="t1")
    t.verb("turn_steer", session_id=session, input="important")
    first = t.verb("turn_take_input", session_id=session, receipt_id="r")
    is_((first["command"], [item["payload"] for item in first["input"]]), ("turn-take-input", ["important"]),
        "what was taken is reported")
    is_(t.verb("turn_take_input", session_id=session, receipt_id="r"), first | {"replayed": True}, "and again by its receipt")
done()
