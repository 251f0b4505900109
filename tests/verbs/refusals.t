#!/usr/bin/python3
"""Every refusal once, with its full sentence: the catalogue's, filled with the facts of the situation.

The facts are typed here, the sentences come from tenure_refusal_code: a sentence that names a fact which
its refusal does not know, or a code that no test can raise, fails.
"""

import json
import os
import re
import sys
from datetime import datetime, timezone

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import diag, done, error_of, is_, ok  # noqa: E402
from tenure import INT_MAX, T0, Tenure, verb_sql  # noqa: E402

# What is there before, for ann's session $S in scope main, 60 seconds, supervised by boss.
LIVE, STRICT, STALE, ENDED, DESTROYED, EXITING, TYPING, IDLE, HELD, SCOPELESS, GUARDED, CEILING = (
    "live", "strict", "stale", "ended", "destroyed", "exiting", "typing", "typing, stale",
    "ended, and bob's $B lives", "without a scope", "tasks is guarded", "at the last revision")

ANN = {"actor_id": "ann"}
BOB = {"actor_id": "bob"}
ASK = {**ANN, "lease_ttl": 60}
HOLD = {"holder": "ann", "scope": "main", "holder_session": "$S", "holder_since": T0}
OVER = {"owner": "ann", "scope": "main", "why": "expired"}
STATE = {"schema_version": 4, "started_at_epoch_s": 1, "last_started_at_epoch_s": 1, "start_count": 1,
         "session_id": "$S"}
NEXT = "UPDATE tenure_session SET revision = revision + 1, "
INSERT = ("INSERT INTO tenure_session(session_id, scope, clock, started_at, last_started_at, changed_at, "
          "revision, fence, {0}) VALUES ('ses_n', '{1}', 'virtual', 1, 1, 1, {2}, {2}, {3})")

