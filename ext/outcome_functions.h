/*
** outcome_functions.h - the SQL functions of results and outcomes; see outcome_functions.c.
*/
#ifndef TN_OUTCOME_FUNCTIONS_H
#define TN_OUTCOME_FUNCTIONS_H

#include "registry.h"

/* Adds the functions to a connection. Returns an SQLite result code; see registry.h. */
int tn_outcome_register(tn_registry *registry);

#endif
