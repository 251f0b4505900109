/*
** turn_functions.h - what SQL asks about turns; see turn_functions.c.
*/
#ifndef TN_TURN_FUNCTIONS_H
#define TN_TURN_FUNCTIONS_H

#include "registry.h"

/* Adds the functions to a connection. Returns an SQLite result code; see registry.h. */
int tn_turn_register(tn_registry *registry);

#endif
