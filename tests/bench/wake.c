/*
** wake.c - how soon session_wait() hears of a commit, what waiting costs, and whether it ever misses one.
**
**   wake [--dir DIR] [--rounds N] [--times 1]  everything, as ratios, with its goal; and the times themselves
**   wake [--dir DIR] --count N [--pause US] [--late MS]
**                                              only: N waits in each journal mode, and how many came late
**
** The floor is a process that does nothing but spin on PRAGMA data_version and then read the row with a
** statement written by hand. Floor and contender take turns in short blocks, in one process, against one
** writer: what is printed is the ratio of their medians, and of their 99th percentiles.
**
** A writer ends sessions one by one, each in one commit, some milliseconds after the waiter has begun to
** wait. The delay runs from the return of the commit to the moment at which the waiter, another process, has
** read the row that decides. Shown beside it: the same from the begin of the commit on; and until the waiter
** has its answer in hand. Processes share only a page of counters, and each opens the database after it was
** forked.
*/
#define _XOPEN_SOURCE 700
#define _DEFAULT_SOURCE

#include "tenure.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
  SESSION_MAX = 2000, /* are made at once */
  BLOCK = 25,         /* rounds of one kind before the other's turn */
  HERD = 16,
  LATE_MS = 250 /* a wait that hears of a commit later than this has missed it */
};

/* A session with a final result is over for who waits. */
#define END_SESSION                                                                                \
  "INSERT INTO tenure_record_result(session_id, status, final) VALUES (?1, 'success', 1)"

typedef struct mode {
  const char *name;
  const char *journal;
  const char *synchronous;
} mode;

static const mode modes[] = {{"WAL, NORMAL", "WAL", "NORMAL"},
                             {"WAL, FULL", "WAL", "FULL"},
                             {"rollback journal, FULL", "DELETE", "FULL"}};
enum { MODE_COUNT = sizeof modes / sizeof modes[0] };

/* What the processes share. */
typedef struct board {
  _Atomic int waiting;  /* the round that the waiter is about to wait in, from 1 */
  _Atomic int woken;    /* the round that it has come back from */
  _Atomic int gathered; /* how many are about to wait beside each other */
  int64_t read_ns;      /* the waiter has read the row that decides */
  int64_t answered_ns;  /* and has its answer in hand */
  char session_id[SESSION_MAX][40];
} board;

static board *shared;
static char folder[512];
static char path[600];
static int owner; /* the process that made the folder, and removes it */
static int goals, misses;
static int with_times;

_Noreturn static void fail(sqlite3 *db, const char *what) {
  fprintf(stderr, "wake: %s: %s\n", what, db == NULL ? "cannot go on" : sqlite3_errmsg(db));
  exit(1);
}

static void remove_files(void) {
  static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
  for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
    char name[640];
    (void)snprintf(name, sizeof name, "%s%s", path, ends[i]);
    (void)unlink(name); /* most of them are gone with the last connection */
  }
}

static void remove_folder(void) {
  if (owner != getpid() || folder[0] == '\0') return;
  remove_files();
  if (rmdir(folder) != 0) perror(folder);
}

static void run(sqlite3 *db, const char *sql) {
  if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) fail(db, sql);
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql) {
  sqlite3_stmt *stmt = NULL;
  if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK) fail(db, sql);
  return stmt;
}

static sqlite3 *connect(const mode *how) {
  sqlite3 *db = NULL;
  char sql[100];
  if (sqlite3_open(path, &db) != SQLITE_OK || sqlite3_tenure_init(db, NULL, NULL) != SQLITE_OK) {
    fail(db, path);
  }
  (void)sqlite3_busy_timeout(db, 10000);
  (void)snprintf(sql, sizeof sql, "PRAGMA journal_mode = %s; PRAGMA synchronous = %s", how->journal,
                 how->synchronous);
  run(db, sql);
  return db;
}

/* The first column of the next row as a number; -1 if there is no row. Leaves STMT ready to run again. */
static sqlite3_int64 number(sqlite3_stmt *stmt) {
  const int rc = sqlite3_step(stmt);
  const sqlite3_int64 value = rc == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : -1;
  if (sqlite3_reset(stmt) != SQLITE_OK) fail(sqlite3_db_handle(stmt), sqlite3_sql(stmt));
  return value;
}

static void bind_session(sqlite3_stmt *stmt, int round) {
  const char *id = shared->session_id[round % SESSION_MAX];
  if (sqlite3_bind_text(stmt, 1, id, -1, SQLITE_STATIC) != SQLITE_OK) fail(NULL, "bind");
}

