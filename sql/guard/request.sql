-- Requests of a turn, whoever writes them: keys, edges, stamps, and their events. A request is pending only under an
-- open turn; what was resolved or expired never reopens.

CREATE TRIGGER tenure_request_insert_guard BEFORE INSERT ON tenure_request
BEGIN
  SELECT tenure_refuse('write.exists', 'table', 'tenure_request')
    FROM tenure_request
   WHERE session_id = NEW.session_id AND request_id = NEW.request_id
     AND (attempt = NEW.attempt OR (state = 'pending' AND NEW.state = 'pending'));
  SELECT tenure_check_id('request_id', NEW.request_id), tenure_check_text('payload', NEW.payload);
  INSERT INTO tenure_row_gate (session_id, incarnation, missing)
  VALUES (NEW.session_id, NEW.incarnation, 'turn.missing');
  SELECT tenure_refuse(
           CASE WHEN NEW.created_at > session_now() OR NEW.resolved_at < NEW.created_at
                     OR NEW.resolved_at > session_now() THEN 'write.stamp'
                WHEN NEW.state = 'resolved' THEN 'write.request'
                WHEN NEW.state = 'expired' AND NEW.decision IS NOT turn_request_default(NEW.kind)
                THEN 'write.request'
                WHEN NEW.attempt <> 1 + (SELECT coalesce(max(attempt), 0) FROM tenure_request
                                          WHERE session_id = NEW.session_id
                                            AND request_id = NEW.request_id)
                THEN 'write.request'
                WHEN NEW.state = 'pending'
                     AND NOT EXISTS (SELECT 1 FROM tenure_turn
                                      WHERE session_id = NEW.session_id AND turn_id = NEW.turn_id
                                        AND ended_at IS NULL)
                THEN 'write.request' END,
           'what', 'a request');
END;

CREATE TRIGGER tenure_request_update_guard BEFORE UPDATE ON tenure_request
BEGIN
  SELECT tenure_refuse(
           CASE WHEN NEW.session_id <> OLD.session_id OR NEW.request_id <> OLD.request_id
                     OR NEW.attempt <> OLD.attempt OR NEW.incarnation <> OLD.incarnation
                     OR NEW.turn_id IS NOT OLD.turn_id OR NEW.kind <> OLD.kind
                     OR NEW.created_at <> OLD.created_at THEN 'write.fixed'
                WHEN OLD.state <> 'pending'
                     OR (NEW.state = 'expired'
                         AND NEW.decision IS NOT turn_request_default(NEW.kind))
                THEN 'write.request'
                WHEN NEW.resolved_at < OLD.created_at
                     OR (NEW.resolved_at > max(session_now(), OLD.created_at)
                         AND NEW.resolved_at > (SELECT tenure_present(clock, changed_at)
                                                   FROM tenure_session WHERE session_id = OLD.session_id))
                THEN 'write.stamp' END,
           'what', 'a request');
  SELECT tenure_check_text('payload', NEW.payload), tenure_check_text('decision', NEW.decision);
  SELECT tenure_refuse('usage.clock', 'row', s.clock, 'connection', tenure_clock_kind())
    FROM tenure_session AS s
   WHERE s.session_id = OLD.session_id AND s.clock <> tenure_clock_kind()
     AND s.end_reason IS NOT 'forced';
END;

CREATE TRIGGER tenure_request_delete_guard BEFORE DELETE ON tenure_request
BEGIN
  SELECT tenure_refuse('write.delete', 'what', 'a request of a session that is still there')
   WHERE EXISTS (SELECT 1 FROM tenure_session WHERE session_id = OLD.session_id);
END;

CREATE TRIGGER tenure_request_opened AFTER INSERT ON tenure_request
BEGIN
  INSERT INTO tenure_logged (session_id, incarnation, turn_id, event, detail)
  VALUES (NEW.session_id, NEW.incarnation, NEW.turn_id,
          CASE NEW.state WHEN 'pending' THEN 'request.opened' ELSE 'request.expired' END,
          tenure_object('request_id', NEW.request_id, 'attempt', NEW.attempt, 'kind', NEW.kind,
                        'decision', NEW.decision));
END;

CREATE TRIGGER tenure_request_closed AFTER UPDATE OF state ON tenure_request
WHEN NEW.state <> OLD.state
BEGIN
  INSERT INTO tenure_logged (session_id, incarnation, turn_id, event, detail)
  VALUES (NEW.session_id, NEW.incarnation, NEW.turn_id,
          'request.' || NEW.state,
          tenure_object('request_id', NEW.request_id, 'attempt', NEW.attempt, 'kind', NEW.kind,
                        'decision', NEW.decision));
END;
