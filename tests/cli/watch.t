#!/usr/bin/python3
"""tenure watch: on a terminal (a pseudo terminal here), and where there is none."""

import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import termios
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from processes import PATIENCE, children, hear_signals, lives, name_of, state, until  # noqa: E402
from tap import ROOT, diag, done, is_, ok  # noqa: E402

TENURE = os.path.join(ROOT, "bin", "tenure")
ENTER, LEAVE = b"\x1b[?1049h\x1b[?25l\x1b[?7l", b"\x1b[?7h\x1b[?25h\x1b[?1049l"
FRAME = re.compile(rb"\x1b\[\?2026h\x1b\[H(.*?)\x1b\[J\x1b\[\?2026l", re.S)

folder = tempfile.TemporaryDirectory()
clean = {name: value for name, value in os.environ.items()
         if not name.startswith("TENURE_") and name not in ("NO_COLOR", "TERM", "COLUMNS", "LINES")}
clean |= {"HOME": folder.name, "TERM": "xterm", "LC_ALL": "C.UTF-8"}


def database(name):
    return os.path.join(folder.name, name + ".db")


def tenure(path, *arguments):
    run = subprocess.run([TENURE, "--db", path, *arguments], env=clean, cwd=folder.name, capture_output=True,
                         text=True, check=False)
    if run.returncode:
        diag(f"tenure {' '.join(arguments)}: {run.stderr}")
    return run.stdout


def stand_in(name, script):
    """A folder for PATH in which the program of that name runs a script first."""
    path = os.path.join(folder.name, f"in front of {name}")
    os.mkdir(path)
    with open(os.path.join(path, name), "w", encoding="utf-8") as file:
        file.write(f'#!/bin/sh\n{script}\nexec {shutil.which(name)} "$@"\n')
    os.chmod(os.path.join(path, name), 0o755)
    return path


class Terminal:
    """A watch on a pseudo terminal of its own."""

    def __init__(self, path, *arguments, rows=24, columns=80, program=None, **environment):
        program = program or [TENURE, "--db", path, "watch", *arguments]
        self.seen = b""
        self.status = None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.read(0, 1)  # until the terminal has its size
                hear_signals()
                os.chdir(folder.name)
                os.execve(program[0], program, clean | environment)
            finally:
                os._exit(99)
        self.resize(rows, columns)
        self.before = termios.tcgetattr(self.fd)
        os.write(self.fd, b"\n")

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds=0.05):
        """Takes what has been written; False at the end."""
        if self.fd is None or not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            self.seen += os.read(self.fd, 65536)
        except OSError:
            return False
        return True

    def frames(self):
        return [re.split("\x1b\\[K\r+\n", frame.decode()) for frame in FRAME.findall(self.seen)]

    def frame(self):
        """The last picture, line by line, without its colours."""
        frames = self.frames()
        return [re.sub("\x1b\\[[0-9;]*[mK]", "", line) for line in frames[-1]] if frames else []

    def shows(self, *texts, without=""):
        """Waits until the picture has these texts in it."""
        def look():
            self.read()
            text = "\n".join(self.frame())
            return all(part in text for part in texts) and not (without and without in text)
        return until(look)

    def key(self, text):
        os.write(self.fd, text)

    def end(self):
        """Waits until it ends; gives how."""
        def look():
            self.read()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
            return pid
        if not until(look):
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            diag("it did not end")
        while self.fd is not None and self.read(0) and select.select([self.fd], [], [], 0)[0]:
            pass
        return self.status

    def restored(self):
        """Whether the terminal is as it was found."""
        return self.seen.endswith(LEAVE) and termios.tcgetattr(self.fd) == self.before

    def close(self):
        os.close(self.fd)
        self.fd = None


# --- in a terminal

