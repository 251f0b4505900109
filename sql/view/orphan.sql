-- Sessions that are over although nobody has said so: their verdict is dead, or their process has left its
-- completion packet and nobody owns them any more. What is not proven to be over is not here.
--   reason   completion or orphaned_process

CREATE VIEW tenure_orphan AS
SELECT h.session_id, h.scope, h.incarnation, h.status, h.verdict,
       CASE WHEN c.session_id IS NULL THEN 'orphaned_process' ELSE 'completion' END AS reason,
       h.idle_secs, h.owner_id, h.clock, h.active_turn_id, h.host, h.pid, h.label,
       c.exit_code AS completion_exit, c.status AS completion_status,
       c.reason AS completion_reason
  FROM tenure_holder AS h
  LEFT JOIN tenure_completion AS c
    ON c.session_id = h.session_id AND c.incarnation = h.incarnation
 WHERE h.verdict = 'dead' OR (c.session_id IS NOT NULL AND h.verdict <> 'owned');
