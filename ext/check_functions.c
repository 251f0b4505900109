/*
** check_functions.c - validation of what callers give to verbs.
**
** Each gives the value back in its stored form, lets NULL through as NULL, and refuses anything else:
**   tenure_check_id(what, value)       opt.blank_id, opt.bad_id: of sessions, turns and the like
**   tenure_check_actor(what, value)    the same for who acts, where "interactive" is reserved: it is the owner of every
**                                      interactive session
**   tenure_check_scope(value)          opt.scope; NULL gives 'main', '' gives NULL (no scope)
**   tenure_check_text(what, value)     opt.text: valid UTF-8 without NUL, at most 65,536 bytes
**   tenure_check_int(code, value, low, high)   CODE, unless a whole number in that range
**   tenure_check_amount(code, value)   CODE, unless a number from 0 to 4611686018427387903; gives a real
**   tenure_check_word(code, value, word, ...)  CODE, unless one of the words
**   tenure_check_json_array(code, value)       CODE, unless an array, of at most 65,536 bytes
** and, refusing nothing:
**   tenure_is_blank(value)             1 if it is NULL or has nothing but White_Space in it
*/
#include "check_functions.h"
#include "json_read.h"
#include "refusal.h"
#include "text.h"
#include "value.h"

#include <string.h>

enum { CHECK_TEXT_MAX = 65536 };

/* As for counts: so far from any end that no sum of amounts gets there. */
static const double CHECK_AMOUNT_MAX = 4611686018427387903.0;

static void check_give(sqlite3_context *ctx, tn_text text) {
  sqlite3_result_text(ctx, text.z, (int)text.n, SQLITE_TRANSIENT);
}

/* Refuses with CODE, which the caller of the function gave, and the value it is about. */
static void check_refuse(sqlite3_context *ctx, tn_text code, tn_text value) {
  tn_refuse(ctx, code.z == NULL ? "" : code.z, "value", value.z, value.n);
}

static void check_id(sqlite3_context *ctx, sqlite3_value **args, int is_actor) {
  tn_text what, id;
  const int is_blob = sqlite3_value_type(args[1]) == SQLITE_BLOB; /* it would equal no stored id */
  if (!tn_value_text(ctx, args[0], &what) || !tn_value_text(ctx, args[1], &id)) return;
  if (id.z == NULL) return;
  const tn_id_fault fault = is_blob ? TN_ID_BAD : tn_text_id_fault(id.z, id.n);
  if (fault == TN_ID_OK || (fault == TN_ID_RESERVED && !is_actor)) {
    check_give(ctx, id);
  } else {
    tn_refuse(ctx, fault == TN_ID_BLANK ? "opt.blank_id" : "opt.bad_id", "what", what.z, what.n);
  }
}

static void fn_check_id(sqlite3_context *ctx, int n, sqlite3_value **args) {
  (void)n;
  check_id(ctx, args, 0);
}

static void fn_check_actor(sqlite3_context *ctx, int n, sqlite3_value **args) {
  (void)n;
  check_id(ctx, args, 1);
}

static void fn_check_scope(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_text scope;
  (void)n;
  if (tn_value_is_null(args[0])) {
    sqlite3_result_text(ctx, "main", -1, SQLITE_STATIC);
    return;
  }
  if (!tn_value_text(ctx, args[0], &scope) || scope.n == 0) return;
  if (tn_text_is_scope(scope.z, scope.n)) {
    check_give(ctx, scope);
  } else {
    tn_refuse(ctx, "opt.scope", NULL, NULL, 0);
  }
}

static void fn_check_text(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_text what, text;
  (void)n;
  if (!tn_value_text(ctx, args[0], &what) || !tn_value_text(ctx, args[1], &text) ||
      text.z == NULL) {
    return;
  }
  if (text.n <= CHECK_TEXT_MAX && tn_text_is_clean(text.z, text.n)) {
    check_give(ctx, text);
  } else {
    tn_refuse(ctx, "opt.text", "what", what.z, what.n);
  }
}

static void fn_check_int(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_text code, text;
  sqlite3_int64 value;
  (void)n;
  if (tn_value_is_null(args[1]) || !tn_value_text(ctx, args[0], &code)) return;
  if (tn_value_int(args[1], &value) && value >= sqlite3_value_int64(args[2]) &&
      value <= sqlite3_value_int64(args[3])) {
    sqlite3_result_int64(ctx, value);
    return;
  }
  if (!tn_value_text(ctx, args[1], &text)) return;
  check_refuse(ctx, code, text);
}

static void fn_check_amount(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_text code, text;
  (void)n;
  if (tn_value_is_null(args[1]) || !tn_value_text(ctx, args[0], &code)) return;
  const int type = sqlite3_value_numeric_type(args[1]);
  const double amount = sqlite3_value_double(args[1]);
  if ((type == SQLITE_INTEGER || type == SQLITE_FLOAT) && amount >= 0 &&
      amount <= CHECK_AMOUNT_MAX) {
    sqlite3_result_double(ctx, amount);
    return;
  }
  if (!tn_value_text(ctx, args[1], &text)) return;
  check_refuse(ctx, code, text);
}

static void fn_check_word(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_text code, value, word;
  if (n < 2) return;
  const int is_blob = sqlite3_value_type(args[1]) == SQLITE_BLOB; /* no word, whatever it spells */
  if (!tn_value_text(ctx, args[0], &code) || !tn_value_text(ctx, args[1], &value)) return;
  if (value.z == NULL) return;
  for (int i = 2; i < n && !is_blob; i++) {
    if (!tn_value_text(ctx, args[i], &word)) return;
    if (word.z != NULL && word.n == value.n && memcmp(word.z, value.z, value.n) == 0) {
      check_give(ctx, value);
      return;
    }
  }
  check_refuse(ctx, code, value);
}

static void fn_check_json_array(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_text code, json;
  (void)n;
  if (!tn_value_text(ctx, args[0], &code) || !tn_value_text(ctx, args[1], &json)) return;
  if (json.z == NULL) return;
  if (json.n <= CHECK_TEXT_MAX && tn_json_is_array(json.z, json.n)) {
    check_give(ctx, json);
  } else {
    check_refuse(ctx, code, json);
  }
}

static void fn_is_blank(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_text text;
  (void)n;
  if (!tn_value_text(ctx, args[0], &text)) return;
  if (text.z != NULL && tn_text_is_clean(text.z, text.n)) tn_text_trim(&text.z, &text.n);
  sqlite3_result_int(ctx, text.n == 0);
}

int tn_check_register(tn_registry *registry) {
  static const tn_function functions[] = {
      {"tenure_check_id", 2, TN_PURE, fn_check_id, NULL},
      {"tenure_check_actor", 2, TN_PURE, fn_check_actor, NULL},
      {"tenure_check_scope", 1, TN_PURE, fn_check_scope, NULL},
      {"tenure_check_text", 2, TN_PURE, fn_check_text, NULL},
      {"tenure_check_int", 4, TN_PURE, fn_check_int, NULL},
      {"tenure_check_amount", 2, TN_PURE, fn_check_amount, NULL},
      {"tenure_check_word", -1, TN_PURE, fn_check_word, NULL},
      {"tenure_check_json_array", 2, TN_PURE, fn_check_json_array, NULL},
      {"tenure_is_blank", 1, TN_PURE, fn_is_blank, NULL},
  };
  return tn_registry_functions(registry, functions, (int)(sizeof functions / sizeof functions[0]));
}
