#!/usr/bin/python3
"""tenure_start: its decision table in full, what each result stores and reports, and its validation."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import done, is_, ok  # noqa: E402
from tenure import FAR, INT_MAX, STATUSES, T0, TERMINAL, TTL_MAX, Tenure, number, table  # noqa: E402

# The living session, the lifecycle wanted, same owner, proof, strict -> what comes of it; - is any.
DECISIONS = table("""
none              -           -     -   -    create
live-interactive  interactive -     -   no   keep
live-interactive  interactive -     yes yes  keep
live-interactive  interactive -     no  yes  fence.required  # "Verbs": start (keep) of a strict session
live-interactive  autonomous  -     -   -    start.live_interactive
live-autonomous   interactive -     -   -    start.live_autonomous
live-autonomous   autonomous  same  yes -    keep
live-autonomous   autonomous  same  no  no   twin
live-autonomous   autonomous  same  no  yes  fence.required
live-autonomous   autonomous  other -   -    start.live_other_owner
stale-interactive -           -     -   -    replace
stale-autonomous  autonomous  same  -   -    replace
stale-autonomous  autonomous  other -   -    start.stale_other_owner
stale-autonomous  interactive -     -   -    start.stale_autonomous
""")

# kind, its heartbeat (seconds after its start), seconds after its start -> freshness. ttl is 60.
FOUND = table("""
none         -       0  none
ended        -       0  none
elsewhere    -       0  none
interactive  -       0  live
interactive  -   28799  live
interactive  -   28800  live
interactive  -   28801  stale
interactive  -  -99999  live    # a time in the future is age 0
interactive 10   28810  live
interactive 10   28811  stale
interactive dead     0  stale   # its process is proven dead
autonomous   -      59  live
autonomous   -      60  stale
autonomous   -      61  stale
autonomous   -     -60  live
autonomous   -     -61  stale   # stamped further ahead than the ttl
autonomous  10      69  live
autonomous  10      70  stale
autonomous  dead     0  stale
""")

PROOFS = ["none", "fence", "process"]

t = Tenure()


def decide(state, wanted, owner, proof, strict):
    """What the table says."""
    asked = [state, wanted, owner, "yes" if proof != "none" else "no", "yes" if strict else "no"]
    rows = [row[5] for row in DECISIONS if all(a in ("-", b) for a, b in zip(row, asked))]
    if len(rows) != 1:
        sys.exit(f"Bail out! the table has {len(rows)} rows for {asked}")
    return rows[0]


def result_of(report):
    """The result that a report tells of."""
    if report["reset"]:
        return "replace" if "prior_session_id" in report else "create"
    return "twin" if report["fence"] == report["revision"] else "keep"


def build(kind, sign, strict):
    """Puts the living session in place; gives its start's report, or None."""
    identity = t.dead_process() if sign == "dead" else FAR
    scope = "elsewhere" if kind == "elsewhere" else "main"
    owner = {} if kind == "interactive" else {"actor_id": "ann", "lease_ttl": 60}
    if kind == "none":
        return None
    found = t.verb("start", scope=scope, strict=strict, **identity, **owner)
    if kind == "ended":
        t.verb("clear", actor_id="ann", fence=found["fence"])
    if sign.isdigit():
        t.clock(T0 + int(sign))
        t.verb("heartbeat", fence=found["fence"])
    return found


def ask(wanted, owner, proof, found):
    """The columns of the start that is judged."""
    columns = {"lifecycle": wanted}
    if wanted == "autonomous":
        columns |= {"actor_id": "ann" if owner == "same" else "bob", "lease_ttl": 60}
    if proof == "fence":
        columns["fence"] = found["fence"] if found else 1
    return columns | (FAR if proof == "process" else {})


for kind, sign, age, fresh in FOUND:
    state = "none" if fresh == "none" else f"{fresh}-{kind}"
    for wanted, owner in (("interactive", "-"), ("autonomous", "same"), ("autonomous", "other")):
        for proof in PROOFS[:2] if sign == "dead" else PROOFS:
            for strict in (0, 1):
                want = decide(state, wanted, owner, proof, strict)
                name = f"{state} at {age} ({sign}), strict {strict}; {wanted}, {owner}, {proof}: {want}"
                with t.situation(name):
                    found = build(kind, sign, strict)
                    t.clock(T0 + int(age))
                    columns = ask(wanted, owner, proof, found)
                    if "." in want:
                        who = "ann" if kind == "autonomous" else found["session_id"]
                        t.refused(want, "start", says=[who], test=name, **columns)
                    else:
                        is_(result_of(t.verb("start", **columns)), want, name)