# code, what is there, the verb with its columns or the statement (after others and ";;"), the facts
CASES = [
    ("activity.invalid", LIVE, "heartbeat", {**ANN, "activity": "a\0"}, {}),
    ("activity.too_long", LIVE, "heartbeat", {**ANN, "activity": "x" * 281}, {}),
    ("json.range", None, "import", {"json": json.dumps(STATE | {"revision": 2**63})},
     {"offset": 127, "why": "revision is too large to go on from"}),
    ("json.unparsable", None, "import", {"json": '{"x": }'}, {"offset": 6, "why": "a value was expected"}),
    ("json.version", None, "import", {"json": json.dumps(STATE | {"schema_version": 5})},
     {"offset": 19, "why": "schema_version is none of 2, 3 and 4", "version": 5}),
    ("opt.actor_id", None, "start", {**ANN, "lifecycle": "interactive"}, {}),
    ("opt.actor_required", LIVE, "takeover", {"reason": "r"}, {}),
    ("opt.bad_id", LIVE, "start", {**ASK, "supervisor_id": "a\n"}, {"what": "supervisor_id"}),
    ("opt.blank_id", LIVE, "clear", {"actor_id": ""}, {"what": "actor_id"}),
    ("opt.exit_code", LIVE, "transition", {"session_id": "$S", "status": "exited", "exit_code": "x"},
     {"value": "x"}),
    ("opt.exit_signal", LIVE, "transition", {"session_id": "$S", "status": "exited", "exit_signal": 256},
     {"value": 256}),
    ("opt.failure_origin", LIVE, "transition",
     {"session_id": "$S", "status": "failed", "failure_origin": "luck"}, {"value": "luck"}),
    ("opt.final", LIVE, "record_result", {"session_id": "$S", "status": "success", "final": 2}, {"value": 2}),
    ("opt.force", LIVE, "clear", {"force": 2}, {"value": 2}),
    ("opt.gates", None, "gate_set", {"gates": "{}"}, {}),
    ("opt.idle_secs", None, "reap", {"idle_secs": -1}, {"value": -1}),
    ("opt.kind", None, "escalate", {"kind": "loud", "reason": "r"}, {"value": "loud"}),
    ("opt.kind_not_autonomous", None, "start", {**ASK, "owner_kind": "interactive"}, {}),
    ("opt.lease", None, "start", {"lifecycle": "interactive", "lease_ttl": 60}, {}),
    ("opt.lease_range", STALE, "takeover", {**BOB, "reason": "r", "lease_ttl": 31536001},
     {"value": 31536001}),
    ("opt.lease_required", None, "start", ANN, {}),
    ("opt.lifecycle", None, "start", {"lifecycle": "eternal"}, {"value": "eternal"}),
    ("opt.max_rows", None, "settle", {"max_rows": 501}, {"value": 501}),
    ("opt.mode", None, "start", {"mode": "idle"}, {"value": "idle"}),
    ("opt.older_than", None, "gc", {"older_than_secs": "x"}, {"value": "x"}),
    ("opt.owner_kind", None, "start", {**ASK, "owner_kind": "boss"}, {"value": "boss"}),
    ("opt.process", None, "start", {**ASK, "pid": 0}, {"value": 0}),
    ("opt.progress", LIVE, "heartbeat", {**ANN, "progress": 7}, {"value": 7}),
    ("opt.provenance", LIVE, "record_result",
     {"session_id": "$S", "status": "success", "provenance": "luck"}, {"value": "luck"}),
    ("opt.required", LIVE, "transition", {"session_id": "$S"}, {"what": "status"}),
    ("opt.result_status", LIVE, "record_completion", {"session_id": "$S", "exit_code": 0, "status": "fine"},
     {"value": "fine"}),
    ("opt.scope", None, "start", {"scope": "a\x1b"}, {}),
    ("opt.status", None, "start", {"status": "ready"}, {"value": "ready"}),
    ("opt.strict", None, "start", {"strict": "maybe"}, {"value": "maybe"}),
    ("opt.supervisor_id", None, "start", {"lifecycle": "interactive", "supervisor_id": "boss"}, {}),
    ("opt.text", None, "start", {"cwd": "\0"}, {"what": "cwd"}),
    ("opt.token_budget", None, "start", {"token_budget": -1}, {"value": -1}),
    ("usage.clock", LIVE, "SELECT tenure_clock(NULL) ;; transition", {**ANN, "session_id": "$S", "status":
     "ready"}, {"row": "virtual", "connection": "machine"}),
    ("usage.conflict_clause", LIVE, "CREATE TEMP TRIGGER skip BEFORE UPDATE ON main.tenure_session BEGIN "
     "SELECT RAISE(IGNORE); END ;; heartbeat", ANN, {}),
    ("usage.expected_revision", STALE, "takeover", {**BOB, "reason": "r", "expected_revision": "x"},
     {"value": "x"}),
    ("usage.fence", LIVE, "heartbeat", {**ANN, "fence": "x"}, {"value": "x"}),
    ("usage.incarnation", LIVE, "transition", {"session_id": "$S", "status": "ready", "incarnation": "x"},
     {"value": "x"}),
    ("usage.internal", LIVE, "INSERT INTO tenure_clear_found(session_id) VALUES ('$S')", {}, {}),
    ("usage.number", None, "SELECT lease_expires_at(1, 'x')", {}, {"what": "lease_ttl", "value": "x"}),
    ("usage.object", None, "SELECT tenure_object('key')", {}, {}),
    ("usage.part", None, "SELECT lease_grant('x', 1)", {}, {"value": "x"}),
    ("usage.patience", None, "SELECT tenure_patience(-1)", {}, {}),
    ("usage.prefix", None, "SELECT session_mint_id('x')", {}, {}),
    ("usage.revision", None, "SELECT session_next_revision('x')", {}, {"value": "x"}),
    ("revision.ceiling", CEILING, "heartbeat", ANN, {}),
    ("usage.ceiling", None, "SELECT tenure_add(9223372036854775807, 1)", {}, {}),
    ("usage.status", LIVE, "transition", {"session_id": "$S", "status": "gone"}, {"word": "gone"}),
    ("usage.status_alias", None, "SELECT session_status_from('ccd', 'gone')", {},
     {"system": "ccd", "word": "gone"}),
    ("usage.wait_context", LIVE, "SELECT session_wait('$S', 0)", {}, {}),
    ("usage.code", None, "SELECT tenure_refuse('no.such')", {}, {"code": "no.such"}),
    ("usage.time", None, "SELECT tenure_clock(-1)", {}, {}),
    ("start.live_interactive", TYPING, "start", ASK,
     {"session": "$S", "scope": "main", "since": T0, "until": T0 + 28801}),
    ("start.live_autonomous", LIVE, "start", {}, HOLD | {"owner": "ann", "until": T0 + 60}),
    ("start.live_other_owner", LIVE, "start", {**BOB, "lease_ttl": 60},
     HOLD | {"owner": "ann", "until": T0 + 60}),
    ("start.stale_other_owner", STALE, "start", {**BOB, "lease_ttl": 60},
     OVER | {"session": "$S", "until": T0 + 60}),
    ("start.stale_autonomous", STALE, "start", {}, OVER | {"session": "$S", "until": T0 + 60}),
    ("heartbeat.missing", None, "heartbeat", {"session_id": "ses_x"}, {"scope": "main", "session": "ses_x"}),
    ("heartbeat.not_owner", LIVE, "heartbeat", BOB, HOLD | {"owner": "ann", "actor": "bob"}),
    ("heartbeat.stale", STALE, "heartbeat", ANN, OVER | {"session": "$S"}),
    ("fence.session", HELD, "heartbeat", {**ANN, "session_id": "$S"},
     {"session": "$S", "because": "has ended", "scope": "main", "holder": "bob", "holder_session": "$B",
      "holder_since": T0}),
    ("fence.token", LIVE, "heartbeat", {**ANN, "fence": 9}, HOLD | {"asked": 9, "session": "$S"}),
    ("fence.required", STRICT, "heartbeat", ANN, {"session": "$S", "owner": "ann", "scope": "main"}),
    ("fence.stale", GUARDED, "DELETE FROM tasks", {}, OVER | {"fence": 1}),
    ("clear.missing", None, "clear", {"session_id": "ses_x"}, {"session": "ses_x"}),
    ("clear.actor_required", LIVE, "clear", {}, HOLD),
    ("clear.denied", LIVE, "clear", BOB, HOLD | {"owner": "ann", "supervisor": "boss"}),
    ("clear.denied_stale", STALE, "clear", BOB, OVER | {"session": "$S"}),
    ("clear.reason_required", LIVE, "clear", {"force": 1}, {}),
    ("takeover.missing", None, "takeover", {**BOB, "scope": "s", "reason": "r"}, {"scope": "s"}),
    ("takeover.not_autonomous", IDLE, "takeover", {**BOB, "reason": "r"}, {"session": "$S", "scope": "main"}),
    ("takeover.live", LIVE, "takeover", {**BOB, "reason": "r"}, HOLD | {"owner": "ann", "until": T0 + 60}),
    ("takeover.same_actor", STALE, "takeover", {**ANN, "reason": "r"}, {"actor": "ann", "session": "$S"}),
    ("takeover.reason_required", STALE, "takeover", BOB, {}),
    ("takeover.conflict", STALE, "takeover", {**BOB, "reason": "r", "expected_revision": 7},
     {"asked": 7, "revision": 1}),
    ("transition.missing", None, "transition", {"session_id": "ses_x", "status": "ready"}, {}),
    ("transition.denied", LIVE, "transition", {**BOB, "session_id": "$S", "status": "ready"},
     {"session": "$S", "owner": "ann"}),
    ("transition.revival", ENDED, "transition", {**ANN, "session_id": "$S", "status": "starting"},
     {"from": "exited", "to": "starting", "session": "$S"}),
    ("transition.conflict", LIVE, "transition",
     {**ANN, "session_id": "$S", "status": "ready", "expected_revision": 7}, {"expected": 7, "current": 1}),
    ("transition.illegal", LIVE, "transition", {**ANN, "session_id": "$S", "status": "destroyed"},
     {"from": "running", "to": "destroyed"}),
    ("resume.missing", None, "resume", {"session_id": "ses_x"}, {"session": "ses_x"}),
    ("resume.held", HELD, "resume", {**ANN, "session_id": "$S"},
     {"session": "$S", "scope": "main", "holder": "bob", "holder_session": "$B", "holder_since": T0}),
    ("resume.live", LIVE, "resume", {**ANN, "session_id": "$S"}, {"session": "$S", "owner": "ann"}),
    ("resume.destroyed", DESTROYED, "resume", {**ANN, "session_id": "$S"}, {"session": "$S"}),
    ("resume.not_resumable", EXITING, "resume", {**ANN, "session_id": "$S"},
     {"session": "$S", "status": "exiting"}),
    ("resume.denied", ENDED, "resume", {**BOB, "session_id": "$S"}, {"session": "$S", "owner": "ann"}),
    ("import.id_taken", LIVE, "import", {"scope": "s", "json": json.dumps(STATE)},
     {"session": "$S", "scope": "main"}),
    ("session.destroyed", None, "SELECT session_require_commandable('ses_x', 'destroyed')", {},
     {"session": "ses_x"}),
    ("session.not_running", None, "SELECT session_require_commandable('ses_x', 'exiting')", {},
     {"session": "ses_x", "status": "exiting"}),
    ("result.missing", None, "record_result", {"session_id": "ses_x", "status": "success"},
     {"session": "ses_x"}),
    ("completion.missing", None, "record_completion", {"session_id": "ses_x", "exit_code": 0},
     {"session": "ses_x"}),
    ("settle.missing", None, "settle", {"session_id": "ses_x"}, {"session": "ses_x"}),
    ("gate.conflict", None, "gate_set", {"gates": "[]", "expected_revision": 7},
     {"scope": "main", "expected": 7}),
    ("escalation.missing", None, "escalation_resolve", {"escalation_id": "esc_x"}, {"id": "esc_x"}),
    ("baseline.missing", None, "baseline_set", {"session_id": "ses_x", "name": "n", "digest": "d"},
     {"session": "ses_x"}),
    ("receipt.conflict", LIVE, "INSERT INTO tenure_clear(session_id, actor_id, receipt_id) VALUES "
     "('$S', 'ann', 'r') ;; start", {"receipt_id": "r"}, {"receipt": "r", "verb": "clear", "session": "$S", "scope": "main"}),
    ("hold.missing", None, "SELECT tenure_hold('ses_x', 1)", {}, {"session": "ses_x"}),
    ("hold.no_scope", SCOPELESS, "SELECT tenure_hold('$S', 1)", {}, {"session": "$S"}),
    ("guard.not_a_table", None, "SELECT tenure_guard('seen', 's')", {}, {"table": "seen"}),
    ("guard.scope_taken", GUARDED, "SELECT tenure_guard('tasks', 's')", {}, {"table": "tasks"}),
    ("guard.ours", None, "SELECT tenure_guard('tenure_event', 's')", {}, {"table": "tenure_event"}),
    ("install.newer", None, "DROP TRIGGER tenure_meta_update_guard ;; UPDATE tenure_meta SET value = '99' ;; "
     "SELECT tenure_install()", {}, {"found": 99, "known": Tenure().sql("SELECT tenure_install()")[0][0]}),
    ("install.name_taken", None, "SELECT tenure_uninstall() ;; CREATE TABLE tenure_gate(x) ;; SELECT "
     "tenure_install()", {}, {"name": "tenure_gate"}),
    ("write.exists", LIVE, "INSERT OR REPLACE INTO tenure_session SELECT * FROM tenure_session", {},
     {"table": "tenure_session"}),
    ("write.held", LIVE, INSERT.format("label", "main", 2, 1), {}, HOLD),
    ("write.null", LIVE, NEXT + "owner_id = NULL", {}, {}),
    ("write.shape", None, INSERT.format("status", "s", 1, "'ready'"), {}, {}),
    ("write.stamp", LIVE, NEXT + "changed_at = changed_at - 1", {}, {"what": "session $S"}),
    ("write.revision", LIVE, "UPDATE tenure_session SET label = 'x'", {},
     {"what": "session $S", "expected": 2, "revision": 1}),
    ("write.fixed", LIVE, NEXT + "owner_id = 'bob'", {}, {"what": "a field of session $S"}),
    ("write.incarnation", LIVE, NEXT + "incarnation = 2", {}, {}),
    ("write.fence", LIVE, NEXT + "label = 'x' ;; " + NEXT + "fence = 2", {}, {}),
    ("write.strict", STRICT, NEXT + "strict = 0", {}, {}),
    ("write.join", LIVE, NEXT + "lease_ttl = 61", {}, {"what": "a field of session $S"}),
    ("write.lease_lost", STALE, NEXT + "last_heartbeat_at = session_now()", {}, OVER),
    ("write.evidence", LIVE, NEXT + "lease_machine = 'm'", {}, {}),
    ("write.ended", ENDED, NEXT + "end_note = 'x'", {}, {}),
    ("write.delete", LIVE, "DELETE FROM tenure_scope", {}, {"what": "the counter of a scope"}),
    ("write.living", LIVE, "DELETE FROM tenure_session", {}, {"session": "$S", "status": "running"}),
    ("write.parent", ENDED, INSERT.format("parent_session_id", "s", 1, "'$S'")
     + " ;; DELETE FROM tenure_session WHERE session_id = '$S'", {},
     {"session": "$S", "child": "ses_n", "status": "running"}),
    ("write.counter", LIVE, "UPDATE tenure_scope SET revision = 9", {}, {}),
    ("write.append_only", LIVE, "DELETE FROM tenure_event", {}, {"table": "tenure_event"}),
    ("write.result", LIVE, "INSERT INTO tenure_result(session_id, incarnation, status, recorded_at, revision)"
     " VALUES ('$S', 1, 'success', 1, 2)", {}, {}),
    ("write.sequence", LIVE, "INSERT INTO tenure_event(seq, at, event) VALUES (99, 1, 'e')", {}, {}),
]

