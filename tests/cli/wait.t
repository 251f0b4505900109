#!/usr/bin/python3
"""'tenure wait' as a process: what it prints, with what it exits, how long it takes, who may wait, and what is
left of a waiter that dies. What it says in which situation is in tests/wait/csa.t; numbers in names are those
of that list."""

import json
import os
import pty
import re
import shlex
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from processes import PATIENCE, children, hear_signals, lives, name_of, until
from tap import ROOT, diag, done, is_, ok

TENURE = os.path.join(ROOT, "bin", "tenure")
FOLDER = tempfile.TemporaryDirectory()
DB = os.path.join(FOLDER.name, "t.db")
ENV = {name: value for name, value in os.environ.items() if not name.startswith("TENURE_")} | {"TENURE_DB": DB}

hear_signals()


def command(*arguments, **env):
    """The command: its exit code, stdout and stderr without the last line end."""
    ran = subprocess.run([TENURE, *arguments], env=ENV | env, capture_output=True, timeout=PATIENCE)
    return ran.returncode, ran.stdout.decode().rstrip("\n"), ran.stderr.decode().rstrip("\n")


def timeless(text):
    """What a single look says, whatever time a busy machine took for it."""
    return re.sub(r"(after |elapsed=)\d+( ?s)", r"\g<1>0\2", text)


