#!/usr/bin/python3
"""Defects that were found in another session manager (a status file per session, a reconciler in every
command, liveness by pid), each as a test that Tenure does not have it. The names are of the defects."""

import os
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from raw import Raw  # noqa: E402
from tap import done, error_of, is_, ok  # noqa: E402
from tenure import T0, Tenure, verb_sql  # noqa: E402

t = Raw()
WEEK = 604800
ANN = {"actor_id": "ann", "lease_ttl": 60}
CASES = []


def case(name):
    """Registers a case: a function that gives pairs of what is and what should be."""
    def register(run):
        CASES.append((name, run))
        return run
    return register


def host():
    """A real process that stands for the host of a session, and its identity."""
    heed = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)  # whoever runs this may ignore it
    process = subprocess.Popen(["sleep", "600"], preexec_fn=heed)
    ticks = t.value("SELECT process_start_ticks(?)", (process.pid,))
    boot, name = t.sql("SELECT host_boot_id(), host_name()")[0]
    return process, {"pid": process.pid, "pid_start_ticks": ticks, "boot_id": boot, "host": name}


def end(process, how=signal.SIGKILL):
    process.send_signal(how)
    process.wait()


def start(**columns):
    return t.verb("start", scope="s", **ANN, **columns)["session_id"]


def move(session, status):
    return t.verb("transition", session_id=session, status=status, actor_id="ann")


def told_and_stored(report, session):
    """The status that a settlement reports of a session, and the one that is stored."""
    return [row["status"] for row in report["settled"]], t.session(session)["status"]


# --- destroying

@case("a forced destroy of a healthy session reports success and stores another status; a second one is needed")
def forced_destroy():
    process, identity = host()
    session = start(**identity)
    move(session, "destroying")
    end(process)
    yield told_and_stored(t.verb("settle", session_id=session), session), (["destroyed"], "destroyed")
    yield move(session, "destroyed")["status"], "destroyed"  # once more is no error, and changes nothing
    yield t.session(session)["end_reason"], "host-death"


@case("a forced clear is reported, stored and logged as what it was")
def forced_clear():
    process, identity = host()
    session = start(**identity)
    move(session, "destroying")
    report = t.verb("clear", scope="s", force=1, reason="stuck", actor_id="eve")
    row = t.session(session)
    yield (report["cleared"], row["status"], row["end_reason"], row["ended_by"]), (True, "destroyed", "forced", "eve")
    end(process)
    was = t.dump()
    yield (t.verb("settle", session_id=session)["settled"], t.dump() == was), ([], True)


@case("a plain destroy of a session whose host is dead prints success and stores failed")
def destroy_of_a_dead_host():
    process, identity = host()
    session = start(**identity)
    end(process)
    move(session, "destroying")
    yield told_and_stored(t.verb("settle"), session), (["destroyed"], "destroyed")
    yield t.session(session)["failure_origin"], None
    t.clock(T0 + 1)
    other = t.verb("start", scope="other", **ANN, **identity)["session_id"]
    yield told_and_stored(t.verb("settle"), other), (["failed"], "failed")
    yield move(other, "destroyed")["status"], "destroyed"


@case("a session whose child ignores the hangup is destroying for ever, and gc refuses it")
def stuck_destroying():
    process, identity = host()
    session = start(**identity)
    move(session, "destroying")
    t.clock(T0 + WEEK)
    yield [row["reason"] for row in t.verb("settle", session_id=session)["skipped"]], ["owned"]  # it does run
    yield t.verb("gc", older_than_secs=0)["collected"], []
    end(process)
    yield told_and_stored(t.verb("settle"), session), (["destroyed"], "destroyed")
    yield len(t.verb("gc", older_than_secs=0)["collected"]), 1
    silent = start()  # and one of whose process nothing is known
    move(silent, "destroying")
    t.clock(T0 + WEEK + 121)
    yield told_and_stored(t.verb("settle"), silent), (["destroyed"], "destroyed")


@case("how a host was killed decides what its session became")
def however_killed():
    for how in (signal.SIGTERM, signal.SIGKILL, signal.SIGHUP, signal.SIGINT):
        process, identity = host()
        session = t.verb("start", scope=how.name, **ANN, **identity)["session_id"]
        end(process, how)
        yield (how.name,) + told_and_stored(t.verb("settle"), session), (how.name, ["failed"], "failed")
        yield t.session(session)["failure_origin"], "host-death"


# --- the create race

@case("a running record whose pid is not known yet is declared failed by any concurrent list, and collected")
def no_startup_grace():
    session = start(status="starting")
    for at in (0, 1, 30, 59):
        t.clock(T0 + at)
        t.sql("SELECT * FROM tenure_holder")
        yield t.verb("settle")["settled"], []
        yield t.verb("gc", older_than_secs=0)["collected"], []
    yield t.session(session)["status"], "starting"
    t.clock(T0 + 59)
    yield t.verb("heartbeat", scope="s", actor_id="ann")["session_id"], session
    move(session, "running")
    t.clock(T0 + 59 + 59)
    yield t.verb("settle", session_id=session)["skipped"][0]["reason"], "owned"


