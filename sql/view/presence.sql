-- Per host: ready if a session lives there, else idle, with the newest stamp of any of its sessions.

CREATE VIEW tenure_presence AS
SELECT s.host,
       CASE WHEN sum(s.ended_at IS NULL) > 0 THEN 'ready' ELSE 'idle' END AS health,
       sum(s.ended_at IS NULL) AS living,
       max(s.changed_at) AS observed_at
  FROM tenure_session AS s
 WHERE s.host IS NOT NULL
 GROUP BY s.host;
