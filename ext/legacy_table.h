/*
** legacy_table.h - the table tenure_legacy_state(json): a state file of ccd as a row of SQL.
*/
#ifndef TN_LEGACY_TABLE_H
#define TN_LEGACY_TABLE_H

#include "registry.h"

/* Registers it; the connection tells it the time. Returns an SQLite result code. */
int tn_legacy_register(tn_registry *registry);

#endif
