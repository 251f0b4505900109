-- Every living session, with the judgement of this moment beside it; the rules of the verbs ask for the same
-- judgement in fewer columns (lease.sql). Columns beyond the row's own:
--   lifecycle, lease_expires_at   from the row alone
--   stale, stale_reason           its hold has run out: expired, reboot, copied or clock
--   remaining_secs                of the lease, by the clock that decides; NULL for interactive ones
--   holds_until                   first second in which its hold is over by the wall clock, if it falls silent;
--                                 for people
--   abandoned                     stale, or its process is proven dead: a start or takeover may end it
--   verdict                       dead, owned, passive or unknown
--   idle_secs                     since the last sign of any kind
--   active_turn_id                the open turn

CREATE VIEW tenure_holder AS
SELECT s.*,
       session_lifecycle(s.owner_kind) AS lifecycle,
       lease_expires_at(s.last_heartbeat_at, s.lease_ttl) AS lease_expires_at,
       lease_stale(s.owner_kind, s.last_started_at, s.last_heartbeat_at, s.lease_ttl, s.lease_machine,
                   s.lease_boot_id, s.lease_deadline_mono, s.lease_file) AS stale,
       lease_stale_reason(s.owner_kind, s.last_started_at, s.last_heartbeat_at, s.lease_ttl,
                          s.lease_machine, s.lease_boot_id, s.lease_deadline_mono, s.lease_file)
         AS stale_reason,
       CASE WHEN s.lease_ttl IS NOT NULL
            THEN lease_left(s.owner_kind, s.last_started_at, s.last_heartbeat_at, s.lease_ttl,
                            s.lease_machine, s.lease_boot_id, s.lease_deadline_mono, s.lease_file)
       END AS remaining_secs,
       lease_holds_until(s.owner_kind, s.last_started_at, s.last_heartbeat_at, s.lease_ttl) AS holds_until,
       (lease_stale(s.owner_kind, s.last_started_at, s.last_heartbeat_at, s.lease_ttl,
                    s.lease_machine, s.lease_boot_id, s.lease_deadline_mono, s.lease_file)
        OR process_state(s.pid, s.pid_start_ticks, s.boot_id, s.host) = 'dead') AS abandoned,
       session_verdict(process_state(s.pid, s.pid_start_ticks, s.boot_id, s.host),
                       s.status, s.owner_kind, s.pid IS NOT NULL,
                       lease_stale(s.owner_kind, s.last_started_at, s.last_heartbeat_at, s.lease_ttl,
                                   s.lease_machine, s.lease_boot_id, s.lease_deadline_mono,
                                   s.lease_file),
                       lease_overdue(s.owner_kind, s.last_started_at, s.last_heartbeat_at,
                                     s.lease_ttl, s.lease_machine, s.lease_boot_id,
                                     s.lease_deadline_mono, s.lease_file),
                       s.lease_ttl,
                       session_now() - max(s.changed_at, coalesce(s.progress_at, s.changed_at)),
                       session_now() - s.last_started_at) AS verdict,
       max(0, session_now() - max(s.changed_at, coalesce(s.last_heartbeat_at, s.changed_at),
                                  coalesce(s.progress_at, s.changed_at))) AS idle_secs,
       (SELECT t.turn_id FROM tenure_turn AS t
         WHERE t.session_id = s.session_id AND t.ended_at IS NULL) AS active_turn_id
  FROM tenure_session AS s
 WHERE s.ended_at IS NULL;
