/*
** legacy_test.c - tests of ext/legacy.c: which state files of ccd are read, and as what.
*/
#include "legacy.h"

#include "tap.h"

#include <stdlib.h>

enum { NOW = 1700000000 };

/* The four fields that every version has, and those of a live worker of version 4. */
#define STAMPS "\"started_at_epoch_s\":1699990000,\"last_started_at_epoch_s\":1699995000"
#define V2 "\"schema_version\":2," STAMPS ",\"start_count\":3"
#define V4 "\"schema_version\":4," STAMPS ",\"start_count\":3"
#define ID ",\"session_id\":\"ses_01ARZ3NDEKTSV4RRFFQ69G5FAV\""
#define WORKER ",\"owner_kind\":\"runtime_worker\",\"owner_id\":\"w\""
#define LEASE ",\"lease_ttl_secs\":60,\"last_heartbeat_at_epoch_s\":1699999999"

/* A session as text, in the order of the struct. */
static char *text_of(const tn_legacy *s) {
  char *lease = s->has_lease ? sqlite3_mprintf("%lld %lld", s->lease_ttl, s->last_heartbeat_at)
                             : sqlite3_mprintf("- -");
  char *text = sqlite3_mprintf("%s %s %s %s %s %s %lld %lld %lld %lld",
                               s->has_session_id ? s->session_id : "-", s->mode, s->owner_kind,
                               s->owner_id, s->has_supervisor_id ? s->supervisor_id : "-", lease,
                               s->started_at, s->last_started_at, s->start_count, s->revision);
  sqlite3_free(lease);
  return text;
}

/* The file is copied into exactly its size, so that reading past the end is seen by a sanitizer. */
static int read_state(const char *z, size_t n, sqlite3_int64 now, tn_legacy *out,
                      tn_legacy_fault *fault) {
  char *copy = malloc(n == 0 ? 1 : n);
  if (copy == NULL) abort();
  memcpy(copy, z, n);
  const int rc = tn_legacy_read(copy, n, now, out, fault);
  free(copy);
  return rc;
}

static void reads(const char *z, const char *want, const char *name) {
  tn_legacy state;
  tn_legacy_fault fault;
  const int rc = read_state(z, strlen(z), NOW, &state, &fault);
  is_int(rc, SQLITE_OK, "%s", name);
  if (rc != SQLITE_OK) {
    printf("# %s at %zu: %s %s\n", fault.code, fault.offset, fault.field, fault.reason);
    return;
  }
  char *got = text_of(&state);
  is_str(got, want, "... is read as it should be");
  sqlite3_free(got);
}

#define SES "ses_01ARZ3NDEKTSV4RRFFQ69G5FAV"
#define NO_LEASE "- - -"
#define TIMES "1699990000 1699995000 3"

static void test_versions(void) {
  reads("{" V2 "}", "- general interactive interactive " NO_LEASE " " TIMES " 1", "version 2");
  reads("{\"schema_version\":3," STAMPS ",\"start_count\":3" ID "}",
        SES " general interactive interactive " NO_LEASE " " TIMES " 1", "version 3");
  reads("{" V4 ID ",\"mode\":\"implement\"" WORKER ",\"supervisor_id\":\"boss\"" LEASE
        ",\"revision\":41}",
        SES " implement runtime_worker w boss 60 1699999999 " TIMES " 41", "version 4");
  reads("{" V4 ID
        ",\"mode\":\"research\",\"owner_kind\":\"runtime_supervisor\",\"owner_id\":\"s\"" LEASE "}",
        SES " research runtime_supervisor s - 60 1699999999 " TIMES " 1", "a supervisor");
  reads("{" V2 ID WORKER LEASE ",\"revision\":7}",
        SES " general runtime_worker w - 60 1699999999 " TIMES " 7",
        "fields count whatever the version");
  reads(" {\n" V4 ID ",\"later\":[{\"x\":null}],\"\":1}\n",
        SES " general interactive interactive " NO_LEASE " " TIMES " 1", "unknown keys");
  reads("{" V4
        ",\"session_id\":null,\"owner_id\":null,\"supervisor_id\":null,\"lease_ttl_secs\":null,"
        "\"last_heartbeat_at_epoch_s\":null}",
        "- general interactive interactive " NO_LEASE " " TIMES " 1",
        "null in the optional fields");
}

static void test_reserved(void) {
  reads("{" V4 ",\"session_id\":\"interactive\"}",
        "interactive general interactive interactive " NO_LEASE " " TIMES " 1",
        "only an owner's name is reserved");
}

