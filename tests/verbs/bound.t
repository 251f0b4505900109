#!/usr/bin/python3
"""Languages bind a number as what they have: an integer, a real (JavaScript), a text (Perl, Tcl). One program
of all verbs that take numbers, played in each of the three: the reports, the refusals and every stored value,
with its type, are the same."""

import os
import re
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import ROOT, done, is_  # noqa: E402
from tenure import FAR, T0, Tenure, code_of  # noqa: E402

# The columns of verbs that are numbers wherever they stand, and those that are in some verbs.
NUMBERS = set("""fence incarnation expected_revision lease_ttl strict token_budget pid pid_start_ticks progress
exit_code exit_signal replace reserve cached_input output reasoning_output total cost_usd final max_rows
idle_secs older_than_secs at""".split())
ALSO = {("usage", "input"), ("turn_end", "input")}


class Bound(Tenure):
    """A connection that binds each number as KIND, and remembers what came of it."""

    def __init__(self, kind):
        super().__init__()
        self.kind, self.outcomes, self.seen, self.stored = kind, [], set(), []

    def given(self, value):
        return self.kind(value) if isinstance(value, int) else value

    def ask(self, sql, *values):
        try:
            outcome = self.sql(sql, tuple(map(self.given, values)))
        except sqlite3.Error as error:
            outcome = code_of(error)
        self.outcomes.append((sql, outcome))

    def keep(self):
        self.stored.append(self.dump())

    def call(self, name, /, **columns):
        try:
            outcome = self.verb(name, **{column: self.given(value) for column, value in columns.items()})
            self.seen |= {(name, column) for column, value in columns.items() if isinstance(value, int)}
        except sqlite3.Error as error:
            outcome = code_of(error)
        self.outcomes.append((f"{name} {columns}", outcome))
        return outcome if isinstance(outcome, dict) else {}


