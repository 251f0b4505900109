"""What the tests of the verbs share: a database on a virtual clock, a verb as a call, and a look at
everything before and after a refusal.

A verb is called with its columns and gives its report:

    t = Tenure()
    report = t.verb("start", scope="repo", actor_id="a", lease_ttl=60)

Every refusal that a test expects goes through t.refused() or t.refused_sql(), which also prove that
it changed nothing at all.
"""

import json
import re
import sqlite3
from contextlib import contextmanager

import health
from tap import MISUSE, SQLITE_CONSTRAINT_TRIGGER, SQLITE_ERROR, connect, diag, error_of, ok

T0 = 1_000_000_000  # where the clock of a test begins
IDLE_MAX = 28800    # for so long an interactive session is live
TTL_MAX = 31536000
INT_MAX = 2**63 - 1

# A process of another host: nothing can be known of it, so it is never dead.
FAR = {"host": "far", "boot_id": "b", "pid": 7, "pid_start_ticks": 9}

STATUSES = """idle starting running ready interrupted error exiting exited failed stopped destroying
destroyed""".split()
TERMINAL = {"exited", "failed", "stopped", "destroyed"}

# C0, DEL, C1, and what turns the direction of writing.
CONTROLS = re.compile("[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def table(text):
    """The rows of a table typed as text: its words by line, without comments and empty lines."""
    lines = (line.split("#")[0].split() for line in text.split("\n"))
    return [words for words in lines if words]


def number(word):
    """A word of a table as a number, '-' as None."""
    return None if word == "-" else int(word)


def code_of(message):
    """The code in the message of a refusal; the message itself where there is none."""
    parts = str(message).split(": ", 2)
    return parts[1] if parts[0] == "tenure" and len(parts) == 3 else str(message)


def refusal_faults(code, got, says=()):
    """What is wrong with an error as a refusal with CODE: a list of sentences, empty if nothing is.
    GOT is as error_of() gives it, SAYS the texts that the sentence has in it."""
    if got is None:
        return ["it succeeded"]
    message, result = got
    want = SQLITE_ERROR if code.startswith(MISUSE) else SQLITE_CONSTRAINT_TRIGGER
    faults = []
    if code_of(message) != code:
        faults.append(f"the code is not {code}")
    if result != want:
        faults.append(f"the result code is {result}, not {want}")
    faults += [f"it does not say {text!r}" for text in says if str(text) not in message]
    if CONTROLS.search(message):
        faults.append("there are control characters in it")
    if "(unknown)" in message:
        faults.append("a fact is missing in it")
    return faults + [f"got: {message!r}"] if faults else []


class Tenure:
    """A connection with Tenure's tables. The clock is virtual and stands at AT; None: the machine's."""

    def __init__(self, path=":memory:", at=T0, install=True, **options):
        self.db = connect(path, **options)
        if install:
            self.sql("SELECT tenure_install()")
        self.clock(at)

    def sql(self, sql, params=()):
        return self.db.execute(sql, params).fetchall()

    def value(self, sql, params=()):
        """The first column of the first row, None if there is no row."""
        rows = self.sql(sql, params)
        return rows[0][0] if rows else None

    def rows(self, sql, params=()):
        """Each row as a dict."""
        cursor = self.db.execute(sql, params)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row)) for row in cursor.fetchall()]

    def clock(self, at):
        self.now = at
        self.sql("SELECT tenure_clock(?)", (at,))

    def verb(self, verb, /, **columns):
        """Runs a verb and gives its report, as its own RETURNING sees it. Raises sqlite3.Error."""
        sql, params = verb_sql(verb, columns)
        return json.loads(self.sql(sql + " RETURNING session_report()", params)[0][0])

    def outcome(self, verb, /, **columns):
        """The report of a verb, or the code of its refusal."""
        try:
            return self.verb(verb, **columns)
        except sqlite3.Error as error:
            return code_of(error)

    def session(self, session_id):
        """The row of a session as a dict, None if there is none."""
        rows = self.rows("SELECT * FROM tenure_session WHERE session_id = ?", (session_id,))
        return rows[0] if rows else None

    def holder(self, scope="main"):
        """The living session of a scope with the judgement on it, None if there is none."""
        rows = self.rows("SELECT * FROM tenure_holder WHERE scope = ?", (scope,))
        return rows[0] if rows else None

    def counter(self, scope="main"):
        return self.value("SELECT revision FROM tenure_scope WHERE scope = ?", (scope,))

    def in_status(self, status, **columns):
        """Starts a session and brings it into STATUS by verbs alone. Gives its id."""
        if status in ("idle", "starting", "running"):
            return self.verb("start", status=status, **columns)["session_id"]
        session = self.verb("start", **columns)
        steps = ["destroying", "destroyed"] if status == "destroyed" else [status]
        for step in steps:
            self.verb("transition", session_id=session["session_id"], status=step,
                      fence=session["fence"])
        return session["session_id"]

    def dead_process(self):
        """The identity of a process of this host and boot that does not exist."""
        row = self.rows("SELECT host_name() AS host, host_boot_id() AS boot_id")[0]
        return {**row, "pid": 2147483647, "pid_start_ticks": 1}

    def dump(self):
        """Every row of every table of the main schema, but for SQLite's own."""
        names = [name for (name,) in self.sql(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            " AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name")]
        return {name: sorted(map(repr, self.sql(f"SELECT * FROM {quoted(name)}"))) for name in names}

    def refused(self, code, verb, /, says=(), test=None, **columns):
        """One test: the verb is refused with CODE, says each text of SAYS, and changes nothing."""
        sql, params = verb_sql(verb, columns)
        shown = ", ".join(f"{name}={value!r}" for name, value in columns.items())
        return self.refused_sql(code, sql, params, says, test or f"{verb}({shown}): {code}")

    def refused_sql(self, code, sql, params=(), says=(), test=None):
        """The same for any statement."""
        before = self.dump(), self.db.in_transaction
        faults = refusal_faults(code, error_of(self.db, sql, params), says)
        after = self.dump(), self.db.in_transaction
        if before != after:
            faults.append(f"it changed something: {difference(before[0], after[0])[:900]}")
        passed = ok(not faults, test or f"{code}: {sql}")
        for fault in faults:
            diag(fault)
        return passed

    @contextmanager
    def situation(self, name, at=T0, healthy=True):
        """What is done inside is undone at the end. The clock begins at AT. An error inside is a test
        that failed, not the end of the file. HEALTHY: before it is undone, tenure_doctor looks at it."""
        self.sql("SAVEPOINT situation")
        self.clock(at)
        try:
            yield
        except (sqlite3.Error, KeyError, TypeError) as error:
            ok(False, name)
            diag(f"died: {type(error).__name__}: {error}")
        finally:
            if healthy:
                health.examine(self.db, name)
            self.sql("ROLLBACK TO situation")
            self.sql("RELEASE situation")
            self.clock(at)


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def verb_sql(verb, columns):
    """The statement of a verb with its parameters. A column that is None is left out."""
    given = {name: value for name, value in columns.items() if value is not None}
    names = ", ".join(given) or "receipt_id"  # an INSERT names at least one column
    marks = ", ".join("?" * len(given)) or "NULL"
    return f"INSERT INTO tenure_{verb}({names}) VALUES ({marks})", tuple(given.values())


def difference(before, after):
    """The rows of two dumps that are not in both, as text: - gone, + new."""
    lines = []
    for name in sorted(set(before) | set(after)):
        old, new = set(before.get(name, ())), set(after.get(name, ()))
        lines += [f"{name} -{row}" for row in old - new] + [f"{name} +{row}" for row in new - old]
    return "\n".join(lines)
