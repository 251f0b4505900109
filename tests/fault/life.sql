-- What the tests of faults go through besides tests/memory/corpus.sql: sessions that live beside each other on
-- several scopes, in one file, for long enough that the journal is begun anew many times. A line is one
-- step: one statement, or one transaction. Each part begins on a database with nothing but Tenure's tables,
-- at the virtual time 1000000000. A step may be refused; what it must come to is what it comes to where
-- nothing fails.

--- three scopes
INSERT INTO tenure_start(scope, actor_id, supervisor_id, lease_ttl, receipt_id) VALUES ('a', 'ann', 'boss', 60, 'r1') RETURNING session_report();
INSERT INTO tenure_start(scope, actor_id, lease_ttl, strict, receipt_id) VALUES ('b', 'ben', 90, 1, 'r2') RETURNING session_report();
INSERT INTO tenure_start(scope, receipt_id) VALUES ('c', 'r3') RETURNING session_report();
INSERT INTO tenure_heartbeat(scope, actor_id) VALUES ('a', 'ann') RETURNING session_report();
INSERT INTO tenure_heartbeat(scope, fence) VALUES ('b', 1) RETURNING session_report();
INSERT INTO tenure_heartbeat(scope, actor_id) VALUES ('a', 'ann') RETURNING session_report();
INSERT INTO tenure_heartbeat(scope, actor_id) VALUES ('a', 'ann') RETURNING session_report();
INSERT INTO tenure_heartbeat(scope, actor_id, activity, receipt_id) VALUES ('a', 'ann', 'reading', 'r4') RETURNING session_report();
INSERT INTO tenure_heartbeat(scope) VALUES ('c') RETURNING session_report();
INSERT INTO tenure_start(scope, actor_id, lease_ttl, receipt_id) VALUES ('a', 'ann', 70, 'r5') RETURNING session_report();
INSERT INTO tenure_heartbeat(scope, actor_id, fence) VALUES ('a', 'ann', 1) RETURNING session_report();
INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('a', 'bob', 60) RETURNING session_report();
INSERT INTO tenure_heartbeat(scope, actor_id) VALUES ('a', 'ann') RETURNING session_report();
INSERT INTO tenure_escalate(scope, kind, reason, actor_id, receipt_id) VALUES ('a', 'blocking', 'a person must look', 'ann', 'r6') RETURNING session_report();
INSERT INTO tenure_escalate(scope, kind, reason, actor_id) VALUES ('a', 'non_blocking', 'when there is time', 'ann') RETURNING session_report();
INSERT INTO tenure_gate_set(scope, gates, receipt_id) VALUES ('a', '["tests"]', 'r7') RETURNING session_report();
INSERT INTO tenure_baseline_set(session_id, name, digest, receipt_id) SELECT session_id, 'tree', 'd1', 'r8' FROM tenure_session WHERE scope = 'a' RETURNING session_report();
INSERT INTO tenure_clear(scope, actor_id, reason, receipt_id) VALUES ('c', 'ann', 'by hand', 'r9') RETURNING session_report();
SELECT tenure_clock(1000000080);
INSERT INTO tenure_takeover(scope, actor_id, reason, receipt_id) VALUES ('a', 'bob', 'ann is silent', 'r10') RETURNING session_report();
INSERT INTO tenure_takeover(scope, actor_id, reason) VALUES ('a', 'cat', 'too late') RETURNING session_report();
INSERT INTO tenure_heartbeat(scope, actor_id, fence) VALUES ('a', 'ann', 9) RETURNING session_report();
INSERT INTO tenure_heartbeat(scope, actor_id) VALUES ('a', 'bob') RETURNING session_report();
INSERT INTO tenure_heartbeat(scope, actor_id) VALUES ('a', 'bob') RETURNING session_report();
INSERT INTO tenure_transition(session_id, status, actor_id, exit_code, receipt_id) SELECT session_id, 'failed', 'bob', 3, 'r11' FROM tenure_session WHERE scope = 'a' AND ended_at IS NULL RETURNING session_report();
INSERT INTO tenure_start(scope, actor_id, lease_ttl, receipt_id) VALUES ('a', 'cat', 60, 'r12') RETURNING session_report();
INSERT INTO tenure_clear(scope, actor_id, receipt_id) VALUES ('a', 'cat', 'r13') RETURNING session_report();
INSERT INTO tenure_resume(session_id, actor_id, reason, receipt_id) SELECT session_id, 'bob', 'again', 'r14' FROM tenure_session WHERE scope = 'a' AND owner_id = 'bob' RETURNING session_report();
INSERT INTO tenure_heartbeat(scope, actor_id) VALUES ('a', 'bob') RETURNING session_report();
INSERT INTO tenure_heartbeat(scope, actor_id) VALUES ('b', 'ben') RETURNING session_report();
SELECT tenure_clock(1000000400);
INSERT INTO tenure_start(scope, actor_id, lease_ttl, receipt_id) VALUES ('b', 'ben', 60, 'r15') RETURNING session_report();
INSERT INTO tenure_clear(scope, force, reason, receipt_id) VALUES ('b', 1, 'an operator', 'r16') RETURNING session_report();
INSERT INTO tenure_start(scope, actor_id, lease_ttl, status, receipt_id) VALUES ('b', 'dan', 60, 'starting', 'r17') RETURNING session_report();
UPDATE tenure_session SET status = 'running', revision = session_transition(status, 'running', revision, revision) WHERE scope = 'b' AND status = 'starting';
DELETE FROM tenure_session WHERE ended_at IS NOT NULL;
INSERT INTO tenure_start(scope, actor_id, lease_ttl, receipt_id) VALUES ('c', 'dan', 60, 'r18') RETURNING session_report();

