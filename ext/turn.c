/*
** turn.c - judgement about turns; see turn.h.
**
** Of the decision table below the first row that fits an event decides. In the columns that an event is compared with,
** NIL, ANY and EITHER fit anything; the second is the mapped state of a session.state.changed, and the state that the
** outcome ends a turn in for any other. In those that say what is done, NIL is nothing.
*/
#include "turn.h"

#include <stddef.h>
#include <string.h>

typedef struct turn_word {
  const char *word;
  const char *means;
} turn_word;

static const char *turn_look_up(const turn_word *words, size_t n, const char *word) {
  for (size_t i = 0; i < n && word != NULL; i++) {
    if (strcmp(words[i].word, word) == 0) return words[i].means;
  }
  return NULL;
}

const char *tn_turn_outcome_state(const char *outcome) {
  static const turn_word words[] = {
      {"failed", "error"}, {"interrupted", "interrupted"}, {"cancelled", "interrupted"}};
  const char *state = turn_look_up(words, sizeof words / sizeof words[0], outcome);
  return state != NULL ? state : "completed";
}

const char *tn_turn_request_default(const char *kind) {
  static const turn_word words[] = {
      {"approval", "denied"}, {"permission", "cancelled"}, {"elicitation", "cancelled"}};
  return turn_look_up(words, sizeof words / sizeof words[0], kind);
}

const char *tn_turn_event_state(const char *event) {
  static const turn_word words[] = {
      {"turn.reserved", "reserved"},   {"turn.started", "running"},
      {"turn.completed", "completed"}, {"turn.interrupted", "interrupted"},
      {"turn.aborted", "interrupted"}, {"turn.failed", "error"}};
  return turn_look_up(words, sizeof words / sizeof words[0], event);
}

/* Sets of relations. */
enum {
  TURN_NONE_UNNAMED = 1 << TN_TURN_NONE_UNNAMED,
  TURN_NONE_NEW = 1 << TN_TURN_NONE_NEW,
  TURN_NONE_ENDED = 1 << TN_TURN_NONE_ENDED,
  TURN_RESERVED = 1 << TN_TURN_RESERVED,
  TURN_RUNNING = 1 << TN_TURN_RUNNING,
  TURN_OTHER = 1 << TN_TURN_OTHER,
  TURN_UNNAMED = 1 << TN_TURN_UNNAMED,
  TURN_NONE = TURN_NONE_UNNAMED | TURN_NONE_NEW | TURN_NONE_ENDED,
  TURN_SAME = TURN_RESERVED | TURN_RUNNING,
  TURN_OPEN = TURN_SAME | TURN_OTHER | TURN_UNNAMED,
  TURN_ANY = TURN_NONE | TURN_OPEN
};

enum { TURN_NO = 0, TURN_YES = 1, TURN_EITHER = 2 };

typedef struct turn_row {
  const char *type;
  const char *state; /* of session.state.changed, or the outcome's state; NULL fits any */
  int relations;
  int pending;
  int expected;
  const char *reason;
  const char *status;
  const char *turn;
  const char *end;
  const char *error;
} turn_row;

#define NIL NULL
#define TURN_ROW(type, state, relations, pending, expected, reason, status, turn, end, error)      \
  {                                                                                                \
    type, state, TURN_##relations, TURN_##pending, TURN_##expected, reason, status, turn, end,     \
        error                                                                                      \
  }

