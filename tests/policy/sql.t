#!/usr/bin/python3
"""The status policy through SQL: every row of every table of the contract (01), typed here as data,
and every function with everything that is not a status."""

import json
import os
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import connect, done, error_of, is_, ok, refuses  # noqa: E402

COLUMNS = """status active terminal commandable live_host_eligible offline_replay_eligible
collectable destroyed allows_turn settles_turn_as""".split()

TRUTH = """
idle        1 0 1 0 1 0 0 0 completed
starting    1 0 1 1 0 0 0 1 -
running     1 0 1 1 0 0 0 1 -
ready       1 0 1 1 0 0 0 0 completed
interrupted 1 0 1 1 0 0 0 0 interrupted
error       1 0 1 0 1 0 0 0 error
exiting     1 0 0 1 0 0 0 0 interrupted
exited      0 1 0 0 1 1 0 0 interrupted
failed      0 1 0 0 1 1 0 0 error
stopped     0 1 0 0 1 1 0 0 interrupted
destroying  1 0 0 0 1 0 0 0 interrupted
destroyed   0 1 0 0 1 1 1 0 interrupted
"""

MATRIX = """
= x x x x x x x x x x .
. = x x x x x x x x x .
. x = x x x x x x x x .
. x x = x x x x x x x .
. x x x = x x x x x x .
. x x x x = x x x x x .
. . . . . . = x x . . .
. x . . . . . = . . . x
. x . . . . . . = . . x
. x . . . . . . . = . x
. . . . . . . . . . = x
. . . . . . . . . . . =
"""

ALIASES = """
agent-tty running running
agent-tty exiting exiting
agent-tty exited exited
agent-tty failed failed
agent-tty destroying destroying
agent-tty destroyed destroyed
t3code idle idle
t3code starting starting
t3code running running
t3code ready ready
t3code interrupted interrupted
t3code stopped stopped
t3code error error
t3code connecting starting
t3code waiting running
t3code closed stopped
codex pending_init starting
codex active running
codex not_loaded stopped
codex idle ready
codex system_error error
codex completed ready
codex errored error
codex interrupted interrupted
codex running running
codex shutdown exited
csa active running
csa available ready
csa retired exited
csa tool_exhausted failed
ccd active running
ccd stale failed
"""

# status, failure_origin, exit_code, exit_signal, termination
TERMINATIONS = [
    ("idle", None, None, None, "unknown"),
    ("starting", None, None, None, "running"),
    ("running", None, None, None, "running"),
    ("running", "host-death", 1, "9", "running"),
    ("ready", None, None, None, "running"),
    ("interrupted", None, None, None, "running"),
    ("error", None, None, None, "running"),
    ("exiting", None, None, None, "running"),
    ("destroying", None, 1, "9", "destroyed"),
    ("destroyed", "host-death", 1, "9", "destroyed"),
    ("failed", "host-death", None, None, "host-death"),
    ("failed", "renderer-failure", 1, "9", "renderer-failure"),
    ("failed", "storage-corruption", 0, None, "storage-corruption"),
    ("failed", "unknown", 1, None, "unknown"),
    ("failed", None, 1, "9", "unknown"),
    ("failed", "bad luck", None, None, "unknown"),
    ("failed", "host-death\0", None, None, "unknown"),
    ("failed", "", None, None, "unknown"),
    ("exited", None, None, None, "clean-exit"),
    ("exited", None, 0, None, "clean-exit"),
    ("exited", None, "0", None, "clean-exit"),
    ("exited", None, 0.0, None, "clean-exit"),
    ("exited", None, 1, None, "nonzero-exit"),
    ("exited", None, -1, None, "nonzero-exit"),
    ("exited", None, "255", None, "nonzero-exit"),
    ("exited", None, 2**63 - 1, None, "nonzero-exit"),
    ("exited", None, 0, "9", "signal-exit"),
    ("exited", None, None, "15", "signal-exit"),
    ("exited", None, 1, 9, "signal-exit"),
    ("exited", "host-death", 0, None, "clean-exit"),
    ("stopped", None, None, None, "clean-exit"),
    ("stopped", "host-death", 1, "9", "clean-exit"),
]

NEXT_REVISIONS = [(-2**63, 1), (-1, 1), (0, 1), (1, 2), (41, 42), ("41", 42), (41.0, 42),
                  (2**63 - 2, 2**63 - 1)]

NO_REVISIONS = [None, "", "x", "1x", " 1", "1.0", 1.5, 1e19, b"1", b"\xff", "9223372036854775808",
                "1\0"]

