-- Ended sessions that retention may remove: not while a session that they spawned lives. ended_secs counts
-- from the end, not from the birth.
--   reason   why it ended

CREATE VIEW tenure_collectable AS
SELECT s.session_id, s.scope, s.incarnation, s.status, NULL AS verdict, s.end_reason AS reason,
       max(0, session_now() - s.ended_at) AS ended_secs, s.ended_at, s.owner_id, s.clock, s.label
  FROM tenure_session AS s
 WHERE s.ended_at IS NOT NULL AND session_is_collectable(s.status)
   AND NOT EXISTS (SELECT 1 FROM tenure_session AS c
                    WHERE c.parent_session_id = s.session_id AND c.ended_at IS NULL);