def begin(*arguments, **options):
    """The same, while it runs, in a process group of its own."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    return subprocess.Popen([TENURE, *arguments], env=ENV, text=True, start_new_session=True, **options)


def finish(waiter):
    out, err = waiter.communicate(timeout=PATIENCE)
    return waiter.returncode, (out or "").rstrip("\n"), (err or "").rstrip("\n")


def start(*arguments):
    """Starts a session of no scope; gives its id."""
    code, out, err = command("start", "--json", "--scope", "", "--actor", "ann", "--lease", "600", *arguments)
    assert code == 0, err
    return json.loads(out)["result"]["session_id"]


def live():
    """A session of a live process, and that process."""
    process = subprocess.Popen(["sleep", "600"], stdout=subprocess.DEVNULL)  # it may outlive a test that fails
    return start("--pid", str(process.pid)), process


def dead():
    """A session of a process that is gone."""
    session, process = live()
    end(process)
    return session


def end(process):
    process.kill()
    process.wait()


def record(session, *arguments):
    code, _, err = command("result", "record", session, *arguments)
    assert code == 0, err


def dump():
    """All there is in the database, as text."""
    with sqlite3.connect(DB) as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1")]
        return {name: sorted(map(repr, db.execute(f"SELECT * FROM {name}"))) for name in names}


def stored(session):
    with sqlite3.connect(DB) as db:
        return db.execute("SELECT status, exit_code, provenance FROM tenure_result WHERE session_id = ?",
                          (session,)).fetchall()


def status(session):
    with sqlite3.connect(DB) as db:
        return db.execute("SELECT status, end_reason FROM tenure_session WHERE session_id = ?",
                          (session,)).fetchone()


def is_waiting(waiter):
    """Waits until WAITER has its sqlite3; gives the pid of that."""
    pid = until(lambda: next((pid for pid in children(waiter.pid) if name_of(pid) == "sqlite3"), None))
    if not pid:
        raise TimeoutError("no sqlite3")
    return pid


def descriptors(pid):
    """What PID has open; without what it closes meanwhile."""
    found = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            found.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
        except FileNotFoundError:
            continue
    return found


def reads(pid, database):
    """Waits until PID has read from a database."""
    if not until(lambda: f"{database}-shm" in descriptors(pid)):
        raise TimeoutError(f"{database} was never read")


def completed(session, outcome, code, synthetic="false"):
    return f"<!-- TENURE:WAIT_COMPLETED session={session} outcome={outcome} exit={code} synthetic={synthetic} -->"


def a_look():
    session, process = live()
    again = f"tenure wait {session} --cap 0"
    code, out, err = command("wait", session, "--cap", "0")
    is_((code, timeless(out), timeless(err)),
        (0, f"{session} is still alive after 0 s",
         f'<!-- TENURE:WAIT_KV_WARM session={session} status=alive elapsed=0s action=re-wait cmd="{again}" -->'),
        "1: still alive: 0, with the marker that says so")
    code, out, err = command("wait", "--session", session, "--cap=0", "--json", "--strict")
    report = json.loads(out)
    is_((code, err), (75, ""), "--strict: 75; --json: no marker")
    ok(report["ok"] is True and report["command"] == "wait" and report["result"]["outcome"] == "kv_warm"
       and report["result"]["session_id"] == session and report["result"]["synthetic"] is False,
       "--json: an outcome is a result, whatever it is")
    is_(timeless(command("wait", session, "--cap", "0", "--compat", "csa")[2]),
        f"<!-- CSA:SESSION_WAIT_KV_WARM session={session} status=alive elapsed=0s action=re-wait"
        f' cmd="{again} --compat csa" -->', "--compat csa: its marker")
    begun = time.monotonic()
    report = json.loads(command("wait", session, "--cap", "1.3", "--json")[1])["result"]
    took = time.monotonic() - begun
    ok(1.3 <= report["elapsed_ms"] / 1000 <= took, f"--cap 1.3: {report['elapsed_ms']} ms")
    end(process)


def mid_wait():
    """Outcomes that come while somebody waits, several waits at a time."""
    scope = ("start", "--scope", "s", "--actor", "ann", "--lease", "600", "--json")
    cleared = json.loads(command(*scope)[1])["result"]["session_id"]
    first, second = live(), live()
    record(first[0], "--status", "success", "--exit-code", "0", "--summary", "all\ngood")
    waiters = {
        "success": begin("wait", first[0], "--cap", "600"),
        "second": begin("wait", first[0], "--cap", "600", "--json"),
        "third": begin("wait", first[0], "--cap", "600", "--compat", "csa"),
        "died": begin("wait", second[0], "--cap", "600"),
        "forced": begin("wait", cleared, "--cap", "600"),
    }
    for waiter in waiters.values():
        is_waiting(waiter)
    ok(all(waiter.poll() is None for waiter in waiters.values()),
       "44: the result of a live owner is not told, nor anything of the others")
    command("clear", "--scope", "s", "--force", "--actor", "bob", "--reason", "a <b> & \"c\"")
    is_(finish(waiters["forced"]),
        (4, f"{cleared} is lost, forced by bob: a <b> & \"c\"",
         f"<!-- TENURE:WAIT_LOST session={cleared} outcome=lost exit=4 reason=forced by=bob -->"),
        "lost: 4, by whom and why, while it waits")
    is_(command("wait", cleared, "--compat", "csa")[0::2],
        (1, f"<!-- CSA:SESSION_WAIT_COMPLETED session={cleared} status=failure exit=1 synthetic=false -->"),
        "lost is 1 for csa")
    end(first[1])
    is_(finish(waiters["success"]),
        (0, f"{first[0]} completed: success, exit code 0\n  all\\ngood", completed(first[0], "completed", 0)),
        "44: it is told when its owner has left")
    code, out, _ = finish(waiters["second"])
    ok(code == 0 and json.loads(out)["result"]["summary"] == "all\ngood",
       "27, otherwise: any number may wait for one session, and each is told")
    is_(finish(waiters["third"])[0::2],
        (0, f"<!-- CSA:SESSION_WAIT_COMPLETED session={first[0]} status=success exit=0 synthetic=false -->"),
        "27: in its own way")
    end(second[1])
    text = f"{second[0]} failed: failure, exit code 1; it left no result\n  its process died or fell silent, and left no result"
    is_(finish(waiters["died"]), (1, text, completed(second[0], "failed", 1, "true")),
        "42: a process dies while somebody waits: failed, and synthetic")
    is_((stored(second[0]), status(second[0])), ([("failure", 1, "synthetic")], ("failed", "host-death")),
        "42: and that is what is stored now")
    before = dump()
    is_(command("wait", second[0]), (1, text, completed(second[0], "failed", 1, "true")),
        "42: who asks later is told the same")
    ok(dump() == before, "42: and nothing is settled again")


def late():
    session = dead()
    begun = time.monotonic()
    is_(command("wait", session)[0], 1, "26: a dead process")
    ok(time.monotonic() - begun >= 1, "is given a second in which somebody may say how it ended")
    record(session, "--status", "success")
    is_(command("wait", session),
        (0, f"{session} completed: success, exit code 0", completed(session, "completed", 0)),
        "26: a real result that comes later is what counts")


def nobody_may_write():
    session = dead()
    with sqlite3.connect(DB, isolation_level=None) as writer:
        writer.execute("BEGIN IMMEDIATE")
        got = command("wait", session, TENURE_BUSY_TIMEOUT="50")
        writer.execute("ROLLBACK")
    is_(got, (1, f"{session} failed: failure, exit code 1, orphaned_process; it left no result",
              completed(session, "failed", 1, "true")), "25, otherwise: who cannot write is told all the same")
    is_((stored(session), status(session)), ([], ("running", None)), "25: and nothing is stored")


def turns():
    session, process = live()
    command("turn", "begin", session, "--turn", "t 1")
    is_(command("wait", session, "--turn", "t 1", "--cap", "0")[2].partition("cmd=")[2],
        f'"tenure wait {session} --cap 0 --turn t\\ 1" -->', "a turn that goes on; the command can be run as it stands")
    is_(command("wait", session, "--turn", "t 2", "--cap", "0")[:2], (3, f"there is no turn t 2 of {session}"),
        "a turn that never was: 3")
    waiter = begin("wait", session, "--turn", "t 1", "--cap", "600")
    is_waiting(waiter)
    command("turn", "end", session, "--turn", "t 1", "--outcome", "failed", "--message", "no disk")
    is_(finish(waiter)[:2], (1, f"turn t 1 of {session} failed: error"), "a turn that fails while somebody waits: 1")
    is_(command("wait", session, "--turn", "", "--cap", "0")[0], 0, "an empty turn is none")
    end(process)


def gone():
    is_(command("wait", "nobody"),
        (3, "there is no session nobody", completed("nobody", "missing", 3)), "38: an id that nobody knows: 3")
    is_(command("wait", "nobody", "--compat", "csa")[0::2],
        (1, "<!-- CSA:SESSION_REGISTRY_LOSS session=nobody reason=lookup_miss_or_gc -->"), "38: 1 for csa")
    report = json.loads(command("wait", "nobody", "--json")[1])
    ok(report["ok"] and report["result"]["outcome"] == "missing", "38: an outcome too")
    nowhere = os.path.join(FOLDER.name, "nowhere.db")
    code, out, err = command("wait", "nobody", "--db", nowhere)
    ok((code, out) == (3, "") and err.startswith("tenure: database.missing: ") and not os.path.exists(nowhere),
       "no database: 3, and none is made")


def hostile():
    for text in ("it's", 'a"b<c>&d', "-x", "--json", "--> <!--", "\x1b[31m\x7f", "‮abc", "é 🙂", "$(touch pwned)",
                 "'; DROP TABLE tenure_session; --", "x\n.shell touch pwned\n-- answer", "%s%n", "a=b", " "):
        code, out, err = command("wait", "--cap", "0", "--session=" + text)
        told = json.loads(command("wait", "--cap", "0", "--json", "--session=" + text)[1])["result"]["session_id"]
        shown = out + err.replace("\n", "")
        faults = [] if (code, told) == (3, text) else [f"exit {code}, told {told!r}"]
        faults += [f"{c!r} in it" for c in shown if ord(c) < 32 or 127 <= ord(c) < 160 or c == "‮"]
        faults += ["not one marker"] if (err.count("<!--"), err.count("-->"), err.count("\n")) != (1, 1, 0) else []
        ok(not faults, f"hostile id {ascii(text)}")
        for fault in faults:
            diag(fault)
    ok(not os.path.exists("pwned"), "and none of them ran")
    code, out, err = command("wait", "--turn", "it's $HOME", "--cap", "0", "--db", DB, dead())
    is_(code, 3, "a hostile turn")
    session, process = live()
    command("turn", "begin", session, "--turn", "it's $HOME <&> é")
    err = command("wait", session, "--turn", "it's $HOME <&> é", "--cap", "0", "--db", DB)[2]
    again = err.partition('cmd="')[2].partition('"')[0]
    for name, sign in (("quot", '"'), ("lt", "<"), ("gt", ">"), ("amp", "&")):
        again = again.replace(f"&{name};", sign)
    ran = subprocess.run(["bash", "-c", again.replace("tenure", shlex.quote(TENURE), 1)], env=ENV,
                         capture_output=True, text=True, timeout=PATIENCE)
    is_((ran.returncode, timeless(ran.stderr.rstrip("\n"))), (0, timeless(err)), "the command in a marker waits for the same again")
    end(process)


def misuse():
    for code, arguments in (
            ("usage.required", []), ("usage.operand", ["a", "b"]), ("usage.option", ["a", "--bogus"]),
            ("usage.number", ["a", "--cap", "x"]), ("usage.number", ["a", "--cap=-1"]),
            ("usage.number", ["a", "--cap", ""]), ("usage.number", ["a", "--cap", "1e3"]),
            ("usage.number", ["a", "--cap", "31622401"]), ("usage.number", ["a", "--cap", "99999999999999999999"]),
            ("usage.number", ["a", "--cap", ".5"]), ("usage.compat", ["a", "--compat", "make"])):
        exit_code, out, err = command("wait", *arguments)
        if not ok((exit_code, out) == (2, "") and err.startswith(f"tenure: {code}: "), f"2: wait {arguments}"):
            diag((exit_code, out, err))
    is_(command("wait", "nobody", "--cap", "008.5")[0], 3, "a number with zeros in front is one")


def trouble():
    broken = os.path.join(FOLDER.name, "broken.db")
    with open(broken, "w", encoding="utf-8") as file:
        file.write("no database at all " * 100)
    code, out, err = command("wait", "x", "--db", broken)
    ok((code, out) == (5, "") and err.startswith("tenure: database.corrupt: "), "no database: 5")
    locked = os.path.join(FOLDER.name, "locked.db")
    command("init", "--db", locked)
    with sqlite3.connect(locked, isolation_level=None) as writer:
        writer.execute("PRAGMA journal_mode = DELETE")
        writer.execute("BEGIN EXCLUSIVE")
        code, out, err = command("wait", "x", "--db", locked, "--cap", "0.2", "--json", TENURE_BUSY_TIMEOUT="50")
        writer.execute("ROLLBACK")
    error = json.loads(out)["error"]
    ok((code, err, error["code"], error["retryable"]) == (5, "", "unavailable", True),
       "a lock that lasts longer than the cap: 5, and worth another try")
    empty = os.path.join(FOLDER.name, "bin")
    os.mkdir(empty)
    code, out, err = command("wait", "x", PATH=f"{empty}:{ENV['PATH']}")
    is_(code, 3, "(the same with another PATH)")
    os.symlink("/bin/bash", os.path.join(empty, "bash"))
    code, out, err = command("wait", "x", PATH=empty)
    ok((code, out) == (1, "") and "sqlite3 is not installed" in err, "without sqlite3: 1, and why")


def deaths():
    """Waiters that die: with all that is theirs where they can, else a moment before it; and nothing is left."""
    session, process = live()
    before = dump()
    for name in ("INT", "TERM", "HUP", "QUIT", "KILL"):
        number = getattr(signal, "SIG" + name)
        waiter = begin("wait", session, "--cap", "600")
        child = is_waiting(waiter)
        if name == "INT":
            os.killpg(waiter.pid, number)  # as a terminal does
        else:
            os.kill(waiter.pid, number)
        code, out, err = finish(waiter) if name != "KILL" else (waiter.wait(timeout=PATIENCE), "", "")
        is_((code, out, err), (-number if name == "KILL" else 128 + number, "", ""), f"{name}: ends the wait")
        ok(until(lambda: not lives(child), PATIENCE if name == "KILL" else 0), f"{name}: and its sqlite3")
    ok(dump() == before, "28, otherwise: a waiter that dies leaves nothing behind, so there is nothing to steal")
    is_(command("wait", session, "--cap", "0")[0], 0, "and the session lives on")
    waiter = begin("wait", session, "--cap", "600")
    os.kill(is_waiting(waiter), signal.SIGKILL)
    is_(finish(waiter), (1, "", "tenure: internal: sqlite3 ended with status 137 and said nothing"),
        "a sqlite3 that is killed ends the wait, and is all there is to say")
    waiter = begin("wait", session, "--cap", "600")
    waiter.stdout.close()
    is_waiting(waiter)
    ok(dump() == before, "30: who hears nobody changes nothing")
    record(session, "--status", "success", "--final")
    waiter.wait(timeout=PATIENCE)
    ok(waiter.returncode not in (0, 1) and stored(session) == [("success", None, "agent")],
       "30, otherwise: it ends with its session, and does not say that it went well")
    waiter.stderr.close()
    end(process)


def stopped():
    """Cap and elapsed are real time, also while the waiter itself stands still."""
    session, process = live()
    waiter = begin("wait", session, "--cap", "4", "--json")
    is_waiting(waiter)
    os.killpg(waiter.pid, signal.SIGSTOP)
    time.sleep(5)
    os.killpg(waiter.pid, signal.SIGCONT)
    code, out, _ = finish(waiter)
    report = json.loads(out)["result"]
    ok(code == 0 and report["outcome"] == "kv_warm" and report["elapsed_ms"] >= 5000,
       "a waiter that was stopped beyond its cap says how long it has been") or diag(out)
    end(process)


def moved():
    """A database that is no longer where it was. Nobody would ever hear of an end in it."""
    before, after = (os.path.join(FOLDER.name, name) for name in ("before.db", "after.db"))
    _, out, _ = command("start", "--json", "--db", before, "--actor", "ann", "--lease", "600")
    session = json.loads(out)["result"]["session_id"]
    waiter = begin("wait", session, "--cap", "600", "--db", before)
    reads(is_waiting(waiter), before)
    os.rename(before, after)
    code, out, err = finish(waiter)
    ok((code, out) == (3, "") and err.startswith("tenure: database.missing: "), "a database that is moved ends the wait: 3")
    is_(command("wait", session, "--cap", "0", "--db", after)[0], 0, "and is as it was")


def current():
    """Which file a sqlite3 has open, asked of one that ends at that moment: its question tells how, not its files."""
    ended = subprocess.Popen(["true"])
    other = subprocess.Popen(["sleep", "600"], stdout=subprocess.DEVNULL)
    until(lambda: not lives(ended.pid))
    script = "source bin/lib/reader.sh; READER=$1 DATABASE=$2; reader_current && echo yes || echo no"
    for pid, database, answer, name in (
            (other.pid, "/dev/null", "yes", "has it open"), (other.pid, DB, "no", "has others open"),
            (ended.pid, DB, "yes", "has ended, and nobody has asked after it"), (2**31 - 1, DB, "yes", "is not there")):
        ran = subprocess.run(["bash", "-c", script, "bash", str(pid), database], cwd=ROOT, capture_output=True, text=True,
                             timeout=PATIENCE)
        is_((ran.stdout, ran.stderr), (f"{answer}\n", ""), f"whether the file is current: {answer} of a sqlite3 that {name}")
    end(other)
    ended.wait()


def terminal():
    session, process = live()
    main, side = pty.openpty()
    waiter = begin("wait", session, "--cap", "5.1", stderr=side)
    os.close(side)
    out, _ = waiter.communicate(timeout=PATIENCE)
    shown = b""
    try:
        while part := os.read(main, 4096):
            shown += part
    except OSError:
        pass
    os.close(main)
    lines = shown.decode().replace("\r\n", "\n").rstrip("\n").split("\r")
    ok(any(re.fullmatch(rf"waiting for '{session}': \d s of 5\.1", line) for line in lines), "a terminal shows how far it is")
    ok(lines[-1].startswith("<!-- TENURE:WAIT_KV_WARM ") and [line.strip() for line in lines[-2:-1]] == [""],
       "which is gone before the marker comes")
    ok(re.fullmatch(rf"{session} is still alive after \d+ s\n", out), "and is not in the output")
    end(process)


def inside(script):
    """Runs a script in which the functions of the verb are."""
    script = ("set -eu; shopt -s extglob; use() { for part; do source bin/lib/$part.sh; done; }; COMMAND=wait FORMAT=text; "
              f"use quote output options database verbs/wait; {script}")
    return subprocess.run(["bash", "-c", script], cwd=ROOT, env=ENV, capture_output=True, text=True, timeout=PATIENCE)


def no_cap():
    """What a wait without --cap goes by, says and tells how to repeat; nobody has time to see it end."""
    ran = inside("verb_declare; parse_arguments ses_x; "
                 "progress() { echo \"$1\"; }; waited=1000; read_cap; wait_pieces; echo $cap; say_progress; echo \"$SQL_MARKER\"")
    cap, shown, sql = ran.stdout.split("\n", 2)
    is_((cap, shown), ("240000", "waiting for 'ses_x': 1 s of 240"), "no --cap: four minutes")
    ok("'tenure wait ses_x --cap 240'" in sql, "no --cap: and again as long")


def patient():
    """How long an answer is waited for is counted in looks for it, not by the clock: sqlite3 may have been stopped too."""
    ran = inside("read_clock() { NOW=360000; }; DATABASE=x waited=0 begun=0 late=2; "
                 "give_up; give_up; echo patient; give_up")
    ok((ran.returncode, ran.stdout) == (5, "patient\n") and "unavailable: no answer comes from 'x'" in ran.stderr,
       "an hour in which nobody could answer is none in which nobody did") or diag(ran)


for test in (a_look, mid_wait, late, nobody_may_write, turns, gone, hostile, misuse, trouble, deaths, stopped, moved,
             current, terminal, no_cap, patient):
    try:
        test()
    except (AssertionError, KeyError, ValueError, TimeoutError, subprocess.TimeoutExpired, sqlite3.Error) as error:
        ok(False, f"{test.__name__}: {type(error).__name__}: {error}")
done()
