/*
** corpus.c - everything of Tenure once, for valgrind and the sanitizers to watch.
**
**   corpus CORPUS.SQL [STRIDE [SEED]]    STRIDE 3 tries every third of the odd values and of the scripts, for a slow
**                                        watcher; SEED says which scripts
**
** Runs the scripts, calls every function and every verb with odd values, reads every virtual table, and
** closes connections at awkward moments. It is a test too: every code of the catalogue must have been
** raised, every connection must close, and SQLite must hold no memory at the end. Prints TAP.
*/
#include "image.h"
#include "surface.h"

#include "../lib/script.h"

enum { CODE_MAX = 256 };

/* The codes that were raised so far. */
static char *raised[CODE_MAX];
static int n_raised;

static int stride = 1;
static int seed;

static void must(sqlite3 *db, int rc, const char *what) {
  if (rc != SQLITE_OK) die(db, what);
}

/* Notes the code of the connection's last error, if it is one of ours. */
static void note_refusal(sqlite3 *db) {
  const char *message = sqlite3_errmsg(db);
  if (strncmp(message, "tenure: ", 8) != 0) return;
  const size_t n = strcspn(message + 8, ":");
  for (int i = 0; i < n_raised; i++) {
    if (strlen(raised[i]) == n && memcmp(raised[i], message + 8, n) == 0) return;
  }
  if (n_raised == CODE_MAX) die(NULL, "too many codes");
  raised[n_raised] = malloc(n + 1);
  if (raised[n_raised] == NULL) die(NULL, "no memory");
  memcpy(raised[n_raised], message + 8, n);
  raised[n_raised++][n] = '\0';
}

/* Runs a statement to its end, whatever it says; looks at every value that it gives. */
static void exhaust(sqlite3 *db, sqlite3_stmt *stmt) {
  int rc;
  while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
    for (int i = 0; i < sqlite3_column_count(stmt); i++) {
      const unsigned char *text = sqlite3_column_text(stmt, i);
      if (text != NULL && strlen((const char *)text) > 1000000) die(db, "a value is too long");
    }
  }
  if (rc != SQLITE_DONE) note_refusal(db);
}

/* Runs every statement of SQL; errors are part of the plan. Gives how many ran. */
static int run_all(sqlite3 *db, const char *sql) {
  int count = 0;
  while (*sql != '\0') {
    sqlite3_stmt *stmt = NULL;
    const char *tail = sql;
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, &tail) != SQLITE_OK) {
      note_refusal(db);
      tail = strchr(sql, ';'); /* the tail of a statement that does not compile is not defined */
      tail = tail == NULL ? sql + strlen(sql) : tail + 1;
    } else if (stmt != NULL) {
      exhaust(db, stmt);
      count++;
    }
    (void)sqlite3_finalize(stmt); /* repeats the error of the last step */
    sql = tail;
  }
  return count;
}

/* How many errors tenure_doctor finds; says which. */
static int count_faults(sqlite3 *db, const char *where) {
  sqlite3_stmt *stmt = NULL;
  int faults = 0;
  must(db,
       sqlite3_prepare_v2(db,
                          "SELECT check_name, finding FROM tenure_doctor WHERE severity = 'error'",
                          -1, &stmt, NULL),
       "doctor");
  while (sqlite3_step(stmt) == SQLITE_ROW) {
    printf("# %.40s: %s: %s\n", where, sqlite3_column_text(stmt, 0), sqlite3_column_text(stmt, 1));
    faults++;
  }
  must(db, sqlite3_finalize(stmt), "doctor");
  return faults;
}

/* The sections after which a database need not be well. */
static int is_harmful(const char *section) {
  return strncmp(section, "a database that is not well", 27) == 0 ||
         strncmp(section, "install and uninstall", 21) == 0;
}

static void run_corpus(sqlite3 *db, const script *corpus) {
  int count = 0, faults = 0;
  for (int i = 0; i < corpus->count; i++) {
    const char *sql = corpus->parts[i].sql;
    if ((i + seed) % stride != 0) continue;
    must(db, sqlite3_exec(db, "SELECT tenure_clock(1000000000)", NULL, NULL, NULL), "clock");
    /* ATTACH and tenure_install() want to be outside of a transaction; they undo themselves. */
    const int undo = strstr(sql, "ATTACH") == NULL && strstr(sql, "FROM tenure_meta") == NULL;
    if (undo) must(db, sqlite3_exec(db, "SAVEPOINT section", NULL, NULL, NULL), "savepoint");
    count += run_all(db, sql);
    if (!is_harmful(corpus->parts[i].name)) faults += count_faults(db, corpus->parts[i].name);
    if (undo) {
      must(db, sqlite3_exec(db, "ROLLBACK TO section; RELEASE section", NULL, NULL, NULL), "undo");
    }
  }
  ok(count > 0 && (count > 200 || stride > 1), "the scripts ran, %d statements", count);
  is_int(faults, 0, "after each of them tenure_doctor finds nothing wrong");
}

