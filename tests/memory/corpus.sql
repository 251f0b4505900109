-- What the memory checkers watch: every verb, and every refusal of the catalogue at least once. corpus.c
-- runs each section (a line "--- NAME" begins one) in a savepoint of its own, at the virtual time
-- 1000000000, and asks afterwards whether a code of the catalogue was never raised. A statement that fails
-- is no fault here: what must come of it is told by the tests of the verbs.

--- a life in one scope
INSERT INTO tenure_start(scope, actor_id, supervisor_id, lease_ttl, mode, label, command, cwd, token_budget) VALUES ('repo', 'ann', 'boss', 60, 'implement', 'l', 'c', '/', 9) RETURNING session_report();
INSERT INTO tenure_start(scope, actor_id, lease_ttl, fence) VALUES ('repo', 'ann', 90, 1) RETURNING session_report();
INSERT INTO tenure_start(scope, actor_id, lease_ttl, pid, pid_start_ticks, host, boot_id) VALUES ('repo', 'ann', 10, 7, 8, 'far', 'b') RETURNING session_report();
INSERT INTO tenure_start(scope, actor_id, lease_ttl, pid, pid_start_ticks, host, boot_id) VALUES ('repo', 'ann', 10, 7, 8, 'far', 'b') RETURNING session_report();
INSERT INTO tenure_heartbeat(scope, actor_id) VALUES ('repo', 'ann') RETURNING session_report();
INSERT INTO tenure_heartbeat(scope, actor_id, activity, progress, outcome) VALUES ('repo', 'ann', '  at "work" \ é ', 1, 'fine') RETURNING session_report();
INSERT INTO tenure_heartbeat(scope, actor_id, progress, receipt_id) VALUES ('repo', 'ann', 0, 'r1') RETURNING session_report();
INSERT INTO tenure_heartbeat(scope, actor_id, progress, receipt_id) VALUES ('repo', 'ann', 0, 'r1') RETURNING session_report();
INSERT INTO tenure_escalate(scope, kind, reason, actor_id) VALUES ('repo', 'blocking', 'why', 'ann') RETURNING session_report();
INSERT INTO tenure_escalate(scope, kind, reason, actor_id) VALUES ('repo', 'non_blocking', 'why not', 'ann') RETURNING session_report();
INSERT INTO tenure_escalation_resolve(escalation_id) SELECT escalation_id FROM tenure_escalation WHERE kind = 'blocking' RETURNING session_report();
INSERT INTO tenure_gate_set(scope, gates) VALUES ('repo', '["tests", {"n": [1, 2.5e3, null, true]}]') RETURNING session_report();
INSERT INTO tenure_gate_set(scope, gates, expected_revision) VALUES ('repo', '[]', 1) RETURNING session_report();
INSERT INTO tenure_baseline_set(session_id, name, digest) SELECT session_id, 'tree', 'abc' FROM tenure_session RETURNING session_report();
INSERT INTO tenure_transition(session_id, status, actor_id) SELECT session_id, 'interrupted', 'boss' FROM tenure_session RETURNING session_report();
INSERT INTO tenure_transition(session_id, status, actor_id) SELECT session_id, 'interrupted', 'boss' FROM tenure_session RETURNING session_report();
SELECT * FROM tenure_holder;
SELECT * FROM tenure_projection;
SELECT * FROM tenure_presence;
SELECT tenure_clock(1000000200);
INSERT INTO tenure_takeover(scope, actor_id, reason) VALUES ('repo', 'bob', 'ann is gone') RETURNING session_report();
SELECT tenure_clock(1000001000);
INSERT INTO tenure_start(scope, actor_id, lease_ttl, strict) VALUES ('repo', 'bob', 60, 1) RETURNING session_report();
INSERT INTO tenure_clear(scope, actor_id, fence, reason) SELECT 'repo', 'bob', fence, 'done' FROM tenure_session WHERE ended_at IS NULL RETURNING session_report();
INSERT INTO tenure_clear(scope, actor_id) VALUES ('repo', 'bob') RETURNING session_report();
INSERT INTO tenure_resume(session_id, actor_id, lease_ttl, reason) SELECT session_id, 'bob', 30, 'again' FROM tenure_session WHERE end_reason = 'cleared' RETURNING session_report();
INSERT INTO tenure_clear(scope, force, reason) VALUES ('repo', 1, 'an operator said so') RETURNING session_report();
INSERT INTO tenure_start(scope) VALUES ('repo') RETURNING session_report();
INSERT INTO tenure_start(scope) VALUES ('repo') RETURNING session_report();
INSERT INTO tenure_heartbeat(scope) VALUES ('repo') RETURNING session_report();
INSERT INTO tenure_start(scope, status) VALUES ('', 'starting') RETURNING session_report();
UPDATE tenure_session SET status = 'exited', revision = session_transition(status, 'exited', revision, revision) WHERE ended_at IS NULL;
DELETE FROM tenure_session WHERE ended_at IS NOT NULL;
SELECT * FROM tenure_event;

