/*
** value.h - reading the arguments of SQL functions.
**
** Hosts bind numbers as INTEGER, as REAL (JavaScript) or as TEXT (Perl), so a number is accepted in
** each of these forms, as long as it is exactly an integer.
*/
#ifndef TN_VALUE_H
#define TN_VALUE_H

#include "maybe.h"
#include "sqlite_ext.h"
#include <stddef.h>

/* A text argument. z is NULL exactly for SQL NULL; it is otherwise NUL-terminated, n bytes long, and
** may hold NUL bytes. It belongs to SQLite and lives as long as the function call. */
typedef struct tn_text {
  const char *z;
  size_t n;
} tn_text;

/* Reads VALUE as text into *OUT. Returns 1, or 0 when memory ran out: then the error has been set on
** CTX and the caller returns at once. Numbers are read as their decimal text, blobs as CAST does it: as
** text in the encoding of the database. */
int tn_value_text(sqlite3_context *ctx, sqlite3_value *value, tn_text *out);

/* The same for what may come as a blob: its bytes as they are, whatever the encoding of the database,
** and without a NUL behind them. Returns 1, or 0 when memory ran out, which the caller reports. */
int tn_value_bytes(sqlite3_value *value, tn_text *out);

/* Reads VALUE as text that ends at its first NUL byte; NULL for SQL NULL. Returns 1, or 0 when memory ran out: then
** the error has been set on CTX. */
int tn_value_string(sqlite3_context *ctx, sqlite3_value *value, const char **out);

/* Reads VALUE as a 64-bit integer. Returns 1, or 0 if it is NULL or not exactly an integer. */
int tn_value_int(sqlite3_value *value, sqlite3_int64 *out);

/* Reads VALUE as an integer that may be NULL. Returns 1, or 0 if it is neither or memory ran out: then the error has
** been set on CTX, usage.number, which names WHAT. */
int tn_value_maybe(sqlite3_context *ctx, sqlite3_value *value, const char *what, tn_maybe *out);

/* 1 if VALUE is SQL NULL. */
int tn_value_is_null(sqlite3_value *value);

#endif
