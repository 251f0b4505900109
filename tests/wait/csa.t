#!/usr/bin/python3
"""The situations that another runner's waiter (csa) had to learn one bug at a time, in Tenure's terms. The
numbers are those of its own list. Where Tenure decides otherwise, the name says so, and why.

A situation is a script. Its words:

    start PROCESS [column=value ...]    a session of its own; PROCESS is live, dead, reused (its pid is another
                                        process by now) or none, which means that nothing is known of it
    +N                                  N seconds pass
    die                                 its process ends
    result STATUS [CODE] [final] [turn=T], packet CODE
    turn T, end T                       a turn begins, ends
    clear, takeover, force, replace     the session ends, by its holder or over its head
    resume PROCESS [column=value ...]   a new incarnation
    settle, collect
    look OUTCOME EXIT ...               what a waiter is told now, that its marker and csa's say the same, and
                                        that the look changes nothing. CSA=STATUS is what csa's marker says
    wait OUTCOME EXIT ...               the same as the command does it, which settles what is synthetic
    is STATUS [END_REASON]              what stands in the session's row
    stored STATUS CODE PROVENANCE [turn=T] [incarnation=N], or stored nothing

Left out: 27 to 30 are about waiters as processes (tests/cli/wait.t); 35, 39 and 40 are about memory, providers
and reviews, which Tenure knows nothing of.
"""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import ROOT, diag, done, ok
from tenure import T0, Tenure, code_of, difference

