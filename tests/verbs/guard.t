#!/usr/bin/python3
"""Fencing the user's own tables: tenure_guard, tenure_hold, tenure_unguard (02, "Fencing the user's own
tables")."""

import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import connect, done, is_, ok  # noqa: E402
from tenure import T0, Tenure, quoted, table  # noqa: E402

# Every way to write to a table of three rows (id is its key).
WRITES = """
INSERT INTO tasks VALUES (9, 'new')
INSERT OR IGNORE INTO tasks VALUES (9, 'new')
INSERT OR REPLACE INTO tasks VALUES (9, 'new')
INSERT OR IGNORE INTO tasks VALUES (1, 'there already')
INSERT OR FAIL INTO tasks VALUES (9, 'new')
REPLACE INTO tasks VALUES (1, 'replaced')
INSERT INTO tasks VALUES (1, 'x') ON CONFLICT DO NOTHING
INSERT INTO tasks VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET what = 'upserted'
INSERT INTO tasks SELECT id + 100, what FROM tasks
UPDATE tasks SET what = 'x'
UPDATE OR IGNORE tasks SET id = 3
UPDATE OR REPLACE tasks SET id = 3 WHERE id = 1
UPDATE tasks SET what = 'x' WHERE id = 1
DELETE FROM tasks WHERE id = 1
DELETE FROM tasks
""".strip().split("\n")

# What the connection holds and what has become of the scope -> the code; ok: the write is accepted.
STATES = table("""
held           -        -              fence.required
held           wrong    -              fence.token
held           unknown  -              fence.token      # a fence that is yet to come
held           right    -              ok
held           right    at-59          ok
held           right    at-60          fence.stale
held           right    ahead-61       fence.stale
held           right    renewed        ok
held           right    kept           ok
held           right    twin           fence.token
held           right    replaced       fence.token
held           right    taken-over     fence.token
held           right    cleared        fence.token
held           right    resumed        fence.token
held           right    exited         fence.token
held           right    exiting        ok               # it still holds the scope
held           other    -              fence.required   # the fence of another scope
held           dropped  -              fence.required
interactive    right    -              ok
interactive    right    at-28800       ok
interactive    right    at-28801       fence.stale
nobody         -        -              fence.required
""")

t = Tenure()
t.sql("CREATE TABLE tasks (id INTEGER PRIMARY KEY, what TEXT)")
t.sql("CREATE TABLE free (id INTEGER PRIMARY KEY, what TEXT)")
t.sql("INSERT INTO tasks VALUES (1, 'a'), (2, 'b'), (3, 'c')")
is_(t.value("SELECT tenure_guard('tasks', 'repo')"), "repo", "tenure_guard gives the scope")


def begin(kind="autonomous", scope="repo"):
    owner = {} if kind == "interactive" else {"actor_id": "ann", "lease_ttl": 60}
    return t.verb("start", scope=scope, **owner)


def hold(session, fence=None):
    fence = session["fence"] if fence is None else fence
    return t.value("SELECT tenure_hold(?, ?)", (session["session_id"], fence))


def happen(what, session):
    """Something that happens to the scope after its fence was held."""
    ann = {"scope": "repo", "actor_id": "ann"}
    if what.startswith(("at-", "ahead-")):
        seconds = int(what.split("-")[1])
        t.clock(T0 + (seconds if what.startswith("at-") else -seconds))
    elif what == "renewed":
        t.clock(T0 + 59)
        t.verb("heartbeat", **ann)
        t.clock(T0 + 118)
    elif what in ("kept", "twin"):
        t.verb("start", lease_ttl=60, fence=session["fence"] if what == "kept" else None, **ann)
    elif what in ("replaced", "taken-over"):
        t.clock(T0 + 60)
        if what == "replaced":
            t.verb("start", lease_ttl=60, **ann)
        else:
            t.verb("takeover", scope="repo", actor_id="bob", reason="r")
    elif what in ("cleared", "resumed"):
        t.verb("clear", **ann)
        if what == "resumed":
            t.verb("resume", session_id=session["session_id"], actor_id="ann")
    elif what in ("exited", "exiting"):
        t.verb("transition", session_id=session["session_id"], status=what, fence=1)