# All four parts of the process identity must be given, stored and equal.
for part in FAR:
    other = {**FAR, part: "other" if isinstance(FAR[part], str) else 99}
    missing = {**FAR, part: None}
    for stored, given, what in ((FAR, other, "differs"), (FAR, missing, "is not given"),
                                (missing, FAR, "is not stored"), (missing, missing, "is nowhere")):
        with t.situation(f"proof by process: {part} {what}"):
            t.verb("start", actor_id="ann", lease_ttl=60, **stored)
            report = t.verb("start", actor_id="ann", lease_ttl=60, **given)
            is_(result_of(report), "twin", f"proof by process: {part} {what}")

# Whoever keeps a session gives all of its process, or nothing of it: the parts of two would say that it is dead.
OTHER = {"host": "there", "boot_id": "b/2", "pid": 7, "pid_start_ticks": 70}
for given in ([], ["host"], ["boot_id"], ["pid"], ["pid_start_ticks"], ["pid", "pid_start_ticks"], list(FAR)):
    for owner in ({"actor_id": "ann", "lease_ttl": 60}, {}):
        with t.situation(f"keep with {given} of its process, {owner}"):
            shown = {"fence": t.verb("start", **owner, **FAR)["fence"]} if owner else t.verb("start", **FAR) and {}
            t.verb("start", **owner, **shown, **{part: OTHER[part] for part in given})
            is_({part: t.holder()[part] for part in FAR}, {part: OTHER[part] if part in given else None for part in FAR}
                if given else FAR, f"keep with {given} of its process, {'autonomous' if owner else 'interactive'}")
with t.situation("keep by another process that says little of itself"):
    fence = t.verb("start", actor_id="ann", lease_ttl=60, **t.dead_process())["fence"]
    t.verb("start", actor_id="ann", lease_ttl=60, fence=fence, pid=os.getpid())
    t.refused("takeover.live", "takeover", actor_id="bob", reason="r",
              test="a process is not dead because the one before it was")

# A session_id or fence that is given must be right where the same owner lives; else it is ignored.
GIVEN = table("""
live  same  right -     keep            # by no proof, so a twin, or refused if strict
live  same  wrong right fence.session
live  same  wrong wrong fence.session
live  same  right wrong fence.token
live  same  -     wrong fence.token
live  other wrong right start.live_other_owner
stale same  wrong wrong replace
none  same  wrong wrong create
""")
for state, owner, session, fence, want in GIVEN:
    for strict in (0, 1):
        result = want
        if want == "keep":  # no fence was shown
            result = "fence.required" if strict else "twin"
        name = f"{state}, {owner} owner, session_id {session}, fence {fence}, strict {strict}: {result}"
        with t.situation(name):
            found = build("none" if state == "none" else "autonomous", "-", strict)
            t.clock(T0 + (60 if state == "stale" else 1))
            columns = ask("autonomous", owner, "none", found)
            columns["session_id"] = found["session_id"] if session == "right" else \
                "ses_x" if session == "wrong" else None
            columns["fence"] = {"right": found and found["fence"], "wrong": 77, "-": None}[fence]
            if "." in result:
                t.refused(result, "start", says=["ann"], test=name, **columns)
            else:
                is_(result_of(t.verb("start", **columns)), result, name)

for fence in ("1", 1.0, "+1"):
    with t.situation(f"fence {fence!r} is the number 1"):
        build("autonomous", "-", 1)
        is_(t.verb("start", actor_id="ann", lease_ttl=60, fence=fence)["fence"], 1,
            f"fence {fence!r} is the number 1")
for fence in ("x", "", 1.5, "1 ", b"1"):
    with t.situation(f"fence {fence!r}"):
        build("autonomous", "-", 0)
        t.refused("usage.fence", "start", actor_id="ann", lease_ttl=60, fence=fence)

