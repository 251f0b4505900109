/*
** outcome_test.c - what a waiter is told: the table of the contract (04, "Wait") as rows of data, against
** tn_wait_outcome() for every combination of facts, and against session_wait_outcome() for a sample. Then
** which result replaces which, what counts as a loss, and the exit codes.
**
** Each fact has a few values, so a row of the table is a set of values for each: the first row that has all
** the values of a combination decides it.
*/
#include "outcome.h"
#include "tenure.h"

#include "../core/tap.h"

#include <stdlib.h>

enum {
  STATUS,
  REASON,
  VERDICT,
  TURN,
  RESULT,
  RESULT_EXIT,
  FINAL,
  PACKET,
  EXIT,
  SIGNAL,
  CAP,
  FACT_COUNT
};
enum { VALUE_MAX = 13 };

/* The values of each fact; the first is NULL where there can be none. */
static const char *const values[FACT_COUNT][VALUE_MAX + 1] = {
    [STATUS] = {NULL, "idle", "starting", "running", "ready", "interrupted", "error", "exiting",
                "destroying", "exited", "failed", "stopped", "destroyed"},
    [REASON] = {NULL, "cleared", "transition", "host-death", "idle", "run", "taken_over",
                "stale_reset", "forced"},
    [VERDICT] = {NULL, "unknown", "passive", "owned", "dead"},
    [TURN] = {NULL, "reserved", "running", "completed", "error", "interrupted", "unknown"},
    [RESULT] = {NULL, "success", "retired", "failure", "timeout", "signal", "interrupted",
                "no_progress", "error", "tier_failover_superseded"},
    [RESULT_EXIT] = {NULL, "0", "7"},
    [FINAL] = {"0", "1"},
    [PACKET] = {NULL, "0", "9"},
    [EXIT] = {NULL, "0", "3"},
    [SIGNAL] = {NULL, "9"},
    [CAP] = {"0", "1"},
};
static const int value_count[FACT_COUNT] = {13, 9, 5, 7, 10, 3, 2, 3, 3, 2, 2};

/* Sets of values, one bit each. */
#define V(i) (1 << (i))
#define ANY 0 /* a fact that a row does not mention */
enum {
  NO_SESSION = V(0),
  LIVING = V(1) | V(2) | V(3) | V(4) | V(5) | V(6) | V(7) | V(8),
  ENDED = V(9) | V(10) | V(11) | V(12),
  FAILED = V(10),
  TAKEN = V(6) | V(7) | V(8),
  UNKNOWN = V(1),
  PASSIVE = V(2),
  OWNED = V(3),
  DEAD = V(4),
  NOBODY = V(0), /* no verdict: not of a living session, and proof of nothing */
  GOOD = V(1) | V(2),
  BAD = V(3) | V(4) | V(5) | V(6) | V(7) | V(8),
  SUPERSEDED = V(9),
  ABSENT = V(0),
  ZERO = V(0) | V(1),
  NOT_ZERO = V(2),
  GIVEN = V(1) | V(2),
  NO = V(0),
  YES = V(1)
};

typedef struct row {
  const char *name;
  const char *outcome; /* NULL: keep waiting */
  tn_ground ground;
  int set[FACT_COUNT];
} row;

#define WHEN(...) .set = {__VA_ARGS__}

