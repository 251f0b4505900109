-- tenure_provider_event: one event of the program that runs the agent. What it does is decided by the table in
-- ext/turn.c; an event that does not fit the session as it is now is ignored, with the reason.
-- receipt: session_id

CREATE VIEW tenure_provider_event AS
SELECT NULL AS session_id, NULL AS fence, NULL AS incarnation, NULL AS event_id, NULL AS type,
       NULL AS state, NULL AS turn_id, NULL AS outcome, NULL AS message, NULL AS at,
       NULL AS expected_turn_id, NULL AS receipt_id
 WHERE 0;

CREATE TRIGGER tenure_provider_event_run INSTEAD OF INSERT ON tenure_provider_event
WHEN NEW.receipt_id IS NULL
BEGIN
  SELECT tenure_verb('provider_event', NULL, NULL);
  SELECT tenure_check_id('turn_id', NEW.turn_id), tenure_check_id('event_id', NEW.event_id),
         tenure_check_text('message', NEW.message),
         tenure_check_int('usage.incarnation', NEW.incarnation, 1, 9223372036854775807),
         tenure_check_word('usage.event', coalesce(NEW.type, ''), 'session.started',
                           'thread.started', 'session.state.changed', 'turn.started',
                           'turn.completed', 'turn.aborted', 'session.exited', 'runtime.error'),
         tenure_refuse(CASE WHEN NEW.type = 'session.state.changed' AND NEW.state IS NULL
                            THEN 'opt.required' END, 'what', 'state');
  -- What comes late from an incarnation that is over is ignored, whatever fence it shows, and not remembered.
  INSERT INTO tenure_turn_gate (session_id, fence, opens)
  SELECT NEW.session_id, NEW.fence, 0
   WHERE NOT EXISTS (SELECT 1 FROM tenure_session
                      WHERE session_id = NEW.session_id AND incarnation <> NEW.incarnation);
  INSERT INTO tenure_provider_event_found
  SELECT s.session_id, s.status, NEW.type, tenure_check_id('turn_id', NEW.turn_id), o.turn_id, p.message_id,
         p.requested_at, tenure_check_text('message', NEW.message), NEW.event_id,
         CASE WHEN NEW.incarnation IS NOT NULL AND NEW.incarnation IS NOT s.incarnation
              THEN 'stale_incarnation'
              WHEN EXISTS (SELECT 1 FROM tenure_provider_seen
                            WHERE session_id = s.session_id AND event_id = NEW.event_id)
              THEN 'duplicate' END,
         turn_provider_decision(
           NEW.type,
           CASE NEW.type WHEN 'session.state.changed'
                         THEN session_status_from('t3code', NEW.state) END,
           CASE WHEN o.turn_id IS NULL
                THEN CASE WHEN NEW.turn_id IS NULL THEN 'none_unnamed'
                          WHEN EXISTS (SELECT 1 FROM tenure_turn
                                        WHERE session_id = s.session_id AND turn_id = NEW.turn_id)
                          THEN 'none_ended' ELSE 'none_new' END
                WHEN NEW.turn_id IS NULL THEN 'unnamed'
                WHEN NEW.turn_id = o.turn_id THEN o.state ELSE 'other' END,
           p.session_id IS NOT NULL AND s.status = 'starting',
           p.session_id IS NOT NULL AND NEW.expected_turn_id = NEW.turn_id
             AND NOT EXISTS (SELECT 1 FROM tenure_turn
                              WHERE session_id = s.session_id AND turn_id = NEW.turn_id),
           NEW.outcome)
    FROM tenure_session AS s
    LEFT JOIN tenure_turn AS o ON o.session_id = s.session_id AND o.ended_at IS NULL
    LEFT JOIN tenure_pending_start AS p ON p.session_id = s.session_id
   WHERE s.session_id = NEW.session_id;
END;

