"""Every verb, once as it succeeds and in the ways it is refused, early and late, on one small database: what
the tests of contexts run everywhere."""

import json
import sqlite3

from chance import one_in
from raw import IDS
from tenure import T0, code_of, verb_sql

NOW = T0 + 100
LEGACY = json.dumps({"schema_version": 4, "session_id": "legacy-1", "mode": "general",
                     "owner_kind": "runtime_worker", "owner_id": "old", "lease_ttl_secs": 60,
                     "started_at_epoch_s": T0, "last_started_at_epoch_s": T0,
                     "last_heartbeat_at_epoch_s": T0 + 99, "start_count": 3, "revision": 9})

# Name | verb | columns | the code of the refusal, or ok. In a column, @live is the id of the session of
# scope live, and so on.
CASES = [
    ("create", "start", {"scope": "new", "actor_id": "x", "lease_ttl": 60, "label": "l"}, "ok"),
    ("create without scope", "start", {"scope": ""}, "ok"),
    ("keep", "start", {"scope": "live", "actor_id": "ann", "lease_ttl": 90, "fence": 1}, "ok"),
    ("twin", "start", {"scope": "live", "actor_id": "ann", "lease_ttl": 90}, "ok"),
    ("replace", "start", {"scope": "old", "actor_id": "ann", "lease_ttl": 90}, "ok"),
    ("held", "start", {"scope": "live", "actor_id": "bob", "lease_ttl": 60}, "start.live_other_owner"),
    ("range", "start", {"scope": "new", "actor_id": "x", "lease_ttl": 0}, "opt.lease_range"),
    ("pid", "start", {"scope": "new", "actor_id": "x", "lease_ttl": 60, "pid": -1}, "opt.process"),
    ("fence", "start", {"scope": "live", "actor_id": "ann", "lease_ttl": 60, "fence": 7}, "fence.token"),
    ("heartbeat", "heartbeat", {"scope": "live", "actor_id": "ann"}, "ok"),
    ("news", "heartbeat",
     {"scope": "live", "actor_id": "ann", "activity": "a", "progress": 1, "outcome": "o"}, "ok"),
    ("late", "heartbeat", {"scope": "old", "actor_id": "ann"}, "heartbeat.stale"),
    ("other", "heartbeat", {"scope": "live", "actor_id": "bob"}, "heartbeat.not_owner"),
    ("progress", "heartbeat", {"scope": "live", "actor_id": "ann", "progress": 9}, "opt.progress"),
    ("activity", "heartbeat", {"scope": "live", "actor_id": "ann", "activity": "x" * 281}, "activity.too_long"),
    ("clear", "clear", {"scope": "live", "actor_id": "ann", "reason": "r"}, "ok"),
    ("force", "clear", {"scope": "live", "force": 1, "reason": "r"}, "ok"),
    ("nobody", "clear", {"scope": "nobody"}, "ok"),
    ("denied", "clear", {"scope": "live", "actor_id": "bob"}, "clear.denied"),
    ("takeover", "takeover", {"scope": "old", "actor_id": "bob", "reason": "r"}, "ok"),
    ("live", "takeover", {"scope": "live", "actor_id": "bob", "reason": "r"}, "takeover.live"),
    ("taker's pid", "takeover", {"scope": "old", "actor_id": "bob", "reason": "r", "pid": 0}, "opt.process"),
    ("transition", "transition", {"session_id": "@live", "status": "ready", "actor_id": "ann"}, "ok"),
    ("end", "transition", {"session_id": "@live", "status": "failed", "actor_id": "ann", "exit_code": 1}, "ok"),
    ("same", "transition", {"session_id": "@live", "status": "running", "actor_id": "ann"}, "ok"),
    ("illegal", "transition", {"session_id": "@live", "status": "idle", "actor_id": "ann"},
     "transition.illegal"),
    ("revision", "transition",
     {"session_id": "@live", "status": "ready", "actor_id": "ann", "expected_revision": 9},
     "transition.conflict"),
    ("resume", "resume", {"session_id": "@ended", "actor_id": "ann"}, "ok"),
    ("resume stale", "resume", {"session_id": "@old", "actor_id": "ann", "lease_ttl": 5}, "ok"),
    ("alive", "resume", {"session_id": "@live", "actor_id": "ann"}, "resume.live"),
    ("resumer's pid", "resume", {"session_id": "@ended", "actor_id": "ann", "pid": "x"}, "opt.process"),
    ("import", "import", {"scope": "imported", "json": LEGACY}, "ok"),
    ("import lost", "import", {"scope": "live", "json": LEGACY}, "ok"),
    ("not json", "import", {"scope": "imported", "json": "{"}, "json.unparsable"),
    ("id taken", "import", {"scope": "imported", "json": LEGACY.replace("legacy-1", "@live")},
     "import.id_taken"),
    ("escalate", "escalate", {"scope": "live", "kind": "blocking", "reason": "r"}, "ok"),
    ("no kind", "escalate", {"scope": "live", "kind": "x", "reason": "r"}, "opt.kind"),
    ("resolve", "escalation_resolve", {"escalation_id": "@escalation"}, "ok"),
    ("unknown", "escalation_resolve", {"escalation_id": "esc_none"}, "escalation.missing"),
    ("gates", "gate_set", {"scope": "live", "gates": '["g"]', "expected_revision": 1}, "ok"),
    ("conflict", "gate_set", {"scope": "live", "gates": "[]", "expected_revision": 5}, "gate.conflict"),
    ("baseline", "baseline_set", {"session_id": "@live", "name": "head", "digest": "d"}, "ok"),
    ("no session", "baseline_set", {"session_id": "ses_none", "name": "n", "digest": "d"}, "baseline.missing"),
    ("result", "record_result", {"session_id": "@live", "status": "success", "summary": "s", "final": 1}, "ok"),
    ("no status", "record_result", {"session_id": "@live"}, "opt.required"),
    ("no result", "record_result", {"session_id": "ses_none", "status": "error"}, "result.missing"),
    ("packet", "record_completion", {"session_id": "@live", "exit_code": 143, "reason": "r"}, "ok"),
    ("settle all", "settle", {"max_rows": 5}, "ok"),
    ("no such session", "settle", {"session_id": "ses_none"}, "settle.missing"),
    ("reap", "reap", {"idle_secs": 50}, "ok"),
    ("reap how many", "reap", {"max_rows": 0}, "opt.max_rows"),
    ("collect", "gc", {"older_than_secs": 100}, "ok"),
    ("collect when", "gc", {"older_than_secs": -1}, "opt.older_than"),
    ("ask for a turn", "turn_request_start", {"session_id": "@quiet", "message_id": "m"}, "ok"),
    ("ask for a turn again", "turn_request_start", {"session_id": "@requested", "message_id": "m2"}, "ok"),
    ("ask one that is over", "turn_request_start", {"session_id": "@ended"}, "fence.session"),
    ("begin", "turn_begin", {"session_id": "@quiet", "turn_id": "t2"}, "ok"),
    ("begin what was reserved", "turn_begin", {"session_id": "@reserved", "turn_id": "r1"}, "ok"),
    ("begin what was asked for", "turn_begin", {"session_id": "@requested", "turn_id": "t2"}, "ok"),
    ("begin in place of another", "turn_begin", {"session_id": "@turning", "turn_id": "t2", "replace": 1}, "ok"),
    ("begin without a name", "turn_begin", {"session_id": "@quiet", "reserve": 1}, "ok"),
    ("begin a second", "turn_begin", {"session_id": "@turning", "turn_id": "t2"}, "turn.busy"),
    ("begin the same", "turn_begin", {"session_id": "@turning", "turn_id": "t1", "replace": 1}, "turn.exists"),
    ("steer", "turn_steer", {"session_id": "@turning", "input": "x"}, "ok"),
    ("steer nothing", "turn_steer", {"session_id": "@quiet", "input": "x"}, "steer.no_active_turn"),
    ("say nothing", "turn_steer", {"session_id": "@turning", "input": " "}, "steer.empty"),
    ("take the input", "turn_take_input", {"session_id": "@turning"}, "ok"),
    ("take another's", "turn_take_input", {"session_id": "@turning", "turn_id": "t9"}, "steer.mismatch"),
    ("end a turn", "turn_end", {"session_id": "@turning", "turn_id": "t1", "message": "m", "total": 3}, "ok"),
    ("end a turn with an error", "turn_end", {"session_id": "@turning", "turn_id": "t1", "outcome": "failed"}, "ok"),
    ("end one that nobody saw", "turn_end", {"session_id": "@quiet", "turn_id": "t9", "input": 1}, "ok"),
    ("end a turn for less", "turn_end", {"session_id": "@turning", "turn_id": "t1", "total": -1}, "usage.delta"),
    ("abort", "turn_abort", {"session_id": "@turning"}, "ok"),
    ("abort nothing", "turn_abort", {"session_id": "@quiet"}, "ok"),
    ("abort another", "turn_abort", {"session_id": "@turning", "turn_id": "t9"}, "abort.mismatch"),
    ("open a request", "request_open", {"session_id": "@turning", "request_id": "q2", "kind": "approval"}, "ok"),
    ("open it again", "request_open", {"session_id": "@turning", "request_id": "q", "kind": "approval"}, "ok"),
    ("open what was answered", "request_open", {"session_id": "@turning", "request_id": "done", "kind": "approval"},
     "request.used"),
    ("resolve a request", "request_resolve", {"session_id": "@turning", "request_id": "q",
                                              "decision": "approved_for_session", "remember": '["a"]'}, "ok"),
    ("resolve it by an abort", "request_resolve", {"session_id": "@turning", "request_id": "q", "decision": "abort"},
     "ok"),
    ("resolve it somehow", "request_resolve", {"session_id": "@turning", "request_id": "q", "decision": "x"},
     "opt.decision"),
    ("usage", "usage", {"session_id": "@turning", "input": 1, "total": 2, "rate_limits": '{"a": 1}'}, "ok"),
    ("usage by another fence", "usage", {"session_id": "@turning", "input": 1, "fence": 7}, "fence.token"),
    ("usage of less", "usage", {"session_id": "@turning", "input": 1, "cost_usd": -1}, "usage.delta"),
    ("provider: completed", "provider_event", {"session_id": "@turning", "type": "turn.completed", "turn_id": "t1",
                                               "event_id": "e"}, "ok"),
    ("provider: started", "provider_event", {"session_id": "@quiet", "type": "turn.started", "turn_id": "t3"}, "ok"),
    ("provider: started what was reserved", "provider_event", {"session_id": "@reserved", "type": "turn.started",
                                                               "turn_id": "r1"}, "ok"),
    ("provider: unnamed", "provider_event", {"session_id": "@quiet", "type": "turn.started"}, "ok"),
    ("provider: after the fact", "provider_event", {"session_id": "@quiet", "type": "turn.completed",
                                                    "turn_id": "t9", "outcome": "failed"}, "ok"),
    ("provider: error", "provider_event", {"session_id": "@turning", "type": "runtime.error", "message": "m"}, "ok"),
    ("provider: exited", "provider_event", {"session_id": "@turning", "type": "session.exited"}, "ok"),
    ("provider: no such event", "provider_event", {"session_id": "@turning", "type": "x"}, "usage.event"),
    ("provider: no session", "provider_event", {"session_id": "ses_none", "type": "turn.started"}, "turn.missing"),
    # Other verbs, where there is a turn or where something was before.
    ("clear in a turn", "clear", {"scope": "turning", "actor_id": "ann"}, "ok"),
    ("end in a turn", "transition", {"session_id": "@turning", "status": "failed", "actor_id": "ann"}, "ok"),
    ("replace a result", "record_result", {"session_id": "@turning", "status": "success", "final": 1}, "ok"),
    ("baseline again", "baseline_set", {"session_id": "@live", "name": "head", "digest": "e"}, "ok"),
    ("settle one that is over", "settle", {"session_id": "@ended"}, "ok"),
    ("settle one that was lost in a turn", "settle", {"session_id": "@dead"}, "ok"),
]
# Each success again with a receipt, which wraps the verb in another program.
CASES += [(f"{name}, with a receipt", verb, columns | {"receipt_id": "once"}, want)
          for name, verb, columns, want in CASES if want == "ok"]


