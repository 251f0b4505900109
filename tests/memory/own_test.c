/*
** own_test.c - each call of Tenure's own that may need memory finds none.
**
** Among the thousands of allocations of a statement those of Tenure itself are few, and a sample (sweep.c) misses
** most of them. Here they are found by their caller: the functions of SQLite that allocate are forged, and a
** call that comes from Tenure while a statement runs has its first allocation fail, alone or with all that follow
** until the statement is over, or finds the connection interrupted: the first and the last call from each place in
** the code. What must then hold is told in bed.h.
**
**   own_test [SEED [STRIDE]]    STRIDE 5, the default, leaves out four fifths, by chance
*/
#define _GNU_SOURCE /* RTLD_NEXT */
#include "bed.h"
#include "cases.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <time.h>

/* The program, which Tenure is linked into; SQLite is a library of its own. */
extern const char __executable_start, etext; /* NOLINT: names of the linker */

enum { OWN_CALLS_MAX = 16384 };

static struct {
  int is_counted; /* whether calls are counted */
  int depth;      /* of forged calls; the test's own is the outermost and does not count */
  int calls;      /* of Tenure in this statement */
  int due;        /* the one that is to fail, or 0 */
  const char *callers[OWN_CALLS_MAX]; /* where each call came from, counted from 1 */
} own;

/* Begins a call. Returns 1 if it is Tenure's own and is to fail, 0 if it is not, -1 if it is SQLite's. */
static int own_enter(const char *caller) {
  if (caller < &__executable_start || caller >= &etext) return -1;
  if (own.depth++ == 0 || !own.is_counted) return 0;
  if (++own.calls >= OWN_CALLS_MAX) die(NULL, "too many calls");
  own.callers[own.calls] = caller;
  if (own.calls != own.due) return 0;
  if (fault.kind == FAULT_INTERRUPT) {
    sqlite3_interrupt(fault.db);
  } else {
    fault.left = 1;
  }
  return 1;
}

static void own_leave(int entered) {
  if (entered >= 0) own.depth--;
  if (entered == 1 && fault.kind == FAULT_ONCE) disarm();
}

