/*
** process_functions.c - the SQL functions of process identity. (Contract: 04, "Process identity".)
**
**   process_state(pid, start_ticks, boot_id, host)  'live', 'dead' or 'unknown'; never NULL
**   process_start_ticks(pid)                        integer, or NULL if it cannot be read
**   host_boot_id()                                  text, or NULL
**   host_name()                                     text, or NULL
**
** They read the machine, so they are innocuous and not deterministic. A NULL, or a number that is
** not one, is missing evidence and not an error: what a session recorded may come from anywhere.
*/
#include "process_functions.h"
#include "process.h"
#include "value.h"

static void fn_process_state(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_process_identity identity;
  tn_text boot_id;
  tn_text host;
  sqlite3_int64 pid = 0;
  sqlite3_int64 start_ticks = 0;
  (void)n;
  identity.has_pid = tn_value_int(args[0], &pid);
  identity.pid = pid;
  identity.has_start_ticks = tn_value_int(args[1], &start_ticks);
  identity.start_ticks = start_ticks;
  if (!tn_value_text(ctx, args[2], &boot_id) || !tn_value_text(ctx, args[3], &host)) return;
  identity.boot_id = boot_id.z;
  identity.boot_id_n = boot_id.n;
  identity.host = host.z;
  identity.host_n = host.n;
  sqlite3_result_text(ctx, tn_process_word(tn_process_state(&identity)), -1, SQLITE_STATIC);
}

static void fn_process_start_ticks(sqlite3_context *ctx, int n, sqlite3_value **args) {
  sqlite3_int64 pid = 0;
  int64_t ticks = 0;
  (void)n;
  if (tn_value_int(args[0], &pid) && tn_process_start_ticks(pid, &ticks)) {
    sqlite3_result_int64(ctx, ticks);
  }
}

static void fn_host_boot_id(sqlite3_context *ctx, int n, sqlite3_value **args) {
  char text[TN_PROCESS_BOOT_ID_MAX];
  (void)n;
  (void)args;
  if (tn_process_host_boot_id(text, sizeof text)) {
    sqlite3_result_text(ctx, text, -1, SQLITE_TRANSIENT);
  }
}

static void fn_host_name(sqlite3_context *ctx, int n, sqlite3_value **args) {
  char text[TN_PROCESS_HOST_NAME_MAX];
  (void)n;
  (void)args;
  if (tn_process_host_name(text, sizeof text)) {
    sqlite3_result_text(ctx, text, -1, SQLITE_TRANSIENT);
  }
}

static const tn_function process_functions[] = {
    {"process_state", 4, TN_INNOCUOUS, fn_process_state, NULL},
    {"process_start_ticks", 1, TN_INNOCUOUS, fn_process_start_ticks, NULL},
    {"host_boot_id", 0, TN_INNOCUOUS, fn_host_boot_id, NULL},
    {"host_name", 0, TN_INNOCUOUS, fn_host_name, NULL},
};

int tn_process_register(tn_registry *registry) {
  return tn_registry_functions(registry, process_functions,
                               (int)(sizeof process_functions / sizeof process_functions[0]));
}
