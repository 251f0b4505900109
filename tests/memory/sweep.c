/*
** sweep.c - every allocation fails once.
**
**   sweep [SEED [STRIDE]]    STRIDE 5 leaves out four allocations of five, by chance
**
** SQLite's allocator is wrapped, so that the nth allocation fails, alone or with all that follow. For
** each case n grows from 1 until the case completes undisturbed. Whatever n is, the case must
**   - either report that memory ran out and leave the tables as they were, or give its true answer;
**   - leave no verb open, so that the clock goes on;
**   - leave a connection that works and closes, and a database that is whole;
**   - give all memory back.
** The steps of a statement are swept completely up to the 600th allocation. Beyond that, and of compiling
** a statement and of tenure_install(), which make thousands, nearly all of them in SQLite's parser, samples
** are drawn with SEED.
** Prints TAP.
*/
#include "image.h"

#include <stdint.h>
#include <time.h>

enum { TEXT_MAX = 16384, SAMPLES = 40, EVERY_ONE = 600, STRIDE_MAX = 64 };

/* --- the allocator that fails */

static struct {
  sqlite3_mem_methods real;
  long long left; /* allocations until the first failure; 0 when none is to fail */
  int persistent; /* whether all that follow fail too */
  long long failed;
} fault;

static int fault_is_due(void) {
  if (fault.left == 0) return 0;
  if (fault.left > 1) {
    fault.left--;
    return 0;
  }
  if (!fault.persistent) fault.left = 0;
  fault.failed++;
  return 1;
}

static void *fault_malloc(int n) {
  return fault_is_due() ? NULL : fault.real.xMalloc(n);
}

static void *fault_realloc(void *p, int n) {
  return fault_is_due() ? NULL : fault.real.xRealloc(p, n);
}

static void arm(long long n, int persistent) {
  fault.left = n;
  fault.persistent = persistent;
  fault.failed = 0;
}

static void disarm(void) {
  fault.left = 0;
}

static void install_fault(void) {
  sqlite3_mem_methods methods;
  if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &fault.real) != SQLITE_OK) exit(1);
  methods = fault.real;
  methods.xMalloc = fault_malloc;
  methods.xRealloc = fault_realloc;
  if (sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) != SQLITE_OK) exit(1);
}

/* --- cases */

typedef struct sweep_case {
  const char *name;
  const char *before; /* makes the situation, once */
  const char *sql;    /* one statement, the one that is swept */
} sweep_case;

#define ANN                                                                                        \
  "INSERT INTO tenure_start(scope, actor_id, supervisor_id, lease_ttl) VALUES ('a', 'ann', 'boss', 60);"
#define LATER "SELECT tenure_clock(1000000100);"
#define REPORT " RETURNING session_report()"
#define TURN(ID)                                                                                   \
  "INSERT INTO tenure_turn_begin(session_id, turn_id) SELECT session_id, '" ID                     \
  "' FROM tenure_session;"
#define STEER                                                                                      \
  "INSERT INTO tenure_turn_steer(session_id, input) SELECT session_id, 'x' FROM tenure_session;"
#define ASK                                                                                        \
  "INSERT INTO tenure_request_open(session_id, request_id, kind) SELECT session_id, 'q', "         \
  "'approval' FROM tenure_session;"
#define STATE                                                                                      \
  "'{\"schema_version\": 4, \"started_at_epoch_s\": 1, \"last_started_at_epoch_s\": 2, "           \
  "\"start_count\": 3, \"session_id\": \"ses_old\", \"owner_kind\": \"runtime_worker\", "          \
  "\"owner_id\": \"x\\u00e9\", \"supervisor_id\": \"s\", \"lease_ttl_secs\": 5, "                  \
  "\"last_heartbeat_at_epoch_s\": 4, \"revision\": 17, \"more\": [1, {\"a\": null}]}'"

