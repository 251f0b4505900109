/*
** policy_functions.h - the status policy as SQL functions: session_is_terminal() and its kin.
*/
#ifndef TN_POLICY_FUNCTIONS_H
#define TN_POLICY_FUNCTIONS_H

#include "registry.h"

/* Registers the functions. All are pure: CHECKs, indexes, generated columns, triggers
** and views may call them. Returns an SQLite result code. */
int tn_policy_register(tn_registry *registry);

#endif
