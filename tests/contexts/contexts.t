#!/usr/bin/python3
"""Every verb in every context that a statement can stand in: it does there what it does alone, or it is
refused there as it is alone; a refusal leaves nothing behind, on disk or on the connection.

From the environment: TENURE_LONG, TENURE_SEED; see some() in cases.py."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from cases import CASES, fill, frozen, known, outcome, plainly, some, statement  # noqa: E402
from chance import one_in  # noqa: E402
from health import damage  # noqa: E402
from raw import CLAUSES, VERBS, Raw, Spare  # noqa: E402
from tap import EXTENSION, diag, done, error_of, is_, ok  # noqa: E402
from tenure import difference  # noqa: E402

base = fill(Raw())
ids = known(base)
IMAGE = base.db.serialize()
REPORT = " RETURNING session_report()"


spare = Spare(IMAGE, base.now)


def fresh(image=IMAGE, context=None):
    t = spare.take(context) if image is IMAGE else Raw.of(image, base.now)
    t.sql("SELECT tenure_report('s', 'c', 'stale', 1)")  # a verb that fails must not leave the last one's
    return t


def report(rows):
    """What outcome() gave, without minted ids: the report, or the code."""
    return plainly(rows[0][0], ids) if isinstance(rows, list) and rows else rows


def alone(t, sql, params):
    return report(outcome(t.db, sql + REPORT, params))


# --- contexts: each runs one statement in its own way and gives the report, or the code of the refusal.

def without_returning(t, sql, params):
    rows = outcome(t.db, sql, params)
    return report(t.sql("SELECT session_report()")) if rows == [] else rows


def unfetched(t, sql, params):
    """The first row is read, the rest and the end never are."""
    try:
        cursor = t.db.execute(sql + REPORT, params)
        row = cursor.fetchone()
    except Exception:
        return alone(t, sql, params)
    left = [fault for fault in frozen(t) if "transaction" not in fault]
    cursor.close()
    return f"{left}, while its result is read" if left else report([row])


def between(begin, end, kept=True):
    """In a transaction, which a refusal leaves open and whole."""
    def run(t, sql, params):
        for part in begin:
            t.sql(part)
        t.sql("INSERT INTO notes VALUES ('before')")
        got = alone(t, sql, params)
        if not t.db.in_transaction:
            return f"{got}, and the transaction is gone"
        t.sql("INSERT INTO notes VALUES ('after')")
        for part in end:
            t.sql(part)
        notes = [row[0] for row in t.sql("SELECT what FROM notes")]
        t.sql("DELETE FROM notes")
        return got if notes == (["before", "after"] if kept else []) else f"{got}, and notes {notes}"
    return run


def in_trigger(temporary):
    """From a trigger of the user's, in his own statement."""
    def run(t, sql, params):
        verb = sql.split("(")[0].split()[-1]
        columns = sql[sql.index("(") + 1:sql.index(")")].split(", ")
        names = ", ".join(columns)
        t.sql(f"CREATE TABLE inbox ({names})")
        t.sql(f"CREATE {'TEMP ' if temporary else ''}TRIGGER forward AFTER INSERT ON main.inbox BEGIN"
              f" INSERT INTO {verb}({names}) VALUES ({', '.join('NEW.' + name for name in columns)}); END")
        rows = outcome(t.db, f"INSERT INTO inbox VALUES ({', '.join('?' * len(params))})", params)
        kept = t.value("SELECT count(*) FROM inbox")
        t.sql("DROP TABLE inbox")
        if kept != (rows == []):
            return f"{rows}, and {kept} rows in the user's table"
        return report(t.sql("SELECT session_report()")) if rows == [] else rows
    return run


def selected(t, sql, params):
    """INSERT .. SELECT from a table."""
    t.sql("CREATE TABLE given AS SELECT " + ", ".join(f"? AS c{n}" for n in range(len(params))), params)
    got = alone(t, sql.replace(f"VALUES ({', '.join('?' * len(params))})", "SELECT * FROM given"), ())
    t.sql("DROP TABLE given")
    return got


def with_clause(t, sql, params):
    return alone(t, "WITH one AS (SELECT 1) " + sql.replace("VALUES (", "SELECT ")[:-1] + " FROM one", params)


def clause(words):
    return lambda t, sql, params: alone(t, sql.replace("INSERT ", f"INSERT {words} ", 1), params)


def schema(name):
    return lambda t, sql, params: alone(t, sql.replace("INTO ", f"INTO {name}.", 1), params)


