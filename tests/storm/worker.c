/*
** worker.c - one process of the storm: it does verbs of its own choice on one scope until its time is up,
** or until it is killed.
**
**   worker DATABASE LOG ACTOR SECONDS SEED
**
** Every success is one line of JSON in LOG, written after the statement has returned and before the next
** one begins:
**   {"verb": ..., "begin": NS, "end": NS, "shown": FENCE, "report": {...}}
** begin and end are readings of the monotonic clock around the statement, shown is the fence that it
** showed, 0 for none. A refusal is no success and is not logged. A worker that was refused often goes on
** with the fence it has, as a process would that has not noticed that it was replaced; that must never do
** any harm.
**
** Contention is waited for in short random steps. Any other error ends the worker with status 1, which
** fails the test.
*/
#define _XOPEN_SOURCE 700

#include <sqlite3.h>

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { START, HEARTBEAT, ACTIVITY, TAKEOVER, CLEAR, WRITE, BARE_WRITE, VERB_COUNT };

/* Each gives its report, and the session and fence that it is about (NULL where it says none). ?1 is the
** actor, ?2 and ?3 the session and fence that the worker believes in, ?4 a lease, ?5 a 0 or 1, ?6 now. */
#define ANSWER                                                                                     \
  " RETURNING session_report(), json_extract(session_report(), '$.session_id'), "                  \
  "json_extract(session_report(), '$.fence')"
#define ROW                                                                                        \
  " (who, session, fence, revision, at) VALUES (?1, ?2, ?3, "                                      \
  "(SELECT revision FROM tenure_scope WHERE scope = 'storm'), ?6) "                                \
  "RETURNING json_object('n', n), session, fence"
static const struct {
  const char *name;
  const char *sql;
} verbs[VERB_COUNT] = {
    [START] = {"start", "INSERT INTO tenure_start(scope, actor_id, fence, lease_ttl, strict) "
                        "VALUES ('storm', ?1, ?3, ?4, ?5)" ANSWER},
    [HEARTBEAT] = {"heartbeat", "INSERT INTO tenure_heartbeat(scope, session_id, actor_id, fence) "
                                "VALUES ('storm', ?2, ?1, ?3)" ANSWER},
    [ACTIVITY] = {"heartbeat", "INSERT INTO tenure_heartbeat(scope, actor_id, fence, activity) "
                               "VALUES ('storm', ?1, ?3, 'at ' || ?6)" ANSWER},
    [TAKEOVER] = {"takeover", "INSERT INTO tenure_takeover(scope, actor_id, lease_ttl, reason) "
                              "VALUES ('storm', ?1, ?4, 'its lease ran out')" ANSWER},
    [CLEAR] = {"clear", "INSERT INTO tenure_clear(scope, actor_id, fence) "
                        "VALUES ('storm', ?1, ?3)" ANSWER},
    [WRITE] = {"write", "INSERT INTO work" ROW},
    [BARE_WRITE] = {"bare", "INSERT INTO bare" ROW}, /* comes before every WRITE */
};

typedef struct worker {
  sqlite3 *db;
  sqlite3_stmt *stmt[VERB_COUNT];
  int log;
  const char *actor;
  uint64_t random;
  char session[64];    /* what the worker believes to hold; "" for nothing */
  sqlite3_int64 fence; /* 0 for nothing */
  int shows;           /* whether the present statement shows that fence */
} worker;

_Noreturn static void die(const worker *w, const char *what) {
  fprintf(stderr, "%s: %s: %s\n", w->actor, what, w->db == NULL ? "" : sqlite3_errmsg(w->db));
  exit(1);
}

