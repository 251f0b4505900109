/*
** statement.c - running SQL from a function; see statement.h.
*/
#include "statement.h"
#include "refusal.h"

#include <stdarg.h>
#include <string.h>

int tn_statement_is_own(sqlite3_context *ctx, const char *what) {
  sqlite3 *db = sqlite3_context_db_handle(ctx);
  /* In autocommit a transaction is open only if the calling statement reads or writes a table. */
  if (!sqlite3_get_autocommit(db) || sqlite3_txn_state(db, NULL) == SQLITE_TXN_NONE) return 1;
  tn_refuse(ctx, "usage.context", "what", what, strlen(what));
  return 0;
}

int tn_statement_run(sqlite3 *db, const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *sql = sqlite3_vmprintf(format, args);
  va_end(args);
  if (sql == NULL) return SQLITE_NOMEM;
  const int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
  sqlite3_free(sql);
  return rc;
}

/* Undoes the change. If the error has ended the transaction already, both statements fail, and that is
** all. An interrupt is still in force while the calling statement runs, so they may not run either; but
** SQLite answers an interrupted write, whichever, by rolling back everything. Out of memory, SQLite runs
** nothing more until the calling statement is over: then the savepoint stays open, and nothing of the
** change is committed. */
static void statement_undo(sqlite3 *db) {
  (void)sqlite3_exec(db, "ROLLBACK TO tenure_change", NULL, NULL, NULL);
  const int rc = sqlite3_exec(db, "RELEASE tenure_change", NULL, NULL, NULL);
  if (rc == SQLITE_INTERRUPT && !sqlite3_get_autocommit(db)) {
    (void)sqlite3_exec(db, "CREATE TEMP TABLE tenure_interrupted(a)", NULL, NULL, NULL);
  }
}

int tn_statement_begin(sqlite3_context *ctx, const char *what) {
  sqlite3 *db = sqlite3_context_db_handle(ctx);
  const int was_outside = sqlite3_get_autocommit(db);
  /* The schema is read first: if that fails there is nothing to undo yet. */
  int rc = sqlite3_exec(db, "SELECT 1 FROM main.sqlite_schema LIMIT 0", NULL, NULL, NULL);
  if (rc == SQLITE_OK) rc = sqlite3_exec(db, "SAVEPOINT tenure_change", NULL, NULL, NULL);
  if (rc == SQLITE_OK) return 1;
  if (rc == SQLITE_BUSY && !was_outside) {
    /* A savepoint waits for no lock: it is busy only in the middle of another write statement. */
    tn_refuse(ctx, "usage.context", "what", what, strlen(what));
    return 0;
  }
  const int extended = sqlite3_extended_errcode(db);
  char *message = sqlite3_mprintf("%s", sqlite3_errmsg(db));
  /* An interrupt may be reported by a statement that has done all its work. */
  if (was_outside && !sqlite3_get_autocommit(db)) statement_undo(db);
  tn_statement_fail(ctx, extended, message);
  return 0;
}

int tn_statement_end(sqlite3_context *ctx, int rc) {
  sqlite3 *db = sqlite3_context_db_handle(ctx);
  if (rc == SQLITE_OK) rc = sqlite3_exec(db, "RELEASE tenure_change", NULL, NULL, NULL);
  if (rc == SQLITE_OK) return 1;
  const int extended = sqlite3_extended_errcode(db);
  char *message = sqlite3_mprintf("%s", sqlite3_errmsg(db));
  statement_undo(db);
  tn_statement_fail(ctx, (extended & 0xff) == (rc & 0xff) ? extended : rc, message);
  return 0;
}

void tn_statement_undo(sqlite3_context *ctx) {
  statement_undo(sqlite3_context_db_handle(ctx));
}

void tn_statement_fail(sqlite3_context *ctx, int rc, char *message) {
  if (rc == SQLITE_NOMEM || message == NULL) {
    sqlite3_result_error_nomem(ctx);
  } else {
    sqlite3_result_error(ctx, message, -1);
    sqlite3_result_error_code(ctx, rc);
  }
  sqlite3_free(message);
}
