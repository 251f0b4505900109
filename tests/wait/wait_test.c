/*
** wait_test.c - what session_wait() does to the process that calls it: it heeds an interrupt, leaks neither
** memory nor descriptors, hears of a commit even when it cannot listen, and gives the connection back its
** busy timeout.
*/
#define _XOPEN_SOURCE 700
#include "tenure.h"

#include "../core/tap.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static char folder[] = "/tmp/tenure-wait.XXXXXX";
static char path[64];
static char session[64];
static char listened[64];

_Noreturn static void die(sqlite3 *db, const char *what) {
  printf("Bail out! %s: %s\n", what, db == NULL ? "" : sqlite3_errmsg(db));
  exit(1);
}

static void run(sqlite3 *db, const char *sql) {
  if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) die(db, sql);
}

static sqlite3 *open_database(void) {
  sqlite3 *db = NULL;
  if (sqlite3_open(path, &db) != SQLITE_OK || sqlite3_tenure_init(db, NULL, NULL) != SQLITE_OK) {
    die(db, "open");
  }
  run(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
  return db;
}

static void close_database(sqlite3 *db) {
  if (sqlite3_close(db) != SQLITE_OK) die(db, "close");
}

/* The one value that SQL gives, as a text of this thread's own; the message of an error. */
static const char *value(sqlite3 *db, const char *sql) {
  static _Thread_local char text[600];
  sqlite3_stmt *stmt = NULL;
  if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK) die(db, sql);
  const char *found = sqlite3_step(stmt) == SQLITE_ROW ? (const char *)sqlite3_column_text(stmt, 0)
                                                       : sqlite3_errmsg(db);
  (void)snprintf(text, sizeof text, "%s", found == NULL ? "NULL" : found);
  (void)sqlite3_finalize(stmt); /* repeats the error */
  return text;
}

/* Waits CAP milliseconds for the session ID and gives the outcome. */
static const char *wait_for(sqlite3 *db, const char *id, int cap) {
  char sql[200];
  (void)snprintf(sql, sizeof sql, "SELECT json_extract(session_wait('%s', %d), '$.outcome')", id,
                 cap);
  return value(db, sql);
}

static double now_ms(void) {
  struct timespec now;
  if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) die(NULL, "clock");
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void nap(int ms) {
  const struct timespec pause = {ms / 1000, (long)(ms % 1000) * 1000000};
  (void)nanosleep(&pause, NULL);
}

static int count_descriptors(void) {
  int count = 0;
  DIR *all = opendir("/proc/self/fd");
  if (all == NULL) return -1;
  while (readdir(all) != NULL) count++;
  if (closedir(all) != 0) die(NULL, "closedir");
  return count;
}

/* How many of this process's descriptors are told of changes in a directory; -1 if that cannot be known. */
static int count_listeners(void) {
  int count = 0;
  for (int fd = 0; fd < 100; fd++) {
    char name[40], line[200];
    (void)snprintf(name, sizeof name, "/proc/self/fdinfo/%d", fd);
    FILE *info = fopen(name, "r");
    if (info == NULL) continue;
    while (fgets(line, sizeof line, info) != NULL) count += strncmp(line, "inotify wd:", 11) == 0;
    if (fclose(info) != 0) return -1;
  }
  return count;
}

static void new_session(sqlite3 *db) {
  (void)snprintf(
      session, sizeof session, "%s",
      value(db, "INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('', 'ann', 600)"
                " RETURNING json_extract(session_report(), '$.session_id')"));
}

/* What another thread does while this one waits: DELAY milliseconds from now. */
typedef struct deed {
  int delay;
  sqlite3 *interrupted; /* NULL: the session gets a final result */
  double at;            /* when it was done */
  atomic_bool is_over;  /* the wait has ended */
} deed;

static void *do_deed(void *argument) {
  deed *todo = argument;
  sqlite3 *db = todo->interrupted == NULL ? open_database() : NULL;
  char sql[200];
  (void)snprintf(
      sql, sizeof sql,
      "INSERT INTO tenure_record_result(session_id, status, final) VALUES ('%s', 'success', 1)",
      session);
  nap(todo->delay);
  if (db == NULL) {
    todo->at = now_ms();
    do { /* one that comes before the wait has begun is not heard */
      sqlite3_interrupt(todo->interrupted);
      nap(10);
    } while (!todo->is_over);
  } else {
    run(db, sql);
    todo->at = now_ms();
    close_database(db);
  }
  return NULL;
}

