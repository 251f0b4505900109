/*
** step.h - what the tests of I/O and of power share: connections on a file, and steps on them.
*/
#ifndef TN_STEP_H
#define TN_STEP_H

#include "tenure.h"

#include "../core/tap.h"
#include "../lib/invariants.h"
#include "../memory/outcome.h"
#include "files.h"
#include "shim.h"
#include "state.h"

/* A connection on PATH through the VFS named, with Tenure and PRAGMAS. Returns the result code; *DB is to
** be closed in any case. */
static inline int step_try_open(const char *path, const char *vfs, const char *pragmas,
                                sqlite3 **db) {
  int rc = sqlite3_open_v2(path, db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs);
  if (rc == SQLITE_OK) rc = sqlite3_extended_result_codes(*db, 1);
  if (rc == SQLITE_OK) rc = sqlite3_tenure_init(*db, NULL, NULL);
  if (rc == SQLITE_OK) rc = sqlite3_exec(*db, pragmas, NULL, NULL, NULL);
  return rc;
}

/* The same where nothing can fail. */
static inline sqlite3 *step_open(const char *path, const char *vfs, const char *pragmas) {
  sqlite3 *db = NULL;
  if (step_try_open(path, vfs, pragmas, &db) != SQLITE_OK) die(db, path);
  return db;
}

static inline void step_close(sqlite3 *db) {
  if (sqlite3_close(db) != SQLITE_OK) die(db, "close");
}

static inline void step_exec(sqlite3 *db, const char *sql) {
  if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) die(db, sql);
}

/* Whether a result code says that a rule or the statement itself is in the way, not the disk. */
static inline int step_is_refusal(int rc) {
  return (rc & 0xff) == SQLITE_CONSTRAINT || (rc & 0xff) == SQLITE_ERROR;
}

/* Runs the step SQL. A refusal inside a transaction leaves it open, and it goes on; any
** other error ends the step, and what is left of its transaction is rolled back, as a client would. OUT
** gets all answers, but for those of SQLite's own pragmas, and the first other error, or else the last
** refusal, or else SQLITE_DONE.
** Returns 1 unless a single statement left a transaction open. */
static inline int step_run(sqlite3 *db, const char *sql, outcome *out) {
  const int is_transaction = strncmp(sql, "BEGIN", 5) == 0;
  const int is_setting = strncmp(sql, "PRAGMA", 6) == 0;
  outcome *one = calloc(1, sizeof *one);
  if (one == NULL) die(NULL, "no memory");
  out->rc = SQLITE_DONE;
  out->text[0] = '\0';
  while (*sql != '\0' && (out->rc == SQLITE_DONE || (is_transaction && step_is_refusal(out->rc)))) {
    sqlite3_stmt *stmt = NULL;
    const char *tail = "";
    one->text[0] = '\0';
    one->rc = sqlite3_prepare_v2(db, sql, -1, &stmt, &tail);
    if (one->rc != SQLITE_OK) {
      one->rc = sqlite3_extended_errcode(db);
      outcome_add(one, sqlite3_errmsg(db));
    } else if (stmt == NULL) {
      one->rc = SQLITE_DONE;
    } else {
      outcome_of(db, stmt, one);
      (void)sqlite3_finalize(stmt); /* repeats the error of the last step */
    }
    if (!is_setting) outcome_add(out, one->text);
    if (one->rc != SQLITE_DONE) out->rc = one->rc;
    sql = tail;
  }
  free(one);
  if (sqlite3_get_autocommit(db)) return 1;
  (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL,
                     NULL); /* where the disk fails for good, it may too */
  return is_transaction;
}

/* Whether a step changes the connection and not the file, so that it comes again on another connection. */
static inline int step_is_of_connection(const char *sql) {
  static const char *const begins[] = {"SELECT tenure_clock(", "SELECT tenure_hold(",
                                       "CREATE TEMP TRIGGER", "DROP TRIGGER temp."};
  for (int i = 0; i < 4; i++) {
    if (strncmp(sql, begins[i], strlen(begins[i])) == 0) return 1;
  }
  return 0;
}

/* Runs the steps that make a connection what it was on DB. Some are refused in a later situation. Returns
** SQLITE_OK or the code of another error. */
static inline int step_prelude(sqlite3 *db, const char *prelude) {
  char step[SCRIPT_STEP_MAX];
  while (script_step(&prelude, step)) {
    const int rc = sqlite3_exec(db, step, NULL, NULL, NULL);
    if (rc != SQLITE_OK && !step_is_refusal(rc)) return rc;
  }
  return SQLITE_OK;
}

/* Whether the database of DB is whole. */
static inline int step_is_whole(sqlite3 *db) {
  sqlite3_stmt *stmt = NULL;
  const int is_whole =
      sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &stmt, NULL) == SQLITE_OK &&
      sqlite3_step(stmt) == SQLITE_ROW &&
      strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") == 0;
  (void)sqlite3_finalize(stmt);
  return is_whole;
}

/* And keeps every rule if it has Tenure's tables. Tells what is not so. */
static inline int step_is_sound(sqlite3 *db, const script *rules) {
  if (!step_is_whole(db)) {
    printf("# broken: the integrity of the database\n");
    return 0;
  }
  return !state_is_installed(db) || invariants_broken(db, rules) == 0;
}

/* Whether tenure_doctor finds no error. Where Tenure is not installed it finds one. */
static inline int step_is_well(sqlite3 *db) {
  sqlite3_stmt *stmt = NULL;
  const int is_well =
      sqlite3_prepare_v2(db, "SELECT finding FROM tenure_doctor WHERE severity = 'error'", -1,
                         &stmt, NULL) == SQLITE_OK &&
      sqlite3_step(stmt) == SQLITE_DONE;
  (void)sqlite3_finalize(stmt);
  return is_well;
}

#endif
