-- What must hold of a database at any moment, whoever wrote it and however it came to be there: after a kill,
-- a failed disk, a power cut. Each part begins with a line "--- RULE" and is one query for the rows that
-- break the rule. Read by invariants.py and invariants.h. The queries use the extension's predicates.
--
-- The tables witness the result, and the log, tenure_event, is the only witness of order. Nothing here
-- depends on the time.

--- a scope has one living session at most
SELECT scope, group_concat(session_id) FROM tenure_session
 WHERE scope IS NOT NULL AND ended_at IS NULL GROUP BY scope HAVING count(*) > 1;

--- a session lives with a status that is not terminal, or has ended with a reason
SELECT session_id, status, ended_at, end_reason FROM tenure_session
 WHERE session_is_terminal(status) <> (ended_at IS NOT NULL)
    OR session_is_terminal(status) <> (end_reason IS NOT NULL);

--- the counter of a scope is the revision of its living session
SELECT s.session_id, s.revision, c.revision, n.revision
  FROM tenure_session AS s
  LEFT JOIN tenure_scope AS c ON c.scope = s.scope LEFT JOIN tenure_counter AS n ON n.scope = s.scope
 WHERE s.scope IS NOT NULL AND s.ended_at IS NULL
   AND (c.revision IS NOT s.revision OR n.revision > s.revision);

--- the counter of a scope has reached every fence and every end of it
SELECT s.session_id, s.number, c.revision
  FROM (SELECT session_id, scope, fence AS number FROM tenure_session
        UNION ALL
        SELECT session_id, scope, json_extract(detail, '$.fence') FROM tenure_event
        UNION ALL
        SELECT session_id, scope, revision FROM tenure_event WHERE event = 'session.ended') AS s
  LEFT JOIN tenure_counter AS c ON c.scope = s.scope
 WHERE s.scope IS NOT NULL AND s.number > coalesce(c.revision, 0);

--- no two sessions of a scope have the same fence
SELECT scope, fence, group_concat(session_id) FROM tenure_session
 WHERE scope IS NOT NULL GROUP BY scope, fence HAVING count(*) > 1;

--- the fences of a scope grow from grant to grant, each the revision of its grant
SELECT scope, seq, fence, prior, revision
  FROM (SELECT scope, seq, revision, json_extract(detail, '$.fence') AS fence,
               lag(json_extract(detail, '$.fence')) OVER (PARTITION BY scope ORDER BY seq) AS prior
          FROM tenure_event
         WHERE scope IS NOT NULL AND json_extract(detail, '$.fence') IS NOT NULL
           AND event LIKE 'session.%' AND event <> 'session.collected')
 WHERE fence <= prior OR fence <> revision;

--- a session has the fence of its last grant
SELECT s.session_id, s.fence
  FROM tenure_session AS s
 WHERE s.fence IS NOT (SELECT json_extract(e.detail, '$.fence') FROM tenure_event AS e
                        WHERE e.session_id = s.session_id AND e.event LIKE 'session.%'
                          AND e.event <> 'session.collected'
                          AND json_extract(e.detail, '$.fence') IS NOT NULL
                        ORDER BY e.seq DESC LIMIT 1);

--- by the log, a scope never had two holders at once
SELECT scope, seq, holders
  FROM (SELECT scope, seq,
               sum(CASE WHEN event = 'session.created' THEN 1
                        WHEN event = 'session.resumed' THEN session_is_terminal(from_status)
                        WHEN event = 'session.ended' THEN -1 ELSE 0 END)
                 OVER (PARTITION BY scope ORDER BY seq) AS holders
          FROM tenure_event WHERE scope IS NOT NULL)
 WHERE holders < 0 OR holders > 1;

--- the log tells of each session its birth, its status and its incarnations
SELECT s.session_id, s.status, s.incarnation
  FROM tenure_session AS s
 WHERE (SELECT count(*) FROM tenure_event AS e
         WHERE e.session_id = s.session_id AND e.event = 'session.created') <> 1
    OR s.status IS NOT (SELECT e.to_status FROM tenure_event AS e
                         WHERE e.session_id = s.session_id AND e.to_status IS NOT NULL
                         ORDER BY e.seq DESC LIMIT 1)
    OR s.incarnation <> 1 + (SELECT count(*) FROM tenure_event AS e
                              WHERE e.session_id = s.session_id AND e.event = 'session.resumed');

--- in the log, each status of a session follows from the one before
SELECT session_id, seq, from_status, to_status, prior
  FROM (SELECT session_id, seq, event, from_status, to_status,
               lag(to_status) OVER (PARTITION BY session_id ORDER BY seq) AS prior
          FROM tenure_event
         WHERE session_id IS NOT NULL AND event LIKE 'session.%' AND event <> 'session.collected')
 WHERE from_status IS NOT prior
    OR event = 'session.resumed' AND to_status <> 'starting'
    OR event <> 'session.resumed' AND from_status <> to_status
       AND (session_is_terminal(from_status) AND to_status = 'starting'
            OR NOT session_can_transition(from_status, to_status));

