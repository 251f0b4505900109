#!/usr/bin/python3
"""Tenure in an attached database, beside another one, and beside temporary tables of the same names.

From the environment: TENURE_LONG, TENURE_SEED; see some() in cases.py."""

import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from cases import CASES, NOW, fill, frozen, known, outcome, plainly, some, statement  # noqa: E402
from raw import Raw  # noqa: E402
from tap import diag, done, error_of, is_, ok  # noqa: E402
from tenure import difference  # noqa: E402

folder = tempfile.TemporaryDirectory()
REPORT = " RETURNING session_report()"


def path(name):
    return os.path.join(folder.name, name)


def put(image, name):
    """A database file NAME that holds IMAGE."""
    with open(path(name), "wb") as file:
        file.write(image)
    return path(name)


base = fill(Raw())
ids = known(base)
IMAGE = base.db.serialize()
EVIDENT = base.value("SELECT 1") and Raw(path("probe.db"), at=None).value("SELECT lease_grant('machine', 60)")


def comes_to(t, sql, params):
    rows = outcome(t.db, sql + REPORT, params)
    return plainly(rows[0][0], ids) if isinstance(rows, list) else rows


# Main has nothing of Tenure's, or a Tenure of its own, or a table of that name: a verb by the schema name of
# the attached database works there as it works alone, and touches nothing else.
for beside in ("nothing", "another Tenure", "a foreign tenure_session"):
    for name, verb, columns, _ in some(CASES):
        if "receipt_id" in columns and beside != "another Tenure":
            continue
        alone = Raw.of(IMAGE, NOW)
        want = comes_to(alone, *statement(verb, columns, ids))
        t = Raw(at=NOW, install=beside == "another Tenure")
        if beside == "another Tenure":
            t.verb("start", scope="mine", actor_id="me", lease_ttl=60)
        if beside == "a foreign tenure_session":
            t.sql("CREATE TABLE tenure_session (session_id, scope, fence, x)")
        before = t.dump()
        t.sql("ATTACH ? AS x", (put(IMAGE, "x.db"),))
        got = comes_to(t, *statement(verb, columns, ids, schema="x."))
        faults = [] if got == want else [f"got:  {got}\nwant: {want}"]
        faults += frozen(t) + ([] if t.dump() == before else ["it changed the main database"])
        t.sql("DETACH x")
        there = Raw(path("x.db"), at=NOW, install=False)
        if there.plain() != alone.plain():
            faults.append("the rows are others: " + difference(alone.plain(), there.plain())[:500])
        there.db.close()
        if not ok(not faults, f"attached beside {beside}: {verb}, {name}"):
            diag("\n".join(faults))
        t.db.close()

# On the machine's clock a lease needs evidence of its file: of the attached one, if that is where it is.
ANN = "(scope, actor_id, lease_ttl) VALUES ('repo', 'ann', 60)"
one, two = path("one.db"), path("two.db")
for name in (one, two):
    Raw(name, at=None).db.close()
t = Raw(at=None, install=False)
t.sql("ATTACH ? AS x", (one,))
t.sql(f"INSERT INTO x.tenure_start{ANN}")
stat = os.stat(one)
if EVIDENT:
    is_(t.value("SELECT lease_file FROM x.tenure_session"), f"{stat.st_dev:x}:{stat.st_ino}",
        "the lease is of the attached file")
is_(t.sql("SELECT stale, remaining_secs > 50 FROM x.tenure_holder"), [(0, 1)], "and is live")
t.sql("ATTACH ? AS y", (two,))

# With two of them it cannot be told which file a lease is for, so none is granted, and none with evidence is judged;
# what needs no evidence works.
NEEDING = [
    "SELECT stale FROM x.tenure_holder",
    "INSERT INTO x.tenure_settle DEFAULT VALUES",
    "INSERT INTO x.tenure_clear(scope, actor_id) VALUES ('repo', 'ann')",
    f"INSERT INTO y.tenure_start{ANN}",
    "INSERT INTO x.tenure_start(scope, actor_id, lease_ttl) VALUES ('repo', 'ann', 60)",
    "INSERT INTO x.tenure_heartbeat(scope, actor_id) VALUES ('repo', 'ann')",
    "UPDATE x.tenure_session SET lease_deadline_mono = lease_grant('deadline', 60), revision = revision + 1",
]
before = t.sql("SELECT * FROM x.tenure_session"), t.sql("SELECT * FROM x.tenure_event")
for sql in NEEDING:
    got = error_of(t.db, sql)
    ok(got and got[0].startswith("tenure: usage.attached: ") and got[1] == 1,
       f"two attached: {sql[:60]}") or diag(got)
    is_((t.sql("SELECT * FROM x.tenure_session"), t.sql("SELECT * FROM x.tenure_event")), before,
        "and nothing is done")
    is_(t.value("SELECT tenure_verb_name()"), None, "and nothing is left of it")
FREE = [
    "INSERT INTO y.tenure_start(scope) VALUES ('typing')",
    "INSERT INTO y.tenure_heartbeat(scope) VALUES ('typing')",
    "INSERT INTO y.tenure_escalate(scope, kind, reason) VALUES ('typing', 'blocking', 'r')",
    "INSERT INTO y.tenure_gate_set(scope, gates) VALUES ('typing', '[]')",
    "INSERT INTO y.tenure_clear(scope) VALUES ('typing')",
]
for sql in FREE:
    is_(error_of(t.db, sql), None, f"two attached: {sql[:60]}")
