#!/usr/bin/python3
"""Signals to 'tenure run', to its command and to the processes beside them: nothing is left running, and
what is recorded says what happened."""

import os
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from command import TENURE, Place  # noqa: E402
from processes import children, kill, lives, name_of, stat, until  # noqa: E402
from tap import diag, done, is_, ok  # noqa: E402

place = Place()

# A command with a family: a child, a grandchild, and one that left the group. Each writes its pid, then the
# command says that it is ready.
FAMILY = """
echo $$ >{n}.command
sleep 300 & echo $! >{n}.child
(sleep 301 & echo $! >{n}.grandchild; wait) &
setsid sh -c 'echo $$ >{n}.stray; exec sleep 302' &
while [ ! -s {n}.child ] || [ ! -s {n}.grandchild ] || [ ! -s {n}.stray ]; do sleep 0.05; done
"""


def family(scope, then, *arguments):
    """A run of such a command, which does THEN when its family is there."""
    text = FAMILY.format(n=scope) + f"echo ready >{scope}.ready; {then}"
    return place.run("--scope", scope, "--actor", "a", *arguments, *place.command(text))


def ready(run):
    """The pids of the command and its family. It may have ended again by now."""
    if not until(lambda: place.text(f"{run.scope}.ready")):
        diag(f"{run.scope} was never ready")
    return [int(place.text(f"{run.scope}.{who}") or 0) for who in ("command", "child", "grandchild", "stray")]


def gone(pids, name):
    """One test: none of PIDS lives."""
    if not ok(until(lambda: not any(map(lives, pids))), name):
        diag([(pid, stat(pid)) for pid in pids])


WAIT = "wait"
CAREFUL = "trap 'echo got TERM; exit 3' TERM; while :; do sleep 0.1; done"
DEAF = "trap '' TERM; while :; do sleep 0.1; done"
runs = {
    "term": family("term", WAIT), "int": family("int", WAIT), "hup": family("hup", WAIT),
    "careful": family("careful", CAREFUL), "kill": family("kill", WAIT),
    "child": family("child", WAIT), "leaves": family("leaves", "exit 0"),
    "limit": family("limit", WAIT, "--max-secs", "8"),
    "deaf": family("deaf", DEAF, "--max-secs", "8"),
    "heard": family("heard", WAIT), "attendant": family("attendant", WAIT),
    "watchdog": family("watchdog", WAIT), "both": family("both", "exec sleep 303"),
    "outer": place.run("--scope", "outer", "--actor", "a", "--", TENURE, "run", "--scope", "inner", "--actor", "b",
                       *place.command(FAMILY.format(n="outer") + "echo ready >outer.ready; wait")),
}
pids = {scope: ready(run) for scope, run in runs.items() if scope != "leaves"}

# --- what is passed on

for scope, number in (("term", signal.SIGTERM), ("int", signal.SIGINT), ("hup", signal.SIGHUP)):
    os.kill(runs[scope].pid, number)
    code = runs[scope].wait()
    is_((code, place.result(scope)["status"], place.session(scope)["end_reason"]),
        (128 + number, "interrupted", "run"), f"{number.name} is passed on, and is the exit code")
    gone(pids[scope], f"{number.name}: nobody survives")
os.kill(runs["careful"].pid, signal.SIGTERM)
is_((runs["careful"].wait(), runs["careful"].out, place.result("careful")["exit_code"]), (3, "got TERM\n", 3),
    "a command that handles TERM ends as it likes")
gone(pids["careful"], "and its family with it")

# --- the command

os.kill(pids["child"][0], signal.SIGKILL)
is_((runs["child"].wait(), place.result("child")["status"]), (137, "signal"), "KILL of the command")
gone(pids["child"], "KILL of the command: nobody survives")
is_((runs["leaves"].wait(), place.result("leaves")["status"]), (0, "success"),
    "a command that leaves its family behind")
gone([int(place.text(f"leaves.{who}")) for who in ("child", "grandchild", "stray")],
     "its family does not outlive the session")

# The command's parent says that it has ended, so that nobody sees a session of a dead process for longer than that
# takes: what it would say ends the run, whatever else there is to see.
run = runs["heard"]
with open(f"/proc/{run.attendant()}/cmdline", "rb") as file:
    events = file.read().split(b"run_attend.sh\0")[1].split(b"\0")[0].decode()
with open(f"/proc/{run.pid}/fd/{events}", "w", encoding="ascii") as file:
    file.write("ended 9\n")
is_((run.wait(), place.result("heard")["status"]), (9, "failure"), "an end is told to the run, it need not look for it")
gone(pids["heard"], "and nobody survives")

# --- KILL of what has started the command, of 'tenure run' itself, of the watchdog, and of both

run = runs["attendant"]
os.kill(run.attendant(), signal.SIGKILL)
is_((run.wait(), place.result("attendant")["status"]), (137, "signal"), "KILL of the attendant counts as one of the command")
gone(pids["attendant"], "KILL of the attendant: nobody survives")

