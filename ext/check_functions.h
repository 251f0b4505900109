/*
** check_functions.h - validation of what callers give to verbs; see check_functions.c.
*/
#ifndef TN_CHECK_FUNCTIONS_H
#define TN_CHECK_FUNCTIONS_H

#include "registry.h"

/* Adds the functions to a connection. Returns an SQLite result code; see registry.h. */
int tn_check_register(tn_registry *registry);

#endif
