/*
** worker.c - one process of the storm: it does verbs of its own choice on some scopes until its time is up,
** or until it is killed.
**
**   worker DATABASE LOG ACTOR SCOPES IDENTITY SECONDS SEED
**
** The scopes are s1, s2, ... to SCOPES; each has a guarded table work_N and one without a guard, bare_N.
** IDENTITY 1: it says with each grant which process it is, so that its death can be proven.
**
** LOG gets two lines of JSON for every operation: one before the statement begins, one when it has returned.
** A process that is killed between the two leaves a call without an answer. Times are readings of the
** monotonic clock.
**   {"call": N, "verb": ..., "scope": ..., "begin": NS, and what was asked}
**   {"return": N, "end": NS, "refused": CODE}
**   {"return": N, "end": NS, "at": NS, "deadline": NS, "report": {...}}
** at is read under the write lock, behind the judgement; deadline is that of a lease that was granted.
**
** A worker uses only fences that a grant gave to it. One that was refused often goes on with what it has, as a
** process would that has not noticed that it was replaced; that must never do any harm. What it writes into
** the guarded table is what it has read there, plus one.
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

enum { START, HEARTBEAT, TAKEOVER, CLEAR, TRANSITION, RESUME, READ, WRITE, BARE, VERB_COUNT };
enum { MAX_SCOPES = 8, MAX_ID = 64 };

/* Each gives its report, a reading of the clock, the deadline, and the session and fence that it is about. %d
** is the number of the scope. */
#define ANSWER                                                                                     \
  " RETURNING session_report(), lease_grant('deadline', 1) - 1000000000, "                         \
  "(SELECT lease_deadline_mono FROM tenure_session "                                               \
  "WHERE session_id = json_extract(session_report(), '$.session_id')), "                           \
  "json_extract(session_report(), '$.session_id'), json_extract(session_report(), '$.fence'), "    \
  "json_extract(session_report(), '$.revision')"
#define PROCESS_COLUMNS "host, boot_id, pid, pid_start_ticks"
#define PROCESS                                                                                    \
  "iif(:identity, host_name(), NULL), iif(:identity, host_boot_id(), NULL), "                      \
  "iif(:identity, :pid, NULL), iif(:identity, process_start_ticks(:pid), NULL)"
#define ROW                                                                                        \
  "(op, session, fence, revision, value) VALUES (:op, :session, :fence, "                          \
  "(SELECT revision FROM tenure_scope WHERE scope = :scope), :value + 1) "                         \
  "RETURNING json_object('n', n), lease_grant('deadline', 1) - 1000000000, NULL"
static const struct {
  const char *name;
  const char *sql;
} verbs[VERB_COUNT] = {
    [START] = {"start", "INSERT INTO tenure_start(scope, actor_id, fence, lease_ttl, "
                        "strict, " PROCESS_COLUMNS ") VALUES (:scope, :actor, :fence, :ttl, "
                        ":strict, " PROCESS ")" ANSWER},
    [HEARTBEAT] = {"heartbeat",
                   "INSERT INTO tenure_heartbeat(scope, session_id, actor_id, fence, activity) "
                   "VALUES (:scope, :session, :actor, :fence, :activity)" ANSWER},
    [TAKEOVER] = {"takeover",
                  "INSERT INTO tenure_takeover(scope, actor_id, lease_ttl, reason, " PROCESS_COLUMNS
                  ") VALUES (:scope, :actor, :ttl, 'its lease ran out', " PROCESS ")" ANSWER},
    [CLEAR] = {"clear", "INSERT INTO tenure_clear(scope, session_id, actor_id, fence) "
                        "VALUES (:scope, :session, :actor, :fence)" ANSWER},
    [TRANSITION] = {"transition",
                    "INSERT INTO tenure_transition(session_id, status, expected_revision, fence, "
                    "actor_id) VALUES (:session, :status, :expected, :fence, :actor)" ANSWER},
    [RESUME] = {"resume",
                "INSERT INTO tenure_resume(session_id, actor_id, fence, lease_ttl, " PROCESS_COLUMNS
                ") VALUES (:session, :actor, :fence, :ttl, " PROCESS ")" ANSWER},
    [READ] = {"read", "SELECT coalesce((SELECT value FROM work_%d ORDER BY n DESC LIMIT 1), 0), "
                      "coalesce((SELECT value FROM bare_%d ORDER BY n DESC LIMIT 1), 0)"},
    [WRITE] = {"write", "INSERT INTO work_%d" ROW},
    [BARE] = {"bare", "INSERT INTO bare_%d" ROW}, /* comes before every WRITE, without a log */
};

