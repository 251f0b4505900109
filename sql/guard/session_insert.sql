-- What a new row of tenure_session must be, whoever inserts it. An existing key is refused by name,
-- because REPLACE would delete the old row without asking any trigger.

CREATE TRIGGER tenure_session_insert_guard BEFORE INSERT ON tenure_session
BEGIN
  SELECT tenure_refuse('write.exists', 'table', 'tenure_session')
    FROM tenure_session WHERE session_id = NEW.session_id;
  -- Without a scope nothing counts on after a session is collected, so its id is not used again.
  SELECT tenure_refuse('write.exists', 'table', 'tenure_session')
    FROM tenure_event
   WHERE NEW.scope IS NULL AND session_id = NEW.session_id AND event = 'session.collected';
  SELECT tenure_refuse('write.held', 'holder', owner_id, 'holder_session', session_id, 'scope', scope,
                       'holder_since', started_at)
    FROM tenure_session WHERE scope = NEW.scope AND ended_at IS NULL;
  SELECT tenure_check_id('session_id', NEW.session_id),
         tenure_check_actor('owner_id', CASE WHEN NEW.owner_kind <> 'interactive' THEN NEW.owner_id END),
         tenure_check_actor('supervisor_id', NEW.supervisor_id), tenure_check_scope(NEW.scope),
         tenure_check_id('parent_session_id', NEW.parent_session_id),
         tenure_check_text('label', NEW.label), tenure_check_text('command', NEW.command),
         tenure_check_text('cwd', NEW.cwd), tenure_check_text('host', NEW.host),
         tenure_check_text('boot_id', NEW.boot_id), tenure_check_text('current_activity', NEW.current_activity),
         tenure_check_text('last_outcome', NEW.last_outcome), tenure_check_text('last_error', NEW.last_error),
         tenure_check_text('failure_reason', NEW.failure_reason),
         tenure_check_text('exit_signal', NEW.exit_signal), tenure_json_merge(NULL, NEW.rate_limits);
  SELECT tenure_refuse(
           CASE WHEN NEW.status IS NULL OR NEW.incarnation IS NULL OR NEW.clock IS NULL
                     OR NEW.strict IS NULL
                THEN 'write.null'
                WHEN NEW.clock <> tenure_clock_kind() THEN 'usage.clock'
                WHEN (NEW.status <> 'running' AND NEW.status <> 'starting' AND NEW.status <> 'idle')
                     OR NEW.incarnation <> 1
                     OR (NEW.start_count <> 1 AND tenure_verb_name() IS NOT 'import')
                     OR NEW.fence <> NEW.revision OR NEW.ended_at IS NOT NULL
                     OR NEW.end_reason IS NOT NULL OR NEW.ended_by IS NOT NULL
                     OR NEW.end_note IS NOT NULL
                THEN 'write.shape'
                WHEN max(NEW.started_at, NEW.last_started_at, NEW.changed_at,
                         coalesce(NEW.last_heartbeat_at, 0), coalesce(NEW.progress_at, 0),
                         coalesce(NEW.activity_at, 0)) > session_now()
                THEN 'write.stamp'
                WHEN coalesce(NEW.lease_machine, NEW.lease_boot_id, NEW.lease_deadline_mono,
                              NEW.lease_file) IS NOT NULL
                     AND NOT lease_granted(NEW.lease_ttl, NEW.lease_machine, NEW.lease_boot_id,
                                           NEW.lease_deadline_mono, NEW.lease_file)
                THEN 'write.evidence' END,
           'row', NEW.clock, 'connection', tenure_clock_kind(), 'what', 'a stamp of a new session');
  -- The counter and one more; or the number with which the session that this one replaces just ended.
  SELECT tenure_refuse('write.revision', 'what', coalesce('scope ' || NEW.scope, 'a new session'),
                       'expected', session_next_revision(coalesce(c.revision, 0)),
                       'revision', NEW.revision)
    FROM (SELECT 1) LEFT JOIN tenure_scope AS c ON c.scope = NEW.scope
   WHERE NEW.revision <> session_next_revision(coalesce(c.revision, 0))
     AND NOT (NEW.revision = c.revision AND EXISTS (
               SELECT 1 FROM tenure_session AS p
                WHERE p.session_id = NEW.predecessor_id AND p.scope = NEW.scope
                  AND p.ended_at IS NOT NULL AND p.revision = NEW.revision));
END;

CREATE TRIGGER tenure_session_insert_effect AFTER INSERT ON tenure_session
BEGIN
  SELECT tenure_effect('counter');
  UPDATE tenure_counter SET revision = NEW.revision WHERE scope = NEW.scope;
  INSERT INTO tenure_counter (scope, revision)
  SELECT NEW.scope, NEW.revision
   WHERE NEW.scope IS NOT NULL
     AND NOT EXISTS (SELECT 1 FROM tenure_counter WHERE scope = NEW.scope);
  SELECT tenure_refuse('usage.conflict_clause')
   WHERE NEW.scope IS NOT NULL
     AND NOT EXISTS (SELECT 1 FROM tenure_counter WHERE scope = NEW.scope AND revision = NEW.revision);
  INSERT INTO tenure_event (at, session_id, incarnation, scope, revision, event, to_status, actor_id,
                            detail)
  VALUES (session_now(), NEW.session_id, NEW.incarnation, NEW.scope, NEW.revision, 'session.created',
          NEW.status, coalesce(tenure_verb_actor(), NEW.owner_id),
          tenure_object('verb', tenure_verb_name(), 'reason', tenure_verb_reason(),
                        'owner_kind', NEW.owner_kind, 'owner_id', NEW.owner_id,
                        'supervisor_id', NEW.supervisor_id, 'fence', NEW.fence,
                        'lease_ttl', NEW.lease_ttl, 'strict', NULLIF(NEW.strict, 0),
                        'predecessor_id', NEW.predecessor_id,
                        'parent_session_id', NEW.parent_session_id));
END;
