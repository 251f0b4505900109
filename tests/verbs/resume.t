#!/usr/bin/python3
"""tenure_resume: what can be resumed, by whom, and what the new incarnation is made of."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import done, is_, ok  # noqa: E402
from tenure import FAR, IDLE_MAX, STATUSES, T0, TTL_MAX, Tenure, table  # noqa: E402

# status -> while its lease lives; when it ran out
RESUMABLE = table("""
idle        resume.live          ok
starting    resume.live          ok
running     resume.live          ok
ready       resume.live          ok
interrupted resume.live          ok
error       resume.live          ok
exiting     resume.not_resumable resume.not_resumable
exited      ok                   ok
failed      ok                   ok
stopped     ok                   ok
destroying  resume.not_resumable resume.not_resumable
destroyed   resume.destroyed     resume.destroyed
""")

# who, fence -> an ended or stale session of ann's, supervised by boss, strict or not
WHO = table("""
-    -     resume.denied
bob  -     resume.denied
Ann  -     resume.denied
ann  -     ok
boss -     ok
-    right ok
bob  right ok
ann  wrong fence.token
bob  wrong fence.token
""")

# what is stored -> cleared, kept, now, given, or a value. Before it, everything was set.
MADE = table("""
scope             kept
incarnation       +1
status            starting
mode              kept
owner_kind        kept
owner_id          kept
supervisor_id     kept
strict            kept
clock             virtual
lease_ttl         given/kept
started_at        now
last_started_at   now
last_heartbeat_at now
changed_at        now
start_count       1
revision          next
fence             next
ended_at          NULL
end_reason        NULL
ended_by          NULL
end_note          NULL
exit_code         NULL
exit_signal       NULL
failure_origin    NULL
failure_reason    NULL
last_error        NULL
host              given/NULL
boot_id           given/NULL
pid               given/NULL
pid_start_ticks   given/NULL
predecessor_id    kept
parent_session_id kept
label             kept
""")

t = Tenure()


def begin(**columns):
    return t.verb("start", actor_id="ann", lease_ttl=60, supervisor_id="boss", **columns)["session_id"]


for status, live, stale in RESUMABLE:
    for age, want in ((59, live), (60, stale), (61, stale)):
        name = f"{status} at {age}: {want}"
        with t.situation(name):
            session = t.in_status(status, actor_id="ann", lease_ttl=60)
            before = t.session(session)
            t.clock(T0 + age)
            if want == "ok":
                report = t.verb("resume", session_id=session, actor_id="ann")
                is_((report["session_id"], report["incarnation"], report["status"], report["fence"],
                     report["revision"], t.counter()),
                    (session, 2, "starting") + (before["revision"] + 1,) * 3, name)
            else:
                t.refused(want, "resume", session_id=session, actor_id="ann", says=[session], test=name)
for lifecycle, age, want in (("interactive", IDLE_MAX, "resume.live"), ("interactive", IDLE_MAX + 1, "ok"),
                             ("dead", 0, "ok"), ("far", 0, "resume.live"), ("ahead", -61, "ok")):
    name = f"{lifecycle}, {age} seconds old: {want}"
    with t.situation(name):
        identity = {"dead": t.dead_process(), "far": FAR}.get(lifecycle, {})
        session = t.verb("start")["session_id"] if lifecycle == "interactive" else begin(**identity)
        t.clock(T0 + age)
        if want == "ok":
            is_(t.verb("resume", session_id=session, actor_id="ann")["incarnation"], 2, name)
        else:
            t.refused(want, "resume", session_id=session, actor_id="ann", says=[session], test=name)

for strict in (0, 1):
    for state in ("exited", "stale"):
        for who, fence, want in WHO:
            name = f"{state}, strict {strict}: actor {who}, fence {fence}: {want}"
            with t.situation(name):
                session = begin(strict=strict)
                if state == "exited":
                    t.verb("transition", session_id=session, status="exited", fence=1)
                t.clock(T0 + 60)
                columns = {"session_id": session, "actor_id": None if who == "-" else who,
                           "fence": {"right": 1, "wrong": 2, "-": None}[fence]}
                if want == "ok":
                    is_(t.verb("resume", **columns)["actor_id"], "ann", name)
                else:
                    says = [session] if want == "fence.token" else [session, "ann"]
                    t.refused(want, "resume", says=says, test=name, **columns)
for who in (None, "bob"):
    with t.situation("an interactive session"):
        session = t.verb("start")["session_id"]
        t.verb("clear")
        report = t.verb("resume", session_id=session, actor_id=who)
        is_((report["lifecycle"], report["actor_id"], "lease_ttl_secs" in report),
            ("interactive", "interactive", False), f"an interactive session: anyone, actor {who}")

# Only while nobody else holds the scope, live or stale.
for age in (0, 60):
    with t.situation("held"):
        session = begin()
        t.verb("clear", actor_id="ann")
        other = t.verb("start", actor_id="bob", lease_ttl=60)["session_id"]
        t.clock(T0 + age)
        t.refused("resume.held", "resume", session_id=session, actor_id="ann",
                  says=["bob", other, session, "main"], test=f"held by another, {age} seconds old")
        t.verb("clear", actor_id="bob")
        is_(t.verb("resume", session_id=session, actor_id="ann")["fence"], t.counter(),
            f"free again, {age} seconds later")
with t.situation("no scope"):
    session = begin(scope="")
    other = begin(scope="")
    t.clock(T0 + 60)
    is_(t.verb("resume", session_id=session, actor_id="ann")["fence"], 2,
        "a session without a scope is held by nobody")

# What it is made of: everything was set before, and nothing or everything is given.
GIVEN = {"lease_ttl": 7, "host": "h2", "boot_id": "b2", "pid": 8, "pid_start_ticks": 10}
for given in ({}, GIVEN):
    for state in ("failed", "stale"):
        with t.situation(f"made of, {state}"):
            session = begin(mode="research", strict=1, parent_session_id="ses_p", label="L",
                            status="starting", owner_kind="runtime_supervisor", **FAR)
            t.verb("heartbeat", fence=1, activity="busy", progress=1)
            t.verb("transition", session_id=session, status="error", reason="E", fence=1)
            if state == "failed":
                t.verb("transition", session_id=session, status="failed", fence=1, exit_code=1,
                       exit_signal=9, failure_origin="unknown", failure_reason="F", reason="R")
            before = t.session(session)
            t.clock(T0 + 60)
            t.verb("resume", session_id=session, actor_id="ann", **given)
            after = t.session(session)
            facts = {"now": T0 + 60, "next": before["revision"] + 1, "+1": 2, "NULL": None}
            want = {}
            for field, word in MADE:
                word = word.split("/")
                word = given.get(field, word[1]) if word[0] == "given" else word[0]
                want[field] = before[field] if word == "kept" else facts.get(word, word)
                want[field] = int(word) if word == "1" else want[field]
            is_({field: after[field] for field in want}, want, f"made of, {state}, given {bool(given)}")
with t.situation("the stamps"):
    session = begin()
    t.clock(T0 - 61)
    t.verb("resume", session_id=session, actor_id="ann")
    row = t.session(session)
    is_((row["started_at"], row["last_heartbeat_at"], row["changed_at"]), (T0 - 61,) * 3,
        "a resume writes now, even if that is earlier: it is how a stamp from the future is left behind")

# Numbers: max(counter, own revision) + 1.
with t.situation("numbers, the counter ahead"):
    session = begin()                                        # 1
    t.verb("clear", actor_id="ann")                          # 2
    t.verb("start", actor_id="bob", lease_ttl=60)            # 3
    t.verb("clear", actor_id="bob")                          # 4
    is_(t.verb("resume", session_id=session, actor_id="ann")["fence"], 5, "the counter is ahead")
    is_(t.counter(), 5, "and follows")
with t.situation("numbers, the row ahead"):
    session = begin()
    t.verb("transition", session_id=session, status="exited", fence=1)  # 2, the counter's last
    for label in "abc":                                                 # 3, 4, 5 of the ended row
        t.sql("UPDATE tenure_session SET label = ?, revision = revision + 1 WHERE session_id = ?",
              (label, session))
    is_((t.session(session)["revision"], t.counter()), (5, 2), "an ended row counts for itself")
    is_(t.verb("resume", session_id=session, actor_id="ann")["fence"], 6, "the row is ahead")
    is_(t.counter(), 6, "and the counter catches up")

with t.situation("again and again"):
    session = begin()
    for incarnation in (2, 3, 4):
        t.clock(t.now + 60)
        report = t.verb("resume", session_id=session, actor_id="ann")
        is_((report["incarnation"], report["fence"]), (incarnation, incarnation),
            f"incarnation {incarnation}")

# Misuse.
with t.situation("misuse"):
    session = begin()
    t.clock(T0 + 60)
    for columns, code in (({"session_id": None}, "opt.required"),
                          ({"session_id": "ses_x"}, "resume.missing"),
                          ({"lease_ttl": 0}, "opt.lease_range"),
                          ({"lease_ttl": TTL_MAX + 1}, "opt.lease_range"),
                          ({"fence": "x"}, "usage.fence"), ({"pid": 0}, "opt.process"),
                          ({"pid_start_ticks": -1}, "opt.process"), ({"host": "\0"}, "opt.text"),
                          ({"reason": b"\xff"}, "opt.text")):
        t.refused(code, "resume", **{"session_id": session, "actor_id": "ann"} | columns)
with t.situation("a lease for an interactive session"):
    session = t.verb("start")["session_id"]
    t.verb("clear")
    t.refused("opt.lease", "resume", session_id=session, lease_ttl=60)

# Reports and the log.
with t.situation("reports"):
    session = begin(scope="s")
    t.verb("clear", scope="s", actor_id="ann")
    t.clock(T0 + 9)
    is_(t.verb("resume", session_id=session, actor_id="boss", reason="again", lease_ttl=7),
        {"command": "session-state-resume", "ok": True, "scope": "s", "session_id": session,
         "incarnation": 2, "status": "starting", "fence": 3, "revision": 3,
         "started_at_epoch_s": T0 + 9, "lifecycle": "autonomous", "owner_kind": "runtime_worker",
         "actor_id": "ann", "supervisor_id": "boss", "lease_ttl_secs": 7,
         "last_heartbeat_at_epoch_s": T0 + 9, "lease_expires_at_epoch_s": T0 + 16,
         "reason": "again"}, "report")
    is_(t.sql("SELECT event, from_status, to_status, actor_id, incarnation, revision, "
              "json_extract(detail, '$.reason') FROM tenure_event ORDER BY seq DESC LIMIT 1"),
        [("session.resumed", "exited", "starting", "boss", 2, 3, "again")], "the log says who and why")
    ok(t.verb("heartbeat", scope="s", fence=3)["ok"], "the new fence is good")
    t.refused("heartbeat.not_owner", "heartbeat", scope="s", fence=1, says=["ann"],
              test="the old one is not")

is_(len(RESUMABLE), len(STATUSES), "every status was tried")
# The fence of a holder that was replaced opens nothing any more; its name does.
with t.situation("resume by the fence of a replaced holder"):
    lost = t.verb("start", actor_id="ann", lease_ttl=60)["session_id"]
    t.clock(t.now + 60)
    t.verb("takeover", actor_id="bob", reason="silent")
    t.verb("clear", actor_id="bob")
    t.refused("fence.token", "resume", session_id=lost, fence=t.session(lost)["fence"], says=[lost])
    t.refused("fence.token", "resume", session_id=lost, fence=t.session(lost)["fence"], actor_id="carol")
    is_(t.verb("resume", session_id=lost, actor_id="ann")["incarnation"], 2, "the owner by name goes on")

done()
