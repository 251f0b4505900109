#!/usr/bin/python3
"""In what order result, packet and end were written, by which clocks, and who was killed in between, never matters;
and a real result wins over settlement, whoever comes first (04, "Wait").

From the environment: ORDER_ROUNDS, ORDER_SEED.
"""

import itertools
import json
import multiprocessing
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import EXTENSION, diag, done, is_, ok  # noqa: E402
from tenure import T0, Tenure, code_of  # noqa: E402

ROUNDS = int(os.environ.get("ORDER_ROUNDS", 60))
SEED = int(os.environ.get("ORDER_SEED", random.SystemRandom().randrange(10**9)))
FOLDER = tempfile.mkdtemp(prefix="tenure-order-")


def outcome(t, session):
    return json.loads(t.value("SELECT session_wait(?, 0)", (session,)))["outcome"]


# --- every order, by clocks that run in every order

ENDS = {
    "clear": lambda t, me: t.verb("clear", session_id=me["session_id"], fence=me["fence"]),
    "failed": lambda t, me: t.verb("transition", status="failed", exit_code=1, **me),
    "settle": lambda t, me: t.verb("settle", session_id=me["session_id"]),
}
RESULTS = [None, {"status": "success"}, {"status": "success", "final": 1}, {"status": "failure", "exit_code": 7},
           {"status": "tier_failover_superseded", "exit_code": 1}, {"status": "success", "provenance": "completion"}]
PACKETS = [None, {"exit_code": 0}, {"exit_code": 9, "status": "error"}]


def come_to(steps, stamps):
    """The outcome of a new session that meets the steps in this order, each at its time."""
    t.clock(T0)
    report = t.verb("start", scope="", actor_id="ann", lease_ttl=60)
    me = {"session_id": report["session_id"], "fence": report["fence"]}
    for step, at in zip(steps, stamps):
        t.clock(at)
        step(t, me)
    return outcome(t, me["session_id"])


t = Tenure()
for (end, how), result, packet in itertools.product(ENDS.items(), RESULTS, PACKETS):
    steps = [how]
    if result is not None:
        steps.append(lambda t, me, result=result: t.verb("record_result", **me, **result))
    if packet is not None:
        steps.append(lambda t, me, packet=packet: t.verb("record_completion", **me, **packet))
    first = T0 + 121  # by then the lease ran out long enough ago to settle
    found = Counter(come_to(order, stamps) for order in itertools.permutations(steps)
                    for stamps in itertools.permutations((first, first + 40, first + 4000), len(steps)))
    want = "failed" if result is None and end != "clear" else "ended" if result is None else (
        "completed" if result["status"] == "success" else "failed")
    is_(set(found), {want}, f"{end}, {result}, {packet}: {sum(found.values())} orders, all {want}")
t.db.close()


# --- processes that are killed between the one and the other

