-- tenure_turn_begin: a turn starts, or its place is reserved before a slow start-up. One at a time: with
-- replace the open one is aborted first, and its end precedes the new start in the log.
-- receipt: session_id turn_id?

CREATE VIEW tenure_turn_begin AS
SELECT NULL AS session_id, NULL AS fence, NULL AS incarnation, NULL AS turn_id, NULL AS kind,
       NULL AS replace, NULL AS reserve, NULL AS message_id, NULL AS receipt_id
 WHERE 0;

CREATE TRIGGER tenure_turn_begin_run INSTEAD OF INSERT ON tenure_turn_begin
WHEN NEW.receipt_id IS NULL
BEGIN
  SELECT tenure_verb('turn_begin', NULL, NULL);
  SELECT tenure_check_id('turn_id', NEW.turn_id), tenure_check_text('message_id', NEW.message_id),
         tenure_check_word('opt.turn_kind', NEW.kind, 'regular', 'review', 'compact'),
         tenure_check_int('opt.replace', NEW.replace, 0, 1),
         tenure_check_int('opt.reserve', NEW.reserve, 0, 1);
  INSERT INTO tenure_turn_gate (session_id, incarnation, fence, opens)
  VALUES (NEW.session_id, NEW.incarnation, NEW.fence, 1);
  SELECT tenure_refuse(
           CASE WHEN NOT session_is_commandable(s.status) THEN 'turn.not_allowed'
                WHEN s.usage_total >= s.token_budget THEN 'turn.budget'
                WHEN o.state = 'reserved' AND o.turn_id = NEW.turn_id THEN NULL
                WHEN o.turn_id IS NOT NULL AND CAST(NEW.replace AS INTEGER) IS NOT 1 THEN 'turn.busy'
                WHEN EXISTS (SELECT 1 FROM tenure_turn
                              WHERE session_id = NEW.session_id AND turn_id = NEW.turn_id)
                THEN 'turn.exists' END,
           'session', s.session_id, 'status', s.status, 'turn', coalesce(o.turn_id, NEW.turn_id),
           'asked', NEW.turn_id, 'used', s.usage_total, 'budget', s.token_budget)
    FROM tenure_session AS s
    LEFT JOIN tenure_turn AS o ON o.session_id = s.session_id AND o.ended_at IS NULL
   WHERE s.session_id = NEW.session_id;

  INSERT INTO tenure_turn_begin_judged (session_id, turn_id, kind, is_reserve, message_id,
                                        requested_at)
  SELECT NEW.session_id, coalesce(tenure_check_id('turn_id', NEW.turn_id), session_mint_id('trn_')),
         coalesce(NEW.kind, 'regular'), coalesce(CAST(NEW.reserve AS INTEGER), 0),
         coalesce(tenure_check_text('message_id', NEW.message_id), p.message_id), p.requested_at
    FROM (SELECT 1) LEFT JOIN tenure_pending_start AS p ON p.session_id = NEW.session_id;
END;

-- A turn that may begin, with the start that was asked for, if any.
CREATE VIEW tenure_turn_begin_judged AS
SELECT NULL AS session_id, NULL AS turn_id, NULL AS kind, NULL AS is_reserve, NULL AS message_id,
       NULL AS requested_at
 WHERE 0;

CREATE TRIGGER tenure_turn_begin_do INSTEAD OF INSERT ON tenure_turn_begin_judged
BEGIN
  SELECT tenure_within('turn_begin');
  UPDATE tenure_turn SET state = 'interrupted', abort_reason = 'replaced'
   WHERE session_id = NEW.session_id AND ended_at IS NULL AND turn_id <> NEW.turn_id;
  UPDATE tenure_session
     SET status = CASE WHEN NEW.is_reserve THEN 'starting' ELSE 'running' END,
         changed_at = max(session_now(), changed_at), revision = session_next_revision(revision)
   WHERE session_id = NEW.session_id;
  SELECT tenure_refuse('usage.conflict_clause') WHERE changes() <> 1;
  UPDATE tenure_turn
     SET state = CASE WHEN NEW.is_reserve THEN state ELSE 'running' END,
         started_at = CASE WHEN NEW.is_reserve THEN started_at
                           ELSE max(session_now(), started_at) END,
         message_id = coalesce(NEW.message_id, message_id)
   WHERE session_id = NEW.session_id AND turn_id = NEW.turn_id AND ended_at IS NULL;
  INSERT INTO tenure_turn (session_id, turn_id, incarnation, kind, state, requested_at, started_at,
                           message_id, start_input, start_cached_input, start_output,
                           start_reasoning_output, start_total, start_cost_usd)
  SELECT s.session_id, NEW.turn_id, s.incarnation, NEW.kind,
         CASE WHEN NEW.is_reserve THEN 'reserved' ELSE 'running' END,
         coalesce(NEW.requested_at, session_now()), session_now(), NEW.message_id, s.usage_input,
         s.usage_cached_input, s.usage_output, s.usage_reasoning_output, s.usage_total,
         s.usage_cost_usd
    FROM tenure_session AS s
   WHERE s.session_id = NEW.session_id
     AND NOT EXISTS (SELECT 1 FROM tenure_turn
                      WHERE session_id = NEW.session_id AND turn_id = NEW.turn_id);
  SELECT tenure_refuse('usage.conflict_clause')
   WHERE NOT EXISTS (SELECT 1 FROM tenure_turn
                      WHERE session_id = NEW.session_id AND turn_id = NEW.turn_id
                        AND ended_at IS NULL);
  DELETE FROM tenure_pending_start WHERE session_id = NEW.session_id;

  SELECT tenure_report(s.session_id, s.scope, 'command', 'turn-begin', 'ok:bool', 1,
                       'session_id', s.session_id, 'turn_id', t.turn_id, 'kind', t.kind,
                       'state', t.state, 'message_id', t.message_id,
                       'requested_at_epoch_s', t.requested_at, 'started_at_epoch_s', t.started_at,
                       'status', s.status, 'incarnation', s.incarnation, 'revision', s.revision)
    FROM tenure_turn AS t JOIN tenure_session AS s ON s.session_id = t.session_id
   WHERE t.session_id = NEW.session_id AND t.turn_id = NEW.turn_id;
END;
