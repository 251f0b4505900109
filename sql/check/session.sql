-- What must hold of sessions and scopes, however they were written.

-- check: session.living
-- remedy: end the session with a transition, or restore the database from a backup
SELECT session_id, 'is ' || status || ', but ended_at is ' || coalesce(ended_at, 'not set')
  FROM tenure_session WHERE (ended_at IS NOT NULL) <> session_is_terminal(status);

-- check: session.one_per_scope
-- remedy: clear all but one of them by force
SELECT min(session_id), count(*) || ' living sessions hold scope ' || display_safe(scope)
  FROM tenure_session WHERE scope IS NOT NULL AND NOT session_is_terminal(status)
 GROUP BY scope HAVING count(*) > 1;

-- check: session.ending
-- remedy: restore the database from a backup; an ended session says why and when
SELECT session_id, 'has ended ' || CASE WHEN end_reason IS NULL THEN 'without a reason'
                                        ELSE 'before it began' END
  FROM tenure_session
 WHERE ended_at IS NOT NULL AND (end_reason IS NULL OR ended_at < started_at);

-- check: session.fence
-- remedy: restore the database from a backup; fences that repeat protect nothing
SELECT session_id, 'its fence ' || fence || ' is ahead of its revision'
  FROM tenure_session WHERE fence > revision
 UNION ALL
SELECT min(session_id), 'fence ' || fence || ' of scope ' || display_safe(scope) || ' is that of '
       || count(*) || ' sessions'
  FROM tenure_session WHERE scope IS NOT NULL
 GROUP BY scope, fence HAVING count(*) > 1;

-- check: scope.counter
-- remedy: restore the database from a backup; a counter that lags lets fences repeat
SELECT s.session_id,
       'the counter of scope ' || display_safe(s.scope) || ' is ' || coalesce(c.revision, 'missing')
       || ', behind fence ' || s.fence
  FROM tenure_session AS s LEFT JOIN tenure_counter AS c ON c.scope = s.scope
 WHERE s.scope IS NOT NULL AND coalesce(c.revision, -1) < s.fence;

-- check: scope.holder
-- remedy: restore the database from a backup
SELECT s.session_id,
       'holds scope ' || display_safe(s.scope) || ' at revision ' || s.revision
       || ', but the counter is ' || c.revision
  FROM tenure_session AS s JOIN tenure_counter AS c ON c.scope = s.scope
 WHERE s.ended_at IS NULL AND c.revision > s.revision;

-- check: session.clock
-- severity: warning
-- remedy: set the clock of this machine right
SELECT session_id, 'was changed ' || (changed_at - session_now()) || ' seconds ahead of this clock'
  FROM tenure_session
 WHERE clock = tenure_clock_kind() AND changed_at > session_now() + 60
 ORDER BY changed_at DESC LIMIT 1;
