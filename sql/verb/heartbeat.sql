-- tenure_heartbeat: the holder says that it is alive, and may say what it is doing. Never late, never
-- for another, never shortening the lease. Any session may heartbeat; an interactive one asks nobody.
-- receipt: scope session_id

CREATE VIEW tenure_heartbeat AS
SELECT NULL AS scope, NULL AS session_id, NULL AS actor_id, NULL AS fence, NULL AS activity,
       NULL AS progress, NULL AS outcome, NULL AS receipt_id
 WHERE 0;

CREATE TRIGGER tenure_heartbeat_run INSTEAD OF INSERT ON tenure_heartbeat
WHEN NEW.receipt_id IS NULL
BEGIN
  SELECT tenure_verb('heartbeat', NEW.actor_id, NULL);
  INSERT INTO tenure_heartbeat_found (session_id, scope, actor_id, fence, activity, progress, outcome)
  VALUES (coalesce(NEW.session_id, (SELECT session_id FROM tenure_session
                                     WHERE scope = tenure_check_scope(NEW.scope)
                                       AND ended_at IS NULL)),
          NEW.scope, NEW.actor_id, NEW.fence, NEW.activity, NEW.progress, NEW.outcome);
END;

CREATE VIEW tenure_heartbeat_found AS
SELECT NULL AS session_id, NULL AS scope, NULL AS actor_id, NULL AS fence, NULL AS activity,
       NULL AS progress, NULL AS outcome
 WHERE 0;

CREATE TRIGGER tenure_heartbeat_renew INSTEAD OF INSERT ON tenure_heartbeat_found
BEGIN
  SELECT tenure_within('heartbeat'),
         tenure_check_id('actor_id', NEW.actor_id);

  -- The guards, in the order of the contract. The right fence stands for the actor.
  INSERT INTO tenure_refusal (code, session_id, scope, actor_id, asked)
  VALUES ((SELECT coalesce(
                    CASE WHEN h.session_id IS NOT NULL THEN NULL
                         WHEN EXISTS (SELECT 1 FROM tenure_session WHERE session_id = NEW.session_id)
                         THEN 'fence.session'
                         ELSE 'heartbeat.missing' END,
                    CASE WHEN h.lease_ttl IS NOT NULL AND NEW.actor_id IS NOT h.owner_id
                              AND NEW.fence IS NOT h.fence
                         THEN 'heartbeat.not_owner' END,
                    tenure_fence_refusal(NEW.scope, NEW.fence, h.strict, h.scope, h.fence, 0),
                    CASE WHEN h.stale THEN 'heartbeat.stale' END)
             FROM (SELECT 1) LEFT JOIN tenure_lease AS h ON h.session_id = NEW.session_id),
          NEW.session_id, tenure_check_scope(NEW.scope), NEW.actor_id, NEW.fence);

  UPDATE tenure_session
     SET last_heartbeat_at = max(session_now(), coalesce(last_heartbeat_at, 0)),
         lease_machine = lease_grant('machine', lease_ttl),
         lease_boot_id = lease_grant('boot_id', lease_ttl),
         lease_deadline_mono = lease_grant('deadline', lease_ttl),
         lease_file = lease_grant('file', lease_ttl),
         changed_at = max(session_now(), changed_at),
         revision = session_next_revision(revision)
   WHERE session_id = NEW.session_id;
  SELECT tenure_refuse('usage.conflict_clause') WHERE changes() <> 1;

  INSERT INTO tenure_heartbeat_news (session_id, activity, progress, outcome)
  VALUES (NEW.session_id, NEW.activity, NEW.progress, NEW.outcome);

  -- The lease was granted at this moment: all of it is left by its evidence, else by the wall clock.
  SELECT tenure_report(
           s.session_id, s.scope,
           'command', 'session-state-heartbeat', 'ok:bool', 1, 'scope', s.scope,
           'session_id', s.session_id, 'actor_id', coalesce(NEW.actor_id, s.owner_id),
           'activity', session_activity(NEW.activity), 'current_activity', s.current_activity,
           'last_heartbeat_at_epoch_s', s.last_heartbeat_at,
           'lease_expires_at_epoch_s', lease_expires_at(s.last_heartbeat_at, s.lease_ttl),
           'remaining_secs', CASE WHEN s.lease_deadline_mono IS NOT NULL OR s.lease_ttl IS NULL THEN s.lease_ttl
                                  ELSE lease_remaining(s.last_heartbeat_at, s.lease_ttl, session_now()) END,
           'revision', s.revision, 'fence', s.fence, 'activity_updated_at_epoch_s', s.activity_at)
    FROM tenure_session AS s WHERE s.session_id = NEW.session_id;
END;

-- What a heartbeat has to tell, if anything: a second write of the same change, under the same revision,
-- so that a plain heartbeat touches no column that the log watches. Blank text erases nothing.
--
-- SQLite makes room for a whole trigger program before it looks at its WHEN, so here, and wherever a
-- program is long and rarely wanted, a short one decides and hands over to the long one.
CREATE VIEW tenure_heartbeat_news AS
SELECT NULL AS session_id, NULL AS activity, NULL AS progress, NULL AS outcome WHERE 0;

CREATE TRIGGER tenure_heartbeat_has_news INSTEAD OF INSERT ON tenure_heartbeat_news
WHEN coalesce(NEW.activity, NEW.progress, NEW.outcome) IS NOT NULL
BEGIN
  SELECT tenure_within('heartbeat');
  INSERT INTO tenure_heartbeat_told (session_id, activity, progress, outcome)
  VALUES (NEW.session_id, NEW.activity, NEW.progress, NEW.outcome);
END;

CREATE VIEW tenure_heartbeat_told AS
SELECT NULL AS session_id, NULL AS activity, NULL AS progress, NULL AS outcome WHERE 0;

CREATE TRIGGER tenure_heartbeat_tell INSTEAD OF INSERT ON tenure_heartbeat_told
BEGIN
  SELECT tenure_within('heartbeat');
  SELECT tenure_effect('completion');
  UPDATE tenure_session
     SET current_activity = coalesce(session_activity(NEW.activity), current_activity),
         activity_at = CASE WHEN session_activity(NEW.activity) IS NULL THEN activity_at
                            ELSE max(session_now(), coalesce(activity_at, 0)) END,
         progress_at = CASE WHEN tenure_check_int('opt.progress', NEW.progress, 0, 1)
                            THEN max(session_now(), coalesce(progress_at, 0)) ELSE progress_at END,
         no_progress_count = CASE tenure_check_int('opt.progress', NEW.progress, 0, 1)
                                  WHEN 1 THEN 0
                                  WHEN 0 THEN session_next_revision(no_progress_count)
                                  ELSE no_progress_count END,
         last_outcome = coalesce(tenure_check_text('outcome', NEW.outcome), last_outcome)
   WHERE session_id = NEW.session_id;
  SELECT tenure_refuse('usage.conflict_clause') WHERE changes() <> 1;
END;