run = runs["kill"]
beside = [run.watchdog()]
os.kill(run.pid, signal.SIGKILL)
run.wait()
gone(pids["kill"] + beside, "KILL of the run: nobody survives")
session = place.session("kill")
is_((session["ended_at"], place.result("kill")), (None, None), "nothing was recorded")
got = place.tenure("run", "--scope", "kill", "--actor", "a", "--", "true")
is_(got.returncode, 0, "the same actor starts anew at once, because the process is dead")

run = runs["watchdog"]
first = run.watchdog()
os.kill(first, signal.SIGKILL)
second = until(lambda: not lives(first)) and run.watchdog()
ok(second and lives(pids["watchdog"][0]), "KILL of the watchdog: there is another one")
os.kill(run.pid, signal.SIGKILL)
run.wait()
gone(pids["watchdog"] + [second], "and that one does its work")

run = runs["both"]
watchdog = run.watchdog()
for pid in (run.pid, watchdog):
    os.kill(pid, signal.SIGSTOP)
for pid in (watchdog, run.pid):
    os.kill(pid, signal.SIGKILL)
gone(pids["both"][:1], "KILL of both: the command dies with its parent")
for pid in pids["both"][1:]:
    kill(pid, signal.SIGKILL)
run.wait()

run = runs["outer"]
inner = place.session("outer")["pid"]
os.kill(run.pid, signal.SIGKILL)
gone([*pids["outer"], inner], "KILL of a run around another: nobody survives")
run.wait()

# --- sqlite3 beside the run

run = family("sqlite", WAIT, "--lease", "12")  # only now: among those above it could lose so short a lease
ready(run)
before = run.session()["revision"]
keeper = run.helper("sqlite3")
descriptors = len(os.listdir(f"/proc/{run.pid}/fd"))
os.kill(keeper, signal.SIGKILL)
ok(until(lambda: run.session()["revision"] >= before + 2), "KILL of sqlite3: another one renews the lease")
paused = run.helper("sqlite3")
os.kill(paused, signal.SIGSTOP)
ok(until(lambda: not lives(paused)), "a sqlite3 that gives no answer is replaced")
before = run.session()["revision"]
ok(until(lambda: run.session()["revision"] > before), "and the lease is renewed")
ok(until(lambda: len(os.listdir(f"/proc/{run.pid}/fd")) <= descriptors), "and no descriptor is left of those that are gone")
os.kill(run.pid, signal.SIGTERM)
is_(run.wait(), 143, "and the command was never disturbed")

# --- --max-secs

run = runs["limit"]
is_((run.wait(), place.result("limit")["status"], place.result("limit")["exit_code"]), (143, "timeout", 143),
    "--max-secs: TERM")
gone(pids["limit"], "nobody survives")
run = runs["deaf"]
is_((run.wait(), place.result("deaf")["status"], place.completion("deaf")["exit_code"]), (137, "timeout", 137),
    "--max-secs: KILL for a command that ignores TERM")
gone(pids["deaf"], "nobody survives either")

# A signal at any time before the command has begun: whatever is being made then, the command never begins.
early = []
for n in range(12):
    run = place.run("--scope", f"early-{n}", "--actor", "a", *place.command(f"sleep 300; touch early-{n}.ran"))
    time.sleep(0.01 + 0.01 * n)
    os.kill(run.pid, signal.SIGTERM)
    early.append((run.wait(), os.path.exists(place.file(f"early-{n}.ran"))))
is_([found for found in early if found not in ((143, False), (-15, False))], [],
    "TERM in the first tenth of a second: the command does not run to its end")

# A signal to the whole group when the command has ended, and its end cannot be recorded yet.
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    scope = f"late-{number.name}"
    run = place.run("--scope", scope, "--actor", "a",
                    *place.command(f"touch {scope}; until [ -e {scope}.go ]; do sleep 0.05; done"))
    until(lambda: os.path.exists(place.file(scope)))
    db = place.connect()
    db.execute("BEGIN IMMEDIATE")
    open(place.file(f"{scope}.go"), "w", encoding="ascii").close()
    until(lambda: [name_of(child) for child in children(run.pid)] == ["sqlite3"])
    os.killpg(run.pid, number)
    time.sleep(0.3)
    db.execute("COMMIT")
    db.close()
    is_((run.wait(), run.err, place.session(scope)["end_reason"], (place.result(scope) or {}).get("status")),
        (0, "", "run", "success"), f"{number.name} while the end is being recorded: it is recorded")

# A signal before the command has begun: the database is locked, so the session cannot start yet.
db = place.connect()
db.execute("BEGIN IMMEDIATE")
run = place.run("--scope", "early", "--actor", "a", *place.command("touch early.ran"))
until(lambda: children(run.pid))
time.sleep(0.5)
os.kill(run.pid, signal.SIGTERM)
db.execute("COMMIT")
db.close()
code = run.wait()
is_((code, place.text("early.ran"), os.path.exists(place.file("early.ran"))), (143, "", False),
    "TERM before the command has begun: it never begins")
is_(place.row("SELECT count(*) AS n FROM tenure_holder WHERE scope = 'early'")["n"], 0, "and the scope is free")

place.close()
done()
