/*
** verbs.c - fuzz target: a program of verbs and raw writes with arbitrary values, on a clock that jumps. At
** its end the checks of tenure_doctor must find nothing wrong, whatever the program was.
*/
#include "doctor.h"
#include "fuzz.h"

enum { STATEMENTS_MAX = 256, PROGRAM_MAX = 40, CHECKS_MAX = 64 };

/* The statements of one kind. */
typedef struct verbs_kind {
  int n;
  sqlite3_stmt *list[STATEMENTS_MAX];
} verbs_kind;

static struct {
  sqlite3 *db;
  verbs_kind verb;
  verbs_kind raw;
  sqlite3_stmt *session; /* the id of a session that exists */
  sqlite3_stmt *clock;
  sqlite3_stmt *checks[CHECKS_MAX]; /* prepared once: tenure_doctor prepares them each time */
} verbs;

static sqlite3_stmt *verbs_prepare(const char *sql) {
  sqlite3_stmt *stmt = NULL;
  if (sqlite3_prepare_v2(verbs.db, sql, -1, &stmt, NULL) != SQLITE_OK) fuzz_fail(verbs.db, sql);
  return stmt;
}

/* An INSERT for each verb, with all of its columns. */
static const char verbs_sql[] =
    "SELECT 'INSERT INTO ' || v.name || ' (' || group_concat(c.name) || ') VALUES (' || "
    "substr(replace(printf('%.*c', count(*), ','), ',', ',?'), 2) || ')' FROM sqlite_schema AS v, "
    "pragma_table_info(v.name) AS c WHERE v.type = 'view' AND EXISTS (SELECT 1 FROM sqlite_schema AS r "
    "WHERE r.type = 'trigger' AND r.tbl_name = v.name AND r.name = v.name || '_run') GROUP BY v.name";

/* For each guarded table an INSERT of all columns, an UPDATE of each, with the next revision where there is one, and
** a DELETE. The log, the history and the receipts are left out: extra rows of them are nobody's harm. Of grants,
** pending starts and seen events a hand may make what it likes, and the doctor tells. */
static const char verbs_raw_sql[] =
    "WITH t(name) AS (SELECT tbl_name FROM sqlite_schema WHERE type = 'trigger' AND name = tbl_name || '_insert_guard' "
    "AND tbl_name NOT IN ('tenure_event', 'tenure_history', 'tenure_receipt', 'tenure_meta')), "
    "c AS (SELECT t.name AS \"table\", i.name FROM t, pragma_table_info(t.name) AS i), "
    "r AS (SELECT \"table\" FROM c WHERE name = 'revision' AND \"table\" <> 'tenure_counter') "
    "SELECT 'INSERT INTO ' || \"table\" || ' (' || group_concat(name) || ') VALUES (' || "
    "substr(replace(printf('%.*c', count(*), ','), ',', ',?'), 2) || ')' FROM c GROUP BY \"table\" "
    "UNION ALL SELECT 'UPDATE ' || \"table\" || ' SET ' || name || ' = ?' || "
    "iif(\"table\" IN r AND name <> 'revision', ', revision = revision + 1', '') FROM c "
    "UNION ALL SELECT 'DELETE FROM ' || name FROM t";

static void verbs_list(verbs_kind *kind, const char *sql) {
  sqlite3_stmt *list = verbs_prepare(sql);
  while (sqlite3_step(list) == SQLITE_ROW && kind->n < STATEMENTS_MAX) {
    kind->list[kind->n++] = verbs_prepare((const char *)sqlite3_column_text(list, 0));
  }
  if (sqlite3_finalize(list) != SQLITE_OK || kind->n < 20)
    fuzz_fail(verbs.db, "too few statements");
}

static void verbs_open(void) {
  verbs.db = fuzz_open();
  verbs_list(&verbs.verb, verbs_sql);
  verbs_list(&verbs.raw, verbs_raw_sql);
  verbs.session =
      verbs_prepare("SELECT session_id FROM tenure_session ORDER BY session_id LIMIT 1 OFFSET ?");
  verbs.clock = verbs_prepare("SELECT tenure_clock(?)");
  if (tn_check_count > CHECKS_MAX) fuzz_fail(verbs.db, "too many checks");
  for (int i = 0; i < tn_check_count; i++) verbs.checks[i] = verbs_prepare(tn_checks[i].sql);
}

static void verbs_set_clock(sqlite3_int64 at) {
  (void)sqlite3_bind_int64(verbs.clock, 1, at);
  if (sqlite3_step(verbs.clock) != SQLITE_ROW) fuzz_fail(verbs.db, "clock");
  (void)sqlite3_reset(verbs.clock);
}

/* Binds the id of session number N, or leaves what is bound. */
static void verbs_bind_session(sqlite3_stmt *stmt, int i, unsigned n) {
  (void)sqlite3_bind_int(verbs.session, 1, (int)n);
  if (sqlite3_step(verbs.session) == SQLITE_ROW) {
    (void)sqlite3_bind_value(stmt, i, sqlite3_column_value(verbs.session, 0));
  }
  (void)sqlite3_reset(verbs.session);
}

static void verbs_do(fuzz_input *in, const verbs_kind *kind) {
  sqlite3_stmt *stmt = kind->list[fuzz_byte(in) % (unsigned)kind->n];
  const int n = sqlite3_bind_parameter_count(stmt);
  (void)sqlite3_clear_bindings(stmt);
  for (int i = 1; i <= n && in->size > 0; i++) {
    const unsigned how = fuzz_byte(in);
    if (how % 8 == 0) {
      verbs_bind_session(stmt, i, how / 8 % 4);
    } else if (how % 8 < 3) { /* a word that means something somewhere */
      const char *word = fuzz_words[(how / 8 + 32 * (how % 8 - 1)) % FUZZ_WORDS];
      (void)sqlite3_bind_text(stmt, i, word, -1, SQLITE_STATIC);
    } else if (how % 8 > 5) {
      fuzz_bind(stmt, i, in);
    }
  }
  if (!fuzz_is_expected(sqlite3_step(stmt))) fuzz_fail(verbs.db, sqlite3_sql(stmt));
  (void)sqlite3_reset(stmt); /* repeats the refusal */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = {data, size};
  sqlite3_int64 now = 1000000000;
  if (verbs.db == NULL) verbs_open();
  verbs_set_clock(now);
  fuzz_must(verbs.db,
            "BEGIN; INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('a', 'ann', 60);"
            "INSERT INTO tenure_start(scope, lifecycle) VALUES ('b', 'interactive');");
  for (int i = 0; i < PROGRAM_MAX && in.size > 0; i++) {
    const unsigned what = fuzz_byte(&in);
    if (what % 4 == 0) {
      now += what % 8 == 0 ? (sqlite3_int64)fuzz_byte(&in) * fuzz_byte(&in)
                           : -(sqlite3_int64)fuzz_byte(&in);
      verbs_set_clock(now);
    } else {
      verbs_do(&in, what % 4 == 1 ? &verbs.raw : &verbs.verb);
    }
  }
  for (int i = 0; i < tn_check_count; i++) {
    if (strcmp(tn_checks[i].severity, "error") != 0) continue;
    if (sqlite3_step(verbs.checks[i]) == SQLITE_ROW) {
      fuzz_fail(verbs.db, (const char *)sqlite3_column_text(verbs.checks[i], 1));
    }
    if (sqlite3_reset(verbs.checks[i]) != SQLITE_OK) fuzz_fail(verbs.db, tn_checks[i].name);
  }
  fuzz_must(verbs.db, "ROLLBACK");
  return 0;
}
