-- Input for a turn, whoever writes it: only for one that runs, in its order. It is consumed, or left over when its turn
-- ends, and otherwise stays as it is.

CREATE TRIGGER tenure_turn_input_insert_guard BEFORE INSERT ON tenure_turn_input
BEGIN
  SELECT tenure_refuse('write.exists', 'table', 'tenure_turn_input')
    FROM tenure_turn_input
   WHERE session_id = NEW.session_id AND turn_id = NEW.turn_id AND seq = NEW.seq;
  SELECT tenure_check_text('input', NEW.payload);
  INSERT INTO tenure_row_gate (session_id) VALUES (NEW.session_id);
  SELECT tenure_refuse('write.input', 'turn', NEW.turn_id)
   WHERE NEW.state <> 'pending'
      OR NEW.seq <> 1 + (SELECT coalesce(max(seq), 0) FROM tenure_turn_input
                          WHERE session_id = NEW.session_id AND turn_id = NEW.turn_id)
      OR NOT EXISTS (SELECT 1 FROM tenure_turn
                      WHERE session_id = NEW.session_id AND turn_id = NEW.turn_id
                        AND state = 'running' AND kind = 'regular')
      OR tenure_is_blank(NEW.payload);
END;

CREATE TRIGGER tenure_turn_input_update_guard BEFORE UPDATE ON tenure_turn_input
BEGIN
  SELECT tenure_refuse('write.null')
   WHERE NEW.session_id IS NULL OR NEW.turn_id IS NULL OR NEW.seq IS NULL OR NEW.payload IS NULL
      OR NEW.at IS NULL OR NEW.state IS NULL;
  SELECT tenure_refuse('write.fixed', 'what', 'input, but for being consumed or left over,')
   WHERE NEW.session_id <> OLD.session_id OR NEW.turn_id <> OLD.turn_id OR NEW.seq <> OLD.seq
      OR NEW.payload <> OLD.payload OR NEW.at <> OLD.at
      OR (NEW.state <> OLD.state AND OLD.state <> 'pending');
  SELECT tenure_refuse('write.input', 'turn', turn_id)
    FROM tenure_turn
   WHERE session_id = OLD.session_id AND turn_id = OLD.turn_id AND ended_at IS NULL
     AND NEW.state = 'leftover';
  SELECT tenure_refuse('usage.clock', 'row', clock, 'connection', tenure_clock_kind())
    FROM tenure_session
   WHERE session_id = OLD.session_id AND clock <> tenure_clock_kind() AND end_reason IS NOT 'forced';
END;

CREATE TRIGGER tenure_turn_input_added AFTER INSERT ON tenure_turn_input
BEGIN
  INSERT INTO tenure_logged (session_id, turn_id, event, detail)
  VALUES (NEW.session_id, NEW.turn_id, 'input.added', tenure_object('seq', NEW.seq));
END;

-- Input that is left over goes to the history, and the end of its turn is in the log.
CREATE TRIGGER tenure_turn_input_consumed AFTER UPDATE OF state ON tenure_turn_input
WHEN NEW.state = 'consumed' AND OLD.state <> 'consumed'
BEGIN
  INSERT INTO tenure_logged (session_id, turn_id, event, detail)
  VALUES (NEW.session_id, NEW.turn_id, 'input.consumed', tenure_object('seq', NEW.seq));
END;

CREATE TRIGGER tenure_turn_input_delete_guard BEFORE DELETE ON tenure_turn_input
BEGIN
  SELECT tenure_refuse('write.delete', 'what', 'input of a session that is still there')
   WHERE EXISTS (SELECT 1 FROM tenure_session WHERE session_id = OLD.session_id);
END;
