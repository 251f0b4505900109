/*
** process_functions.h - the SQL functions of process identity: process_state(),
*process_start_ticks(),
** host_boot_id(), host_name().
*/
#ifndef TN_PROCESS_FUNCTIONS_H
#define TN_PROCESS_FUNCTIONS_H

#include "sqlite_ext.h"

/* Registers them on DB. Returns an SQLite result code. */
int tn_process_register(sqlite3 *db);

#endif
