"""What must hold of the turns of a database at any moment, as queries that find what breaks it.

broken(db) gives a line for each row found: an empty list if all is well. The log is read as the only
witness of order, the tables as the witness of the result.
"""

BEGINS = "('turn.reserved', 'turn.started')"
ENDS = "('turn.completed', 'turn.interrupted', 'turn.failed', 'turn.aborted')"

RULES = {
    "an open turn of a session whose status allows none":
        """SELECT t.session_id, t.turn_id, s.status FROM tenure_turn AS t JOIN tenure_session AS s
           USING (session_id) WHERE t.ended_at IS NULL AND NOT session_allows_turn(s.status)""",
    "a turn whose state and ended_at disagree":
        """SELECT session_id, turn_id, state FROM tenure_turn
            WHERE (ended_at IS NULL) <> (state IN ('reserved', 'running'))""",
    "more than one open turn":
        """SELECT session_id, group_concat(turn_id) FROM tenure_turn
            WHERE state IN ('reserved', 'running') GROUP BY session_id HAVING count(*) > 1""",
    "a pending request without its open turn":
        """SELECT r.session_id, r.request_id FROM tenure_request AS r WHERE r.state = 'pending'
              AND NOT EXISTS (SELECT 1 FROM tenure_turn AS t WHERE t.session_id = r.session_id
                                AND t.turn_id = r.turn_id AND t.ended_at IS NULL)""",
    "an expired request that did not fail closed":
        """SELECT session_id, request_id, kind, decision FROM tenure_request WHERE state = 'expired'
              AND decision IS NOT CASE kind WHEN 'approval' THEN 'denied'
                                            WHEN 'permission' THEN 'cancelled'
                                            WHEN 'elicitation' THEN 'cancelled' END""",
    "pending input without a running turn":
        """SELECT i.session_id, i.turn_id, i.seq FROM tenure_turn_input AS i WHERE i.state = 'pending'
              AND NOT EXISTS (SELECT 1 FROM tenure_turn AS t WHERE t.session_id = i.session_id
                                AND t.turn_id = i.turn_id AND t.state = 'running')""",
    "left over input that is not in the history, once and in order":
        """SELECT session_id, turn_id, count(*) FROM (
             SELECT session_id, turn_id, payload,
                    row_number() OVER (PARTITION BY session_id, turn_id ORDER BY seq) AS n
               FROM tenure_turn_input WHERE state = 'leftover'
             UNION ALL
             SELECT session_id, turn_id, payload,
                    row_number() OVER (PARTITION BY session_id, turn_id ORDER BY seq) AS n
               FROM tenure_history WHERE kind = 'leftover_input')
            GROUP BY session_id, turn_id, n, payload HAVING count(*) <> 2""",
    "a marker in the history without an interruption, or the reverse":
        """SELECT session_id, turn_id, sum(n) FROM (
             SELECT session_id, turn_id, 1 AS n FROM tenure_turn WHERE abort_reason = 'interrupted'
             UNION ALL
             SELECT session_id, turn_id, -1 FROM tenure_history WHERE kind = 'turn_aborted')
            GROUP BY session_id, turn_id HAVING sum(n) <> 0""",
    "a grant of a turn that is over":
        """SELECT g.session_id, g.key, g.turn_id FROM tenure_grant AS g WHERE g.turn_id <> ''
              AND NOT EXISTS (SELECT 1 FROM tenure_turn AS t WHERE t.session_id = g.session_id
                                AND t.turn_id = g.turn_id AND t.ended_at IS NULL)""",
    "a pending start of a session that has failed, was interrupted or is over":
        """SELECT p.session_id, s.status FROM tenure_pending_start AS p JOIN tenure_session AS s
           USING (session_id) WHERE s.status IN ('error', 'interrupted') OR s.ended_at IS NOT NULL""",
    "a turn with other than one end in the log":
        f"""SELECT t.session_id, t.turn_id, t.state, count(e.seq) FROM tenure_turn AS t
              LEFT JOIN tenure_event AS e ON e.session_id = t.session_id AND e.turn_id = t.turn_id
                                         AND e.event IN {ENDS}
             GROUP BY t.session_id, t.turn_id HAVING count(e.seq) <> (t.ended_at IS NOT NULL)""",
    "an abort that is not one turn.aborted in the log, or the reverse":
        """SELECT t.session_id, t.turn_id FROM tenure_turn AS t
            WHERE (t.abort_reason IS NOT NULL) <> (SELECT count(*) FROM tenure_event AS e
                    WHERE e.session_id = t.session_id AND e.turn_id = t.turn_id
                      AND e.event = 'turn.aborted')""",
    "a turn that was begun twice":
        """SELECT session_id, turn_id, event FROM tenure_event
            WHERE event IN ('turn.reserved', 'turn.started')
            GROUP BY session_id, turn_id, event HAVING count(*) > 1""",
    "a turn that begins before the one before it has ended, or goes on after its end":
        f"""SELECT session_id, turn_id, event, seq FROM (
              SELECT session_id, turn_id, event, seq,
                     lag(turn_id) OVER own AS prior_turn, lag(event) OVER own AS prior
                FROM tenure_event WHERE event IN {BEGINS} OR event IN {ENDS}
              WINDOW own AS (PARTITION BY session_id ORDER BY seq))
            WHERE prior IN {BEGINS} AND turn_id <> prior_turn
               OR prior IN {ENDS} AND turn_id = prior_turn""",
    "a request that ends before its turn without an answer or a second asking":
        f"""SELECT x.session_id, x.turn_id, x.seq FROM tenure_event AS x
             WHERE x.event = 'request.expired' AND x.turn_id IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM tenure_event AS e WHERE e.session_id = x.session_id
                                 AND e.turn_id = x.turn_id AND e.event IN {ENDS} AND e.seq < x.seq)
               AND NOT EXISTS (SELECT 1 FROM tenure_event AS o WHERE o.session_id = x.session_id
                                 AND o.event IN ('request.opened', 'request.expired')
                                 AND o.seq > x.seq
                                 AND json_extract(o.detail, '$.request_id')
                                     = json_extract(x.detail, '$.request_id')
                                 AND json_extract(o.detail, '$.attempt')
                                     = json_extract(x.detail, '$.attempt') + 1)""",
    "a request without its opening or with other than one end in the log":
        """SELECT r.session_id, r.request_id, r.attempt, r.state, count(e.seq) FROM tenure_request AS r
             LEFT JOIN tenure_event AS e
               ON e.session_id = r.session_id AND e.event IN ('request.expired', 'request.resolved')
              AND json_extract(e.detail, '$.request_id') = r.request_id
              AND json_extract(e.detail, '$.attempt') = r.attempt
            GROUP BY r.session_id, r.request_id, r.attempt
           HAVING count(e.seq) <> (r.state <> 'pending')""",
}


def broken(db):
    """A line for each row that breaks a rule."""
    return [f"{name}: {row}" for name, sql in RULES.items() for row in db.execute(sql).fetchall()]
