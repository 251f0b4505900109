/*
** replicated_test.c - a replicated engine, which is known by the name of its VFS: no evidence of one machine is
** stored, so the wall clock of whoever leads decides; and nothing waits inside the engine. (Contract: 02,
** "Clock".) Any VFS by such a name will do here: SQLite's own, registered once more.
*/
#define _DEFAULT_SOURCE /* mkdtemp */
#include "tenure.h"

#include "../core/tap.h"
#include "../lib/die.h"

#include <string.h>
#include <unistd.h>

static sqlite3 *open_on(const char *path, const char *vfs) {
  sqlite3 *db = NULL;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  if (sqlite3_open_v2(path, &db, flags, vfs) != SQLITE_OK ||
      sqlite3_tenure_init(db, NULL, NULL) != SQLITE_OK ||
      sqlite3_exec(db, "SELECT tenure_install()", NULL, NULL, NULL) != SQLITE_OK) {
    die(db, path);
  }
  return db;
}

/* The number that SQL selects, or -1 after an error. */
static int number(sqlite3 *db, const char *sql) {
  sqlite3_stmt *stmt = NULL;
  if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK) die(db, sql);
  const int found = sqlite3_step(stmt) == SQLITE_ROW ? sqlite3_column_int(stmt, 0) : -1;
  (void)sqlite3_finalize(stmt); /* repeats the error, which is the -1 */
  return found;
}

static void start(sqlite3 *db, const char *scope) {
  char *sql =
      sqlite3_mprintf("INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES (%Q, 'ann', 60);"
                      "INSERT INTO tenure_heartbeat(scope, actor_id) VALUES (%Q, 'ann')",
                      scope, scope);
  if (sql == NULL || sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) die(db, "start");
  sqlite3_free(sql);
}

#define EVIDENCE                                                                                   \
  "SELECT count(coalesce(lease_machine, lease_boot_id, lease_deadline_mono, lease_file)) "         \
  "FROM tenure_session"
#define LIVE "SELECT count(*) FROM tenure_holder WHERE NOT stale"
#define WAIT "SELECT session_wait('ses_x', 1)"

int main(void) {
  char folder[] = "/tmp/tenure-replicated.XXXXXX";
  char path[64];
  const sqlite3_vfs *usual = sqlite3_vfs_find(NULL);
  if (usual == NULL || mkdtemp(folder) == NULL) die(NULL, "no place");
  sqlite3_vfs engine = *usual;
  engine.zName = "dqlite-1";
  engine.pNext = NULL;
  if (sqlite3_vfs_register(&engine, 0) != SQLITE_OK) die(NULL, "register");

  (void)snprintf(path, sizeof path, "%s/t.db", folder);
  sqlite3 *db = open_on(path, "dqlite-1");
  start(db, "led");
  is_int(number(db, EVIDENCE), 0, "no evidence is stored in a replicated engine");
  is_int(number(db, LIVE), 1, "the lease is live all the same, by the wall clock");
  is_int(number(db, WAIT), -1, "waiting is refused");
  ok(strncmp(sqlite3_errmsg(db), "tenure: usage.wait_context: ", 28) == 0, "by name: %s",
     sqlite3_errmsg(db));
  is_int(number(db, "SELECT tenure_patience(5)"), -1, "and so is waiting for a lock");
  ok(sqlite3_close(db) == SQLITE_OK, "closed");

  db = open_on(path, NULL);
  const int has_machine = number(db, "SELECT lease_grant('machine', 1) IS NOT NULL");
  start(db, "alone");
  is_int(number(db, EVIDENCE), has_machine,
         "the same file, alone: evidence, where the machine has any");
  is_int(number(db, "SELECT count(session_wait('ses_x', 1))"), 1, "and a wait is answered");
  ok(sqlite3_close(db) == SQLITE_OK, "closed");

  if (sqlite3_vfs_unregister(&engine) != SQLITE_OK || unlink(path) != 0 || rmdir(folder) != 0) {
    die(NULL, folder);
  }
  return done_testing();
}
