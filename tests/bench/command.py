#!/usr/bin/python3
"""command.py: what the command costs beside sqlite3 itself.

One `tenure heartbeat` as a process of its own, against a bash script of three lines that loads the extension into
sqlite3 and writes one bare UPDATE; and one heartbeat as `tenure run` writes it, through a sqlite3 process that
stays open, in milliseconds and against the bare UPDATE there. All on one database in WAL mode on a real disk, in
rounds that take turns; medians."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
EXTENSION = os.path.realpath(os.path.join(ROOT, "dist", "tenure.so"))
TENURE = os.path.join(ROOT, "bin", "tenure")
ROUNDS, COMMANDS, BEATS = 9, 12, 300

# The floor: the columns that a heartbeat writes, in a table without rules.
BARE = ("UPDATE bare SET last_heartbeat_at = unixepoch(), lease_deadline_mono = lease_deadline_mono + 1, "
        "changed_at = unixepoch(), revision = revision + 1 WHERE session_id = '{}';")
SCRIPT = """#!/usr/bin/env bash
set -euo pipefail
exec sqlite3 -batch -bail -init /dev/null {db} <<<".timeout 5000
.load {extension}
PRAGMA synchronous=NORMAL;
{update}"
"""


def middle(values):
    return sorted(values)[len(values) // 2]


def renewal(session, fence):
    """The statement of bin/lib/run_keeper.sh, as it makes it."""
    script = ("use() { :; }; opening() { REPLY=; }; sql_text() { REPLY=\"'$1'\"; }; "
              f"SESSION={session} FENCE={fence} LOCK_WAIT=1; source '{ROOT}/bin/lib/run_keeper.sh'; "
              "plan_heartbeat; printf %s \"$HEARTBEAT\"")
    return subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout


class Shell:
    """A sqlite3 process that stays open."""

    def __init__(self, db):
        self.process = subprocess.Popen(["sqlite3", "-batch", "-bail", "-init", "/dev/null", db], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.ask(f".timeout 5000\n.load {EXTENSION}\nPRAGMA synchronous=NORMAL;")

    def ask(self, text):
        self.process.stdin.write(text + "\n.print done\n")
        self.process.stdin.flush()
        while self.process.stdout.readline() not in ("done\n", ""):
            pass

    def each(self, statement):
        """Milliseconds for one of BEATS statements that are sent and answered one by one."""
        begun = time.perf_counter()
        for _ in range(BEATS):
            self.ask(statement)
        return 1000 * (time.perf_counter() - begun) / BEATS

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def commands(arguments):
    """Seconds for one of COMMANDS processes, one after the other."""
    begun = time.perf_counter()
    for _ in range(COMMANDS):
        subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - begun) / COMMANDS


def line(what, value, goal, unit):
    print(f"{what:46} {value:6.2f} {unit}  goal <= {goal:.2f}  {'ok' if value <= goal else 'MISS'}", flush=True)


def main():
    folder = tempfile.mkdtemp(dir=sys.argv[1] if len(sys.argv) > 1 else ".")
    try:
        db = os.path.join(folder, "bench.db")
        start = subprocess.run([TENURE, "start", "--db", db, "--scope", "bench", "--actor", "worker", "--lease", "31536000",
                                "--json"], check=True, capture_output=True, text=True).stdout
        session, fence = re.search(r'"session_id":"([^"]+)"', start)[1], re.search(r'"fence":(\d+)', start)[1]
        subprocess.run(["sqlite3", db, "CREATE TABLE bare AS SELECT * FROM tenure_session"], check=True)
        script = os.path.join(folder, "bare.sh")
        with open(script, "w", encoding="utf-8") as file:
            file.write(SCRIPT.format(db=db, extension=EXTENSION, update=BARE.format(session)))
        heartbeat = [TENURE, "heartbeat", "--db", db, "--session", session, "--fence", fence]
        shell, ratios, kept, bare = Shell(db), [], [], []
        for _ in range(ROUNDS):
            ratios.append(commands(heartbeat) / commands(["bash", script]))
            kept.append(shell.each(renewal(session, fence)))
            bare.append(shell.each(BARE.format(session)))
        shell.close()
        line("tenure heartbeat / bash + sqlite3 + UPDATE", middle(ratios), 1.3, "x ")
        line("a heartbeat of tenure run", middle(kept), 0.2, "ms")
        print(f"{'a heartbeat of tenure run / bare UPDATE there':46} {middle([k / b for k, b in zip(kept, bare)]):6.2f} x")
    finally:
        shutil.rmtree(folder)


main()
