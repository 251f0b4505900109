#!/usr/bin/python3
"""Raw writes to every other table of Tenure's: the counters, the log, receipts, notes and the meta row; and
the views, of which only verbs take an INSERT."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from raw import CLAUSES, CONSTRAINTS, TABLES, VERBS, Raw  # noqa: E402
from tap import diag, done, error_of, is_, ok  # noqa: E402
from tenure import T0, quoted  # noqa: E402

t = Raw()
A = t.verb("start", scope="a", actor_id="ann", lease_ttl=60, receipt_id="r1")["session_id"]
ENDED = t.in_status("exited", scope="b", actor_id="ann", lease_ttl=60)
E = t.verb("escalate", scope="a", kind="blocking", reason="why")["escalation_id"]
t.verb("gate_set", scope="a", gates='["x"]')
t.verb("baseline_set", session_id=A, name="head", digest="abc")
t.verb("record_result", session_id=A, status="failure", provenance="completion")
t.verb("record_result", session_id=A, turn_id="t9", status="success", final=1)
t.verb("record_completion", session_id=A, exit_code=1)
FORCED = t.verb("start", scope="c", actor_id="ann", lease_ttl=60)["session_id"]
t.verb("clear", scope="c", force=1, reason="r")

# A statement with {} where its conflict clause goes, and :a, :ended, :e for ids | what comes of it.
WRITES = """
INSERT {} INTO tenure_scope VALUES ('new', 5) | write.counter
INSERT {} INTO tenure_scope VALUES ('new', 0) | write.counter
INSERT {} INTO tenure_scope VALUES ('a', 9) | write.counter
INSERT {} INTO tenure_scope VALUES ('a', 1) | write.counter
UPDATE {} tenure_scope SET revision = revision + 1 | write.counter
UPDATE {} tenure_scope SET revision = revision | write.counter
UPDATE {} tenure_scope SET revision = 1 | write.counter
UPDATE {} tenure_scope SET revision = NULL | write.counter
UPDATE {} tenure_scope SET scope = 'c' WHERE scope = 'a' | write.counter
UPDATE {} tenure_scope SET revision = 9223372036854775807 | write.counter
DELETE FROM tenure_scope | write.delete
DELETE FROM tenure_scope WHERE scope = 'b' | write.delete
INSERT {} INTO tenure_counter VALUES ('new', 5) | write.counter
INSERT {} INTO tenure_counter VALUES ('new', 0) | write.counter
INSERT {} INTO tenure_counter VALUES ('a', 9) | write.counter
INSERT {} INTO tenure_counter VALUES ('a', 1) | write.counter
UPDATE {} tenure_counter SET revision = revision + 1 | write.counter
UPDATE {} tenure_counter SET revision = revision | write.counter
UPDATE {} tenure_counter SET revision = 1 | write.counter
UPDATE {} tenure_counter SET revision = NULL | write.counter
UPDATE {} tenure_counter SET scope = 'c' WHERE scope = 'a' | write.counter
UPDATE {} tenure_counter SET revision = 9223372036854775807 | write.counter
INSERT {} INTO tenure_counter VALUES ('a', 9) ON CONFLICT DO UPDATE SET revision = 9 | write.counter
DELETE FROM tenure_counter | write.delete
DELETE FROM tenure_counter WHERE scope = 'b' | write.delete

INSERT {} INTO tenure_event (at, event) VALUES (1, 'mine') | ok
INSERT {} INTO tenure_event (at, event, session_id) VALUES (1, 'mine', :a) | ok
INSERT {} INTO tenure_event (seq, at, event) VALUES (NULL, 1, 'mine') | ok
INSERT {} INTO tenure_event (seq, at, event) VALUES (1, 1, 'mine') | write.sequence
INSERT {} INTO tenure_event (seq, at, event) VALUES (99, 1, 'mine') | write.sequence
INSERT {} INTO tenure_event (seq, at, event) VALUES (9223372036854775807, 1, 'mine') | write.sequence
INSERT {} INTO tenure_event (seq, at, event) VALUES (0, 1, 'mine') | write.sequence
INSERT {} INTO tenure_event (seq, at, event) VALUES (-1, 1, 'mine') | refused
INSERT {} INTO tenure_event (rowid, at, event) VALUES (1, 1, 'mine') | write.sequence
INSERT {} INTO tenure_event SELECT * FROM tenure_event | write.sequence
INSERT {} INTO tenure_event (at) VALUES (1) | NOT NULL
UPDATE {} tenure_event SET detail = 'forged' | write.append_only
UPDATE {} tenure_event SET detail = detail | write.append_only
UPDATE {} tenure_event SET seq = seq + 100 | write.append_only
DELETE FROM tenure_event WHERE session_id = :a | write.append_only
DELETE FROM tenure_event WHERE session_id = :ended | write.append_only
DELETE FROM tenure_event WHERE session_id IS NULL | write.append_only
DELETE FROM tenure_event | write.append_only

