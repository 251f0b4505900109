-- tenure_record_completion: how the process of a session ended. It says nothing of the work; that is a
-- result. The first packet of an incarnation stays; another one is success and changes nothing. Without a
-- status the exit code gives it: 0 is success, 137 and 143 are a signal, all else is a failure.
-- receipt: session_id

CREATE VIEW tenure_record_completion AS
SELECT NULL AS session_id, NULL AS incarnation, NULL AS fence, NULL AS exit_code, NULL AS status,
       NULL AS reason, NULL AS receipt_id
 WHERE 0;

CREATE TRIGGER tenure_record_completion_run INSTEAD OF INSERT ON tenure_record_completion
WHEN NEW.receipt_id IS NULL
BEGIN
  SELECT tenure_verb('record_completion', NULL, NEW.reason);
  SELECT tenure_check_int('opt.exit_code', NEW.exit_code, -2147483648, 4294967295),
         tenure_check_text('reason', NEW.reason),
         tenure_check_word('opt.result_status', NEW.status, 'success', 'retired', 'failure', 'timeout',
                           'signal', 'interrupted', 'no_progress', 'error',
                           'tier_failover_superseded');
  INSERT INTO tenure_record_gate (session_id, incarnation, fence, missing)
  VALUES (NEW.session_id, NEW.incarnation, NEW.fence, 'completion.missing');
  SELECT tenure_refuse(CASE WHEN NEW.exit_code IS NULL THEN 'opt.required' END, 'what', 'exit_code');

  INSERT INTO tenure_completion_offer
  SELECT s.session_id, s.incarnation, q.exit_code,
         coalesce(NEW.status, CASE q.exit_code WHEN 0 THEN 'success' WHEN 137 THEN 'signal'
                                               WHEN 143 THEN 'signal' ELSE 'failure' END),
         tenure_check_text('reason', NEW.reason), c.session_id IS NULL
    FROM tenure_session AS s
    JOIN (SELECT tenure_check_int('opt.exit_code', NEW.exit_code, -2147483648, 4294967295)
                   AS exit_code) AS q
    LEFT JOIN tenure_completion AS c
      ON c.session_id = s.session_id AND c.incarnation = s.incarnation
   WHERE s.session_id = NEW.session_id;
END;

CREATE VIEW tenure_completion_offer AS
SELECT NULL AS session_id, NULL AS incarnation, NULL AS exit_code, NULL AS status, NULL AS reason,
       NULL AS is_new
 WHERE 0;

CREATE TRIGGER tenure_completion_write INSTEAD OF INSERT ON tenure_completion_offer
BEGIN
  SELECT tenure_within('record_completion');
  INSERT INTO tenure_completion (session_id, incarnation, exit_code, status, reason, recorded_at)
  SELECT NEW.session_id, NEW.incarnation, NEW.exit_code, NEW.status, NEW.reason, session_now()
   WHERE NEW.is_new;
  SELECT tenure_refuse('usage.conflict_clause') WHERE changes() <> NEW.is_new;
  SELECT tenure_report(
           s.session_id, s.scope, 'command', 'record-completion', 'ok:bool', 1, 'scope', s.scope,
           'session_id', c.session_id, 'incarnation', c.incarnation, 'recorded:bool', NEW.is_new,
           'status', c.status, 'exit_code', c.exit_code, 'reason', c.reason,
           'recorded_at_epoch_s', c.recorded_at, 'revision', s.revision)
    FROM tenure_completion AS c JOIN tenure_session AS s ON s.session_id = c.session_id
   WHERE c.session_id = NEW.session_id AND c.incarnation = NEW.incarnation;
END;
