/*
** bench.c - how much Tenure costs beside the same work done by hand.
**
**   bench [--disk DIR] [--memory DIR]    every comparison, as ratios, with its goal
**   bench instructions WHAT COUNT        runs WHAT COUNT times inside bench_measured(), for callgrind
**                                        --toggle-collect=bench_measured (see instructions.sh)
**
** A time means nothing on another machine, or an hour later on this one. So each comparison runs its
** floor (one hand-written prepared statement) and its contender in turn, in short rounds, in one
** process, and what is printed is the median over the rounds of contender / floor.
**
** The floor has a database of its own, with the columns, the key and the index of tenure_session, but
** without its checks and triggers, so that no cost of Tenure can hide in it.
*/
#define _XOPEN_SOURCE 700

#include <sqlite3.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
  SESSION_COUNT = 1000,
  ROUND_MAX = 61,
  SCAN_ROWS = 60000,
};

typedef struct subject subject;
struct subject {
  const char *name;
  void (*once)(subject *, int i); /* one operation; I counts up through all the rounds */
  sqlite3 *db;
  sqlite3_stmt *first;
  sqlite3_stmt *second; /* NULL where one statement is enough */
  double round_ns[ROUND_MAX];
};

/* The two databases of one place (a directory with one durability). */
typedef struct place {
  sqlite3 *floor;
  sqlite3 *tenure;
} place;

static int bench_goals;
static int bench_misses;

_Noreturn static void fail(sqlite3 *db, const char *what) {
  fprintf(stderr, "bench: %s: %s\n", what, db == NULL ? "cannot go on" : sqlite3_errmsg(db));
  exit(1);
}

static void run(sqlite3 *db, const char *sql) {
  if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) fail(db, sql);
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql) {
  sqlite3_stmt *stmt = NULL;
  if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) != SQLITE_OK) {
    fail(db, sql);
  }
  return stmt;
}

/* Runs a statement whose rows do not matter to the end, and leaves it ready to run again. */
static void step(sqlite3_stmt *stmt) {
  int rc;
  do {
    rc = sqlite3_step(stmt);
  } while (rc == SQLITE_ROW);
  if (rc != SQLITE_DONE || sqlite3_reset(stmt) != SQLITE_OK) {
    fail(sqlite3_db_handle(stmt), sqlite3_sql(stmt));
  }
}

static void bind_text(sqlite3_stmt *stmt, int column, const char *text) {
  if (sqlite3_bind_text(stmt, column, text, -1, SQLITE_TRANSIENT) != SQLITE_OK) {
    fail(sqlite3_db_handle(stmt), "bind");
  }
}

static void bind_int(sqlite3_stmt *stmt, int column, sqlite3_int64 value) {
  if (sqlite3_bind_int64(stmt, column, value) != SQLITE_OK) fail(sqlite3_db_handle(stmt), "bind");
}

static sqlite3 *open_database(const char *folder, const char *name, const char *synchronous) {
  sqlite3 *db = NULL;
  char text[640];
  if (folder == NULL) {
    (void)snprintf(text, sizeof text, ":memory:");
  } else {
    (void)snprintf(text, sizeof text, "%s/%s", folder, name);
  }
  if (sqlite3_open(text, &db) != SQLITE_OK) fail(db, text);
  run(db, "PRAGMA journal_mode = WAL");
  (void)snprintf(text, sizeof text, "PRAGMA synchronous = %s", synchronous);
  run(db, text);
  return db;
}

static void load_tenure(sqlite3 *db) {
  const char *given = getenv("TENURE_EXTENSION");
  char *message = NULL;
  (void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, NULL);
  if (sqlite3_load_extension(db, given == NULL ? "dist/tenure" : given, NULL, &message) !=
      SQLITE_OK) {
    fail(db, message == NULL ? "load" : message);
  }
}

/* A thousand sessions, each on a scope of its own, with a lease that outlives the run. */
static void fill_tenure(sqlite3 *db) {
  load_tenure(db);
  run(db, "SELECT tenure_install()");
  sqlite3_stmt *start =
      prepare(db, "INSERT INTO tenure_start(scope, actor_id, lease_ttl, label) "
                  "VALUES ('scope-' || ?1, 'worker-' || ?1, 31536000, 'a session of the bench')");
  run(db, "BEGIN");
  for (int i = 0; i < SESSION_COUNT; i++) {
    bind_int(start, 1, i);
    step(start);
  }
  run(db, "COMMIT");
  (void)sqlite3_finalize(start);
}

