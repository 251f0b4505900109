/*
** json_functions.h - JSON for triggers and views; see json_functions.c.
*/
#ifndef TN_JSON_FUNCTIONS_H
#define TN_JSON_FUNCTIONS_H

#include "registry.h"

/* Adds the functions to a connection. Returns an SQLite result code; see registry.h. */
int tn_json_register(tn_registry *registry);

#endif