def shell(path):
    """A process that takes SQL, and runs each statement as it comes. It has read the schema."""
    child = subprocess.Popen(["sqlite3", "-batch", "-init", "/dev/null", path], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    child.stdin.write(f".load {EXTENSION}\n.timeout 30000\nPRAGMA synchronous = NORMAL;\nSELECT count(*) FROM tenure_holder;\n.output /dev/null\n")
    child.stdin.flush()
    child.stdout.readline()
    return child


class Waiter(threading.Thread):
    def __init__(self, path, session):
        super().__init__(daemon=True)
        self.path, self.session, self.report = path, session, None
        self.start()

    def run(self):
        t = Tenure(self.path, at=None, install=False, timeout=30)
        self.report = json.loads(t.value("SELECT session_wait(?, 60000)", (self.session,)))
        t.db.close()


def kill_one(t, path, rng, alone):
    """A process writes result and packet and is killed some time. Gives what it got done, and what was wrong. If
    ALONE, its death is all that a waiter sees; else settlement follows at once."""
    child = shell(path)
    identity = t.rows("SELECT host_name() AS host, host_boot_id() AS boot_id, ? AS pid,"
                      " process_start_ticks(?) AS pid_start_ticks", (child.pid, child.pid))[0]
    me = t.verb("start", scope="", actor_id="ann", lease_ttl=600, strict=1, **identity)
    session, fence = me["session_id"], me["fence"]
    writes = {"result": f"INSERT INTO tenure_record_result(session_id, fence, status) VALUES"
                        f" ('{session}', {fence}, 'success');\n",
              "packet": f"INSERT INTO tenure_record_completion(session_id, fence, exit_code) VALUES"
                        f" ('{session}', {fence}, 3);\n"}
    waiter = Waiter(path, session)
    order = rng.sample(sorted(writes), 2)
    child.stdin.write("".join(writes[name] for name in order))
    child.stdin.flush()
    time.sleep(rng.random() ** 2 * 0.02)
    child.kill()
    child.communicate()
    done_now = [name for name, table in (("result", "tenure_result"), ("packet", "tenure_completion"))
                if t.value(f"SELECT count(*) FROM {table} WHERE session_id = ?", (session,))]
    wrong = []
    want = "completed" if "result" in done_now else "failed"
    if not alone:
        t.verb("settle", session_id=session)
    waiter.join(30)
    if waiter.report is None or waiter.report["outcome"] != want:
        wrong.append(f"after {order} of which {done_now} was done, the waiter was told {waiter.report}")
    t.verb("settle", session_id=session)
    if outcome(t, session) != want:
        wrong.append(f"after settlement it is {outcome(t, session)}, not {want}")
    # What was not written is written now, by whoever finds it in a spool.
    if "result" not in done_now:
        t.verb("record_result", session_id=session, fence=fence, status="success")
    t.verb("record_completion", session_id=session, fence=fence, exit_code=3)
    if outcome(t, session) != "completed":
        wrong.append(f"in the end it is {outcome(t, session)}")
    return (tuple(order), tuple(done_now)), wrong


def kill_rounds():
    path, rng = os.path.join(FOLDER, "kill.db"), random.Random(f"{SEED} kill")
    t = Tenure(path, at=None, timeout=30)
    t.value("PRAGMA journal_mode = WAL")
    t.sql("PRAGMA synchronous = NORMAL")
    seen, wrong = Counter(), []
    for number in range(ROUNDS):
        what, faults = kill_one(t, path, rng, number % 30 == 0)
        seen[what] += 1
        wrong += faults
    for (order, got), times in sorted(seen.items()):
        diag(f"{' then '.join(order)}, killed after {' and '.join(got) or 'nothing'}: {times}")
    is_(wrong[:9], [], f"{ROUNDS} processes killed while they write result and packet")
    ok(len(seen) > 2, "at different moments")
    is_(t.value("PRAGMA integrity_check"), "ok", "the database is sound")
    t.db.close()


# --- a real result against settlement

def record(t, session, number):
    t.verb("record_result", session_id=session, status="success", summary="real", fence=1 + number)


def settle(t, session, number):
    t.verb("settle", session_id=session)


def race(path, deed, sessions, barrier, pipe):
    """One process: does DEED to each session, beside the other."""
    t, faults = Tenure(path, at=T0 + 121, install=False, timeout=30), []
    t.sql("PRAGMA synchronous = NORMAL")
    rng = random.Random(f"{SEED} {deed.__name__}")
    for session, fence in sessions:
        barrier.wait(60)
        until = time.perf_counter() + rng.random() * 0.0005
        while time.perf_counter() < until:
            pass
        try:
            deed(t, session, fence - 1)
        except sqlite3.Error as error:
            faults.append(f"{deed.__name__} {session}: {code_of(error)}")
    t.db.close()
    pipe.send(faults)


def race_rounds():
    path = os.path.join(FOLDER, "race.db")
    t = Tenure(path)
    t.value("PRAGMA journal_mode = WAL")
    t.sql("BEGIN")
    sessions = []
    for _ in range(5 * ROUNDS):
        report = t.verb("start", scope="", actor_id="ann", lease_ttl=60, strict=1)
        sessions.append((report["session_id"], report["fence"]))
    t.sql("COMMIT")
    t.db.close()
    barrier, pipes, processes = multiprocessing.Barrier(2), [], []
    for deed in (record, settle):
        mine, theirs = multiprocessing.Pipe(False)
        process = multiprocessing.Process(target=race, args=(path, deed, sessions, barrier, theirs), daemon=True)
        process.start()
        pipes.append(mine)
        processes.append(process)
    faults = [fault for pipe in pipes for fault in (pipe.recv() if pipe.poll(120) else ["a process died"])]
    for process in processes:
        process.join()
    is_(faults[:9], [], "a result and a settlement at once: neither is refused")
    t = Tenure(path, at=T0 + 122, install=False)
    is_(t.sql("SELECT provenance, status, summary, count(*) FROM tenure_result GROUP BY 1, 2, 3"),
        [("agent", "success", "real", 5 * ROUNDS)], "the real result is there in the end")
    is_(t.sql("SELECT status, end_reason, count(*) FROM tenure_session GROUP BY 1, 2"),
        [("failed", "host-death", 5 * ROUNDS)], "every session is settled")
    is_({outcome(t, session) for session, _ in sessions}, {"completed"}, "and whoever waits is told of success")
    order = dict(t.sql("SELECT event, count(*) FROM tenure_event WHERE event LIKE 'result.%' GROUP BY 1"))
    diag(f"settled first: {order.get('result.replaced', 0)} of {5 * ROUNDS}")
    ok(0 < order.get("result.replaced", 0) < 5 * ROUNDS, "either came first at times")
    t.db.close()


diag(f"ORDER_SEED={SEED} ORDER_ROUNDS={ROUNDS}")
race_rounds()
kill_rounds()
shutil.rmtree(FOLDER)
done()