def pragmas(*settings):
    def run(t, sql, params):
        for setting in settings:
            t.sql(f"PRAGMA {setting}")
        return alone(t, sql, params)
    return run


def reload(t):
    t.db.enable_load_extension(True)
    t.db.load_extension(EXTENSION)
    t.clock(base.now)


def loaded_twice(t, sql, params):
    reload(t)
    reload(t)
    return alone(t, sql, params)


def loaded_within(t, sql, params):
    """By SQL, and by the C call while a statement is running."""
    t.db.enable_load_extension(True)
    t.sql("SELECT load_extension(?)", (EXTENSION,))
    running = t.db.execute("SELECT value FROM json_each('[1,2,3]')")
    running.fetchone()
    t.db.load_extension(EXTENSION)
    got = alone(t, sql, params)
    running.close()
    return got


def loaded_by_trigger(t, sql, params):
    """In the middle of the user's own statement, before the verb in it."""
    t.db.enable_load_extension(True)
    t.sql("CREATE TABLE given AS SELECT " + ", ".join(f"? AS c{n}" for n in range(len(params))), params)
    got = alone(t, sql.replace(f"VALUES ({', '.join('?' * len(params))})",
                               f"SELECT * FROM given WHERE load_extension('{EXTENSION}') IS NULL"), ())
    t.sql("DROP TABLE given")
    return got


def shadowed(t, sql, params):
    """Temporary tables hide Tenure's from plain statements, not from its triggers."""
    names = [name for (name,) in t.sql("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'tenure_%'")]
    names += ["tenure_scope", "tenure_holder"]
    for name in names:
        t.sql(f"CREATE TEMP TABLE {name} (session_id, scope, revision, ended_at)")
    got = alone(t, sql, params)
    filled = [name for name in names if t.sql(f"SELECT 1 FROM temp.{name}")]
    for name in names:
        t.sql(f"DROP TABLE temp.{name}")
    return f"{got}, and rows in {filled}" if filled else got


def watched(t, sql, params):
    """With the host's own trigger, authorizer, progress handler and trace, which all stay in their places."""
    seen = set()
    t.sql("CREATE TABLE seen (what)")
    t.sql("CREATE TRIGGER watch AFTER UPDATE ON tenure_session BEGIN INSERT INTO seen VALUES (NEW.session_id); END")
    t.db.set_authorizer(lambda *_: seen.add("authorizer") or 0)
    t.db.set_progress_handler(lambda: seen.add("progress") or 0, 1)
    t.db.set_trace_callback(lambda _: seen.add("trace"))
    got = alone(t, sql, params)
    t.db.set_trace_callback(None)
    t.db.set_progress_handler(None, 0)
    t.db.set_authorizer(None)
    t.sql("DROP TABLE seen")
    t.sql("DROP TRIGGER watch")
    return got if seen == {"authorizer", "progress", "trace"} else f"{got}, but only {seen} asked"


KEPT = {
    "alone": alone, "without RETURNING": without_returning, "RETURNING, not read to its end": unfetched,
    "BEGIN": between(["BEGIN"], ["COMMIT"]), "BEGIN IMMEDIATE": between(["BEGIN IMMEDIATE"], ["COMMIT"]),
    "BEGIN EXCLUSIVE": between(["BEGIN EXCLUSIVE"], ["COMMIT"]),
    "SAVEPOINT": between(["SAVEPOINT s"], ["RELEASE s"]),
    "SAVEPOINT in BEGIN": between(["BEGIN", "SAVEPOINT s"], ["RELEASE s", "COMMIT"]),
    "a user's trigger": in_trigger(False), "a user's TEMP trigger": in_trigger(True),
    "INSERT .. SELECT": selected, "WITH": with_clause, "by schema name": schema("main"),
    "trusted_schema OFF": pragmas("trusted_schema = OFF"), "trusted_schema ON": pragmas("trusted_schema = ON"),
    "recursive_triggers ON": pragmas("recursive_triggers = ON"),
    "foreign_keys ON": pragmas("foreign_keys = ON"),
    "all the pragmas of a stranger": pragmas(
        "trusted_schema = OFF", "recursive_triggers = ON", "foreign_keys = ON",
        "reverse_unordered_selects = ON",
        "automatic_index = OFF", "case_sensitive_like = ON", "ignore_check_constraints = ON",
        "cell_size_check = ON", "full_column_names = ON", "short_column_names = OFF", "temp_store = MEMORY"),
    "loaded twice": loaded_twice, "loaded again within a statement": loaded_within,
    "loaded again by the statement": loaded_by_trigger, "temporary tables of the same names": shadowed,
    "the host's hooks": watched,
}
KEPT |= {f"INSERT {words}": clause(words) for words in CLAUSES[1:]}
KEPT |= {f"INSERT {words} in BEGIN": lambda t, sql, params, words=words: between(["BEGIN"], ["COMMIT"])(
    t, sql.replace("INSERT ", f"INSERT {words} ", 1), params) for words in CLAUSES[1:]}
