-- tenure_turn_request_start: a turn was asked for and will begin when the agent is ready. One per session,
-- the latest wins. A session that is not running becomes starting.
-- receipt: session_id

CREATE VIEW tenure_turn_request_start AS
SELECT NULL AS session_id, NULL AS fence, NULL AS incarnation, NULL AS message_id,
       NULL AS receipt_id
 WHERE 0;

CREATE TRIGGER tenure_turn_request_start_run INSTEAD OF INSERT ON tenure_turn_request_start
WHEN NEW.receipt_id IS NULL
BEGIN
  SELECT tenure_verb('turn_request_start', NULL, NULL);
  SELECT tenure_check_text('message_id', NEW.message_id);
  INSERT INTO tenure_turn_gate (session_id, incarnation, fence, opens)
  VALUES (NEW.session_id, NEW.incarnation, NEW.fence, 1);
  SELECT tenure_refuse(CASE WHEN NOT session_is_commandable(s.status) THEN 'turn.not_allowed' END,
                       'session', s.session_id, 'status', s.status)
    FROM tenure_session AS s WHERE s.session_id = NEW.session_id;

  UPDATE tenure_session
     SET status = CASE status WHEN 'running' THEN 'running' ELSE 'starting' END,
         changed_at = max(session_now(), changed_at), revision = session_next_revision(revision)
   WHERE session_id = NEW.session_id;
  SELECT tenure_refuse('usage.conflict_clause') WHERE changes() <> 1;
  DELETE FROM tenure_pending_start WHERE session_id = NEW.session_id;
  INSERT INTO tenure_pending_start (session_id, message_id, requested_at)
  VALUES (NEW.session_id, tenure_check_text('message_id', NEW.message_id), session_now());
  SELECT tenure_refuse('usage.conflict_clause') WHERE changes() <> 1;

  SELECT tenure_report(s.session_id, s.scope, 'command', 'turn-request-start', 'ok:bool', 1,
                       'session_id', s.session_id, 'message_id', p.message_id,
                       'requested_at_epoch_s', p.requested_at, 'status', s.status,
                       'revision', s.revision)
    FROM tenure_session AS s JOIN tenure_pending_start AS p ON p.session_id = s.session_id
   WHERE s.session_id = NEW.session_id;
END;
