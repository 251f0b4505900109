/*
** outcome_functions.c - the SQL functions of results and of what a waiter is told; see outcome.h. (Contract: 04, "Results"
** and "Wait".) All are pure.
**
**   session_wait_outcome(status, end_reason, verdict, turn_state, result_status, result_exit,
**                        result_final, completion_exit, exit_code, exit_signal, cap_reached)
**                                     completed, failed, ended, lost, missing, kv_warm or timeout; NULL
**                                     while there is reason to keep waiting
**   session_wait_exit_code(outcome)   the exit code with which 'tenure wait' reports an outcome
**   session_result_replaces(provenance, final, offered_provenance)
**                                     1 if an offered result may take the place of a stored one
**   session_end_is_loss(end_reason)   1 if the session was taken from its holder: taken_over, stale_reset
**                                     or forced; NULL gives 0
*/
#include "outcome_functions.h"
#include "outcome.h"
#include "policy.h"
#include "refusal.h"
#include "value.h"

#include <string.h>

/* A nullable word. One with a NUL byte in it is none that anybody knows. */
static int outcome_read_word(sqlite3_context *ctx, sqlite3_value *value, const char **out) {
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
  if (!outcome_read_word(ctx, args[0], &ending.status) ||
      !outcome_read_word(ctx, args[1], &ending.end_reason) ||
      !outcome_read_word(ctx, args[2], &ending.verdict) ||
      !outcome_read_word(ctx, args[3], &ending.turn_state) ||
      !outcome_read_word(ctx, args[4], &ending.result_status) ||
      !tn_value_maybe(ctx, args[5], "result_exit", &ending.result_exit) ||
      !tn_value_maybe(ctx, args[6], "result_final", &is_final) ||
      !tn_value_maybe(ctx, args[7], "completion_exit", &ending.completion_exit) ||
      !tn_value_maybe(ctx, args[8], "exit_code", &ending.exit_code) ||
      !outcome_read_word(ctx, args[9], &ending.exit_signal) ||
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
  if (!outcome_read_word(ctx, args[0], &outcome) || outcome == NULL) return;
  sqlite3_result_int(ctx, tn_wait_exit_code(outcome));
}

static void fn_result_replaces(sqlite3_context *ctx, int n, sqlite3_value **args) {
  const char *stored, *offered;
  tn_maybe is_final;
  (void)n;
  if (!outcome_read_word(ctx, args[0], &stored) || !outcome_read_word(ctx, args[2], &offered) ||
      !tn_value_maybe(ctx, args[1], "final", &is_final)) {
    return;
  }
  sqlite3_result_int(ctx,
                     tn_result_replaces(stored, is_final.known && is_final.value != 0, offered));
}

static void fn_end_is_loss(sqlite3_context *ctx, int n, sqlite3_value **args) {
  const char *reason;
  (void)n;
  if (outcome_read_word(ctx, args[0], &reason)) sqlite3_result_int(ctx, tn_end_is_loss(reason));
}

int tn_outcome_register(tn_registry *registry) {
  static const tn_function functions[] = {
      {"session_wait_outcome", 11, TN_PURE, fn_wait_outcome, NULL},
      {"session_wait_exit_code", 1, TN_PURE, fn_wait_exit_code, NULL},
      {"session_result_replaces", 3, TN_PURE, fn_result_replaces, NULL},
      {"session_end_is_loss", 1, TN_PURE, fn_end_is_loss, NULL},
  };
  return tn_registry_functions(registry, functions, (int)(sizeof functions / sizeof functions[0]));
}
