#!/usr/bin/python3
"""tenure_doctor: each check fires on what it is there for and on nothing else, wherever it is asked.

What a guard would refuse is written with the guards off, and tenure_install() puts them back: it is the
rows that must be found, not the missing trigger.
"""

import glob
import os
import re
import sqlite3
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from cases import fill, known  # noqa: E402
from health import damage  # noqa: E402
from raw import Raw  # noqa: E402
from tap import ROOT, connect, diag, done, error_of, is_, ok  # noqa: E402
from tenure import CONTROLS, INT_MAX, T0, Tenure, quoted  # noqa: E402

folder = tempfile.TemporaryDirectory()
ERRORS = "SELECT check_name, session_id, finding FROM tenure_doctor WHERE severity = 'error'"
CHECKS = {}  # name: severity, of all in sql/check
for name in sorted(glob.glob(os.path.join(ROOT, "sql", "check", "*.sql"))):
    with open(name, encoding="utf-8") as file:
        for part in file.read().split("-- check: ")[1:]:
            found = re.search("^-- severity: (.*)$", part, re.M)
            CHECKS[part.split("\n")[0]] = found.group(1) if found else "error"


def path(name):
    return os.path.join(folder.name, name)


def busy():
    """A database in which there is some of everything, and nothing wrong."""
    t = fill(Raw())
    live = known(t)["@live"]
    for number in ("t0", "t1"):
        t.verb("turn_begin", session_id=live, turn_id=number, replace=1)
        t.verb("turn_steer", session_id=live, input="go on")
        t.verb("request_open", session_id=live, request_id=f"q{number}", kind="approval")
    t.verb("request_open", session_id=live, request_id="q2", kind="approval")
    t.verb("request_resolve", session_id=live, request_id="q2", decision="approved_for_session", remember='["k"]')
    t.verb("record_result", session_id=live, turn_id="t0", status="failure")
    t.verb("record_completion", session_id=known(t)["@ended"], exit_code=0)
    t.verb("start", scope="pending", actor_id="ann", lease_ttl=60)
    t.verb("turn_request_start", session_id=t.holder("pending")["session_id"], message_id="m")
    t.verb("provider_event", session_id=live, type="session.started", event_id="e1")
    return t


base = busy()
ids = known(base) | {"@pending": base.holder("pending")["session_id"]}
IMAGE = base.db.serialize()
VERSION = base.value("SELECT value FROM tenure_meta")
is_(base.sql("SELECT * FROM tenure_doctor"), [], "nothing is wrong with a busy database")
empty = [name for (name,) in base.sql("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'tenure_%'")
         if not base.sql(f"SELECT 1 FROM {name} LIMIT 1")]
is_(empty, ["tenure_receipt"], "in which there is a row of every table, but for receipts")
is_(Tenure().sql("SELECT * FROM tenure_doctor"), [], "nor with an empty one")

# --- rows that break a rule

NEW = ("INSERT INTO tenure_session (session_id, scope, clock, started_at, last_started_at, changed_at, revision,"
       " fence, owner_kind, owner_id, lease_ttl, last_heartbeat_at) SELECT 'ses_2', scope, clock, started_at,"
       " last_started_at, changed_at, revision, fence, owner_kind, 'bob', lease_ttl, last_heartbeat_at"
       " FROM tenure_session WHERE session_id = '@live'")
