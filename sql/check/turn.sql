-- What must hold of turns and what belongs to them.

-- check: turn.open
-- remedy: abort the turn
SELECT t.session_id,
       'turn ' || display_safe(t.turn_id) || ' is open, but the session is '
       || coalesce(s.status || ', incarnation ' || s.incarnation, 'gone')
  FROM tenure_turn AS t LEFT JOIN tenure_session AS s ON s.session_id = t.session_id
 WHERE t.ended_at IS NULL
   AND (s.session_id IS NULL OR NOT session_allows_turn(s.status) OR s.incarnation <> t.incarnation);

-- check: turn.one_per_session
-- remedy: abort all but one of them
SELECT session_id, count(*) || ' turns are open'
  FROM tenure_turn WHERE state = 'reserved' OR state = 'running' OR ended_at IS NULL
 GROUP BY session_id HAVING count(*) > 1;

-- check: turn.state
-- remedy: restore the database from a backup
SELECT session_id, 'turn ' || display_safe(turn_id) || ' is ' || state
       || iif(ended_at IS NULL, ' without an end', ' and has an end')
  FROM tenure_turn WHERE (ended_at IS NULL) <> (state = 'reserved' OR state = 'running');

-- check: request.pending
-- remedy: answer the request; the answer of nobody is its fail-closed decision
SELECT r.session_id, 'request ' || display_safe(r.request_id) || ' is pending under no open turn'
  FROM tenure_request AS r
 WHERE r.state = 'pending'
   AND NOT EXISTS (SELECT 1 FROM tenure_turn AS t
                    WHERE t.session_id = r.session_id AND t.turn_id = r.turn_id
                      AND t.ended_at IS NULL);

-- check: input.pending
-- remedy: restore the database from a backup
SELECT i.session_id, 'input ' || i.seq || ' waits for turn ' || display_safe(i.turn_id)
       || ', which has ended'
  FROM tenure_turn_input AS i
 WHERE i.state = 'pending'
   AND NOT EXISTS (SELECT 1 FROM tenure_turn AS t
                    WHERE t.session_id = i.session_id AND t.turn_id = i.turn_id
                      AND t.ended_at IS NULL);

-- check: grant.turn
-- remedy: delete the grant; it was for one turn
SELECT g.session_id, 'a grant of turn ' || display_safe(g.turn_id) || ' has outlived it'
  FROM tenure_grant AS g
 WHERE g.turn_id <> ''
   AND NOT EXISTS (SELECT 1 FROM tenure_turn AS t
                    WHERE t.session_id = g.session_id AND t.turn_id = g.turn_id
                      AND t.ended_at IS NULL);

-- check: pending_start.session
-- remedy: delete the pending start
SELECT p.session_id, 'a start is pending, but the session is ' || coalesce(s.status, 'gone')
  FROM tenure_pending_start AS p LEFT JOIN tenure_session AS s ON s.session_id = p.session_id
 WHERE s.session_id IS NULL OR s.status = 'error' OR s.status = 'interrupted'
    OR session_is_terminal(s.status);
