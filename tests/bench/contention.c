/*
** contention.c - how long verbs take when many processes want the one write lock at once.
**
**   contention [--dir DIR] [--seconds N] [--rounds N] [--times 1]
**
** 16 processes, each with a connection of its own, work on one scope of one database on disk (WAL, FULL): most
** verbs are heartbeats, some tell an activity, some add usage, and one in ten is a rival's start, which the
** holder's lease refuses under the lock. They wait for the lock by tenure_patience(), as the command does.
** Beside them: a floor, which does the same at the same times with a bare prepared UPDATE in a database of its
** own; and the same verbs with SQLite's own busy timeout.
**
** Open loop: each process is due every 10 ms (5 to 15), and a verb's time counts from when it was due, so
** whatever one wait delays is counted too. Closed loop: each goes on as fast as it can, which shows who starves.
** The kinds take turns, and what is printed is the median over the rounds, as ratios. What the disk can bear is
** the first line: as it comes near to 1 the floor, too, is late.
*/
#define _XOPEN_SOURCE 700
#define _DEFAULT_SOURCE

#include "tenure.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
  CROWD = 16,
  DUE_US = 10000, /* between two verbs of a process in the open loop */
  SECONDS_MAX = 30,
  ROUND_MAX = 31,
  SAMPLE_MAX = 200000, /* of one process: more than it can do in that time */
  LATE_SECONDS = 2,    /* what is still due so long after the time is over is not done any more */
  WAIT_MS = 5000       /* for how long a lock is waited for: what the command does */
};

#define SECOND_NS INT64_C(1000000000)

static const double GOAL_US = 5000;

/* What one process did. */
typedef struct lane {
  int count;   /* verbs that were tried, and so the samples */
  int in_time; /* of them, those that were done before the time was over */
  int busy;    /* those that failed for a lock */
  float us[SAMPLE_MAX];
} lane;

typedef struct board {
  _Atomic int ready;
  _Atomic int64_t begin_ns; /* 0 until all are ready */
  lane lanes[CROWD];
} board;

static board *shared;
static char folder[512];
static int owner; /* the process that made the folder, and removes it */
static int seconds = 2, rounds = 3, with_times;
static int goals, misses;

_Noreturn static void fail(sqlite3 *db, const char *what) {
  fprintf(stderr, "contention: %s: %s\n", what, db == NULL ? "cannot go on" : sqlite3_errmsg(db));
  exit(1);
}

static void remove_folder(void) {
  static const char *const names[] = {"tenure.db", "tenure.db-wal", "tenure.db-shm",
                                      "floor.db",  "floor.db-wal",  "floor.db-shm"};
  if (owner != getpid() || folder[0] == '\0') return;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    char name[640];
    (void)snprintf(name, sizeof name, "%s/%s", folder, names[i]);
    (void)unlink(name); /* most of them are gone with the last connection */
  }
  if (rmdir(folder) != 0) perror(folder);
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

static int64_t now_ns(void) {
  struct timespec now;
  if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) fail(NULL, "clock_gettime");
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void sleep_until(int64_t ns) {
  const struct timespec then = {(time_t)(ns / 1000000000), (long)(ns % 1000000000)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &then, NULL) != 0) continue;
}

/* --- the ways to wait, and the work */

typedef enum kind { FLOOR, VERBS, TIMEOUT, KIND_COUNT } kind;
static const char *const kind_names[KIND_COUNT] = {"bare UPDATE", "verbs", "verbs, busy timeout"};

