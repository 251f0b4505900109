/*
** value.c - reading the arguments of SQL functions; see value.h.
*/
#include "value.h"
#include "refusal.h"

#include <stdint.h>
#include <string.h>

int tn_value_bytes(sqlite3_value *value, tn_text *out) {
  out->z = NULL;
  out->n = 0;
  switch (sqlite3_value_type(value)) {
  case SQLITE_NULL: return 1;
  case SQLITE_BLOB:
    out->z = sqlite3_value_blob(value);
    if (sqlite3_value_bytes(value) == 0) out->z = ""; /* SQLite has no address for no bytes */
    break;
  default: out->z = (const char *)sqlite3_value_text(value);
  }
  out->n = (size_t)sqlite3_value_bytes(value);
  return out->z != NULL;
}

int tn_value_text(sqlite3_context *ctx, sqlite3_value *value, tn_text *out) {
  out->z = NULL;
  out->n = 0;
  if (sqlite3_value_type(value) == SQLITE_NULL) return 1;
  const unsigned char *z = sqlite3_value_text(value);
  if (z == NULL) {
    sqlite3_result_error_nomem(ctx);
    return 0;
  }
  out->z = (const char *)z;
  out->n = (size_t)sqlite3_value_bytes(value);
  return 1;
}

/* Exactly [+-]digits, nothing else, within 64 bits. */
static int parse_int(const char *z, int n, sqlite3_int64 *out) {
  int negative = 0;
  int i = 0;
  sqlite3_uint64 magnitude = 0;
  if (n > 0 && (z[0] == '-' || z[0] == '+')) {
    negative = z[0] == '-';
    i = 1;
  }
  if (i == n) return 0;
  const sqlite3_uint64 limit = (sqlite3_uint64)INT64_MAX + (sqlite3_uint64)negative;
  for (; i < n; i++) {
    if (z[i] < '0' || z[i] > '9') return 0;
    const sqlite3_uint64 digit = (sqlite3_uint64)(z[i] - '0');
    if (magnitude > (limit - digit) / 10) return 0;
    magnitude = magnitude * 10 + digit;
  }
  *out = negative ? (magnitude == limit ? INT64_MIN : -(sqlite3_int64)magnitude)
                  : (sqlite3_int64)magnitude;
  return 1;
}

int tn_value_int(sqlite3_value *value, sqlite3_int64 *out) {
  switch (sqlite3_value_type(value)) {
  case SQLITE_INTEGER: *out = sqlite3_value_int64(value); return 1;
  case SQLITE_FLOAT: {
    const double real = sqlite3_value_double(value);
    /* 2^63 itself does not fit; a NaN fails both comparisons. */
    if (!(real >= -9223372036854775808.0 && real < 9223372036854775808.0)) return 0;
    if ((double)(sqlite3_int64)real != real) return 0;
    *out = (sqlite3_int64)real;
    return 1;
  }
  case SQLITE_TEXT: {
    const unsigned char *z = sqlite3_value_text(value);
    if (z == NULL) return 0;
    return parse_int((const char *)z, sqlite3_value_bytes(value), out);
  }
  default: return 0;
  }
}

int tn_value_is_null(sqlite3_value *value) {
  return sqlite3_value_type(value) == SQLITE_NULL;
}

int tn_value_string(sqlite3_context *ctx, sqlite3_value *value, const char **out) {
  tn_text text;
  if (!tn_value_text(ctx, value, &text)) return 0;
  *out = text.z;
  return 1;
}

int tn_value_maybe(sqlite3_context *ctx, sqlite3_value *value, const char *what, tn_maybe *out) {
  sqlite3_int64 number = 0;
  const int is_null = tn_value_is_null(value);
  const int is_number = !is_null && tn_value_int(value, &number);
  *out = (tn_maybe){is_number, number};
  if (is_null || is_number) return 1;
  tn_text text;
  if (!tn_value_text(ctx, value, &text)) return 0;
  const tn_fact facts[] = {{"what", what, strlen(what)}, {"value", text.z, text.n}};
  tn_refuse_with(ctx, "usage.number", facts, 2);
  return 0;
}
