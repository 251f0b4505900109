/*
** registry.h - adding functions and virtual tables to a connection, and taking them back.
**
** SQLite unloads an extension whose entry point fails, with whatever it had registered by then, so a
** half-done registration must be undone before the entry point returns its error.
*/
#ifndef TN_REGISTRY_H
#define TN_REGISTRY_H

#include "connection.h"
#include "table.h"

enum { TN_REGISTRY_MAX = 128 };

typedef struct tn_registry {
  sqlite3 *db;
  tn_connection *conn; /* the state that functions get as their user data */
  int n_function;
  int n_table;
  const tn_function *functions[TN_REGISTRY_MAX];
  const tn_table *tables[TN_REGISTRY_MAX];
} tn_registry;

/* Registers N functions; each holds a reference to the connection's state. FUNCTIONS must live for ever.
** Returns an SQLite result code; on an error the caller ends with tn_registry_undo(). */
int tn_registry_functions(tn_registry *registry, const tn_function *functions, int n);

/* Registers one virtual table; it, too, gets the connection's state. TABLE must live for ever. Returns an SQLite result
** code, as above. */
int tn_registry_table(tn_registry *registry, const tn_table *table);

/* Removes what was registered through REGISTRY. Returns 0 if something could not be removed: a function cannot, while
** a statement runs. */
int tn_registry_undo(tn_registry *registry);

#endif