static void test_catalogue(sqlite3 *db) {
  sqlite3_stmt *codes = NULL;
  int missing = 0;
  must(db, sqlite3_prepare_v2(db, "SELECT code FROM tenure_refusal_code", -1, &codes, NULL),
       "codes");
  while (sqlite3_step(codes) == SQLITE_ROW) {
    const char *code = (const char *)sqlite3_column_text(codes, 0);
    int found = strcmp(code, "usage.id_space") == 0; /* by wall_test.c */
    for (int i = 0; i < n_raised; i++) found = found || strcmp(raised[i], code) == 0;
    if (!found) printf("# never raised: %s\n", code);
    missing += !found;
  }
  must(db, sqlite3_finalize(codes), "codes");
  ok(missing == 0, "every code of the catalogue was raised, %d", n_raised);
}

/* --- odd values */

/* Whether the next odd value is to be tried. */
static int is_its_turn(void) {
  static int count;
  return count++ % stride == 0;
}

/* Each function of ours with each odd value in every place, and in each place alone. */
static void call_functions(sqlite3 *db) {
  sqlite3_stmt *list = NULL;
  int calls = 0;
  must(db, sqlite3_prepare_v2(db, surface_functions, -1, &list, NULL), "functions");
  while (sqlite3_step(list) == SQLITE_ROW) {
    const char *name = (const char *)sqlite3_column_text(list, 0);
    const int n = sqlite3_column_int(list, 1) < 0 ? 5 : sqlite3_column_int(list, 1);
    for (int only = -1; only < n; only++) {
      for (int k = 0; k < SURFACE_ODD; k++) {
        if (!is_its_turn()) continue;
        char *text = surface_call(db, name, n, k, only);
        calls += run_all(db, text);
        sqlite3_free(text);
      }
    }
  }
  must(db, sqlite3_finalize(list), "functions");
  (void)run_all(db, "SELECT tenure_clock(1000000000); SELECT tenure_hold(NULL)");
  ok(calls > 2000 / stride, "every function was called with odd values, %d times", calls);
}

static void bind_odd(sqlite3_stmt *stmt, int place, int k) {
  static sqlite3_stmt *values[SURFACE_ODD];
  sqlite3 *db = sqlite3_db_handle(stmt);
  if (k < 0) { /* the statements that make the values are given back */
    for (int i = 0; i < SURFACE_ODD; i++) {
      (void)sqlite3_finalize(values[i]);
      values[i] = NULL;
    }
    return;
  }
  if (values[k] == NULL) {
    char *text = sqlite3_mprintf("SELECT %s", surface_odd[k]);
    if (text == NULL) die(db, "no memory");
    must(db, sqlite3_prepare_v2(db, text, -1, &values[k], NULL), text);
    sqlite3_free(text);
  }
  if (sqlite3_step(values[k]) != SQLITE_ROW) die(db, "value");
  must(db, sqlite3_bind_value(stmt, place, sqlite3_column_value(values[k], 0)), "bind");
  must(db, sqlite3_reset(values[k]), "value");
}

/* INSERT INTO VIEW with all of its columns as parameters. */
static sqlite3_stmt *prepare_insert(sqlite3 *db, const char *view, int *n) {
  sqlite3_stmt *columns = NULL;
  sqlite3_stmt *insert = NULL;
  char *text = sqlite3_mprintf("SELECT name FROM pragma_table_info(%Q)", view);
  sqlite3_str *sql = sqlite3_str_new(db);
  if (text == NULL) die(db, "no memory");
  must(db, sqlite3_prepare_v2(db, text, -1, &columns, NULL), text);
  sqlite3_free(text);
  sqlite3_str_appendf(sql, "INSERT INTO %s (", view);
  for (*n = 0; sqlite3_step(columns) == SQLITE_ROW; ++*n) {
    sqlite3_str_appendf(sql, "%s%s", *n ? ", " : "", sqlite3_column_text(columns, 0));
  }
  must(db, sqlite3_finalize(columns), "columns");
  sqlite3_str_appendall(sql, ") VALUES (?");
  for (int i = 1; i < *n; i++) sqlite3_str_appendall(sql, ", ?");
  sqlite3_str_appendall(sql, ") RETURNING session_report()");
  text = sqlite3_str_finish(sql);
  if (text == NULL) die(db, "no memory");
  must(db, sqlite3_prepare_v2(db, text, -1, &insert, NULL), text);
  sqlite3_free(text);
  return insert;
}

