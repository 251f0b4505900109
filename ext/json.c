/*
** json.c - writing and reading JSON; see json.h.
**
** The reader is strict because what it reads decides who holds a session: a text that two programs
** could understand differently is refused, with the place.
*/
#include "json.h"
#include "text.h"
#include "value.h"

#include <float.h>
#include <stdint.h>
#include <string.h>

enum { JSON_DEPTH_MAX = 100 };

/* ---- writing ---- */

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

/* ---- reading ---- */

typedef struct json_reader {
  const char *z;
  size_t n;
  size_t at;          /* the next byte; after a failure, the place of the trouble */
  int rc;             /* SQLITE_ERROR or SQLITE_NOMEM after a failure */
  const char *reason; /* why, with SQLITE_ERROR */
} json_reader;

/* Every json_read_… function returns 1, or 0 after a failure. */
static int json_fail(json_reader *in, size_t at, const char *reason) {
  in->at = at;
  in->rc = SQLITE_ERROR;
  in->reason = reason;
  return 0;
}

/* The next byte, or -1 at the end. */
static int json_peek(const json_reader *in) {
  return in->at < in->n ? (unsigned char)in->z[in->at] : -1;
}

static int json_accept(json_reader *in, int c) {
  if (json_peek(in) != c) return 0;
  in->at++;
  return 1;
}

static void json_skip_space(json_reader *in) {
  while (in->at < in->n && memchr(" \t\n\r", in->z[in->at], 4) != NULL) in->at++;
}

static int json_read_hex4(json_reader *in, unsigned *out) {
  static const char digits[] = "0123456789abcdef";
  *out = 0;
  for (int i = 0; i < 4; i++, in->at++) {
    int c = json_peek(in);
    if (c >= 'A' && c <= 'F') c += 'a' - 'A';
    const char *digit = memchr(digits, c, 16);
    if (digit == NULL) return json_fail(in, in->at, "\\u needs four hexadecimal digits");
    *out = *out << 4 | (unsigned)(digit - digits);
  }
  return 1;
}

/* Reads what follows a backslash. A character beyond U+FFFF is written as two surrogates. */
static int json_read_escape(json_reader *in, unsigned *out) {
  static const char named[] = "\"\\/bfnrt";
  static const char meant[] = "\"\\/\b\f\n\r\t";
  const size_t start = in->at - 1;
  unsigned low = 0;
  const char *name = memchr(named, json_peek(in), sizeof named - 1);
  if (name != NULL) {
    in->at++;
    *out = (unsigned char)meant[name - named];
    return 1;
  }
  if (!json_accept(in, 'u')) return json_fail(in, start, "an unknown escape stands in a string");
  if (!json_read_hex4(in, out)) return 0;
  if (*out < 0xd800 || *out > 0xdfff) return 1;
  const int has_pair = *out < 0xdc00 && json_accept(in, '\\') && json_accept(in, 'u');
  if (has_pair && !json_read_hex4(in, &low)) return 0;
  if (low < 0xdc00 || low > 0xdfff) return json_fail(in, start, "half of a surrogate pair");
  *out = 0x10000 + ((*out - 0xd800) << 10) + (low - 0xdc00);
  return 1;
}

static int json_read_char(json_reader *in, unsigned *out) {
  const int c = json_peek(in);
  if (c < 0) return json_fail(in, in->at, "the text ends inside a string");
  if (c < 0x20) return json_fail(in, in->at, "a control character stands in a string");
  if (json_accept(in, '\\')) return json_read_escape(in, out);
  const size_t length = tn_text_decode(in->z + in->at, in->n - in->at, out);
  if (length == 0) return json_fail(in, in->at, "the text is not valid UTF-8");
  in->at += length;
  return 1;
}

/* Writes C as UTF-8. Returns how many bytes that took, at most 4. */
static size_t json_encode(unsigned c, char *out) {
  static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
  if (c < 0x80) {
    out[0] = (char)c;
    return 1;
  }
  const size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  for (size_t i = n - 1; i > 0; i--, c >>= 6) out[i] = (char)(0x80 | (c & 0x3f));
  out[0] = (char)(lead[n] | c);
  return n;
}

