-- tenure_turn_end: the open turn is over. It applies only to the turn that it names; another one, or none,
-- changes nothing and is no error. A completion of a turn that was never seen is recorded as such, with what is
-- told of its cost.
-- receipt: session_id turn_id

CREATE VIEW tenure_turn_end AS
SELECT NULL AS session_id, NULL AS fence, NULL AS incarnation, NULL AS turn_id, NULL AS outcome,
       NULL AS message, NULL AS input, NULL AS cached_input, NULL AS output,
       NULL AS reasoning_output, NULL AS total, NULL AS cost_usd, NULL AS receipt_id
 WHERE 0;

CREATE TRIGGER tenure_turn_end_run INSTEAD OF INSERT ON tenure_turn_end
WHEN NEW.receipt_id IS NULL
BEGIN
  SELECT tenure_verb('turn_end', NULL, NULL);
  SELECT tenure_check_id('turn_id', NEW.turn_id), tenure_check_text('message', NEW.message);
  INSERT INTO tenure_turn_gate (session_id, incarnation, fence, opens)
  VALUES (NEW.session_id, NEW.incarnation, NEW.fence, 0);
  INSERT INTO tenure_turn_end_judged (session_id, turn_id, how, state, message, input, cached_input,
                                      output, reasoning_output, total, cost_usd)
  SELECT s.session_id, tenure_check_id('turn_id', NEW.turn_id),
         CASE WHEN o.turn_id = NEW.turn_id THEN 'open'
              WHEN o.turn_id IS NULL AND NEW.turn_id IS NOT NULL AND s.ended_at IS NULL
                   AND NOT EXISTS (SELECT 1 FROM tenure_turn
                                    WHERE session_id = NEW.session_id AND turn_id = NEW.turn_id)
              THEN 'unseen'
              ELSE 'other' END,
         turn_outcome_state(NEW.outcome), tenure_check_text('message', NEW.message), NEW.input,
         NEW.cached_input, NEW.output, NEW.reasoning_output, NEW.total, NEW.cost_usd
    FROM tenure_session AS s
    LEFT JOIN tenure_turn AS o ON o.session_id = s.session_id AND o.ended_at IS NULL
   WHERE s.session_id = NEW.session_id;
END;

-- how: the turn that is open, one that was unseen, or some other, which is left alone.
CREATE VIEW tenure_turn_end_judged AS
SELECT NULL AS session_id, NULL AS turn_id, NULL AS how, NULL AS state, NULL AS message,
       NULL AS input, NULL AS cached_input, NULL AS output, NULL AS reasoning_output, NULL AS total,
       NULL AS cost_usd
 WHERE 0;

CREATE TRIGGER tenure_turn_end_apply INSTEAD OF INSERT ON tenure_turn_end_judged
WHEN NEW.how <> 'other'
BEGIN
  SELECT tenure_within('turn_end');
  INSERT INTO tenure_usage_added (session_id, input, cached_input, output, reasoning_output, total,
                                  cost_usd)
  SELECT NEW.session_id, NEW.input, NEW.cached_input, NEW.output, NEW.reasoning_output, NEW.total,
         NEW.cost_usd
   WHERE coalesce(NEW.input, NEW.cached_input, NEW.output, NEW.reasoning_output, NEW.total,
                  NEW.cost_usd) IS NOT NULL;
  UPDATE tenure_turn
     SET state = NEW.state, last_agent_message = coalesce(NEW.message, last_agent_message)
   WHERE session_id = NEW.session_id AND turn_id = NEW.turn_id AND NEW.how = 'open';
  INSERT INTO tenure_turn (session_id, turn_id, incarnation, state, started_at, ended_at,
                           last_agent_message, start_input, start_cached_input, start_output,
                           start_reasoning_output, start_total, start_cost_usd, used_input,
                           used_cached_input, used_output, used_reasoning_output, used_total,
                           used_cost_usd)
  SELECT session_id, NEW.turn_id, incarnation, NEW.state, session_now(), session_now(), NEW.message,
         usage_input, usage_cached_input, usage_output, usage_reasoning_output, usage_total,
         usage_cost_usd, tenure_add(0, NEW.input), tenure_add(0, NEW.cached_input),
         tenure_add(0, NEW.output), tenure_add(0, NEW.reasoning_output),
         tenure_add(0, coalesce(NEW.total, tenure_add(coalesce(NEW.input, 0), NEW.output))),
         coalesce(tenure_check_amount('usage.delta', NEW.cost_usd), 0)
    FROM tenure_session WHERE session_id = NEW.session_id AND NEW.how = 'unseen';
  UPDATE tenure_session
     SET status = CASE WHEN NOT session_allows_turn(status) THEN status
                       WHEN NEW.state = 'error' THEN 'error' ELSE 'ready' END,
         last_error = CASE NEW.state WHEN 'error' THEN coalesce(NEW.message, last_error)
                                     ELSE last_error END,
         last_turn_id = NEW.turn_id,
         changed_at = max(session_now(), changed_at), revision = session_next_revision(revision)
   WHERE session_id = NEW.session_id;
  SELECT tenure_refuse('usage.conflict_clause') WHERE changes() <> 1;
  SELECT tenure_refuse('usage.conflict_clause') FROM tenure_turn
   WHERE session_id = NEW.session_id AND turn_id = NEW.turn_id AND ended_at IS NULL;
  SELECT tenure_report(s.session_id, s.scope, 'command', 'turn-end', 'ok:bool', 1,
                       'session_id', s.session_id, 'applied:bool', 1, 'turn_id', t.turn_id,
                       'state', t.state, 'message', t.last_agent_message, 'status', s.status,
                       'ended_at_epoch_s', t.ended_at, 'used_input', t.used_input,
                       'used_cached_input', t.used_cached_input, 'used_output', t.used_output,
                       'used_reasoning_output', t.used_reasoning_output,
                       'used_total', t.used_total, 'used_cost_usd', t.used_cost_usd,
                       'revision', s.revision)
    FROM tenure_session AS s
    JOIN tenure_turn AS t ON t.session_id = s.session_id AND t.turn_id = NEW.turn_id
   WHERE s.session_id = NEW.session_id;
END;

CREATE TRIGGER tenure_turn_end_ignore INSTEAD OF INSERT ON tenure_turn_end_judged
WHEN NEW.how = 'other'
BEGIN
  SELECT tenure_within('turn_end');
  SELECT tenure_report(s.session_id, s.scope, 'command', 'turn-end', 'ok:bool', 1,
                       'session_id', s.session_id, 'applied:bool', 0, 'turn_id', NEW.turn_id,
                       'active_turn_id', (SELECT turn_id FROM tenure_turn
                                           WHERE session_id = s.session_id AND ended_at IS NULL),
                       'status', s.status, 'revision', s.revision)
    FROM tenure_session AS s WHERE s.session_id = NEW.session_id;
END;
