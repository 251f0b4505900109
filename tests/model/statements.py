"""How a step is done to a database: the statement of every verb, and the plain ones."""

import json
import sqlite3

from forbidden import FORBIDDEN
from tenure import code_of

PLAIN = {
    "plain_status": "UPDATE tenure_session SET status = :status, revision = revision + :step,"
                    " end_reason = coalesce(:end_reason, end_reason) WHERE session_id = :session_id",
    "plain_label": "UPDATE tenure_session SET label = :label, revision = revision + :step"
                   " WHERE session_id = :session_id",
    "plain_beat": "UPDATE tenure_session SET revision = revision + :step,"
                  " last_heartbeat_at = max(session_now(), coalesce(last_heartbeat_at, 0))"
                  " WHERE session_id = :session_id",
    "plain_fence": "UPDATE tenure_session SET revision = revision + 1, fence = revision + 1 + :ahead"
                   " WHERE session_id = :session_id",
    "plain_strict": "UPDATE tenure_session SET revision = revision + 1, strict = :strict"
                    " WHERE session_id = :session_id",
    "plain_incarnation": """UPDATE tenure_session
        SET incarnation = incarnation + 1, status = 'starting', started_at = session_now(),
            last_started_at = session_now(), start_count = 1, clock = tenure_clock_kind(),
            last_heartbeat_at = iif(lease_ttl IS NULL, NULL, session_now()), changed_at = session_now(),
            ended_at = NULL, end_reason = NULL, ended_by = NULL, end_note = NULL, exit_code = NULL,
            exit_signal = NULL, failure_origin = NULL, failure_reason = NULL, last_error = NULL, host = NULL,
            boot_id = NULL, pid = NULL, pid_start_ticks = NULL, (revision, fence) =
            (SELECT n, n FROM (SELECT 1 + max(revision, coalesce((SELECT c.revision FROM tenure_scope AS c
              WHERE c.scope = tenure_session.scope), 0)) AS n))
      WHERE session_id = :session_id""",
    "plain_delete": "DELETE FROM tenure_session WHERE session_id = :session_id",
    "plain_insert": "INSERT INTO tenure_session (session_id, scope, status, owner_kind, owner_id, clock, lease_ttl,"
                    " started_at, last_started_at, last_heartbeat_at, changed_at, revision, fence) VALUES"
                    " (:session_id, :place, :status, 'runtime_worker', :owner_id, 'virtual', 60, session_now(),"
                    " session_now(), session_now(), session_now() + coalesce(:ahead, 0), :revision, :revision)",
    "plain_turn": "UPDATE tenure_turn SET state = :state WHERE session_id = :session_id AND ended_at IS NULL",
    "plain_begin": "INSERT INTO tenure_turn (session_id, turn_id, incarnation, state, started_at) VALUES"
                   " (:session_id, :turn_id, :incarnation, 'running', session_now())",
    "plain_result": "INSERT INTO tenure_result (session_id, incarnation, status, recorded_at) VALUES"
                    " (:session_id, :incarnation, :status, session_now())",
    "plain_result again": "UPDATE tenure_result SET status = :status, provenance = :provenance, summary = NULL,"
                          " revision = revision + 1 WHERE session_id = :session_id AND"
                          " incarnation = :incarnation AND turn_id = ''",
    "hold": "SELECT tenure_hold(:session_id, :fence)",
    "hold nothing": "SELECT tenure_hold(NULL)",
    "wait": "SELECT session_wait(:session_id, 0, :turn_id)",
    "guarded_write insert": "INSERT INTO work VALUES (:text)",
    "guarded_write update": "UPDATE work SET text = :text",
    "guarded_write delete": "DELETE FROM work",
}


# Columns that a step may leave out.
NULLS = dict.fromkeys(("turn_id", "end_reason", "place"))


class Statements:
    """Runs steps on connections; the statement of a verb always names every column, so it is prepared once."""

    def __init__(self, db):
        self.verbs = {}
        for (view,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'view'").fetchall():
            names = [row[1] for row in db.execute(f"PRAGMA table_info({view})").fetchall()]
            self.verbs[view[7:]] = names, (f"INSERT INTO {view} ({', '.join(names)}) VALUES"
                                           f" ({', '.join('?' * len(names))}) RETURNING session_report()")

    def run(self, db, verb, call):
        """The report, or the code of the refusal."""
        try:
            if verb in self.verbs:
                names, sql = self.verbs[verb]
                report = db.execute(sql, [call.get(name) for name in names]).fetchall()[0][0]
                return json.loads(report) if report else "no report"
            if verb == "plain_forbidden":
                db.execute(FORBIDDEN[call["which"]][0], call).fetchall()
                return {}
            words = {"hold": "" if "session_id" in call else " nothing",
                     "plain_result": " again" if call.get("again") else "",
                     "guarded_write": " " + call.get("how", "")}.get(verb, "")
            rows = db.execute(PLAIN[verb + words], {**NULLS, **call}).fetchall()
            return json.loads(rows[0][0]) if verb == "wait" else {}
        except sqlite3.Error as error:
            return code_of(error)