/* Each view that takes an INSERT, the verbs' and their inner ones, with each odd value in each column. */
static void fill_views(sqlite3 *db) {
  sqlite3_stmt *views = NULL;
  int rows = 0;
  (void)run_all(
      db,
      "SAVEPOINT views; INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('a', 'a', 60)");
  must(db,
       sqlite3_prepare_v2(
           db,
           "SELECT DISTINCT tbl_name FROM sqlite_schema WHERE type = 'trigger' AND sql "
           "LIKE '%INSTEAD OF INSERT%'",
           -1, &views, NULL),
       "views");
  while (sqlite3_step(views) == SQLITE_ROW) {
    int n;
    sqlite3_stmt *insert = prepare_insert(db, (const char *)sqlite3_column_text(views, 0), &n);
    for (int place = 1; place <= n; place++) {
      for (int k = 0; k < SURFACE_ODD; k++) {
        if (!is_its_turn()) continue;
        rows++;
        must(db, sqlite3_clear_bindings(insert), "clear");
        bind_odd(insert, place, k);
        exhaust(db, insert);
        (void)sqlite3_reset(insert);
      }
    }
    (void)sqlite3_finalize(insert);
  }
  bind_odd(views, 0, -1);
  must(db, sqlite3_finalize(views), "views");
  is_int(count_faults(db, "views"), 0,
         "tenure_doctor finds nothing wrong after odd values in views");
  must(db, sqlite3_exec(db, "ROLLBACK TO views; RELEASE views", NULL, NULL, NULL), "undo");
  ok(rows > 2000 / stride, "every view took odd values, %d rows", rows);
}

static void read_tables(sqlite3 *db) {
  sqlite3_stmt *names = NULL;
  int count = 0;
  must(db, sqlite3_prepare_v2(db, surface_tables, -1, &names, NULL), "names");
  while (sqlite3_step(names) == SQLITE_ROW) {
    char *sql =
        sqlite3_mprintf("SELECT * FROM %s; SELECT rowid, count(*) FROM %s AS a JOIN %s AS b; "
                        "SELECT * FROM %s ORDER BY 1 DESC LIMIT 2",
                        sqlite3_column_text(names, 0), sqlite3_column_text(names, 0),
                        sqlite3_column_text(names, 0), sqlite3_column_text(names, 0));
    if (sql == NULL) die(db, "no memory");
    count += run_all(db, sql);
    sqlite3_free(sql);
  }
  must(db, sqlite3_finalize(names), "names");
  ok(count > 40, "every table and view was read, %d times", count);
}

/* --- awkward moments */

static sqlite3_stmt *begin(sqlite3 *db, const char *sql) {
  sqlite3_stmt *stmt = NULL;
  must(db, sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), sql);
  if (sqlite3_step(stmt) != SQLITE_ROW) die(db, sql);
  return stmt;
}

/* Leaves the connection with fences, a report and a virtual clock. */
static void make_busy(sqlite3 *db) {
  (void)run_all(
      db,
      "SELECT tenure_clock(1000000000);"
      "INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('a', 'a', 60), ('b', 'a', 60);"
      "SELECT tenure_hold(session_id, fence) FROM tenure_session");
}

