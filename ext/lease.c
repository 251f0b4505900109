/*
** lease.c - lease arithmetic and judgement; see lease.h.
*/
#include "lease.h"

#include <stddef.h>
#include <string.h>

enum {
  LEASE_SECOND = 1000000000, /* in nanoseconds */
  LEASE_GRANT_SLACK_SECS = 10
};

int64_t tn_lease_add(int64_t a, int64_t b) {
  if (b > 0 && a > INT64_MAX - b) return INT64_MAX;
  if (b < 0 && a < INT64_MIN - b) return INT64_MIN;
  return a + b;
}

/* A - B, saturating, and never below 0. */
static int64_t lease_distance(int64_t a, int64_t b) {
  if (a <= b) return 0;
  if (b < 0 && a > INT64_MAX + b) return INT64_MAX;
  return a - b;
}

tn_maybe tn_lease_expires_at(tn_maybe last_heartbeat_at, tn_maybe lease_ttl) {
  tn_maybe expires = {0, 0};
  if (!last_heartbeat_at.known || !lease_ttl.known) return expires;
  expires.known = 1;
  expires.value = tn_lease_add(last_heartbeat_at.value, lease_ttl.value);
  return expires;
}

int tn_lease_expired(tn_maybe expires_at, int64_t now) {
  return !expires_at.known || expires_at.value <= now;
}

int64_t tn_lease_remaining(tn_maybe expires_at, int64_t now) {
  return expires_at.known ? lease_distance(expires_at.value, now) : 0;
}

/* When an interactive session was last seen: its joining start or, if later, its heartbeat. */
static tn_maybe lease_last_seen(const tn_lease_record *record) {
  const tn_maybe started = record->last_started_at;
  const tn_maybe beat = record->last_heartbeat_at;
  if (!beat.known) return started;
  if (!started.known) return beat;
  return beat.value > started.value ? beat : started;
}

/* An interactive session holds through the 28,800th second, so its end is one second later. */
tn_maybe tn_lease_holds_until(const tn_lease_record *record) {
  if (!record->interactive)
    return tn_lease_expires_at(record->last_heartbeat_at, record->lease_ttl);
  tn_maybe until = lease_last_seen(record);
  if (until.known) until.value = tn_lease_add(until.value, TN_INTERACTIVE_IDLE_MAX + 1);
  return until;
}

/* True if the row carries evidence and the judge stands on the machine that it names. */
static int lease_is_same_machine(const tn_lease_record *record, const tn_lease_witness *witness) {
  return !record->interactive && record->machine != NULL && record->boot != NULL &&
         record->deadline.known && record->file != NULL && witness->machine != NULL &&
         witness->boot != NULL && witness->file != NULL &&
         strcmp(record->machine, witness->machine) == 0;
}

static int lease_is_same_boot(const tn_lease_record *record, const tn_lease_witness *witness) {
  return lease_is_same_machine(record, witness) && strcmp(record->boot, witness->boot) == 0;
}

/* An autonomous stamp that is ahead of the judge by more than its ttl says nothing about now. */
static int lease_is_stamped_ahead(const tn_lease_record *record, const tn_lease_witness *witness) {
  return !record->interactive && record->last_heartbeat_at.known && record->lease_ttl.known &&
         lease_distance(record->last_heartbeat_at.value, witness->now) > record->lease_ttl.value;
}

tn_lease_state tn_lease_judge(const tn_lease_record *record, const tn_lease_witness *witness) {
  if (lease_is_same_machine(record, witness)) {
    if (strcmp(record->file, witness->file) != 0) return TN_LEASE_COPIED;
    if (!lease_is_same_boot(record, witness)) return TN_LEASE_REBOOT;
    return witness->monotonic >= record->deadline.value ? TN_LEASE_EXPIRED : TN_LEASE_LIVE;
  }
  if (lease_is_stamped_ahead(record, witness)) return TN_LEASE_CLOCK;
  return tn_lease_expired(tn_lease_holds_until(record), witness->now) ? TN_LEASE_EXPIRED
                                                                      : TN_LEASE_LIVE;
}

const char *tn_lease_reason(tn_lease_state state) {
  static const char *const reasons[] = {
      [TN_LEASE_LIVE] = NULL,       [TN_LEASE_EXPIRED] = "expired", [TN_LEASE_REBOOT] = "reboot",
      [TN_LEASE_COPIED] = "copied", [TN_LEASE_CLOCK] = "clock",
  };
  return reasons[state];
}

int64_t tn_lease_left(const tn_lease_record *record, const tn_lease_witness *witness) {
  if (tn_lease_judge(record, witness) != TN_LEASE_LIVE) return 0;
  if (!lease_is_same_boot(record, witness))
    return tn_lease_remaining(tn_lease_holds_until(record), witness->now);
  const int64_t left = lease_distance(record->deadline.value, witness->monotonic);
  return left / LEASE_SECOND + (left % LEASE_SECOND != 0);
}

int64_t tn_lease_overdue(const tn_lease_record *record, const tn_lease_witness *witness) {
  const tn_lease_state state = tn_lease_judge(record, witness);
  if (state == TN_LEASE_LIVE) return 0;
  if (state == TN_LEASE_EXPIRED && lease_is_same_boot(record, witness)) {
    return lease_distance(witness->monotonic, record->deadline.value) / LEASE_SECOND;
  }
  const tn_maybe end = tn_lease_holds_until(record);
  return end.known ? lease_distance(witness->now, end.value) : 0;
}

int64_t tn_lease_deadline(const tn_lease_witness *witness, int64_t ttl) {
  const int64_t most = INT64_MAX / LEASE_SECOND;
  const int64_t secs = ttl < 0 ? 0 : ttl > most ? most : ttl;
  return tn_lease_add(witness->monotonic, secs * LEASE_SECOND);
}

static int lease_is_same_text(const char *a, const char *b) {
  return a == NULL ? b == NULL : b != NULL && strcmp(a, b) == 0;
}

int tn_lease_is_granted(const tn_lease_record *record, const tn_lease_witness *witness) {
  static const tn_lease_witness nothing = {0, 0, NULL, NULL, NULL};
  const int has_evidence = witness->machine != NULL && record->lease_ttl.known;
  const tn_lease_witness *granted = has_evidence ? witness : &nothing;
  if (record->deadline.known != has_evidence ||
      !lease_is_same_text(record->machine, granted->machine) ||
      !lease_is_same_text(record->boot, granted->boot) ||
      !lease_is_same_text(record->file, granted->file)) {
    return 0;
  }
  if (!has_evidence) return 1;
  const int64_t latest = tn_lease_deadline(witness, record->lease_ttl.value);
  const int64_t slack = (int64_t)LEASE_GRANT_SLACK_SECS * LEASE_SECOND;
  return record->deadline.value <= latest && record->deadline.value >= latest - slack;
}
