"""What the tests share that attack Tenure from the side: plain statements instead of verbs.

    t = Raw()                                  a Tenure() with more to it
    t.insert(session(t, revision=1))           a raw INSERT of a row of the right shape
    t.tried("write.fixed", "UPDATE ...")       one test: refused with that code, and nothing changed
    t.tried("CHECK", "UPDATE ...")             the same, refused by a constraint of SQLite
    t.tried("ok", "UPDATE ...")                one test: it succeeds, and what must hold does
"""

import re

from invariants import broken
from tap import diag, error_of, ok
from tenure import Tenure, difference, table

# What SQLite's own constraints answer.
CONSTRAINTS = {"CHECK": 275, "NOT NULL": 1299, "PRIMARY KEY": 1555, "UNIQUE": 2067, "DATATYPE": 3091}

# Every conflict clause that a statement may carry.
CLAUSES = ["", "OR ABORT", "OR FAIL", "OR IGNORE", "OR REPLACE", "OR ROLLBACK"]

TABLES = """tenure_baseline tenure_completion tenure_counter tenure_escalation tenure_event tenure_gate tenure_meta
tenure_receipt tenure_result tenure_session""".split()

# The verbs, each with its columns. What else can be inserted into is Tenure's own.
VERBS = {
    "start": """scope lifecycle mode owner_kind actor_id supervisor_id lease_ttl session_id fence strict
                status token_budget label command cwd parent_session_id host boot_id pid pid_start_ticks""",
    "heartbeat": "scope session_id actor_id fence activity progress outcome",
    "clear": "scope session_id actor_id fence reason force",
    "takeover": """scope session_id actor_id supervisor_id fence reason expected_revision lease_ttl host
                   boot_id pid pid_start_ticks label command cwd""",
    "transition": """session_id status expected_revision incarnation fence reason actor_id exit_code
                     exit_signal failure_origin failure_reason""",
    "resume": "session_id actor_id fence lease_ttl reason host boot_id pid pid_start_ticks",
    "import": "scope json",
    "escalate": "scope kind reason actor_id",
    "escalation_resolve": "escalation_id actor_id",
    "gate_set": "scope gates expected_revision actor_id",
    "baseline_set": "session_id name digest fence actor_id",
    "record_result": "session_id incarnation fence turn_id status exit_code summary final provenance actor_id",
    "record_completion": "session_id incarnation fence exit_code status reason",
    "settle": "session_id max_rows",
    "reap": "idle_secs max_rows",
    "gc": "older_than_secs max_rows",
    "turn_request_start": "session_id fence incarnation message_id",
    "turn_begin": "session_id fence incarnation turn_id kind replace reserve message_id",
    "turn_steer": "session_id fence incarnation expected_turn_id input",
    "turn_take_input": "session_id fence incarnation turn_id",
    "turn_end": """session_id fence incarnation turn_id outcome message input cached_input output
                   reasoning_output total cost_usd""",
    "turn_abort": "session_id fence incarnation turn_id reason",
    "request_open": "session_id fence incarnation turn_id request_id kind payload",
    "request_resolve": "session_id fence incarnation request_id decision remember",
    "usage": """session_id fence incarnation turn_id input cached_input output reasoning_output total cost_usd
                rate_limits""",
    "provider_event": """session_id fence incarnation event_id type state turn_id outcome message at
                         expected_turn_id""",
}
VERBS = {verb: columns.split() + ["receipt_id"] for verb, columns in VERBS.items()}

# The matrix of the contract: x legal, r revival (legal only with a new incarnation), = the same, . not.
EDGES = table("""
             idle starting running ready interrupted error exiting exited failed stopped destroying destroyed
idle         =    x        x       x     x           x     x       x      x      x       x          .
starting     .    =        x       x     x           x     x       x      x      x       x          .
running      .    x        =       x     x           x     x       x      x      x       x          .
ready        .    x        x       =     x           x     x       x      x      x       x          .
interrupted  .    x        x       x     =           x     x       x      x      x       x          .
error        .    x        x       x     x           =     x       x      x      x       x          .
exiting      .    .        .       .     .           .     =       x      x      .       .          .
exited       .    r        .       .     .           .     .       =      .      .       .          x
failed       .    r        .       .     .           .     .       .      =      .       .          x
stopped      .    r        .       .     .           .     .       .      .      =       .          x
destroying   .    .        .       .     .           .     .       .      .      .       =          x
destroyed    .    .        .       .     .           .     .       .      .      .       .          =
""")

