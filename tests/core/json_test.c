/*
** json_test.c - tests of ext/json_write.c and ext/json_read.c: what is written is JSON and says the same, what is read
** is JSON and nothing else.
*/
#include "json_read.h"
#include "json_write.h"
#include "text.h"

#include "tap.h"

#include <stdlib.h>

#define BYTES(s) s, sizeof(s) - 1

/* ---- writing ---- */

static void is_written(const char *z, size_t n, const char *want, const char *name) {
  sqlite3_str *out = sqlite3_str_new(NULL);
  tn_json_append_string(out, z, n);
  char *got = sqlite3_str_finish(out);
  is_str(got, want, "string: %s", name);
  sqlite3_free(got);
}

static void test_strings(void) {
  is_written(BYTES(""), "\"\"", "empty");
  is_written(BYTES("plain / text"), "\"plain / text\"", "plain");
  is_written(BYTES("a\"b\\c"), "\"a\\\"b\\\\c\"", "quote and backslash");
  is_written(BYTES("\0\n\x1f "), "\"\\u0000\\u000a\\u001f \"", "C0");
  is_written(BYTES("~\x7f\xc2\x80\xc2\x9f\xc2\xa0"), "\"~\\u007f\\u0080\\u009f\xc2\xa0\"",
             "DEL and C1");
  is_written(BYTES("\xe2\x82\xac\xf0\x9f\x98\x80"), "\"\xe2\x82\xac\xf0\x9f\x98\x80\"", "UTF-8");
  is_written(BYTES("a\xff\xc3(\xed\xa0\x80"),
             "\"a\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", "not UTF-8");
  is_written(BYTES("\xe2\x82"), "\"\xef\xbf\xbd\xef\xbf\xbd\"", "cut short");
  is_written("x\xc3\xa4", 2, "\"x\xef\xbf\xbd\"", "nothing behind the end");
  is_written("\"x\xc3\xa4", 3, "\"\\\"x\xef\xbf\xbd\"", "... nor later on");
}

/* The SQL function that the object tests call: object(key, value, ...). An error carries the code.
 */
static void object(sqlite3_context *ctx, int n, sqlite3_value **args) {
  sqlite3_str *out = sqlite3_str_new(sqlite3_context_db_handle(ctx));
  const int rc = tn_json_append_object(out, n, args);
  char *z = sqlite3_str_finish(out);
  if (rc == SQLITE_OK) {
    sqlite3_result_text(ctx, z, -1, sqlite3_free);
    return;
  }
  sqlite3_free(z);
  sqlite3_result_error(ctx, "refused", -1);
  sqlite3_result_error_code(ctx, rc);
}

static void is_object(sqlite3 *db, const char *args, int want_rc, const char *want) {
  sqlite3_stmt *stmt = NULL;
  char *sql = sqlite3_mprintf("SELECT object(%s)", args);
  if (sql == NULL || sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK) abort();
  const int rc = sqlite3_step(stmt);
  is_int(rc, want_rc, "object(%s)", args);
  if (rc == SQLITE_ROW) is_str((const char *)sqlite3_column_text(stmt, 0), want, "... as written");
  sqlite3_finalize(stmt);
  sqlite3_free(sql);
}

