"""What the tests of the hooks share: a folder and a database of their own, the command as a tool runs it, and
looks at what became of the session.

    box = Box()
    run = box.hook("claude-code", box.payload("claude-code.PreToolUse", session_id="a"), scope="repo")
    run.code, run.out, run.err
    box.session("claude-code:a")
"""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import ROOT, connect, diag, ok  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
TENURE = os.path.join(ROOT, "bin", "tenure")


# How long a hook may take on a busy machine before it hangs, in seconds. Some payloads are large.
PATIENCE = 600


class Run:
    """How a command ended."""

    def __init__(self, process, out, err):
        self.code, self.out, self.err = process.returncode, out.decode(), err.decode("utf-8", "replace")

    def __repr__(self):
        return f"code {self.code}\nstdout: {self.out[:2000]}\nstderr: {self.err[:2000]}"


# In memory where that is possible: most of the time of a hook would be spent waiting for the disk.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


class Box:
    healthy = True  # False: the database is damaged on purpose

    def __init__(self):
        self.folder = tempfile.mkdtemp(dir=MEMORY)
        self.db = os.path.join(self.folder, "t.db")
        self.environment = {"PATH": os.environ["PATH"], "HOME": self.folder, "TENURE_DB": self.db,
                            "LC_ALL": os.environ.get("LC_ALL", "C.UTF-8")}

    def close(self):
        """Ends it, after tenure_doctor has looked at the database, if that is one; see tests/lib/health.py."""
        if self.healthy and os.path.isfile(self.db):
            connect(self.db).close()
        shutil.rmtree(self.folder)

    def payload(self, name, without=(), **changes):
        """One of the recorded payloads, with other values."""
        with open(os.path.join(HERE, "payloads", name + ".json"), encoding="utf-8") as file:
            payload = json.load(file)
        payload.update(changes)
        for key in without:
            del payload[key]
        return payload

    def start(self, tool, *arguments, stdin=subprocess.PIPE, scope=None, **environment):
        """Starts a hook and does not wait. An environment of NAME=None lacks that name."""
        given = dict(self.environment, **environment)
        if scope is not None:
            given["TENURE_SCOPE"] = scope
        given = {name: value for name, value in given.items() if value is not None}
        return subprocess.Popen([TENURE, "hook", tool, *arguments], stdin=stdin, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, env=given, cwd=self.folder)

    def hook(self, tool, payload, *arguments, scope=None, **environment):
        """Runs a hook with a payload, bytes or an object, on its standard input."""
        if not isinstance(payload, bytes):
            payload = json.dumps(payload).encode()
        process = self.start(tool, *arguments, scope=scope, **environment)
        return Run(process, *process.communicate(payload, timeout=PATIENCE))

    def tenure(self, *arguments):
        process = subprocess.Popen([TENURE, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=self.environment, cwd=self.folder)
        return Run(process, *process.communicate(timeout=PATIENCE))

    def rows(self, sql, *values):
        """What a client without the extension reads, as dictionaries."""
        db = sqlite3.connect(self.db)
        db.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in db.execute(sql, values)]
        finally:
            db.close()

    def sessions(self):
        return self.rows("SELECT * FROM tenure_session ORDER BY started_at, session_id")

    def session(self, actor):
        """The one session of an actor."""
        found = self.rows("SELECT * FROM tenure_session WHERE owner_id = ?", actor)
        assert len(found) == 1, found
        return found[0]

    def turns(self):
        return self.rows("SELECT * FROM tenure_turn ORDER BY started_at, turn_id")

    def keep(self):
        """The database as it is, for restore()."""
        with open(self.db, "rb") as file:
            return file.read()

    def restore(self, kept):
        """Writes it back into the same file, so that its leases stay what they were."""
        with open(self.db, "r+b") as file:
            file.truncate()
            file.write(kept)

    def outlive(self):
        """Ends every lease at once: in a copied file no lease is live."""
        shutil.copyfile(self.db, self.db + ".copy")
        os.replace(self.db + ".copy", self.db)


def went(run, code, name):
    """RUN ended with CODE; shows what happened if not."""
    return ok(run.code == code, name) or diag(run)