# Without a lifecycle: autonomous if anything is given that only such a session has.
for columns, want in (({}, "interactive"), ({"mode": "research", "strict": 0, "fence": 1}, "interactive"),
                      ({"actor_id": "a", "lease_ttl": 1}, "autonomous")):
    with t.situation(f"lifecycle of {columns}"):
        is_(t.verb("start", **columns)["lifecycle"], want, f"lifecycle of {columns}: {want}")
for column, want in (("actor_id", "opt.lease_required"), ("owner_kind", "opt.actor_required"),
                     ("supervisor_id", "opt.actor_required"), ("lease_ttl", "opt.actor_required")):
    value = {"lease_ttl": 9, "owner_kind": "runtime_worker"}.get(column, "a")
    t.refused(want, "start", **{column: value})

# The scope '' excludes nobody, and a scope that was left out is main.
with t.situation("scopes"):
    for count in (1, 2):
        report = t.verb("start", scope="", actor_id="ann", lease_ttl=60)
        is_((result_of(report), report["fence"], report.get("scope")), ("create", 1, None),
            f"no scope: session {count} of the same actor")
    is_(t.sql("SELECT count(*), count(scope) FROM tenure_session"), [(2, 0)], "neither has a scope")
    is_(t.sql("SELECT * FROM tenure_scope"), [], "nor is one counted")
    is_(t.verb("start")["scope"], "main", "the default scope is main")
    is_(result_of(t.verb("start", scope="main2")), "create", "another scope is another matter")

# What each result stores; a/b: a if it is given, else b.
STORED = table("""
session_id         minted               kept                 kept                 minted
incarnation        1                    kept                 kept                 1
status             given/running        kept                 kept                 given/running
mode               given/general        given/kept           given/kept           given/general
owner_kind         given/runtime_worker given/runtime_worker given/runtime_worker given/runtime_worker
owner_id           ann                  ann                  ann                  ann
supervisor_id      given/NULL           given/kept           given/kept           given/kept
clock              virtual              virtual              virtual              virtual
lease_ttl          asked                longer               longer               asked
started_at         now                  kept                 kept                 now
last_started_at    now                  now                  now                  now
start_count        1                    +1                   +1                   1
last_heartbeat_at  now                  now                  now                  now
changed_at         now                  now                  now                  now
revision           next                 next                 next                 next
fence              next                 kept                 next                 next
current_activity   NULL                 kept                 kept                 NULL
activity_at        NULL                 kept                 kept                 NULL
progress_at        NULL                 kept                 kept                 NULL
no_progress_count  0                    kept                 kept                 0
last_outcome       NULL                 kept                 kept                 NULL
predecessor_id     NULL                 kept                 kept                 prior
host               given/NULL           given/kept           given/NULL           given/NULL
boot_id            given/NULL           given/kept           given/NULL           given/NULL
pid                given/NULL           given/kept           given/NULL           given/NULL
pid_start_ticks    given/NULL           given/kept           given/NULL           given/NULL
label              given/NULL           given/kept           given/kept           given/NULL
command            given/NULL           given/kept           given/kept           given/NULL
cwd                given/NULL           given/kept           given/kept           given/NULL
parent_session_id  given/NULL           given/kept           given/kept           given/NULL
token_budget       given/NULL           given/kept           given/kept           given/NULL
ended_at           NULL                 NULL                 NULL                 NULL
""")
RESULTS = ["create", "keep", "twin", "replace"]
BEFORE = {"status": "starting", "mode": "research", "owner_kind": "runtime_supervisor",
          "supervisor_id": "boss", "label": "L", "command": "C", "cwd": "/c",
          "parent_session_id": "ses_p", "token_budget": 7, **FAR}
GIVEN_ALL = {"status": "idle", "mode": "implement", "owner_kind": "runtime_supervisor",
             "supervisor_id": "chief", "label": "M", "command": "D", "cwd": "/d", "host": "far2",
             "boot_id": "b2", "pid": 8, "pid_start_ticks": 10, "parent_session_id": "ses_q",
             "token_budget": 0}


def expected(word, field, before, given, facts):
    """The value that a word of the table stands for."""
    if "/" in word:
        first, second = word.split("/")
        return given[field] if field in given else expected(second, field, before, given, facts)
    if word in facts:
        return facts[word]
    known = {"kept": before and before[field], "NULL": None}
    return known[word] if word in known else int(word) if word.isdigit() else word


