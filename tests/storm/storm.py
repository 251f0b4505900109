"""A storm: real processes on some scopes of one database, killed and paused at any moment, and born again.

    storm = Storm(folder, workers=16, scopes=4, seconds=10, rng=random.Random(7))
    storm.rage()
    storm.histories()      one History for each scope, for search.py
"""

import json
import os
import signal
import subprocess
import time

from history import History, Op
from tap import EXTENSION, ROOT, connect, error_of

WORKER = os.path.join(ROOT, "dist", "tests", "storm", "worker")
TABLE = "(n INTEGER PRIMARY KEY, op, session, fence, revision, value)"
SECOND = 1_000_000_000

# What model.py knows of a report.
JUDGED = {"session_id", "fence", "revision", "incarnation", "reset", "prior_session_id", "lease_ttl_secs",
          "cleared", "cleared_revision", "changed", "status"}


class Storm:
    """WORKERS processes at once for SECONDS. One half have actor ids of their own; of four and more the other
    half are twins, two processes in the name of one actor. HASTE: how many kills and pauses there are in a
    second, about."""

    def __init__(self, folder, workers, scopes, seconds, rng, haste=12):
        self.folder, self.workers, self.scopes, self.rng, self.haste = folder, workers, scopes, rng, haste
        self.kills = self.pauses = 0
        self.failures = []
        self.path = os.path.join(folder, "storm.db")
        self.db = connect(self.path, timeout=30)
        self.lock = connect(self.path, timeout=0.1)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("SELECT tenure_install()")
        for number in range(1, scopes + 1):
            self.db.execute(f"CREATE TABLE work_{number} {TABLE}")
            self.db.execute(f"CREATE TABLE bare_{number} {TABLE}")
            self.db.execute(f"SELECT tenure_guard('work_{number}', 's{number}')")
        self.running = {}  # name of a worker -> (its present life, process)
        self.lives = {}    # life -> what is known of it
        self.due = []      # (when, what, name): to be born again, or to go on
        self.began = time.monotonic_ns()
        self.until = time.monotonic() + seconds
        for number in range(1, workers + 1):
            self.give_birth(f"w{number}")

    # --- lives

    def actor(self, name):
        number = int(name[1:])
        is_twin = self.workers >= 4 and number > self.workers // 2 and number % 2 == 0
        return f"w{number - 1}" if is_twin else name

    def give_birth(self, name):
        left = self.until - time.monotonic()
        if left < 0.05:
            return
        life = f"{name}.{len(self.lives) + 1}"
        log = os.path.join(self.folder, life)
        with open(log, "wb"):
            pass  # it may be killed before it comes to that
        identity = self.rng.getrandbits(1)
        process = subprocess.Popen(
            [WORKER, self.path, log, self.actor(name), str(self.scopes),
             str(identity), f"{left:.3f}", str(self.rng.getrandbits(63))],
            env=dict(os.environ, TENURE_EXTENSION=EXTENSION))
        self.lives[life] = {"actor": self.actor(name), "identity": identity, "death": None}
        self.running[name] = (life, process)

    def bury(self, name, killed=None):
        """Waits for the end of a worker. It was KILLED at that time, if it had not ended by itself before."""
        life, process = self.running.pop(name)
        status = process.wait(timeout=60)
        was_killed = killed is not None and status == -signal.SIGKILL
        self.lives[life]["death"] = (killed if was_killed else None, time.monotonic_ns())
        self.kills += was_killed
        if status != 0 and not was_killed:
            self.failures.append(f"{life} ended with status {status}")

    def kill(self, name):
        if name is None:
            return
        killed = time.monotonic_ns()
        self.running[name][1].kill()
        self.bury(name, killed)
        self.later(self.rng.uniform(0, 1.5 / self.haste), "be born", name)

    def pause(self, name):
        """For longer than most leases last. One that is caught with the write lock in its hand would stop
        the whole storm; its pause is short."""
        if name is None:
            return
        self.signal([name], signal.SIGSTOP)
        self.pauses += 1
        self.later(0.1 if self.is_locked() else self.rng.uniform(1.0, 2.2), "go on", name)

    def is_locked(self):
        if error_of(self.lock, "BEGIN IMMEDIATE") is not None:
            return True
        self.lock.execute("ROLLBACK")
        return False

    def signal(self, names, number):
        for name in names:
            self.running[name][1].send_signal(number)

    # --- the course of the storm

    def later(self, seconds, what, name):
        self.due.append((time.monotonic() + seconds, what, name))

    def do_what_is_due(self, everything=False):
        now = time.monotonic()
        ready = [job for job in self.due if everything or job[0] <= now]
        self.due = [job for job in self.due if job not in ready]
        for _, what, name in ready:
            if what == "be born":
                self.give_birth(name)
            else:
                self.signal([name], signal.SIGCONT)

    def victim(self, is_holder):
        """A running worker, one that holds a scope if IS_HOLDER; never the last that runs."""
        waiting = {name for _, what, name in self.due if what == "go on"}
        able = [name for name in sorted(self.running) if name not in waiting]
        if len(able) < 2:
            return None
        scopes = range(1, self.scopes + 1) if is_holder else ()
        holders = [self.holder(f"s{number}")[0] for number in scopes]
        return self.rng.choice([name for name in able if self.actor(name) in holders] or able)

    def rage(self):
        next_freeze = time.monotonic() + 0.4
        while time.monotonic() < self.until:
            time.sleep(self.rng.uniform(0, 2 / self.haste))
            self.do_what_is_due()
            if time.monotonic() > next_freeze:
                self.freeze(f"s{self.rng.randint(1, self.scopes)}")
                next_freeze = time.monotonic() + 5
            fate, of_holder = self.rng.random(), self.rng.random()
            if fate < 0.8:
                self.kill(self.victim(of_holder < 0.12))
            elif fate < 0.95:
                self.pause(self.victim(of_holder < 0.4))
        self.do_what_is_due(everything=True)
        for name in list(self.running):
            self.bury(name)

    def freeze(self, scope):
        """The two moments that matter, made to happen. All stand still until the lease of the scope has run
        out; then its holder alone goes on for a moment, late but not replaced; then the others go on without
        it, and when one of them has taken the scope it goes on too, replaced without knowing."""
        self.signal(self.running, signal.SIGSTOP)
        holder, deadline = self.holder(scope)
        late = [name for name in self.running if self.actor(name) == holder]
        others = [name for name in self.running if name not in late]
        if deadline is not None:
            time.sleep(max(0, deadline / SECOND - time.monotonic()))
        self.signal(late, signal.SIGCONT)
        time.sleep(0.02)
        self.signal(late, signal.SIGSTOP)
        self.signal(others, signal.SIGCONT)
        patience = time.monotonic() + 0.5
        while self.holder(scope)[0] == holder and time.monotonic() < patience:
            time.sleep(0.005)
        self.signal(late, signal.SIGCONT)
        self.due = [job for job in self.due if job[1] != "go on"]
        self.pauses += len(self.running)

    def holder(self, scope):
        """The actor that holds the scope, and until when on the monotonic clock."""
        row = self.db.execute("SELECT owner_id, lease_deadline_mono FROM tenure_session"
                              " WHERE scope = ? AND ended_at IS NULL", (scope,)).fetchone()
        return row or (None, None)

    # --- what it leaves behind

    def close(self):
        for _, process in self.running.values():
            process.kill()
            process.wait()
        self.lock.close()
        self.db.close()

    def rows(self, sql, *params):
        cursor = self.db.execute(sql, params)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row)) for row in cursor]

    def histories(self):
        ops, deaths = {f"s{number}": [] for number in range(1, self.scopes + 1)}, {}
        for life, known in self.lives.items():
            last = self.began
            for op in self.read_log(life, known):
                ops[op.pop("scope")].append(Op(**op))
                last = max(last, op["begin"] + self.began)
            killed, buried = known["death"]  # who ended by himself did so after his last call
            deaths[life] = ((killed or last) - self.began, buried - self.began)
        return [self.history(scope, ops[scope], deaths) for scope in ops]

    def read_log(self, life, known):
        """The operations of one life as the fields of Op; times from the beginning of the storm."""
        calls = {}
        with open(os.path.join(self.folder, life), encoding="utf-8") as file:
            for line in file:
                if not line.endswith("\n"):
                    break  # it was killed while it wrote
                fields = json.loads(line)
                if "call" in fields:
                    number = fields.pop("call")
                    calls[number] = dict(fields, id=f"{life}:{number}", life=life, actor=known["actor"],
                                         identity=known["identity"])
                else:
                    if fields.get("report"):
                        fields["report"] = {name: value for name, value in fields["report"].items()
                                            if name in JUDGED}
                    calls[fields.pop("return")].update(fields)
        for fields in calls.values():
            fields.setdefault("end", known["death"][1])
            for name in ("begin", "end", "at", "deadline"):
                if fields.get(name) is not None:
                    fields[name] -= self.began
        return calls.values()

    def history(self, scope, ops, deaths):
        number = scope[1:]
        events = self.rows("SELECT event, session_id, incarnation, revision, to_status, actor_id, detail"
                           " FROM tenure_event WHERE scope = ? ORDER BY seq", scope)
        for row in events:
            row["detail"] = json.loads(row["detail"] or "{}")
        counter = self.rows("SELECT revision FROM tenure_scope WHERE scope = ?", scope)
        sessions = self.rows("SELECT session_id, status, fence, revision, strict, incarnation, ended_at"
                             " FROM tenure_session WHERE scope = ?", scope)
        final = {"counter": counter[0]["revision"] if counter else 0, "sessions": sessions}
        return History(scope, ops, events, self.rows(f"SELECT * FROM work_{number} ORDER BY n"), final,
                       deaths, any(op.deadline is not None for op in ops))

    def lost_updates(self):
        """How many rows of the tables without a guard were made from a value that was not the last one."""
        lost = 0
        for number in range(1, self.scopes + 1):
            last = 0
            for (value,) in self.db.execute(f"SELECT value FROM bare_{number} ORDER BY n"):
                lost += value != last + 1
                last = value
        return lost
