-- tenure_request_open: a turn asks for something. Without an open turn nobody would wait for the answer, so
-- it is stored already expired, with its fail-closed decision. Asking again while it is pending starts a
-- new attempt; what has been answered or has expired is not asked again under that id.
-- receipt: session_id request_id?

CREATE VIEW tenure_request_open AS
SELECT NULL AS session_id, NULL AS fence, NULL AS incarnation, NULL AS turn_id, NULL AS request_id,
       NULL AS kind, NULL AS payload, NULL AS receipt_id
 WHERE 0;

CREATE TRIGGER tenure_request_open_run INSTEAD OF INSERT ON tenure_request_open
WHEN NEW.receipt_id IS NULL
BEGIN
  SELECT tenure_verb('request_open', NULL, NULL);
  SELECT tenure_check_id('request_id', NEW.request_id), tenure_check_text('payload', NEW.payload),
         tenure_check_word('opt.request_kind', coalesce(NEW.kind, ''), 'approval', 'user_input',
                           'permission', 'elicitation', 'tool_call');
  INSERT INTO tenure_turn_gate (session_id, incarnation, fence, opens)
  VALUES (NEW.session_id, NEW.incarnation, NEW.fence, 1);
  SELECT tenure_refuse('request.used', 'request', r.request_id, 'state', r.state)
    FROM tenure_request AS r
   WHERE r.session_id = NEW.session_id AND r.request_id = NEW.request_id
     AND NOT EXISTS (SELECT 1 FROM tenure_request AS p
                      WHERE p.session_id = NEW.session_id AND p.request_id = NEW.request_id
                        AND p.state = 'pending')
     AND r.attempt = (SELECT max(attempt) FROM tenure_request
                       WHERE session_id = NEW.session_id AND request_id = NEW.request_id);
  INSERT INTO tenure_request_opening (session_id, turn_id, request_id, kind, payload)
  VALUES (NEW.session_id,
          (SELECT turn_id FROM tenure_turn
            WHERE session_id = NEW.session_id AND ended_at IS NULL
              AND (NEW.turn_id IS NULL OR turn_id = NEW.turn_id)),
          coalesce(tenure_check_id('request_id', NEW.request_id), session_mint_id('req_')),
          NEW.kind, tenure_check_text('payload', NEW.payload));
END;

-- A request with its turn, if that is open.
CREATE VIEW tenure_request_opening AS
SELECT NULL AS session_id, NULL AS turn_id, NULL AS request_id, NULL AS kind, NULL AS payload
 WHERE 0;

CREATE TRIGGER tenure_request_open_do INSTEAD OF INSERT ON tenure_request_opening
BEGIN
  SELECT tenure_within('request_open');
  UPDATE tenure_request
     SET state = 'expired', decision = turn_request_default(kind),
         resolved_at = max(session_now(), created_at)
   WHERE session_id = NEW.session_id AND request_id = NEW.request_id AND state = 'pending';
  INSERT INTO tenure_request (session_id, request_id, attempt, incarnation, turn_id, kind, payload,
                              state, decision, created_at, resolved_at)
  SELECT s.session_id, NEW.request_id,
         1 + (SELECT coalesce(max(attempt), 0) FROM tenure_request
               WHERE session_id = NEW.session_id AND request_id = NEW.request_id),
         s.incarnation, NEW.turn_id, NEW.kind, NEW.payload,
         CASE WHEN NEW.turn_id IS NULL THEN 'expired' ELSE 'pending' END,
         CASE WHEN NEW.turn_id IS NULL THEN turn_request_default(NEW.kind) END, session_now(),
         CASE WHEN NEW.turn_id IS NULL THEN session_now() END
    FROM tenure_session AS s WHERE s.session_id = NEW.session_id;
  SELECT tenure_refuse('usage.conflict_clause') WHERE changes() <> 1;
  SELECT tenure_report(s.session_id, s.scope, 'command', 'request-open', 'ok:bool', 1,
                       'session_id', r.session_id, 'request_id', r.request_id,
                       'attempt', r.attempt, 'turn_id', r.turn_id, 'kind', r.kind,
                       'state', r.state, 'decision', r.decision)
    FROM tenure_request AS r JOIN tenure_session AS s ON s.session_id = r.session_id
   WHERE r.session_id = NEW.session_id AND r.request_id = NEW.request_id
     AND r.attempt = (SELECT max(attempt) FROM tenure_request
                       WHERE session_id = NEW.session_id AND request_id = NEW.request_id);
END;
