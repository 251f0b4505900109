-- tenure_gate_set: what must hold in a scope before work goes on, as a JSON array. With
-- expected_revision it is a compare-and-set; 0 is the revision of gates that were never set.
-- receipt: scope

CREATE VIEW tenure_gate_set AS
SELECT NULL AS scope, NULL AS gates, NULL AS expected_revision, NULL AS actor_id, NULL AS receipt_id
 WHERE 0;

CREATE TRIGGER tenure_gate_set_run INSTEAD OF INSERT ON tenure_gate_set
WHEN NEW.receipt_id IS NULL
BEGIN
  SELECT tenure_verb('gate_set', NEW.actor_id, NULL);
  SELECT tenure_check_actor('actor_id', NEW.actor_id);
  SELECT tenure_refuse(CASE WHEN NEW.gates IS NULL THEN 'opt.gates'
                            WHEN tenure_check_scope(NEW.scope) IS NULL THEN 'opt.required' END,
                       'what', 'scope'),
         tenure_check_json_array('opt.gates', NEW.gates),
         tenure_check_int('usage.expected_revision', NEW.expected_revision, 0, 9223372036854775807);
  SELECT tenure_refuse(CASE WHEN tenure_check_int('usage.expected_revision',
                                             NEW.expected_revision, 0, 9223372036854775807)
                                 <> coalesce(g.revision, 0)
                            THEN 'gate.conflict' END,
                       'scope', tenure_check_scope(NEW.scope), 'revision', g.revision,
                       'expected', NEW.expected_revision)
    FROM (SELECT 1) LEFT JOIN tenure_gate AS g ON g.scope = tenure_check_scope(NEW.scope);
  UPDATE tenure_gate
     SET gates = tenure_check_json_array('opt.gates', NEW.gates), revision = session_next_revision(revision)
   WHERE scope = tenure_check_scope(NEW.scope);
  INSERT INTO tenure_gate (scope, gates, revision)
  SELECT tenure_check_scope(NEW.scope), tenure_check_json_array('opt.gates', NEW.gates), 1
   WHERE NOT EXISTS (SELECT 1 FROM tenure_gate WHERE scope = tenure_check_scope(NEW.scope));
  SELECT tenure_refuse('usage.conflict_clause')
   WHERE NOT EXISTS (SELECT 1 FROM tenure_gate WHERE scope = tenure_check_scope(NEW.scope)
                        AND gates = tenure_check_json_array('opt.gates', NEW.gates));
  SELECT tenure_report(NULL, g.scope, 'command', 'gate-set', 'ok:bool', 1, 'scope', g.scope,
                       'gates:json', g.gates, 'revision', g.revision)
    FROM tenure_gate AS g WHERE g.scope = tenure_check_scope(NEW.scope);
END;
