-- tenure_gc: removes sessions that ended older_than_secs ago (604800, a week) or longer, out of
-- tenure_collectable, the oldest first, at most max_rows at a time (500), each with all that belonged to it;
-- one event per session and the counter of its scope stay. It also forgets the receipts of tenure_forgettable, the
-- oldest first, as many at a time.
-- receipt:

CREATE VIEW tenure_gc AS
SELECT NULL AS older_than_secs, NULL AS max_rows, NULL AS receipt_id WHERE 0;

CREATE TRIGGER tenure_gc_run INSTEAD OF INSERT ON tenure_gc
WHEN NEW.receipt_id IS NULL
BEGIN
  SELECT tenure_verb('gc', NULL, NULL);
  INSERT INTO tenure_gc_found
  VALUES (coalesce(tenure_check_int('opt.older_than', NEW.older_than_secs, 0, 9223372036854775807),
                   604800),
          coalesce(tenure_check_int('opt.max_rows', NEW.max_rows, 1, 500), 500),
          (SELECT coalesce(max(seq), 0) FROM tenure_event),
          (SELECT count(*) FROM tenure_receipt));
END;

-- Before the work: the last event, the number of receipts.
CREATE VIEW tenure_gc_found AS
SELECT NULL AS older_than_secs, NULL AS max_rows, NULL AS seq, NULL AS receipts WHERE 0;

CREATE TRIGGER tenure_gc_do INSTEAD OF INSERT ON tenure_gc_found
BEGIN
  SELECT tenure_within('gc');
  DELETE FROM tenure_session
   WHERE session_id IN (SELECT session_id FROM tenure_collectable
                         WHERE clock = tenure_clock_kind()
                           AND ended_at <= session_now() - NEW.older_than_secs
                         ORDER BY ended_at, session_id LIMIT NEW.max_rows);
  DELETE FROM tenure_receipt
   WHERE receipt_id IN (SELECT receipt_id FROM tenure_forgettable ORDER BY at LIMIT NEW.max_rows);
  SELECT tenure_report(
           NULL, NULL, 'command', 'gc', 'ok:bool', 1, 'older_than_secs', NEW.older_than_secs,
           'collected:json',
           (SELECT '[' || coalesce(group_concat(q.item, ','), '') || ']'
              FROM (SELECT tenure_object('session_id', e.session_id, 'scope', e.scope) AS item
                      FROM tenure_event AS e
                     WHERE e.seq > NEW.seq AND e.event = 'session.collected'
                     ORDER BY e.seq) AS q),
           'skipped:json',
           (SELECT '[' || coalesce(group_concat(q.item, ','), '') || ']'
              FROM (SELECT tenure_object('session_id', c.session_id, 'scope', c.scope,
                                         'reason', CASE WHEN c.clock <> tenure_clock_kind()
                                                        THEN 'clock' ELSE 'ended_secs' END,
                                         'ended_secs', c.ended_secs) AS item
                      FROM tenure_collectable AS c
                     WHERE c.clock <> tenure_clock_kind()
                        OR c.ended_at > session_now() - NEW.older_than_secs
                     ORDER BY c.ended_at, c.session_id LIMIT 500) AS q),
           'receipts', NEW.receipts - (SELECT count(*) FROM tenure_receipt),
           'more:bool',
           EXISTS (SELECT 1 FROM tenure_collectable
                    WHERE clock = tenure_clock_kind()
                      AND ended_at <= session_now() - NEW.older_than_secs)
           OR EXISTS (SELECT 1 FROM tenure_forgettable));
END;