/* The same rows in a table of the same columns, key and index. */
static void fill_floor(sqlite3 *db, const char *source) {
  sqlite3_str *create = sqlite3_str_new(NULL);
  sqlite3_str_appendall(create, "CREATE TABLE session (");
  sqlite3_stmt *attach = prepare(db, "ATTACH ?1 AS source");
  bind_text(attach, 1, source);
  step(attach);
  (void)sqlite3_finalize(attach);
  sqlite3_stmt *columns = prepare(
      db, "SELECT name, type, \"notnull\" FROM pragma_table_info('tenure_session', 'source')");
  while (sqlite3_step(columns) == SQLITE_ROW) {
    sqlite3_str_appendf(create, "\"%w\" %s%s, ", sqlite3_column_text(columns, 0),
                        sqlite3_column_text(columns, 1),
                        sqlite3_column_int(columns, 2) ? " NOT NULL" : "");
  }
  (void)sqlite3_finalize(columns);
  sqlite3_str_appendall(create, "PRIMARY KEY (session_id)) STRICT, WITHOUT ROWID");
  char *sql = sqlite3_str_finish(create);
  if (sql == NULL) fail(NULL, "no memory");
  run(db, sql);
  sqlite3_free(sql);
  run(db, "CREATE UNIQUE INDEX session_living ON session (scope) WHERE ended_at IS NULL;"
          "INSERT INTO session SELECT * FROM source.tenure_session;"
          "DETACH source");
}

/* The folder in use, "" for none. It goes also where the program gives up. */
static char bench_folder[512];

static void remove_folder(void) {
  static const char *const names[] = {"tenure.db", "tenure.db-wal", "tenure.db-shm",
                                      "floor.db",  "floor.db-wal",  "floor.db-shm"};
  if (bench_folder[0] == '\0') return;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    char path[640];
    (void)snprintf(path, sizeof path, "%s/%s", bench_folder, names[i]);
    (void)unlink(path); /* the last connection has removed its -wal and -shm already */
  }
  if (rmdir(bench_folder) != 0) perror(bench_folder);
  bench_folder[0] = '\0';
}

static void open_place(place *where, const char *parent, const char *synchronous) {
  char source[640];
  (void)snprintf(bench_folder, sizeof bench_folder, "%s/tenure-bench.XXXXXX", parent);
  if (mkdtemp(bench_folder) == NULL) {
    bench_folder[0] = '\0';
    fail(NULL, parent);
  }
  where->tenure = open_database(bench_folder, "tenure.db", synchronous);
  fill_tenure(where->tenure);
  (void)snprintf(source, sizeof source, "%s/tenure.db", bench_folder);
  where->floor = open_database(bench_folder, "floor.db", synchronous);
  fill_floor(where->floor, source);
}

static void close_place(place *where) {
  if (sqlite3_close(where->tenure) != SQLITE_OK) fail(where->tenure, "close");
  if (sqlite3_close(where->floor) != SQLITE_OK) fail(where->floor, "close");
  remove_folder();
}

