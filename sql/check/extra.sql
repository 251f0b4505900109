-- Rows that a hand has added where no guard can tell: to the history of a session and to the receipts. (What was
-- added to the log shows in log.sql.)

-- check: history.extra
-- severity: warning
-- remedy: find out who added it; it goes with its session
SELECT h.session_id, 'has ' || h.n || ' rows ' || display_safe(h.kind) || ' in its history for turn '
       || coalesce(display_safe(h.turn_id), '(none)') || ', and ' || h.due || ' are accounted for'
  FROM (SELECT g.session_id, g.turn_id, g.kind, g.n,
               CASE g.kind
                 WHEN 'turn_aborted'
                 THEN (SELECT count(*) FROM tenure_turn AS t
                        WHERE t.session_id = g.session_id AND t.turn_id = g.turn_id
                          AND t.abort_reason = 'interrupted' AND g.payload IS NULL)
                 WHEN 'leftover_input'
                 THEN (SELECT count(*) FROM tenure_turn_input AS i
                        WHERE i.session_id = g.session_id AND i.turn_id = g.turn_id
                          AND i.state = 'leftover' AND i.payload IS g.payload)
                 ELSE 0 END AS due
          FROM (SELECT session_id, turn_id, kind, payload, count(*) AS n FROM tenure_history
                 GROUP BY session_id, turn_id, kind, payload) AS g) AS h
 WHERE h.n > h.due;

-- check: receipt.extra
-- severity: warning
-- remedy: delete it; a receipt that no verb wrote answers a request that was never made
-- A receipt of escalation_resolve names the escalation.
SELECT r.session_id, 'is in receipt ' || display_safe(r.receipt_id) || ', but neither among the sessions nor in the log'
  FROM tenure_receipt AS r
 WHERE r.session_id IS NOT NULL AND r.verb <> 'escalation_resolve'
   AND NOT EXISTS (SELECT 1 FROM tenure_session WHERE session_id = r.session_id)
   AND NOT EXISTS (SELECT 1 FROM tenure_event WHERE session_id = r.session_id)
 UNION ALL
SELECT r.session_id, 'receipt ' || display_safe(r.receipt_id) || ' is of a verb that there is not'
  FROM tenure_receipt AS r
 WHERE NOT EXISTS (SELECT 1 FROM sqlite_schema
                    WHERE type = 'trigger' AND name = 'tenure_' || r.verb || '_receipt');