--- the revisions of a session grow in the log, one event for each
SELECT session_id, seq, revision, prior
  FROM (SELECT session_id, seq, revision,
               lag(revision) OVER (PARTITION BY session_id ORDER BY seq) AS prior
          FROM tenure_event
         WHERE session_id IS NOT NULL AND event LIKE 'session.%' AND event <> 'session.collected')
 WHERE revision <= prior;

--- no row of the log has a number that the sequence may give again
SELECT max(seq) FROM tenure_event
HAVING max(seq) > coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'tenure_event'), 0);

--- the evidence of a lease is whole, and only for the clock of the machine
SELECT session_id FROM tenure_session
 WHERE (lease_machine IS NULL) + (lease_boot_id IS NULL) + (lease_deadline_mono IS NULL)
       + (lease_file IS NULL) NOT IN (0, 4)
    OR clock = 'virtual' AND lease_machine IS NOT NULL;

--- what belongs to a session goes with it
SELECT x.what, x.session_id
  FROM (SELECT 'tenure_turn' AS what, session_id FROM tenure_turn
        UNION ALL SELECT 'tenure_turn_input', session_id FROM tenure_turn_input
        UNION ALL SELECT 'tenure_request', session_id FROM tenure_request
        UNION ALL SELECT 'tenure_pending_start', session_id FROM tenure_pending_start
        UNION ALL SELECT 'tenure_grant', session_id FROM tenure_grant
        UNION ALL SELECT 'tenure_history', session_id FROM tenure_history
        UNION ALL SELECT 'tenure_provider_seen', session_id FROM tenure_provider_seen
        UNION ALL SELECT 'tenure_baseline', session_id FROM tenure_baseline
        UNION ALL SELECT 'tenure_result', session_id FROM tenure_result
        UNION ALL SELECT 'tenure_completion', session_id FROM tenure_completion) AS x
 WHERE NOT EXISTS (SELECT 1 FROM tenure_session AS s WHERE s.session_id = x.session_id);

--- a result and a packet are of an incarnation that the session has had
SELECT x.session_id, x.incarnation, s.incarnation
  FROM (SELECT session_id, incarnation FROM tenure_result
        UNION ALL SELECT session_id, incarnation FROM tenure_completion
        UNION ALL SELECT session_id, incarnation FROM tenure_turn
        UNION ALL SELECT session_id, incarnation FROM tenure_request) AS x
  JOIN tenure_session AS s USING (session_id)
 WHERE x.incarnation > s.incarnation;

--- a receipt keeps a report
SELECT receipt_id, report FROM tenure_receipt WHERE NOT json_valid(report);

--- a turn is open only while the status of its session allows one
SELECT t.session_id, t.turn_id, s.status
  FROM tenure_turn AS t JOIN tenure_session AS s USING (session_id)
 WHERE t.ended_at IS NULL AND NOT session_allows_turn(s.status);

--- the state of a turn and its end agree
SELECT session_id, turn_id, state FROM tenure_turn
 WHERE (ended_at IS NULL) <> (state IN ('reserved', 'running'));

--- a session has one open turn at most
SELECT session_id, group_concat(turn_id) FROM tenure_turn
 WHERE state IN ('reserved', 'running') GROUP BY session_id HAVING count(*) > 1;

--- a request is pending only under its open turn
SELECT r.session_id, r.request_id FROM tenure_request AS r
 WHERE r.state = 'pending'
   AND NOT EXISTS (SELECT 1 FROM tenure_turn AS t
                    WHERE t.session_id = r.session_id AND t.turn_id = r.turn_id
                      AND t.ended_at IS NULL);

--- a request that expires fails closed
SELECT session_id, request_id, kind, decision FROM tenure_request
 WHERE state = 'expired'
   AND decision IS NOT CASE kind WHEN 'approval' THEN 'denied' WHEN 'permission' THEN 'cancelled'
                                 WHEN 'elicitation' THEN 'cancelled' END;

--- input is pending only while its turn runs
SELECT i.session_id, i.turn_id, i.seq FROM tenure_turn_input AS i
 WHERE i.state = 'pending'
   AND NOT EXISTS (SELECT 1 FROM tenure_turn AS t
                    WHERE t.session_id = i.session_id AND t.turn_id = i.turn_id
                      AND t.state = 'running');

--- input that is left over stands in the history, once and in order
SELECT session_id, turn_id, count(*)
  FROM (SELECT session_id, turn_id, payload,
               row_number() OVER (PARTITION BY session_id, turn_id ORDER BY seq) AS n
          FROM tenure_turn_input WHERE state = 'leftover'
        UNION ALL
        SELECT session_id, turn_id, payload,
               row_number() OVER (PARTITION BY session_id, turn_id ORDER BY seq) AS n
          FROM tenure_history WHERE kind = 'leftover_input')
 GROUP BY session_id, turn_id, n, payload HAVING count(*) <> 2;