static const sweep_case cases[] = {
    {"start, create", "",
     "INSERT INTO tenure_start(scope, actor_id, supervisor_id, lease_ttl, label, command, cwd, host, boot_id, "
     "pid, pid_start_ticks) VALUES ('a', 'ann', 'boss', 60, 'l', 'c', '/', 'h', 'b', 7, 8)" REPORT},
    {"start, keep", ANN,
     "INSERT INTO tenure_start(scope, actor_id, lease_ttl, fence) VALUES ('a', 'ann', 90, 1)" REPORT},
    {"start, twin", ANN,
     "INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('a', 'ann', 90)" REPORT},
    {"start, replace", ANN LATER,
     "INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('a', 'ann', 90)" REPORT},
    {"start, refused", ANN,
     "INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('a', 'bob', 90)" REPORT},
    {"heartbeat", ANN, "INSERT INTO tenure_heartbeat(scope, actor_id) VALUES ('a', 'ann')" REPORT},
    {"heartbeat with news", ANN,
     "INSERT INTO tenure_heartbeat(scope, actor_id, activity, progress, outcome) "
     "VALUES ('a', 'ann', ' x\n', 0, 'o')" REPORT},
    {"heartbeat with a receipt", ANN,
     "INSERT INTO tenure_heartbeat(scope, actor_id, receipt_id) VALUES ('a', 'ann', 'r')" REPORT},
    {"heartbeat, replayed",
     ANN "INSERT INTO tenure_heartbeat(scope, actor_id, receipt_id) VALUES ('a', 'ann', 'r');",
     "INSERT INTO tenure_heartbeat(scope, actor_id, receipt_id) VALUES ('a', 'ann', 'r')" REPORT},
    {"heartbeat, late", ANN LATER,
     "INSERT INTO tenure_heartbeat(scope, actor_id) VALUES ('a', 'ann')" REPORT},
    {"takeover", ANN LATER,
     "INSERT INTO tenure_takeover(scope, actor_id, reason) VALUES ('a', 'bob', 'ann is gone')" REPORT},
    {"takeover, refused", ANN,
     "INSERT INTO tenure_takeover(scope, actor_id, reason) VALUES ('a', 'bob', 'r')" REPORT},
    {"clear",
     ANN
     "INSERT INTO tenure_escalate(scope, kind, reason) VALUES ('a', 'blocking', 'r'), "
     "('a', 'non_blocking', 'r'); INSERT INTO tenure_gate_set(scope, gates) VALUES ('a', '[1]');",
     "INSERT INTO tenure_clear(scope, actor_id, reason) VALUES ('a', 'ann', 'done')" REPORT},
    {"clear, nobody", "", "INSERT INTO tenure_clear(scope, actor_id) VALUES ('a', 'ann')" REPORT},
    {"transition", ANN,
     "INSERT INTO tenure_transition(session_id, status, actor_id, exit_code, failure_reason) "
     "SELECT session_id, 'failed', 'ann', 3, 'f' FROM tenure_session" REPORT},
    {"resume", ANN "INSERT INTO tenure_clear(scope, actor_id) VALUES ('a', 'ann');",
     "INSERT INTO tenure_resume(session_id, actor_id) SELECT session_id, 'ann' FROM tenure_session" REPORT},
    {"import", "", "INSERT INTO tenure_import(scope, json) VALUES ('a', " STATE ")" REPORT},
    {"import, refused", "",
     "INSERT INTO tenure_import(scope, json) VALUES ('a', '{\"a\": [1, \"x\\u00e9\"' )"},
    {"state file", "", "SELECT * FROM tenure_legacy_state(" STATE ")"},
    {"escalate", ANN,
     "INSERT INTO tenure_escalate(scope, kind, reason) VALUES ('a', 'blocking', 'r')" REPORT},
    {"resolve",
     ANN "INSERT INTO tenure_escalate(scope, kind, reason) VALUES ('a', 'blocking', 'r');",
     "INSERT INTO tenure_escalation_resolve(escalation_id) SELECT escalation_id FROM tenure_escalation" REPORT},
    {"gates", ANN, "INSERT INTO tenure_gate_set(scope, gates) VALUES ('a', '[\"t\"]')" REPORT},
    {"baseline", ANN,
     "INSERT INTO tenure_baseline_set(session_id, name, digest) SELECT session_id, 'n', 'd' FROM "
     "tenure_session" REPORT},
    {"turn, asked for", ANN,
     "INSERT INTO tenure_turn_request_start(session_id, message_id) "
     "SELECT session_id, 'm' FROM tenure_session" REPORT},
    {"turn, begun", ANN TURN("t0"),
     "INSERT INTO tenure_turn_begin(session_id, turn_id, replace) "
     "SELECT session_id, 't1', 1 FROM tenure_session" REPORT},
    {"turn, steered", ANN TURN("t1"),
     "INSERT INTO tenure_turn_steer(session_id, input) SELECT session_id, 'x' FROM tenure_session" REPORT},
    {"turn, taking its input", ANN TURN("t1") STEER STEER,
     "INSERT INTO tenure_turn_take_input(session_id) SELECT session_id FROM tenure_session" REPORT},
    {"turn, ended", ANN TURN("t1") STEER ASK,
     "INSERT INTO tenure_turn_end(session_id, turn_id, message, total) "
     "SELECT session_id, 't1', 'done', 3 FROM tenure_session" REPORT},
    {"turn, aborted", ANN TURN("t1") STEER ASK,
     "INSERT INTO tenure_turn_abort(session_id) SELECT session_id FROM tenure_session" REPORT},
    {"turn, refused", ANN TURN("t1"),
     "INSERT INTO tenure_turn_begin(session_id, turn_id) SELECT session_id, 't2' FROM tenure_session" REPORT},
    {"request, opened", ANN TURN("t1"),
     "INSERT INTO tenure_request_open(session_id, request_id, kind, payload) "
     "SELECT session_id, 'q', 'approval', 'p' FROM tenure_session" REPORT},
    {"request, resolved", ANN TURN("t1") ASK,
     "INSERT INTO tenure_request_resolve(session_id, request_id, decision, remember) "
     "SELECT session_id, 'q', 'approved_for_session', '[\"a\", \"\\u00e9\"]' FROM tenure_session" REPORT},
    {"grants",
     ANN TURN("t1") ASK
     "INSERT INTO tenure_request_resolve(session_id, request_id, decision, remember) "
     "SELECT session_id, 'q', 'approved_for_session', '[\"a\"]' FROM tenure_session;",
     "SELECT g.granted, t.value FROM tenure_session AS s, session_granted(s.session_id, '[\"a\"]') AS g, "
     "tenure_json_texts('[\"x\", \"\\u00e9\"]') AS t"},
    {"usage", ANN TURN("t1"),
     "INSERT INTO tenure_usage(session_id, input, total, cost_usd, rate_limits) "
     "SELECT session_id, 1, 2, 0.5, '{\"a\": {\"b\": [1]}}' FROM tenure_session" REPORT},
    {"provider event", ANN TURN("t1"),
     "INSERT INTO tenure_provider_event(session_id, type, turn_id, outcome, event_id) "
     "SELECT session_id, 'turn.completed', 't1', 'cancelled', 'e' FROM tenure_session" REPORT},
    {"clear, with a turn open", ANN TURN("t1") STEER ASK,
     "INSERT INTO tenure_clear(scope, actor_id) VALUES ('a', 'ann')" REPORT},
    {"raw end", ANN,
     "UPDATE tenure_session SET status = 'stopped', revision = session_transition(status, 'stopped', "
     "revision, 1)"},
    {"raw write, refused", ANN,
     "UPDATE tenure_session SET owner_id = 'bob', revision = revision + 1"},
    {"collection", ANN "INSERT INTO tenure_clear(scope, actor_id) VALUES ('a', 'ann');",
     "DELETE FROM tenure_session"},
    {"holders", ANN, "SELECT * FROM tenure_holder, tenure_projection, tenure_presence"},
    {"guard", "CREATE TABLE tasks(id);", "SELECT tenure_guard('tasks', 'a')"},
    {"guard again", "CREATE TABLE tasks(id); SELECT tenure_guard('tasks', 'a');",
     "SELECT tenure_guard('tasks', 'a')"},
    {"guard for another", "CREATE TABLE tasks(id); SELECT tenure_guard('tasks', 'a');",
     "SELECT tenure_guard('tasks', 'b')"},
    {"unguard", "CREATE TABLE tasks(id); SELECT tenure_guard('tasks', 'a');",
     "SELECT tenure_unguard('tasks')"},
    {"hold", ANN, "SELECT tenure_hold(session_id, fence) FROM tenure_session"},
    {"guarded write",
     "CREATE TABLE tasks(id); SELECT tenure_guard('tasks', 'a');" ANN
     "SELECT tenure_hold(session_id, fence) FROM tenure_session;",
     "INSERT INTO tasks VALUES (1)"},
    {"guarded write, refused", "CREATE TABLE tasks(id); SELECT tenure_guard('tasks', 'a');" ANN,
     "INSERT INTO tasks VALUES (1)"},
    {"install, nothing to do", "", "SELECT tenure_install()"},
    {"policy", "",
     "SELECT session_status_policy(status), session_settles_turn_as(status), p.* FROM "
     "session_status_policy AS p"},
    {"edges", "",
     "SELECT * FROM session_status_edge AS e JOIN session_status_alias AS a ON a.status = to_status"},
    {"texts", "",
     "SELECT display_safe(char(8238, 27, 92) || hex(zeroblob(500))), session_activity(' é '), "
     "session_status_from('ccd', 'active'), tenure_object('a', 1, 'b:json', '[1]', 'c', x'00', 'd', 1.5)"},
    {"illegal transition", "", "SELECT session_transition('exited', 'running', 3, 3)"},
    {"unknown status", "", "SELECT session_is_terminal(char(8238) || hex(zeroblob(300)))"},
    {"machine", "SELECT tenure_clock(NULL);",
     "SELECT process_state(1, 1, host_boot_id(), host_name()) IS NOT NULL, "
     "lease_stale('runtime_worker', 1, 1, 60, lease_grant('machine', 60), lease_grant('boot_id', 60), "
     "lease_grant('deadline', 60), lease_grant('file', 60))"},
};
enum { CASE_COUNT = sizeof cases / sizeof cases[0] };