def build(kind, held, what):
    t.sql("SELECT tenure_hold(NULL)")
    session = None if kind == "nobody" else begin(kind)
    if held in ("right", "dropped"):
        hold(session)
    if held in ("wrong", "unknown"):
        hold(session, 0 if held == "wrong" else session["fence"] + 1)
    if held == "other":
        hold(begin(scope="elsewhere"))
    if held == "dropped":
        t.sql("SELECT tenure_hold(NULL)")
    happen(what, session)


for kind, held, what, want in STATES:
    name = f"{kind}, holding {held}, then {what}: {want}"
    with t.situation(name):
        build(kind, held, what)
        holder = t.holder("repo")
        says = ["repo"] + ([holder["owner_id"]] if holder else ["nobody"])
        for statement in WRITES:
            if want == "ok":
                t.sql("SAVEPOINT one")
                t.sql(statement)
                t.sql("ROLLBACK TO one")
            else:
                t.refused_sql(want, statement, says=says, test=f"{name}: {statement}")
        if want == "ok":
            ok(True, f"{name}: {len(WRITES)} statements")
        is_(t.value("SELECT count(*) FROM tasks"), 3, f"{name}: reading is free")
        t.sql("INSERT INTO free VALUES (1, 'x')")
t.sql("SELECT tenure_hold(NULL)")
t.refused_sql("fence.required", "INSERT OR ROLLBACK INTO tasks VALUES (9, 'new')", says=["repo"])

# The words of the refusals: who holds it now, since when.
with t.situation("words"):
    session = begin()
    hold(session)
    happen("taken-over", session)
    now = t.holder("repo")
    t.refused_sql("fence.token", "DELETE FROM tasks", says=[
        "fence 1 ", session["session_id"], "bob", now["session_id"], "2001-09-09T01:47:40Z"])
with t.situation("words, stale"):
    hold(begin())
    happen("at-60", None)
    t.refused_sql("fence.stale", "DELETE FROM tasks", says=["ann", "repo", "expired", "fence 1 "])

# A connection on the other clock cannot judge the lease.
with t.situation("the other clock"):
    hold(begin())
    t.clock(None)
    t.refused_sql("usage.clock", "DELETE FROM tasks", says=["virtual", "machine"])

# A guarded table that is renamed stays guarded, and so can be the next of its name.
with t.situation("renamed"):
    t.sql("SELECT tenure_hold(NULL)")
    t.sql("CREATE TABLE jobs (id)")
    t.sql("SELECT tenure_guard('jobs', 'repo')")
    for number in range(2):
        t.sql(f"ALTER TABLE jobs RENAME TO jobs_{number}")
        t.sql("CREATE TABLE jobs (id)")
        is_(t.value("SELECT tenure_guard('jobs', 'repo')"), "repo", "a new table under a guarded name is guarded")
    for one in ("jobs", "jobs_0", "jobs_1"):
        t.refused_sql("fence.required", f"INSERT INTO {one} VALUES (1)", says=["repo"], test=f"{one} is guarded")
        t.sql("SELECT tenure_unguard(?)", (one,))
        t.sql(f"INSERT INTO {one} VALUES (1)")
    is_(t.sql("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name LIKE 'jobs%'"), [],
        "and unguarded, each for itself")

# Several scopes, one fence for each; the last for a scope counts.
with t.situation("several scopes"):
    t.sql("SELECT tenure_hold(NULL)")
    t.sql("CREATE TABLE builds (id INTEGER PRIMARY KEY)")
    t.sql("CREATE TABLE both (id INTEGER PRIMARY KEY)")
    for (one, scope) in (("builds", "ci"), ("both", "ci")):
        is_(t.value("SELECT tenure_guard(?, ?)", (one, scope)), scope, f"{one} is guarded for {scope}")
    t.refused_sql("guard.scope_taken", "SELECT tenure_guard('BOTH', 'repo')", says=["both"])
    repo, ci = begin(), begin(scope="ci")
    is_([hold(repo), hold(ci)], ["repo", "ci"], "tenure_hold gives the scope")
    t.sql("INSERT INTO builds VALUES (1)")
    t.sql("DELETE FROM tasks WHERE id = 1")
    ok(True, "one connection may hold one fence for each scope")
    hold(repo, 7)
    t.refused_sql("fence.token", "DELETE FROM tasks", says=["repo"], test="the last for a scope counts")
    t.sql("INSERT INTO builds VALUES (2)")
    t.sql("SELECT tenure_hold(NULL)")
    t.refused_sql("fence.required", "INSERT INTO builds VALUES (3)", says=["ci"],
                  test="tenure_hold(NULL) drops all")

