/*
** wait_functions.c - the SQL functions of results and waiting. (Contract: 04, "Results" and "Wait".)
**
** Pure:
**   session_wait_outcome(status, end_reason, verdict, turn_state, result_status, result_exit,
**                        result_final, completion_exit, exit_code, exit_signal, cap_reached)
**                                     completed, failed, ended, lost, missing, kv_warm or timeout; NULL
**                                     while there is reason to keep waiting
**   session_wait_exit_code(outcome)   the exit code with which 'tenure wait' reports an outcome
**   session_result_replaces(provenance, final, offered_provenance)
**                                     1 if an offered result may take the place of a stored one
**   session_end_is_loss(end_reason)   1 if the session was taken from its holder: taken_over, stale_reset
**                                     or forced; NULL gives 0
** Not pure:
**   session_wait(session_id, cap_ms [, turn_id])
**                                     blocks until there is an outcome, or for CAP_MS milliseconds of
**                                     real time; gives one JSON object. NULL or '' is no turn. See
**                                     wait.h
*/
#include "wait_functions.h"
#include "outcome.h"
#include "policy.h"
#include "refusal.h"
#include "value.h"
#include "wait.h"

#include <string.h>

/* A nullable word. One with a NUL byte in it is none that anybody knows. */
static int wait_read_word(sqlite3_context *ctx, sqlite3_value *value, const char **out) {
  tn_text text;
  if (!tn_value_text(ctx, value, &text)) return 0;
  *out = text.z != NULL && strlen(text.z) != text.n ? "" : text.z;
  return 1;
}

static void fn_wait_outcome(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_ending ending;
  tn_ground ground;
  tn_maybe is_final, cap_reached;
  (void)n;
  if (!wait_read_word(ctx, args[0], &ending.status) ||
      !wait_read_word(ctx, args[1], &ending.end_reason) ||
      !wait_read_word(ctx, args[2], &ending.verdict) ||
      !wait_read_word(ctx, args[3], &ending.turn_state) ||
      !wait_read_word(ctx, args[4], &ending.result_status) ||
      !tn_value_maybe(ctx, args[5], "result_exit", &ending.result_exit) ||
      !tn_value_maybe(ctx, args[6], "result_final", &is_final) ||
      !tn_value_maybe(ctx, args[7], "completion_exit", &ending.completion_exit) ||
      !tn_value_maybe(ctx, args[8], "exit_code", &ending.exit_code) ||
      !wait_read_word(ctx, args[9], &ending.exit_signal) ||
      !tn_value_maybe(ctx, args[10], "cap_reached", &cap_reached)) {
    return;
  }
  if (ending.status != NULL && tn_policy_find(ending.status, strlen(ending.status)) < 0) {
    tn_refuse(ctx, "usage.status", "word", ending.status, strlen(ending.status));
    return;
  }
  ending.result_is_final = is_final.known && is_final.value != 0;
  ending.cap_reached = cap_reached.known && cap_reached.value != 0;
  sqlite3_result_text(ctx, tn_wait_outcome(&ending, &ground), -1, SQLITE_STATIC);
}

static void fn_wait_exit_code(sqlite3_context *ctx, int n, sqlite3_value **args) {
  const char *outcome;
  (void)n;
  if (!wait_read_word(ctx, args[0], &outcome) || outcome == NULL) return;
  sqlite3_result_int(ctx, tn_wait_exit_code(outcome));
}

static void fn_result_replaces(sqlite3_context *ctx, int n, sqlite3_value **args) {
  const char *stored, *offered;
  tn_maybe is_final;
  (void)n;
  if (!wait_read_word(ctx, args[0], &stored) || !wait_read_word(ctx, args[2], &offered) ||
      !tn_value_maybe(ctx, args[1], "final", &is_final)) {
    return;
  }
  sqlite3_result_int(ctx,
                     tn_result_replaces(stored, is_final.known && is_final.value != 0, offered));
}

static void fn_end_is_loss(sqlite3_context *ctx, int n, sqlite3_value **args) {
  const char *reason;
  (void)n;
  if (wait_read_word(ctx, args[0], &reason)) sqlite3_result_int(ctx, tn_end_is_loss(reason));
}

/* A wait inside a transaction would never see a change and would keep the -wal from being checkpointed;
** with a FROM clause the calling statement holds one. In a replicated engine it would hold up the node. */
static int wait_is_alone(sqlite3_context *ctx, tn_connection *conn) {
  if (sqlite3_get_autocommit(conn->db) && sqlite3_txn_state(conn->db, NULL) == SQLITE_TXN_NONE &&
      !tn_connection_is_replicated(conn)) {
    return 1;
  }
  tn_refuse(ctx, "usage.wait_context", NULL, NULL, 0);
  return 0;
}

static void fn_wait(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_connection *conn = sqlite3_user_data(ctx);
  tn_text session, turn = {NULL, 0};
  sqlite3_int64 cap_ms;
  char *report = NULL;
  if (!wait_is_alone(ctx, conn)) return;
  if (!tn_value_text(ctx, args[0], &session)) return;
  if (n == 3 && !tn_value_text(ctx, args[2], &turn)) return;
  if (turn.n == 0) turn.z = NULL; /* as in a result, '' is no turn */
  if (!tn_value_int(args[1], &cap_ms) || cap_ms < 0 || cap_ms > TN_WAIT_CAP_MAX_MS) {
    tn_refuse(ctx, "usage.wait_cap", NULL, NULL, 0);
    return;
  }
  if (session.z == NULL) return;
  const int rc = tn_wait(conn, &session, &turn, cap_ms, &report);
  if (rc == SQLITE_OK) {
    sqlite3_result_text(ctx, report, -1, sqlite3_free);
    sqlite3_result_subtype(ctx, TN_JSON_SUBTYPE);
  } else if (report == NULL) {
    sqlite3_result_error_nomem(ctx);
  } else {
    sqlite3_result_error(ctx, report, -1);
    sqlite3_result_error_code(ctx, rc);
    sqlite3_free(report);
  }
}

int tn_wait_register(tn_registry *registry) {
  static const tn_function functions[] = {
      {"session_wait_outcome", 11, TN_PURE, fn_wait_outcome, NULL},
      {"session_wait_exit_code", 1, TN_PURE, fn_wait_exit_code, NULL},
      {"session_result_replaces", 3, TN_PURE, fn_result_replaces, NULL},
      {"session_end_is_loss", 1, TN_PURE, fn_end_is_loss, NULL},
      {"session_wait", 2, TN_DIRECT | SQLITE_RESULT_SUBTYPE, fn_wait, NULL},
      {"session_wait", 3, TN_DIRECT | SQLITE_RESULT_SUBTYPE, fn_wait, NULL},
  };
  return tn_registry_functions(registry, functions, (int)(sizeof functions / sizeof functions[0]));
}
