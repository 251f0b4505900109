/*
** process_functions.h - the SQL functions of process identity: process_state(),
** process_start_ticks(), host_boot_id(), host_name().
*/
#ifndef TN_PROCESS_FUNCTIONS_H
#define TN_PROCESS_FUNCTIONS_H

#include "registry.h"

/* Registers them. Returns an SQLite result code. */
int tn_process_register(tn_registry *registry);

#endif
