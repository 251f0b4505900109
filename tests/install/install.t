#!/usr/bin/python3
"""tenure_install, tenure_uninstall and tenure_schema: what they make, mend, refuse, and leave alone (05,
"Install, upgrade").

From the environment: TENURE_LONG mends each object both when it is missing and when it is altered, where the quick
run takes one in ten of these, by chance; TENURE_SEED repeats that."""

import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from chance import one_in  # noqa: E402
from tap import connect, diag, done, error_of, is_, ok  # noqa: E402
from raw import Raw  # noqa: E402
from tenure import T0, Tenure, code_of, difference  # noqa: E402

BUSY, READONLY = 5, 8
folder = tempfile.TemporaryDirectory()


def new(**options):
    """A database in memory, with Tenure loaded and nothing in it."""
    return Tenure(install=False, **options)


def bytes_of(path):
    with open(path, "rb") as file:
        return file.read()


def objects(t):
    """Everything in the schema: {name: (kind, table, sql)}."""
    return {row[0]: row[1:] for row in
            t.sql("SELECT name, type, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite^_%' ESCAPE '^'")}


def order(t):
    """The views and triggers in the order in which they were made."""
    return t.sql("SELECT name FROM sqlite_schema WHERE type IN ('view', 'trigger') ORDER BY rowid")


def whole(t):
    """The schema with every row of every table, as Tenure.dump() gives rows."""
    return t.dump() | {"sqlite_schema": [repr(item) for item in sorted(objects(t).items())]}


def left(name, t, want, sql, code=None, says=()):
    """One test: SQL is refused with CODE (or fails, if that is None) and leaves everything as in WANT."""
    got = error_of(t.db, sql)
    faults = [] if got is not None else ["it succeeded"]
    if got is not None and code is not None and code_of(got[0]) != code:
        faults.append(f"the code is not {code}: {got!r}")
    faults += [f"it does not say {text!r}: {got!r}" for text in says if text not in str(got)]
    if whole(t) != want:
        faults.append(f"it changed something: {difference(want, whole(t))[:1500]}")
    ok(not faults, name)
    for fault in faults:
        diag(fault)


installed = Tenure()
MADE = objects(installed)
VERSION = int(installed.value("SELECT value FROM tenure_meta WHERE key = 'schema'"))

# Once, and again.
path = os.path.join(folder.name, "again.db")
t = Tenure(path, install=False)
before = [t.value(f"PRAGMA {name}") for name in ("user_version", "application_id", "journal_mode", "synchronous")]
is_(t.sql("SELECT tenure_install()"), [(VERSION,)], "install gives the version of the schema")
is_(t.sql("SELECT * FROM tenure_meta"), [("schema", str(VERSION))], "and keeps it")
ok(all(name.startswith("tenure_") for name in objects(t)), "whatever it makes begins with tenure_")
t.verb("start", actor_id="ann", lease_ttl=60)
file, changes = bytes_of(path), t.db.total_changes
is_(t.sql("SELECT tenure_install()"), [(VERSION,)], "a second time gives the same")
ok((bytes_of(path), t.db.total_changes) == (file, changes), "and writes nothing")
is_([t.value(f"PRAGMA {name}") for name in ("user_version", "application_id", "journal_mode", "synchronous")], before,
    "no pragma has changed")