/* Waits while another thread does TODO, which should end the wait with WANT; gives how many milliseconds
** after the deed that was. */
static double wait_through(sqlite3 *db, deed *todo, const char *want) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, do_deed, todo) != 0) die(NULL, "thread");
  const int is_right = strcmp(wait_for(db, session, 60000), want) == 0;
  const double returned = now_ms();
  todo->is_over = true;
  if (pthread_join(thread, NULL) != 0) die(NULL, "join");
  return is_right ? returned - todo->at : 1e9;
}

/* The machine may be busy with something else for a while: of several the best counts. */
enum { TRIES = 3, PROMISED_MS = 250 };

static void test_interrupt(sqlite3 *db) {
  double best = 1e9;
  for (int i = 0; i < TRIES; i++) {
    deed interrupt = {i == 0 ? 30 : 250 + 50 * i, db, 0, false};
    const double took = wait_through(db, &interrupt, "interrupted");
    ok(took < 1e8, "a wait is interrupted");
    if (took < best) best = took;
  }
  ok(best <= PROMISED_MS, "within %d ms", PROMISED_MS);
  is_str(value(db, "SELECT count(*) FROM tenure_session"), "1", "the connection works on");
  is_str(wait_for(db, session, 1), "kv_warm", "and waits again");
}

static void test_wake(sqlite3 *db, const char *how) {
  double best = 1e9;
  for (int i = 0; i < TRIES; i++) {
    new_session(db);
    deed result = {100, NULL, 0, false};
    const double took = wait_through(db, &result, "completed");
    ok(took < 1e8, "%s: told of the result", how);
    if (took < best) best = took;
  }
  ok(best <= PROMISED_MS, "%s: within %d ms", how, PROMISED_MS);
}

/* The pauses between the looks of a wait that is two seconds old. */
typedef struct looks {
  double begun;
  double last;
  double gap[40];
  int count;
} looks;

/* Called for each statement that begins; of those that a wait runs, a look is the pragma. */
static int note_look(unsigned event, void *context, void *stmt, void *sql) {
  looks *seen = context;
  (void)event;
  (void)stmt;
  if (strstr(sql, "data_version") == NULL) return 0;
  const double now = now_ms();
  if (now - seen->begun > 2000 && seen->count < 40) seen->gap[seen->count++] = now - seen->last;
  seen->last = now;
  return 0;
}

static void test_looks(sqlite3 *db) {
  looks seen = {0};
  int long_ones = 0;
  bool is_good = false;
  for (int try = 0; try < TRIES && !is_good; try++) {
    seen = (looks){.begun = now_ms()};
    long_ones = 0;
    if (sqlite3_trace_v2(db, SQLITE_TRACE_STMT, note_look, &seen) != SQLITE_OK) die(db, "trace");
    is_str(wait_for(db, session, 3500), "kv_warm", "a long wait");
    (void)sqlite3_trace_v2(db, 0, NULL, NULL);
    for (int i = 0; i < seen.count; i++) long_ones += seen.gap[i] > 280;
    is_good = seen.count > 2 && seen.count < 20 && long_ones <= 2;
  }
  ok(is_good, "looks every 220 ms or so when it is old: %d of %d pauses are long", long_ones,
     seen.count);
}

/* A waiter that listens, so that nobody else may. */
static void *listen(void *argument) {
  sqlite3 *db = argument;
  (void)wait_for(db, listened, 60000);
  return NULL;
}

/* Puts into a deed's delay how many listen when that time is over. */
static void *count_later(void *argument) {
  deed *counted = argument;
  nap(counted->delay);
  counted->delay = count_listeners();
  return NULL;
}

