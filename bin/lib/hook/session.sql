-- The hook beside its session as it stands at each moment. In: hook, from payload.sql. Out: hook_now, one row.
--
-- The session is the one that the agent owns in that scope: the living one, else the last that ended and can be
-- brought back.

CREATE TEMP VIEW hook_now AS
SELECT hook.*, s.session_id, s.fence, s.status AS status_now, s.current_activity,
       s.session_id IS NOT NULL AND s.ended_at IS NULL AS is_living, s.ended_at IS NOT NULL AS is_over,
       h.stale IS TRUE AS is_stale, h.active_turn_id,
       EXISTS (SELECT 1 FROM tenure_session AS o WHERE o.scope = hook.scope AND o.ended_at IS NULL) AS is_held
  FROM hook
  LEFT JOIN tenure_session AS s ON s.session_id = coalesce(
              (SELECT session_id FROM tenure_session
                WHERE scope IS hook.scope AND ended_at IS NULL AND owner_id = hook.actor
                ORDER BY fence DESC LIMIT 1),
              (SELECT session_id FROM tenure_session
                WHERE scope IS hook.scope AND ended_at IS NOT NULL AND owner_id = hook.actor
                  AND status <> 'destroyed'
                ORDER BY ended_at DESC, fence DESC LIMIT 1))
  LEFT JOIN tenure_holder AS h ON h.session_id = s.session_id;