# The check is made in the writer's own transaction: nothing can come between.
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "t.db")
    writer, taker = Tenure(path), Tenure(path, install=False, timeout=0)
    writer.sql("CREATE TABLE tasks (id INTEGER PRIMARY KEY)")
    writer.sql("SELECT tenure_guard('tasks', 'repo')")
    found = writer.verb("start", scope="repo", actor_id="ann", lease_ttl=60)
    writer.sql("SELECT tenure_hold(?, 1)", (found["session_id"],))
    taker.clock(T0 + 60)
    writer.sql("BEGIN")
    writer.sql("INSERT INTO tasks VALUES (1)")
    got = taker.outcome("takeover", scope="repo", actor_id="bob", reason="r")
    is_(got, "database is locked", "while a fenced write is open nobody can take over")
    writer.sql("COMMIT")
    is_(taker.verb("takeover", scope="repo", actor_id="bob", reason="r")["fence"], 2, "after it one can")
    writer.refused_sql("fence.token", "INSERT INTO tasks VALUES (2)", says=["bob", "repo"],
                       test="and the old writer, whose clock still says it lives, is shut out")
    plain = connect(path, extension=False)
    try:
        plain.execute("INSERT INTO tasks VALUES (3)")
        fault = "a client without the extension writes"
    except Exception as error:
        fault = "" if "tenure_guard_check" in str(error) or "no such function" in str(error) else error
    is_(fault, "", "a client without the extension reads and cannot write")
    is_(plain.execute("SELECT id FROM tasks").fetchall(), [(1,)], "it reads")
    for connection in (writer.db, taker.db, plain):
        connection.close()

# What can be guarded: real tables of the main schema, whatever their name.
t.sql("CREATE TABLE w (id TEXT PRIMARY KEY) WITHOUT ROWID")
t.sql("""CREATE TABLE "odd ""name' [x]" (id)""")
t.sql("CREATE TEMP TABLE temporary (id)")
t.sql("CREATE VIEW seen AS SELECT * FROM tasks")
t.sql("CREATE VIRTUAL TABLE words USING fts5(text)")
t.sql("ATTACH ':memory:' AS aux")
t.sql("CREATE TABLE aux.attached (id)")
KINDS = [("w", None), ('odd "name\' [x]', None), ("FREE", None), ("temporary", "guard.not_a_table"),
         ("seen", "guard.not_a_table"), ("words", "guard.not_a_table"),
         ("attached", "guard.not_a_table"), ("nosuch", "guard.not_a_table"), ("", "guard.not_a_table"),
         (None, "guard.not_a_table"), ("tasks; DROP TABLE tasks", "guard.not_a_table"),
         ("sqlite_schema", "guard.not_a_table"), ("sqlite_sequence", "guard.not_a_table"),
         ("tenure_session", "guard.ours"), ("TENURE_EVENT", "guard.ours"),
         ("tasks\n\x1b[31m", "guard.not_a_table")]
for name, code in KINDS:
    statement = "SELECT tenure_guard(?, 'repo')"
    if code:
        t.refused_sql(code, statement, (name,), test=f"{name!r} cannot be guarded: {code}")
        continue
    is_(t.value(statement, (name,)), "repo", f"{name!r} can be guarded")
    t.refused_sql("fence.required", f"INSERT INTO {quoted(name)}(id) VALUES (1)", says=["repo"],
                  test=f"{name!r} then is")
    t.sql("SELECT tenure_unguard(?)", (name,))
    t.sql("SAVEPOINT one")
    t.sql(f"INSERT INTO {quoted(name)}(id) VALUES (1)")
    t.sql("ROLLBACK TO one")
    t.sql("RELEASE one")
    ok(True, f"{name!r} is free again")
for scope in (None, "", "a\0b"):
    t.refused_sql("opt.scope" if scope else "opt.required", "SELECT tenure_guard('free', ?)", (scope,),
                  test=f"scope {scope!r}")