static void test_closing(void) {
  static const char *const statements[] = {
      "SELECT * FROM tenure_schema",
      "SELECT * FROM tenure_legacy_state('{\"schema_version\": 2, \"started_at_epoch_s\": 1, "
      "\"last_started_at_epoch_s\": 1, \"start_count\": 1}')",
      "SELECT session_status_policy(status) FROM session_status_policy",
      "INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('c', 'a', 60) RETURNING session_report()",
      "INSERT INTO tenure_heartbeat(scope, actor_id, activity) VALUES ('a', 'a', 'x'), ('b', 'a', 'y') "
      "RETURNING session_report()",
      "SELECT tenure_verb('test', 'a', 'r'), tenure_effect('e'), count(*) FROM tenure_schema GROUP BY name",
  };
  for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
    sqlite3 *db = open_tenure();
    make_busy(db);
    sqlite3_stmt *stmt = begin(db, statements[i]);
    is_int(sqlite3_close(db), SQLITE_BUSY, "close waits for: %.50s", statements[i]);
    must(db, sqlite3_finalize(stmt), "finalize");
    is_int(sqlite3_close(db), SQLITE_OK, "and is done when it is over");

    db = open_tenure();
    make_busy(db);
    stmt = begin(db, statements[i]);
    is_int(sqlite3_close_v2(db), SQLITE_OK, "close_v2 leaves it to: %.50s", statements[i]);
    (void)sqlite3_step(stmt);
    is_int(sqlite3_finalize(stmt), SQLITE_OK, "which takes the connection along");
  }
}

static void test_loading(void) {
  sqlite3 *db = open_tenure();
  make_busy(db);
  sqlite3_stmt *stmt = begin(db, "SELECT session_now(), name FROM tenure_schema");
  is_int(sqlite3_tenure_init(db, NULL, NULL), SQLITE_OK, "loading again while a statement runs");
  is_int(sqlite3_step(stmt), SQLITE_ROW, "which goes on");
  must(db, sqlite3_finalize(stmt), "finalize");
  is_int(sqlite3_tenure_init(db, NULL, NULL), SQLITE_OK, "loading again while none runs");
  make_busy(db);
  is_int(sqlite3_close(db), SQLITE_OK, "and closing");

  must(db, sqlite3_open(":memory:", &db), "open");
  must(db, sqlite3_tenure_init(db, NULL, NULL), "init");
  is_int(sqlite3_close(db), SQLITE_OK, "closing a connection that did nothing");
}

static int interrupt_soon(void *context) {
  int *steps_left = context;
  return --*steps_left <= 0;
}

/* A verb that is interrupted in its middle, at every few instructions. */
static void test_interrupt(void) {
  sqlite3 *db = open_tenure();
  int completed = 0;
  make_busy(db);
  sqlite3_stmt *stmt = NULL;
  must(db,
       sqlite3_prepare_v2(db,
                          "INSERT INTO tenure_heartbeat(scope, actor_id, activity, receipt_id) "
                          "VALUES ('a', 'a', 'x', 'r1')",
                          -1, &stmt, NULL),
       "prepare");
  for (int steps = 1; !completed && steps < 10000; steps++) {
    int steps_left = steps;
    sqlite3_progress_handler(db, 37, interrupt_soon, &steps_left);
    completed = sqlite3_step(stmt) == SQLITE_DONE;
    (void)sqlite3_reset(stmt); /* repeats the error of the last step */
  }
  sqlite3_progress_handler(db, 0, NULL, NULL);
  must(db, sqlite3_finalize(stmt), "finalize");
  ok(completed, "a verb was interrupted at each of its steps, until it completed");
  stmt = begin(db, "SELECT tenure_verb_name() IS NULL AND tenure_effect_name() IS NULL AND "
                   "(SELECT count(*) FROM tenure_receipt) = 1");
  is_int(sqlite3_column_int(stmt, 0), 1, "and left nothing but its one success");
  must(db, sqlite3_finalize(stmt), "finalize");
  is_int(sqlite3_close(db), SQLITE_OK, "and closing");
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: corpus CORPUS.SQL [STRIDE [SEED]]\n");
    return 2;
  }
  if (argc > 2) stride = atoi(argv[2]) > 1 ? atoi(argv[2]) : 1;
  if (argc > 3) seed = atoi(argv[3]) % stride;
  static script corpus;
  script_load(&corpus, argv[1]);
  sqlite3 *db = open_tenure();
  run_corpus(db, &corpus);
  script_free(&corpus);
  if (stride == 1) test_catalogue(db);
  call_functions(db);
  fill_views(db);
  read_tables(db);
  is_int(sqlite3_close(db), SQLITE_OK, "the connection closes");
  test_closing();
  test_loading();
  test_interrupt();
  for (int i = 0; i < n_raised; i++) free(raised[i]);
  image_free();
  is_int(sqlite3_memory_used(), 0, "SQLite holds no memory");
  return done_testing();
}
