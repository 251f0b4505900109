/*
** wait_functions.h - session_wait(); see wait_functions.c.
*/
#ifndef TN_WAIT_FUNCTIONS_H
#define TN_WAIT_FUNCTIONS_H

#include "registry.h"

/* Adds the function to a connection. Returns an SQLite result code; see registry.h. */
int tn_wait_register(tn_registry *registry);

#endif
