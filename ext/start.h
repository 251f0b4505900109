/*
** start.h - the decision table of tenure_start.
**
** Pure C: no SQLite. (Contract: 02, "tenure_start", first table.)
*/
#ifndef TN_START_H
#define TN_START_H

/* What the scope's living session is; TN_START_NOBODY when there is none. */
typedef enum tn_start_found {
  TN_START_NOBODY,
  TN_START_INTERACTIVE,
  TN_START_AUTONOMOUS
} tn_start_found;

/* The word for what a start does: "create", "keep", "twin" (keep with a new fence) or "replace"; or the
** code of the refusal. STALE: the living session may be replaced. WANTED: the lifecycle asked for.
** SAME_OWNER: its owner asks. PROVEN: with the right fence, or from the very process. STRICT: the
** living session asks for its fence. Never NULL. */
const char *tn_start_decide(tn_start_found found, int stale, tn_start_found wanted, int same_owner,
                            int proven, int strict);

#endif
