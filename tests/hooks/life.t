#!/usr/bin/python3
"""The life of an agent's session under its hooks: begun, kept, lost, blocked, brought back, ended."""

import json
import os
import re
import time

from hook import Box, went
from tap import done, is_, ok

A, B = "claude-code:a", "claude-code:b"


class Agent:
    """One agent of a tool, with its own session id and scope."""

    def __init__(self, box, name, scope="repo", tool="claude-code", **environment):
        self.box, self.name, self.scope, self.tool, self.environment = box, name, scope, tool, environment

    def __call__(self, event, *arguments, **changes):
        payload = self.box.payload(f"{self.tool}.{event}", session_id=self.name, **changes)
        return self.box.hook(self.tool, payload, *arguments, scope=self.scope, **self.environment)


def shown(session, *columns):
    return [session[column] for column in columns]


def whole_life():
    box = Box()
    a = Agent(box, "a")
    a("SessionStart")
    is_(shown(box.session(A), "status", "incarnation", "fence", "strict", "lease_ttl", "owner_kind", "label"),
        ["idle", 1, 1, 1, 3600, "runtime_worker", A], "a session begins idle, strict, for an hour")
    a("UserPromptSubmit")
    a("PreToolUse")
    a("PostToolUse")
    is_(shown(box.session(A), "status", "current_activity", "fence"), ["running", "Bash make test", 1], "it works")
    a("PreToolUse-Edit")
    a("Stop")
    is_([shown(turn, "state", "last_agent_message") for turn in box.turns()],
        [["completed", 'The test passes now.\nIt was a "time zone".']], "a turn ends with what the agent said")
    is_(shown(box.session(A), "status", "current_activity"), ["ready", "Edit src/main.c"], "and it is ready")
    a("SessionEnd")
    is_(shown(box.session(A), "status", "end_reason", "ended_by", "end_note", "incarnation"),
        ["exited", "cleared", A, "prompt_input_exit", 1], "the agent's end clears it")
    went(a("SessionEnd"), 0, "a second end is nothing")
    went(a("Stop"), 0, "nor is a late stop")
    went(a("PostToolUse"), 0, "nor is the late end of a tool call")
    is_(shown(box.session(A), "status", "incarnation"), ["exited", 1], "which brings nothing back")
    with open(box.db, "rb") as file:
        kept = file.read()
    for secret in (b"hunter2", b"Fix the failing", b"Run the tests", b"old_string"):
        ok(secret not in kept, f"nothing of {secret.decode()!r} is kept")
    box.close()


def compaction():
    box = Box()
    a = Agent(box, "a")
    a("SessionStart")
    a("UserPromptSubmit")
    first = box.session(A)
    for source in ("compact", "clear", "resume", "startup", "fork"):
        went(a("SessionStart", source=source), 0, f"source {source} of a living session")
    is_(shown(box.session(A), "session_id", "incarnation", "fence", "status", "start_count"),
        [first["session_id"], 1, first["fence"], "running", 1], "keeps it as it is")
    is_(len(box.turns()), 1, "and its turn")
    a("SessionEnd", reason="clear")
    a("SessionStart", source="clear")
    is_(shown(box.session(A), "session_id", "incarnation", "status", "end_reason"),
        [first["session_id"], 2, "ready", None], "after an end with reason clear, the same session goes on")
    a("SessionEnd")
    a("SessionStart", source="resume")
    is_(shown(box.session(A), "session_id", "incarnation", "status"), [first["session_id"], 3, "ready"],
        "a resumed agent has its session again")
    is_(box.turns()[0]["state"], "interrupted", "an open turn did not survive")
    box.close()


def blocked_as_it_should(run, holder, name):
    """RUN blocks its agent, and says who holds the scope, since when, and what to do."""
    went(run, 2, f"{name}: blocked")
    ok(run.out == "", f"{name}: nothing for the tool to read")
    ok(re.search(rf"\b{holder}\b.* scope repo .*session ses_\w+ since \d{{4}}-\d\d-\d\dT[\d:]+Z", run.err),
       f"{name}: says who holds the scope, and since when") or print("#", run)
    ok("take it over, or ask" in run.err and "stop here" in run.err, f"{name}: says what to do")


def told_as_it_should(run, event, name):
    """RUN tells the agent and the person, and lets both go on."""
    went(run, 0, f"{name}: goes on")
    is_(run.err, "", f"{name}: nothing on stderr")
    told = json.loads(run.out)
    is_(sorted(told), ["hookSpecificOutput", "systemMessage"], f"{name}: only fields that both tools know")
    ok(f"{A} holds scope repo" in told["systemMessage"], f"{name}: the person is told the holder")
    is_(told["hookSpecificOutput"], {"hookEventName": event, "additionalContext": told["systemMessage"]},
        f"{name}: and so is the agent")


