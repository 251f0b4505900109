"""A copy of Tenure's sources in which the mutation run breaks something, builds and tests."""
import os
import select
import shutil
import signal
import subprocess
from contextlib import contextmanager

from mutants import ROOT  # which makes tests/lib known
from apart import APART
from order import is_of_command, is_script

# What has been built is copied with its times, so that only what changes is built anew.
COPIED = ("Makefile", "README.md", "bin", "docs", "examples", "ext", "packaging", "sql", "tests",
          "dist/gen", "dist/obj", "dist/static")
# A mixture of && and || that a mutant makes is as good as any.
FLAGS = "-O1 -Wno-parentheses"
HANG = 180  # seconds without a word from a test
# Where scripts are tested that may be broken: a signal to the wrong process reaches none outside.
ASIDE = APART + ['"$0"; exit $?']


class Tree:
    """A copy of the sources that can be built and tested while one file in it is broken. HEALTHY: its tests look
    at the health of their databases all along."""

    def __init__(self, root, flags=FLAGS, healthy=False):
        self.root, self.flags = root, flags
        self.environment = dict(os.environ, TENURE_HEALTH="always" if healthy else "end")
        shutil.rmtree(root, ignore_errors=True)
        os.makedirs(root)
        for name in COPIED:
            source = os.path.join(ROOT, name)
            if os.path.isdir(source):
                shutil.copytree(source, os.path.join(root, name))
            elif os.path.exists(source):
                shutil.copy2(source, root)

    def make(self, target):
        return subprocess.run(["make", "-s", "-C", self.root, f"CFLAGS={self.flags}", target], capture_output=True,
                              check=False).returncode == 0

    def builds(self, file):
        """Whether what FILE is a part of can be built, or read."""
        if not is_script(file):
            return self.make("all")
        return subprocess.run(["bash", "-O", "extglob", "-n", os.path.join(self.root, file)], capture_output=True,
                              check=False).returncode == 0

    @contextmanager
    def broken(self, mutant):
        """Inside, the tree has the mutant in it."""
        path = os.path.join(self.root, mutant.file)
        with open(path, encoding="utf-8") as file:
            original = file.read()
        self.write(path, mutant.text)
        try:
            yield
        finally:
            self.write(path, original)

    @staticmethod
    def write(path, text):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def passes(self, test, cost=None):
        """Whether a test passes, and its CPU seconds. One that takes far longer than its COST does not."""
        if test.startswith("dist/") and not self.make(test):
            return False, 0
        limit = [] if cost is None else ["prlimit", f"--cpu={int(5 + 5 * cost)}"]
        place = ASIDE if is_of_command(test) else []
        with subprocess.Popen(limit + place + [os.path.join(self.root, test)], cwd=self.root, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
                              env=self.environment) as run:
            fine = self.watch(run)
            if not fine:
                os.killpg(run.pid, signal.SIGKILL)
            _, status, usage = os.wait4(run.pid, 0)
            run.returncode = status
        return fine and status == 0, usage.ru_utime + usage.ru_stime

    @staticmethod
    def watch(run):
        """Reads a test's output until it ends, or shows that it fails. What the test leaves running may hold
        its output open."""
        rest, silent = b"", 0
        while silent < HANG:
            if select.select([run.stdout], [], [], 1)[0]:
                data, silent = os.read(run.stdout.fileno(), 65536), 0
                rest += data
                if not data:
                    return True
                if b"\nnot ok" in b"\n" + rest:
                    return False
                rest = rest[rest.rfind(b"\n") + 1:]
            elif os.waitid(os.P_PID, run.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                return True
            else:
                silent += 1
        return False
