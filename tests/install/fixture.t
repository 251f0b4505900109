#!/usr/bin/python3
"""A database of schema version 1, kept as tests/fixtures/v1.db, under the present extension: it reads as
it is, installing upgrades it without touching a row, and what lived in it goes on."""

import os
import shutil
import sqlite3
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from chance import one_in  # noqa: E402
from health import damage  # noqa: E402
from tap import ROOT, connect, diag, done, error_of, is_, ok  # noqa: E402
from tenure import T0, Tenure, difference, quoted  # noqa: E402

FIXTURE = os.path.join(ROOT, "tests", "fixtures", "v1.db")
NOW = T0 + 10_000  # where the fixture's clock ended, see make_v1.py

TABLES = """tenure_baseline tenure_escalation tenure_event tenure_gate tenure_meta tenure_receipt tenure_scope
tenure_session""".split()

# Every kind of row that the fixture is there to hold: how many at least, by a query on its tables.
KINDS = """
living interactive        owner_kind = 'interactive' AND ended_at IS NULL AND scope IS NOT NULL
living autonomous         owner_kind = 'runtime_worker' AND ended_at IS NULL
of a supervisor kind      owner_kind = 'runtime_supervisor' AND ended_at IS NULL
with activity             current_activity IS NOT NULL AND activity_at IS NOT NULL
with progress             progress_at IS NOT NULL AND last_outcome IS NOT NULL
with usage                usage_total > 0 AND usage_cost_usd > 0 AND rate_limits IS NOT NULL
strict                    strict = 1
without scope             scope IS NULL
a child                   parent_session_id IS NOT NULL
with a process            pid IS NOT NULL AND pid_start_ticks IS NOT NULL
joined                    start_count > 1
fenced off a twin         fence > 1 AND incarnation = 1 AND ended_at IS NULL
resumed                   incarnation = 2 AND ended_at IS NULL
resumed and ended         incarnation = 2 AND ended_at IS NOT NULL
cleared                   end_reason = 'cleared' AND ended_by IS NOT NULL AND end_note IS NOT NULL
cleared, interactive      end_reason = 'cleared' AND owner_kind = 'interactive'
forced                    end_reason = 'forced'
taken over                end_reason = 'taken_over'
replaced                  end_reason = 'stale_reset'
ended by transition       end_reason = 'transition' AND exit_code IS NOT NULL
failed                    failure_origin = 'renderer-failure' AND failure_reason IS NOT NULL
its host died             end_reason = 'host-death'
reaped                    end_reason = 'idle'
ended with its command    end_reason = 'run'
a successor               predecessor_id IS NOT NULL
imported                  session_id = 'ses_legacy_autonomous' AND revision >= 41
imported, interactive     session_id = 'ses_legacy_interactive'
""".strip().split("\n")
STATUSES = """destroyed destroying error exited exiting failed idle interrupted ready running starting
stopped""".split()
EVENTS = """escalation.opened escalation.removed escalation.resolved gate.removed gate.set legacy
session.activity session.changed session.collected session.created session.ended session.joined
session.progress session.resumed session.status""".split()

folder = tempfile.TemporaryDirectory()


def copied(name):
    """A copy of the fixture for one test to change."""
    path = os.path.join(folder.name, name)
    shutil.copyfile(FIXTURE, path)
    os.chmod(path, 0o600)
    return path


def bytes_of(path):
    with open(path, "rb") as file:
        return file.read()


def columns_of(db, table):
    return [row[1] for row in db.execute(f"PRAGMA table_info({quoted(table)})")]


def rows_of(db, shape):
    """Every row of the tables of SHAPE in its columns: {table: [row as text]}."""
    return {table: [repr(row) for row in db.execute(
                f"SELECT {', '.join(map(quoted, columns))} FROM {quoted(table)} ORDER BY 1, 2")]
            for table, columns in shape.items()}