--- state files of an older tool
INSERT INTO tenure_import(scope, json) VALUES ('a', '{"schema_version": 4, "started_at_epoch_s": 1, "last_started_at_epoch_s": 2, "start_count": 3, "session_id": "ses_old", "mode": "research", "owner_kind": "runtime_worker", "owner_id": "x\u00e9\ud83d\ude00", "supervisor_id": "s", "lease_ttl_secs": 5, "last_heartbeat_at_epoch_s": 4, "revision": 17, "more": [{"deep": [[1]]}, -0.5e-3, false, null, "\n"]}') RETURNING session_report();
INSERT INTO tenure_import(scope, json) VALUES ('b', '{"schema_version": 2, "started_at_epoch_s": 1, "last_started_at_epoch_s": 1, "start_count": 1}') RETURNING session_report();
INSERT INTO tenure_import(scope, json) VALUES ('c', '{"schema_version": 3, "started_at_epoch_s": 1, "last_started_at_epoch_s": 1, "start_count": 1, "session_id": "ses_old3"}') RETURNING session_report();
INSERT INTO tenure_import(scope, json) VALUES ('c', '{"schema_version": 3, "started_at_epoch_s": 1, "last_started_at_epoch_s": 1, "start_count": 1, "session_id": "ses_old4"}') RETURNING session_report();
INSERT INTO tenure_import(scope, json) VALUES ('d', '{"schema_version": 3, "started_at_epoch_s": 1, "last_started_at_epoch_s": 1, "start_count": 1, "session_id": "ses_old"}');
INSERT INTO tenure_import(scope, json) VALUES ('d', '{"schema_version": 4, "started_at_epoch_s": 1, "last_started_at_epoch_s": 1, "start_count": 1, "session_id": "s", "revision": 9223372036854775808}');
INSERT INTO tenure_import(scope, json) VALUES ('d', '{"schema_version": 5, "started_at_epoch_s": 1, "last_started_at_epoch_s": 1, "start_count": 1}');
INSERT INTO tenure_import(scope, json) VALUES ('d', '{"a": "\ud800"}');
INSERT INTO tenure_import(scope, json) VALUES ('d', '[1, 2');
INSERT INTO tenure_import(scope, json) VALUES ('d', '');
INSERT INTO tenure_import(scope, json) VALUES ('d', CAST(x'7b22ff' AS TEXT));
SELECT * FROM tenure_legacy_state('{"schema_version": 2, "started_at_epoch_s": 1, "last_started_at_epoch_s": 1, "start_count": 1}');
SELECT * FROM tenure_legacy_state;
SELECT * FROM tenure_legacy_state(NULL);
SELECT * FROM tenure_legacy_state('{');