-- An event with what was found and what the table says, as reason|status|turn|end|error.
CREATE VIEW tenure_provider_event_found AS
SELECT NULL AS session_id, NULL AS status, NULL AS type, NULL AS turn_id, NULL AS open_id, NULL AS message_id,
       NULL AS requested_at, NULL AS message, NULL AS event_id, NULL AS ignored, NULL AS decision
 WHERE 0;

CREATE TRIGGER tenure_provider_event_judge INSTEAD OF INSERT ON tenure_provider_event_found
BEGIN
  -- The next view checks that the verb itself is asking.
  INSERT INTO tenure_provider_event_judged
  SELECT NEW.session_id, NEW.turn_id, NEW.open_id, NEW.message_id, NEW.requested_at, NEW.message,
         NEW.event_id, q.status, turn_decision_part(NEW.decision, 'turn'),
         turn_decision_part(NEW.decision, 'end'), turn_decision_part(NEW.decision, 'error'),
         coalesce(NEW.ignored,
                  CASE WHEN session_is_terminal(NEW.status)
                            OR (q.status <> NEW.status
                                AND NOT session_can_transition(NEW.status, q.status))
                       THEN 'illegal' END,
                  turn_decision_part(NEW.decision, 'reason'))
    FROM (SELECT CASE WHEN NEW.status = 'exiting' AND NEW.type = 'session.exited'
                      THEN 'exited' ELSE turn_decision_part(NEW.decision, 'status') END AS status)
         AS q;
END;

-- A judged event. turns: keep, start, supersede, end, record or settle; reason is NULL if it applies.
CREATE VIEW tenure_provider_event_judged AS
SELECT NULL AS session_id, NULL AS turn_id, NULL AS open_id, NULL AS message_id,
       NULL AS requested_at, NULL AS message, NULL AS event_id, NULL AS status, NULL AS turns,
       NULL AS end_state, NULL AS error, NULL AS reason
 WHERE 0;

