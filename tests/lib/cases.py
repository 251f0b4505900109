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
]
# Each success again with a receipt, which wraps the verb in another program.
CASES += [(f"{name}, with a receipt", verb, columns | {"receipt_id": "once"}, want)
          for name, verb, columns, want in CASES if want == "ok"]


def fill(t):
    """The small database: scopes live, old (stale by NOW), dead (its process is) and typing, the notes of
    live, and a session that ended."""
    t.clock(T0)
    t.verb("start", scope="ended", actor_id="ann", lease_ttl=60)
    t.verb("clear", scope="ended", actor_id="ann")
    t.verb("start", scope="old", actor_id="ann", lease_ttl=60, supervisor_id="sue")
    t.verb("start", scope="typing")
    t.verb("start", scope="dead", actor_id="ann", lease_ttl=300, **t.dead_process())
    t.clock(NOW - 1)
    t.verb("start", scope="live", actor_id="ann", lease_ttl=60)
    t.verb("escalate", scope="live", kind="blocking", reason="why")
    t.verb("gate_set", scope="live", gates="[1]")
    t.verb("baseline_set", session_id=t.holder("live")["session_id"], name="head", digest="c")
    t.sql("CREATE TABLE notes (what)")
    t.clock(NOW)
    return t


def known(t):
    """What @words stand for."""
    return {"@live": t.holder("live")["session_id"], "@old": t.holder("old")["session_id"],
            "@dead": t.holder("dead")["session_id"],
            "@ended": t.value("SELECT session_id FROM tenure_session WHERE scope = 'ended'"),
            "@escalation": t.value("SELECT escalation_id FROM tenure_escalation")}


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
    """The cases that a context tries: all of them if TENURE_LONG is set, else one in five of each verb's, by chance, and
    at least one. TENURE_SEED repeats that."""
    by_verb = {}
    for case in cases:
        by_verb.setdefault(case[1], []).append(case)
    return [case for own in by_verb.values() for case in one_in(5, own)]