static void run(sqlite3 *db, const char *sql) {
  if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) die(db, sql);
}

/* --- the outcome of a statement */

typedef struct outcome {
  int rc;
  char text[TEXT_MAX]; /* all its values, or its error; ids, which are random, as dots */
} outcome;

static void outcome_add(outcome *out, const char *text) {
  static const char *const prefixes[] = {"ses_", "trn_", "esc_", "req_"};
  size_t n = strlen(out->text);
  for (; *text != '\0' && n + 1 < sizeof out->text; n++) {
    out->text[n] = *text;
    int is_id = 0;
    for (int i = 0; i < 4; i++)
      is_id = is_id || (strncmp(text, prefixes[i], 4) == 0 && strlen(text) >= 30);
    text += is_id ? 30 : 1;
    if (is_id) out->text[n] = '.';
  }
  out->text[n] = '\0';
}

/* Steps STMT to its end. */
static void outcome_of(sqlite3 *db, sqlite3_stmt *stmt, outcome *out) {
  out->text[0] = '\0';
  while ((out->rc = sqlite3_step(stmt)) == SQLITE_ROW) {
    for (int i = 0; i < sqlite3_column_count(stmt); i++) {
      const long long left = fault.left;
      fault.left = 0; /* to look at a value takes memory too, but that is the reader's own affair */
      const char *text = (const char *)sqlite3_column_text(stmt, i);
      outcome_add(out, text == NULL ? "NULL" : text);
      outcome_add(out, "|");
      fault.left = left;
    }
  }
  if (out->rc != SQLITE_DONE) {
    out->text[0] = '\0';
    outcome_add(out, sqlite3_errmsg(db));
    out->rc = sqlite3_extended_errcode(db);
  }
}

