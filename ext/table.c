/*
** table.c - read-only eponymous virtual tables over rows that stand in C; see table.h.
**
** One SQLite module serves every tn_table: the table and its context travel as the module's
** client data. Rows are numbered from 1 in rowid. A hidden argument can be read back as a
** column.
*/
#include "table.h"

#include <stddef.h>

/* What the module is registered with; SQLite frees it with the module. */
typedef struct table_binding {
  const tn_table *table;
  void *context;
  void (*destroy)(void *);
} table_binding;

typedef struct table_vtab {
  sqlite3_vtab base; /* first, as SQLite asks */
  sqlite3 *db;
  const table_binding *binding;
} table_vtab;

typedef struct table_cursor {
  sqlite3_vtab_cursor base; /* first, as SQLite asks */
  tn_scan scan;
  sqlite3_value *arguments[TN_TABLE_ARGUMENTS_MAX]; /* copies; NULL where there is none */
  int row;
} table_cursor;

enum { TABLE_SCAN_ALL = 0, TABLE_SCAN_ARGUMENT = 1 }; /* idxNum */

static const tn_table *table_of(const sqlite3_vtab *vtab) {
  return ((const table_vtab *)vtab)->binding->table;
}

static int table_connect(sqlite3 *db, void *client, int argc, const char *const *argv,
                         sqlite3_vtab **out, char **error) {
  (void)argc, (void)argv, (void)error;
  const table_binding *binding = client;
  int rc = sqlite3_declare_vtab(db, binding->table->declaration);
  if (rc == SQLITE_OK) rc = sqlite3_vtab_config(db, SQLITE_VTAB_INNOCUOUS);
  if (rc != SQLITE_OK) return rc;
  table_vtab *vtab = sqlite3_malloc64(sizeof *vtab);
  if (vtab == NULL) return SQLITE_NOMEM;
  *vtab = (table_vtab){.db = db, .binding = binding};
  *out = &vtab->base;
  return SQLITE_OK;
}

static int table_disconnect(sqlite3_vtab *vtab) {
  sqlite3_free(vtab);
  return SQLITE_OK;
}

/* The constraint that gives a hidden argument its value: its index, -1 if there is none,
** or -2 if there is one but its value is not known yet in this order of the join. */
static int table_find_argument(const sqlite3_index_info *info, int argument) {
  int found = -1;
  for (int i = 0; i < info->nConstraint; i++) {
    const struct sqlite3_index_constraint *constraint = &info->aConstraint[i];
    if (constraint->iColumn != argument || constraint->op != SQLITE_INDEX_CONSTRAINT_EQ) continue;
    if (constraint->usable) return i;
    found = -2;
  }
  return found;
}

/* Without its arguments a table has no rows, so such a plan is right only if one was not given: if one
** is given but not known yet, another order of the join is asked for. */
static int table_best_index(sqlite3_vtab *vtab, sqlite3_index_info *info) {
  const tn_table *table = table_of(vtab);
  int found[TN_TABLE_ARGUMENTS_MAX];
  int given = 0;
  for (int i = 0; i < table->n_argument; i++) {
    found[i] = table_find_argument(info, table->argument + i);
    if (found[i] == -2) return SQLITE_CONSTRAINT;
    given += found[i] >= 0;
  }
  info->idxNum = TABLE_SCAN_ALL;
  info->estimatedCost = given < table->n_argument ? 1.0 : 100.0;
  info->estimatedRows = given < table->n_argument ? 1 : 100;
  if (table->n_argument == 0 || given < table->n_argument) return SQLITE_OK;
  for (int i = 0; i < table->n_argument; i++) {
    info->aConstraintUsage[found[i]].argvIndex = i + 1;
    info->aConstraintUsage[found[i]].omit = 1;
  }
  info->idxNum = TABLE_SCAN_ARGUMENT;
  return SQLITE_OK;
}

static int table_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **out) {
  (void)vtab;
  table_cursor *cursor = sqlite3_malloc64(sizeof *cursor);
  if (cursor == NULL) return SQLITE_NOMEM;
  *cursor = (table_cursor){.row = 0};
  *out = &cursor->base;
  return SQLITE_OK;
}

