/*
** json_functions.c - the JSON that triggers and views need, where SQLite's own functions cannot be used: 3.40.1 calls
** them unsafe in a schema when trusted_schema is off.
**
**   tenure_detail(detail, key)    the member KEY of an event's detail: a text, an integer, or NULL if it is not there,
**                                 is of another kind, or DETAIL is not a JSON object
**   tenure_json_merge(old, new)   the object OLD with the members of NEW in place of its own, see json_merge.h;
**                                 opt.rate_limits for what is no object, or beyond 65,536 bytes
**   tenure_json_texts(json)       a table of the texts of a JSON array
*/
#include "json_functions.h"
#include "json_merge.h"
#include "json_read.h"
#include "json_texts.h"
#include "refusal.h"
#include "value.h"

#include <string.h>

/* The member that is looked for, and what was found. */
typedef struct json_member {
  const char *key;
  size_t key_n;
  tn_json_value found;
} json_member;

/* A tn_json_member: keeps the last one of that name. */
static const char *json_keep(void *context, const char *key, size_t key_n, tn_json_value *value) {
  json_member *member = context;
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
  json_member member = {key.z, key.n, {.kind = TN_JSON_NULL}};
  const int rc = tn_json_read_object(detail.z, detail.n, json_keep, &member, &error);
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

enum { JSON_MERGED_MAX = 65536 };

static void fn_json_merge(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_text old, new;
  char *merged;
  (void)n;
  if (!tn_value_text(ctx, args[0], &old) || !tn_value_text(ctx, args[1], &new)) return;
  if (new.z == NULL) {
    sqlite3_result_value(ctx, args[0]);
    return;
  }
  const int rc = tn_json_merge(old, new, &merged);
  if (rc == SQLITE_NOMEM) {
    sqlite3_result_error_nomem(ctx);
  } else if (rc != SQLITE_OK || strlen(merged) > JSON_MERGED_MAX) {
    sqlite3_free(merged);
    tn_refuse(ctx, "opt.rate_limits", NULL, NULL, 0);
  } else {
    sqlite3_result_text(ctx, merged, -1, sqlite3_free);
  }
}

static int json_texts_prepare(sqlite3 *db, void *context, sqlite3_value **arguments, tn_scan *scan,
                              char **error) {
  tn_json_texts *texts;
  (void)db, (void)context;
  const int rc = tn_json_texts_read(arguments[0], &texts, error);
  if (rc != SQLITE_OK) return rc;
  scan->data = texts;
  scan->n_row = texts->n;
  return SQLITE_OK;
}

static int json_texts_column(const tn_scan *scan, int row, int column, sqlite3_context *ctx) {
  (void)column;
  sqlite3_result_text(ctx, ((const tn_json_texts *)scan->data)->items[row], -1, SQLITE_TRANSIENT);
  return SQLITE_OK;
}

static void json_texts_release(tn_scan *scan) {
  tn_json_texts_free(scan->data);
}

int tn_json_register(tn_registry *registry) {
  static const tn_function functions[] = {
      {"tenure_detail", 2, TN_PURE, fn_detail, NULL},
      {"tenure_json_merge", 2, TN_PURE, fn_json_merge, NULL},
  };
  static const tn_table texts = {"tenure_json_texts",
                                 "CREATE TABLE x(value, json HIDDEN)",
                                 1,
                                 1,
                                 json_texts_prepare,
                                 json_texts_column,
                                 json_texts_release};
  const int rc =
      tn_registry_functions(registry, functions, (int)(sizeof functions / sizeof functions[0]));
  return rc != SQLITE_OK ? rc : tn_registry_table(registry, &texts);
}
