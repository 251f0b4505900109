-- What each session has used so far, and what each of its turns did. The totals stand on the session's row,
-- so they are booked in the transaction that changes them, once, whatever ends the session. Without a budget
-- nothing is left of it, NULL. last is what was added last, as the log has it: a JSON object of the same names.

CREATE VIEW tenure_cost AS
SELECT session_id, scope, owner_id, incarnation, status, usage_input AS input,
       usage_cached_input AS cached_input, usage_output AS output,
       usage_reasoning_output AS reasoning_output, usage_total AS total,
       usage_cost_usd AS cost_usd, token_budget,
       max(0, token_budget - usage_total) AS budget_left, rate_limits,
       (SELECT e.detail FROM tenure_event AS e
         WHERE e.session_id = s.session_id AND e.event = 'session.usage' ORDER BY e.seq DESC LIMIT 1) AS last
  FROM tenure_session AS s;

CREATE VIEW tenure_turn_cost AS
SELECT t.session_id, t.turn_id, t.state,
       coalesce(t.used_input, max(0, s.usage_input - t.start_input)) AS input,
       coalesce(t.used_cached_input, max(0, s.usage_cached_input - t.start_cached_input))
         AS cached_input,
       coalesce(t.used_output, max(0, s.usage_output - t.start_output)) AS output,
       coalesce(t.used_reasoning_output, max(0, s.usage_reasoning_output - t.start_reasoning_output))
         AS reasoning_output,
       coalesce(t.used_total, max(0, s.usage_total - t.start_total)) AS total,
       coalesce(t.used_cost_usd, max(0, s.usage_cost_usd - t.start_cost_usd)) AS cost_usd
  FROM tenure_turn AS t
  JOIN tenure_session AS s ON s.session_id = t.session_id;
