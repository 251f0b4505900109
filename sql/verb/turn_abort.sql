-- tenure_turn_abort: the open turn is given up. Idempotent: with nothing open it changes nothing. The turn
-- ends before the session moves, and what waited on it fails closed.
-- receipt: session_id turn_id?

CREATE VIEW tenure_turn_abort AS
SELECT NULL AS session_id, NULL AS fence, NULL AS incarnation, NULL AS turn_id, NULL AS reason,
       NULL AS receipt_id
 WHERE 0;

CREATE TRIGGER tenure_turn_abort_run INSTEAD OF INSERT ON tenure_turn_abort
WHEN NEW.receipt_id IS NULL
BEGIN
  SELECT tenure_verb('turn_abort', NULL, NULL);
  SELECT tenure_check_word('opt.abort_reason', NEW.reason, 'interrupted', 'replaced', 'review_ended',
                           'budget_limited');
  INSERT INTO tenure_turn_gate (session_id, incarnation, fence, opens)
  VALUES (NEW.session_id, NEW.incarnation, NEW.fence, 0);
  SELECT tenure_refuse(CASE WHEN NEW.turn_id IS NOT NULL AND NEW.turn_id IS NOT o.turn_id
                            THEN 'abort.mismatch' END,
                       'session', NEW.session_id, 'expected', NEW.turn_id, 'turn', o.turn_id)
    FROM tenure_turn AS o WHERE o.session_id = NEW.session_id AND o.ended_at IS NULL;
  INSERT INTO tenure_turn_abort_judged (session_id, turn_id, reason, asked_id)
  VALUES (NEW.session_id,
          (SELECT turn_id FROM tenure_turn
            WHERE session_id = NEW.session_id AND ended_at IS NULL),
          coalesce(NEW.reason, 'interrupted'), NEW.turn_id);
END;

-- turn_id is the turn that is open, asked_id the one that the caller named.
CREATE VIEW tenure_turn_abort_judged AS
SELECT NULL AS session_id, NULL AS turn_id, NULL AS reason, NULL AS asked_id WHERE 0;

CREATE TRIGGER tenure_turn_abort_do INSTEAD OF INSERT ON tenure_turn_abort_judged
WHEN NEW.turn_id IS NOT NULL
BEGIN
  SELECT tenure_within('turn_abort', 'request_resolve');
  UPDATE tenure_turn SET state = 'interrupted', abort_reason = NEW.reason
   WHERE session_id = NEW.session_id AND turn_id = NEW.turn_id;
  SELECT tenure_refuse('usage.conflict_clause')
   WHERE changes() <> 1
      OR EXISTS (SELECT 1 FROM tenure_turn WHERE session_id = NEW.session_id AND ended_at IS NULL);
  UPDATE tenure_session
     SET status = CASE NEW.reason WHEN 'interrupted' THEN 'interrupted' ELSE 'ready' END,
         last_turn_id = NEW.turn_id,
         changed_at = max(session_now(), changed_at), revision = session_next_revision(revision)
   WHERE session_id = NEW.session_id;
  SELECT tenure_refuse('usage.conflict_clause') WHERE changes() <> 1;
  SELECT tenure_report(s.session_id, s.scope, 'command', 'turn-abort', 'ok:bool', 1,
                       'session_id', s.session_id, 'aborted:bool', 1, 'turn_id', NEW.turn_id,
                       'reason', NEW.reason, 'status', s.status, 'revision', s.revision)
    FROM tenure_session AS s WHERE s.session_id = NEW.session_id;
END;

CREATE TRIGGER tenure_turn_abort_nothing INSTEAD OF INSERT ON tenure_turn_abort_judged
WHEN NEW.turn_id IS NULL
BEGIN
  SELECT tenure_within('turn_abort');
  SELECT tenure_report(s.session_id, s.scope, 'command', 'turn-abort', 'ok:bool', 1,
                       'session_id', s.session_id, 'aborted:bool', 0, 'turn_id', NEW.asked_id,
                       'status', s.status, 'revision', s.revision)
    FROM tenure_session AS s WHERE s.session_id = NEW.session_id;
END;
