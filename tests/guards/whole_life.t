#!/usr/bin/python3
"""A raw write of the right shape is the verb (02, "Raw writes"): the same life, once by verbs and once by
plain statements only, leaves the same rows, counters and log after every step."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from raw import Raw, session  # noqa: E402
from tap import diag, done, ok  # noqa: E402
from tenure import T0, difference  # noqa: E402

NEXT = "revision = revision + 1"
LIVING = "WHERE scope = 'repo' AND ended_at IS NULL"
RESUME = ("incarnation = incarnation + 1, status = 'starting', started_at = session_now(), last_started_at ="
          " session_now(), start_count = 1, last_heartbeat_at = session_now(), changed_at = session_now(),"
          " ended_at = NULL, end_reason = NULL, ended_by = NULL, end_note = NULL, exit_code = NULL,"
          " exit_signal = NULL, failure_origin = NULL, failure_reason = NULL, last_error = NULL, host = NULL,"
          " boot_id = NULL, pid = NULL, pid_start_ticks = NULL, revision = 1 + (SELECT c.revision FROM"
          " tenure_scope AS c WHERE c.scope = 'repo'), fence = 1 + (SELECT c.revision FROM tenure_scope AS c"
          " WHERE c.scope = 'repo')")
ids = iter(range(100))


def update(sets, where=LIVING):
    return lambda t: t.sql(f"UPDATE tenure_session SET {sets}, {NEXT if 'revision =' not in sets else ''}"
                           .rstrip(", ") + f" {where}")


def create(**columns):
    return lambda t: t.insert(session(t, session_id=f"ses_raw{next(ids)}", **columns))


def instead(end, **columns):
    """Ends the holder and puts another in its place: two statements, one change with one number."""
    def both(t):
        t.sql("BEGIN")
        old = t.holder("repo")
        t.sql(f"UPDATE tenure_session SET {end}, {NEXT} {LIVING}")
        number = old["revision"] + 1
        create(revision=number, fence=number, predecessor_id=old["session_id"],
               supervisor_id=old["supervisor_id"], **columns)(t)
        t.sql("COMMIT")
    return both


def ended(t):
    return {"session_id": t.value("SELECT session_id FROM tenure_session WHERE scope = 'repo' AND ended_at IS NOT"
                                  " NULL ORDER BY ended_at DESC LIMIT 1")}


def living(t):
    return {"session_id": t.holder("repo")["session_id"], "fence": t.holder("repo")["fence"]}


# When | the verb | its columns, or how to find them | the plain statement of the same shape.
ANN, BOB = {"scope": "repo", "actor_id": "ann"}, {"scope": "repo", "actor_id": "bob"}
LIFE = [
    (0, "start", ANN | {"lease_ttl": 60, "supervisor_id": "sue", "label": "l"},
     create(supervisor_id="sue", label="l")),
    (10, "heartbeat", ANN, update("last_heartbeat_at = session_now()")),
    (10, "heartbeat", ANN, update("last_heartbeat_at = session_now()")),
    (20, "heartbeat", ANN | {"activity": "building"},
     update("last_heartbeat_at = session_now(), current_activity = 'building', activity_at = session_now()")),
    (21, "heartbeat", ANN | {"progress": 1, "outcome": "good"},
     update("last_heartbeat_at = session_now(), progress_at = session_now(), no_progress_count = 0,"
            " last_outcome = 'good'")),
    (22, "heartbeat", ANN | {"progress": 0},
     update("last_heartbeat_at = session_now(), no_progress_count = no_progress_count + 1")),
    (25, "start", ANN | {"lease_ttl": 90, "fence": 1},
     update("last_heartbeat_at = session_now(), last_started_at = session_now(), start_count = start_count + 1,"
            " lease_ttl = 90")),
    (26, "start", ANN | {"lease_ttl": 90, "owner_kind": "runtime_supervisor"},
     update("last_heartbeat_at = session_now(), last_started_at = session_now(), start_count = start_count + 1,"
            " owner_kind = 'runtime_supervisor', fence = revision + 1")),
    (30, "transition", lambda t: living(t) | {"status": "ready"}, update("status = 'ready'")),
    (31, "transition", lambda t: living(t) | {"status": "error", "failure_reason": "boom"},
     update("status = 'error', failure_reason = 'boom', last_error = 'boom'")),
    (32, "transition", lambda t: living(t) | {"status": "running"}, update("status = 'running'")),
    (33, "transition", lambda t: living(t) | {"status": "failed", "actor_id": "ann", "reason": "gone",
                                              "exit_code": 3, "failure_origin": "unknown"},
     update("status = 'failed', ended_by = 'ann', end_note = 'gone', exit_code = 3, failure_origin = 'unknown'")),
    (40, "resume", lambda t: ended(t) | {"actor_id": "ann"}, update(RESUME, "WHERE scope = 'repo'")),
    (41, "transition", lambda t: living(t) | {"status": "running"}, update("status = 'running'")),
    (42, "clear", ANN | {"reason": "done"},
     update("status = 'exited', end_reason = 'cleared', ended_by = 'ann', end_note = 'done'")),
    (43, "transition", lambda t: ended(t) | {"status": "destroyed", "actor_id": "ann"},
     update("status = 'destroyed'", "WHERE scope = 'repo'")),
    (50, "start", BOB | {"lease_ttl": 10}, create(owner_id="bob", lease_ttl=10)),
    (70, "start", BOB | {"lease_ttl": 10},
     instead("status = 'failed', end_reason = 'stale_reset', ended_by = 'bob'", owner_id="bob", lease_ttl=10)),
    (90, "takeover", ANN | {"reason": "gone again"},
     instead("status = 'failed', end_reason = 'taken_over', ended_by = 'ann', end_note = 'gone again'",
             lease_ttl=10)),
    (91, "transition", lambda t: living(t) | {"status": "exiting"}, update("status = 'exiting'")),
    (110, "start", ANN | {"lease_ttl": 10},
     instead("status = 'failed', end_reason = 'stale_reset', ended_by = 'ann'", lease_ttl=10)),
    (120, "resume", lambda t: living(t) | {"fence": None, "actor_id": "ann"}, update(RESUME)),
    (121, "clear", {"scope": "repo", "force": 1, "reason": "stop"},
     update("status = 'exited', end_reason = 'forced', end_note = 'stop'")),
    (130, "start", {"scope": "repo"},
     create(owner_kind="interactive", owner_id="interactive", lease_ttl=None, last_heartbeat_at=None)),
    (131, "heartbeat", {"scope": "repo"}, update("last_heartbeat_at = session_now()")),
    (132, "start", {"scope": "repo"},
     update("last_started_at = session_now(), start_count = start_count + 1")),
]

# What a plain statement cannot know: by which verb it was, who did it, and the notes that a clear by the
# owner takes along; there are none here.
VERBS_ONLY = ("verb", "reason")


def story(t):
    """Everything that is kept, with ids by order and without what only a verb can tell."""
    order = [row[0] for row in t.sql("SELECT session_id FROM tenure_event WHERE event = 'session.created' ORDER BY seq")]
    named = {found: f"<{place}>" for place, found in enumerate(order)}
    log = []
    for *event, actor, detail in t.events("event, from_status, to_status, revision, incarnation, at, scope,"
                                          " session_id, actor_id, detail"):
        fact = {key: named.get(value, value) for key,
                value in json.loads(detail).items() if key not in VERBS_ONLY}
        log.append(repr((*(named.get(word, word) for word in event), sorted(fact.items()))))
    rows = []
    for row in t.rows("SELECT * FROM tenure_session"):
        rows.append(repr({name: named.get(value, value) for name, value in row.items()}))
    return {"log": sorted(log), "session": sorted(rows), "scope": [repr(t.sql("SELECT * FROM tenure_scope"))]}


for recursive in ("OFF", "ON"):
    verbs, raw = Raw(), Raw()
    raw.sql(f"PRAGMA recursive_triggers = {recursive}")
    for at, verb, columns, statement in LIFE:
        name = f"recursive_triggers {recursive}, at {at}: {verb}"
        for t in (verbs, raw):
            t.clock(T0 + at)
        try:
            verbs.verb(verb, **(columns(verbs) if callable(columns) else columns))
            statement(raw)
        except Exception as error:
            ok(False, name)
            diag(f"died: {type(error).__name__}: {error}")
            break
        by_verb, by_hand = story(verbs), story(raw)
        passed = ok(by_verb == by_hand and not raw.faults(), f"{name}: the plain statement is the verb")
        if not passed:
            diag("- the verb, + the plain statement\n" + difference(by_verb, by_hand) + "\n".join(raw.faults()))
            break
done()