static const row table[] = {
    {"1 no such session", "missing", TN_GROUND_MISSING, WHEN([STATUS] = NO_SESSION)},
    {"2 final good result", "completed", TN_GROUND_RESULT,
     WHEN([RESULT] = GOOD, [RESULT_EXIT] = ZERO, [FINAL] = YES)},
    {"2 good result, ended", "completed", TN_GROUND_RESULT,
     WHEN([STATUS] = ENDED, [RESULT] = GOOD, [RESULT_EXIT] = ZERO)},
    {"2 good result, not owned", "completed", TN_GROUND_RESULT,
     WHEN([VERDICT] = NOBODY | UNKNOWN | PASSIVE | DEAD, [RESULT] = GOOD, [RESULT_EXIT] = ZERO)},
    {"3 final result", "failed", TN_GROUND_RESULT, WHEN([RESULT] = GOOD | BAD, [FINAL] = YES)},
    {"3 result, ended", "failed", TN_GROUND_RESULT,
     WHEN([STATUS] = ENDED, [RESULT] = GOOD | BAD | SUPERSEDED)},
    {"3 result, not owned", "failed", TN_GROUND_RESULT,
     WHEN([VERDICT] = NOBODY | UNKNOWN | PASSIVE | DEAD, [RESULT] = GOOD | BAD)},
    {"3 superseded, nobody there to replace it", "failed", TN_GROUND_RESULT,
     WHEN([VERDICT] = NOBODY | UNKNOWN | DEAD, [RESULT] = SUPERSEDED)},
    {"3a completed turn", "completed", TN_GROUND_TURN,
     WHEN([TURN] = V(3), [RESULT] = ABSENT | SUPERSEDED)},
    {"3a turn in error", "failed", TN_GROUND_TURN,
     WHEN([TURN] = V(4), [RESULT] = ABSENT | SUPERSEDED)},
    {"3a interrupted turn", "ended", TN_GROUND_TURN,
     WHEN([TURN] = V(5), [RESULT] = ABSENT | SUPERSEDED)},
    {"3a unknown turn", "missing", TN_GROUND_TURN,
     WHEN([TURN] = V(6), [RESULT] = ABSENT | SUPERSEDED)},
    {"4 taken", "lost", TN_GROUND_SESSION, WHEN([STATUS] = ENDED, [REASON] = TAKEN)},
    {"5 failed", "failed", TN_GROUND_SESSION, WHEN([STATUS] = FAILED)},
    {"5 exit code", "failed", TN_GROUND_SESSION, WHEN([STATUS] = ENDED, [EXIT] = NOT_ZERO)},
    {"5 signal", "failed", TN_GROUND_SESSION, WHEN([STATUS] = ENDED, [SIGNAL] = YES)},
    {"6 ended", "ended", TN_GROUND_SESSION, WHEN([STATUS] = ENDED)},
    {"7 packet, not owned", "failed", TN_GROUND_COMPLETION,
     WHEN([VERDICT] = NOBODY | UNKNOWN | PASSIVE | DEAD, [PACKET] = GIVEN)},
    {"8 dead", "failed", TN_GROUND_DEATH, WHEN([VERDICT] = DEAD)},
    {"9 cap, alive", "kv_warm", TN_GROUND_CAP, WHEN([VERDICT] = OWNED | PASSIVE, [CAP] = YES)},
    {"10 cap, unknown", "timeout", TN_GROUND_CAP, WHEN([CAP] = YES)},
    {"otherwise", NULL, TN_GROUND_NONE, WHEN(0)},
};
enum { ROW_COUNT = sizeof table / sizeof table[0] };

static int row_applies(const row *r, const int *at) {
  for (int fact = 0; fact < FACT_COUNT; fact++) {
    if (r->set[fact] != ANY && (r->set[fact] & V(at[fact])) == 0) return 0;
  }
  return 1;
}

static const row *decide(const int *at) {
  const row *r = table;
  while (!row_applies(r, at)) r++;
  return r;
}

static const char *text(const int *at, int fact) {
  return values[fact][at[fact]];
}

static tn_maybe maybe(const int *at, int fact) {
  const char *word = text(at, fact);
  const tn_maybe value = {word != NULL, word == NULL ? 0 : atoi(word)};
  return value;
}

static tn_ending ending_of(const int *at) {
  return (tn_ending){.status = text(at, STATUS),
                     .end_reason = text(at, REASON),
                     .verdict = text(at, VERDICT),
                     .turn_state = text(at, TURN),
                     .result_status = text(at, RESULT),
                     .result_exit = maybe(at, RESULT_EXIT),
                     .result_is_final = at[FINAL],
                     .completion_exit = maybe(at, PACKET),
                     .exit_code = maybe(at, EXIT),
                     .exit_signal = text(at, SIGNAL),
                     .cap_reached = at[CAP]};
}

