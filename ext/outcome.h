/*
** outcome.h - how a session ended: which result may replace which, and what a waiter is told.
**
** Three facts are kept apart, because taking one for another is how success is reported as failure: the
** result says how the work ended, the completion packet how the process ended, the session's status what
** was decided about it. A result is provisional while its owner lives, unless it says that it is final.
** In what order they were written, when, and by which clock, never matters.
**
** Pure C: no SQLite, no clock. (Contract: 04, "Results" and "Wait".)
*/
#ifndef TN_OUTCOME_H
#define TN_OUTCOME_H

#include "maybe.h"

/* 1 if a result of provenance OFFERED may take the place of a stored one: that one is not final, and its
** provenance is not higher. From the lowest: synthetic, completion, agent; other words rank below all. */
int tn_result_replaces(const char *stored, int stored_is_final, const char *offered);

/* 1 if a session that ended for REASON was taken from its holder: taken_over, stale_reset or forced. What that
** holder still sends about it does not count. NULL gives 0. */
int tn_end_is_loss(const char *reason);

/* All that the outcome of a session depends on. A text that is missing is NULL. */
typedef struct tn_ending {
  const char *status;     /* of the session; NULL: there is no such session */
  const char *end_reason; /* of an ended session */
  const char
      *verdict; /* of a living session: dead, owned, passive or unknown; else not looked at */
  const char *turn_state; /* NULL: no turn was asked for; else its stored state, or "unknown" */
  const char *result_status;
  tn_maybe result_exit;
  int result_is_final;
  tn_maybe completion_exit; /* known exactly if there is a completion packet */
  tn_maybe exit_code;       /* of the session */
  const char *exit_signal;  /* of the session */
  int cap_reached;          /* the waiter has waited as long as it wanted to */
} tn_ending;

/* Which fact decided, so that a report can tell it. */
typedef enum tn_ground {
  TN_GROUND_NONE, /* nothing is decided: keep waiting */
  TN_GROUND_MISSING,
  TN_GROUND_RESULT,
  TN_GROUND_TURN,
  TN_GROUND_SESSION,
  TN_GROUND_COMPLETION,
  TN_GROUND_DEATH,
  TN_GROUND_CAP
} tn_ground;

/* The outcome: completed, failed, ended, lost, missing, kv_warm or timeout; NULL to keep waiting. Sets
** *GROUND. */
const char *tn_wait_outcome(const tn_ending *ending, tn_ground *ground);

/* The exit code with which a wait reports OUTCOME; 1 for a word that is none. */
int tn_wait_exit_code(const char *outcome);

#endif
