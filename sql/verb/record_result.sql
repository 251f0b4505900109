-- tenure_record_result: how the work of a session, or of one of its turns, ended. The first result is
-- inserted; one that is not final gives way to one of equal or higher provenance (agent, completion,
-- synthetic). A result that changes nothing is success too, and the report shows what is stored. The result of a turn
-- belongs to the incarnation in which the turn was.
-- receipt: session_id turn_id

CREATE VIEW tenure_record_result AS
SELECT NULL AS session_id, NULL AS incarnation, NULL AS fence, NULL AS turn_id, NULL AS status,
       NULL AS exit_code, NULL AS summary, NULL AS final, NULL AS provenance, NULL AS actor_id,
       NULL AS receipt_id
 WHERE 0;

CREATE TRIGGER tenure_record_result_run INSTEAD OF INSERT ON tenure_record_result
WHEN NEW.receipt_id IS NULL
BEGIN
  SELECT tenure_verb('record_result', NEW.actor_id, NULL);
  SELECT tenure_check_id('actor_id', NEW.actor_id),
         tenure_check_id('turn_id', NULLIF(NEW.turn_id, '')),
         tenure_check_int('opt.exit_code', NEW.exit_code, -2147483648, 4294967295),
         tenure_check_text('summary', NEW.summary), tenure_check_int('opt.final', NEW.final, 0, 1),
         tenure_check_word('opt.provenance', NEW.provenance, 'agent', 'completion', 'synthetic'),
         tenure_check_word('opt.result_status', NEW.status, 'success', 'retired', 'failure', 'timeout',
                           'signal', 'interrupted', 'no_progress', 'error',
                           'tier_failover_superseded');
  INSERT INTO tenure_record_gate (session_id, incarnation, fence, missing)
  VALUES (NEW.session_id, NEW.incarnation, NEW.fence, 'result.missing');
  SELECT tenure_refuse(CASE WHEN NEW.status IS NULL THEN 'opt.required' END, 'what', 'status');

  INSERT INTO tenure_result_offer
  SELECT s.session_id, s.of_incarnation, coalesce(NEW.turn_id, ''), NEW.status,
         tenure_check_int('opt.exit_code', NEW.exit_code, -2147483648, 4294967295),
         tenure_check_text('summary', NEW.summary),
         coalesce(tenure_check_int('opt.final', NEW.final, 0, 1), 0),
         coalesce(NEW.provenance, 'agent'),
         r.session_id IS NULL,
         coalesce(session_result_replaces(r.provenance, r.final, coalesce(NEW.provenance, 'agent')), 0)
           AND r.session_id IS NOT NULL
    FROM (SELECT session_id AS session_id, -- by a name of its own, whatever full_column_names says
                 coalesce((SELECT incarnation FROM tenure_turn
                            WHERE session_id = NEW.session_id AND turn_id = NEW.turn_id),
                          incarnation) AS of_incarnation
            FROM tenure_session WHERE session_id = NEW.session_id) AS s
    LEFT JOIN tenure_result AS r
      ON r.session_id = s.session_id AND r.incarnation = s.of_incarnation
     AND r.turn_id = coalesce(NEW.turn_id, '');
END;

-- A judged result: is_new if there is none yet, replaces if it may take the place of the one that is.
CREATE VIEW tenure_result_offer AS
SELECT NULL AS session_id, NULL AS incarnation, NULL AS turn_id, NULL AS status, NULL AS exit_code,
       NULL AS summary, NULL AS final, NULL AS provenance, NULL AS is_new, NULL AS replaces
 WHERE 0;

CREATE TRIGGER tenure_result_write INSTEAD OF INSERT ON tenure_result_offer
BEGIN
  SELECT tenure_within('record_result');
  INSERT INTO tenure_result (session_id, incarnation, turn_id, status, exit_code, summary, final,
                             provenance, recorded_at)
  SELECT NEW.session_id, NEW.incarnation, NEW.turn_id, NEW.status, NEW.exit_code, NEW.summary,
         NEW.final, NEW.provenance, session_now()
   WHERE NEW.is_new;
  SELECT tenure_refuse('usage.conflict_clause') WHERE changes() <> NEW.is_new;
  UPDATE tenure_result
     SET status = NEW.status, exit_code = NEW.exit_code, summary = NEW.summary, final = NEW.final,
         provenance = NEW.provenance, recorded_at = max(session_now(), recorded_at),
         revision = session_next_revision(revision)
   WHERE session_id = NEW.session_id AND incarnation = NEW.incarnation AND turn_id = NEW.turn_id
     AND NEW.replaces;
  SELECT tenure_refuse('usage.conflict_clause') WHERE changes() <> NEW.replaces;
  SELECT tenure_report(
           s.session_id, s.scope, 'command', 'record-result', 'ok:bool', 1, 'scope', s.scope,
           'session_id', r.session_id, 'incarnation', r.incarnation, 'turn_id', NULLIF(r.turn_id, ''),
           'recorded:bool', NEW.is_new OR NEW.replaces, 'status', r.status, 'exit_code', r.exit_code,
           'summary', r.summary, 'provenance', r.provenance, 'final:bool', r.final,
           'recorded_at_epoch_s', r.recorded_at, 'result_revision', r.revision,
           'revision', s.revision)
    FROM tenure_result AS r JOIN tenure_session AS s ON s.session_id = r.session_id
   WHERE r.session_id = NEW.session_id AND r.incarnation = NEW.incarnation
     AND r.turn_id = NEW.turn_id;
END;
