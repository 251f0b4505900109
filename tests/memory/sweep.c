/*
** sweep.c - every allocation fails once.
**
**   sweep [SEED [STRIDE]]    STRIDE 5 leaves out four allocations of five, by chance
**
** SQLite's allocator is wrapped, so that the nth allocation fails, alone or with all that follow, or an
** interrupt comes with it. For each case n grows from 1 until the case completes undisturbed; what must then
** hold is told in bed.h. Of compiling a statement and of changing the schema, which make thousands of
** allocations, nearly all of them in SQLite's parser, samples are drawn with SEED. Prints TAP.
*/
#include "bed.h"
#include "cases.h"

#include <time.h>

enum { SAMPLES = 40, MANY = 1000000000 };

static void sweep_steps(const sweep_case *of) {
  bed b;
  bed_open(&b, of->before);
  if (!bed_lay(&b, of->name, of->sql)) die(b.db, of->sql);
  const int tried = bed_sweep(&b);
  ok(bed_close(&b), "%s: %d failures of an allocation or interrupts", of->name, tried);
}

/* Compiles and steps SQL with allocation N failing. Gives the outcome; returns how many allocations there were,
** up to N. */
static long long compile_once(sqlite3 *db, const char *sql, long long n, fault_kind kind,
                              outcome *got) {
  sqlite3_stmt *stmt = NULL;
  arm(n, kind, db);
  got->rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
  got->text[0] = '\0';
  if (got->rc == SQLITE_OK) outcome_of(db, stmt, got);
  const long long count = n - fault.left;
  disarm();
  (void)sqlite3_finalize(stmt); /* repeats the error of the last step */
  return count;
}

static void sweep_compilation(const sweep_case *of) {
  bed b;
  outcome got;
  bed_open(&b, of->before);
  if (!bed_lay(&b, of->name, of->sql)) die(b.db, of->sql);
  bed_save(&b);
  const long long total = compile_once(b.db, of->sql, MANY, FAULT_ONCE, &got);
  bed_undo(&b);
  for (int i = 0; i < SAMPLES / stride; i++) {
    const long long n = pick(total);
    bed_save(&b);
    (void)compile_once(b.db, of->sql, n, (fault_kind)(i % FAULT_KINDS), &got);
    judge(&b, n, &got);
    bed_undo(&b);
  }
  ok(bed_close(&b), "%s: %d of %lld allocations of compiling and stepping it", of->name,
     (int)(SAMPLES / stride), total);
}

/* The entry point, at every allocation. */
static void sweep_loading(void) {
  long long n = 0;
  int wrong = 0;
  for (fault_kind kind = FAULT_ONCE; kind <= FAULT_FOR_GOOD; kind++) {
    n = 0;
    do {
      sqlite3 *db = NULL;
      char *message = NULL;
      if (sqlite3_open(":memory:", &db) != SQLITE_OK) die(db, "open");
      arm(++n, kind, db);
      const int rc = sqlite3_tenure_init(db, &message, NULL);
      disarm();
      sqlite3_free(message);
      wrong += rc != SQLITE_OK && rc != SQLITE_NOMEM;
      wrong += rc == SQLITE_OK &&
               sqlite3_exec(db, "SELECT tenure_version(), session_now()", NULL, NULL, NULL);
      wrong += sqlite3_close(db) != SQLITE_OK;
      wrong += sqlite3_memory_used() != 0;
    } while (fault.failed > 0);
  }
  ok(wrong == 0, "loading: %lld allocations failed, once and for good", n - 1);
}

