/*
** text_functions.h - the SQL functions display_safe(text) and session_activity(text).
*/
#ifndef TN_TEXT_FUNCTIONS_H
#define TN_TEXT_FUNCTIONS_H

#include "registry.h"

/* Registers them. Returns an SQLite result code. */
int tn_text_register(tn_registry *registry);

#endif
