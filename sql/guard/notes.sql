-- Escalations, gates and baselines: what may change in them, and the events of it.

CREATE TRIGGER tenure_escalation_insert_guard BEFORE INSERT ON tenure_escalation
BEGIN
  SELECT tenure_refuse('write.exists', 'table', 'tenure_escalation')
    FROM tenure_escalation WHERE escalation_id = NEW.escalation_id;
  SELECT tenure_check_text('reason', NEW.reason), tenure_check_scope(NEW.scope);
  SELECT tenure_refuse('write.stamp', 'what', 'an escalation') WHERE NEW.created_at > session_now();
END;

CREATE TRIGGER tenure_escalation_update_guard BEFORE UPDATE ON tenure_escalation
BEGIN
  SELECT tenure_refuse('write.fixed', 'what', 'an escalation, but for its one resolution,')
   WHERE NEW.escalation_id <> OLD.escalation_id OR NEW.scope IS NOT OLD.scope
      OR NEW.session_id IS NOT OLD.session_id OR NEW.kind <> OLD.kind OR NEW.reason <> OLD.reason
      OR NEW.created_at <> OLD.created_at OR OLD.resolved_at IS NOT NULL
      OR NEW.resolved_at < OLD.created_at;
END;

CREATE TRIGGER tenure_escalation_opened AFTER INSERT ON tenure_escalation
BEGIN
  INSERT INTO tenure_event (at, session_id, scope, event, actor_id, detail)
  VALUES (session_now(), NEW.session_id, NEW.scope, 'escalation.opened', tenure_verb_actor(),
          tenure_object('escalation_id', NEW.escalation_id, 'kind', NEW.kind, 'reason', NEW.reason));
END;

CREATE TRIGGER tenure_escalation_resolved AFTER UPDATE ON tenure_escalation
WHEN NEW.resolved_at IS NOT OLD.resolved_at
BEGIN
  INSERT INTO tenure_event (at, session_id, scope, event, actor_id, detail)
  VALUES (session_now(), NEW.session_id, NEW.scope, 'escalation.resolved', tenure_verb_actor(),
          tenure_object('escalation_id', NEW.escalation_id));
END;

CREATE TRIGGER tenure_escalation_removed AFTER DELETE ON tenure_escalation
BEGIN
  INSERT INTO tenure_event (at, session_id, scope, event, actor_id, detail)
  VALUES (session_now(), OLD.session_id, OLD.scope, 'escalation.removed', tenure_verb_actor(),
          tenure_object('verb', tenure_verb_name(), 'escalation_id', OLD.escalation_id,
                        'kind', OLD.kind, 'reason', OLD.reason, 'resolved_at', OLD.resolved_at));
END;

CREATE TRIGGER tenure_gate_insert_guard BEFORE INSERT ON tenure_gate
BEGIN
  SELECT tenure_refuse('write.exists', 'table', 'tenure_gate')
    FROM tenure_gate WHERE scope = NEW.scope;
  SELECT tenure_check_json_array('opt.gates', NEW.gates);
  SELECT tenure_refuse('write.revision', 'what', 'new gates', 'expected', 1, 'revision', NEW.revision)
   WHERE NEW.revision <> 1;
END;

CREATE TRIGGER tenure_gate_update_guard BEFORE UPDATE ON tenure_gate
BEGIN
  SELECT tenure_refuse('write.fixed', 'what', 'the scope of gates') WHERE NEW.scope <> OLD.scope;
  SELECT tenure_check_json_array('opt.gates', NEW.gates);
  SELECT tenure_refuse('write.revision', 'what', 'these gates',
                       'expected', session_next_revision(OLD.revision), 'revision', NEW.revision)
   WHERE NEW.revision <> session_next_revision(OLD.revision);
END;

CREATE TRIGGER tenure_gate_set_event AFTER INSERT ON tenure_gate
BEGIN
  INSERT INTO tenure_event (at, scope, revision, event, actor_id, detail)
  VALUES (session_now(), NEW.scope, NEW.revision, 'gate.set', tenure_verb_actor(),
          tenure_object('gates:json', NEW.gates));
END;

CREATE TRIGGER tenure_gate_changed_event AFTER UPDATE ON tenure_gate
BEGIN
  INSERT INTO tenure_event (at, scope, revision, event, actor_id, detail)
  VALUES (session_now(), NEW.scope, NEW.revision, 'gate.set', tenure_verb_actor(),
          tenure_object('gates:json', NEW.gates));
END;

CREATE TRIGGER tenure_gate_removed_event AFTER DELETE ON tenure_gate
BEGIN
  INSERT INTO tenure_event (at, scope, revision, event, actor_id, detail)
  VALUES (session_now(), OLD.scope, OLD.revision, 'gate.removed', tenure_verb_actor(),
          tenure_object('verb', tenure_verb_name(), 'gates:json', OLD.gates));
END;

CREATE TRIGGER tenure_baseline_insert_guard BEFORE INSERT ON tenure_baseline
BEGIN
  SELECT tenure_refuse('write.exists', 'table', 'tenure_baseline')
    FROM tenure_baseline WHERE session_id = NEW.session_id AND name = NEW.name;
  SELECT tenure_check_id('name', NEW.name), tenure_check_text('digest', NEW.digest);
  INSERT INTO tenure_row_gate (session_id, missing) VALUES (NEW.session_id, 'baseline.missing');
END;

CREATE TRIGGER tenure_baseline_set_event AFTER INSERT ON tenure_baseline
BEGIN
  INSERT INTO tenure_logged (session_id, event, detail)
  VALUES (NEW.session_id, 'baseline.set', tenure_object('name', NEW.name, 'digest', NEW.digest));
END;

-- A baseline is replaced or forgotten, not rewritten. Asking for the clock keeps out clients that have not
-- loaded the extension.
CREATE TRIGGER tenure_baseline_update_guard BEFORE UPDATE ON tenure_baseline
BEGIN
  SELECT tenure_refuse('write.fixed', 'what', 'a baseline');
END;

CREATE TRIGGER tenure_baseline_delete_guard BEFORE DELETE ON tenure_baseline
BEGIN
  SELECT session_now();
END;