--- turns
INSERT INTO tenure_start(scope, actor_id, lease_ttl, token_budget, receipt_id) VALUES ('a', 'ann', 600, 1000, 'r1') RETURNING session_report();
INSERT INTO tenure_turn_request_start(session_id, message_id, receipt_id) SELECT session_id, 'm1', 'r2' FROM tenure_session RETURNING session_report();
INSERT INTO tenure_turn_begin(session_id, turn_id, receipt_id) SELECT session_id, 't1', 'r3' FROM tenure_session RETURNING session_report();
INSERT INTO tenure_turn_steer(session_id, input, receipt_id) SELECT session_id, 'and the linter', 'r4' FROM tenure_session RETURNING session_report();
INSERT INTO tenure_turn_steer(session_id, input, receipt_id) SELECT session_id, 'then stop', 'r5' FROM tenure_session RETURNING session_report();
INSERT INTO tenure_turn_take_input(session_id, receipt_id) SELECT session_id, 'r6' FROM tenure_session RETURNING session_report();
INSERT INTO tenure_turn_steer(session_id, input, receipt_id) SELECT session_id, 'left over', 'r7' FROM tenure_session RETURNING session_report();
INSERT INTO tenure_request_open(session_id, request_id, kind, payload, receipt_id) SELECT session_id, 'q1', 'approval', 'rm', 'r8' FROM tenure_session RETURNING session_report();
INSERT INTO tenure_request_open(session_id, request_id, kind, receipt_id) SELECT session_id, 'q2', 'permission', 'r9' FROM tenure_session RETURNING session_report();
INSERT INTO tenure_request_resolve(session_id, request_id, decision, remember, receipt_id) SELECT session_id, 'q1', 'approved_for_session', '["a", "b"]', 'r10' FROM tenure_session RETURNING session_report();
INSERT INTO tenure_usage(session_id, input, output, total, cost_usd, rate_limits, receipt_id) SELECT session_id, 10, 5, 15, 0.25, '{"a": 1}', 'r11' FROM tenure_session RETURNING session_report();
INSERT INTO tenure_turn_begin(session_id, turn_id, replace, receipt_id) SELECT session_id, 't2', 1, 'r12' FROM tenure_session RETURNING session_report();
INSERT INTO tenure_turn_end(session_id, turn_id, message, total, receipt_id) SELECT session_id, 't2', 'done', 20, 'r13' FROM tenure_session RETURNING session_report();
INSERT INTO tenure_provider_event(session_id, event_id, type, turn_id, receipt_id) SELECT session_id, 'e1', 'turn.started', 't3', 'r14' FROM tenure_session RETURNING session_report();
INSERT INTO tenure_request_open(session_id, request_id, kind) SELECT session_id, 'q3', 'approval' FROM tenure_session RETURNING session_report();
INSERT INTO tenure_turn_abort(session_id, receipt_id) SELECT session_id, 'r15' FROM tenure_session RETURNING session_report();
INSERT INTO tenure_turn_begin(session_id, turn_id, receipt_id) SELECT session_id, 't4', 'r16' FROM tenure_session RETURNING session_report();
INSERT INTO tenure_turn_steer(session_id, input) SELECT session_id, 'nobody takes it' FROM tenure_session RETURNING session_report();
INSERT INTO tenure_clear(scope, actor_id, receipt_id) VALUES ('a', 'ann', 'r17') RETURNING session_report();
DELETE FROM tenure_session;