static void test_deaf(void) {
  struct rlimit files, few;
  sqlite3 *db = open_database();
  sqlite3 *other = open_database();
  pthread_t listener;
  new_session(db);
  (void)memcpy(listened, session, sizeof listened);
  if (pthread_create(&listener, NULL, listen, other) != 0) die(NULL, "thread");
  for (int i = 0; i < 3000 && count_listeners() != 1; i++) nap(20);
  is_int(count_listeners(), 1, "who waits listens");
  deed result = {300, NULL, 0, false};
  pthread_t second;
  if (pthread_create(&second, NULL, count_later, &result) != 0) die(NULL, "thread");
  is_str(wait_for(db, session, 400), "kv_warm", "another waits beside it");
  if (pthread_join(second, NULL) != 0) die(NULL, "join");
  is_int(result.delay, 1, "and does not listen");
  test_wake(db, "while another listens");
  sqlite3_interrupt(other);
  if (pthread_join(listener, NULL) != 0) die(NULL, "join");
  is_int(count_listeners(), 0, "who waits no more listens no more");
  close_database(other);

  /* The writer needs its own descriptors, so it opens before there are none left. */
  sqlite3 *writer = open_database();
  sqlite3_stmt *end = NULL;
  new_session(writer);
  (void)value(db, "SELECT count(*) FROM tenure_session");
  if (sqlite3_prepare_v2(writer,
                         "INSERT INTO tenure_record_result(session_id, status, final)"
                         " VALUES (?1, 'success', 1)",
                         -1, &end, NULL) != SQLITE_OK ||
      sqlite3_bind_text(end, 1, session, -1, SQLITE_STATIC) != SQLITE_OK ||
      getrlimit(RLIMIT_NOFILE, &files) != 0) {
    die(writer, "prepare");
  }
  few = files;
  few.rlim_cur = 3;
  if (setrlimit(RLIMIT_NOFILE, &few) != 0) die(NULL, "setrlimit");
  is_int(dup(0), -1, "there are no descriptors left");
  is_str(wait_for(db, session, 300), "kv_warm", "without descriptors: waits to the cap");
  is_int(sqlite3_step(end), SQLITE_DONE, "without descriptors: another writes");
  is_str(wait_for(db, session, 60000), "completed", "without descriptors: sees what is there");
  if (setrlimit(RLIMIT_NOFILE, &files) != 0) die(NULL, "setrlimit");
  (void)sqlite3_finalize(end);
  close_database(writer);
  close_database(db);
}

static void test_leaks(void) {
  const int before = count_descriptors();
  sqlite3 *db = open_database();
  new_session(db);
  is_str(wait_for(db, session, 5), "kv_warm", "a first wait");
  is_int(count_listeners(), 0, "listens no more when it is over");
  const int once = count_descriptors();
  const sqlite3_int64 memory = sqlite3_memory_used();
  for (int i = 0; i < 3000; i++) (void)wait_for(db, i % 3 == 0 ? "ses_x" : session, 0);
  for (int i = 0; i < 200; i++) (void)wait_for(db, session, 1);
  for (int i = 0; i < 300; i++) (void)value(db, "SELECT session_wait('x', 1) FROM tenure_session");
  is_int(count_descriptors(), once, "thousands of waits later no descriptor more");
  ok(sqlite3_memory_used() <= memory + 20000, "nor memory");
  close_database(db);
  is_int(count_descriptors(), before, "the connection takes with it what it kept");
}

/* A statement that is finalized in the middle, as a host does that has had enough rows. */
static void test_abandoned(sqlite3 *db) {
  sqlite3_stmt *stmt = NULL;
  char sql[200];
  (void)snprintf(sql, sizeof sql,
                 "SELECT session_wait('%s', 1) UNION ALL SELECT session_wait('%s', 1)", session,
                 session);
  if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK) die(db, sql);
  is_int(sqlite3_step(stmt), SQLITE_ROW, "one of two rows");
  is_int(sqlite3_finalize(stmt), SQLITE_OK, "is enough");
}

static int count_calls(void *calls, int tries) {
  ++*(int *)calls;
  return tries < 2;
}

static void test_busy(sqlite3 *db) {
  int calls = 0;
  (void)sqlite3_busy_timeout(db, 1234);
  (void)wait_for(db, session, 1);
  is_str(value(db, "PRAGMA busy_timeout"), "1234", "the busy timeout is what it was");
  deed interrupt = {30, db, 0, false};
  (void)wait_through(db, &interrupt, "interrupted");
  is_str(value(db, "PRAGMA busy_timeout"), "1234", "after an interrupt too");
  (void)value(db, "SELECT session_wait('x', -1)");
  is_str(value(db, "PRAGMA busy_timeout"), "1234", "and after a refusal");
  (void)sqlite3_busy_handler(db, count_calls, &calls);
  (void)wait_for(db, session, 1);
  sqlite3 *other = open_database();
  run(other, "BEGIN IMMEDIATE");
  is_int(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_BUSY, "a busy handler");
  is_int(calls, 3, "of the host's own stays in force");
  run(other, "ROLLBACK");
  close_database(other);
}

int main(void) {
  if (mkdtemp(folder) == NULL) die(NULL, folder);
  (void)snprintf(path, sizeof path, "%s/wait.db", folder);
  sqlite3 *db = open_database();
  run(db, "SELECT tenure_install()");
  new_session(db);
  test_interrupt(db);
  test_abandoned(db);
  test_busy(db);
  test_wake(db, "alone");
  new_session(db);
  test_looks(db);
  close_database(db);
  test_deaf();
  test_leaks();
  is_int(sqlite3_memory_used(), 0, "SQLite holds no memory at the end");
  if (unlink(path) != 0 || rmdir(folder) != 0) die(NULL, "clean up");
  return done_testing();
}
