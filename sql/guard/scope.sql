-- The counter of a scope moves only as its sessions move: never by hand, never back, never away.

CREATE TRIGGER tenure_counter_insert_guard BEFORE INSERT ON tenure_counter
WHEN tenure_effect_name() IS NOT 'counter'
BEGIN
  SELECT tenure_refuse('write.counter');
END;

CREATE TRIGGER tenure_counter_update_guard BEFORE UPDATE ON tenure_counter
WHEN tenure_effect_name() IS NOT 'counter' OR NEW.revision < OLD.revision OR NEW.scope <> OLD.scope
BEGIN
  SELECT tenure_refuse('write.counter');
END;

CREATE TRIGGER tenure_counter_delete_guard BEFORE DELETE ON tenure_counter
BEGIN
  SELECT tenure_refuse('write.delete', 'what', 'the counter of a scope');
END;

CREATE TRIGGER tenure_scope_insert_guard INSTEAD OF INSERT ON tenure_scope
BEGIN
  SELECT tenure_refuse('write.counter');
END;

CREATE TRIGGER tenure_scope_update_guard INSTEAD OF UPDATE ON tenure_scope
BEGIN
  SELECT tenure_refuse('write.counter');
END;

CREATE TRIGGER tenure_scope_delete_guard INSTEAD OF DELETE ON tenure_scope
BEGIN
  SELECT tenure_refuse('write.delete', 'what', 'the counter of a scope');
END;
