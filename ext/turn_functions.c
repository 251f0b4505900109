/*
** turn_functions.c - what SQL asks about turns. (Contract: 03.)
**
**   session_granted(session_id, keys)     a table of one row: granted is 1 only if there is at least one
**                                         key in the JSON array and every key is granted
** For the triggers in sql/:
**   turn_outcome_state(outcome)           the state that an outcome ends a turn in
**   turn_request_default(kind)            the decision of a request that nobody answered
**   turn_event_state(event)               the state of its turn that an event of the log tells, or NULL
**   turn_provider_decision(type, state, relation, pending, expected, outcome)
**                                         what an event does: reason|status|turn|end|error, where a part
**                                         that is missing is empty
**   turn_decision_part(decision, part)    one of these parts by name, NULL if it is empty
**   tenure_add(a, b)                      a + b, a NULL b adds nothing; usage.ceiling, beyond 64 bits
*/
#include "turn_functions.h"
#include "json_texts.h"
#include "lease.h"
#include "refusal.h"
#include "table.h"
#include "turn.h"
#include "value.h"

#include <string.h>

static void fn_outcome_state(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_text outcome;
  (void)n;
  if (!tn_value_text(ctx, args[0], &outcome)) return;
  sqlite3_result_text(ctx, tn_turn_outcome_state(outcome.z), -1, SQLITE_STATIC);
}

static void fn_request_default(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_text kind;
  (void)n;
  if (!tn_value_text(ctx, args[0], &kind)) return;
  sqlite3_result_text(ctx, tn_turn_request_default(kind.z), -1, SQLITE_STATIC);
}

static void fn_event_state(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_text event;
  (void)n;
  if (!tn_value_text(ctx, args[0], &event)) return;
  sqlite3_result_text(ctx, tn_turn_event_state(event.z), -1, SQLITE_STATIC);
}

static int turn_read_relation(const char *word, tn_turn_relation *out) {
  static const char *const words[] = {"none_unnamed", "none_new", "none_ended", "reserved",
                                      "running",      "other",    "unnamed"};
  for (size_t i = 0; word != NULL && i < sizeof words / sizeof words[0]; i++) {
    if (strcmp(words[i], word) == 0) {
      *out = (tn_turn_relation)i;
      return 1;
    }
  }
  return 0;
}

static const char *turn_or_empty(const char *text) {
  return text == NULL ? "" : text;
}

static void fn_provider_decision(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_text type, state, relation_word, outcome;
  tn_turn_relation relation;
  tn_turn_decision decision;
  (void)n;
  if (!tn_value_text(ctx, args[0], &type) || !tn_value_text(ctx, args[1], &state) ||
      !tn_value_text(ctx, args[2], &relation_word) || !tn_value_text(ctx, args[5], &outcome)) {
    return;
  }
  if (!turn_read_relation(relation_word.z, &relation) ||
      !tn_turn_decide(type.z, state.z, relation, sqlite3_value_int(args[3]),
                      sqlite3_value_int(args[4]), outcome.z, &decision)) {
    tn_refuse(ctx, "usage.event", "value", type.z, type.n);
    return;
  }
  char *text = sqlite3_mprintf("%s|%s|%s|%s|%s", turn_or_empty(decision.reason),
                               turn_or_empty(decision.status), decision.turn,
                               turn_or_empty(decision.end), decision.error);
  if (text == NULL) {
    sqlite3_result_error_nomem(ctx);
  } else {
    sqlite3_result_text(ctx, text, -1, sqlite3_free);
  }
}

static void fn_decision_part(sqlite3_context *ctx, int n, sqlite3_value **args) {
  static const char *const parts[] = {"reason", "status", "turn", "end", "error"};
  tn_text decision, part;
  (void)n;
  if (!tn_value_text(ctx, args[0], &decision) || !tn_value_text(ctx, args[1], &part)) return;
  if (decision.z == NULL || part.z == NULL) return;
  const char *z = decision.z;
  for (int i = 0; i < 5; i++) {
    const size_t length = strcspn(z, "|");
    if (strcmp(parts[i], part.z) == 0) {
      if (length > 0) sqlite3_result_text(ctx, z, (int)length, SQLITE_TRANSIENT);
      return;
    }
    z += length + (z[length] == '|');
  }
}