static void test_interactive(void) {
  reads("{" V4 ID
        ",\"owner_kind\":\"interactive\",\"owner_id\":\"somebody\",\"supervisor_id\":\"boss\"" LEASE
        "}",
        SES " general interactive interactive " NO_LEASE " " TIMES " 1",
        "an interactive session has no owner, supervisor, lease or heartbeat of its own");
}

static void test_owner(void) {
  static const char *const unusable[] = {
      "null", "\"\"", "\" \\t\"", "\"a\\nb\"", "\"a\\u0000\"", "\"interactive\"", "\"\\u202e\""};
  for (size_t i = 0; i < sizeof unusable / sizeof unusable[0]; i++) {
    char *z = sqlite3_mprintf("{" V4 ID ",\"owner_kind\":\"runtime_worker\",\"owner_id\":%s,"
                              "\"supervisor_id\":%s" LEASE "}",
                              unusable[i], unusable[i]);
    if (z == NULL) abort();
    reads(z, SES " general runtime_worker legacy - 60 1699999999 " TIMES " 1", unusable[i]);
    sqlite3_free(z);
  }
  reads("{" V4 ID ",\"owner_kind\":\"runtime_worker\"" LEASE "}",
        SES " general runtime_worker legacy - 60 1699999999 " TIMES " 1", "no owner at all");
}

