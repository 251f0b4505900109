-- Living sessions that nobody owns and that wait for nothing: no open turn, no pending request. idle_secs
-- counts from the latest of heartbeat, progress, change and end of a turn.
--   reason   why nobody owns it

CREATE VIEW tenure_reapable AS
SELECT h.session_id, h.scope, h.incarnation, h.status, h.verdict,
       coalesce(h.stale_reason, 'its process is dead') AS reason,
       max(0, min(h.idle_secs,
                  session_now() - coalesce((SELECT max(t.ended_at) FROM tenure_turn AS t
                                             WHERE t.session_id = h.session_id),
                                           h.changed_at))) AS idle_secs,
       h.owner_id, h.clock, h.host, h.pid, h.label
  FROM tenure_holder AS h
 WHERE h.verdict <> 'owned' AND session_can_transition(h.status, 'stopped')
   AND h.active_turn_id IS NULL
   AND NOT EXISTS (SELECT 1 FROM tenure_request AS r
                    WHERE r.session_id = h.session_id AND r.state = 'pending');
