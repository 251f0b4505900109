/*
** cases.h - the statements that sweep.c sweeps, each with the situation that it meets.
*/
#ifndef TN_CASES_H
#define TN_CASES_H

typedef struct sweep_case {
  const char *name;
  const char *before; /* makes the situation, once */
  const char *sql;    /* one statement, the one that is swept */
} sweep_case;

#define ANN                                                                                        \
  "INSERT INTO tenure_start(scope, actor_id, supervisor_id, lease_ttl) VALUES ('a', 'ann', 'boss', 60);"
#define MANY_MORE                                                                                   \
  "INSERT INTO tenure_start(scope) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n " \
  "WHERE i < 120) SELECT '' FROM n;"
#define LATER "SELECT tenure_clock(1000000100);"
#define REPORT " RETURNING session_report()"
#define TURN(ID)                                                                                   \
  "INSERT INTO tenure_turn_begin(session_id, turn_id) SELECT session_id, '" ID                     \
  "' FROM tenure_session;"
#define STEER                                                                                      \
  "INSERT INTO tenure_turn_steer(session_id, input) SELECT session_id, 'x' FROM tenure_session;"
#define ASK                                                                                        \
  "INSERT INTO tenure_request_open(session_id, request_id, kind) SELECT session_id, 'q', "         \
  "'approval' FROM tenure_session;"
#define STATE                                                                                      \
  "'{\"schema_version\": 4, \"started_at_epoch_s\": 1, \"last_started_at_epoch_s\": 2, "           \
  "\"start_count\": 3, \"session_id\": \"ses_old\", \"owner_kind\": \"runtime_worker\", "          \
  "\"owner_id\": \"x\\u00e9\", \"supervisor_id\": \"s\", \"lease_ttl_secs\": 5, "                  \
  "\"last_heartbeat_at_epoch_s\": 4, \"revision\": 17, \"more\": [1, {\"a\": null}]}'"
/* A session with a known id and a last heartbeat: a wait that read a table to find it would be in a transaction. */
#define OLD(BEAT)                                                                                  \
  "INSERT INTO tenure_import(scope, json) VALUES ('a', '{\"schema_version\": 4, "                  \
  "\"started_at_epoch_s\": 1, \"last_started_at_epoch_s\": 2, \"start_count\": 3, "                \
  "\"session_id\": \"ses_old\", \"owner_kind\": \"runtime_worker\", \"owner_id\": \"ann\", "       \
  "\"supervisor_id\": \"boss\", \"lease_ttl_secs\": 5, \"revision\": 17, "                         \
  "\"last_heartbeat_at_epoch_s\": " BEAT "}');"
#define OVER "INSERT INTO tenure_clear(scope, force, reason) VALUES ('a', 1, 'r');"