--- a guarded table and transactions
CREATE TABLE tasks(id INTEGER PRIMARY KEY, state TEXT);
SELECT tenure_guard('tasks', 'a');
INSERT INTO tenure_start(scope, actor_id, lease_ttl, receipt_id) VALUES ('a', 'ann', 60, 'r1') RETURNING session_report();
SELECT tenure_hold(session_id, fence) FROM tenure_session WHERE scope = 'a';
INSERT INTO tasks(state) VALUES ('claimed');
BEGIN IMMEDIATE; INSERT INTO tenure_heartbeat(scope, actor_id, activity) VALUES ('a', 'ann', 'task 1'); UPDATE tasks SET state = 'done'; INSERT INTO tasks(state) VALUES ('next'); COMMIT;
BEGIN IMMEDIATE; INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('b', 'ann', 60); INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('c', 'ann', 60); COMMIT;
BEGIN IMMEDIATE; INSERT INTO tenure_clear(scope, actor_id) VALUES ('b', 'ann'); INSERT INTO tenure_clear(scope, actor_id) VALUES ('b', 'bob'); INSERT INTO tenure_clear(scope, actor_id) VALUES ('c', 'bob'); COMMIT;
BEGIN IMMEDIATE; INSERT INTO tenure_clear(scope, actor_id) VALUES ('b', 'ann'); ROLLBACK;
SELECT tenure_clock(1000000100);
INSERT INTO tasks(state) VALUES ('too late');
INSERT INTO tenure_takeover(scope, actor_id, reason, receipt_id) VALUES ('a', 'bob', 'gone', 'r2') RETURNING session_report();
UPDATE tasks SET state = 'stolen';
SELECT tenure_hold(session_id, fence) FROM tenure_session WHERE scope = 'a' AND ended_at IS NULL;
UPDATE tasks SET state = 'mine';
SELECT tenure_unguard('tasks');
DELETE FROM tasks;

--- a state file of an older tool
INSERT INTO tenure_import(scope, json, receipt_id) VALUES ('a', '{"schema_version": 4, "started_at_epoch_s": 1, "last_started_at_epoch_s": 2, "start_count": 3, "session_id": "ses_old", "mode": "research", "owner_kind": "runtime_worker", "owner_id": "ann", "supervisor_id": "s", "lease_ttl_secs": 5, "last_heartbeat_at_epoch_s": 4, "revision": 17}', 'r1') RETURNING session_report();
INSERT INTO tenure_takeover(scope, actor_id, reason, receipt_id) VALUES ('a', 'bob', 'the old tool is gone', 'r2') RETURNING session_report();
INSERT INTO tenure_import(scope, json, receipt_id) VALUES ('a', '{"schema_version": 2, "started_at_epoch_s": 1, "last_started_at_epoch_s": 1, "start_count": 1}', 'r3') RETURNING session_report();
INSERT INTO tenure_import(scope, json) VALUES ('b', '{"schema_version": 2, "started_at_epoch_s": 1, "last_started_at_epoch_s": 1, "start_count": 1, "revision": 4}') RETURNING session_report();
INSERT INTO tenure_start(scope, actor_id, lease_ttl, receipt_id) VALUES ('b', 'ben', 60, 'r4') RETURNING session_report();

