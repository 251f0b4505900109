/*
** install.c - making a database a Tenure database, and undoing it. (Contract: 05, "Install, upgrade".)
**
**   tenure_install()     creates what is missing, mends what was altered, upgrades an older schema;
**                        gives the number of the schema. A newer schema is refused (install.newer), and
**                        so is a foreign object under one of our names (install.name_taken).
**   tenure_uninstall()   removes everything that Tenure made, guards on users' tables included
**   tenure_schema        a virtual table: every statement that tenure_install() would run
**
** Both functions change the schema in one transaction, which may be the caller's, and run only as
** statements of their own. A second tenure_install() finds nothing to do, needs no lock and writes nothing.
*/
#include "install.h"
#include "guard.h"
#include "refusal.h"
#include "schema.h"
#include "statement.h"
#include "survey.h"
#include "table.h"

#include <string.h>

/* What an installation found out, and what went wrong with it. */
typedef struct install_run {
  sqlite3 *db;
  sqlite3_int64 found; /* the number of the installed schema, 0 for none */
  const char *code;    /* a refusal, or NULL */
  const char *name;    /* the object it is about, or NULL */
  tn_standing *standings;
  int needs_object;  /* an object is missing */
  int needs_program; /* a view or trigger is missing or was altered */
  tn_change change;
} install_run;

/* The kind of what stands under NAME in the main schema, in whatever case, in *KIND (sqlite3_free), NULL if there is
** nothing. */
static int install_find(sqlite3 *db, const char *name, char **kind) {
  return tn_statement_find(db, "SELECT type FROM main.sqlite_schema WHERE name = ?1 COLLATE NOCASE",
                           name, NULL, kind);
}

/* The number of the installed schema, 0 if there is none. A tenure_meta without our columns is not ours,
** and is found out as a name that is taken. That it is gone may show only when the statement runs. */
int tn_install_version(sqlite3 *db, sqlite3_int64 *version) {
  sqlite3_stmt *stmt = NULL;
  *version = 0;
  int rc = sqlite3_prepare_v2(
      db, "SELECT CAST(value AS INTEGER) FROM main.tenure_meta WHERE key = 'schema'", -1, &stmt,
      NULL);
  if (rc == SQLITE_OK) {
    if (sqlite3_step(stmt) == SQLITE_ROW) *version = sqlite3_column_int64(stmt, 0);
    rc = sqlite3_finalize(stmt);
  }
  return rc == SQLITE_ERROR ? SQLITE_OK : rc;
}

static int install_holds_data(const tn_schema_object *object) {
  return strcmp(object->kind, "table") == 0 || strcmp(object->kind, "index") == 0;
}

/* Looks at all objects: finds names that are taken, and what is needed. Where nothing of ours is installed yet, an
** object that differs is not ours. */
static int install_survey(install_run *run) {
  const int rc = tn_survey(run->db, &run->standings);
  for (int i = 0; i < tn_schema_count && rc == SQLITE_OK; i++) {
    const tn_standing standing = run->standings[i];
    if (standing == TN_STANDS_TAKEN || (standing == TN_STANDS_ALTERED && run->found == 0)) {
      run->code = "install.name_taken";
      run->name = tn_schema[i].name;
      return SQLITE_ERROR;
    }
    if (standing == TN_STANDS_MISSING) run->needs_object = 1;
    if (standing != TN_STANDS_SAME && !install_holds_data(&tn_schema[i])) run->needs_program = 1;
  }
  return rc;
}

/* Creates what is missing. If any view or trigger differs all are made anew, because triggers fire in
** an order that depends on when they were created. A table or index that differs is left alone: it holds
** data, and only an upgrade step that names it may change it. */
static int install_create(install_run *run) {
  int rc = SQLITE_OK;
  for (int i = tn_schema_count - 1; i >= 0 && rc == SQLITE_OK && run->needs_program; i--) {
    if (!install_holds_data(&tn_schema[i])) {
      rc = tn_statement_run(run->db, "DROP %s IF EXISTS main.%s", tn_schema[i].kind,
                            tn_schema[i].name);
      run->standings[i] = TN_STANDS_MISSING;
    }
  }
  for (int i = 0; i < tn_schema_count && rc == SQLITE_OK; i++) {
    if (run->standings[i] != TN_STANDS_MISSING) continue;
    rc = tn_statement_run_schema(run->db, tn_schema[i].sql, &run->change);
  }
  return rc;
}

