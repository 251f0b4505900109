-- Turns: a turn is open only while its session's status allows one, at most one is open, and an ended turn
-- never changes again. Whoever ends a turn, what belonged to it ends with it, in the same transaction and
-- in this order in the log: the turn, then its requests, each with its fail-closed decision.

CREATE TRIGGER tenure_turn_insert_guard BEFORE INSERT ON tenure_turn
BEGIN
  SELECT tenure_refuse('write.exists', 'table', 'tenure_turn')
    FROM tenure_turn WHERE session_id = NEW.session_id AND turn_id = NEW.turn_id;
  SELECT tenure_check_id('turn_id', NEW.turn_id), tenure_check_text('message_id', NEW.message_id),
         tenure_check_text('message', NEW.last_agent_message);
  INSERT INTO tenure_row_gate (session_id, incarnation, missing)
  VALUES (NEW.session_id, NEW.incarnation, 'turn.missing');
  SELECT tenure_refuse(
           CASE WHEN (NEW.ended_at IS NULL) <> (NEW.state = 'reserved' OR NEW.state = 'running')
                THEN 'write.turn'
                WHEN NEW.started_at > session_now() OR NEW.ended_at > session_now()
                     OR NEW.ended_at < NEW.started_at THEN 'write.stamp'
                WHEN NEW.ended_at IS NULL AND NOT session_allows_turn(s.status) THEN 'turn.not_allowed'
                WHEN NEW.ended_at IS NULL AND o.turn_id IS NOT NULL THEN 'turn.busy' END,
           'what', 'a turn of session ' || NEW.session_id, 'session', NEW.session_id, 'status', s.status,
           'turn', coalesce(o.turn_id, NEW.turn_id))
    FROM tenure_session AS s
    LEFT JOIN tenure_turn AS o ON o.session_id = s.session_id AND o.ended_at IS NULL
   WHERE s.session_id = NEW.session_id;
END;

-- A NULL is refused by name: under OR REPLACE SQLite makes it the column's default, after this guard.
CREATE TRIGGER tenure_turn_update_guard BEFORE UPDATE ON tenure_turn
BEGIN
  SELECT tenure_refuse(
           CASE WHEN NEW.session_id IS NULL OR NEW.turn_id IS NULL OR NEW.incarnation IS NULL
                     OR NEW.kind IS NULL OR NEW.state IS NULL OR NEW.started_at IS NULL
                     OR NEW.start_input IS NULL OR NEW.start_cached_input IS NULL
                     OR NEW.start_output IS NULL OR NEW.start_reasoning_output IS NULL
                     OR NEW.start_total IS NULL OR NEW.start_cost_usd IS NULL
                THEN 'write.null'
                WHEN NEW.session_id <> OLD.session_id OR NEW.turn_id <> OLD.turn_id
                     OR NEW.incarnation <> OLD.incarnation OR NEW.kind <> OLD.kind THEN 'write.fixed'
                WHEN OLD.ended_at IS NOT NULL
                     AND NOT (tenure_effect_name() IS 'turn_over' AND OLD.used_total IS NULL
                              AND NEW.state = OLD.state AND NEW.ended_at = OLD.ended_at)
                THEN 'turn.ended'
                WHEN OLD.state = 'running' AND NEW.state = 'reserved' THEN 'write.turn'
                WHEN NEW.ended_at IS NOT NULL AND (NEW.state = 'reserved' OR NEW.state = 'running')
                THEN 'write.turn'
                WHEN NEW.started_at < OLD.started_at OR NEW.ended_at < OLD.started_at
                     OR NEW.started_at > max(session_now(), OLD.started_at)
                     OR (OLD.ended_at IS NULL AND NEW.ended_at > max(session_now(), OLD.started_at)
                         AND NEW.ended_at > (SELECT tenure_present(clock, changed_at)
                                                  FROM tenure_session WHERE session_id = OLD.session_id))
                THEN 'write.stamp' END,
           'what', 'a turn of session ' || OLD.session_id, 'turn', OLD.turn_id,
           'session', OLD.session_id);
  SELECT tenure_check_text('message_id', NEW.message_id), tenure_check_text('message', NEW.last_agent_message);
  SELECT tenure_refuse('usage.clock', 'row', s.clock, 'connection', tenure_clock_kind())
    FROM tenure_session AS s
   WHERE s.session_id = OLD.session_id AND s.clock <> tenure_clock_kind()
     AND s.end_reason IS NOT 'forced';
END;

CREATE TRIGGER tenure_turn_delete_guard BEFORE DELETE ON tenure_turn
BEGIN
  SELECT tenure_refuse('write.delete', 'what', 'a turn of a session that is still there')
   WHERE EXISTS (SELECT 1 FROM tenure_session WHERE session_id = OLD.session_id);
END;