IDS = re.compile(r"\b(?:ses|esc|trn|req)_[0-9A-HJKMNP-TV-Z]{26}\b")


class Raw(Tenure):
    """A Tenure() that also writes by plain statements. Text that is not UTF-8 reads as surrogates."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.db.text_factory = lambda text: text.decode("utf-8", "surrogateescape")

    def insert(self, row, into="tenure_session", clause=""):
        """Inserts ROW, a dict. Raises sqlite3.Error."""
        self.sql(*insert_sql(row, into, clause))

    def faults(self):
        """What breaks a rule that must always hold, as sentences."""
        return broken(self.db)

    def tried(self, want, sql, params=(), name=None, says=()):
        """One test: SQL comes to WANT, which is ok, a word of CONSTRAINTS, or a code."""
        name = name or f"{want}: {sql}"
        if want not in CONSTRAINTS and want != "ok":
            return self.refused_sql(want, sql, params, says, name)
        before = self.dump()
        got = error_of(self.db, sql, params)
        faults = self.faults()
        if want == "ok" and got is not None:
            faults.append(f"refused: {got!r}")
        if want != "ok" and (got is None or got[1] != CONSTRAINTS[want]):
            faults.append(f"not refused by {want}: {got!r}")
        if want != "ok" and self.dump() != before:
            faults.append(f"it changed something: {difference(before, self.dump())[:900]}")
        passed = ok(not faults, name)
        for fault in faults:
            diag(fault)
        return passed

    def unmoved(self, name, sql, params=()):
        """One test: whatever SQL comes to, nothing is changed. Gives its error."""
        before = self.dump(), self.db.in_transaction
        got = error_of(self.db, sql, params)
        after = self.dump(), self.db.in_transaction
        if not ok(before == after, name):
            diag(f"came to {got!r}\nit changed something: {difference(before[0], after[0])[:900]}")
        return got

    def events(self, columns="event, from_status, to_status, revision, incarnation, at"):
        return self.sql(f"SELECT {columns} FROM tenure_event ORDER BY seq")

    def plain(self):
        """The database with minted ids replaced by their order in the log, to compare two of them."""
        found = {}
        for (text,) in self.sql("SELECT coalesce(session_id, '') || ' ' || coalesce(detail, '')"
                                " FROM tenure_event ORDER BY seq"):
            for minted in IDS.findall(text):
                found.setdefault(minted, f"<{len(found)}>")
        name = lambda match: found.get(match.group(), "<?>")
        return {table: sorted(IDS.sub(name, row) for row in rows) for table, rows in self.dump().items()}

    @classmethod
    def of(cls, image, now):
        """A connection of its own on a database in memory that serialize() gave, its clock at NOW."""
        t = cls(at=None, install=False)
        t.db.deserialize(image)
        t.clock(now)
        return t


def session(t, **columns):
    """A row of tenure_session of the right shape for a raw INSERT now, with COLUMNS changed."""
    row = {"session_id": "ses_raw", "scope": "repo", "status": "running", "owner_kind": "runtime_worker",
           "owner_id": "ann", "clock": "virtual", "lease_ttl": 60, "started_at": t.now,
           "last_started_at": t.now, "last_heartbeat_at": t.now, "changed_at": t.now}
    row["revision"] = row["fence"] = (t.counter(columns.get("scope", "repo")) or 0) + 1
    row.update(columns)
    return row


def interactive(t, **columns):
    """The same for an interactive session."""
    return session(t, **{"owner_kind": "interactive", "owner_id": "interactive", "lease_ttl": None,
                         "last_heartbeat_at": None} | columns)


def insert_sql(row, into="tenure_session", clause=""):
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    return f"INSERT {clause} INTO {into}({names}) VALUES ({marks})", tuple(row.values())


class Spare:
    """Connections on copies of a database that nobody has touched: one that a test leaves as it was serves the next test of
    its KIND, since reading the schema is most of a short test."""

    def __init__(self, image, at):
        self.image, self.at, self.kept = image, at, {}

    def take(self, kind):
        return self.kept.pop(kind, None) or Raw.of(self.image, self.at)

    def give(self, kind, t):
        """Keeps T if nothing has changed, and closes it otherwise."""
        if t.db.serialize() == self.image and not t.sql("SELECT 1 FROM temp.sqlite_schema"):
            self.kept[kind] = t
        else:
            t.db.close()
