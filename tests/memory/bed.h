/*
** bed.h - one statement on one connection, and what must hold when an allocation of it fails.
**
** Whatever allocation it is, the statement must
**   - either report that memory ran out and leave the tables as they were, or give its true answer;
**   - leave no verb open, so that the clock goes on;
**   - leave a connection that works and closes, and a database that is whole;
**   - give all memory back.
** The same of an interrupt.
*/
#ifndef TN_BED_H
#define TN_BED_H

#include "image.h"
#include "outcome.h"

#include "../lib/pick.h"

/* Everything that a statement could have changed, as one number. */
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

enum { EVERY_ONE = 600, STRIDE_MAX = 64, FAULTS_TOLD = 3 };

/* A connection with a statement on it. */
typedef struct bed {
  const char *name;
  sqlite3 *db;
  sqlite3_stmt *stmt;
  sqlite3_stmt *look;
  sqlite3_stmt *no_verb;
  outcome want; /* what STMT does when nothing fails */
  sqlite3_int64 before;
  int is_bare; /* it refuses to run inside of a transaction, and changes nothing */
  int faults;
} bed;

static long long stride = 1;

static inline void run(sqlite3 *db, const char *sql) {
  if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) die(db, sql);
}

static inline sqlite3_stmt *prepare(sqlite3 *db, const char *sql) {
  sqlite3_stmt *stmt = NULL;
  if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK) die(db, sql);
  return stmt;
}

/* The number that a statement selects. */
static inline sqlite3_int64 fingerprint(sqlite3_stmt *look) {
  if (sqlite3_step(look) != SQLITE_ROW) die(sqlite3_db_handle(look), "look");
  const sqlite3_int64 value = sqlite3_column_int64(look, 0);
  if (sqlite3_reset(look) != SQLITE_OK) die(sqlite3_db_handle(look), "look");
  return value;
}

static inline void fault_found(bed *b, long long n, const char *what, const outcome *got) {
  if (b->faults++ >= FAULTS_TOLD) return;
  printf("# %s, allocation %lld%s: %s\n", b->name, n, fault_names[fault.kind], what);
  if (got != NULL)
    printf("#   got  %d %.200s\n#   want %d %.200s\n", got->rc, got->text, b->want.rc,
           b->want.text);
}

/* Judges what came of the run in which allocation N failed. */
static inline void judge(bed *b, long long n, const outcome *got) {
  if (!outcome_is_stopped(got) && !outcome_is_same(got, &b->want)) {
    fault_found(b, n, "a wrong answer", got);
  }
  if (outcome_is_stopped(got) && fingerprint(b->look) != b->before) {
    fault_found(b, n, "it was stopped and changed something", NULL);
  }
  if (fingerprint(b->no_verb) != 1) fault_found(b, n, "a verb is still open", NULL);
}

/* Opens what bed_undo() ends. */
static inline void bed_save(bed *b) {
  if (!b->is_bare) run(b->db, "SAVEPOINT sweep");
}

/* Undoes one run. An error may have ended the transaction, with the savepoint in it. */
static inline void bed_undo(bed *b) {
  if (!sqlite3_get_autocommit(b->db)) run(b->db, "ROLLBACK TO sweep; RELEASE sweep");
}

static inline void bed_open(bed *b, const char *before) {
  b->name = "";
  b->faults = 0;
  b->db = open_tenure();
  b->stmt = b->look = b->no_verb = NULL;
  run(b->db, before);
}

static inline void bed_drop(bed *b) {
  (void)sqlite3_finalize(b->stmt); /* repeats the refusal, where the case is one */
  (void)sqlite3_finalize(b->look);
  (void)sqlite3_finalize(b->no_verb);
  b->stmt = b->look = b->no_verb = NULL;
}

/* Lays SQL, one statement, on the bed. Returns 0 if it does not compile there. */
static inline int bed_lay(bed *b, const char *name, const char *sql) {
  bed_drop(b);
  if (sqlite3_prepare_v2(b->db, sql, -1, &b->stmt, NULL) != SQLITE_OK) return 0;
  if (sqlite3_prepare_v2(b->db, LOOK, -1, &b->look, NULL) != SQLITE_OK) return 0;
  b->name = name;
  b->no_verb = prepare(b->db, NO_VERB);
  b->before = fingerprint(b->look);
  b->is_bare = strncmp(sql, "SELECT session_wait(", 20) == 0;
  bed_save(b);
  outcome_of(b->db, b->stmt, &b->want);
  (void)sqlite3_reset(b->stmt); /* repeats the refusal, where the case is one */
  bed_undo(b);
  if (outcome_is_stopped(&b->want)) die(b->db, name);
  return 1;
}

/* Returns 1 if everything was as it must be at the end. */
static inline int bed_close(bed *b) {
  outcome out;
  bed_drop(b);
  sqlite3_stmt *check = prepare(b->db, "PRAGMA integrity_check");
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

/* Fails allocation N of the steps of the statement. Returns 0 when there are fewer than N. */
static inline int bed_step(bed *b, long long n, fault_kind kind) {
  outcome got;
  bed_save(b);
  arm(n, kind, b->db);
  outcome_of(b->db, b->stmt, &got);
  disarm();
  (void)sqlite3_reset(b->stmt);
  judge(b, n, &got);
  bed_undo(b);
  return fault.failed > 0;
}

/* Fails each allocation of the steps in turn, in each way: completely up to the 600th, of the later ones, and with
** a STRIDE, some by chance. Returns how many. */
static inline int bed_sweep(bed *b) {
  int tried = 0;
  for (fault_kind kind = 0; kind < FAULT_KINDS; kind++) {
    for (long long n = pick(stride); bed_step(b, n, kind);) {
      n += n < EVERY_ONE ? pick(2 * stride - 1) : pick(STRIDE_MAX * stride + n / 4);
      tried++;
    }
  }
  return tried;
}

#endif
