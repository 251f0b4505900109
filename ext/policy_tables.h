/*
** policy_tables.h - the status policy as read-only virtual tables.
*/
#ifndef TN_POLICY_TABLES_H
#define TN_POLICY_TABLES_H

#include "sqlite_ext.h"

/* Registers session_status_policy, session_status_edge and session_status_alias on DB. Returns an
** SQLite result code. */
int tn_policy_tables_register(sqlite3 *db);

#endif
