/*
** wait_functions.c - session_wait(). (Contract: 04, "Wait".)
**
**   session_wait(session_id, cap_ms [, turn_id])
**                                     blocks until there is an outcome, or for CAP_MS milliseconds of
**                                     real time; gives one JSON object. NULL or '' is no turn. See
**                                     wait.h
*/
#include "wait_functions.h"
#include "refusal.h"
#include "value.h"
#include "wait.h"

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
      {"session_wait", 2, TN_DIRECT | SQLITE_RESULT_SUBTYPE, fn_wait, NULL},
      {"session_wait", 3, TN_DIRECT | SQLITE_RESULT_SUBTYPE, fn_wait, NULL},
  };
  return tn_registry_functions(registry, functions, (int)(sizeof functions / sizeof functions[0]));
}