/* Moves the counters of the scopes out of the table tenure_scope, which makes room for the view. */
static int install_move_counters(install_run *run) {
  const tn_schema_object *table = tn_schema;
  char *kind = NULL;
  while (strcmp(table->name, "tenure_counter") != 0) table++;
  int rc = install_find(run->db, table->name, &kind);
  const int is_taken = kind != NULL;
  sqlite3_free(kind);
  if (rc == SQLITE_OK && is_taken) {
    run->code = "install.name_taken";
    run->name = table->name;
    return SQLITE_ERROR;
  }
  if (rc == SQLITE_OK) rc = tn_statement_run_schema(run->db, table->sql, &run->change);
  if (rc == SQLITE_OK) {
    rc = tn_statement_run(run->db, "INSERT INTO main.tenure_counter (scope, revision) "
                                   "SELECT scope, revision FROM main.tenure_scope");
  }
  return rc != SQLITE_OK ? rc : tn_statement_run(run->db, "DROP TABLE main.tenure_scope");
}

/* Until version 4 tenure_scope was a table. */
static int install_leave_table_of_scopes(install_run *run) {
  char *kind = NULL;
  int rc = install_find(run->db, "tenure_scope", &kind);
  const int is_table = kind != NULL && strcmp(kind, "table") == 0;
  sqlite3_free(kind);
  if (rc == SQLITE_OK && is_table) rc = install_move_counters(run);
  return rc;
}

/* Until version 5 each verb that takes a receipt had a view of its own for it, beside the trigger VERB_receipt. */
static int install_drop_views_of_receipts(install_run *run) {
  static const char suffix[] = "_receipt";
  int rc = SQLITE_OK;
  for (int i = 0; i < tn_schema_count && rc == SQLITE_OK; i++) {
    const char *name = tn_schema[i].name;
    const size_t n = strlen(name) - strlen(suffix);
    if (strcmp(tn_schema[i].kind, "trigger") != 0 || strcmp(name + n, suffix) != 0) continue;
    rc = tn_statement_run(run->db, "DROP VIEW IF EXISTS main.%.*s_once", (int)n, name);
  }
  return rc;
}

/* Removes the programs of older versions that have no successor of their name. All others are made anew anyway. */
static int install_drop_programs(install_run *run) {
  int rc = tn_statement_run(run->db, "DROP TRIGGER IF EXISTS main.tenure_session_incomplete");
  if (rc == SQLITE_OK) {
    rc = tn_statement_run(run->db, "DROP VIEW IF EXISTS main.tenure_session_completion");
  }
  return rc != SQLITE_OK ? rc : install_drop_views_of_receipts(run);
}

/* Reads the number of the installed schema, and makes its tables those of the present one. */
static int install_open(install_run *run) {
  const int rc = tn_install_version(run->db, &run->found);
  if (rc != SQLITE_OK) return rc;
  if (run->found > TN_SCHEMA_VERSION) {
    run->code = "install.newer";
    return SQLITE_ERROR;
  }
  if (run->found == 0 || run->found == TN_SCHEMA_VERSION) return SQLITE_OK;
  const int moved = install_leave_table_of_scopes(run);
  return moved != SQLITE_OK ? moved : install_drop_programs(run);
}

static int install_objects(install_run *run) {
  int rc = install_open(run);
  if (rc != SQLITE_OK) return rc;
  rc = install_survey(run);
  if (rc == SQLITE_OK) rc = install_create(run);
  if (rc != SQLITE_OK || run->found == TN_SCHEMA_VERSION) return rc;
  rc = tn_statement_run(run->db, "DELETE FROM main.tenure_meta WHERE key = 'schema'");
  return rc != SQLITE_OK ? rc : tn_statement_run(run->db, "%s", TN_SCHEMA_SAYS_VERSION);
}

/* Whether there is nothing to do, in *IS_WHOLE: found out by reading alone, so that a host may install at every start
** and wait for nobody. In the caller's transaction nothing is waited for anyway. */
static int install_look(install_run *run, int *is_whole) {
  *is_whole = 0;
  if (!sqlite3_get_autocommit(run->db)) return SQLITE_OK;
  int rc = tn_install_version(run->db, &run->found);
  if (rc != SQLITE_OK || run->found != TN_SCHEMA_VERSION) return rc;
  rc = install_survey(run);
  *is_whole = !run->needs_object && !run->needs_program;
  return rc;
}

static void install_refuse(sqlite3_context *ctx, const install_run *run) {
  char *found = sqlite3_mprintf("%lld", run->found);
  char *known = sqlite3_mprintf("%d", TN_SCHEMA_VERSION);
  if (found == NULL || known == NULL) {
    sqlite3_result_error_nomem(ctx);
  } else {
    const tn_fact facts[] = {{"found", found, strlen(found)},
                             {"known", known, strlen(known)},
                             {"name", run->name, run->name == NULL ? 0 : strlen(run->name)}};
    tn_refuse_with(ctx, run->code, facts, 3);
  }
  sqlite3_free(found);
  sqlite3_free(known);
}

