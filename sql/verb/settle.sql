-- tenure_settle: gives sessions that are over the end that they never got, from what is known: the
-- completion packet, or the death of the process. Where nobody recorded a result one is synthesised, so
-- that a real result that came before stays and one that comes later replaces it. One session, or all
-- that tenure_orphan shows, at most max_rows at a time (500). A fence is asked of nobody, since its holder may be gone;
-- one that is shown must be that of the session.
-- receipt: session_id

CREATE VIEW tenure_settle AS
SELECT NULL AS session_id, NULL AS fence, NULL AS max_rows, NULL AS receipt_id WHERE 0;

CREATE TRIGGER tenure_settle_run INSTEAD OF INSERT ON tenure_settle
WHEN NEW.receipt_id IS NULL
BEGIN
  SELECT tenure_verb('settle', NULL, NULL);
  SELECT tenure_check_int('opt.max_rows', NEW.max_rows, 1, 500),
         tenure_check_id('session_id', NEW.session_id),
         tenure_refuse('settle.missing', 'session', NEW.session_id)
   WHERE NOT EXISTS (SELECT 1 FROM tenure_session WHERE session_id = NEW.session_id)
     AND NEW.session_id IS NOT NULL;
  SELECT tenure_refuse(CASE WHEN NEW.fence IS NOT NULL AND NEW.session_id IS NULL THEN 'opt.required' END,
                       'what', 'session_id');
  INSERT INTO tenure_refusal (code, session_id, asked)
  SELECT tenure_fence_refusal(NULL, NEW.fence, 0, scope, fence, 0), session_id, NEW.fence
    FROM tenure_session WHERE session_id = NEW.session_id;
  INSERT INTO tenure_settle_found
  VALUES (NEW.session_id, coalesce(tenure_check_int('opt.max_rows', NEW.max_rows, 1, 500), 500),
          (SELECT coalesce(max(seq), 0) FROM tenure_event));
END;

-- seq is the last event before this call: what it settles is in the log behind it.
CREATE VIEW tenure_settle_found AS
SELECT NULL AS session_id, NULL AS max_rows, NULL AS seq WHERE 0;

CREATE TRIGGER tenure_settle_do INSTEAD OF INSERT ON tenure_settle_found
BEGIN
  SELECT tenure_within('settle');
  INSERT INTO tenure_settle_one
  SELECT session_id, incarnation, reason, active_turn_id, completion_exit, completion_status,
         completion_reason
    FROM tenure_orphan
   WHERE session_id = NEW.session_id AND clock = tenure_clock_kind();
  INSERT INTO tenure_settle_one
  SELECT session_id, incarnation, reason, active_turn_id, completion_exit, completion_status,
         completion_reason
    FROM tenure_orphan
   WHERE NEW.session_id IS NULL AND clock = tenure_clock_kind()
   LIMIT NEW.max_rows;
  SELECT tenure_report(
           NEW.session_id, NULL, 'command', 'settle', 'ok:bool', 1, 'session_id', NEW.session_id,
           'settled:json',
           (SELECT '[' || coalesce(group_concat(q.item, ','), '') || ']'
              FROM (SELECT tenure_object('session_id', e.session_id, 'scope', e.scope,
                                         'status', e.to_status) AS item
                      FROM tenure_event AS e
                     WHERE e.seq > NEW.seq AND e.event = 'session.ended'
                     ORDER BY e.seq) AS q),
           'skipped:json',
           (SELECT '[' || coalesce(group_concat(q.item, ','), '') || ']'
              FROM (SELECT tenure_object(
                             'session_id', s.session_id, 'scope', s.scope,
                             'reason', CASE WHEN s.ended_at IS NOT NULL THEN 'ended'
                                            WHEN s.clock <> tenure_clock_kind() THEN 'clock'
                                            ELSE h.verdict END) AS item
                      FROM tenure_session AS s
                      LEFT JOIN tenure_holder AS h ON h.session_id = s.session_id
                     WHERE (s.session_id = NEW.session_id
                            OR (NEW.session_id IS NULL
                                AND s.session_id IN
                                    (SELECT o.session_id FROM tenure_session AS l
                                       CROSS JOIN tenure_orphan AS o ON o.session_id = l.session_id
                                      WHERE l.ended_at IS NULL AND l.clock <> tenure_clock_kind())))
                       AND NOT EXISTS (SELECT 1 FROM tenure_event AS e
                                        WHERE e.seq > NEW.seq AND e.event = 'session.ended'
                                          AND e.session_id = s.session_id)
                     ORDER BY s.session_id LIMIT 500) AS q),
           'more:bool',
           CASE WHEN NEW.session_id IS NULL
                     AND NEW.max_rows <= (SELECT count(*) FROM tenure_event AS e
                                          WHERE e.seq > NEW.seq AND e.event = 'session.ended')
                THEN EXISTS (SELECT 1 FROM tenure_orphan WHERE clock = tenure_clock_kind())
                ELSE 0 END);
END;

CREATE VIEW tenure_settle_one AS
SELECT NULL AS session_id, NULL AS incarnation, NULL AS reason, NULL AS turn_id, NULL AS exit_code,
       NULL AS status, NULL AS note
 WHERE 0;

-- A process that says that it succeeded and leaves no result has not shown that the work succeeded, so the
-- synthetic result is a failure; its exit code stays as it was. An open turn gets one of its own, since who
-- waits for that turn looks at no other.
CREATE TRIGGER tenure_settle_session INSTEAD OF INSERT ON tenure_settle_one
BEGIN
  SELECT tenure_within('settle');
  INSERT INTO tenure_result (session_id, incarnation, turn_id, status, exit_code, summary,
                             provenance, recorded_at)
  SELECT NEW.session_id, NEW.incarnation, t.turn_id,
         CASE WHEN NEW.status IS NULL OR NEW.status = 'success' OR NEW.status = 'retired'
              THEN 'failure' ELSE NEW.status END,
         coalesce(NEW.exit_code, 1),
         CASE NEW.reason
           WHEN 'completion'
           THEN 'the process ended with exit code ' || NEW.exit_code || ' and left no result'
           ELSE 'its process died or fell silent, and left no result' END,
         'synthetic', session_now()
    FROM (SELECT '' AS turn_id UNION ALL
          SELECT NEW.turn_id WHERE NEW.turn_id IS NOT NULL) AS t
   WHERE NOT EXISTS (SELECT 1 FROM tenure_result AS r
                      WHERE r.session_id = NEW.session_id AND r.incarnation = NEW.incarnation
                        AND r.turn_id = t.turn_id);
  SELECT tenure_refuse('usage.conflict_clause')
   WHERE NOT EXISTS (SELECT 1 FROM tenure_result
                      WHERE session_id = NEW.session_id AND incarnation = NEW.incarnation
                        AND turn_id = '');
  UPDATE tenure_session
     SET status = session_end_status(status, CASE status WHEN 'exiting' THEN 'exited'
                                                         ELSE 'failed' END),
         revision = session_next_revision(revision), changed_at = max(session_now(), changed_at),
         ended_at = max(session_now(), started_at), end_reason = 'host-death',
         end_note = NEW.note, exit_code = coalesce(exit_code, NEW.exit_code),
         failure_origin = CASE WHEN status = 'exiting' OR status = 'destroying'
                               THEN failure_origin ELSE 'host-death' END,
         failure_reason = CASE WHEN status = 'exiting' OR status = 'destroying'
                               THEN failure_reason ELSE NEW.reason END
   WHERE session_id = NEW.session_id;
  SELECT tenure_refuse('usage.conflict_clause') WHERE changes() <> 1;
END;
