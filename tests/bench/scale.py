#!/usr/bin/python3
"""scale.py [SESSIONS]: whether anything grows with the number of sessions that are stored (1,000,000).

Prints each figure as a ratio to the same with 1000 sessions, in rounds that alternate between the two
databases, both in WAL mode with synchronous=NORMAL, and the cost of a sweep that finds nothing."""
import os
import random
import shutil
import sqlite3
import sys
import tempfile
import time

EXTENSION = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "dist", "tenure.so")
MANY = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
FEW, ROUNDS, OPERATIONS = 1000, 9, 400
NOW = 1_000_000_000


def make(folder, count, living):
    """A database with COUNT sessions, LIVING of them alive; filled without the guards, which come back after."""
    db = sqlite3.connect(os.path.join(folder, f"{count}-{living}.db"), isolation_level=None)
    db.enable_load_extension(True)
    db.load_extension(EXTENSION)
    db.execute("PRAGMA journal_mode=WAL").fetchall()
    db.execute("PRAGMA synchronous=NORMAL").fetchall()
    db.execute("SELECT tenure_install()").fetchall()
    db.execute("SELECT tenure_clock(?)", (NOW,)).fetchall()
    for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type='trigger' AND tbl_name IN ('tenure_session', 'tenure_counter')").fetchall():
        db.execute(f"DROP TRIGGER {name}")
    db.execute("BEGIN")
    db.execute("""
        WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1)
        INSERT INTO tenure_session (session_id, scope, status, owner_kind, owner_id, clock, lease_ttl, started_at,
                                    last_started_at, last_heartbeat_at, changed_at, revision, fence, ended_at, end_reason)
        SELECT printf('ses_%026d', i), 's' || i, iif(i < ?2, 'running', 'exited'), 'runtime_worker', 'w', 'virtual',
               3600, ?3, ?3, ?3, ?3, 1, 1, iif(i < ?2, NULL, ?3), iif(i < ?2, NULL, 'cleared') FROM n""",
               (count, living, NOW))
    db.execute("INSERT INTO tenure_counter SELECT scope, 1 FROM tenure_session")
    db.execute("COMMIT")
    db.execute("SELECT tenure_install()").fetchall()
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return db


def heartbeats(db, living):
    ids = [f"ses_{random.randrange(living):026d}" for _ in range(OPERATIONS)]
    begun = time.perf_counter()
    for session in ids:
        db.execute("INSERT INTO tenure_heartbeat(session_id, actor_id) VALUES (?, 'w')", (session,))
    return (time.perf_counter() - begun) / OPERATIONS


def sweep(db, sql):
    begun = time.perf_counter()
    for _ in range(20):
        db.execute(sql).fetchall()
    return (time.perf_counter() - begun) / 20


def middle(values):
    return sorted(values)[len(values) // 2]


def main():
    folder = tempfile.mkdtemp()
    try:
        cases = {"few": (make(folder, FEW, FEW), FEW), "ended": (make(folder, MANY, FEW), FEW),
                 "living": (make(folder, MANY, MANY), MANY)}
        took = {name: [] for name in cases}
        for _ in range(ROUNDS):
            for name, (db, living) in cases.items():
                took[name].append(heartbeats(db, living))
        floor = middle(took["few"])
        for name, what in (("ended", f"heartbeat, {MANY} stored, {FEW} living"), ("living", f"heartbeat, {MANY} living")):
            ratio = middle(took[name]) / floor
            print(f"{what:52} {ratio:6.2f} x {FEW} sessions   goal <= 1.5  {'ok' if ratio <= 1.5 else 'MISS'}")
        due = "SELECT count(*) FROM tenure_collectable WHERE ended_at <= session_now() - 604800"
        for name, (db, living) in cases.items():
            print(f"{'collection that finds nothing, ' + name:52} {1e6 * sweep(db, due):6.1f} us")
            if living == FEW:
                took_us = 1e6 * sweep(db, "SELECT count(*) FROM tenure_orphan")
                print(f"{'settlement that finds nothing, ' + name:52} {took_us / living:6.2f} us for each living session")
        for db, _ in cases.values():
            db.close()
    finally:
        shutil.rmtree(folder)


main()
