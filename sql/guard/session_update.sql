-- What an UPDATE of tenure_session may do, whoever writes it. Guards judge OLD -> NEW only.
--
-- The first trigger runs on every change and is all that a heartbeat pays for. The second runs before it, and only where
-- a statement names a column that is not a heartbeat's. A column that it allows nobody to change the first one reads
-- from NEW: SQLite has the whole new row at hand, and fetches each column of OLD anew.
-- The effect "completion" marks the change with which a trigger of ours completes a statement: it alone
-- carries no revision of its own.

CREATE TRIGGER tenure_session_update_guard BEFORE UPDATE ON tenure_session
BEGIN
  SELECT tenure_refuse(q.code, 'row', OLD.clock, 'connection', tenure_clock_kind(),
                       'what', 'session ' || NEW.session_id,
                       'expected', session_next_revision(OLD.revision), 'revision', NEW.revision)
    FROM (SELECT CASE WHEN OLD.clock <> tenure_clock_kind()
                           AND NOT (OLD.ended_at IS NULL AND NEW.end_reason IS 'forced')
                      THEN 'usage.clock'
                      WHEN NEW.revision <> session_next_revision(OLD.revision)
                           AND (OLD.ended_at IS NULL OR session_is_terminal(NEW.status))
                           AND NOT (tenure_effect_name() IS 'completion'
                                    AND NEW.revision = OLD.revision AND NEW.status = OLD.status)
                      THEN 'write.revision'
                      WHEN NEW.changed_at < OLD.changed_at
                           OR NEW.changed_at > max(OLD.changed_at, session_now())
                           OR NEW.last_heartbeat_at < OLD.last_heartbeat_at
                           OR NEW.last_heartbeat_at > max(coalesce(OLD.last_heartbeat_at, 0), session_now())
                           OR (NEW.last_heartbeat_at IS NULL AND OLD.last_heartbeat_at IS NOT NULL
                               AND NEW.incarnation = OLD.incarnation)
                      THEN CASE WHEN NEW.incarnation = OLD.incarnation THEN 'write.stamp' END END AS code) AS q
   WHERE q.code IS NOT NULL;
  SELECT tenure_refuse('write.evidence')
   WHERE (NEW.lease_deadline_mono IS NOT OLD.lease_deadline_mono
          OR NEW.lease_machine IS NOT OLD.lease_machine OR NEW.lease_boot_id IS NOT OLD.lease_boot_id
          OR NEW.lease_file IS NOT OLD.lease_file)
     AND NOT lease_granted(NEW.lease_ttl, NEW.lease_machine, NEW.lease_boot_id,
                           NEW.lease_deadline_mono, NEW.lease_file);
  SELECT tenure_refuse('write.lease_lost', 'owner', NEW.owner_id, 'scope', NEW.scope,
                       'why', coalesce(OLD.end_reason,
                                       lease_stale_reason(
                                         OLD.owner_kind, OLD.last_started_at, OLD.last_heartbeat_at,
                                         OLD.lease_ttl, OLD.lease_machine, OLD.lease_boot_id,
                                         OLD.lease_deadline_mono, OLD.lease_file)))
   WHERE NEW.incarnation = OLD.incarnation
     AND (NEW.last_heartbeat_at IS NOT OLD.last_heartbeat_at
          OR NEW.lease_deadline_mono IS NOT OLD.lease_deadline_mono
          OR NEW.lease_file IS NOT OLD.lease_file OR NEW.lease_boot_id IS NOT OLD.lease_boot_id
          OR NEW.lease_machine IS NOT OLD.lease_machine
          OR NEW.start_count <> OLD.start_count)
     AND (OLD.ended_at IS NOT NULL
          OR lease_stale(OLD.owner_kind, OLD.last_started_at, OLD.last_heartbeat_at, OLD.lease_ttl,
                         OLD.lease_machine, OLD.lease_boot_id, OLD.lease_deadline_mono,
                         OLD.lease_file));
END;