CREATE TRIGGER tenure_turn_begun AFTER INSERT ON tenure_turn
BEGIN
  INSERT INTO tenure_logged (session_id, incarnation, turn_id, event, detail)
  VALUES (NEW.session_id, NEW.incarnation, NEW.turn_id,
          CASE NEW.state WHEN 'reserved' THEN 'turn.reserved' WHEN 'running' THEN 'turn.started'
               WHEN 'error' THEN 'turn.failed' ELSE 'turn.' || NEW.state END,
          tenure_object('verb', tenure_verb_name(), 'kind', NEW.kind, 'message_id', NEW.message_id,
                        'message', NEW.last_agent_message));
END;

CREATE TRIGGER tenure_turn_running AFTER UPDATE OF state ON tenure_turn
WHEN OLD.state = 'reserved' AND NEW.state = 'running'
BEGIN
  INSERT INTO tenure_logged (session_id, incarnation, turn_id, event, detail)
  VALUES (NEW.session_id, NEW.incarnation, NEW.turn_id,
          'turn.started',
          tenure_object('verb', tenure_verb_name(), 'kind', NEW.kind, 'message_id', NEW.message_id));
END;

-- The effect makes time stand still, and lets a turn that a raw write has ended, with its time, be told once what it
-- used; nothing else, because triggers of the user's on the tables that are written here run within it. All that is
-- written bears the time of the session's own clock, which a forced clear need not be on.
CREATE TRIGGER tenure_turn_over AFTER UPDATE OF state ON tenure_turn
WHEN OLD.ended_at IS NULL AND NEW.state <> 'reserved' AND NEW.state <> 'running'
BEGIN
  SELECT tenure_effect('turn_over');
  UPDATE tenure_turn
     SET ended_at = coalesce(ended_at, max(started_at,
                                           (SELECT tenure_present(clock, changed_at) FROM tenure_session
                                             WHERE session_id = NEW.session_id))),
         (used_input, used_cached_input, used_output, used_reasoning_output, used_total,
          used_cost_usd) =
         (SELECT max(0, s.usage_input - start_input),
                 max(0, s.usage_cached_input - start_cached_input),
                 max(0, s.usage_output - start_output),
                 max(0, s.usage_reasoning_output - start_reasoning_output),
                 max(0, s.usage_total - start_total), max(0, s.usage_cost_usd - start_cost_usd)
            FROM tenure_session AS s WHERE s.session_id = NEW.session_id)
   WHERE session_id = NEW.session_id AND turn_id = NEW.turn_id;
  SELECT tenure_refuse('usage.conflict_clause') WHERE changes() <> 1;

  INSERT INTO tenure_history (session_id, seq, turn_id, kind, at)
  SELECT s.session_id,
         1 + (SELECT coalesce(max(seq), 0) FROM tenure_history WHERE session_id = NEW.session_id),
         NEW.turn_id, 'turn_aborted', tenure_present(s.clock, s.changed_at)
    FROM tenure_session AS s
   WHERE s.session_id = NEW.session_id AND NEW.abort_reason = 'interrupted';

  INSERT INTO tenure_logged (session_id, incarnation, turn_id, event, detail)
  VALUES (NEW.session_id, NEW.incarnation, NEW.turn_id,
          CASE WHEN NEW.abort_reason IS NOT NULL THEN 'turn.aborted'
               WHEN NEW.state = 'error' THEN 'turn.failed' ELSE 'turn.' || NEW.state END,
          tenure_object('verb', tenure_verb_name(), 'abort_reason', NEW.abort_reason,
                        'message', NEW.last_agent_message));

  UPDATE tenure_request
     SET state = 'expired', decision = turn_request_default(kind),
         resolved_at = max(created_at, (SELECT tenure_present(clock, changed_at) FROM tenure_session
                                         WHERE session_id = NEW.session_id))
   WHERE session_id = NEW.session_id AND turn_id = NEW.turn_id AND state = 'pending';

  INSERT INTO tenure_history (session_id, seq, turn_id, kind, payload, at)
  SELECT i.session_id,
         (SELECT coalesce(max(seq), 0) FROM tenure_history WHERE session_id = NEW.session_id)
           + row_number() OVER (ORDER BY i.seq),
         i.turn_id, 'leftover_input', i.payload, tenure_present(s.clock, s.changed_at)
    FROM tenure_turn_input AS i JOIN tenure_session AS s ON s.session_id = i.session_id
   WHERE i.session_id = NEW.session_id AND i.turn_id = NEW.turn_id AND i.state = 'pending';
  UPDATE tenure_turn_input SET state = 'leftover'
   WHERE session_id = NEW.session_id AND turn_id = NEW.turn_id AND state = 'pending';
  DELETE FROM tenure_grant WHERE session_id = NEW.session_id AND turn_id = NEW.turn_id;
END;
