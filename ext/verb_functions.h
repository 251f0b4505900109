/*
** verb_functions.h - what the triggers of the verbs ask C for; see verb_functions.c.
*/
#ifndef TN_VERB_FUNCTIONS_H
#define TN_VERB_FUNCTIONS_H

#include "registry.h"

/* Adds the functions to a connection. Returns an SQLite result code; see registry.h. */
int tn_verb_register(tn_registry *registry);

#endif