other = connect(path, timeout=0)
other.execute("BEGIN IMMEDIATE")
is_(t.sql("SELECT tenure_install()"), [(VERSION,)], "a second time needs no write lock")
got = error_of(connect(path, timeout=0), "SELECT tenure_uninstall()")
is_(got and got[1] & 255, BUSY, "uninstall does, and says that the database is busy")
other.execute("ROLLBACK")
other.execute("BEGIN IMMEDIATE")
other.execute("DROP VIEW tenure_cost")
got = error_of(t.db, "SELECT tenure_install()")
other.execute("COMMIT")
is_(t.sql("SELECT tenure_install()"), [(VERSION,)], "what another connection took away is made again")
ok(objects(t) == MADE, "all of it")
other.close()
readonly = connect(f"file:{path}?mode=ro", uri=True)
is_(readonly.execute("SELECT tenure_install()").fetchall(), [(VERSION,)], "a read-only connection finds it there")
is_(error_of(readonly, "SELECT tenure_uninstall()")[1] & 255, READONLY, "and cannot uninstall")
readonly.close()
empty = os.path.join(folder.name, "empty.db")
open(empty, "wb").close()
readonly = connect(f"file:{empty}?mode=ro", uri=True)
is_(error_of(readonly, "SELECT tenure_install()")[1] & 255, READONLY, "nor install")
busy = connect(empty, timeout=0)
other = connect(empty)
other.execute("BEGIN IMMEDIATE")
is_(error_of(busy, "SELECT tenure_install()")[1] & 255, BUSY, "a busy database is busy, not refused")
other.execute("ROLLBACK")
is_(bytes_of(empty), b"", "and nothing is written")

# Newer.
t = Tenure()
t.verb("start", actor_id="ann", lease_ttl=60)
for (name,) in t.sql("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'tenure_meta'"):
    t.sql(f"DROP TRIGGER {name}")
for newer in (VERSION + 1, 99):
    t.sql("UPDATE tenure_meta SET value = ?", (str(newer),))
    before = whole(t)
    left(f"version {newer} is not installed over", t, before, "SELECT tenure_install()", "install.newer",
         [str(newer), str(VERSION)])
    left(f"version {newer} is not uninstalled", t, before, "SELECT tenure_uninstall()", "install.newer",
         [str(newer), str(VERSION)])
t.sql("UPDATE tenure_meta SET value = ?", (str(VERSION),))
is_(t.sql("SELECT tenure_install()"), [(VERSION,)], "the own version is")
ok(objects(t) == MADE, "and the guards are there again")

# A foreign object under one of our names: nothing is installed, and it stays. SQLite compares names
# without regard to case.
FOREIGN = [
    ("tenure_session", "CREATE TABLE tenure_session(a)"),
    ("tenure_meta", "CREATE TABLE tenure_meta(a)"),
    ("tenure_meta", "CREATE TABLE tenure_meta(key, value)"),
    ("tenure_meta", "CREATE VIEW tenure_meta AS SELECT 1 AS a"),
    ("tenure_holder", "CREATE VIEW tenure_holder AS SELECT 1 AS a"),
    ("tenure_holder", "CREATE TABLE tenure_holder(a)"),
    ("tenure_start", "CREATE TABLE tenure_start(a)"),
    ("tenure_session_living", "CREATE INDEX tenure_session_living ON mine(a)"),
    ("tenure_session_log", "CREATE TRIGGER tenure_session_log AFTER INSERT ON mine BEGIN SELECT 1; END"),
    ("tenure_session", "CREATE TABLE TENURE_Session(a)"),
    ("tenure_meta", "CREATE TABLE Tenure_Meta(a)"),
    ("tenure_holder", "CREATE VIEW Tenure_Holder AS SELECT 1 AS a"),
]
for name, sql in FOREIGN:
    t = new()
    t.sql("CREATE TABLE mine(a)")
    t.sql("INSERT INTO mine VALUES (1)")
    t.sql(sql)
    left(f"taken: {sql}", t, whole(t), "SELECT tenure_install()", "install.name_taken", [name])
    before = whole(t)
    got = error_of(t.db, "SELECT tenure_uninstall()")
    ok(whole(t) == before, f"uninstall leaves it: {sql} (came to {got})")
for name, sql in FOREIGN:
    kind = MADE[name][0]
    if kind in ("table", "index") or "TRIGGER" in sql:
        continue  # a table is data; a trigger that is altered is mended, see below
    if "TABLE" in sql:
        t = Tenure()
        t.sql(f"DROP {kind} {name}")
        t.sql(sql)
        left(f"taken after an installation: {sql}", t, whole(t), "SELECT tenure_install()", "install.name_taken", [name])

