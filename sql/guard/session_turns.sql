-- What a change of the session means for its open turn and for a start that was asked for. Leaving the
-- statuses that allow a turn settles it; so does a new incarnation. A turn that nobody finished is never
-- settled as completed just because its session was ended from outside.

CREATE TRIGGER tenure_session_settle_turn AFTER UPDATE OF status, incarnation ON tenure_session
WHEN NOT session_allows_turn(NEW.status) OR NEW.incarnation <> OLD.incarnation
BEGIN
  UPDATE tenure_turn
     SET state = CASE WHEN NEW.incarnation <> OLD.incarnation OR NEW.end_reason = 'taken_over'
                           OR NEW.end_reason = 'stale_reset' OR NEW.end_reason = 'host-death'
                           OR NEW.end_reason = 'cleared' OR NEW.end_reason = 'forced'
                           OR NEW.end_reason = 'idle'
                      THEN 'interrupted' ELSE session_settles_turn_as(NEW.status) END
   WHERE session_id = NEW.session_id AND ended_at IS NULL;
  DELETE FROM tenure_grant
   WHERE session_id = NEW.session_id AND NEW.incarnation <> OLD.incarnation;
  DELETE FROM tenure_pending_start
   WHERE session_id = NEW.session_id
     AND (NEW.status = 'error' OR NEW.status = 'interrupted' OR session_is_terminal(NEW.status));
END;

CREATE TRIGGER tenure_session_delete_turns AFTER DELETE ON tenure_session
BEGIN
  DELETE FROM tenure_turn WHERE session_id = OLD.session_id;
  DELETE FROM tenure_pending_start WHERE session_id = OLD.session_id;
  DELETE FROM tenure_turn_input WHERE session_id = OLD.session_id;
  DELETE FROM tenure_request WHERE session_id = OLD.session_id;
  DELETE FROM tenure_grant WHERE session_id = OLD.session_id;
  DELETE FROM tenure_history WHERE session_id = OLD.session_id;
  DELETE FROM tenure_provider_seen WHERE session_id = OLD.session_id;
END;
