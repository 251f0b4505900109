/*
** verdict.h - what can be said of a living session from outside.
**
** Pure C: no SQLite, no clock. (Contract: 04, "Process identity".)
*/
#ifndef TN_VERDICT_H
#define TN_VERDICT_H

#include "maybe.h"

/* The signs of life of a session. Durations are seconds up to now; a negative one is a stamp that is ahead. */
typedef struct tn_signs {
  const char *process; /* live, dead or unknown, as process_state() says; NULL is unknown */
  const char *status;
  int interactive;
  int has_pid;
  int is_stale;        /* its hold has run out */
  int64_t overdue;     /* since it ran out */
  int64_t lease_ttl;   /* 0 without a lease */
  tn_maybe quiet;      /* since its last change */
  int64_t started_ago; /* since it was started */
} tn_signs;

/* The first that fits:
**   dead     its process is; or, unless that is known to live, the session is autonomous and has been overdue for longer
**            than a ttl, and was started more than a minute ago if it is still starting and names no process
**   owned    its process lives, or its hold has not run out
**   passive  it changed within 30 seconds: somebody may be about to take it up. A change that is stamped far ahead of
**            the clock is as little a sign of life as one long ago
**   unknown  otherwise */
const char *tn_verdict(const tn_signs *session);

#endif
