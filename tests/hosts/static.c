/*
** static.c - the scenario of the hosts, played by a C program that has Tenure linked in.
**
**   static SCENARIO DATABASE     prints TAP; DATABASE is made anew
**
** Then what only a C program sees: that every connection closes with SQLITE_OK whatever was going on, and
** that nothing of SQLite's memory is left when the last one is gone.
*/
#include "tenure.h"

#include "../core/tap.h"

#include <stdlib.h>

enum { TEXT_MAX = 65536, WORD_MAX = 200, SAYS_MAX = 4, BOUND_MAX = 8 };

/* One statement of the scenario: its SQL, the values to bind, and what must come of it. */
typedef struct statement {
  int line;
  char sql[TEXT_MAX];
  char rows[TEXT_MAX];
  char expect[WORD_MAX];
  char says[SAYS_MAX][WORD_MAX];
  int n_says;
  char bound[BOUND_MAX][WORD_MAX];
  int n_bound;
} statement;

static const char *database;

static void die(const char *what) {
  printf("Bail out! %s\n", what);
  exit(1);
}

static void add(char *to, size_t size, const char *text) {
  if (strlen(to) + strlen(text) >= size) die("the scenario is too long");
  strcat(to, text);
}

/* If TEXT is a comment "-- WORD: REST", gives REST, else NULL. */
static const char *said(const char *text, const char *word) {
  const size_t n = strlen(word);
  if (strncmp(text, "-- ", 3) != 0 || strncmp(text + 3, word, n) != 0) return NULL;
  return strncmp(text + 3 + n, ": ", 2) == 0 ? text + 5 + n : NULL;
}

static void take_line(statement *s, const char *text, int number) {
  const char *rest;
  if ((rest = said(text, "expect")) != NULL) {
    add(s->expect, sizeof s->expect, rest);
  } else if ((rest = said(text, "row")) != NULL) {
    add(s->rows, sizeof s->rows, rest);
    add(s->rows, sizeof s->rows, "\n");
  } else if ((rest = said(text, "says")) != NULL) {
    if (s->n_says == SAYS_MAX) die("the scenario says too much");
    add(s->says[s->n_says++], WORD_MAX, rest);
  } else if ((rest = said(text, "bind")) != NULL) {
    if (s->n_bound == BOUND_MAX) die("the scenario binds too much");
    add(s->bound[s->n_bound++], WORD_MAX, rest);
  } else if (text[0] != '\0' && strncmp(text, "--", 2) != 0) {
    if (s->line == 0) s->line = number;
    add(s->sql, sizeof s->sql, text);
    add(s->sql, sizeof s->sql, "\n");
  }
}

/* Reads up to the next line that is "--". Returns 0 at the end of the file. */
static int next_statement(FILE *file, statement *s, int *number) {
  char text[4096];
  memset(s, 0, sizeof *s);
  while (fgets(text, sizeof text, file) != NULL) {
    ++*number;
    text[strcspn(text, "\n")] = '\0';
    if (strcmp(text, "--") != 0) {
      take_line(s, text, *number);
    } else if (s->line != 0) {
      return 1;
    } else {
      memset(s, 0, sizeof *s);
    }
  }
  return s->line != 0;
}

static void bind(sqlite3_stmt *stmt, const statement *s) {
  for (int i = 0; i < s->n_bound; i++) {
    const char *value = s->bound[i];
    const int is_number = value[strspn(value, "0123456789")] == '\0';
    const int rc = is_number ? sqlite3_bind_int64(stmt, i + 1, strtoll(value, NULL, 10))
                             : sqlite3_bind_text(stmt, i + 1, value, -1, SQLITE_STATIC);
    if (rc != SQLITE_OK) die("a value cannot be bound");
  }
}

