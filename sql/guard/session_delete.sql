-- Deleting a session is collecting it, whoever does it: only an ended one, none that spawned one which still
-- lives, by a connection on its clock. What belonged to it goes too; one event stays, and so does the
-- counter of its scope.

CREATE TRIGGER tenure_session_delete_guard BEFORE DELETE ON tenure_session
BEGIN
  SELECT tenure_refuse(
           CASE WHEN OLD.clock <> tenure_clock_kind() THEN 'usage.clock'
                WHEN OLD.ended_at IS NULL OR NOT session_is_collectable(OLD.status)
                THEN 'write.living' END,
           'session', OLD.session_id, 'status', OLD.status, 'row', OLD.clock,
           'connection', tenure_clock_kind());
  SELECT tenure_refuse('write.parent', 'session', OLD.session_id, 'child', session_id, 'status', status)
    FROM tenure_session WHERE parent_session_id = OLD.session_id AND ended_at IS NULL;
END;

CREATE TRIGGER tenure_session_delete_effect AFTER DELETE ON tenure_session
BEGIN
  DELETE FROM tenure_baseline WHERE session_id = OLD.session_id;
  DELETE FROM tenure_event WHERE session_id = OLD.session_id;
  INSERT INTO tenure_event (at, session_id, incarnation, scope, revision, event, from_status,
                            actor_id, detail)
  VALUES (session_now(), OLD.session_id, OLD.incarnation, OLD.scope, OLD.revision,
          'session.collected', OLD.status, tenure_verb_actor(),
          tenure_object('verb', tenure_verb_name(), 'owner_id', OLD.owner_id, 'fence', OLD.fence,
                        'started_at', OLD.started_at, 'ended_at', OLD.ended_at,
                        'end_reason', OLD.end_reason));
  SELECT tenure_refuse('usage.conflict_clause') WHERE changes() <> 1;
END;