--- the schema
SELECT tenure_install();
DROP TRIGGER tenure_meta_update_guard;
SELECT tenure_install();
INSERT INTO tenure_start(scope, actor_id, lease_ttl, receipt_id) VALUES ('a', 'ann', 60, 'r1') RETURNING session_report();
CREATE TABLE tasks(id);
SELECT tenure_guard('tasks', 'a');
SELECT tenure_uninstall();
INSERT INTO tasks VALUES (1);
SELECT tenure_install();
INSERT INTO tenure_start(scope, actor_id, lease_ttl, receipt_id) VALUES ('a', 'ann', 60, 'r1') RETURNING session_report();

--- other work on the file
CREATE TABLE log(n INTEGER PRIMARY KEY, line TEXT);
INSERT INTO tenure_start(scope, actor_id, lease_ttl, receipt_id) VALUES ('a', 'ann', 600, 'r1') RETURNING session_report();
INSERT INTO log(line) SELECT hex(zeroblob(1000)) FROM tenure_schema LIMIT 20;
PRAGMA wal_checkpoint(TRUNCATE);
INSERT INTO tenure_heartbeat(scope, actor_id) VALUES ('a', 'ann') RETURNING session_report();
BEGIN IMMEDIATE; UPDATE log SET line = line || 'x'; INSERT INTO tenure_heartbeat(scope, actor_id, activity) VALUES ('a', 'ann', 'much'); COMMIT;
PRAGMA wal_checkpoint(PASSIVE);
INSERT INTO tenure_heartbeat(scope, actor_id) VALUES ('a', 'ann') RETURNING session_report();
DELETE FROM log;
VACUUM;
INSERT INTO tenure_heartbeat(scope, actor_id) VALUES ('a', 'ann') RETURNING session_report();
PRAGMA wal_checkpoint(RESTART);
INSERT INTO tenure_clear(scope, actor_id, receipt_id) VALUES ('a', 'ann', 'r2') RETURNING session_report();

--- keeping house
INSERT INTO tenure_start(scope, actor_id, lease_ttl, receipt_id) VALUES ('a', 'ann', 60, 'r1') RETURNING session_report();
INSERT INTO tenure_turn_begin(session_id, turn_id, receipt_id) SELECT session_id, 't1', 'r2' FROM tenure_session RETURNING session_report();
INSERT INTO tenure_record_result(session_id, turn_id, status, exit_code, receipt_id) SELECT session_id, 't1', 'failure', 7, 'r3' FROM tenure_session RETURNING session_report();
INSERT INTO tenure_record_completion(session_id, exit_code, reason, receipt_id) SELECT session_id, 143, 'TERM', 'r4' FROM tenure_session RETURNING session_report();
INSERT INTO tenure_start(scope, actor_id, lease_ttl, receipt_id) VALUES ('b', 'ben', 400, 'r5') RETURNING session_report();
INSERT INTO tenure_start(scope, actor_id, lease_ttl, status, receipt_id) VALUES ('c', 'cat', 60, 'starting', 'r6') RETURNING session_report();
SELECT tenure_clock(1000000200);
INSERT INTO tenure_settle(max_rows, receipt_id) VALUES (1, 'r7') RETURNING session_report();
INSERT INTO tenure_settle(receipt_id) VALUES ('r8') RETURNING session_report();
INSERT INTO tenure_record_result(session_id, status, exit_code, final, receipt_id) SELECT session_id, 'success', 0, 1, 'r9' FROM tenure_session WHERE scope = 'a' RETURNING session_report();
SELECT tenure_clock(1000000500);
INSERT INTO tenure_reap(idle_secs, receipt_id) VALUES (10, 'r10') RETURNING session_report();
INSERT INTO tenure_start(scope, actor_id, lease_ttl, receipt_id) VALUES ('a', 'dan', 60, 'r11') RETURNING session_report();
INSERT INTO tenure_gc(older_than_secs, max_rows, receipt_id) VALUES (0, 1, 'r12') RETURNING session_report();
SELECT tenure_clock(1000009000);
INSERT INTO tenure_gc(older_than_secs, receipt_id) VALUES (0, 'r13') RETURNING session_report();
