#!/usr/bin/python3
"""Every function in every place where SQL lets a function stand, with trusted_schema OFF and ON: a pure one
works everywhere, one that reads everywhere but where an answer is kept, a direct one nowhere but in a
statement of the program's own. What changes the schema also refuses to be a part of something else.

From the environment: TENURE_LONG tries every function in every place, where the quick run takes one in five of these,
by chance; TENURE_SEED repeats that."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from cases import NOW, fill, known  # noqa: E402
from chance import one_in  # noqa: E402
from raw import Raw, Spare  # noqa: E402
from surface import CHANGING, EMPTY, FUNCTIONS, MODULES, name_of  # noqa: E402
from tap import diag, done, error_of, is_, ok  # noqa: E402

base = fill(Raw())
LIVE = known(base)["@live"]
base.sql("CREATE TABLE mine (x)")
IMAGE = base.db.serialize()

# A place | the statements that put {} there and use it | for which classes of function it is.
ALL, INNOCUOUS, PURE = ("pure", "reading", "direct"), ("pure", "reading"), ("pure",)
PLACES = [
    ("SELECT", ["SELECT {}"], ALL), ("VALUES", ["VALUES ({})"], ALL),
    ("a subquery", ["SELECT (SELECT {})"], ALL), ("a WHERE", ["SELECT 1 WHERE {} IS NULL OR 1"], ALL),
    ("BEGIN", ["BEGIN", "SELECT {}", "COMMIT"], ALL),
    ("BEGIN IMMEDIATE", ["BEGIN IMMEDIATE", "SELECT {}", "COMMIT"], ALL),
    ("a SAVEPOINT", ["SAVEPOINT s", "SELECT {}", "RELEASE s"], ALL),
    ("a SAVEPOINT that is rolled back", ["SAVEPOINT s", "SELECT {}", "ROLLBACK TO s", "RELEASE s"], ALL),
    ("a view", ["CREATE VIEW v AS SELECT {} AS x", "SELECT * FROM v"], INNOCUOUS),
    ("a TEMP view", ["CREATE TEMP VIEW v AS SELECT {} AS x", "SELECT * FROM v"], ALL),
    ("a trigger",
     ["CREATE TRIGGER t AFTER INSERT ON notes BEGIN SELECT {}; END", "INSERT INTO notes VALUES (1)"],
     INNOCUOUS),
    ("a trigger's WHEN", ["CREATE TRIGGER t AFTER INSERT ON notes WHEN {} IS NOT NULL BEGIN SELECT 1; END",
                          "INSERT INTO notes VALUES (1)"], INNOCUOUS),
    ("a DEFAULT", ["CREATE TABLE d (a, b DEFAULT ({}))", "INSERT INTO d(a) VALUES (1)"], INNOCUOUS),
    ("a CHECK", ["CREATE TABLE d (a, CHECK (coalesce({}, 1) IS NOT NULL))", "INSERT INTO d VALUES (1)"], PURE),
    ("a generated column", ["CREATE TABLE d (a, b AS ({}) STORED)", "INSERT INTO d VALUES (1)"], PURE),
    ("an index", ["CREATE TABLE d (a)", "CREATE INDEX i ON d ({} || a)", "INSERT INTO d VALUES (1)"], PURE),
    ("a partial index",
     ["CREATE TABLE d (a)", "CREATE INDEX i ON d (a) WHERE {} IS NULL", "INSERT INTO d VALUES (1)"],
     PURE),
]
# Here the functions that change the schema are not statements of their own.
WITHIN = ["INSERT INTO mine SELECT {}", "INSERT INTO mine VALUES ({})", "UPDATE notes SET what = {}",
          "DELETE FROM notes WHERE {} IS NULL", "CREATE TABLE other AS SELECT {}",
          "INSERT INTO tenure_escalate(scope, kind, reason) SELECT 'live', 'blocking', {}"]
# Nor here, which can be seen from inside in autocommit only; in a transaction they may do it for each row.
READING = ["SELECT {} FROM tenure_scope", "SELECT 1 FROM tenure_scope WHERE {} IS NULL",
           "SELECT (SELECT {}) FROM tenure_scope"]


spare = Spare(IMAGE, NOW)


def fresh(trusted):
    t = spare.take(trusted)
    t.sql(f"PRAGMA trusted_schema = {trusted}")
    t.clock(NOW)
    return t


def run(t, statements, call):
    """The error of the first of STATEMENTS that fails, or None."""
    for sql in statements:
        got = error_of(t.db, sql.replace("{}", call.replace("ses_live", LIVE)))
        if got is not None:
            return got
    return None


def tidy(t, trusted, name, faults):
    """One test: FAULTS is empty, and nothing was left open. T is used again if nothing has changed."""
    if t.db.in_transaction:
        faults.append("a transaction is open")
    try:
        t.clock(NOW + 9)
        if t.value("SELECT session_now()") != NOW + 9:
            faults.append("the clock stands still")
        if t.sql("SELECT tenure_verb_name(), tenure_effect_name()") != [(None, None)]:
            faults.append("a verb is still open")
    except Exception as error:
        faults.append(repr(error))
    if not ok(not faults, name):
        diag("\n".join(faults))
        t.db.close()
    else:
        spare.give(trusted, t)


for trusted in ("OFF", "ON"):
    for kind, calls in FUNCTIONS.items():
        for call in calls if kind not in ("inside", "alone") else []:
            for place, statements, kinds in one_in(5, PLACES):
                if kinds == ALL and trusted == "ON":
                    continue  # the schema's trust is no matter there
                t = fresh(trusted)
                got = run(t, statements, call)
                changing = name_of(call) in CHANGING
                allowed = kind in kinds and not (changing and place == "a TEMP view")
                # In SQLite 3.40 a CHECK takes whatever is not deterministic; that is not ours to forbid.
                if place == "a CHECK" and kind != "pure" and not changing:
                    allowed = got is None
                name = f"trusted_schema {trusted}: {call} in {place}: {'works' if allowed else 'is unsafe there'}"
                faults = []
                context = got and changing and got[0].startswith("tenure: usage.context: ")
                if allowed and got is not None or not allowed and (got is None
                                                                   or got[0].startswith("tenure: ")) \
                        and not context:
                    faults.append(f"got: {got}")
                if t.db.in_transaction and not allowed:
                    t.sql("ROLLBACK")
                tidy(t, trusted, name, faults)

for call in (call for call in FUNCTIONS["direct"] if name_of(call) in CHANGING):
    for statement in WITHIN + READING:
        for begin in ([], ["BEGIN"]):
            t = fresh("OFF")
            t.sql("INSERT INTO notes VALUES (1)")
            for sql in begin:
                t.sql(sql)
            before = t.dump(), t.sql("SELECT name, sql FROM sqlite_schema")
            got = run(t, [statement], call)
            faults = []
            refused = got is not None and got[0].startswith("tenure: usage.context: ") and got[1] == 1
            locked = got is not None and got[1] == 6  # its tables are being read: SQLite sees that itself
            if not refused and not (begin and (got is None or locked) and statement in READING):
                faults.append(f"got: {got}")
            if t.db.in_transaction != bool(begin):
                faults.append(f"in a transaction: {t.db.in_transaction}")
            if refused and (t.dump(), t.sql("SELECT name, sql FROM sqlite_schema")) != before:
                faults.append("it changed something")
            if t.db.in_transaction:
                t.sql("ROLLBACK")
            tidy(t, "OFF", f"{'BEGIN; ' * len(begin)}{statement.format(call)}: usage.context", faults)

# A statement that is still being read counts: it would see the schema change under it.
for call in (call for call in FUNCTIONS["direct"] if name_of(call) in CHANGING):
    t = fresh("OFF")
    reading = t.db.execute("SELECT seq FROM tenure_event")
    reading.fetchone()
    got = run(t, ["SELECT {}"], call)
    rest = error_of(t.db, "SELECT 1")
    faults = [] if got is None or got[0].startswith("tenure: usage.context: ") or got[1] in (5, 6) else [f"got: {got}"]
    reading.close()
    tidy(t, "OFF", f"{call} while another statement is read: {'works' if got is None else got[0][:30]}", faults)

# The virtual tables, wherever a table may stand.
for name, argument in MODULES.items():
    for trusted in ("OFF", "ON"):
        t = fresh(trusted)
        source = f"{name}{argument}"
        count = t.value(f"SELECT count(*) FROM {source}")
        ok(count > 0 or name in EMPTY, f"{name}: has rows")
        faults = []
        for statements in (
                [f"CREATE VIEW v AS SELECT * FROM {source}", "SELECT * FROM v"],
                [f"CREATE TRIGGER t AFTER INSERT ON notes BEGIN INSERT INTO mine SELECT count(*) FROM {source}; END",
                 "INSERT INTO notes VALUES (1)"],
                [f"CREATE TABLE other AS SELECT * FROM {source}"],
                [f"SELECT * FROM {source} AS a LEFT JOIN {source} AS b ON a.rowid = b.rowid"],
                [f"WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 3)"
                 f" SELECT * FROM r JOIN {source}"],
                [f"SELECT 1 WHERE EXISTS (SELECT 1 FROM {source})",
                 f"SELECT * FROM {source} ORDER BY 1 DESC LIMIT 1"]):
            got = run(t, statements, "")
            faults += [f"{statements[0]}: {got}"] if got else []
        is_(t.sql("SELECT x FROM mine"), [(count,)], f"{name}: a trigger reads it, trusted_schema {trusted}")
        tidy(t, trusted, f"{name}: in views, triggers, joins and subqueries, trusted_schema {trusted}", faults)
done()