# Codes that no situation here can raise, and why.
# What the verbs of turns refuse, and the raw writes to their tables, is raised in tests/turns.
TURNS = ("turn.", "steer.", "abort.", "request.", "opt.abort_reason", "opt.decision", "opt.keys", "opt.rate_limits",
         "opt.replace", "opt.request_kind", "opt.reserve", "opt.turn_kind", "usage.delta", "usage.event",
         "write.turn", "write.request", "write.input", "write.grant")
EXEMPT = {
    "usage.id_space": "needs the clock of wall_test.c, which raises it",
}


def build(what):
    """Puts a situation in place; gives what $S and $B stand for."""
    owner = {} if what in (TYPING, IDLE) else {**ASK, "supervisor_id": "boss"}
    if what is None:
        return {}
    found = {"$S": t.verb("start", scope="" if what == SCOPELESS else None,
                          strict=int(what == STRICT), **owner)["session_id"]}
    for status in {EXITING: ["exiting"], DESTROYED: ["destroying", "destroyed"]}.get(what, []):
        t.verb("transition", session_id=found["$S"], status=status, **ANN)
    if what in (ENDED, HELD):
        t.verb("clear", **ANN)
    if what == HELD:
        found["$B"] = t.verb("start", **BOB, lease_ttl=60)["session_id"]
    if what == GUARDED:
        t.sql("SELECT tenure_hold(?, 1)", (found["$S"],))
    if what == CEILING:
        for (name,) in t.sql("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name IN "
                             "('tenure_session', 'tenure_counter')"):
            t.sql(f"DROP TRIGGER {name}")
        t.sql("UPDATE tenure_session SET revision = ?", (INT_MAX,))
        t.sql("SELECT tenure_install()")
    t.clock(T0 + {STALE: 60, GUARDED: 60, IDLE: 28801}.get(what, 0))
    return found