def two_agents():
    box = Box()
    a, b = Agent(box, "a"), Agent(box, "b")
    a("SessionStart")
    told_as_it_should(b("SessionStart"), "SessionStart", "a second agent's start")
    told_as_it_should(b("UserPromptSubmit"), "UserPromptSubmit", "its prompt")
    blocked_as_it_should(b("PreToolUse"), A, "its tool call")
    blocked_as_it_should(b("PostToolUse"), A, "the end of a tool call")
    went(b("Stop"), 0, "it may stop")
    went(b("SessionEnd"), 0, "and end")
    is_(len(box.sessions()), 1, "and left nothing behind")
    went(a("PreToolUse"), 0, "the holder works on")
    a("SessionEnd")
    run = b("PreToolUse")
    went(run, 0, "when it has ended, the second agent's tool call goes through")
    is_(shown(box.session(B), "status", "scope", "current_activity"), ["running", "repo", "Bash make test"], "and holds the scope")
    ok(box.session(B)["fence"] > box.session(A)["fence"], "under a higher fence")
    went(a("PreToolUse"), 2, "which shuts out the first")
    box.close()


def lease_ran_out():
    box = Box()
    a = Agent(box, "a")
    a("SessionStart")
    incarnation = 1
    for event, status in (("PreToolUse", "running"), ("PostToolUse", "running"), ("SessionStart", "ready"),
                          ("UserPromptSubmit", "running")):
        before = box.session(A)
        box.outlive()
        went(a(event), 0, f"a lease that ran out, nobody else: {event} goes on")
        incarnation += 1
        after = box.session(A)
        is_(shown(after, "session_id", "incarnation", "status"), [before["session_id"], incarnation, status],
            f"{event}: with the same session")
        ok(after["fence"] > before["fence"], f"{event}: under a new fence")
    is_([turn["state"] for turn in box.turns()], ["running"], "the prompt began its turn")
    box.outlive()
    went(a("Stop"), 0, "a stop after the lease")
    is_([box.session(A)["status"], box.turns()[0]["state"]], ["ready", "completed"], "still ends the turn")
    went(a("SessionEnd"), 0, "an end after the lease")
    is_(box.session(A)["end_reason"], "cleared", "still clears the session")
    box.close()


def taken_over():
    box = Box()
    a, b = Agent(box, "a"), Agent(box, "b")
    a("SessionStart")
    a("UserPromptSubmit")
    box.outlive()
    run = b("PreToolUse")
    went(run, 2, "a scope whose holder fell silent still blocks")
    ok(f"the lease of {A} on scope repo is over" in run.err and "take it over, giving a reason" in run.err,
       "and says that it can be taken over")
    went(box.tenure("takeover", "--scope", "repo", "--actor", B, "--reason", "a is gone"), 0,
         "a person takes it over for the second agent")
    went(b("PreToolUse"), 0, "which goes on")
    is_(shown(box.session(B), "status", "strict", "incarnation"), ["running", 1, 1], "with the session it was given")
    blocked_as_it_should(a("PreToolUse"), B, "the first agent")
    told = a("SessionStart", source="resume")
    ok(B in told.out and told.code == 0, "which is told at its next start")
    is_(box.session(A)["end_reason"], "taken_over", "its session ended")
    b("SessionEnd")
    went(a("PreToolUse"), 0, "when nobody holds the scope any more, it goes on")
    is_(shown(box.session(A), "incarnation", "status"), [2, "running"], "with its old session")
    went(b("PreToolUse"), 2, "and the other is blocked")
    went(box.tenure("clear", "--scope", "repo", "--force", "--reason", "stop"), 0, "an operator clears it")
    went(a("PreToolUse"), 0, "and nobody holds it: the agent goes on")
    is_(box.session(A)["incarnation"], 3, "once more")
    box.close()


def expiry():
    box = Box()
    a, b = Agent(box, "a", TENURE_LEASE="1"), Agent(box, "b")
    a("SessionStart")
    is_(box.session(A)["lease_ttl"], 1, "TENURE_LEASE is the lease")
    c = Agent(box, "c", scope="other")
    c("PreToolUse")
    began = box.session("claude-code:c")["activity_at"]
    time.sleep(2.1)
    c("PostToolUse")
    is_(box.session("claude-code:c")["activity_at"], began, "the end of a tool call does not repeat what is being done")
    c("PreToolUse")
    ok(box.session("claude-code:c")["activity_at"] > began, "the same call again is news")
    ok("(expired," in b("PreToolUse").err, "a lease really runs out")
    a.environment["TENURE_LEASE"] = "60"
    went(a("PreToolUse"), 0, "and its owner goes on")
    is_(shown(box.session(A), "incarnation", "lease_ttl"), [2, 60], "with the lease it asks for now")
    box.close()


