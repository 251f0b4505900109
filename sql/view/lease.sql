-- Every living session with its lease and whether that still holds: the columns of tenure_holder (holder.sql) that
-- the rules of the verbs ask for, and no others. A view costs whoever prepares a statement on it something for
-- each of its columns, used or not, and a verb asks several times.

CREATE VIEW tenure_lease AS
SELECT s.session_id, s.scope, s.owner_id, s.supervisor_id, s.lease_ttl, s.started_at, s.revision, s.fence, s.strict,
       s.clock,
       session_lifecycle(s.owner_kind) AS lifecycle,
       lease_stale(s.owner_kind, s.last_started_at, s.last_heartbeat_at, s.lease_ttl, s.lease_machine,
                   s.lease_boot_id, s.lease_deadline_mono, s.lease_file) AS stale,
       lease_stale_reason(s.owner_kind, s.last_started_at, s.last_heartbeat_at, s.lease_ttl,
                          s.lease_machine, s.lease_boot_id, s.lease_deadline_mono, s.lease_file)
         AS stale_reason,
       lease_holds_until(s.owner_kind, s.last_started_at, s.last_heartbeat_at, s.lease_ttl) AS holds_until,
       (lease_stale(s.owner_kind, s.last_started_at, s.last_heartbeat_at, s.lease_ttl,
                    s.lease_machine, s.lease_boot_id, s.lease_deadline_mono, s.lease_file)
        OR process_state(s.pid, s.pid_start_ticks, s.boot_id, s.host) = 'dead') AS abandoned
  FROM tenure_session AS s
 WHERE s.ended_at IS NULL;
