-- What the log says of sessions and turns, rebuilt from it alone: nothing here reads their tables, so that a
-- health check can compare. Sessions that were collected are gone here too.

-- One row per session: its status, its owner, the fence of its holder, and why it ended.
CREATE VIEW tenure_replay AS
SELECT e.session_id, e.scope, e.incarnation, e.to_status AS status,
       NOT session_is_terminal(e.to_status) AS living,
       (SELECT tenure_detail(o.detail, 'owner_id') FROM tenure_event AS o
         WHERE o.session_id = e.session_id AND o.event = 'session.created') AS owner_id,
       (SELECT tenure_detail(f.detail, 'fence') FROM tenure_event AS f
         WHERE f.session_id = e.session_id AND f.to_status IS NOT NULL
           AND tenure_detail(f.detail, 'fence') IS NOT NULL
         ORDER BY f.seq DESC LIMIT 1) AS fence,
       CASE WHEN session_is_terminal(e.to_status)
            THEN (SELECT tenure_detail(d.detail, 'end_reason') FROM tenure_event AS d
                   WHERE d.session_id = e.session_id AND d.event = 'session.ended'
                   ORDER BY d.seq DESC LIMIT 1) END AS end_reason
  FROM (SELECT max(seq) AS seq FROM tenure_event
         WHERE session_id IS NOT NULL AND to_status IS NOT NULL GROUP BY session_id) AS latest
  JOIN tenure_event AS e ON e.seq = latest.seq;

-- One row per turn: its kind, which its first event tells, and its state, which its last one does.
CREATE VIEW tenure_replay_turn AS
SELECT e.session_id, e.turn_id, e.incarnation, tenure_detail(b.detail, 'kind') AS kind,
       turn_event_state(e.event) AS state
  FROM (SELECT min(seq) AS first, max(seq) AS latest FROM tenure_event
         WHERE turn_id IS NOT NULL AND turn_event_state(event) IS NOT NULL
         GROUP BY session_id, turn_id) AS q
  JOIN tenure_event AS e ON e.seq = q.latest
  JOIN tenure_event AS b ON b.seq = q.first;
