/*
** wait.c - waiting for a session to end; see wait.h.
*/
#include "wait.h"
#include "clock.h"
#include "json_write.h"
#include "notice.h"
#include "outcome.h"

#include <string.h>

#define WAIT_US INT64_C(1000)
#define WAIT_MS (1000 * WAIT_US)
#define WAIT_SECOND (1000 * WAIT_MS)

/* How long a judgement stands; how soon a lock is tried again; how often a waiter looks that has not been
** told to, since a notice can be lost and an interrupt gives none. */
#define WAIT_JUDGE WAIT_SECOND
#define WAIT_RETRY (5 * WAIT_MS)
#define WAIT_REST (220 * WAIT_MS)

/* After a notice or a change the waiter looks more often. A notice comes with the first write of a commit,
** which becomes visible only after the fsync: most are visible at once or within a millisecond, so the first
** looks come without pause. Then the pauses grow with the time, so that who looks is late by a small part of
** what the commit took: by a very small one if a notice has come, since then there is a commit to be seen,
** and only one waiter looks so often. */
#define WAIT_EAGER (1 * WAIT_MS)
#define WAIT_PAUSE_MIN (50 * WAIT_US)
#define WAIT_PAUSE_PART 8
#define WAIT_PAUSE_PART_NOTICED 32

/* When others commit all the time, notices of all that would cost them and the waiter more than they are
** worth: it stops listening and looks at intervals, longer ones with each change until they rest. */
#define WAIT_BUSY_GAP (50 * WAIT_MS)
#define WAIT_COOL_MIN (1 * WAIT_MS)
#define WAIT_COOL_MAX (32 * WAIT_MS)

/* One row: all that tn_ending wants, in its order, and what a report may show beside it. The verdict is the
** costly part of it, so it is left out where a final result decides without it. The result of a turn is that of the
** incarnation in which the turn was, and nothing better is to come once that is over. */
static const char wait_sql[] =
    "SELECT s.status, s.end_reason, CASE WHEN r.final AND r.status <> 'tier_failover_superseded' "
    "THEN NULL ELSE (SELECT h.verdict FROM tenure_holder AS h WHERE h.session_id = s.session_id) END, "
    "CASE WHEN ?2 IS NOT NULL THEN coalesce(t.state, 'unknown') END, r.status, r.exit_code, "
    "r.final OR r.incarnation <> s.incarnation, c.exit_code, s.exit_code, s.exit_signal, r.summary, "
    "r.provenance IS 'synthetic', c.status, c.reason, s.failure_reason, s.ended_by, s.end_note, s.revision FROM tenure_session AS s "
    "LEFT JOIN tenure_turn AS t ON t.session_id = s.session_id AND t.turn_id = ?2 "
    "LEFT JOIN tenure_result AS r ON r.session_id = s.session_id AND r.turn_id = coalesce(?2, '') "
    "AND r.incarnation = coalesce(t.incarnation, s.incarnation) "
    "LEFT JOIN tenure_completion AS c ON c.session_id = s.session_id AND c.incarnation = s.incarnation "
    "WHERE s.session_id = ?1";

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
  WAIT_IS_SYNTHETIC,
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
  const tn_text *session_id;
  const tn_text *turn_id;
  int has_row;        /* FACTS stands on a row */
  int64_t begun;      /* all times are of the monotonic clock, in nanoseconds */
  int64_t end;        /* when the cap is reached */
  int64_t patience;   /* for how long beyond that a lock of others is waited out */
  sqlite3_int64 seen; /* the data_version of the last judgement */
  int64_t stirred;    /* when there was a change or a notice, or the wait began */
  int64_t noticed;    /* when a notice came; looks come without pause for a while from then on */
  int64_t changed;    /* when a change was last seen */
  int64_t cooling;    /* the shortest pause while others commit all the time; else 0 */
  tn_notice *notice;
  const char *path; /* of the database */
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