static const sweep_case cases[] = {
    {"start, create", "",
     "INSERT INTO tenure_start(scope, actor_id, supervisor_id, lease_ttl, label, command, cwd, host, boot_id, "
     "pid, pid_start_ticks) VALUES ('a', 'ann', 'boss', 60, 'l', 'c', '/', 'h', 'b', 7, 8)" REPORT},
    {"start, keep", ANN,
     "INSERT INTO tenure_start(scope, actor_id, lease_ttl, fence) VALUES ('a', 'ann', 90, 1)" REPORT},
    {"start, twin", ANN,
     "INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('a', 'ann', 90)" REPORT},
    {"start, replace", ANN LATER,
     "INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('a', 'ann', 90)" REPORT},
    {"start, refused", ANN,
     "INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('a', 'bob', 90)" REPORT},
    {"heartbeat", ANN, "INSERT INTO tenure_heartbeat(scope, actor_id) VALUES ('a', 'ann')" REPORT},
    {"heartbeat with news", ANN,
     "INSERT INTO tenure_heartbeat(scope, actor_id, activity, progress, outcome) "
     "VALUES ('a', 'ann', ' x\n', 0, 'o')" REPORT},
    {"heartbeat with a receipt", ANN,
     "INSERT INTO tenure_heartbeat(scope, actor_id, receipt_id) VALUES ('a', 'ann', 'r')" REPORT},
    {"heartbeat, replayed",
     ANN "INSERT INTO tenure_heartbeat(scope, actor_id, receipt_id) VALUES ('a', 'ann', 'r');",
     "INSERT INTO tenure_heartbeat(scope, actor_id, receipt_id) VALUES ('a', 'ann', 'r')" REPORT},
    {"heartbeat, late", ANN LATER,
     "INSERT INTO tenure_heartbeat(scope, actor_id) VALUES ('a', 'ann')" REPORT},
    {"takeover", ANN LATER,
     "INSERT INTO tenure_takeover(scope, actor_id, reason) VALUES ('a', 'bob', 'ann is gone')" REPORT},
    {"takeover, refused", ANN,
     "INSERT INTO tenure_takeover(scope, actor_id, reason) VALUES ('a', 'bob', 'r')" REPORT},
    {"clear",
     ANN
     "INSERT INTO tenure_escalate(scope, kind, reason) VALUES ('a', 'blocking', 'r'), "
     "('a', 'non_blocking', 'r'); INSERT INTO tenure_gate_set(scope, gates) VALUES ('a', '[1]');",
     "INSERT INTO tenure_clear(scope, actor_id, reason) VALUES ('a', 'ann', 'done')" REPORT},
    {"clear, nobody", "", "INSERT INTO tenure_clear(scope, actor_id) VALUES ('a', 'ann')" REPORT},
    {"transition", ANN,
     "INSERT INTO tenure_transition(session_id, status, actor_id, exit_code, failure_reason) "
     "SELECT session_id, 'failed', 'ann', 3, 'f' FROM tenure_session" REPORT},
    {"resume", ANN "INSERT INTO tenure_clear(scope, actor_id) VALUES ('a', 'ann');",
     "INSERT INTO tenure_resume(session_id, actor_id) SELECT session_id, 'ann' FROM tenure_session" REPORT},
    {"import", "", "INSERT INTO tenure_import(scope, json) VALUES ('a', " STATE ")" REPORT},
    {"import, refused", "",
     "INSERT INTO tenure_import(scope, json) VALUES ('a', '{\"a\": [1, \"x\\u00e9\"' )"},
    {"state file", "", "SELECT * FROM tenure_legacy_state(" STATE ")"},
    {"escalate", ANN,
     "INSERT INTO tenure_escalate(scope, kind, reason) VALUES ('a', 'blocking', 'r')" REPORT},
    {"resolve",
     ANN "INSERT INTO tenure_escalate(scope, kind, reason) VALUES ('a', 'blocking', 'r');",
     "INSERT INTO tenure_escalation_resolve(escalation_id) SELECT escalation_id FROM tenure_escalation" REPORT},
    {"gates", ANN, "INSERT INTO tenure_gate_set(scope, gates) VALUES ('a', '[\"t\"]')" REPORT},
    {"baseline", ANN,
     "INSERT INTO tenure_baseline_set(session_id, name, digest) SELECT session_id, 'n', 'd' FROM "
     "tenure_session" REPORT},
    {"turn, asked for", ANN,
     "INSERT INTO tenure_turn_request_start(session_id, message_id) "
     "SELECT session_id, 'm' FROM tenure_session" REPORT},
    {"turn, begun", ANN TURN("t0"),
     "INSERT INTO tenure_turn_begin(session_id, turn_id, replace) "
     "SELECT session_id, 't1', 1 FROM tenure_session" REPORT},
    {"turn, steered", ANN TURN("t1"),
     "INSERT INTO tenure_turn_steer(session_id, input) SELECT session_id, 'x' FROM tenure_session" REPORT},
    {"turn, taking its input", ANN TURN("t1") STEER STEER,
     "INSERT INTO tenure_turn_take_input(session_id) SELECT session_id FROM tenure_session" REPORT},
    {"turn, ended", ANN TURN("t1") STEER ASK,
     "INSERT INTO tenure_turn_end(session_id, turn_id, message, total) "
     "SELECT session_id, 't1', 'done', 3 FROM tenure_session" REPORT},
    {"turn, aborted", ANN TURN("t1") STEER ASK,
     "INSERT INTO tenure_turn_abort(session_id) SELECT session_id FROM tenure_session" REPORT},
    {"turn, refused", ANN TURN("t1"),
     "INSERT INTO tenure_turn_begin(session_id, turn_id) SELECT session_id, 't2' FROM tenure_session" REPORT},
    {"request, opened", ANN TURN("t1"),
     "INSERT INTO tenure_request_open(session_id, request_id, kind, payload) "
     "SELECT session_id, 'q', 'approval', 'p' FROM tenure_session" REPORT},
    {"request, resolved", ANN TURN("t1") ASK,
     "INSERT INTO tenure_request_resolve(session_id, request_id, decision, remember) "
     "SELECT session_id, 'q', 'approved_for_session', '[\"a\", \"\\u00e9\"]' FROM tenure_session" REPORT},
    {"grants",
     ANN TURN("t1") ASK
     "INSERT INTO tenure_request_resolve(session_id, request_id, decision, remember) "
     "SELECT session_id, 'q', 'approved_for_session', '[\"a\"]' FROM tenure_session;",
     "SELECT g.granted, t.value FROM tenure_session AS s, session_granted(s.session_id, '[\"a\"]') AS g, "
     "tenure_json_texts('[\"x\", \"\\u00e9\"]') AS t"},
    {"usage", ANN TURN("t1"),
     "INSERT INTO tenure_usage(session_id, input, total, cost_usd, rate_limits) "
     "SELECT session_id, 1, 2, 0.5, '{\"a\": {\"b\": [1]}}' FROM tenure_session" REPORT},
    {"usage, merged",
     ANN TURN(
         "t1") "INSERT INTO tenure_usage(session_id, rate_limits) SELECT session_id, '{\"a\": 1, \"b\": 2}' FROM "
               "tenure_session;",
     "INSERT INTO tenure_usage(session_id, rate_limits) SELECT session_id, '{\"a\": {}, \"c\": 3}' FROM "
     "tenure_session" REPORT},
    {"provider event", ANN TURN("t1"),
     "INSERT INTO tenure_provider_event(session_id, type, turn_id, outcome, event_id) "
     "SELECT session_id, 'turn.completed', 't1', 'cancelled', 'e' FROM tenure_session" REPORT},
    {"clear, with a turn open", ANN TURN("t1") STEER ASK,
     "INSERT INTO tenure_clear(scope, actor_id) VALUES ('a', 'ann')" REPORT},
    {"raw end", ANN,
     "UPDATE tenure_session SET status = 'stopped', revision = session_transition(status, 'stopped', "
     "revision, 1)"},
    {"raw write, refused", ANN,
     "UPDATE tenure_session SET owner_id = 'bob', revision = revision + 1"},
    {"collection", ANN "INSERT INTO tenure_clear(scope, actor_id) VALUES ('a', 'ann');",
     "DELETE FROM tenure_session"},
    {"holders", ANN, "SELECT * FROM tenure_holder, tenure_projection, tenure_presence"},
    {"guard", "CREATE TABLE tasks(id);", "SELECT tenure_guard('tasks', 'a')"},
    {"guard again", "CREATE TABLE tasks(id); SELECT tenure_guard('tasks', 'a');",
     "SELECT tenure_guard('tasks', 'a')"},
    {"guard for another", "CREATE TABLE tasks(id); SELECT tenure_guard('tasks', 'a');",
     "SELECT tenure_guard('tasks', 'b')"},
    {"unguard", "CREATE TABLE tasks(id); SELECT tenure_guard('tasks', 'a');",
     "SELECT tenure_unguard('tasks')"},
    {"hold", ANN, "SELECT tenure_hold(session_id, fence) FROM tenure_session"},
    {"guarded write",
     "CREATE TABLE tasks(id); SELECT tenure_guard('tasks', 'a');" ANN
     "SELECT tenure_hold(session_id, fence) FROM tenure_session;",
     "INSERT INTO tasks VALUES (1)"},
    {"guarded write, refused", "CREATE TABLE tasks(id); SELECT tenure_guard('tasks', 'a');" ANN,
     "INSERT INTO tasks VALUES (1)"},
    {"result", ANN,
     "INSERT INTO tenure_record_result(session_id, status, exit_code, summary) SELECT session_id, "
     "'failure', 7, 's' FROM tenure_session" REPORT},
    {"packet", ANN,
     "INSERT INTO tenure_record_completion(session_id, exit_code, reason) SELECT session_id, 143, "
     "'TERM' FROM tenure_session" REPORT},
    {"wait, with a result",
     OLD("4") "INSERT INTO tenure_record_result(session_id, status, summary, final) VALUES "
              "('ses_old', 'success', 's', 1);",
     "SELECT session_wait('ses_old', 50)"},
    {"wait, orphaned", OLD("4"), "SELECT session_wait('ses_old', 50)"},
    {"wait, over", OLD("4") OVER, "SELECT session_wait('ses_old', 50)"},
    {"wait, to its cap", OLD("1000000000"), "SELECT session_wait('ses_old', 2)"},
    {"wait, for a turn", OLD("4") OVER "PRAGMA busy_timeout = 5;",
     "SELECT session_wait('ses_old', 2, 't')"},
    {"settle", ANN TURN("t1") ASK "SELECT tenure_clock(1000000200);",
     "INSERT INTO tenure_settle(session_id) VALUES (NULL)" REPORT},
    {"reap", ANN "SELECT tenure_clock(1000000070);",
     "INSERT INTO tenure_reap(idle_secs) VALUES (5)" REPORT},
    {"gc", ANN "INSERT INTO tenure_clear(scope, actor_id) VALUES ('a', 'ann');",
     "INSERT INTO tenure_gc(older_than_secs) VALUES (0)" REPORT},
    {"replay", ANN TURN("t1"), "SELECT * FROM tenure_replay"},
    {"doctor", ANN TURN("t1"), "SELECT * FROM tenure_doctor"},
    {"doctor, many findings",
     ANN MANY_MORE "DROP TRIGGER tenure_event_delete_guard; DELETE FROM tenure_event;"
                   "SELECT tenure_install();",
     "SELECT * FROM tenure_doctor"},
    {"install, refused",
     "DROP TRIGGER tenure_meta_update_guard; UPDATE tenure_meta SET value = '99' WHERE key = 'schema';",
     "SELECT tenure_install()"},
    {"install, nothing to do", "", "SELECT tenure_install()"},
    {"policy", "",
     "SELECT session_status_policy(status), session_settles_turn_as(status), p.* FROM "
     "session_status_policy AS p"},
    {"edges", "",
     "SELECT * FROM session_status_edge AS e JOIN session_status_alias AS a ON a.status = to_status"},
    {"texts", "",
     "SELECT display_safe(char(8238, 27, 92) || hex(zeroblob(500))), session_activity(' é '), "
     "session_status_from('ccd', 'active'), tenure_object('a', 1, 'b:json', '[1]', 'c', x'00', 'd', 1.5)"},
    {"illegal transition", "", "SELECT session_transition('exited', 'running', 3, 3)"},
    {"unknown status", "", "SELECT session_is_terminal(char(8238) || hex(zeroblob(300)))"},
    {"machine", "SELECT tenure_clock(NULL);",
     "SELECT process_state(1, 1, host_boot_id(), host_name()) IS NOT NULL, "
     "lease_stale('runtime_worker', 1, 1, 60, lease_grant('machine', 60), lease_grant('boot_id', 60), "
     "lease_grant('deadline', 60), lease_grant('file', 60))"},
};
enum { CASE_COUNT = sizeof cases / sizeof cases[0] };

#endif
