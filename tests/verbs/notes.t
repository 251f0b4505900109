#!/usr/bin/python3
"""The notes of a scope: escalations, gates and baselines, which of them each kind of end takes along,
and the views presence and cost."""

import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import done, is_, ok  # noqa: E402
from tenure import IDLE_MAX, INT_MAX, T0, Tenure, table  # noqa: E402

t = Tenure()


def begin(kind="autonomous", **columns):
    owner = {} if kind == "interactive" else {"actor_id": "ann", "lease_ttl": 60,
                                              "supervisor_id": "boss"}
    return t.verb("start", scope="s", **owner, **columns)["session_id"]


def raw(**columns):
    """A plain UPDATE of the session in scope s."""
    names = ", ".join(f"{name} = ?" for name in columns)
    t.sql(f"UPDATE tenure_session SET revision = revision + 1, {names} WHERE scope = 's'",
          tuple(columns.values()))


def move(session, *statuses):
    for status in statuses:
        t.verb("transition", session_id=session, status=status, fence=1)


# What happens -> whether blocking escalations, the others, and the gates stay. Ann's session of 60
# seconds, supervised by boss, unless it says interactive; at is when it happens.
def ends():
    ann, bob = {"scope": "s", "actor_id": "ann"}, {"scope": "s", "actor_id": "bob"}
    again = ann | {"lease_ttl": 60}
    fire = {"force": 1, "reason": "fire"}
    return [
        ("replace", "autonomous", 60, "stay go go", lambda s: t.verb("start", **again)),
        ("replace", "interactive", IDLE_MAX + 1, "stay go go", lambda s: t.verb("start", scope="s")),
        ("replace by another kind", "interactive", IDLE_MAX + 1, "stay go go",
         lambda s: t.verb("start", **again)),
        ("takeover", "autonomous", 60, "stay go go", lambda s: t.verb("takeover", reason="r", **bob)),
        ("clear by the owner", "autonomous", 1, "go go go", lambda s: t.verb("clear", **ann)),
        ("clear by the owner", "autonomous", 60, "go go go", lambda s: t.verb("clear", **ann)),
        ("clear by the supervisor", "autonomous", 1, "go go go",
         lambda s: t.verb("clear", scope="s", actor_id="boss")),
        ("clear by fence", "autonomous", 1, "go go go", lambda s: t.verb("clear", scope="s", fence=1)),
        ("clear by force", "autonomous", 1, "go go go", lambda s: t.verb("clear", **bob, **fire)),
        ("clear by force", "interactive", 1, "go go go", lambda s: t.verb("clear", scope="s", **fire)),
        ("clear by anyone", "interactive", 1, "stay go go", lambda s: t.verb("clear", scope="s")),
        ("clear by another", "interactive", 1, "stay go go", lambda s: t.verb("clear", **bob)),
        ("exited", "autonomous", 1, "stay go go", lambda s: move(s, "exited")),
        ("failed", "autonomous", 1, "stay go go", lambda s: move(s, "failed")),
        ("stopped", "interactive", 1, "stay go go", lambda s: move(s, "stopped")),
        ("destroyed", "autonomous", 1, "stay go go", lambda s: move(s, "destroying", "destroyed")),
        ("a plain UPDATE", "autonomous", 1, "stay go go", lambda s: raw(status="exited")),
        ("a plain UPDATE with a reason", "autonomous", 1, "stay go go",
         lambda s: raw(status="exited", end_reason="cleared", ended_by="ann")),
        ("a plain UPDATE as if forced", "autonomous", 1, "stay go go",
         lambda s: raw(status="exited", end_reason="forced", end_note="fire")),
        ("a plain UPDATE", "interactive", 1, "stay go go", lambda s: raw(status="failed")),
        ("exiting", "autonomous", 1, "stay stay stay", lambda s: move(s, "exiting")),
        ("destroying", "autonomous", 1, "stay stay stay", lambda s: move(s, "destroying")),
        ("error", "autonomous", 1, "stay stay stay", lambda s: move(s, "error")),
        ("resume of a living stale session", "autonomous", 60, "stay stay stay",
         lambda s: t.verb("resume", session_id=s, actor_id="ann")),
        ("resume of an interactive one", "interactive", IDLE_MAX + 1, "stay stay stay",
         lambda s: t.verb("resume", session_id=s)),
        ("keep", "autonomous", 1, "stay stay stay", lambda s: t.verb("start", fence=1, **again)),
        ("twin", "autonomous", 1, "stay stay stay", lambda s: t.verb("start", **again)),
        ("keep", "interactive", 1, "stay stay stay", lambda s: t.verb("start", scope="s")),
        ("heartbeat", "autonomous", 1, "stay stay stay", lambda s: t.verb("heartbeat", **ann)),
        ("another scope's clear", "autonomous", 1, "stay stay stay",
         lambda s: t.verb("clear", scope="other", **fire)),
    ]


