#!/usr/bin/python3
"""How a command under 'tenure run' ends: exit codes, rows, and what the command gets to see."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from command import PYTHON, TENURE, Place, clean  # noqa: E402
from tap import EXTENSION, diag, done, is_, ok  # noqa: E402

place = Place()

# What the command does | exit code | status of its result | exit_signal
ENDINGS = [
    ("exit 0", 0, "success", None),
    ("exit 1", 1, "failure", None),
    ("exit 7", 7, "failure", None),
    ("exit 128", 128, "failure", None),
    ("exit 255", 255, "failure", None),
    ("kill -TERM $$", 143, "signal", "15"),
    ("kill -KILL $$", 137, "signal", "9"),
    ("kill -HUP $$", 129, "signal", "1"),
]
for number, (text, code, status, number_of_signal) in enumerate(ENDINGS):
    scope = f"ending-{number}"
    got = place.tenure("run", "--scope", scope, "--actor", "a", *place.command(text))
    session, result, packet = place.session(scope), place.result(scope), place.completion(scope)
    is_(got.returncode, code, f"{text}: the exit code is the command's")
    is_([result[name] for name in ("status", "exit_code", "provenance", "final", "turn_id")],
        [status, code, "completion", 0, ""], f"{text}: the result")
    is_([packet[name] for name in ("status", "exit_code")], [status, code], f"{text}: the packet")
    is_([session[name] for name in ("status", "end_reason", "ended_by", "exit_code", "exit_signal")],
        ["exited", "run", "a", code, number_of_signal], f"{text}: the session")
is_(place.row("SELECT count(*) AS n FROM tenure_holder")["n"], 0, "every scope is free")
is_(place.session("ending-0")["lease_ttl"], 60, "the lease is a minute, where nothing else is said")

# What cannot be run is a failure of the command, with the codes of every shell.
for scope, command, code in (("none", "no-such-command", 127), ("folder", place.folder, 126)):
    got = place.tenure("run", "--scope", scope, "--actor", "a", "--", command)
    is_((got.returncode, place.result(scope)["status"], place.session(scope)["end_reason"]),
        (code, "failure", "run"), f"{scope}: exit code {code}")
    is_(got.stderr, f"tenure: cannot run {command}: it is no program\n", f"{scope}: stderr names it")

# --- what is refused

BAD = [
    (["--actor", "a"], 2, "usage.required"),
    (["--", "touch", place.file("ran")], 2, "opt.actor_required"),
    (["--actor", "a", "--lease", "0"], 2, "opt.lease_range"),
    (["--actor", "a", "--lease", "31536001"], 2, "opt.lease_range"),
    (["--actor", "a", "--lease", "99999999999999999999"], 2, "opt.lease_range"),
    (["--actor", "a", "--lease", "soon"], 2, "opt.lease_range"),
    (["--actor", "a", "--max-secs", "0"], 2, "usage.number"),
    (["--actor", "a", "--max-secs", "31536001"], 2, "usage.number"),
    (["--actor", "a", "--max-secs", "1h"], 2, "usage.number"),
    (["--actor", "a", "--json"], 2, "usage.option"),
    (["--actor", " "], 2, "opt.blank_id"),
]
for arguments, code, word in BAD:
    tail = [] if "--" in arguments or word == "usage.required" else ["--", "touch", place.file("ran")]
    got = place.tenure("run", "--scope", "bad", *arguments, *tail)
    ok(got.returncode == code and word in got.stderr + got.stdout, f"{' '.join(arguments[:4])}: {word}")
place.tenure("start", "--scope", "bad", "--actor", "holder", "--lease", "600", "--strict")
for actor, word in (("other", "start.live_other_owner"), ("holder", "fence.required")):
    got = place.tenure("run", "--scope", "bad", "--actor", actor, "--", "touch", place.file("ran"))
    ok(got.returncode == 4 and got.stderr.startswith(f"tenure: {word}: ") and "holder" in got.stderr,
       f"{actor}: refused with the holder's name")
ok(not os.path.exists(place.file("ran")), "and nothing was run")

# --- what the command sees

got = place.tenure("run", "--scope", "see", "--actor", "a", "--label", "l'abel", "--",
                   "sh", "-c", 'printf "%s|" "$TENURE_DB" "$TENURE_SCOPE" "$TENURE_SESSION" "$TENURE_FENCE" "$@"',
                   "sh", "a b", "", "*", "$HOME", "--json", "-1", "'\n")
session = place.session("see")
is_(got.stdout.split("|")[:-1],
    [place.path, "see", session["session_id"], str(session["fence"]), "a b", "", "*", "$HOME", "--json",
     "-1", "'\n"], "its environment and its arguments")
is_((session["strict"], session["label"], session["cwd"], got.stderr), (1, "l'abel", os.getcwd(), ""),
    "the session is strict, and stderr is silent")
# Whatever the command's own variables are called: names that the shell scripts use for theirs are among them.
named = {name: f"its own {name}" for name in """DATABASE SESSION FENCE SCOPE GROUP COMMAND FORMAT EVENTS GO PID REPLY
         LIBRARY EXTENSION MARK PART HELP KIND OPTIONS COLUMN ARGUMENTS GIVEN REST go tied entry name PASSED""".split()}
got = subprocess.run([TENURE, "run", "--db", place.path, "--scope", "named", "--actor", "a", "--", "env", "-0"],
                         env={**clean(), **named}, capture_output=True, text=True)
seen = dict(entry.split("=", 1) for entry in got.stdout.split("\0") if entry)
is_({name: seen.get(name) for name in named}, named, "each variable reaches the command as it was given")
is_(sorted(set(seen) - set(clean()) - set(named) - {"_", "SHLVL", "PWD", "OLDPWD"}),
    ["TENURE_DB", "TENURE_FENCE", "TENURE_RUN", "TENURE_SCOPE", "TENURE_SESSION"], "and those that say what it runs under")
got = subprocess.run([TENURE, "run", "--db", os.path.relpath(place.path), "--scope", "see",
                      "--actor", "a", "--", "printenv", "TENURE_DB"], env=clean(), capture_output=True,
                     text=True, check=False)
ok(os.path.isabs(got.stdout.strip()) and os.path.samefile(got.stdout.strip(), place.path),
   "TENURE_DB is absolute")
got = place.tenure("run", "--scope", "level", "--actor", "a", "--", "printenv", "SHLVL", env={**clean(), "SHLVL": "4"})
is_(got.stdout, "4\n", "SHLVL is the caller's: the shells in between are nobody's business")
got = place.tenure("run", "--actor", "a", "--", "sh", "-c", "tenure=$1; shift; exec $tenure heartbeat", "sh",
                   TENURE)
is_(got.returncode, 0, "a verb in the command needs no arguments")

# The row names the command's own process, from before it began.
LOOK = """
import os, sys
stat = open("/proc/self/stat").read().rsplit(")", 1)[1].split()
print(os.getpid(), stat[19], sorted(os.listdir("/proc/self/fd")))
print(sys.stdin.read(), end="")
print("to stderr", file=sys.stderr)
"""
expected = subprocess.run([PYTHON, "-c", LOOK], input="typed\n", capture_output=True, text=True, check=True)
got = subprocess.run([TENURE, "run", "--db", place.path, "--scope", "look", "--actor",
                      "a", "--", PYTHON, "-c", LOOK], input="typed\n", env=clean(), capture_output=True,
                     text=True, check=False)
session = place.session("look")
pid, ticks, descriptors = got.stdout.split("\n")[0].split(" ", 2)
is_((int(pid), int(ticks)), (session["pid"], session["pid_start_ticks"]), "its own process identity")
ok(session["command"].startswith(f"{PYTHON} -c ") and session["cwd"] == os.getcwd(), "what runs, and where")
is_(descriptors, expected.stdout.split("\n")[0].split(" ", 2)[2], "no descriptor but the caller's")
is_((got.stdout.split("\n")[1:], got.stderr), (["typed", ""], "to stderr\n"), "stdin, stdout and stderr")

# --- a result of the command's own

OWN = """
import sqlite3, os
db = sqlite3.connect(os.environ["TENURE_DB"], isolation_level=None)
db.enable_load_extension(True)
db.load_extension({extension!r})
db.execute("INSERT INTO tenure_record_result(session_id, fence, status, summary) VALUES (?, ?, 'retired', 'mine')",
           (os.environ["TENURE_SESSION"], os.environ["TENURE_FENCE"]))
