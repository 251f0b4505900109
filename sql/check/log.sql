-- The log against the tables: status, holder and turns as tenure_replay rebuilds them.

-- check: log.session
-- remedy: compare with tenure_event: a row was changed without its guards, or the log was added to
SELECT s.session_id,
       CASE WHEN r.session_id IS NULL THEN 'is not in the log'
            WHEN r.status <> s.status
            THEN 'is ' || s.status || ', but the log says ' || display_safe(r.status)
            WHEN r.living IS NOT (s.ended_at IS NULL)
            THEN iif(s.ended_at IS NULL, 'lives', 'has ended') || ', but not in the log'
            WHEN r.incarnation <> s.incarnation
            THEN 'is incarnation ' || s.incarnation || ', but the log says ' || r.incarnation
            WHEN r.scope IS NOT s.scope OR r.owner_id IS NOT s.owner_id
            THEN 'has another scope or owner than the log says'
            WHEN r.fence IS NOT s.fence
            THEN 'has fence ' || s.fence || ', but the log says ' || coalesce(r.fence, 'none')
            ELSE 'ended for another reason than the log says' END
  FROM tenure_session AS s LEFT JOIN tenure_replay AS r ON r.session_id = s.session_id
 WHERE r.session_id IS NULL OR r.status <> s.status OR r.incarnation <> s.incarnation
    OR r.living IS NOT (s.ended_at IS NULL)
    OR r.scope IS NOT s.scope OR r.owner_id IS NOT s.owner_id OR r.fence IS NOT s.fence
    OR (s.ended_at IS NOT NULL AND r.end_reason IS NOT s.end_reason);

-- check: log.ghost
-- remedy: compare with tenure_event: a session was removed without its guards, or the log was added to
SELECT e.session_id,
       'is in the log, ' || display_safe(coalesce(r.status, e.event)) || ', but not among the sessions'
  FROM (SELECT session_id, min(event) AS event FROM tenure_event
         WHERE session_id IS NOT NULL AND event <> 'session.collected'
           AND event NOT LIKE 'escalation.%' -- which may name any session
         GROUP BY session_id) AS e
  LEFT JOIN tenure_session AS s ON s.session_id = e.session_id
  LEFT JOIN tenure_replay AS r ON r.session_id = e.session_id
 WHERE s.session_id IS NULL;

-- check: log.status
-- remedy: compare with tenure_event: the log was added to
SELECT session_id, display_safe(event) || ' in the log names no status'
  FROM tenure_event
 WHERE to_status IS NULL
   AND (event = 'session.created' OR event = 'session.ended' OR event = 'session.resumed' OR event = 'session.status');

-- check: log.revision
-- remedy: compare with tenure_event: a row was changed without its guards, or the log was added to
SELECT s.session_id, 'is at revision ' || s.revision || ', but the log knows ' || max(e.revision)
  FROM tenure_session AS s JOIN tenure_event AS e ON e.session_id = s.session_id
 GROUP BY s.session_id HAVING max(e.revision) > s.revision;

-- check: log.turn
-- remedy: compare with tenure_event: a turn was changed without its guards, or the log was added to
SELECT coalesce(t.session_id, r.session_id),
       'turn ' || display_safe(coalesce(t.turn_id, r.turn_id)) || ' is ' || coalesce(t.state, 'missing')
       || ', but the log says ' || coalesce(r.state, 'nothing of it')
  FROM tenure_turn AS t
  LEFT JOIN tenure_replay_turn AS r ON r.session_id = t.session_id AND r.turn_id = t.turn_id
 WHERE r.turn_id IS NULL OR r.state <> t.state OR r.kind <> t.kind
 UNION ALL
SELECT r.session_id, 'turn ' || display_safe(r.turn_id) || ' is in the log, but not among the turns'
  FROM tenure_replay_turn AS r
  LEFT JOIN tenure_turn AS t ON t.session_id = r.session_id AND t.turn_id = r.turn_id
 WHERE t.turn_id IS NULL;