@case("a session that starts slowly under a short lease has a minute")
def slow_start():
    session = t.verb("start", scope="s", actor_id="ann", lease_ttl=2, status="starting")["session_id"]
    t.clock(T0 + 60)
    yield t.verb("settle", session_id=session)["skipped"][0]["reason"], "unknown"
    yield t.verb("gc", older_than_secs=0)["collected"], []
    t.clock(T0 + 61)
    yield told_and_stored(t.verb("settle"), session), (["failed"], "failed")


# --- liveness

@case("a pid that somebody else has by now keeps a dead session running")
def pid_reused_alive():
    process, identity = host()
    session = start(**identity | {"pid_start_ticks": identity["pid_start_ticks"] - 1})
    yield t.holder("s")["verdict"], "dead"
    yield told_and_stored(t.verb("settle"), session), (["failed"], "failed")
    yield process.poll(), None
    end(process)


@case("reconciling kills the process that has the pid by now")
def pid_reused_killed():
    process, identity = host()
    for status in ("running", "exiting", "destroying"):
        session = t.verb("start", scope=status, **ANN, **identity | {"pid_start_ticks": 1})["session_id"]
        if status != "running":
            move(session, status)
    t.verb("settle")
    t.verb("reap", idle_secs=0)
    t.verb("gc", older_than_secs=0)
    yield (t.sql("SELECT * FROM tenure_session"), process.poll()), ([], None)  # whose it is lives on
    end(process)


@case("after a reboot another process has the pid, and the session runs for ever")
def rebooted():
    process, identity = host()
    space = identity["boot_id"].split("/")[1]
    session = start(**identity | {"boot_id": f"01234567-89ab-cdef-0123-456789abcdef/{space}"})
    yield told_and_stored(t.verb("settle"), session), (["failed"], "failed")
    end(process)


@case("a home that two machines share: each declares the sessions of the other dead")
def foreign_machine():
    session = start(**t.dead_process() | {"host": "elsewhere"})
    for age in (0, 30, 59):
        t.clock(T0 + age)
        yield t.verb("settle", session_id=session)["skipped"][0]["reason"], "owned"
    t.clock(T0 + 100)
    yield t.verb("settle", session_id=session)["skipped"][0]["reason"], "unknown"
    yield t.verb("gc", older_than_secs=0)["collected"], []


@case("two containers of one machine: each declares the sessions of the other dead")
def foreign_namespace():
    dead = t.dead_process()
    uuid, space = dead["boot_id"].split("/")
    session = start(**dead | {"boot_id": f"{uuid}/{int(space) + 1}"})
    yield t.verb("settle", session_id=session)["skipped"][0]["reason"], "owned"
    t.clock(T0 + 100)
    yield t.verb("settle", session_id=session)["skipped"][0]["reason"], "unknown"


@case("a host that hangs is alive for ever, and nobody gets at its session")
def hung_host():
    process, identity = host()
    session = start(**identity)
    process.send_signal(signal.SIGSTOP)
    t.clock(T0 + 10**6)
    yield (t.holder("s")["verdict"], t.holder("s")["stale"]), ("owned", 1)
    yield t.verb("settle", session_id=session)["skipped"][0]["reason"], "owned"  # a guess is not a proof
    yield t.verb("takeover", scope="s", actor_id="bob", reason="it hangs")["prior_session_id"], session
    yield process.poll(), None
    end(process)


@case("a zombie passes for a live host")
def zombie_host():
    process, identity = host()
    session = start(**identity)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    yield t.holder("s")["verdict"], "dead"
    yield told_and_stored(t.verb("settle"), session), (["failed"], "failed")
    process.wait()


@case("an unknown status is taken for failed")
def unknown_status():
    session = start(**t.dead_process())
    t.refused_sql("usage.status", "UPDATE tenure_session SET status = 'hibernating', revision = revision + 1")
    yield t.session(session)["status"], "running"
    t.sql("SAVEPOINT forged")
    t.sql("PRAGMA ignore_check_constraints = ON")
    for trigger in ("tenure_session_change_guard", "tenure_session_update_guard", "tenure_session_unended",
                    "tenure_session_update_effect",
                    "tenure_session_log", "tenure_session_settle_turn", "tenure_session_end_notes"):
        t.sql(f"DROP TRIGGER {trigger}")
    t.sql("UPDATE tenure_session SET status = 'hibernating'")
    was = t.dump()
    for verb, columns in (("settle", {}), ("reap", {"idle_secs": 0})):
        got = error_of(t.db, *verb_sql(verb, columns))
        yield (got and got[0].split(": ")[1], t.dump() == was), ("usage.status", True)
    yield t.verb("gc", older_than_secs=0)["collected"], []
    yield t.sql("SELECT severity FROM tenure_doctor WHERE check_name = 'schema.objects' LIMIT 1"), [("error",)]
    t.sql("PRAGMA ignore_check_constraints = OFF")
    t.sql("ROLLBACK TO forged")
    t.sql("RELEASE forged")


