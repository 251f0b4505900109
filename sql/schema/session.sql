-- One row per session, living or ended. A row is living while ended_at is NULL, which the guards keep
-- equal to "its status is not terminal".
--
-- Constraints use built-in SQL only, so that a client without the extension can still read, dump, copy
-- and check the database. What needs the status policy or the clock is in sql/guard. Words are compared
-- with OR, because SQLite builds a table for every IN list of more than two that it meets, each time it meets it.

CREATE TABLE tenure_session (
  session_id          TEXT    NOT NULL PRIMARY KEY CHECK (session_id <> ''),
  scope               TEXT    CHECK (scope <> ''),
  incarnation         INTEGER NOT NULL DEFAULT 1 CHECK (incarnation >= 1),
  status              TEXT    NOT NULL DEFAULT 'running'
                      CHECK (status = 'idle' OR status = 'starting' OR status = 'running' OR
                             status = 'ready' OR status = 'interrupted' OR status = 'error' OR
                             status = 'exiting' OR status = 'exited' OR status = 'failed' OR
                             status = 'stopped' OR status = 'destroying' OR status = 'destroyed'),
  mode                TEXT    NOT NULL DEFAULT 'general'
                      CHECK (mode = 'general' OR mode = 'research' OR mode = 'implement'),
  owner_kind          TEXT    NOT NULL DEFAULT 'interactive'
                      CHECK (owner_kind = 'interactive' OR owner_kind = 'runtime_supervisor' OR
                             owner_kind = 'runtime_worker'),
  owner_id            TEXT    NOT NULL DEFAULT 'interactive' CHECK (trim(owner_id) <> ''),
  supervisor_id       TEXT    CHECK (trim(supervisor_id) <> ''),
  strict              INTEGER NOT NULL DEFAULT 0 CHECK (strict IN (0, 1)),
  clock               TEXT    NOT NULL DEFAULT 'machine' CHECK (clock IN ('machine', 'virtual')),
  lease_ttl           INTEGER CHECK (lease_ttl BETWEEN 1 AND 31536000),
  started_at          INTEGER NOT NULL,
  last_started_at     INTEGER NOT NULL,
  start_count         INTEGER NOT NULL DEFAULT 1 CHECK (start_count >= 1),
  last_heartbeat_at   INTEGER,
  lease_machine       TEXT,
  lease_boot_id       TEXT,
  lease_deadline_mono INTEGER,
  lease_file          TEXT,
  progress_at         INTEGER,
  no_progress_count   INTEGER NOT NULL DEFAULT 0 CHECK (no_progress_count >= 0),
  last_outcome        TEXT,
  changed_at          INTEGER NOT NULL,
  revision            INTEGER NOT NULL CHECK (revision >= 1),
  fence               INTEGER NOT NULL CHECK (fence BETWEEN 1 AND revision),
  current_activity    TEXT    CHECK (length(current_activity) <= 280),
  activity_at         INTEGER,
  ended_at            INTEGER,
  end_reason          TEXT
                      CHECK (end_reason = 'cleared' OR end_reason = 'forced' OR
                             end_reason = 'taken_over' OR end_reason = 'stale_reset' OR
                             end_reason = 'host-death' OR end_reason = 'idle' OR
                             end_reason = 'transition' OR end_reason = 'run'),
  ended_by            TEXT,
  end_note            TEXT,
  exit_code           INTEGER,
  exit_signal         TEXT,
  failure_origin      TEXT
                      CHECK (failure_origin = 'host-death' OR
                             failure_origin = 'renderer-failure' OR
                             failure_origin = 'storage-corruption' OR failure_origin = 'unknown'),
  failure_reason      TEXT,
  last_error          TEXT,
  last_turn_id        TEXT,
  predecessor_id      TEXT,
  parent_session_id   TEXT,
  host                TEXT,
  boot_id             TEXT,
  pid                 INTEGER CHECK (pid > 0),
  pid_start_ticks     INTEGER CHECK (pid_start_ticks >= 0),
  label               TEXT,
  command             TEXT,
  cwd                 TEXT,
  token_budget        INTEGER CHECK (token_budget >= 0),
  usage_input            INTEGER NOT NULL DEFAULT 0 CHECK (usage_input >= 0),
  usage_cached_input     INTEGER NOT NULL DEFAULT 0 CHECK (usage_cached_input >= 0),
  usage_output           INTEGER NOT NULL DEFAULT 0 CHECK (usage_output >= 0),
  usage_reasoning_output INTEGER NOT NULL DEFAULT 0 CHECK (usage_reasoning_output >= 0),
  usage_total            INTEGER NOT NULL DEFAULT 0 CHECK (usage_total >= 0),
  usage_cost_usd         REAL    NOT NULL DEFAULT 0 CHECK (usage_cost_usd >= 0),
  rate_limits         TEXT,
  schema_version      INTEGER NOT NULL DEFAULT 4 CHECK (schema_version = 4),
  CHECK ((owner_kind = 'interactive') = (owner_id = 'interactive')),
  CHECK ((owner_kind = 'interactive') = (lease_ttl IS NULL)),
  CHECK (owner_kind = 'interactive' OR last_heartbeat_at IS NOT NULL),
  CHECK ((ended_at IS NULL AND end_reason IS NULL) OR status = 'exited' OR status = 'failed' OR
         status = 'stopped' OR status = 'destroyed')
) STRICT, WITHOUT ROWID;

-- At most one living session holds a scope.
CREATE UNIQUE INDEX tenure_session_living ON tenure_session (scope) WHERE ended_at IS NULL;

-- The sessions that a session spawned, and those that ended, by age.
CREATE INDEX tenure_session_parent ON tenure_session (parent_session_id)
 WHERE parent_session_id IS NOT NULL;
CREATE INDEX tenure_session_ended ON tenure_session (ended_at) WHERE ended_at IS NOT NULL;
