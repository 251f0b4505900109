/*
** json.h - writing JSON objects from SQL arguments, and reading JSON strictly.
**
** Triggers cannot use SQLite's own json_object() on every version that we support (3.40.1 calls it
** unsafe there when trusted_schema is off), so reports are built here.
*/
#ifndef TN_JSON_H
#define TN_JSON_H

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

/* What a value is. */
typedef enum tn_json_kind {
  TN_JSON_NULL,
  TN_JSON_TRUE,
  TN_JSON_FALSE,
  TN_JSON_INTEGER, /* no fraction, no exponent; u64 holds the magnitude unless overflow */
  TN_JSON_REAL,
  TN_JSON_STRING, /* z, n: the decoded text */
  TN_JSON_ARRAY,
  TN_JSON_OBJECT
} tn_json_kind;

/* The value of one member of a JSON object, or of one element of an array, that was read. */
typedef struct tn_json_value {
  tn_json_kind kind;
  const char *raw; /* the value as it stands in the input */
  size_t raw_n;
  char *z; /* TN_JSON_STRING: decoded, allocated, NUL-terminated; the member's owner frees it */
  size_t n;
  int negative; /* TN_JSON_INTEGER */
  int overflow; /* TN_JSON_INTEGER: the magnitude is beyond 2^64-1 */
  sqlite3_uint64 u64;
} tn_json_value;

/* Called for each member of the top object, in order. KEY is decoded. May keep value->z by setting it
** to NULL in VALUE. Returns NULL to go on, or a static text that says what is wrong with it. */
typedef const char *(*tn_json_member)(void *context, const char *key, size_t key_n,
                                      tn_json_value *value);

/* Where and why a text is not the JSON object that was expected. */
typedef struct tn_json_error {
  size_t offset;      /* in bytes from the start */
  const char *reason; /* a static text */
} tn_json_error;

/* Reads exactly one JSON object (RFC 8259, UTF-8, no BOM, nesting at most 100 deep, nothing but white
** space after it) and hands each top-level member to MEMBER. Returns SQLITE_OK; SQLITE_NOMEM; or
** SQLITE_ERROR with *ERROR filled. */
int tn_json_read_object(const char *z, size_t n, tn_json_member member, void *context,
                        tn_json_error *error);

/* The same for exactly one JSON array, whose elements it hands to ELEMENT with an empty key. */
int tn_json_read_array(const char *z, size_t n, tn_json_member element, void *context,
                       tn_json_error *error);

/* 1 if the text is one JSON array and nothing else. Never allocates. */
int tn_json_is_array(const char *z, size_t n);

#endif