# A trigger has a name of its own kind, so one that is named as a table of ours is in nobody's way.
t = Tenure()
t.sql("CREATE TABLE mine(a)")
t.sql("CREATE TRIGGER tenure_session AFTER INSERT ON mine BEGIN SELECT 1; END")
before = whole(t)
is_(t.sql("SELECT tenure_install()"), [(VERSION,)], "a trigger may have the name of a table")
ok(whole(t) == before, "and stays")
is_(t.sql("SELECT * FROM tenure_doctor WHERE severity = 'error'"), [], "and the doctor does not mind")

# An older number, with what this version made of tenure_scope there already, or with nothing in its place.
for state in ("SELECT 1", "DROP VIEW tenure_scope"):
    t = Tenure()
    for (name,) in t.sql("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'tenure_meta'"):
        t.sql(f"DROP TRIGGER {name}")
    t.sql("UPDATE tenure_meta SET value = 3")
    t.sql(state)
    is_(t.sql("SELECT tenure_install()"), [(VERSION,)], f"version 3 without its table tenure_scope ({state}) is upgraded")
    ok(objects(t) == MADE, "to the present objects")

# Foreign objects that merely look like ours.
t = new()
ALONE = ["CREATE TABLE tenure_of_office(a)", "CREATE INDEX tenure_index ON tenure_of_office(a)",
         "CREATE VIEW tenure_list AS SELECT * FROM tenure_of_office",
         "CREATE TRIGGER tenure_guard_mine BEFORE INSERT ON tenure_of_office BEGIN SELECT 1; END",
         "CREATE VIEW report AS SELECT * FROM tenure_session",
         'CREATE TABLE "two words ""quoted"""(id INTEGER PRIMARY KEY, a TEXT)']
for sql in ALONE:
    t.sql(sql)
t.sql("INSERT INTO tenure_of_office VALUES (1), (2)")
mine = whole(t)
t.sql("SELECT tenure_install()")
ok(mine["sqlite_schema"] == [repr(item) for item in sorted(objects(t).items()) if item[0] not in MADE],
   "install leaves foreign objects alone")
t.sql("SELECT tenure_guard('two words \"quoted\"', 'repo')")
t.verb("start", scope="repo", actor_id="ann", lease_ttl=60)
t.refused_sql("fence.required", 'INSERT INTO "two words ""quoted"""(a) VALUES (1)')
before = whole(t)
t.sql("SELECT tenure_install()")
ok(whole(t) == before, "and so it does a second time, guards included")

# Uninstalled inside a transaction, and rolled back.
for begin, back in (("BEGIN", "ROLLBACK"), ("BEGIN IMMEDIATE", "ROLLBACK"),
                    ("SAVEPOINT here", "ROLLBACK TO here; RELEASE here")):
    t.sql(begin)
    is_(t.sql("SELECT tenure_uninstall()"), [(1,)], f"{begin}: uninstall says that there was something")
    ok(whole(t) == mine, f"{begin}: it is gone, guards too, and what is not ours stays")
    for sql in back.split("; "):
        t.sql(sql)
    ok(whole(t) == before and not t.db.in_transaction, f"{begin}: rolled back, everything is there again")
t.refused_sql("fence.required", 'INSERT INTO "two words ""quoted"""(a) VALUES (1)', test="the guard too")

# Uninstalled for good, and installed again.
t.sql("SELECT tenure_uninstall()")
if not ok(whole(t) == mine, "uninstall removes everything of ours, and nothing else"):
    diag(difference(mine, whole(t))[:2000])
