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

int tn_statement_begin(sqlite3 *db) {
  return sqlite3_exec(db, "SAVEPOINT tenure_change", NULL, NULL, NULL);
}

int tn_statement_end(sqlite3 *db, int rc) {
  if (rc != SQLITE_OK) {
    /* If the error has ended the transaction already, there is no savepoint left to go back to. */
    (void)sqlite3_exec(db, "ROLLBACK TO tenure_change", NULL, NULL, NULL);
  }
  const int released = sqlite3_exec(db, "RELEASE tenure_change", NULL, NULL, NULL);
  if (released != SQLITE_OK && rc == SQLITE_OK) {
    (void)sqlite3_exec(db, "ROLLBACK TO tenure_change; RELEASE tenure_change", NULL, NULL, NULL);
    return released;
  }
  return rc;
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
