#!/usr/bin/python3
"""The verdict on a living session (04, "Process identity"), by its process and by its silence, and what each
verb does with it: what is not known to be dead is never settled, never stolen and never collected.
"""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import connect, done, error_of, is_, ok, skip  # noqa: E402
from tenure import T0, Tenure, code_of  # noqa: E402

t = Tenure()
HOST, BOOT = t.sql("SELECT host_name(), host_boot_id()")[0]
UUID, SPACE = BOOT.split("/")
ME = os.getpid()
TICKS = t.value("SELECT process_start_ticks(?)", (ME,))


def zombie():
    """A child that has ended and that nobody has waited for."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    ticks = t.value("SELECT process_start_ticks(?)", (pid,))
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    return pid, ticks


def reaped():
    """A child that has ended and is gone."""
    pid = os.fork()
    if pid == 0:
        time.sleep(60)
    ticks = t.value("SELECT process_start_ticks(?)", (pid,))
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    return pid, ticks


def process(pid=ME, ticks=TICKS, boot=BOOT, host=HOST):
    return {name: value for name, value in (("pid", pid), ("pid_start_ticks", ticks), ("boot_id", boot),
                                            ("host", host)) if value is not None}


ZOMBIE, REAPED = zombie(), reaped()
OTHER_BOOT = "11111111-2222-3333-4444-555555555555/" + SPACE
# whose process | its identity | what is known of it
PROCESSES = [
    ("of this test", process(), "live"),
    ("that does not exist", process(2147483647, 1), "dead"),
    ("that has ended", process(*REAPED), "dead"),
    ("a zombie", process(*ZOMBIE), "dead"),
    ("whose pid somebody has by now", process(ticks=TICKS - 1), "dead"),
    ("whose pid somebody had before", process(ticks=TICKS + 1), "dead"),
    ("of another boot", process(boot=OTHER_BOOT), "dead"),
    ("of another boot, with a pid that is alive now", process(boot=OTHER_BOOT, ticks=TICKS), "dead"),
    ("of another host", process(2147483647, 1, host="elsewhere"), "unknown"),
    ("of another host, in another boot", process(boot=OTHER_BOOT, host="elsewhere"), "unknown"),
    ("of another pid namespace", process(2147483647, 1, f"{UUID}/{int(SPACE) + 1}"), "unknown"),
    ("without start ticks", process(2147483647, None), "unknown"),
    ("without a boot", process(2147483647, 1, None), "unknown"),
    ("without a host", process(2147483647, 1, host=None), "unknown"),
    ("without a pid", process(None, 1), "unknown"),
    ("with a boot that is none", process(2147483647, 1, "yesterday"), "unknown"),
    ("with a boot without a namespace", process(2147483647, 1, UUID), "unknown"),
    ("with start ticks of zero", process(2147483647, 0), "unknown"),
    ("that is not told", {}, "unknown"),
]

for name, identity, state in PROCESSES:
    given = [identity.get(column) for column in ("pid", "pid_start_ticks", "boot_id", "host")]
    is_(t.value("SELECT process_state(?, ?, ?, ?)", given), state, f"a process {name}: {state}")

# Who may not signal a process can still tell that it lives.
if os.geteuid() == 0:
    child = os.fork()
    if child == 0:
        os.setuid(65534)
        state = connect().execute("SELECT process_state(?, ?, ?, ?)", (ME, TICKS, BOOT, HOST)).fetchone()[0]
        os._exit(0 if state == "live" else 1)
    is_(os.waitpid(child, 0)[1], 0, "a process that may not be signalled: live")
else:
    skip("a process that may not be signalled: live", "only root can give up its rights")


def expected(state, kind, status, has_pid, age, ttl):
    """The verdict by the words of the rule."""
    stale = age >= ttl or age < -ttl if kind == "autonomous" else age > 28800
    overdue = age - ttl if kind == "autonomous" else 0
    starting = status == "starting" and not has_pid
    if state == "dead":
        return "dead"
    if state != "live" and kind == "autonomous" and stale and overdue > ttl and not (starting and age <= 60):
        return "dead"
    if state == "live" or not stale:
        return "owned"
    return "passive" if abs(age) <= 30 else "unknown"


AGES = [-10**6, -31, -30, -21, -20, -6, -5, 0, 1, 4, 5, 6, 9, 10, 11, 19, 20, 21, 29, 30, 31, 39, 40, 41, 59, 60, 61, 62, 10**6]
seen = set()
for name, identity, state in PROCESSES:
    for kind, ttl, status in (("autonomous", 20, "running"), ("autonomous", 5, "running"),
                              ("autonomous", 5, "starting"), ("autonomous", 20, "starting"),
                              ("autonomous", 20, "idle"), ("interactive", None, "running"),
                              ("interactive", None, "starting")):
        owner = {"actor_id": "ann", "lease_ttl": ttl} if kind == "autonomous" else {}
        with t.situation(f"{name}, {kind}"):
            t.verb("start", scope="s", status=status, **owner, **identity)
            got, want = {}, {}
            for age in AGES + ([28799, 28800, 28801] if kind == "interactive" else []):
                t.clock(T0 + age)
                got[age] = t.holder("s")["verdict"]
                want[age] = expected(state, kind, status, "pid" in identity, age, ttl)
            is_(got, want, f"the verdict on a {kind} session, {status}, ttl {ttl}, of a process {name}")
            seen |= set(want.values())
is_(sorted(seen), ["dead", "owned", "passive", "unknown"], "each verdict was met")

# What counts as activity is a change, a heartbeat, progress; not that time passes. A session of 20 seconds
# would be unknown from 31 on, and dead from 41.
for name, at, verb, columns, ages in (
        ("nothing", 21, None, {}, {30: "passive", 31: "unknown", 40: "unknown", 41: "dead"}),
        ("a change", 21, "transition", {"status": "ready"}, {31: "passive", 40: "passive", 41: "dead"}),
        ("a heartbeat", 15, "heartbeat", {}, {34: "owned", 35: "passive", 45: "passive", 46: "unknown"}),
        ("progress", 15, "heartbeat", {"progress": 1}, {45: "passive", 46: "unknown", 55: "unknown", 56: "dead"})):
    with t.situation(name):
        session = t.verb("start", scope="s", actor_id="ann", lease_ttl=20)["session_id"]
        t.clock(T0 + at)
        if verb:
            t.verb(verb, session_id=session, actor_id="ann", **columns)
        for age, want in ages.items():
            t.clock(T0 + age)
            is_(t.holder("s")["verdict"], want, f"{name} at {at} seconds: at {age} the verdict is {want}")

# --- what the verbs do with each: the process, the age, and what is allowed

BOB = {"actor_id": "bob", "lease_ttl": 60}


def attempts(session):
    """What everything that could end a session or take its scope comes to, each tried on its own."""
    came = {}
    for name, verb, columns in (
            ("settle", "settle", {"session_id": session}), ("settle all", "settle", {}),
            ("reap", "reap", {"idle_secs": 0}), ("gc", "gc", {"older_than_secs": 0}),
            ("takeover", "takeover", {"scope": "s", "actor_id": "bob", "reason": "r"}),
            ("start", "start", {"scope": "s", **BOB}),
            ("resume", "resume", {"session_id": session, "actor_id": "ann"})):
        t.sql("SAVEPOINT attempt")
        got = t.outcome(verb, **columns)
        row = t.session(session)
        came[name] = got if isinstance(got, str) else "ended" if row is None or row["ended_at"] else \
            "resumed" if row["incarnation"] > 1 else "left"
        t.sql("ROLLBACK TO attempt")
        t.sql("RELEASE attempt")
    got = error_of(t.db, "DELETE FROM tenure_session")
    came["DELETE"] = got and code_of(got[0])
    return came


def allowed(verdict, stale, dead):
    """What each attempt should come to. A lease that has run out may be taken: that is the lease, not the
    verdict. Only what is dead is settled, and only what is not owned is reaped."""
    over = stale or dead
    settled = "ended" if verdict == "dead" else "left"
    return {"settle": settled, "settle all": settled, "reap": "left" if verdict == "owned" else "ended",
            "gc": "left", "takeover": "ended" if over else "takeover.live",
            "start": "start.stale_other_owner" if over else "start.live_other_owner",
            "resume": "resumed" if over else "resume.live", "DELETE": "write.living"}


for name, identity, state in PROCESSES:
    for age in (0, 19, 20, 31, 40, 41):
        with t.situation(f"verbs, {name}, {age}"):
            session = t.verb("start", scope="s", actor_id="ann", lease_ttl=20, **identity)["session_id"]
            t.clock(T0 + age)
            verdict = expected(state, "autonomous", "running", "pid" in identity, age, 20)
            is_(attempts(session), allowed(verdict, age >= 20, state == "dead"),
                f"a process {name}, {age} seconds old: {verdict}, and every verb goes by it")

# Nothing is known of the process of a session whose lease lives: nobody may touch it, however old it is.
for name, identity, state in PROCESSES:
    if state == "unknown":
        with t.situation(f"held, {name}"):
            session = t.verb("start", scope="s", actor_id="ann", lease_ttl=20, **identity)["session_id"]
            for beat in range(1, 40):
                t.clock(T0 + 19 * beat)
                t.verb("heartbeat", scope="s", actor_id="ann")
            is_(attempts(session), allowed("owned", False, False), f"a process {name}, whose lease lives: untouched")

# A dead process is judged dead whatever the clock says, and what it left is nobody's.
with t.situation("at once"):
    session = t.verb("start", scope="s", actor_id="ann", lease_ttl=31536000, strict=1,
                     **process(*REAPED))["session_id"]
    is_((t.holder("s")["verdict"], t.holder("s")["abandoned"], t.holder("s")["stale"]), ("dead", 1, 0),
        "a lease of a year does not hide that its process is dead")
    is_(t.verb("settle", session_id=session)["settled"],
        [{"session_id": session, "scope": "s", "status": "failed"}],
        "and a strict session is settled without its fence")
os.waitpid(ZOMBIE[0], 0)
done()
