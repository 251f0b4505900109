/*
** statement.h - running SQL from the few functions that may: install, uninstall, guard, hold.
*/
#ifndef TN_STATEMENT_H
#define TN_STATEMENT_H

#include "sqlite_ext.h"

/* True if the function of CTX was called as a statement of its own: in no other statement's FROM clause,
** trigger or write. Otherwise refuses with usage.context, naming WHAT, and returns 0. */
int tn_statement_is_own(sqlite3_context *ctx, const char *what);

/* Runs the SQL that FORMAT makes (as sqlite3_mprintf does). Returns a result code. */
int tn_statement_run(sqlite3 *db, const char *format, ...);

/* Opens and ends the transaction in which a function changes the schema: a savepoint, so it nests in the
** caller's own. Ending with an RC other than SQLITE_OK undoes everything. Returns the final code. */
int tn_statement_begin(sqlite3 *db);
int tn_statement_end(sqlite3 *db, int rc);

/* Ends the SQL function of CTX with the database's own error RC and MESSAGE, which is freed. */
void tn_statement_fail(sqlite3_context *ctx, int rc, char *message);

#endif
