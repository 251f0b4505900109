-- How work and processes ended. A result says how the work ended: of a turn, or of the whole incarnation
-- where turn_id is ''. A completion packet says how the process ended, which is another fact.

CREATE TABLE tenure_result (
  session_id  TEXT    NOT NULL,
  incarnation INTEGER NOT NULL CHECK (incarnation >= 1),
  turn_id     TEXT    NOT NULL DEFAULT '',
  status      TEXT    NOT NULL
              CHECK (status = 'success' OR status = 'retired' OR status = 'failure' OR
                     status = 'timeout' OR status = 'signal' OR status = 'interrupted' OR
                     status = 'no_progress' OR status = 'error' OR
                     status = 'tier_failover_superseded'),
  exit_code   INTEGER,
  summary     TEXT,
  provenance  TEXT    NOT NULL DEFAULT 'agent'
              CHECK (provenance = 'agent' OR provenance = 'completion' OR
                     provenance = 'synthetic'),
  final       INTEGER NOT NULL DEFAULT 0 CHECK (final IN (0, 1)),
  recorded_at INTEGER NOT NULL,
  revision    INTEGER NOT NULL DEFAULT 1 CHECK (revision >= 1),
  PRIMARY KEY (session_id, incarnation, turn_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE tenure_completion (
  session_id  TEXT    NOT NULL,
  incarnation INTEGER NOT NULL CHECK (incarnation >= 1),
  exit_code   INTEGER NOT NULL,
  status      TEXT    NOT NULL
              CHECK (status = 'success' OR status = 'retired' OR status = 'failure' OR
                     status = 'timeout' OR status = 'signal' OR status = 'interrupted' OR
                     status = 'no_progress' OR status = 'error' OR
                     status = 'tier_failover_superseded'),
  reason      TEXT,
  recorded_at INTEGER NOT NULL,
  PRIMARY KEY (session_id, incarnation)
) STRICT, WITHOUT ROWID;