/* Reads a string. With OUT its text goes there; that has room for as many bytes as the string
** takes in the input, and *OUT_N says how many were used. */
static int json_read_string(json_reader *in, char *out, size_t *out_n) {
  size_t n = 0;
  if (!json_accept(in, '"')) return json_fail(in, in->at, "a string in quotes was expected");
  while (!json_accept(in, '"')) {
    unsigned c = 0;
    if (!json_read_char(in, &c)) return 0;
    if (out != NULL) n += json_encode(c, out + n);
  }
  if (out != NULL) {
    out[n] = '\0';
    *out_n = n;
  }
  return 1;
}

/* The text of the string that stands at START and ends before the reader; NULL without memory. */
static char *json_decode(const json_reader *in, size_t start, size_t *n) {
  json_reader again = {in->z, in->at, start, SQLITE_OK, NULL};
  char *out = sqlite3_malloc64(in->at - start);
  if (out != NULL) (void)json_read_string(&again, out, n); /* it has been read before */
  return out;
}

static int json_read_digits(json_reader *in, const char *otherwise) {
  const size_t start = in->at;
  while (json_peek(in) >= '0' && json_peek(in) <= '9') in->at++;
  return in->at > start ? 1 : json_fail(in, in->at, otherwise);
}

static void json_set_magnitude(tn_json_value *value, const char *z, size_t n) {
  for (size_t i = 0; i < n; i++) {
    const sqlite3_uint64 digit = (sqlite3_uint64)(z[i] - '0');
    if (value->u64 > (UINT64_MAX - digit) / 10) value->overflow = 1;
    value->u64 = value->u64 * 10 + digit;
  }
}

static int json_read_number(json_reader *in, tn_json_value *value) {
  static const char digit[] = "a digit was expected";
  value->kind = TN_JSON_INTEGER;
  value->negative = json_accept(in, '-');
  const size_t start = in->at;
  if (!json_read_digits(in, value->negative ? digit : "a value was expected")) return 0;
  if (in->z[start] == '0' && in->at - start > 1) {
    return json_fail(in, start, "a number begins with 0");
  }
  json_set_magnitude(value, in->z + start, in->at - start);
  if (json_accept(in, '.')) {
    value->kind = TN_JSON_REAL;
    if (!json_read_digits(in, digit)) return 0;
  }
  if (json_accept(in, 'e') || json_accept(in, 'E')) {
    value->kind = TN_JSON_REAL;
    if (!json_accept(in, '+')) (void)json_accept(in, '-');
    if (!json_read_digits(in, digit)) return 0;
  }
  return 1;
}

static int json_read_word(json_reader *in, const char *word) {
  const size_t n = strlen(word);
  if (in->n - in->at < n || memcmp(in->z + in->at, word, n) != 0) {
    return json_fail(in, in->at, "a value was expected");
  }
  in->at += n;
  return 1;
}

typedef int (*json_item)(json_reader *in, int depth, void *context);

/* Reads ITEMs between the bracket that comes next and CLOSE. DEPTH counts the brackets around. */
static int json_read_list(json_reader *in, int close, int depth, json_item item, void *context) {
  if (depth == JSON_DEPTH_MAX) return json_fail(in, in->at, "it is nested more than 100 deep");
  in->at++;
  json_skip_space(in);
  if (json_accept(in, close)) return 1;
  for (;;) {
    if (!item(in, depth + 1, context)) return 0;
    json_skip_space(in);
    if (json_accept(in, close)) return 1;
    if (!json_accept(in, ',')) {
      return json_fail(in, in->at,
                       close == '}' ? "a comma or } was expected" : "a comma or ] was expected");
    }
    json_skip_space(in);
  }
}

static int json_read_member(json_reader *in, int depth, void *context);
static int json_read_element(json_reader *in, int depth, void *context);

