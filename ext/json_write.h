/*
** json_write.h - writing JSON from SQL arguments.
**
** Triggers cannot use SQLite's own json_object() on every version that we support (3.40.1 calls it
** unsafe there when trusted_schema is off), so reports are built here.
*/
#ifndef TN_JSON_WRITE_H
#define TN_JSON_WRITE_H

#include "sqlite_ext.h"
#include <stddef.h>

/* Appends Z as a JSON string, with quotes. Bytes that are not well-formed UTF-8 become U+FFFD, so what
** is written is always valid JSON; control characters are written as \uXXXX. */
void tn_json_append_string(sqlite3_str *out, const char *z, size_t n);

/* Appends the object of N_ARG alternating keys and values. A key may carry a type after a colon:
**   key:bool      0 and 1 are written false and true; anything else as without the type
**   key:json      the text is JSON already and is written as it is
**   key:nullable  NULL is written as null
** Without ":nullable" a NULL value is omitted. Integers and reals are numbers (a real that is not
** finite is null), text and blobs are strings.
** Returns SQLITE_OK; SQLITE_NOMEM or SQLITE_TOOBIG, as OUT has it; or SQLITE_MISUSE if a key is
** missing, is not a text, or carries an unknown type. */
int tn_json_append_object(sqlite3_str *out, int n_arg, sqlite3_value **args);

#endif
