-- tenure_escalate: something in a scope needs a person. Anyone may say so; the living session of the
-- scope is noted as its source.
-- receipt: scope

CREATE VIEW tenure_escalate AS
SELECT NULL AS scope, NULL AS kind, NULL AS reason, NULL AS actor_id, NULL AS receipt_id WHERE 0;

CREATE TRIGGER tenure_escalate_run INSTEAD OF INSERT ON tenure_escalate
WHEN NEW.receipt_id IS NULL
BEGIN
  SELECT tenure_verb('escalate', NEW.actor_id, NEW.reason);
  SELECT tenure_check_word('opt.kind', coalesce(NEW.kind, ''), 'blocking', 'non_blocking'),
         tenure_refuse(CASE WHEN tenure_is_blank(NEW.reason)
                            THEN 'opt.required' END, 'what', 'reason'),
         tenure_check_text('reason', NEW.reason), tenure_check_actor('actor_id', NEW.actor_id);
  INSERT INTO tenure_escalate_new (escalation_id, scope, kind, reason)
  VALUES (session_mint_id('esc_'), tenure_check_scope(NEW.scope), NEW.kind,
          tenure_check_text('reason', NEW.reason));
END;

-- An escalation with its new id.
CREATE VIEW tenure_escalate_new AS
SELECT NULL AS escalation_id, NULL AS scope, NULL AS kind, NULL AS reason WHERE 0;

CREATE TRIGGER tenure_escalate_do INSTEAD OF INSERT ON tenure_escalate_new
BEGIN
  SELECT tenure_within('escalate');
  INSERT INTO tenure_escalation (escalation_id, scope, session_id, kind, reason, created_at)
  VALUES (NEW.escalation_id, NEW.scope,
          (SELECT session_id FROM tenure_session WHERE scope = NEW.scope AND ended_at IS NULL),
          NEW.kind, NEW.reason, session_now());
  SELECT tenure_refuse('usage.conflict_clause') WHERE changes() <> 1;
  SELECT tenure_report(e.session_id, e.scope, 'command', 'escalate', 'ok:bool', 1, 'scope', e.scope,
                       'escalation_id', e.escalation_id, 'session_id', e.session_id, 'kind', e.kind,
                       'reason', e.reason, 'created_at_epoch_s', e.created_at)
    FROM tenure_escalation AS e WHERE e.escalation_id = NEW.escalation_id;
END;
