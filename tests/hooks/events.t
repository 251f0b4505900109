#!/usr/bin/python3
"""Every event that Claude Code and Codex document, as a first event and in the middle of a turn: what it makes
of the session, and that it prints nothing and ends with 0."""

import os

from hook import HERE, Box, went
from tap import done, is_, ok

TOOLS = {"claude-code": "5f2c8a31-7f0e-4f0b-9d56-2f1c9f1b7a10", "codex": "019b7f37-8646-7b42-af3b-3a02bcaed870"}

# The status of the session that an event begins where there is none; None: it begins none, and makes no
# database either. Then the status, the state of the turn, and the activity after the event in a turn.
NOTHING = (None, "running", "running", None)
EFFECTS = {
    "claude-code.SessionStart": ("idle", "running", "running", None),
    "claude-code.UserPromptSubmit": ("running", "running", "interrupted", None),
    "claude-code.PreToolUse": ("running", "running", "running", "Bash make test"),
    "claude-code.PreToolUse-Edit": ("running", "running", "running", "Edit src/main.c"),
    "claude-code.PreToolUse-NotebookEdit": ("running", "running", "running", "NotebookEdit notes.ipynb"),
    "claude-code.PreToolUse-Grep": ("running", "running", "running", "Grep src"),
    "claude-code.PreToolUse-WebFetch": ("running", "running", "running", "WebFetch"),
    "claude-code.PreToolUse-Agent": ("running", "running", "running", "Agent"),
    "claude-code.PreToolUse-mcp": ("running", "running", "running", "mcp__memory__create_entities"),
    "claude-code.PreToolUse-subagent": ("running", "running", "running", "Edit src/main.c"),
    "claude-code.PostToolUse": ("running", "running", "running", "Bash make test"),
    "claude-code.PostToolUseFailure": ("running", "running", "running", "Bash make test"),
    "claude-code.Stop": (None, "ready", "completed", None),
    "claude-code.StopFailure": (None, "error", "error", None),
    "claude-code.SessionEnd": (None, "exited", "interrupted", None),
    "codex.SessionStart": ("idle", "running", "running", None),
    "codex.UserPromptSubmit": ("running", "running", "running", None),  # said to the turn that is open
    "codex.UserPromptSubmit-subagent": ("running", "running", "running", None),
    "codex.PreToolUse": ("running", "running", "running", "Bash cargo build"),
    "codex.PreToolUse-apply_patch": ("running", "running", "running", "apply_patch"),
    "codex.PostToolUse": ("running", "running", "running", "Bash cargo build"),
    "codex.Stop": (None, "ready", "completed", None),
    "codex.Interrupt": (None, "ready", "interrupted", None),
    "codex.SessionEnd": (None, "exited", "interrupted", None),
    "codex.notify": ("idle", "ready", "completed", None),
}

# The documented events, as the payloads have them; each tool has these and no others.
EVENTS = {
    "claude-code": """SessionStart Setup UserPromptSubmit UserPromptExpansion PreToolUse PermissionRequest
        PermissionDenied PostToolUse PostToolUseFailure PostToolBatch Notification SubagentStart SubagentStop
        TaskCreated TaskCompleted Stop StopFailure TeammateIdle InstructionsLoaded ConfigChange CwdChanged
        FileChanged WorktreeCreate WorktreeRemove PreCompact PostCompact Elicitation ElicitationResult
        SessionEnd""",
    "codex": """SessionStart SubagentStart UserPromptSubmit PreToolUse PermissionRequest PostToolUse PreCompact
        PostCompact Stop SubagentStop Interrupt SessionEnd agent-turn-complete""",
}


def first_event(name, tool, begins, activity):
    """The event comes where there is no database yet."""
    box = Box()
    actor = f"{tool}:{TOOLS[tool]}"
    run = box.hook(tool, box.payload(name), scope="repo")
    went(run, 0, f"{name}: first")
    is_(run.out + run.err, "", f"{name}: and says nothing")
    if begins is None:
        ok(not os.path.exists(box.db), f"{name}: makes no database")
    else:
        session = box.session(actor)
        is_([session[key] for key in ("status", "scope", "strict", "label", "lease_ttl", "cwd", "current_activity")],
            [begins, "repo", 1, actor, 3600, "/srv/app", activity], f"{name}: begins a session")
    box.close()


def event_in_turn(box, name, tool, status, turn, activity):
    """The event comes in a turn of a session that box holds."""
    actor = f"{tool}:{TOOLS[tool]}"
    before = box.session(actor)
    run = box.hook(tool, box.payload(name), scope="repo")
    went(run, 0, f"{name}: in a turn")
    is_(run.out + run.err, "", f"{name}: says nothing")
    session = box.session(actor)
    first = box.rows("SELECT state FROM tenure_turn ORDER BY ended_at IS NULL, turn_id")[0]["state"]
    is_([session["status"], first, session["current_activity"]], [status, turn, activity], f"{name}: has its effect")
    if name in EFFECTS:
        ok(session["revision"] > before["revision"], f"{name}: changes the session")
    else:
        is_(session, before, f"{name}: changes nothing")


def main():
    box = Box()
    names = sorted(name[:-5] for name in os.listdir(os.path.join(HERE, "payloads")))
    for tool, events in EVENTS.items():
        found = {box.payload(name).get("hook_event_name") or box.payload(name)["type"]
                 for name in names if name.startswith(tool)}
        is_(found, set(events.split()), f"there is a payload for every event of {tool}")
    ok(set(EFFECTS) <= set(names), "and every effect has its payload")
    box.close()

    for tool in TOOLS:
        box = Box()
        box.hook(tool, box.payload(f"{tool}.SessionStart"), scope="repo")
        box.hook(tool, box.payload(f"{tool}.UserPromptSubmit"), scope="repo")
        kept = box.keep()
        for name in (name for name in names if name.startswith(tool)):
            begins, status, turn, activity = EFFECTS.get(name, NOTHING)
            first_event(name, tool, begins, activity)
            event_in_turn(box, name, tool, status, turn, activity)
            box.restore(kept)
        box.close()
    done()


main()