static int is_out_of_memory(const outcome *out) {
  return (out->rc & 0xff) == SQLITE_NOMEM || out->rc == SQLITE_IOERR_NOMEM;
}

/* Everything that a statement could have changed, as one number. */
static sqlite3_int64 fingerprint(sqlite3_stmt *look) {
  if (sqlite3_step(look) != SQLITE_ROW) die(sqlite3_db_handle(look), "look");
  const sqlite3_int64 value = sqlite3_column_int64(look, 0);
  if (sqlite3_reset(look) != SQLITE_OK) die(sqlite3_db_handle(look), "look");
  return value;
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql) {
  sqlite3_stmt *stmt = NULL;
  if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK) die(db, sql);
  return stmt;
}

#define LOOK                                                                                         \
  "SELECT (SELECT coalesce(sum(revision * 7 + fence * 3 + length(status) + changed_at), 0) FROM "    \
  "tenure_session) + (SELECT coalesce(sum(revision), 0) FROM tenure_scope) * 1000003 + "             \
  "(SELECT count(*) FROM tenure_event) * 10007 + (SELECT count(*) FROM tenure_receipt) * 101 + "     \
  "(SELECT count(*) + count(resolved_at) FROM tenure_escalation) * 103 + (SELECT count(*) FROM "     \
  "tenure_gate) * 107 + (SELECT count(*) FROM tenure_baseline) * 109 + (SELECT count(*) FROM "       \
  "sqlite_schema) * 113 + (SELECT coalesce(sum(length(state) + 1000 * (ended_at IS NULL)), 0) FROM " \
  "tenure_turn) * 127 + (SELECT coalesce(sum(length(state)), 0) FROM tenure_turn_input) * 131 + "    \
  "(SELECT coalesce(sum(length(state)), 0) FROM tenure_request) * 137 + (SELECT count(*) FROM "      \
  "tenure_pending_start) * 139"
