-- tenure_usage: what the work has cost since the last report. Deltas are added to the session's totals; rate
-- limits are merged key by key. Crossing the budget is reported here and enforced when a turn begins.
-- receipt: session_id turn_id

CREATE VIEW tenure_usage AS
SELECT NULL AS session_id, NULL AS fence, NULL AS incarnation, NULL AS turn_id, NULL AS input,
       NULL AS cached_input, NULL AS output, NULL AS reasoning_output, NULL AS total,
       NULL AS cost_usd, NULL AS rate_limits, NULL AS receipt_id
 WHERE 0;

CREATE TRIGGER tenure_usage_run INSTEAD OF INSERT ON tenure_usage
WHEN NEW.receipt_id IS NULL
BEGIN
  SELECT tenure_verb('usage', NULL, NULL);
  INSERT INTO tenure_turn_gate (session_id, incarnation, fence, opens)
  VALUES (NEW.session_id, NEW.incarnation, NEW.fence, 0);
  -- An ended session still takes what it has cost, but not by the fence of a holder that was replaced.
  INSERT INTO tenure_refusal (code, session_id, asked)
  VALUES ((SELECT 'fence.token' FROM tenure_session
            WHERE session_id = NEW.session_id AND NEW.fence IS NOT NULL AND session_end_is_loss(end_reason)),
          NEW.session_id, NEW.fence);
  INSERT INTO tenure_usage_added (session_id, input, cached_input, output, reasoning_output, total,
                                  cost_usd, rate_limits)
  VALUES (NEW.session_id, NEW.input, NEW.cached_input, NEW.output, NEW.reasoning_output, NEW.total,
          NEW.cost_usd, NEW.rate_limits);
  SELECT tenure_report(
           s.session_id, s.scope, 'command', 'usage', 'ok:bool', 1, 'session_id', s.session_id,
           'turn_id', tenure_check_id('turn_id', NEW.turn_id), 'input', s.usage_input,
           'cached_input', s.usage_cached_input,
           'output', s.usage_output, 'reasoning_output', s.usage_reasoning_output,
           'total', s.usage_total, 'cost_usd', s.usage_cost_usd, 'token_budget', s.token_budget,
           'over_budget:bool', coalesce(s.usage_total >= s.token_budget, 0),
           'rate_limits:json', s.rate_limits, 'revision', s.revision)
    FROM tenure_session AS s WHERE s.session_id = NEW.session_id;
END;

-- Adds deltas to the totals of a session; also used when a turn ends. Without a total, it is the sum of
-- input and output.
CREATE VIEW tenure_usage_added AS
SELECT NULL AS session_id, NULL AS input, NULL AS cached_input, NULL AS output,
       NULL AS reasoning_output, NULL AS total, NULL AS cost_usd, NULL AS rate_limits
 WHERE 0;

CREATE TRIGGER tenure_usage_add INSTEAD OF INSERT ON tenure_usage_added
BEGIN
  SELECT tenure_within('usage', 'turn_end');
  SELECT tenure_check_int('usage.delta', NEW.input, 0, 4611686018427387903),
         tenure_check_int('usage.delta', NEW.cached_input, 0, 4611686018427387903),
         tenure_check_int('usage.delta', NEW.output, 0, 4611686018427387903),
         tenure_check_int('usage.delta', NEW.reasoning_output, 0, 4611686018427387903),
         tenure_check_int('usage.delta', NEW.total, 0, 4611686018427387903),
         tenure_check_amount('usage.delta', NEW.cost_usd);
  UPDATE tenure_session
     SET usage_input = tenure_add(usage_input, NEW.input),
         usage_cached_input = tenure_add(usage_cached_input, NEW.cached_input),
         usage_output = tenure_add(usage_output, NEW.output),
         usage_reasoning_output = tenure_add(usage_reasoning_output, NEW.reasoning_output),
         usage_total = tenure_add(usage_total,
                                  coalesce(NEW.total, tenure_add(coalesce(NEW.input, 0), NEW.output))),
         usage_cost_usd = usage_cost_usd + coalesce(tenure_check_amount('usage.delta', NEW.cost_usd), 0),
         rate_limits = tenure_json_merge(rate_limits, NEW.rate_limits),
         changed_at = max(session_now(), changed_at), revision = session_next_revision(revision)
   WHERE session_id = NEW.session_id;
  SELECT tenure_refuse('usage.conflict_clause') WHERE changes() <> 1;
END;