def midway():
    box = Box()
    a = Agent(box, "a")
    went(a("PreToolUse"), 0, "a hook that was installed in the middle of a turn")
    is_(shown(box.session(A), "status", "current_activity"), ["running", "Bash make test"], "begins a session")
    a("Stop")
    is_([box.session(A)["status"], box.turns()], ["ready", []], "which is ready when the agent stops")
    box.close()


def destroyed():
    box = Box()
    a = Agent(box, "a")
    a("PreToolUse")
    first = box.session(A)["session_id"]
    a("SessionEnd")
    went(box.tenure("transition", first, "destroyed", "--fence", "1"), 0, "a session that was destroyed")
    went(a("PreToolUse"), 0, "is not brought back")
    is_(sorted(shown(session, "status", "incarnation") for session in box.sessions()), [["destroyed", 1], ["running", 1]],
        "but followed by another")
    box.close()


def calls():
    """How often sqlite3 is started: it is what a hook costs."""
    box = Box()
    log = os.path.join(box.folder, "calls")
    os.mkdir(os.path.join(box.folder, "bin"))
    with open(os.path.join(box.folder, "bin", "sqlite3"), "w", encoding="utf-8") as file:
        file.write(f'#!/bin/sh\necho call >>{log}\nPATH=${{PATH#*:}}\nexec sqlite3 "$@"\n')
    os.chmod(file.name, 0o755)
    a = Agent(box, "a", PATH=os.path.join(box.folder, "bin") + ":" + box.environment["PATH"])
    a("SessionStart")
    for event, most in (("UserPromptSubmit", 2), ("PreToolUse", 1), ("PostToolUse", 1), ("Notification", 1), ("Stop", 2),
                        ("SessionStart", 1), ("SessionEnd", 2), ("PreToolUse", 2)):
        open(log, "w").close()
        a(event)
        with open(log, encoding="utf-8") as file:
            is_(len(file.readlines()), most, f"{event}: sqlite3 is called that often")
    box.close()


def holders_of_other_kinds():
    box = Box()
    a = Agent(box, "a")
    box.tenure("start", "--scope", "repo")
    run = a("PreToolUse")
    went(run, 2, "a person who holds the scope blocks the agent")
    ok("an interactive session, ses_" in run.err, "and is named as such")
    box.close()


def scopes():
    box = Box()
    for name in "ab":
        went(Agent(box, name, scope=None)("PreToolUse"), 0, f"without a scope agent {name} works")
    is_([shown(session, "scope", "fence") for session in box.sessions()], [[None, 1], [None, 1]], "and excludes nobody")
    Agent(box, "a", scope="")("UserPromptSubmit")
    is_(len(box.sessions()), 2, "an empty TENURE_SCOPE is none")
    Agent(box, "a", scope="é 🙂")("PreToolUse")
    ok("holds scope é 🙂 with" in Agent(box, "b", scope="é 🙂")("PreToolUse").err, "a scope may be any text, and is shown as it is")
    ok("holds scope é 🙂 with" in json.loads(Agent(box, "b", scope="é 🙂")("SessionStart").out)["systemMessage"], "in JSON too")
    Agent(box, "a", scope="é 🙂")("SessionEnd")
    Agent(box, "a", scope="repo")("PreToolUse")
    Agent(box, "a", scope="other")("PreToolUse", "--scope", "repo", "--lease", "77")
    is_(sorted([session["scope"] or "", session["owner_id"]] for session in box.sessions()),
        [["", A], ["", B], ["repo", A], ["é 🙂", A]], "an agent has one session in each scope; --scope comes before TENURE_SCOPE")
    Agent(box, "a", scope="other")("PreToolUse", "--lease", "77")
    is_(box.rows("SELECT lease_ttl FROM tenure_session WHERE scope = 'other'"), [{"lease_ttl": 77}], "--lease is the lease")
    box.outlive()
    went(Agent(box, "a", scope=None)("PreToolUse"), 0, "a lease without a scope that ran out")
    is_(box.rows("SELECT incarnation FROM tenure_session WHERE scope IS NULL AND owner_id = ?", A), [{"incarnation": 2}],
        "goes on too")
    Agent(box, "a", scope=None)("SessionEnd")
    is_(box.rows("SELECT scope FROM tenure_session WHERE owner_id = ? AND ended_at IS NOT NULL ORDER BY scope", A),
        [{"scope": None}, {"scope": "é 🙂"}], "an end ends the session of its own scope")
    box.close()