INSERT {} INTO tenure_receipt VALUES ('r2', 'start', NULL, NULL, '{{}}', 1) | ok
INSERT {} INTO tenure_receipt VALUES ('r1', 'start', NULL, NULL, '{{}}', 1) | write.exists
INSERT {} INTO tenure_receipt SELECT * FROM tenure_receipt | write.exists
UPDATE {} tenure_receipt SET report = '{{}}' | write.append_only
UPDATE {} tenure_receipt SET receipt_id = 'r9' | write.append_only
UPDATE {} tenure_receipt SET report = report | write.append_only
DELETE FROM tenure_receipt | ok

INSERT {} INTO tenure_escalation VALUES ('esc_1', 'a', :a, 'blocking', 'r', 1, NULL) | ok
INSERT {} INTO tenure_escalation VALUES ('esc_1', 'a', :a, 'nagging', 'r', 1, NULL) | CHECK
INSERT {} INTO tenure_escalation VALUES (:e, 'a', :a, 'blocking', 'other', 1, NULL) | write.exists
INSERT {} INTO tenure_escalation SELECT * FROM tenure_escalation | write.exists
UPDATE {} tenure_escalation SET resolved_at = created_at | ok
UPDATE {} tenure_escalation SET resolved_at = created_at - 1 | write.fixed
UPDATE {} tenure_escalation SET reason = 'forged' | write.fixed
UPDATE {} tenure_escalation SET scope = 'b' | write.fixed
UPDATE {} tenure_escalation SET scope = NULL | write.fixed
UPDATE {} tenure_escalation SET session_id = 'ses_x' | write.fixed
UPDATE {} tenure_escalation SET kind = 'non_blocking' | write.fixed
UPDATE {} tenure_escalation SET created_at = 0 | write.fixed
UPDATE {} tenure_escalation SET escalation_id = 'esc_2' | write.fixed
UPDATE {} tenure_escalation SET kind = NULL | NOT NULL
UPDATE {} tenure_escalation SET reason = NULL | NOT NULL
DELETE FROM tenure_escalation | ok

INSERT {} INTO tenure_gate VALUES ('b', '[]', 1) | ok
INSERT {} INTO tenure_gate VALUES ('b', '[]', 2) | write.revision
INSERT {} INTO tenure_gate VALUES ('b', '[]', 0) | write.revision
INSERT {} INTO tenure_gate VALUES ('b', 'not json', 1) | opt.gates
INSERT {} INTO tenure_gate VALUES ('b', '{{}}', 1) | opt.gates
INSERT {} INTO tenure_gate VALUES ('b', NULL, 1) | NOT NULL
INSERT {} INTO tenure_gate VALUES ('a', '[]', 1) | write.exists
UPDATE {} tenure_gate SET gates = '[1]', revision = revision + 1 | ok
UPDATE {} tenure_gate SET gates = '[1]' | write.revision
UPDATE {} tenure_gate SET gates = '[1]', revision = revision + 2 | write.revision
UPDATE {} tenure_gate SET gates = 'x', revision = revision + 1 | opt.gates
UPDATE {} tenure_gate SET scope = 'c', revision = revision + 1 | write.fixed
UPDATE {} tenure_gate SET revision = NULL | NOT NULL
DELETE FROM tenure_gate | ok

