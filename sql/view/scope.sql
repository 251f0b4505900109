-- The counter of each scope that was ever used: the revision of the session that lives in it, else the
-- number that its last session left.

CREATE VIEW tenure_scope AS
SELECT c.scope,
       coalesce((SELECT s.revision FROM tenure_session AS s
                  WHERE s.scope = c.scope AND s.ended_at IS NULL), c.revision) AS revision
  FROM tenure_counter AS c;