LIVE, ENDED = "WHERE session_id = '@live'", "WHERE session_id = '@ended'"
# check | about which session | what it says | the statements that break the rule
BROKEN = [
    ("session.living", "@live", "is running, but ended_at is 1000000100",
     f"UPDATE tenure_session SET ended_at = 1000000100, end_reason = 'run' {LIVE}"),
    ("session.living", "@ended", "is exited, but ended_at is not set",
     f"UPDATE tenure_session SET ended_at = NULL {ENDED}"),
    ("session.ending", "@ended", "has ended without a reason", f"UPDATE tenure_session SET end_reason = NULL {ENDED}"),
    ("session.ending", "@ended", "has ended before it began",
     f"UPDATE tenure_session SET ended_at = started_at - 1 {ENDED}"),
    ("session.one_per_scope", "@live", "2 living sessions hold scope live", NEW),
    ("session.fence", "@live", "its fence 9 is ahead of its revision",
     f"UPDATE tenure_session SET fence = 9 {LIVE}"),
    ("session.fence", "@live", "fence 1 of scope live is that of 2 sessions",
     NEW + f" ;; UPDATE tenure_session SET status = 'exited', ended_at = 1000000100, end_reason = 'run' {LIVE}"),
    ("scope.counter", "@live", "the counter of scope live is 0, behind fence 1",
     "UPDATE tenure_counter SET revision = 0 WHERE scope = 'live'"),
    ("scope.counter", "@live", "the counter of scope live is missing, behind fence 1",
     "DELETE FROM tenure_counter WHERE scope = 'live'"),
    ("scope.counter", "@ended", "the counter of scope ended is 0, behind fence 1",
     "UPDATE tenure_counter SET revision = 0 WHERE scope = 'ended'"),
    ("scope.holder", "@live", "holds scope live at revision 4, but the counter is 99",
     "UPDATE tenure_counter SET revision = 99 WHERE scope = 'live'"),
    ("session.clock", "@live", "was changed 61 seconds ahead of this clock",
     f"UPDATE tenure_session SET changed_at = {T0 + 161} {LIVE}"),
    ("log.session", "@live", "is not in the log", "DELETE FROM tenure_event WHERE session_id = '@live'"),
    ("log.session", "@live", "is ready, but the log says running",
     f"UPDATE tenure_session SET status = 'ready' {LIVE}"),
    ("log.session", "@ended", "has ended, but not in the log",
     "UPDATE tenure_event SET event = 'session.status' WHERE session_id = '@ended' AND event = 'session.ended'"),
    ("log.session", "@live", "lives, but not in the log",
     "INSERT INTO tenure_event (at, session_id, event, to_status, incarnation, scope)"
     " VALUES (1, '@live', 'session.ended', 'running', 1, 'live')"),
    ("log.session", "@live", "is incarnation 2, but the log says 1",
     f"UPDATE tenure_session SET incarnation = 2 {LIVE}"),
    ("log.session", "@live", "has another scope or owner than the log says",
     f"UPDATE tenure_session SET owner_id = 'eve' {LIVE}"),
    ("log.session", "@ended", "has another scope or owner than the log says",
     f"UPDATE tenure_session SET scope = 'elsewhere' {ENDED}"),
    ("log.session", "@live", "has fence 3, but the log says 1", f"UPDATE tenure_session SET fence = 3 {LIVE}"),
    ("log.session", "@live", "has fence 1, but the log says none",
     "UPDATE tenure_event SET detail = '{\"owner_id\":\"ann\"}' WHERE session_id = '@live'"
     " AND event = 'session.created'"),
    ("log.session", "@ended", "ended for another reason than the log says",
     f"UPDATE tenure_session SET end_reason = 'idle' {ENDED}"),
    ("log.session", "@live", "is running, but the log says <status>",
     "INSERT INTO tenure_event (at, session_id, event, to_status) VALUES (1, '@live', 'x', '<status>')"),
    ("log.session", "@live", "is running, but the log says \\x1b[31m",
     "INSERT INTO tenure_event (at, session_id, event, to_status) VALUES (1, '@live', 'x', char(27) || '[31m')"),
    ("log.ghost", "ses_gone", "is in the log, running, but not among the sessions",
     "INSERT INTO tenure_event (at, session_id, event, to_status)"
     " VALUES (1, 'ses_gone', 'session.created', 'running')"),
    ("log.ghost", "@ended", "is in the log, exited, but not among the sessions",
     f"DELETE FROM tenure_session {ENDED}"),
    ("log.ghost", "ses_gone", "is in the log, session.joined, but not among the sessions",
     "INSERT INTO tenure_event (at, session_id, event) VALUES (1, 'ses_gone', 'session.joined')"),
    ("log.ghost", "ses_gone", "is in the log, running, but not among the sessions",
     "INSERT INTO tenure_event (at, session_id, event, to_status) VALUES (1, 'ses_gone', 'session.created', 'running'),"
     " (1, 'ses_gone', 'session.joined', NULL)"),
    ("log.status", "@live", "session.ended in the log names no status",
     "INSERT INTO tenure_event (at, session_id, event) VALUES (1, '@live', 'session.ended')"),
    ("log.revision", "@live", "is at revision 4, but the log knows 5",
     "INSERT INTO tenure_event (at, session_id, incarnation, revision, event) VALUES (1, '@live', 1, 5, 'session.joined')"),
    ("log.turn", "@live", "turn t1 is running, but the log says nothing of it",
     "DELETE FROM tenure_event WHERE turn_id = 't1'"),
    ("log.turn", "@live", "turn t0 is completed, but the log says interrupted",
     "UPDATE tenure_turn SET state = 'completed', abort_reason = NULL WHERE turn_id = 't0'"),
    ("log.turn", "@live", "turn t1 is running, but the log says running",
     "UPDATE tenure_turn SET kind = 'review' WHERE turn_id = 't1'"),
    ("log.turn", "@live", "turn t0 is in the log, but not among the turns",
     "DELETE FROM tenure_turn WHERE turn_id = 't0'"),
    ("turn.open", "@live", "turn t1 is open, but the session is ready, incarnation 1",
     f"UPDATE tenure_session SET status = 'ready' {LIVE}"),
    ("turn.open", "@live", "turn t1 is open, but the session is running, incarnation 2",
     f"UPDATE tenure_session SET incarnation = 2 {LIVE}"),
    ("turn.open", "@live", "turn t1 is open, but the session is gone", f"DELETE FROM tenure_session {LIVE}"),
    ("turn.one_per_session", "@live", "2 turns are open",
     "UPDATE tenure_turn SET state = 'running', ended_at = NULL, abort_reason = NULL WHERE turn_id = 't0'"),
    ("turn.state", "@live", "turn t1 is completed without an end", "UPDATE tenure_turn SET state = 'completed'"
     " WHERE turn_id = 't1'"),
    ("turn.state", "@live", "turn t1 is running and has an end",
     "UPDATE tenure_turn SET ended_at = 5 WHERE turn_id = 't1'"),
    ("request.pending", "@live", "request qt1 is pending under no open turn",
     "UPDATE tenure_turn SET state = 'completed', ended_at = 5 WHERE turn_id = 't1'"),
    ("input.pending", "@live", "input 1 waits for turn t1, which has ended",
     "UPDATE tenure_turn SET state = 'completed', ended_at = 5 WHERE turn_id = 't1'"),
    ("grant.turn", "@live", "a grant of turn t0 has outlived it", "UPDATE tenure_grant SET turn_id = 't0'"),
    ("pending_start.session", "@ended", "a start is pending, but the session is exited",
     "UPDATE tenure_pending_start SET session_id = '@ended' WHERE session_id = '@pending'"),
    ("pending_start.session", "@pending", "a start is pending, but the session is interrupted",
     "UPDATE tenure_session SET status = 'interrupted' WHERE session_id = '@pending'"),
    ("pending_start.session", "@pending", "a start is pending, but the session is error",
     "UPDATE tenure_session SET status = 'error' WHERE session_id = '@pending'"),
    ("pending_start.session", "@pending", "a start is pending, but the session is gone",
     "DELETE FROM tenure_session WHERE session_id = '@pending'"),
    ("result.incarnation", "@live", "has a result of incarnation 2, which it never had",
     "UPDATE tenure_result SET incarnation = 2"),
    ("result.incarnation", "@ended", "has a completion packet of incarnation 2, which it never had",
     "UPDATE tenure_completion SET incarnation = 2"),
    ("history.extra", "@live", "has 1 rows turn_aborted in its history for turn t0, and 0 are accounted for",
     "INSERT INTO tenure_history (session_id, seq, turn_id, kind, at) VALUES ('@live', 9, 't0', 'turn_aborted', 1)"),
    ("history.extra", "@live", "has 1 rows x in its history for turn (none), and 0 are accounted for",
     "INSERT INTO tenure_history (session_id, seq, kind, at) VALUES ('@live', 9, 'x', 1)"),
    ("history.extra", "@live", "has 2 rows leftover_input in its history for turn t0, and 1 are accounted for",
     "INSERT INTO tenure_history SELECT session_id, 9, turn_id, kind, payload, at FROM tenure_history"),
    ("history.extra", "@live", "has 1 rows leftover_input in its history for turn t0, and 0 are accounted for",
     "INSERT INTO tenure_history (session_id, seq, turn_id, kind, payload, at)"
     " VALUES ('@live', 9, 't0', 'leftover_input', 'something else', 1)"),
    ("receipt.extra", "ses_gone", "is in receipt r, but neither among the sessions nor in the log",
     "INSERT INTO tenure_receipt VALUES ('r', 'clear', 'ses_gone', NULL, '{}', 1)"),
    ("receipt.extra", "@live", "receipt r is of a verb that there is not",
     "INSERT INTO tenure_receipt VALUES ('r', 'refusal', '@live', NULL, '{}', 1)"),
    ("session.living", None, "this check cannot be run: tenure: usage.status: 'gone' is no session status",
     f"UPDATE tenure_session SET status = 'gone' {LIVE}"),
] + [
    ("leftover.rows", "ses_gone", f"is gone, but {what} of it are still there",
     f"DELETE FROM tenure_{table} WHERE session_id <> (SELECT session_id FROM tenure_{table} LIMIT 1)"
     f" ;; UPDATE tenure_{table} SET session_id = 'ses_gone'")
    for table, what in (("turn", "turns"), ("pending_start", "pending starts"), ("turn_input", "inputs"),
                        ("request", "requests"), ("grant", "grants"), ("history", "history"),
                        ("provider_seen", "provider events"), ("result", "results"),
                        ("completion", "completion packets"), ("baseline", "baselines"))]