#define NO_VERB "SELECT tenure_verb_name() IS NULL AND tenure_effect_name() IS NULL"

/* A connection with a case's situation on it. */
typedef struct bed {
  const sweep_case *of;
  sqlite3 *db;
  sqlite3_stmt *stmt; /* the case's statement */
  sqlite3_stmt *look;
  sqlite3_stmt *no_verb;
  outcome want; /* what it does when nothing fails */
  sqlite3_int64 before;
  int faults;
} bed;

static void fault_found(bed *b, long long n, const char *what, const outcome *got) {
  if (b->faults++ < 3) {
    printf("# %s, allocation %lld%s: %s\n", b->of->name, n,
           fault.persistent ? " and all that follow" : "", what);
    if (got != NULL)
      printf("#   got  %d %.200s\n#   want %d %.200s\n", got->rc, got->text, b->want.rc,
             b->want.text);
  }
}

/* Judges what came of the run in which allocation N failed. */
static void judge(bed *b, long long n, const outcome *got) {
  if (!is_out_of_memory(got) && (got->rc != b->want.rc || strcmp(got->text, b->want.text) != 0)) {
    fault_found(b, n, "a wrong answer", got);
  }
  if (is_out_of_memory(got) && fingerprint(b->look) != b->before) {
    fault_found(b, n, "it ran out of memory and changed something", NULL);
  }
  if (fingerprint(b->no_verb) != 1) fault_found(b, n, "a verb is still open", NULL);
}

