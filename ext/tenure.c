/*
** tenure.c - the entry point: registers everything that Tenure adds to a connection.
**
** It runs no SQL, opens no file and installs no hook. Loading it again is harmless: while a statement
** runs SQLite refuses to replace a function, which can only mean that ours is there already; otherwise
** everything is replaced, and the connection starts afresh (its clock, its fences, its report).
*/
#define TN_ENTRY_POINT
#include "sqlite_ext.h"
SQLITE_EXTENSION_INIT1
#include "tenure.h"

#include "check_functions.h"
#include "connection.h"
#include "doctor.h"
#include "json_functions.h"
#include "guard.h"
#include "install.h"
#include "lease_functions.h"
#include "legacy_table.h"
#include "outcome_functions.h"
#include "patience.h"
#include "pin.h"
#include "policy_functions.h"
#include "policy_tables.h"
#include "process_functions.h"
#include "refusal_table.h"
#include "registry.h"
#include "text_functions.h"
#include "turn_functions.h"
#include "verb_functions.h"
#include "wait_functions.h"

enum { TENURE_SQLITE_FLOOR = 3040000 };

static void fn_version(sqlite3_context *ctx, int n, sqlite3_value **args) {
  (void)n;
  (void)args;
  sqlite3_result_text(ctx, TENURE_VERSION, -1, SQLITE_STATIC);
}

/* The version comes first: see the entry point. */
static int tenure_register(tn_registry *registry) {
  static const tn_function version = {"tenure_version", 0, TN_PURE, fn_version, NULL};
  int (*const modules[])(tn_registry *) = {
      tn_policy_register,  tn_policy_tables_register, tn_text_register,    tn_check_register,
      tn_process_register, tn_refusal_table_register, tn_lease_register,   tn_verb_register,
      tn_legacy_register,  tn_turn_register,          tn_install_register, tn_guard_register,
      tn_wait_register,    tn_outcome_register,       tn_json_register,    tn_doctor_register,
      tn_patience_register};
  int rc = tn_registry_functions(registry, &version, 1);
  for (size_t i = 0; i < sizeof modules / sizeof modules[0] && rc == SQLITE_OK; i++) {
    rc = modules[i](registry);
  }
  return rc;
}

__attribute__((visibility("default"))) int sqlite3_tenure_init(sqlite3 *db, char **pz_error,
                                                               const sqlite3_api_routines *api) {
  SQLITE_EXTENSION_INIT2(api);
  (void)api;
  if (sqlite3_libversion_number() < TENURE_SQLITE_FLOOR) {
    if (pz_error != NULL) {
      *pz_error =
          sqlite3_mprintf("tenure: needs SQLite 3.40.0 or later, this is %s", sqlite3_libversion());
    }
    return SQLITE_ERROR;
  }
  tn_registry registry = {.db = db, .conn = tn_connection_new(db)};
  if (registry.conn == NULL) return SQLITE_NOMEM;
  int rc = tenure_register(&registry);
  if (rc == SQLITE_BUSY && registry.n_function == 0) {
    rc = SQLITE_OK; /* loaded already, and a statement is running */
  } else if (rc != SQLITE_OK) {
    if (pz_error != NULL) *pz_error = sqlite3_mprintf("tenure: %s", sqlite3_errmsg(db));
    if (!tn_registry_undo(&registry)) tn_pin();
  }
  tn_connection_release(registry.conn); /* what was registered holds references of its own */
  return rc;
}
