/*
** turn.h - judgement about turns: outcomes, fail-closed decisions, and what a provider's event means.
**
** Pure C: no SQLite. (Contract: 03.)
*/
#ifndef TN_TURN_H
#define TN_TURN_H

/* The state that an outcome ends a turn in: completed, error or interrupted. Unknown or NULL outcomes
** count as completed. */
const char *tn_turn_outcome_state(const char *outcome);

/* The decision of a request that nobody answered; NULL for kinds that have none. */
const char *tn_turn_request_default(const char *kind);

/* The state of its turn that an event of the log tells; NULL if it tells none. */
const char *tn_turn_event_state(const char *event);

/* How an event's turn stands to the session's open turn. */
typedef enum tn_turn_relation {
  TN_TURN_NONE_UNNAMED, /* no turn is open, the event names none */
  TN_TURN_NONE_NEW,     /* no turn is open, the event names one that was never seen */
  TN_TURN_NONE_ENDED,   /* no turn is open, the event names one that has ended */
  TN_TURN_RESERVED,     /* the event names the open turn, which is reserved */
  TN_TURN_RUNNING,      /* the event names the open turn, which runs */
  TN_TURN_OTHER,        /* the event names another than the open turn */
  TN_TURN_UNNAMED       /* a turn is open, the event names none */
} tn_turn_relation;

/* What an event does. REASON is NULL if it is applied, else the word for why it is not. */
typedef struct tn_turn_decision {
  const char *reason;
  const char *status; /* the session's next status */
  const char *turn;   /* what happens to turns: keep, start, supersede, end, record, settle */
  const char *end;    /* the state in which a turn ends, or NULL */
  const char *error;  /* what happens to last_error: keep, clear, set */
} tn_turn_decision;

/* Decides the event TYPE. STATE is the mapped status of session.state.changed, or NULL. PENDING: a start was
** asked for and the session is starting. EXPECTED: a start was asked for, and the caller's expected turn
** is the event's. Returns 1, or 0 if the type is unknown. */
int tn_turn_decide(const char *type, const char *state, tn_turn_relation relation, int pending,
                   int expected, const char *outcome, tn_turn_decision *out);

#endif
