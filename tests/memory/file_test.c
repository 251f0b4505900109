/*
** file_test.c - memory that runs out on a connection that has done nothing yet: the first lease that it grants or
** judges has it look at its machine and its file, and the first look at a virtual table connects to that. The
** other memory tests have a database in memory, and have long done both.
*/
#define _DEFAULT_SOURCE /* mkdtemp */
#include "tenure.h"

#include "../core/tap.h"
#include "../lib/die.h"
#include "allocator.h"

#include <unistd.h>

static char path[64];

/* A new connection. */
static sqlite3 *open_new(void) {
  sqlite3 *db = NULL;
  if (sqlite3_open(path, &db) != SQLITE_OK || sqlite3_tenure_init(db, NULL, NULL) != SQLITE_OK) {
    die(db, path);
  }
  return db;
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql) {
  sqlite3_stmt *stmt = NULL;
  if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK) die(db, sql);
  return stmt;
}

typedef enum phase { COMPILED, STEPPED } phase;

/* Compiles SQL as the first statement of a connection, and steps it, with allocation N of that PHASE failing, until
** there are not so many; of the many of a compilation the later ones are sampled. */
static void sweep(phase swept, const char *sql) {
  int wrong = 0;
  long long n = 0;
  do {
    sqlite3 *db = open_new();
    /* Has SQLite read the schema, which takes it thousands of allocations. */
    if (sqlite3_exec(db, "SELECT count(*) FROM tenure_meta", NULL, NULL, NULL) != SQLITE_OK) {
      die(db, "schema");
    }
    sqlite3_stmt *stmt = NULL;
    n += swept == STEPPED ? 1 : 1 + n / 16;
    if (swept == COMPILED) arm(n, FAULT_ONCE, db);
    int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
    if (swept == STEPPED) arm(n, FAULT_ONCE, db);
    if (rc == SQLITE_OK) {
      do {
        rc = sqlite3_step(stmt);
      } while (rc == SQLITE_ROW);
    }
    disarm();
    wrong += rc != SQLITE_DONE && rc != SQLITE_NOMEM && rc != SQLITE_IOERR_NOMEM;
    wrong += !sqlite3_get_autocommit(db);
    (void)sqlite3_finalize(stmt); /* repeats the error of the step */
    sqlite3_stmt *again = prepare(db, "SELECT count(*) FROM tenure_holder, session_status_policy");
    wrong += sqlite3_step(again) != SQLITE_ROW;
    wrong += sqlite3_finalize(again) != SQLITE_OK;
    wrong += sqlite3_close(db) != SQLITE_OK;
    wrong += sqlite3_memory_used() != 0;
  } while (fault.failed > 0);
  ok(wrong == 0, "%s, %s: up to allocation %lld", sql, swept == COMPILED ? "compiled" : "stepped",
     n);
}

int main(void) {
  char folder[] = "/tmp/tenure-file.XXXXXX";
  install_fault();
  if (mkdtemp(folder) == NULL) die(NULL, folder);
  (void)snprintf(path, sizeof path, "%s/t.db", folder);
  sqlite3 *db = open_new();
  if (sqlite3_exec(db, "SELECT tenure_install()", NULL, NULL, NULL) != SQLITE_OK)
    die(db, "install");
  if (sqlite3_close(db) != SQLITE_OK) die(db, "close");

  sweep(STEPPED, "INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('s', 'ann', 60)");
  sweep(STEPPED, "INSERT INTO tenure_heartbeat(scope, actor_id) VALUES ('s', 'ann')");
  sweep(STEPPED, "SELECT lease_granted(60, 'm', 'b', 5, 'f')");
  sweep(STEPPED, "SELECT lease_stale('runtime_worker', 1, 1, 60, 'm', 'b', 5, 'f')");
  sweep(STEPPED, "SELECT lease_grant('file', 60)");
  sweep(COMPILED, "SELECT * FROM session_status_policy");
  sweep(COMPILED, "SELECT * FROM session_granted('s', '[]')");
  if (unlink(path) != 0 || rmdir(folder) != 0) die(NULL, folder);
  return done_testing();
}