t.sql('INSERT INTO "two words ""quoted"""(a) VALUES (1)')
is_(t.sql("SELECT tenure_uninstall()"), [(0,)], "a second time there is nothing to uninstall")
is_(t.sql("SELECT tenure_install()"), [(VERSION,)], "it can be installed again")
ok({name: made for name, made in objects(t).items() if name in MADE} == MADE, "all of it")
is_((t.sql("SELECT count(*) FROM tenure_session"), t.verb("start", scope="repo")["fence"]), ([(0,)], 1),
    "and is as new")
is_(t.value("PRAGMA integrity_check"), "ok", "integrity")

# Installed inside a transaction.
for begin, commit, back in (("BEGIN", "COMMIT", "ROLLBACK"), ("SAVEPOINT here", "RELEASE here", "ROLLBACK TO here")):
    t = new()
    t.sql("CREATE TABLE mine(a)")
    before = whole(t)
    t.sql(begin)
    t.sql("INSERT INTO mine VALUES (1)")
    t.sql("SELECT tenure_install()")
    t.verb("start", actor_id="ann", lease_ttl=60)
    t.sql(back)
    if t.db.in_transaction:
        t.sql(commit)
    ok(whole(t) == before, f"{begin}: rolled back, nothing of it is left")
    t.sql(begin)
    t.sql("INSERT INTO mine VALUES (1)")
    t.sql("SELECT tenure_install()")
    t.verb("start", actor_id="ann", lease_ttl=60)
    t.sql(commit)
    ok({name: made for name, made in objects(t).items() if name in MADE} == MADE, f"{begin}: committed, it is there")
    is_(t.value("SELECT owner_id FROM tenure_holder"), "ann", f"{begin}: with what was done in it")
t = new()
t.sql("CREATE TABLE tenure_start(a)")
t.sql("BEGIN")
t.sql("CREATE TABLE mine(a)")
left("a refused installation leaves the caller's transaction as it was", t, whole(t), "SELECT tenure_install()",
     "install.name_taken")
ok(t.db.in_transaction, "and open")
t.sql("COMMIT")
ok("mine" in objects(t), "so that it can be committed")

# Whatever is missing or altered is mended, and no row is touched. All programs are made anew then, in their order:
# SQLite runs the triggers of one event in an order that depends on when they were made.
t = Tenure()
t.verb("start", actor_id="ann", lease_ttl=60)
t.verb("gate_set", scope="main", gates="[1]")
before, in_order = whole(t), order(t)
faults = []


def mended(what):
    t.sql("SELECT tenure_install()")
    if whole(t) != before:
        faults.append(what)
    if order(t) != in_order:
        faults.append(f"{what}: the order is another")


# How an object of each kind is altered; an index that was altered is left alone.
ALTERED = {"view": (r"\bAS\b", "AS SELECT 1 AS altered UNION ALL"), "trigger": (r"\bBEGIN\b", "BEGIN SELECT 'altered';")}
ways = [(name, way) for name, (kind, *_) in MADE.items() for way in ("dropped", "altered")
        if kind in ALTERED or (kind, way) == ("index", "dropped")]
for name, way in one_in(10, ways):
    kind, _, sql = MADE[name]
    t.sql(f"DROP {kind} {name}")
    if way == "altered":
        t.sql(re.sub(*ALTERED[kind], sql, count=1))
    mended(f"{way}: {kind} {name}")
ok(not faults, "every trigger, view and index is mended when it is missing, every trigger and view when altered")
for fault in faults:
    diag(fault)
is_(t.verb("heartbeat", actor_id="ann", fence=1)["revision"], 2, "and works")
t.sql("DROP TABLE tenure_gate")
t.sql("SELECT tenure_install()")
ok(objects(t) == MADE, "a table that is missing is made again with its triggers")

# A mended database does not behave differently from a new one. (Of each object the order was compared above.)
def life():
    """A database with a life in it, and what came of each step."""
    t = Raw()
    yield t
    came = []
    for at, verb, columns in LIFE:
        t.clock(T0 + at)
        report = t.outcome(verb, **columns)
        came.append(report if isinstance(report, str) else sorted(report))
    for sql in RAW:
        got = error_of(t.db, sql)
        came.append(got and code_of(got[0]))
    yield came, t.plain()