static sqlite3_int64 now_ns(clockid_t clock) {
  struct timespec now;
  if (clock_gettime(clock, &now) != 0) fail(NULL, "clock_gettime");
  return (sqlite3_int64)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* --- what is measured */

/* The ids of the floor's sessions are those of Tenure's; both contenders meet them in the same order. */
static char session_id[SESSION_COUNT][64];

static void read_ids(sqlite3 *db) {
  sqlite3_stmt *ids = prepare(db, "SELECT session_id FROM session ORDER BY session_id");
  for (int i = 0; i < SESSION_COUNT && sqlite3_step(ids) == SQLITE_ROW; i++) {
    (void)snprintf(session_id[i], sizeof session_id[i], "%s", sqlite3_column_text(ids, 0));
  }
  (void)sqlite3_finalize(ids);
}

/* A stride that is prime to their number, so that neighbours in the tree are not neighbours in time. */
static int scattered(int i) {
  return (int)((sqlite3_int64)i * 379 % SESSION_COUNT);
}

static void floor_heartbeat(subject *it, int i) {
  bind_text(it->first, 1, session_id[scattered(i)]);
  bind_int(it->first, 2, 1);
  bind_int(it->first, 3, now_ns(CLOCK_REALTIME) / 1000000000);
  bind_int(it->first, 4, now_ns(CLOCK_MONOTONIC));
  step(it->first);
  if (sqlite3_changes(it->db) != 1) fail(NULL, "the floor's heartbeat changed nothing");
}

static void heartbeat_by_session(subject *it, int i) {
  bind_text(it->first, 1, session_id[scattered(i)]);
  bind_int(it->first, 2, 1);
  step(it->first);
}

static void heartbeat_by_scope(subject *it, int i) {
  char name[32];
  (void)snprintf(name, sizeof name, "scope-%d", scattered(i));
  bind_text(it->first, 1, name);
  (void)snprintf(name, sizeof name, "worker-%d", scattered(i));
  bind_text(it->first, 2, name);
  bind_int(it->first, 3, 1);
  step(it->first);
}

/* By hand: one INSERT that takes the scope and one UPDATE that frees it, each its own commit. */
static void floor_start_clear(subject *it, int i) {
  char id[64];
  (void)snprintf(id, sizeof id, "ses_%026d", i);
  const sqlite3_int64 now = now_ns(CLOCK_REALTIME) / 1000000000;
  bind_text(it->first, 1, id);
  bind_int(it->first, 2, now);
  bind_int(it->first, 3, now_ns(CLOCK_MONOTONIC));
  step(it->first);
  bind_text(it->second, 1, id);
  bind_int(it->second, 2, now);
  step(it->second);
  if (sqlite3_changes(it->db) != 1) fail(NULL, "the floor's clear changed nothing");
}

static void start_clear(subject *it, int i) {
  (void)i;
  step(it->first);
  step(it->second);
}

static void scan(subject *it, int i) {
  (void)i;
  step(it->first);
}

static subject new_subject(const char *name, void (*once)(subject *, int), sqlite3 *db,
                           const char *first, const char *second) {
  subject it = {.name = name, .once = once, .db = db};
  it.first = prepare(db, first);
  if (second != NULL) it.second = prepare(db, second);
  return it;
}

#define FLOOR_HEARTBEAT                                                                            \
  "UPDATE session SET last_heartbeat_at = ?3, lease_deadline_mono = ?4, changed_at = ?3, "         \
  "revision = revision + 1 WHERE session_id = ?1 AND fence = ?2"
#define HEARTBEAT_BY_SESSION "INSERT INTO tenure_heartbeat(session_id, fence) VALUES (?1, ?2)"
#define HEARTBEAT_BY_SCOPE                                                                         \
  "INSERT INTO tenure_heartbeat(scope, actor_id, fence) VALUES (?1, ?2, ?3)"

static subject subject_floor_heartbeat(const place *at) {
  return new_subject("bare UPDATE", floor_heartbeat, at->floor, FLOOR_HEARTBEAT, NULL);
}

static subject subject_heartbeat(const place *at) {
  return new_subject("heartbeat", heartbeat_by_session, at->tenure, HEARTBEAT_BY_SESSION, NULL);
}

static subject subject_heartbeat_by_scope(const place *at) {
  return new_subject("heartbeat by scope", heartbeat_by_scope, at->tenure, HEARTBEAT_BY_SCOPE,
                     NULL);
}

static subject subject_floor_start_clear(const place *at) {
  return new_subject(
      "bare INSERT + UPDATE", floor_start_clear, at->floor,
      "INSERT INTO session (session_id, scope, incarnation, status, mode, owner_kind, owner_id, "
      "strict, clock, lease_ttl, started_at, last_started_at, start_count, last_heartbeat_at, "
      "lease_deadline_mono, no_progress_count, changed_at, revision, fence, usage_input, "
      "usage_cached_input, usage_output, usage_reasoning_output, usage_total, usage_cost_usd, "
      "schema_version) VALUES (?1, 'pair', 1, 'running', 'general', 'runtime_worker', 'worker', 0, "
      "'machine', 60, ?2, ?2, 1, ?2, ?3, 0, ?2, 1, 1, 0, 0, 0, 0, 0, 0.0, 4)",
      "UPDATE session SET status = 'exited', ended_at = ?2, end_reason = 'cleared', changed_at = ?2, "
      "revision = revision + 1 WHERE session_id = ?1 AND ended_at IS NULL");
}

static subject subject_start_clear(const place *at) {
  return new_subject(
      "start + clear", start_clear, at->tenure,
      "INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('pair', 'worker', 60)",
      "INSERT INTO tenure_clear(scope, actor_id) VALUES ('pair', 'worker')");
}

static subject subject_scan(sqlite3 *db, const char *name, const char *sql) {
  return new_subject(name, scan, db, sql, NULL);
}

/* ROWS rows as wide as a session's, of all statuses in turn, as a listing of sessions would scan them. */
static sqlite3 *open_scan(int rows) {
  sqlite3 *db = open_database(NULL, NULL, "OFF");
  char sql[512];
  load_tenure(db);
  run(db, "SELECT tenure_install();"
          "INSERT INTO tenure_start(scope, actor_id, lease_ttl, label) "
          "VALUES ('scope', 'worker', 60, 'a session of the bench');"
          "CREATE TABLE seen AS SELECT * FROM tenure_session WHERE 0");
  (void)snprintf(sql, sizeof sql,
                 "INSERT INTO seen WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                 "WHERE i < %d) SELECT s.* FROM n, tenure_session AS s",
                 rows);
  run(db, sql);
  run(db, "WITH p AS (SELECT row_number() OVER () AS i, status FROM session_status_policy) "
          "UPDATE seen SET status = (SELECT status FROM p WHERE i = 1 + seen.rowid % 12)");
  return db;
}

