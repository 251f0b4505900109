-- The counter of each scope that was ever used. It only grows, so a fence never repeats, whatever ends,
-- is cleared, crashes, is imported or collected.
--
-- While a session lives in a scope its revision is the counter, and what stands here may lag behind it, so
-- that a heartbeat writes one row, not two. It never lags behind a fence: each grant and each end brings it
-- up to date. What the counter is, the view tenure_scope tells.

CREATE TABLE tenure_counter (
  scope    TEXT    NOT NULL PRIMARY KEY CHECK (scope <> ''),
  revision INTEGER NOT NULL CHECK (revision >= 0)
) STRICT, WITHOUT ROWID;