def notes(scope):
    """What is there of blocking and other escalations, and of gates."""
    count = {kind: t.value("SELECT count(*) FROM tenure_escalation WHERE scope = ? AND kind = ?",
                           (scope, kind)) for kind in ("blocking", "non_blocking")}
    gates = t.value("SELECT count(*) FROM tenure_gate WHERE scope = ?", (scope,))
    return count["blocking"], count["non_blocking"], gates


def write_notes():
    for scope in ("s", "apart"):
        for kind in ("blocking", "non_blocking"):
            first = t.verb("escalate", scope=scope, kind=kind, reason="r")["escalation_id"]
            t.verb("escalate", scope=scope, kind=kind, reason="r")
            t.verb("escalation_resolve", escalation_id=first)
        t.verb("gate_set", scope=scope, gates='["tests pass"]')


for name, kind, at, want, act in ends():
    name = f"{name}, {kind}, at {at}: {want}"
    with t.situation(name):
        session = begin(kind)
        t.verb("start", scope="apart")
        write_notes()
        t.clock(T0 + at)
        act(session)
        stay = [2 if word == "stay" else 0 for word in want.split()]
        is_(notes("s"), (stay[0], stay[1], stay[2] // 2), name)
        is_(notes("apart"), (2, 2, 1), f"{name}; another scope's notes stay")
        removed = t.value("SELECT count(*) FROM tenure_event WHERE event IN ('escalation.removed', "
                          "'gate.removed')")
        is_(removed, 5 - stay[0] - stay[1] - stay[2] // 2, f"{name}; what goes is logged")
for name, act in (("nobody lives there", lambda: t.verb("clear", scope="s", force=1, reason="r")),
                  ("its session has ended", lambda: t.verb("clear", session_id=session, actor_id="ann")),
                  ("its session is collected", lambda: t.sql("DELETE FROM tenure_session"))):
    with t.situation(f"notes stay where {name}"):
        session = begin()
        t.verb("clear", scope="s", actor_id="ann")
        write_notes()
        act()
        is_(notes("s"), (2, 2, 1), f"notes stay where {name}")
with t.situation("notes without a scope"):
    session = t.verb("start", scope="", actor_id="ann", lease_ttl=60)["session_id"]
    t.verb("escalate", scope="", kind="non_blocking", reason="r")
    t.verb("clear", session_id=session, actor_id="ann")
    is_(t.value("SELECT count(*) FROM tenure_escalation"), 1, "notes without a scope outlive every session")
with t.situation("a refusal"):
    begin()
    write_notes()
    t.refused("clear.denied", "clear", scope="s", actor_id="bob", says=["ann"],
              test="a clear that is refused takes nothing")

# Escalations.
with t.situation("escalate"):
    session = begin()
    t.clock(T0 + 5)
    first = t.verb("escalate", scope="s", kind="blocking", reason="who pays?", actor_id="bob")
    is_(first, {"command": "escalate", "ok": True, "scope": "s",
                "escalation_id": first["escalation_id"], "session_id": session, "kind": "blocking",
                "reason": "who pays?", "created_at_epoch_s": T0 + 5}, "report of escalate")
    is_(t.rows("SELECT * FROM tenure_escalation"),
        [{"escalation_id": first["escalation_id"], "scope": "s", "session_id": session,
          "kind": "blocking", "reason": "who pays?", "created_at": T0 + 5, "resolved_at": None}],
        "and what is stored")
    t.clock(T0 + 9)
    t.sql("UPDATE tenure_escalation SET reason = reason")  # resolves nothing, so that no event tells of it
    is_(t.verb("escalation_resolve", escalation_id=first["escalation_id"], actor_id="boss"),
        {"command": "escalation-resolve", "ok": True, "scope": "s",
         "escalation_id": first["escalation_id"], "kind": "blocking", "resolved_at_epoch_s": T0 + 9},
        "report of escalation_resolve")
    t.refused("escalation.missing", "escalation_resolve", escalation_id=first["escalation_id"],
              says=[first["escalation_id"]], test="a second time there is nothing to resolve")
    t.refused("escalation.missing", "escalation_resolve", escalation_id="esc_x", says=["esc_x"])
    t.refused("escalation.missing", "escalation_resolve")
    is_(t.sql("SELECT event, actor_id, session_id FROM tenure_event WHERE event LIKE 'escalation.%'"),
        [("escalation.opened", "bob", session), ("escalation.resolved", "boss", session)],
        "both are logged, with who did it")
with t.situation("reports name the escalation just made"):
    ids = [t.verb("escalate", scope="s", kind="blocking", reason="now")["escalation_id"]]
    t.clock(T0 - 10)
    report = t.verb("escalate", scope="s", kind="non_blocking", reason="earlier")
    is_((report["kind"], report["reason"], report["created_at_epoch_s"], report["escalation_id"] in ids),
        ("non_blocking", "earlier", T0 - 10, False), "though the clock stepped back")
with t.situation("an escalation by hand"):
    add = ("INSERT INTO tenure_escalation (escalation_id, scope, kind, reason, created_at)"
           " VALUES ('esc_x', 'main', 'blocking', {}, {})")
    t.refused_sql("opt.text", add.format("CAST(x'ff00fe' AS TEXT)", t.now), test="its reason is text")
    t.refused_sql("write.stamp", add.format("'r'", t.now + 1), test="and it is not of the future")
with t.situation("resolved before it was made"):
    made = t.verb("escalate", scope="s", kind="blocking", reason="r")["escalation_id"]
    t.clock(T0 - 10)
    is_(t.verb("escalation_resolve", escalation_id=made)["resolved_at_epoch_s"], T0,
        "stamps do not run backwards")
for columns, code in (({"kind": None}, "opt.kind"), ({"kind": "Blocking"}, "opt.kind"),
                      ({"reason": None}, "opt.required"), ({"reason": " \u2003"}, "opt.required"),
                      ({"reason": "\0"}, "opt.text"), ({"reason": b"a\xff"}, "opt.text"),
                      ({"reason": "x" * 65537}, "opt.text"), ({"scope": "a\n"}, "opt.scope"),
                      ({"actor_id": " "}, "opt.blank_id"), ({"actor_id": "a\n"}, "opt.bad_id")):
    t.refused(code, "escalate", **{"scope": "s", "kind": "blocking", "reason": "r"} | columns)
is_(t.verb("escalate", kind="blocking", reason="r")["scope"], "main", "the default scope is main")
open_one = t.value("SELECT escalation_id FROM tenure_escalation WHERE resolved_at IS NULL")
for actor, code in ((" ", "opt.blank_id"), ("a\n", "opt.bad_id")):
    t.refused(code, "escalation_resolve", escalation_id=open_one, actor_id=actor)
is_(t.verb("escalate", scope="", kind="blocking", reason="r").get("scope"), None, "'' is none")

# Two connections in the same second: each is told of its own.
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "t.db")
    pair = [Tenure(path), Tenure(path, install=False)]
    own = [who.verb("escalate", kind="blocking", reason=f"{i} {n}")["reason"] == f"{i} {n}"
           for n in range(12) for i, who in enumerate(pair)]
    is_(own.count(False), 0, "two connections in one second: each report is about its own escalation")
    for who in pair:
        who.db.close()

# Gates: a compare-and-set on the revision, where 0 is that of gates that were never set.
with t.situation("gates"):
    report = t.verb("gate_set", scope="s", gates='["a", {"b": 1}]', actor_id="ann", expected_revision=0)
    is_(report, {"command": "gate-set", "ok": True, "scope": "s", "gates": ["a", {"b": 1}],
                 "revision": 1}, "report of gate_set")
    is_(t.sql("SELECT * FROM tenure_gate"), [("s", '["a", {"b": 1}]', 1)], "the text is kept as it is")
    for expected in (0, 2, INT_MAX):
        t.refused("gate.conflict", "gate_set", scope="s", gates="[]", expected_revision=expected,
                  says=["scope s", "revision 1", expected])
    is_(t.verb("gate_set", scope="s", gates="[]")["revision"], 2, "without expected_revision: the last wins")
    is_(t.verb("gate_set", scope="s", gates="[]", expected_revision=2)["revision"], 3, "expected is met")
    is_(t.outcome("gate_set", scope="s", gates='["x"]', expected_revision="3"),
        {"command": "gate-set", "ok": True, "scope": "s", "gates": ["x"], "revision": 4},
        "expected_revision may be written as text")
    t.refused("gate.conflict", "gate_set", scope="other", gates="[]", expected_revision=4,
              says=["revision 0"], test="another scope has its own")
    is_(t.value("SELECT group_concat(actor_id) FROM tenure_event WHERE event = 'gate.set'"), "ann",
        "each is logged")
for gates in ("", "x", "{}", "null", "1", "[", "[]x", "[1,]", '"[]"', b"\xff", "[]\0", "[" * 2000):
    t.refused("opt.gates", "gate_set", scope="s", gates=gates, test=f"gates {gates!r:.20}: opt.gates")
for columns, code in (({"gates": None}, "opt.gates"), ({"scope": ""}, "opt.required"),
                      ({"scope": "a\n"}, "opt.scope"), ({"actor_id": " "}, "opt.blank_id"),
                      ({"expected_revision": -1}, "usage.expected_revision"),
                      ({"expected_revision": "x"}, "usage.expected_revision")):
    t.refused(code, "gate_set", **{"scope": "s", "gates": "[]"} | columns)

# Baselines: one per session and name, the latest wins, and they go with the session's row.
with t.situation("baselines"):
    session = begin()
    report = t.verb("baseline_set", session_id=session, name="git", digest="d1")
    is_(report, {"command": "baseline-set", "ok": True, "scope": "s", "session_id": session,
                 "name": "git", "digest": "d1"}, "report of baseline_set")
    t.clock(T0 + 3)
    t.verb("baseline_set", session_id=session, name="git", digest="d2", fence=1, actor_id="ann")
    t.verb("baseline_set", session_id=session, name="gates", digest="")
    is_(t.sql("SELECT * FROM tenure_baseline ORDER BY name"),
        [(session, "gates", "", T0 + 3), (session, "git", "d2", T0 + 3)], "the latest of each name")
    for columns, code in (({"name": None}, "opt.blank_id"), ({"name": "a\n"}, "opt.bad_id"),
                          ({"digest": None}, "opt.required"), ({"digest": "\0"}, "opt.text"),
                          ({"session_id": None}, "baseline.missing"), ({"fence": 9}, "fence.token")):
        t.refused(code, "baseline_set", **{"session_id": session, "name": "n", "digest": "d"} | columns)
    t.verb("clear", scope="s", actor_id="ann")
    is_(t.value("SELECT count(*) FROM tenure_baseline"), 2, "an end leaves them")
    t.sql("DELETE FROM tenure_session")
    is_(t.value("SELECT count(*) FROM tenure_baseline"), 0, "collection takes them")

# Presence: host, how many live there, the newest stamp of any of its sessions.
PRESENCE = table("""
h1 ready 2 20
h2 idle  0 5
h3 ready 1 30
""")
with t.situation("presence"):
    for at, scope, host in ((0, "a", "h1"), (0, "b", "h1"), (0, "c", "h2"), (0, "d", None), (0, "e", "h3")):
        t.verb("start", scope=scope, actor_id="ann", lease_ttl=60, host=host)
    for at, verb, scope in ((5, "clear", "c"), (20, "heartbeat", "a"), (30, "heartbeat", "e")):
        t.clock(T0 + at)
        t.verb(verb, scope=scope, actor_id="ann")
    is_(t.sql("SELECT host, health, living, observed_at FROM tenure_presence ORDER BY host"),
        [(host, health, int(living), T0 + int(at)) for host, health, living, at in PRESENCE],
        "presence, by host")

# Cost: the totals stand on the session's row, and so survive whatever ends it.
with t.situation("cost"):
    session = begin(token_budget=10)
    raw(usage_input=3, usage_output=4, usage_total=7, usage_cost_usd=0.5, rate_limits='{"a":1}')
    t.clock(T0 + 60)
    t.verb("takeover", scope="s", actor_id="bob", reason="r")
    row = t.rows("SELECT * FROM tenure_cost WHERE session_id = ?", (session,))[0]
    is_({key: row[key] for key in ("status", "input", "output", "total", "cost_usd", "budget_left")},
        {"status": "failed", "input": 3, "output": 4, "total": 7, "cost_usd": 0.5, "budget_left": 3},
        "what a session has used can be read after its end")
    is_(t.value("SELECT sum(total) FROM tenure_cost"), 7, "and is booked once")
    ok(json.loads(row["rate_limits"]) == {"a": 1}, "with its last limits")
    spent = t.verb("start", scope="over", token_budget=5)["session_id"]
    t.sql("UPDATE tenure_session SET usage_total = 7, revision = revision + 1 WHERE session_id = ?", (spent,))
    is_(t.sql("SELECT token_budget, budget_left FROM tenure_cost WHERE session_id = ?", (spent,)), [(5, 0)],
        "what is spent beyond a budget leaves nothing")
    free = t.verb("start", scope="free")["session_id"]
    is_(t.sql("SELECT token_budget, budget_left FROM tenure_cost WHERE session_id = ?", (free,)), [(None, None)],
        "and nothing is said of none")

done()