odd_scope = "it's \"a\" scope; --"
is_(t.value("SELECT tenure_guard('free', ?)", (odd_scope,)), odd_scope, "any text is a scope")
t.refused_sql("fence.required", "INSERT INTO free VALUES (1, 'x')", says=[odd_scope])
session = t.verb("start", scope=odd_scope, actor_id="ann", lease_ttl=60)
hold(session)
t.sql("INSERT INTO free VALUES (1, 'x')")
ok(True, "and its holder writes")
t.sql("SELECT tenure_unguard('free')")

# Guarding twice is guarding once, and makes whole what lost a part.
t.sql("SELECT tenure_hold(NULL)")
names = t.sql("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'tasks'")
t.sql("SELECT tenure_guard('TASKS', 'repo')")
is_(t.sql("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'tasks'"), names,
    "guarding twice is guarding once")
t.sql(f"DROP TRIGGER {names[-1][0]}")
t.sql("SELECT tenure_guard('tasks', 'repo')")
for statement in ("INSERT INTO tasks VALUES (9, 'x')", "UPDATE tasks SET what = 'x'", "DELETE FROM tasks"):
    t.refused_sql("fence.required", statement, test=f"a guard is made whole again: {statement}")
t.sql("ALTER TABLE tasks RENAME TO jobs")
t.refused_sql("fence.required", "DELETE FROM jobs", test="a guard follows its table's name")
t.sql("SELECT tenure_unguard('jobs')")
t.sql("ALTER TABLE jobs RENAME TO tasks")
t.sql("SELECT tenure_guard('tasks', 'repo')")

# A trigger of the user's own that merely looks like ours is not ours to remove.
t.sql("CREATE TRIGGER tenure_guard_mine AFTER INSERT ON free BEGIN SELECT 1; END")
t.sql("SELECT tenure_unguard('free')")
is_(t.value("SELECT count(*) FROM sqlite_schema WHERE name = 'tenure_guard_mine'"), 1,
    "a trigger of the user's is left alone")
t.sql("SELECT tenure_unguard('free')")
ok(True, "removing what is not there is no error")
for name in (None, ""):
    t.refused_sql("guard.not_a_table", "SELECT tenure_unguard(?)", (name,), test=f"unguard({name!r})")

# tenure_hold judges nothing but that there is such a session, and that its scope can be fenced.
scopeless = t.verb("start", scope="", actor_id="ann", lease_ttl=60)
t.refused_sql("hold.no_scope", "SELECT tenure_hold(?, 1)", (scopeless["session_id"],),
              says=[scopeless["session_id"]])
t.refused_sql("hold.missing", "SELECT tenure_hold('ses_x', 1)", says=["ses_x"])
for fence in (None, "x", 1.5, ""):
    t.refused_sql("usage.fence", "SELECT tenure_hold(?, ?)", (session["session_id"], fence),
                  says=[fence or ""], test=f"tenure_hold with fence {fence!r}")
t.refused_sql("usage.fence", "SELECT tenure_hold('ses_x')", test="tenure_hold without a fence")
is_(t.value("SELECT tenure_hold(NULL)"), None, "tenure_hold(NULL) gives NULL")
t.verb("clear", scope=odd_scope, actor_id="ann")
is_(hold(session), odd_scope, "the fence of an ended session can be held, and opens nothing")

# Only as statements of their own; no trigger can do it behind one's back.
for call in ("tenure_guard('free', 'repo')", "tenure_unguard('tasks')"):
    t.refused_sql("usage.context", f"SELECT {call} FROM tasks", test=f"{call} with a FROM clause")
    t.refused_sql("usage.context", f"INSERT INTO free(what) VALUES ({call})", test=f"{call} in an INSERT")

# Tenure's leaving takes the guards along, and leaves the tables.
is_(t.value("SELECT tenure_uninstall()"), 1, "tenure_uninstall()")
is_(t.sql("SELECT name FROM sqlite_schema WHERE name LIKE 'tenure!_%' ESCAPE '!'"),
    [("tenure_guard_mine",)], "removes the guards too, and nothing of the user's")
t.sql("DELETE FROM tasks")
is_(t.value("SELECT count(*) FROM tasks"), 0, "and the table is the user's again")

done()
