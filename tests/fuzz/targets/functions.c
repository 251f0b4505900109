/*
** functions.c - fuzz target: every function with arbitrary arguments. A call gives a value or is refused in
** Tenure's own words; what display_safe() shows is always harmless. The database is a file, on the clock of the
** machine, so that there is evidence of leases.
*/
#define _POSIX_C_SOURCE 200809L /* mkstemp */
#include "fuzz.h"

#include <unistd.h>

enum { FUNCTIONS_MAX = 200, ARGUMENTS_MAX = 12 };

static struct {
  sqlite3 *db;
  int n;
  struct {
    char name[64];
    int n_arg;
    sqlite3_stmt *stmts[ARGUMENTS_MAX + 1]; /* by the number of arguments */
  } list[FUNCTIONS_MAX];
} functions;

/* Left out: what changes the schema or sets the connection aside, what blocks, what opens a verb that then
** stays open with the statement. */
static const char functions_sql[] =
    "SELECT DISTINCT name, narg FROM pragma_function_list WHERE NOT builtin AND name NOT IN "
    "('tenure_install', 'tenure_uninstall', 'tenure_guard', 'tenure_unguard', 'tenure_clock', "
    "'tenure_verb', 'tenure_effect', 'session_wait') AND (name GLOB 'tenure_*' OR name GLOB 'session_*' "
    "OR name GLOB 'lease_*' OR name GLOB 'turn_*' OR name GLOB 'process_*' OR name GLOB 'host_*' "
    "OR name = 'display_safe') ORDER BY name, narg";

/* The file is gone once its identity has been read, which a connection does once. */
static sqlite3 *functions_open(void) {
  char path[] = "/tmp/tenure-fuzz-XXXXXX";
  sqlite3 *db = NULL;
  const int fd = mkstemp(path);
  if (fd < 0 || close(fd) != 0) fuzz_fail(NULL, "mkstemp");
  if (sqlite3_open(path, &db) != SQLITE_OK) fuzz_fail(db, "open");
  if (sqlite3_tenure_init(db, NULL, NULL) != SQLITE_OK) fuzz_fail(db, "init");
  fuzz_must(db, "PRAGMA journal_mode = MEMORY; SELECT tenure_install()");
  fuzz_must(db, "SELECT lease_grant('file', 60)");
  if (unlink(path) != 0) fuzz_fail(NULL, "unlink");
  return db;
}

static void functions_list(void) {
  sqlite3_stmt *stmt = NULL;
  functions.db = functions_open();
  if (sqlite3_prepare_v2(functions.db, functions_sql, -1, &stmt, NULL) != SQLITE_OK) {
    fuzz_fail(functions.db, "list");
  }
  while (sqlite3_step(stmt) == SQLITE_ROW && functions.n < FUNCTIONS_MAX) {
    (void)snprintf(functions.list[functions.n].name, sizeof functions.list[0].name, "%s",
                   (const char *)sqlite3_column_text(stmt, 0));
    functions.list[functions.n].n_arg = sqlite3_column_int(stmt, 1);
    if (functions.list[functions.n++].n_arg > ARGUMENTS_MAX) fuzz_fail(NULL, "too many arguments");
  }
  if (sqlite3_finalize(stmt) != SQLITE_OK || functions.n < 60)
    fuzz_fail(functions.db, "too few functions");
}

/* The statement that calls function F with N arguments. */
static sqlite3_stmt *functions_call(int f, int n) {
  sqlite3_stmt **stmt = &functions.list[f].stmts[n];
  if (*stmt != NULL) return *stmt;
  char *sql = sqlite3_mprintf("SELECT %s(%.*s)", functions.list[f].name, n == 0 ? 0 : 2 * n - 1,
                              "?,?,?,?,?,?,?,?,?,?,?,?,");
  if (sql == NULL || sqlite3_prepare_v2(functions.db, sql, -1, stmt, NULL) != SQLITE_OK) {
    fuzz_fail(functions.db, functions.list[f].name);
  }
  sqlite3_free(sql);
  return *stmt;
}

/* What a lease is granted has names of its own, which arbitrary text does not meet. */
static void functions_bind_part(sqlite3_stmt *stmt, const char *name, fuzz_input *in) {
  static const char *const parts[] = {"machine", "boot_id", "deadline", "file"};
  if (strcmp(name, "lease_grant") != 0) return;
  if (sqlite3_bind_text(stmt, 1, parts[fuzz_byte(in) % 4], -1, SQLITE_STATIC) != SQLITE_OK) {
    fuzz_fail(functions.db, "bind");
  }
}

static void functions_check_shown(sqlite3_stmt *stmt) {
  const unsigned char *shown = sqlite3_column_text(stmt, 0);
  for (; shown != NULL && *shown != '\0'; shown++) {
    if (*shown < 0x20 || *shown == 0x7f)
      fuzz_fail(functions.db, "display_safe shows a control character");
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = {data, size};
  if (functions.db == NULL) functions_list();
  const int f = (int)(fuzz_byte(&in) % (unsigned)functions.n);
  int n = functions.list[f].n_arg;
  if (n < 0) n = (int)(fuzz_byte(&in) % (ARGUMENTS_MAX + 1));
  sqlite3_stmt *stmt = functions_call(f, n);
  for (int i = 1; i <= n; i++) fuzz_bind(stmt, i, &in);
  functions_bind_part(stmt, functions.list[f].name, &in);
  const int rc = sqlite3_step(stmt);
  if (!fuzz_is_expected(rc)) fuzz_fail(functions.db, functions.list[f].name);
  if (rc != SQLITE_ROW && strncmp(sqlite3_errmsg(functions.db), "tenure: ", 8) != 0) {
    fuzz_fail(functions.db, "a refusal in words that are not ours");
  }
  if (rc == SQLITE_ROW && strcmp(functions.list[f].name, "display_safe") == 0)
    functions_check_shown(stmt);
  (void)sqlite3_reset(stmt); /* repeats the refusal */
  return 0;
}
