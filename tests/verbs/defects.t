#!/usr/bin/python3
"""The 32 defects of the system whose state files tenure_import reads. Each test is named for one, and
fails on a system that has it."""

import itertools
import json
import os
import sqlite3
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import done, error_of, is_, ok  # noqa: E402
from tenure import CONTROLS, FAR, IDLE_MAX, INT_MAX, STATUSES, T0, TERMINAL, Tenure, code_of  # noqa: E402

ANN = {"actor_id": "ann", "lease_ttl": 60}
BOB = {"actor_id": "bob", "reason": "ann vanished"}
FIRE = {"force": 1, "reason": "fire"}
STATE = {"schema_version": 4, "started_at_epoch_s": T0 - 99, "last_started_at_epoch_s": T0 - 99,
         "start_count": 3, "session_id": "ses_old", "owner_kind": "runtime_worker", "owner_id": "ann",
         "lease_ttl_secs": 60, "last_heartbeat_at_epoch_s": T0, "revision": 7}

t = Tenure()
folder = tempfile.TemporaryDirectory()
serial = itertools.count()


def several(count):
    """Connections to one new file, all on the virtual clock."""
    path = os.path.join(folder.name, f"{next(serial)}.db")
    first = Tenure(path)
    first.sql("PRAGMA journal_mode = WAL")
    first.sql("PRAGMA synchronous = OFF")
    return [first] + [Tenure(path, install=False, timeout=0) for _ in range(count - 1)]


def all_at(at, connections):
    for connection in connections:
        connection.clock(at)


def notes(scope="main"):
    kinds = t.sql("SELECT kind FROM tenure_escalation WHERE scope = ? ORDER BY kind", (scope,))
    return [kind for (kind,) in kinds], t.value("SELECT count(*) FROM tenure_gate WHERE scope = ?", (scope,))


def write_notes(scope="main"):
    for kind in ("blocking", "non_blocking"):
        t.verb("escalate", scope=scope, kind=kind, reason="r")
    t.verb("gate_set", scope=scope, gates='["tests pass"]')


# D01: B looks at 101 at a lease that ended at 100, then something happens, then B takes over.
BETWEEN = [
    ("a: C takes over", lambda a, c: c.verb("takeover", actor_id="eve", reason="r"), "takeover.live", "eve"),
    ("b: A starts again", lambda a, c: a.verb("start", **ANN), "takeover.live", "ann"),
    ("c: A resumes", lambda a, c: a.verb("resume", actor_id="ann", session_id=a.holder()["session_id"]),
     "takeover.live", "ann"),
    ("d: A clears", lambda a, c: a.verb("clear", actor_id="ann"), "takeover.missing", "main"),
]
for what, act, code, who in BETWEEN:
    a, b, c = several(3)
    a.verb("start", **ANN)
    all_at(T0 + 61, (a, b, c))
    b.sql("BEGIN")
    ok(b.holder()["stale"], f"D01 {what}: B sees a stale lease")
    act(a, c)
    got = error_of(b.db, "INSERT INTO tenure_takeover(actor_id, reason) VALUES ('bob', 'r')")
    is_(got[1] if got else None, 517, f"D01 {what}: what B saw is no ground to write on (BUSY_SNAPSHOT)")
    b.sql("ROLLBACK")
    b.refused(code, "takeover", says=[who], test=f"D01 {what}: and B's retry is told what happened", **BOB)
with t.situation("D01 e"):
    t.verb("start", **ANN)
    for _ in range(39):
        t.verb("heartbeat", actor_id="ann")
    t.clock(T0 + 61)
    is_(t.verb("takeover", **BOB)["revision"], 41, "D01 e: the revision goes on where the owner's beats ended")
with t.situation("D01 f"):
    t.verb("start", **ANN)
    write_notes()
    t.clock(T0 + 61)
    t.sql("CREATE TEMP TRIGGER crash BEFORE INSERT ON main.tenure_session BEGIN "
          "SELECT RAISE(ABORT, 'crash'); END")
    before = t.dump()
    got = t.outcome("takeover", **BOB)
    is_((got, t.dump() == before), ("crash", True), "D01 f: an error half-way leaves the row as it was")
    t.sql("DROP TRIGGER crash")

