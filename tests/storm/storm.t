#!/usr/bin/python3
"""The storm: real processes, killed and paused, on some scopes of one database. One order of their operations
must explain what they were answered and what the database has recorded.

From the environment: STORM_SEED, STORM_SECS (of all rounds together, at least), STORM_KILLS (how many, at least),
STORM_WORKERS (how many at once, one round after the other), STORM_HASTE (kills and pauses in a second, about),
STORM_KEEP (1: keep every history).

A history that no order explains is left in dist/storm, as a whole and shrunk. checker.t takes such files as
arguments.
"""

import os
import random
import subprocess
import sys
import tempfile
from collections import Counter

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
from history import save  # noqa: E402
from search import search, shrunk, told  # noqa: E402
from storm import WORKER, Storm  # noqa: E402
from tap import ROOT, diag, done, is_, ok  # noqa: E402

LONGEST_ROUND = 15
FAILED = os.path.join(ROOT, "dist", "storm")


def keep(history, fault, name):
    """Writes the history; one that has a fault also shrunk. Gives the path."""
    os.makedirs(FAILED, exist_ok=True)
    path = os.path.join(FAILED, name)
    note = "\n".join(told(fault)) if fault else None
    save(history, f"{path}.json", note)
    if fault:
        save(shrunk(history, fault), f"{path}.small.json", note)
    return os.path.relpath(f"{path}.json", ROOT)


def test_round(name, workers, seconds, rng, haste, total):
    with tempfile.TemporaryDirectory(prefix="tenure-storm.") as folder:
        storm = Storm(folder, workers, max(1, workers // 4), seconds, rng, haste)
        try:
            storm.rage()
            count = judge(storm, name, f"{workers} workers")
        finally:
            storm.close()
    diag("{kills} kills, {pauses} pauses; {calls} calls, {answers} accepted, {unknown} cut off by a kill; "
         "{numbers} numbers, {holders} holders, {takeovers} takeovers; {rows} guarded rows; {lost} updates "
         "lost without a guard".format(**count))
    total.update(count)


def judge(storm, name, title):
    """Checks a storm that is over. Gives what there is to count of it."""
    count = Counter(kills=storm.kills, pauses=storm.pauses, lost=storm.lost_updates())
    faults = []
    for history in storm.histories():
        count.update(measure(history))
        fault = search(history)
        if fault or os.environ.get("STORM_KEEP") == "1":
            path = keep(history, fault, f"{name}-{history.scope}")
        if fault:
            faults.append((path, fault))
    ok(not faults, f"{title}: one order explains what everybody saw, and the log agrees")
    for path, fault in faults:
        diag(f"{path}:\n" + "\n".join(told(fault)))
    is_(storm.failures, [], f"{title}: none failed but those that were killed")
    health = [tuple(row) for row in storm.db.execute("PRAGMA integrity_check")]
    health += storm.db.execute("SELECT * FROM tenure_doctor WHERE severity = 'error'").fetchall()
    is_(health, [("ok",)], f"{title}: the database is healthy")
    count["faults"] = len(faults)
    return count


def measure(history):
    reasons = Counter(event["detail"].get("end_reason") for event in history.events)
    kinds = Counter(event["event"] for event in history.events)
    return {"calls": len(history.ops), "unknown": sum(op.is_unknown for op in history.ops),
            "answers": sum(op.is_change and not op.is_unknown for op in history.ops),
            "numbers": history.final["counter"], "takeovers": reasons["taken_over"],
            "holders": kinds["session.created"] + kinds["session.resumed"], "rows": len(history.rows)}


def is_seen(total, kills):
    """Whether there was enough of a storm to judge by."""
    return total["kills"] >= kills and all(total[name] for name in ("unknown", "takeovers", "lost"))


def main():
    seed = int(os.environ.get("STORM_SEED") or random.SystemRandom().getrandbits(32))
    seconds = float(os.environ.get("STORM_SECS") or 14)
    counts = [int(word) for word in (os.environ.get("STORM_WORKERS") or "2 4 8 16").split()]
    haste = float(os.environ.get("STORM_HASTE") or 30)
    kills = int(os.environ.get("STORM_KILLS") or 20)
    diag(f"STORM_SEED={seed} STORM_SECS={seconds:g} STORM_KILLS={kills} STORM_WORKERS='{' '.join(map(str, counts))}' "
         f"STORM_HASTE={haste:g}")
    subprocess.run(["make", "-s", "-C", ROOT, os.path.relpath(WORKER, ROOT)], check=True, stdout=sys.stderr)
    rng, total, number = random.Random(seed), Counter(), 0
    length = min(LONGEST_ROUND, seconds / len(counts))
    end = seconds - 0.01
    patience = seconds + 10 * kills / haste  # a machine may be ten times slower than it should
    while number * length < (end if is_seen(total, kills) else patience):
        test_round(f"{seed}-{number + 1}", counts[number % len(counts)], length, rng, haste, total)
        number += 1
    ok(total["kills"] >= kills, f"{kills} were killed, or more")
    ok(total["unknown"], "some of them while they were asking for something")
    ok(total["takeovers"], "there were takeovers")
    ok(total["lost"], "without a guard updates were lost")
    diag("in all: {kills} kills, {pauses} pauses, {calls} calls, {unknown} cut off, {faults} faults"
         .format(**total))
    done()


main()
