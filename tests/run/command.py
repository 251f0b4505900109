"""What the tests of 'tenure run' share: a folder with a database, a run in the background, its processes."""

import atexit
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.dont_write_bytecode = True
from processes import PATIENCE, children, descendants, hear_signals, ignores, kill, name_of, stat, until  # noqa: E402
from tap import ROOT, connect  # noqa: E402

TENURE = os.path.join(ROOT, "bin", "tenure")
PYTHON = "/usr/bin/python3"
LONG = bool(os.environ.get("TENURE_LONG"))

hear_signals()


def clean():
    """The environment without a word of Tenure's."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TENURE_")}


class Place:
    """A folder and a database of its own."""

    def __init__(self):
        self.folder = tempfile.mkdtemp()
        self.path = os.path.join(self.folder, "t.db")
        self.runs = []
        atexit.register(self.close)
        self.tenure("init")

    def close(self):
        for run in self.runs:
            run.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def file(self, name):
        return os.path.join(self.folder, name)

    def text(self, name):
        """What is in a file of the folder, '' if it is not there."""
        try:
            with open(self.file(name), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def connect(self):
        return connect(self.path, timeout=30)

    def rows(self, sql, *params):
        """Rows as dicts, on a connection of its own."""
        db = self.connect()
        try:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute(sql, params).fetchall()]
        finally:
            db.close()

    def row(self, sql, *params):
        rows = self.rows(sql, *params)
        return rows[0] if rows else None

    def session(self, scope):
        """The newest session of a scope."""
        return self.row("SELECT * FROM tenure_session WHERE scope = ? ORDER BY fence DESC", scope)

    def result(self, scope):
        return self.row("SELECT r.* FROM tenure_result AS r JOIN tenure_session USING (session_id)"
                        " WHERE scope = ? ORDER BY fence DESC", scope)

    def completion(self, scope):
        return self.row("SELECT c.* FROM tenure_completion AS c JOIN tenure_session USING (session_id)"
                        " WHERE scope = ? ORDER BY fence DESC", scope)

    def tenure(self, *arguments, **options):
        """The command, to its end."""
        options.setdefault("env", clean())
        return subprocess.run([TENURE, arguments[0], "--db", self.path, *arguments[1:]], text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, check=False, **options)

    def run(self, *arguments, **options):
        """'tenure run' with these arguments, in the background."""
        run = Run(self, arguments, **options)
        self.runs.append(run)
        return run

    def command(self, text):
        """The end of a command line that runs TEXT in a shell in the folder."""
        return ["--", "sh", "-c", f"cd '{self.folder}'; {text}"]


class Run:
    def __init__(self, place, arguments, **options):
        self.place = place
        self.scope = arguments[arguments.index("--scope") + 1]
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
                   "env": clean(), "start_new_session": True, "text": True, **options}
        self.began = time.monotonic()
        self.process = subprocess.Popen([TENURE, "run", "--db", place.path, *arguments], **options)
        self.pid = self.process.pid
        self.out = self.err = ""

    def session(self):
        """The living session of this run, once there is one."""
        return until(lambda: self.place.row(
            "SELECT * FROM tenure_session WHERE scope = ? AND ended_at IS NULL", self.scope))

    def attendant(self):
        """The process that has started the command, and waits for it."""
        return stat(self.session()["pid"])[1]

    def helper(self, name):
        """The process beside the run with that name, once the session is there."""
        self.session()
        return until(lambda: next((pid for pid in children(self.pid) if name_of(pid) == name), None))

    def watchdog(self):
        """The watchdog, once it has begun: beside the attendant only it ignores TERM, what is about to become another
        process does not."""
        attendant = self.attendant()
        return until(lambda: next((pid for pid in children(self.pid)
                                   if pid != attendant and ignores(pid, signal.SIGTERM)), None))

    def wait(self, patience=PATIENCE):
        """Its exit code; reads what it wrote. None if it does not end."""
        try:
            self.out, self.err = self.process.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            return None
        return self.process.returncode

    def stop(self):
        """Ends it, whatever state it is in, and all that it started."""
        if self.process.poll() is None:
            for pid in [self.pid, *descendants(self.pid)]:
                kill(pid, signal.SIGKILL)
            self.wait()