with t.situation("D02"):
    first = t.verb("start", **ANN)
    cleared = t.verb("clear", actor_id="ann")["cleared_revision"]
    second = t.verb("start", **ANN)
    is_((first["revision"], cleared, second["revision"]), (1, 2, 3), "D02 revisions go on after a clear")
    t.refused("fence.token", "heartbeat", actor_id="ann", fence=first["fence"], says=["ann"],
              test="D02 what meant the old session does not hit the new one")
    is_(t.value("UPDATE tenure_session SET label = 'P', revision = 2 WHERE session_id = ? AND revision = 1 "
                "RETURNING 1", (second["session_id"],)), None, "D02 nor does a plain conditional write")

for other in ("start", "import"):
    p1, p2 = several(2)
    p2.sql("BEGIN")
    is_(p2.value("SELECT count(*) FROM tenure_session"), 0, f"D03 P2 finds no row ({other})")
    new = p1.verb("start", **ANN) if other == "start" else \
        p1.verb("import", json=json.dumps(STATE | {"session_id": "ses_new"}))
    got = error_of(p2.db, "INSERT INTO tenure_import(json) VALUES (?)", (json.dumps(STATE),))
    is_(got[1] if got else None, 517, f"D03 and cannot write on that ({other})")
    p2.sql("ROLLBACK")
    is_(p2.verb("import", json=json.dumps(STATE))["imported"], False,
        f"D03 losing the race is success ({other})")
    is_(p1.holder()["session_id"], new["session_id"], f"D03 and the new session stays ({other})")

with t.situation("D04"):
    s1 = t.verb("start", **ANN)
    t.clock(T0 + 60)
    s2 = t.verb("start", **ANN)
    named = {"session_id": s1["session_id"], "actor_id": "ann"}
    t.refused("fence.session", "heartbeat", activity="P1", says=[s2["session_id"]], **named,
              test="D04 the process of an old incarnation cannot beat for the new one")
    is_(t.verb("clear", **named)["cleared"], False, "D04 nor clear it")
    t.refused("fence.session", "start", **named | ANN, says=[s2["session_id"]], test="D04 nor join it")
    t.refused("fence.token", "heartbeat", actor_id="ann", fence=s1["fence"], says=["ann"],
              test="D04 nor by its old fence")

with t.situation("D05"):
    p1 = t.verb("start", actor_id="ann", lease_ttl=600)
    p2 = t.verb("start", actor_id="ann", lease_ttl=5)
    is_((p2["lease_ttl_secs"], p2["fence"]), (600, 2), "D05 a second process does not shorten the lease")
    ok("twin" in p2["warning"], "D05 it is told that it is a twin")
    t.refused("fence.token", "heartbeat", actor_id="ann", fence=p1["fence"], says=["ann"],
              test="D05 and the first one is told that it lost the session")
    t.verb("start", actor_id="ann", lease_ttl=600, fence=2, strict=1)
    t.refused("fence.required", "start", actor_id="ann", lease_ttl=5, says=["ann"],
              test="D05 a strict session takes no twin")

p, twin = several(2)
p.verb("start", **ANN)
p.clock(T0 + 60)
p.sql("BEGIN")
ok(p.holder()["stale"], "D06 P sees the lease end at this very second")
twin.clock(T0 + 59)
twin.verb("heartbeat", actor_id="ann")
got = error_of(p.db, "INSERT INTO tenure_heartbeat(actor_id) VALUES ('ann')")
is_(got[1] if got else None, 517, "D06 but is not refused for what it saw before its twin's beat")
p.sql("ROLLBACK")
is_(p.verb("heartbeat", actor_id="ann")["revision"], 3, "D06 and under the lock it is renewed")

with t.situation("D07 back", T0 + 1000):
    t.verb("start", **ANN)
    t.clock(T0 + 950)  # without evidence; clock.t has the deadline that no step of the clock moves
    t.verb("heartbeat", actor_id="ann")
    t.clock(T0 + 1011)
    is_(t.holder()["stale"], 0, "D07 a clock that steps back and forth robs no live owner")