SITUATIONS = [
    ("1: a live owner and no result: still alive", """
        start live
        look kv_warm 0
        is running
        stored nothing"""),
    ("2: the result of a live owner is provisional", """
        start live
        result success 0
        look kv_warm 0
        is running"""),
    ("2, otherwise: a result that says it is final needs no death to count", """
        start live
        result success 0 final
        look completed 0 CSA=success
        is running"""),
    ("3: a success that became a failure before its owner died was never told", """
        start live
        result success 0
        look kv_warm 0
        result failure 1
        die
        wait failed 1 CSA=failure
        stored failure 1 agent"""),
    ("4: the packet of a process counts when that process is gone", """
        start live
        packet 1
        look kv_warm 0
        is running
        die
        wait failed 1 synthetic CSA=failure
        is failed host-death"""),
    ("5: the pid belongs to another process by now, so its owner is dead", """
        start reused
        result success 0
        wait completed 0 CSA=success"""),
    ("6, otherwise: an end is the holder's decision, and a process that still runs does not undo it", """
        start live
        result success 0
        clear
        look completed 0 CSA=success
        is exited cleared"""),
    ("7, otherwise: an end without a failure is an end, whether there is a result or not", """
        start none
        clear
        look ended 0 CSA=retired
        stored nothing"""),
    ("8: a good packet does not mend a failed result that came before it", """
        start dead
        result failure 7
        +5
        packet 0
        wait failed 1 CSA=failure
        stored failure 7 agent"""),
    ("8: nor one of the same second", """
        start dead
        packet 0
        result failure 7
        wait failed 1 CSA=failure
        stored failure 7 agent"""),
    ("8: nor one that came after it", """
        start dead
        packet 0
        +5
        result failure 7
        wait failed 1 CSA=failure
        stored failure 7 agent"""),
    ("9: a bad packet does not spoil a good result", """
        start dead
        packet 1
        +5
        result success 0
        wait completed 0 CSA=success
        stored success 0 agent"""),
    ("10: a packet and no result: a failure is made of it, with its code", """
        start dead
        +7200
        packet 17
        wait failed 1 synthetic CSA=failure
        stored failure 17 synthetic
        is failed host-death"""),
    ("11: a packet while the lease runs and nothing is known of the process: still alive", """
        start none lease_ttl=60
        packet 1
        look kv_warm 0
        stored nothing"""),
    ("11, otherwise: a packet tells more than a recent change, so without an owner it is the end", """
        start none lease_ttl=20
        +25
        packet 1
        wait failed 1 synthetic CSA=failure
        stored failure 1 synthetic"""),
    ("12: no process known, but a recent change: still alive", """
        start none lease_ttl=20
        +25
        look kv_warm 0
        stored nothing"""),
    ("13, otherwise: silence alone proves nothing; only a lease that is over for as long again does", """
        start none lease_ttl=60
        +100
        look timeout 124
        is running
        +21
        wait failed 1 synthetic CSA=failure
        stored failure 1 synthetic
        is failed host-death"""),
    ("14: a live process may be silent for as long as it likes", """
        start live lease_ttl=60
        +86400
        look kv_warm 0
        is running"""),
    ("15: the lease is the lock: while it runs the session is owned, however old its last event", """
        start none lease_ttl=172800
        +86400
        look kv_warm 0"""),
    ("16: a failed result is told when the lease is over", """
        start none lease_ttl=60
        result failure 1
        look kv_warm 0
        +60
        wait failed 1 CSA=failure"""),
    ("17: a process that said goodbye with 143 and is still there", """
        start live
        packet 143
        look kv_warm 0
        result success 0
        look kv_warm 0
        is running"""),
    ("18: the result of the turn that was asked for; its own code is data", """
        start live
        turn t1
        result timeout 124 turn=t1
        die
        look failed 1 turn=t1 CSA=timeout
        stored timeout 124 agent turn=t1"""),
    ("18, otherwise: the result of a turn is not that of the session", """
        start live
        turn t1
        result success 0 turn=t1
        die
        wait failed 1 synthetic CSA=failure
        stored success 0 agent turn=t1"""),
    ("19: a good result of the turn that was asked for", """
        start live
        turn t1
        result success 0 turn=t1
        look kv_warm 0 turn=t1
        die
        look completed 0 turn=t1 CSA=success"""),
    ("19, otherwise: a turn that has ended needs no result, whoever lives", """
        start live
        turn t1
        end t1
        look completed 0 turn=t1 CSA=success
        look kv_warm 0"""),
    ("20: the result of an earlier turn is nothing to a later one", """
        start live
        turn t1
        result success 0 turn=t1
        end t1
        turn t2
        look kv_warm 0 turn=t2
        die
        wait failed 1 synthetic turn=t2 CSA=failure
        stored success 0 agent turn=t1
        stored failure 1 synthetic turn=t2"""),
    ("20: nor is that of an earlier incarnation", """
        start dead
        result success 0
        settle
        resume none
        look kv_warm 0
        stored nothing incarnation=2"""),
    ("21, otherwise: a malformed result is refused, so that nobody has to wait for one", """
        start live
        refused opt.result_status result excellent
        look kv_warm 0
        stored nothing"""),
    ("22: a result that another attempt has superseded is none, while somebody is there", """
        start none lease_ttl=20
        result tier_failover_superseded 1
        look kv_warm 0
        +25
        look kv_warm 0"""),
    ("22, otherwise: with a packet and no owner there is nobody left to wait for", """
        start none lease_ttl=20
        result tier_failover_superseded 1
        +25
        packet 1
        wait failed 1 CSA=tier_failover_superseded
        is failed host-death"""),
    ("23: a recent change does not hold back a failed result", """
        start none lease_ttl=20
        +10
        result failure 1
        +15
        wait failed 1 CSA=failure"""),
    ("24: an agent that takes its success back is believed, whatever its process said", """
        start live
        result success 0
        result failure 1
        packet 0
        die
        wait failed 1 CSA=failure
        stored failure 1 agent"""),
    ("25, otherwise: who may not write is told all the same, and nothing is lost", """
        start dead
        reading
        wait failed 1 synthetic CSA=failure
        is running
        stored nothing"""),
    ("26: a real result that comes before the synthetic one stays", """
        start dead
        look failed 1 synthetic CSA=failure
        result success 0
        settle
        look completed 0 CSA=success
        stored success 0 agent"""),
    ("26: and one that comes after it takes its place", """
        start dead
        wait failed 1 synthetic CSA=failure
        result success 0
        look completed 0 CSA=success
        stored success 0 agent
        is failed host-death"""),
    ("31, otherwise: no wrapper: what is resumed is the same session in a new incarnation", """
        start dead
        settle
        resume live
        result success 0
        packet 0
        die
        wait completed 0 CSA=success
        stored success 0 agent incarnation=2
        stored failure 1 synthetic incarnation=1"""),
    ("32: a resumed session that has said nothing yet is left alone", """
        start dead
        settle
        resume live lease_ttl=60
        +500
        look kv_warm 0
        is starting
        stored nothing incarnation=2"""),
    ("32: one without a process is not given up within its first minute", """
        start dead
        settle
        resume none lease_ttl=10
        +60
        look timeout 124
        is starting
        +1
        wait failed 1 synthetic CSA=failure"""),
    ("33: the packet of an incarnation says nothing of the next one", """
        start none lease_ttl=20
        packet 0
        +21
        settle
        resume none lease_ttl=20
        +25
        look kv_warm 0
        stored nothing incarnation=2"""),
    ("34: who waits while a session is resumed goes on waiting for it", """
        start none lease_ttl=20
        look kv_warm 0
        +35
        look timeout 124
        resume none
        look kv_warm 0
        result success 0 final
        look completed 0 CSA=success"""),
    ("36, otherwise: there is no half-written state: an open transaction is not seen, nor one that was undone", """
        start dead
        elsewhere undone
        look failed 1 synthetic CSA=failure
        elsewhere done
        look completed 0 CSA=success"""),
    ("37, otherwise: a living session cannot get lost", """
        start live
        look kv_warm 0
        refused write.living delete
        look kv_warm 0
        result success 0
        die
        look completed 0 CSA=success"""),
    ("38: an id that nobody knows", """
        look missing 3"""),
    ("38: a session that was collected", """
        start none
        clear
        collect
        look missing 3"""),
    ("41: a good packet and no result is a failure that keeps the good code", """
        start dead
        +31
        packet 0
        wait failed 1 synthetic CSA=failure
        stored failure 0 synthetic"""),
    ("42: a dead process and nothing else", """
        start dead
        +31
        look failed 1 synthetic reason=orphaned_process CSA=failure
        wait failed 1 synthetic CSA=failure
        stored failure 1 synthetic
        is failed host-death"""),
    ("43: a first result that is not much yet, and a better one later", """
        start live
        result error
        look kv_warm 0
        result success 0
        look kv_warm 0
        die
        look completed 0 CSA=success"""),
    ("44: a success is told when its owner has left", """
        start live
        result success 0
        +4
        look kv_warm 0
        +1
        die
        look completed 0 CSA=success"""),
    ("45: a failure before the work began is final, and told at once", """
        start none status=starting
        result failure 1 final
        look failed 1 CSA=failure"""),
    ("46, otherwise: there is no unreadable result, because none can be stored", """
        start dead
        refused CHECK raw excellent
        wait failed 1 synthetic CSA=failure"""),
    ("settling: a fault undoes it all", """
        start dead
        fault
        stored nothing
        is running"""),
    ("settling: a second time it does nothing", """
        start dead
        settle
        unmoved settle
        stored failure 1 synthetic"""),
    ("settling: where nothing is to be settled, nothing is written", """
        start live
        unmoved settle
        is running"""),
    ("a change counts as a sign of life for 30 seconds, and not a second longer", """
        start none lease_ttl=20
        +30
        look kv_warm 0
        +1
        look timeout 124"""),
    ("taken over: lost, and what the old holder still sends is refused", """
        start none scope=s lease_ttl=10
        +11
        takeover
        look lost 4 reason=taken_over ended_by=bob CSA=failure
        refused fence.token result success"""),
    ("replaced after its lease ran out: lost", """
        start none scope=s lease_ttl=10
        +11
        replace
        look lost 4 reason=stale_reset CSA=failure"""),
    ("cleared by force: lost", """
        start live scope=s
        force
        look lost 4 reason=forced CSA=failure"""),
    ("ended with a code of its own that is not 0: failed", """
        start none
        transition exited exit_code=3
        look failed 1 CSA=failure"""),
    ("a success with a code that is not 0 is none", """
        start dead
        result success 7
        look failed 1 CSA=success"""),
]