def store(result, given, ask_ttl):
    """Runs a start that comes to RESULT, 10 seconds after a start that left 50 of 60 seconds of
    lease. Gives the row before and after it, the report, and the number that is next."""
    found = None
    if result != "create":
        found = t.verb("start", actor_id="ann", lease_ttl=60, **BEFORE)
        t.verb("heartbeat", fence=1, activity="busy", progress=0, outcome="hm")
        t.verb("heartbeat", fence=1, progress=1)
    t.clock(T0 + (60 if result == "replace" else 10))
    before = t.session(found["session_id"]) if found else None
    fence = found["fence"] if result == "keep" else None
    report = t.verb("start", actor_id="ann", lease_ttl=ask_ttl, fence=fence, **given)
    return before, t.session(report["session_id"]), report, before["revision"] + 1 if before else 1


for result in RESULTS:
    for given, what in ((GIVEN_ALL, "all given"), ({}, "nothing given")):
        for ask_ttl in (20, 50, 100):
            with t.situation(f"{result}, {what}, ttl {ask_ttl}"):
                before, after, report, following = store(result, given, ask_ttl)
                facts = {"now": t.now, "next": following, "asked": ask_ttl,
                         "longer": max(ask_ttl, 50), "+1": before and before["start_count"] + 1,
                         "minted": after["session_id"], "prior": before and before["session_id"]}
                want = {row[0]: expected(row[1 + RESULTS.index(result)], row[0], before, given, facts)
                        for row in STORED}
                is_({field: after[field] for field in want}, want,
                    f"{result} stores, {what}, ttl {ask_ttl}")
                is_(before is None or before["session_id"] != after["session_id"],
                    result in ("create", "replace"), f"{result}, {what}, ttl {ask_ttl}: id")
                is_(t.counter(), following, f"{result}, {what}, ttl {ask_ttl}: the counter follows")

# The same for the interactive ones, whose owner is a word and whose lease is their last sign.
INTERACTIVE = table("""
owner_kind         interactive interactive interactive
owner_id           interactive interactive interactive
lease_ttl          NULL        NULL        NULL
last_heartbeat_at  NULL        kept        NULL
started_at         now         kept        now
last_started_at    now         now         now
start_count        1           +1          1
mode               general     kept        general
current_activity   NULL        NULL        NULL
activity_at        NULL        NULL        NULL
fence              next        kept        next
revision           next        next        next
""")
for column, result in enumerate(["create", "keep", "replace"], 1):
    for beat in (0, 1):
        with t.situation(f"interactive {result}, heartbeat {beat}"):
            before = None
            if result != "create":
                before = t.verb("start", mode="research")
                if beat:
                    t.verb("heartbeat", activity="typing")
                before = t.session(before["session_id"])
                t.clock(T0 + (28801 if result == "replace" else 10))
            after = t.session(t.verb("start")["session_id"])
            facts = {"now": t.now, "next": before["revision"] + 1 if before else 1, "+1": 2}
            want = {row[0]: expected(row[column], row[0], before, {}, facts) for row in INTERACTIVE}
            is_({field: after[field] for field in want}, want,
                f"interactive {result} stores, heartbeat {beat}")

# The replaced session ends in the nearest legal way, whatever its status.
for status in [s for s in STATUSES if s not in TERMINAL]:
    with t.situation(f"replaced while {status}"):
        old = t.in_status(status, actor_id="ann", lease_ttl=60, supervisor_id="boss")
        t.clock(T0 + 60)
        new = t.session(t.verb("start", actor_id="ann", lease_ttl=60)["session_id"])
        row = t.session(old)
        end = "destroyed" if status == "destroying" else "failed"
        is_([row[field] for field in ("status", "end_reason", "ended_by", "ended_at", "revision")],
            [end, "stale_reset", "ann", T0 + 60, new["revision"]], f"replaced while {status}: it ends")
        is_((new["supervisor_id"], new["predecessor_id"]), ("boss", old),
            f"replaced while {status}: supervisor and predecessor are taken over")