# what is written like a status, or is none at all
STRANGERS = [
    ("", "empty text"),
    ("Idle", "another case"),
    (" idle", "a space before"),
    ("idle ", "a space behind"),
    ("idle\n", "a line end behind"),
    ("idle\0", "a NUL behind"),
    ("id\0e", "a NUL within"),
    ("idlé", "an accent"),
    ("ready\0idle", "two words around a NUL"),
    ("unknown", "a word of seven letters"),
    ("completed", "a word of nine letters"),
    ("connecting", "a word of another system"),
    ("x" * 1000000, "a million letters"),
    (b"", "an empty blob"),
    (b"\xff\xfe\xfd\xfc", "a blob of no text"),
    (0, "0"),
    (1, "1"),
    (-1, "-1"),
    (2**63 - 1, "the greatest integer"),
    (1.5, "a real"),
    (float("inf"), "infinity"),
]

truth = [line.split() for line in TRUTH.split("\n") if line]
statuses = [row[0] for row in truth]
matrix = [line.split() for line in MATRIX.split("\n") if line]
aliases = [tuple(line.split()) for line in ALIASES.split("\n") if line]
terminal = {row[0] for row in truth if row[2] == "1"}

db = connect()


def value(sql, *params):
    """The value of an expression, or the error in its place, which is never what a test wants."""
    try:
        return db.execute("SELECT " + sql, params).fetchone()[0]
    except sqlite3.Error as error:
        return error


def cell(word):
    return None if word == "-" else int(word) if word in "01" else word


def function_of(column):
    return "session_allows_turn" if column == "allows_turn" else "session_is_" + column


def test_truth_table():
    rows = db.execute("SELECT * FROM session_status_policy")
    is_([column[0] for column in rows.description], COLUMNS, "session_status_policy: columns")
    is_(rows.fetchall(), [tuple(map(cell, row)) for row in truth], "session_status_policy: rows")
    for row in truth:
        got = [value(f"{function_of(column)}(?)", row[0]) for column in COLUMNS[1:-1]]
        got.append(value("session_settles_turn_as(?)", row[0]))
        is_(got, [cell(word) for word in row[1:]], f"{row[0]}: predicates and settles_turn_as")
        want = {"status": row[0], **{c: w == "1" for c, w in zip(COLUMNS[1:-1], row[1:-1])}}
        want["settles_turn_as"] = cell(row[-1])
        text = value("session_status_policy(?)", row[0])
        is_(json.loads(text), want, f"{row[0]}: session_status_policy()")
        is_(list(json.loads(text)), COLUMNS, f"{row[0]}: its keys have the order of the columns")
        nested = value("json_object('p', session_status_policy(?))", row[0])
        is_(json.loads(nested), {"p": want}, f"{row[0]}: nests as JSON")
        is_(value("session_is_terminal(CAST(? AS BLOB))", row[0]), cell(row[2]),
            f"{row[0]}: a blob of these bytes is the word")


def test_matrix():
    edges = []
    for i, source in enumerate(statuses):
        for j, target in enumerate(statuses):
            if matrix[i][j] == "x":
                edges.append((source, target, int(source in terminal and target == "starting")))
    rows = db.execute("SELECT * FROM session_status_edge")
    is_([column[0] for column in rows.description], ["from_status", "to_status", "revival"],
        "session_status_edge: columns")
    is_(rows.fetchall(), edges, "session_status_edge: rows")
    is_(len(edges), 64, "64 legal edges")
    for i, source in enumerate(statuses):
        got = [value("session_can_transition(?, ?)", source, target) for target in statuses]
        is_(got, [int(mark == "x") for mark in matrix[i]], f"{source}: session_can_transition()")
        test_transitions_from(source, matrix[i])
        test_end_from(source, matrix[i])


def test_transitions_from(source, marks):
    """Every cell of one row through session_transition(), as one test each way."""
    call = "session_transition(?, ?, 7, 7)"
    right = []
    for target, mark in zip(statuses, marks):
        if mark == ".":
            right.append(error_of(db, "SELECT " + call, (source, target)) ==
                         (f"tenure: transition.illegal: {source} -> {target}", 1811))
        else:
            right.append(value(call, source, target) == {"x": 8, "=": 7}[mark])
    is_(right, [True] * 12, f"{source}: session_transition()")


def test_end_from(source, marks):
    got = [value("session_end_status(?, ?)", source, wanted) for wanted in statuses]
    want = statuses
    if source == "exiting":
        want = ["failed" if wanted == "failed" else "exited" for wanted in statuses]
    if source == "destroying":
        want = ["destroyed"] * 12
    is_(got, want, f"{source}: session_end_status()")
    if source not in terminal:
        ends = [got[statuses.index(end)] for end in ("exited", "failed", "stopped")]
        ok(all(marks[statuses.index(end)] == "x" for end in ends), f"{source}: its ends are legal")


