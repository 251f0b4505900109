/*
** wait.c - waiting for a session to end; see wait.h.
*/
#include "wait.h"
#include "clock.h"
#include "json.h"
#include "notice.h"
#include "outcome.h"

#include <string.h>

#define WAIT_US INT64_C(1000)
#define WAIT_MS (1000 * WAIT_US)
#define WAIT_SECOND (1000 * WAIT_MS)

/* How often a waiter looks without a notice, how long a judgement stands, and how a notice is followed up:
** it comes with the write of a commit, which becomes visible only after the fsync. At first the waiter
** looks without pause, as most commits are visible within microseconds, then with growing ones. */
#define WAIT_POLL (100 * WAIT_MS)
#define WAIT_JUDGE WAIT_SECOND
#define WAIT_FOLLOW (20 * WAIT_MS)
#define WAIT_FOLLOW_EAGER (100 * WAIT_US)
#define WAIT_FOLLOW_PAUSE (50 * WAIT_US)

/* When others commit all the time, notices of all that would cost them and the waiter more than they are
** worth: it stops listening and looks at intervals, longer ones the longer that goes on. */
#define WAIT_BUSY_GAP (50 * WAIT_MS)
#define WAIT_COOL_MIN (1 * WAIT_MS)
#define WAIT_COOL_MAX (32 * WAIT_MS)

/* One row: all that tn_ending wants, in its order, and what a report may show beside it. */
static const char wait_sql[] =
    "SELECT s.status, s.end_reason, h.verdict, CASE WHEN ?2 IS NOT NULL THEN coalesce(t.state, "
    "'unknown') END, r.status, r.exit_code, r.final, c.exit_code, s.exit_code, s.exit_signal, "
    "r.summary, r.provenance, c.status, c.reason, s.failure_reason, s.ended_by, s.end_note, s.revision "
    "FROM tenure_session AS s LEFT JOIN tenure_holder AS h ON h.session_id = s.session_id "
    "LEFT JOIN tenure_result AS r ON r.session_id = s.session_id AND r.incarnation = s.incarnation "
    "AND r.turn_id = coalesce(?2, '') LEFT JOIN tenure_completion AS c ON c.session_id = s.session_id "
    "AND c.incarnation = s.incarnation LEFT JOIN tenure_turn AS t ON t.session_id = s.session_id "
    "AND t.turn_id = ?2 WHERE s.session_id = ?1";

enum {
  WAIT_STATUS,
  WAIT_END_REASON,
  WAIT_VERDICT,
  WAIT_TURN_STATE,
  WAIT_RESULT_STATUS,
  WAIT_RESULT_EXIT,
  WAIT_RESULT_FINAL,
  WAIT_COMPLETION_EXIT,
  WAIT_EXIT_CODE,
  WAIT_EXIT_SIGNAL,
  WAIT_SUMMARY,
  WAIT_PROVENANCE,
  WAIT_COMPLETION_STATUS,
  WAIT_COMPLETION_REASON,
  WAIT_FAILURE_REASON,
  WAIT_ENDED_BY,
  WAIT_END_NOTE,
  WAIT_REVISION
};

typedef struct wait_run {
  sqlite3 *db;
  sqlite3_stmt *version; /* PRAGMA data_version of the database with Tenure's tables */
  sqlite3_stmt *facts;   /* wait_sql */
  const char *session_id;
  const char *turn_id;
  int has_row;        /* FACTS stands on a row */
  int64_t begun;      /* all times are of the monotonic clock, in nanoseconds */
  int64_t end;        /* when the cap is reached */
  sqlite3_int64 seen; /* the data_version of the last judgement */
  int64_t changed;    /* when a change was last seen */
  int64_t cooling;    /* the interval of looks while notices are ignored; 0: listening */
  tn_notice notice;
} wait_run;

/* Columns of the row that FACTS stands on; of a session that is missing, all are NULL. */
static const char *wait_text(const wait_run *run, int column) {
  return run->has_row ? (const char *)sqlite3_column_text(run->facts, column) : NULL;
}