CREATE TRIGGER tenure_session_change_guard
BEFORE UPDATE OF session_id, scope, incarnation, status, owner_kind, owner_id, supervisor_id, strict,
                 clock, lease_ttl, started_at, last_started_at, start_count, fence, ended_at, end_reason,
                 ended_by, end_note, predecessor_id
ON tenure_session
BEGIN
  SELECT tenure_refuse('write.null')
   WHERE NEW.incarnation IS NULL OR NEW.status IS NULL OR NEW.owner_kind IS NULL
      OR NEW.owner_id IS NULL OR NEW.strict IS NULL OR NEW.clock IS NULL OR NEW.start_count IS NULL;
  SELECT tenure_refuse(
           CASE WHEN NEW.session_id <> OLD.session_id OR NEW.scope IS NOT OLD.scope
                     OR NEW.owner_id <> OLD.owner_id
                     OR NEW.predecessor_id IS NOT OLD.predecessor_id
                THEN 'write.fixed'
                WHEN (OLD.clock <> tenure_clock_kind() OR NEW.clock <> tenure_clock_kind())
                     AND NOT (OLD.ended_at IS NULL AND NEW.end_reason IS 'forced')
                THEN 'usage.clock'
                WHEN NEW.clock <> OLD.clock AND NEW.incarnation = OLD.incarnation THEN 'write.fixed'
                WHEN NEW.strict < OLD.strict THEN 'write.strict'
                WHEN NEW.fence <> OLD.fence
                     AND (NEW.fence <> NEW.revision
                          OR (NEW.incarnation = OLD.incarnation
                              AND (OLD.ended_at IS NOT NULL OR session_is_terminal(NEW.status))))
                THEN 'write.fence'
                WHEN NEW.incarnation = OLD.incarnation AND NEW.started_at <> OLD.started_at
                THEN 'write.fixed'
                WHEN NEW.incarnation = OLD.incarnation
                     AND (NEW.supervisor_id IS NOT OLD.supervisor_id
                          OR NEW.owner_kind <> OLD.owner_kind OR NEW.lease_ttl IS NOT OLD.lease_ttl
                          OR NEW.last_started_at <> OLD.last_started_at
                          OR NEW.start_count <> OLD.start_count)
                     AND (OLD.ended_at IS NOT NULL OR NEW.last_started_at < max(OLD.last_started_at, session_now() - 10)
                          OR NEW.start_count <> session_next_revision(OLD.start_count))
                THEN 'write.join'
                WHEN NEW.incarnation <> OLD.incarnation
                     AND (NEW.supervisor_id IS NOT OLD.supervisor_id
                          OR NEW.owner_kind <> OLD.owner_kind)
                THEN 'write.join'
                WHEN (NEW.incarnation <> OLD.incarnation
                      AND NEW.changed_at > max(OLD.changed_at, session_now()))
                     OR (NEW.incarnation = OLD.incarnation
                         AND NEW.last_started_at > max(OLD.last_started_at, session_now()))
                THEN 'write.stamp' END,
           'row', OLD.clock, 'connection', tenure_clock_kind(),
           'what', CASE WHEN NEW.started_at <> OLD.started_at THEN 'started_at'
                        ELSE 'a field of session ' || OLD.session_id END);

  -- Incarnation and status.
  SELECT tenure_refuse(
           CASE WHEN NEW.incarnation <> OLD.incarnation
                THEN CASE WHEN NEW.incarnation <> session_next_revision(OLD.incarnation)
                               OR NEW.status <> 'starting' OR NEW.fence <> NEW.revision
                               OR NEW.started_at > max(OLD.started_at, session_now())
                               OR NEW.last_started_at <> NEW.started_at OR NEW.start_count <> 1
                               OR NEW.last_heartbeat_at > NEW.started_at
                          THEN 'write.incarnation'
                          WHEN OLD.status <> 'starting'
                               AND NOT session_can_transition(OLD.status, 'starting')
                          THEN 'transition.illegal' END
                WHEN NEW.status = 'starting' AND OLD.ended_at IS NOT NULL
                     AND session_can_transition(OLD.status, 'starting')
                THEN 'transition.revival'
                WHEN NEW.status <> OLD.status
                     AND NOT session_can_transition(OLD.status, NEW.status)
                THEN 'transition.illegal' END,
           'session', OLD.session_id, 'from', OLD.status, 'to', NEW.status);
  SELECT tenure_refuse('write.incarnation')
    FROM tenure_lease AS h
   WHERE NEW.incarnation <> OLD.incarnation AND h.session_id = OLD.session_id AND NOT h.abandoned;
  SELECT tenure_refuse('write.revision', 'what', 'session ' || OLD.session_id,
                       'expected', n.number, 'revision', NEW.revision)
    FROM (SELECT session_next_revision(
                   max(OLD.revision, coalesce((SELECT revision FROM tenure_scope
                                                WHERE scope = OLD.scope), 0))) AS number) AS n
   WHERE NEW.incarnation <> OLD.incarnation AND NEW.revision <> n.number;
  SELECT tenure_refuse('write.held', 'holder', owner_id, 'holder_session', session_id, 'scope', scope,
                       'holder_since', started_at)
    FROM tenure_session
   WHERE NEW.incarnation <> OLD.incarnation AND scope = OLD.scope AND ended_at IS NULL
     AND session_id <> OLD.session_id;

  -- An ending comes with the status that ends the session, and stays.
  SELECT tenure_refuse('write.ended')
   WHERE CASE WHEN NOT session_is_terminal(NEW.status)
              THEN coalesce(NEW.ended_at, NEW.end_reason, NEW.ended_by, NEW.end_note) IS NOT NULL
              WHEN OLD.ended_at IS NULL
              THEN NEW.ended_at < OLD.started_at
                   OR NEW.ended_at > max(session_now(), OLD.started_at)
              ELSE NEW.ended_at IS NOT OLD.ended_at
                   OR (NEW.end_reason IS NOT OLD.end_reason
                       AND NOT (OLD.end_reason IS NULL AND tenure_effect_name() IS 'completion'))
                   OR NEW.ended_by IS NOT OLD.ended_by OR NEW.end_note IS NOT OLD.end_note END;
