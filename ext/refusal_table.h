/*
** refusal_table.h - the virtual table tenure_refusal_code(code, sentence); see refusal.h.
*/
#ifndef TN_REFUSAL_TABLE_H
#define TN_REFUSAL_TABLE_H

#include "registry.h"

/* Adds the table to a connection. Returns an SQLite result code; see registry.h. */
int tn_refusal_table_register(tn_registry *registry);

#endif