--- the history has a marker for each interruption, and no other
SELECT session_id, turn_id, sum(n)
  FROM (SELECT session_id, turn_id, 1 AS n FROM tenure_turn WHERE abort_reason = 'interrupted'
        UNION ALL
        SELECT session_id, turn_id, -1 FROM tenure_history WHERE kind = 'turn_aborted')
 GROUP BY session_id, turn_id HAVING sum(n) <> 0;

--- the grants of a turn end with it
SELECT g.session_id, g.key, g.turn_id FROM tenure_grant AS g
 WHERE g.turn_id <> ''
   AND NOT EXISTS (SELECT 1 FROM tenure_turn AS t
                    WHERE t.session_id = g.session_id AND t.turn_id = g.turn_id
                      AND t.ended_at IS NULL);

--- a start is pending only while its session has not failed, been interrupted or ended
SELECT p.session_id, s.status
  FROM tenure_pending_start AS p JOIN tenure_session AS s USING (session_id)
 WHERE s.status IN ('error', 'interrupted') OR s.ended_at IS NOT NULL;

--- a turn that is over has one end in the log, an open one none
SELECT t.session_id, t.turn_id, t.state, count(e.seq)
  FROM tenure_turn AS t
  LEFT JOIN tenure_event AS e
         ON e.session_id = t.session_id AND e.turn_id = t.turn_id
        AND e.event IN ('turn.completed', 'turn.interrupted', 'turn.failed', 'turn.aborted')
 GROUP BY t.session_id, t.turn_id HAVING count(e.seq) <> (t.ended_at IS NOT NULL);

--- an abort is one turn.aborted in the log, and nothing else is
SELECT t.session_id, t.turn_id FROM tenure_turn AS t
 WHERE (t.abort_reason IS NOT NULL)
       <> (SELECT count(*) FROM tenure_event AS e
            WHERE e.session_id = t.session_id AND e.turn_id = t.turn_id
              AND e.event = 'turn.aborted');

--- a turn begins once
SELECT session_id, turn_id, event FROM tenure_event
 WHERE event IN ('turn.reserved', 'turn.started')
 GROUP BY session_id, turn_id, event HAVING count(*) > 1;

--- a turn begins after the end of the one before it, and does not go on after its own
SELECT session_id, turn_id, event, seq
  FROM (SELECT session_id, turn_id, event, seq,
               lag(turn_id) OVER own AS prior_turn, lag(event) OVER own AS prior
          FROM tenure_event
         WHERE event IN ('turn.reserved', 'turn.started', 'turn.completed', 'turn.interrupted',
                         'turn.failed', 'turn.aborted')
        WINDOW own AS (PARTITION BY session_id ORDER BY seq))
 WHERE prior IN ('turn.reserved', 'turn.started') AND turn_id <> prior_turn
    OR prior NOT IN ('turn.reserved', 'turn.started') AND turn_id = prior_turn;

--- a request expires after its turn has ended, or because it was asked again
SELECT x.session_id, x.turn_id, x.seq FROM tenure_event AS x
 WHERE x.event = 'request.expired' AND x.turn_id IS NOT NULL
   AND NOT EXISTS (SELECT 1 FROM tenure_event AS e
                    WHERE e.session_id = x.session_id AND e.turn_id = x.turn_id AND e.seq < x.seq
                      AND e.event IN ('turn.completed', 'turn.interrupted', 'turn.failed',
                                      'turn.aborted'))
   AND NOT EXISTS (SELECT 1 FROM tenure_event AS o
                    WHERE o.session_id = x.session_id AND o.seq > x.seq
                      AND o.event IN ('request.opened', 'request.expired')
                      AND json_extract(o.detail, '$.request_id')
                          = json_extract(x.detail, '$.request_id')
                      AND json_extract(o.detail, '$.attempt')
                          = json_extract(x.detail, '$.attempt') + 1);

--- a request that is over has one end in the log, a pending one none
SELECT r.session_id, r.request_id, r.attempt, r.state, count(e.seq)
  FROM tenure_request AS r
  LEFT JOIN tenure_event AS e
         ON e.session_id = r.session_id AND e.event IN ('request.expired', 'request.resolved')
        AND json_extract(e.detail, '$.request_id') = r.request_id
        AND json_extract(e.detail, '$.attempt') = r.attempt
 GROUP BY r.session_id, r.request_id, r.attempt HAVING count(e.seq) <> (r.state <> 'pending');

--- nothing of a session is told of a time before a change of it, unless it was resumed, which begins anew
-- A birth is told of when it was written, which for an imported session is later than what it imports.
SELECT session_id, seq, event, at, changed
  FROM (SELECT e.session_id, e.seq, e.event, e.at,
               max(CASE WHEN e.event LIKE 'session.%' AND e.event <> 'session.created' THEN e.at END)
                 OVER (PARTITION BY e.session_id ORDER BY e.seq) AS changed
          FROM tenure_event AS e JOIN tenure_session AS s USING (session_id)
         WHERE s.incarnation = 1 AND e.event NOT LIKE 'escalation.%')
 WHERE at < changed;
