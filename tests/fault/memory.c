/*
** memory.c - memory runs out, or an interrupt comes, at every allocation of everything.
**
**   memory SEED PARTS STRIDE SCRIPT...    PARTS, if not 0: how many parts of each script, and only some of the
**                                         functions and tables, by chance; STRIDE 5 leaves out four
**                                         allocations of five, by chance
**
** Each step of the scripts, each function with each odd value, and each table, view and virtual table is
** swept as tests/memory/bed.h tells. Where sweep.c there has cases that are made for it, and compiles them too,
** this goes through whatever there is. Prints TAP.
*/
#include "../memory/bed.h"
#include "../memory/surface.h"

#include "../lib/script.h"

static int parts;

/* All steps of a part, one after the other on one connection. */
static void sweep_part(const script_part *part) {
  bed b;
  char step[SCRIPT_STEP_MAX];
  const char *at = part->sql;
  int tried = 0;
  int steps = 0;
  bed_open(&b, "");
  while (script_step(&at, step)) {
    const int is_transaction = strncmp(step, "BEGIN", 5) == 0;
    const int is_attach = strncmp(step, "ATTACH", 6) == 0; /* says only "SQL logic error" */
    if (!is_transaction && !is_attach && bed_lay(&b, step, step)) {
      tried += bed_sweep(&b);
      steps++;
    }
    bed_drop(&b);
    (void)sqlite3_exec(b.db, step, NULL, NULL, NULL); /* a refusal is part of the plan */
    if (!sqlite3_get_autocommit(b.db)) run(b.db, "ROLLBACK");
  }
  (void)sqlite3_exec(b.db, "SELECT tenure_install()", NULL, NULL, NULL);
  ok(bed_close(&b), "%s: %d failures in %d steps", part->name, tried, steps);
}

/* Lays SQL on the bed and sweeps it. Returns how many failures were tried. */
static int sweep_one(bed *b, char *sql) {
  const int tried = bed_lay(b, sql, sql) ? bed_sweep(b) : 0;
  bed_drop(b);
  sqlite3_free(sql);
  return tried;
}

/* What SQL selects, the names of its columns first; to be freed with sqlite3_free_table(). No statement may stay
** open: it would keep an interrupt in force. */
static char **list_all(sqlite3 *db, const char *sql, int *rows) {
  char **list = NULL;
  if (sqlite3_get_table(db, sql, &list, rows, NULL, NULL) != SQLITE_OK) die(db, sql);
  return list;
}

static void sweep_functions(void) {
  bed b;
  int tried = 0;
  int rows;
  bed_open(&b, "INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('a', 'ann', 60)");
  char **list = list_all(b.db, surface_functions, &rows);
  for (int i = 1; i <= rows; i++) { /* row 0 is the names of the columns */
    const int n = atoi(list[2 * i + 1]) < 0 ? 5 : atoi(list[2 * i + 1]);
    for (int k = 0; k < (n == 0 ? 1 : SURFACE_ODD); k++) {
      if (parts > 0 && pick(20) > 1) continue;
      tried += sweep_one(&b, surface_call(b.db, list[2 * i], n, k, -1));
    }
  }
  sqlite3_free_table(list);
  ok(bed_close(&b) && rows > 80, "%d functions, %s: %d failures", rows, image_encoding, tried);
}

static void sweep_tables(void) {
  bed b;
  int tried = 0;
  int rows;
  bed_open(&b, "INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('a', 'ann', 60);"
               "INSERT INTO tenure_turn_begin(session_id, turn_id) "
               "SELECT session_id, 't' FROM tenure_session;"
               "INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('b', 'ann', 60);"
               "INSERT INTO tenure_clear(scope, actor_id, receipt_id) VALUES ('b', 'ann', 'r')");
  char **list = list_all(b.db, surface_tables, &rows);
  for (int i = 1; i <= rows; i++) {
    if (parts > 0 && pick(20) > 1) continue;
    char *sql =
        sqlite3_mprintf("SELECT * FROM %s LEFT JOIN (SELECT count(*) FROM %s)", list[i], list[i]);
    if (sql == NULL) die(b.db, "no memory");
    tried += sweep_one(&b, sql);
  }
  sqlite3_free_table(list);
  ok(bed_close(&b) && rows > 80, "%d tables, %s: %d failures", rows, image_encoding, tried);
}

/* Functions with the texts that they are meant for. */
static void sweep_texts(void) {
  static const char *const calls[] = {
      "SELECT tenure_object('a', 1, 'b', 'c')",
      "SELECT lease_stale('runtime_worker', 1, 1, 60, 'm', 'b', 5, 'f')",
      "SELECT lease_granted(60, 'm', 'b', 5, 'f')",
      "SELECT session_require_commandable('s', 'exited')",
      "SELECT session_termination('exited', 'unknown', 'x', NULL)",
      "SELECT * FROM session_granted('s', '[\"a\"]')",
      "SELECT * FROM tenure_legacy_state('{')",
      "INSERT INTO tenure_heartbeat(scope, actor_id, activity) VALUES ('a', 'ann', 'x') "
      "RETURNING session_report()",
  };
  bed b;
  int tried = 0;
  bed_open(&b, "INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('a', 'ann', 60)");
  for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
    tried += sweep_one(&b, sqlite3_mprintf("%s", calls[i]));
  }
  ok(bed_close(&b), "texts, %s: %d failures", image_encoding, tried);
}

int main(int argc, char **argv) {
  static script from;
  if (argc < 5) {
    fprintf(stderr, "usage: memory SEED PARTS STRIDE SCRIPT...\n");
    return 2;
  }
  pick_state = strtoull(argv[1], NULL, 10);
  parts = atoi(argv[2]);
  stride = strtoll(argv[3], NULL, 10);
  printf("# seed %s, stride %lld\n", argv[1], stride);
  install_fault();
  for (int i = 4; i < argc; i++) {
    script_load(&from, argv[i]);
    const int first = (int)pick(from.count) - 1;
    for (int k = 0; k < from.count; k++) {
      if (parts == 0 || (k - first + from.count) % from.count < parts) sweep_part(&from.parts[k]);
    }
    script_free(&from);
  }
  sweep_functions();
  sweep_tables();
  image_encode("UTF-16"); /* reading a text as UTF-8 takes an allocation there */
  sweep_functions();
  sweep_tables();
  sweep_texts();
  image_free();
  return done_testing();
}