CREATE TRIGGER tenure_provider_event_apply INSTEAD OF INSERT ON tenure_provider_event_judged
WHEN NEW.reason IS NULL
BEGIN
  SELECT tenure_within('provider_event');
  UPDATE tenure_turn
     SET state = NEW.end_state,
         abort_reason = CASE WHEN NEW.turns = 'supersede' THEN 'replaced'
                             WHEN NEW.turns = 'end' AND NEW.status = 'interrupted'
                             THEN 'interrupted' END,
         last_agent_message = CASE WHEN NEW.turns = 'end' AND NEW.end_state = 'completed'
                                   THEN coalesce(NEW.message, last_agent_message)
                                   ELSE last_agent_message END
   WHERE session_id = NEW.session_id AND ended_at IS NULL
     AND (NEW.turns = 'supersede' OR NEW.turns = 'end' OR NEW.turns = 'settle');
  UPDATE tenure_session
     SET status = NEW.status,
         last_error = CASE NEW.error WHEN 'clear' THEN NULL
                                     WHEN 'set' THEN coalesce(NEW.message, last_error,
                                                              'the provider reported an error')
                                     ELSE last_error END,
         last_turn_id = CASE WHEN NEW.turns = 'keep' OR NEW.turns = 'start' THEN last_turn_id
                             ELSE coalesce(NEW.turn_id, NEW.open_id, last_turn_id) END,
         changed_at = max(session_now(), changed_at), revision = session_next_revision(revision)
   WHERE session_id = NEW.session_id;
  SELECT tenure_refuse('usage.conflict_clause') WHERE changes() <> 1;
  UPDATE tenure_turn
     SET state = 'running', message_id = coalesce(NEW.message_id, message_id),
         started_at = max(session_now(), started_at)
   WHERE session_id = NEW.session_id AND turn_id = NEW.turn_id AND ended_at IS NULL
     AND NEW.turns = 'start';
  INSERT INTO tenure_turn (session_id, turn_id, incarnation, state, requested_at, started_at,
                           ended_at, message_id, start_input, start_cached_input, start_output,
                           start_reasoning_output, start_total, start_cost_usd, used_input,
                           used_cached_input, used_output, used_reasoning_output, used_total,
                           used_cost_usd, last_agent_message)
  SELECT s.session_id, NEW.turn_id, s.incarnation,
         CASE NEW.turns WHEN 'record' THEN NEW.end_state ELSE 'running' END,
         CASE WHEN NEW.turns <> 'record' THEN coalesce(NEW.requested_at, session_now()) END, session_now(),
         CASE NEW.turns WHEN 'record' THEN session_now() END,
         CASE WHEN NEW.turns <> 'record' THEN NEW.message_id END, s.usage_input,
         s.usage_cached_input, s.usage_output, s.usage_reasoning_output, s.usage_total,
         s.usage_cost_usd, q.used, q.used, q.used, q.used, q.used, q.used,
         CASE WHEN NEW.turns = 'record' AND NEW.end_state = 'completed' THEN NEW.message END
    FROM (SELECT CASE NEW.turns WHEN 'record' THEN 0 END AS used) AS q
    JOIN tenure_session AS s
   WHERE s.session_id = NEW.session_id
     AND (NEW.turns = 'start' OR NEW.turns = 'supersede' OR NEW.turns = 'record')
     AND NOT EXISTS (SELECT 1 FROM tenure_turn
                      WHERE session_id = NEW.session_id AND turn_id = NEW.turn_id);
  SELECT tenure_refuse('usage.conflict_clause')
   WHERE CASE WHEN NEW.turns = 'end' OR NEW.turns = 'settle'
              THEN EXISTS (SELECT 1 FROM tenure_turn
                            WHERE session_id = NEW.session_id AND ended_at IS NULL)
              WHEN NEW.turns = 'start' OR NEW.turns = 'supersede' OR NEW.turns = 'record'
              THEN NOT EXISTS (SELECT 1 FROM tenure_turn
                                WHERE session_id = NEW.session_id AND turn_id = NEW.turn_id
                                  AND (NEW.turns = 'record' OR state = 'running')) END;
  DELETE FROM tenure_pending_start
   WHERE session_id = NEW.session_id AND (NEW.turns = 'start' OR NEW.turns = 'supersede');
  INSERT INTO tenure_provider_event_answered (session_id, event_id, reason)
  VALUES (NEW.session_id, NEW.event_id, NULL);
END;

CREATE TRIGGER tenure_provider_event_ignore INSTEAD OF INSERT ON tenure_provider_event_judged
WHEN NEW.reason IS NOT NULL
BEGIN
  -- The next view checks that the verb itself is asking.
  INSERT INTO tenure_provider_event_answered (session_id, event_id, reason)
  VALUES (NEW.session_id, NEW.event_id, NEW.reason);
END;

CREATE VIEW tenure_provider_event_answered AS
SELECT NULL AS session_id, NULL AS event_id, NULL AS reason WHERE 0;

CREATE TRIGGER tenure_provider_event_answer INSTEAD OF INSERT ON tenure_provider_event_answered
BEGIN
  SELECT tenure_within('provider_event');
  INSERT INTO tenure_provider_seen (session_id, event_id, at)
  SELECT NEW.session_id, NEW.event_id, session_now()
   WHERE NEW.event_id IS NOT NULL AND NEW.reason IS NOT 'stale_incarnation'
     AND NOT EXISTS (SELECT 1 FROM tenure_provider_seen
                      WHERE session_id = NEW.session_id AND event_id = NEW.event_id);
  SELECT tenure_report(s.session_id, s.scope, 'command', 'provider-event', 'ok:bool', 1,
                       'session_id', s.session_id, 'applied:bool', NEW.reason IS NULL,
                       'reason', NEW.reason, 'status', s.status,
                       'active_turn_id', (SELECT turn_id FROM tenure_turn
                                           WHERE session_id = s.session_id AND ended_at IS NULL),
                       'incarnation', s.incarnation, 'revision', s.revision)
    FROM tenure_session AS s WHERE s.session_id = NEW.session_id;
END;