static sqlite3 *connect(kind which) {
  sqlite3 *db = NULL;
  char text[640];
  (void)snprintf(text, sizeof text, "%s/%s.db", folder, which == FLOOR ? "floor" : "tenure");
  if (sqlite3_open(text, &db) != SQLITE_OK || sqlite3_tenure_init(db, NULL, NULL) != SQLITE_OK) {
    fail(db, text);
  }
  if (which == TIMEOUT) {
    (void)sqlite3_busy_timeout(db, WAIT_MS);
  } else {
    (void)snprintf(text, sizeof text, "SELECT tenure_patience(%d)", WAIT_MS);
    run(db, text);
  }
  run(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  return db;
}

static void make_databases(void) {
  sqlite3 *db = connect(VERBS);
  run(db, "SELECT tenure_install();"
          "INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('scope', 'worker', 86400)");
  if (sqlite3_close(db) != SQLITE_OK) fail(db, "close");
  db = connect(FLOOR);
  run(db, "CREATE TABLE session (session_id TEXT PRIMARY KEY, beat INTEGER) STRICT, WITHOUT ROWID;"
          "INSERT INTO session VALUES ('ses', 0)");
  if (sqlite3_close(db) != SQLITE_OK) fail(db, "close");
}

typedef enum verb { HEARTBEAT, ACTIVITY, USAGE, RIVAL, VERB_COUNT } verb;

/* One connection with what it runs. The floor has one statement for everything. */
typedef struct worker {
  sqlite3 *db;
  int is_floor;
  sqlite3_stmt *stmts[VERB_COUNT];
} worker;

static worker open_worker(kind which) {
  static const char *const verbs[VERB_COUNT] = {
      "INSERT INTO tenure_heartbeat(scope, actor_id, fence) VALUES ('scope', 'worker', 1)",
      "INSERT INTO tenure_heartbeat(scope, actor_id, fence, activity)"
      " VALUES ('scope', 'worker', 1, 'step ' || ?1)",
      "INSERT INTO tenure_usage(session_id, fence, input, output)"
      " VALUES ((SELECT session_id FROM tenure_session WHERE scope = 'scope' AND ended_at IS NULL), 1, 10, 1)",
      "INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('scope', 'rival', 60)"};
  worker it = {.db = connect(which), .is_floor = which == FLOOR};
  if (it.is_floor) {
    it.stmts[0] = prepare(it.db, "UPDATE session SET beat = beat + 1 WHERE session_id = 'ses'");
  } else {
    for (int i = 0; i < VERB_COUNT; i++) it.stmts[i] = prepare(it.db, verbs[i]);
  }
  return it;
}

static void close_worker(worker *it) {
  for (int i = 0; i < VERB_COUNT; i++) (void)sqlite3_finalize(it->stmts[i]);
  if (sqlite3_close(it->db) != SQLITE_OK) fail(it->db, "close");
}

/* Of ten verbs one tells an activity, one adds usage, and one is a rival's. */
static verb choose_verb(int i) {
  switch (i % 10) {
  case 3: return ACTIVITY;
  case 6: return USAGE;
  case 9: return RIVAL;
  default: return HEARTBEAT;
  }
}

/* Does the Ith piece of work. A lock that did not come is counted; whatever else is not as it should be ends
** the measurement. */
static void work(worker *it, int i, lane *mine) {
  const verb which = it->is_floor ? HEARTBEAT : choose_verb(i);
  sqlite3_stmt *stmt = it->stmts[which];
  if (which == ACTIVITY) (void)sqlite3_bind_int(stmt, 1, i);
  (void)sqlite3_step(stmt);
  const int rc = sqlite3_reset(stmt);
  if ((rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED) {
    mine->busy++;
  } else if ((rc & 0xff) != (which == RIVAL ? SQLITE_CONSTRAINT : SQLITE_OK)) {
    fail(it->db, sqlite3_sql(stmt));
  }
}

/* --- many processes */

static void note(lane *mine, int64_t since, int64_t end) {
  const int64_t now = now_ns();
  if (mine->count == SAMPLE_MAX) fail(NULL, "too many verbs");
  mine->us[mine->count++] = (float)(now - since) / 1000;
  mine->in_time += now <= end;
}

/* Each process is due at the same times in each round, whatever its kind is. */
_Noreturn static void be_one(int number, kind which, int is_open) {
  lane *mine = &shared->lanes[number];
  worker it = open_worker(which);
  unsigned short dice[3] = {(unsigned short)number, 16, 1};
  (void)atomic_fetch_add(&shared->ready, 1);
  while (atomic_load(&shared->begin_ns) == 0) (void)usleep(200);
  const int64_t begin = atomic_load(&shared->begin_ns);
  const int64_t end = begin + seconds * SECOND_NS;
  int64_t due = begin;
  if (is_open) due += nrand48(dice) % DUE_US * 1000;
  for (int i = number; due < end; i++) {
    sleep_until(due);
    if (now_ns() < end + LATE_SECONDS * SECOND_NS) work(&it, i, mine);
    note(mine, due, end);
    due = is_open ? due + (DUE_US / 2 + nrand48(dice) % (DUE_US + 1)) * 1000 : now_ns();
  }
  close_worker(&it);
  exit(0);
}

/* What a crowd did together. Times in microseconds. */
typedef struct outcome {
  double p50, p99, longest;
  double even; /* what the slowest process got done in time, as part of what the fastest did */
  double per_second; /* done in time */
  double busy;
} outcome;

static int compare_floats(const void *a, const void *b) {
  const float x = *(const float *)a;
  const float y = *(const float *)b;
  return x < y ? -1 : x > y;
}

static outcome sum_up(int n_process) {
  static float all[CROWD * SAMPLE_MAX];
  outcome sum = {0};
  int n = 0, least = SAMPLE_MAX, most = 1, done = 0;
  for (int i = 0; i < n_process; i++) {
    const lane *it = &shared->lanes[i];
    memcpy(all + n, it->us, (size_t)it->count * sizeof all[0]);
    n += it->count;
    done += it->in_time;
    least = it->in_time < least ? it->in_time : least;
    most = it->in_time > most ? it->in_time : most;
    sum.busy += it->busy;
  }
  if (n == 0) fail(NULL, "nothing was done");
  qsort(all, (size_t)n, sizeof all[0], compare_floats);
  sum.p50 = (double)all[n / 2];
  sum.p99 = (double)all[(int)(0.99 * (n - 1))];
  sum.longest = (double)all[n - 1];
  sum.even = (double)least / most;
  sum.per_second = (double)done / seconds;
  return sum;
}

static void await_all(int n_process) {
  while (atomic_load(&shared->ready) < n_process) {
    siginfo_t ended = {.si_pid = 0};
    (void)usleep(1000);
    if (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid != 0) {
      fail(NULL, "a process of the crowd failed");
    }
  }
}

static outcome measure(int n_process, kind which, int is_open) {
  pid_t crowd[CROWD];
  memset(shared, 0, sizeof *shared);
  const pid_t parent = getpid();
  (void)fflush(stdout);
  for (int i = 0; i < n_process; i++) {
    crowd[i] = fork();
    if (crowd[i] < 0) fail(NULL, "fork");
    if (crowd[i] == 0) {
      if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) exit(1);
      be_one(i, which, is_open);
    }
  }
  await_all(n_process);
  atomic_store(&shared->begin_ns, now_ns() + SECOND_NS / 50);
  for (int i = 0; i < n_process; i++) {
    int status = 0;
    if (waitpid(crowd[i], &status, 0) != crowd[i] || status != 0) {
      fail(NULL, "a process of the crowd failed");
    }
  }
  const outcome sum = sum_up(n_process);
  if (with_times) {
    printf(
        "# %d x %s, %s: %.0f/s, p50 %.0f us, p99 %.0f us, longest %.0f us, even %.2f, busy %.0f\n",
        n_process, kind_names[which], is_open ? "open" : "closed", sum.per_second, sum.p50, sum.p99,
        sum.longest, sum.even, sum.busy);
  }
  return sum;
}

/* --- rounds, medians */

static outcome results[KIND_COUNT][ROUND_MAX];

static int compare_doubles(const void *a, const void *b) {
  const double x = *(const double *)a;
  const double y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* Prints the median of VALUES, one for each round. */
static double print_value(const char *loop, const char *what, double *values) {
  char name[100];
  (void)snprintf(name, sizeof name, "%s: %s", loop, what);
  qsort(values, (size_t)rounds, sizeof values[0], compare_doubles);
  printf("%-62s %8.3f", name, values[rounds / 2]);
  return values[rounds / 2];
}

static void print_goal(const char *relation, double goal, int is_met) {
  printf("  goal %s %-5.2f %s", relation, goal, is_met ? "ok" : "MISS");
  goals++;
  misses += !is_met;
}

/* The part of outcomes at OFFSET, of one kind, or of it and another as a ratio. */
static double *part(double *out, size_t offset, kind which, kind base, double unit) {
  for (int i = 0; i < rounds; i++) {
    const char *ours = (const char *)&results[which][i], *theirs = (const char *)&results[base][i];
    double value, by = unit;
    memcpy(&value, ours + offset, sizeof value);
    if (base != which) memcpy(&by, theirs + offset, sizeof by);
    out[i] = value / by;
  }
  return out;
}
#define PART(member, which, unit) part(values, offsetof(outcome, member), which, which, unit)
#define RATIO(member, which, base) part(values, offsetof(outcome, member), which, base, 1)

static void end_line(void) {
  printf("\n");
  (void)fflush(stdout);
}

static void print_loop(int is_open) {
  const char *loop = is_open ? "open loop" : "closed loop";
  double values[ROUND_MAX];
  if (is_open) {
    (void)print_value(loop, "verbs / bare UPDATE, p50", RATIO(p50, VERBS, FLOOR)), end_line();
    (void)print_value(loop, "verbs / bare UPDATE, p99", RATIO(p99, VERBS, FLOOR)), end_line();
    const double p99 = print_value(loop, "p99 of verbs / 5 ms", PART(p99, VERBS, GOAL_US));
    print_goal("<=", 1, p99 <= 1), end_line();
    (void)print_value(loop, "p99 of bare UPDATE / 5 ms", PART(p99, FLOOR, GOAL_US)), end_line();
    (void)print_value(loop, "p99, busy timeout / 5 ms", PART(p99, TIMEOUT, GOAL_US)), end_line();
  } else {
    (void)print_value(loop, "verbs / bare UPDATE, number", RATIO(per_second, VERBS, FLOOR)),
        end_line();
    (void)print_value(loop, "busy timeout / patience, number", RATIO(per_second, TIMEOUT, VERBS));
    end_line();
  }
  (void)print_value(loop, "busy timeout / patience, longest", RATIO(longest, TIMEOUT, VERBS)),
      end_line();
  const double even = print_value(loop, "slowest / fastest process", PART(even, VERBS, 1));
  print_goal(">=", 0.5, even >= 0.5), end_line();
  (void)print_value(loop, "slowest / fastest process, busy timeout", PART(even, TIMEOUT, 1)),
      end_line();
  const double busy = print_value(loop, "failed for a lock", PART(busy, VERBS, 1));
  print_goal("<=", 0, busy <= 0), end_line();
  (void)print_value(loop, "failed for a lock, busy timeout", PART(busy, TIMEOUT, 1)), end_line();
}

/* What one process alone gets done, as part of what is asked of all. */
static void print_alone(void) {
  double values[ROUND_MAX];
  for (int i = 0; i < rounds; i++) {
    values[i] = measure(1, FLOOR, 0).per_second / (CROWD * 1e6 / DUE_US);
  }
  (void)print_value("alone", "a bare UPDATE after the other / what is due", values), end_line();
}

int main(int argc, char **argv) {
  const char *parent = ".";
  for (int i = 1; i < argc; i += 2) {
    const char *value = i + 1 < argc ? argv[i + 1] : "";
    if (strcmp(argv[i], "--dir") == 0 && value[0] != '\0')
      parent = value;
    else if (strcmp(argv[i], "--seconds") == 0 && atoi(value) > 0)
      seconds = atoi(value);
    else if (strcmp(argv[i], "--rounds") == 0 && atoi(value) > 0)
      rounds = atoi(value);
    else if (strcmp(argv[i], "--times") == 0 && value[0] != '\0')
      with_times = atoi(value);
    else {
      fprintf(stderr, "usage: contention [--dir DIR] [--seconds N] [--rounds N] [--times 1]\n");
      return 2;
    }
  }
  if (seconds > SECONDS_MAX) seconds = SECONDS_MAX;
  if (rounds > ROUND_MAX) rounds = ROUND_MAX;
  owner = getpid();
  if (atexit(remove_folder) != 0) fail(NULL, "atexit");
  (void)snprintf(folder, sizeof folder, "%s/tenure-contention.XXXXXX", parent);
  if (mkdtemp(folder) == NULL) {
    folder[0] = '\0';
    fail(NULL, parent);
  }
  shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) fail(NULL, "mmap");
  make_databases();
  print_alone();
  for (int is_open = 1; is_open >= 0; is_open--) {
    for (int round = 0; round < rounds; round++) {
      for (kind which = 0; which < KIND_COUNT; which++) {
        results[which][round] = measure(CROWD, which, is_open);
      }
    }
    print_loop(is_open);
  }
  printf("%d of %d goals missed\n", misses, goals);
  return 0;
}