# A receipt wraps the verb in another program, which matters where programs nest or are cut short.
RECEIPTS = {"alone", "BEGIN", "SAVEPOINT", "a user's trigger", "recursive_triggers ON", "INSERT .. SELECT",
            "all the pragmas of a stranger", "BEGIN, rolled back",
            *(f"INSERT {words}" for words in CLAUSES[1:])}
UNDONE = {
    "BEGIN, rolled back": between(["BEGIN"], ["ROLLBACK"], kept=False),
    "SAVEPOINT, rolled back": between(["SAVEPOINT s"], ["ROLLBACK TO s", "RELEASE s"], kept=False),
    "SAVEPOINT in BEGIN, rolled back": between(["BEGIN", "SAVEPOINT s"], ["ROLLBACK TO s", "COMMIT"],
                                               kept=False),
}

wanted = {}
for name, verb, columns, code in CASES:
    t = fresh()
    got = alone(t, *statement(verb, columns, ids))
    passed = ok(isinstance(got, str) and (got == code or code == "ok" and got.startswith("{")),
                f"alone, {verb}, {name}: {code}")
    if not passed:
        diag(f"got: {got}")
    wanted[name] = got, t.plain()
was = base.plain()


def check(context, run, name, verb, columns, image=IMAGE, start=was, dump=None):
    """One test: the case comes to what it comes to alone."""
    t = fresh(image, context)
    want_report, want_rows = wanted[name]
    if context in UNDONE:
        want_rows = start
    faults = []
    try:
        got = run(t, *statement(verb, columns, ids))
    except Exception as error:
        got = f"{type(error).__name__}: {error}"
    if got != want_report:
        faults.append(f"got:  {got}\nwant: {want_report}")
    if t.plain() != want_rows:
        faults.append(f"the rows are others: {difference(want_rows, t.plain())[:700]}")
    faults += t.faults() + frozen(t)
    refused = not want_report.startswith("{")
    if refused and t.value("SELECT session_report()") is not None:
        faults.append("a refused verb leaves a report")
    if not ok(not faults, f"{context}: {verb}, {name}"):
        diag("\n".join(faults))
    if image is IMAGE and not faults:
        spare.give(context, t)
    else:
        t.db.close()


for context, run in (KEPT | UNDONE).items():
    for name, verb, columns, _ in some([case for case in CASES if context in RECEIPTS or "receipt_id" not in case[2]]):
        check(context, run, name, verb, columns)

# Pragmas that change what a statement means are tried with a success of each verb, whatever chance has left out.
tried = {}
for name, verb, columns, code in CASES:
    if code == "ok" and "receipt_id" not in columns and tried.setdefault(verb, name) == name:
        check("all the pragmas of a stranger", KEPT["all the pragmas of a stranger"], name, verb, columns)

# A database in UTF-16.
wide = Raw(at=None, install=False)
wide.sql("PRAGMA encoding = 'UTF-16le'")
wide.sql("SELECT tenure_install()")
narrow, ids = ids, None
wide_base = fill(wide)
ids = known(wide_base)
for name, verb, columns, _ in some(CASES):
    check("UTF-16", alone, name, verb, columns, wide_base.db.serialize(), wide_base.plain())
ids = narrow

# SQLite has no UPSERT on views; a verb is not updated or deleted.
for verb in VERBS:
    t = fresh()
    for what in ("DO NOTHING",
                 f"({'scope' if 'scope' in VERBS[verb] else 'receipt_id'}) DO UPDATE SET receipt_id = 1"):
        got = t.unmoved(f"UPSERT of {verb}, {what}: nothing is done",
                        f"INSERT INTO tenure_{verb}(receipt_id) VALUES ('x') ON CONFLICT {what}")
        ok(got and got[0] == "cannot UPSERT a view", f"UPSERT of {verb}, {what}: SQLite refuses it")
    for what in (f"UPDATE tenure_{verb} SET receipt_id = 'x'", f"DELETE FROM tenure_{verb}",
                 f"REPLACE INTO tenure_{verb}(no_such) VALUES (1)"):
        ok(t.unmoved(f"{what}: nothing is done", what) is not None, f"{what}: SQLite refuses it")
    is_(frozen(t), [], f"{verb}: and nothing is left of it")

