/*
** table.h - read-only eponymous virtual tables over rows that stand in C.
**
** A table that is nothing but rows C can produce by number needs only a tn_table: its declaration, how
** many rows it has, and how to put one column of one row into a result. It may take hidden argument
** columns (the last of the declaration), which make it a table-valued function.
*/
#ifndef TN_TABLE_H
#define TN_TABLE_H

#include "sqlite_ext.h"

enum { TN_TABLE_ARGUMENTS_MAX = 2 };

/* What one scan works on: the row count and whatever PREPARE made for it. */
typedef struct tn_scan {
  int n_row;
  void *data; /* owned by the scan; released with the table's release() */
} tn_scan;

typedef struct tn_table {
  const char *name;
  const char *declaration; /* "CREATE TABLE x(a, b, arg HIDDEN)" */
  int argument;            /* column number of the first hidden argument, or -1 if there is none */
  int n_argument;          /* how many there are, at most TN_TABLE_ARGUMENTS_MAX */
  /* Begins a scan: fills SCAN. A scan with a missing or NULL argument is not begun and gives no rows. Returns
  ** SQLITE_OK or an error code. With SQLITE_ERROR it sets *ERROR to a message made with sqlite3_mprintf, with
  ** others it may. */
  int (*prepare)(sqlite3 *db, void *context, sqlite3_value **arguments, tn_scan *scan,
                 char **error);
  /* Puts column COLUMN of row ROW into CTX. Returns SQLITE_OK or an error code. */
  int (*column)(const tn_scan *scan, int row, int column, sqlite3_context *ctx);
  /* Releases scan->data; NULL if there is nothing to release. */
  void (*release)(tn_scan *scan);
} tn_table;

/* Registers TABLE on DB; it must live for ever (static const). It is INNOCUOUS: triggers and views may
** read it. CONTEXT is handed to prepare(), and to DESTROY when the table is dropped, also when the
** registration fails. Returns an SQLite result code. */
int tn_table_register(sqlite3 *db, const tn_table *table, void *context, void (*destroy)(void *));

#endif