/* Loading once more on a connection that is in use. Where that fails, the connection may have lost functions,
** so that statements fail by name; loading it yet again makes it whole. */
static void sweep_reloading(void) {
  long long n = 0;
  int wrong = 0;
  do {
    sqlite3 *db = open_tenure();
    run(db, ANN "SELECT tenure_hold(session_id, fence) FROM tenure_session");
    arm(++n, FAULT_ONCE, db);
    const int rc = sqlite3_tenure_init(db, NULL, NULL);
    disarm();
    wrong += rc != SQLITE_OK && rc != SQLITE_NOMEM;
    wrong += rc != SQLITE_OK && sqlite3_tenure_init(db, NULL, NULL) != SQLITE_OK;
    wrong += sqlite3_exec(db, "SELECT session_now(), session_report(), count(*) FROM tenure_holder",
                          NULL, NULL, NULL) != SQLITE_OK;
    wrong += sqlite3_close(db) != SQLITE_OK;
    wrong += sqlite3_memory_used() != 0;
    n += n > 40 ? pick(12)
                : pick(2 * stride - 1) - 1; /* a connection each: the later ones are sampled */
  } while (fault.failed > 0);
  ok(wrong == 0, "loading again: up to allocation %lld", n);
}

/* What changes the schema, in a transaction of its own and on a connection of its own each time: it is done or it
** is not, and no transaction is left open. BEFORE makes the situation, which is Tenure's tables where it is NULL. */
static void sweep_schema(const char *before, const char *sql) {
  int wrong = 0;
  long long total = MANY;
  long long samples = 0;
  sqlite3_int64 objects[2] = {0, 0}; /* before and after */
  for (long long i = -1; i < samples; i++) {
    outcome got;
    sqlite3 *db = before == NULL ? open_empty() : open_tenure();
    if (before != NULL) run(db, before);
    sqlite3_stmt *count = prepare(db, "SELECT count(*) FROM sqlite_schema");
    objects[0] = fingerprint(count);
    const long long n = i < 0 ? MANY : pick(total);
    const long long made = compile_once(db, sql, n, (fault_kind)((i + 1) % FAULT_KINDS), &got);
    if (i < 0) {
      total = made;
      samples = (SAMPLES + made / 1000) / stride;
    }
    const int is_done = got.rc == SQLITE_DONE;
    if (i < 0) objects[1] = fingerprint(count);
    if ((!is_done && !outcome_is_stopped(&got)) || !sqlite3_get_autocommit(db) ||
        fingerprint(count) != objects[is_done]) {
      wrong++;
      printf("# %s, allocation %lld%s: %d %s, %lld objects, %s\n", sql, n, fault_names[fault.kind],
             got.rc, got.text, (long long)fingerprint(count),
             sqlite3_get_autocommit(db) ? "" : "a transaction is left open");
      if (!sqlite3_get_autocommit(db)) run(db, "ROLLBACK");
    }
    (void)sqlite3_finalize(count);
    run(db, "SELECT tenure_install()"); /* the connection works on */
    wrong += sqlite3_close(db) != SQLITE_OK;
    wrong += sqlite3_memory_used() != 0;
  }
  ok(wrong == 0, "%s: %lld of %lld allocations", sql, samples, total);
}

int main(int argc, char **argv) {
  pick_state = argc > 1 ? strtoull(argv[1], NULL, 10) : (uint64_t)time(NULL);
  if (argc > 2) stride = strtoll(argv[2], NULL, 10);
  printf("# seed %llu, stride %lld\n", (unsigned long long)pick_state, stride);
  install_fault();
  sweep_loading();
  sweep_reloading();
  for (int i = 0; i < CASE_COUNT; i++) sweep_steps(&cases[i]);
  for (int i = 0; i < CASE_COUNT; i++) sweep_compilation(&cases[i]);
  sweep_schema(NULL, "SELECT tenure_install()");
  sweep_schema("", "SELECT tenure_uninstall()");
  sweep_schema("DROP TRIGGER tenure_event_update_guard", "SELECT tenure_install()");
  sweep_schema("CREATE TABLE tasks(id)", "SELECT tenure_guard('tasks', 'a')");
  sweep_schema("CREATE TABLE tasks(id); SELECT tenure_guard('tasks', 'a')",
               "SELECT tenure_unguard('tasks')");
  image_free();
  return done_testing();
}