static void test_objects(void) {
  sqlite3 *db = NULL;
  if (sqlite3_open(":memory:", &db) != SQLITE_OK) abort();
  if (sqlite3_create_function_v2(db, "object", -1, SQLITE_UTF8, NULL, object, NULL, NULL, NULL)) {
    abort();
  }
  is_object(db, "", SQLITE_ROW, "{}");
  is_object(db, "'a', NULL", SQLITE_ROW, "{}");
  is_object(db, "'a', 1, 'b', NULL, 'c', 'x'", SQLITE_ROW, "{\"a\":1,\"c\":\"x\"}");
  is_object(db, "'a:nullable', NULL, 'b', NULL", SQLITE_ROW, "{\"a\":null}");
  is_object(db, "'a:nullable', 'x'", SQLITE_ROW, "{\"a\":\"x\"}");
  is_object(db, "'a:bool', 0, 'b:bool', 1, 'c:bool', NULL", SQLITE_ROW, "{\"a\":false,\"b\":true}");
  is_object(db, "'a:bool', 2, 'b:bool', '1', 'c:bool', 'yes'", SQLITE_ROW,
            "{\"a\":2,\"b\":true,\"c\":\"yes\"}");
  is_object(db, "'a:json', '[1,{}]', 'b:json', NULL, 'c:json', 7", SQLITE_ROW,
            "{\"a\":[1,{}],\"c\":7}");
  is_object(db, "'a', -9223372036854775808, 'b', 9223372036854775807", SQLITE_ROW,
            "{\"a\":-9223372036854775808,\"b\":9223372036854775807}");
  is_object(db, "'a', 0.5, 'b', 1e300, 'c', -2.0, 'd', 9e999, 'e', -9e999", SQLITE_ROW,
            "{\"a\":0.5,\"b\":1.0e+300,\"c\":-2.0,\"d\":null,\"e\":null}");
  is_object(db, "'a', x'22ff'", SQLITE_ROW, "{\"a\":\"\\\"\xef\xbf\xbd\"}");
  is_object(db, "'k\"', x'', '', 0", SQLITE_ROW, "{\"k\\\"\":\"\",\"\":0}");
  is_object(db, "'a'", SQLITE_MISUSE, NULL);
  is_object(db, "'a', 1, 'b'", SQLITE_MISUSE, NULL);
  is_object(db, "1, 'a'", SQLITE_MISUSE, NULL);
  is_object(db, "NULL, 'a'", SQLITE_MISUSE, NULL);
  is_object(db, "'a:boolean', 1", SQLITE_MISUSE, NULL);
  is_object(db, "'a:b:bool', 1", SQLITE_MISUSE, NULL);
  is_object(db, "'a:', 1", SQLITE_MISUSE, NULL);
  sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 1000);
  is_object(db, "'a', zeroblob(900), 'b', zeroblob(900)", SQLITE_TOOBIG, NULL);
  sqlite3_close(db);
}

/* ---- reading ---- */

/* What the reader saw, as "key=kind:text;" for each member. */
typedef struct seen {
  sqlite3_str *text;
  const char *refuse; /* a key to complain about */
} seen;

static const char *see(void *context, const char *key, size_t key_n, tn_json_value *value) {
  static const char kinds[] = "ntfirsao";
  seen *s = context;
  sqlite3_str_append(s->text, key, (int)key_n);
  sqlite3_str_appendf(s->text, "=%c:", kinds[value->kind]);
  if (value->kind == TN_JSON_STRING) {
    sqlite3_str_append(s->text, value->z, (int)value->n);
    if (value->z[value->n] != '\0') return "no NUL at the end";
  } else if (value->kind == TN_JSON_INTEGER) {
    sqlite3_str_appendf(s->text, "%s%llu%s", value->negative ? "-" : "", value->u64,
                        value->overflow ? "!" : "");
  } else {
    sqlite3_str_append(s->text, value->raw, (int)value->raw_n);
  }
  sqlite3_str_appendchar(s->text, 1, ';');
  if (s->refuse != NULL && strcmp(s->refuse, key) == 0) return "unwanted";
  return NULL;
}

/* The input as part of the name of a test. */
static const char *shown(const char *z, size_t n) {
  static char name[400];
  tn_text_display_safe(z, n, 0, name, sizeof name);
  return name;
}

/* The input is copied into exactly its size, so that reading past the end is seen by a sanitizer.
 */
static int read_object(const char *z, size_t n, seen *s, tn_json_error *error) {
  char *copy = malloc(n == 0 ? 1 : n);
  if (copy == NULL) abort();
  memcpy(copy, z, n);
  const int rc = tn_json_read_object(copy, n, see, s, error);
  free(copy);
  return rc;
}

static void reads(const char *z, size_t n, const char *want) {
  seen s = {sqlite3_str_new(NULL), NULL};
  tn_json_error error = {0, NULL};
  const int rc = read_object(z, n, &s, &error);
  char *got = sqlite3_str_finish(s.text);
  is_int(rc, SQLITE_OK, "reads %s", shown(z, n));
  is_str(got == NULL ? "" : got, want, "... and sees it all");
  if (rc != SQLITE_OK) printf("# at %zu: %s\n", error.offset, error.reason);
  sqlite3_free(got);
}

