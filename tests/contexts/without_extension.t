#!/usr/bin/python3
"""A client that has not loaded the extension: it reads, dumps, copies and checks everything, and changes
nothing. What it copies is a database like any other, with no live lease in it."""

import os
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from cases import CASES, NOW, fill, known, statement  # noqa: E402
from raw import CLAUSES, VERBS, Raw  # noqa: E402
from tap import connect, diag, done, error_of, is_, ok  # noqa: E402

folder = tempfile.TemporaryDirectory()


def path(name):
    return os.path.join(folder.name, name)


t = Raw(path("t.db"))
t.sql("PRAGMA synchronous = OFF")
t.sql("PRAGMA journal_mode = WAL")
fill(t)
ids = known(t)
t.verb("escalate", scope="live", kind="non_blocking", reason="r", receipt_id="r1")
t.verb("record_result", session_id=ids["@ended"], status="success")
t.verb("record_completion", session_id=ids["@ended"], exit_code=0)
turns = t.verb("start", scope="turns", actor_id="ann", lease_ttl=900)["session_id"]
t.verb("turn_begin", session_id=turns, turn_id="t1")
t.verb("request_open", session_id=turns, request_id="r1", kind="approval", turn_id="t1")
t.verb("request_resolve", session_id=turns, request_id="r1", decision="approved_for_session", remember='["k"]')
t.verb("turn_steer", session_id=turns, input="more")
t.verb("turn_abort", session_id=turns)
t.verb("provider_event", session_id=turns, event_id="e1", type="session.started")
t.verb("turn_request_start", session_id=turns, message_id="m")
t.sql("CREATE TABLE tasks (id INTEGER PRIMARY KEY, what)")
t.sql("INSERT INTO tasks VALUES (1, 'a')")
t.sql("SELECT tenure_guard('tasks', 'live')")
t.clock(None)
machine = t.verb("start", scope="machine", actor_id="ann", lease_ttl=900)["session_id"]
TABLES = [row[0] for row in t.sql("SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 'tenure_*'"
                                  " ORDER BY name")]
was = {name: t.sql(f"SELECT * FROM {name}") for name in TABLES + ["tasks"]}
SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name <> 'sqlite_stat1' ORDER BY name"
schema = t.sql(SCHEMA)
t.db.close()


def bare(name="t.db"):
    return connect(path(name), extension=False)


def rows(db):
    db.text_factory = bytes
    made = {name: db.execute(f"SELECT * FROM {name}").fetchall() for name in TABLES + ["tasks"]}
    db.text_factory = str
    return made


db = bare()
before = rows(db)
for name in TABLES + ["tasks"]:
    is_(len(before[name]), len(was[name]), f"{name} can be read")
    ok(len(before[name]) > 0, f"{name} has rows to be read")
is_(db.execute("SELECT count(*) FROM tenure_session WHERE ended_at IS NULL AND scope = 'live'").fetchone()[0],
    1,
    "and asked: who holds a scope")
is_(error_of(db, "EXPLAIN QUERY PLAN SELECT * FROM tenure_session WHERE scope = 'live' AND ended_at IS NULL"),
    None,
    "and planned")
for sql in ("PRAGMA integrity_check", "PRAGMA quick_check", "PRAGMA foreign_key_check", "ANALYZE", "VACUUM",
            "REINDEX",
            "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA optimize", "CREATE TABLE theirs (x)",
            "ALTER TABLE theirs ADD COLUMN more", "DROP TABLE theirs"):
    is_(error_of(db, sql), None, f"{sql} works")
is_(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)], "and the database is sound")
is_(rows(db), before, "nothing of it changed a row")

# Every write of any kind fails closed: by a function that is not there, so nothing is judged wrongly.
WRITES = ["UPDATE {} {t} SET {c} = {c}", "UPDATE {} {t} SET {c} = NULL", "DELETE FROM {t}",
          "INSERT {} INTO {t} SELECT * FROM {t}", "INSERT {} INTO {t} DEFAULT VALUES",
          "REPLACE INTO {t} SELECT * FROM {t}",
          "INSERT INTO {t} SELECT * FROM {t} WHERE 1 ON CONFLICT DO NOTHING"]
