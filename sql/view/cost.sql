-- What each session has used so far. The totals stand on the session's row, so they are booked in the
-- transaction that changes them, once, whatever ends the session.

CREATE VIEW tenure_cost AS
SELECT session_id, scope, owner_id, incarnation, status, usage_input AS input,
       usage_cached_input AS cached_input, usage_output AS output,
       usage_reasoning_output AS reasoning_output, usage_total AS total,
       usage_cost_usd AS cost_usd, token_budget,
       CASE WHEN token_budget IS NOT NULL THEN max(0, token_budget - usage_total) END AS budget_left,
       rate_limits
  FROM tenure_session;
