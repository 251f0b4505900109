#!/usr/bin/python3
"""Hostile values in every column of every verb and in every argument of every function: what comes of it is
either done, with the value kept as it was given, or refused by name in a sentence that a terminal can show.
Never half of it, never the words of a constraint, never a character that steers. The quick run tries four columns in
five of each verb, by chance (chance.py)."""

import json
import math
import os
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from cases import LEGACY, NOW, fill, filled, known  # noqa: E402
from chance import one_in  # noqa: E402
from raw import VERBS, Raw  # noqa: E402
from surface import FUNCTIONS, MODULES, VARIADIC, count_of, name_of  # noqa: E402
from tap import diag, done, error_of, is_, ok  # noqa: E402
from tenure import CONTROLS, INT_MAX, MISUSE  # noqa: E402

TEXTS = [
    "", " ", "\t", "\n", "\r\n", "\u3000", "\xa0", "\ufeff", "'", '"', "a'b\"c",
    "');DROP TABLE tenure_session;--", "a\nb",
    "\0", "a\0b", "\x1b[2J\x1b]0;owned\a", "\x7f", "\x85", "\x9b31m", "\u202ereverse", "\u2066\u2069", "\u2028",
    "\u061c", "\\", "\\n", "{holder}", "{holder|nobody}", "{0}%s%n", "%", "null", "NULL", "true", "[]", "{}",
    "main", "interactive", "ses_01ARZ3NDEKTSV4RRFFQ69G5FAV", "0", "5", "-1", "+5", "05", "5.0", "5e3", "0x10",
    " 5", "5 ", "٣",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "1e999", "\U0001f600", "e\u0301",
    "é" * 140, "x" * 200, "x" * 201, "x" * 281, "é" * 4096, "x" * 65536, "x" * 65537, "x" * 1_000_000,
]
RAW = [b"\xff\xfe", b"a\x80b", b"\xc0\x80", b"\xed\xa0\x80", b"\xe2\x82", b"\xf4\x90\x80\x80", b"ok\xff"]
VALUES = TEXTS + [
    0, 1, -1, 2, 255, 2**31, 2**32, INT_MAX, -INT_MAX - 1, 0.0, -0.0, 1.0, 1.5, 5e-324, 1e18, 1e19, -1e300,
    math.inf, -math.inf, b"", b"5", b"a", b"\0", b"\xff", b"x" * 70000]


class Bytes:
    """Text of a statement that is not UTF-8: a blob that it casts."""

    def __init__(self, value):
        self.value = value

    def __repr__(self):
        return f"text {self.value!r}"


VALUES += [Bytes(value) for value in RAW]


def bound(columns):
    """Marks and parameters for COLUMNS."""
    marks = ", ".join("CAST(? AS TEXT)" if isinstance(value, Bytes) else "?" for value in columns.values())
    return marks, tuple(value.value if isinstance(value, Bytes) else value for value in columns.values())


def shown(value):
    text = repr(value)
    return text if len(text) < 50 else f"{text[:30]}... of {len(text)}"


def fault_of(got):
    """What is wrong with an error, if anything: it must be a refusal by name that can be shown."""
    if got is None:
        return None
    message, code = got
    parts = message.split(": ", 2)
    if parts[0] != "tenure" or len(parts) < 3 or "." not in parts[1]:
        return f"not a refusal by name: {message[:200]!r}"
    if code != (1 if parts[1].startswith(MISUSE) else 1811):
        return f"the result code of {parts[1]} is {code}"
    if CONTROLS.search(message) or "\udc80" <= max(message) <= "\udfff":
        return f"a character that steers: {message[:200]!r}"
    if "(unknown)" in message or parts[1] == "usage.code":
        return f"a fact is missing: {message[:200]!r}"
    return f"very long: {len(message)}" if len(message) > 4000 else None


def kept(value):
    """VALUE as a column of text keeps it."""
    if isinstance(value, Bytes):
        value = value.value
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return value if isinstance(value, str) else t.value("SELECT CAST(? AS TEXT)", (value,))


t = fill(Raw())
ids = known(t)
OLD = "FROM tenure_session WHERE session_id = '@old'"
BY_ID = "FROM tenure_session WHERE session_id = (SELECT session_report() ->> 'session_id')"
COUNTS = ("input", "cached_input", "output", "reasoning_output", "total")