def program(t):
    t.ask("SELECT tenure_clock(?)", T0)
    t.ask("SELECT lease_expires_at(?, ?), lease_expired(?, ?), lease_remaining(?, ?, ?)", 1, 60, 61, 5, 1, 60, 5)
    t.ask("SELECT session_transition('idle', 'ready', ?, ?), session_next_revision(?)", 4, 4, 4)
    t.ask("SELECT session_transition('idle', 'ready', ?, ?)", 4, 5)
    t.call("start", scope="r", actor_id="a", lease_ttl=0)
    t.call("start", scope="r", actor_id="a", lease_ttl=60, strict=2)
    started = t.call("start", scope="r", actor_id="a", lease_ttl=60, strict=1, token_budget=5000, **FAR)
    session, fence = started["session_id"], started["fence"]
    me = {"session_id": session, "fence": fence}
    now = {**me, "incarnation": 1}
    t.call("start", scope="r", actor_id="a", lease_ttl=70, fence=fence)
    t.call("heartbeat", scope="r", actor_id="a", fence=fence + 1)
    t.call("heartbeat", scope="r", actor_id="z", fence=fence, progress=0)
    t.call("heartbeat", scope="r", fence=fence, progress=2)
    t.ask("CREATE TABLE mine (a)")
    t.ask("SELECT tenure_guard('mine', 'r')")
    t.ask("SELECT tenure_hold(?, ?)", session, fence)
    t.ask("INSERT INTO mine VALUES (1)")
    t.ask("SELECT tenure_hold(?, ?)", session, fence + 1)
    t.ask("INSERT INTO mine VALUES (2)")
    t.call("turn_request_start", **now, message_id="m0")
    t.call("turn_begin", **now, turn_id="t1", reserve=1)
    t.call("turn_begin", **now, turn_id="t2", replace=1)
    t.call("turn_steer", **now, input="on")
    t.call("turn_take_input", **now)
    t.call("usage", **now, turn_id="t2", input=5, cached_input=1, output=7, reasoning_output=2, total=12, cost_usd=1)
    t.call("usage", **now, turn_id="t2", input=-1)
    t.call("request_open", **now, request_id="q", kind="approval")
    t.call("request_resolve", **now, request_id="q", decision="approved")
    t.call("provider_event", **now, event_id="e", type="turn.started", turn_id="t2", at=T0)
    t.call("turn_end", **now, turn_id="t2", input=1, cached_input=1, output=1, reasoning_output=1, total=2,
           cost_usd=1)
    t.call("turn_begin", **now, turn_id="t3")
    t.call("turn_abort", **now, turn_id="t3")
    t.call("baseline_set", **me, name="b", digest="d")
    t.call("gate_set", scope="r", gates='["a"]', expected_revision=0)
    t.call("gate_set", scope="r", gates='["b"]', expected_revision=5)
    t.call("record_result", **now, status="success", exit_code=0, final=0)
    t.call("transition", **now, status="error", expected_revision=1)
    revision = t.value("SELECT revision FROM tenure_session")
    t.call("transition", **now, status="failed", expected_revision=revision, exit_code=3)
    t.call("resume", **me, lease_ttl=60, **FAR)
    t.call("resume", session_id=session, actor_id="a", lease_ttl=60, **FAR)
    revision = t.value("SELECT revision FROM tenure_session")
    t.call("record_completion", session_id=session, incarnation=2, fence=revision, exit_code=0)
    t.ask("SELECT tenure_clock(?)", T0 + 100)
    t.call("takeover", scope="r", actor_id="b", reason="late", expected_revision=1)
    took = t.call("takeover", scope="r", actor_id="b", reason="late", lease_ttl=30, fence=revision,
                  expected_revision=revision, **FAR)
    t.call("transition", session_id=took["session_id"], fence=took["fence"], status="exited", exit_signal=9)
    t.call("start", scope="c", actor_id="c", lease_ttl=5)
    t.call("clear", scope="c", actor_id="c", fence=7)
    t.call("clear", scope="c", actor_id="c", fence=1)
    t.call("settle", max_rows=0)
    t.call("settle", max_rows=5)
    t.call("settle", session_id=took["session_id"], fence=7)
    t.call("settle", session_id=took["session_id"], fence=took["fence"])
    t.call("reap", idle_secs=1800, max_rows=5)
    t.ask("SELECT tenure_clock(?)", T0 + 10000)
    t.ask("SELECT session_wait(?, ?)", session, 0)
    t.keep()
    t.call("gc", older_than_secs=5, max_rows=1)
    t.ask("SELECT session_wait('ses_none', ?)", -1)
    t.keep()


def nameless(text, names):
    """TEXT with each minted id as its number in the order of appearance, and without how long a wait took."""
    text = re.sub('"elapsed_ms":[0-9]+', "", text)
    return re.sub(r"\b([a-z]{3})_[0-9A-HJKMNP-TV-Z]{26}\b", lambda id: f"{id[1]}_{names.setdefault(id[0], len(names))}",
                  text)


def played(kind):
    """A connection on which the program ran, what came of each call, and what was stored. Of a refusal only its
    code counts, because the sentence may quote what was bound."""
    t, names = Bound(kind), {}
    program(t)
    outcomes = [(nameless(call, names), nameless(repr(outcome), names)) for call, outcome in t.outcomes]
    stored = [{name: sorted(nameless(row, names) for row in rows) for name, rows in dump.items()} for dump in t.stored]
    return t, outcomes, stored


def numbers(t):
    """The columns of verbs that are numbers."""
    found = set()
    for name, in t.sql("SELECT name FROM sqlite_schema WHERE type = 'view'"):
        verb = name.removeprefix("tenure_")
        if os.path.exists(os.path.join(ROOT, "sql", "verb", verb + ".sql")):
            columns = {column for _, column, *_ in t.sql(f"PRAGMA table_info({name})")}
            found |= {(verb, column) for column in columns if column in NUMBERS or (verb, column) in ALSO}
    return found


t, wanted, stored = played(int)
is_(sorted(numbers(t) - t.seen), [], "every number of every verb is bound, and taken")
for kind, name in (float, "a real"), (str, "a text"):
    _, got, got_stored = played(kind)
    for (call, want), (_, outcome) in zip(wanted, got):
        is_(outcome, want, f"{name}: {call}")
    is_(got_stored, stored, f"{name}: what is stored")

done()