static void test_lease(void) {
  static const struct {
    const char *json;
    const char *want;
  } cases[] = {
      {"", "1 1699995000"},
      {",\"lease_ttl_secs\":null", "1 1699995000"},
      {",\"lease_ttl_secs\":0", "1 1699995000"},
      {",\"lease_ttl_secs\":1", "1 1699995000"},
      {",\"lease_ttl_secs\":31536000", "31536000 1699995000"},
      {",\"lease_ttl_secs\":31536001", "31536000 1699995000"},
      {",\"lease_ttl_secs\":9223372036854775807", "31536000 1699995000"},
      {",\"last_heartbeat_at_epoch_s\":0", "1 0"},
      {",\"last_heartbeat_at_epoch_s\":1700000000", "1 1700000000"},
      {",\"last_heartbeat_at_epoch_s\":1700000001", "1 1700000000"},
      {",\"last_heartbeat_at_epoch_s\":9223372036854775807", "1 1700000000"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char *z = sqlite3_mprintf("{" V4 ID WORKER "%s}", cases[i].json);
    char *want = sqlite3_mprintf(SES " general runtime_worker w - %s " TIMES " 1", cases[i].want);
    if (z == NULL || want == NULL) abort();
    reads(z, want, cases[i].json);
    sqlite3_free(z);
    sqlite3_free(want);
  }
}

static void test_numbers(void) {
  reads("{\"schema_version\":4,\"started_at_epoch_s\":1700000001,"
        "\"last_started_at_epoch_s\":1700000002,\"start_count\":0" ID WORKER ",\"revision\":0}",
        SES " general runtime_worker w - 1 1700000000 1700000000 1700000000 1 1",
        "stamps ahead of now, counters below 1");
  reads("{\"schema_version\":4,\"started_at_epoch_s\":0,\"last_started_at_epoch_s\":0,"
        "\"start_count\":4294967295,\"revision\":9223372032559808512}",
        "- general interactive interactive " NO_LEASE " 0 0 4294967295 9223372032559808512",
        "numbers at their ends");
}

/* The file as part of the name of a test. */
static const char *shown(const char *z) {
  static char name[600];
  tn_text_display_safe(z, strlen(z), 0, name, sizeof name);
  return name;
}

static void refuses(const char *z, const char *code, const char *field, const char *reason,
                    const char *at) {
  tn_legacy state;
  tn_legacy_fault fault;
  const char *place = at == NULL ? z + strlen(z) : strstr(z, at);
  is_int(read_state(z, strlen(z), NOW, &state, &fault), SQLITE_ERROR, "refuses %s", shown(z));
  is_str(fault.code, code, "... with its code");
  is_str(fault.field, field, "... and the field");
  is_str(fault.reason, reason, "... and the reason");
  is_int(fault.offset, place - z, "... and the place");
}

static void test_unparsable(void) {
  static const char code[] = "json.unparsable";
  refuses("", code, NULL, "an object in braces was expected", NULL);
  refuses("\xef\xbb\xbf{" V4 "}", code, NULL, "an object in braces was expected", "\xef");
  refuses("{" V4 "} x", code, NULL, "something follows the object", "x");
  refuses("{" V4 "", code, NULL, "a comma or } was expected", NULL);
  refuses("{" V4 ",\"revision\":NaN}", code, NULL, "a value was expected", "NaN");
  refuses("{" V4 ",\"x\":\"\xff\"}", code, NULL, "the text is not valid UTF-8", "\xff");
  refuses("{}", code, "schema_version", "is missing", NULL);
  refuses("{\"schema_version\":null," STAMPS ",\"start_count\":1}", code, "schema_version",
          "must not be null", "null");
  refuses("{\"schema_version\":4.0," STAMPS ",\"start_count\":1}", code, "schema_version",
          "is not a whole number", "4.0");
  refuses("{\"schema_version\":\"4\"," STAMPS ",\"start_count\":1}", code, "schema_version",
          "is not a whole number", "\"4\"");
  refuses("{\"schema_version\":4,\"last_started_at_epoch_s\":1,\"start_count\":1}", code,
          "started_at_epoch_s", "is missing", NULL);
  refuses("{\"schema_version\":4,\"started_at_epoch_s\":1,\"start_count\":1}", code,
          "last_started_at_epoch_s", "is missing", NULL);
  refuses("{\"schema_version\":4," STAMPS "}", code, "start_count", "is missing", NULL);
  refuses("{\"schema_version\":4," STAMPS ",\"start_count\":true}", code, "start_count",
          "is not a whole number", "true");
  refuses("{\"schema_version\":4," STAMPS ",\"start_count\":1e2}", code, "start_count",
          "is not a whole number", "1e2");
  refuses("{\"schema_version\":4," STAMPS ",\"start_count\":-1}", code, "start_count",
          "is negative", "-1");
  refuses("{\"schema_version\":4," STAMPS ",\"start_count\":-0}", code, "start_count",
          "is negative", "-0");
  refuses("{" V4 ",\"start_count\":3}", code, "start_count", "stands there twice", "3}");
  refuses("{" V4 ",\"session_id\":null,\"session_id\":null}", code, "session_id",
          "stands there twice", "null}");
  refuses("{" V4 ",\"mode\":null}", code, "mode", "must not be null", "null");
  refuses("{" V4 ",\"mode\":\"General\"}", code, "mode", "is an unknown word", "\"General");
  refuses("{" V4 ",\"mode\":\"general \"}", code, "mode", "is an unknown word", "\"general ");
  refuses("{" V4 ",\"mode\":\"\"}", code, "mode", "is an unknown word", "\"\"");
  refuses("{" V4 ",\"mode\":1}", code, "mode", "is not a string", "1}");
  refuses("{" V4 ",\"owner_kind\":null}", code, "owner_kind", "must not be null", "null");
  refuses("{" V4 ",\"owner_kind\":\"worker\"}", code, "owner_kind", "is an unknown word",
          "\"worker");
  refuses("{" V4 ",\"owner_id\":7}", code, "owner_id", "is not a string", "7");
  refuses("{" V4 ",\"supervisor_id\":[]}", code, "supervisor_id", "is not a string", "[]");
  refuses("{" V4 ",\"lease_ttl_secs\":\"60\"}", code, "lease_ttl_secs", "is not a whole number",
          "\"60");
  refuses("{" V4 ",\"lease_ttl_secs\":-60}", code, "lease_ttl_secs", "is negative", "-60");
  refuses("{" V4 ",\"last_heartbeat_at_epoch_s\":1.5}", code, "last_heartbeat_at_epoch_s",
          "is not a whole number", "1.5");
  refuses("{" V4 ",\"revision\":null}", code, "revision", "must not be null", "null");
  refuses("{" V4 ",\"session_id\":\"\"}", code, "session_id", "is blank", "\"\"");
  refuses("{" V4 ",\"session_id\":\"\\u3000\"}", code, "session_id", "is blank", "\"\\u3000");
  refuses("{" V4 ",\"session_id\":\"a\\nb\"}", code, "session_id",
          "is over 200 bytes or has control characters", "\"a\\n");
  refuses("{" V4 ",\"session_id\":7}", code, "session_id", "is not a string", "7");
}

static void test_version(void) {
  static const char *const versions[] = {
      "0", "1", "5", "99", "-3", "4294967298", "99999999999999999999999"};
  for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
    char *z = sqlite3_mprintf("{\"session_id\":{},\"schema_version\":%s}", versions[i]);
    if (z == NULL) abort();
    refuses(z, "json.version", "schema_version", "is none of 2, 3 and 4", versions[i]);
    sqlite3_free(z);
  }
}

