-- The scenario that every host plays, on one connection, statement by statement. A line of two hyphens
-- ends a statement. In its comments each statement says what must come of it:
--
--   expect: CODE    it is refused with this code; without such a line it succeeds
--   says: TEXT      the message of the refusal has TEXT in it
--   row: A|B|...    the rows that it gives, in order, columns between bars, NULL as nothing
--   bind: VALUE     the value of its next ?, bound as the host binds what its users have there: a number
--                   if it is digits, else a text
--
-- row: 1
SELECT tenure_install() > 0;
--
-- row: 1000000000
SELECT tenure_clock(1000000000);
--
CREATE TABLE tasks (id INTEGER PRIMARY KEY, done_by TEXT);
--
-- row: repo
SELECT tenure_guard('tasks', 'repo');
--
-- A state file that another tool left behind.
-- row: 1|ses_legacy|41|old-runner
INSERT INTO tenure_import (scope, json)
VALUES ('repo', '{"schema_version":4,"started_at_epoch_s":999990000,"last_started_at_epoch_s":999999000,
                  "start_count":2,"session_id":"ses_legacy","mode":"implement","owner_kind":"runtime_worker",
                  "owner_id":"old-runner","lease_ttl_secs":600,"last_heartbeat_at_epoch_s":999999900,
                  "revision":41}')
RETURNING session_report() ->> 'imported' || '|' || (session_report() ->> 'session_id') || '|' ||
          (session_report() ->> 'fence') || '|' || (session_report() ->> 'actor_id');
--
-- expect: json.unparsable
-- says: byte 1
INSERT INTO tenure_import (scope, json) VALUES ('other', '{');
--
-- Its lease still lives.
-- expect: start.live_other_owner
-- says: old-runner
INSERT INTO tenure_start (scope, actor_id, lease_ttl) VALUES ('repo', 'worker-1', 60);
--
-- row: 1
INSERT INTO tenure_clear (scope, actor_id, reason) VALUES ('repo', 'old-runner', 'moved')
RETURNING session_report() ->> 'cleared';
--
-- The first holder. Its fence goes on where the state file was.
-- row: 43|1|
INSERT INTO tenure_start (scope, actor_id, lease_ttl) VALUES ('repo', 'worker-1', 60)
RETURNING session_report() ->> 'fence' || '|' || (session_report() ->> 'reset') || '|' ||
          coalesce(session_report() ->> 'warning', '');