def fill(t):
    """The small database: scopes live, old (stale by NOW), dead (its process is, in a turn) and typing, the notes of live,
    and a session that ended. For the verbs of turns: quiet has none, requested waits for one, reserved has a place for
    one, and turning is in one with an input, requests and a result."""
    t.clock(T0)
    t.verb("start", scope="ended", actor_id="ann", lease_ttl=60)
    t.verb("clear", scope="ended", actor_id="ann")
    t.verb("start", scope="old", actor_id="ann", lease_ttl=60, supervisor_id="sue")
    t.verb("start", scope="typing")
    t.verb("start", scope="dead", actor_id="ann", lease_ttl=300, **t.dead_process())
    t.verb("turn_begin", session_id=t.holder("dead")["session_id"], turn_id="d1")
    t.clock(NOW - 1)
    t.verb("start", scope="live", actor_id="ann", lease_ttl=60)
    t.verb("escalate", scope="live", kind="blocking", reason="why")
    t.verb("gate_set", scope="live", gates="[1]")
    t.verb("baseline_set", session_id=t.holder("live")["session_id"], name="head", digest="c")
    t.sql("CREATE TABLE notes (what)")
    t.clock(NOW)
    of = {scope: t.verb("start", scope=scope, actor_id="ann", lease_ttl=600)["session_id"]
          for scope in ("quiet", "requested", "reserved", "turning")}
    t.verb("turn_request_start", session_id=of["requested"], message_id="m")
    t.verb("turn_begin", session_id=of["reserved"], turn_id="r1", reserve=1)
    t.verb("turn_begin", session_id=of["turning"], turn_id="t1")
    t.verb("turn_steer", session_id=of["turning"], input="x")
    for request in ("q", "done"):
        t.verb("request_open", session_id=of["turning"], request_id=request, kind="approval")
    t.verb("request_resolve", session_id=of["turning"], request_id="done", decision="denied")
    t.verb("record_result", session_id=of["turning"], status="failure", provenance="completion")
    return t