def test_revisions():
    is_(value("session_transition('running', 'exited', 3, 3)"), 4, "the expected revision")
    is_(value("session_transition('running', 'exited', 3, NULL)"), 4, "no expected revision")
    is_(value("session_transition('running', 'running', 5, 5)"), 5, "already there: same revision")
    is_(value("session_transition('exited', 'exited', ?, NULL)", 2**63 - 1), 2**63 - 1,
        "already there, at the ceiling")
    is_(value("session_transition('running', 'exited', '5', '5')"), 6, "numbers as text")
    is_(value("session_transition('running', 'exited', 5.0, 5.0)"), 6, "numbers as reals")
    conflict = "tenure: transition.conflict: expected revision 3, current is 5"
    for given in [("running", "exited", 5, 3), ("running", "exited", 5.0, 3.0),
                  ("running", "exited", "5", "3"), ("running", "running", 5, 3),
                  ("exited", "running", 5, 3)]:
        is_(error_of(db, "SELECT session_transition(?, ?, ?, ?)", given), (conflict, 1811),
            f"conflict comes before the edge: {given}")
    is_(error_of(db, "SELECT session_transition('exited', 'running', 5, 5)"),
        ("tenure: transition.illegal: exited -> running", 1811), "then the edge")
    ceiling = 2**63 - 1
    refuses(db, "SELECT session_next_revision(?)", (ceiling,), "revision.ceiling")
    refuses(db, "SELECT session_transition('running', 'exited', ?, NULL)", (ceiling,),
            "revision.ceiling")
    refuses(db, "SELECT session_transition('exited', 'running', ?, NULL)", (ceiling,),
            "transition.illegal", name="an illegal edge at the ceiling is illegal")
    for revision, after in NEXT_REVISIONS:
        is_(value("session_next_revision(?)", revision), after,
            f"session_next_revision({revision!r})")
    for bad in NO_REVISIONS:
        refuses(db, "SELECT session_next_revision(?)", (bad,), "usage.revision",
                name=f"usage.revision: session_next_revision({bad!r})")
        refuses(db, "SELECT session_transition('running', 'exited', ?, 1)", (bad,),
                "usage.revision", name=f"usage.revision: session_transition at {bad!r}")
        if bad is not None:
            refuses(db, "SELECT session_transition('running', 'exited', 1, ?)", (bad,),
                    "usage.expected_revision", name=f"usage.expected_revision: {bad!r}")


def test_termination():
    for *given, want in TERMINATIONS:
        is_(value("session_termination(?, ?, ?, ?)", *given), want, f"termination {tuple(given)!r}")
    is_(value("session_termination(NULL, 'unknown', 0, NULL)"), None, "termination of NULL")
    for bad in ["", "one", 1.5, b"1"]:
        refuses(db, "SELECT session_termination('exited', NULL, ?, NULL)", (bad,),
                "usage.number", "exit_code", f"usage.number: exit_code {bad!r}")


def test_require_commandable():
    sql = "SELECT session_require_commandable(?, ?)"
    for row in truth:
        if row[3] == "1":
            is_(value("session_require_commandable('ses_1', ?)", row[0]), "ses_1",
                f"{row[0]}: commandable")
        elif row[7] == "1":
            refuses(db, sql, ("ses_1", row[0]), "session.destroyed", "ses_1 is already destroyed")
        else:
            refuses(db, sql, ("ses_1", row[0]), "session.not_running", "ses_1",
                    f"session.not_running: {row[0]}")
    is_(value("session_require_commandable('ses_1', NULL)"), None, "commandable: NULL status")
    is_(value("session_require_commandable(NULL, 'running')"), None, "commandable: NULL session")
    is_(value("session_require_commandable(17, 'running')"), 17, "commandable: an id of any type")
    refuses(db, sql, (None, "exited"), "session.not_running",
            name="session.not_running: no session id")
    refuses(db, sql, ("a\nb\x1b[2J", "destroyed"), "session.destroyed", "a\\nb\\x1b[2J",
            "the session id is shown display-safe")