--- what is misused
INSERT INTO tenure_start(actor_id, lifecycle) VALUES ('ann', 'interactive');
INSERT INTO tenure_start(lifecycle) VALUES ('autonomous');
INSERT INTO tenure_start(actor_id, lease_ttl, supervisor_id) VALUES ('ann', 60, char(10));
INSERT INTO tenure_start(actor_id, lease_ttl) VALUES (' ', 60);
INSERT INTO tenure_start(actor_id, lease_ttl) VALUES (hex(zeroblob(101)), 60);
INSERT INTO tenure_start(actor_id, lease_ttl) VALUES ('interactive', 60);
INSERT INTO tenure_gate_set(gates) VALUES ('{}');
INSERT INTO tenure_gate_set(gates) VALUES ('[');
INSERT INTO tenure_escalate(kind, reason) VALUES ('loud', 'r');
INSERT INTO tenure_start(actor_id, lease_ttl, owner_kind) VALUES ('ann', 60, 'interactive');
INSERT INTO tenure_start(lifecycle, lease_ttl) VALUES ('interactive', 60);
INSERT INTO tenure_start(actor_id, lease_ttl) VALUES ('ann', 0);
INSERT INTO tenure_start(actor_id) VALUES ('ann');
INSERT INTO tenure_start(lifecycle) VALUES ('eternal');
INSERT INTO tenure_start(mode) VALUES ('idle');
INSERT INTO tenure_start(actor_id, lease_ttl, owner_kind) VALUES ('ann', 60, 'boss');
INSERT INTO tenure_start(actor_id, lease_ttl, pid) VALUES ('ann', 60, 0);
INSERT INTO tenure_transition(session_id) VALUES ('s');
INSERT INTO tenure_start(scope) VALUES (char(27));
INSERT INTO tenure_start(status) VALUES ('ready');
INSERT INTO tenure_start(strict) VALUES ('maybe');
INSERT INTO tenure_start(lifecycle, supervisor_id) VALUES ('interactive', 'boss');
INSERT INTO tenure_start(cwd) VALUES (CAST(x'00' AS TEXT));
INSERT INTO tenure_start(token_budget) VALUES (-1);
SELECT lease_expires_at(1, 'x');
SELECT tenure_object('key');
SELECT lease_grant('x', 1);
SELECT session_mint_id('x');
SELECT session_next_revision('x');
SELECT session_next_revision(9223372036854775807);
SELECT session_is_terminal('gone');
SELECT session_status_from('ccd', 'gone');
SELECT tenure_refuse('no.such');
SELECT tenure_refuse('clear.denied', 'owner', display_safe(char(8238, 7, 92, 233)), 'since', 9999999999999);
SELECT tenure_clock(-1);
SELECT session_require_commandable('ses_x', 'destroyed');
SELECT session_require_commandable('ses_x', 'exiting');
SELECT session_activity(hex(zeroblob(200)));
SELECT session_activity(CAST(x'ff' AS TEXT));
SELECT tenure_install() FROM tenure_meta;
INSERT INTO tenure_clear_found(session_id) VALUES ('s');
SELECT * FROM nowhere;

--- where there is nothing
INSERT INTO tenure_heartbeat(session_id) VALUES ('ses_x');
INSERT INTO tenure_clear(session_id) VALUES ('ses_x');
INSERT INTO tenure_takeover(scope, actor_id, reason) VALUES ('s', 'bob', 'r');
INSERT INTO tenure_transition(session_id, status) VALUES ('ses_x', 'ready');
INSERT INTO tenure_resume(session_id) VALUES ('ses_x');
INSERT INTO tenure_escalation_resolve(escalation_id) VALUES ('esc_x');
INSERT INTO tenure_baseline_set(session_id, name, digest) VALUES ('ses_x', 'n', 'd');
INSERT INTO tenure_gate_set(gates, expected_revision) VALUES ('[]', 7);
SELECT tenure_hold('ses_x', 1);
SELECT tenure_guard('nowhere', 's');
SELECT tenure_guard('tenure_event', 's');
INSERT INTO tenure_session(session_id, scope, clock, started_at, last_started_at, changed_at, revision, fence, status) VALUES ('ses_n', 's', 'virtual', 1, 1, 1, 1, 1, 'ready');