path = database("live")
tenure(path, "start", "--scope", "repo", "--actor", "worker-1", "--lease", "500")
t = Terminal(path)
ok(t.shows("tenure watch", "SCOPE", "repo", "worker-1", " left"), f"it shows what status shows: {t.frame()}")
ok(t.seen.startswith(ENTER, t.seen.find(b"\x1b")), "on a page of its own, without a cursor")
reader = children(t.pid)
is_(len(reader), 1, "one sqlite3 is open")
first = t.frame()
ok(until(lambda: t.read() and t.frame()[3:4] != first[3:4]), "what only time changes changes")
is_(children(t.pid), reader, "by the same sqlite3")
tenure(path, "heartbeat", "--scope", "repo", "--actor", "worker-1", "--activity", "running the tests")
ok(t.shows("running the tests"), "a heartbeat is seen")
tenure(path, "start", "--scope", "other", "--actor", "worker-2", "--lease", "60")
ok(t.shows("other", "worker-2"), "another holder is seen")

log = sqlite3.connect(path, timeout=0, isolation_level=None)
is_(log.execute("PRAGMA journal_mode").fetchone()[0], "wal", "the database is in WAL mode")


def resets():
    """How many of fifty checkpoints could cut the WAL off."""
    return [log.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] for _ in range(50) if not time.sleep(0.01)].count(0)


ok(until(lambda: resets() >= 25), "the WAL can be checkpointed and cut off while it watches")
version = log.execute("PRAGMA data_version").fetchone()
with open(path, "rb") as file:
    contents = file.read()
count = len(t.frames())
ok(until(lambda: t.read() and len(t.frames()) >= count + 3), "some pictures later")
with open(path, "rb") as file:
    ok(file.read() == contents and log.execute("PRAGMA data_version").fetchone() == version, "it has written nothing")

os.kill(reader[0], signal.SIGKILL)
ok(until(lambda: t.read() and children(t.pid) not in ([], reader)), "a sqlite3 that is killed is replaced")
tenure(path, "clear", "--scope", "other", "--actor", "worker-2")
ok(t.shows("repo", "1 scope is free"), "and watching goes on")

for index in range(12):
    tenure(path, "start", "--scope", f"scope-{index:02}", "--actor", "漢字" * 30, "--lease", "500")
t.resize(10, 40)
ok(t.shows("more are held", without="scope-11"), "a smaller terminal shows fewer")
ok(len(t.frame()) <= 10, f"as many lines as there are rows: {len(t.frame())}")
t.resize(30, 120)
ok(t.shows("scope-11", without="more are held"), "a larger one shows more")
t.resize(3, 20)
ok(until(lambda: t.read() and len(t.frame()) == 3), f"a tiny one shows what fits: {t.frame()}")
ok(t.shows("more lines"), "and how much does not")
is_(t.seen.count(b"\x1b[2J"), 1, "the page is cleared once, never between pictures")
between = FRAME.sub(b"", t.seen[:t.seen.rfind(b"\x1b[?2026l") + 8])  # the next picture may have begun
is_(between[between.find(ENTER):].replace(ENTER, b""), b"\x1b[H\x1b[2J", "and nothing is written but whole pictures")
before = children(t.pid)
t.key(b"xQ")
is_(t.end(), 0, "q ends it")
ok(t.restored(), "and the terminal is as it was")
ok(until(lambda: not any(map(lives, before))), "sqlite3 is gone")
is_([name for name in os.listdir(folder.name) if not name.startswith("live.db")], [], "nothing is left behind")

for name, act, want in (("Ctrl-C", lambda t: t.key(b"\x03"), signal.SIGINT),
                        ("SIGTERM", lambda t: os.kill(t.pid, signal.SIGTERM), signal.SIGTERM),
                        ("SIGHUP", lambda t: os.kill(t.pid, signal.SIGHUP), signal.SIGHUP)):
    t = Terminal(path, "repo")
    ok(t.shows("repo: held by worker-1", "session  ses_"), f"one scope, until {name}")
    before = children(t.pid)
    act(t)
    is_(t.end(), -want, f"{name} ends it")
    ok(t.restored(), f"{name}: the terminal is as it was")
    ok(until(lambda: not any(map(lives, before))), f"{name}: sqlite3 is gone")

