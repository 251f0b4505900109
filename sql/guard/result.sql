-- Results and completion packets: keys, stamps, and what may replace what, whoever writes. The result of a turn is of
-- the incarnation in which the turn was; any other is of the session's. A result that
-- is not final may be replaced by one of equal or higher provenance; a packet never changes. A NULL is refused
-- by the guards, because OR REPLACE would put the default of the column in its place, behind their back.

CREATE TRIGGER tenure_result_insert_guard BEFORE INSERT ON tenure_result
BEGIN
  SELECT tenure_refuse('write.null')
   WHERE NEW.turn_id IS NULL OR NEW.provenance IS NULL OR NEW.final IS NULL OR NEW.revision IS NULL;
  SELECT tenure_refuse('write.exists', 'table', 'tenure_result')
    FROM tenure_result
   WHERE session_id = NEW.session_id AND incarnation = NEW.incarnation AND turn_id = NEW.turn_id;
  SELECT tenure_check_id('turn_id', NULLIF(NEW.turn_id, '')),
         tenure_check_text('summary', NEW.summary);
  INSERT INTO tenure_row_gate (session_id, incarnation, turn_id, late, missing)
  VALUES (NEW.session_id, NEW.incarnation, NEW.turn_id, 1, 'result.missing');
  SELECT tenure_refuse(CASE WHEN NEW.revision <> 1
                                 OR EXISTS (SELECT 1 FROM tenure_turn
                                             WHERE session_id = NEW.session_id AND turn_id = NEW.turn_id
                                               AND incarnation <> NEW.incarnation)
                            THEN 'write.result'
                            WHEN NEW.recorded_at > session_now() THEN 'write.stamp' END,
                       'what', 'a result');
END;

CREATE TRIGGER tenure_result_update_guard BEFORE UPDATE ON tenure_result
BEGIN
  SELECT tenure_check_text('summary', NEW.summary);
  SELECT tenure_refuse('write.null')
   WHERE NEW.turn_id IS NULL OR NEW.provenance IS NULL OR NEW.final IS NULL OR NEW.revision IS NULL;
  SELECT tenure_refuse(
           CASE WHEN NEW.session_id <> OLD.session_id OR NEW.incarnation <> OLD.incarnation
                     OR NEW.turn_id <> OLD.turn_id THEN 'write.fixed'
                WHEN NEW.revision <> session_next_revision(OLD.revision)
                     OR NOT session_result_replaces(OLD.provenance, OLD.final, NEW.provenance)
                THEN 'write.result'
                WHEN NEW.recorded_at < OLD.recorded_at
                     OR NEW.recorded_at > max(OLD.recorded_at, session_now())
                THEN 'write.stamp' END,
           'what', 'a result of session ' || OLD.session_id);
  INSERT INTO tenure_row_gate (session_id, incarnation, turn_id, late)
  VALUES (OLD.session_id, OLD.incarnation, OLD.turn_id, 1);
END;

CREATE TRIGGER tenure_result_delete_guard BEFORE DELETE ON tenure_result
BEGIN
  SELECT tenure_refuse('write.delete', 'what', 'a result of a session that is still there')
   WHERE EXISTS (SELECT 1 FROM tenure_session WHERE session_id = OLD.session_id);
END;

CREATE TRIGGER tenure_result_recorded AFTER INSERT ON tenure_result
BEGIN
  INSERT INTO tenure_logged (session_id, incarnation, event, turn_id, detail)
  VALUES (NEW.session_id, NEW.incarnation, 'result.recorded', NEW.turn_id,
          tenure_object('verb', tenure_verb_name(), 'status', NEW.status,
                        'exit_code', NEW.exit_code, 'provenance', NEW.provenance,
                        'final', NULLIF(NEW.final, 0)));
END;

CREATE TRIGGER tenure_result_replaced AFTER UPDATE ON tenure_result
BEGIN
  INSERT INTO tenure_logged (session_id, incarnation, event, turn_id, detail)
  VALUES (NEW.session_id, NEW.incarnation, 'result.replaced', NEW.turn_id,
          tenure_object('verb', tenure_verb_name(), 'status', NEW.status,
                        'exit_code', NEW.exit_code, 'provenance', NEW.provenance,
                        'final', NULLIF(NEW.final, 0), 'prior_status', OLD.status,
                        'prior_provenance', OLD.provenance));
END;

CREATE TRIGGER tenure_completion_insert_guard BEFORE INSERT ON tenure_completion
BEGIN
  SELECT tenure_refuse('write.exists', 'table', 'tenure_completion')
    FROM tenure_completion
   WHERE session_id = NEW.session_id AND incarnation = NEW.incarnation;
  SELECT tenure_check_text('reason', NEW.reason);
  INSERT INTO tenure_row_gate (session_id, incarnation, late, missing)
  VALUES (NEW.session_id, NEW.incarnation, 1, 'completion.missing');
  SELECT tenure_refuse('write.stamp', 'what', 'a completion packet') WHERE NEW.recorded_at > session_now();
END;

CREATE TRIGGER tenure_completion_update_guard BEFORE UPDATE ON tenure_completion
BEGIN
  SELECT tenure_refuse('write.append_only', 'table', 'tenure_completion');
END;

CREATE TRIGGER tenure_completion_delete_guard BEFORE DELETE ON tenure_completion
BEGIN
  SELECT tenure_refuse('write.delete', 'what', 'a completion packet of a session that is still there')
   WHERE EXISTS (SELECT 1 FROM tenure_session WHERE session_id = OLD.session_id);
END;

CREATE TRIGGER tenure_completion_recorded AFTER INSERT ON tenure_completion
BEGIN
  INSERT INTO tenure_logged (session_id, incarnation, event, detail)
  VALUES (NEW.session_id, NEW.incarnation, 'completion.recorded',
          tenure_object('verb', tenure_verb_name(), 'status', NEW.status,
                        'exit_code', NEW.exit_code, 'reason', NEW.reason));
END;

CREATE TRIGGER tenure_session_delete_results AFTER DELETE ON tenure_session
BEGIN
  DELETE FROM tenure_result WHERE session_id = OLD.session_id;
  DELETE FROM tenure_completion WHERE session_id = OLD.session_id;
END;
