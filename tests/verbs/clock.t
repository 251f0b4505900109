#!/usr/bin/python3
"""The clock (02, "Clock"): virtual and machine rows apart, stamps that never run back, and the evidence
by which a lease is judged on the machine that granted it."""

import os
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import diag, done, is_, ok  # noqa: E402
from tenure import T0, Tenure, number, table  # noqa: E402

NANO = 1_000_000_000
EVIDENCE = ["lease_machine", "lease_boot_id", "lease_deadline_mono", "lease_file"]

t = Tenure()

# tenure_clock() itself.
for value in (0, 1, T0, 253402300799, "7", 7.0):
    is_(t.sql("SELECT tenure_clock(?), session_now()", (value,)), [(int(value), int(value))],
        f"tenure_clock({value!r}) sets the clock")
for value in (-1, 253402300800, "x", 1.5, "", b"1"):
    t.refused_sql("usage.time", "SELECT tenure_clock(?)", (value,), test=f"tenure_clock({value!r})")
is_(t.value("SELECT session_now()"), 7, "what is refused leaves the clock")
t.clock(None)
ok(abs(t.value("SELECT session_now()") - time.time()) < 60, "tenure_clock(NULL) gives the machine's back")
other = Tenure()
ok(t.value("SELECT session_now()") > other.value("SELECT session_now()"), "each connection has its own")

# A connection changes only rows of its own clock. How the row is, and what would be right otherwise.
ANN = {"actor_id": "ann"}
CHANGES = [
    ("live", "heartbeat", ANN), ("live", "start", ANN | {"lease_ttl": 60}),
    ("live", "start", ANN | {"lease_ttl": 60, "fence": 1}), ("live", "clear", ANN),
    ("live", "transition", ANN | {"status": "exited"}), ("stale", "start", ANN | {"lease_ttl": 60}),
    ("stale", "takeover", {"actor_id": "bob", "reason": "r"}), ("stale", "clear", ANN),
    ("stale", "resume", ANN), ("ended", "resume", ANN), ("ended", "transition", ANN | {"status": "destroyed"}),
    ("forced", "resume", ANN), ("forced", "transition", ANN | {"status": "destroyed"}),
    ("interactive", "heartbeat", {}), ("interactive", "start", {}), ("interactive", "clear", {}),
]
RAW = [
    ("live", "UPDATE tenure_session SET label = 'x', revision = revision + 1"),
    ("live", "UPDATE tenure_session SET status = 'exited', revision = revision + 1"),
    ("live", "UPDATE tenure_session SET last_heartbeat_at = session_now(), revision = revision + 1"),
    ("ended", "UPDATE tenure_session SET label = 'x', revision = revision + 1"),
    ("forced", "UPDATE tenure_session SET label = 'x', revision = revision + 1"),
    ("ended", "DELETE FROM tenure_session"), ("forced", "DELETE FROM tenure_session"),
]


def build(state, clock, act_clock):
    """Ann's session of 60 seconds on CLOCK, in STATE for one who acts on ACT_CLOCK."""
    now = int(time.time())
    at = {"machine": None, "virtual": now - (999 if state == "stale" else 0)}
    t.clock(at[clock])
    owner = {} if state == "interactive" else ANN | {"lease_ttl": 60}
    session = t.verb("start", **owner)["session_id"]
    if state == "ended":
        t.verb("clear", **ANN)
    if state == "forced":
        t.verb("clear", force=1, reason="r")
    t.clock(None if act_clock == "machine" else now + (999 if state == "stale" else 0))
    return session