def schema_of(db):
    """What Tenure has in a database: the text of views and triggers, the columns of tables and indexes."""
    schema = {}
    for kind, name, sql in db.execute(
            "SELECT type, name, sql FROM sqlite_schema WHERE name LIKE 'tenure^_%' ESCAPE '^' AND tbl_name"
            " LIKE 'tenure^_%' ESCAPE '^'").fetchall():
        pragma = {"table": "table_xinfo", "index": "index_xinfo"}.get(kind)
        schema[kind, name] = (sql if pragma is None else
                              sorted(row[1:] for row in db.execute(f"PRAGMA {pragma}({quoted(name)})")))
    return schema


def unchanged(before, db, name):
    """One test: DB still has the rows of BEFORE, but for the number of the schema."""
    after = rows_of(db, SHAPE)
    if not ok(before | {"tenure_meta": []} == after | {"tenure_meta": []}, name):
        diag(difference(before, after)[:2000])


# The fixture itself, by a client that has not loaded the extension.
plain = connect(copied("plain.db"), extension=False)
SHAPE = {table: columns_of(plain, table) for table in TABLES + ["tasks", "diary"]}
ROWS = rows_of(plain, SHAPE)
is_(plain.execute("SELECT * FROM tenure_meta").fetchall(), [("schema", "1")], "the fixture is of version 1")
ok(os.path.getsize(FIXTURE) < 300 * 1024, "it is small")
ok(all(ROWS.values()), "no table of it is empty")
for kind in KINDS:
    name, condition = kind[:26].rstrip(), kind[26:]
    ok(plain.execute(f"SELECT count(*) FROM tenure_session WHERE {condition}").fetchone()[0] > 0,
       f"it has a session: {name}")
is_([row[0] for row in plain.execute("SELECT DISTINCT status FROM tenure_session ORDER BY 1")], STATUSES,
    "it has every status")
is_([row[0] for row in plain.execute("SELECT DISTINCT event FROM tenure_event ORDER BY 1")], EVENTS,
    "it has every event")
is_(plain.execute("SELECT DISTINCT kind, resolved_at IS NULL FROM tenure_escalation ORDER BY 1, 2").fetchall(),
    [("blocking", 0), ("blocking", 1), ("non_blocking", 1)], "it has every kind of escalation")
is_(plain.execute(
        "SELECT DISTINCT clock, lease_machine, lease_boot_id, lease_deadline_mono, lease_file"
        " FROM tenure_session").fetchall(),
    [("virtual", None, None, None, None)], "it has no evidence of a machine")
ok(plain.execute("PRAGMA integrity_check").fetchall() == [("ok",)], "its integrity is checked without Tenure")
plain.close()

# Loaded, but not installed again: everything reads, and opening has written nothing.
path = copied("read.db")
t = Tenure(path, at=NOW, install=False)
damage(t.db)  # tenure_doctor says that it is old, and is right
is_(t.sql("SELECT check_name, severity, remedy FROM tenure_doctor WHERE severity = 'error'"),
    [("schema.version", "error", "run tenure_install()")], "not upgraded: the doctor says so")
holder = t.holder("working")
is_((holder["owner_id"], holder["incarnation"], holder["stale"], holder["remaining_secs"]), ("ann", 2, 0, 20_000),
    "not upgraded: who holds a scope")
is_((t.holder("silent")["stale"], t.holder("silent")["stale_reason"]), (1, "expired"),
    "not upgraded: whose lease ran out")
for view in ("tenure_holder", "tenure_projection", "tenure_presence", "tenure_cost"):
    ok(t.sql(f"SELECT * FROM {view}"), f"not upgraded: {view} reads")
unchanged(ROWS, t.db, "not upgraded: every row reads as it is")
t.db.close()
ok(bytes_of(path) == bytes_of(FIXTURE), "not upgraded: no byte of the file has changed")