LIFE = [
    (0, "start", {"scope": "s", "actor_id": "ann", "supervisor_id": "boss", "lease_ttl": 60}),
    (1, "start", {"scope": "s", "actor_id": "ann", "lease_ttl": 60}),
    (2, "heartbeat", {"scope": "s", "actor_id": "ann", "activity": "working", "progress": 1}),
    (3, "escalate", {"scope": "s", "kind": "blocking", "reason": "a key"}),
    (3, "escalate", {"scope": "s", "kind": "non_blocking", "reason": "a wish"}),
    (4, "gate_set", {"scope": "s", "gates": "[1]"}),
    (5, "start", {"scope": "s", "actor_id": "bob", "lease_ttl": 60}),
    (90, "heartbeat", {"scope": "s", "actor_id": "ann"}),
    (90, "takeover", {"scope": "s", "actor_id": "bob", "reason": "silence"}),
    (91, "gate_set", {"scope": "s", "gates": "[2]"}),
    (92, "clear", {"scope": "s", "actor_id": "bob"}),
    (93, "start", {"scope": "s"}),
    (94, "clear", {"scope": "s"}),
    (95, "start", {"scope": "t", "actor_id": "ann", "lease_ttl": 60}),
]
RAW = [
    "UPDATE tenure_session SET status = 'exited', revision = revision + 1 WHERE scope = 't'",
    "UPDATE tenure_session SET status = 'running', revision = revision + 1 WHERE scope = 't'",
    "UPDATE tenure_session SET status = 'starting', owner_id = 'eve', ended_at = NULL, revision = 9, fence = 1,"
    " last_heartbeat_at = 7, strict = -1 WHERE scope = 't'",
    "INSERT INTO tenure_session (session_id, scope, owner_kind, status, clock, revision, fence, started_at,"
    " last_started_at, changed_at, ended_at) VALUES ('x', 't', 'interactive', 'exited', 'machine', 7, 3, 9, 9, 9, 9)",
    "DELETE FROM tenure_session WHERE scope = 't'",
    "INSERT INTO tenure_escalation VALUES ('e', 's', 'nobody', 'blocking', '', 9, 3)",
    "UPDATE tenure_event SET event = 'x'",
    "UPDATE tenure_scope SET revision = 1",
]

_, want = life()
faults = []
triggers = [name for name, made in MADE.items() if made[0] == "trigger"]
for name in one_in(20, triggers):
    other = life()
    t = next(other)
    t.sql(f"DROP TRIGGER {name}")
    t.sql("SELECT tenure_install()")
    got = next(other)
    if got != want:
        faults += [f"{name}: {difference({'steps': map(str, want[0])}, {'steps': map(str, got[0])})}",
                   difference(want[1], got[1])[:1500]]
ok(not faults, "whichever trigger is mended, the same comes of the same steps")
for fault in faults:
    diag(fault)

# By hand: what tenure_schema shows is what install runs.
SCHEMA = installed.sql("SELECT ordinal, name, sql FROM tenure_schema")
is_([row[0] for row in SCHEMA], list(range(1, len(SCHEMA) + 1)), "tenure_schema is in order")
is_(installed.value("SELECT count(*) FROM tenure_schema"), len(SCHEMA), "and has no end but its own")


def by_hand():
    """A database made by a client without the extension from the statements alone."""
    plain = Tenure.__new__(Tenure)
    plain.db = connect(extension=False)
    for _, _, sql in SCHEMA:
        plain.sql(sql)
    return plain


fresh = whole(Tenure())
plain = by_hand()
ok(whole(plain) == fresh, "the statements of tenure_schema alone make the same database")
t = new()
t.db.deserialize(plain.db.serialize())
is_((t.sql("SELECT tenure_install()"), whole(t) == fresh), ([(VERSION,)], True), "or one that install completes")

done()