def unguarded(statements, image=IMAGE):
    """A connection on the database of IMAGE in which STATEMENTS were run with no guard and no constraint
    in their way, and everything of the schema back in its place."""
    t = Raw.of(image, T0 + 100)
    damage(t.db)
    t.sql("PRAGMA ignore_check_constraints = ON")
    t.sql("PRAGMA writable_schema = ON")
    off = "type = 'trigger' AND tbl_name IN (SELECT name FROM sqlite_schema WHERE type = 'table')"
    guards = t.sql(f"SELECT rowid, * FROM sqlite_schema WHERE {off}")
    unique = t.sql("SELECT sql, name FROM sqlite_schema WHERE sql LIKE 'CREATE UNIQUE%'")
    t.sql(f"DELETE FROM sqlite_schema WHERE {off}")
    t.sql("UPDATE sqlite_schema SET sql = replace(sql, 'CREATE UNIQUE', 'CREATE') WHERE sql LIKE 'CREATE UNIQUE%'")
    t.sql("PRAGMA writable_schema = RESET")
    for statement in statements:
        t.sql(statement)
    t.sql("PRAGMA writable_schema = ON")
    for row in guards:
        t.sql("INSERT INTO sqlite_schema (rowid, type, name, tbl_name, rootpage, sql) VALUES (?, ?, ?, ?, ?, ?)", row)
    for row in unique:
        t.sql("UPDATE sqlite_schema SET sql = ? WHERE name = ?", row)
    t.sql("PRAGMA writable_schema = RESET")
    t.sql("PRAGMA ignore_check_constraints = OFF")
    return t