static tn_maybe wait_int(const wait_run *run, int column) {
  tn_maybe value = {run->has_row && sqlite3_column_type(run->facts, column) != SQLITE_NULL, 0};
  if (value.known) value.value = sqlite3_column_int64(run->facts, column);
  return value;
}

static void wait_put_text(sqlite3_str *out, const char *key, const char *text) {
  if (text == NULL) return;
  sqlite3_str_appendf(out, ",\"%s\":", key);
  tn_json_append_string(out, text, strlen(text));
}

static void wait_put_int(sqlite3_str *out, const char *key, tn_maybe value) {
  if (value.known) sqlite3_str_appendf(out, ",\"%s\":%lld", key, (sqlite3_int64)value.value);
}

/* What the ground of an outcome shows as status, exit code and reason. */
typedef struct wait_shown {
  const char *status;
  tn_maybe exit_code;
  const char *reason;
} wait_shown;

static wait_shown wait_show(const wait_run *run, tn_ground ground) {
  const tn_maybe nothing = {0, 0};
  wait_shown shown = {wait_text(run, WAIT_STATUS), nothing, NULL};
  switch (ground) {
  case TN_GROUND_RESULT:
    shown.status = wait_text(run, WAIT_RESULT_STATUS);
    shown.exit_code = wait_int(run, WAIT_RESULT_EXIT);
    if (!shown.exit_code.known && shown.status != NULL && strcmp(shown.status, "success") == 0) {
      shown.exit_code.known = 1; /* a success without a code is 0 */
    }
    break;
  case TN_GROUND_TURN: shown.status = wait_text(run, WAIT_TURN_STATE); break;
  case TN_GROUND_SESSION:
    shown.exit_code = wait_int(run, WAIT_EXIT_CODE);
    shown.reason = wait_text(run, WAIT_FAILURE_REASON);
    if (shown.reason == NULL) shown.reason = wait_text(run, WAIT_END_REASON);
    break;
  case TN_GROUND_COMPLETION:
    shown.status = wait_text(run, WAIT_COMPLETION_STATUS);
    shown.exit_code = wait_int(run, WAIT_COMPLETION_EXIT);
    shown.reason = wait_text(run, WAIT_COMPLETION_REASON);
    break;
  case TN_GROUND_DEATH:
    shown.status = "failure";
    shown.exit_code = (tn_maybe){1, 1};
    shown.reason = "orphaned_process";
    break;
  case TN_GROUND_NONE:
  case TN_GROUND_MISSING:
  case TN_GROUND_CAP: break;
  }
  return shown;
}

static int wait_is_synthetic(const wait_run *run, tn_ground ground) {
  const char *provenance = wait_text(run, WAIT_PROVENANCE);
  if (ground == TN_GROUND_COMPLETION || ground == TN_GROUND_DEATH) return 1;
  return ground == TN_GROUND_RESULT && provenance != NULL && strcmp(provenance, "synthetic") == 0;
}

/* The report of an outcome, from the row that FACTS stands on. */
static int wait_report(const wait_run *run, const char *outcome, tn_ground ground, char **report) {
  sqlite3_str *out = sqlite3_str_new(run->db);
  const wait_shown shown = wait_show(run, ground);
  sqlite3_str_appendall(out, "{\"session_id\":");
  tn_json_append_string(out, run->session_id, strlen(run->session_id));
  wait_put_text(out, "outcome", outcome);
  wait_put_text(out, "status", shown.status);
  wait_put_int(out, "exit_code", shown.exit_code);
  if (ground == TN_GROUND_SESSION)
    wait_put_text(out, "exit_signal", wait_text(run, WAIT_EXIT_SIGNAL));
  sqlite3_str_appendf(out, ",\"synthetic\":%s,\"elapsed_ms\":%lld",
                      wait_is_synthetic(run, ground) ? "true" : "false",
                      (sqlite3_int64)((tn_clock_monotonic() - run->begun) / WAIT_MS));
  wait_put_text(out, "turn_id", run->turn_id);
  if (ground == TN_GROUND_RESULT) wait_put_text(out, "summary", wait_text(run, WAIT_SUMMARY));
  wait_put_text(out, "reason", shown.reason);
  if (ground == TN_GROUND_SESSION) {
    wait_put_text(out, "ended_by", wait_text(run, WAIT_ENDED_BY));
    wait_put_text(out, "note", wait_text(run, WAIT_END_NOTE));
  }
  wait_put_int(out, "revision", wait_int(run, WAIT_REVISION));
  sqlite3_str_appendall(out, "}");
  const int rc = sqlite3_str_errcode(out);
  *report = sqlite3_str_finish(out);
  return rc;
}