# Several rows in one statement: each is a verb with its own rules; all of them, or none.
SCOPES = "(VALUES ('a'), ('b'), ('c'))"
for words in CLAUSES:
    name = f"INSERT {words} .. SELECT"
    t = fresh()
    rows = t.sql(f"INSERT {words} INTO tenure_start(scope, actor_id, lease_ttl) SELECT column1, 'x', 60 FROM {SCOPES}"
                 " RETURNING session_report() ->> 'scope'")
    is_(sorted(row[0] for row in rows), ["a", "b", "c"], f"{name} of three starts: three reports")
    is_(t.sql("SELECT scope, revision FROM tenure_scope WHERE scope < 'd' ORDER BY 1"),
        [("a", 1), ("b", 1), ("c", 1)], f"{name}: three sessions")
    is_([row for row in t.events("event, scope")[-3:]], [("session.created", scope) for scope in "abc"],
        f"{name}: three events")
    got = t.unmoved(f"{name} of three, the last refused: none is done",
                    f"INSERT {words} INTO tenure_start(scope, actor_id, lease_ttl) SELECT column1, 'x', 60"
                    " FROM (VALUES ('d'), ('e'), ('live'))")
    ok(got and got[0].startswith("tenure: start.live_other_owner: "), f"{name}: and it says which")
    is_(frozen(t), [], f"{name}: and nothing is left of it")
    got = t.unmoved(f"{name} of three in one scope: the first does not make room for the others",
                    f"INSERT {words} INTO tenure_start(scope, actor_id, lease_ttl) SELECT 'd', column1, 60 FROM {SCOPES}")
    ok(got and got[0].startswith("tenure: start.live_other_owner: "), f"{name}: and it says so")
    beats = t.sql(f"INSERT {words} INTO tenure_heartbeat(scope, actor_id) SELECT scope, owner_id FROM tenure_holder"
                  " WHERE scope < 'd' RETURNING session_report() ->> 'revision'")
    is_(beats, [(2,)] * 3, f"{name}: heartbeats of what a view of ours shows")
    t.sql(f"INSERT {words} INTO tenure_heartbeat(scope, actor_id) SELECT 'a', 'x' FROM {SCOPES}")
    is_(t.counter("a"), 5, f"{name}: three heartbeats of one session")
    t.sql(f"INSERT {words} INTO tenure_escalate(scope, kind, reason) SELECT column1, 'blocking', 'r' FROM {SCOPES}")
    is_(t.value("SELECT count(*) FROM tenure_escalation"), 4, f"{name}: three escalations")
    same = t.sql(f"INSERT {words} INTO tenure_escalate(scope, kind, reason, receipt_id)"
                 f" SELECT 'z', 'blocking', 'r', 'same' FROM {SCOPES} RETURNING session_report() ->> 'replayed'")
    is_((sorted(same, key=repr), t.value("SELECT count(*) FROM tenure_escalation")), ([(1,), (1,), (None,)], 5),
        f"{name}: three times the same receipt is once")
    is_(t.faults() + frozen(t), [], f"{name}: every invariant holds")

# A trigger of the user's on Tenure's tables that fails undoes the verb, as any statement.
for event, table in (("INSERT", "tenure_event"), ("UPDATE", "tenure_session"), ("INSERT", "tenure_session")):
    for action in ("RAISE(ABORT, 'mine')", "RAISE(FAIL, 'mine')", "nothing_like_that(1)"):
        for name, verb, columns, code in one_in(9, CASES):
            if code != "ok":
                continue
            t = fresh()
            if error_of(t.db, f"CREATE TRIGGER theirs AFTER {event} ON {table} BEGIN SELECT {action}; END"):
                continue
            sql, params = statement(verb, columns, ids)
            before = t.dump(), t.db.in_transaction
            got = error_of(t.db, sql, params)
            if got is None:
                continue  # this one does not write there
            faults = frozen(t)
            if "FAIL" in action:
                damage(t.db)  # it says that half of the statement is to stay
            if "FAIL" not in action and t.dump() != before[0]:
                faults.append(difference(before[0], t.dump())[:500])
            if not ok(not faults, f"{action} after {event} on {table}: {verb}, {name}: undone"):
                diag("\n".join(faults))

done()