t = Terminal(path, "repo")
t.shows("repo: held by worker-1")
before = children(t.pid)
os.kill(t.pid, signal.SIGKILL)
t.end()
ok(until(lambda: not any(map(lives, before))), "sqlite3 does not outlive a watch that is killed")

# A shell with job control, because only what such a shell has started can be stopped by Ctrl-Z.
t = Terminal(path, program=["/bin/bash", "--norc", "--noprofile", "-i"], PS1="")
t.key(f"{TENURE} --db {path} watch repo\n".encode())
ok(t.shows("repo: held by worker-1"), "as a job of a shell")
job, = children(t.pid)
reader = children(job)
entered = t.seen.rfind(ENTER)
t.key(b"\x1a")
ok(until(lambda: t.read() and state(job) == "T"), "Ctrl-Z stops it")
ok(until(lambda: t.read() and t.seen.rfind(LEAVE) > entered), "Ctrl-Z: the terminal is as it was")
ok(all(state(pid) != "T" for pid in reader), "Ctrl-Z: sqlite3 is not stopped where it may hold something")
t.key(b"fg\n")
ok(until(lambda: t.read() and t.seen.rfind(ENTER) > t.seen.rfind(LEAVE)), "fg brings it back")
count = len(t.frames())
ok(until(lambda: t.read() and len(t.frames()) > count + 1), "and it goes on")
t.close()
ok(until(lambda: not any(map(lives, [job, *reader]))), "it ends when its terminal is gone")
t.end()

# One that is pressed while stty runs would stop that, and nothing would ever end the waiting for it.
slow = stand_in("stty", "sleep 0.5")
t = Terminal(path, program=["/bin/bash", "--norc", "--noprofile", "-i"], PS1="", PATH=f"{slow}:{clean['PATH']}")
t.key(f"{TENURE} --db {path} watch repo\n".encode())
ok(t.shows("repo: held by worker-1"), "with a stty that takes its time")
job, = children(t.pid)
t.key(b"\x1a")
until(lambda: t.read() and "stty" in map(name_of, children(job)))
t.key(b"\x1a")
ok(until(lambda: t.read() and state(job) == "T"), "Ctrl-Z twice stops it")
count = len(t.frames())
t.key(b"fg\n")
ok(until(lambda: t.read() and len(t.frames()) > count), "and it comes back")
t.close()
ok(until(lambda: not lives(job)), "and ends")
t.end()

t = Terminal(path, "repo", "--count", "2")
is_(t.end(), 0, "--count ends it")
is_(len(t.frames()), 2, "after that many pictures")
ok(t.restored() and b"\x1b[1m" in t.seen, "there are colours on a terminal")
t = Terminal(path, "repo", "--count", "1", NO_COLOR="1")
t.end()
ok(not re.search(rb"\x1b\[[0-9;]*m", t.seen) and len(t.frames()) == 1, "and none with NO_COLOR")
t = Terminal(path, "repo", "--count", "1", TERM="dumb")
is_((t.end(), t.seen.count(b"\x1b"), b"repo: held by worker-1" in t.seen), (0, 0, True), "a dumb terminal is not drawn on")

# --- the database comes, goes, and is another one

path = database("fickle")
t = Terminal(path)
ok(t.shows("database.missing", "there is no database at"), "no database: it says so, and waits")
ok(not os.path.exists(path), "it does not make one")
with open(path, "wb"):
    pass
ok(t.shows("without Tenure's tables"), "an empty file: it says so, and waits")
tenure(path, "start", "--scope", "one", "--actor", "a", "--lease", "500")
ok(t.shows("one", "a "), "it shows the database once there is one")
other = database("other")
tenure(other, "start", "--scope", "two", "--actor", "b", "--lease", "500")
for suffix in ("-wal", "-shm"):
    if os.path.exists(path + suffix):
        os.remove(path + suffix)
