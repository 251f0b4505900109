-- tenure_request_resolve: the answer. Late, duplicate and unknown answers are harmless: they change nothing
-- and say so. A decision to abort gives up the whole turn. What is to be remembered becomes grants: for the
-- session where it was approved for that, for the turn where it was approved; what is approved for always is
-- for the caller to keep.
-- receipt: session_id request_id

CREATE VIEW tenure_request_resolve AS
SELECT NULL AS session_id, NULL AS fence, NULL AS incarnation, NULL AS request_id,
       NULL AS decision, NULL AS remember, NULL AS receipt_id
 WHERE 0;

CREATE TRIGGER tenure_request_resolve_run INSTEAD OF INSERT ON tenure_request_resolve
WHEN NEW.receipt_id IS NULL
BEGIN
  SELECT tenure_verb('request_resolve', NULL, NULL);
  SELECT tenure_refuse(CASE WHEN NEW.request_id IS NULL OR NEW.decision IS NULL
                            THEN 'opt.required' END,
                       'what', CASE WHEN NEW.request_id IS NULL THEN 'request_id' ELSE 'decision' END),
         tenure_check_text('decision', NEW.decision), tenure_check_json_array('opt.keys', NEW.remember);
  INSERT INTO tenure_turn_gate (session_id, incarnation, fence, opens)
  VALUES (NEW.session_id, NEW.incarnation, NEW.fence, 0);
  INSERT INTO tenure_request_resolving (session_id, request_id, attempt, turn_id, kind, decision,
                                        remember)
  SELECT NEW.session_id, tenure_check_id('request_id', NEW.request_id), r.attempt, r.turn_id, r.kind,
         tenure_check_text('decision', NEW.decision), NEW.remember
    FROM (SELECT 1)
    LEFT JOIN tenure_request AS r
      ON r.session_id = NEW.session_id AND r.request_id = NEW.request_id AND r.state = 'pending';
END;

-- An answer beside the pending attempt it is for; attempt is NULL if none waits.
CREATE VIEW tenure_request_resolving AS
SELECT NULL AS session_id, NULL AS request_id, NULL AS attempt, NULL AS turn_id, NULL AS kind,
       NULL AS decision, NULL AS remember
 WHERE 0;

CREATE TRIGGER tenure_request_resolve_do INSTEAD OF INSERT ON tenure_request_resolving
WHEN NEW.attempt IS NOT NULL
BEGIN
  SELECT tenure_within('request_resolve');
  SELECT CASE WHEN NEW.kind = 'approval'
              THEN tenure_check_word('opt.decision', NEW.decision, 'approved',
                                     'approved_for_session', 'approved_always', 'denied', 'abort')
         END;
  UPDATE tenure_request
     SET state = 'resolved', decision = NEW.decision, resolved_at = max(session_now(), created_at)
   WHERE session_id = NEW.session_id AND request_id = NEW.request_id AND attempt = NEW.attempt;
  SELECT tenure_refuse('usage.conflict_clause') WHERE changes() <> 1;
  INSERT INTO tenure_grant (session_id, key, turn_id)
  SELECT DISTINCT NEW.session_id, k.value, CASE NEW.decision WHEN 'approved' THEN NEW.turn_id ELSE '' END
    FROM tenure_json_texts(NEW.remember) AS k
   WHERE (NEW.decision = 'approved_for_session' OR NEW.decision = 'approved')
     AND NOT EXISTS (SELECT 1 FROM tenure_grant AS g
                      WHERE g.session_id = NEW.session_id AND g.key = k.value
                        AND g.turn_id = CASE NEW.decision WHEN 'approved' THEN NEW.turn_id
                                                          ELSE '' END);
  INSERT INTO tenure_turn_abort_judged (session_id, turn_id, reason)
  SELECT NEW.session_id, NEW.turn_id, 'interrupted'
   WHERE NEW.decision = 'abort'
     AND EXISTS (SELECT 1 FROM tenure_turn
                  WHERE session_id = NEW.session_id AND turn_id = NEW.turn_id
                    AND ended_at IS NULL);
  SELECT tenure_report(s.session_id, s.scope, 'command', 'request-resolve', 'ok:bool', 1,
                       'session_id', s.session_id, 'request_id', NEW.request_id,
                       'attempt', NEW.attempt, 'applied:bool', 1, 'stale:bool', 0,
                       'decision', NEW.decision, 'turn_id', NEW.turn_id, 'status', s.status)
    FROM tenure_session AS s WHERE s.session_id = NEW.session_id;
END;

CREATE TRIGGER tenure_request_resolve_late INSTEAD OF INSERT ON tenure_request_resolving
WHEN NEW.attempt IS NULL
BEGIN
  SELECT tenure_within('request_resolve');
  SELECT tenure_report(s.session_id, s.scope, 'command', 'request-resolve', 'ok:bool', 1,
                       'session_id', s.session_id, 'request_id', NEW.request_id,
                       'applied:bool', 0, 'stale:bool', 1, 'status', s.status)
    FROM tenure_session AS s WHERE s.session_id = NEW.session_id;
END;
