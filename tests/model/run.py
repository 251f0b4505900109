"""Running a program on Tenure and on the model, step by step, and comparing after each."""

import os
import sqlite3

from forbidden import FORBIDDEN
from health import findings
from invariants import broken
from policy import ANY, Refusal, refuse_if
from resolve import resolve
from statements import Statements
from stored import Mismatch, compare
from tap import connect, same
from tenure import T0, code_of
from views import VIEWS
from world import World

WRITERS = 3


class Database:
    """A database with its connections: three that write, and one that only looks."""

    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, "model.db")
        self.dbs = [connect(path, cached_statements=400) for _ in range(WRITERS)]
        self.dbs[0].execute("PRAGMA journal_mode = WAL").fetchall()
        for db in self.dbs:
            db.execute("PRAGMA synchronous = OFF").fetchall()
        self.dbs[0].execute("SELECT tenure_install()").fetchall()
        self.dbs[0].execute("CREATE TABLE work (text TEXT)")
        self.dbs[0].execute("SELECT tenure_guard('work', 'main')").fetchall()
        self.observer = connect(path, cached_statements=400)
        self.statements = Statements(self.dbs[0])
        self.counters, self.legacy, self.work = {}, set(), []

    def close(self):
        for db in self.dbs + [self.observer]:
            db.close()

    def wipe(self, w, now):
        """Ends and collects every session, by force and by machine where it must be, for the next program."""
        for db in self.dbs:
            db.execute("SELECT tenure_hold(NULL)").fetchall()
        db = self.dbs[0]
        db.execute("SELECT tenure_clock(?)", (now,)).fetchall()
        for s in w.sessions.values():
            if s.living:
                self.statements.run(db, "clear", {"session_id": s.session_id, "force": 1, "reason": "over"})
        for clock in now, None:
            db.execute("SELECT tenure_clock(?)", (clock,)).fetchall()
            report = self.statements.run(db, "gc", {"older_than_secs": 0})
        left = db.execute("SELECT session_id FROM tenure_session").fetchall()
        if left:
            raise Mismatch(f"cleared by force and collected, these are still there: {left}, gc said {report}")
        for sql in ("DELETE FROM tenure_escalation", "DELETE FROM tenure_gate", "DELETE FROM tenure_receipt",
                    "DELETE FROM tenure_event WHERE session_id IS NOT NULL"):
            db.execute(sql)
        self.counters = dict(db.execute("SELECT scope, revision FROM tenure_scope").fetchall())
        for scope, before in w.counters.items():
            if self.counters[scope] < before:
                raise Mismatch(f"the counter of {scope} was {before} and is {self.counters[scope]}")
        self.legacy, self.work = w.legacy, w.work