def known(t):
    """What @words stand for."""
    return {"@escalation": t.value("SELECT escalation_id FROM tenure_escalation"),
            **{f"@{scope}": found for scope, found in t.sql("SELECT scope, session_id FROM tenure_session")}}


def filled(columns, ids):
    """COLUMNS with their @words replaced."""
    made = {}
    for name, value in columns.items():
        for word, found in ids.items():
            value = value.replace(word, found) if isinstance(value, str) else value
        made[name] = value
    return made


def statement(verb, columns, ids, schema="", clause=""):
    """The INSERT of a verb with its parameters."""
    sql, params = verb_sql(verb, filled(columns, ids))
    return sql.replace("INSERT INTO ", f"INSERT {clause} INTO {schema}", 1), params


def outcome(db, sql, params=()):
    """What a statement came to: its rows, or the code of the refusal, or the error of SQLite."""
    try:
        return db.execute(sql, params).fetchall()
    except sqlite3.Error as error:
        return code_of(error)


def plainly(text, ids):
    """A report with minted ids named alike, to compare those of two connections."""
    names = {found: word for word, found in ids.items()}
    return None if text is None else IDS.sub(lambda match: names.get(match.group(), "<new>"), text)


def frozen(t):
    """What a verb that is over has left behind on the connection: nothing, as a list of sentences."""
    t.clock(t.now + 1)
    left = []
    if t.value("SELECT session_now()") != t.now:
        left.append("the clock stands still")
    if t.sql("SELECT tenure_verb_name(), tenure_verb_actor(), tenure_effect_name()") != [(None, None, None)]:
        left.append("a verb is still open")
    if t.db.in_transaction:
        left.append("a transaction is open")
    t.clock(t.now - 1)
    return left


def some(cases):
    """The cases that a context tries: all of them if TENURE_LONG is set, else of three verbs in five one in ten of their
    cases, by chance, and at least one. TENURE_SEED repeats that."""
    by_verb = {}
    for case in cases:
        by_verb.setdefault(case[1], []).append(case)
    return [case for own in one_in(5 / 3, by_verb.values()) for case in one_in(10, own)]