/* clang-format off */
static const turn_row turn_table[] = {
  /*       event                    state/outcome  relation  pending expected  ignored because  status         turns        end            last_error */
  TURN_ROW("session.started",       NIL,           OPEN,         EITHER, EITHER, NIL,          "running",     "keep",      NIL,           "keep"),
  TURN_ROW("session.started",       NIL,           NONE,         YES,    EITHER, NIL,          "starting",    "keep",      NIL,           "keep"),
  TURN_ROW("session.started",       NIL,           NONE,         NO,     EITHER, NIL,          "ready",       "keep",      NIL,           "clear"),
  TURN_ROW("thread.started",        NIL,           OPEN,         EITHER, EITHER, NIL,          "running",     "keep",      NIL,           "keep"),
  TURN_ROW("thread.started",        NIL,           NONE,         YES,    EITHER, NIL,          "starting",    "keep",      NIL,           "keep"),
  TURN_ROW("thread.started",        NIL,           NONE,         NO,     EITHER, NIL,          "ready",       "keep",      NIL,           "clear"),
  TURN_ROW("session.state.changed", "ready",       ANY,          YES,    EITHER, NIL,          "starting",    "settle",    "completed",   "keep"),
  TURN_ROW("session.state.changed", "ready",       ANY,          NO,     EITHER, NIL,          "ready",       "settle",    "completed",   "clear"),
  TURN_ROW("session.state.changed", "idle",        ANY,          EITHER, EITHER, NIL,          "idle",        "settle",    "completed",   "keep"),
  TURN_ROW("session.state.changed", "interrupted", ANY,          EITHER, EITHER, NIL,          "interrupted", "settle",    "interrupted", "clear"),
  TURN_ROW("session.state.changed", "error",       ANY,          EITHER, EITHER, NIL,          "error",       "settle",    "error",       "set"),
  TURN_ROW("session.state.changed", "stopped",     ANY,          EITHER, EITHER, NIL,          "stopped",     "settle",    "interrupted", "keep"),
  TURN_ROW("session.state.changed", "starting",    ANY,          EITHER, EITHER, NIL,          "starting",    "keep",      NIL,           "keep"),
  TURN_ROW("session.state.changed", "running",     ANY,          EITHER, EITHER, NIL,          "running",     "keep",      NIL,           "keep"),
  TURN_ROW("turn.started",          NIL,           NONE_UNNAMED, EITHER, EITHER, NIL,          "running",     "keep",      NIL,           "keep"),
  TURN_ROW("turn.started",          NIL,           NONE_NEW,     EITHER, EITHER, NIL,          "running",     "start",     NIL,           "keep"),
  TURN_ROW("turn.started",          NIL,           NONE_ENDED,   EITHER, EITHER, "turn_ended", NIL,           "keep",      NIL,           "keep"),
  TURN_ROW("turn.started",          NIL,           RESERVED,     EITHER, EITHER, NIL,          "running",     "start",     NIL,           "keep"),
  TURN_ROW("turn.started",          NIL,           RUNNING,      EITHER, EITHER, NIL,          "running",     "keep",      NIL,           "keep"),
  TURN_ROW("turn.started",          NIL,           UNNAMED,      EITHER, EITHER, "unnamed",    NIL,           "keep",      NIL,           "keep"),
  TURN_ROW("turn.started",          NIL,           OTHER,        EITHER, YES,    NIL,          "running",     "supersede", "interrupted", "keep"),
  TURN_ROW("turn.started",          NIL,           OTHER,        EITHER, NO,     "conflict",   NIL,           "keep",      NIL,           "keep"),
  TURN_ROW("turn.completed",        NIL,           OTHER,        EITHER, EITHER, "conflict",   NIL,           "keep",      NIL,           "keep"),
  TURN_ROW("turn.completed",        NIL,           UNNAMED,      EITHER, EITHER, "unnamed",    NIL,           "keep",      NIL,           "keep"),
  TURN_ROW("turn.completed",        NIL,           NONE_UNNAMED, EITHER, EITHER, "no_turn",    NIL,           "keep",      NIL,           "keep"),
  TURN_ROW("turn.completed",        NIL,           NONE_ENDED,   EITHER, EITHER, "turn_ended", NIL,           "keep",      NIL,           "keep"),
  TURN_ROW("turn.completed",        "error",       NONE_NEW,     EITHER, EITHER, NIL,          "error",       "record",    "error",       "set"),
  TURN_ROW("turn.completed",        "interrupted", NONE_NEW,     EITHER, EITHER, NIL,          "ready",       "record",    "interrupted", "clear"),
  TURN_ROW("turn.completed",        "completed",   NONE_NEW,     EITHER, EITHER, NIL,          "ready",       "record",    "completed",   "clear"),
  TURN_ROW("turn.completed",        "error",       SAME,         EITHER, EITHER, NIL,          "error",       "end",       "error",       "set"),
  TURN_ROW("turn.completed",        "interrupted", SAME,         EITHER, EITHER, NIL,          "ready",       "end",       "interrupted", "clear"),
  TURN_ROW("turn.completed",        "completed",   SAME,         EITHER, EITHER, NIL,          "ready",       "end",       "completed",   "clear"),
  TURN_ROW("turn.aborted",          NIL,           SAME,         EITHER, EITHER, NIL,          "interrupted", "end",       "interrupted", "clear"),
  TURN_ROW("turn.aborted",          NIL,           OTHER,        EITHER, EITHER, "conflict",   NIL,           "keep",      NIL,           "keep"),
  TURN_ROW("turn.aborted",          NIL,           UNNAMED,      EITHER, EITHER, "unnamed",    NIL,           "keep",      NIL,           "keep"),
  TURN_ROW("turn.aborted",          NIL,           NONE,         EITHER, EITHER, "no_turn",    NIL,           "keep",      NIL,           "keep"),
  TURN_ROW("session.exited",        NIL,           ANY,          EITHER, EITHER, NIL,          "stopped",     "settle",    "interrupted", "keep"),
  TURN_ROW("runtime.error",         NIL,           OTHER,        EITHER, EITHER, "conflict",   NIL,           "keep",      NIL,           "keep"),
  TURN_ROW("runtime.error",         NIL,           ANY,          EITHER, EITHER, NIL,          "error",       "settle",    "error",       "set"),
};
/* clang-format on */
#undef NIL

static int turn_fits(int cell, int value) {
  return cell == TURN_EITHER || cell == (value != 0);
}

int tn_turn_decide(const char *type, const char *state, tn_turn_relation relation, int pending,
                   int expected, const char *outcome, tn_turn_decision *out) {
  if (type == NULL) return 0;
  const char *word = state != NULL ? state : tn_turn_outcome_state(outcome);
  for (size_t i = 0; i < sizeof turn_table / sizeof turn_table[0]; i++) {
    const turn_row *row = &turn_table[i];
    if (strcmp(row->type, type) == 0 && (row->relations & (1 << relation)) != 0 &&
        turn_fits(row->pending, pending) && turn_fits(row->expected, expected) &&
        (row->state == NULL || strcmp(row->state, word) == 0)) {
      *out = (tn_turn_decision){row->reason, row->status, row->turn, row->end, row->error};
      return 1;
    }
  }
  return 0;
}
