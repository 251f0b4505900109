/*
** lease_functions.h - the SQL functions of leases; see lease_functions.c.
*/
#ifndef TN_LEASE_FUNCTIONS_H
#define TN_LEASE_FUNCTIONS_H

#include "registry.h"

/* Adds the functions to a connection. Returns an SQLite result code; see registry.h. */
int tn_lease_register(tn_registry *registry);

#endif