# A call of each verb that succeeds, and where the columns that it keeps as they are can be read. (An activity is
# trimmed; what is not here is judged but not kept, or kept under another form.)
GOOD = {
    "start": ({"scope": "new", "actor_id": "x", "lease_ttl": 60}, {
        column: f"SELECT {'owner_id' if column == 'actor_id' else column} {BY_ID}"
        for column in VERBS["start"] if column not in ("lifecycle", "session_id", "fence", "receipt_id")}),
    "heartbeat": ({"scope": "live", "actor_id": "ann"}, {
        "outcome": "SELECT last_outcome FROM tenure_session WHERE session_id = '@live'"}),
    "clear": ({"scope": "live", "actor_id": "ann"}, {
        "reason": "SELECT end_note FROM tenure_session WHERE session_id = '@live'"}),
    "takeover": ({"scope": "old", "actor_id": "bob", "reason": "r"}, {
        **{column: f"SELECT {column} {BY_ID}"
           for column in ("supervisor_id", "host", "boot_id", "pid", "pid_start_ticks", "label", "command",
                          "cwd", "lease_ttl")},
        "actor_id": f"SELECT owner_id {BY_ID}", "reason": f"SELECT end_note {OLD}"}),
    "transition": ({"session_id": "@live", "status": "failed", "actor_id": "ann"}, {
        "reason": "SELECT end_note FROM tenure_session WHERE session_id = '@live'",
        **{column: f"SELECT {column} FROM tenure_session WHERE session_id = '@live'"
           for column in ("exit_code", "failure_origin", "failure_reason")}}),
    "resume": ({"session_id": "@ended", "actor_id": "ann"}, {
        column: f"SELECT {column} FROM tenure_session WHERE session_id = '@ended'"
        for column in ("lease_ttl", "host", "boot_id", "pid", "pid_start_ticks")}),
    "import": ({"scope": "imported", "json": LEGACY}, {"scope": f"SELECT scope {BY_ID}"}),
    "escalate": ({"scope": "live", "kind": "blocking", "reason": "r"}, {
        column: f"SELECT {column} FROM tenure_escalation WHERE escalation_id = (SELECT session_report() ->>"
                " 'escalation_id')" for column in ("scope", "kind", "reason")}),
    "escalation_resolve": ({"escalation_id": "@escalation"}, {}),
    "gate_set": ({"scope": "live", "gates": "[]"}, {
        "gates": "SELECT gates FROM tenure_gate WHERE scope = 'live'",
        "scope": "SELECT scope FROM tenure_gate WHERE gates = '[]'"}),
    "baseline_set": ({"session_id": "@live", "name": "head", "digest": "d"}, {
        "digest": "SELECT digest FROM tenure_baseline WHERE name = 'head'",
        "name": "SELECT name FROM tenure_baseline WHERE digest = 'd'"}),
    "record_result": ({"session_id": "@live", "status": "success"}, {
        column: f"SELECT {column} FROM tenure_result WHERE session_id = '@live'"
        for column in ("turn_id", "exit_code", "summary")}),
    "record_completion": ({"session_id": "@live", "exit_code": 0}, {
        column: f"SELECT {column} FROM tenure_completion" for column in ("exit_code", "reason")}),
    "settle": ({}, {}), "reap": ({}, {}), "gc": ({}, {}),
    "turn_request_start": ({"session_id": "@quiet"}, {
        "message_id": "SELECT message_id FROM tenure_pending_start WHERE session_id = '@quiet'"}),
    "turn_begin": ({"session_id": "@quiet", "turn_id": "t2"}, {
        column: f"SELECT {column} FROM tenure_turn WHERE session_id = '@quiet'"
        for column in ("turn_id", "kind", "message_id")}),
    "turn_steer": ({"session_id": "@turning", "input": "x"}, {
        "input": "SELECT payload FROM tenure_turn_input WHERE session_id = '@turning' AND seq = 2"}),
    "turn_take_input": ({"session_id": "@turning"}, {}),
    "turn_end": ({"session_id": "@turning", "turn_id": "t1"}, {
        "message": "SELECT last_agent_message FROM tenure_turn WHERE turn_id = 't1'",
        **{column: f"SELECT used_{column} FROM tenure_turn WHERE turn_id = 't1'" for column in COUNTS}}),
    "turn_abort": ({"session_id": "@turning"}, {}),
    "request_open": ({"session_id": "@turning", "request_id": "q2", "kind": "approval"}, {
        column: f"SELECT {column} FROM tenure_request WHERE request_id NOT IN ('q', 'done')"
        for column in ("request_id", "kind", "payload")}),
    "request_resolve": ({"session_id": "@turning", "request_id": "q", "decision": "approved_for_session"}, {
        "decision": "SELECT decision FROM tenure_request WHERE request_id = 'q'"}),
    "usage": ({"session_id": "@quiet"}, {
        column: f"SELECT usage_{column} FROM tenure_session WHERE session_id = '@quiet'" for column in COUNTS}),
    "provider_event": ({"session_id": "@turning", "type": "runtime.error"}, {
        "event_id": "SELECT event_id FROM tenure_provider_seen",
        "message": "SELECT last_error FROM tenure_session WHERE session_id = '@turning'"}),
}
# An empty text means something of its own there: no scope, and no warning of what is missing.
EMPTY = {("start", "scope"): None, ("escalate", "scope"): None}
# The input of a steer is what is said, not a number.
NUMBERS = {"lease_ttl", "pid", "pid_start_ticks", "strict", "token_budget", "exit_code", "cached_input", "output",
           "reasoning_output", "total", ("turn_end", "input"), ("usage", "input")}