def named(text):
    for word, session in ids.items():
        text = text.replace(word, session)
    return text


is_(unguarded([]).sql(ERRORS), [], "taking the guards off and putting them back harms nothing")
fired = set()
for check, session, says, statements in BROKEN:
    t = unguarded(named(statements).split(" ;; "))
    rows = t.sql("SELECT check_name, severity, session_id, finding, remedy FROM tenure_doctor")
    mine = [row for row in rows if row[0] == check and row[2:4] == (session and named(session), says)]
    passed = ok(len(mine) == 1, f"{check}: {says}")
    if not passed:
        diag(f"got: {rows}")
    fired.add(check)
    severity = "error" if "cannot be run" in says else CHECKS[check]
    ok(mine and mine[0][1] == severity and mine[0][4], f"{check}: severity {severity}, and what to do about it")
is_(sorted(fired), sorted(CHECKS), "every check has fired")

# A check shows a hundred findings; hostile text in them is shown safely.
COUNT = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {}) "
many = unguarded([COUNT.format(150) + "INSERT INTO tenure_provider_seen SELECT 'ses_' || i, 'e', 1 FROM n"])
is_(many.value("SELECT count(*) FROM tenure_doctor WHERE check_name = 'leftover.rows'"), 100,
    "of 150 findings of one check 100 are shown")
EVIL = "a\x1b[31m\u202e\n\x07"
evil = unguarded([
    named(f"UPDATE tenure_session SET scope = '{EVIL}' {LIVE}"), "UPDATE tenure_counter SET revision = 1",
    f"UPDATE tenure_turn SET state = 'completed', ended_at = 5, turn_id = turn_id || '{EVIL}'",
    f"UPDATE tenure_grant SET turn_id = '{EVIL}'",
    f"UPDATE tenure_request SET request_id = request_id || '{EVIL}'",
    f"UPDATE tenure_turn_input SET turn_id = turn_id || '{EVIL}'",
    "INSERT INTO tenure_event (at, session_id, event, to_status, turn_id)"
    f" VALUES (1, 'x', 'turn.started', '{EVIL}', '{EVIL}')"])
