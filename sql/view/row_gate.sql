-- What is asked first of a plain row that belongs to a session:
--   * its session is there; missing is the code of the refusal if not;
--   * the session is on the clock of this connection;
--   * if the row has an incarnation, it is the session's; or the row is about a turn that is there (turn_id), and then
--     it is the turn's;
--   * where a row may come after the end (late = 1), the session was not taken from its holder.

CREATE VIEW tenure_row_gate AS
SELECT NULL AS session_id, NULL AS incarnation, NULL AS turn_id, NULL AS late, NULL AS missing WHERE 0;

CREATE TRIGGER tenure_row_gate_judge INSTEAD OF INSERT ON tenure_row_gate
BEGIN
  INSERT INTO tenure_refusal (code, session_id, incarnation)
  VALUES ((SELECT CASE WHEN s.session_id IS NULL THEN NEW.missing
                       WHEN s.incarnation <> NEW.incarnation
                            AND NOT EXISTS (SELECT 1 FROM tenure_turn
                                             WHERE session_id = NEW.session_id AND turn_id = NEW.turn_id)
                       THEN 'fence.session'
                       WHEN NEW.late AND session_end_is_loss(s.end_reason) THEN 'fence.token' END
             FROM (SELECT 1) LEFT JOIN tenure_session AS s ON s.session_id = NEW.session_id),
          NEW.session_id, NEW.incarnation);
  SELECT tenure_refuse('usage.clock', 'row', clock, 'connection', tenure_clock_kind())
    FROM tenure_session
   WHERE session_id = NEW.session_id AND clock <> tenure_clock_kind();
END;