--- a live session
INSERT INTO tenure_start(actor_id, supervisor_id, lease_ttl) VALUES ('ann', 'boss', 60);
INSERT INTO tenure_heartbeat(actor_id, activity) VALUES ('ann', CAST(x'6100' AS TEXT));
INSERT INTO tenure_heartbeat(actor_id, activity) VALUES ('ann', hex(zeroblob(141)));
INSERT INTO tenure_heartbeat(actor_id, progress) VALUES ('ann', 7);
INSERT INTO tenure_heartbeat(actor_id, fence) VALUES ('ann', 'x');
INSERT INTO tenure_heartbeat(actor_id, fence) VALUES ('ann', 9);
INSERT INTO tenure_heartbeat(actor_id) VALUES ('bob');
INSERT INTO tenure_takeover(reason) VALUES ('r');
INSERT INTO tenure_takeover(actor_id, reason) VALUES ('bob', 'r');
INSERT INTO tenure_clear(actor_id) VALUES ('');
INSERT INTO tenure_clear(force) VALUES (2);
INSERT INTO tenure_clear(force) VALUES (1);
INSERT INTO tenure_clear(reason) VALUES ('r');
INSERT INTO tenure_clear(actor_id) VALUES ('bob');
INSERT INTO tenure_start(actor_id, lease_ttl) VALUES ('bob', 60);
INSERT INTO tenure_start(lifecycle) VALUES ('interactive');
INSERT INTO tenure_transition(session_id, status, exit_code) SELECT session_id, 'exited', 'x' FROM tenure_session;
INSERT INTO tenure_transition(session_id, status, exit_signal) SELECT session_id, 'exited', 256 FROM tenure_session;
INSERT INTO tenure_transition(session_id, status, failure_origin) SELECT session_id, 'failed', 'luck' FROM tenure_session;
INSERT INTO tenure_transition(session_id, status, incarnation) SELECT session_id, 'ready', 'x' FROM tenure_session;
INSERT INTO tenure_transition(session_id, status) SELECT session_id, 'gone' FROM tenure_session;
INSERT INTO tenure_transition(session_id, status, actor_id) SELECT session_id, 'ready', 'bob' FROM tenure_session;
INSERT INTO tenure_transition(session_id, status, actor_id, expected_revision) SELECT session_id, 'ready', 'ann', 7 FROM tenure_session;
INSERT INTO tenure_transition(session_id, status, actor_id) SELECT session_id, 'destroyed', 'ann' FROM tenure_session;
INSERT INTO tenure_resume(session_id, actor_id) SELECT session_id, 'ann' FROM tenure_session;
INSERT INTO tenure_import(scope, json) SELECT 's', '{"schema_version": 3, "started_at_epoch_s": 1, "last_started_at_epoch_s": 1, "start_count": 1, "session_id": "' || session_id || '"}' FROM tenure_session;
INSERT OR REPLACE INTO tenure_session SELECT * FROM tenure_session;
INSERT INTO tenure_session(session_id, scope, clock, started_at, last_started_at, changed_at, revision, fence) VALUES ('ses_n', 'main', 'virtual', 1, 1, 1, 2, 2);
UPDATE tenure_session SET revision = revision + 1, owner_id = NULL;
UPDATE tenure_session SET revision = revision + 1, changed_at = changed_at - 1;
UPDATE tenure_session SET label = 'x';
UPDATE tenure_session SET revision = revision + 1, owner_id = 'bob';
UPDATE tenure_session SET revision = revision + 1, incarnation = 2;
UPDATE tenure_session SET revision = revision + 1, lease_ttl = 61;
UPDATE tenure_session SET revision = revision + 1, lease_machine = 'm';
UPDATE tenure_session SET revision = revision + 1, label = 'x';
UPDATE tenure_session SET revision = revision + 1, fence = 2;
DELETE FROM tenure_session;
DELETE FROM tenure_scope;
UPDATE tenure_scope SET revision = 9;
DELETE FROM tenure_event;
INSERT INTO tenure_event(seq, at, event) VALUES (99, 1, 'e');
INSERT OR IGNORE INTO tenure_start(actor_id, lease_ttl) VALUES ('bob', 60);
CREATE TEMP TRIGGER skip BEFORE UPDATE ON main.tenure_session BEGIN SELECT RAISE(IGNORE); END;
INSERT INTO tenure_heartbeat(actor_id) VALUES ('ann');
DROP TRIGGER temp.skip;
SELECT tenure_clock(NULL);
INSERT INTO tenure_transition(session_id, status, actor_id) SELECT session_id, 'ready', 'ann' FROM tenure_session;

--- a strict session
INSERT INTO tenure_start(actor_id, lease_ttl, strict) VALUES ('ann', 60, 1);
INSERT INTO tenure_heartbeat(actor_id) VALUES ('ann');
UPDATE tenure_session SET revision = revision + 1, strict = 0;

--- a stale session
INSERT INTO tenure_start(actor_id, supervisor_id, lease_ttl) VALUES ('ann', 'boss', 60);
SELECT tenure_clock(1000000060);
INSERT INTO tenure_heartbeat(actor_id) VALUES ('ann');
INSERT INTO tenure_start(actor_id, lease_ttl) VALUES ('bob', 60);
INSERT INTO tenure_start(lifecycle) VALUES ('interactive');
INSERT INTO tenure_clear(actor_id) VALUES ('bob');
INSERT INTO tenure_takeover(actor_id, reason) VALUES ('ann', 'r');
INSERT INTO tenure_takeover(actor_id) VALUES ('bob');
INSERT INTO tenure_takeover(actor_id, reason, lease_ttl) VALUES ('bob', 'r', 31536001);
INSERT INTO tenure_takeover(actor_id, reason, expected_revision) VALUES ('bob', 'r', 'x');
INSERT INTO tenure_takeover(actor_id, reason, expected_revision) VALUES ('bob', 'r', 7);
UPDATE tenure_session SET revision = revision + 1, last_heartbeat_at = session_now();

