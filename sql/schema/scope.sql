-- The counter of each scope that was ever used. It only grows, so a fence never repeats, whatever ends,
-- is cleared, crashes, is imported or collected.

CREATE TABLE tenure_scope (
  scope    TEXT    NOT NULL PRIMARY KEY CHECK (scope <> ''),
  revision INTEGER NOT NULL CHECK (revision >= 0)
) STRICT, WITHOUT ROWID;