# Upgraded. First that nothing is lost, then that everything goes on.
fresh = Tenure()
VERSION = int(fresh.value("SELECT value FROM tenure_meta WHERE key = 'schema'"))
path = copied("upgraded.db")
t = Tenure(path, at=NOW, install=False)
is_(t.value("SELECT tenure_install()"), VERSION, "installing gives the present version")
is_(t.sql("SELECT * FROM tenure_meta"), [("schema", str(VERSION))], "and says so in the database")
unchanged(ROWS, t.db, "every row is as it was")
got, want = schema_of(t.db), schema_of(fresh.db)
if not ok(got == want, "the schema is that of a new database"):
    for key in sorted(set(got) | set(want)):
        if got.get(key) != want.get(key):
            diag(f"{key} upgraded: {got.get(key)!r:.900}\n{key} new: {want.get(key)!r:.900}")
is_(t.value("PRAGMA integrity_check"), "ok", "integrity after the upgrade")
is_(t.sql("SELECT * FROM tenure_doctor WHERE severity = 'error'"), [], "nor has the doctor anything to say")
file = bytes_of(path)
t.sql("SELECT tenure_install()")
ok(bytes_of(path) == file, "a second time changes no byte")

t.clock(NOW + 10)
log = t.sql("SELECT * FROM tenure_event ORDER BY seq")
session, fence, revision = holder["session_id"], holder["fence"], holder["revision"]
t.refused("fence.token", "heartbeat", scope="working", actor_id="ann", fence=fence - 1,
          test="an owner with an old fence does not go on")
report = t.verb("heartbeat", scope="working", actor_id="ann", fence=fence, activity="upgraded")
is_((report["session_id"], report["fence"], report["revision"]), (session, fence, revision + 1),
    "an owner goes on with the fence it had")
is_(t.counter("working"), revision + 1, "and the counter of the scope with it")

silent = t.holder("silent")
t.refused("start.stale_other_owner", "start", scope="silent", actor_id="eve", lease_ttl=60)
report = t.verb("takeover", scope="silent", actor_id="eve", reason="sid went away")
is_((report["prior_session_id"], report["prior_actor_id"], report["fence"]),
    (silent["session_id"], "sid", silent["revision"] + 1), "a stale lease is taken over")
is_(t.sql("SELECT gates FROM tenure_gate WHERE scope = 'silent'"), [], "its gates go with it")
t.refused("heartbeat.not_owner", "heartbeat", scope="silent", actor_id="sid")

t.refused("fence.required", "heartbeat", scope="strict", actor_id="sam", test="a strict session is still strict")
is_(t.verb("heartbeat", scope="imported, far ahead", actor_id="old-runner")["revision"], 2**53 + 1,
    "an imported session goes on")
resumed = t.session(t.value("SELECT session_id FROM tenure_session WHERE scope = 'resumed, ended'"))
report = t.verb("resume", session_id=resumed["session_id"], actor_id="ann")
is_((report["incarnation"], report["fence"]), (3, resumed["revision"] + 1), "an ended session is resumed")
is_(t.verb("start", scope="collected")["fence"], 3, "a scope whose session was collected counts on")
is_(t.verb("heartbeat", scope="working", actor_id="ann", receipt_id="receipt-beat")["current_activity"],
    "writing \u201ctasks\u201d", "a receipt answers as it did")
t.refused("receipt.conflict", "heartbeat", scope="silent", actor_id="eve", receipt_id="receipt-beat")
is_(t.verb("gate_set", scope="working", gates="[]", expected_revision=2)["revision"], 3, "gates count on")
open_one = t.value("SELECT escalation_id FROM tenure_escalation WHERE kind = 'non_blocking'")
is_(t.verb("escalation_resolve", escalation_id=open_one)["resolved_at_epoch_s"], NOW + 10,
    "an open escalation is resolved")

t.refused_sql("fence.required", "INSERT INTO tasks (state) VALUES ('late')", says=["ann"],
              test="the guarded table is still guarded")
t.sql("SELECT tenure_hold(?, ?)", (session, fence - 1))
t.refused_sql("fence.token", "UPDATE tasks SET state = 'late'", says=["ann"])
t.sql("SELECT tenure_hold(?, ?)", (session, fence))
t.sql("UPDATE tasks SET state = 'done' WHERE state = 'claimed'")
t.sql("DELETE FROM tasks WHERE state = 'open'")
is_(t.sql("SELECT * FROM tasks"), [(1, "done"), (2, "done")], "and open to who holds its scope")
t.sql("INSERT INTO diary VALUES (1, 'free')")
t.clock(NOW + 40_000)
t.refused_sql("fence.stale", "DELETE FROM tasks")
t.clock(NOW + 10)
t.sql("SELECT tenure_unguard('tasks')")
t.sql("SELECT tenure_hold(NULL)")
t.sql("DELETE FROM tasks")
is_(t.sql("SELECT * FROM tasks"), [], "a guard of version 1 can be taken off")

