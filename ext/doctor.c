/*
** doctor.c - the virtual table tenure_doctor. (Contract: 05, "Health".)
**
**   tenure_doctor(check_name, severity, session_id, finding, remedy)
**
** A row for each violated invariant (sql/check), each missing or altered object of the schema, and each
** circumstance under which SQLite or the clock cannot keep its promises. No row of severity 'error' is
** healthy. It reads, and changes nothing. A check that cannot be run is a finding itself.
*/
#include "doctor.h"
#include "install.h"
#include "place.h"
#include "schema.h"
#include "statement.h"
#include "survey.h"

#include <string.h>

/* Of one check no more findings are shown: the first few tell what is wrong. */
enum { DOCTOR_FINDINGS_MAX = 100 };

enum { DOCTOR_CHECK, DOCTOR_SEVERITY, DOCTOR_SESSION, DOCTOR_FINDING, DOCTOR_REMEDY };

typedef struct doctor_finding {
  const char *check;
  const char *severity;
  const char *remedy;
  char *session_id; /* or NULL */
  char *text;
} doctor_finding;

typedef struct doctor_findings {
  int n;
  int capacity;
  doctor_finding *rows;
} doctor_findings;

static void doctor_free(doctor_findings *found) {
  for (int i = 0; i < found->n; i++) {
    sqlite3_free(found->rows[i].session_id);
    sqlite3_free(found->rows[i].text);
  }
  sqlite3_free(found->rows);
  sqlite3_free(found);
}

/* Adds a finding; takes SESSION_ID, which may be NULL, and TEXT over. A NULL TEXT is an allocation that
** failed. Returns SQLITE_OK or SQLITE_NOMEM. */
static int doctor_add(doctor_findings *found, const char *check, const char *severity,
                      const char *remedy, char *session_id, char *text) {
  if (text != NULL && found->n == found->capacity) {
    const int capacity = found->capacity == 0 ? 16 : 2 * found->capacity;
    doctor_finding *rows =
        sqlite3_realloc64(found->rows, (sqlite3_uint64)capacity * sizeof *found->rows);
    if (rows != NULL) {
      found->rows = rows;
      found->capacity = capacity;
    }
  }
  if (text == NULL || found->n == found->capacity) {
    sqlite3_free(session_id);
    sqlite3_free(text);
    return SQLITE_NOMEM;
  }
  found->rows[found->n++] = (doctor_finding){check, severity, remedy, session_id, text};
  return SQLITE_OK;
}

/* Runs one check. */
static int doctor_run(sqlite3 *db, const tn_check *check, doctor_findings *found) {
  sqlite3_stmt *stmt = NULL;
  int rc = sqlite3_prepare_v2(db, check->sql, -1, &stmt, NULL);
  for (int i = 0; rc == SQLITE_OK && i < DOCTOR_FINDINGS_MAX; i++) {
    const int step = sqlite3_step(stmt);
    if (step != SQLITE_ROW) {
      rc = step == SQLITE_DONE ? SQLITE_OK : step;
      break;
    }
    const char *session = (const char *)sqlite3_column_text(stmt, 0);
    char *session_id = session == NULL ? NULL : sqlite3_mprintf("%s", session);
    if (session != NULL && session_id == NULL) {
      rc = SQLITE_NOMEM;
    } else {
      rc = doctor_add(found, check->name, check->severity, check->remedy, session_id,
                      sqlite3_mprintf("%s", sqlite3_column_text(stmt, 1)));
    }
  }
  (void)sqlite3_finalize(stmt); /* repeats an error that is known */
  if (rc != SQLITE_ERROR) return rc;
  return doctor_add(found, check->name, "error", "run tenure_install(); it mends the schema", NULL,
                    sqlite3_mprintf("this check cannot be run: %s", sqlite3_errmsg(db)));
}

/* What helps with an object of the schema that is not as it should be. Installing leaves a table or an index
** that differs alone: it holds data. */
static const char *doctor_mend(const char *kind, const char *state) {
  if (strcmp(kind, "table") == 0) {
    return strcmp(state, "altered") == 0
               ? "restore the database from a backup; no table is made anew over its data"
               : "restore the database from a backup; tenure_install() makes the table anew, but empty";
  }
  if (strcmp(kind, "index") == 0 && strcmp(state, "altered") == 0) {
    return "drop the index and run tenure_install(), which makes it anew";
  }
  return "run tenure_install(); it mends the schema";
}