t.sql("DETACH y")
t.sql("INSERT INTO x.tenure_start(scope, actor_id, lease_ttl) VALUES ('repo', 'ann', 60)")
is_(t.value("SELECT stale FROM x.tenure_holder"), 0, "with one of them gone leases are granted again")
t.sql("DETACH x")
t.sql("ATTACH ? AS x", (two,))
t.sql("INSERT INTO x.tenure_start(scope, actor_id, lease_ttl) VALUES ('repo', 'ann', 60)")
stat = os.stat(two)
if EVIDENT:
    is_(t.value("SELECT lease_file FROM x.tenure_session WHERE scope = 'repo'"),
        f"{stat.st_dev:x}:{stat.st_ino}",
        "another file under the same name is another file")
t.db.close()

# The same two on a virtual clock: nothing is needed, so nothing is ambiguous.
t = Raw(at=NOW, install=False)
t.sql("ATTACH ? AS x", (one,))
t.sql("ATTACH ? AS y", (two,))
is_(error_of(t.db, "INSERT INTO x.tenure_start(scope, actor_id, lease_ttl) VALUES ('v', 'ann', 60)"), None,
    "on a virtual clock two attached are no matter")

# Guards and holds: a guarded table of an attached database knows its own holder.
t = Raw(path("guarded.db"), at=NOW)
t.sql("CREATE TABLE tasks (what)")
t.sql("SELECT tenure_guard('tasks', 'repo')")
held = t.verb("start", scope="repo", actor_id="ann", lease_ttl=60)["session_id"]
t.db.close()
t = Raw(at=NOW, install=False)
t.sql("ATTACH ? AS x", (path("guarded.db"),))
got = error_of(t.db, "INSERT INTO x.tasks VALUES ('a')")
ok(got and got[0].startswith("tenure: fence.required: "), "an attached guarded table refuses without a fence")
is_(t.value("SELECT tenure_hold(?, 1)", (held,)), "repo", "a fence of an attached session can be held")
is_(error_of(t.db, "INSERT INTO x.tasks VALUES ('a')"), None, "and opens the table")
t.db.close()

# Temporary tables of the same names hide Tenure's from plain statements, and from nothing of ours.
t = Raw(path("guarded.db"), at=NOW, install=False)
t.sql("CREATE TEMP TABLE tenure_session (session_id, scope, fence)")
t.sql("INSERT INTO temp.tenure_session VALUES (?, 'shadow', 1), ('ses_shadow', 'shadow', 1)", (held,))
is_(t.value("SELECT tenure_hold(?, 1)", (held,)), "repo", "a hold is of the session, not of a shadow")
is_(error_of(t.db, "INSERT INTO tasks VALUES ('a')"), None, "so it opens what it should")
got = error_of(t.db, "SELECT tenure_hold('ses_shadow', 1)")
ok(got and got[0].startswith("tenure: hold.missing: "), "and a session of the shadow is none") or diag(got)
for name in ("tenure_scope", "tenure_meta", "tenure_event"):
    t.sql(f"CREATE TEMP TABLE {name} (key, value, scope, revision)")
    t.sql(f"INSERT INTO temp.{name}(key, value) VALUES ('schema', '99')")
is_(error_of(t.db, "SELECT tenure_install()"), None, "tenure_install looks at its own tables")
is_(t.value("SELECT value FROM main.tenure_meta"), str(t.value("SELECT tenure_install()")), "and leaves them as they are")
t.sql("CREATE TEMP VIEW tenure_start AS SELECT 1 AS scope")
is_(error_of(t.db, "INSERT INTO main.tenure_start(scope) VALUES ('named')"), None,
    "a verb by its full name is ours")
is_(error_of(t.db, "SELECT tenure_uninstall()"), None, "tenure_uninstall removes its own")
is_(t.sql("SELECT name FROM main.sqlite_schema WHERE name LIKE 'tenure%'"), [], "all of it")
is_([name for (name,) in t.sql("SELECT name FROM temp.sqlite_schema ORDER BY name")],
    ["tenure_event", "tenure_meta", "tenure_scope", "tenure_session", "tenure_start"], "and no shadow")
t.db.close()

# The main database may get its tables after those of an attached one were looked at.
if EVIDENT:
    t = Raw(path("late.db"), at=None, install=False)
    t.sql("ATTACH ? AS x", (one,))
    stat = os.stat(one)
    is_(t.value("SELECT lease_grant('file', 60)"), f"{stat.st_dev:x}:{stat.st_ino}", "a lease would be of the attached file")
    t.sql("DETACH x")
    Raw(path("late.db"), at=None).db.close()
    t.sql("SELECT count(*) FROM tenure_session")  # a connection learns of it when it looks
    stat = os.stat(path("late.db"))
    is_(t.value("SELECT lease_grant('file', 60)"), f"{stat.st_dev:x}:{stat.st_ino}", "and then of the main one")
    t.db.close()

# What is attached under a name may be another file the next time.
if EVIDENT:
    first = Raw(path("first.db"), at=None)
    first.verb("start", scope="held", actor_id="ann", lease_ttl=600)
    first.db.close()
    t = Raw(at=None, install=False)
    t.sql("ATTACH ? AS x", (path("first.db"),))
    is_(t.value("SELECT stale_reason FROM x.tenure_holder"), None, "a lease in an attached file lives")
    t.sql("DETACH x")
    shutil.copyfile(path("first.db"), path("copy.db"))
    os.replace(path("copy.db"), path("first.db"))
    t.sql("ATTACH ? AS x", (path("first.db"),))
    is_(t.value("SELECT stale_reason FROM x.tenure_holder"), "copied", "but not in a copy in its place")
    t.db.close()

# One database attached to itself is one file under two names.
t = Raw(one, at=None, install=False)
t.sql("ATTACH ? AS again", (one,))
got = outcome(t.db, "INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('self', 'ann', 60)")
ok(got == [] or got == "usage.attached", f"a database beside itself: {got}")
t.db.close()
folder.cleanup()
done()