for name in TABLES + ["tasks"]:
    column = db.execute(f"PRAGMA table_info({name})").fetchall()[-1][1]
    for write in WRITES:
        for clause in CLAUSES if "{}" in write else [""]:
            sql = write.replace("{}", clause).format(t=name, c=column)
            got = error_of(db, sql)
            faults = [] if got is not None else ["it succeeded"]
            if got is not None and "no such function" not in got[0] and "constraint failed" not in got[0]:
                faults.append(f"got: {got}")
            if rows(db) != before:
                faults.append("it changed something")
                before = rows(db)
            if not ok(not faults, f"{sql}: fails closed"):
                diag("\n".join(faults))
for name, verb, columns, _ in CASES:
    got = error_of(db, *statement(verb, columns, ids))
    ok(got is not None and "no such function" in got[0], f"{verb}, {name}: fails closed") or diag(got)
is_(rows(db), before, "and nothing was changed by any verb")
is_(db.in_transaction, False, "nor is a transaction open")
db.close()

# Copies: .dump and reload by the shell, VACUUM INTO, the backup API, the file itself.
dump = subprocess.run(["sqlite3", "-init", "/dev/null", "-batch", path("t.db"), ".dump"], capture_output=True,
                      check=True)
is_(dump.stderr, b"", ".dump says nothing")
load = subprocess.run(["sqlite3", "-init", "/dev/null", "-batch", "-bail", path("dumped.db")],
                      input=dump.stdout,
                      capture_output=True)
is_((load.returncode, load.stderr), (0, b""), "its output can be loaded, without the extension too")
db = bare()
is_(error_of(db, "VACUUM INTO ?", (path("vacuumed.db"),)), None, "VACUUM INTO works")
with sqlite3.connect(path("backup.db")) as target:
    db.backup(target)
target.close()
db.close()
with open(path("t.db"), "rb") as source, open(path("file.db"), "wb") as target:
    target.write(source.read())

# A row that no statement could write again, such as an ended session, comes back all the same.
for name in ("dumped.db", "vacuumed.db", "backup.db", "file.db"):
    db = bare(name)
    is_(rows(db), before, f"{name}: the same rows")
    is_(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)], f"{name}: sound")
    db.close()
    c = Raw(path(name), at=None, install=False)
    is_(c.sql(SCHEMA), schema, f"{name}: the same schema")
    counters = c.sql("SELECT * FROM tenure_scope")
    is_(c.sql("SELECT tenure_install()"), [(int(c.value("SELECT value FROM tenure_meta")),)], f"{name}: there is nothing to install")
    if c.value("SELECT lease_grant('machine', 60)"):
        is_(c.holder("machine")["stale_reason"], "copied", f"{name}: the lease in it is not live")
        c.refused("heartbeat.stale", "heartbeat", scope="machine", actor_id="ann", says=["copied"],
                  test=f"{name}: and cannot be renewed")
        c.verb("takeover", scope="machine", actor_id="bob", reason="the copy is mine")
    c.clock(NOW)
    is_(c.verb("heartbeat", scope="live", actor_id="ann")["ok"], True,
        f"{name}: a session on the virtual clock goes on")
    for (scope, revision) in counters:
        if c.holder(scope) is None:
            fence = c.verb("start", scope=scope, actor_id="new", lease_ttl=60)["fence"]
            is_(fence, revision + 1, f"{name}: the fences of {scope} go on where they were")
    c.refused_sql("fence.required", "UPDATE tasks SET what = 'b'",
                  test=f"{name}: the guard of the user's table holds")
    is_(c.faults(), [], f"{name}: every invariant holds")
    seq = [row[0] for row in c.sql("SELECT seq FROM tenure_event ORDER BY seq")]
    is_(len(seq), len(set(seq)), f"{name}: the log goes on")
    c.db.close()

# A connection that loads the extension only now works at once, and one that opened before it is not disturbed.
late = bare("dumped.db")
late.execute("SELECT * FROM tenure_session").fetchall()
late.enable_load_extension(True)
from tap import EXTENSION  # noqa: E402
late.load_extension(EXTENSION)
late.execute("SELECT tenure_clock(?)", (NOW,))
is_(error_of(late, "INSERT INTO tenure_heartbeat(scope, actor_id) VALUES ('live', 'ann')"), None,
    "a connection that loads the extension later works from then on")
late.close()
is_(sorted(VERBS), sorted({verb for _, verb, _, _ in CASES}), "every verb was tried")
folder.cleanup()
done()