def test_aliases():
    rows = db.execute("SELECT * FROM session_status_alias")
    is_([column[0] for column in rows.description], ["system", "word", "status"],
        "session_status_alias: columns")
    is_(rows.fetchall(), aliases, "session_status_alias: rows")
    for system, word, status in aliases:
        is_(value("session_status_from(?, ?)", system, word), status, f"{system} {word}")
    for given in [("agent-tty", "idle"), ("ccd", "retired"), ("codex", "Active"),
                  ("nobody", "running"), ("", ""), ("agent-tty\0", "running"),
                  ("agent-tty", "running\0"), (None, "running"), ("tenure", "running"), (1, 2),
                  ("csa", "x" * 1000000)]:
        refuses(db, "SELECT session_status_from(?, ?)", given, "usage.status_alias",
                name=f"usage.status_alias: {str(given):.60}")
    is_(value("session_status_from('codex', NULL)"), None, "alias: NULL word")
    is_(value("session_status_from(NULL, NULL)"), None, "alias: NULL pair")


ONE_STATUS = [function_of(column) + "(?)" for column in COLUMNS[1:-1]] + [
    "session_settles_turn_as(?)", "session_status_policy(?)",
    "session_termination(?, NULL, NULL, NULL)", "session_require_commandable('ses_1', ?)",
    "session_can_transition(?, 'idle')", "session_can_transition('idle', ?)",
    "session_can_transition(NULL, ?)", "session_can_transition(?, NULL)",
    "session_end_status(?, 'exited')", "session_end_status('exited', ?)",
    "session_end_status(NULL, ?)", "session_transition(?, 'exited', 1, 1)",
    "session_transition('exited', ?, 1, 1)", "session_transition(?, NULL, 1, 1)",
]


def test_strangers():
    for call in ONE_STATUS:
        is_(value(call, None), None, f"NULL: {call}")
        bad = [what for given, what in STRANGERS if not refused_as_status(call, given)]
        is_(bad, [], f"usage.status for every stranger: {call}")
    for call in ["session_transition('idle', ?, 'x', 3)", "session_transition(?, 'idle', 5, 3)"]:
        refuses(db, "SELECT " + call, ("nope",), "usage.status",
                name=f"the status comes before the revision: {call}")
    message, _ = error_of(db, "SELECT session_is_active(?)", ("x" * 1000000,))
    ok(len(message) < 300, "a huge word is cut short in the message")
    message, _ = error_of(db, "SELECT session_is_active(?)", ("a\x1b[2J\u202eb",))
    ok("a\\x1b[2J\\u{202e}b" in message, "the word is shown display-safe")


def refused_as_status(call, given):
    got = error_of(db, "SELECT " + call, (given,))
    return got is not None and got[0].startswith("tenure: usage.status: ") and got[1] == 1


def test_encodings():
    """A database in UTF-16 hands its words to the functions in UTF-8."""
    for encoding in ("UTF-16le", "UTF-16be"):
        other = connect()
        other.execute(f"PRAGMA encoding='{encoding}'")
        other.execute("CREATE TABLE s(status TEXT)")
        other.executemany("INSERT INTO s VALUES (?)", [(status,) for status in statuses])
        got = other.execute("SELECT session_is_terminal(status) FROM s").fetchall()
        is_(got, [(int(status in terminal),) for status in statuses],
            f"{encoding}: session_is_terminal()")
        refuses(other, "SELECT session_is_terminal(char(0x10000))", (), "usage.status",
                name=f"{encoding}: usage.status")


SCHEMA = """
CREATE TABLE s(
  id INTEGER PRIMARY KEY,
  status TEXT CHECK (session_is_active(status) IN (0, 1)),
  revision INT DEFAULT 1 CHECK (session_next_revision(revision) > 1),
  over INT GENERATED ALWAYS AS (session_is_terminal(status)) STORED,
  settles TEXT GENERATED ALWAYS AS (session_settles_turn_as(status)) VIRTUAL);
CREATE INDEX s_commandable ON s(session_is_commandable(status));
CREATE INDEX s_living ON s(id) WHERE NOT session_is_terminal(status);
CREATE VIEW s_view AS SELECT id, session_termination(status, NULL, 0, NULL) AS how,
  (SELECT count(*) FROM session_status_edge WHERE from_status = s.status) AS ways,
  (SELECT active FROM session_status_policy p WHERE p.status = s.status) AS active,
  session_status_policy(status) AS policy, session_end_status(status, 'stopped') AS ending FROM s;
CREATE TRIGGER s_change BEFORE UPDATE OF status ON s BEGIN
  SELECT session_transition(OLD.status, NEW.status, OLD.revision, NEW.revision - 1),
         session_require_commandable(OLD.id, OLD.status),
         session_can_transition(OLD.status, NEW.status),
         (SELECT count(*) FROM session_status_alias WHERE status = NEW.status);
END;
"""


