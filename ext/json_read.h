/*
** json_read.h - reading JSON strictly.
**
** What is read decides who holds a session, so a text that two programs could understand differently is refused, with
** the place.
*/
#ifndef TN_JSON_READ_H
#define TN_JSON_READ_H

#include "sqlite_ext.h"
#include <stddef.h>

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
