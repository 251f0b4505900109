-- Which schema is installed is tenure_install()'s to say. It deletes the row and inserts another, so nobody
-- updates one.

CREATE TRIGGER tenure_meta_insert_guard BEFORE INSERT ON tenure_meta
WHEN tenure_verb_name() IS NOT 'install'
BEGIN
  SELECT tenure_refuse('write.fixed', 'what', 'tenure_meta');
END;

CREATE TRIGGER tenure_meta_update_guard BEFORE UPDATE ON tenure_meta
BEGIN
  SELECT tenure_refuse('write.fixed', 'what', 'tenure_meta');
END;

CREATE TRIGGER tenure_meta_delete_guard BEFORE DELETE ON tenure_meta
WHEN tenure_verb_name() IS NOT 'install'
BEGIN
  SELECT tenure_refuse('write.fixed', 'what', 'tenure_meta');
END;
