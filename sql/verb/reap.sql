-- tenure_reap: stops sessions that nobody owns and that have been idle for idle_secs (1800) or longer, out
-- of tenure_reapable, the longest idle first, at most max_rows at a time (500).
-- receipt:

CREATE VIEW tenure_reap AS
SELECT NULL AS idle_secs, NULL AS max_rows, NULL AS receipt_id WHERE 0;

CREATE TRIGGER tenure_reap_run INSTEAD OF INSERT ON tenure_reap
WHEN NEW.receipt_id IS NULL
BEGIN
  SELECT tenure_verb('reap', NULL, NULL);
  INSERT INTO tenure_reap_found
  VALUES (coalesce(tenure_check_int('opt.idle_secs', NEW.idle_secs, 0, 9223372036854775807), 1800),
          coalesce(tenure_check_int('opt.max_rows', NEW.max_rows, 1, 500), 500),
          (SELECT coalesce(max(seq), 0) FROM tenure_event));
END;

CREATE VIEW tenure_reap_found AS
SELECT NULL AS idle_secs, NULL AS max_rows, NULL AS seq WHERE 0;

CREATE TRIGGER tenure_reap_do INSTEAD OF INSERT ON tenure_reap_found
BEGIN
  SELECT tenure_within('reap');
  INSERT INTO tenure_reap_one
  SELECT session_id FROM tenure_reapable
   WHERE clock = tenure_clock_kind() AND idle_secs >= NEW.idle_secs
   ORDER BY idle_secs DESC, session_id LIMIT NEW.max_rows;
  SELECT tenure_report(
           NULL, NULL, 'command', 'reap', 'ok:bool', 1, 'idle_secs', NEW.idle_secs,
           'reaped:json',
           (SELECT '[' || coalesce(group_concat(q.item, ','), '') || ']'
              FROM (SELECT tenure_object('session_id', e.session_id, 'scope', e.scope) AS item
                      FROM tenure_event AS e
                     WHERE e.seq > NEW.seq AND e.event = 'session.ended'
                     ORDER BY e.seq) AS q),
           'skipped:json',
           (SELECT '[' || coalesce(group_concat(q.item, ','), '') || ']'
              FROM (SELECT tenure_object('session_id', r.session_id, 'scope', r.scope,
                                         'reason', CASE WHEN r.clock <> tenure_clock_kind()
                                                        THEN 'clock' ELSE 'idle_secs' END,
                                         'idle_secs', r.idle_secs) AS item
                      FROM tenure_reapable AS r
                     WHERE r.clock <> tenure_clock_kind() OR r.idle_secs < NEW.idle_secs
                     ORDER BY +r.session_id LIMIT 500) AS q),
           'more:bool',
           CASE WHEN NEW.max_rows <= (SELECT count(*) FROM tenure_event AS e
                                      WHERE e.seq > NEW.seq AND e.event = 'session.ended')
                THEN EXISTS (SELECT 1 FROM tenure_reapable
                              WHERE clock = tenure_clock_kind() AND idle_secs >= NEW.idle_secs)
                ELSE 0 END);
END;

CREATE VIEW tenure_reap_one AS SELECT NULL AS session_id WHERE 0;

CREATE TRIGGER tenure_reap_session INSTEAD OF INSERT ON tenure_reap_one
BEGIN
  SELECT tenure_within('reap');
  UPDATE tenure_session
     SET status = 'stopped', revision = session_next_revision(revision),
         changed_at = max(session_now(), changed_at), ended_at = max(session_now(), started_at),
         end_reason = 'idle'
   WHERE session_id = NEW.session_id;
  SELECT tenure_refuse('usage.conflict_clause') WHERE changes() <> 1;
END;
