/*
** guard.h - fencing the user's own tables; see guard.c.
*/
#ifndef TN_GUARD_H
#define TN_GUARD_H

#include "registry.h"

/* Adds the functions to a connection. Returns an SQLite result code; see registry.h. */
int tn_guard_register(tn_registry *registry);

/* Removes the guards from every table of the main schema. Returns a result code. */
int tn_guard_remove_all(sqlite3 *db);

#endif
