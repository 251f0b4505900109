-- tenure_escalation_resolve: an escalation was dealt with. Once; a second time it is missing.
-- receipt: escalation_id

CREATE VIEW tenure_escalation_resolve AS
SELECT NULL AS escalation_id, NULL AS actor_id, NULL AS receipt_id WHERE 0;

CREATE TRIGGER tenure_escalation_resolve_run INSTEAD OF INSERT ON tenure_escalation_resolve
WHEN NEW.receipt_id IS NULL
BEGIN
  SELECT tenure_verb('escalation_resolve', NEW.actor_id, NULL);
  SELECT tenure_check_actor('actor_id', NEW.actor_id);
  SELECT tenure_refuse(
           CASE WHEN NOT EXISTS (SELECT 1 FROM tenure_escalation
                                  WHERE escalation_id = NEW.escalation_id AND resolved_at IS NULL)
                THEN 'escalation.missing' END, 'id', NEW.escalation_id);
  UPDATE tenure_escalation SET resolved_at = max(session_now(), created_at)
   WHERE escalation_id = NEW.escalation_id;
  SELECT tenure_refuse('usage.conflict_clause') WHERE changes() <> 1;
  SELECT tenure_report(e.escalation_id, e.scope, 'command', 'escalation-resolve', 'ok:bool', 1,
                       'scope', e.scope, 'escalation_id', e.escalation_id, 'kind', e.kind,
                       'resolved_at_epoch_s', e.resolved_at)
    FROM tenure_escalation AS e WHERE e.escalation_id = NEW.escalation_id;
END;
