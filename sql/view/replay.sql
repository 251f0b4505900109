-- What the log says of sessions and turns, rebuilt from it alone: nothing here reads their tables, so that a
-- health check can compare. Sessions that were collected are gone here too.

-- One row per session: its status, its owner, the fence of its holder, and why it ended. Whether it lives is
-- what its last birth, end or resumption says; a word of no status, which only a hand can have written into
-- the log, stands as it is.
CREATE VIEW tenure_replay AS
SELECT e.session_id, e.scope, e.incarnation, e.to_status AS status,
       b.event <> 'session.ended' AS living,
       (SELECT tenure_detail(o.detail, 'owner_id') FROM tenure_event AS o
         WHERE o.session_id = e.session_id AND o.event = 'session.created') AS owner_id,
       (SELECT tenure_detail(f.detail, 'fence') FROM tenure_event AS f
         WHERE f.session_id = e.session_id AND f.to_status IS NOT NULL
           AND tenure_detail(f.detail, 'fence') IS NOT NULL
         ORDER BY f.seq DESC LIMIT 1) AS fence,
       CASE WHEN b.event = 'session.ended' THEN tenure_detail(b.detail, 'end_reason') END AS end_reason
  FROM (SELECT max(seq) AS seq,
               max(CASE WHEN event = 'session.created' OR event = 'session.ended'
                             OR event = 'session.resumed' THEN seq END) AS turning
          FROM tenure_event
         WHERE session_id IS NOT NULL AND to_status IS NOT NULL GROUP BY session_id) AS latest
  JOIN tenure_event AS e ON e.seq = latest.seq
  LEFT JOIN tenure_event AS b ON b.seq = latest.turning;

-- One row per turn: its kind, which its first event tells, and its state, which its last one does.
CREATE VIEW tenure_replay_turn AS
SELECT e.session_id, e.turn_id, e.incarnation, tenure_detail(b.detail, 'kind') AS kind,
       turn_event_state(e.event) AS state
  FROM (SELECT min(seq) AS first, max(seq) AS latest FROM tenure_event
         WHERE turn_id IS NOT NULL AND turn_event_state(event) IS NOT NULL
         GROUP BY session_id, turn_id) AS q
  JOIN tenure_event AS e ON e.seq = q.latest
  JOIN tenure_event AS b ON b.seq = q.first;
