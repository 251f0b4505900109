/*
** event_functions.h - reading the log: tenure_detail().
*/
#ifndef TN_EVENT_FUNCTIONS_H
#define TN_EVENT_FUNCTIONS_H

#include "registry.h"

/* Registers it. Returns an SQLite result code. */
int tn_event_register(tn_registry *registry);

#endif
