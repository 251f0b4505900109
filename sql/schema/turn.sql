-- What sessions are doing. A turn is one unit of agent work inside one session; an id is unique only
-- within its session. A turn is open while ended_at is NULL: there is no other mark of an active turn
-- that could go stale.

CREATE TABLE tenure_turn (
  session_id         TEXT    NOT NULL,
  turn_id            TEXT    NOT NULL CHECK (turn_id <> ''),
  incarnation        INTEGER NOT NULL CHECK (incarnation >= 1),
  kind               TEXT    NOT NULL DEFAULT 'regular'
                     CHECK (kind = 'regular' OR kind = 'review' OR kind = 'compact'),
  state              TEXT    NOT NULL
                     CHECK (state = 'reserved' OR state = 'running' OR state = 'completed' OR
                            state = 'interrupted' OR state = 'error'),
  abort_reason       TEXT
                     CHECK (abort_reason = 'interrupted' OR abort_reason = 'replaced' OR
                            abort_reason = 'review_ended' OR abort_reason = 'budget_limited'),
  requested_at       INTEGER,
  started_at         INTEGER NOT NULL,
  ended_at           INTEGER,
  last_agent_message TEXT,
  message_id         TEXT,
  start_input            INTEGER NOT NULL DEFAULT 0 CHECK (start_input >= 0),
  start_cached_input     INTEGER NOT NULL DEFAULT 0 CHECK (start_cached_input >= 0),
  start_output           INTEGER NOT NULL DEFAULT 0 CHECK (start_output >= 0),
  start_reasoning_output INTEGER NOT NULL DEFAULT 0 CHECK (start_reasoning_output >= 0),
  start_total            INTEGER NOT NULL DEFAULT 0 CHECK (start_total >= 0),
  start_cost_usd         REAL    NOT NULL DEFAULT 0 CHECK (start_cost_usd >= 0),
  used_input             INTEGER CHECK (used_input >= 0),
  used_cached_input      INTEGER CHECK (used_cached_input >= 0),
  used_output            INTEGER CHECK (used_output >= 0),
  used_reasoning_output  INTEGER CHECK (used_reasoning_output >= 0),
  used_total             INTEGER CHECK (used_total >= 0),
  used_cost_usd          REAL    CHECK (used_cost_usd >= 0),
  PRIMARY KEY (session_id, turn_id),
  CHECK (ended_at IS NULL OR state = 'completed' OR state = 'interrupted' OR state = 'error'),
  CHECK (abort_reason IS NULL OR state = 'interrupted')
) STRICT, WITHOUT ROWID;

-- At most one open turn per session.
CREATE UNIQUE INDEX tenure_turn_open ON tenure_turn (session_id) WHERE ended_at IS NULL;

-- A start that was asked for and has not begun. At most one per session, the latest wins.
CREATE TABLE tenure_pending_start (
  session_id   TEXT    NOT NULL PRIMARY KEY,
  message_id   TEXT,
  requested_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Steering: what was said to a turn while it ran.
CREATE TABLE tenure_turn_input (
  session_id TEXT    NOT NULL,
  turn_id    TEXT    NOT NULL,
  seq        INTEGER NOT NULL CHECK (seq >= 1),
  payload    TEXT    NOT NULL,
  at         INTEGER NOT NULL,
  state      TEXT    NOT NULL DEFAULT 'pending'
             CHECK (state = 'pending' OR state = 'consumed' OR state = 'leftover'),
  PRIMARY KEY (session_id, turn_id, seq)
) STRICT, WITHOUT ROWID;

-- What a turn asks of a person. An attempt is one asking; its end is final.
CREATE TABLE tenure_request (
  session_id  TEXT    NOT NULL,
  request_id  TEXT    NOT NULL CHECK (request_id <> ''),
  attempt     INTEGER NOT NULL CHECK (attempt >= 1),
  incarnation INTEGER NOT NULL CHECK (incarnation >= 1),
  turn_id     TEXT,
  kind        TEXT    NOT NULL
              CHECK (kind = 'approval' OR kind = 'user_input' OR kind = 'permission' OR
                     kind = 'elicitation' OR kind = 'tool_call'),
  payload     TEXT,
  state       TEXT    NOT NULL
              CHECK (state = 'pending' OR state = 'resolved' OR state = 'expired'),
  decision    TEXT,
  created_at  INTEGER NOT NULL,
  resolved_at INTEGER,
  PRIMARY KEY (session_id, request_id, attempt),
  CHECK ((state = 'pending') = (resolved_at IS NULL)),
  CHECK (state <> 'pending' OR decision IS NULL)
) STRICT, WITHOUT ROWID;

-- At most one pending attempt of a request; the pending requests of a session.
CREATE UNIQUE INDEX tenure_request_pending ON tenure_request (session_id, request_id)
 WHERE state = 'pending';

-- What was approved for longer than once. turn_id is '' for the whole session; a grant that names a turn
-- dies with it.
CREATE TABLE tenure_grant (
  session_id TEXT NOT NULL,
  key        TEXT NOT NULL,
  turn_id    TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (session_id, key, turn_id)
) STRICT, WITHOUT ROWID;

-- Markers that the model is to see, and input that no turn took.
CREATE TABLE tenure_history (
  session_id TEXT    NOT NULL,
  seq        INTEGER NOT NULL CHECK (seq >= 1),
  turn_id    TEXT,
  kind       TEXT    NOT NULL,
  payload    TEXT,
  at         INTEGER NOT NULL,
  PRIMARY KEY (session_id, seq)
) STRICT, WITHOUT ROWID;

-- The provider events that were applied or ignored already.
CREATE TABLE tenure_provider_seen (
  session_id TEXT    NOT NULL,
  event_id   TEXT    NOT NULL,
  at         INTEGER NOT NULL,
  PRIMARY KEY (session_id, event_id)
) STRICT, WITHOUT ROWID;