rows = evil.sql("SELECT check_name, finding, remedy FROM tenure_doctor")
ok(len({row[0] for row in rows}) > 6 and any("\\x1b" in row[1] for row in rows), "hostile text is in several findings")
is_([row for row in rows if CONTROLS.search(row[1] + row[2])], [], "and none shows it as it is")

# --- the schema

t = Raw.of(IMAGE, T0 + 100)
OBJECTS = [(name, sql.split()[1 + (sql.split()[1] == "UNIQUE")].lower()) for name, sql in
           t.sql("SELECT name, sql FROM tenure_schema") if sql.startswith("CREATE")]
ok(len(OBJECTS) > 150, f"{len(OBJECTS)} objects are installed")


def present():
    return {name for (name,) in t.sql("SELECT name FROM sqlite_schema")}


wrong = []
for place, (name, kind) in enumerate(OBJECTS):
    if place % 4 and kind in ("trigger", "view") and not os.environ.get("TENURE_ALL"):
        continue  # there are hundreds of them
    with t.situation(name, healthy=False):
        before = present()
        t.sql(f"DROP {kind} {name}")
        gone = before - present() & before
        want = {("schema.objects", None, f"{k} {n} is missing") for n, k in OBJECTS if n in gone}
        if name == "tenure_meta":
            want = {("schema.version", None, f"the schema is of version 0, this extension needs {VERSION}")}
        if set(t.sql(ERRORS)) != want:
            wrong.append((name, t.sql(ERRORS)))
        if kind != "table" and place % 3 == 0:
            t.sql("SELECT tenure_install()")
            if t.sql(ERRORS):
                wrong.append((name, "not mended", t.sql(ERRORS)))
is_(wrong, [], "an object that is missing is found, and all but tables are mended by tenure_install()")

for name, kind, alter in (
        ("tenure_turn_update_guard", "trigger", "replace(sql, 'turn.ended', 'turn.exists')"),
        ("tenure_holder", "view", "sql || ' LIMIT 5'"), ("tenure_turn_open", "index", "replace(sql, 'UNIQUE ', '')"),
        ("tenure_receipt", "table", "replace(sql, 'report', 'reports')"),
        ("tenure_event_session", "index", "replace(sql, '(session_id)', '(scope)')")):
    t = Raw.of(IMAGE, T0)
    damage(t.db)
    t.sql("PRAGMA writable_schema = ON")
    t.sql(f"UPDATE sqlite_schema SET sql = {alter} WHERE name = ?", (name,))
    t.sql("PRAGMA writable_schema = RESET")
    is_(t.sql(ERRORS), [("schema.objects", None, f"{kind} {name} is altered")], f"{kind} {name} is altered")
    remedy = t.value("SELECT remedy FROM tenure_doctor WHERE severity = 'error'")
    t.sql("SELECT tenure_install()")
    mended = kind in ("trigger", "view")
    is_(t.sql(ERRORS) == [], mended, f"{kind} {name}: tenure_install() mends it: {mended}")
    is_(remedy.startswith("run tenure_install()"), mended, f"{kind} {name}: which is what it says: {remedy}")
    if kind == "index":
        t.sql(f"DROP INDEX {name}")
        t.sql("SELECT tenure_install()")
        is_(t.sql(ERRORS), [], f"{kind} {name}: it is made anew once it was dropped")
t = Raw.of(IMAGE, T0)
damage(t.db)
t.sql("ALTER TABLE tenure_gate ADD COLUMN mine TEXT")
is_(t.sql(ERRORS), [("schema.objects", None, "table tenure_gate is altered")], "a table with a column more is altered")
t = Raw.of(IMAGE, T0 + 100)
t.sql("CREATE TABLE tenure_mine (x)")
t.sql("CREATE INDEX mine ON tenure_session (label)")
t.sql("CREATE TRIGGER theirs AFTER UPDATE ON tenure_session BEGIN SELECT 1; END")
is_(t.sql("SELECT * FROM tenure_doctor"), [], "objects of others are no matter")
for version, says in ((99, f"the schema is of version 99, this extension knows {VERSION}"),
                      (2, f"the schema is of version 2, this extension needs {VERSION}"),
                      (INT_MAX, f"the schema is of version {INT_MAX}, this extension knows {VERSION}")):
    t = Raw.of(IMAGE, T0)
    damage(t.db)
    t.sql("DROP TRIGGER tenure_meta_update_guard")
    t.sql("UPDATE tenure_meta SET value = ?", (str(version),))
    is_(t.sql(ERRORS), [("schema.version", None, says)], f"version {version}, and nothing else")