os.rename(other, path)
ok(t.shows("two", "b ", without="one"), "it shows the database that takes its place")
tenure(path, "heartbeat", "--scope", "two", "--actor", "b", "--activity", "on the new file")
ok(t.shows("on the new file"), "and what happens in that")
with open(path, "r+b") as file:
    file.write(b"nonsense" * 4)
os.rename(path, path + ".bad")
ok(t.shows("there is no database at"), "it says when it is gone")
os.rename(path + ".bad", path)
ok(t.shows("database.corrupt"), "it says when it is none")
t.key(b"q")
is_(t.end(), 0, "and still ends on q")
ok(t.restored(), "with the terminal as it was")

path = database("locked")
tenure(path, "start", "--scope", "repo", "--actor", "a", "--lease", "500")
holder = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
holder.execute("PRAGMA journal_mode=DELETE")
t = Terminal(path, TENURE_BUSY_TIMEOUT="1000")
ok(t.shows("repo"), "a database without a WAL")
holder.execute("BEGIN EXCLUSIVE")
ok(t.shows("unavailable", "is locked"), "it says when the database is locked")
holder.execute("COMMIT")
ok(t.shows("repo", without="is locked"), "and shows it again when it can")
t.key(b"x")
count = len(t.frames())
ok(until(lambda: t.read() and len(t.frames()) > count) and t.read(0.2), "a key without a meaning does nothing")
holder.execute("BEGIN EXCLUSIVE")
time.sleep(0.5)
t.key(b"q")
is_(t.end(), 0, "q works while the answer is waited for")
holder.execute("ROLLBACK")

# --- elsewhere

path = database("stream")


