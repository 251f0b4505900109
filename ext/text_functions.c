/*
** text_functions.c - the SQL functions about text from outside. (Contract: 01 "Functions", 02
** "Judgement".)
**
**   display_safe(text)      the text with everything escaped that could forge or hide output
**   session_activity(text)  the text as an activity: trimmed; NULL if nothing is left
**
** Both are pure, and both give NULL for NULL. A number is its decimal text, a blob is its bytes.
*/
#include "text_functions.h"
#include "refusal.h"
#include "text.h"
#include "value.h"

enum { TEXT_ACTIVITY_MAX = 280 }; /* Unicode scalar values, after trimming */

/* Reads the argument. Returns 0 when the result is set, or is to be NULL. */
static int text_read(sqlite3_context *ctx, sqlite3_value *value, tn_text *out) {
  if (!tn_value_bytes(value, out)) {
    sqlite3_result_error_nomem(ctx);
    return 0;
  }
  return out->z != NULL;
}

static void fn_display_safe(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_text text;
  (void)n;
  if (!text_read(ctx, args[0], &text)) return;
  const size_t need = tn_text_display_safe(text.z, text.n, 0, NULL, 0);
  const int limit = sqlite3_limit(sqlite3_context_db_handle(ctx), SQLITE_LIMIT_LENGTH, -1);
  if (need > (size_t)limit) {
    sqlite3_result_error_toobig(ctx);
    return;
  }
  char *shown = sqlite3_malloc64(need + 1);
  if (shown == NULL) {
    sqlite3_result_error_nomem(ctx);
    return;
  }
  tn_text_display_safe(text.z, text.n, 0, shown, need + 1);
  sqlite3_result_text64(ctx, shown, need, sqlite3_free, SQLITE_UTF8);
}

static void fn_session_activity(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_text text;
  (void)n;
  if (!text_read(ctx, args[0], &text)) return;
  if (!tn_text_is_clean(text.z, text.n)) {
    tn_refuse(ctx, "activity.invalid", NULL, NULL, 0);
    return;
  }
  tn_text_trim(&text.z, &text.n);
  if (text.n == 0) return;
  if (tn_text_scalars(text.z, text.n) > TEXT_ACTIVITY_MAX) {
    tn_refuse(ctx, "activity.too_long", NULL, NULL, 0);
    return;
  }
  sqlite3_result_text64(ctx, text.z, text.n, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static const tn_function text_functions[] = {
    {"display_safe", 1, TN_PURE, fn_display_safe, NULL},
    {"session_activity", 1, TN_PURE, fn_session_activity, NULL},
};

int tn_text_register(tn_registry *registry) {
  return tn_registry_functions(registry, text_functions,
                               (int)(sizeof text_functions / sizeof text_functions[0]));
}
