/*
** event_functions.c - reading the log.
**
**   tenure_detail(detail, key)   the member KEY of an event's detail: a text, an integer, or NULL if it
**                                is not there, is of another kind, or DETAIL is not a JSON object
**
** SQLite's own JSON functions are not allowed in views on every version that we support (3.40.1 calls
** them unsafe when trusted_schema is off), and tenure_replay is a view.
*/
#include "event_functions.h"
#include "json_read.h"
#include "value.h"

#include <string.h>

/* The member that is looked for, and what was found. */
typedef struct event_member {
  const char *key;
  size_t key_n;
  tn_json_value found;
} event_member;

static const char *event_keep(void *context, const char *key, size_t key_n, tn_json_value *value) {
  event_member *member = context;
  if (key_n == member->key_n && memcmp(key, member->key, key_n) == 0) {
    sqlite3_free(member->found.z);
    member->found = *value;
    value->z = NULL;
  }
  return NULL;
}

static void fn_detail(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_text detail, key;
  tn_json_error error;
  (void)n;
  if (!tn_value_text(ctx, args[0], &detail) || !tn_value_text(ctx, args[1], &key)) return;
  if (detail.z == NULL || key.z == NULL) return;
  event_member member = {key.z, key.n, {.kind = TN_JSON_NULL}};
  const int rc = tn_json_read_object(detail.z, detail.n, event_keep, &member, &error);
  if (rc == SQLITE_NOMEM) {
    sqlite3_result_error_nomem(ctx);
  } else if (rc == SQLITE_OK && member.found.kind == TN_JSON_STRING) {
    sqlite3_result_text(ctx, member.found.z, (int)member.found.n, SQLITE_TRANSIENT);
  } else if (rc == SQLITE_OK && member.found.kind == TN_JSON_INTEGER && !member.found.overflow &&
             !member.found.negative && member.found.u64 <= INT64_MAX) {
    sqlite3_result_int64(ctx, (sqlite3_int64)member.found.u64);
  }
  sqlite3_free(member.found.z);
}

int tn_event_register(tn_registry *registry) {
  static const tn_function detail = {"tenure_detail", 2, TN_PURE, fn_detail, NULL};
  return tn_registry_functions(registry, &detail, 1);
}