static sqlite3_int64 monotonic_ns(void) {
  struct timespec now = {0, 0};
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (sqlite3_int64)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* A number from 0 to LIMIT - 1 (splitmix64). */
static unsigned pick(worker *w, unsigned limit) {
  uint64_t z = (w->random += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return (unsigned)((z ^ (z >> 31)) % limit);
}

static void nap(unsigned microseconds) {
  const struct timespec span = {microseconds / 1000000, (long)(microseconds % 1000000) * 1000};
  (void)nanosleep(&span, NULL);
}

static int wait_for_lock(void *context, int count) {
  (void)count;
  nap(20 + pick(context, 400));
  return 1;
}

static void append(worker *w, const char *verb, sqlite3_int64 begin, const char *report) {
  char *line = sqlite3_mprintf(
      "{\"verb\":\"%s\",\"begin\":%lld,\"end\":%lld,\"shown\":%lld,\"report\":%s}\n", verb, begin,
      monotonic_ns(), w->shows ? w->fence : 0, report);
  if (line == NULL) die(w, "no memory");
  const size_t n = strlen(line);
  if (write(w->log, line, n) != (ssize_t)n) die(w, "log");
  sqlite3_free(line);
}

/* Presents the fence that the worker believes in, so that guarded writes are judged by it. */
static void hold(worker *w) {
  char *sql = w->fence == 0 ? sqlite3_mprintf("SELECT tenure_hold(NULL)")
                            : sqlite3_mprintf("SELECT tenure_hold(%Q, %lld)", w->session, w->fence);
  if (sql == NULL || sqlite3_exec(w->db, sql, NULL, NULL, NULL) != SQLITE_OK) die(w, "hold");
  sqlite3_free(sql);
}

static void believe(worker *w, const char *session, sqlite3_int64 fence) {
  (void)snprintf(w->session, sizeof w->session, "%s", session == NULL ? "" : session);
  w->fence = session == NULL ? 0 : fence;
  hold(w);
}

static void bind(worker *w, sqlite3_stmt *stmt) {
  int rc = sqlite3_bind_text(stmt, 1, w->actor, -1, SQLITE_STATIC);
  /* One heartbeat in five shows no fence: then the name of the actor must do. */
  w->shows = w->fence != 0 && (stmt == w->stmt[WRITE] || stmt == w->stmt[BARE_WRITE] || pick(w, 5));
  for (int i = 2; i <= sqlite3_bind_parameter_count(stmt) && rc == SQLITE_OK; i++) {
    switch (i) {
    case 2:
      rc = w->shows ? sqlite3_bind_text(stmt, 2, w->session, -1, SQLITE_TRANSIENT)
                    : sqlite3_bind_null(stmt, 2);
      break;
    case 3:
      rc = w->shows ? sqlite3_bind_int64(stmt, 3, w->fence) : sqlite3_bind_null(stmt, 3);
      break;
    case 4: rc = sqlite3_bind_int64(stmt, 4, 1 + pick(w, 2)); break;
    case 5: rc = sqlite3_bind_int64(stmt, 5, pick(w, 2)); break;
    default: rc = sqlite3_bind_int64(stmt, 6, monotonic_ns()); break;
    }
  }
  if (rc != SQLITE_OK) die(w, "bind");
}

/* Does one verb. Returns 1 if it succeeded, 0 if it was refused. */
static int perform(worker *w, int verb) {
  sqlite3_stmt *stmt = w->stmt[verb];
  char *report = NULL;
  char *session = NULL;
  sqlite3_int64 fence = 0;
  bind(w, stmt);
  const sqlite3_int64 begin = monotonic_ns();
  int rc = sqlite3_step(stmt);
  if (rc == SQLITE_ROW) {
    report = sqlite3_mprintf("%s", sqlite3_column_text(stmt, 0));
    session = sqlite3_mprintf("%s", sqlite3_column_text(stmt, 1));
    fence = sqlite3_column_int64(stmt, 2);
    rc = sqlite3_step(stmt);
  }
  rc = sqlite3_reset(stmt);
  if (rc == SQLITE_OK) {
    append(w, verbs[verb].name, begin, report == NULL ? "null" : report);
    if (verb == CLEAR) {
      believe(w, NULL, 0);
    } else if (verb != WRITE && verb != BARE_WRITE) {
      believe(w, session, fence);
    }
  } else if (rc != SQLITE_CONSTRAINT_TRIGGER && rc != SQLITE_BUSY) {
    die(w, verbs[verb].name);
  }
  sqlite3_free(report);
  sqlite3_free(session);
  return rc == SQLITE_OK;
}

/* What to do next: in a hundred cases so many of each, with and without a fence in hand. */
static int choose(worker *w) {
  static const unsigned char holding[VERB_COUNT] = {3, 42, 10, 2, 3, 40, 0};
  static const unsigned char waiting[VERB_COUNT] = {36, 8, 0, 30, 2, 24, 0};
  const unsigned char *weights = w->fence != 0 ? holding : waiting;
  unsigned at = pick(w, 100);
  int verb = 0;
  while (at >= weights[verb]) at -= weights[verb++];
  return verb;
}

static void open_worker(worker *w, const char *path) {
  const char *extension = getenv("TENURE_EXTENSION");
  char *message = NULL;
  if (sqlite3_open_v2(path, &w->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) die(w, path);
  if (sqlite3_extended_result_codes(w->db, 1) != SQLITE_OK ||
      sqlite3_busy_handler(w->db, wait_for_lock, w) != SQLITE_OK ||
      sqlite3_db_config(w->db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, NULL) != SQLITE_OK) {
    die(w, "configure");
  }
  if (sqlite3_load_extension(w->db, extension == NULL ? "dist/tenure" : extension, NULL,
                             &message) != SQLITE_OK) {
    die(w, message == NULL ? "load" : message);
  }
  if (sqlite3_exec(w->db, "PRAGMA synchronous = NORMAL", NULL, NULL, NULL) != SQLITE_OK) {
    die(w, "pragma");
  }
  for (int i = 0; i < VERB_COUNT; i++) {
    if (sqlite3_prepare_v3(w->db, verbs[i].sql, -1, SQLITE_PREPARE_PERSISTENT, &w->stmt[i], NULL) !=
        SQLITE_OK) {
      die(w, verbs[i].sql);
    }
  }
}

int main(int argc, char **argv) {
  if (argc != 6) {
    fprintf(stderr, "usage: worker DATABASE LOG ACTOR SECONDS SEED\n");
    return 2;
  }
  worker w = {.actor = argv[3], .random = strtoull(argv[5], NULL, 10)};
  const sqlite3_int64 until = monotonic_ns() + (sqlite3_int64)(atof(argv[4]) * 1e9);
  w.log = open(argv[2], O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (w.log < 0) die(&w, argv[2]);
  open_worker(&w, argv[1]);
  while (monotonic_ns() < until) {
    const int verb = choose(&w);
    if (verb == WRITE && w.fence != 0) (void)perform(&w, BARE_WRITE);
    /* Its fence was turned away. It may notice, or go on for a while. */
    if (!perform(&w, verb) && w.shows && verb != TAKEOVER && pick(&w, 15) == 0) {
      believe(&w, NULL, 0);
    }
    nap(pick(&w, w.fence != 0 ? 2000 : 30000));
  }
  for (int i = 0; i < VERB_COUNT; i++) (void)sqlite3_finalize(w.stmt[i]);
  return sqlite3_close(w.db) == SQLITE_OK ? 0 : 1;
}
