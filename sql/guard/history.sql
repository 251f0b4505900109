-- The history of a session's turns, whoever writes it: in its order, and nothing is ever changed.

CREATE TRIGGER tenure_history_insert_guard BEFORE INSERT ON tenure_history
BEGIN
  SELECT tenure_refuse('write.exists', 'table', 'tenure_history')
    FROM tenure_history WHERE session_id = NEW.session_id AND seq = NEW.seq;
  SELECT tenure_refuse('write.sequence', 'table', 'the history')
   WHERE NEW.seq <> 1 + (SELECT coalesce(max(seq), 0) FROM tenure_history
                          WHERE session_id = NEW.session_id);
END;

CREATE TRIGGER tenure_history_delete_guard BEFORE DELETE ON tenure_history
BEGIN
  SELECT tenure_refuse('write.append_only', 'table', 'tenure_history')
   WHERE EXISTS (SELECT 1 FROM tenure_session WHERE session_id = OLD.session_id);
END;

CREATE TRIGGER tenure_history_update_guard BEFORE UPDATE ON tenure_history
BEGIN
  SELECT tenure_refuse('write.append_only', 'table', 'tenure_history');
END;
