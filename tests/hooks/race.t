#!/usr/bin/python3
"""Hooks that run at once, as processes: of one agent, because tools run in parallel, and of several agents that
want the same scope; and hooks that are killed. TENURE_ROUNDS sets how often each is tried (1; 10 where
TENURE_LONG is set)."""

import json
import os
import random
import signal
import time

from hook import PATIENCE, Box, Run, went
from tap import diag, done, is_, ok

ROUNDS = int(os.environ.get("TENURE_ROUNDS", 10 if os.environ.get("TENURE_LONG") else 1))
A = "claude-code:a"


def all_at_once(box, *hooks, scope="repo", **environment):
    """Runs all of them and gives how they ended. Each hook is an event and an agent. They are held back until
    all wait for their payload."""
    waiting = []
    for event, agent in hooks:
        payload = box.payload("claude-code." + event, session_id=agent)
        waiting.append((box.start("claude-code", scope=scope, **environment), json.dumps(payload).encode()))
    time.sleep(0.05)
    for process, payload in waiting:
        process.stdin.write(payload)
    for process, _ in waiting:
        process.stdin.close()
        process.stdin = None
    return [Run(process, *process.communicate(timeout=PATIENCE)) for process, _ in waiting]


def all_went(runs, codes, name):
    found = sorted(run.code for run in runs)
    ok(found == sorted(codes), name) or [diag(run) for run in runs]


def whole(box):
    """What must hold whatever ran at once."""
    is_(box.rows("SELECT scope FROM tenure_session WHERE ended_at IS NULL AND scope IS NOT NULL GROUP BY scope HAVING count(*) > 1"),
        [], "at most one session lives in a scope")
    is_(box.rows("SELECT fence FROM tenure_session WHERE scope IS NOT NULL GROUP BY scope, fence HAVING count(*) > 1"), [],
        "no fence twice")
    is_(box.rows("SELECT session_id FROM tenure_turn WHERE ended_at IS NULL GROUP BY session_id HAVING count(*) > 1"), [],
        "at most one turn is open")
    is_(box.rows("PRAGMA integrity_check"), [{"integrity_check": "ok"}], "the database is whole")


def first_of_all():
    """Nobody has made the database yet."""
    for _ in range(ROUNDS):
        box = Box()
        all_went(all_at_once(box, *[("PreToolUse", "a")] * 6), [0] * 6, "six tool calls of one agent, and no database")
        is_([[session["owner_id"], session["incarnation"], session["fence"]] for session in box.sessions()], [[A, 1, 1]],
            "begin one session")
        whole(box)
        box.close()


def a_lease_that_ran_out():
    for _ in range(ROUNDS):
        box = Box()
        box.hook("claude-code", box.payload("claude-code.UserPromptSubmit", session_id="a"), scope="repo")
        box.outlive()
        events = ["PreToolUse", "PostToolUse", "PreToolUse-Edit", "PostToolUseFailure", "PreToolUse-subagent", "PreToolUse"]
        all_went(all_at_once(box, *[(event, "a") for event in events]), [0] * 6, "six tool calls after the lease ran out")
        session = box.session(A)
        is_([session["incarnation"], session["status"]], [2, "running"], "resume the session once")
        is_(len(box.rows("SELECT 1 FROM tenure_event WHERE event = 'session.resumed'")), 1, "as the log says")
        whole(box)
        box.close()


def one_scope():
    for _ in range(ROUNDS):
        box = Box()
        agents = [f"x{i}" for i in range(5)]
        all_went(all_at_once(box, *[("PreToolUse", agent) for agent in agents]), [0, 2, 2, 2, 2], "of five agents one gets the scope")
        holder, = box.sessions()
        runs = all_at_once(box, *[("PreToolUse", agent) for agent in agents if "claude-code:" + agent != holder["owner_id"]])
        all_went(runs, [2] * 4, "the others stay blocked")
        ok(all(holder["owner_id"] in run.err for run in runs), "and are told the same holder")
        ended = holder["owner_id"].partition(":")[2]
        runs = all_at_once(box, ("SessionEnd", ended), *[("PreToolUse", agent) for agent in agents if agent != ended])
        codes = [run.code for run in runs]
        ok(codes[0] == 0 and set(codes) <= {0, 2} and codes.count(0) <= 2, "while it ends, at most one follows") or diag(codes)
        runs = all_at_once(box, *[("PreToolUse", agent) for agent in agents if agent != ended])
        all_went(runs, [0, 2, 2, 2], "and then one has followed")
        whole(box)
        box.close()


def a_whole_turn_at_once():
    events = ["SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse", "Stop", "UserPromptSubmit", "Stop"]
    for _ in range(ROUNDS):
        box = Box()
        all_went(all_at_once(box, *[(event, agent) for event in events for agent in ("a", "b")], scope=None), [0] * 14,
                 "the events of two agents in no order")
        is_(len(box.sessions()), 2, "make two sessions")
        whole(box)
        box.close()


def killed():
    """A hook that dies leaves what the next one can go on with."""
    box = Box()
    payload = json.dumps(box.payload("claude-code.UserPromptSubmit", session_id="a")).encode()
    box.hook("claude-code", payload, scope="repo")
    for _ in range(4 * ROUNDS):
        box.outlive()
        process = box.start("claude-code", scope="repo")
        process.stdin.write(payload)
        process.stdin.close()
        process.stdin = None
        time.sleep(random.uniform(0, 0.08))
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=PATIENCE)
    went(box.hook("claude-code", payload, scope="repo"), 0, "after hooks that were killed, one goes on")
    is_([box.session(A)["status"], [turn["state"] for turn in box.turns()].count("running")], ["running", 1], "with one turn")
    whole(box)
    box.close()


for race in (first_of_all, a_lease_that_ran_out, one_scope, a_whole_turn_at_once, killed):
    race()
done()