/* Runs a statement to its end; its rows go to ROWS as text. Returns what sqlite3_finalize() says. */
static int play(sqlite3 *db, const statement *s, char *rows, size_t size) {
  sqlite3_stmt *stmt = NULL;
  rows[0] = '\0';
  int rc = sqlite3_prepare_v2(db, s->sql, -1, &stmt, NULL);
  if (rc != SQLITE_OK) return rc;
  bind(stmt, s);
  while (sqlite3_step(stmt) == SQLITE_ROW) {
    for (int i = 0; i < sqlite3_column_count(stmt); i++) {
      const char *value = (const char *)sqlite3_column_text(stmt, i);
      if (i > 0) add(rows, size, "|");
      add(rows, size, value == NULL ? "" : value);
    }
    add(rows, size, "\n");
  }
  return sqlite3_finalize(stmt);
}

static int is_misuse(const char *code) {
  static const char *const families[] = {"usage.", "opt.", "json.", "activity."};
  for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
    if (strncmp(code, families[i], strlen(families[i])) == 0) return 1;
  }
  return 0;
}

static void test_statement(sqlite3 *db, const statement *s) {
  static char rows[TEXT_MAX];
  char start[WORD_MAX + 16];
  const int rc = play(db, s, rows, sizeof rows);
  if (s->expect[0] == '\0') {
    is_int(rc, SQLITE_OK, "line %d: ok", s->line);
    is_str(rows, s->rows, "line %d: its rows", s->line);
    return;
  }
  const int want = is_misuse(s->expect) ? SQLITE_ERROR : SQLITE_CONSTRAINT_TRIGGER;
  is_int(rc, want, "line %d: the result code of %s", s->line, s->expect);
  sqlite3_snprintf((int)sizeof start, start, "tenure: %s: ", s->expect);
  const char *message = sqlite3_errmsg(db);
  int holds = strncmp(message, start, strlen(start)) == 0;
  for (int i = 0; i < s->n_says; i++) {
    holds = holds && strstr(message, s->says[i]) != NULL;
  }
  ok(holds, "line %d: %s", s->line, s->expect);
  if (!holds) printf("# got %s\n", message);
}

static sqlite3 *opened(void) {
  sqlite3 *db = NULL;
  if (sqlite3_open(database, &db) != SQLITE_OK) die("the database cannot be opened");
  sqlite3_extended_result_codes(db, 1);
  return db;
}

static void closes(sqlite3 *db, const char *when) {
  const int rc = sqlite3_close(db);
  is_int(rc, SQLITE_OK, "closes %s", when);
  if (rc != SQLITE_OK) (void)sqlite3_close_v2(db);
}

static void test_scenario(const char *path) {
  static statement s;
  int number = 0;
  FILE *file = fopen(path, "r");
  if (file == NULL) die("the scenario cannot be opened");
  sqlite3 *db = opened();
  while (next_statement(file, &s, &number)) {
    test_statement(db, &s);
  }
  fclose(file);
  closes(db, "after the scenario, with a hold");
}

/* Statements that are finalised after their first row; on the virtual clock, as the scenario's rows are. */
static const char *const half_way[] = {
    "SELECT * FROM session_status_policy, session_status_edge",
    "SELECT * FROM session_status_alias",
    "SELECT * FROM tenure_schema",
    "SELECT * FROM tenure_refusal_code",
    "SELECT * FROM tenure_legacy_state('{\"schema_version\":2,\"started_at_epoch_s\":1,"
    "\"last_started_at_epoch_s\":1,\"start_count\":1}')",
    "SELECT * FROM tenure_projection",
    "SELECT * FROM tenure_event",
    "INSERT INTO tenure_start (scope) VALUES ('half'), ('way') RETURNING session_report()",
    "INSERT INTO tenure_clear (scope, receipt_id) VALUES ('half', 'r') RETURNING session_report()",
};

static void test_half_way(void) {
  for (size_t i = 0; i < sizeof half_way / sizeof half_way[0]; i++) {
    sqlite3 *db = opened();
    sqlite3_stmt *stmt = NULL;
    (void)sqlite3_exec(db, "SELECT tenure_clock(1000001000)", NULL, NULL, NULL);
    (void)sqlite3_prepare_v2(db, half_way[i], -1, &stmt, NULL);
    is_int(sqlite3_step(stmt), SQLITE_ROW, "a first row: %.60s", half_way[i]);
    is_int(sqlite3_close(db), SQLITE_BUSY, "the statement keeps its connection open");
    sqlite3_finalize(stmt);
    closes(db, "when it is finalised");
  }
}

