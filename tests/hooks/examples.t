#!/usr/bin/python3
"""docs/hooks.md and examples/hooks, followed to the letter by somebody who has just installed Tenure: the settings
files are what the tools accept, their commands do what the page says, and the page knows every event."""

import json
import os
import re
import shutil
import subprocess

from hook import PATIENCE, Box, Run, went
from tap import ROOT, done, is_, ok

DOCS = os.path.join(ROOT, "docs", "hooks.md")
EXAMPLES = os.path.join(ROOT, "examples", "hooks")


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


class Project(Box):
    """A git repository of a person who has tenure in the PATH, and the examples at hand."""

    def __init__(self):
        super().__init__()
        os.mkdir(os.path.join(self.folder, "bin"))
        os.symlink(os.path.join(ROOT, "bin", "tenure"), os.path.join(self.folder, "bin", "tenure"))
        self.environment["PATH"] = os.path.join(self.folder, "bin") + ":" + self.environment["PATH"]
        del self.environment["TENURE_DB"]
        self.project = os.path.join(self.folder, "project")
        self.shell(f"git init -q {self.project}", self.folder)
        self.db = os.path.join(self.project, ".git", "tenure.db")
        shutil.copytree(os.path.join(ROOT, "examples"), os.path.join(self.project, "examples"))

    def shell(self, command, folder=None, payload=None):
        """A command of a settings file, as the tools run it."""
        process = subprocess.Popen(["sh", "-c", command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=self.environment, cwd=folder or self.project)
        return Run(process, *process.communicate(json.dumps(payload).encode() if payload else b"", timeout=PATIENCE))


def blocks(language):
    """The fenced blocks of the page in that language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", read(DOCS), re.M | re.S)


def handlers(settings):
    """The event and the one handler of each of its groups, in a settings file of either tool."""
    for event, groups in settings["hooks"].items():
        for group in groups:
            ok(set(group) <= {"matcher", "hooks"} and len(group["hooks"]) == 1, f"{event} is a group of one handler")
            yield event, group["hooks"][0]


def follow_the_page():
    """Its commands, in their order, and then the tools' part."""
    box = Project()
    for command in blocks("sh"):
        if command.startswith("tenure"):
            continue
        went(box.shell(command), 0, "the page's command: " + command.strip().replace("\n", "; "))
    settings = json.loads(read(box.project, ".claude", "settings.json"))
    is_(sorted(settings), ["hooks"], "settings.json has hooks and nothing else")
    # An event that a version does not know makes it skip the file.
    is_(list(settings["hooks"]), ["SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse", "Stop", "SessionEnd"],
        "and only the events of every version")
    for event, handler in handlers(settings):
        run = box.shell(handler["command"], payload=box.payload("claude-code." + event))
        went(run, 0, f"Claude Code's {event}: {handler['command']}")
        is_([handler["type"], run.out + run.err], ["command", ""], "says nothing")
        if event == "PreToolUse":
            run = box.shell([command for command in blocks("sh") if command.startswith("tenure")][0])
            ok("held by claude-code:" in run.out and "doing    Bash make test" in run.out, "and tenure status shows it") or print("#", run)
    is_([session["end_reason"] for session in box.sessions()], ["cleared"], "which is one whole session")

    settings = json.loads(read(box.project, ".codex", "hooks.json"))
    is_(sorted(settings), ["hooks"], "hooks.json has hooks and nothing else, or Codex refuses it")
    for event, handler in handlers(settings):
        went(box.shell(handler["command"], payload=box.payload("codex." + event)), 0, f"Codex's {event}: {handler['command']}")
        ok(handler["timeout"] <= (3 if event in ("SessionEnd", "Interrupt") else 10), "with a timeout that Codex takes")
    is_([session["end_reason"] for session in box.sessions()], ["cleared"] * 2, "which is another session")
    box.close()


def notify():
    box = Project()
    line, = re.findall(r"^# (notify = .*)$", read(EXAMPLES, "codex", "config.toml"), re.M)
    command = json.loads(line.partition(" = ")[2])
    process = subprocess.run([*command, json.dumps(box.payload("codex.notify"))], stdin=subprocess.DEVNULL, check=False,
                             capture_output=True, env=box.environment, cwd=box.project)
    is_([process.returncode, process.stdout + process.stderr], [0, b""], "the notify line works")
    is_([turn["state"] for turn in box.turns()], ["completed"], "and notes the turn")
    box.close()


def ways_out():
    """The commands of the table, as they stand there."""
    page = read(DOCS)
    takeover, = re.findall(r"`(tenure takeover [^`]*)`", page)
    clear, = re.findall(r"`(tenure clear [^`]*)`", page)
    command = "tenure hook claude-code --scope repo"
    for name, way, gone in (("takeover", takeover, True), ("clear", clear, False)):
        box = Project()
        one, two = (box.payload("claude-code.PreToolUse", session_id=session) for session in ("one", "two"))
        box.shell(command, payload=one)
        if gone:
            box.outlive()
        went(box.shell(command, payload=two), 2, f"{name}: an agent is blocked")
        went(box.shell(way), 0, way)
        went(box.shell(command, payload=two), 0, "lets it go on")
        went(box.shell(command, payload=one), 2, "and blocks the other")
        box.close()
    shown = "\n".join(blocks("text"))
    box = Project()
    box.shell(command, payload=box.payload("claude-code.PreToolUse", session_id="one"))
    said = box.shell(command, payload=box.payload("claude-code.PreToolUse", session_id="two")).err
    blank = lambda text: re.sub(r"\s+", " ", re.sub(r"ses_\w+…?", "ses", re.sub(r"\d{4}-\S+Z", "T", text))).strip()  # noqa: E731
    is_(blank(said), blank(shown), "a blocked agent reads what the page shows")
    box.close()


def every_event():
    events = set(re.findall(r"^  \('([A-Za-z-]+)'", read(ROOT, "bin", "lib", "hook", "payload.sql"), re.M))
    table = read(DOCS).partition("## What each event does")[2].partition("\n##")[0]
    is_(set(re.findall(r"`([A-Za-z-]+)`", "".join(line.split("|")[1] for line in table.splitlines() if line.startswith("| `")))),
        events, "the page's table has the events that mean something, and no others")
    for path in re.findall(r"\]\(([^)]+)\)", read(DOCS)):
        ok(os.path.exists(os.path.join(ROOT, "docs", path)), f"there is a {path}")


def the_play():
    box = Box()
    process = subprocess.run([os.path.join(EXAMPLES, "run.sh")], stdin=subprocess.DEVNULL, capture_output=True, check=False,
                             env=box.environment)
    out = process.stdout.decode()
    is_([process.returncode, process.stderr], [0, b""], "examples/hooks/run.sh runs")
    is_(re.findall(r"exit code (\d)", out), list("00002000"), "and blocks one tool call")
    ok(not os.path.exists(box.db), "in a database of its own")
    box.close()


for part in (follow_the_page, notify, ways_out, every_event, the_play):
    part()
done()
