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

int tn_statement_find(sqlite3 *db, const char *sql, const char *a, const char *b, char **out) {
  sqlite3_stmt *stmt = NULL;
  *out = NULL;
  int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
  if (rc == SQLITE_OK && a != NULL) rc = sqlite3_bind_text(stmt, 1, a, -1, SQLITE_STATIC);
  if (rc == SQLITE_OK && b != NULL) rc = sqlite3_bind_text(stmt, 2, b, -1, SQLITE_STATIC);
  if (rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW) {
    const unsigned char *text = sqlite3_column_text(stmt, 0);
    *out = sqlite3_mprintf("%s", text == NULL ? "" : (const char *)text);
    if (*out == NULL) rc = SQLITE_NOMEM;
  }
  const int finished = sqlite3_finalize(stmt); /* tells if reading the text failed */
  if (rc == SQLITE_OK) rc = finished;
  if (rc != SQLITE_OK) {
    sqlite3_free(*out);
    *out = NULL;
  }
  return rc;
}

static int statement_is_stopped(int rc) {
  return rc == SQLITE_INTERRUPT || rc == SQLITE_NOMEM;
}

/* Undoes the change. A transaction of our own is rolled back whole, which needs nothing from the disk. If the error has
** ended the transaction already, the statements fail, and that is all. While an interrupt is in force, or memory has
** run out, SQLite runs nothing new until the calling statement is over; but a write that fails of either makes it roll
** back everything, and such a write was prepared beforehand. */
static void statement_undo(sqlite3 *db, tn_change *change) {
  const char *undo = change->is_outermost ? "ROLLBACK" : "ROLLBACK TO tenure_change";
  int rc = sqlite3_exec(db, undo, NULL, NULL, NULL);
  if (statement_is_stopped(rc) && change->running != NULL) (void)sqlite3_step(change->running);
  (void)sqlite3_finalize(change->running); /* repeats the error, which is known */
  change->running = NULL;
  if (!change->is_outermost) rc = sqlite3_exec(db, "RELEASE tenure_change", NULL, NULL, NULL);
  if (statement_is_stopped(rc) && !sqlite3_get_autocommit(db)) (void)sqlite3_step(change->write);
  (void)sqlite3_finalize(change->write); /* the same */
  change->write = NULL;
}

/* Prepares the write that statement_undo() needs. */
static int statement_prepare_undo(sqlite3 *db, tn_change *change) {
  (void)sqlite3_finalize(change->write); /* it never ran */
  return sqlite3_prepare_v2(db, "PRAGMA temp.user_version = 0", -1, &change->write, NULL);
}

int tn_statement_run_schema(sqlite3 *db, const char *sql, tn_change *change) {
  /* Counts as a write. Halted at its only row it does not expire, as what is prepared may. */
  int rc = sqlite3_prepare_v2(db, "PRAGMA main.journal_mode", -1, &change->running, NULL);
  if (rc == SQLITE_OK) rc = sqlite3_step(change->running);
  if (rc == SQLITE_ROW) rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
  if (rc == SQLITE_OK) rc = statement_prepare_undo(db, change);
  if (rc != SQLITE_OK) return rc; /* it stays, so that the change can be undone */
  (void)sqlite3_finalize(change->running);
  change->running = NULL;
  return SQLITE_OK;
}

/* Ends the SQL function of CTX with the database's own error RC and MESSAGE, which is freed. */
static void statement_fail(sqlite3_context *ctx, int rc, char *message) {
  if (rc == SQLITE_NOMEM || message == NULL) {
    sqlite3_result_error_nomem(ctx);
  } else {
    sqlite3_result_error(ctx, message, -1);
    sqlite3_result_error_code(ctx, rc);
  }
  sqlite3_free(message);
}

int tn_statement_begin(sqlite3_context *ctx, const char *what, tn_change *change) {
  sqlite3 *db = sqlite3_context_db_handle(ctx);
  change->write = change->running = NULL;
  change->is_outermost = sqlite3_get_autocommit(db);
  int rc = statement_prepare_undo(db, change);
  if (rc == SQLITE_OK) {
    const char *begin = change->is_outermost ? "BEGIN IMMEDIATE" : "SAVEPOINT tenure_change";
    rc = sqlite3_exec(db, begin, NULL, NULL, NULL);
  }
  if (rc == SQLITE_OK) return 1;
  const int extended = sqlite3_extended_errcode(db);
  char *message = sqlite3_mprintf("%s", sqlite3_errmsg(db));
  /* An interrupt may be reported by a statement that has done all its work. */
  if (change->is_outermost && !sqlite3_get_autocommit(db)) {
    statement_undo(db, change);
  } else {
    (void)sqlite3_finalize(change->write);
  }
  if (rc == SQLITE_BUSY && !change->is_outermost) {
    /* A savepoint waits for no lock: it is busy only in the middle of another write statement. */
    sqlite3_free(message);
    tn_refuse(ctx, "usage.context", "what", what, strlen(what));
  } else {
    statement_fail(ctx, extended, message);
  }
  return 0;
}

int tn_statement_end(sqlite3_context *ctx, int rc, tn_change *change) {
  sqlite3 *db = sqlite3_context_db_handle(ctx);
  if (rc == SQLITE_OK) {
    const char *keep = change->is_outermost ? "COMMIT" : "RELEASE tenure_change";
    rc = sqlite3_exec(db, keep, NULL, NULL, NULL);
  }
  if (rc == SQLITE_OK) {
    (void)sqlite3_finalize(change->write); /* it never ran */
    return 1;
  }
  const int extended = sqlite3_extended_errcode(db);
  char *message = sqlite3_mprintf("%s", sqlite3_errmsg(db));
  statement_undo(db, change);
  statement_fail(ctx, (extended & 0xff) == (rc & 0xff) ? extended : rc, message);
  return 0;
}

void tn_statement_undo(sqlite3_context *ctx, tn_change *change) {
  statement_undo(sqlite3_context_db_handle(ctx), change);
}

void tn_statement_error(sqlite3_context *ctx, int rc) {
  sqlite3 *db = sqlite3_context_db_handle(ctx);
  statement_fail(ctx, rc, sqlite3_mprintf("%s", sqlite3_errmsg(db)));
}