/* Undoes one run. An error may have ended the transaction, with the savepoint in it. */
static void undo(bed *b) {
  if (!sqlite3_get_autocommit(b->db)) run(b->db, "ROLLBACK TO sweep; RELEASE sweep");
}

static void open_bed(bed *b, const sweep_case *of) {
  b->of = of;
  b->faults = 0;
  b->db = open_tenure();
  run(b->db, of->before);
  b->look = prepare(b->db, LOOK);
  b->no_verb = prepare(b->db, NO_VERB);
  b->stmt = prepare(b->db, of->sql);
  b->before = fingerprint(b->look);
  run(b->db, "SAVEPOINT sweep");
  outcome_of(b->db, b->stmt, &b->want);
  (void)sqlite3_reset(b->stmt); /* repeats the refusal, where the case is one */
  undo(b);
  if (is_out_of_memory(&b->want)) die(b->db, of->name);
}

/* Returns 1 if everything was as it must be at the end. */
static int close_bed(bed *b) {
  sqlite3_stmt *check = prepare(b->db, "PRAGMA integrity_check");
  outcome out;
  (void)sqlite3_finalize(b->stmt); /* repeats the refusal, where the case is one */
  (void)sqlite3_finalize(b->look);
  (void)sqlite3_finalize(b->no_verb);
  outcome_of(b->db, check, &out);
  (void)sqlite3_finalize(check);
  if (strcmp(out.text, "ok|") != 0) fault_found(b, 0, "the database is damaged", &out);
  run(b->db, "SELECT tenure_clock(2000000000); "
             "INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('after', 'ann', 60); "
             "INSERT INTO tenure_clear(scope, actor_id) VALUES ('after', 'ann')");
  check = prepare(b->db, "SELECT session_now() = 2000000000");
  if (fingerprint(check) != 1) fault_found(b, 0, "the clock stands still", NULL);
  (void)sqlite3_finalize(check);
  if (sqlite3_close(b->db) != SQLITE_OK) die(b->db, "close");
  if (sqlite3_memory_used() != 0) fault_found(b, 0, "memory was not given back", NULL);
  return b->faults == 0;
}

/* --- the sweeps */

/* Fails allocation N of the steps of the case. Returns 0 when there are fewer than N. */
static int step_once(bed *b, long long n, int persistent) {
  outcome got;
  run(b->db, "SAVEPOINT sweep");
  arm(n, persistent);
  outcome_of(b->db, b->stmt, &got);
  disarm();
  (void)sqlite3_reset(b->stmt);
  judge(b, n, &got);
  undo(b);
  return fault.failed > 0;
}

static uint64_t random_state;
static long long stride = 1;

