/*
** functions.c - fuzz target: every function with arbitrary arguments. A call gives a value or is refused in
** Tenure's own words; what display_safe() shows is always harmless.
*/
#include "fuzz.h"

enum { FUNCTIONS_MAX = 200, ARGUMENTS_MAX = 10 };

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

static void functions_list(void) {
  sqlite3_stmt *stmt = NULL;
  functions.db = fuzz_open();
  if (sqlite3_prepare_v2(functions.db, functions_sql, -1, &stmt, NULL) != SQLITE_OK) {
    fuzz_fail(functions.db, "list");
  }
  while (sqlite3_step(stmt) == SQLITE_ROW && functions.n < FUNCTIONS_MAX) {
    (void)snprintf(functions.list[functions.n].name, sizeof functions.list[0].name, "%s",
                   (const char *)sqlite3_column_text(stmt, 0));
    functions.list[functions.n++].n_arg = sqlite3_column_int(stmt, 1);
  }
  if (sqlite3_finalize(stmt) != SQLITE_OK || functions.n < 60)
    fuzz_fail(functions.db, "too few functions");
}

/* The statement that calls function F with N arguments. */
static sqlite3_stmt *functions_call(int f, int n) {
  sqlite3_stmt **stmt = &functions.list[f].stmts[n];
  if (*stmt != NULL) return *stmt;
  char *sql = sqlite3_mprintf("SELECT %s(%.*s)", functions.list[f].name, n == 0 ? 0 : 2 * n - 1,
                              "?,?,?,?,?,?,?,?,?,?,");
  if (sql == NULL || sqlite3_prepare_v2(functions.db, sql, -1, stmt, NULL) != SQLITE_OK) {
    fuzz_fail(functions.db, functions.list[f].name);
  }
  sqlite3_free(sql);
  return *stmt;
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
  if (n > ARGUMENTS_MAX) return -1;
  if (n < 0) n = (int)(fuzz_byte(&in) % (ARGUMENTS_MAX + 1));
  sqlite3_stmt *stmt = functions_call(f, n);
  for (int i = 1; i <= n; i++) fuzz_bind(stmt, i, &in);
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