/* What is installed against what this extension would install. Only with all of it in place the other
** checks can be believed; *IS_SOUND says so. */
static int doctor_check_schema(tn_connection *conn, doctor_findings *found, int *is_sound) {
  sqlite3_int64 version = 0;
  *is_sound = 0;
  int rc = tn_install_version(conn->db, &version);
  if (rc != SQLITE_OK) return rc;
  if (version > TN_SCHEMA_VERSION) {
    return doctor_add(found, "schema.version", "error", "load a newer extension", NULL,
                      sqlite3_mprintf("the schema is of version %lld, this extension knows %d",
                                      version, TN_SCHEMA_VERSION));
  }
  if (version < TN_SCHEMA_VERSION) {
    return doctor_add(found, "schema.version", "error", "run tenure_install()", NULL,
                      sqlite3_mprintf("the schema is of version %lld, this extension needs %d",
                                      version, TN_SCHEMA_VERSION));
  }
  *is_sound = 1;
  tn_standing *standings = NULL;
  rc = tn_survey(conn->db, &standings);
  for (int i = 0; i < tn_schema_count && rc == SQLITE_OK; i++) {
    if (standings[i] == TN_STANDS_SAME) continue;
    const char *state = standings[i] == TN_STANDS_MISSING ? "missing" : "altered";
    *is_sound = 0;
    rc = doctor_add(found, "schema.objects", "error", doctor_mend(tn_schema[i].kind, state), NULL,
                    sqlite3_mprintf("%s %s is %s", tn_schema[i].kind, tn_schema[i].name, state));
  }
  sqlite3_free(standings);
  return rc;
}

static int doctor_add_warning(doctor_findings *found, const char *check, const char *remedy,
                              char *text) {
  return doctor_add(found, check, "warning", remedy, NULL, text);
}

/* The text that a PRAGMA of the database with Tenure's tables answers; NULL in *OUT if there is none. */
static int doctor_pragma(tn_connection *conn, const char *pragma, char **out) {
  *out = NULL;
  char *sql = sqlite3_mprintf("PRAGMA \"%w\".%s", tn_connection_schema(conn), pragma);
  if (sql == NULL) return SQLITE_NOMEM;
  const int rc = tn_statement_find(conn->db, sql, NULL, NULL, out);
  sqlite3_free(sql);
  return rc;
}

int tn_doctor_has_wal_defect(int version) {
  return version >= 3007000 && version <= 3051002 && version != 3044006 && version != 3050007;
}

/* What SQLite, the file system and the machine promise here. */
static int doctor_check_place(tn_connection *conn, doctor_findings *found) {
  const char *path = tn_connection_path(conn);
  const char *network = tn_place_network(path);
  char *mode = NULL;
  int rc = doctor_pragma(conn, "journal_mode", &mode);
  const int is_wal = mode != NULL && sqlite3_stricmp(mode, "wal") == 0;
  if (rc == SQLITE_OK && path != NULL && !is_wal) {
    rc = doctor_add_warning(
        found, "database.journal_mode", "PRAGMA journal_mode=WAL",
        sqlite3_mprintf("journal_mode is %s: readers and writers block each other, "
                        "and a commit is safe only with synchronous=EXTRA",
                        mode));
  }
  if (rc == SQLITE_OK && network != NULL) {
    char *text = sqlite3_mprintf("the database is on %s, where locks cannot be relied on", network);
    rc = doctor_add_warning(found, "database.network", "move the database to a local file system",
                            text);
  }
  if (rc == SQLITE_OK && is_wal && tn_doctor_has_wal_defect(sqlite3_libversion_number())) {
    rc = doctor_add_warning(found, "sqlite.version", "use SQLite 3.51.3 or later, 3.50.7 or 3.44.6",
                            sqlite3_mprintf("SQLite %s can lose a commit when it resets the WAL",
                                            sqlite3_libversion()));
  }
  sqlite3_free(mode);
  return rc;
}

static void doctor_release(tn_scan *scan) {
  doctor_free(scan->data);
}

static int doctor_prepare(sqlite3 *db, void *context, sqlite3_value **arguments, tn_scan *scan,
                          char **error) {
  tn_connection *conn = context;
  int is_sound = 0;
  (void)arguments;
  doctor_findings *found = sqlite3_malloc64(sizeof *found);
  if (found == NULL) return SQLITE_NOMEM;
  memset(found, 0, sizeof *found);
  scan->data = found;
  int rc = doctor_check_schema(conn, found, &is_sound);
  for (int i = 0; i < tn_check_count && rc == SQLITE_OK && is_sound; i++) {
    rc = doctor_run(db, &tn_checks[i], found);
  }
  if (rc == SQLITE_OK) rc = doctor_check_place(conn, found);
  if (rc != SQLITE_OK && rc != SQLITE_NOMEM) *error = sqlite3_mprintf("%s", sqlite3_errmsg(db));
  scan->n_row = found->n;
  return rc;
}

static int doctor_column(const tn_scan *scan, int row, int column, sqlite3_context *ctx) {
  const doctor_finding *finding = &((const doctor_findings *)scan->data)->rows[row];
  const char *text = finding->remedy;
  switch (column) {
  case DOCTOR_CHECK: text = finding->check; break;
  case DOCTOR_SEVERITY: text = finding->severity; break;
  case DOCTOR_SESSION: text = finding->session_id; break;
  case DOCTOR_FINDING: text = finding->text; break;
  default: break;
  }
  sqlite3_result_text(ctx, text, -1, SQLITE_TRANSIENT);
  return SQLITE_OK;
}

int tn_doctor_register(tn_registry *registry) {
  static const tn_table table = {
      "tenure_doctor",
      "CREATE TABLE x(check_name, severity, session_id, finding, remedy)",
      -1,
      0,
      doctor_prepare,
      doctor_column,
      doctor_release,
  };
  return tn_registry_table(registry, &table);
}