--
-- row: repo
SELECT tenure_hold(session_id, fence) FROM tenure_holder WHERE scope = 'repo';
--
INSERT INTO tasks (done_by) VALUES ('worker-1');
--
-- row: 1000000030
SELECT tenure_clock(1000000030);
--
-- row: 60|44
INSERT INTO tenure_heartbeat (scope, actor_id, fence, activity) VALUES ('repo', 'worker-1', 43, '  größer  ')
RETURNING session_report() ->> 'remaining_secs' || '|' || (session_report() ->> 'revision');
--
-- row: größer|0|60
SELECT current_activity, stale, remaining_secs FROM tenure_holder WHERE scope = 'repo';
--
-- expect: start.live_other_owner
-- says: worker-1
INSERT INTO tenure_start (scope, actor_id, lease_ttl) VALUES ('repo', 'worker-2', 60);
--
-- expect: start.live_other_owner
INSERT OR REPLACE INTO tenure_start (scope, actor_id, lease_ttl) VALUES ('repo', 'worker-2', 60);
--
-- expect: takeover.live
INSERT INTO tenure_takeover (scope, actor_id, reason) VALUES ('repo', 'worker-2', 'I want it');
--
-- expect: opt.lease_range
INSERT INTO tenure_start (scope, actor_id, lease_ttl) VALUES ('elsewhere', 'worker-2', 0);
--
-- expect: heartbeat.not_owner
INSERT INTO tenure_heartbeat (scope, actor_id) VALUES ('repo', 'worker-2');
--
-- The first holder falls silent. In the very second of its expiry the lease is over.
-- row: 1000000090
SELECT tenure_clock(1000000090);
--
-- row: 1|expired
SELECT stale, stale_reason FROM tenure_holder WHERE scope = 'repo';
--
-- expect: heartbeat.stale
INSERT INTO tenure_heartbeat (scope, actor_id, fence) VALUES ('repo', 'worker-1', 43);
--
-- expect: fence.stale
INSERT INTO tasks (done_by) VALUES ('worker-1, late');
--
-- expect: start.stale_other_owner
INSERT INTO tenure_start (scope, actor_id, lease_ttl) VALUES ('repo', 'worker-2', 60);
--
-- row: worker-1|45
INSERT INTO tenure_takeover (scope, actor_id, reason) VALUES ('repo', 'worker-2', 'worker-1 vanished')
RETURNING session_report() ->> 'prior_actor_id' || '|' || (session_report() ->> 'fence');
--
-- A delayed write of the first holder arrives.
-- expect: fence.token
-- says: worker-2
INSERT INTO tasks (done_by) VALUES ('worker-1, too late');
--
-- expect: fence.token
-- says: worker-2
INSERT OR IGNORE INTO tasks (done_by) VALUES ('worker-1, too late');
--
-- expect: fence.token
-- says: worker-2
DELETE FROM tasks;
--
-- expect: heartbeat.not_owner
-- says: worker-2
INSERT INTO tenure_heartbeat (scope, actor_id, fence) VALUES ('repo', 'worker-1', 43);
--
-- row: repo
SELECT tenure_hold(session_id, fence) FROM tenure_holder WHERE scope = 'repo';
--
-- row: 2|worker-2
INSERT INTO tasks (done_by) VALUES ('worker-2') RETURNING id, done_by;
--
-- row: 1|worker-1
-- row: 2|worker-2
SELECT id, done_by FROM tasks ORDER BY id;
--
-- Plain statements meet the same rules.
-- expect: transition.illegal
-- says: running -> idle
UPDATE tenure_session SET status = 'idle', revision = revision + 1 WHERE owner_id = 'worker-2';
--
-- expect: write.append_only
DELETE FROM tenure_event;
--
UPDATE tenure_session SET status = 'ready', revision = session_transition(status, 'ready', revision, 45)
 WHERE owner_id = 'worker-2' AND NOT session_is_terminal(status);
--
-- In a transaction of the caller, which is rolled back.
BEGIN IMMEDIATE;
--
-- row: 47
INSERT INTO tenure_clear (scope, actor_id) VALUES ('repo', 'worker-2')
RETURNING session_report() ->> 'cleared_revision';
--
ROLLBACK;
--
-- row: worker-2|46
SELECT owner_id, revision FROM tenure_holder WHERE scope = 'repo';
--
-- row: 1
INSERT INTO tenure_clear (scope, actor_id, reason) VALUES ('repo', 'worker-2', 'all done')
RETURNING session_report() ->> 'cleared';
--
-- The same with values that are bound. What a verb did is asked for by a statement of its own, because not
-- every host gets the rows of a bound INSERT by running it once.
-- row: 1000000100
-- bind: 1000000100
SELECT tenure_clock(?);
--
-- bind: cart
-- bind: ann
-- bind: 60
-- bind: 500
INSERT INTO tenure_start (scope, actor_id, lease_ttl, token_budget) VALUES (?, ?, ?, ?);
--
-- row: cart|ann|60|1
SELECT session_report() ->> 'scope', session_report() ->> 'actor_id', session_report() ->> 'lease_ttl_secs',
       session_report() ->> 'fence';