# --- collection

@case("a dry run rewrites what it looks at, and a later run finds nothing")
def dry_run_writes():
    start(**t.dead_process())
    t.verb("start", scope="idle", **ANN)
    t.clock(T0 + 1801)
    was, changes = t.dump(), t.db.total_changes
    found = {view: len(t.sql(f"SELECT * FROM tenure_{view}")) for view in
             ("orphan", "reapable", "collectable", "holder", "presence", "projection", "doctor", "replay")}
    yield (t.dump() == was, t.db.total_changes - changes), (True, 0)
    yield {view: found[view] for view in ("orphan", "reapable", "collectable")}, \
        {"orphan": 2, "reapable": 2, "collectable": 0}
    yield len(t.verb("settle")["settled"]), 2


@case("a list changes what a later collection finds")
def list_writes():
    session = start(**t.dead_process())
    t.sql("SELECT * FROM tenure_holder")
    yield t.session(session)["status"], "running"
    yield len(t.verb("settle")["settled"]), 1


@case("age counts from birth: a session of a month is collected the moment it ends")
def age_from_birth():
    session = t.verb("start", scope="s", actor_id="ann", lease_ttl=31536000)["session_id"]
    t.clock(T0 + 30 * 86400)
    move(session, "exited")
    yield [row["ended_secs"] for row in t.verb("gc")["skipped"]], [0]
    t.clock(T0 + 30 * 86400 + WEEK)
    yield len(t.verb("gc")["collected"]), 1


@case("without an age everything that ended goes at once")
def no_default_age():
    move(start(), "exited")
    yield t.verb("gc")["collected"], []


@case("a session that was restarted between the check and the deletion is deleted")
def restarted():
    session = start()
    move(session, "exited")
    t.clock(T0 + WEEK)
    yield len(t.sql("SELECT * FROM tenure_collectable")), 1
    t.verb("resume", session_id=session, actor_id="ann")
    yield t.verb("gc")["collected"], []
    yield t.session(session)["status"], "starting"


@case("a manual deletion has no check of liveness")
def manual_deletion():
    session = start()
    t.refused_sql("write.living", "DELETE FROM tenure_session", says=[session])
    yield t.session(session)["status"], "running"


@case("the log cannot tell what became of a session: destroy, reconcile and failure leave no entry")
def silent_log():
    end_of = {}
    for scope, how in (("killed", None), ("destroyed", "destroying"), ("exited", "exiting")):
        session = t.verb("start", scope=scope, **ANN, **t.dead_process())["session_id"]
        if how:
            move(session, how)
        end_of[session] = scope
    t.verb("settle")
    yield dict(t.sql("SELECT scope, status FROM tenure_replay")), \
        {"killed": "failed", "destroyed": "destroyed", "exited": "exited"}
    yield t.sql("SELECT session_id, status, end_reason FROM tenure_replay ORDER BY 1"), \
        t.sql("SELECT session_id, status, end_reason FROM tenure_session ORDER BY 1")


@case("reconciling forgets whose process it was")
def forgets_the_process():
    dead = t.dead_process()
    session = start(**dead)
    t.verb("settle")
    row = t.session(session)
    yield {name: row[name] for name in dead}, dead


for name, run in CASES:
    with t.situation(name):
        for number, (got, want) in enumerate(run(), 1):
            is_(got, want, f"{name} ({number})")

# --- two reconcilers

folder = tempfile.TemporaryDirectory()
path = os.path.join(folder.name, "two.db")
first = Tenure(path)
second = Tenure(path, install=False)
first.sql("PRAGMA journal_mode = WAL")
session = first.verb("start", scope="s", **ANN, **first.dead_process())["session_id"]
second.sql("BEGIN")
both = [len(c.sql("SELECT * FROM tenure_orphan")) for c in (first, second)]
is_(both, [1, 1], "two reconcilers both write: both see that it is over")
is_(len(first.verb("settle")["settled"]), 1, "two reconcilers both write: the first settles it")
got = error_of(second.db, *verb_sql("settle", {}))
is_(got and got[1] & 0xFF, 5, "two reconcilers both write: what the second saw is old, so it is BUSY and no write")
second.sql("ROLLBACK")
second.verb("record_result", session_id=session, status="success")
is_((second.verb("settle")["settled"], second.session(session)["revision"]), ([], 2),
    "two reconcilers both write: once more it finds nothing to do")
is_(second.sql("SELECT provenance, status FROM tenure_result"), [("agent", "success")],
    "two reconcilers both write: and the last one wins nothing")
first.db.close()
second.db.close()
folder.cleanup()
ok(len(CASES) > 20, f"{len(CASES)} defects")
done()