for clock, act_clock in (("machine", "virtual"), ("virtual", "machine")):
    for state, verb, columns in CHANGES:
        with t.situation(f"{verb} of a {state} {clock} row by a {act_clock} connection"):
            session = build(state, clock, act_clock)
            named = {"session_id": session} if verb in ("transition", "resume") else {}
            t.refused("usage.clock", verb, says=[clock, act_clock], **columns | named,
                      test=f"{verb} of a {state} {clock} row by a {act_clock} connection: usage.clock")
    for state, statement in RAW:
        with t.situation(f"{statement} on {clock}"):
            build(state, clock, act_clock)
            t.refused_sql("usage.clock", statement, says=[clock, act_clock],
                          test=f"by a {act_clock} connection on a {state} {clock} row: {statement}")
    with t.situation("forced clear"):
        session = build("live", clock, act_clock)
        t.clock(None if clock == "machine" else int(time.time()))
        t.verb("turn_begin", session_id=session, turn_id="t1")
        last = t.session(session)["changed_at"]
        t.clock(None if act_clock == "machine" else last + 10**6)
        is_(t.verb("clear", force=1, reason="r")["cleared"], True,
            f"a forced clear of a {clock} row by a {act_clock} connection is exempt")
        row = t.session(session)
        is_((row["clock"], row["end_reason"]), (clock, "forced"), "and says what it was")
        is_((row["ended_at"], row["changed_at"], t.value("SELECT max(at) FROM tenure_event")),
            (last,) * 3, "and ends in the last second that its clock knew")
        t.verb("start")
        is_(t.holder()["clock"], act_clock, "the scope is free for a session of the other clock")
    with t.situation("raw INSERT"):
        t.clock(None if act_clock == "machine" else T0)
        t.refused_sql("usage.clock", "INSERT INTO tenure_session(session_id, clock, started_at, "
                      "last_started_at, changed_at, revision, fence) VALUES ('ses_x', ?, 1, 1, 1, 1, 1)",
                      (clock,), says=[clock, act_clock], test=f"INSERT of a {clock} row on {act_clock}")

# What each verb stores never runs back with the clock; new rows and a resume write now.
STAMPS = ["started_at", "last_started_at", "last_heartbeat_at", "progress_at", "changed_at",
          "activity_at", "ended_at"]
BACKWARDS = [("heartbeat", ANN | {"activity": "a", "progress": 1}),
             ("start", ANN | {"lease_ttl": 60, "fence": 1}), ("start", ANN | {"lease_ttl": 60}),
             ("transition", ANN | {"status": "ready"}), ("transition", ANN | {"status": "exited"}),
             ("clear", ANN), ("clear", {"force": 1, "reason": "r"})]
for verb, columns in BACKWARDS:
    with t.situation(f"{verb} {columns}, 30 seconds back"):
        session = t.verb("start", **ANN, lease_ttl=60)["session_id"]
        t.clock(T0 + 10)
        t.verb("heartbeat", activity="first", progress=1, **ANN)
        before = t.session(session)
        t.clock(T0 - 20)
        named = {"session_id": session} if verb == "transition" else {}
        t.verb(verb, **columns, **named)
        after = t.session(session)
        back = [name for name in STAMPS if before[name] and after[name] < before[name]]
        is_(back, [], f"{verb} {sorted(columns)}, 30 seconds back: no stamp runs back")
        times = [at for at, in t.sql("SELECT at FROM tenure_event WHERE session_id = ? ORDER BY seq", (session,))]
        is_(times, sorted(times), f"{verb} {sorted(columns)}, 30 seconds back: nor does the log")
        ok(after["ended_at"] is None or after["ended_at"] >= after["started_at"],
           f"{verb} {sorted(columns)}, 30 seconds back: no end before the beginning")
        at = [row[0] for row in t.sql("SELECT at FROM tenure_event WHERE session_id = ? ORDER BY seq",
                                      (session,))]
        is_(at, sorted(at), f"{verb} {sorted(columns)}, 30 seconds back: nor does the log")

