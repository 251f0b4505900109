#!/usr/bin/python3
"""tenure_clear: who may, how it ends, and what it reports."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import done, error_of, is_, ok  # noqa: E402
from tenure import FAR, STATUSES, T0, TERMINAL, Tenure, table  # noqa: E402

# who asks, fence shown -> live; live and strict; stale; stale and strict. Ann owns, boss supervises.
WHO = table("""
-    -     clear.actor_required clear.actor_required clear.actor_required clear.actor_required
ann  -     ok                   fence.required       ok                   ok
boss -     ok                   ok                   ok                   ok
bob  -     clear.denied         clear.denied         clear.denied_stale   clear.denied_stale
Ann  -     clear.denied         clear.denied         clear.denied_stale   clear.denied_stale
-    right ok                   ok                   ok                   ok
ann  right ok                   ok                   ok                   ok
boss right ok                   ok                   ok                   ok
-    wrong fence.token          fence.token          fence.token          fence.token
ann  wrong fence.token          fence.token          fence.token          fence.token
boss wrong fence.token          fence.token          fence.token          fence.token
bob  wrong fence.token          fence.token          fence.token          fence.token
""")
AGES = {"live": (59, {}), "stale": (60, {}), "dead": (0, None), "ahead": (-61, {})}

t = Tenure()


def begin(lifecycle="autonomous", **columns):
    owner = {} if lifecycle == "interactive" else {"actor_id": "ann", "lease_ttl": 60,
                                                   "supervisor_id": "boss"}
    return t.verb("start", **owner, **columns)


for state, (age, process) in AGES.items():
    for strict in (0, 1):
        for who, fence, *codes in WHO:
            want = codes[strict + (0 if state == "live" else 2)]
            name = f"{state}, strict {strict}: {who} with fence {fence}: {want}"
            with t.situation(name):
                begin(strict=strict, **t.dead_process() if process is None else FAR)
                t.clock(T0 + age)
                columns = {"actor_id": None if who == "-" else who,
                           "fence": {"right": 1, "wrong": 2, "-": None}[fence]}
                if want == "ok":
                    is_(t.verb("clear", **columns)["cleared"], True, name)
                else:
                    t.refused(want, "clear", says=["ann"], test=name, reason="MINE", **columns)

# Interactive sessions: anyone, whatever they show.
for age in (0, 28801):
    for strict in (0, 1):
        for who in (None, "bob", "interactive"):
            name = f"interactive, {age} seconds old, strict {strict}: actor {who} clears it"
            if (strict, age, who) == (1, 0, "interactive"):
                continue  # the owner of a live strict session: see below
            with t.situation(name):
                begin("interactive", strict=strict)
                t.clock(T0 + age)
                is_(t.verb("clear", actor_id=who)["cleared"], True, name)
with t.situation("interactive, wrong fence"):
    begin("interactive")
    t.refused("fence.token", "clear", fence=7, says=["interactive"])

# Force is for anyone with a reason, whatever they are.
for lifecycle in ("autonomous", "interactive"):
    for strict in (0, 1):
        for who in (None, "ann", "boss", "bob"):
            with t.situation("force"):
                found = begin(lifecycle, strict=strict)
                name = f"{lifecycle}, strict {strict}, actor {who}"
                for reason in (None, "", " \u2003"):
                    t.refused("clear.reason_required", "clear", actor_id=who, force=1, reason=reason,
                              test=f"force without a reason ({reason!r}): {name}")
                t.verb("clear", actor_id=who, force=1, reason="fire")
                row = t.session(found["session_id"])
                is_((row["status"], row["end_reason"], row["ended_by"], row["end_note"]),
                    ("exited", "forced", who, "fire"), f"force with one: {name}")
                is_(t.value("SELECT actor_id || json_extract(detail, '$.end_reason') || "
                            "json_extract(detail, '$.reason') FROM tenure_event WHERE event = "
                            "'session.ended'"), who and f"{who}forcedfire", f"is logged: {name}")
with t.situation("force on an unknown session"):
    t.refused("clear.missing", "clear", session_id="ses_x", force=1, reason="r", says=["ses_x"])
    t.refused("clear.reason_required", "clear", force=1, test="force where nobody is needs one too")
for value in (2, -1, "yes", 0.5):
    t.refused("opt.force", "clear", force=value)
with t.situation("force 0"):
    begin()
    t.refused("clear.denied", "clear", actor_id="bob", force=0, reason="please", says=["ann", "boss"])
    is_(t.verb("clear", actor_id="bob", force="1", reason="fire")["cleared"], True, "force '1' is 1")

# The text of a stale refusal points at the takeover that would be accepted, in placeholders.
with t.situation("the way out"):
    begin()
    t.clock(T0 + 60)
    hostile = "rm -rf"
    t.refused("clear.denied_stale", "clear", actor_id=hostile, reason=hostile,
              says=["--actor <actor-id>", "--reason <reason>", "--session <session-id>"], test="placeholders show the way out")
    message = error_of(t.db, "INSERT INTO tenure_clear(actor_id, reason) VALUES (?1, ?1)", (hostile,))[0]
    ok(hostile not in message, "and not the caller's own words")
    is_(t.verb("takeover", actor_id=hostile, reason="r")["prior_actor_id"], "ann", "which works")

# Where takeover would refuse the caller, nothing points at it.
with t.situation("no way out"):
    begin()
    t.clock(T0 + 60)
    t.refused("opt.bad_id", "takeover", actor_id="interactive", reason="r")
    t.refused("clear.denied", "clear", actor_id="interactive", test="the reserved name cannot take over")
    t.clock(None)
    t.refused("usage.clock", "takeover", actor_id="bob", reason="r")
    t.refused("clear.denied", "clear", actor_id="bob", test="nor can a connection on the other clock")

# Whoever shows the fence is the owner, also without a name.
for verb, columns in (("clear", {}), ("transition", {"status": "exited"})):
    for actor, author in ((None, "ann"), ("boss", "boss")):
        with t.situation(f"{verb} by the fence, actor {actor}"):
            begin()
            session = t.holder()["session_id"]
            t.verb(verb, session_id=session, fence=t.holder()["fence"], actor_id=actor, **columns)
            is_(t.sql("SELECT ended_by FROM tenure_session"), [(author,)], f"{verb} by the fence, actor {actor}: {author}")
            is_(t.value("SELECT actor_id FROM tenure_event WHERE event = 'session.ended'"), author, "and in the log")

for verb, columns in (("clear", {}), ("transition", {"status": "exited"})):
    with t.situation(f"{verb} by nobody in particular"):
        session = t.verb("start")["session_id"]
        t.verb(verb, session_id=session, **columns)
        is_(t.sql("SELECT ended_by FROM tenure_session"), [(None,)], f"{verb} by nobody in particular: no author")

# How it ends.
for status in STATUSES:
    with t.situation(f"from {status}"):
        session = t.in_status(status, actor_id="ann", lease_ttl=60)
        before = t.session(session)
        t.clock(T0 + 5)
        report = t.verb("clear", session_id=session, actor_id="ann", reason="done")
        after = t.session(session)
        if status in TERMINAL:
            is_((report["cleared"], after == before), (False, True),
                f"from {status}: nothing to clear, nothing changes")
            continue
        end = "destroyed" if status == "destroying" else "exited"
        is_([after[field] for field in ("status", "end_reason", "ended_by", "end_note", "ended_at",
                                        "revision")],
            [end, "cleared", "ann", "done", T0 + 5, before["revision"] + 1], f"from {status}: {end}")
        is_((report["cleared_revision"], t.counter()), (after["revision"],) * 2,
            f"from {status}: the counter really is the cleared revision")
        is_(t.verb("start")["revision"], after["revision"] + 1,
            f"from {status}: the scope is free, and the next start goes on counting")

# Nobody there is success.
with t.situation("nobody"):
    before = t.dump()
    nobody = {"command": "session-state-clear", "ok": True, "cleared": False}
    is_(t.verb("clear"), nobody | {"scope": "main"}, "nobody ever")
    is_(t.verb("clear", scope="s", actor_id="bob", fence=9, reason="r"),
        nobody | {"scope": "s", "reason": "r"}, "nobody, whoever asks")
    is_(t.dump(), before, "nothing changes")
    t.refused("clear.missing", "clear", session_id="ses_x", says=["ses_x"])
with t.situation("an ended session by its id"):
    ended = begin(scope="s")["session_id"]
    t.verb("clear", scope="s", actor_id="ann")
    is_(t.verb("clear", session_id=ended), nobody | {"scope": "s"},
        "an ended session by its id: the report is about its scope")
    t.refused("fence.session", "clear", session_id=ended, scope="other", says=[ended],
              test="an ended session of another scope than the one given")

with t.situation("an ended session without a scope by its id"):
    ended = begin(scope="")["session_id"]
    t.verb("clear", session_id=ended, actor_id="ann")
    is_(t.verb("clear", session_id=ended), nobody,
        "an ended session without a scope by its id: the report names none")

# Reports.
with t.situation("reports"):
    session = begin(scope="s")["session_id"]
    is_(t.verb("clear", scope="s", actor_id="boss", reason="enough"),
        {"command": "session-state-clear", "ok": True, "scope": "s", "cleared": True,
         "reason": "enough", "lifecycle": "autonomous", "owner_kind": "runtime_worker",
         "actor_id": "ann", "supervisor_id": "boss", "session_id": session, "status": "exited",
         "cleared_revision": 2}, "report of an autonomous session")
    session = t.verb("start", scope="s")["session_id"]
    is_(t.verb("clear", scope="s"),
        {"command": "session-state-clear", "ok": True, "scope": "s", "cleared": True,
         "lifecycle": "interactive", "owner_kind": "interactive", "actor_id": "interactive",
         "session_id": session, "status": "exited", "cleared_revision": 4},
        "report of an interactive session")

for column, value, code in (("actor_id", " ", "opt.blank_id"), ("actor_id", "a\n", "opt.bad_id"),
                            ("reason", "a\0", "opt.text"), ("reason", "x" * 65537, "opt.text"),
                            ("scope", "a\x1b", "opt.scope")):
    t.refused(code, "clear", **{column: value}, test=f"{column} {value!r:.20}: {code}")

# When the clock steps back, the end is not before the beginning.
with t.situation("the clock steps back"):
    session = begin()["session_id"]
    t.clock(T0 - 50)
    t.verb("clear", actor_id="ann")
    row = t.session(session)
    is_((row["ended_at"], row["changed_at"]), (T0, T0), "the clock steps back, the stamps do not")

done()