is_(t.sql("SELECT * FROM tenure_event ORDER BY seq LIMIT ?", (len(log),)), log, "the log is as it was")
added = t.sql("SELECT seq, event FROM tenure_event ORDER BY seq LIMIT -1 OFFSET ?", (len(log),))
is_([seq for seq, _ in added], list(range(log[-1][0] + 1, log[-1][0] + 1 + len(added))), "and goes on")
is_([event for _, event in added],
    ["session.activity", "session.ended", "gate.removed", "session.created", "session.resumed",
     "session.created", "gate.set", "escalation.resolved"], "with what was done")
t.refused_sql("write.append_only", "UPDATE tenure_event SET event = 'x'")
is_(t.value("PRAGMA integrity_check"), "ok", "integrity at the end")
t.db.close()

# Stopped in the middle, as by a host that does not allow a change of the schema: nothing of it has happened.
CHANGES = {getattr(sqlite3, f"SQLITE_{change}_{kind}") for change in ("CREATE", "DROP")
           for kind in ("VIEW", "TRIGGER", "TABLE")}


def upgrade(path, stop_at=None):
    """The names of what an upgrade makes and drops, in order; the change number STOP_AT is not allowed."""
    names, db = [], connect(path)
    damage(db)  # it stays old where it is stopped

    def allow(action, name, *_):
        if action not in CHANGES:
            return sqlite3.SQLITE_OK
        names.append(name)
        return sqlite3.SQLITE_DENY if len(names) - 1 == stop_at else sqlite3.SQLITE_OK

    db.set_authorizer(allow)
    error = error_of(db, "SELECT tenure_install()")
    db.close()
    return names, error


names, _ = upgrade(copied("counted.db"))
present = {name for (name,) in fresh.sql("SELECT name FROM sqlite_schema")}
gone = [at for at, name in enumerate(names) if name not in present]
some = sorted(set(gone) | set(one_in(20, range(len(names)))))
faults = []
for at in some:
    path = copied(f"stopped{at}.db")
    _, error = upgrade(path, at)
    if error is None or bytes_of(path) != bytes_of(FIXTURE):
        faults.append(f"{at}: {names[at]}: {error}")
    os.remove(path)
ok(gone, f"an upgrade drops {len(gone)} programs that have no successor")
is_(faults, [], f"stopped at {len(some)} of its {len(names)} changes of the schema it leaves every byte as it was")

# Something of the user's under a name that version 1 did not need.
path = copied("taken.db")
t = Tenure(path, at=NOW, install=False)
t.sql("CREATE TABLE tenure_counter (mine)")
file = bytes_of(path)
t.refused_sql("install.name_taken", "SELECT tenure_install()", says=["tenure_counter"])
t.refused_sql("install.name_taken", "SELECT tenure_uninstall()", says=["tenure_counter"])
ok(bytes_of(path) == file, "a name that is taken: no byte has changed")
t.sql("DROP TABLE tenure_counter")
is_(t.value("SELECT tenure_install()"), VERSION, "without it the upgrade goes on")
is_(t.counter("working"), revision, "with the counters there were")
t.db.close()

# Uninstalled, straight from version 1.
t = Tenure(copied("uninstalled.db"), at=NOW, install=False)
t.sql("SELECT tenure_uninstall()")
is_(t.sql("SELECT name FROM sqlite_schema WHERE type <> 'index' ORDER BY 1"),
    [("diary",), ("sqlite_sequence",), ("tasks",)], "uninstalling leaves the user's tables alone")
is_(t.value("SELECT count(*) FROM tasks"), 3, "with their rows")

done()
