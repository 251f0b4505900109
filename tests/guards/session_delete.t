#!/usr/bin/python3
"""Raw DELETEs of sessions (02, "Raw writes"): refused while they live, collection when they have ended."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from raw import Raw, insert_sql, session  # noqa: E402
from tap import done, is_  # noqa: E402
from tenure import STATUSES, T0, TERMINAL  # noqa: E402

t = Raw()
for recursive in ("OFF", "ON"):
    t.sql(f"PRAGMA recursive_triggers = {recursive}")
    for status in STATUSES:
        name = f"recursive_triggers {recursive}, {status}"
        with t.situation(name):
            found = t.in_status(status, scope="repo", actor_id="ann", lease_ttl=60)
            t.sql("INSERT INTO tenure_baseline VALUES (?, 'head', 'abc', ?)", (found, T0))
            other = t.verb("start", scope="other")["session_id"]
            t.verb("baseline_set", session_id=other, name="head", digest="abc")
            kept = t.counter("repo")
            delete = "DELETE FROM tenure_session WHERE session_id = ?"
            t.tried("ok" if status in TERMINAL else "write.living", delete, (found,), f"{name}: DELETE",
                    [] if status in TERMINAL else [found, status])
            if status not in TERMINAL:
                t.refused_sql("write.living", "DELETE FROM tenure_session", (), test=f"{name}: DELETE of all")
                continue
            is_(t.events("event, from_status, session_id, revision, detail ->> 'owner_id'")[-1],
                ("session.collected", status, found, kept, "ann"), f"{name}: one event is left of it")
            is_(t.value("SELECT count(*) FROM tenure_event WHERE session_id = ?", (found,)), 1,
                f"{name}: only one")
            is_(t.sql("SELECT session_id FROM tenure_baseline"), [(other,)],
                f"{name}: its baselines go, others stay")
            is_(t.counter("repo"), kept, f"{name}: the counter of its scope stays")
            t.tried("write.revision", *insert_sql(session(t, revision=kept, fence=kept)),
                    f"{name}: no fence again")
            t.tried("ok", *insert_sql(session(t, revision=kept + 1, fence=kept + 1)),
                    f"{name}: the next goes on")
    t.sql("PRAGMA recursive_triggers = OFF")

# Several in one statement, and the events of a collected session, which may go then.
with t.situation("several"):
    gone = [t.in_status("exited", scope=scope, actor_id="ann", lease_ttl=60) for scope in "abc"]
    t.verb("start", scope="d")
    t.unmoved("DELETE of three ended sessions and a living one: nothing is done", "DELETE FROM tenure_session")
    is_(t.sql("DELETE FROM tenure_session WHERE ended_at IS NOT NULL RETURNING session_id"),
        [(found,) for found in gone], "DELETE .. RETURNING of the three")
    is_(t.events("event")[-3:], [("session.collected",)] * 3, "and three events")
    t.unmoved("DELETE of the events of a living session", "DELETE FROM tenure_event")
    t.tried("ok", "DELETE FROM tenure_event WHERE session_id = ?", (gone[0],),
            "events of a collected one may go")
    is_(t.value("SELECT count(*) FROM tenure_event WHERE event = 'session.collected'"), 2, "and only they went")

# A session that spawned one which lives is not collected, by whatever path; afterwards it is.
with t.situation("parent"):
    parent = t.in_status("exited", scope="p", actor_id="ann", lease_ttl=60)
    child = t.verb("start", scope="c", actor_id="ann", lease_ttl=60, parent_session_id=parent)["session_id"]
    t.refused_sql("write.parent", "DELETE FROM tenure_session WHERE session_id = ?", (parent,), says=[parent, child],
                  test="DELETE of the parent of a living session")
    t.tried("write.parent", "DELETE FROM tenure_session WHERE ended_at IS NOT NULL", (), "nor among others")
    t.verb("clear", scope="c", actor_id="ann")
    t.tried("ok", "DELETE FROM tenure_session WHERE session_id IN (?, ?)", (parent, child), "both, once both have ended")

# REPLACE deletes rows without asking their triggers; so it never gets there.
with t.situation("replace"):
    living = t.verb("start", scope="a", actor_id="ann", lease_ttl=60)["session_id"]
    ended = t.in_status("exited", scope="b", actor_id="ann", lease_ttl=60)
    for pragma in ("OFF", "ON"):
        t.sql(f"PRAGMA recursive_triggers = {pragma}")
        for found, scope in ((living, "a"), (ended, "b"), (ended, "c")):
            sql, params = insert_sql(session(t, session_id=found, scope=scope), clause="OR REPLACE")
            want = "write.exists"
            t.refused_sql(want, sql, params, test=f"recursive_triggers {pragma}: REPLACE of a session: {want}")
            t.refused_sql(want, "REPLACE INTO tenure_session SELECT * FROM tenure_session WHERE session_id = ?",
                          (found,), test=f"recursive_triggers {pragma}: REPLACE of a session by itself")
        t.refused_sql("write.held", *insert_sql(session(t, scope="a"), clause="OR REPLACE"),
                      test=f"recursive_triggers {pragma}: REPLACE by way of the scope")
        t.unmoved(f"recursive_triggers {pragma}: UPDATE OR REPLACE of keys",
                  "UPDATE OR REPLACE tenure_session SET session_id = 'same', scope = 'same', revision = revision + 1")
    t.sql("PRAGMA recursive_triggers = OFF")
done()