class Run:
    """One program on a database that nobody is in."""

    def __init__(self, database, processes):
        self.database, self.dbs, self.observer = database, database.dbs, database.observer
        self.w = World(processes, database.counters, database.legacy, database.work)
        self.clocks = [None] * WRITERS
        self.begun = None  # the connection with a transaction, and the world to come back to
        processes.renew()
        for conn in range(WRITERS):
            self.set_clock(conn, T0)
        self.version = None

    def set_clock(self, conn, at):
        if self.clocks[conn] != at:
            self.clocks[conn] = at
            self.dbs[conn].execute("SELECT tenure_clock(?)", (at,)).fetchall()

    def jump(self, conn, step):
        at = max(1, self.clocks[conn] + int(step["jump"]))
        for other in range(WRITERS):
            if other == conn or not step.get("apart"):
                self.set_clock(other, at)

    # --- steps

    def step(self, step):
        """Takes one step on both sides. Raises Mismatch."""
        conn = self.begun[0] if self.begun else step["conn"]
        if "jump" in step:
            self.jump(conn, step)
        special = getattr(self, "do_" + step["verb"], None)
        if special is not None:
            special(conn, step)
            return
        call = resolve(self.w, step, self.clocks[conn])
        if call is not None:
            self.call(conn, step["verb"], call)

    def call(self, conn, verb, call):
        db, now, w = self.dbs[conn], self.clocks[conn], self.w
        if verb == "plain_forbidden":
            sql, meets, call["code"] = FORBIDDEN[call["which"]]
            call["meets"] = db.execute(meets, call).fetchall()[0][0]
        got = self.database.statements.run(db, verb, call)
        try:
            want = w.run(verb, call, now, "virtual", conn, got)
            if verb == "wait":
                refuse_if(self.begun, "usage.wait_context")
        except Refusal as refusal:
            want = str(refusal)
        what = f"{verb}{call} at {now}"
        told(what, got, want)
        self.stored(conn, isinstance(got, str), what)

    def stored(self, conn, refused, what):
        """Looks at everything that is stored, through the observer, unless nothing was committed by what
        was refused."""
        if self.begun:
            compare(self.dbs[conn], self.w, what)
            return
        version = self.observer.execute("PRAGMA data_version").fetchall()
        if not refused or version != self.version:
            self.version = version
            compare(self.observer, self.w, what)

    # --- what is no verb

    def do_begin(self, conn, step):
        if not self.begun:
            self.dbs[conn].execute("BEGIN IMMEDIATE")
            self.begun = conn, self.w.copy()

    def do_commit(self, conn, step):
        if self.begun:
            self.dbs[conn].execute("COMMIT")
            self.begun = None
            self.stored(conn, False, "COMMIT")

    def do_rollback(self, conn, step):
        if self.begun:
            self.dbs[conn].execute("ROLLBACK")
            holds = self.w.holds
            self.w, self.begun = self.begun[1], None
            self.w.holds = holds  # what a connection presents is no row
            self.stored(conn, False, "ROLLBACK")

    def do_kill(self, conn, step):
        args = step["args"]
        if args["how"] == "pause":
            self.w.processes.pause(args["name"])
        else:
            self.w.processes.kill(args["name"], args["how"] == "kill")

    def do_machine(self, conn, step):
        """A session that the machine's clock grants: nobody on a virtual clock may change it."""
        if self.begun or self.w.living("real"):
            return
        call = {"scope": "real", "actor_id": "m", "lease_ttl": 2592000, "supervisor_id": "n"}
        self.dbs[conn].execute("SELECT tenure_clock(NULL)").fetchall()
        got = self.database.statements.run(self.dbs[conn], "start", call)
        self.dbs[conn].execute("SELECT tenure_clock(?)", (self.clocks[conn],)).fetchall()
        want = self.w.run("start", call, got["started_at_epoch_s"], "machine", conn, got)
        told("a start by the machine's clock", got, want)
        self.stored(conn, False, "a start by the machine's clock")

    def do_look(self, conn, step):
        """Every view, by the clock of this connection."""
        db, w = self.dbs[conn], self.w
        w.now, w.kind = self.clocks[conn], "virtual"
        for view, sql in VIEWS.items():
            got, want = sorted(db.execute(sql).fetchall(), key=repr), sorted(view(w), key=repr)
            if got != want:
                new, gone = [r for r in got if r not in want], [r for r in want if r not in got]
                raise Mismatch(f"view {view.__name__} at {w.now}\n  only Tenure: {new[:3]}\n"
                               f"  only the model: {gone[:3]}")

    def do_health(self, conn, step):
        """What tenure_doctor finds, and what the log and the turns must agree in."""
        found = findings(self.dbs[conn]) + broken(self.dbs[conn])
        if found:
            raise Mismatch(f"this is not sound: {found}")

    # --- all of it

    def all(self, steps):
        """Runs a program. Gives None, or what is wrong with the number of the step."""
        number = -1
        try:
            for number, step in enumerate(steps):
                self.step(step)
            number = len(steps)
            self.do_commit(self.begun[0] if self.begun else 0, None)
            self.do_look(0, None)
            self.database.wipe(self.w, max(self.clocks) + 10**7)  # no stamp is ahead of that
        except Mismatch as mismatch:
            return number, str(mismatch)
        except (sqlite3.Error, LookupError, TypeError, AttributeError) as error:
            return number, f"died: {type(error).__name__}: {error} {code_of(error)}"
        return None



def told(what, got, want):
    """Compares the reports, or the codes of the refusals."""
    if isinstance(got, str) or isinstance(want, str):
        if got != want:
            raise Mismatch(f"{what}\n  Tenure: {got}\n  model:  {want}")
        return
    wrong = {}
    for key in {**got, **want}:
        found, value = got.get(key), want.get(key)
        if value is not ANY and not (value(found) if callable(value) else same(found, value)):
            wrong[key] = found, value
    if wrong:
        raise Mismatch(f"{what}\n  report, (Tenure, model): {wrong}\n  all of it: {got}")