END;

-- The stamps of progress and activity, apart, so that a heartbeat that tells of either has only this
-- compiled into it.
CREATE TRIGGER tenure_session_told_guard BEFORE UPDATE OF progress_at, activity_at ON tenure_session
WHEN NEW.progress_at > max(coalesce(OLD.progress_at, 0), session_now())
  OR NEW.activity_at > max(coalesce(OLD.activity_at, 0), session_now())
  OR (NEW.incarnation = OLD.incarnation
      AND (coalesce(NEW.progress_at, -1) < OLD.progress_at OR NEW.activity_at < OLD.activity_at))
BEGIN
  SELECT tenure_refuse('write.stamp', 'what', 'a stamp of session ' || OLD.session_id);
END;

-- Text that stands in no rule is still text: valid UTF-8, without NUL, of bounded length. Rate limits are a
-- JSON object.
CREATE TRIGGER tenure_session_text_guard
BEFORE UPDATE OF label, command, cwd, host, boot_id, parent_session_id, last_outcome, end_note,
                 failure_reason, last_error, exit_signal, ended_by, current_activity, rate_limits
ON tenure_session
BEGIN
  SELECT tenure_check_text('label', NEW.label), tenure_check_text('command', NEW.command),
         tenure_check_text('cwd', NEW.cwd), tenure_check_text('host', NEW.host),
         tenure_check_text('boot_id', NEW.boot_id),
         tenure_check_id('parent_session_id', NEW.parent_session_id),
         tenure_check_text('last_outcome', NEW.last_outcome),
         tenure_check_text('end_note', NEW.end_note),
         tenure_check_text('failure_reason', NEW.failure_reason),
         tenure_check_text('last_error', NEW.last_error),
         tenure_check_text('exit_signal', NEW.exit_signal), tenure_json_merge(NULL, NEW.rate_limits),
         tenure_check_text('ended_by', NEW.ended_by),
         tenure_check_text('current_activity', NEW.current_activity);
END;