# A clock that stepped back lengthens no lease, however often one joins: it runs from its stamp.
for ttl in (60, TTL_MAX):
    with t.situation(f"joining 10 seconds earlier, ttl {ttl}"):
        t.verb("start", actor_id="ann", lease_ttl=ttl)
        t.clock(T0 - 10)
        for join in (1, 2):
            t.verb("start", actor_id="ann", lease_ttl=1, fence=1)
            row = t.holder()
            is_((row["lease_ttl"], row["lease_expires_at"]), (ttl, T0 + ttl),
                f"joining 10 seconds earlier, ttl {ttl}, time {join}: the lease ends when it did")

with t.situation("strictness"):
    t.verb("start", actor_id="ann", lease_ttl=60)
    row = t.session(t.verb("start", actor_id="ann", lease_ttl=60, fence=1, strict=1)["session_id"])
    is_(row["strict"], 1, "a joining start may make a session strict")
    row = t.session(t.verb("start", actor_id="ann", lease_ttl=60, fence=1, strict=0)["session_id"])
    is_(row["strict"], 1, "and none makes it lax again")

with t.situation("a change of kind"):
    t.verb("start", actor_id="ann", lease_ttl=60)
    t.verb("start", actor_id="ann", lease_ttl=60, owner_kind="runtime_supervisor", fence=1)
    is_(t.sql("SELECT json_extract(detail, '$.owner_kind'), json_extract(detail, '$.prior_owner_kind')"
              " FROM tenure_event WHERE event = 'session.joined'"),
        [("runtime_supervisor", "runtime_worker")], "a change of kind is logged")

# Numbers: create, keep, twin, heartbeat, replace, clear, start again.
NUMBERS = table("""
start      -  0    1 1  create
start      1  1    2 1  keep
start      -  2    3 3  twin
heartbeat  3  3    4 3  -
start      3  63   5 5  replace
clear      5  64   6 5  -
start      -  65   7 7  create
start      1  125  8 8  replace   # a fence is ignored where the row is replaced
""")
with t.situation("numbers"):
    for verb, fence, at, revision, stored, result in NUMBERS:
        t.clock(T0 + int(at))
        columns = {"lease_ttl": 60} if verb == "start" else {}
        report = t.verb(verb, actor_id="ann", fence=number(fence), **columns)
        row = t.rows("SELECT * FROM tenure_session ORDER BY revision DESC, fence DESC LIMIT 1")[0]
        is_((row["revision"], row["fence"], t.counter()), (int(revision), int(stored), int(revision)),
            f"numbers: {verb} at {at} leaves revision {revision}, fence {stored}, counter {revision}")
        if result != "-":
            is_(result_of(report), result, f"numbers: {verb} at {at} is {result}")

# Reports.
with t.situation("reports"):
    create = t.verb("start", scope="s", actor_id="ann", lease_ttl=60)
    first = create["session_id"]
    base = {"command": "session-state-start", "ok": True, "scope": "s", "session_id": first,
            "fence": 1, "revision": 1, "started_at_epoch_s": T0, "last_started_at_epoch_s": T0,
            "start_count": 1, "mode": "general", "lifecycle": "autonomous",
            "owner_kind": "runtime_worker", "actor_id": "ann", "lease_ttl_secs": 60,
            "last_heartbeat_at_epoch_s": T0, "lease_expires_at_epoch_s": T0 + 60, "reset": True,
            "warning": None}
    is_(create, base, "report of create")
    t.verb("heartbeat", scope="s", fence=1, activity="tests")
    t.clock(T0 + 5)
    keep = t.verb("start", scope="s", actor_id="ann", lease_ttl=9, fence=1, supervisor_id="boss")
    base |= {"revision": 3, "last_started_at_epoch_s": T0 + 5, "start_count": 2, "reset": False,
             "lease_ttl_secs": 55, "last_heartbeat_at_epoch_s": T0 + 5, "supervisor_id": "boss",
             "current_activity": "tests", "activity_updated_at_epoch_s": T0}
    is_(keep, base | {"warning": keep["warning"]}, "report of keep")
    twin = t.verb("start", scope="s", actor_id="ann", lease_ttl=60)
    base |= {"revision": 4, "fence": 4, "start_count": 3, "lease_ttl_secs": 60,
             "lease_expires_at_epoch_s": T0 + 65}
    is_(twin, base | {"warning": twin["warning"]}, "report of a twin")
    t.clock(T0 + 65)
    replace = t.verb("start", scope="s", actor_id="ann", lease_ttl=60)
    base |= {"session_id": replace["session_id"], "prior_session_id": first, "fence": 5, "revision": 5,
             "started_at_epoch_s": T0 + 65, "last_started_at_epoch_s": T0 + 65, "start_count": 1,
             "last_heartbeat_at_epoch_s": T0 + 65, "lease_expires_at_epoch_s": T0 + 125,
             "reset": True}
    del base["current_activity"], base["activity_updated_at_epoch_s"]
    is_(replace, base | {"warning": replace["warning"]}, "report of replace")
    is_(replace["session_id"] != first, True, "which is about a new session")
    for report, word in ((keep, "joined"), (twin, "twin"), (replace, "replaced")):
        says = all(text in report["warning"] for text in (word, "scope s", "ann"))
        ok(says, f"the warning says what was done, where and to whom: {report['warning']}")

