#!/usr/bin/python3
"""The pure functions of results and waiting through SQL: words that are none, NULLs, numbers in each of their
forms (04, "Results" and "Wait"). Every combination of facts is in outcome_test.c."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import connect, done, is_, ok, refuses  # noqa: E402
from tenure import STATUSES  # noqa: E402

FACTS = """status end_reason verdict turn_state result_status result_exit result_final completion_exit
exit_code exit_signal cap_reached""".split()

db = connect()


def value(sql, params=()):
    return db.execute(sql, params).fetchone()[0]


def outcome(**facts):
    sql = f"SELECT session_wait_outcome({', '.join('?' * len(FACTS))})"
    return sql, [facts.get(name) for name in FACTS]


def comes_to(want, name=None, **facts):
    is_(value(*outcome(**facts)), want, name or f"{want}: {facts}")


# A status is one of the twelve, or NULL: then there is no session.
comes_to("missing", "without any fact there is no session")
comes_to("missing", result_status="success", result_final=1, cap_reached=1)
for status in STATUSES:
    comes_to("completed", status=status, result_status="success", result_final=1)
for word in ("", "RUNNING", "running ", " running", "run", "runningx", "run\0ning", "running\0", 1, 1.5, b"run"):
    refuses(db, *outcome(status=word), "usage.status", name=f"the status {word!r}")
    refuses(db, *outcome(status=word, result_status="success", result_final=1), "usage.status",
            name=f"the status {word!r}, whatever else is known")
comes_to("timeout", "a blob is the text that it holds", status=b"running", cap_reached=1)

# Other words that nobody knows mean nothing: they do not own, they do not end.
for word in ("", "OWNED", "owned\0", "dead\0", 3):
    comes_to(None, status="running", verdict=word)
    comes_to("timeout", status="running", verdict=word, cap_reached=1)
comes_to("ended", status="exited", end_reason="taken_over\0")
comes_to(None, status="running", turn_state="completed\0", verdict="owned")
comes_to("failed", status="exited", result_status="success\0")
comes_to("failed", status="exited", result_status="done")

# A NULL flag is off; a number may come as text or as a real one, but is whole.
comes_to("ended", status="exited", end_reason="cleared", result_final=None, cap_reached=None)
comes_to(None, status="running", verdict="owned", result_status="success", result_final=None)
for yes in (1, 2, -1, "1", 1.0):
    comes_to("completed", status="running", verdict="owned", result_status="success", result_final=yes)
    comes_to("kv_warm", status="running", verdict="owned", cap_reached=yes)
for zero in (0, "0", 0.0, "-0", None):
    comes_to("completed", status="exited", result_status="success", result_exit=zero)
    comes_to("ended", status="exited", exit_code=zero)
for other in (1, -1, "7", 124.0, 2**63 - 1, -2**63):
    comes_to("failed", status="exited", result_status="success", result_exit=other)
    comes_to("failed", status="exited", exit_code=other)
for packet in (0, 1, -1):
    comes_to("failed", status="running", verdict="passive", completion_exit=packet)
    comes_to(None, status="running", verdict="owned", completion_exit=packet)
for name in ("result_exit", "result_final", "completion_exit", "exit_code", "cap_reached"):
    for bad in ("x", "", 1.5, "1e3", b"x", 2.0**63):
        refuses(db, *outcome(status="running", **{name: bad}), "usage.number", name, f"{name} {bad!r}")
for signal in (9, "SIGKILL", 0, ""):
    comes_to("failed", status="exited", exit_signal=signal)

# What is deterministic may stand in an index.
db.execute("CREATE TABLE seen (status)").fetchall()
db.execute("CREATE INDEX seen_index ON seen (session_wait_outcome(status, NULL, NULL, NULL, NULL, NULL, NULL,"
           " NULL, NULL, NULL, 0))").fetchall()
ok(True, "session_wait_outcome stands in an index")

# The small ones.
for word, code in (("completed", 0), ("failed", 1), ("ended", 0), ("lost", 4), ("missing", 3), ("kv_warm", 0),
                   ("timeout", 124), ("other", 1), ("completed\0", 1), (None, None)):
    is_(value("SELECT session_wait_exit_code(?)", (word,)), code, f"the exit code of {word!r} is {code}")
for stored, final, offered, want in (
        ("synthetic", 0, "agent", 1), ("completion", 0, "agent", 1), ("agent", 0, "agent", 1),
        ("agent", 0, "completion", 0), ("completion", 0, "synthetic", 0), ("synthetic", 0, "synthetic", 1),
        ("synthetic", 1, "agent", 0), ("synthetic", None, "agent", 1), (None, 0, "synthetic", 1),
        ("agent", 0, None, 0), ("agent", 0, "agent\0", 0), ("synthetic", "1", "agent", 0)):
    is_(value("SELECT session_result_replaces(?, ?, ?)", (stored, final, offered)), want,
        f"{stored}, final {final}, offered {offered!r}: {want}")
refuses(db, "SELECT session_result_replaces('agent', 'x', 'agent')", (), "usage.number")
for reason in ("taken_over", "stale_reset", "forced", "cleared", "idle", "host-death", "transition", "run",
               "forced\0", "", None):
    is_(value("SELECT session_end_is_loss(?)", (reason,)), int(reason in ("taken_over", "stale_reset", "forced")),
        f"{reason!r} as a loss")
done()
