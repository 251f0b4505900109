-- tenure_resume: opens a new incarnation of an ended or stale session, with a fresh lease and fence. The
-- id and the notes stay; the old ending is cleared, and late messages about it cannot touch the new one.
-- receipt: session_id

CREATE VIEW tenure_resume AS
SELECT NULL AS session_id, NULL AS actor_id, NULL AS fence, NULL AS lease_ttl, NULL AS reason,
       NULL AS host, NULL AS boot_id, NULL AS pid, NULL AS pid_start_ticks, NULL AS receipt_id
 WHERE 0;

CREATE TRIGGER tenure_resume_run INSTEAD OF INSERT ON tenure_resume
WHEN NEW.receipt_id IS NULL
BEGIN
  SELECT tenure_verb('resume', NEW.actor_id, NEW.reason);
  SELECT tenure_check_id('actor_id', NEW.actor_id);
  SELECT tenure_refuse(CASE WHEN NEW.session_id IS NULL THEN 'opt.required' END, 'what', 'session_id'),
         tenure_check_int('opt.lease_range', NEW.lease_ttl, 1, 31536000),
         tenure_check_text('reason', NEW.reason);

  INSERT INTO tenure_refusal (code, session_id, actor_id, asked)
  SELECT q.code, NEW.session_id, NEW.actor_id, NEW.fence
    FROM (SELECT CASE
                   WHEN s.session_id IS NULL THEN 'resume.missing'
                   ELSE coalesce(
                     tenure_fence_refusal(NULL, NEW.fence, 0, s.scope, s.fence, 0),
                     CASE WHEN s.status = 'destroyed' THEN 'resume.destroyed'
                          WHEN s.status IN ('exiting', 'destroying') THEN 'resume.not_resumable'
                          WHEN o.session_id IS NOT NULL THEN 'resume.held'
                          WHEN h.session_id IS NOT NULL AND NOT h.abandoned THEN 'resume.live'
                          -- A fence speaks for its holder, but not once somebody else has replaced it.
                          WHEN s.lease_ttl IS NOT NULL
                               AND (NEW.fence IS NULL OR session_end_is_loss(s.end_reason))
                               AND NEW.actor_id IS NOT s.owner_id
                               AND (NEW.actor_id IS NULL OR NEW.actor_id IS NOT s.supervisor_id)
                          THEN CASE WHEN NEW.fence IS NULL THEN 'resume.denied' ELSE 'fence.token' END
                          WHEN s.lease_ttl IS NULL AND NEW.lease_ttl IS NOT NULL THEN 'opt.lease' END)
                   END AS code
            FROM (SELECT 1)
            LEFT JOIN tenure_session AS s ON s.session_id = NEW.session_id
            LEFT JOIN tenure_lease AS h ON h.session_id = NEW.session_id
            LEFT JOIN tenure_session AS o
              ON o.scope = s.scope AND o.ended_at IS NULL AND o.session_id <> s.session_id) AS q
   WHERE q.code IS NOT NULL;

  UPDATE tenure_session
     SET incarnation = session_next_revision(incarnation), status = 'starting',
         clock = tenure_clock_kind(),
         lease_ttl = coalesce(tenure_check_int('opt.lease_range', NEW.lease_ttl, 1, 31536000),
                              lease_ttl),
         started_at = session_now(), last_started_at = session_now(), start_count = 1,
         last_heartbeat_at = CASE WHEN lease_ttl IS NOT NULL THEN session_now() END,
         lease_machine = lease_grant('machine', coalesce(NEW.lease_ttl, lease_ttl)),
         lease_boot_id = lease_grant('boot_id', coalesce(NEW.lease_ttl, lease_ttl)),
         lease_deadline_mono = lease_grant('deadline', coalesce(NEW.lease_ttl, lease_ttl)),
         lease_file = lease_grant('file', coalesce(NEW.lease_ttl, lease_ttl)),
         changed_at = session_now(),
         ended_at = NULL, end_reason = NULL, ended_by = NULL, end_note = NULL, exit_code = NULL,
         exit_signal = NULL, failure_origin = NULL, failure_reason = NULL, last_error = NULL,
         host = tenure_check_text('host', NEW.host),
         boot_id = tenure_check_text('boot_id', NEW.boot_id),
         pid = tenure_check_int('opt.process', NEW.pid, 1, 2147483647),
         pid_start_ticks = tenure_check_int('opt.process', NEW.pid_start_ticks, 0,
                                            9223372036854775807),
         (revision, fence) =
           (SELECT n.number, n.number
              FROM (SELECT session_next_revision(
                             max(revision, coalesce((SELECT c.revision FROM tenure_scope AS c
                                                      WHERE c.scope = tenure_session.scope), 0)))
                             AS number) AS n)
   WHERE session_id = NEW.session_id;
  SELECT tenure_refuse('usage.conflict_clause') WHERE changes() <> 1;

  SELECT tenure_report(
           s.session_id, s.scope,
           'command', 'session-state-resume', 'ok:bool', 1, 'scope', s.scope,
           'session_id', s.session_id, 'incarnation', s.incarnation, 'status', s.status,
           'fence', s.fence, 'revision', s.revision, 'started_at_epoch_s', s.started_at,
           'lifecycle', session_lifecycle(s.owner_kind), 'owner_kind', s.owner_kind,
           'actor_id', s.owner_id, 'supervisor_id', s.supervisor_id, 'lease_ttl_secs', s.lease_ttl,
           'last_heartbeat_at_epoch_s', s.last_heartbeat_at,
           'lease_expires_at_epoch_s', lease_expires_at(s.last_heartbeat_at, s.lease_ttl),
           'reason', NEW.reason)
    FROM tenure_session AS s WHERE s.session_id = NEW.session_id;
END;