with t.situation("interactive reports"):
    create = t.verb("start")
    is_(create, {"command": "session-state-start", "ok": True, "scope": "main",
                 "session_id": create["session_id"], "fence": 1, "revision": 1,
                 "started_at_epoch_s": T0, "last_started_at_epoch_s": T0, "start_count": 1,
                 "mode": "general", "lifecycle": "interactive", "owner_kind": "interactive",
                 "actor_id": "interactive", "reset": True, "warning": None},
        "report of an interactive create")
    keep = t.verb("start")
    is_(keep, create | {"revision": 2, "start_count": 2, "reset": False, "warning": keep["warning"]},
        "report of an interactive keep")
    ok("joined: an interactive session" in keep["warning"] and "scope main" in keep["warning"],
       f"its warning: {keep['warning']}")

# Validation: rank, code, columns. The lower rank wins; ranks that are equal have no order.
INTERACTIVE_FAULTS = [
    (1, "opt.owner_kind", {"owner_kind": "runtime_worker"}),
    (2, "opt.actor_id", {"actor_id": "ann"}),
    (3, "opt.supervisor_id", {"supervisor_id": "boss"}),
    (4, "opt.lease", {"lease_ttl": 60}),
]
AUTONOMOUS_FAULTS = [
    (1, "opt.actor_required", {"actor_id": None}),
    (2, "opt.lease_required", {"lease_ttl": None}),
    (3, "opt.kind_not_autonomous", {"owner_kind": "interactive"}),
    (4, "opt.lease_range", {"lease_ttl": 0}),
    (4, "opt.lease_range", {"lease_ttl": TTL_MAX + 1}),
    (5, "opt.blank_id", {"actor_id": " \u2003"}),
    (5, "opt.bad_id", {"supervisor_id": "interactive"}),
]
COMMON_FAULTS = [
    (9, "opt.bad_id", {"parent_session_id": "a\nb"}),
    (9, "opt.scope", {"scope": "a\nb"}),
    (9, "opt.mode", {"mode": "General"}),
    (9, "opt.status", {"status": "ready"}),
    (9, "opt.strict", {"strict": 2}),
    (9, "opt.token_budget", {"token_budget": -1}),
    (9, "opt.text", {"label": "x" * 65537}),
    (9, "opt.process", {"pid": 0}),
]
BASES = [({"lifecycle": "interactive"}, INTERACTIVE_FAULTS),
         ({"lifecycle": "autonomous", "actor_id": "ann", "lease_ttl": 60}, AUTONOMOUS_FAULTS)]
t.verb("start", actor_id="zoe", lease_ttl=60)  # a holder who would refuse everybody
for base, faults in BASES:
    faults = faults + COMMON_FAULTS
    for i, (rank, code, columns) in enumerate(faults):
        t.refused(code, "start", **base | columns)
        for other_rank, other, more in faults[i + 1:]:
            if set(columns) & set(more):
                continue
            name = f"{base['lifecycle']}: {code} before {other}: {columns} {more}"
            got = t.outcome("start", **base | columns | more)
            want = [code] if rank < other_rank else [code, other]
            ok(isinstance(got, str) and got in want, f"{name}: {str(got)[:99]}")