static wait_shown wait_show(const wait_run *run, const char *outcome, tn_ground ground) {
  const tn_maybe nothing = {0, 0};
  wait_shown shown = {wait_text(run, WAIT_STATUS), nothing, NULL};
  switch (ground) {
  case TN_GROUND_RESULT:
    shown.status = wait_text(run, WAIT_RESULT_STATUS);
    shown.exit_code = wait_int(run, WAIT_RESULT_EXIT);
    if (strcmp(outcome, "completed") == 0) shown.exit_code.known = 1; /* 0 where it is not stored */
    break;
  case TN_GROUND_TURN: shown.status = wait_text(run, WAIT_TURN_STATE); break;
  case TN_GROUND_SESSION:
    shown.exit_code = wait_int(run, WAIT_EXIT_CODE);
    /* A session may have recovered from a failure, and then been ended for another reason. */
    if (strcmp(outcome, "failed") == 0) shown.reason = wait_text(run, WAIT_FAILURE_REASON);
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
  if (ground == TN_GROUND_COMPLETION || ground == TN_GROUND_DEATH) return 1;
  return ground == TN_GROUND_RESULT && wait_int(run, WAIT_IS_SYNTHETIC).value;
}

/* The report of an outcome, from the row that FACTS stands on. */
static int wait_report(const wait_run *run, const char *outcome, tn_ground ground, char **report) {
  sqlite3_str *out = sqlite3_str_new(run->db);
  const wait_shown shown = wait_show(run, outcome, ground);
  sqlite3_str_appendall(out, "{\"session_id\":");
  tn_json_append_string(out, run->session_id->z, run->session_id->n);
  wait_put_text(out, "outcome", outcome);
  wait_put_text(out, "status", shown.status);
  wait_put_int(out, "exit_code", shown.exit_code);
  if (ground == TN_GROUND_SESSION)
    wait_put_text(out, "exit_signal", wait_text(run, WAIT_EXIT_SIGNAL));
  sqlite3_str_appendf(out, ",\"synthetic\":%s,\"elapsed_ms\":%lld",
                      wait_is_synthetic(run, ground) ? "true" : "false",
                      (sqlite3_int64)((tn_clock_monotonic() - run->begun) / WAIT_MS));
  if (run->turn_id->z != NULL) {
    sqlite3_str_appendall(out, ",\"turn_id\":");
    tn_json_append_string(out, run->turn_id->z, run->turn_id->n);
  }
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

/* Locks of others: the database will be free again. */
static int wait_is_busy(int rc) {
  return (rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED;
}

/* A change that decided nothing: if they come often, listens no more for a while. */
static void wait_cool(wait_run *run, int64_t now) {
  if (now - run->changed < WAIT_BUSY_GAP) {
    run->cooling = run->cooling == 0 ? WAIT_COOL_MIN : 2 * run->cooling;
    if (run->cooling > WAIT_COOL_MAX) run->cooling = WAIT_COOL_MAX;
    tn_notice_ignore(run->notice);
  }
  run->changed = run->stirred = now;
}

/* Sleeps until the next look is due, or a notice comes. */
static void wait_sleep(wait_run *run, int64_t now, int64_t until) {
  const int64_t least = run->cooling > 0 ? run->cooling : WAIT_PAUSE_MIN;
  const int is_due = run->noticed > run->changed; /* a commit that was heard but not yet seen */
  int64_t pause = (now - run->stirred) / (is_due ? WAIT_PAUSE_PART_NOTICED : WAIT_PAUSE_PART);
  if (pause < least) pause = least;
  if (pause > WAIT_REST) pause = WAIT_REST;
  if (pause > until - now) pause = until - now;
  if (tn_notice_wait(run->notice, pause)) {
    run->stirred = run->noticed = tn_clock_monotonic();
  }
}

/* Waits until the session should be judged again, at the latest UNTIL. The last thing that it does is to
** look, so a commit that comes after that is seen as a change later. */
static int wait_pause(wait_run *run, int64_t until) {
  if (tn_clock_monotonic() - run->changed >= 2 * WAIT_BUSY_GAP) run->cooling = 0;
  if (run->cooling == 0) tn_notice_listen(run->notice, run->path);
  for (;;) {
    int has_changed = 0;
    const int rc = wait_look(run, &has_changed);
    const int64_t now = tn_clock_monotonic();
    if (rc != SQLITE_OK && !wait_is_busy(rc)) return rc;
    if (has_changed) wait_cool(run, now);
    if (has_changed || now >= until) return SQLITE_OK;
    if (now < run->noticed + WAIT_EAGER) {
      tn_notice_yield();
    } else {
      wait_sleep(run, now, until);
    }
  }
}

static int wait_loop(wait_run *run, char **report) {
  int has_changed;
  int rc = wait_look(run, &has_changed);
  for (;;) {
    const int64_t now = tn_clock_monotonic();
    if (rc == SQLITE_OK) rc = wait_judge(run, now >= run->end, report);
    const int is_busy = wait_is_busy(rc) && now < run->end + run->patience;
    if (*report != NULL || (rc != SQLITE_OK && !is_busy)) return rc;
    int64_t until = now + WAIT_JUDGE < run->end ? now + WAIT_JUDGE : run->end;
    if (is_busy) until = now + WAIT_RETRY;
    rc = wait_pause(run, until);
  }
}

static int wait_bind(wait_run *run, int place, const tn_text *text) {
  if (text->z == NULL) return SQLITE_OK;
  return sqlite3_bind_text64(run->facts, place, text->z, text->n, SQLITE_STATIC, SQLITE_UTF8);
}

static int wait_prepare(wait_run *run, const char *schema) {
  char *sql = sqlite3_mprintf("PRAGMA \"%w\".data_version", schema);
  if (sql == NULL) return SQLITE_NOMEM;
  int rc = sqlite3_prepare_v2(run->db, sql, -1, &run->version, NULL);
  sqlite3_free(sql);
  if (rc == SQLITE_OK) rc = sqlite3_prepare_v2(run->db, wait_sql, -1, &run->facts, NULL);
  if (rc == SQLITE_OK) rc = wait_bind(run, 1, run->session_id);
  if (rc == SQLITE_OK) rc = wait_bind(run, 2, run->turn_id);
  return rc;
}

/* The busy timeout of the connection in milliseconds; 0 if it has none, or a busy handler of its own. */
static int wait_read_timeout(sqlite3 *db, int *timeout_ms) {
  sqlite3_stmt *stmt = NULL;
  *timeout_ms = 0;
  const int rc = sqlite3_prepare_v2(db, "PRAGMA busy_timeout", -1, &stmt, NULL);
  if (rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW)
    *timeout_ms = sqlite3_column_int(stmt, 0);
  const int finished = sqlite3_finalize(stmt);
  return rc != SQLITE_OK ? rc : finished;
}

int tn_wait(tn_connection *conn, const tn_text *session_id, const tn_text *turn_id,
            sqlite3_int64 cap_ms, char **report) {
  const char *schema = tn_connection_schema(conn);
  const int64_t now = tn_clock_monotonic();
  int timeout_ms;
  wait_run run = {.db = conn->db,
                  .session_id = session_id,
                  .turn_id = turn_id,
                  .begun = now,
                  .end = now + cap_ms * WAIT_MS,
                  .stirred = now,
                  .noticed = now - WAIT_SECOND,
                  .changed = now - WAIT_SECOND,
                  .notice = &conn->notice,
                  .path = tn_connection_path(conn)};
  *report = NULL;
  int rc = wait_prepare(&run, schema);
  if (rc == SQLITE_OK) rc = wait_read_timeout(conn->db, &timeout_ms);
  if (rc == SQLITE_OK) {
    /* SQLite would sleep through an interrupt and the cap while it waits for a lock, so we do. */
    run.patience = timeout_ms * WAIT_MS;
    if (timeout_ms > 0) (void)sqlite3_busy_timeout(conn->db, 0);
    rc = wait_loop(&run, report);
    if (timeout_ms > 0) (void)sqlite3_busy_timeout(conn->db, timeout_ms);
    tn_notice_ignore(&conn->notice);
  }
  if (rc != SQLITE_OK) {
    sqlite3_free(*report);
    *report = rc == SQLITE_NOMEM ? NULL : sqlite3_mprintf("%s", sqlite3_errmsg(conn->db));
  }
  (void)sqlite3_finalize(run.version); /* repeats an error that is known */
  (void)sqlite3_finalize(run.facts);
  return rc;
}
