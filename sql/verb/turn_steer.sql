-- tenure_turn_steer: says something to the running turn. It waits until the turn takes its input.
-- receipt: session_id expected_turn_id?

CREATE VIEW tenure_turn_steer AS
SELECT NULL AS session_id, NULL AS fence, NULL AS incarnation, NULL AS expected_turn_id,
       NULL AS input, NULL AS receipt_id
 WHERE 0;

CREATE TRIGGER tenure_turn_steer_run INSTEAD OF INSERT ON tenure_turn_steer
WHEN NEW.receipt_id IS NULL
BEGIN
  SELECT tenure_verb('turn_steer', NULL, NULL);
  SELECT tenure_check_text('input', NEW.input);
  INSERT INTO tenure_turn_gate (session_id, incarnation, fence, opens)
  VALUES (NEW.session_id, NEW.incarnation, NEW.fence, 1);
  SELECT tenure_refuse(
           CASE WHEN o.turn_id IS NULL THEN 'steer.no_active_turn'
                WHEN NEW.expected_turn_id IS NOT NULL AND NEW.expected_turn_id IS NOT o.turn_id
                THEN 'steer.mismatch'
                WHEN o.kind <> 'regular' THEN 'steer.not_steerable'
                WHEN tenure_is_blank(NEW.input) THEN 'steer.empty' END,
           'session', NEW.session_id, 'expected', NEW.expected_turn_id, 'turn', o.turn_id,
           'kind', o.kind)
    FROM (SELECT 1)
    LEFT JOIN tenure_turn AS o
      ON o.session_id = NEW.session_id AND o.ended_at IS NULL AND o.state = 'running';

  INSERT INTO tenure_turn_input (session_id, turn_id, seq, payload, at)
  SELECT o.session_id, o.turn_id,
         1 + (SELECT coalesce(max(seq), 0) FROM tenure_turn_input
               WHERE session_id = o.session_id AND turn_id = o.turn_id),
         tenure_check_text('input', NEW.input), session_now()
    FROM tenure_turn AS o WHERE o.session_id = NEW.session_id AND o.ended_at IS NULL;
  SELECT tenure_refuse('usage.conflict_clause') WHERE changes() <> 1;

  SELECT tenure_report(s.session_id, s.scope, 'command', 'turn-steer', 'ok:bool', 1,
                       'session_id', s.session_id, 'turn_id', o.turn_id,
                       'seq', (SELECT max(seq) FROM tenure_turn_input
                                WHERE session_id = o.session_id AND turn_id = o.turn_id))
    FROM tenure_session AS s
    JOIN tenure_turn AS o ON o.session_id = s.session_id AND o.ended_at IS NULL
   WHERE s.session_id = NEW.session_id;
END;