is_(sorted(GOOD), sorted(VERBS), "every verb has a call")
was = t.dump()
for verb, (columns, reads) in GOOD.items():
    for column in one_in(1.25, VERBS[verb]):
        faults, done_count = [], 0
        for value in VALUES:
            given = filled(columns, ids) | {column: value}
            marks, params = bound(given)
            sql = f"INSERT INTO tenure_{verb}({', '.join(given)}) VALUES ({marks}) RETURNING session_report()"
            t.sql("SAVEPOINT s")
            try:
                rows = t.sql(sql, params)
                done_count += 1
                text = rows[0][0]
                report = json.loads(text)
                if CONTROLS.search(text.replace("\u2028", "")) and any(ord(c) < 32 for c in text):
                    faults.append(f"{shown(value)}: a control character in the report")
                bad = t.sql("SELECT detail FROM tenure_event WHERE NOT json_valid(detail)")
                faults += [f"{shown(value)}: an event is no JSON: {bad[0][0][:200]!r}"] if bad else []
                if column in reads:
                    found = t.value(filled({"sql": reads[column]}, ids)["sql"])
                    want = kept(value)
                    if column in NUMBERS or (verb, column) in NUMBERS:
                        want = int(value if isinstance(value, float) else kept(value))
                    want = EMPTY.get((verb, column), want) if value in ("", b"") else want
                    if found != want:
                        faults.append(f"{shown(value)} is kept as {shown(found)}, not {shown(want)}")
                    if isinstance(value, Bytes):
                        faults.append(f"{shown(value)} is kept")
            except sqlite3.Error as error:
                fault = fault_of((str(error), getattr(error, "sqlite_errorcode", None)))
                faults += [f"{shown(value)}: {fault}"] if fault else []
            except (ValueError, TypeError, KeyError) as error:
                faults.append(f"{shown(value)}: {type(error).__name__}: {error}")
            t.sql("ROLLBACK TO s")
            t.sql("RELEASE s")
        if t.dump() != was:
            faults.append("something is left of it")
        if not ok(not faults, f"{verb}, hostile {column}: done by name or refused by name ({done_count} done)"):
            diag("\n".join(faults))
is_((t.value("SELECT tenure_verb_name()"), t.value("SELECT session_now()")), (None, NOW),
    "nothing is left open")

# All columns at once.
for verb in VERBS:
    faults = []
    for value in VALUES:
        given = dict.fromkeys(VERBS[verb], value)
        marks, params = bound(given)
        t.sql("SAVEPOINT s")
        got = error_of(t.db, f"INSERT INTO tenure_{verb}({', '.join(given)}) VALUES ({marks})", params)
        t.sql("ROLLBACK TO s")
        t.sql("RELEASE s")
        faults += [f"{shown(value)}: {fault_of(got)}"] if fault_of(got) else []
    if not ok(not faults, f"{verb}, every column hostile: done by name or refused by name"):
        diag("\n".join(faults))

