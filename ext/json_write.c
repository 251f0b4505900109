/*
** json_write.c - writing JSON; see json_write.h.
*/
#include "json_write.h"
#include "text.h"
#include "value.h"

#include <float.h>
#include <string.h>

static int json_is_plain(unsigned char c) {
  return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* C1 and DEL need no escape by the grammar, but terminals obey them. */
static int json_is_control(unsigned c) {
  return c < 0x20 || (c >= 0x7f && c <= 0x9f);
}

/* The length of what may be copied as it stands at Z; 0 if the next character may not. */
static size_t json_run(const char *z, size_t n) {
  size_t i = 0;
  while (i < n) {
    unsigned c = 0;
    if (json_is_plain((unsigned char)z[i])) {
      i++;
      continue;
    }
    const size_t length = tn_text_decode(z + i, n - i, &c);
    if (length <= 1 || json_is_control(c)) break;
    i += length;
  }
  return i;
}

/* An object is made of many small pieces; growing a sqlite3_str for each is most of the work. They are gathered
** here first. */
typedef struct json_writer {
  sqlite3_str *out;
  size_t n;
  char z[500];
} json_writer;

static void json_open(json_writer *to, sqlite3_str *out) {
  to->out = out;
  to->n = 0;
}

static void json_flush(json_writer *to) {
  sqlite3_str_append(to->out, to->z, (int)to->n);
  to->n = 0;
}

static void json_put(json_writer *to, const char *z, size_t n) {
  if (n > sizeof to->z - to->n) json_flush(to);
  if (n > sizeof to->z) {
    sqlite3_str_append(to->out, z, (int)n); /* no text of SQLite's is longer than an int */
  } else {
    memcpy(to->z + to->n, z, n);
    to->n += n;
  }
}

static void json_put_word(json_writer *to, const char *word) {
  json_put(to, word, strlen(word));
}

/* Writes the character at Z that json_run() stopped at. Returns how many bytes of Z it is. */
static size_t json_put_special(json_writer *to, const char *z, size_t n) {
  char escape[8];
  unsigned c = 0;
  const size_t length = tn_text_decode(z, n, &c);
  if (length == 0) {
    json_put_word(to, "\xef\xbf\xbd"); /* U+FFFD */
    return 1;
  }
  if (json_is_control(c)) {
    json_put_word(to, sqlite3_snprintf(sizeof escape, escape, "\\u%04x", c));
  } else {
    json_put_word(to, sqlite3_snprintf(sizeof escape, escape, "\\%c", (int)c));
  }
  return length;
}

static void json_put_string(json_writer *to, const char *z, size_t n) {
  json_put(to, "\"", 1);
  for (size_t i = 0; i < n;) {
    const size_t run = json_run(z + i, n - i);
    json_put(to, z + i, run);
    i += run;
    if (i < n) i += json_put_special(to, z + i, n - i);
  }
  json_put(to, "\"", 1);
}

void tn_json_append_string(sqlite3_str *out, const char *z, size_t n) {
  json_writer to;
  json_open(&to, out);
  json_put_string(&to, z, n);
  json_flush(&to);
}

typedef enum json_type { JSON_PLAIN, JSON_BOOL, JSON_RAW, JSON_NULLABLE } json_type;

static const struct {
  const char *word;
  json_type type;
} json_types[] = {{":bool", JSON_BOOL}, {":json", JSON_RAW}, {":nullable", JSON_NULLABLE}};

/* Takes the type off the end of a key: shortens *N. Returns 0 if there is one that is unknown. */
static int json_split_key(const char *key, size_t *n, json_type *type) {
  const char *colon = memchr(key, ':', *n);
  *type = JSON_PLAIN;
  if (colon == NULL) return 1;
  const size_t word_n = *n - (size_t)(colon - key);
  for (size_t i = 0; i < sizeof json_types / sizeof json_types[0]; i++) {
    if (strlen(json_types[i].word) == word_n && memcmp(json_types[i].word, colon, word_n) == 0) {
      *n -= word_n;
      *type = json_types[i].type;
      return 1;
    }
  }
  return 0;
}

/* Writes text, or the bytes of a blob, as a JSON string or as it is. */
static int json_put_text(json_writer *to, sqlite3_value *value, json_type type) {
  tn_text text;
  if (!tn_value_bytes(value, &text)) return SQLITE_NOMEM;
  if (type == JSON_RAW) {
    json_put(to, text.z, text.n);
  } else {
    json_put_string(to, text.z, text.n);
  }
  return SQLITE_OK;
}

static int json_put_value(json_writer *to, sqlite3_value *value, json_type type) {
  char number[40];
  sqlite3_int64 integer = 0;
  if (type == JSON_BOOL && tn_value_int(value, &integer) && (integer == 0 || integer == 1)) {
    json_put_word(to, integer == 1 ? "true" : "false");
    return SQLITE_OK;
  }
  switch (sqlite3_value_type(value)) {
  case SQLITE_NULL: json_put_word(to, "null"); return SQLITE_OK;
  case SQLITE_INTEGER:
    integer = sqlite3_value_int64(value);
    json_put_word(to, sqlite3_snprintf(sizeof number, number, "%lld", integer));
    return SQLITE_OK;
  case SQLITE_FLOAT: {
    const double real = sqlite3_value_double(value);
    if (real >= -DBL_MAX && real <= DBL_MAX) {
      json_put_word(to, sqlite3_snprintf(sizeof number, number, "%!.15g", real));
    } else {
      json_put_word(to, "null");
    }
    return SQLITE_OK;
  }
  default: return json_put_text(to, value, type);
  }
}

/* Writes one key and its value, SEPARATOR before them, unless they are to be left out. Sets *WRITTEN if not. */
static int json_put_member(json_writer *to, const char *separator, sqlite3_value *const *pair,
                           int *written) {
  json_type type;
  if (sqlite3_value_type(pair[0]) != SQLITE_TEXT) return SQLITE_MISUSE;
  const char *key = (const char *)sqlite3_value_text(pair[0]);
  if (key == NULL) return SQLITE_NOMEM;
  size_t key_n = (size_t)sqlite3_value_bytes(pair[0]);
  if (!json_split_key(key, &key_n, &type)) return SQLITE_MISUSE;
  if (type != JSON_NULLABLE && tn_value_is_null(pair[1])) return SQLITE_OK;
  json_put(to, separator, 1);
  json_put_string(to, key, key_n);
  json_put(to, ":", 1);
  *written = 1;
  return json_put_value(to, pair[1], type);
}

int tn_json_append_object(sqlite3_str *out, int n_arg, sqlite3_value **args) {
  json_writer to;
  int has_member = 0;
  int rc = SQLITE_OK;
  if (n_arg % 2 != 0) return SQLITE_MISUSE;
  json_open(&to, out);
  for (int i = 0; i < n_arg && rc == SQLITE_OK; i += 2) {
    rc = json_put_member(&to, has_member ? "," : "{", args + i, &has_member);
  }
  if (rc != SQLITE_OK) return rc;
  json_put_word(&to, has_member ? "}" : "{}");
  json_flush(&to);
  return sqlite3_str_errcode(out);
}