static void fn_add(sqlite3_context *ctx, int n, sqlite3_value **args) {
  sqlite3_int64 a, b = 0;
  (void)n;
  if (!tn_value_int(args[0], &a)) return;
  if (!tn_value_is_null(args[1]) && !tn_value_int(args[1], &b)) return;
  const sqlite3_int64 sum = tn_lease_add(a, b); /* saturating */
  if (sum - b == a) {
    sqlite3_result_int64(ctx, sum);
  } else {
    tn_refuse(ctx, "usage.ceiling", NULL, NULL, 0);
  }
}

/* One row whose data is 1 or 0. */
typedef struct turn_granted {
  int granted;
} turn_granted;

/* 1 in *GRANTED if every key of the session is granted, for the session or for its open turn. */
static int turn_ask_grants(sqlite3 *db, sqlite3_value *session, const tn_json_texts *keys,
                           int *granted) {
  sqlite3_stmt *stmt = NULL;
  int rc = sqlite3_prepare_v2(
      db, "SELECT 1 FROM tenure_grant WHERE session_id = ?1 AND key = ?2 LIMIT 1", -1, &stmt, NULL);
  *granted = keys->n > 0;
  for (int i = 0; i < keys->n && rc == SQLITE_OK && *granted; i++) {
    rc = sqlite3_bind_value(stmt, 1, session);
    if (rc == SQLITE_OK) rc = sqlite3_bind_text(stmt, 2, keys->items[i], -1, SQLITE_STATIC);
    if (rc == SQLITE_OK) *granted = sqlite3_step(stmt) == SQLITE_ROW;
    if (rc == SQLITE_OK) rc = sqlite3_reset(stmt);
  }
  const int finished = sqlite3_finalize(stmt);
  return rc != SQLITE_OK ? rc : finished;
}

static int turn_granted_prepare(sqlite3 *db, void *context, sqlite3_value **arguments,
                                tn_scan *scan, char **error) {
  tn_json_texts *keys;
  (void)context;
  int rc = tn_json_texts_read(arguments[1], &keys, error);
  if (rc != SQLITE_OK) return rc;
  turn_granted *answer = sqlite3_malloc64(sizeof *answer);
  rc = answer == NULL ? SQLITE_NOMEM : turn_ask_grants(db, arguments[0], keys, &answer->granted);
  if (rc == SQLITE_ERROR) *error = sqlite3_mprintf("%s", sqlite3_errmsg(db));
  tn_json_texts_free(keys);
  scan->data = answer;
  scan->n_row = 1;
  return rc;
}

static int turn_granted_column(const tn_scan *scan, int row, int column, sqlite3_context *ctx) {
  (void)row, (void)column;
  sqlite3_result_int(ctx, ((const turn_granted *)scan->data)->granted);
  return SQLITE_OK;
}

static void turn_granted_release(tn_scan *scan) {
  sqlite3_free(scan->data);
}

int tn_turn_register(tn_registry *registry) {
  static const tn_function functions[] = {
      {"turn_outcome_state", 1, TN_PURE, fn_outcome_state, NULL},
      {"turn_request_default", 1, TN_PURE, fn_request_default, NULL},
      {"turn_event_state", 1, TN_PURE, fn_event_state, NULL},
      {"turn_provider_decision", 6, TN_PURE, fn_provider_decision, NULL},
      {"turn_decision_part", 2, TN_PURE, fn_decision_part, NULL},
      {"tenure_add", 2, TN_PURE, fn_add, NULL},
  };
  static const tn_table granted = {"session_granted",
                                   "CREATE TABLE x(granted, session_id HIDDEN, keys HIDDEN)",
                                   1,
                                   2,
                                   turn_granted_prepare,
                                   turn_granted_column,
                                   turn_granted_release};
  int rc =
      tn_registry_functions(registry, functions, (int)(sizeof functions / sizeof functions[0]));
  if (rc == SQLITE_OK) rc = tn_registry_table(registry, &granted);
  return rc;
}
