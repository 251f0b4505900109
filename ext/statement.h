/*
** statement.h - running SQL from the few functions that change a schema or a connection (install, uninstall, guard,
** hold), and from the doctor.
*/
#ifndef TN_STATEMENT_H
#define TN_STATEMENT_H

#include "sqlite_ext.h"

/* True if the function of CTX was called as a statement of its own: in no other statement's FROM clause,
** trigger or write. Otherwise refuses with usage.context, naming WHAT, and returns 0. Inside a transaction of the
** caller's SQLite cannot tell, and it is always true. */
int tn_statement_is_own(sqlite3_context *ctx, const char *what);

/* Runs the SQL that FORMAT makes (as sqlite3_mprintf does). Returns a result code. */
int tn_statement_run(sqlite3 *db, const char *format, ...);

/* Gives the first column of the first row of SQL, as text, in *OUT (sqlite3_free); NULL if there is no row. A and B, where
** they are not NULL, are its parameters. Returns a result code; *OUT is NULL unless that is SQLITE_OK. */
int tn_statement_find(sqlite3 *db, const char *sql, const char *a, const char *b, char **out);

/* A change of the schema that is going on. */
typedef struct tn_change {
  sqlite3_stmt *write;   /* kept ready for undoing the change where nothing new can be run */
  sqlite3_stmt *running; /* stands in for it while it is prepared anew, or NULL */
  int is_outermost;      /* the transaction is ours alone, not part of the caller's */
} tn_change;

/* Opens the transaction in which the function of CTX changes the schema; within the caller's own, a savepoint. Outside
** of one it takes the write lock first (BEGIN IMMEDIATE), because SQLite does not wait for a lock once the transaction
** has read. So what decides about the change is to be looked at afterwards. Returns 1, or 0 after ending the function
** with an error that names WHAT. */
int tn_statement_begin(sqlite3_context *ctx, const char *what, tn_change *change);

/* Runs SQL that makes something new in the schema. Returns a result code. SQLite may expire what CHANGE
** keeps ready, so that is prepared anew. */
int tn_statement_run_schema(sqlite3 *db, const char *sql, tn_change *change);

/* Ends it with the code RC of what was done: keeps the change and returns 1; or undoes it, ends the
** function with the database's error and returns 0. */
int tn_statement_end(sqlite3_context *ctx, int rc, tn_change *change);

/* Undoes the change; the caller ends the function with an error of its own. */
void tn_statement_undo(sqlite3_context *ctx, tn_change *change);

/* Ends the SQL function of CTX with the error RC, in the words of the database, which has just reported it. */
void tn_statement_error(sqlite3_context *ctx, int rc);

#endif