/* Reads any value and says of what kind it is. Strings are checked and not decoded. */
static int json_read_value(json_reader *in, int depth, tn_json_value *value) {
  const size_t start = in->at;
  int ok;
  memset(value, 0, sizeof *value);
  switch (json_peek(in)) {
  case '{':
    value->kind = TN_JSON_OBJECT;
    ok = json_read_list(in, '}', depth, json_read_member, NULL);
    break;
  case '[':
    value->kind = TN_JSON_ARRAY;
    ok = json_read_list(in, ']', depth, json_read_element, NULL);
    break;
  case '"':
    value->kind = TN_JSON_STRING;
    ok = json_read_string(in, NULL, NULL);
    break;
  case 't':
    value->kind = TN_JSON_TRUE;
    ok = json_read_word(in, "true");
    break;
  case 'f':
    value->kind = TN_JSON_FALSE;
    ok = json_read_word(in, "false");
    break;
  case 'n':
    value->kind = TN_JSON_NULL;
    ok = json_read_word(in, "null");
    break;
  default: ok = json_read_number(in, value);
  }
  value->raw = in->z + start;
  value->raw_n = in->at - start;
  return ok;
}

/* What is done with the members of the top object. */
typedef struct json_top {
  tn_json_member member;
  void *context;
} json_top;

/* Hands one member on, decoded. */
static int json_give_member(json_reader *in, const json_top *top, const char *key, size_t key_n,
                            tn_json_value *value) {
  const size_t start = (size_t)(value->raw - in->z);
  if (value->kind == TN_JSON_STRING) {
    value->z = json_decode(in, start, &value->n);
    if (value->z == NULL) {
      in->rc = SQLITE_NOMEM;
      return 0;
    }
  }
  const char *reason = top->member(top->context, key, key_n, value);
  sqlite3_free(value->z);
  return reason == NULL ? 1 : json_fail(in, start, reason);
}

static int json_read_colon(json_reader *in) {
  json_skip_space(in);
  if (!json_accept(in, ':')) return json_fail(in, in->at, "a colon was expected");
  json_skip_space(in);
  return 1;
}

/* Reads a key, a colon and a value. CONTEXT is the json_top in the top object, NULL further in. */
static int json_read_member(json_reader *in, int depth, void *context) {
  tn_json_value value;
  const size_t key_start = in->at;
  size_t key_n = 0;
  char *key = NULL;
  if (!json_read_string(in, NULL, NULL)) return 0;
  if (context != NULL) {
    key = json_decode(in, key_start, &key_n);
    if (key == NULL) {
      in->rc = SQLITE_NOMEM;
      return 0;
    }
  }
  int ok = json_read_colon(in) && json_read_value(in, depth, &value);
  if (ok && context != NULL) ok = json_give_member(in, context, key, key_n, &value);
  sqlite3_free(key);
  return ok;
}

/* Reads a value of a list. CONTEXT is the json_top in the top array, NULL further in. */
static int json_read_element(json_reader *in, int depth, void *context) {
  tn_json_value value;
  if (!json_read_value(in, depth, &value)) return 0;
  return context == NULL || json_give_member(in, context, "", 0, &value);
}

static int json_read_top(json_reader *in, int is_array, json_top *top) {
  json_skip_space(in);
  if (json_peek(in) != (is_array ? '[' : '{')) {
    return json_fail(in, in->at,
                     is_array ? "an array in brackets was expected"
                              : "an object in braces was expected");
  }
  if (!json_read_list(in, is_array ? ']' : '}', 0, is_array ? json_read_element : json_read_member,
                      top)) {
    return 0;
  }
  json_skip_space(in);
  return in->at == in->n
             ? 1
             : json_fail(in, in->at,
                         is_array ? "something follows the array" : "something follows the object");
}

static int json_read_all(const char *z, size_t n, int is_array, json_top *top,
                         tn_json_error *error) {
  json_reader in = {z, n, 0, SQLITE_OK, NULL};
  if (!json_read_top(&in, is_array, top)) {
    error->offset = in.at;
    error->reason = in.reason;
  }
  return in.rc;
}

int tn_json_read_object(const char *z, size_t n, tn_json_member member, void *context,
                        tn_json_error *error) {
  json_top top = {member, context};
  return json_read_all(z, n, 0, &top, error);
}

int tn_json_read_array(const char *z, size_t n, tn_json_member element, void *context,
                       tn_json_error *error) {
  json_top top = {element, context};
  return json_read_all(z, n, 1, &top, error);
}

int tn_json_is_array(const char *z, size_t n) {
  json_reader in = {z, n, 0, SQLITE_OK, NULL};
  tn_json_value value;
  json_skip_space(&in);
  if (json_peek(&in) != '[' || !json_read_value(&in, 0, &value)) return 0;
  json_skip_space(&in);
  return in.at == n;
}