/* Judges the session once. *REPORT is NULL while there is reason to keep waiting. */
static int wait_judge(wait_run *run, int cap_reached, char **report) {
  tn_ground ground;
  const int step = sqlite3_step(run->facts);
  if (step != SQLITE_ROW && step != SQLITE_DONE) return sqlite3_reset(run->facts);
  run->has_row = step == SQLITE_ROW;
  const tn_ending ending = {.status = wait_text(run, WAIT_STATUS),
                            .end_reason = wait_text(run, WAIT_END_REASON),
                            .verdict = wait_text(run, WAIT_VERDICT),
                            .turn_state = wait_text(run, WAIT_TURN_STATE),
                            .result_status = wait_text(run, WAIT_RESULT_STATUS),
                            .result_exit = wait_int(run, WAIT_RESULT_EXIT),
                            .result_is_final = wait_int(run, WAIT_RESULT_FINAL).value != 0,
                            .completion_exit = wait_int(run, WAIT_COMPLETION_EXIT),
                            .exit_code = wait_int(run, WAIT_EXIT_CODE),
                            .exit_signal = wait_text(run, WAIT_EXIT_SIGNAL),
                            .cap_reached = cap_reached};
  const char *outcome = tn_wait_outcome(&ending, &ground);
  const int rc = outcome == NULL ? SQLITE_OK : wait_report(run, outcome, ground, report);
  const int finished = sqlite3_reset(run->facts);
  return rc != SQLITE_OK ? rc : finished;
}

/* Looks whether anybody has committed since the last judgement. */
static int wait_look(wait_run *run, int *has_changed) {
  sqlite3_int64 version = run->seen;
  if (sqlite3_step(run->version) == SQLITE_ROW) version = sqlite3_column_int64(run->version, 0);
  const int rc = sqlite3_reset(run->version);
  *has_changed = rc == SQLITE_OK && version != run->seen;
  if (*has_changed) run->seen = version;
  return rc;
}

/* After a notice: looks until the commit is visible, or UNTIL. */
static int wait_follow(wait_run *run, int64_t until, int *has_changed) {
  const int64_t begun = tn_clock_monotonic();
  int64_t pause = WAIT_FOLLOW_PAUSE;
  tn_notice deaf = {-1, -1, NULL};
  for (;;) {
    const int rc = wait_look(run, has_changed);
    const int64_t now = tn_clock_monotonic();
    if (rc != SQLITE_OK || *has_changed || now >= until || now - begun >= WAIT_FOLLOW) return rc;
    if (now - begun < WAIT_FOLLOW_EAGER) continue;
    (void)tn_notice_wait(&deaf, pause);
    if (pause < WAIT_MS) pause *= 2;
  }
}

/* A change that decided nothing: if they come often, listens no more for a while. */
static void wait_cool(wait_run *run, int64_t now) {
  if (now - run->changed < WAIT_BUSY_GAP) {
    run->cooling = run->cooling == 0 ? WAIT_COOL_MIN : 2 * run->cooling;
    if (run->cooling > WAIT_COOL_MAX) run->cooling = WAIT_COOL_MAX;
    tn_notice_ignore(&run->notice);
  }
  run->changed = now;
}

