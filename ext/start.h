/*
** start.h - the decision table of tenure_start.
**
** Pure C: no SQLite. (Contract: 02, "tenure_start", first table.)
*/
#ifndef TN_START_H
#define TN_START_H

/* The lifecycle of a session; TN_START_NOBODY where there is no session. */
typedef enum tn_start_lifecycle {
  TN_START_NOBODY,
  TN_START_INTERACTIVE,
  TN_START_AUTONOMOUS
} tn_start_lifecycle;

/* The word for what a start does: "create", "keep", "twin" (keep with a new fence) or "replace"; or the
** code of the refusal. FOUND: the scope's living session. ABANDONED: its hold is over and nobody is there. WANTED: what
** is asked for, never nobody. SAME_OWNER: its owner asks. PROVEN: with the right fence, or from the very process. STRICT: the
** living session asks for its fence. Never NULL. */
const char *tn_start_decide(tn_start_lifecycle found, int abandoned, tn_start_lifecycle wanted,
                            int same_owner, int proven, int strict);

#endif
