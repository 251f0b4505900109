"""A history: what the processes of a storm called and were answered on one scope, and what the database has
recorded of it. It is read from the logs of the workers and the tables, and kept as a file of JSON, one
operation to a line, times in nanoseconds from its beginning.
"""

import json
from collections import namedtuple

# OPS in any order. EVENTS of the scope in the order of the log, ROWS of its guarded table in theirs; FINAL its
# counter and sessions at the end, None in a history that was cut off. DEATHS of the processes, by life: between
# which two times it died. HAS_EVIDENCE: leases are judged by the monotonic clock.
History = namedtuple("History", "scope ops events rows final deaths has_evidence")

# The verbs that give a lease or renew it.
GRANTS = {"start", "takeover", "resume", "heartbeat"}

ABSENT = dict.fromkeys(("session", "fence", "ttl", "status", "expected", "activity", "value"))


class Op:
    """One operation: ID and LIFE say whose, the arguments what was asked; then, if it returned, REPORT or
    REFUSED, the code. AT is a reading of the clock behind the judgement, still under the write lock, DEADLINE
    the end of the lease that it granted; either may be unknown. END is the return, or the death of the process.
    """

    def __init__(self, **fields):
        self.__dict__.update(ABSENT, strict=0, identity=0, report=None, refused=None, at=None, deadline=None)
        self.__dict__.update(fields)
        self.fields = fields
        if self.verb not in GRANTS:
            self.deadline = None
        self.is_unknown = self.report is None and self.refused is None
        self.latest = self.end if self.at is None else min(self.at, self.end)
        report = self.report or {}
        self.is_change = self.refused is None and self.verb != "read" and \
            report.get("cleared") is not False and report.get("changed") is not False
        self.number = self.number_of(report) if self.is_change else None

    def number_of(self, report):
        """The number that a change says it took. A transition of an ended session takes none of the scope's."""
        if self.verb == "clear":
            return report.get("cleared_revision")
        return None if self.verb in ("transition", "write") else report.get("revision")

    def __str__(self):
        asked = {name: value for name, value in self.fields.items()
                 if name not in ("id", "life", "verb", "begin", "end", "at", "deadline", "report", "refused")}
        shown = ", ".join(f"{name}={value}" for name, value in asked.items())
        answer = "no answer" if self.is_unknown else self.refused or json.dumps(self.report)
        return f"{self.verb}({shown}) of {self.id}: {answer}"


def save(history, path, note=None):
    """NOTE, a text, stands in the first line."""
    with open(path, "w", encoding="utf-8") as file:
        parts = {"note": note, "scope": history.scope, "has_evidence": history.has_evidence,
                 "final": history.final, "deaths": history.deaths}
        for name, value in parts.items():
            file.write(json.dumps({name: value}) + "\n")
        for kind, rows in (("event", history.events), ("row", history.rows),
                           ("op", [op.fields for op in history.ops])):
            for row in rows:
                file.write(json.dumps({kind: row}) + "\n")


def load(path):
    """The history in the file, and its note."""
    parts, lists = {}, {"event": [], "row": [], "op": []}
    with open(path, encoding="utf-8") as file:
        for line in file:
            (name, value), = json.loads(line).items()
            if name in lists:
                lists[name].append(value)
            else:
                parts[name] = value
    deaths = {life: tuple(death) for life, death in parts["deaths"].items()}
    return History(parts["scope"], [Op(**fields) for fields in lists["op"]], lists["event"], lists["row"],
                   parts["final"], deaths, parts["has_evidence"]), parts["note"]