static void test_read(void) {
  reads(BYTES("{}"), "");
  reads(BYTES(" \t\r\n{ \n} \t"), "");
  reads(BYTES("{\"a\":null,\"b\":true,\"c\":false}"), "a=n:null;b=t:true;c=f:false;");
  reads(BYTES("{ \"a\" : 1 , \"a\" : 2 }"), "a=i:1;a=i:2;");
  reads(BYTES("{\"a\":0,\"b\":-0,\"c\":-17,\"d\":18446744073709551615}"),
        "a=i:0;b=i:-0;c=i:-17;d=i:18446744073709551615;");
  reads(BYTES("{\"a\":18446744073709551616}"), "a=i:0!;");
  reads(BYTES("{\"a\":36893488147419103233000}"), "a=i:1000!;");
  reads(BYTES("{\"a\":1.5,\"b\":0e0,\"c\":1E+2,\"d\":-0.1e-7}"),
        "a=r:1.5;b=r:0e0;c=r:1E+2;d=r:-0.1e-7;");
  reads(BYTES("{\"a\":[1, [], {\"b\":\"}\"}],\"c\":{\"d\":[]}}"),
        "a=a:[1, [], {\"b\":\"}\"}];c=o:{\"d\":[]};");
  reads(BYTES("{\"\":\"\"}"), "=s:;");
  reads(BYTES("{\"\\u0061\\n\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}"), "a\n=s:\"\\/\b\f\n\r\t;");
  reads(BYTES("{\"a\":\"\\u00e4\\u20AC\\ud83d\\uDe00\\uffff\"}"),
        "a=s:\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbf;");
  reads(BYTES("{\"a\":\"\\u00AF\\u00fa\\u007f\\u0080\\u07ff\\u0800 ~\"}"),
        "a=s:\xc2\xaf\xc3\xba\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80 ~;");
  reads(BYTES("{\"a\":\"\\ud7ff\\ue000\"}"), "a=s:\xed\x9f\xbf\xee\x80\x80;");
  reads(BYTES("{\"a\":\"\\ud800\\udc00\\udbff\\udfff\"}"), "a=s:\xf0\x90\x80\x80\xf4\x8f\xbf\xbf;");
  reads(BYTES("{\"\xc3\xa4\":\"\x7f\xf4\x8f\xbf\xbf\"}"), "\xc3\xa4=s:\x7f\xf4\x8f\xbf\xbf;");
}

static void refuses(const char *z, size_t n, size_t offset, const char *reason) {
  seen s = {sqlite3_str_new(NULL), "bad"};
  tn_json_error error = {999, NULL};
  const int rc = read_object(z, n, &s, &error);
  sqlite3_free(sqlite3_str_finish(s.text));
  is_int(rc, SQLITE_ERROR, "refuses %s", shown(z, n));
  is_str(error.reason, reason, "... and says why");
  is_int(error.offset, offset, "... and where");
}