/* The function of SQLite that a function of this file stands before. */
#define REAL(type, name, parameters)                                                               \
  static type(*real) parameters;                                                                   \
  if (real == NULL) real = (type(*) parameters)dlsym(RTLD_NEXT, #name);                            \
  if (real == NULL) die(NULL, #name);                                                              \
  const int entered = own_enter(__builtin_return_address(0))

#define FORGE(type, name, parameters, arguments)                                                   \
  type name parameters {                                                                           \
    REAL(type, name, parameters);                                                                  \
    type result = real arguments;                                                                  \
    own_leave(entered);                                                                            \
    return result;                                                                                 \
  }

#define FORGE_VOID(name, parameters, arguments)                                                    \
  void name parameters {                                                                           \
    REAL(void, name, parameters);                                                                  \
    real arguments;                                                                                \
    own_leave(entered);                                                                            \
  }

typedef const unsigned char *own_text;
typedef void (*own_free)(void *);
typedef int (*own_row)(void *, int, char **, char **);

FORGE(void *, sqlite3_malloc64, (sqlite3_uint64 n), (n))
FORGE(void *, sqlite3_realloc64, (void *p, sqlite3_uint64 n), (p, n))
FORGE(char *, sqlite3_vmprintf, (const char *format, va_list list), (format, list))
FORGE(own_text, sqlite3_value_text, (sqlite3_value * value), (value))
FORGE(own_text, sqlite3_column_text, (sqlite3_stmt * stmt, int column), (stmt, column))
FORGE(sqlite3_value *, sqlite3_value_dup, (const sqlite3_value *value), (value))
FORGE(sqlite3_str *, sqlite3_str_new, (sqlite3 * db), (db))
FORGE(char *, sqlite3_str_finish, (sqlite3_str * str), (str))
FORGE_VOID(sqlite3_str_append, (sqlite3_str * str, const char *z, int n), (str, z, n))
FORGE_VOID(sqlite3_str_appendall, (sqlite3_str * str, const char *z), (str, z))
FORGE(int, sqlite3_step, (sqlite3_stmt * stmt), (stmt))
FORGE(int, sqlite3_prepare_v2,
      (sqlite3 * db, const char *sql, int n, sqlite3_stmt **stmt, const char **tail),
      (db, sql, n, stmt, tail))
FORGE(int, sqlite3_exec, (sqlite3 * db, const char *sql, own_row row, void *data, char **error),
      (db, sql, row, data, error))
FORGE(int, sqlite3_declare_vtab, (sqlite3 * db, const char *sql), (db, sql))
FORGE(int, sqlite3_bind_text,
      (sqlite3_stmt * stmt, int place, const char *z, int n, own_free destroy),
      (stmt, place, z, n, destroy))
FORGE_VOID(sqlite3_set_auxdata, (sqlite3_context * ctx, int n, void *data, own_free destroy),
           (ctx, n, data, destroy))
FORGE_VOID(sqlite3_result_text, (sqlite3_context * ctx, const char *z, int n, own_free destroy),
           (ctx, z, n, destroy))

char *sqlite3_mprintf(const char *format, ...) {
  va_list list;
  REAL(char *, sqlite3_vmprintf, (const char *, va_list));
  va_start(list, format);
  char *result = real(format, list);
  va_end(list);
  own_leave(entered);
  return result;
}

void sqlite3_str_appendf(sqlite3_str *str, const char *format, ...) {
  va_list list;
  REAL(void, sqlite3_str_vappendf, (sqlite3_str *, const char *, va_list));
  va_start(list, format);
  real(str, format, list);
  va_end(list);
  own_leave(entered);
}

/* The calls to fail of those that were made last: where in a run without a failure they came. */
typedef struct own_plan {
  int n;
  int due[OWN_CALLS_MAX];
} own_plan;

/* Whether call N is the first or the last one from its place in the code. */
static int own_is_edge(int n) {
  int before = n - 1;
  int after = n + 1;
  while (before > 0 && own.callers[before] != own.callers[n]) before--;
  while (after <= own.calls && own.callers[after] != own.callers[n]) after++;
  return before == 0 || after > own.calls;
}

static void own_choose(own_plan *plan) {
  plan->n = 0;
  for (int n = 1; n <= own.calls; n++) {
    if (own_is_edge(n)) plan->due[plan->n++] = n;
  }
}

/* Has call N fail of those that the steps of STMT make, and the compilation of SQL where STMT is NULL. */
static void own_run(sqlite3 *db, const char *sql, sqlite3_stmt *stmt, int n, fault_kind kind,
                    outcome *got) {
  sqlite3_stmt *compiled = NULL;
  arm(0, kind, db);
  own.calls = 0;
  own.due = n;
  own.is_counted = 1;
  got->text[0] = '\0';
  got->rc = stmt != NULL ? SQLITE_OK : sqlite3_prepare_v2(db, sql, -1, &compiled, NULL);
  if (got->rc == SQLITE_OK) outcome_of(db, stmt != NULL ? stmt : compiled, got);
  own.is_counted = 0;
  disarm();
  (void)sqlite3_reset(stmt); /* repeats the error, as the next does */
  (void)sqlite3_finalize(compiled);
}

static void own_step(bed *b, const char *sql, int is_compiled, int n, fault_kind kind) {
  outcome got;
  bed_save(b);
  own_run(b->db, sql, is_compiled ? NULL : b->stmt, n, kind, &got);
  judge(b, n, &got);
  bed_undo(b);
}

static void own_sweep(const sweep_case *of, int is_compiled, fault_kind kinds) {
  static own_plan plan;
  bed b;
  bed_open(&b, of->before);
  if (!bed_lay(&b, of->name, of->sql)) die(b.db, of->sql);
  if (b.is_bare && b.want.rc != SQLITE_DONE) die(b.db, "a wait is refused");
  own_step(&b, of->sql, is_compiled, 0, FAULT_ONCE);
  const int calls = own.calls;
  own_choose(&plan);
  for (int i = 0; i < plan.n; i++) {
    for (fault_kind kind = 0; kind < kinds; kind++)
      own_step(&b, of->sql, is_compiled, plan.due[i], kind);
  }
  ok(bed_close(&b), "%s, %s: %d of %d calls", of->name, image_encoding, plan.n, calls);
}

/* --- on a connection of its own: what changes the schema, and what a connection does once */

/* A connection with what BEFORE makes. */
static sqlite3 *open_after(const char *before) {
  sqlite3 *db = open_tenure();
  run(db, before);
  return db;
}

/* What a change comes to where nothing fails. */
typedef struct own_wish {
  int rc;
  sqlite3_int64 objects[2]; /* before, and after */
} own_wish;

/* Runs SQL with call N failing, and without a failure where that is 0. Returns 1 if it was done or it was not, with
** nothing between and no transaction left open. */
static int own_change(const char *before, const char *sql, int is_compiled, int n, fault_kind kind,
                      own_wish *want) {
  outcome got;
  sqlite3 *db = open_after(before);
  sqlite3_stmt *count = prepare(db, "SELECT count(*) FROM sqlite_schema");
  sqlite3_stmt *stmt = is_compiled ? NULL : prepare(db, sql);
  want->objects[0] = fingerprint(count);
  own_run(db, sql, stmt, n, kind, &got);
  const int is_done = got.rc == SQLITE_DONE;
  if (n == 0) {
    want->rc = got.rc;
    want->objects[1] = fingerprint(count);
  }
  int is_right = (got.rc == want->rc || outcome_is_stopped(&got)) && sqlite3_get_autocommit(db) &&
                 fingerprint(count) == want->objects[is_done];
  if (!is_right) {
    printf("# %s, call %d%s: %d %s, %s\n", sql, n, fault_names[kind], got.rc, got.text,
           sqlite3_get_autocommit(db) ? "" : "a transaction is left open");
  }
  (void)sqlite3_finalize(stmt); /* the test has seen its error */
  (void)sqlite3_finalize(count);
  if (sqlite3_close(db) != SQLITE_OK) die(db, "close");
  return is_right && sqlite3_memory_used() == 0;
}

/* What an upgrade from version 3 of the schema has to look for: the counters in a table tenure_scope. */
#define VERSION_3                                                                                  \
  "DROP VIEW tenure_scope; DROP TABLE tenure_counter; CREATE TABLE tenure_scope(scope, revision);" \
  "DROP TRIGGER tenure_meta_update_guard; UPDATE tenure_meta SET value = '3';"

/* CODE is what SQL comes to where nothing fails; IS_CHANGE, whether it changes the schema then. */
static void own_sweep_change(const char *before, const char *sql, int is_compiled, int code,
                             int is_change) {
  static own_plan plan;
  own_wish want;
  int wrong = !own_change(before, sql, is_compiled, 0, FAULT_ONCE, &want);
  const int calls = own.calls;
  int tried = 0;
  own_choose(&plan);
  for (int i = 0; i < plan.n; i++) {
    for (fault_kind kind = 0; kind < FAULT_KINDS; kind++) {
      if (pick(stride) > 1) continue; /* each takes a connection of its own */
      tried++;
      wrong += !own_change(before, sql, is_compiled, plan.due[i], kind, &want);
    }
  }
  ok(wrong == 0 && want.rc == code && (want.objects[0] != want.objects[1]) == is_change,
     "%s, on a connection of its own: %d failures in %d of %d calls", sql, tried, plan.n, calls);
}

/* Interrupts the BEGIN of a change when it has opened the transaction. */
static int interrupt_begin(void *db) {
  sqlite3_stmt *stmt = NULL;
  while ((stmt = sqlite3_next_stmt(db, stmt)) != NULL) {
    const char *sql = sqlite3_sql(stmt); /* SQLite's own has none */
    if (sql != NULL && strcmp(sql, "BEGIN IMMEDIATE") == 0) {
      return !sqlite3_get_autocommit(db);
    }
  }
  return 0;
}

/* A statement that has done its work and reports an interrupt all the same. */
static void test_late_interrupt(void) {
  sqlite3 *db = open_after("CREATE TABLE tasks(id)");
  sqlite3_progress_handler(db, 1, interrupt_begin, db);
  is_int(sqlite3_exec(db, "SELECT tenure_guard('tasks', 'a')", NULL, NULL, NULL), SQLITE_INTERRUPT,
         "a transaction that is interrupted as it opens");
  ok(sqlite3_get_autocommit(db), "is not left open");
  sqlite3_progress_handler(db, 0, NULL, NULL);
  is_int(sqlite3_exec(db, "SELECT tenure_guard('tasks', 'a')", NULL, NULL, NULL), SQLITE_OK,
         "and the next one opens");
  is_int(sqlite3_close(db), SQLITE_OK, "closed");
}

int main(int argc, char **argv) {
  pick_state = argc > 1 ? strtoull(argv[1], NULL, 10) : (uint64_t)time(NULL);
  stride = argc > 2 ? strtoll(argv[2], NULL, 10) : 5;
  printf("# seed %llu, stride %lld\n", (unsigned long long)pick_state, stride);
  install_fault();
  if (sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0) != SQLITE_OK) die(NULL, "lookaside");
  for (int i = 0; i < CASE_COUNT; i++)
    if (pick(stride) == 1) own_sweep(&cases[i], 0, FAULT_KINDS);
  own_sweep_change("CREATE TABLE tasks(id)", "SELECT tenure_guard('tasks', 'a')", 0, SQLITE_DONE,
                   1);
  own_sweep_change("CREATE TABLE tasks(id); PRAGMA query_only = ON",
                   "SELECT tenure_guard('tasks', 'a')", 0, SQLITE_READONLY, 0);
  own_sweep_change("CREATE TABLE tasks(id); SELECT tenure_guard('tasks', 'a')",
                   "SELECT tenure_unguard('tasks')", 0, SQLITE_DONE, 1);
  own_sweep_change("DROP TRIGGER tenure_event_update_guard", "SELECT tenure_install()", 0,
                   SQLITE_DONE, 1);
  own_sweep_change(VERSION_3, "SELECT tenure_install()", 0, SQLITE_DONE, 1);
  own_sweep_change("CREATE TABLE tasks(id); SELECT tenure_guard('tasks', 'a')",
                   "SELECT tenure_uninstall()", 0, SQLITE_DONE, 1);
  own_sweep_change("", "SELECT * FROM session_status_policy", 1, SQLITE_DONE, 0);
  own_sweep_change("", "SELECT * FROM session_granted('s', '[]')", 1, SQLITE_DONE, 0);
  test_late_interrupt();
  image_encode("UTF-16"); /* reading a text as UTF-8 takes an allocation there */
  for (int i = 0; i < CASE_COUNT; i++)
    if (pick(stride) == 1) own_sweep(&cases[i], 1, FAULT_ONCE + 1);
  image_free();
  return done_testing();
}