def plan_of(connection, sql):
    return str(connection.execute("EXPLAIN QUERY PLAN " + sql).fetchall())


def test_in_schema(trusted):
    other = connect()
    other.execute(f"PRAGMA trusted_schema={trusted}")
    other.executescript(SCHEMA)
    other.executemany("INSERT INTO s(status) VALUES (?)", [(status,) for status in statuses])
    got = other.execute("SELECT status, over, settles FROM s ORDER BY id").fetchall()
    is_(got, [(row[0], cell(row[2]), cell(row[9])) for row in truth],
        f"trusted_schema {trusted}: CHECK and generated columns")
    plan = plan_of(other, "SELECT id FROM s WHERE session_is_commandable(status) = 1")
    ok("s_commandable" in plan, f"trusted_schema {trusted}: an index on an expression serves")
    plan = plan_of(other, "SELECT id FROM s WHERE NOT session_is_terminal(status)")
    ok("s_living" in plan, f"trusted_schema {trusted}: a partial index serves")
    got = other.execute("SELECT how, ways, active, ending FROM s_view WHERE id IN (3, 8)")
    is_(got.fetchall(), [("running", 9, 1, "stopped"), ("clean-exit", 2, 0, "stopped")],
        f"trusted_schema {trusted}: functions and tables in a view")
    refuses(other, "INSERT INTO s(status) VALUES ('gone')", (), "usage.status",
            name=f"trusted_schema {trusted}: the CHECK refuses an unknown status")
    other.execute("UPDATE s SET status = 'ready', revision = 2 WHERE id = 3")
    is_(other.execute("SELECT status FROM s WHERE id = 3").fetchone()[0], "ready",
        f"trusted_schema {trusted}: the trigger lets a legal change pass")
    for conflict in ("", "OR IGNORE", "OR REPLACE", "OR FAIL"):
        refuses(other, f"UPDATE {conflict} s SET status = 'running', revision = 2 WHERE id = 8",
                (), "transition.illegal", "exited -> running",
                f"trusted_schema {trusted}: the trigger refuses UPDATE {conflict}")
        refuses(other, f"UPDATE {conflict} s SET status = 'running', revision = 2 WHERE id = 3", (),
                "transition.conflict", "expected revision 1, current is 2",
                f"trusted_schema {trusted}: the trigger sees the conflict, UPDATE {conflict}")
    is_(other.execute("PRAGMA integrity_check").fetchone()[0], "ok",
        f"trusted_schema {trusted}: integrity")


def test_virtual_tables():
    for table, count in (("session_status_policy", 12), ("session_status_edge", 64),
                         ("session_status_alias", 32)):
        is_(value(f"count(*) FROM {table}"), count, f"{table}: row count")
        got = [row[0] for row in db.execute(f"SELECT rowid FROM {table}")]
        is_(got, list(range(1, count + 1)), f"{table}: rowid is the number of the row")
        for write in (f"INSERT INTO {table} DEFAULT VALUES", f"DELETE FROM {table}",
                      f"UPDATE {table} SET rowid = 1"):
            got = error_of(db, write)
            ok(got is not None and "may not be modified" in got[0], f"read-only: {write}")
        got = error_of(db, f"CREATE VIRTUAL TABLE mine USING {table}")
        ok(got is not None, f"{table} cannot be created")
    is_(value("count(*) FROM session_status_edge a, session_status_edge b"
              " WHERE a.to_status = b.from_status"),
        sum(matrix[i][j] == "x" and matrix[j][k] == "x"
            for i in range(12) for j in range(12) for k in range(12)),
        "two scans of one table at a time")
    sums = ", ".join(f"sum(session_is_{c}(status) = {c})" for c in COLUMNS[1:-2])
    is_(db.execute(f"SELECT {sums} FROM session_status_policy").fetchone(), (12,) * 7,
        "functions and table agree")


def test_flags():
    """Deterministic and innocuous, each of them: what the contract calls pure."""
    names = [call.split("(")[0] for call in ONE_STATUS]
    names += ["session_next_revision", "session_status_from"]
    rows = dict(db.execute("SELECT name, flags FROM pragma_function_list"))
    wrong = [n for n in sorted(set(names)) if rows.get(n, 0) & 0x280800 != 0x200800]
    is_(wrong, [], "every function is deterministic and innocuous, none is direct-only")


test_truth_table()
test_matrix()
test_revisions()
test_termination()
test_require_commandable()
test_aliases()
test_strangers()
test_encodings()
test_in_schema("OFF")
test_in_schema("ON")
test_virtual_tables()
test_flags()
done()
