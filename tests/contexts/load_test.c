/*
** load_test.c - what loading leaves alone: it runs no SQL, opens no file, and takes no hook from the host. (Contract: 05,
** "Install, upgrade".)
*/
#define _DEFAULT_SOURCE /* mkdtemp */
#include "tenure.h"

#include "../core/tap.h"
#include "../lib/die.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

/* How often each hook of the host was called. */
typedef struct calls {
  int authorizer;
  int trace;
  int progress;
  int busy;
  int commit;
  int rollback;
  int update;
  int wal;
} calls;

static int on_authorizer(void *context, int action, const char *a, const char *b, const char *c,
                         const char *d) {
  (void)action, (void)a, (void)b, (void)c, (void)d;
  ((calls *)context)->authorizer++;
  return SQLITE_OK;
}

static int on_trace(unsigned type, void *context, void *statement, void *text) {
  (void)type, (void)statement, (void)text;
  ((calls *)context)->trace++;
  return 0;
}

static int on_progress(void *context) {
  ((calls *)context)->progress++;
  return 0;
}

static int on_busy(void *context, int n) {
  (void)n;
  ((calls *)context)->busy++;
  return 0;
}

static int on_commit(void *context) {
  ((calls *)context)->commit++;
  return 0;
}

static void on_rollback(void *context) {
  ((calls *)context)->rollback++;
}

static void on_update(void *context, int action, const char *schema, const char *table,
                      sqlite3_int64 row) {
  (void)action, (void)schema, (void)table, (void)row;
  ((calls *)context)->update++;
}

static int on_wal(void *context, sqlite3 *db, const char *schema, int pages) {
  (void)db, (void)schema, (void)pages;
  ((calls *)context)->wal++;
  return SQLITE_OK;
}

static void hook(sqlite3 *db, calls *seen) {
  if (sqlite3_set_authorizer(db, on_authorizer, seen) != SQLITE_OK ||
      sqlite3_trace_v2(db, SQLITE_TRACE_STMT, on_trace, seen) != SQLITE_OK ||
      sqlite3_busy_handler(db, on_busy, seen) != SQLITE_OK) {
    die(db, "hooks");
  }
  sqlite3_progress_handler(db, 1, on_progress, seen);
  sqlite3_commit_hook(db, on_commit, seen);
  sqlite3_rollback_hook(db, on_rollback, seen);
  sqlite3_update_hook(db, on_update, seen);
  sqlite3_wal_hook(db, on_wal, seen);
}

static void run(sqlite3 *db, const char *sql) {
  if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) die(db, sql);
}

static sqlite3 *open_file(const char *path) {
  sqlite3 *db = NULL;
  if (sqlite3_open(path, &db) != SQLITE_OK) die(db, path);
  return db;
}

/* How many descriptors this process has, or -1 where the system does not tell. */
static int descriptors(void) {
  DIR *folder = opendir("/proc/self/fd");
  if (folder == NULL) return -1;
  int n = 0;
  while (readdir(folder) != NULL) n++;
  (void)closedir(folder); /* it was only read */
  return n;
}

static void test_load(sqlite3 *db, calls *seen, const char *name) {
  static const calls none = {0, 0, 0, 0, 0, 0, 0, 0};
  const int before = descriptors();
  *seen = none;
  is_int(sqlite3_tenure_init(db, NULL, NULL), SQLITE_OK, "%s: it is loaded", name);
  ok(memcmp(seen, &none, sizeof none) == 0, "%s: no SQL is run", name);
  is_int(descriptors(), before, "%s: no file is left open", name);
}

static void test_hooks(sqlite3 *db, sqlite3 *other, const calls *seen) {
  run(db,
      "CREATE TABLE t(x); INSERT INTO t VALUES (1); BEGIN; DELETE FROM t WHERE x = 1; ROLLBACK");
  run(other, "BEGIN IMMEDIATE");
  is_int(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_BUSY, "locked out");
  run(other, "ROLLBACK");
  ok(seen->authorizer > 0, "the host's authorizer is asked");
  ok(seen->trace > 0, "its trace is told");
  ok(seen->progress > 0, "its progress handler is called");
  ok(seen->busy > 0, "its busy handler is called");
  ok(seen->commit > 0, "its commit hook is called");
  ok(seen->rollback > 0, "its rollback hook is called");
  ok(seen->update > 0, "its update hook is called");
  ok(seen->wal > 0, "its WAL hook is called");
}

int main(void) {
  char folder[] = "/tmp/tenure-load.XXXXXX";
  char path[64];
  calls seen;
  if (mkdtemp(folder) == NULL) die(NULL, "no place");
  (void)snprintf(path, sizeof path, "%s/t.db", folder);
  sqlite3 *db = open_file(path), *other = open_file(path);
  run(db, "PRAGMA journal_mode = WAL");
  hook(db, &seen);
  test_load(db, &seen, "once");
  test_load(db, &seen, "twice");
  test_hooks(db, other, &seen);
  if (sqlite3_close(other) != SQLITE_OK || sqlite3_close(db) != SQLITE_OK || unlink(path) != 0 ||
      rmdir(folder) != 0) {
    die(NULL, folder);
  }
  return done_testing();
}
