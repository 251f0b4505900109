/*
** patience.c - waiting for a lock so that many who want it get it in turn; see patience.h.
**
**   tenure_patience(ms)    this connection waits for a lock for about MS milliseconds; 0: not at all. Gives MS;
**                          NULL gives NULL and sets nothing. PRAGMA busy_timeout takes its place again.
**
** The handler knows nothing but the number that it was given: it holds no memory, so there is nothing that it
** could outlive, be the extension loaded twice or the connection closed. SQLite unloads the code of an
** extension only after a connection has let go of its files.
*/
#define _POSIX_C_SOURCE 200809L
#include "patience.h"
#include "clock.h"
#include "refusal.h"
#include "value.h"

#include <limits.h>
#include <stdint.h>
#include <time.h>

/* A commit takes from some tens of microseconds to some milliseconds. Shorter pauses would take the
** processor from whoever holds the lock; longer ones would leave the lock lying idle. Who is still waiting
** after about half a second waits for something else than a queue of commits, and looks less often. */
enum {
  PATIENCE_LEAST_US = 50,
  PATIENCE_MOST_US = 500,
  PATIENCE_KEEN = 1500, /* as many pauses are short */
  PATIENCE_TIRED = 10   /* and the others that much longer */
};

/* How long N pauses take together: what they are on average, and what the system adds to each. */
static int64_t patience_spent_us(int64_t n) {
  enum { LATE_US = 60, EACH_US = (PATIENCE_LEAST_US + PATIENCE_MOST_US) / 2 };
  const int64_t keen = n < PATIENCE_KEEN ? n : PATIENCE_KEEN;
  return keen * EACH_US + (n - keen) * EACH_US * PATIENCE_TIRED + n * LATE_US;
}

/* The length of the pause after N others. The nanoseconds at which a process asks are dice enough, once they are
** stirred: no two ask at the same. */
static int64_t patience_pause_us(int n) {
  const uint64_t stirred = (uint64_t)tn_clock_monotonic() * UINT64_C(0x9E3779B97F4A7C15);
  const int64_t pause =
      PATIENCE_LEAST_US + (int64_t)((stirred >> 32) % (PATIENCE_MOST_US - PATIENCE_LEAST_US + 1));
  return n < PATIENCE_KEEN ? pause : pause * PATIENCE_TIRED;
}

/* Called by SQLite when a lock is not to be had, with how often it was called before; 0 gives up. */
static int patience_wait(void *limit_ms, int n) {
  if (patience_spent_us(n) >= (int64_t)(intptr_t)limit_ms * 1000) return 0;
  const struct timespec pause = {0, (long)patience_pause_us(n) * 1000};
  (void)nanosleep(&pause, NULL); /* a signal ends it early, which costs one look more */
  return 1;
}

static void fn_patience(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_connection *conn = sqlite3_user_data(ctx);
  sqlite3_int64 ms;
  (void)n;
  if (tn_value_is_null(args[0])) return;
  if (!tn_value_int(args[0], &ms) || ms < 0 || ms > INT_MAX || tn_connection_is_replicated(conn)) {
    tn_refuse(ctx, "usage.patience", NULL, NULL, 0);
    return;
  }
  (void)sqlite3_busy_handler(conn->db, ms == 0 ? NULL : patience_wait, (void *)(intptr_t)ms);
  sqlite3_result_int64(ctx, ms);
}

int tn_patience_register(tn_registry *registry) {
  static const tn_function patience = {"tenure_patience", 1, TN_DIRECT, fn_patience, NULL};
  return tn_registry_functions(registry, &patience, 1);
}
