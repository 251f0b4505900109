/*
** registry.c - adding functions and virtual tables to a connection; see registry.h.
*/
#include "registry.h"

int tn_registry_functions(tn_registry *registry, const tn_function *functions, int n) {
  for (int i = 0; i < n; i++) {
    const tn_function *f = &functions[i];
    const void *data = f->data != NULL ? f->data : registry->conn;
    if (registry->n_function == TN_REGISTRY_MAX) return SQLITE_FULL;
    if (f->data == NULL) registry->conn->n_ref++; /* SQLite drops it, also when this fails */
    const int rc =
        sqlite3_create_function_v2(registry->db, f->name, f->n_arg, f->flags, (void *)data, f->call,
                                   NULL, NULL, f->data == NULL ? tn_connection_release : NULL);
    if (rc != SQLITE_OK) return rc;
    registry->functions[registry->n_function++] = f;
  }
  return SQLITE_OK;
}

int tn_registry_table(tn_registry *registry, const tn_table *table) {
  if (registry->n_table == TN_REGISTRY_MAX) return SQLITE_FULL;
  registry->conn->n_ref++; /* SQLite drops it, also when this fails */
  const int rc = tn_table_register(registry->db, table, registry->conn, tn_connection_release);
  if (rc == SQLITE_OK) registry->tables[registry->n_table++] = table;
  return rc;
}

int tn_registry_undo(tn_registry *registry) {
  int is_undone = 1;
  while (registry->n_table > 0) {
    const tn_table *table = registry->tables[--registry->n_table];
    is_undone &= sqlite3_create_module_v2(registry->db, table->name, NULL, NULL, NULL) == SQLITE_OK;
  }
  while (registry->n_function > 0) {
    const tn_function *f = registry->functions[--registry->n_function];
    is_undone &= sqlite3_create_function_v2(registry->db, f->name, f->n_arg, SQLITE_UTF8, NULL,
                                            NULL, NULL, NULL, NULL) == SQLITE_OK;
  }
  return is_undone;
}
