-- What is computed of turns and never stored.

-- Per session, what a client shows: not_loaded, active (with what it waits for), system_error or idle.
-- What a stale or dead session was doing does not count: nothing of it is happening.
CREATE VIEW tenure_thread_status AS
SELECT s.session_id, s.scope,
       CASE WHEN h.session_id IS NULL THEN 'not_loaded'
            WHEN NOT h.abandoned AND (o.turn_id IS NOT NULL OR r.approvals > 0 OR r.inputs > 0)
            THEN 'active'
            WHEN s.status = 'error' THEN 'system_error'
            ELSE 'idle' END AS thread_status,
       coalesce(NOT h.abandoned AND r.approvals > 0, 0) AS waiting_on_approval,
       coalesce(NOT h.abandoned AND r.inputs > 0, 0) AS waiting_on_user_input,
       CASE WHEN NOT h.abandoned THEN o.turn_id END AS active_turn_id, s.last_error
  FROM tenure_session AS s
  LEFT JOIN tenure_holder AS h ON h.session_id = s.session_id
  LEFT JOIN tenure_turn AS o ON o.session_id = s.session_id AND o.ended_at IS NULL
  LEFT JOIN (SELECT session_id, sum(kind <> 'user_input') AS approvals,
                    sum(kind = 'user_input') AS inputs
               FROM tenure_request WHERE state = 'pending' GROUP BY session_id) AS r
    ON r.session_id = s.session_id;

-- Turns as a reader should take them: an open turn of a session that is over, stale or dead reads as
-- interrupted, also before anybody has settled it.
CREATE VIEW tenure_turn_effective AS
SELECT t.session_id, t.turn_id, t.incarnation, t.kind, t.state AS stored_state,
       CASE WHEN t.ended_at IS NULL AND (h.session_id IS NULL OR h.abandoned OR h.verdict = 'dead'
                                         OR NOT session_allows_turn(h.status))
            THEN 'interrupted' ELSE t.state END AS state,
       t.abort_reason, t.requested_at, t.started_at, t.ended_at, t.last_agent_message, t.message_id,
       t.used_input, t.used_cached_input, t.used_output, t.used_reasoning_output, t.used_total,
       t.used_cost_usd
  FROM tenure_turn AS t
  LEFT JOIN tenure_holder AS h ON h.session_id = t.session_id;
