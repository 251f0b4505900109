-- The log: one row for every change of state, written by triggers in the transaction that changes it.
-- Append-only; the numbers are never used again.

CREATE TABLE tenure_event (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT,
  at          INTEGER NOT NULL,
  session_id  TEXT,
  incarnation INTEGER,
  scope       TEXT,
  revision    INTEGER,
  event       TEXT NOT NULL,
  from_status TEXT,
  to_status   TEXT,
  actor_id    TEXT,
  turn_id     TEXT,
  detail      TEXT
) STRICT;

CREATE INDEX tenure_event_session ON tenure_event (session_id);