# A forced clear from the other clock ends the open turn too, in the last second that the session's own clock knew: ahead
# of that clock and behind it. The turn began before that second.
for virtual in (True, False):
    for away in (10**6, -10**6):
        name = f"forced clear of a {'virtual' if virtual else 'machine'} row by the other clock, {away} s away"
        with t.situation(name):
            t.clock(T0 if virtual else None)
            session = t.verb("start", **ANN, lease_ttl=60)["session_id"]
            last = t.session(session)["changed_at"]
            t.sql("INSERT INTO tenure_turn (session_id, turn_id, incarnation, state, started_at)"
                  " VALUES (?, 't1', 1, 'running', ?)", (session, last - 50))
            t.sql("INSERT INTO tenure_turn_input (session_id, turn_id, seq, payload, at) VALUES (?, 't1', 1, 'x', ?)",
                  (session, last - 50))
            t.sql("INSERT INTO tenure_request (session_id, request_id, attempt, incarnation, turn_id, kind, state, created_at)"
                  " VALUES (?, 'q', 1, 1, 't1', 'approval', 'pending', ?)", (session, last - 50))
            last = t.session(session)["changed_at"]
            t.clock(None if virtual else last + away)
            t.verb("clear", force=1, reason="r")
            is_(t.sql("SELECT ended_at, (SELECT ended_at FROM tenure_turn), (SELECT resolved_at FROM tenure_request),"
                      " (SELECT group_concat(DISTINCT at) FROM tenure_history) FROM tenure_session"),
                [(last, last, last, str(last))], f"{name}: session, turn, request and history end at once")
            t.clock(last + 10 if virtual else None)
            t.verb("resume", session_id=session, actor_id="ann")
            ok(t.value("SELECT max(t.ended_at) <= max(s.changed_at) FROM tenure_turn AS t, tenure_session AS s"),
               f"{name}: and nothing of it is ahead of who goes on")

# What belongs to a session is told in the order in which it happened, too.
with t.situation("turns, 30 seconds back"):
    session = t.verb("start", **ANN, lease_ttl=60)["session_id"]
    t.clock(T0 + 10)
    t.verb("heartbeat", **ANN)
    t.clock(T0 - 20)
    t.verb("turn_begin", session_id=session, turn_id="t1")
    t.verb("request_open", session_id=session, request_id="q", kind="approval")
    t.verb("turn_end", session_id=session, turn_id="t1")
    t.verb("record_result", session_id=session, status="success")
    told = t.sql("SELECT event, at FROM tenure_event WHERE session_id = ? ORDER BY seq", (session,))
    is_((told[0], {at for _, at in told[1:]}), (("session.created", T0), {T0 + 10}),
        "30 seconds back: the log of turns, requests and results stays where it was")
    ok({"turn.started", "request.opened", "request.expired", "turn.completed", "result.recorded"}
       <= {event for event, _ in told}, "with each of them in it")

# A stamp further ahead than the ttl says nothing about now. seconds -> stale, why, left
AHEAD = table("""
 59  0 -        1
 60  1 expired  0
  0  0 -       60
-59  0 -      119
-60  0 -      120
-61  1 clock    0
""")
for at, stale, why, left in AHEAD:
    with t.situation(f"at {at}"):
        t.verb("start", **ANN, lease_ttl=60)
        t.clock(T0 + int(at))
        row = t.holder()
        is_((row["stale"], row["stale_reason"], row["remaining_secs"]),
            (int(stale), None if why == "-" else why, int(left)), f"judged at {at}: {why}")
with t.situation("an interactive stamp ahead"):
    t.verb("start")
    t.clock(0)
    is_(t.holder()["stale"], 0, "an interactive session of the future is of age 0, not stale")


def evidence(who, scope="main"):
    row = who.holder(scope)
    return [row[name] for name in EVIDENCE]


def tamper(who, **columns):
    """Writes what the guards would refuse: without them, which tenure_install() puts back."""
    for (name,) in who.sql("SELECT name FROM sqlite_schema WHERE type = 'trigger'"
                           " AND tbl_name = 'tenure_session'"):
        who.sql(f"DROP TRIGGER {name}")
    names = ", ".join(f"{name} = ?" for name in columns)
    who.sql(f"UPDATE tenure_session SET {names}", tuple(columns.values()))
    who.sql("SELECT tenure_install()")


# No evidence: in memory, on a virtual clock, for an interactive session.
with t.situation("in memory"):
    t.clock(None)
    t.verb("start", **ANN, lease_ttl=60)
    is_(evidence(t), [None] * 4, "a database in memory has no file, so no evidence")