os._exit(7)
"""
own = OWN.format(extension=EXTENSION)
got = place.tenure("run", "--scope", "own", "--actor", "a", "--", PYTHON, "-c", own)
result, packet = place.result("own"), place.completion("own")
is_((got.returncode, result["status"], result["summary"], result["provenance"]), (7, "retired", "mine", "agent"),
    "it is kept")
is_((packet["status"], packet["exit_code"]), ("failure", 7), "and the packet says how the process ended")

# A command that ends its session itself has ended it; the result is recorded all the same.
got = place.tenure("run", "--scope", "clears", "--actor", "a", "--", TENURE,
                   "clear", "--actor", "a", "--reason", "done")
is_((got.returncode, place.session("clears")["end_reason"], place.result("clears")["status"]),
    (0, "cleared", "success"), "a command that clears its session")

# Whatever status the command has brought its session to, the end is recorded.
for status, last in (("ready", "exited"), ("error", "exited"), ("exiting", "exited"), ("destroying", "destroyed")):
    got = place.tenure("run", "--scope", status, "--actor", "a", "--", TENURE, "transition", "--status", status)
    session = place.session(status)
    is_((got.returncode, session["status"], session["end_reason"]), (0, last, "run"), f"a command that leaves {status}")

# Defaults: the environment's scope and actor, a database that is not there.
env = {**clean(), "TENURE_SCOPE": "from-env", "TENURE_ACTOR": "env", "TENURE_DB": place.file("new.db")}
got = subprocess.run([TENURE, "run", "--", "true"], env=env, capture_output=True, text=True, check=False)
place.path = place.file("new.db")
is_((got.returncode, place.session("from-env")["owner_id"]), (0, "env"), "defaults, and a new database")
got = place.tenure("run", "--scope", "", "--actor", "a", "--", "printenv", "TENURE_SESSION")
is_(place.row("SELECT scope, end_reason FROM tenure_session WHERE session_id = ?", got.stdout.strip()),
    {"scope": None, "end_reason": "run"}, "a session without scope")
if got.stderr:
    diag(got.stderr)

place.close()
done()