def stream(*arguments, **env):
    return subprocess.Popen([TENURE, "--db", path, "watch", *arguments], env=clean | env, cwd=folder.name, text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def told(watch):
    """The next object of a stream of JSON."""
    if not select.select([watch.stdout], [], [], PATIENCE)[0]:
        watch.kill()
    line = watch.stdout.readline()
    try:
        return json.loads(line)
    except ValueError:
        diag(f"not an object: {line!r} {watch.stderr.read()}")
        return {}


watch = stream("--json", "--count", "5")
got = told(watch)
is_(got.get("error", {}).get("code"), "database.missing", "as JSON: no database yet")
faults = [got["error"]["message"]]
time.sleep(1.5)
tenure(path, "start", "--scope", "s", "--actor", "a", "--lease", "8")
got = told(watch)
while not got.get("ok", True):  # a look at a database that was being made
    faults.append(got["error"]["message"])
    got = told(watch)
is_(len(set(faults)), len(faults), "what is wrong is told once")
is_([(row["scope"], row["owner_id"], row["stale"]) for row in got["result"]["scopes"]], [("s", "a", False)],
    "a picture is an object")
ok(got["command"] == "watch" and isinstance(got["result"]["at"], int), "which says when")
user = sqlite3.connect(path, isolation_level=None)
user.execute("CREATE TABLE mine(x)")
for _ in range(5):
    user.execute("INSERT INTO mine VALUES (1)")
    time.sleep(0.1)
got = told(watch)
is_(got["result"]["scopes"][0]["stale"], True, "the end of a lease is told, changes that are no business of ours are not")
tenure(path, "takeover", "--scope", "s", "--actor", "b", "--reason", "gone", "--lease", "500")
is_(told(watch)["result"]["scopes"][0]["owner_id"], "b", "a takeover is told")
tenure(path, "heartbeat", "--scope", "s", "--actor", "b")
ok(told(watch)["result"]["scopes"][0]["revision"] > 2, "a heartbeat is told")
tenure(path, "start", "--scope", "", "--actor", "c", "--lease", "500")
told(watch)
is_(watch.wait(PATIENCE), 0, "--count ends it")
is_(watch.stdout.read() + watch.stderr.read(), "", "and that is all")

# Each picture has a sqlite3 of its own. In front of the first, somebody is faster: what that shows is known then.
faster = stand_in("sqlite3", f"""
if [ -e {folder.name}/reads ] && [ ! -e {folder.name}/told ]; then
  touch {folder.name}/told
  PATH=${{PATH#*:}} {TENURE} --db {path} heartbeat --scope s --actor b >&2
fi
touch {folder.name}/reads""")
before = json.loads(tenure(path, "show", "--scope", "s", "--json"))["result"]["session"]["revision"]
watch = stream("--json", "s", "--count", "2", PATH=f"{faster}:{clean['PATH']}")
got = [told(watch)["result"]["scopes"][0]["revision"]]
time.sleep(1.5)
tenure(path, "heartbeat", "--scope", "s", "--actor", "b")
got.append(told(watch)["result"]["scopes"][0]["revision"])
is_(got, [before + 1, before + 2], "a change that comes before its picture is told once")
watch.communicate()

watch = stream("--count", "2", "s")
ok(re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ\n", watch.stdout.readline()), "for people, a picture stands under its time")
ok(watch.stdout.readline().startswith("s: held by b"), "and is what status shows")
tenure(path, "heartbeat", "--scope", "s", "--actor", "b", "--activity", "new")
out, err = watch.communicate(timeout=PATIENCE)
ok("doing    new" in out and out.endswith("\n\n") and "\x1b" not in out and err == "", "a change is a picture more")
watch = stream("--json", "s")
told(watch)
session = tenure(path, "show", "--scope", "s").split()[1]
for change in (["turn", "begin"], ["escalate", "--scope", "s", "--kind", "blocking", "--reason", "x", "--actor", "b"],
               ["result", "record", session, "--status", "failure"], ["result", "record", session, "--status", "success"]):
    tenure(path, *change, *([session] if change[0] == "turn" else []))
    ok(told(watch).get("ok"), f"{change[0]} {change[1]} is told")
watch.kill()
watch.communicate()
watch = stream("s")
watch.stdout.readline()
watch.stdout.close()
tenure(path, "heartbeat", "--scope", "s", "--actor", "b", "--activity", "newer")
tenure(path, "heartbeat", "--scope", "s", "--actor", "b", "--activity", "newest")
is_(watch.wait(PATIENCE), -signal.SIGPIPE, "it ends when nobody reads")
watch.stderr.close()
for arguments, code in ((["--interval", "0"], "usage.number"), (["--interval", "x"], "usage.number"),
                        (["--count", "0"], "usage.number"), (["--csv"], "usage.option")):
    watch = stream(*arguments)
    out, err = watch.communicate(timeout=PATIENCE)
    is_((watch.returncode, out, err.split(": ")[1]), (2, "", code), f"{' '.join(arguments)}: {code}")
bare = os.path.join(folder.name, "bare")
os.mkdir(bare)
for tool in ("bash", "env", "readlink", "mkdir"):
    os.symlink(shutil.which(tool), os.path.join(bare, tool))
watch = subprocess.Popen([TENURE, "--db", path, "watch"], env=clean | {"PATH": bare}, cwd=folder.name, text=True,
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
is_(until(lambda: watch.poll() is not None), True, "what no time can mend, such as no sqlite3, ends it")
watch.kill()
out, err = watch.communicate()
ok(watch.returncode == 1 and "sqlite3 is not installed" in err, "and it says why") or diag(f"{watch.returncode} {err}")
watch = subprocess.run([TENURE, "watch", "--count", "1"], env=clean | {"TENURE_DB": path, "TENURE_SCOPE": "s"},
                       cwd=folder.name, capture_output=True, text=True, check=False)
ok("s: held by b" in watch.stdout, "scope and database come from the environment")

done()