with t.situation("D07 forward", T0 + 31536000):
    t.verb("start", **ANN)
    t.clock(T0)
    is_(t.holder()["stale_reason"], "clock", "D07 a stamp a year ahead holds nothing")
    is_(t.verb("takeover", **BOB)["last_heartbeat_at_epoch_s"], T0, "D07 and can be taken over today")

with t.situation("D08"):
    session = t.verb("start", **ANN)["session_id"]
    t.sql("UPDATE tenure_session SET usage_total = 7, revision = revision + 1")
    t.clock(T0 + 60)
    t.refused("start.stale_other_owner", "start", actor_id="bob", lease_ttl=60, says=["ann"],
              test="D08 a start that is refused books nothing")
    t.verb("start", **ANN)
    t.verb("start", **ANN)
    is_(t.sql("SELECT session_id, total FROM tenure_cost WHERE total > 0"), [(session, 7)],
        "D08 what a session cost stands on its own row, once, whoever ends it")

with t.situation("D09"):
    t.verb("import", json=json.dumps(STATE | {"owner_id": None, "supervisor_id": None}))
    who = {"actor_id": "unknown"}
    t.refused("heartbeat.not_owner", "heartbeat", says=["legacy"], **who, test="D09 'unknown' is a stranger")
    t.refused("start.live_other_owner", "start", lease_ttl=60, says=["legacy"], **who,
              test="D09 to a start while it lives")
    t.refused("clear.denied", "clear", says=["legacy"], **who, test="D09 to a clear")
    t.clock(T0 + 60)
    t.refused("start.stale_other_owner", "start", lease_ttl=60, says=["legacy"], **who,
              test="D09 to a start when it is stale")
    is_(t.verb("takeover", reason="r", **who)["prior_actor_id"], "legacy",
        "D09 and to a takeover, which it may")
    got = error_of(t.db, "UPDATE tenure_session SET owner_id = NULL, revision = revision + 1")
    ok(got, "D09 no session is without an owner")

# D10: every living row can be left: by force at any time, by a takeover or a start when it is stale.
for status in [status for status in STATUSES if status not in TERMINAL]:
    for kind in ("interactive", "autonomous"):
        for strict in (0, 1):
            with t.situation("D10"):
                owner = {} if kind == "interactive" else ANN
                session = t.in_status(status, strict=strict, **owner)
                t.sql("SAVEPOINT live")
                forced = t.verb("clear", actor_id="eve", **FIRE)["cleared"]
                t.sql("ROLLBACK TO live")
                t.clock(T0 + IDLE_MAX + 1)
                later = t.verb("takeover", **BOB) if kind == "autonomous" else t.verb("start")
                is_((forced, later["ok"]), (True, True),
                    f"D10 a {status} {kind} row, strict {strict}, can be left")
with t.situation("D10 import"):
    for i, gone in enumerate(("owner_id", "lease_ttl_secs", "last_heartbeat_at_epoch_s")):
        state = STATE | {gone: None, "session_id": f"ses_{i}", "last_heartbeat_at_epoch_s": None}
        t.verb("import", scope=gone, json=json.dumps(state))
        t.clock(T0 + 60)
        is_(t.verb("takeover", scope=gone, **BOB)["ok"], True, f"D10 so can an imported row without {gone}")
with t.situation("D10 import, interactive"):
    t.verb("import", json=json.dumps(STATE | {"owner_id": None}))
    t.clock(T0 + 60)
    t.verb("clear", **FIRE)
    is_(t.verb("start")["lifecycle"], "interactive", "D10 and an operator can make room for a person")

with t.situation("D11"):
    session = t.verb("start", **ANN)["session_id"]
    report = t.verb("clear", actor_id="ann")
    is_((report["cleared"], t.session(session)["status"]), (True, "exited"),
        "D11 a clear reads the clock before it writes, so nothing can fail after the end is stored")