/* Listens again once nothing has happened for a while. */
static void wait_warm(wait_run *run, int64_t now) {
  if (run->cooling == 0 || now - run->changed < 2 * WAIT_BUSY_GAP) return;
  run->cooling = 0;
  tn_notice_listen(&run->notice);
}

/* Waits until the session should be judged again, at the latest UNTIL. A lock that another process holds
** is waited out like everything else. */
static int wait_pause(wait_run *run, int64_t until) {
  for (;;) {
    int has_changed = 0;
    int rc = wait_look(run, &has_changed);
    int64_t now = tn_clock_monotonic();
    if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY) return rc;
    if (!has_changed && now < until) {
      int64_t interval = run->cooling > 0 ? run->cooling : WAIT_POLL;
      if (interval > until - now) interval = until - now;
      if (tn_notice_wait(&run->notice, interval)) rc = wait_follow(run, until, &has_changed);
      if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY) return rc;
      now = tn_clock_monotonic();
      if (!has_changed) wait_warm(run, now);
    }
    if (has_changed) wait_cool(run, now);
    if (has_changed || now >= until) return SQLITE_OK;
  }
}

static int wait_loop(wait_run *run, char **report) {
  for (;;) {
    /* The version is read before the judgement: a commit between the two is seen as a change later. */
    int unused;
    const int cap_reached = tn_clock_monotonic() >= run->end;
    int rc = wait_look(run, &unused);
    if (rc == SQLITE_OK) rc = wait_judge(run, cap_reached, report);
    if (rc != SQLITE_OK && (cap_reached || (rc & 0xff) != SQLITE_BUSY)) return rc;
    if (*report != NULL) return SQLITE_OK;
    const int64_t until = tn_clock_monotonic() + WAIT_JUDGE;
    rc = wait_pause(run, until < run->end ? until : run->end);
    if (rc != SQLITE_OK) return rc;
  }
}

static int wait_prepare(wait_run *run, const char *schema) {
  char *sql = sqlite3_mprintf("PRAGMA \"%w\".data_version", schema);
  if (sql == NULL) return SQLITE_NOMEM;
  int rc = sqlite3_prepare_v2(run->db, sql, -1, &run->version, NULL);
  sqlite3_free(sql);
  if (rc == SQLITE_OK) rc = sqlite3_prepare_v2(run->db, wait_sql, -1, &run->facts, NULL);
  if (rc == SQLITE_OK) rc = sqlite3_bind_text(run->facts, 1, run->session_id, -1, SQLITE_STATIC);
  if (rc == SQLITE_OK && run->turn_id != NULL) {
    rc = sqlite3_bind_text(run->facts, 2, run->turn_id, -1, SQLITE_STATIC);
  }
  return rc;
}

int tn_wait(tn_connection *conn, const char *session_id, const char *turn_id, sqlite3_int64 cap_ms,
            char **report) {
  const char *schema = tn_connection_schema(conn);
  const int64_t now = tn_clock_monotonic();
  wait_run run = {.db = conn->db,
                  .session_id = session_id,
                  .turn_id = turn_id,
                  .begun = now,
                  .end = now + cap_ms * WAIT_MS,
                  .notice = {-1, -1, NULL}};
  *report = NULL;
  int rc = wait_prepare(&run, schema);
  if (rc == SQLITE_OK) {
    tn_notice_open(&run.notice, sqlite3_db_filename(conn->db, schema));
    rc = wait_loop(&run, report);
    tn_notice_close(&run.notice);
  }
  if (rc != SQLITE_OK) {
    sqlite3_free(*report);
    *report = rc == SQLITE_NOMEM ? NULL : sqlite3_mprintf("%s", sqlite3_errmsg(conn->db));
  }
  (void)sqlite3_finalize(run.version); /* repeats an error that is known */
  (void)sqlite3_finalize(run.facts);
  return rc;
}