--- an ended session
INSERT INTO tenure_start(actor_id, lease_ttl) VALUES ('ann', 60);
INSERT INTO tenure_clear(actor_id, receipt_id) VALUES ('ann', 'r');
INSERT INTO tenure_start(actor_id, lease_ttl, receipt_id) VALUES ('ann', 60, 'r');
INSERT INTO tenure_transition(session_id, status, actor_id) SELECT session_id, 'starting', 'ann' FROM tenure_session;
INSERT INTO tenure_resume(session_id, actor_id) SELECT session_id, 'bob' FROM tenure_session;
UPDATE tenure_session SET revision = revision + 1, end_note = 'x';
INSERT INTO tenure_start(actor_id, lease_ttl) VALUES ('bob', 60);
INSERT INTO tenure_heartbeat(actor_id, session_id) SELECT 'ann', session_id FROM tenure_session WHERE owner_id = 'ann';
INSERT INTO tenure_resume(session_id, actor_id) SELECT session_id, 'ann' FROM tenure_session WHERE owner_id = 'ann';

--- sessions that cannot be resumed
INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('a', 'ann', 60);
INSERT INTO tenure_transition(session_id, status, actor_id) SELECT session_id, 'exiting', 'ann' FROM tenure_session;
INSERT INTO tenure_resume(session_id, actor_id) SELECT session_id, 'ann' FROM tenure_session;
INSERT INTO tenure_clear(scope, actor_id) VALUES ('a', 'ann');
INSERT INTO tenure_transition(session_id, status, actor_id) SELECT session_id, 'destroyed', 'ann' FROM tenure_session;
INSERT INTO tenure_resume(session_id, actor_id) SELECT session_id, 'ann' FROM tenure_session;

--- an interactive session
INSERT INTO tenure_start(scope) VALUES ('main');
INSERT INTO tenure_start(actor_id, lease_ttl) VALUES ('ann', 60);
SELECT tenure_clock(1000028801);
INSERT INTO tenure_takeover(actor_id, reason) VALUES ('bob', 'r');
INSERT INTO tenure_start(actor_id, lease_ttl) VALUES ('ann', 60) RETURNING session_report();

--- a guarded table
CREATE TABLE tasks(id);
SELECT tenure_guard('tasks', 'main');
SELECT tenure_guard('TASKS', 'main');
SELECT tenure_guard('tasks', 's');
INSERT INTO tasks VALUES (1);
INSERT INTO tenure_start(actor_id, lease_ttl) VALUES ('ann', 60);
SELECT tenure_hold(session_id, fence) FROM tenure_session;
SELECT tenure_hold(session_id, 'x') FROM tenure_session;
INSERT INTO tasks VALUES (2);
UPDATE tasks SET id = 3;
SELECT tenure_hold(session_id, 9) FROM tenure_session;
DELETE FROM tasks;
SELECT tenure_hold(session_id, 1) FROM tenure_session;
SELECT tenure_clock(1000000060);
DELETE FROM tasks;
SELECT tenure_hold(NULL);
INSERT INTO tenure_start(scope) VALUES ('');
SELECT tenure_hold(session_id, fence) FROM tenure_session WHERE scope IS NULL;
SELECT tenure_unguard('tasks');
INSERT INTO tasks VALUES (4);
DROP TABLE tasks;

--- two databases on one connection
ATTACH ':memory:' AS second;
CREATE TABLE second.tenure_session(fence);
SELECT tenure_clock(NULL);
INSERT INTO tenure_start(actor_id, lease_ttl) VALUES ('ann', 60);
DROP TABLE second.tenure_session;
INSERT INTO tenure_start(actor_id, lease_ttl) VALUES ('ann', 60) RETURNING session_report();
SELECT stale, stale_reason, verdict, remaining_secs FROM tenure_holder;

--- install and uninstall
SELECT tenure_install();
DROP TRIGGER tenure_meta_update_guard;
SELECT tenure_install();
DROP TRIGGER tenure_meta_update_guard;
UPDATE tenure_meta SET value = '99';
SELECT tenure_install();
SELECT tenure_uninstall();
UPDATE tenure_meta SET value = '1';
SELECT tenure_uninstall();
SELECT tenure_uninstall();
CREATE TABLE tenure_gate(x);
SELECT tenure_install();
INSERT INTO tenure_start(actor_id, lease_ttl) VALUES ('ann', 60);
DROP TABLE tenure_gate;
SELECT tenure_install();
