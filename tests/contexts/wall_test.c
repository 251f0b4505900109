/*
** wall_test.c - a wall clock beyond what an id can hold, and one that cannot be read: an id is refused by name, or
** is one of the year 1970. The clock_gettime() below stands in place of the C library's.
*/
#define _GNU_SOURCE /* syscall */
#include "tenure.h"

#include "../core/tap.h"
#include "../lib/die.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static time_t forged; /* seconds since 1970; negative for a clock that cannot be read */

int clock_gettime(clockid_t clock, struct timespec *out) {
  if (clock != CLOCK_REALTIME) return (int)syscall(SYS_clock_gettime, clock, out);
  *out = (struct timespec){forged, 0};
  return forged < 0 ? -1 : 0;
}

/* What SQL selects, or the error; until the next call. */
static const char *answer(sqlite3 *db, const char *sql) {
  static char text[200];
  sqlite3_stmt *stmt = NULL;
  if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK) die(db, sql);
  const char *found = sqlite3_step(stmt) == SQLITE_ROW ? (const char *)sqlite3_column_text(stmt, 0)
                                                       : sqlite3_errmsg(db);
  (void)snprintf(text, sizeof text, "%s", found);
  (void)sqlite3_finalize(stmt); /* repeats the error, which is known */
  return text;
}

int main(void) {
  sqlite3 *db = NULL;
  if (sqlite3_open(":memory:", &db) != SQLITE_OK ||
      sqlite3_tenure_init(db, NULL, NULL) != SQLITE_OK) {
    die(db, "open");
  }
  forged = 281474976710; /* 2^48 milliseconds are an hour of the year 10889 away */
  is_str(answer(db, "SELECT substr(session_mint_id(), 1, 10)"), "ses_7ZZZZZ",
         "the last second of ids");
  forged++;
  is_str(answer(db, "SELECT session_mint_id()"),
         "tenure: usage.id_space: no more ids can be made within this millisecond",
         "and the one after it");
  is_int(sqlite3_close(db), SQLITE_OK, "closed");
  if (sqlite3_open(":memory:", &db) != SQLITE_OK ||
      sqlite3_tenure_init(db, NULL, NULL) != SQLITE_OK) {
    die(db, "open");
  }
  forged = -1;
  is_str(answer(db, "SELECT substr(session_mint_id(), 1, 14)"), "ses_0000000000",
         "a clock that cannot be read");
  is_int(sqlite3_close(db), SQLITE_OK, "closed");
  return done_testing();
}
