/*
** json_read.c - reading JSON; see json_read.h.
*/
#include "json_read.h"
#include "text.h"

#include <stdint.h>
#include <string.h>

enum { JSON_DEPTH_MAX = 100 };

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
