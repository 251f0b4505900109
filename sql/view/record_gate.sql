-- The rules that recording a result and recording a completion packet begin with: the session is there, it
-- is the incarnation meant, the fence is right, the clock is the session's. An ended session still takes
-- them, so that the truth can arrive late, but not from a holder that somebody else has replaced.

CREATE VIEW tenure_record_gate AS
SELECT NULL AS session_id, NULL AS incarnation, NULL AS fence, NULL AS missing WHERE 0;

CREATE TRIGGER tenure_record_gate_judge INSTEAD OF INSERT ON tenure_record_gate
BEGIN
  SELECT tenure_within('record_result', 'record_completion');
  SELECT tenure_check_int('usage.incarnation', NEW.incarnation, 1, 9223372036854775807),
         tenure_refuse(CASE WHEN NEW.session_id IS NULL THEN 'opt.required' END, 'what', 'session_id');
  INSERT INTO tenure_refusal (code, session_id, asked, incarnation)
  VALUES ((SELECT CASE
                    WHEN s.session_id IS NULL THEN NEW.missing
                    WHEN NEW.incarnation IS NOT NULL AND NEW.incarnation IS NOT s.incarnation
                    THEN 'fence.session'
                    ELSE coalesce(
                      tenure_fence_refusal(NULL, NEW.fence, s.strict, s.scope, s.fence, 0),
                      CASE WHEN session_end_is_loss(s.end_reason) THEN 'fence.token' END) END
             FROM (SELECT 1) LEFT JOIN tenure_session AS s ON s.session_id = NEW.session_id),
          NEW.session_id, NEW.fence, NEW.incarnation);
  SELECT tenure_refuse('usage.clock', 'row', clock, 'connection', tenure_clock_kind())
    FROM tenure_session
   WHERE session_id = NEW.session_id AND clock <> tenure_clock_kind();
END;