def marker_sql():
    """The SQL of the two markers, as the command makes it."""
    script = ("use() { :; }; source bin/lib/attribute.sh; source bin/lib/outcomes.sh; marker \"'again'\"; printf '%s\\0' \"$REPLY\"; "
              "csa_marker \"'again'\" \"'show'\"; printf '%s' \"$REPLY\"")
    return subprocess.run(["bash", "-c", script], cwd=ROOT, check=True, capture_output=True,
                          text=True).stdout.split("\0")


MARKER, CSA_MARKER = marker_sql()


class Situation:
    """One script on a session of its own."""

    def __init__(self, t, number):
        self.t, self.number = t, number
        self.id = f"unknown-{number}"
        self.child = None
        self.faults = []

    def run(self, script):
        self.t.clock(self.t.now + 1000000)
        for line in script.strip().split("\n"):
            self.line = line.strip()
            word, *rest = self.line.split()
            if word.startswith("+"):
                self.t.clock(self.t.now + int(word))
            else:
                getattr(self, "do_" + word)(*[r for r in rest if "=" not in r],
                                            **dict(r.split("=") for r in rest if "=" in r))
        if self.child is not None:
            self.do_die()

    def check(self, got, want, what):
        if got != want:
            self.faults.append(f"{self.line}: {what} is {got!r}, not {want!r}")

    # --- what happens

    def process(self, kind):
        """The columns that name a process."""
        if kind == "none":
            return {}
        if kind == "dead":
            return self.t.dead_process()
        self.child = subprocess.Popen(["sleep", "600"])
        row = self.t.rows("SELECT host_name() AS host, host_boot_id() AS boot_id, ? AS pid,"
                          " process_start_ticks(?) AS pid_start_ticks", (self.child.pid, self.child.pid))[0]
        if kind == "reused":
            row["pid_start_ticks"] -= 1
        return row

    def do_start(self, process, **columns):
        columns = {"scope": "", "actor_id": "ann", "lease_ttl": 3600} | self.process(process) | columns
        if columns["scope"]:
            columns["scope"] += str(self.number)
        self.scope = columns["scope"]
        self.id = self.t.verb("start", **columns)["session_id"]

    def do_resume(self, process, **columns):
        self.t.verb("resume", session_id=self.id, actor_id="ann", **{"lease_ttl": 3600} | self.process(process) | columns)

    def do_die(self):
        self.child.kill()
        self.child.wait()
        self.child = None

    def do_result(self, status, code=None, final=None, turn=None):
        self.t.verb("record_result", session_id=self.id, status=status, exit_code=code, turn_id=turn,
                    final=None if final is None else 1)

    def do_packet(self, code):
        self.t.verb("record_completion", session_id=self.id, exit_code=code)

    def do_turn(self, turn):
        self.t.verb("turn_begin", session_id=self.id, turn_id=turn)

    def do_end(self, turn):
        self.t.verb("turn_end", session_id=self.id, turn_id=turn)

    def do_clear(self):
        self.t.verb("clear", session_id=self.id, actor_id="ann")

    def do_force(self):
        self.t.verb("clear", session_id=self.id, force=1, reason="r")

    def do_takeover(self):
        self.t.verb("takeover", session_id=self.id, actor_id="bob", reason="r")

    def do_replace(self):
        self.t.verb("start", scope=self.scope, actor_id="ann", lease_ttl=60)

    def do_transition(self, status, **columns):
        self.t.verb("transition", session_id=self.id, status=status, actor_id="ann", **columns)

    def do_settle(self):
        self.t.verb("settle", session_id=self.id)

    def do_collect(self):
        self.t.clock(self.t.now + 1)
        self.t.verb("gc", older_than_secs=0)

    def do_delete(self):
        self.t.sql("DELETE FROM tenure_session WHERE session_id = ?", (self.id,))

    def do_raw(self, status):
        self.t.sql("INSERT INTO tenure_result (session_id, incarnation, status, recorded_at) VALUES (?, 1, ?, ?)",
                   (self.id, status, self.t.now))

    def do_elsewhere(self, how):
        """Another connection records a success, which is looked for before its transaction ends."""
        other = Tenure(self.t.path, self.t.now, install=False)
        other.sql("BEGIN")
        other.verb("record_result", session_id=self.id, status="success")
        self.check(self.report()["outcome"], "failed", "the outcome before the other transaction ends")
        other.sql("COMMIT" if how == "done" else "ROLLBACK")
        other.db.close()

    # --- what is not done

    def do_refused(self, code, word, *rest):
        before = self.t.dump()
        try:
            getattr(self, "do_" + word)(*rest)
            got = "nothing"
        except sqlite3.Error as error:
            got = code_of(error)
        self.check(got if code != "CHECK" else got.split()[0], code, "the refusal")
        self.check(difference(before, self.t.dump()), "", "what was changed")

    def do_unmoved(self, word):
        """Not even the file is written."""
        before = self.t.dump(), os.stat(self.t.path + "-wal").st_mtime_ns
        getattr(self, "do_" + word)()
        self.check(difference(before[0], self.t.dump()), "", "what was changed")
        self.check(os.stat(self.t.path + "-wal").st_mtime_ns, before[1], "the time of the last write")

    def do_fault(self):
        """Settling meets a fault in its last step."""
        self.t.sql("CREATE TEMP TRIGGER fault BEFORE UPDATE ON main.tenure_session"
                   " BEGIN SELECT RAISE(ABORT, 'no room'); END")
        self.do_refused("no room", "settle")
        self.t.sql("DROP TRIGGER fault")

    def do_reading(self):
        """From here to the end of the script the connection may only read."""
        self.t.sql("PRAGMA query_only = ON")

    # --- what is told

    def report(self, turn=None):
        return json.loads(self.t.value("SELECT session_wait(?, 0, ?)", (self.id, turn)))

    def do_look(self, outcome, code, synthetic=None, turn=None, CSA=None, **facts):
        before = self.t.dump()
        report = self.report(turn)
        self.check(difference(before, self.t.dump()), "", "what a look changed")
        self.check(report["outcome"], outcome, "the outcome")
        self.check(report["synthetic"], synthetic is not None, "synthetic")
        for key, value in facts.items():
            self.check(report.get(key), value, key)
        self.check(str(self.t.value("SELECT session_wait_exit_code(?)", (outcome,))), code, "the exit code")
        self.check_markers(report, code, CSA)

    def check_markers(self, report, code, status):
        outcome, synthetic = report["outcome"], json.dumps(report["synthetic"])
        csa_code = 1 if outcome in ("lost", "missing") else int(code)
        marks = {
            "kv_warm": ("WAIT_KV_WARM session={} status=alive elapsed=0s action=re-wait cmd=\"again\"",
                        "WAIT_KV_WARM session={} status=alive elapsed=0s action=re-wait cmd=\"again\""),
            "timeout": ("WAIT_TIMEOUT session={} elapsed=0s status=unknown",
                        "WAIT_TIMEOUT session={} elapsed=0s status=dead cmd=\"show\""),
            "lost": (f"WAIT_LOST session={{}} outcome=lost exit=4 reason={report.get('reason')}"
                     + (f" by={report['ended_by']}" if "ended_by" in report else ""),
                     f"WAIT_COMPLETED session={{}} status={status} exit=1 synthetic=false"),
            "missing": ("WAIT_COMPLETED session={} outcome=missing exit=3 synthetic=false",
                        "REGISTRY_LOSS session={} reason=lookup_miss_or_gc"),
        }
        own, csa = marks.get(outcome, (
            f"WAIT_COMPLETED session={{}} outcome={outcome} exit={code} synthetic={synthetic}",
            f"WAIT_COMPLETED session={{}} status={status} exit={code} synthetic={synthetic}"))
        told = "FROM (SELECT ? AS r, ? AS o, ? AS code, 0 AS seconds)"
        row = self.t.sql(f"SELECT {MARKER} {told}", (json.dumps(report), outcome, int(code)))
        self.check(row[0][0], f"<!-- TENURE:{own.format(self.id)} -->", "the marker")
        row = self.t.sql(f"SELECT {CSA_MARKER} {told}", (json.dumps(report), outcome, csa_code))
        self.check(row[0][0], f"<!-- CSA:SESSION_{csa.format(self.id)} -->", "the marker of csa")

    def do_wait(self, outcome, code, *rest, **facts):
        report = self.report(facts.get("turn"))
        if report["synthetic"] and "summary" not in report:
            try:
                self.do_settle()
            except sqlite3.Error as error:
                self.check("readonly" in str(error), True, "the reason not to settle")
        self.do_look(outcome, code, *rest, **facts)

    def do_is(self, status, end_reason=None):
        row = self.t.session(self.id)
        self.check((row["status"], row["end_reason"]), (status, end_reason), "the session")

    def do_stored(self, status, code=None, provenance=None, turn="", incarnation=1):
        rows = self.t.sql("SELECT status, exit_code, provenance FROM tenure_result WHERE session_id = ?"
                          " AND incarnation = ? AND turn_id = ?", (self.id, incarnation, turn))
        self.check(rows, [] if status == "nothing" else [(status, int(code), provenance)], "the result")


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "t.db")
        t = Tenure(path, T0)
        t.path = path
        t.sql("PRAGMA journal_mode = WAL")
        t.sql("PRAGMA synchronous = OFF")
        for number, (name, script) in enumerate(SITUATIONS):
            situation = Situation(t, number)
            try:
                situation.run(script)
            except (sqlite3.Error, KeyError, TypeError, ValueError) as error:
                situation.faults.append(f"{situation.line}: {type(error).__name__}: {error}")
            t.sql("PRAGMA query_only = OFF")
            ok(not situation.faults, name)
            for fault in situation.faults:
                diag(fault)
        t.db.close()
    done()


main()
