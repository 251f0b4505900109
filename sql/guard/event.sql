-- The log is append-only, and numbers its rows itself: a number from outside could use up the sequence.

CREATE TRIGGER tenure_event_insert_guard BEFORE INSERT ON tenure_event
WHEN NEW.seq <> -1
BEGIN
  SELECT tenure_refuse('write.sequence');
END;

-- Before the insert -1 also means that no number was given; after it, only that -1 was.
CREATE TRIGGER tenure_event_number_guard AFTER INSERT ON tenure_event
WHEN NEW.seq < 1
BEGIN
  SELECT tenure_refuse('write.sequence');
END;

CREATE TRIGGER tenure_event_update_guard BEFORE UPDATE ON tenure_event
BEGIN
  SELECT tenure_refuse('write.append_only', 'table', 'tenure_event');
END;

CREATE TRIGGER tenure_event_delete_guard BEFORE DELETE ON tenure_event
BEGIN
  SELECT tenure_refuse('write.append_only', 'table', 'tenure_event')
   WHERE OLD.session_id IS NULL
      OR EXISTS (SELECT 1 FROM tenure_session WHERE session_id = OLD.session_id);
END;