folder = tempfile.TemporaryDirectory()
path = os.path.join(folder.name, "t.db")
f = Tenure(path)
f.sql("PRAGMA synchronous = OFF")  # nothing here is about a power cut
with f.situation("virtual"):
    f.verb("start", **ANN, lease_ttl=60)
    f.verb("heartbeat", **ANN)
    is_(evidence(f), [None] * 4, "a virtual clock gives none")
f.clock(None)
f.verb("start", scope="typing")
f.verb("heartbeat", scope="typing")
is_(evidence(f, "typing"), [None] * 4, "an interactive session has no lease to give any for")

known = bool(f.value("SELECT lease_grant('machine', 60)"))
if not known:
    diag("this machine cannot be identified (no /etc/machine-id): leases go by the wall clock alone,"
         " and what follows is not tried")


def grant_is_fresh(name, ttl):
    """The living row of main has the evidence of a grant made just now."""
    machine, boot, deadline, where = evidence(f)
    stat = os.stat(path)
    left = (deadline or 0) - time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    with open("/etc/machine-id", encoding="ascii") as file:
        machine_id = file.read().strip()
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        boot_id = file.read().strip()
    ok(machine and machine.startswith(machine_id) and boot == boot_id and (ttl - 60) * NANO < left
       <= ttl * NANO and where == f"{stat.st_dev:x}:{stat.st_ino}",
       f"{name} stores the machine, its boot, the deadline and the file")


def grants():
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    for ttl in (-1, -9223372036854775807, 0):
        deadline = f.value("SELECT lease_grant('deadline', ?)", (ttl,))
        ok(before <= deadline <= time.clock_gettime_ns(time.CLOCK_MONOTONIC), f"a lease of {ttl} seconds is over at once")
    is_(f.value("SELECT lease_grant('deadline', 9223372036854775807)"), 2**63 - 1, "and one without end has none")
    f.verb("start", **ANN, lease_ttl=1000)
    grant_is_fresh("create", 1000)
    for _ in range(5):  # as often as a second goes by between the two
        tamper(f, lease_deadline_mono=time.clock_gettime_ns(time.CLOCK_MONOTONIC) + 500 * NANO)
        left = f.holder()["remaining_secs"]
        if left == 500:
            break
    is_(left, 500, "what is left is counted on the monotonic clock")
    f.verb("heartbeat", **ANN)
    grant_is_fresh("heartbeat", 1000)
    report = f.verb("start", **ANN, lease_ttl=70, fence=1)
    grant_is_fresh("keep, which never shortens a lease,", report["lease_ttl_secs"])
    ok(990 < report["lease_ttl_secs"] <= 1000, "so its ttl is what was left")
    tamper(f, lease_deadline_mono=1)
    f.verb("start", **ANN, lease_ttl=1000)
    grant_is_fresh("replace", 1000)
    tamper(f, lease_deadline_mono=1)
    session = f.verb("takeover", actor_id="bob", reason="r")["session_id"]
    grant_is_fresh("takeover", 1000)
    tamper(f, lease_deadline_mono=1)
    f.verb("resume", session_id=session, actor_id="bob", lease_ttl=2000)
    grant_is_fresh("resume", 2000)
    f.verb("clear", actor_id="bob")


# machine, boot, file: s the same, o other, - NULL; the deadline and the heartbeat in seconds from now;
# the ttl is 60 -> why it is stale. The first four must all be there, else the wall clock decides.
JUDGED = table("""
s s s   60      0  -
s s s   60   -999  -        # time was set forward: the wall clock says it ran out, the deadline not
s s s   60   9999  -        # time was set back
s s s   -1      0  expired
s s s   -1   9999  expired
s o s   60      0  reboot
s o s   -1      0  reboot
s s o   60      0  copied
s o o   60      0  copied
s s o   -1      0  copied
o s s   60      0  -        # another machine: the wall clock
o s s   -1      0  -
o o o   60    -50  -
o s s   60    -61  expired
o s s   60    -999 expired
o s s   60     59  -
o s s   60    120  clock
- s s   60    -61  expired
s - s   60    -61  expired
s s -   60    -61  expired
s s s    -    -61  expired
s s s    -      0  -
- - -    -      0  -
- - -    -    120  clock
- - -    -    -61  expired
""")