--
-- row: integer|integer|integer
-- bind: cart
SELECT typeof(lease_ttl), typeof(token_budget), typeof(fence) FROM tenure_session WHERE scope = ?;
--
CREATE TABLE items (name TEXT);
--
-- row: cart
-- bind: items
-- bind: cart
SELECT tenure_guard(?, ?);
--
-- expect: fence.required
-- bind: without a fence
INSERT INTO items (name) VALUES (?);
--
-- row: cart
-- bind: 1
-- bind: cart
SELECT tenure_hold(session_id, ?) FROM tenure_holder WHERE scope = ?;
--
-- bind: it's "größer" ✓
INSERT INTO items (name) VALUES (?);
--
-- row: it's "größer" ✓
SELECT name FROM items;
--
-- bind: cart
-- bind: 1
-- bind: 1
-- bind: it's "größer" ✓
INSERT INTO tenure_heartbeat (scope, fence, progress, activity) VALUES (?, ?, ?, ?);
--
-- row: it's "größer" ✓|2|60
-- bind: cart
SELECT current_activity, revision, remaining_secs FROM tenure_holder WHERE scope = ?;
--
-- expect: fence.token
-- says: fence 7
-- bind: cart
-- bind: ann
-- bind: 7
INSERT INTO tenure_heartbeat (scope, actor_id, fence) VALUES (?, ?, ?);
--
-- expect: opt.lease_range
-- bind: cart
-- bind: ann
-- bind: 0
INSERT INTO tenure_start (scope, actor_id, lease_ttl) VALUES (?, ?, ?);
--
-- expect: opt.lease_range
-- says: soon
-- bind: cart
-- bind: ann
-- bind: soon
INSERT INTO tenure_start (scope, actor_id, lease_ttl) VALUES (?, ?, ?);
--
-- expect: start.live_other_owner
-- bind: cart
-- bind: bob
-- bind: 60
INSERT INTO tenure_start (scope, actor_id, lease_ttl) VALUES (?, ?, ?);
--
-- row: 1000000160
-- bind: 1000000160
SELECT tenure_clock(?);
--
-- expect: takeover.conflict
-- bind: cart
-- bind: bob
-- bind: 1
-- bind: ann is silent
INSERT INTO tenure_takeover (scope, actor_id, expected_revision, reason) VALUES (?, ?, ?, ?);
--
-- bind: cart
-- bind: bob
-- bind: 2
-- bind: ann is silent
INSERT INTO tenure_takeover (scope, actor_id, expected_revision, reason) VALUES (?, ?, ?, ?);
--
-- row: bob|3|60
-- bind: cart
SELECT owner_id, fence, lease_ttl FROM tenure_holder WHERE scope = ?;
--
-- expect: fence.token
-- bind: the late write
INSERT INTO items (name) VALUES (?);
--
-- expect: transition.conflict
-- says: expected revision 2
-- bind: ready
-- bind: 2
-- bind: bob
UPDATE tenure_session SET revision = session_transition(status, ?, revision, ?), status = 'ready' WHERE owner_id = ?;
--
-- bind: ready
-- bind: 3
-- bind: bob
UPDATE tenure_session SET revision = session_transition(status, ?, revision, ?), status = 'ready' WHERE owner_id = ?;
--
-- row: ready|4
-- bind: cart
SELECT status, revision FROM tenure_holder WHERE scope = ?;
--
-- bind: cart
-- bind: bob
-- bind: 3
INSERT INTO tenure_clear (scope, actor_id, fence) VALUES (?, ?, ?);
--
-- The log, without the ids that were minted.
-- row: 1|1000000000|session.created|running|old-runner|41
-- row: 2|1000000000|session.ended|exited|old-runner|42
-- row: 3|1000000000|session.created|running|worker-1|43
-- row: 4|1000000030|session.activity|running|worker-1|44
-- row: 5|1000000090|session.ended|failed|worker-2|45
-- row: 6|1000000090|session.created|running|worker-2|45
-- row: 7|1000000090|session.status|ready||46
-- row: 8|1000000090|session.ended|exited|worker-2|47
-- row: 9|1000000100|session.created|running|ann|1
-- row: 10|1000000100|session.activity|running||2
-- row: 11|1000000160|session.ended|failed|bob|3
-- row: 12|1000000160|session.created|running|bob|3
-- row: 13|1000000160|session.status|ready||4
-- row: 14|1000000160|session.ended|exited|bob|5
SELECT seq, at, event, to_status, actor_id, revision FROM tenure_event ORDER BY seq;
--
-- row: 0
SELECT count(*) FROM tenure_doctor WHERE severity = 'error';
--
-- row: ok
PRAGMA integrity_check;