def prompts():
    box = Box()
    a = Agent(box, "a")
    a("UserPromptSubmit")
    a("UserPromptSubmit")
    is_(sorted(str(turn["abort_reason"]) for turn in box.turns()), ["None", "replaced"], "a prompt replaces the open turn")
    box.close()

    box = Box()
    c = Agent(box, "c", tool="codex")
    went(c("UserPromptSubmit", turn_id="t" * 300), 1, "a turn that cannot be")
    is_(box.sessions(), [], "begins no session either: a hook does all or nothing")
    c("UserPromptSubmit", turn_id="t1")
    c("UserPromptSubmit", turn_id="t1")
    is_([turn["turn_id"] for turn in box.turns()], ["t1"], "Codex names its turns; what is said to the open one begins none")
    c("UserPromptSubmit-subagent", turn_id="t9")
    c("Stop", turn_id="t0")
    is_([[turn["turn_id"], turn["state"]] for turn in box.turns()], [["t1", "running"]],
        "neither a subagent's prompt nor the end of another turn touches it")
    c("UserPromptSubmit", turn_id="t2")
    c("Stop", turn_id="t2")
    c("Stop", turn_id="t2", stop_hook_active=True)
    is_({turn["turn_id"]: turn["state"] for turn in box.turns()}, {"t1": "interrupted", "t2": "completed"}, "one replaces the other")
    c("UserPromptSubmit", turn_id="t2")
    is_([len(box.turns()), box.session("codex:c")["status"]], [3, "running"], "an id that was used is not used again")
    box.close()


def notify():
    box = Box()
    payload = box.payload("codex.notify")
    told = json.dumps(payload)
    for _ in range(2):
        process = box.start("codex", "--scope", "repo", told, stdin=None)
        process.communicate()
        is_(process.returncode, 0, "notify gives its payload as an argument")
    is_([shown(turn, "turn_id", "state", "last_agent_message") for turn in box.turns()],
        [[payload["turn-id"], "completed", "Rename complete."]], "a turn that is over, once")
    is_(shown(box.session("codex:" + payload["thread-id"]), "status", "scope"), ["idle", "repo"], "of a session that is idle")
    payload["thread-id"] = "other"
    process = box.start("codex", json.dumps(payload), scope="repo")
    _, err = process.communicate()
    is_(process.returncode, 1, "notify cannot block")
    ok(b"start.live_other_owner" in err, "and says why it could not begin a session")
    payload["type"] = "approval-requested"
    process = box.start("codex", json.dumps(payload), scope="repo")
    is_([process.communicate(), process.returncode], [(b"", b""), 0], "another notification is nothing")
    box.close()


def project_folder():
    box = Box()
    project = os.path.join(box.folder, "it's a project")
    for name in ("objects", "refs"):
        os.makedirs(os.path.join(project, ".git", name))
    open(os.path.join(project, ".git", "HEAD"), "w").close()
    a = Agent(box, "a", TENURE_DB=None, CLAUDE_PROJECT_DIR=project)
    went(a("PreToolUse"), 0, "the project folder says where the database is")
    ok(os.path.exists(os.path.join(project, ".git", "tenure.db")), "wherever the agent has gone")
    a.environment["CLAUDE_PROJECT_DIR"] = os.path.join(box.folder, "gone")
    went(a("PreToolUse"), 1, "a folder that is gone blocks nobody")
    box.close()


def as_json():
    box = Box()
    a, b = Agent(box, "a"), Agent(box, "b")
    result = json.loads(a("UserPromptSubmit", "--json").out)
    is_([result["ok"], result["command"], result["result"]["event"], result["result"]["actor"], result["result"]["fence"]],
        [True, "hook", "UserPromptSubmit", A, 1], "--json gives one object")
    result = json.loads(a("PreToolUse", "--json").out)
    is_(result["result"]["activity"], "Bash make test", "for a tool call too")
    is_(json.loads(a("Notification", "--json").out)["ok"], True, "and for an event that means nothing")
    run = b("PreToolUse", "--json")
    is_([run.code, json.loads(run.out)["error"]["code"]], [2, "start.live_other_owner"], "and for one that is blocked")
    ok(A in run.err, "whose reason is on stderr all the same")
    run = b("SessionStart", "--json")
    is_([run.code, json.loads(run.out)["ok"]], [0, False], "and for a start that is refused")
    box.close()


for story in (whole_life, compaction, two_agents, lease_ran_out, taken_over, expiry, midway, destroyed, calls, holders_of_other_kinds,
              scopes, prompts, notify, project_folder, as_json):
    story()
done()
