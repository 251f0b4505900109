-- What every verb has besides its own rules: a receipt_id makes a verb safe to repeat. The first success is kept
-- with its report; the same id again gives that report and does nothing; a refusal leaves nothing, so the verb
-- is judged afresh. The trigger that each verb has for it (sql/receipt.template) asks here first, and keeps
-- here what came of it.

-- target says what must be the same when a verb is repeated: the session, the scope, either (a scope may stand for
-- the session, and then a session that is left out says nothing), or nothing. part is what the verb names within its
-- session, a turn, a request or a baseline, as its report calls it; named is which, and '' is none.
CREATE VIEW tenure_receipt_asked AS
SELECT NULL AS receipt_id, NULL AS verb, NULL AS target, NULL AS session_id, NULL AS scope,
       NULL AS part, NULL AS named
 WHERE 0;

CREATE TRIGGER tenure_receipt_ask INSTEAD OF INSERT ON tenure_receipt_asked
BEGIN
  SELECT tenure_within(NEW.verb);
  SELECT tenure_check_id('receipt_id', NEW.receipt_id);
  SELECT tenure_refuse(
           CASE WHEN r.verb <> NEW.verb
                     OR CASE NEW.target
                          WHEN 'session' THEN NEW.session_id IS NOT r.session_id
                          WHEN 'scope' THEN tenure_check_scope(NEW.scope) IS NOT r.scope
                          WHEN 'either'
                          THEN (NEW.session_id IS NOT NULL AND NEW.session_id IS NOT r.session_id)
                               OR ((NEW.scope IS NOT NULL OR NEW.session_id IS NULL)
                                   AND tenure_check_scope(NEW.scope) IS NOT r.scope) END
                     OR (NEW.part IS NOT NULL
                         AND NULLIF(NEW.named || '', '')
                             IS NOT NULLIF(tenure_detail(r.report, NEW.part) || '', ''))
                THEN 'receipt.conflict' END,
           'receipt', r.receipt_id, 'verb', r.verb, 'session', r.session_id, 'scope', r.scope,
           'part', NEW.part || ' ' || tenure_detail(r.report, NEW.part)),
         tenure_report_again(r.report)
    FROM tenure_receipt AS r WHERE r.receipt_id = NEW.receipt_id;
END;

CREATE VIEW tenure_receipt_kept AS
SELECT NULL AS receipt_id, NULL AS verb WHERE 0;

CREATE TRIGGER tenure_receipt_keep INSTEAD OF INSERT ON tenure_receipt_kept
BEGIN
  SELECT tenure_within(NEW.verb);
  INSERT INTO tenure_receipt (receipt_id, verb, session_id, scope, report, at)
  SELECT NEW.receipt_id, NEW.verb, tenure_report_session(), tenure_report_scope(), session_report(),
         session_now()
   WHERE NOT EXISTS (SELECT 1 FROM tenure_receipt WHERE receipt_id = NEW.receipt_id);
  SELECT tenure_refuse('usage.conflict_clause')
   WHERE NOT EXISTS (SELECT 1 FROM tenure_receipt WHERE receipt_id = NEW.receipt_id);
END;
