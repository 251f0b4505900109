#!/usr/bin/python3
"""'tenure run' on a terminal: the command reads what is typed, gets the key for INT once, sees the terminal as
its own, and can stop and go on with it."""

import os
import pty
import select
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from command import PYTHON, TENURE, Place, clean  # noqa: E402
from processes import lives, state, until  # noqa: E402
from tap import diag, done, is_, ok  # noqa: E402

place = Place()


class Terminal:
    """A program as the leader of a session with a terminal of its own."""

    def __init__(self, *command):
        self.text = self.all = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], command, {**clean(), "TERM": "dumb", "PS1": "$ "})

    def type(self, text):
        os.write(self.fd, text.encode())

    def sees(self, text):
        """Waits until TEXT has been shown, and forgets all up to it."""
        if not until(lambda: self.read() and text in self.text):
            diag(f"not {text!r} in {self.text!r}")
            return False
        self.text = self.text.split(text, 1)[1]
        return True

    def read(self):
        """Takes what has been shown so far."""
        while select.select([self.fd], [], [], 0)[0]:
            try:
                text = os.read(self.fd, 4096).decode("utf-8", "replace")
            except OSError:
                break
            self.text += text
            self.all += text
        return True

    def wait(self):
        """Its exit code."""
        def ended():
            self.read()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            return (os.waitstatus_to_exitcode(status),) if pid else None
        ended = until(ended)
        os.close(self.fd)
        return ended[0] if ended else None


def run(scope, *command):
    return (TENURE, "run", "--db", place.path, "--scope", scope, "--actor", "a", *command)


SHOW = """
import os, signal, sys
print("ignored", sorted(n for n in (1, 2, 3, 15) if signal.getsignal(n) == signal.SIG_IGN), flush=True)
signal.signal(signal.SIGINT, lambda *_: print("<INT>", flush=True))
print("tty", os.isatty(0), os.isatty(1), os.isatty(2), os.tcgetpgrp(0) == os.getpgrp(), flush=True)
open("/dev/tty").close()
while True:
    line = sys.stdin.readline()
    if not line: break
    print("read", line.strip()[::-1], flush=True)
sys.exit(5)
"""
terminal = Terminal(*run("keys", "--", PYTHON, "-c", SHOW))
ok(terminal.sees("running as ses_"), "a person is told who runs")
ok(terminal.sees("ignored []"), "no signal is ignored")
ok(terminal.sees("tty True True True True"), "the command has the terminal")
terminal.type("abc\n")
ok(terminal.sees("read cba"), "and reads what is typed")
terminal.type("\x03")
ok(terminal.sees("<INT>"), "the key for INT reaches it")
terminal.type("def\n")
ok(terminal.sees("read fed"), "and it goes on")
is_(terminal.all.count("<INT>"), 1, "it came once")
terminal.type("\x04")
is_(terminal.wait(), 5, "and it ends as it likes")
is_((place.result("keys")["exit_code"], place.session("keys")["end_reason"]), (5, "run"), "which is recorded")

# Options of an interactive shell that were exported: one gives each job a process group of its own.
terminal = Terminal("env", "SHELLOPTS=monitor", *run("monitor", "--", "cat"))
terminal.sees("running as ses_")
terminal.type("abc\n")
ok(terminal.sees("abc\r\nabc"), "a command reads the terminal whatever the caller's shell exported")
terminal.type("\x04")
is_(terminal.wait(), 0, "and ends")

# A command that does not handle INT ends by it, with all that it started.
terminal = Terminal(*run("int", *place.command("setsid sleep 300 & echo $! >stray; sleep 301 & echo $! >child; echo go; wait")))
ok(terminal.sees("go\r"), "a command with a family")
pids = [int(place.text("stray")), int(place.text("child"))]
terminal.type("\x03")
is_(terminal.wait(), 130, "the key for INT ends it")
ok(until(lambda: not any(map(lives, pids))), "and its family")
is_(place.result("int")["status"], "interrupted", "the result is 'interrupted'")

# TERM and KILL of the run, with a terminal.
for number, code in ((signal.SIGTERM, 143), (signal.SIGKILL, -9)):
    scope = number.name
    terminal = Terminal(*run(scope, *place.command(f"sleep 300 & echo $! >{scope}; echo go; wait")))
    terminal.sees("go\r")
    pids = [int(place.text(scope)), place.session(scope)["pid"]]
    os.kill(terminal.pid, number)
    is_(terminal.wait(), code, f"{number.name} of the run")
    ok(until(lambda: not any(map(lives, pids))), "nobody survives")

# In a shell with job control: stopped and continued like any other job. Who is about to stop can still read what is
# typed for the shell, and the shell what is typed for the job, so each waits until the other has let go.
terminal = Terminal("bash", "--norc", "--noprofile", "-i")
terminal.sees("$ ")
terminal.type(" ".join(run("job", "--", "sh", "-c", "'echo go; read x; echo got $x; exit 6'")) + "\n")
ok(terminal.sees("go\r"), "under a shell")
terminal.type("\x1a")
ok(terminal.sees("Stopped") and terminal.sees("$ "), "the key for TSTP stops it")
command = place.session("job")["pid"]
ok(until(lambda: state(command) == "T"), "and its command")
terminal.type("fg\n")
until(lambda: terminal.read() and os.tcgetpgrp(terminal.fd) != terminal.pid)
terminal.type("line\n")
ok(terminal.sees("got line") and terminal.sees("$ "), "and fg lets it go on")
terminal.type("echo code $?\n")
ok(terminal.sees("code 6"), "to its end")
terminal.type("exit\n")
terminal.wait()

place.close()
done()