/* Scripts that end in an error or in the middle of something; the connection is closed just so. */
static const struct {
  const char *error;
  const char *sql;
} scripts[] = {
    {"tenure: start.live_other_owner: ann ",
     "SELECT tenure_clock(1000002000); INSERT INTO tenure_start (scope, actor_id, lease_ttl) "
     "VALUES ('a', 'ann', 60); INSERT INTO tenure_start (scope, actor_id, lease_ttl) "
     "VALUES ('a', 'bob', 60)"},
    {"tenure: fence.token: ",
     "SELECT tenure_clock(1000002000); SELECT tenure_hold(session_id, fence) FROM tenure_session "
     "WHERE scope IS NOT NULL; DELETE FROM tasks"},
    {"tenure: heartbeat.missing: ",
     "BEGIN; SELECT tenure_clock(1000002000); INSERT INTO tenure_clear (scope, actor_id) "
     "VALUES ('a', 'ann'); INSERT INTO tenure_heartbeat (scope, actor_id) VALUES ('a', 'ann')"},
    {"no such table: tenure_start",
     "SAVEPOINT s; SELECT tenure_uninstall(); INSERT INTO tenure_start (scope) VALUES ('b')"},
    {"tenure: json.unparsable: ", "INSERT INTO tenure_import (scope, json) VALUES ('c', '[')"},
    {"tenure: hold.missing: ", "SELECT tenure_hold('nobody', 1)"},
    {"tenure: guard.ours: ", "SELECT tenure_guard('tenure_session', 'x')"},
    {"tenure: transition.illegal: ", "SELECT session_transition('running', 'idle', 1, 1)"},
};

static void test_scripts(void) {
  for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
    sqlite3 *db = opened();
    (void)sqlite3_exec(db, scripts[i].sql, NULL, NULL, NULL);
    const char *message = sqlite3_errmsg(db);
    ok(strncmp(message, scripts[i].error, strlen(scripts[i].error)) == 0, "it ends in %s",
       scripts[i].error);
    printf("# %s\n", message);
    closes(db, "after it");
  }
  char rows[WORD_MAX];
  sqlite3 *db = opened();
  (void)play(db, &(statement){.sql = "SELECT owner_id FROM tenure_holder WHERE scope = 'a'"}, rows,
             sizeof rows);
  is_str(rows, "ann\n", "what was not committed is as it was");
  (void)play(db, &(statement){.sql = "PRAGMA integrity_check"}, rows, sizeof rows);
  is_str(rows, "ok\n", "integrity at the end");
  closes(db, "after reading");
}

/* A connection that outlives its statement as a zombie, and one that was given Tenure several times. */
static void test_zombie(void) {
  sqlite3 *db = opened();
  sqlite3_stmt *stmt = NULL;
  is_int(sqlite3_tenure_init(db, NULL, NULL), SQLITE_OK, "a second init");
  (void)sqlite3_prepare_v2(db, "SELECT * FROM session_status_policy", -1, &stmt, NULL);
  is_int(sqlite3_step(stmt), SQLITE_ROW, "a statement that runs");
  is_int(sqlite3_tenure_init(db, NULL, NULL), SQLITE_OK, "a third init, while it runs");
  is_int(sqlite3_close_v2(db), SQLITE_OK, "close_v2 in the middle of it");
  is_int(sqlite3_step(stmt), SQLITE_ROW, "it goes on");
  is_int(sqlite3_finalize(stmt), SQLITE_OK, "and ends");
}

int main(int argc, char **argv) {
  if (argc != 3) die("usage: static SCENARIO DATABASE");
  database = argv[2];
  is_int(sqlite3_auto_extension((void (*)(void))sqlite3_tenure_init), SQLITE_OK,
         "as an automatic extension");
  test_scenario(argv[1]);
  test_half_way();
  test_scripts();
  test_zombie();
  sqlite3_reset_auto_extension();
  sqlite3_shutdown();
  is_int(sqlite3_memory_used(), 0, "no memory is left");
  return done_testing();
}