static int64_t now_ns(void) {
  struct timespec now;
  if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) fail(NULL, "clock_gettime");
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void nap(int64_t us) {
  const struct timespec pause = {(time_t)(us / 1000000), (long)(us % 1000000) * 1000};
  (void)nanosleep(&pause, NULL);
}

/* What processor time CHILD has used. */
static double cpu_ns(pid_t child) {
  struct timespec used;
  clockid_t clock;
  if (clock_getcpuclockid(child, &clock) != 0 || clock_gettime(clock, &used) != 0) {
    fail(NULL, "the clock of a process");
  }
  return (double)used.tv_sec * 1e9 + (double)used.tv_nsec;
}

/* A new database with N sessions that are held by nobody's scope, so that many can live at once. */
static void make_database(const mode *how, int n) {
  remove_files();
  sqlite3 *db = connect(how);
  run(db, "SELECT tenure_install(); CREATE TABLE note (what INTEGER); INSERT INTO note VALUES (0);"
          "BEGIN");
  sqlite3_stmt *start = prepare(db, "INSERT INTO tenure_start(scope, actor_id, lease_ttl)"
                                    " VALUES ('', 'worker', 86400)");
  for (int i = 0; i < n; i++) (void)number(start);
  run(db, "COMMIT");
  (void)sqlite3_finalize(start);
  sqlite3_stmt *ids = prepare(db, "SELECT session_id FROM tenure_session");
  for (int i = 0; i < n && sqlite3_step(ids) == SQLITE_ROW; i++) {
    (void)snprintf(shared->session_id[i], sizeof shared->session_id[i], "%s",
                   sqlite3_column_text(ids, 0));
  }
  (void)sqlite3_finalize(ids);
  if (sqlite3_close(db) != SQLITE_OK) fail(db, "close");
}

/* A child that does not outlive this process. */
static pid_t fork_or_fail(void) {
  (void)fflush(stdout);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) fail(NULL, "fork");
  if (child == 0 && (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)) exit(1);
  return child;
}

/* Waits until COUNT has reached WANT; CHILD, which counts, must not end before. */
static void await(_Atomic int *count, int want, pid_t child) {
  while (atomic_load(count) < want) {
    siginfo_t ended = {.si_pid = 0};
    nap(20);
    if (waitid(P_PID, (id_t)child, &ended, WEXITED | WNOHANG | WNOWAIT) != 0 ||
        (ended.si_pid != 0 && atomic_load(count) < want)) {
      fail(NULL, "a process of the test failed");
    }
  }
}

static void join(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, 0) != child || status != 0)
    fail(NULL, "a process of the test failed");
}

/* --- one waiter */

/* The floor: spins until the session has a final result. */
static void spin_until_over(sqlite3_stmt *version, sqlite3_stmt *row, int round) {
  bind_session(row, round);
  sqlite3_int64 seen = number(version);
  const int is_over = number(row) == 1;
  atomic_store(&shared->waiting, round + 1);
  while (!is_over) {
    const sqlite3_int64 found = number(version);
    if (found == seen) continue;
    seen = found;
    if (number(row) == 1) break;
  }
}

/* Called for each row of each statement: session_wait() itself reads rows, and the last one decides. */
static int note_row(unsigned event, void *context, void *stmt, void *unused) {
  int64_t *last = context; /* two times, the later one first */
  (void)event;
  (void)stmt;
  (void)unused;
  last[1] = last[0];
  last[0] = now_ns();
  return 0;
}

static void wait_until_over(sqlite3_stmt *wait, int round, const int64_t *last) {
  bind_session(wait, round);
  atomic_store(&shared->waiting, round + 1);
  const int rc = sqlite3_step(wait);
  shared->answered_ns = now_ns();
  shared->read_ns = last[1]; /* the row behind it is the answer's own */
  if (rc != SQLITE_ROW ||
      strstr((const char *)sqlite3_column_text(wait, 0), "\"outcome\":\"completed\"") == NULL) {
    fail(sqlite3_db_handle(wait), "a wait did not see a result");
  }
  if (sqlite3_reset(wait) != SQLITE_OK) fail(sqlite3_db_handle(wait), "reset");
}

static int is_floor(int round) {
  return round / BLOCK % 2 == 0;
}

/* Takes from this process all that it could still open: so it cannot ask for notices. */
static void be_deaf(void) {
  struct rlimit files;
  const int next = dup(0);
  if (next < 0 || close(next) != 0 || getrlimit(RLIMIT_NOFILE, &files) != 0) fail(NULL, "limit");
  files.rlim_cur = (rlim_t)next;
  if (setrlimit(RLIMIT_NOFILE, &files) != 0) fail(NULL, "setrlimit");
}

