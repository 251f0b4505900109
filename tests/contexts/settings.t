#!/usr/bin/python3
"""The settings that hosts give a connection through sqlite3_db_config(): newer shells, Node, Bun and PHP are
defensive, know no double-quoted strings, trust no schema. Under each of them install, the verbs, the guards and
uninstall do what they do under the default ones. Played by the shell, which can set them all.

From the environment: TENURE_LONG, TENURE_SEED; see some() in cases.py."""

import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from cases import CASES, NOW, fill, known, some, statement  # noqa: E402
from raw import IDS, Raw  # noqa: E402
from tap import EXTENSION, diag, done, is_, ok  # noqa: E402

# A name | what is set before the extension is loaded.
SETTINGS = {
    "defensive": ["defensive on"], "no double-quoted strings": ["dqs_ddl off", "dqs_dml off"],
    "no trust in the schema": ["trusted_schema off"], "foreign keys": ["enable_fkey on"],
    "a stable planner": ["enable_qpsg on"], "legacy ALTER TABLE": ["legacy_alter_table on"],
    "a writable schema": ["writable_schema on"],
    "a newer shell": ["defensive on", "dqs_ddl off", "dqs_dml off", "trusted_schema off"],
    "Node": ["defensive on", "dqs_ddl off", "dqs_dml off", "enable_fkey on"],
}

folder = tempfile.TemporaryDirectory()
base = fill(Raw())
ids = known(base)
IMAGE = base.db.serialize()
TRIED = some(CASES)


def literal(value):
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, (int, float)) else "'" + value.replace("'", "''") + "'"


def script():
    """The cases, each undone afterwards, in SQL for the shell."""
    lines = [f"SELECT tenure_clock({NOW});"]
    for name, verb, columns, _ in TRIED:
        sql, params = statement(verb, columns, ids)
        for param in params:
            sql = sql.replace("?", literal(param).replace("?", "\x00"), 1)
        lines += [f".print -- {verb}, {name}", "SAVEPOINT s;",
                  sql.replace("\x00", "?") + " RETURNING session_report();",
                  "SELECT event, from_status, to_status, revision, at FROM tenure_event ORDER BY seq DESC LIMIT 3;",
                  "SELECT scope, owner_id, status, stale, verdict FROM tenure_holder ORDER BY scope;",
                  "ROLLBACK TO s;", "RELEASE s;"]
    return "\n".join(lines)


LIFE = f"""
SELECT tenure_clock({NOW});
SELECT tenure_install();
CREATE TABLE tasks (id INTEGER PRIMARY KEY, what);
SELECT tenure_guard('tasks', 'repo');
INSERT INTO tasks VALUES (1, 'a');
INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('repo', 'ann', 60) RETURNING session_report() ->> 'fence';
SELECT tenure_hold(session_id, fence) FROM tenure_holder;
INSERT INTO tasks VALUES (1, 'a');
REPLACE INTO tasks VALUES (1, 'b');
UPDATE tenure_session SET status = 'ready', revision = revision + 1;
UPDATE tenure_session SET status = 'idle', revision = revision + 1;
DELETE FROM tenure_event;
SELECT * FROM tenure_projection;
SELECT count(*) FROM tenure_schema;
SELECT status FROM session_status_policy;
PRAGMA integrity_check;
SELECT tenure_install();
SELECT tenure_unguard('tasks');
SELECT tenure_uninstall();
SELECT type, name FROM sqlite_schema WHERE name <> 'sqlite_sequence';
"""


def played(settings, sql, image=None):
    """What the shell prints, errors among the rows, minted ids alike."""
    path = os.path.join(folder.name, "t.db")
    if os.path.exists(path):
        os.remove(path)
    if image is not None:
        with open(path, "wb") as file:
            file.write(image)
    setting = "".join(f".dbconfig {line}\n" for line in settings)
    run = subprocess.run(["sqlite3", "-init", "/dev/null", "-batch", path], stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, check=False,
                         input=f".output /dev/null\n{setting}.output\n.bail off\n.load {EXTENSION}\n{sql}")
    text = IDS.sub(lambda match: {found: word for word, found in ids.items()}.get(match.group(), "<new>"),
                   run.stdout)
    return re.sub(r"near line \d+: ", "", text).split("\n")


plain = played([], script(), IMAGE)
is_(sum(line.startswith("-- ") for line in plain), len(TRIED), "the shell plays every case")
is_(sum("error tenure: " in line for line in plain), sum(want != "ok" for *_, want in TRIED),
    "and is refused what it should be")
life = played([], LIFE)
is_([line.split(": ")[1] for line in life if "error tenure: " in line],
    ["fence.required", "transition.illegal", "write.append_only"], "and lives a life from install to uninstall")
is_(life[-2:], ["table|tasks", ""], "of which only the user's table is left")


def same(name, got, want):
    if not ok(got == want, name):
        for here, there in zip(got + [""] * len(want), want):
            if here != there:
                diag(f"got:  {here[:300]}\nwant: {there[:300]}")
                break


for name, settings in SETTINGS.items():
    same(f"{name}: every verb as ever", played(settings, script(), IMAGE), plain)
    same(f"{name}: install, guards and uninstall as ever", played(settings, LIFE), life)

# Without triggers there are no verbs, without views only those that look at none; nothing is half done.
for setting in ("enable_trigger off", "enable_view off"):
    got = [line for line in played([setting], script(), IMAGE) if line.startswith("{")]
    ok(set(got) < set(plain), f"{setting}: a verb succeeds as ever, or not at all ({len(got)} do)")
    with open(os.path.join(folder.name, "t.db"), "rb") as file:
        after = Raw.of(file.read(), NOW)
    is_(after.dump(), base.dump(), f"{setting}: and nothing is left of it")
folder.cleanup()
done()
