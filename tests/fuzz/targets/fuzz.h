/*
** fuzz.h - what the fuzz targets share: a connection with Tenure on a database with its tables, and a reader
** that makes SQL values out of the fuzzer's bytes.
**
** A target defines LLVMFuzzerTestOneInput(). Linked with libFuzzer it is a fuzzer; linked with replay.c it
** runs the inputs that are named on its command line, so that the corpus can be tried without clang.
** What must never happen ends in abort(), as a crash does.
*/
#ifndef TN_FUZZ_H
#define TN_FUZZ_H

#include "tenure.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the run as a crash would, saying why. */
static inline void fuzz_fail(sqlite3 *db, const char *what) {
  (void)fprintf(stderr, "fuzz: %s: %s\n", what, db == NULL ? "" : sqlite3_errmsg(db));
  abort();
}

static inline void fuzz_must(sqlite3 *db, const char *sql) {
  if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) fuzz_fail(db, sql);
}

/* A connection with Tenure and its tables in memory, at the virtual time 1000000000. */
static inline sqlite3 *fuzz_open(void) {
  sqlite3 *db = NULL;
  if (sqlite3_open(":memory:", &db) != SQLITE_OK) fuzz_fail(db, "open");
  if (sqlite3_tenure_init(db, NULL, NULL) != SQLITE_OK) fuzz_fail(db, "init");
  fuzz_must(db, "SELECT tenure_install(); SELECT tenure_clock(1000000000)");
  return db;
}

/* The bytes that are left. */
typedef struct fuzz_input {
  const uint8_t *data;
  size_t size;
} fuzz_input;

static inline unsigned fuzz_byte(fuzz_input *in) {
  if (in->size == 0) return 0;
  in->size--;
  return *in->data++;
}

static inline sqlite3_int64 fuzz_number(fuzz_input *in) {
  uint64_t number = 0;
  for (int i = 0; i < 8; i++) number = number << 8 | fuzz_byte(in);
  return (sqlite3_int64)number;
}

/* Texts that get past the first check of something. */
/* clang-format off */
static const char *const fuzz_words[] = {
    "ann", "bob", "a", "b", "interactive", "autonomous", "runtime_worker", "runtime_supervisor", "general",
    "running", "starting", "idle", "ready", "error", "exiting", "exited", "failed", "stopped", "destroying",
    "destroyed", "interrupted", "success", "failure", "agent", "completion", "synthetic", "approval",
    "user_input", "approved", "denied", "abort", "completed", "regular", "review", "blocking",
    "non_blocking", "machine", "virtual", "[]", "[\"k\"]", "{}", "{\"schema_version\":4}", "t1", "t2", "r1",
    "turn.started", "turn.completed", "session.exited", "runtime.error", "session.state.changed",
    "host-death", "taken_over", "1", "9223372036854775807", "tenure_clock_kind", "main", ""};
/* clang-format on */

enum { FUZZ_WORDS = sizeof fuzz_words / sizeof fuzz_words[0] };

/* Binds a value made of the next bytes to parameter I. */
static inline void fuzz_bind(sqlite3_stmt *stmt, int i, fuzz_input *in) {
  const unsigned kind = fuzz_byte(in) % 16;
  int rc = SQLITE_OK;
  if (kind < 3) {
    rc = sqlite3_bind_null(stmt, i);
  } else if (kind < 6) {
    rc = sqlite3_bind_int(stmt, i, (int)(int8_t)fuzz_byte(in));
  } else if (kind == 6) {
    rc = sqlite3_bind_int64(stmt, i, fuzz_number(in));
  } else if (kind == 7) {
    double real;
    const sqlite3_int64 bits = fuzz_number(in);
    memcpy(&real, &bits, sizeof real);
    rc = sqlite3_bind_double(stmt, i, real);
  } else if (kind == 8) {
    rc = sqlite3_bind_int64(stmt, i, 1000000000 + (int)(int8_t)fuzz_byte(in));
  } else if (kind < 13) {
    rc = sqlite3_bind_text(stmt, i, fuzz_words[fuzz_byte(in) % FUZZ_WORDS], -1, SQLITE_STATIC);
  } else {
    size_t n = fuzz_byte(in) * (kind == 13 ? 1 : 4);
    if (n > in->size) n = in->size;
    rc = kind == 15 ? sqlite3_bind_blob(stmt, i, in->data, (int)n, SQLITE_TRANSIENT)
                    : sqlite3_bind_text(stmt, i, (const char *)in->data, (int)n, SQLITE_TRANSIENT);
    in->data += n;
    in->size -= n;
  }
  if (rc != SQLITE_OK) fuzz_fail(sqlite3_db_handle(stmt), "bind");
}

/* True for how a statement may end: well, refused, or misused by the values that were bound. */
static inline int fuzz_is_expected(int rc) {
  switch (rc & 0xff) {
  case SQLITE_OK:
  case SQLITE_ROW:
  case SQLITE_DONE:
  case SQLITE_ERROR:
  case SQLITE_CONSTRAINT:
  case SQLITE_MISMATCH:
  case SQLITE_TOOBIG:
  case SQLITE_RANGE: return 1;
  default: return 0;
  }
}

#endif