INSERT {} INTO tenure_baseline VALUES (:a, 'tail', 'def', 1) | ok
INSERT {} INTO tenure_baseline VALUES (:ended, 'head', 'def', 1) | ok
INSERT {} INTO tenure_baseline VALUES (:a, 'head', 'def', 1) | write.exists
INSERT {} INTO tenure_baseline VALUES ('ses_none', 'head', 'def', 1) | baseline.missing
INSERT {} INTO tenure_baseline VALUES (:a, ' ', 'def', 1) | opt.blank_id
INSERT {} INTO tenure_baseline VALUES (:a, 'tail', CAST(X'FF' AS TEXT), 1) | opt.text
DELETE FROM tenure_baseline | ok

INSERT {} INTO tenure_result VALUES (:a, 1, 't1', 'success', 0, 's', 'agent', 0, 1, 1) | ok
INSERT {} INTO tenure_result VALUES (:ended, 1, '', 'failure', 7, NULL, 'agent', 1, 1, 1) | ok
INSERT {} INTO tenure_result VALUES (:a, 1, '', 'success', 0, 's', 'agent', 0, 1, 1) | write.exists
INSERT {} INTO tenure_result SELECT * FROM tenure_result | write.exists
INSERT {} INTO tenure_result VALUES (:a, 1, 't1', 'success', 0, 's', 'agent', 0, 1, 2) | write.result
INSERT {} INTO tenure_result VALUES (:a, 1, 't1', 'fine', 0, 's', 'agent', 0, 1, 1) | CHECK
INSERT {} INTO tenure_result VALUES (:a, 1, 't1', 'success', 0, 's', 'luck', 0, 1, 1) | CHECK
INSERT {} INTO tenure_result VALUES (:a, 1, 't1', 'success', 0, 's', 'agent', 2, 1, 1) | CHECK
INSERT {} INTO tenure_result VALUES (:a, 1, 't1', NULL, 0, 's', 'agent', 0, 1, 1) | NOT NULL
INSERT {} INTO tenure_result VALUES (:a, 2, 't1', 'success', 0, 's', 'agent', 0, 1, 1) | fence.session
INSERT {} INTO tenure_result VALUES (:a, 1, 't1', 'success', 0, 's', 'agent', 0, 9999999999, 1) | write.stamp
INSERT {} INTO tenure_result VALUES (:a, 1, char(97, 10), 'success', 0, 's', 'agent', 0, 1, 1) | opt.bad_id
INSERT {} INTO tenure_result VALUES ('ses_none', 1, '', 'success', 0, 's', 'agent', 0, 1, 1) | result.missing
INSERT {} INTO tenure_result VALUES (:forced, 1, '', 'success', 0, 's', 'agent', 0, 1, 1) | fence.token
UPDATE {} tenure_result SET status = 'success', revision = revision + 1 WHERE turn_id = '' | ok
UPDATE {} tenure_result SET provenance = 'agent', revision = revision + 1 WHERE turn_id = '' | ok
UPDATE {} tenure_result SET provenance = 'synthetic', revision = revision + 1 WHERE turn_id = '' | write.result
UPDATE {} tenure_result SET status = 'success' WHERE turn_id = '' | write.result
UPDATE {} tenure_result SET status = 'failure', revision = revision + 1 WHERE turn_id = 't9' | write.result
UPDATE {} tenure_result SET session_id = :ended, revision = revision + 1 WHERE turn_id = '' | write.fixed
UPDATE {} tenure_result SET incarnation = 2, revision = revision + 1 WHERE turn_id = '' | write.fixed
UPDATE {} tenure_result SET turn_id = 't2', revision = revision + 1 WHERE turn_id = '' | write.fixed
UPDATE {} tenure_result SET recorded_at = 1, revision = revision + 1 WHERE turn_id = '' | write.stamp
UPDATE {} tenure_result SET recorded_at = 9999999999, revision = revision + 1 WHERE turn_id = '' | write.stamp
DELETE FROM tenure_result | write.delete

