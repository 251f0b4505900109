-- The notes that belong to a scope rather than to one session: what needs a person (escalations), what
-- must hold before work goes on (gates), and what a session saw when it started (baselines).

CREATE TABLE tenure_escalation (
  escalation_id TEXT    NOT NULL PRIMARY KEY,
  scope         TEXT,
  session_id    TEXT,
  kind          TEXT    NOT NULL CHECK (kind IN ('blocking', 'non_blocking')),
  reason        TEXT    NOT NULL,
  created_at    INTEGER NOT NULL,
  resolved_at   INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX tenure_escalation_scope ON tenure_escalation (scope, created_at);

CREATE TABLE tenure_gate (
  scope    TEXT    NOT NULL PRIMARY KEY CHECK (scope <> ''),
  gates    TEXT    NOT NULL,
  revision INTEGER NOT NULL CHECK (revision >= 1)
) STRICT, WITHOUT ROWID;

CREATE TABLE tenure_baseline (
  session_id TEXT    NOT NULL,
  name       TEXT    NOT NULL,
  digest     TEXT    NOT NULL,
  at         INTEGER NOT NULL,
  PRIMARY KEY (session_id, name)
) STRICT, WITHOUT ROWID;