with t.situation("D12"):
    for ttl in (2**31, INT_MAX, 2.0**63, 1e30):
        t.refused("opt.lease_range", "start", actor_id="ann", lease_ttl=ttl, test=f"D12 ttl {ttl}")
    is_(t.sql("SELECT typeof(e), e FROM (SELECT lease_expires_at(?1, ?1) AS e)", (INT_MAX,)),
        [("integer", INT_MAX)], "D12 an expiry saturates and stays an integer")
    t.refused_sql("revision.ceiling", "SELECT session_next_revision(?)", (INT_MAX,),
                  test="D12 a revision is never saturated, so no two writers can both expect the last one")
    t.refused("json.range", "import", json=json.dumps(STATE | {"revision": INT_MAX}),
              test="D12 a revision from which nobody could go on is not let in")
    for expected in (INT_MAX, -INT_MAX):
        t.verb("start", scope="s", **ANN)
        t.clock(t.now + 60)
        t.refused("takeover.conflict", "takeover", scope="s", expected_revision=expected, **BOB,
                  says=[expected], test=f"D12 expected revision {expected}")

with t.situation("D13"):
    t.verb("start", **ANN)
    write_notes()
    t.verb("heartbeat", actor_id="ann", progress=0, activity="X")
    t.clock(T0 + 60)
    session = t.session(t.verb("takeover", **BOB)["session_id"])
    is_((notes(), session["no_progress_count"], session["current_activity"]), ((["blocking"], 0), 0, None),
        "D13 a takeover does not burden the new session with the dead one's notes")

with t.situation("D14"):
    for ttl in (0, -1, 31536001, 2**62):
        t.refused("opt.lease_range", "start", actor_id="ann", lease_ttl=ttl, test=f"D14 ttl {ttl}")
    t.verb("start", **ANN | {"lease_ttl": 1})
    is_(t.holder()["stale"], 0, "D14 the shortest lease lives in the second that granted it")
    is_(t.verb("heartbeat", actor_id="ann")["ok"], True, "D14 and can be renewed")

# D15: an actor is somebody with a name that can be shown.
BAD = [("", "opt.blank_id"), (" \t", "opt.blank_id"), ("a\nb", "opt.bad_id"), ("a\x1b[31m", "opt.bad_id"),
       ("\u202ea", "opt.bad_id"), ("x" * 201, "opt.bad_id"), (b"\xff", "opt.bad_id")]
NAMED = {"start": {"lease_ttl": 60, "scope": "s"}, "takeover": {"reason": "r"}, "clear": FIRE,
         "heartbeat": {"fence": 1}, "transition": {"session_id": "S", "status": "ready", "fence": 1},
         "resume": {"session_id": "S", "fence": 1}, "escalate": {"kind": "blocking", "reason": "r"},
         "escalation_resolve": {"escalation_id": "E"}, "gate_set": {"gates": "[]"},
         "baseline_set": {"session_id": "S", "name": "n", "digest": "d"}}
for verb, columns in NAMED.items():
    own = [("interactive", "opt.bad_id")] if verb in ("start", "takeover") else []  # nobody calls himself so
    for actor, code in BAD + own:
        with t.situation(f"D15 {verb}"):
            ids = {"S": t.verb("start", **ANN)["session_id"],
                   "E": t.verb("escalate", kind="blocking", reason="r")["escalation_id"]}
            t.clock(T0 + 60 if verb in ("takeover", "resume") else T0)
            asked = {name: ids.get(value, value) for name, value in columns.items()}
            t.refused(code, verb, actor_id=actor, **asked, test=f"D15 {verb} by {actor!r:.20}: {code}")

with t.situation("D16"):
    t.verb("import", json=json.dumps(STATE | {"start_count": 0}))
    write_notes()
    t.verb("heartbeat", actor_id="ann", activity="X")
    report = t.verb("start", **ANN)
    is_((report["reset"], report["session_id"], report["current_activity"], notes()),
        (False, "ses_old", "X", (["blocking", "non_blocking"], 1)),
        "D16 joining is no reset, whatever the count was")
    is_(t.verb("start", scope="new")["reset"], True, "D16 reset is that an id was minted")

with t.situation("D17"):
    t.verb("import", json=json.dumps(STATE))
    t.clock(T0 + 60)
    report = t.verb("start", **ANN)
    is_(report["prior_session_id"], "ses_old", "D17 who replaces a stale session is told which")
    ok("ses_old" in report["warning"] and "over" in report["warning"], f"D17 and why: {report['warning']}")
    report = t.verb("import", scope="v2", json=json.dumps(STATE | {"schema_version": 2, "session_id": None}))
    ok("event" in report["reason"], f"D17 a row without an id is said to hold nothing: {report['reason']}")

