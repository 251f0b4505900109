/*
** lease.h - lease arithmetic, and the one judgement whether a session's hold has run out.
**
** Pure C: no SQLite, no clock. Times are seconds since 1970, the deadline is nanoseconds on the
** monotonic clock of the boot that granted it. (Contract: 02, "Judgement" and "Clock".)
*/
#ifndef TN_LEASE_H
#define TN_LEASE_H

#include "maybe.h"

#include <stdint.h>

enum {
  TN_LEASE_TTL_MIN = 1,
  TN_LEASE_TTL_MAX = 31536000,    /* a year */
  TN_INTERACTIVE_IDLE_MAX = 28800 /* 8 hours to the second are still live */
};

/* A + B, saturating at the ends of 64 bits. */
int64_t tn_lease_add(int64_t a, int64_t b);

/* Heartbeat + ttl, saturating; unknown if either is. */
tn_maybe tn_lease_expires_at(tn_maybe last_heartbeat_at, tn_maybe lease_ttl);

/* 1 from the very second of expiry on; an unknown expiry counts as expired. */
int tn_lease_expired(tn_maybe expires_at, int64_t now);

/* Seconds left until the expiry, 0 when it has passed or is unknown. */
int64_t tn_lease_remaining(tn_maybe expires_at, int64_t now);

/* What is stored of a session's hold. The texts are NULL where the row has NULL. */
typedef struct tn_lease_record {
  int interactive;
  tn_maybe last_started_at;
  tn_maybe last_heartbeat_at;
  tn_maybe lease_ttl;
  const char *machine;
  const char *boot;
  tn_maybe deadline;
  const char *file;
} tn_lease_record;

/* Who judges, and when. MACHINE is NULL when the judge has no evidence of its own: a virtual clock, a
** replicated engine, an unreadable identity. FILE is NULL when the database has no file. */
typedef struct tn_lease_witness {
  int64_t now;
  int64_t monotonic;
  const char *machine;
  const char *boot;
  const char *file;
} tn_lease_witness;

typedef enum tn_lease_state {
  TN_LEASE_LIVE = 0,
  TN_LEASE_EXPIRED, /* the time is over */
  TN_LEASE_REBOOT,  /* granted in an earlier boot of this machine */
  TN_LEASE_COPIED,  /* granted in another file: a copy or a restored backup */
  TN_LEASE_CLOCK    /* stamped implausibly far ahead of the judge's clock */
} tn_lease_state;

/* Whether a session still has its hold. On the machine and in the boot of the grant the deadline decides; in another
** file, or a later boot of that machine, the hold is over; anywhere else the wall clock decides. For an interactive
** session its last start or heartbeat does. What the record lacks for a judgement makes it stale. */
tn_lease_state tn_lease_judge(const tn_lease_record *record, const tn_lease_witness *witness);

/* The word for a state: "expired" and so on; NULL for a live one. */
const char *tn_lease_reason(tn_lease_state state);

/* The deadline of a lease of TTL seconds that WITNESS grants now; saturating. A negative ttl is over at once. */
int64_t tn_lease_deadline(const tn_lease_witness *witness, int64_t ttl);

/* 1 if the machine, boot, deadline and file in RECORD are those of a lease that WITNESS grants now, none where it has
** no evidence or there is no ttl. A plain statement computes its deadline a moment before its guard does, so one that
** is up to ten seconds earlier passes; a later one, which would lengthen the lease, never does. */
int tn_lease_is_granted(const tn_lease_record *record, const tn_lease_witness *witness);

/* The first second on the wall clock in which the hold is over, if the session falls silent. Unknown if the times
** that it needs are. */
tn_maybe tn_lease_holds_until(const tn_lease_record *record);

/* Seconds for which the hold still lasts by the judge's rule, rounded up, 0 when it is over. */
int64_t tn_lease_left(const tn_lease_record *record, const tn_lease_witness *witness);

/* Seconds since the lease ran out, 0 while it lives or when that cannot be known. */
int64_t tn_lease_overdue(const tn_lease_record *record, const tn_lease_witness *witness);

#endif
