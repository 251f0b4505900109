#!/usr/bin/python3
"""tenure_import: which legacy state files are read, as what, and where they are refused."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import done, is_, ok  # noqa: E402
from tenure import INT_MAX, T0, TTL_MAX, Tenure  # noqa: E402

V2 = {"schema_version": 2, "started_at_epoch_s": T0 - 500, "last_started_at_epoch_s": T0 - 100,
      "start_count": 3}
V3 = V2 | {"schema_version": 3, "session_id": "ses_old"}
V4 = V3 | {"schema_version": 4, "mode": "implement", "owner_kind": "runtime_supervisor",
           "owner_id": "ann", "supervisor_id": "boss", "lease_ttl_secs": 60,
           "last_heartbeat_at_epoch_s": T0 - 10, "revision": 41}
ROW = {"session_id": "ses_old", "scope": "s", "incarnation": 1, "status": "running",
       "mode": "implement", "owner_kind": "runtime_supervisor", "owner_id": "ann",
       "supervisor_id": "boss", "strict": 0, "clock": "virtual", "lease_ttl": 60,
       "started_at": T0 - 500, "last_started_at": T0 - 100, "start_count": 3,
       "last_heartbeat_at": T0 - 10, "revision": 41, "fence": 41,
       "ended_at": None, "predecessor_id": None, "schema_version": 4}
INTERACTIVE = {"mode": "general", "owner_kind": "interactive", "owner_id": "interactive",
               "supervisor_id": None, "lease_ttl": None, "last_heartbeat_at": None,
               "revision": 1, "fence": 1}

ABSENT = object()

t = Tenure()


def text_of(fields):
    return json.dumps({key: value for key, value in fields.items() if value is not ABSENT})


def imports(fields, want, name):
    with t.situation(name):
        report = t.outcome("import", scope="s", json=text_of(fields))
        row = t.session(fields["session_id"])
        is_(row and {field: row[field] for field in want}, want, name)
        return report


# Versions.
imports(V4, ROW, "version 4")
imports(V3, ROW | INTERACTIVE, "version 3: an interactive session at revision 1")
imports(V4 | {"schema_version": 2}, ROW, "fields count whatever the version says")
imports(V4 | {"later": {"x": [1, None]}, "": 0}, ROW, "keys that nobody knows pass")
imports(V4 | {"session_id": "interactive"}, ROW | {"session_id": "interactive"}, "only who acts may not be called so")
for field in ("owner_id", "supervisor_id", "lease_ttl_secs", "last_heartbeat_at_epoch_s"):
    imports(V3 | {field: None}, ROW | INTERACTIVE, f"null for {field}")
imports(V4 | {"owner_kind": "interactive"}, ROW | INTERACTIVE | {"mode": "implement", "revision": 41,
                                                                 "fence": 41},
        "an interactive session has no owner, supervisor, lease or heartbeat of its own")

# Normalisation: what is incomplete becomes something that somebody can leave.
NORMAL = [
    ({"owner_id": ABSENT}, {"owner_id": "legacy"}),
    ({"owner_id": None}, {"owner_id": "legacy"}),
    ({"owner_id": ""}, {"owner_id": "legacy"}),
    ({"owner_id": " \u2003"}, {"owner_id": "legacy"}),
    ({"owner_id": "a\nb"}, {"owner_id": "legacy"}),
    ({"owner_id": "interactive"}, {"owner_id": "legacy"}),
    ({"owner_id": "x" * 201}, {"owner_id": "legacy"}),
    ({"owner_id": "x" * 200}, {"owner_id": "x" * 200}),
    ({"owner_id": "unknown"}, {"owner_id": "unknown"}),
    ({"supervisor_id": ABSENT}, {"supervisor_id": None}),
    ({"supervisor_id": " "}, {"supervisor_id": None}),
    ({"lease_ttl_secs": ABSENT}, {"lease_ttl": 1}),
    ({"lease_ttl_secs": None}, {"lease_ttl": 1}),
    ({"lease_ttl_secs": 0}, {"lease_ttl": 1}),
    ({"lease_ttl_secs": TTL_MAX}, {"lease_ttl": TTL_MAX}),
    ({"lease_ttl_secs": TTL_MAX + 1}, {"lease_ttl": TTL_MAX}),
    ({"lease_ttl_secs": INT_MAX}, {"lease_ttl": TTL_MAX}),
    ({"last_heartbeat_at_epoch_s": ABSENT}, {"last_heartbeat_at": T0 - 100}),
    ({"last_heartbeat_at_epoch_s": T0}, {"last_heartbeat_at": T0}),
    ({"last_heartbeat_at_epoch_s": T0 + 1}, {"last_heartbeat_at": T0}),
    ({"last_heartbeat_at_epoch_s": INT_MAX}, {"last_heartbeat_at": T0}),
    ({"started_at_epoch_s": T0 + 99}, {"started_at": T0}),
    ({"last_started_at_epoch_s": T0 + 99}, {"last_started_at": T0}),
    ({"started_at_epoch_s": 0}, {"started_at": 0}),
    ({"start_count": 0}, {"start_count": 1}),
    ({"start_count": 2**32 - 1}, {"start_count": 2**32 - 1}),
    ({"revision": ABSENT}, {"revision": 1, "fence": 1}),
    ({"revision": 0}, {"revision": 1, "fence": 1}),
    ({"revision": 2**53}, {"revision": 2**53, "fence": 2**53}),
    ({"mode": ABSENT}, {"mode": "general"}),
    ({"mode": "research"}, {"mode": "research"}),
    ({"owner_kind": "runtime_worker"}, {"owner_kind": "runtime_worker"}),
    ({"session_id": "é x"}, {"session_id": "é x"}),
]
for fields, want in NORMAL:
    shown = {key: "absent" if value is ABSENT else value for key, value in fields.items()}
    imports(V4 | fields, ROW | want, f"normalised: {shown!r:.60}")
with t.situation("whoever is left"):
    t.verb("import", json=text_of(V4 | {"owner_id": None, "supervisor_id": None, "lease_ttl_secs": 0}))
    is_(t.verb("takeover", actor_id="bob", reason="legacy")["prior_actor_id"], "legacy",
        "a row without owner, supervisor and lease can be taken over at once")

# Refusals: the text, where its fault is, a word of why.
GOOD = text_of(V4)


def at(fields, key):
    """The text of a file, and the byte where the value of KEY stands, or the text's end."""
    text = text_of(fields)
    here = text.find(f'"{key}": ')
    return text, (len(text) if here < 0 else here + len(key) + 4)


