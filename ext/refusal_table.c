/*
** refusal_table.c - the virtual table tenure_refusal_code: every refusal that Tenure can give, with its
** sentence. {name} in a sentence stands for what the message will name there.
*/
#include "refusal_table.h"
#include "refusal.h"
#include "table.h"

static int refusal_table_prepare(sqlite3 *db, void *context, sqlite3_value **arguments,
                                 tn_scan *scan, char **error) {
  (void)db;
  (void)context;
  (void)arguments;
  (void)error;
  while (tn_refusal_code(scan->n_row) != NULL) scan->n_row++;
  return SQLITE_OK;
}

static int refusal_table_column(const tn_scan *scan, int row, int column, sqlite3_context *ctx) {
  (void)scan;
  sqlite3_result_text(ctx, column == 0 ? tn_refusal_code(row) : tn_refusal_sentence(row), -1,
                      SQLITE_STATIC);
  return SQLITE_OK;
}

int tn_refusal_table_register(tn_registry *registry) {
  static const tn_table table = {
      "tenure_refusal_code",
      "CREATE TABLE x(code, sentence)",
      -1,
      0,
      refusal_table_prepare,
      refusal_table_column,
      NULL,
  };
  return tn_registry_table(registry, &table);
}