/* Ends the scan, if one was begun, and leaves the cursor on no row. */
static void table_end_scan(const tn_table *table, table_cursor *cursor) {
  if (cursor->scan.data != NULL) table->release(&cursor->scan);
  for (int i = 0; i < TN_TABLE_ARGUMENTS_MAX; i++) {
    sqlite3_value_free(cursor->arguments[i]);
    cursor->arguments[i] = NULL;
  }
  cursor->scan = (tn_scan){0, NULL};
  cursor->row = 0;
}

static int table_close(sqlite3_vtab_cursor *base) {
  table_end_scan(table_of(base->pVtab), (table_cursor *)base);
  sqlite3_free(base);
  return SQLITE_OK;
}

/* Begins the scan. The message of an error goes where SQLite looks for it; that there is none means that
** there was no memory for it. */
static int table_begin_scan(table_vtab *vtab, table_cursor *cursor) {
  char *error = NULL;
  const table_binding *binding = vtab->binding;
  int rc =
      binding->table->prepare(vtab->db, binding->context, cursor->arguments, &cursor->scan, &error);
  if (rc == SQLITE_ERROR && error == NULL) rc = SQLITE_NOMEM;
  if (rc != SQLITE_OK) {
    table_end_scan(binding->table, cursor);
    sqlite3_free(vtab->base.zErrMsg);
    vtab->base.zErrMsg = error;
  } else {
    sqlite3_free(error);
  }
  return rc;
}

static int table_filter(sqlite3_vtab_cursor *base, int plan, const char *plan_text, int argc,
                        sqlite3_value **argv) {
  (void)plan_text, (void)argc;
  table_cursor *cursor = (table_cursor *)base;
  table_vtab *vtab = (table_vtab *)base->pVtab;
  table_end_scan(vtab->binding->table, cursor);
  const int n = vtab->binding->table->n_argument;
  if (n > 0 && plan != TABLE_SCAN_ARGUMENT) return SQLITE_OK;
  for (int i = 0; i < n; i++) {
    if (sqlite3_value_type(argv[i]) == SQLITE_NULL) return SQLITE_OK;
    cursor->arguments[i] = sqlite3_value_dup(argv[i]);
    if (cursor->arguments[i] == NULL) return SQLITE_NOMEM;
  }
  return table_begin_scan(vtab, cursor);
}

static int table_next(sqlite3_vtab_cursor *base) {
  ((table_cursor *)base)->row++;
  return SQLITE_OK;
}

static int table_eof(sqlite3_vtab_cursor *base) {
  const table_cursor *cursor = (const table_cursor *)base;
  return cursor->row >= cursor->scan.n_row;
}

static int table_column(sqlite3_vtab_cursor *base, sqlite3_context *ctx, int column) {
  const table_cursor *cursor = (const table_cursor *)base;
  const tn_table *table = table_of(base->pVtab);
  const int argument = column - table->argument;
  if (table->n_argument > 0 && argument >= 0) { /* the last columns */
    sqlite3_result_value(ctx, cursor->arguments[argument]);
    return SQLITE_OK;
  }
  return table->column(&cursor->scan, cursor->row, column, ctx);
}

static int table_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid) {
  *rowid = (sqlite3_int64)((const table_cursor *)base)->row + 1;
  return SQLITE_OK;
}

/* Without xCreate the table is eponymous only; without xUpdate it is read-only. */
static const sqlite3_module table_module = {
    .iVersion = 0,
    .xConnect = table_connect,
    .xBestIndex = table_best_index,
    .xDisconnect = table_disconnect,
    .xOpen = table_open,
    .xClose = table_close,
    .xFilter = table_filter,
    .xNext = table_next,
    .xEof = table_eof,
    .xColumn = table_column,
    .xRowid = table_rowid,
};

static void table_unbind(void *p) {
  table_binding *binding = p;
  binding->destroy(binding->context);
  sqlite3_free(binding);
}

int tn_table_register(sqlite3 *db, const tn_table *table, void *context, void (*destroy)(void *)) {
  table_binding *binding = sqlite3_malloc64(sizeof *binding);
  if (binding == NULL) {
    destroy(context);
    return SQLITE_NOMEM;
  }
  *binding = (table_binding){table, context, destroy};
  /* SQLite drops the binding also when this fails. */
  return sqlite3_create_module_v2(db, table->name, &table_module, binding, table_unbind);
}