FIELDS = [(field, ABSENT, "is missing") for field in V2]
FIELDS += [(field, value, why) for field in V2 for value, why in
           (("7", "is not a whole number"), (-1, "is negative"), (1.5, "is not a whole number"),
            (True, "is not a whole number"), (None, "must not be null"))]
FIELDS += [(field, value, why) for field in ("lease_ttl_secs", "last_heartbeat_at_epoch_s", "revision")
           for value, why in (("7", "is not a whole number"), (-1, "is negative"),
                              (0.5, "is not a whole number"))]
FIELDS += [(field, value, why) for field in ("mode", "owner_kind") for value, why in
           (("", "is an unknown word"), ("General", "is an unknown word"), (1, "is not a string"),
            (None, "must not be null"))]
FIELDS += [(field, 7, "is not a string") for field in ("session_id", "owner_id", "supervisor_id")]
FIELDS += [("session_id", "", "is blank"), ("session_id", " \t", "is blank"),
           ("session_id", "a\nb", "control characters"), ("session_id", "x" * 201, "over 200 bytes"),
           ("revision", None, "must not be null")]
for field, value, why in FIELDS:
    if (field, value) == ("schema_version", -1):
        continue  # a version, as below
    text, byte = at(V4 | {field: value}, field)
    shown = "absent" if value is ABSENT else value
    t.refused("json.unparsable", "import", scope="s", json=text, says=[f"byte {byte}: ", field, why],
              test=f"unparsable: {field} {shown!r:.30}")
for field, value in (("started_at_epoch_s", 2**63), ("start_count", 2**32), ("lease_ttl_secs", 2**63),
                     ("last_heartbeat_at_epoch_s", 2**64), ("revision", INT_MAX), ("revision", 2**63),
                     ("revision", 10**30)):
    text, byte = at(V4 | {field: value}, field)
    t.refused("json.range", "import", scope="s", json=text, says=[f"byte {byte}: ", field],
              test=f"out of range: {field} {value}")
for version in (0, 1, 5, 99, 2**63, -1):
    text, byte = at(V4 | {"schema_version": version, "mode": "from the future"}, "schema_version")
    t.refused("json.version", "import", scope="s", json=text, says=[f"byte {byte}: ", "2, 3 and 4"],
              test=f"version {version}, before any other fault")
TEXTS = [("", 0), (" \n", 2), ("{", 1), ("[]", 0), ("null", 0), ("7", 0), (GOOD + "x", len(GOOD)),
         (GOOD + "{}", len(GOOD)), ("\ufeff" + GOOD, 0), (GOOD[:-1], len(GOOD) - 1),
         (GOOD[:20], 20), (GOOD.replace("41", "NaN"), GOOD.find("41")),
         (GOOD.replace("41", "041"), None), (GOOD.replace('"ann"', "'ann'"), GOOD.find('"ann"')),
         (GOOD[:-1] + ", }", len(GOOD) + 1), (GOOD + "\0", len(GOOD)),
         (GOOD[:-1] + ', "mode": "general"}', None), (b"\xff" + GOOD.encode(), 0),
         (GOOD.replace("ann", "\x01"), None), (GOOD.replace("ann", "\\ud800"), None)]
for text, byte in TEXTS:
    t.refused("json.unparsable", "import", scope="s", json=text,
              says=["byte"] if byte is None else [f"byte {byte}: "], test=f"unparsable: {text[-40:]!r}")
for columns, what in (({}, "json"), ({"scope": "s"}, "json"), ({"scope": "", "json": GOOD}, "scope")):
    t.refused("opt.required", "import", says=[f" {what} is required"], **columns)
