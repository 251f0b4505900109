/*
** verbs.c - fuzz target: a program of verbs and raw writes with arbitrary values, on a clock that jumps. At
** its end the checks of tenure_doctor must find nothing wrong, whatever the program was.
*/
#include "doctor.h"
#include "fuzz.h"

enum { STATEMENTS_MAX = 200, PROGRAM_MAX = 40, CHECKS_MAX = 64 };

static struct {
  sqlite3 *db;
  int n;
  sqlite3_stmt *list[STATEMENTS_MAX];
  sqlite3_stmt *session; /* the id of a session that exists */
  sqlite3_stmt *clock;
  sqlite3_stmt *checks[CHECKS_MAX]; /* prepared once: tenure_doctor prepares them each time */
} verbs;

static sqlite3_stmt *verbs_prepare(const char *sql) {
  sqlite3_stmt *stmt = NULL;
  if (sqlite3_prepare_v2(verbs.db, sql, -1, &stmt, NULL) != SQLITE_OK) fuzz_fail(verbs.db, sql);
  return stmt;
}

/* One INSERT for each verb with all of its columns; each guarded table with an INSERT of all columns, an
** UPDATE of each column, and a DELETE. Extra rows in the log and its like are nobody's harm and no subject
** here. */
static const char verbs_sql[] =
    "SELECT 'INSERT INTO ' || v.name || ' (' || group_concat(c.name) || ') VALUES (' || "
    "substr(replace(printf('%.*c', count(*), ','), ',', ',?'), 2) || ')' FROM sqlite_schema AS v, "
    "pragma_table_info(v.name) AS c WHERE v.type = 'view' AND EXISTS (SELECT 1 FROM sqlite_schema AS r "
    "WHERE r.type = 'trigger' AND r.tbl_name = v.name AND r.name = v.name || '_run') GROUP BY v.name "
    "UNION ALL SELECT 'UPDATE ' || t.name || ' SET ' || c.name || ' = ?, revision = revision + 1 "
    "WHERE session_id = ?' FROM (SELECT 'tenure_session' AS name UNION SELECT 'tenure_result') AS t, "
    "pragma_table_info(t.name) AS c WHERE c.name <> 'revision' "
    "UNION ALL SELECT 'UPDATE ' || t.name || ' SET ' || c.name || ' = ? WHERE session_id = ?' "
    "FROM (SELECT 'tenure_turn' AS name UNION SELECT 'tenure_request' UNION SELECT 'tenure_completion') "
    "AS t, pragma_table_info(t.name) AS c WHERE c.name IN ('state', 'ended_at', 'status', 'decision', "
    "'resolved_at', 'incarnation', 'exit_code') "
    "UNION ALL SELECT 'UPDATE tenure_scope SET revision = ? WHERE scope = ?' "
    "UNION ALL SELECT 'DELETE FROM ' || column1 || ' WHERE session_id = ?' FROM (VALUES "
    "('tenure_session'), ('tenure_turn'), ('tenure_request'), ('tenure_result'), ('tenure_completion'))";

static void verbs_list(void) {
  verbs.db = fuzz_open();
  sqlite3_stmt *list = verbs_prepare(verbs_sql);
  while (sqlite3_step(list) == SQLITE_ROW && verbs.n < STATEMENTS_MAX) {
    verbs.list[verbs.n++] = verbs_prepare((const char *)sqlite3_column_text(list, 0));
  }
  if (sqlite3_finalize(list) != SQLITE_OK || verbs.n < 30) fuzz_fail(verbs.db, "too few verbs");
  verbs.session = verbs_prepare("SELECT session_id FROM tenure_session ORDER BY session_id LIMIT 1 OFFSET ?");
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

static void verbs_do(fuzz_input *in) {
  sqlite3_stmt *stmt = verbs.list[fuzz_byte(in) % (unsigned)verbs.n];
  const int n = sqlite3_bind_parameter_count(stmt);
  (void)sqlite3_clear_bindings(stmt);
  for (int i = 1; i <= n && in->size > 0; i++) {
    const unsigned how = fuzz_byte(in);
    if (how % 8 == 0) {
      verbs_bind_session(stmt, i, how / 8 % 4);
    } else if (how % 8 > 3) {
      fuzz_bind(stmt, i, in);
    }
  }
  if (!fuzz_is_expected(sqlite3_step(stmt))) fuzz_fail(verbs.db, sqlite3_sql(stmt));
  (void)sqlite3_reset(stmt); /* repeats the refusal */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = {data, size};
  sqlite3_int64 now = 1000000000;
  if (verbs.db == NULL) verbs_list();
  verbs_set_clock(now);
  fuzz_must(verbs.db, "BEGIN; INSERT INTO tenure_start(scope, actor_id, lease_ttl) VALUES ('a', 'ann', 60);"
                      "INSERT INTO tenure_start(scope, lifecycle) VALUES ('b', 'interactive');");
  for (int i = 0; i < PROGRAM_MAX && in.size > 0; i++) {
    const unsigned what = fuzz_byte(&in);
    if (what % 4 == 0) {
      now += what % 8 == 0 ? (sqlite3_int64)fuzz_byte(&in) * fuzz_byte(&in) : -(sqlite3_int64)fuzz_byte(&in);
      verbs_set_clock(now);
    } else {
      verbs_do(&in);
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