for version in (1, 5, 99):
    t.refused("json.version", "import", json=json.dumps(STATE | {"schema_version": version, "newer": 1}),
              test=f"D18 a file of version {version} is not read, and not rewritten")

with t.situation("D19"):
    t.verb("start", **ANN)
    for at, want in ((0, "active"), (59, "active"), (60, "stale"), (3660, "stale")):
        t.clock(T0 + at)
        row = t.rows("SELECT holding, stale FROM tenure_projection")[0]
        is_((row["holding"], row["stale"]), (want, int(want == "stale")), f"D19 at {at} it is shown as {want}")
        is_(t.holder()["stale"], row["stale"], f"D19 at {at} every view says so")
    is_(t.value("SELECT lease_expired(last_heartbeat_at, lease_ttl, NULL) FROM tenure_session"), None,
        "D19 an unknown time is no time 0: nothing is known")
    t.clock(T0)
    t.verb("start", **ANN, scope="dead", **t.dead_process())
    is_(t.sql("SELECT holding, stale, abandoned FROM tenure_projection WHERE scope = 'dead'"),
        [("active", 0, 1)], "D19 a dead process does not make its lease run out, but it is shown")
    t.verb("clear", actor_id="ann")
    is_(t.value("SELECT holding FROM tenure_projection WHERE scope = 'main'"), "missing",
        "D19 what has ended is missing")

with t.situation("D20"):
    for text in ("", "{", '{"schema_version": 4', "\0"):
        t.refused("json.unparsable", "import", json=text, test=f"D20 a corrupt file ({text!r}) is refused")
    is_((t.verb("start", **ANN)["ok"], t.verb("clear", actor_id="ann")["cleared"]), (True, True),
        "D20 and stops no other verb")

for columns in ({}, FAR | {"label": "L", "cwd": "/x"}):
    with t.situation("D21"):
        t.verb("start", **ANN, **columns)
        write_notes()
        t.clock(T0 + 60)
        t.verb("start", **ANN, **columns)
        is_(notes(), (["blocking"], 0), f"D21 what a new session sees does not depend on {sorted(columns)}")

with t.situation("D22"):
    evil = "ann\n\x1b[31mroot\u202e\u0085"
    t.verb("start", **ANN | {"label": evil, "cwd": evil})
    t.verb("heartbeat", actor_id="ann", activity=evil, outcome=evil)
    t.verb("escalate", kind="blocking", reason=evil)
    t.clock(T0 + 60)
    t.verb("takeover", actor_id="bob", reason=evil)
    details = [row[0] for row in t.sql("SELECT detail FROM tenure_event WHERE detail IS NOT NULL")]
    report = t.value("SELECT session_report()")
    ok(not any(c < " " or c == "\x7f" for text in [*details, report] for c in text),
       "D22 no control character stands raw in a report or in the log's details")
    is_(json.loads(report)["reason"], evil, "D22 and what was said can be read back as it was")
    warning = t.verb("start", actor_id="bob", lease_ttl=60)["warning"]
    ok(not CONTROLS.search(warning), "D22 nor in a warning")

with t.situation("D23"):
    t.verb("start", **ANN)
    t.clock(T0 + 60)
    t.verb("takeover", **BOB)
    report = t.verb("clear", actor_id="eve", **FIRE)
    rows = t.sql("SELECT event, actor_id, json_extract(detail, '$.verb'), json_extract(detail, '$.reason'), "
                 "revision FROM tenure_event WHERE event = 'session.ended' ORDER BY seq")
    is_(rows, [("session.ended", "bob", "takeover", "ann vanished", 2),
               ("session.ended", "eve", "clear", "fire", 3)], "D23 the log says who did what, and why")
    is_((report["cleared_revision"], t.counter()), (3, 3), "D23 and the cleared revision is a real one")
    t.refused_sql("write.append_only", "UPDATE tenure_event SET actor_id = 'nobody'", says=["tenure_event"],
                  test="D23 nobody rewrites it")