def fill(value, found):
    for name, session in found.items():
        value = value.replace(name, session) if isinstance(value, str) else value
    return value


def say(sentence, facts):
    """The sentence with its facts in place, and the facts that it does not use."""
    unused = set(facts)

    def put(match):
        name, is_time, otherwise = match.groups()
        unused.discard(name)
        if name not in facts:
            return otherwise or f"MISSING {name}"
        if not is_time:
            return str(facts[name])
        return datetime.fromtimestamp(facts[name], timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return re.sub(r"\{(\w+)(@?)(?:\|([^{}]*))?\}", put, sentence), unused


t = Tenure()
for sql in ("CREATE TABLE tasks(id)", "INSERT INTO tasks VALUES (1)", "CREATE VIEW seen AS SELECT 1",
            "SELECT tenure_guard('tasks', 'main')"):
    t.sql(sql)
catalogue = dict(t.sql("SELECT code, sentence FROM tenure_refusal_code"))

for code, what, action, columns, facts in CASES:
    with t.situation(f"{code}: {what}", healthy=what != CEILING and code != "install.newer"):
        found = build(what)
        *before, action = fill(action, found).split(" ;; ")
        for statement in before:
            t.sql(statement)
        sql, params = (action, ()) if " " in action else \
            verb_sql(action, {name: fill(value, found) for name, value in columns.items()})
        if code not in catalogue:
            ok(False, f"{code} is in the catalogue")
            continue
        want, unused = say(catalogue[code], {name: fill(value, found) for name, value in facts.items()})
        t.refused_sql(code, sql, params, test=f"{code}: {what}: {action} {columns}"[:120])
        got = error_of(t.db, sql, params)
        is_(got and got[0], f"tenure: {code}: {want}", f"{code}: its sentence")
        ok(not unused or code.startswith("json."), f"{code}: the sentence names {sorted(facts)}")
        if unused:
            diag(f"not named: {sorted(unused)}")

# usage.context, which can be told only outside of a transaction.
t.refused_sql("usage.context", "SELECT tenure_install() FROM tenure_meta")
is_(error_of(t.db, "SELECT tenure_install() FROM tenure_meta")[0],
    "tenure: usage.context: " + say(catalogue["usage.context"], {"what": "tenure_install()"})[0],
    "usage.context: its sentence")

# usage.wait_cap, for which the connection must wait for something.
t.refused_sql("usage.wait_cap", "SELECT session_wait('ses_x', -1)")
is_(error_of(t.db, "SELECT session_wait('ses_x', -1)")[0], f"tenure: usage.wait_cap: {catalogue['usage.wait_cap']}",
    "usage.wait_cap: its sentence")

# usage.attached: which file a lease is for cannot be told.
second = Tenure(at=None)
second.sql("ATTACH ':memory:' AS second")
for name, sql in second.sql("SELECT name, sql FROM tenure_schema WHERE name LIKE 'tenure_session%' LIMIT 1"):
    second.sql(sql.replace("CREATE TABLE ", "CREATE TABLE second.", 1))
second.refused("usage.attached", "start", **ASK)
is_(error_of(second.db, *verb_sql("start", ASK))[0], f"tenure: usage.attached: {catalogue['usage.attached']}",
    "usage.attached: its sentence")

raised = [case[0] for case in CASES] + ["usage.attached", "usage.context", "usage.wait_cap"]
is_(sorted(code for code in set(catalogue) - set(raised) - set(EXEMPT) if not code.startswith(TURNS)), [],
    "every code of the catalogue was raised")
is_(sorted(set(raised) - set(catalogue)), [], "and no other")
is_(len(raised), len(set(raised)), "each once")

# fence.session says what is wrong with the session that was named.
with t.situation("fence.session"):
    session = build(LIVE)["$S"]
    t.refused("fence.session", "heartbeat", session_id=session, scope="elsewhere", **ANN,
              says=[session, "elsewhere", "ann"], test="fence.session for another scope")
    t.refused("fence.session", "transition", session_id=session, status="ready", incarnation=2, **ANN,
              says=[session, "is incarnation 1 now, not 2", "ann"], test="fence.session for another incarnation")
    for verb, columns in (("turn_begin", {}), ("record_result", {"status": "success"}), ("record_completion", {})):
        t.refused("fence.session", verb, session_id=session, incarnation=3, **columns,
                  says=["is incarnation 1 now, not 3"], test=f"{verb} for another incarnation")
    t.refused_sql("fence.session", "INSERT INTO tenure_result (session_id, incarnation, status, recorded_at)"
                  " VALUES (?, 4, 'success', session_now())", (session,), says=["is incarnation 1 now, not 4"],
                  test="a plain result of another incarnation")

# A session without scope has its own owner, whoever holds the scope that a verb means by default.
with t.situation("without scope"):
    t.verb("start", actor_id="bob", lease_ttl=600)
    session = t.verb("start", scope="", **ASK)["session_id"]
    for code, verb, columns in (
            ("fence.token", "heartbeat", {**ANN, "fence": 9}), ("heartbeat.not_owner", "heartbeat", {"actor_id": "cy"}),
            ("clear.denied", "clear", {"actor_id": "cy"}), ("clear.actor_required", "clear", {}),
            ("takeover.live", "takeover", {"actor_id": "cy", "reason": "r"})):
        t.refused(code, verb, session_id=session, **columns, says=["ann", "(none)"], test=f"{code}: whose it is")
        message = error_of(t.db, *verb_sql(verb, {"session_id": session, **columns}))[0]
        ok("bob" not in message and "main" not in message, f"{code}: and no other: {message}")

# What ended a lease before its time is not said to be a time to come.
for what, columns, at in (("its process is dead", t.dead_process(), 0), ("clock", {}, -61)):
    with t.situation(what):
        t.verb("start", **ASK, **columns)
        t.clock(T0 + at)
        for verb, asked in (("start", {**BOB, "lease_ttl": 60}), ("start", {}), ("clear", BOB)):
            code, message = t.outcome(verb, **asked), error_of(t.db, *verb_sql(verb, asked))[0]
            until = say("{t@}", {"t": T0 + 60})[0]
            ok(what in message and until not in message, f"{code}, {what}: {message}")

done()
