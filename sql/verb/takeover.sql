-- tenure_takeover: another actor takes a scope whose lease has run out. The old session ends, failed;
-- of any number of simultaneous takers one wins, and the others are told who.
-- receipt: scope session_id

CREATE VIEW tenure_takeover AS
SELECT NULL AS scope, NULL AS session_id, NULL AS actor_id, NULL AS supervisor_id, NULL AS fence,
       NULL AS reason, NULL AS expected_revision, NULL AS lease_ttl, NULL AS host, NULL AS boot_id,
       NULL AS pid, NULL AS pid_start_ticks, NULL AS label, NULL AS command, NULL AS cwd,
       NULL AS receipt_id
 WHERE 0;

CREATE TRIGGER tenure_takeover_run INSTEAD OF INSERT ON tenure_takeover
WHEN NEW.receipt_id IS NULL
BEGIN
  SELECT tenure_verb('takeover', NEW.actor_id, NEW.reason);
  SELECT tenure_refuse(CASE WHEN NEW.actor_id IS NULL THEN 'opt.actor_required' END),
         tenure_check_actor('actor_id', NEW.actor_id),
         tenure_check_actor('supervisor_id', NEW.supervisor_id),
         tenure_check_int('opt.lease_range', NEW.lease_ttl, 1, 31536000),
         tenure_check_text('reason', NEW.reason), tenure_check_scope(NEW.scope),
         tenure_check_int('usage.expected_revision', NEW.expected_revision, -9223372036854775807,
                          9223372036854775807);

  INSERT INTO tenure_takeover_found
  VALUES (coalesce(NEW.session_id, (SELECT session_id FROM tenure_session
                                     WHERE scope = tenure_check_scope(NEW.scope)
                                       AND ended_at IS NULL)),
          session_mint_id(), NEW.scope, tenure_check_actor('actor_id', NEW.actor_id),
          tenure_check_actor('supervisor_id', NEW.supervisor_id), NEW.fence,
          tenure_check_text('reason', NEW.reason), NEW.expected_revision,
          tenure_check_int('opt.lease_range', NEW.lease_ttl, 1, 31536000),
          tenure_check_text('host', NEW.host), tenure_check_text('boot_id', NEW.boot_id),
          tenure_check_int('opt.process', NEW.pid, 1, 2147483647),
          tenure_check_int('opt.process', NEW.pid_start_ticks, 0, 9223372036854775807),
          tenure_check_text('label', NEW.label), tenure_check_text('command', NEW.command),
          tenure_check_text('cwd', NEW.cwd));
END;

-- The session meant, what it is taken over with, and the id of the new one.
CREATE VIEW tenure_takeover_found AS
SELECT NULL AS session_id, NULL AS new_id, NULL AS scope, NULL AS actor_id, NULL AS supervisor_id,
       NULL AS fence, NULL AS reason, NULL AS expected_revision, NULL AS lease_ttl, NULL AS host,
       NULL AS boot_id, NULL AS pid, NULL AS pid_start_ticks, NULL AS label, NULL AS command,
       NULL AS cwd
 WHERE 0;

CREATE TRIGGER tenure_takeover_do INSTEAD OF INSERT ON tenure_takeover_found
BEGIN
  SELECT tenure_within('takeover');
  INSERT INTO tenure_refusal (code, session_id, scope, actor_id, asked)
  SELECT q.code, NEW.session_id, tenure_check_scope(NEW.scope), NEW.actor_id,
         CASE q.code WHEN 'takeover.conflict' THEN NEW.expected_revision ELSE NEW.fence END
    FROM (SELECT coalesce(
                   CASE WHEN h.session_id IS NOT NULL THEN NULL
                        WHEN EXISTS (SELECT 1 FROM tenure_session WHERE session_id = NEW.session_id)
                        THEN 'fence.session'
                        ELSE 'takeover.missing' END,
                   tenure_fence_refusal(NEW.scope, NEW.fence, 0, h.scope, h.fence, 0),
                   CASE WHEN h.lifecycle = 'interactive' THEN 'takeover.not_autonomous'
                        WHEN NOT h.abandoned THEN 'takeover.live'
                        WHEN h.owner_id = NEW.actor_id THEN 'takeover.same_actor'
                        WHEN tenure_is_blank(NEW.reason)
                        THEN 'takeover.reason_required'
                        WHEN NEW.expected_revision IS NOT NULL
                             AND NEW.expected_revision IS NOT h.revision
                        THEN 'takeover.conflict' END) AS code
            FROM (SELECT 1) LEFT JOIN tenure_lease AS h ON h.session_id = NEW.session_id) AS q
   WHERE q.code IS NOT NULL;
  UPDATE tenure_session
     SET status = session_end_status(status, 'failed'), revision = session_next_revision(revision),
         changed_at = max(session_now(), changed_at), ended_at = max(session_now(), started_at),
         end_reason = 'taken_over', ended_by = NEW.actor_id, end_note = NEW.reason
   WHERE session_id = NEW.session_id;
  SELECT tenure_refuse('usage.conflict_clause') WHERE changes() <> 1;
  INSERT INTO tenure_session
        (session_id, scope, mode, owner_kind, owner_id, supervisor_id, strict, clock, lease_ttl,
         started_at, last_started_at, last_heartbeat_at, lease_machine, lease_boot_id,
         lease_deadline_mono, lease_file, changed_at, revision, fence, predecessor_id,
         parent_session_id, host, boot_id, pid, pid_start_ticks, label, command, cwd)
  SELECT NEW.new_id, s.scope, s.mode, s.owner_kind, NEW.actor_id,
         coalesce(NEW.supervisor_id, s.supervisor_id), s.strict, tenure_clock_kind(),
         g.granted, session_now(), session_now(), session_now(),
         lease_grant('machine', g.granted), lease_grant('boot_id', g.granted),
         lease_grant('deadline', g.granted), lease_grant('file', g.granted),
         session_now(), CASE WHEN s.scope IS NULL THEN 1 ELSE s.revision END,
         CASE WHEN s.scope IS NULL THEN 1 ELSE s.revision END, s.session_id, s.parent_session_id,
         NEW.host, NEW.boot_id, NEW.pid, NEW.pid_start_ticks, NEW.label, NEW.command, NEW.cwd
    FROM tenure_session AS s
    JOIN (SELECT coalesce(NEW.lease_ttl, lease_ttl) AS granted
            FROM tenure_session WHERE session_id = NEW.session_id) AS g
   WHERE s.session_id = NEW.session_id;
  SELECT tenure_refuse('usage.conflict_clause') WHERE changes() <> 1;
  SELECT tenure_report(
           p.session_id, s.scope,
           'command', 'session-state-takeover', 'ok:bool', 1, 'scope', s.scope,
           'prior_session_id', p.session_id, 'prior_actor_id', p.owner_id,
           'session_id', s.session_id, 'actor_id', s.owner_id, 'supervisor_id', s.supervisor_id,
           'lease_ttl_secs', s.lease_ttl, 'last_heartbeat_at_epoch_s', s.last_heartbeat_at,
           'lease_expires_at_epoch_s', lease_expires_at(s.last_heartbeat_at, s.lease_ttl),
           'revision', s.revision, 'fence', s.fence, 'reason', NEW.reason)
    FROM tenure_session AS s JOIN tenure_session AS p ON p.session_id = s.predecessor_id
   WHERE s.session_id = NEW.new_id;
END;