static void test_refuse(void) {
  static const char object_wanted[] = "an object in braces was expected";
  static const char string_wanted[] = "a string in quotes was expected";
  static const char value_wanted[] = "a value was expected";
  static const char digit_wanted[] = "a digit was expected";
  refuses(BYTES(""), 0, object_wanted);
  refuses(BYTES("  "), 2, object_wanted);
  refuses(BYTES("[]"), 0, object_wanted);
  refuses(BYTES("null"), 0, object_wanted);
  refuses(BYTES("\xef\xbb\xbf{}"), 0, object_wanted);
  refuses(BYTES("\v{}"), 0, object_wanted);
  refuses(BYTES("{"), 1, string_wanted);
  refuses(BYTES("{a:1}"), 1, string_wanted);
  refuses(BYTES("{'a':1}"), 1, string_wanted);
  refuses(BYTES("{\"a\":1,}"), 7, string_wanted);
  refuses(BYTES("{\"a\"}"), 4, "a colon was expected");
  refuses(BYTES("{\"a\" 1}"), 5, "a colon was expected");
  refuses(BYTES("{\"a\":}"), 5, value_wanted);
  refuses(BYTES("{\"a\":"), 5, value_wanted);
  refuses(BYTES("{\"a\":nul"), 5, value_wanted);
  refuses(BYTES("{\"a\":NaN}"), 5, value_wanted);
  refuses(BYTES("{\"a\":True}"), 5, value_wanted);
  refuses(BYTES("{\"a\":tru }"), 5, value_wanted);
  refuses(BYTES("{\"a\":fals}"), 5, value_wanted);
  refuses(BYTES("{\"a\":+1}"), 5, value_wanted);
  refuses(BYTES("{\"a\":.5}"), 5, value_wanted);
  refuses(BYTES("{\"a\":-}"), 6, digit_wanted);
  refuses(BYTES("{\"a\":-Infinity}"), 6, digit_wanted);
  refuses(BYTES("{\"a\":1.}"), 7, digit_wanted);
  refuses(BYTES("{\"a\":1.e1}"), 7, digit_wanted);
  refuses(BYTES("{\"a\":1e}"), 7, digit_wanted);
  refuses(BYTES("{\"a\":1e+-1}"), 8, digit_wanted);
  refuses(BYTES("{\"a\":01}"), 5, "a number begins with 0");
  refuses(BYTES("{\"a\":-00}"), 6, "a number begins with 0");
  refuses(BYTES("{\"a\":0x1}"), 6, "a comma or } was expected");
  refuses(BYTES("{\"a\":nullx}"), 9, "a comma or } was expected");
  refuses(BYTES("{\"a\":1 \"b\":2}"), 7, "a comma or } was expected");
  refuses(BYTES("{\"a\":1"), 6, "a comma or } was expected");
  refuses(BYTES("{\"a\":[1 2]}"), 8, "a comma or ] was expected");
  refuses(BYTES("{\"a\":[1,]}"), 8, value_wanted);
  refuses(BYTES("{\"a\":[1}"), 7, "a comma or ] was expected");
  refuses(BYTES("{\"a\":{\"b\"}}"), 9, "a colon was expected");
  refuses(BYTES("{\"a\":{1:2}}"), 6, string_wanted);
  refuses(BYTES("{}{}"), 2, "something follows the object");
  refuses(BYTES("{} \0"), 3, "something follows the object");
  refuses(BYTES("{\"a"), 3, "the text ends inside a string");
  refuses(BYTES("{\"a\":\"b"), 7, "the text ends inside a string");
  refuses(BYTES("{\"a\":\"\n\"}"), 6, "a control character stands in a string");
  refuses(BYTES("{\"a\":\"\0\"}"), 6, "a control character stands in a string");
  refuses(BYTES("{\"a\":\"\xff\"}"), 6, "the text is not valid UTF-8");
  refuses(BYTES("{\"a\":\"\xc3\"}"), 6, "the text is not valid UTF-8");
  refuses(BYTES("{\"\xc3"), 2, "the text is not valid UTF-8");
  refuses(BYTES("{\"a\":\"\\x\"}"), 6, "an unknown escape stands in a string");
  refuses(BYTES("{\"a\":\"\\\0\"}"), 6, "an unknown escape stands in a string");
  refuses(BYTES("{\"a\":\"\\"), 6, "an unknown escape stands in a string");
  refuses(BYTES("{\"a\":\"\\u12g4\"}"), 10, "\\u needs four hexadecimal digits");
  refuses(BYTES("{\"a\":\"\\u12"), 10, "\\u needs four hexadecimal digits");
  refuses(BYTES("{\"a\":\"\\ud800\"}"), 6, "half of a surrogate pair");
  refuses(BYTES("{\"a\":\"x\\udc00\"}"), 7, "half of a surrogate pair");
  refuses(BYTES("{\"a\":\"\\udfff\"}"), 6, "half of a surrogate pair");
  refuses(BYTES("{\"a\":\"\\udc00\\udc00\"}"), 6, "half of a surrogate pair");
  refuses(BYTES("{\"a\":\"\\ud800\\udbff\"}"), 6, "half of a surrogate pair");
  refuses(BYTES("{\"a\":\"\x1f\"}"), 6, "a control character stands in a string");
  refuses(BYTES("{\"a\":\"\\ud800\\n\"}"), 6, "half of a surrogate pair");
  refuses(BYTES("{\"a\":\"\\ud800\\ud800\"}"), 6, "half of a surrogate pair");
  refuses(BYTES("{\"a\":\"\\ud800\\ue000\"}"), 6, "half of a surrogate pair");
  refuses(BYTES("{\"a\":\"\\ud800\\u12\"}"), 16, "\\u needs four hexadecimal digits");
  refuses(BYTES("{\"a\":1,\"bad\":\"x\"}"), 13, "unwanted");
  refuses(BYTES("{\"bad\":[]}"), 7, "unwanted");
}