static int same(const char *a, const char *b) {
  return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* The same through SQL; texts are bound as texts, numbers as numbers. */
static int is_same_in_sql(sqlite3_stmt *call, const int *at, const char *want) {
  for (int fact = 0; fact < FACT_COUNT; fact++) {
    const char *word = text(at, fact);
    int rc;
    if (word == NULL)
      rc = sqlite3_bind_null(call, fact + 1);
    else if (word[0] >= '0' && word[0] <= '9')
      rc = sqlite3_bind_int(call, fact + 1, atoi(word));
    else
      rc = sqlite3_bind_text(call, fact + 1, word, -1, SQLITE_STATIC);
    if (rc != SQLITE_OK) return 0;
  }
  const int found =
      sqlite3_step(call) == SQLITE_ROW && same((const char *)sqlite3_column_text(call, 0), want);
  return sqlite3_reset(call) == SQLITE_OK && found;
}

/* Prints a combination that is wrong. */
static void show(const int *at, const row *r, const char *got) {
  printf("# row %s wants %s, got %s:", r->name, r->outcome == NULL ? "-" : r->outcome,
         got == NULL ? "-" : got);
  for (int fact = 0; fact < FACT_COUNT; fact++) {
    printf(" %s", text(at, fact) == NULL ? "-" : text(at, fact));
  }
  printf("\n");
}

/* Goes to the next combination; 0 after the last. */
static int advance(int *at) {
  for (int fact = 0; fact < FACT_COUNT; fact++) {
    if (++at[fact] < value_count[fact]) return 1;
    at[fact] = 0;
  }
  return 0;
}

static void test_outcomes(sqlite3_stmt *call) {
  static long by_row[ROW_COUNT], wrong_by_row[ROW_COUNT];
  long count = 0, sampled = 0, wrong_in_sql = 0;
  int at[FACT_COUNT] = {0};
  do {
    tn_ground ground;
    const row *r = decide(at);
    const tn_ending ending = ending_of(at);
    const char *got = tn_wait_outcome(&ending, &ground);
    by_row[r - table]++;
    if (!same(got, r->outcome) || ground != r->ground) {
      if (wrong_by_row[r - table]++ == 0) show(at, r, got);
    }
    if (count++ % 4999 == 0) {
      sampled++;
      wrong_in_sql += !is_same_in_sql(call, at, r->outcome);
    }
  } while (advance(at));
  for (int i = 0; i < ROW_COUNT; i++) {
    ok(by_row[i] > 0 && wrong_by_row[i] == 0, "row %s: %ld combinations, %ld wrong", table[i].name,
       by_row[i], wrong_by_row[i]);
  }
  is_int(count, 8845200, "every combination");
  ok(sampled > 1500 && wrong_in_sql == 0, "%ld of them through SQL, %ld wrong", sampled,
     wrong_in_sql);
}

static void test_results(void) {
  static const char *const ranks[] = {"synthetic", "completion", "agent"};
  for (int stored = 0; stored < 3; stored++) {
    for (int offered = 0; offered < 3; offered++) {
      is_int(tn_result_replaces(ranks[stored], 0, ranks[offered]), offered >= stored, "%s by %s",
             ranks[stored], ranks[offered]);
      is_int(tn_result_replaces(ranks[stored], 1, ranks[offered]), 0, "final %s by %s",
             ranks[stored], ranks[offered]);
    }
    is_int(tn_result_replaces(ranks[stored], 0, "nobody"), 0, "%s by an unknown one",
           ranks[stored]);
    is_int(tn_result_replaces(ranks[stored], 0, NULL), 0, "%s by none", ranks[stored]);
    is_int(tn_result_replaces("nobody", 0, ranks[stored]), 1, "an unknown one by %s",
           ranks[stored]);
  }
}

/* SQL refuses a status that is none; here it is one of a session that lives. */
static void test_unknown_status(void) {
  tn_ground ground;
  const tn_ending ending = {.status = "hibernating", .verdict = "owned"};
  ok(tn_wait_outcome(&ending, &ground) == NULL, "an unknown status: not over");
}

static void test_words(void) {
  static const struct {
    const char *word;
    int code;
  } codes[] = {{"completed", 0}, {"failed", 1},    {"ended", 0}, {"lost", 4}, {"missing", 3},
               {"kv_warm", 0},   {"timeout", 124}, {"other", 1}, {NULL, 1}};
  for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
    is_int(tn_wait_exit_code(codes[i].word), codes[i].code, "exit code of %s",
           codes[i].word == NULL ? "(none)" : codes[i].word);
  }
  for (int i = 0; i < value_count[REASON]; i++) {
    is_int(tn_end_is_loss(values[REASON][i]), (TAKEN & V(i)) != 0, "%s %s a loss",
           values[REASON][i] == NULL ? "(none)" : values[REASON][i],
           TAKEN & V(i) ? "is" : "is not");
  }
}

int main(void) {
  sqlite3 *db = NULL;
  sqlite3_stmt *call = NULL;
  if (sqlite3_open(":memory:", &db) != SQLITE_OK ||
      sqlite3_tenure_init(db, NULL, NULL) != SQLITE_OK ||
      sqlite3_prepare_v2(
          db, "SELECT session_wait_outcome(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)", -1,
          &call, NULL) != SQLITE_OK) {
    printf("Bail out! %s\n", sqlite3_errmsg(db));
    return 1;
  }
  test_outcomes(call);
  test_results();
  test_words();
  test_unknown_status();
  ok(sqlite3_finalize(call) == SQLITE_OK && sqlite3_close(db) == SQLITE_OK, "closed");
  return done_testing();
}