static void close_subject(subject *it) {
  (void)sqlite3_finalize(it->first);
  (void)sqlite3_finalize(it->second);
}

/* --- rounds, medians, ratios */

static int compare_doubles(const void *a, const void *b) {
  const double x = *(const double *)a;
  const double y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* Runs the subjects in turn, each OPS times a round. Every second round goes through them backwards, so
** that none always follows the same neighbour. */
static void run_rounds(subject *subjects, int n, int rounds, int ops) {
  for (int round = -1; round < rounds; round++) { /* round -1 warms up */
    for (int k = 0; k < n; k++) {
      subject *it = &subjects[round % 2 == 0 ? k : n - 1 - k];
      const sqlite3_int64 begin = now_ns(CLOCK_MONOTONIC);
      for (int i = 0; i < ops; i++) it->once(it, (round + 1) * ops + i);
      const double spent = (double)(now_ns(CLOCK_MONOTONIC) - begin);
      if (round >= 0) it->round_ns[round] = spent / ops;
    }
  }
}

/* Prints the median of IT / FLOOR over the rounds, with the quarter points. GOAL 0: there is none. */
static void print_ratio(const char *what, const subject *it, const subject *base, int rounds,
                        double goal) {
  double ratio[ROUND_MAX];
  for (int i = 0; i < rounds; i++) ratio[i] = it->round_ns[i] / base->round_ns[i];
  qsort(ratio, (size_t)rounds, sizeof ratio[0], compare_doubles);
  const double median = ratio[rounds / 2];
  printf("%-46s %6.2f  (%.2f .. %.2f)", what, median, ratio[rounds / 4], ratio[3 * rounds / 4]);
  if (goal > 0) {
    printf("  goal <= %.2f  %s", goal, median <= goal ? "ok" : "MISS");
    bench_goals++;
    bench_misses += median > goal;
  }
  printf("\n");
  fflush(stdout);
}

static void bench_place(const char *name, const char *parent, const char *synchronous,
                        double heartbeat_goal, double pair_goal, int ops) {
  place at;
  char what[128];
  open_place(&at, parent, synchronous);
  read_ids(at.floor);

  subject beats[] = {subject_floor_heartbeat(&at), subject_heartbeat(&at),
                     subject_heartbeat_by_scope(&at)};
  run_rounds(beats, 3, ROUND_MAX, ops);
  for (int i = 1; i < 3; i++) {
    (void)snprintf(what, sizeof what, "%s / bare UPDATE, %s", beats[i].name, name);
    print_ratio(what, &beats[i], &beats[0], ROUND_MAX, heartbeat_goal);
  }
  for (int i = 0; i < 3; i++) close_subject(&beats[i]);

  subject pairs[] = {subject_floor_start_clear(&at), subject_start_clear(&at)};
  run_rounds(pairs, 2, ROUND_MAX, ops / 4);
  (void)snprintf(what, sizeof what, "start + clear / bare pair, %s", name);
  print_ratio(what, &pairs[1], &pairs[0], ROUND_MAX, pair_goal);
  for (int i = 0; i < 2; i++) close_subject(&pairs[i]);
  close_place(&at);
}

static void bench_predicate(void) {
  sqlite3 *db = open_scan(SCAN_ROWS);
  subject scans[] = {
      subject_scan(db, "count(status)", "SELECT count(status) FROM seen"),
      subject_scan(db, "predicate", "SELECT count(session_is_terminal(status)) FROM seen"),
      subject_scan(db, "upper", "SELECT count(upper(status)) FROM seen"),
  };
  const int rounds = 31;
  run_rounds(scans, 3, rounds, 1);
  print_ratio("scan: session_is_terminal(status) / status", &scans[1], &scans[0], rounds, 1.25);
  print_ratio("scan: session_is_terminal(status) / upper()", &scans[1], &scans[2], rounds, 0);
  for (int i = 0; i < 3; i++) close_subject(&scans[i]);
  if (sqlite3_close(db) != SQLITE_OK) fail(db, "close");
}

/* --- for callgrind */

/* Must stay a function of its own: callgrind switches its counters on and off where it begins and ends. */
__attribute__((noinline)) void bench_measured(subject *it, int from, int count) {
  for (int i = from; i < from + count; i++) it->once(it, i);
}

static int bench_instructions(const char *what, int count) {
  place at;
  subject it;
  sqlite3 *db = NULL;
  const int is_scan = strncmp(what, "scan-", 5) == 0;
  if (is_scan) {
    db = open_scan(count);
    if (strcmp(what, "scan-status") == 0) {
      it = subject_scan(db, what, "SELECT count(status) FROM seen");
    } else if (strcmp(what, "scan-predicate") == 0) {
      it = subject_scan(db, what, "SELECT count(session_is_terminal(status)) FROM seen");
    } else if (strcmp(what, "scan-upper") == 0) {
      it = subject_scan(db, what, "SELECT count(upper(status)) FROM seen");
    } else {
      return 2;
    }
  } else {
    open_place(&at, "/dev/shm", "NORMAL");
    read_ids(at.floor);
    if (strcmp(what, "floor") == 0) {
      it = subject_floor_heartbeat(&at);
    } else if (strcmp(what, "heartbeat") == 0) {
      it = subject_heartbeat(&at);
    } else if (strcmp(what, "heartbeat-scope") == 0) {
      it = subject_heartbeat_by_scope(&at);
    } else if (strcmp(what, "floor-pair") == 0) {
      it = subject_floor_start_clear(&at);
    } else if (strcmp(what, "pair") == 0) {
      it = subject_start_clear(&at);
    } else {
      return 2;
    }
  }
  it.once(&it, 0); /* what only the first run pays for */
  bench_measured(&it, 1, is_scan ? 1 : count);
  close_subject(&it);
  if (is_scan) {
    if (sqlite3_close(db) != SQLITE_OK) fail(db, "close");
  } else {
    close_place(&at);
  }
  return 0;
}

int main(int argc, char **argv) {
  const char *disk = ".";
  const char *memory = "/dev/shm";
  if (atexit(remove_folder) != 0) fail(NULL, "atexit");
  if (argc == 4 && strcmp(argv[1], "instructions") == 0) {
    return bench_instructions(argv[2], atoi(argv[3]));
  }
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 < argc && strcmp(argv[i], "--disk") == 0) {
      disk = argv[i + 1];
    } else if (i + 1 < argc && strcmp(argv[i], "--memory") == 0) {
      memory = argv[i + 1];
    } else {
      fprintf(stderr, "usage: bench [--disk DIR] [--memory DIR] | bench instructions WHAT COUNT\n");
      return 2;
    }
  }
  printf("SQLite %s; each line is a ratio: the median of its rounds (and their middle half)\n",
         sqlite3_libversion());
  bench_predicate();
  bench_place("tmpfs NORMAL", memory, "NORMAL", 2.0, 4.0, 400);
  bench_place("disk FULL", disk, "FULL", 1.2, 4.0, 120);
  printf("%d of %d goals missed\n", bench_misses, bench_goals);
  return 0;
}