/* Ends a function with its refusal, the database's error, or the RESULT. */
static void install_finish(sqlite3_context *ctx, install_run *run, int rc, int result) {
  if (run->code != NULL) {
    tn_statement_undo(ctx, &run->change);
    install_refuse(ctx, run);
  } else if (tn_statement_end(ctx, rc, &run->change)) {
    sqlite3_result_int(ctx, result);
  }
}

static void install_write(sqlite3_context *ctx, tn_connection *conn) {
  install_run run = {.db = conn->db};
  if (!tn_statement_begin(ctx, "tenure_install()", &run.change)) return;
  tn_frame *frame = tn_frame_open(conn, "install", NULL, NULL);
  const int rc = frame == NULL ? SQLITE_NOMEM : install_objects(&run);
  if (frame != NULL) tn_frame_close(frame);
  sqlite3_free(run.standings);
  install_finish(ctx, &run, rc, TN_SCHEMA_VERSION);
}

static void fn_install(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_connection *conn = sqlite3_user_data(ctx);
  install_run look = {.db = conn->db};
  int is_whole;
  (void)n;
  (void)args;
  if (!tn_statement_is_own(ctx, "tenure_install()")) return;
  const int rc = install_look(&look, &is_whole);
  sqlite3_free(look.standings);
  if (look.code != NULL) {
    install_refuse(ctx, &look);
  } else if (rc != SQLITE_OK) {
    tn_statement_error(ctx, rc);
  } else if (is_whole) {
    sqlite3_result_int(ctx, TN_SCHEMA_VERSION);
  } else {
    install_write(ctx, conn);
  }
}

/* Views and triggers first, so that no trigger sees its table go; tables last, newest first. */
static int uninstall_objects(sqlite3 *db) {
  int rc = tn_guard_remove_all(db);
  for (int pass = 0; pass < 2 && rc == SQLITE_OK; pass++) {
    for (int i = tn_schema_count - 1; i >= 0 && rc == SQLITE_OK; i--) {
      const tn_schema_object *object = &tn_schema[i];
      const int holds_data = strcmp(object->kind, "table") == 0;
      if (holds_data == pass && strcmp(object->kind, "index") != 0) {
        rc = tn_statement_run(db, "DROP %s IF EXISTS main.%s", object->kind, object->name);
      }
    }
  }
  return rc;
}

static void fn_uninstall(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_connection *conn = sqlite3_user_data(ctx);
  install_run run = {.db = conn->db};
  (void)n;
  (void)args;
  if (!tn_statement_is_own(ctx, "tenure_uninstall()")) return;
  if (!tn_statement_begin(ctx, "tenure_uninstall()", &run.change)) return;
  int rc = install_open(&run);
  const int was_there = run.found > 0;
  if (rc == SQLITE_OK && was_there) rc = uninstall_objects(run.db);
  install_finish(ctx, &run, rc, was_there);
}

enum { SCHEMA_ORDINAL, SCHEMA_NAME, SCHEMA_SQL };

/* The statement that says the version stands where its table has no guard yet: after the first object,
** which is that table. */
enum { SCHEMA_VERSION_ROW = 1 };

static int schema_prepare(sqlite3 *db, void *context, sqlite3_value **arguments, tn_scan *scan,
                          char **error) {
  (void)db;
  (void)context;
  (void)arguments;
  (void)error;
  scan->n_row = tn_schema_count + 1;
  return SQLITE_OK;
}

static int schema_column(const tn_scan *scan, int row, int column, sqlite3_context *ctx) {
  (void)scan;
  const int is_version = row == SCHEMA_VERSION_ROW;
  const tn_schema_object *object = &tn_schema[is_version ? 0 : row - (row > SCHEMA_VERSION_ROW)];
  switch (column) {
  case SCHEMA_ORDINAL: sqlite3_result_int(ctx, row + 1); break;
  case SCHEMA_NAME: sqlite3_result_text(ctx, object->name, -1, SQLITE_STATIC); break;
  default:
    sqlite3_result_text(ctx, is_version ? TN_SCHEMA_SAYS_VERSION : object->sql, -1, SQLITE_STATIC);
  }
  return SQLITE_OK;
}

int tn_install_register(tn_registry *registry) {
  static const tn_function functions[] = {
      {"tenure_install", 0, TN_DIRECT, fn_install, NULL},
      {"tenure_uninstall", 0, TN_DIRECT, fn_uninstall, NULL},
  };
  static const tn_table schema = {
      "tenure_schema",
      "CREATE TABLE x(ordinal, name, sql)",
      -1,
      0,
      schema_prepare,
      schema_column,
      NULL,
  };
  const int rc = tn_registry_functions(registry, functions, 2);
  return rc != SQLITE_OK ? rc : tn_registry_table(registry, &schema);
}
