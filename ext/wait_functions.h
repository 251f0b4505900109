/*
** wait_functions.h - the SQL functions of results and waiting: session_wait(), session_wait_outcome(),
** session_wait_exit_code(), session_result_replaces(), session_end_is_loss().
*/
#ifndef TN_WAIT_FUNCTIONS_H
#define TN_WAIT_FUNCTIONS_H

#include "registry.h"

/* Registers them. Returns an SQLite result code. */
int tn_wait_register(tn_registry *registry);

#endif
