-- The first success of each receipt_id, with the report it gave. session_id and scope are the target
-- that the caller meant; of escalation_resolve, session_id is the escalation.

CREATE TABLE tenure_receipt (
  receipt_id TEXT NOT NULL PRIMARY KEY,
  verb       TEXT NOT NULL,
  session_id TEXT,
  scope      TEXT,
  report     TEXT NOT NULL,
  at         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX tenure_receipt_at ON tenure_receipt (at);