/* What the worker believes of a scope. */
typedef struct belief {
  char session[MAX_ID];   /* the last one that it was granted; "" for none */
  sqlite3_int64 fence;    /* of that grant; 0: it does not believe to hold the scope */
  sqlite3_int64 revision; /* the last one that it was told */
  sqlite3_int64 value;    /* of the guarded table, read under this fence; -1: not read */
  sqlite3_int64 bare;     /* the same of the other table */
} belief;

/* What an operation asks for: NULL, "", 0 and -1 stand for what is left out. */
typedef struct request {
  int verb;
  int scope;
  const char *session;
  const char *status;
  sqlite3_int64 fence;
  sqlite3_int64 expected;
  int ttl;
  int strict;
  sqlite3_int64 value;
  char activity[MAX_ID];
  char op[MAX_ID];
} request;

typedef struct worker {
  sqlite3 *db;
  sqlite3_stmt *stmt[MAX_SCOPES][VERB_COUNT];
  belief beliefs[MAX_SCOPES];
  int scopes;
  int log;
  int identity;
  const char *life; /* the name of the log */
  const char *actor;
  uint64_t random;
  unsigned calls;
} worker;

_Noreturn static void die(const worker *w, const char *what) {
  fprintf(stderr, "%s: %s: %s\n", w->life, what, w->db == NULL ? "" : sqlite3_errmsg(w->db));
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

/* --- the log */

static void append(worker *w, char *line) {
  if (line == NULL) die(w, "no memory");
  const size_t n = strlen(line);
  if (write(w->log, line, n) != (ssize_t)n) die(w, "log");
  sqlite3_free(line);
}

/* ,"NAME":VALUE for what was asked; nothing for what was left out. All texts are plain words. */
static char *asked_text(char *before, const char *name, const char *text) {
  if (text == NULL || text[0] == '\0') return before;
  return sqlite3_mprintf("%z,\"%s\":\"%s\"", before, name, text);
}

static char *asked_number(char *before, const char *name, sqlite3_int64 number, int is_asked) {
  return is_asked ? sqlite3_mprintf("%z,\"%s\":%lld", before, name, number) : before;
}

static void log_call(worker *w, const request *r) {
  char *line = sqlite3_mprintf("{\"call\":%u,\"verb\":\"%s\",\"scope\":\"s%d\"", w->calls,
                               verbs[r->verb].name, r->scope + 1);
  line = asked_text(line, "session", r->session);
  line = asked_text(line, "status", r->status);
  line = asked_text(line, "activity", r->activity);
  line = asked_number(line, "fence", r->fence, r->fence != 0);
  line = asked_number(line, "expected", r->expected, r->expected != 0);
  line = asked_number(line, "ttl", r->ttl, r->ttl != 0);
  line = asked_number(line, "strict", r->strict, r->strict);
  line = asked_number(line, "value", r->value, r->value >= 0);
  append(w, sqlite3_mprintf("%z,\"begin\":%lld}\n", line, monotonic_ns()));
}

static void log_refusal(worker *w, const char *code, int length) {
  append(w, sqlite3_mprintf("{\"return\":%u,\"end\":%lld,\"refused\":\"%.*s\"}\n", w->calls,
                            monotonic_ns(), length, code));
}

static void log_report(worker *w, const char *report, const char *at, const char *deadline) {
  append(w,
         sqlite3_mprintf("{\"return\":%u,\"end\":%lld,\"at\":%s,\"deadline\":%s,\"report\":%s}\n",
                         w->calls, monotonic_ns(), at, deadline, report));
}

/* --- statements */

static void bind_text(worker *w, sqlite3_stmt *stmt, const char *name, const char *text) {
  const int i = sqlite3_bind_parameter_index(stmt, name);
  if (i == 0) return;
  if (text == NULL || text[0] == '\0') {
    if (sqlite3_bind_null(stmt, i) != SQLITE_OK) die(w, "bind");
  } else if (sqlite3_bind_text(stmt, i, text, -1, SQLITE_TRANSIENT) != SQLITE_OK) {
    die(w, "bind");
  }
}

static void bind_number(worker *w, sqlite3_stmt *stmt, const char *name, sqlite3_int64 number,
                        int is_given) {
  const int i = sqlite3_bind_parameter_index(stmt, name);
  if (i == 0) return;
  const int rc = is_given ? sqlite3_bind_int64(stmt, i, number) : sqlite3_bind_null(stmt, i);
  if (rc != SQLITE_OK) die(w, "bind");
}

static void bind_request(worker *w, sqlite3_stmt *stmt, const request *r) {
  char scope[16];
  (void)snprintf(scope, sizeof scope, "s%d", r->scope + 1);
  bind_text(w, stmt, ":scope", scope);
  bind_text(w, stmt, ":actor", w->actor);
  bind_text(w, stmt, ":session", r->session);
  bind_text(w, stmt, ":status", r->status);
  bind_text(w, stmt, ":activity", r->activity);
  bind_text(w, stmt, ":op", r->op);
  bind_number(w, stmt, ":fence", r->fence, r->fence != 0);
  bind_number(w, stmt, ":expected", r->expected, r->expected != 0);
  bind_number(w, stmt, ":ttl", r->ttl, r->ttl != 0);
  bind_number(w, stmt, ":strict", r->strict, 1);
  bind_number(w, stmt, ":value", r->value, 1);
  bind_number(w, stmt, ":identity", w->identity, 1);
  bind_number(w, stmt, ":pid", getpid(), 1);
}

/* The statement of a verb on a scope; prepared when it is wanted first, as lives are short. */
static sqlite3_stmt *statement(worker *w, int scope, int verb) {
  sqlite3_stmt **stmt = &w->stmt[scope][verb];
  if (*stmt == NULL) {
    char *sql = sqlite3_mprintf(verbs[verb].sql, scope + 1, scope + 1);
    if (sql == NULL ||
        sqlite3_prepare_v3(w->db, sql, -1, SQLITE_PREPARE_PERSISTENT, stmt, NULL) != SQLITE_OK) {
      die(w, verbs[verb].sql);
    }
    sqlite3_free(sql);
  }
  return *stmt;
}

/* Presents a fence, so that guarded writes are judged by it. */
static void hold(worker *w, const char *session, sqlite3_int64 fence) {
  char *sql = fence == 0 ? sqlite3_mprintf("SELECT tenure_hold(NULL)")
                         : sqlite3_mprintf("SELECT tenure_hold(%Q, %lld)", session, fence);
  if (sql == NULL || sqlite3_exec(w->db, sql, NULL, NULL, NULL) != SQLITE_OK) die(w, "hold");
  sqlite3_free(sql);
}

/* Copies a column; "null" for NULL. The caller frees it. */
static char *column(worker *w, sqlite3_stmt *stmt, int i) {
  const unsigned char *text = sqlite3_column_text(stmt, i);
  char *copy = sqlite3_mprintf("%s", text == NULL ? "null" : (const char *)text);
  if (copy == NULL) die(w, "no memory");
  return copy;
}

/* --- operations */

/* What the worker learns from a verb that succeeded. */
static void learn(worker *w, const request *r, const char *session, sqlite3_int64 fence,
                  sqlite3_int64 revision) {
  belief *b = &w->beliefs[r->scope];
  switch (r->verb) {
  case START:
  case TAKEOVER:
  case RESUME:
    (void)snprintf(b->session, sizeof b->session, "%s", session);
    b->fence = fence;
    b->revision = revision;
    b->value = -1;
    break;
  case HEARTBEAT:
  case TRANSITION:
    if (r->fence != 0) b->revision = revision;
    break;
  case CLEAR: /* one in three does not notice what it has done */
    if (pick(w, 3)) b->fence = 0;
    break;
  case WRITE: b->value = -1; break;
  default: break;
  }
}

/* Runs a statement to its end. Returns 1 if it succeeded, 0 if it was refused. */
static int run(worker *w, const request *r, int is_logged) {
  sqlite3_stmt *stmt = statement(w, r->scope, r->verb);
  char *part[4] = {NULL, NULL, NULL, NULL}; /* report, at, deadline, session */
  sqlite3_int64 fence = 0;
  sqlite3_int64 revision = 0;
  bind_request(w, stmt, r);
  if (is_logged) log_call(w, r);
  int rc = sqlite3_step(stmt);
  if (rc == SQLITE_ROW) {
    for (int i = 0; i < 4; i++) part[i] = column(w, stmt, i);
    fence = sqlite3_column_int64(stmt, 4);
    revision = sqlite3_column_int64(stmt, 5);
    rc = sqlite3_step(stmt);
  }
  rc = sqlite3_reset(stmt);
  if (rc == SQLITE_OK) {
    if (is_logged) log_report(w, part[0], part[1], part[2]);
    learn(w, r, part[3], fence, revision);
  } else if (rc == SQLITE_CONSTRAINT_TRIGGER) {
    const char *code = sqlite3_errmsg(w->db) + strlen("tenure: ");
    if (is_logged) log_refusal(w, code, (int)strcspn(code, ":"));
  } else {
    die(w, verbs[r->verb].name);
  }
  for (int i = 0; i < 4; i++) sqlite3_free(part[i]);
  return rc == SQLITE_OK;
}

static void read_value(worker *w, const request *r) {
  belief *b = &w->beliefs[r->scope];
  sqlite3_stmt *stmt = statement(w, r->scope, READ);
  log_call(w, r);
  if (sqlite3_step(stmt) != SQLITE_ROW) die(w, "read");
  b->value = sqlite3_column_int64(stmt, 0);
  b->bare = sqlite3_column_int64(stmt, 1);
  if (sqlite3_reset(stmt) != SQLITE_OK) die(w, "read");
  append(w, sqlite3_mprintf("{\"return\":%u,\"end\":%lld,\"value\":%lld,\"report\":{}}\n", w->calls,
                            monotonic_ns(), b->value));
}

/* What to do next: in a hundred cases so many of each, with and without a fence in hand. */
static int choose(worker *w, const belief *b) {
  static const unsigned char holding[VERB_COUNT] = {
      [START] = 4,      [HEARTBEAT] = 30, [TAKEOVER] = 3, [CLEAR] = 3,
      [TRANSITION] = 8, [RESUME] = 3,     [READ] = 9,     [WRITE] = 40,
  };
  static const unsigned char waiting[VERB_COUNT] = {
      [START] = 32,     [HEARTBEAT] = 10, [TAKEOVER] = 30, [CLEAR] = 4,
      [TRANSITION] = 6, [RESUME] = 14,    [READ] = 2,      [WRITE] = 2,
  };
  const unsigned char *weights = b->fence != 0 ? holding : waiting;
  unsigned at = pick(w, 100);
  int verb = 0;
  while (at >= weights[verb]) at -= weights[verb++];
  if ((verb == TRANSITION || verb == RESUME) && b->session[0] == '\0') return START;
  if (verb == WRITE && b->fence != 0 && b->value < 0) return READ;
  return verb;
}

/* A status to go to; mostly one that goes on. */
static const char *choose_status(worker *w) {
  static const char *const statuses[] = {
      "running", "running",    "ready",  "ready",   "interrupted", "error",     "starting",
      "exiting", "destroying", "exited", "stopped", "failed",      "destroyed", "idle"};
  return statuses[pick(w, sizeof statuses / sizeof statuses[0])];
}

/* One in five shows no fence: then the name of the actor must do. */
static void fill(worker *w, request *r) {
  const belief *b = &w->beliefs[r->scope];
  const int is_about_own = r->verb == TRANSITION || r->verb == RESUME || r->verb == WRITE;
  const int names_session = r->verb == HEARTBEAT || r->verb == CLEAR;
  (void)snprintf(r->op, sizeof r->op, "%s:%u", w->life, w->calls);
  if (is_about_own || (names_session && b->fence != 0 && pick(w, 2))) r->session = b->session;
  if (r->verb == WRITE) {
    r->fence = b->fence;
    r->value = b->value < 0 ? 0 : b->value;
  } else if (r->verb != TAKEOVER && r->verb != READ && pick(w, 5)) {
    r->fence = b->fence;
  }
  if (r->verb == START || r->verb == TAKEOVER || r->verb == RESUME) r->ttl = 1 + (int)pick(w, 2);
  if (r->verb == START) r->strict = pick(w, 3) == 0;
  if (r->verb == TRANSITION) r->status = choose_status(w);
  if (r->verb == TRANSITION && pick(w, 4) == 0) r->expected = b->revision;
  if (r->verb == HEARTBEAT && pick(w, 4) == 0) {
    (void)snprintf(r->activity, sizeof r->activity, "%s", r->op);
  }
}

/* Any scope, mostly one that it believes to hold. */
static int choose_scope(worker *w) {
  int scope = 0;
  for (int tries = 0; tries < 5; tries++) {
    scope = (int)pick(w, (unsigned)w->scopes);
    if (w->beliefs[scope].fence != 0) break;
  }
  return scope;
}

static void perform(worker *w) {
  request r = {.scope = choose_scope(w), .value = -1};
  belief *b = &w->beliefs[r.scope];
  r.verb = choose(w, b);
  w->calls++;
  fill(w, &r);
  if (r.verb == READ) {
    read_value(w, &r);
    return;
  }
  if (r.verb == WRITE) {
    hold(w, r.session, r.fence);
    request bare = r;
    bare.verb = BARE;
    bare.value = b->bare;
    if (r.fence != 0) (void)run(w, &bare, 0);
  }
  /* Its fence was turned away. It may notice, or go on for a while. */
  if (!run(w, &r, 1) && r.fence != 0 && pick(w, 12) == 0) b->fence = 0;
  nap(pick(w, b->fence != 0 ? 300 : 5000));
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
}

int main(int argc, char **argv) {
  if (argc != 8 || atoi(argv[4]) < 1 || atoi(argv[4]) > MAX_SCOPES) {
    fprintf(stderr, "usage: worker DATABASE LOG ACTOR SCOPES IDENTITY SECONDS SEED\n");
    return 2;
  }
  const char *slash = strrchr(argv[2], '/');
  worker w = {.life = slash == NULL ? argv[2] : slash + 1,
              .actor = argv[3],
              .scopes = atoi(argv[4]),
              .identity = atoi(argv[5]),
              .random = strtoull(argv[7], NULL, 10)};
  const sqlite3_int64 until = monotonic_ns() + (sqlite3_int64)(atof(argv[6]) * 1e9);
  w.log = open(argv[2], O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (w.log < 0) die(&w, argv[2]);
  open_worker(&w, argv[1]);
  while (monotonic_ns() < until) perform(&w);
  for (int i = 0; i < MAX_SCOPES * VERB_COUNT; i++) {
    (void)sqlite3_finalize(w.stmt[i / VERB_COUNT][i % VERB_COUNT]);
  }
  return sqlite3_close(w.db) == SQLITE_OK ? 0 : 1;
}