t.refused("opt.scope", "import", scope="a\n", json=GOOD)

# Where the scope was used, importing is success without effect.
BUSY = [("a living session", lambda: t.verb("start", scope="s")),
        ("an ended session", lambda: (t.verb("start", scope="s"), t.verb("clear", scope="s"))),
        ("an import", lambda: t.verb("import", scope="s", json=text_of(V4))),
        ("a legacy event", lambda: t.verb("import", scope="s", json=text_of(V2)))]
for what, prepare in BUSY:
    with t.situation(f"after {what}"):
        prepare()
        before = t.dump()
        report = t.verb("import", scope="s", json=text_of(V4 | {"session_id": "ses_new"}))
        is_((report["ok"], report["imported"], t.dump() == before), (True, False, True),
            f"the scope had {what}: nothing is imported")
        t.refused("json.unparsable", "import", scope="s", json="{", test=f"a bad file is bad after {what}")
with t.situation("an id that is taken"):
    t.verb("import", scope="other", json=GOOD)
    t.refused("import.id_taken", "import", scope="s", json=GOOD, says=["ses_old", "other"])
    t.verb("clear", scope="other", actor_id="ann")
    t.refused("import.id_taken", "import", scope="s", json=GOOD, says=["ses_old", "other"],
              test="an ended session keeps its id")
    is_(t.verb("import", scope="other", json=GOOD)["imported"], False, "its own scope is simply used")

# The counter: it goes on from the file, and never back.
with t.situation("the counter"):
    report = t.verb("import", scope="s", json=GOOD)
    is_((report["fence"], t.counter("s")), (41, 41), "the counter starts at the file's revision")
    t.clock(T0 + 50)
    is_(t.verb("start", scope="s", actor_id="ann", lease_ttl=60)["fence"], 42, "and the next start goes on")
with t.situation("a scope whose sessions were collected"):
    for _ in range(30):
        t.verb("start", scope="s")
        t.verb("clear", scope="s")
    t.sql("DELETE FROM tenure_session")
    is_(t.verb("import", scope="s", json=text_of(V4 | {"revision": 7}))["fence"], 61,
        "a counter that is ahead of the file goes on itself")
with t.situation("the last number that is accepted"):
    report = t.outcome("import", scope="s", json=text_of(V4 | {"revision": INT_MAX - 1}))
    if isinstance(report, str):
        is_(report, "json.range", "a revision that close to the ceiling is refused")
    else:
        t.verb("heartbeat", scope="s", actor_id="ann")
        got = t.outcome("clear", scope="s", actor_id="ann")
        ok(isinstance(got, dict), f"a row with revision 2^63-2 renews, and can still be left: {got}")

# A file without a session is an event.
for fields in (V2, V3 | {"session_id": None}):
    with t.situation("a file without a session"):
        report = t.verb("import", scope="s", json=text_of(fields | {"revision": 7}))
        is_((report["ok"], report["imported"], report["scope"]), (True, False, "s"),
            "a file without a session: nothing is held")
        is_(t.sql("SELECT event, scope, session_id, revision, at FROM tenure_event"),
            [("legacy", "s", None, 7, T0)], "it becomes an event")
        is_((t.value("SELECT count(*) FROM tenure_session"), t.counter("s")), (0, 7), "and counts")
        is_(t.verb("start", scope="s")["fence"], 8, "so that the next start goes on")

# A scope whose sessions were collected is free, and its counter goes on from the higher number.
for revision, want in ((41, 41), (1, 3)):
    with t.situation("after a collection"):
        t.verb("start", scope="s")
        t.verb("clear", scope="s")
        t.verb("gc", older_than_secs=0)
        is_((t.value("SELECT count(*) FROM tenure_session"), t.counter("s")), (0, 2), "a scope that was used, and is free")
        report = t.verb("import", scope="s", json=text_of(V4 | {"revision": revision}))
        is_((report["imported"], report["fence"], t.counter("s")), (True, want, want), f"a file of revision {revision}")

# Reports. Without a scope it is main; what is live is live, what is stale is stale.
with t.situation("reports"):
    is_(t.verb("import", json=GOOD),
        {"command": "session-state-import", "ok": True, "imported": True, "scope": "main",
         "session_id": "ses_old", "fence": 41, "revision": 41, "started_at_epoch_s": T0 - 500,
         "last_started_at_epoch_s": T0 - 100, "start_count": 3, "mode": "implement",
         "lifecycle": "autonomous", "owner_kind": "runtime_supervisor", "actor_id": "ann",
         "supervisor_id": "boss", "lease_ttl_secs": 60, "last_heartbeat_at_epoch_s": T0 - 10,
         "lease_expires_at_epoch_s": T0 + 50, "stale": False}, "report of an import")
    is_(t.verb("heartbeat", actor_id="ann")["revision"], 42, "the owner renews it")
    is_(t.sql("SELECT event, json_extract(detail, '$.verb') FROM tenure_event"),
        [("session.created", "import")], "the log says where it came from")

done()