static void test_range(void) {
  static const char reason[] = "is too large to go on from";
  static const char code[] = "json.range";
  refuses("{\"schema_version\":4,\"started_at_epoch_s\":9223372036854775808,"
          "\"last_started_at_epoch_s\":1,\"start_count\":1}",
          code, "started_at_epoch_s", reason, "92");
  refuses("{\"schema_version\":4,\"started_at_epoch_s\":1,"
          "\"last_started_at_epoch_s\":18446744073709551616,\"start_count\":1}",
          code, "last_started_at_epoch_s", reason, "18");
  refuses("{\"schema_version\":4," STAMPS ",\"start_count\":4294967296}", code, "start_count",
          reason, "4294967296");
  refuses("{" V4 ",\"revision\":9223372032559808513}", code, "revision", reason, "92");
  refuses("{" V4 ",\"revision\":9223372036854775807}", code, "revision", reason, "92");
  refuses("{" V4 ",\"revision\":18446744073709551615}", code, "revision", reason, "18");
  refuses("{" V4 ",\"lease_ttl_secs\":9223372036854775808}", code, "lease_ttl_secs", reason, "92");
  refuses("{" V4 ",\"last_heartbeat_at_epoch_s\":9223372036854775808}", code,
          "last_heartbeat_at_epoch_s", reason, "92");
}

/* {…"KEY":"xxx…"} with N times x; the caller frees it. */
static char *with_long_id(const char *key, int n) {
  char x[300];
  memset(x, 'x', sizeof x);
  char *z = sqlite3_mprintf(
      "{" V4 "%s,\"%s\":\"%.*s\"}",
      strcmp(key, "session_id") == 0 ? "" : ID ",\"owner_kind\":\"runtime_worker\"", key, n, x);
  if (z == NULL) abort();
  return z;
}

static void test_long_ids(void) {
  static const char *const keys[] = {"session_id", "owner_id", "supervisor_id"};
  for (int i = 0; i < 3; i++) {
    for (int n = 200; n <= 201; n++) {
      tn_legacy state;
      tn_legacy_fault fault;
      char *z = with_long_id(keys[i], n);
      const int rc = read_state(z, strlen(z), NOW, &state, &fault);
      is_int(rc, i == 0 && n > 200 ? SQLITE_ERROR : SQLITE_OK, "%s of %d bytes", keys[i], n);
      if (rc == SQLITE_OK) {
        const char *id = i == 0 ? state.session_id : i == 1 ? state.owner_id : state.supervisor_id;
        is_int(strlen(id), n == 200 ? 200 : i == 1 ? strlen("legacy") : 0, "... and what is kept");
      }
      sqlite3_free(z);
    }
  }
}

/* An allocator that fails on call number fail_at, counted from 0. */
static sqlite3_mem_methods plain;
static int allocations;
static int fail_at = -1;

static void *failing_malloc(int n) {
  return allocations++ == fail_at ? NULL : plain.xMalloc(n);
}

static void test_memory(void) {
  static const char z[] = "{" V4 ID WORKER ",\"supervisor_id\":\"boss\"" LEASE ",\"x\":\"y\"}";
  tn_legacy state;
  tn_legacy_fault fault;
  const sqlite3_int64 before = sqlite3_memory_used();
  allocations = 0;
  is_int(tn_legacy_read(z, sizeof z - 1, NOW, &state, &fault), SQLITE_OK, "with all memory");
  const int needed = allocations;
  int wrong = 0;
  for (int i = 0; i < needed; i++) {
    allocations = 0;
    fail_at = i;
    wrong += tn_legacy_read(z, sizeof z - 1, NOW, &state, &fault) != SQLITE_NOMEM;
  }
  fail_at = -1;
  ok(needed > 10, "%d allocations were made", needed);
  is_int(wrong, 0, "the failure of each is reported as such");
  is_int(sqlite3_memory_used() - before, 0, "and nothing is left allocated");
}

int main(void) {
  sqlite3_mem_methods failing;
  if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &plain) != SQLITE_OK) abort();
  failing = plain;
  failing.xMalloc = failing_malloc;
  if (sqlite3_config(SQLITE_CONFIG_MALLOC, &failing) != SQLITE_OK) abort();
  if (sqlite3_initialize() != SQLITE_OK) abort();
  test_versions();
  test_reserved();
  test_interactive();
  test_owner();
  test_lease();
  test_numbers();
  test_unparsable();
  test_version();
  test_range();
  test_long_ids();
  test_memory();
  return done_testing();
}