lost = tempfile.mkdtemp()
here = os.getcwd()
with t.situation("D24"):
    t.verb("start", **ANN)
    os.chdir(lost)
    os.rmdir(lost)
    is_(t.verb("heartbeat", actor_id="ann")["revision"], 2, "D24 a heartbeat needs the database, and no place")
    os.chdir(here)

a, b = several(2)
a.verb("start", **ANN)
first = a.verb("heartbeat", actor_id="ann", activity="A")
b.verb("heartbeat", actor_id="ann", activity="B")
is_((first["current_activity"], json.loads(a.value("SELECT session_report()"))["revision"]), ("A", 2),
    "D25 a report tells what its own statement saw and wrote, whatever came after")

with t.situation("D26"):
    t.verb("start", **ANN)
    t.clock(T0 + 61)
    is_(t.holder()["stale"], 1, "D26 a taker looks")
    t.clock(T0 + 91)
    report = t.verb("takeover", **BOB, lease_ttl=20)
    is_((report["last_heartbeat_at_epoch_s"], t.holder()["remaining_secs"]), (T0 + 91, 20),
        "D26 and its lease is stamped when it is granted, not when it looked")

empty = Tenure()
empty.refused("opt.mode", "start", mode="fast", test="D27 options are judged before anything is written")
empty.refused("opt.lease_required", "start", actor_id="ann", test="D27 whatever is wrong with them")
is_(empty.sql("SELECT * FROM tenure_scope"), [], "D27 not even the scope is")

with t.situation("D28"):
    t.verb("start")
    for hour in range(1, 10):
        t.clock(T0 + 3600 * hour)
        t.verb("heartbeat")
    is_(t.verb("start")["reset"], False, "D28 an interactive session that is used for 9 hours is kept")
    write_notes()
    t.verb("clear")
    is_(notes()[0], ["blocking"], "D28 a clear by anyone leaves what blocks")
    t.verb("clear")
    t.verb("clear", actor_id="eve", **FIRE)
    is_(notes()[0], ["blocking"], "D28 and so does a clear where nobody lives")

with t.situation("D29"):
    t.verb("start", **ANN, owner_kind="runtime_supervisor")
    t.clock(T0 + 60)
    report = t.verb("takeover", **BOB)
    is_(t.holder()["owner_kind"], "runtime_supervisor", "D29 a takeover keeps the role")
    t.verb("start", actor_id="bob", lease_ttl=60, fence=report["fence"])
    is_(t.value("SELECT json_extract(detail, '$.prior_owner_kind') FROM tenure_event ORDER BY seq DESC"),
        "runtime_supervisor", "D29 and a start that changes it says so in the log")


# D30: what a refusal advises is accepted. What was asked, when, the refusal; then the advice, and when.
def advice(session):
    start_bob, mine = {"actor_id": "bob", "lease_ttl": 60}, {"session_id": session, "actor_id": "ann"}
    return [
        (ANN, "start", start_bob, 0, "start.live_other_owner", "takeover", BOB, 60),
        (ANN, "start", start_bob, 0, "start.live_other_owner", "clear", {"actor_id": "ann"}, 0),
        (ANN, "start", start_bob, 60, "start.stale_other_owner", "takeover", BOB, 60),
        (ANN, "start", {}, 0, "start.live_autonomous", "clear", {"actor_id": "ann"}, 0),
        (ANN, "start", {}, 0, "start.live_autonomous", "takeover", BOB, 60),
        (ANN, "start", {}, 60, "start.stale_autonomous", "clear", {"actor_id": "ann"}, 60),
        (ANN, "start", {}, 60, "start.stale_autonomous", "takeover", BOB, 60),
        ({}, "start", ANN, 0, "start.live_interactive", "clear", {}, 0),
        ({}, "start", ANN, 0, "start.live_interactive", "start", ANN, IDLE_MAX + 1),
        (ANN, "heartbeat", {"actor_id": "ann"}, 60, "heartbeat.stale", "resume", mine, 60),
        (ANN, "heartbeat", {"actor_id": "ann"}, 60, "heartbeat.stale", "start", ANN, 60),
        (ANN, "heartbeat", {"scope": "s"}, 0, "heartbeat.missing", "start", {"scope": "s"}, 0),
        (ANN, "clear", {"actor_id": "bob"}, 0, "clear.denied", "clear", FIRE, 0),
        (ANN, "clear", {}, 0, "clear.actor_required", "clear", {"actor_id": "ann"}, 0),
        (ANN, "clear", {"actor_id": "bob"}, 60, "clear.denied_stale", "takeover", BOB, 60),
        (ANN, "takeover", BOB, 0, "takeover.live", "takeover", BOB, 60),
        (ANN, "takeover", BOB, 59, "takeover.live", "clear", {"actor_id": "ann"}, 59),
        (ANN, "takeover", BOB | {"scope": "s"}, 0, "takeover.missing", "start", {"scope": "s"}, 0),
        ({}, "takeover", BOB, 0, "takeover.not_autonomous", "clear", {}, 0),
        ({}, "takeover", BOB, 0, "takeover.not_autonomous", "start", ANN, IDLE_MAX + 1),
        (ANN, "takeover", BOB | {"actor_id": "ann"}, 60, "takeover.same_actor", "start", ANN, 60),
        (ANN, "resume", mine, 0, "resume.live", "resume", mine, 60),
    ]