INSERT {} INTO tenure_completion VALUES (:ended, 1, 0, 'success', NULL, 1) | ok
INSERT {} INTO tenure_completion VALUES (:a, 1, 0, 'success', NULL, 1) | write.exists
INSERT {} INTO tenure_completion SELECT * FROM tenure_completion | write.exists
INSERT {} INTO tenure_completion VALUES (:a, 2, 0, 'success', NULL, 1) | fence.session
INSERT {} INTO tenure_completion VALUES (:ended, 1, 0, 'fine', NULL, 1) | CHECK
INSERT {} INTO tenure_completion VALUES (:ended, 1, NULL, 'success', NULL, 1) | NOT NULL
INSERT {} INTO tenure_completion VALUES (:ended, 1, 0, 'success', NULL, 9999999999) | write.stamp
INSERT {} INTO tenure_completion VALUES ('ses_none', 1, 0, 'success', NULL, 1) | completion.missing
INSERT {} INTO tenure_completion VALUES (:forced, 1, 0, 'success', NULL, 1) | fence.token
UPDATE {} tenure_completion SET exit_code = 0 | write.append_only
UPDATE {} tenure_completion SET reason = reason | write.append_only
DELETE FROM tenure_completion | write.delete

INSERT {} INTO tenure_meta VALUES ('schema', '99') | write.fixed
INSERT {} INTO tenure_meta VALUES ('mine', 'x') | write.fixed
UPDATE {} tenure_meta SET value = '99' | write.fixed
UPDATE {} tenure_meta SET value = value | write.fixed
UPDATE {} tenure_meta SET key = 'other' | write.fixed
DELETE FROM tenure_meta | write.fixed
"""

tried = set()
for line in WRITES.strip().split("\n"):
    if not line:
        continue
    statement, want = line.split(" | ")
    tried.update(table for table in TABLES if table in statement)
    for clause in CLAUSES if "{}" in statement else [""]:
        if want in CONSTRAINTS and clause == "OR ROLLBACK":
            continue  # ends the whole transaction, as the statement asks
        sql = statement.format(clause)
        for mark, found in ((":a", A), (":ended", ENDED), (":e", E), (":forced", FORCED)):
            sql = sql.replace(mark, f"'{found}'")
        with t.situation(sql):
            if want == "refused" or (want in CONSTRAINTS and clause):
                t.unmoved(f"{sql}: nothing is done", sql)
            else:
                t.tried(want, sql)
is_(sorted(tried | {"tenure_session"}), sorted(TABLES), "every table was tried")
TURNS = {"tenure_turn", "tenure_pending_start", "tenure_turn_input", "tenure_request", "tenure_grant", "tenure_history",
         "tenure_provider_seen"}  # these are tried in tests/turns
is_([name for (name,) in t.sql("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'tenure_%'"
                               " ORDER BY name") if name not in TURNS], sorted(TABLES), "and there is no other")

# Notes that change by hand are in the log like those that change by a verb.
for sql, event in (
        ("INSERT INTO tenure_escalation VALUES ('esc_1', 'a', NULL, 'blocking', 'r', 1, NULL)",
         "escalation.opened"),
        ("UPDATE tenure_escalation SET resolved_at = session_now()", "escalation.resolved"),
        ("DELETE FROM tenure_escalation", "escalation.removed"),
        ("INSERT INTO tenure_gate VALUES ('b', '[]', 1)", "gate.set"),
        ("UPDATE tenure_gate SET gates = '[2]', revision = 2", "gate.set"),
        ("DELETE FROM tenure_gate", "gate.removed")):
    with t.situation(sql):
        before = len(t.events())
        t.sql(sql)
        is_([row[0] for row in t.events("event")[before:]], [event], f"{sql}: one event, {event}")
with t.situation("twice"):
    t.verb("escalation_resolve", escalation_id=E)
    for value in ("resolved_at + 1", "NULL", "resolved_at"):
        t.refused_sql("write.fixed", f"UPDATE tenure_escalation SET resolved_at = {value}",
                      test=f"a resolution stays: {value}")

# The views. A verb's takes an INSERT and nothing else. Those that the verbs are made of are reached by an
# INSERT from outside, too; it can do no more than plain statements on the tables can.
views = {name for (name,) in t.sql("SELECT name FROM sqlite_schema WHERE type = 'view'")}
verbs = {f"tenure_{verb}" for verb in VERBS}
taking = {name for (name,) in t.sql("SELECT v.name FROM sqlite_schema AS v JOIN pragma_table_info(v.name) AS c"
                                    " WHERE v.type = 'view' AND c.name = 'receipt_id'")}
is_(sorted(verbs), sorted(taking - {"tenure_receipt_asked", "tenure_receipt_kept", "tenure_forgettable"}),
    "each verb is a view, and no verb is missing")
for view in sorted(views):
    column = quoted(t.sql(f"PRAGMA table_info({view})")[0][1])
    for sql in (f"UPDATE {view} SET {column} = 1", f"DELETE FROM {view}"):
        ok(t.unmoved(f"{sql[:6]} of {view}: nothing is done", sql), f"{sql[:6]} of {view}: SQLite says so")

HARM = {"session_id": A, "found_id": A, "asked_id": A, "new_id": "ses_new", "scope": "a", "owner_id": "eve",
        "actor_id": "eve", "status": "exited", "decision": "keep", "owner_kind": "runtime_worker", "number": 99,
        "lifecycle": "autonomous", "mode": "general", "reason": "r", "code": "start.live_other_owner",
        "activity": "forged", "from_status": "running", "changed": 1, "lease_ttl": 99, "found_left": 99,
        "fence": 99, "revision": 99, "is_free": 1, "started_at": 1, "last_started_at": 1, "start_count": 1}
FORGED = [
    ("INSERT INTO tenure_import_counter VALUES ('a', 9223372036854775807)", "the counter at its ceiling"),
    ("INSERT INTO tenure_import_counter VALUES ('new', 9)", "a counter without a session"),
    ("INSERT INTO tenure_heartbeat_told(session_id, activity) VALUES (:a, 'forged')", "an activity"),
    ("INSERT INTO tenure_heartbeat_news(session_id, progress) VALUES (:a, 0)", "no progress"),
    ("INSERT INTO tenure_heartbeat_news(session_id, outcome) VALUES (:ended, 'fine')", "an outcome"),
    ("INSERT INTO tenure_heartbeat_found(session_id) VALUES (:a)", "a heartbeat"),
    ("INSERT INTO tenure_clear_found(session_id) SELECT session_id FROM tenure_session", "a clear of all"),
]


def unruly(before):
    """What changed against the rules of the numbers since BEFORE, which ruled() gave."""
    rows, counters = before
    faults = [f"{row[0]} changed at revision {row[1]}" for row in t.sql(
                  "SELECT session_id, revision, * FROM tenure_session")
              if row not in rows and any(row[:2] == old[:2] for old in rows)]
    return faults + [f"scope {scope}: {counters.get(scope)} -> {number}"
                     for scope, number in t.sql("SELECT * FROM tenure_scope") if number != counters.get(scope)
                     and (scope, number) not in t.sql("SELECT scope, revision FROM tenure_session")]


def ruled():
    return (t.sql("SELECT session_id, revision, * FROM tenure_session"),
            dict(t.sql("SELECT * FROM tenure_scope")))


def forced(name, sql, params=()):
    """One test: SQL breaks no rule of the tables, whatever it comes to."""
    before = ruled()
    got = error_of(t.db, sql, params)
    faults = t.faults() + unruly(before)
    if not ok(not faults, name):
        diag(f"came to {got}\n" + "\n".join(faults))


for view in sorted(views - verbs):
    columns = [row[1] for row in t.sql(f"PRAGMA table_info({view})")]
    for given in (columns, [column for column in columns if column in HARM], ["session_id"],
                  ["scope", "revision"]):
        if set(given) <= set(columns):
            with t.situation(view, at=T0 + 5):
                names, marks = ", ".join(map(quoted, given)), ", ".join("?" * len(given))
                forced(f"INSERT INTO {view} of {len(given)} columns breaks no rule",
                       f"INSERT INTO {view}({names}) VALUES ({marks})", tuple(map(HARM.get, given)))
for sql, name in FORGED:
    with t.situation(name, at=T0 + 5):
        forced(f"{name} is not forged through a view",
               sql.replace(":a", f"'{A}'").replace(":ended", f"'{ENDED}'"))

# What is Tenure's own stays what it is: no new columns or triggers are needed to see it work.
is_(t.faults(), [], "every invariant holds at the end")
is_(error_of(t.db, "PRAGMA integrity_check"), None, "and the database is sound")
done()
