-- What is remembered of a session beside its turns: grants, the start that was asked for, and which events of its
-- provider were seen. The verbs write it. It may be forgotten by hand, never rewritten; asking for the clock keeps
-- out clients that have not loaded the extension.

CREATE TRIGGER tenure_grant_insert_guard BEFORE INSERT ON tenure_grant
BEGIN
  INSERT INTO tenure_row_gate (session_id, missing) VALUES (NEW.session_id, 'turn.missing');
  SELECT tenure_check_text('key', NEW.key);
  SELECT tenure_refuse('write.grant', 'turn', NEW.turn_id)
   WHERE NEW.turn_id <> ''
     AND NOT EXISTS (SELECT 1 FROM tenure_turn
                      WHERE session_id = NEW.session_id AND turn_id = NEW.turn_id AND ended_at IS NULL);
END;

CREATE TRIGGER tenure_grant_given AFTER INSERT ON tenure_grant
BEGIN
  INSERT INTO tenure_logged (session_id, turn_id, event, detail)
  VALUES (NEW.session_id, NEW.turn_id, 'grant.given', tenure_object('key', NEW.key));
END;

CREATE TRIGGER tenure_grant_update_guard BEFORE UPDATE ON tenure_grant
BEGIN
  SELECT tenure_refuse('write.fixed', 'what', 'a grant');
END;

CREATE TRIGGER tenure_grant_delete_guard BEFORE DELETE ON tenure_grant
BEGIN
  SELECT session_now();
END;

CREATE TRIGGER tenure_pending_start_insert_guard BEFORE INSERT ON tenure_pending_start
BEGIN
  INSERT INTO tenure_row_gate (session_id, missing) VALUES (NEW.session_id, 'turn.missing');
  SELECT tenure_check_text('message_id', NEW.message_id);
  SELECT tenure_refuse('turn.not_allowed', 'session', session_id, 'status', status)
    FROM tenure_session
   WHERE session_id = NEW.session_id
     AND (ended_at IS NOT NULL OR status = 'error' OR status = 'interrupted');
END;

CREATE TRIGGER tenure_pending_start_asked AFTER INSERT ON tenure_pending_start
BEGIN
  INSERT INTO tenure_logged (session_id, event, detail)
  VALUES (NEW.session_id, 'turn.requested',
          tenure_object('verb', tenure_verb_name(), 'message_id', NEW.message_id));
END;

CREATE TRIGGER tenure_pending_start_update_guard BEFORE UPDATE ON tenure_pending_start
BEGIN
  SELECT tenure_refuse('write.fixed', 'what', 'a start that was asked for');
END;

CREATE TRIGGER tenure_pending_start_delete_guard BEFORE DELETE ON tenure_pending_start
BEGIN
  SELECT session_now();
END;

CREATE TRIGGER tenure_provider_seen_insert_guard BEFORE INSERT ON tenure_provider_seen
BEGIN
  SELECT tenure_refuse('turn.missing', 'session', NEW.session_id)
   WHERE NOT EXISTS (SELECT 1 FROM tenure_session WHERE session_id = NEW.session_id);
END;

CREATE TRIGGER tenure_provider_seen_update_guard BEFORE UPDATE ON tenure_provider_seen
BEGIN
  SELECT tenure_refuse('write.fixed', 'what', 'an event that was seen');
END;

CREATE TRIGGER tenure_provider_seen_delete_guard BEFORE DELETE ON tenure_provider_seen
BEGIN
  SELECT session_now();
END;