enum { PLAIN, WITH_FLOOR, DEAF };

/* The waiter: N rounds; every second block is the floor's if it comes WITH_FLOOR. */
_Noreturn static void be_waiter(const mode *how, int n, int kind) {
  sqlite3 *db = connect(how);
  sqlite3_stmt *version = prepare(db, "PRAGMA data_version");
  sqlite3_stmt *row =
      prepare(db, "SELECT r.final, r.status, r.exit_code, c.exit_code, s.status"
                  " FROM tenure_session AS s LEFT JOIN tenure_result AS r"
                  " ON r.session_id = s.session_id AND r.incarnation = s.incarnation"
                  " AND r.turn_id = '' LEFT JOIN tenure_completion AS c"
                  " ON c.session_id = s.session_id AND c.incarnation = s.incarnation"
                  " WHERE s.session_id = ?1");
  sqlite3_stmt *wait = prepare(db, "SELECT session_wait(?1, 60000)");
  int64_t last[2] = {0, 0};
  if (sqlite3_trace_v2(db, SQLITE_TRACE_ROW, note_row, last) != SQLITE_OK) fail(db, "trace");
  (void)number(version); /* all files that SQLite needs are open now */
  if (kind == DEAF) be_deaf();
  for (int i = 0; i < n; i++) {
    if (kind == WITH_FLOOR && is_floor(i)) {
      spin_until_over(version, row, i);
      shared->read_ns = shared->answered_ns = last[0];
    } else {
      wait_until_over(wait, i, last);
    }
    atomic_store(&shared->woken, i + 1);
  }
  (void)sqlite3_finalize(version);
  (void)sqlite3_finalize(row);
  (void)sqlite3_finalize(wait);
  if (sqlite3_close(db) != SQLITE_OK) fail(db, "close");
  exit(0);
}

/* What a round took, in microseconds: from the return of the commit to the row that decides, from its begin
** on, and from its return to the answer. */
typedef struct delay {
  double read;
  double whole;
  double answer;
} delay;

/* N rounds against a waiter. The writer waits PAUSE_US and up to three times as much again before each
** commit. */
static void measure_delays(const mode *how, int n, int kind, int pause_us, delay *out) {
  atomic_store(&shared->waiting, 0);
  atomic_store(&shared->woken, 0);
  make_database(how, n);
  const pid_t child = fork_or_fail();
  if (child == 0) be_waiter(how, n, kind);
  sqlite3 *db = connect(how);
  sqlite3_stmt *end = prepare(db, END_SESSION);
  for (int i = 0; i < n; i++) {
    bind_session(end, i);
    await(&shared->waiting, i + 1, child);
    nap(pause_us + (int64_t)(random() % (3 * pause_us + 1)));
    const int64_t begun = now_ns();
    (void)number(end);
    const int64_t committed = now_ns();
    await(&shared->woken, i + 1, child);
    out[i].read = (double)(shared->read_ns - committed) / 1000;
    out[i].whole = (double)(shared->read_ns - begun) / 1000;
    out[i].answer = (double)(shared->answered_ns - committed) / 1000;
  }
  (void)sqlite3_finalize(end);
  if (sqlite3_close(db) != SQLITE_OK) fail(db, "close");
  join(child);
}

