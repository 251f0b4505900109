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
** statements of their own. A second tenure_install() finds nothing to do and writes nothing.
*/
#include "install.h"
#include "guard.h"
#include "refusal.h"
#include "schema.h"
#include "statement.h"
#include "table.h"

#include <stdlib.h>
#include <string.h>

/* What an installation found out, and what went wrong with it. */
typedef struct install_run {
  sqlite3 *db;
  sqlite3_int64 found; /* the number of the installed schema, 0 for none */
  const char *code;    /* a refusal, or NULL */
  const char *name;    /* the object it is about, or NULL */
} install_run;

/* The SQL of the object as the database has it into *SQL (sqlite3_free), NULL if there is none. */
static int install_find(sqlite3 *db, const char *name, char **sql) {
  sqlite3_stmt *stmt = NULL;
  *sql = NULL;
  int rc = sqlite3_prepare_v2(
      db, "SELECT coalesce(sql, '') FROM main.sqlite_schema WHERE name = ?1", -1, &stmt, NULL);
  if (rc == SQLITE_OK) rc = sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
  if (rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW) {
    *sql = sqlite3_mprintf("%s", sqlite3_column_text(stmt, 0));
    if (*sql == NULL) rc = SQLITE_NOMEM;
  }
  const int finished = sqlite3_finalize(stmt);
  return rc != SQLITE_OK ? rc : finished;
}

/* The number of the installed schema, 0 if there is none. */
static int install_read_version(sqlite3 *db, sqlite3_int64 *version) {
  sqlite3_stmt *stmt = NULL;
  char *sql = NULL;
  *version = 0;
  int rc = install_find(db, "tenure_meta", &sql);
  const int is_there = sql != NULL;
  sqlite3_free(sql);
  if (rc != SQLITE_OK || !is_there) return rc;
  rc = sqlite3_prepare_v2(
      db, "SELECT CAST(value AS INTEGER) FROM main.tenure_meta WHERE key = 'schema'", -1, &stmt,
      NULL);
  if (rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW) *version = sqlite3_column_int64(stmt, 0);
  const int finished = sqlite3_finalize(stmt);
  return rc != SQLITE_OK ? rc : finished;
}

/* Creates one object, or replaces it where it differs. A table or index that differs is left alone: it
** holds data, and only an upgrade step that names it may change it. */
static int install_object(install_run *run, const tn_schema_object *object) {
  char *sql = NULL;
  int rc = install_find(run->db, object->name, &sql);
  if (rc != SQLITE_OK) return rc;
  const int is_there = sql != NULL;
  const int is_same = is_there && strcmp(sql, object->sql) == 0;
  sqlite3_free(sql);
  if (is_same) return SQLITE_OK;
  if (is_there && run->found == 0) {
    run->code = "install.name_taken";
    run->name = object->name;
    return SQLITE_ERROR;
  }
  if (is_there) {
    if (strcmp(object->kind, "view") != 0 && strcmp(object->kind, "trigger") != 0) return SQLITE_OK;
    rc = tn_statement_run(run->db, "DROP %s main.%s", object->kind, object->name);
  }
  return rc != SQLITE_OK ? rc : tn_statement_run(run->db, "%s", object->sql);
}

static int install_objects(install_run *run) {
  int rc = install_read_version(run->db, &run->found);
  if (rc != SQLITE_OK) return rc;
  if (run->found > TN_SCHEMA_VERSION) {
    run->code = "install.newer";
    return SQLITE_ERROR;
  }
  for (int i = 0; i < tn_schema_count && rc == SQLITE_OK; i++) {
    rc = install_object(run, &tn_schema[i]);
  }
  if (rc != SQLITE_OK || run->found == TN_SCHEMA_VERSION) return rc;
  rc = tn_statement_run(run->db, "DELETE FROM main.tenure_meta WHERE key = 'schema'");
  return rc != SQLITE_OK
             ? rc
             : tn_statement_run(run->db, "INSERT INTO main.tenure_meta VALUES ('schema', '%d')",
                                TN_SCHEMA_VERSION);
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

/* Ends a function that ran CHANGE: its refusal, the database's error, or the RESULT. */
static void install_finish(sqlite3_context *ctx, install_run *run, int rc, int result) {
  char *message = rc == SQLITE_OK ? NULL : sqlite3_mprintf("%s", sqlite3_errmsg(run->db));
  rc = tn_statement_end(run->db, rc);
  if (run->code != NULL) {
    sqlite3_free(message);
    install_refuse(ctx, run);
  } else if (rc != SQLITE_OK) {
    if (message == NULL) message = sqlite3_mprintf("%s", sqlite3_errmsg(run->db));
    tn_statement_fail(ctx, rc, message);
  } else {
    sqlite3_result_int(ctx, result);
  }
}

static void fn_install(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_connection *conn = sqlite3_user_data(ctx);
  install_run run = {conn->db, 0, NULL, NULL};
  (void)n;
  (void)args;
  if (!tn_statement_is_own(ctx, "tenure_install()")) return;
  int rc = tn_statement_begin(run.db);
  if (rc != SQLITE_OK) {
    tn_statement_fail(ctx, rc, sqlite3_mprintf("%s", sqlite3_errmsg(run.db)));
    return;
  }
  tn_frame *frame = tn_frame_open(conn, "install", NULL, NULL);
  rc = frame == NULL ? SQLITE_NOMEM : install_objects(&run);
  if (frame != NULL) tn_frame_close(frame);
  install_finish(ctx, &run, rc, TN_SCHEMA_VERSION);
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
  install_run run = {conn->db, 0, NULL, NULL};
  (void)n;
  (void)args;
  if (!tn_statement_is_own(ctx, "tenure_uninstall()")) return;
  int rc = tn_statement_begin(run.db);
  if (rc != SQLITE_OK) {
    tn_statement_fail(ctx, rc, sqlite3_mprintf("%s", sqlite3_errmsg(run.db)));
    return;
  }
  rc = install_read_version(run.db, &run.found);
  if (rc == SQLITE_OK && run.found > TN_SCHEMA_VERSION) {
    run.code = "install.newer";
    rc = SQLITE_ERROR;
  }
  const int was_there = run.found > 0;
  if (rc == SQLITE_OK && was_there) rc = uninstall_objects(run.db);
  install_finish(ctx, &run, rc, was_there);
}

enum { SCHEMA_ORDINAL, SCHEMA_NAME, SCHEMA_SQL };

static int schema_prepare(sqlite3 *db, void *context, sqlite3_value *argument, tn_scan *scan,
                          char **error) {
  (void)db;
  (void)context;
  (void)argument;
  (void)error;
  scan->n_row = tn_schema_count;
  return SQLITE_OK;
}

static int schema_column(const tn_scan *scan, int row, int column, sqlite3_context *ctx) {
  (void)scan;
  switch (column) {
  case SCHEMA_ORDINAL: sqlite3_result_int(ctx, row + 1); break;
  case SCHEMA_NAME: sqlite3_result_text(ctx, tn_schema[row].name, -1, SQLITE_STATIC); break;
  default: sqlite3_result_text(ctx, tn_schema[row].sql, -1, SQLITE_STATIC); break;
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
      schema_prepare,
      schema_column,
      NULL,
  };
  const int rc = tn_registry_functions(registry, functions, 2);
  return rc != SQLITE_OK ? rc : tn_registry_table(registry, &schema);
}
