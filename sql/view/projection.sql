-- What a person is shown: one row per scope that was ever used, with who holds it now. holding is
-- active, stale or missing. A caller conflicts with the holder when
--   lifecycle = 'autonomous' AND NOT stale AND owner_id <> :me

CREATE VIEW tenure_projection AS
SELECT c.scope,
       CASE WHEN h.session_id IS NULL THEN 'missing' WHEN h.stale THEN 'stale' ELSE 'active' END
         AS holding,
       h.session_id, h.incarnation, h.status, h.mode, h.lifecycle, h.owner_kind, h.owner_id,
       h.supervisor_id, h.strict, h.lease_ttl, h.started_at, h.last_started_at, h.start_count,
       h.last_heartbeat_at, h.lease_expires_at, h.holds_until, h.remaining_secs, h.stale,
       h.stale_reason, h.abandoned, h.verdict, h.idle_secs, h.current_activity, h.activity_at,
       h.progress_at, h.no_progress_count, h.last_outcome, h.active_turn_id,
       c.revision, h.fence, h.predecessor_id, h.parent_session_id, h.label, h.command, h.cwd, h.host,
       h.pid
  FROM tenure_scope AS c
  LEFT JOIN tenure_holder AS h ON h.scope = c.scope;