static int compare_doubles(const void *a, const void *b) {
  const double x = *(const double *)a;
  const double y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static double quantile(double *sorted, int n, double q) {
  return sorted[(int)(q * (n - 1))];
}

static void print_goal(const char *what, const char *how, double value, double goal) {
  char name[100];
  (void)snprintf(name, sizeof name, "%s, %s", what, how);
  printf("%-58s %8.3f", name, value);
  if (goal > 0) {
    printf("  goal <= %-5.2f %s", goal, value <= goal ? "ok" : "MISS");
    goals++;
    misses += value > goal;
  }
  printf("\n");
  (void)fflush(stdout);
}

/* The median and the 99th percentile of one part of the delays of one kind of waiter. */
typedef struct summary {
  double p50;
  double p99;
} summary;

enum { READ, WHOLE, ANSWER };

static summary summarize(const char *who, const delay *all, int n, int floor, int part) {
  static const char *const names[] = {"row read", "row read since the begin", "answer"};
  static double us[SESSION_MAX];
  int count = 0;
  for (int i = 0; i < n; i++) {
    if (is_floor(i) != floor) continue;
    us[count++] = part == READ ? all[i].read : part == WHOLE ? all[i].whole : all[i].answer;
  }
  qsort(us, (size_t)count, sizeof us[0], compare_doubles);
  const summary found = {quantile(us, count, 0.5), quantile(us, count, 0.99)};
  if (with_times) {
    printf("# %s, %s: p50 %.0f us, p90 %.0f us, p99 %.0f us\n", who, names[part], found.p50,
           quantile(us, count, 0.9), found.p99);
  }
  return found;
}

static void bench_delay(const mode *how, int n) {
  static delay all[SESSION_MAX];
  measure_delays(how, n, WITH_FLOOR, 3000, all);
  const summary floor = summarize("spin", all, n, 1, READ);
  const summary ours = summarize("wait", all, n, 0, READ);
  const summary floor_whole = summarize("spin", all, n, 1, WHOLE);
  const summary whole = summarize("wait", all, n, 0, WHOLE);
  const summary answer = summarize("wait", all, n, 0, ANSWER);
  print_goal("row read / spinning, p50", how->name, ours.p50 / floor.p50, 1.5);
  print_goal("row read / spinning, p99", how->name, ours.p99 / floor.p99, 2);
  print_goal("row read since the begin / spinning, p50", how->name, whole.p50 / floor_whole.p50, 0);
  print_goal("row read since the begin / spinning, p99", how->name, whole.p99 / floor_whole.p99, 0);
  print_goal("answer / spinning, p50", how->name, answer.p50 / floor.p50, 0);
  print_goal("answer / spinning, p99", how->name, answer.p99 / floor.p99, 0);
}

/* --- many waiters */

/* Ends the session of ROUND. */
static void end_session(const mode *how, int round) {
  sqlite3 *db = connect(how);
  sqlite3_stmt *end = prepare(db, END_SESSION);
  bind_session(end, round);
  (void)number(end);
  (void)sqlite3_finalize(end);
  if (sqlite3_close(db) != SQLITE_OK) fail(db, "close");
}

/* One of many: waits for the session of ROUND. */
_Noreturn static void be_one(const mode *how, int round) {
  sqlite3 *db = connect(how);
  sqlite3_stmt *wait = prepare(db, "SELECT session_wait(?1, 600000) IS NULL");
  bind_session(wait, round);
  atomic_fetch_add(&shared->gathered, 1);
  (void)number(wait);
  (void)sqlite3_finalize(wait);
  if (sqlite3_close(db) != SQLITE_OK) fail(db, "close");
  exit(0);
}

/* N processes that wait for the session of ROUND. */
static void gather(const mode *how, pid_t *herd, int n, int round) {
  atomic_store(&shared->gathered, 0);
  for (int i = 0; i < n; i++) {
    herd[i] = fork_or_fail();
    if (herd[i] == 0) be_one(how, round);
  }
  await(&shared->gathered, n, herd[0]);
  nap(300000);
}

static void scatter(const mode *how, const pid_t *herd, int n, int round) {
  end_session(how, round);
  for (int i = 0; i < n; i++) join(herd[i]);
}

/* What share of a processor each of N waiters takes while nobody commits: once they rest, since one that has just
** begun looks more often for a while. */
static void bench_idle(const mode *how, int n, const char *what) {
  pid_t herd[HERD];
  double cpu = 0;
  make_database(how, 1);
  gather(how, herd, n, 0);
  nap(2000000);
  for (int i = 0; i < n; i++) cpu -= cpu_ns(herd[i]);
  const int64_t begun = now_ns();
  nap(8000000);
  for (int i = 0; i < n; i++) cpu += cpu_ns(herd[i]);
  const double percent = 100 * cpu / n / (double)(now_ns() - begun);
  scatter(how, herd, n, 0);
  print_goal(what, how->name, percent, 0.1);
}

/* The median time of a commit, in nanoseconds, one every PAUSE_US. */
static double time_commits(const mode *how, int n, int pause_us) {
  double *spent = calloc((size_t)n, sizeof *spent);
  if (spent == NULL) fail(NULL, "no memory");
  sqlite3 *db = connect(how);
  sqlite3_stmt *write = prepare(db, "UPDATE note SET what = what + 1");
  for (int i = 0; i < n; i++) {
    if (pause_us > 0) nap(pause_us);
    const int64_t begun = now_ns();
    (void)number(write);
    spent[i] = (double)(now_ns() - begun);
  }
  (void)sqlite3_finalize(write);
  if (sqlite3_close(db) != SQLITE_OK) fail(db, "close");
  qsort(spent, (size_t)n, sizeof *spent, compare_doubles);
  const double median = quantile(spent, n, 0.5);
  if (with_times)
    printf("# commit p50 %.0f us, p99 %.0f us\n", median / 1000, quantile(spent, n, 0.99) / 1000);
  free(spent);
  return median;
}

/* By how much 16 waiters slow a commit that does not concern them. */
static void bench_herd(const mode *how, int n, int pause_us, const char *pace) {
  enum { TURNS = 5 };
  double ratio[TURNS];
  char what[100];
  pid_t herd[HERD];
  make_database(how, TURNS);
  for (int i = 0; i < TURNS; i++) {
    const double alone = time_commits(how, n, pause_us);
    gather(how, herd, HERD, i);
    ratio[i] = time_commits(how, n, pause_us) / alone;
    scatter(how, herd, HERD, i);
  }
  qsort(ratio, TURNS, sizeof ratio[0], compare_doubles);
  (void)snprintf(what, sizeof what, "a commit beside %d waiters, %s", HERD, pace);
  print_goal(what, how->name, ratio[TURNS / 2], 1.3);
}

/* --- waits that came late */

static int count_late(const mode *how, int n, int pause_us, int late_ms) {
  static delay all[SESSION_MAX];
  double worst = 0;
  int late = 0;
  for (int left = n; left > 0; left -= SESSION_MAX) {
    const int batch = left < SESSION_MAX ? left : SESSION_MAX;
    measure_delays(how, batch, PLAIN, pause_us, all);
    for (int i = 0; i < batch; i++) {
      late += all[i].answer > late_ms * 1000;
      if (all[i].answer > worst) worst = all[i].answer;
    }
  }
  printf("%s: %d waits, %d late, the latest after %.1f ms\n", how->name, n, late, worst / 1000);
  (void)fflush(stdout);
  return late;
}

/* Without notices only the looks of the waiter itself are left. */
static void bench_deaf(const mode *how) {
  enum { ROUNDS = 20 };
  delay all[ROUNDS];
  double worst = 0;
  measure_delays(how, ROUNDS, DEAF, 100000, all);
  for (int i = 0; i < ROUNDS; i++) worst = all[i].answer > worst ? all[i].answer : worst;
  print_goal("the latest wake without notices / 250 ms", how->name, worst / 1000 / LATE_MS, 1);
}

int main(int argc, char **argv) {
  const char *parent = ".";
  int rounds = 1000, count = 0, pause_us = 500, late_ms = LATE_MS;
  for (int i = 1; i < argc; i += 2) {
    const char *value = i + 1 < argc ? argv[i + 1] : "";
    if (strcmp(argv[i], "--dir") == 0 && value[0] != '\0')
      parent = value;
    else if (strcmp(argv[i], "--rounds") == 0 && atoi(value) > 0)
      rounds = atoi(value);
    else if (strcmp(argv[i], "--count") == 0 && atoi(value) > 0)
      count = atoi(value);
    else if (strcmp(argv[i], "--times") == 0 && value[0] != '\0')
      with_times = atoi(value);
    else if (strcmp(argv[i], "--pause") == 0 && atoi(value) > 0)
      pause_us = atoi(value);
    else if (strcmp(argv[i], "--late") == 0 && atoi(value) > 0)
      late_ms = atoi(value);
    else {
      fprintf(stderr, "usage: wake [--dir DIR] [--rounds N] [--times 1]\n"
                      "       wake [--dir DIR] --count N [--pause US] [--late MS]\n");
      return 2;
    }
  }
  if (rounds > SESSION_MAX) rounds = SESSION_MAX;
  owner = getpid();
  if (atexit(remove_folder) != 0) fail(NULL, "atexit");
  (void)snprintf(folder, sizeof folder, "%s/tenure-wake.XXXXXX", parent);
  if (mkdtemp(folder) == NULL) {
    folder[0] = '\0';
    fail(NULL, parent);
  }
  (void)snprintf(path, sizeof path, "%s/wake.db", folder);
  shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) fail(NULL, "mmap");
  int late = 0;
  for (int i = 0; i < MODE_COUNT; i++) {
    if (count > 0) {
      late += count_late(&modes[i], count, pause_us, late_ms);
      continue;
    }
    bench_delay(&modes[i], rounds);
    bench_idle(&modes[i], 1, "idle waiter, % of a processor");
    bench_idle(&modes[i], HERD, "one of 16 idle waiters, % of a processor");
    bench_deaf(&modes[i]);
    bench_herd(&modes[i], 500, 0, "one after another");
    bench_herd(&modes[i], 100, 7000, "one in 7 ms");
    bench_herd(&modes[i], 10, 100000, "one in 100 ms");
  }
  if (count > 0) return late > 0;
  printf("%d of %d goals missed\n", misses, goals);
  return 0;
}