def judge():
    for machine, boot, file, deadline, beat, why in JUDGED:
        name = f"machine {machine}, boot {boot}, file {file}, deadline {deadline}, beat {beat}: {why}"
        f.clock(None)
        f.verb("start", scope="j", **ANN, lease_ttl=60)
        same = dict(zip(EVIDENCE, evidence(f, "j")))
        words = dict(zip(("lease_machine", "lease_boot_id", "lease_file"), (machine, boot, file)))
        columns = {field: {"s": same[field], "o": "other", "-": None}[word]
                   for field, word in words.items()}
        mono = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        columns["lease_deadline_mono"] = None if deadline == "-" else mono + int(deadline) * NANO
        tamper(f, last_heartbeat_at=int(time.time()) + number(beat), **columns)
        row = f.holder("j")
        is_((row["stale"], row["stale_reason"]), (int(why != "-"), None if why == "-" else why), name)
        if why == "-":
            ok(f.verb("heartbeat", scope="j", **ANN)["ok"], f"{name}; the holder may renew it")
        else:
            f.refused("heartbeat.stale", "heartbeat", scope="j", says=["ann", why], **ANN,
                      test=f"{name}; it cannot be renewed")
        f.verb("clear", scope="j", force=1, reason="next")
        f.sql("DELETE FROM tenure_session WHERE scope = 'j'")


def copies():
    f.verb("start", **ANN, lease_ttl=1000)
    copy = os.path.join(folder.name, "copy.db")
    shutil.copy(path, copy)
    c = Tenure(copy, at=None, install=False)
    is_((c.holder()["stale_reason"], f.holder()["stale_reason"]), ("copied", None),
        "a copied database carries no live lease, and the original keeps its own")
    c.refused("heartbeat.stale", "heartbeat", says=["ann", "copied"], **ANN)
    is_(c.verb("takeover", actor_id="bob", reason="r")["prior_actor_id"], "ann", "so it can be taken over")
    is_((c.holder()["stale"], evidence(c)[3] != evidence(f)[3]), (0, True), "and is that file's own then")
    c.db.close()
    f.sql("VACUUM")
    is_(f.holder()["stale"], 0, "VACUUM keeps the lease")
    f.db.close()
    moved = os.path.join(folder.name, "moved.db")
    os.rename(path, moved)
    m = Tenure(moved, at=None, install=False)
    is_(m.holder()["stale"], 0, "a file that was moved is the same file")
    for column, value in (("lease_deadline_mono", evidence(m)[2] + 30 * NANO), ("lease_boot_id", "b"),
                          ("lease_machine", None), ("lease_file", "1:1")):
        m.refused_sql("write.evidence",
                      f"UPDATE tenure_session SET {column} = ?, revision = revision + 1 WHERE scope = 'main' "
                      "AND ended_at IS NULL",
                      (value,), test=f"evidence is not written by hand: {column}")
    m.clock(T0)
    is_(m.holder()["stale"], 1, "on a virtual clock the wall rule judges: a stamp far ahead")
    m.db.close()


if known:
    grants()
    judge()
    copies()
folder.cleanup()

# A verb reads the clock once: here it moves on as soon as the first row is written.
t.db.create_function("tick", 0, lambda: t.sql("SELECT tenure_clock(?)", (T0 + 999,))[0][0])
with t.situation("one reading"):
    t.verb("start", **ANN, lease_ttl=60)
    t.clock(T0 + 60)
    t.sql("CREATE TEMP TRIGGER tick AFTER UPDATE ON main.tenure_session BEGIN SELECT tick(); END")
    report = t.verb("takeover", actor_id="bob", reason="r")
    is_(t.value("SELECT session_now()"), T0 + 999, "the clock moved on while the verb ran")
    row, old = t.session(report["session_id"]), t.session(report["prior_session_id"])
    is_({row[name] for name in STAMPS if row[name]} | {old["ended_at"], old["changed_at"]}, {T0 + 60},
        "a verb reads the clock once: one moment is stamped everywhere")
    is_(t.value("SELECT count(*) FROM tenure_event WHERE at > ?", (T0 + 60,)), 0, "in the log, too")

done()