# A word that is no lifecycle is judged with the other words: after the lease and the ids.
for code, columns in (("opt.lease_range", {"lease_ttl": 0}), ("opt.blank_id", {"actor_id": " "}),
                      ("opt.bad_id", {"supervisor_id": "interactive"}), ("opt.lifecycle", {"owner_kind": "x"})):
    t.refused(code, "start", lifecycle="auto", **columns, test=f"{code} beside a word that is no lifecycle")

# Values at the edges of what is allowed.
EDGES = [
    ("lease_ttl", [1, TTL_MAX, "60", 60.0], [0, -1, TTL_MAX + 1, INT_MAX, 1.5, "", "x", "6 0", b"60"],
     "opt.lease_range"),
    ("actor_id", ["a", "é" * 100, "a b", "x" * 200, "Interactive", "unknown"],
     ["x" * 201, "é" * 100 + "x", "a\nb", "a\x1b[31m", "\x7fa", "a\u0085", "a\u202e", "a\0b",
      b"\xff\xfe", "interactive"], "opt.bad_id"),
    ("actor_id", [], ["", " ", "\t", "\u2003\u00a0"], "opt.blank_id"),
    ("supervisor_id", ["ann", "x" * 200], ["x" * 201, "interactive", "\x01"], "opt.bad_id"),
    ("parent_session_id", ["ses_1"], ["x" * 201, "a\rb"], "opt.bad_id"),
    ("owner_kind", ["runtime_worker", "runtime_supervisor"],
     ["", "worker", "Runtime_worker", 1, b"runtime_worker"], "opt.owner_kind"),
    ("mode", ["general", "research", "implement"], ["", "GENERAL", "general ", 0, b"general"], "opt.mode"),
    ("status", ["running", "starting", "idle"], STATUSES[3:] + ["", "Running", b"running"],
     "opt.status"),
    ("strict", [0, 1, "1", 0.0], [2, -1, "yes", ""], "opt.strict"),
    ("token_budget", [0, 1, INT_MAX, "7"], [-1, "x", 1.5], "opt.token_budget"),
    ("scope", ["s", "/a/b c", "x" * 4096, ""], [" ", "x" * 4097, "a\nb", "a\u202eb", b"\xff"], "opt.scope"),
    ("label", ["", "x" * 65536, "a\nb"], ["x" * 65537, "a\0b", b"\xff"], "opt.text"),
    ("command", ["", "a\nb"], ["x" * 65537, b"\xff"], "opt.text"),
    ("cwd", ["/"], ["x" * 65537, b"\xff"], "opt.text"),
    ("host", ["h"], ["x" * 65537, b"\xff"], "opt.text"),
    ("boot_id", ["b"], ["x" * 65537, b"\xff"], "opt.text"),
    ("pid", [1, 2147483647, "7"], [0, -1, 2147483648, "x", 1.5], "opt.process"),
    ("pid_start_ticks", [0, INT_MAX], [-1, "x"], "opt.process"),
    ("lifecycle", ["autonomous"], ["", "Autonomous", "auto", 1, b"autonomous"], "opt.lifecycle"),
]
STORED_AS = {"actor_id": "owner_id"}
INTEGERS = {"lease_ttl", "strict", "token_budget", "pid", "pid_start_ticks"}


def shown(value):
    text = repr(value)
    return text if len(text) < 40 else f"{text[:20]}… ({len(value)})"


for column, good, bad, code in EDGES:
    for value in good:
        with t.situation(f"{column} {shown(value)}"):
            columns = {"scope": "free", "actor_id": "ann", "lease_ttl": 60, column: value}
            report = t.outcome("start", **columns)
            stored = t.session(report["session_id"]).get(STORED_AS.get(column, column)) \
                if isinstance(report, dict) else report
            want = int(value) if column in INTEGERS else value
            want = {"lifecycle": None, "scope": value or None}.get(column, want)
            is_(stored, want, f"{column} {shown(value)} is accepted")
    for value in bad:
        columns = {"scope": "free", "actor_id": "ann", "lease_ttl": 60, column: value}
        t.refused(code, "start", test=f"{column} {shown(value)}: {code}", **columns)

done()