none = Tenure(install=False)
damage(none.db)
is_(none.sql(ERRORS), [("schema.version", None, f"the schema is of version 0, this extension needs {VERSION}")],
    "a database without Tenure: that is all there is to say")
none.sql("CREATE TABLE tenure_meta (other)")
is_(none.sql(ERRORS), [("schema.version", None, f"the schema is of version 0, this extension needs {VERSION}")],
    "nor with a tenure_meta that is somebody else's")

# --- the place and the clock

def warnings(t):
    return [check for (check,) in t.sql("SELECT check_name FROM tenure_doctor WHERE severity = 'warning' ORDER BY 1")]


number = sqlite3.sqlite_version_info
defect = (3, 7, 0) <= number <= (3, 51, 2) and number not in ((3, 44, 6), (3, 50, 7))
f = Tenure(path("modes.db"))
for mode in "delete truncate persist memory off wal".split():
    is_(f.value(f"PRAGMA journal_mode = {mode}"), mode, f"journal_mode {mode}")
    want = ["sqlite.version"] if defect else []
    is_(warnings(f), ["database.journal_mode"] if mode != "wal" else want, f"journal_mode {mode} on a file: {want}")
    is_(f.sql(ERRORS), [], f"journal_mode {mode} is no error")
is_(warnings(Tenure()), [], "a database in memory needs no WAL")
t = Tenure(at=T0 + 100)
t.verb("start", scope="a", actor_id="ann", lease_ttl=60)
t.verb("start", scope="b", actor_id="ann", lease_ttl=60)
for back, want in ((0, []), (60, []), (61, ["session.clock"]), (86400, ["session.clock"]), (-10**6, [])):
    t.clock(T0 + 100 - back)
    is_(warnings(t), want, f"a clock that is {back} seconds behind the newest stamp: {want}")
t.clock(None)
is_(warnings(t), [], "stamps of another clock are no matter")

# --- wherever it is asked

for name, statements in {
        "trusted_schema OFF": ["PRAGMA trusted_schema = OFF"], "query_only": ["PRAGMA query_only = ON"],
        "automatic_index OFF": ["PRAGMA automatic_index = OFF"],
        "reverse_unordered_selects": ["PRAGMA reverse_unordered_selects = ON"],
        "case_sensitive_like": ["PRAGMA case_sensitive_like = ON"],
        "a read transaction": ["BEGIN", "SELECT count(*) FROM tenure_session"],
        "a write transaction": ["BEGIN IMMEDIATE"], "a savepoint": ["SAVEPOINT s"],
        "a database in UTF-16": None}.items():
    t = Raw.of(IMAGE, T0 + 100) if statements is not None else Raw(install=False)
    if statements is None:
        t.sql("PRAGMA encoding = 'UTF-16le'")
        t.sql("SELECT tenure_install()")
        fill(t)
    for statement in statements or []:
        t.sql(statement)
    before = t.dump(), t.db.total_changes, t.db.in_transaction
    is_(t.sql("SELECT * FROM tenure_doctor"), [], f"{name}: healthy")
    is_((t.dump(), t.db.total_changes, t.db.in_transaction), before, f"{name}: and nothing is changed")

t = unguarded([named(f"UPDATE tenure_session SET status = 'ready' {LIVE}")])
want = t.sql(ERRORS)
for name in ("tenure_session", "tenure_event", "tenure_turn", "tenure_replay", "tenure_scope", "tenure_counter", "tenure_meta"):
    t.sql(f"CREATE TEMP TABLE {name} (session_id, scope, status, ended_at, revision, fence)")
is_(t.sql(ERRORS), want, "temporary tables of the same names hide nothing from it")