# Every argument of every function. An error is a refusal by name; a value is never a broken text.
for kind, calls in FUNCTIONS.items():
    for call in calls:
        count, name = count_of(call), name_of(call)
        if count == 0:
            continue
        given = [part.strip() for part in call[call.index("(") + 1:-1].split(",")]
        faults = []
        for place in range(count):
            for value in VALUES + [None]:
                marks = list(given)
                marks[place] = "CAST(? AS TEXT)" if isinstance(value, Bytes) else "?"
                param = value.value if isinstance(value, Bytes) else value
                t.sql("SAVEPOINT s")
                got = error_of(t.db, f"SELECT {name}({', '.join(marks)})", (param,))
                t.sql("ROLLBACK TO s")
                t.sql("RELEASE s")
                fault = fault_of(got)
                if fault and not (name == "tenure_refuse" and "a fact is missing" in fault):
                    faults.append(f"argument {place + 1}, {shown(value)}: {fault}")
        t.sql("SELECT tenure_clock(?)", (NOW,))
        if t.dump() != was:
            faults.append("something is left of it")
        if not ok(not faults, f"{call}, hostile arguments"):
            diag("\n".join(faults[:40]))
t.sql("SELECT tenure_hold(NULL)")

# Functions that take any number of arguments take none, one, an odd number and as many as SQLite passes.
for name in VARIADIC:
    for count in (0, 1, 2, 3, 5, 64, 127):
        for value in ("x", None, 5, b"\xff"):
            got = error_of(t.db, f"SELECT {name}({', '.join('?' * count)})", (value,) * count)
            fault = fault_of(got)
            ok(fault is None or "a fact is missing" in fault,
               f"{name} of {count} times {value!r}") or diag(fault)
for name, argument in MODULES.items():
    if argument:
        for value in VALUES + [None]:
            marks, params = bound({"x": value})
            fault = fault_of(error_of(t.db, f"SELECT * FROM {name}({marks})", params))
            ok(fault is None, f"{name}({shown(value)})") or diag(fault)

# What display_safe shows is safe to show, and says everything that it was given.
for value in VALUES:
    marks, params = bound({"x": value})
    text = t.value(f"SELECT display_safe({marks})", params)
    ok(not CONTROLS.search(text) and not any("\ud800" <= c <= "\udfff" for c in text),
       f"display_safe({shown(value)})")
    if not isinstance(value, (Bytes, bytes)) and len(kept(value)) < 1000 and "\\" not in kept(value):
        got = text.encode("ascii", "backslashreplace").decode()
        ok(text == kept(value) or "\\" in got, f"display_safe({shown(value)}) shows it or escapes it")

# Names of what is guarded: a table, a scope and a column that are hard to quote.
for table in ('a"b', "a'b", "a b", "a;b", "a]b", "a`b", "--", "tasks\u202e", "select", "a\nb", "x" * 300,
              "%s%n", "{scope}"):
    for scope in ("a'b", 'a"b', "a;b", "{holder}", "%Q", "é", "x" * 4096):
        faults = []
        name = '"' + table.replace('"', '""') + '"'
        t.sql("SAVEPOINT s")
        t.sql(f"CREATE TABLE {name} (x)")
        got = error_of(t.db, "SELECT tenure_guard(?, ?)", (table, scope))
        faults += [f"guard: {got}"] if got else []
        got = error_of(t.db, f"INSERT INTO {name} VALUES (1)")
        if got is None or not got[0].startswith("tenure: fence.required: ") or fault_of(got):
            faults.append(f"the guard: {got}")
        held = t.verb("start", scope=scope, actor_id="ann", lease_ttl=60)
        t.sql("SELECT tenure_hold(?, ?)", (held["session_id"], held["fence"]))
        got = error_of(t.db, f"INSERT INTO {name} VALUES (1)")
        faults += [f"with its fence: {got}"] if got else []
        got = error_of(t.db, "SELECT tenure_unguard(?)", (table,))
        faults += [f"unguard: {got}"] if got else []
        t.sql("SELECT tenure_hold(NULL)")
        got = error_of(t.db, f"INSERT INTO {name} VALUES (1)")
        faults += [f"unguarded: {got}"] if got else []
        t.sql("ROLLBACK TO s")
        t.sql("RELEASE s")
        ok(not faults, f"a guard of table {shown(table)} for scope {shown(scope)}") or diag("\n".join(faults))
for scope in [Bytes(value) for value in RAW] + ["a\0b", "a\nb", "\x1b", "", None, "x" * 5000]:
    marks, params = bound({"x": scope})
    got = error_of(t.db, f"SELECT tenure_guard('notes', {marks})", params)
    ok(got and fault_of(got) is None,
       f"no guard for a scope that no session can have: {shown(scope)}") or diag(got)
    t.sql("SELECT tenure_unguard('notes')")
is_(t.dump(), was, "at the end everything is as it was")
is_(t.sql("PRAGMA integrity_check"), [("ok",)], "and sound")
done()
