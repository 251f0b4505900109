-- tenure_turn_take_input: the running turn takes what was said to it, in order, at a safe point: one
-- hand-over, after which the input counts as seen.
-- receipt: session_id turn_id?

CREATE VIEW tenure_turn_take_input AS
SELECT NULL AS session_id, NULL AS fence, NULL AS incarnation, NULL AS turn_id, NULL AS receipt_id
 WHERE 0;

CREATE TRIGGER tenure_turn_take_input_run INSTEAD OF INSERT ON tenure_turn_take_input
WHEN NEW.receipt_id IS NULL
BEGIN
  SELECT tenure_verb('turn_take_input', NULL, NULL);
  INSERT INTO tenure_turn_gate (session_id, incarnation, fence, opens)
  VALUES (NEW.session_id, NEW.incarnation, NEW.fence, 1);
  SELECT tenure_refuse(
           CASE WHEN o.turn_id IS NULL THEN 'steer.no_active_turn'
                WHEN NEW.turn_id IS NOT NULL AND NEW.turn_id IS NOT o.turn_id
                THEN 'steer.mismatch' END,
           'session', NEW.session_id, 'expected', NEW.turn_id, 'turn', o.turn_id)
    FROM (SELECT 1)
    LEFT JOIN tenure_turn AS o
      ON o.session_id = NEW.session_id AND o.ended_at IS NULL AND o.state = 'running';
  INSERT INTO tenure_turn_input_taking (session_id, turn_id, input)
  SELECT o.session_id, o.turn_id,
         (SELECT '[' || coalesce(group_concat(q.item, ','), '') || ']'
            FROM (SELECT tenure_object('seq', i.seq, 'payload', i.payload, 'at', i.at) AS item
                    FROM tenure_turn_input AS i
                   WHERE i.session_id = o.session_id AND i.turn_id = o.turn_id AND i.state = 'pending'
                   ORDER BY i.seq) AS q)
    FROM tenure_turn AS o
   WHERE o.session_id = NEW.session_id AND o.ended_at IS NULL;
END;

-- The turn, and as JSON what is pending. The report comes last: a trigger of the user's on the input may run a verb,
-- whose report would take its place.
CREATE VIEW tenure_turn_input_taking AS
SELECT NULL AS session_id, NULL AS turn_id, NULL AS input WHERE 0;

CREATE TRIGGER tenure_turn_input_take INSTEAD OF INSERT ON tenure_turn_input_taking
BEGIN
  SELECT tenure_within('turn_take_input');
  UPDATE tenure_turn_input SET state = 'consumed'
   WHERE session_id = NEW.session_id AND state = 'pending';
  SELECT tenure_refuse('usage.conflict_clause') FROM tenure_turn_input
   WHERE session_id = NEW.session_id AND state = 'pending';
  SELECT tenure_report(s.session_id, s.scope, 'command', 'turn-take-input', 'ok:bool', 1,
                       'session_id', s.session_id, 'turn_id', NEW.turn_id, 'input:json', NEW.input)
    FROM tenure_session AS s WHERE s.session_id = NEW.session_id;
END;