writer, reader = Tenure(path("two.db")), None
writer.sql("PRAGMA journal_mode = WAL")
fill(writer)
reader = Tenure(path("two.db"), install=False, at=T0 + 100)
writer.sql("BEGIN IMMEDIATE")
writer.verb("start", scope="more", actor_id="ann", lease_ttl=60)
is_(reader.sql(ERRORS), [], "while another writes: healthy")
writer.sql("COMMIT")
is_(reader.sql(ERRORS), [], "and afterwards")
plain = connect(f"file:{path('two.db')}?mode=ro", uri=True)
is_(plain.execute(ERRORS).fetchall(), [], "on a read-only connection")
one = Tenure(at=None)
one.sql("ATTACH ? AS other", (path("two.db"),))
is_(one.sql(ERRORS), [], "where another database with Tenure is attached, this one is examined")
writer.db.close()
reader.db.close()
plain.close()
one.db.close()
with open(path("two.db"), "rb") as file:
    before = file.read()
reader = Tenure(path("two.db"), install=False, at=T0 + 100)
reader.sql("SELECT * FROM tenure_doctor")
reader.db.close()
with open(path("two.db"), "rb") as file:
    ok(file.read() == before, "no byte of the file is changed")
busy = Tenure(path("busy.db"))
late = Tenure(path("busy.db"), install=False, at=T0, timeout=0)
busy.sql("BEGIN EXCLUSIVE")
got = error_of(late.db, "SELECT * FROM tenure_doctor")
is_(got and got[1], 5, "a database that is locked is busy, and no finding")
busy.sql("ROLLBACK")
is_(error_of(late.db, "SELECT * FROM tenure_doctor"), None, "later it answers")

# --- ten thousand sessions

def crowd(count):
    """A database with COUNT sessions of five scopes' worth of history each, and as many turns."""
    blank = Tenure()
    return unguarded([
        COUNT.format(count) + "INSERT INTO tenure_session (session_id, scope, status, clock, started_at,"
        " last_started_at, changed_at, revision, fence, owner_kind, owner_id, lease_ttl, last_heartbeat_at,"
        " ended_at, end_reason)"
        " SELECT 'ses_' || i, 'scope ' || (i / 5), iif(i % 5 = 4, 'running', 'exited'), 'virtual', 1, 1, 1, i, i,"
        " 'runtime_worker', 'ann', 60, 1, iif(i % 5 = 4, NULL, 1), iif(i % 5 = 4, NULL, 'run') FROM n",
        "INSERT INTO tenure_counter SELECT scope, max(revision) FROM tenure_session GROUP BY scope",
        "UPDATE tenure_session SET status = 'exited', ended_at = 1, end_reason = 'run' WHERE ended_at IS NULL AND"
        " revision <> (SELECT revision FROM tenure_counter AS c WHERE c.scope = tenure_session.scope)",
        "INSERT INTO tenure_event (at, session_id, incarnation, scope, revision, event, to_status, detail) SELECT 1,"
        " session_id, 1, scope, revision, 'session.created', 'running',"
        " tenure_object('fence', fence, 'owner_id', owner_id) FROM tenure_session",
        "INSERT INTO tenure_event (at, session_id, incarnation, scope, revision, event, to_status, detail) SELECT 1,"
        " session_id, 1, scope, revision, 'session.ended', 'exited', tenure_object('end_reason', end_reason)"
        " FROM tenure_session WHERE ended_at IS NOT NULL",
        "INSERT INTO tenure_turn (session_id, turn_id, incarnation, state, started_at, ended_at)"
        " SELECT session_id, 'trn', 1, 'completed', 1, 1 FROM tenure_session",
        "INSERT INTO tenure_event (at, session_id, incarnation, turn_id, event, detail) SELECT 1, session_id, 1, 'trn',"
        " 'turn.completed', '{\"kind\":\"regular\"}' FROM tenure_session",
    ], blank.db.serialize())


times = {}
for count in (1000, 5000):
    t = crowd(count)
    best = INT_MAX
    for _ in range(2):
        begin = time.perf_counter()
        rows = t.sql("SELECT * FROM tenure_doctor")
        best = min(best, time.perf_counter() - begin)
    times[count] = best
    is_(rows, [], f"{count} sessions: healthy")
diag(f"seconds for 1,000 and 5,000 sessions: {times[1000]:.3f}, {times[5000]:.3f}")
ok(times[5000] < 15 * times[1000], "five times the sessions take far less than 25 times as long")
ok(times[5000] < 30, "5,000 sessions are examined within half a minute")
done()
