-- The rules that every verb on turns begins with: the session is there, it is the incarnation meant, the
-- fence is right, the clock is the session's; and for a verb that opens or feeds work (opens = 1), it is
-- living and not stale.

CREATE VIEW tenure_turn_gate AS
SELECT NULL AS session_id, NULL AS incarnation, NULL AS fence, NULL AS opens WHERE 0;

CREATE TRIGGER tenure_turn_gate_judge INSTEAD OF INSERT ON tenure_turn_gate
BEGIN
  SELECT tenure_within('turn_request_start', 'turn_begin', 'turn_steer', 'turn_take_input', 'turn_end',
                       'turn_abort', 'request_open', 'request_resolve', 'usage', 'provider_event');
  SELECT tenure_check_int('usage.incarnation', NEW.incarnation, 1, 9223372036854775807),
         tenure_refuse(CASE WHEN NEW.session_id IS NULL THEN 'opt.required' END, 'what', 'session_id');
  INSERT INTO tenure_refusal (code, session_id, asked, incarnation)
  VALUES ((SELECT CASE
                    WHEN s.session_id IS NULL THEN 'turn.missing'
                    WHEN (NEW.opens AND s.ended_at IS NOT NULL)
                         OR (NEW.incarnation IS NOT NULL AND NEW.incarnation IS NOT s.incarnation)
                    THEN 'fence.session'
                    ELSE coalesce(
                      tenure_fence_refusal(NULL, NEW.fence, s.strict, s.scope, s.fence, 0),
                      CASE WHEN NEW.opens AND h.stale THEN 'turn.stale' END) END
             FROM (SELECT 1)
             LEFT JOIN tenure_session AS s ON s.session_id = NEW.session_id
             LEFT JOIN tenure_lease AS h ON h.session_id = NEW.session_id),
          NEW.session_id, NEW.fence, NEW.incarnation);
  SELECT tenure_refuse('usage.clock', 'row', clock, 'connection', tenure_clock_kind())
    FROM tenure_session
   WHERE session_id = NEW.session_id AND clock <> tenure_clock_kind();
END;
