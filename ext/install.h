/*
** install.h - making a database a Tenure database, and undoing it; see install.c.
*/
#ifndef TN_INSTALL_H
#define TN_INSTALL_H

#include "registry.h"

/* The number of the schema that is installed in DB, 0 for none. Returns an SQLite result code. */
int tn_install_version(sqlite3 *db, sqlite3_int64 *version);

/* Adds the functions to a connection. Returns an SQLite result code; see registry.h. */
int tn_install_register(tn_registry *registry);

#endif