for i in range(len(advice(None))):
    with t.situation(f"D30 {i}"):
        session = t.verb("start", **advice(None)[i][0])["session_id"]
        _, verb, columns, at, code, way, more, then = advice(session)[i]
        t.clock(T0 + at)
        t.refused(code, verb, test=f"D30 {code}", **columns)
        t.clock(T0 + then)
        got = t.outcome(way, **more)
        ok(isinstance(got, dict) and got.get("cleared", True),
           f"D30 {code}: its advice, {way}, is accepted: {got if isinstance(got, str) else ''}")
with t.situation("D30 ended"):
    session = t.verb("start", **ANN)["session_id"]
    mine = {"session_id": session, "actor_id": "ann"}
    t.verb("transition", status="exited", **mine)
    t.refused("transition.revival", "transition", status="starting", **mine, test="D30 transition.revival")
    is_(t.verb("resume", **mine)["ok"], True, "D30 transition.revival: its advice, resume, is accepted")

with t.situation("D31"):
    session = t.verb("start", **ANN, mode="research")["session_id"]
    write_notes()
    t.verb("heartbeat", actor_id="ann", activity="X")
    t.clock(T0 + 60)
    t.refused("heartbeat.stale", "heartbeat", actor_id="ann", says=["ann", "resume"],
              test="D31 a late heartbeat is refused, though nobody else is there")
    t.verb("resume", session_id=session, actor_id="ann")
    row = t.holder()
    is_((row["session_id"], row["mode"], row["current_activity"], notes()),
        (session, "research", "X", (["blocking", "non_blocking"], 1)),
        "D31 but its owner can resume, and keeps id, mode, activity and notes")
    t.refused("heartbeat.not_owner", "heartbeat", fence=1, says=["ann"],
              test="D31 and the fence of before is not good any more")

with t.situation("D32"):
    held = [t.verb("start", scope=scope, actor_id=actor, lease_ttl=60)["session_id"]
            for scope, actor in (("a", "ann"), ("b", "bob"), ("c", "ann"), ("", "eve"), ("", "eve"))]
    is_(t.value("SELECT count(*) FROM tenure_holder"), 5, "D32 many sessions live in one database")
    t.refused("start.live_other_owner", "start", scope="a", actor_id="bob", lease_ttl=60, says=["ann", held[0]],
              test="D32 and one in each scope")
    got = error_of(t.db, "INSERT INTO tenure_session(session_id, scope, clock, started_at, last_started_at, "
                   "changed_at, revision, fence) VALUES ('ses_x', 'a', 'virtual', 1, 1, 1, 2, 2)")
    is_(code_of(got[0]) if got else None, "write.held", "D32 even for a plain INSERT")

is_(sqlite3.sqlite_version_info >= (3, 40), True, "the SQLite is one that this is made for")
folder.cleanup()
done()
