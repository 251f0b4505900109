/*
** policy_tables.h - the status policy as read-only virtual tables.
*/
#ifndef TN_POLICY_TABLES_H
#define TN_POLICY_TABLES_H

#include "registry.h"

/* Registers session_status_policy, session_status_edge and session_status_alias. Returns an SQLite
** result code. */
int tn_policy_tables_register(tn_registry *registry);

#endif