/* An object with DEPTH brackets around what is in its middle. Returns its length. */
static size_t nest(char *z, int depth) {
  char *end = z + sprintf(z, "{\"a\":");
  for (int i = 1; i < depth; i++) end += sprintf(end, i % 2 ? "[" : "{\"b\":");
  *end++ = '1';
  for (int i = depth - 1; i > 0; i--) *end++ = i % 2 ? ']' : '}';
  *end++ = '}';
  return (size_t)(end - z);
}

/* A kept text belongs to who kept it. */
static const char *keep(void *context, const char *key, size_t key_n, tn_json_value *value) {
  (void)key, (void)key_n;
  *(char **)context = value->z;
  value->z = NULL;
  return NULL;
}

static void test_limits(void) {
  char z[1000];
  seen s = {sqlite3_str_new(NULL), NULL};
  tn_json_error error = {0, NULL};
  is_int(read_object(z, nest(z, 100), &s, &error), SQLITE_OK, "100 levels are read");
  is_int(read_object(z, nest(z, 101), &s, &error), SQLITE_ERROR, "101 are not");
  is_str(error.reason, "it is nested more than 100 deep", "... for that reason");
  sqlite3_free(sqlite3_str_finish(s.text));
  char *kept = NULL;
  is_int(tn_json_read_object(BYTES("{\"a\":\"kept\"}"), keep, &kept, &error), SQLITE_OK, "keeping");
  is_str(kept, "kept", "... keeps the text");
  sqlite3_free(kept);
}

static void test_cut(void) {
  static const char z[] =
      "{\"a\":[1.5e3,true,{\"b\":null}],\"\\u00e4\":\"\\ud83d\\ude00 \xc3\xa4\"}";
  int wrong = 0;
  for (size_t n = 0; n < sizeof z - 1; n++) {
    seen s = {sqlite3_str_new(NULL), NULL};
    tn_json_error error = {999, NULL};
    wrong += read_object(z, n, &s, &error) != SQLITE_ERROR;
    wrong += error.offset > n || error.reason == NULL;
    sqlite3_free(sqlite3_str_finish(s.text));
  }
  is_int(wrong, 0, "an object that is cut short anywhere is refused, within what there is");
}

static void test_is_array(void) {
  is_int(tn_json_is_array(BYTES("[]")), 1, "[] is an array");
  is_int(tn_json_is_array(BYTES(" [1,\"a\",[null]] \n")), 1, "so is one with values");
  is_int(tn_json_is_array(BYTES("")), 0, "nothing is not");
  is_int(tn_json_is_array(BYTES("{}")), 0, "nor is an object");
  is_int(tn_json_is_array(BYTES("[] []")), 0, "nor are two arrays");
  is_int(tn_json_is_array(BYTES("[1,]")), 0, "nor a comma too many");
  is_int(tn_json_is_array(BYTES("[\"\xff\"]")), 0, "nor one that is not UTF-8");
  is_int(tn_json_is_array(BYTES("[")), 0, "nor half of one");
  char z[202];
  memset(z, '[', 101);
  memset(z + 101, ']', 101);
  is_int(tn_json_is_array(z + 1, 200), 1, "100 levels are one");
  is_int(tn_json_is_array(z, 202), 0, "101 are not");
}

int main(void) {
  test_strings();
  test_objects();
  test_read();
  test_refuse();
  test_limits();
  test_cut();
  test_is_array();
  return done_testing();
}
