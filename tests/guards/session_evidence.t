#!/usr/bin/python3
"""The evidence of a lease in raw writes (02, "Raw writes", "Clock"): only what lease_grant() gives now, and
never for a lease that ran out. On the machine's clock, in a file."""

import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from raw import Raw, insert_sql, session  # noqa: E402
from tap import done, error_of, is_, ok, skip  # noqa: E402

PARTS = {"machine": "lease_machine", "boot_id": "lease_boot_id", "deadline": "lease_deadline_mono",
         "file": "lease_file"}
GRANT = ", ".join(f"{column} = lease_grant('{part}', lease_ttl)" for part, column in PARTS.items())
SECOND = 1_000_000_000

folder = tempfile.TemporaryDirectory()
path = os.path.join(folder.name, "t.db")
t = Raw(path, at=None)
t.sql("PRAGMA synchronous = OFF")  # nothing here is about a power cut
if t.value("SELECT lease_grant('machine', 60)") is None:
    skip("evidence that is forged", "this machine cannot be identified (no /etc/machine-id)")
    done()


def row(**changes):
    """A session of this moment, with the evidence of it."""
    t.now = t.value("SELECT session_now()")
    made = session(t, clock="machine")
    for part, column in PARTS.items():
        made[column] = t.value("SELECT lease_grant(?, 60)", (part,))
    return made | changes


def shown(changes):
    return ", ".join(f"{name} {value!r}" for name, value in changes.items()) or "as granted"


now = row()
deadline = now["lease_deadline_mono"]
INSERTS = [
    ({}, "ok"), (dict.fromkeys(PARTS.values()), "ok"),  # NULL: the wall rule alone
    ({"lease_deadline_mono": deadline + 5 * SECOND}, "write.evidence"),
    ({"lease_deadline_mono": deadline + 3600 * SECOND}, "write.evidence"),
    ({"lease_deadline_mono": 2**63 - 1}, "write.evidence"), ({"lease_deadline_mono": 0}, "write.evidence"),
    ({"lease_deadline_mono": -1}, "write.evidence"), ({"lease_deadline_mono": None}, "write.evidence"),
    ({"lease_machine": "other"}, "write.evidence"), ({"lease_machine": None}, "write.evidence"),
    ({"lease_boot_id": "other"}, "write.evidence"), ({"lease_boot_id": None}, "write.evidence"),
    ({"lease_file": "1:1"}, "write.evidence"), ({"lease_file": None}, "write.evidence"),
    ({"lease_ttl": 30}, "write.evidence"),  # the deadline is that of a longer one
    ({"lease_ttl": 3600}, "write.evidence"),
]
for changes, want in INSERTS:
    with t.situation(shown(changes), at=None):
        t.tried(want, *insert_sql(row(**changes)), f"INSERT, {shown(changes)}: {want}")

UPDATES = [
    (GRANT, "ok"), ("last_heartbeat_at = session_now(), " + GRANT, "ok"),
    ("last_heartbeat_at = session_now()", "ok"),
    (GRANT.replace("lease_ttl", "lease_ttl + 1"), "write.evidence"),
    (GRANT.replace("lease_ttl", "31536000"), "write.evidence"),
    (GRANT.replace("lease_ttl", "1"), "write.evidence"),
    ("lease_deadline_mono = lease_deadline_mono + 1000000000", "write.evidence"),
    ("lease_deadline_mono = lease_deadline_mono - 8000000000", "ok"),  # computed a moment before
    ("lease_deadline_mono = lease_deadline_mono - 11000000000", "write.evidence"),
    ("lease_deadline_mono = lease_deadline_mono + 3600000000000", "write.evidence"),
    (", ".join(f"{column} = NULL" for column in PARTS.values()), "write.evidence"),
    ("lease_ttl = 90, last_started_at = session_now(), start_count = 2, last_heartbeat_at = session_now(), "
     + GRANT.replace("lease_ttl", "90"), "ok"),
    ("lease_ttl = 90, last_started_at = session_now(), start_count = 2, " + GRANT, "write.evidence"),
]
for sets, want in UPDATES:
    with t.situation(sets, at=None):
        t.insert(row())
        t.tried(want, f"UPDATE tenure_session SET {sets}, revision = revision + 1", name=f"{sets}: {want}")
for column in PARTS.values():
    with t.situation(column, at=None):
        t.insert(row())
        t.tried("write.evidence", f"UPDATE tenure_session SET {column} = NULL, revision = revision + 1")

# A lease that ran out stays so: no evidence, however true, is given to it but by a resume.
JOIN = "last_started_at = session_now(), start_count = 2, "
LATE = [
    (GRANT, "its evidence alone"),
    *((f"{column} = lease_grant('{part}', lease_ttl)", f"{column} alone") for part, column in PARTS.items()),
    ("last_heartbeat_at = session_now(), " + GRANT, "a heartbeat"),
    ("last_heartbeat_at = session_now()", "a bare heartbeat"), (JOIN + GRANT, "a joining start"),
    (JOIN + "lease_ttl = 900, " + GRANT.replace("lease_ttl", "900"), "a joining start with a longer ttl"),
]


def late(who, what):
    for sets, name in LATE:
        with who.situation(name, at=None):
            error_of(who.db, f"UPDATE tenure_session SET {sets}, revision = revision + 1")
            is_(who.holder("repo")["stale"], 1, f"{what} is not renewed by {name}")


past = row()["started_at"] - 5
stamps = dict.fromkeys(("started_at", "last_started_at", "last_heartbeat_at", "changed_at"), past)
with t.situation("expired", at=None):
    t.insert(row(lease_ttl=1, lease_deadline_mono=t.value("SELECT lease_grant('deadline', 1)") - 5 * SECOND,
                 **stamps))
    is_(t.holder("repo")["stale_reason"], "expired", "a deadline in the past is an expired lease")
    late(t, "an expired lease")

# The copy of a database carries no live lease, and nothing but a resume, start or takeover makes one of it.
t.insert(row(**stamps))
copy = os.path.join(folder.name, "copy.db")
shutil.copy(path, copy)
c = Raw(copy, at=None, install=False)
is_(c.holder("repo")["stale_reason"], "copied", "a copied lease is stale")
late(c, "a copied lease")
c.tried("ok", "UPDATE tenure_session SET status = 'exited', revision = revision + 1", name="it can be ended")
is_(t.holder("repo")["stale"], 0, "and the original is live all the while")
c.db.close()

# A database in memory that is named like a file is none, whatever is there.
m = Raw(f"file:{path}?vfs=memdb", at=None, uri=True)
is_([m.value("SELECT lease_grant(?, 60)", (part,)) for part in PARTS], [None] * 4,
    "a file of the same name is no evidence for a database in memory")
m.db.close()
t.db.close()
folder.cleanup()
done()
