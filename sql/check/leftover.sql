-- Rows that belong to a session which is not there.

-- check: leftover.rows
-- remedy: delete these rows
SELECT q.session_id, 'is gone, but ' || q.what || ' of it are still there'
  FROM (SELECT DISTINCT session_id, 'turns' AS what FROM tenure_turn
         UNION SELECT session_id, 'pending starts' FROM tenure_pending_start
         UNION SELECT session_id, 'inputs' FROM tenure_turn_input
         UNION SELECT session_id, 'requests' FROM tenure_request
         UNION SELECT session_id, 'grants' FROM tenure_grant
         UNION SELECT session_id, 'history' FROM tenure_history
         UNION SELECT session_id, 'provider events' FROM tenure_provider_seen
         UNION SELECT session_id, 'results' FROM tenure_result
         UNION SELECT session_id, 'completion packets' FROM tenure_completion
         UNION SELECT session_id, 'baselines' FROM tenure_baseline) AS q
 WHERE NOT EXISTS (SELECT 1 FROM tenure_session AS s WHERE s.session_id = q.session_id);

-- check: result.incarnation
-- remedy: restore the database from a backup
SELECT r.session_id, 'has a result of incarnation ' || r.incarnation || ', which it never had'
  FROM tenure_result AS r JOIN tenure_session AS s ON s.session_id = r.session_id
 WHERE r.incarnation > s.incarnation
 UNION ALL
SELECT c.session_id, 'has a completion packet of incarnation ' || c.incarnation
       || ', which it never had'
  FROM tenure_completion AS c JOIN tenure_session AS s ON s.session_id = c.session_id
 WHERE c.incarnation > s.incarnation;
