"""What is stored, read from the database and told by the model, table by table."""

import json

from policy import ANY
from session import SESSION_COLUMNS, TURN_COLUMNS, session_row, turn_row

EVIDENCE = "lease_machine, lease_boot_id, lease_deadline_mono, lease_file"

# The small tables in one statement: a word for the table, then its columns, then NULLs.
WIDTH = 11
SMALL = {
    "pending start": ("tenure_pending_start", "session_id, message_id, requested_at"),
    "input": ("tenure_turn_input", "session_id, turn_id, seq, payload, at, state"),
    "request": ("tenure_request", "session_id, request_id, attempt, incarnation, turn_id, kind, payload, state,"
                                  " decision, created_at, resolved_at"),
    "grant": ("tenure_grant", "session_id, key, turn_id"),
    "history": ("tenure_history", "session_id, seq, turn_id, kind, payload, at"),
    "seen": ("tenure_provider_seen", "session_id, event_id, at"),
    "result": ("tenure_result", "session_id, incarnation, turn_id, status, exit_code, summary,"
                                " provenance, final, recorded_at, revision"),
    "completion": ("tenure_completion", "session_id, incarnation, exit_code, status, reason, recorded_at"),
    "baseline": ("tenure_baseline", "session_id, name, digest, at"),
    "escalation": ("tenure_escalation", "escalation_id, scope, session_id, kind, reason, created_at,"
                                        " resolved_at"),
    "gate": ("tenure_gate", "scope, gates, revision"),
    "scope": ("tenure_scope", "scope, revision"),
    "receipt": ("tenure_receipt", "receipt_id, verb, session_id, scope, report, at"),
    "work": ("work", "text"),
}
COUNTS = {name: 1 + columns.count(",") for name, (_, columns) in SMALL.items()}
SMALL_SQL = " UNION ALL ".join(
    f"SELECT '{name}', {columns}" + ", NULL" * (WIDTH - COUNTS[name]) + f" FROM {table}"
    for name, (table, columns) in SMALL.items())
SESSION_SQL = (f"SELECT {', '.join(SESSION_COLUMNS)}, coalesce({EVIDENCE}) IS NULL AS bare"
               " FROM tenure_session")
TURN_SQL = f"SELECT {', '.join(TURN_COLUMNS)} FROM tenure_turn"
NOTHING = {n: (None,) * (WIDTH - n) for n in range(WIDTH + 1)}


class Mismatch(Exception):
    pass


def read(db):
    """Sessions, turns, and the rows of the small tables, each in no order that matters."""
    small = [row if row[0] != "receipt" else row[:5] + (json.loads(row[5]),) + row[6:]
             for row in db.execute(SMALL_SQL).fetchall()]
    return db.execute(SESSION_SQL).fetchall(), db.execute(TURN_SQL).fetchall(), small


def believed(w):
    """The same three from the model."""
    sessions, turns, small = [], [], []
    add = lambda name, *row: small.append((name,) + row + NOTHING[len(row)])  # noqa: E731
    for s in w.sessions.values():
        key = s.session_id
        sessions.append(session_row(s) + (int(s.clock == "virtual" or not s.autonomous),))
        if s.pending is not None:
            add("pending start", key, *s.pending)
        for turn in s.turns.values():
            turns.append(turn_row(turn))
            for seq, (payload, at, state) in enumerate(turn.inputs, 1):
                add("input", key, turn.turn_id, seq, payload, at, state)
        for tries in s.requests.values():
            for request in tries:
                small.append(("request", key, *request.values()))
        for grant in s.grants:
            add("grant", key, *grant)
        for seq, row in enumerate(s.history, 1):
            add("history", key, seq, *row)
        for event, at in s.seen.items():
            add("seen", key, event, at)
        for (incarnation, turn), row in s.results.items():
            add("result", key, incarnation, turn, *row.values())
        for incarnation, row in s.completions.items():
            add("completion", key, incarnation, *row.values())
        for name, row in s.baselines.items():
            add("baseline", key, name, *row)
    for name, row in w.escalations.items():
        add("escalation", name, *row.values())
    for scope, row in w.gates.items():
        add("gate", scope, *row)
    for scope, revision in w.counters.items():
        add("scope", scope, revision)
    for name, (verb, session_id, scope, report, at) in w.receipts.items():
        add("receipt", name, verb, session_id, scope, report, at)
    for text in w.work:
        add("work", text)
    return sessions, turns, small


def compare(db, w, what):
    """Compares all that is stored with what the model believes. Raises Mismatch."""
    got, want = read(db), believed(w)
    for rows, others, columns in zip(got, want, (SESSION_COLUMNS + ["bare"], TURN_COLUMNS, None)):
        rows.sort()  # each begins with its key
        others.sort()
        if rows != others:
            raise Mismatch(f"after {what}\n" + difference(rows, others, columns))
    if w.open_fields:
        take_over(w, got)


def difference(rows, others, columns):
    gone = [row for row in others if row not in rows]
    new = [row for row in rows if row not in others]
    if columns and gone and new and gone[0][:2] == new[0][:2]:
        return "\n".join(f"  {name} of {new[0][0]} is {a!r}, the model says {b!r}"
                         for name, a, b in zip(columns, new[0], gone[0]) if a != b)
    return "\n".join([f"  only Tenure: {row}" for row in new[:3]]
                     + [f"  only the model: {row}" for row in gone[:3]])


def take_over(w, got):
    """What the contract left open is now what was found."""
    for thing, name in w.open_fields:
        if getattr(thing, name) is not ANY:
            continue
        found = [row[SESSION_COLUMNS.index(name)] for row in got[0] if row[0] == thing.session_id]
        setattr(thing, name, found[0] if found else None)
    w.open_fields = []
