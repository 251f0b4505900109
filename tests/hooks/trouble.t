#!/usr/bin/python3
"""When the database or the machine is in trouble, a hook complains and the agent goes on: only a lost lease may
stop it. And an event that means nothing is nothing, whatever the trouble."""

import json
import os
import shutil
import sqlite3
import subprocess

from hook import TENURE, Box, Run, went
from tap import ROOT, connect, done, is_, ok

EVENTS = ("SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse", "Stop", "SessionEnd")


def complains(box, code, name, events=EVENTS, **environment):
    """Each of the events ends with 1 and says CODE; one that means nothing ends with 0."""
    for event in events:
        run = box.hook("claude-code", box.payload("claude-code." + event), scope="repo", **environment)
        went(run, 1, f"{name}: {event} goes on")
        ok(run.err.startswith(f"tenure: {code}: ") and run.out == "", f"{name}: {event} complains") or print("#", run)


def means_nothing(box, name, **environment):
    run = box.hook("claude-code", box.payload("claude-code.Notification"), scope="repo", **environment)
    is_([run.code, run.out, run.err], [0, "", ""], f"{name}: a notification is nothing")


def busy():
    box = Box()
    box.hook("claude-code", box.payload("claude-code.PreToolUse"), scope="repo")
    other = sqlite3.connect(box.db, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    complains(box, "unavailable", "a locked database", TENURE_BUSY_TIMEOUT="50")
    means_nothing(box, "a locked database", TENURE_BUSY_TIMEOUT="50")
    run = box.hook("claude-code", box.payload("claude-code.PreToolUse"), "--json", scope="repo", TENURE_BUSY_TIMEOUT="50")
    is_([json.loads(run.out)["error"]["code"], json.loads(run.out)["error"]["retryable"]], ["unavailable", True], "--json says to retry")
    other.close()
    went(box.hook("claude-code", box.payload("claude-code.PreToolUse"), scope="repo"), 0, "when it is free, all is well")
    box.close()


def unusable_files():
    box = Box()
    box.healthy = False
    complains(box, "unavailable", "a folder that cannot be", ("PreToolUse",), TENURE_DB="/proc/none/t.db")
    means_nothing(box, "a folder that cannot be", TENURE_DB="/proc/none/t.db")
    os.mkdir(box.db)
    complains(box, "unavailable", "a folder in its place")
    means_nothing(box, "a folder in its place")
    os.rmdir(box.db)
    with open(box.db, "w", encoding="utf-8") as file:
        file.write("this is no database at all. " * 100)
    complains(box, "database.corrupt", "no database")
    means_nothing(box, "no database")
    box.close()


def databases_of_others():
    """One without Tenure's tables gets them when an agent shows up; one with older tables gets the others."""
    box = Box()
    db = sqlite3.connect(box.db)
    db.execute("CREATE TABLE mine(x)")
    db.close()
    for event in ("Notification", "Stop", "SessionEnd"):
        went(box.hook("claude-code", box.payload("claude-code." + event), scope="repo"), 0, f"without tables {event} is nothing")
    is_(box.rows("SELECT name FROM sqlite_schema"), [{"name": "mine"}], "and makes none")
    went(box.hook("claude-code", box.payload("claude-code.PreToolUse"), scope="repo"), 0, "a tool call makes them")
    is_(len(box.sessions()), 1, "and begins a session")
    box.close()

    box = Box()
    shutil.copyfile(os.path.join(ROOT, "tests", "fixtures", "v1.db"), box.db)
    went(box.hook("claude-code", box.payload("claude-code.UserPromptSubmit"), scope="hook"), 0, "older tables are brought up to date")
    is_(len(box.turns()), 1, "and the prompt begins its turn")
    box.close()


def other_clocks():
    """A session of a virtual clock is nobody's to renew."""
    box = Box()
    db = connect(box.db)
    db.execute("SELECT tenure_install()")
    db.execute("SELECT tenure_clock(1000)")
    actor = "claude-code:" + box.payload("claude-code.Stop")["session_id"]
    db.execute("INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('repo', ?, 60)", (actor,))
    db.close()
    complains(box, "usage.clock", "a virtual clock", ("PreToolUse",))
    box.close()


def missing_parts():
    box = Box()
    box.hook("claude-code", box.payload("claude-code.PreToolUse"), scope="repo")
    tools = os.path.join(box.folder, "bin")
    os.mkdir(tools)
    for name in ("bash", "env", "basenc", "readlink"):
        os.symlink(shutil.which(name), os.path.join(tools, name))
    complains(box, "internal", "no sqlite3", ("PreToolUse", "Stop"), PATH=tools)
    os.symlink(shutil.which("sqlite3"), os.path.join(tools, "sqlite3"))
    went(box.hook("claude-code", box.payload("claude-code.PreToolUse"), scope="repo", PATH=tools), 0, "bash, basenc and sqlite3 are enough")
    os.remove(os.path.join(tools, "basenc"))
    complains(box, "usage.payload", "no basenc", ("PreToolUse",), PATH=tools)

    shutil.copytree(os.path.join(ROOT, "bin"), os.path.join(box.folder, "copy", "bin"))
    process = subprocess.Popen([os.path.join(box.folder, "copy", "bin", "tenure"), "hook", "codex"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=box.environment)
    run = Run(process, *process.communicate(json.dumps(box.payload("codex.PreToolUse")).encode()))
    went(run, 1, "no extension: goes on")
    ok(run.err.startswith("tenure: extension.unusable: "), "no extension: complains")
    box.close()


def settings():
    box = Box()
    complains(box, "usage.number", "TENURE_BUSY_TIMEOUT that is no number", ("PreToolUse",), TENURE_BUSY_TIMEOUT="soon")
    payload = box.payload("claude-code.PreToolUse")
    for name, arguments, code in (("another tool", ["cursor"], "usage.tool"), ("no tool", [], "usage.required"),
                                  ("an option that is none", ["claude-code", "--quiet"], "usage.option")):
        process = subprocess.Popen([TENURE, "hook", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=box.environment)
        run = Run(process, *process.communicate(json.dumps(payload).encode()))
        went(run, 2, f"{name}: a wrong command line ends with 2, as everywhere")
        ok(run.err.startswith(f"tenure: {code}: "), f"{name}: and says what is wrong") or print("#", run)
    with open("/dev/full", "wb") as full:
        process = subprocess.Popen([TENURE, "hook", "claude-code", "--json"], stdin=subprocess.PIPE, stdout=full,
                                   stderr=subprocess.PIPE, env=box.environment)
        _, err = process.communicate(json.dumps(payload).encode())
    is_(process.returncode, 1, "output that cannot be written blocks nobody")
    ok(b"unavailable" in err, "and is complained about")
    box.close()


def forged_refusal():
    """The name of a folder is no refusal, which would block the agent."""
    box = Box()
    box.environment["TENURE_DB"] = os.path.join(box.folder, "Error near line 1: tenure: start.x: y")
    os.mkdir(box.environment["TENURE_DB"])
    complains(box, "unavailable", "a database that is a folder")
    box.close()


for trouble in (forged_refusal, busy, unusable_files, databases_of_others, other_clocks, missing_parts, settings):
    trouble()
done()
