#!/usr/bin/python3
"""A trigger of the user's on a table of Tenure's runs in the middle of a verb, where Tenure's own triggers may
do more than others. Its plain statements borrow nothing of that, but for the counter of a scope, which
whoever writes a trigger for it can move while a verb does."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from cases import CASES, NOW, fill, known, statement  # noqa: E402
from raw import Raw  # noqa: E402
from tap import diag, done, error_of, is_, ok  # noqa: E402

base = fill(Raw())
ids = known(base)
IMAGE = base.db.serialize()

# What the trigger tries. Some of it is refused, which undoes the verb; none of it may come to pass.
FORBIDDEN = [
    "DELETE FROM tenure_counter",
    "UPDATE tenure_session SET owner_id = 'eve'", "UPDATE tenure_session SET fence = 1, revision = revision",
    "UPDATE tenure_session SET status = 'idle'", "UPDATE tenure_session SET strict = 0, scope = 'forged'",
    "UPDATE tenure_session SET last_heartbeat_at = 1, started_at = 1",
    "UPDATE tenure_session SET last_heartbeat_at = 9999999999, changed_at = 9999999999",
    "UPDATE tenure_session SET lease_ttl = 31536000 WHERE lease_ttl IS NOT NULL",
    "UPDATE tenure_session SET lease_deadline_mono = 5, lease_machine = 'forged'",
    "UPDATE tenure_session SET ended_at = NULL, end_reason = NULL, ended_by = 'eve'",
    "UPDATE tenure_session SET revision = revision + 100", "DELETE FROM tenure_session WHERE ended_at IS NULL",
    "UPDATE tenure_event SET detail = 'forged'", "DELETE FROM tenure_event WHERE session_id IS NOT NULL",
    "UPDATE tenure_meta SET value = '99'", "DELETE FROM tenure_meta",
    "UPDATE tenure_receipt SET report = 'forged'",
]
# Any of these finds something where it did.
FORGED = [
    "SELECT 1 FROM tenure_scope AS c WHERE NOT EXISTS (SELECT 1 FROM tenure_session AS s WHERE s.scope = c.scope"
    "   AND s.revision = c.revision)",
    "SELECT 1 FROM tenure_session WHERE owner_id = 'eve' OR scope = 'forged' OR ended_by = 'eve' OR started_at = 1"
    "   OR changed_at = 9999999999 OR lease_ttl = 31536000 OR lease_machine = 'forged' OR revision > 99"
    "   OR current_activity = 'forged' OR fence > revision",
    "SELECT 1 FROM tenure_event WHERE detail = 'forged'",
    "SELECT 1 FROM tenure_receipt WHERE report = 'forged'",
    "SELECT 1 WHERE (SELECT count(*) FROM tenure_meta WHERE value BETWEEN '1' AND '9') <> 1",
    f"SELECT 1 FROM tenure_session WHERE status = 'idle' OR last_heartbeat_at NOT BETWEEN {NOW - 100} AND {NOW}",
]
VERBS = ("create", "twin", "replace", "news", "clear", "takeover", "end", "resume")
CHOSEN = [case for case in CASES if case[0] in VERBS]
is_(len(CHOSEN), len(VERBS), "every verb is there")

for table, event in (("tenure_session", "INSERT"), ("tenure_session", "UPDATE"), ("tenure_event", "INSERT"),
                     ("tenure_counter", "INSERT"), ("tenure_counter", "UPDATE")):
    for sql in FORBIDDEN:
        t = Raw.of(IMAGE, NOW)
        t.sql(f"CREATE TRIGGER theirs AFTER {event} ON {table} BEGIN {sql}; END")
        faults, refused = [], 0
        for name, verb, columns, _ in CHOSEN:
            t.sql("SAVEPOINT s")
            got = error_of(t.db, *statement(verb, columns, ids))
            refused += got is not None
            broken = [check for check in FORGED if t.sql(check)] + t.faults()
            faults += [f"{verb} ({name}, {got}): {broken}"] if broken else []
            t.sql("ROLLBACK TO s")
            t.sql("RELEASE s")
        ok(not faults, f"after {event} on {table}, {sql} ({refused} refusals)") or diag("\n".join(faults))
        t.db.close()

# Nor the views that the verb uses within itself: while the counter is written nothing is within the verb.
t = Raw()
t.sql("PRAGMA recursive_triggers = ON")  # or SQLite would pass over a trigger that is running already
for scope in ("repo", "other"):
    t.verb("start", scope=scope, actor_id="ann", lease_ttl=60)
t.sql("""CREATE TRIGGER theirs AFTER UPDATE ON tenure_counter BEGIN
  INSERT INTO tenure_clear_found (session_id, scope, actor_id)
  SELECT session_id, scope, 'eve' FROM tenure_session WHERE scope = 'other' AND ended_at IS NULL; END""")
t.refused("usage.internal", "clear", scope="repo", actor_id="ann", test="a view of the verb that is running")
t.db.close()

# The end of a turn takes rows of other tables along.
for table, event in (("tenure_event", "INSERT"), ("tenure_history", "INSERT"), ("tenure_request", "UPDATE"),
                     ("tenure_turn_input", "UPDATE")):
    t = Raw()
    session = t.verb("start", actor_id="ann", lease_ttl=60)["session_id"]
    t.verb("turn_begin", session_id=session, turn_id="t1")
    t.verb("turn_steer", session_id=session, input="i")
    t.verb("request_open", session_id=session, request_id="r1", kind="approval")
    t.sql(f"CREATE TRIGGER theirs AFTER {event} ON {table} BEGIN UPDATE tenure_session SET cwd = '/forged'; END")
    t.refused_sql("write.revision", "UPDATE tenure_turn SET state = 'error'",
                  test=f"after {event} on {table}, within the end of a turn: no change without a revision")
    t.db.close()
done()