/* A number from 1 to LIMIT (splitmix64). */
static long long pick(long long limit) {
  uint64_t z = (random_state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return (long long)((z ^ (z >> 31)) % (uint64_t)limit) + 1;
}

static void sweep_steps(const sweep_case *of) {
  bed b;
  int tried = 0;
  open_bed(&b, of);
  for (int persistent = 0; persistent < 2; persistent++) {
    long long n = 1;
    while (step_once(&b, n, persistent)) {
      n += n < EVERY_ONE ? pick(2 * stride - 1) : pick(STRIDE_MAX * stride);
      tried++;
    }
  }
  ok(close_bed(&b), "%s: %d failures of an allocation, half of them for good", of->name, tried);
}

/* Compiles and steps SQL with allocation N failing. Gives the outcome; returns how many failed. */
static long long compile_once(sqlite3 *db, const char *sql, long long n, int persistent,
                              outcome *got) {
  sqlite3_stmt *stmt = NULL;
  arm(n, persistent);
  got->rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
  got->text[0] = '\0';
  if (got->rc == SQLITE_OK) outcome_of(db, stmt, got);
  disarm();
  (void)sqlite3_finalize(stmt);
  return fault.failed;
}

/* How many allocations it takes to compile and step SQL. */
static long long count_allocations(sqlite3 *db, const char *sql) {
  const long long many = 1000000000;
  outcome got;
  run(db, "SAVEPOINT sweep");
  (void)compile_once(db, sql, many, 0, &got);
  arm(many, 0);
  sqlite3_stmt *stmt = prepare(db, sql);
  outcome_of(db, stmt, &got);
  const long long count = many - fault.left;
  disarm();
  (void)sqlite3_finalize(stmt);
  run(db, "ROLLBACK TO sweep; RELEASE sweep");
  return count;
}

static void sweep_compilation(const sweep_case *of) {
  bed b;
  outcome got;
  open_bed(&b, of);
  const long long total = count_allocations(b.db, of->sql);
  for (int i = 0; i < SAMPLES / stride; i++) {
    const long long n = pick(total);
    run(b.db, "SAVEPOINT sweep");
    (void)compile_once(b.db, of->sql, n, i % 2, &got);
    judge(&b, n, &got);
    undo(&b);
  }
  ok(close_bed(&b), "%s: %d of %lld allocations of compiling and stepping it", of->name,
     (int)(SAMPLES / stride), total);
}

/* The entry point, at every allocation. */
static void sweep_loading(void) {
  long long n = 0;
  int wrong = 0;
  for (int persistent = 0; persistent < 2; persistent++) {
    n = 0;
    do {
      sqlite3 *db = NULL;
      char *message = NULL;
      if (sqlite3_open(":memory:", &db) != SQLITE_OK) die(db, "open");
      arm(++n, persistent);
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
    arm(++n, 0);
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

/* tenure_install() and tenure_uninstall() on a connection of their own each time. */
static void sweep_installing(const char *sql, int is_there) {
  int wrong = 0;
  long long total = 0;
  for (int i = -1; i < SAMPLES / stride; i++) {
    outcome got;
    sqlite3 *db = is_there ? open_tenure() : open_empty();
    if (i < 0) {
      total = count_allocations(db, sql);
    } else {
      (void)compile_once(db, sql, pick(total), i % 2, &got);
      wrong += !is_out_of_memory(&got) && got.rc != SQLITE_DONE;
      /* Known limit: if memory runs out in the one prepare that renews the undo (see the README), the
      ** connection is left inside its transaction. Nothing is committed, so a rollback must suffice. */
      if (is_out_of_memory(&got) && sqlite3_get_autocommit(db) == 0) run(db, "ROLLBACK");
      wrong += sqlite3_get_autocommit(db) == 0;
      sqlite3_stmt *count =
          prepare(db, "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'tenure%'");
      const sqlite3_int64 objects = fingerprint(count);
      (void)sqlite3_finalize(count);
      const int stays = is_out_of_memory(&got) ? is_there : !is_there;
      if (stays ? objects == 0 : objects != 0) {
        wrong++;
        printf("# %lld objects after %d %s\n", (long long)objects, got.rc, got.text);
      }
      run(db, "SELECT tenure_install()");
    }
    wrong += sqlite3_close(db) != SQLITE_OK;
    wrong += sqlite3_memory_used() != 0;
  }
  ok(wrong == 0, "%s: %d of %lld allocations", sql, (int)(SAMPLES / stride), total);
}

int main(int argc, char **argv) {
  random_state = argc > 1 ? strtoull(argv[1], NULL, 10) : (uint64_t)time(NULL);
  if (argc > 2) stride = strtoll(argv[2], NULL, 10);
  printf("# seed %llu, stride %lld\n", (unsigned long long)random_state, stride);
  install_fault();
  sweep_loading();
  sweep_reloading();
  for (int i = 0; i < CASE_COUNT; i++) sweep_steps(&cases[i]);
  for (int i = 0; i < CASE_COUNT; i++) sweep_compilation(&cases[i]);
  sweep_installing("SELECT tenure_install()", 0);
  sweep_installing("SELECT tenure_uninstall()", 1);
  image_free();
  return done_testing();
}
