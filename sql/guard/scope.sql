-- The counter of a scope moves only as its sessions move: never by hand, never back, never away.

CREATE TRIGGER tenure_scope_insert_guard BEFORE INSERT ON tenure_scope
WHEN tenure_effect_name() IS NOT 'counter'
BEGIN
  SELECT tenure_refuse('write.counter');
END;

CREATE TRIGGER tenure_scope_update_guard BEFORE UPDATE ON tenure_scope
WHEN tenure_effect_name() IS NOT 'counter' OR NEW.revision < OLD.revision OR NEW.scope <> OLD.scope
BEGIN
  SELECT tenure_refuse('write.counter');
END;

CREATE TRIGGER tenure_scope_delete_guard BEFORE DELETE ON tenure_scope
BEGIN
  SELECT tenure_refuse('write.delete', 'what', 'the counter of a scope');
END;
