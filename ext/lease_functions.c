/*
** lease_functions.c - the SQL functions of leases. (Contract: 02, "Judgement" and "Clock".)
**
** Pure, so they may stand in an index:
**   lease_expires_at(last_heartbeat_at, lease_ttl)
**   lease_expired(expires_at, now), lease_expired(last_heartbeat_at, lease_ttl, now)
**   lease_remaining(last_heartbeat_at, lease_ttl, now)
**   session_lifecycle(owner_kind)
**   lease_holds_until(owner_kind, last_started_at, last_heartbeat_at, lease_ttl)
**   session_is_stale(session_id, owner_kind, last_started_at, last_heartbeat_at, lease_ttl, now)
**   session_verdict(process, status, owner_kind, has_pid, stale, overdue_secs, lease_ttl,
**                   quiet_secs, started_secs)
** They know the time only as an argument. Those below depend on the clock, the machine and the file:
**   lease_stale(H), lease_stale_reason(H), lease_left(H), lease_overdue(H), where H is
**     owner_kind, last_started_at, last_heartbeat_at, lease_ttl,
**     lease_machine, lease_boot_id, lease_deadline_mono, lease_file
**   lease_grant(part, lease_ttl), lease_granted(lease_ttl, machine, boot_id, deadline, file)
*/
#include "lease_functions.h"
#include "refusal.h"
#include "value.h"
#include "verdict.h"

#include <string.h>

static void lease_result(sqlite3_context *ctx, tn_maybe value) {
  if (value.known) sqlite3_result_int64(ctx, value.value); /* else NULL, the default result */
}

static void fn_expires_at(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_maybe beat, ttl;
  (void)n;
  if (!tn_value_maybe(ctx, args[0], "last_heartbeat_at", &beat)) return;
  if (!tn_value_maybe(ctx, args[1], "lease_ttl", &ttl)) return;
  lease_result(ctx, tn_lease_expires_at(beat, ttl));
}

/* The two forms differ only in how they come by the expiry. An unknown time gives an unknown answer. */
static int lease_read_expiry(sqlite3_context *ctx, int n, sqlite3_value **args, tn_maybe *expires,
                             tn_maybe *now) {
  if (n == 2) {
    if (!tn_value_maybe(ctx, args[0], "expires_at", expires)) return 0;
  } else {
    tn_maybe beat, ttl;
    if (!tn_value_maybe(ctx, args[0], "last_heartbeat_at", &beat)) return 0;
    if (!tn_value_maybe(ctx, args[1], "lease_ttl", &ttl)) return 0;
    *expires = tn_lease_expires_at(beat, ttl);
  }
  return tn_value_maybe(ctx, args[n - 1], "now", now) && now->known;
}

static void fn_expired(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_maybe expires, now;
  if (!lease_read_expiry(ctx, n, args, &expires, &now)) return;
  sqlite3_result_int(ctx, tn_lease_expired(expires, now.value));
}

static void fn_remaining(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_maybe expires, now;
  if (!lease_read_expiry(ctx, n, args, &expires, &now)) return;
  sqlite3_result_int64(ctx, tn_lease_remaining(expires, now.value));
}

/* Reads an owner kind: 1 and *INTERACTIVE; 0 when the result is already set or is to be NULL. */
static int lease_read_kind(sqlite3_context *ctx, sqlite3_value *value, int *interactive) {
  tn_text kind;
  if (!tn_value_text(ctx, value, &kind) || kind.z == NULL) return 0;
  *interactive = kind.n == 11 && memcmp(kind.z, "interactive", 11) == 0;
  if (*interactive || (kind.n == 14 && memcmp(kind.z, "runtime_worker", 14) == 0) ||
      (kind.n == 18 && memcmp(kind.z, "runtime_supervisor", 18) == 0)) {
    return 1;
  }
  tn_refuse(ctx, "opt.owner_kind", "value", kind.z, kind.n);
  return 0;
}

static void fn_lifecycle(sqlite3_context *ctx, int n, sqlite3_value **args) {
  int interactive;
  (void)n;
  if (!lease_read_kind(ctx, args[0], &interactive)) return;
  sqlite3_result_text(ctx, interactive ? "interactive" : "autonomous", -1, SQLITE_STATIC);
}

/* Reads the four arguments owner_kind, last_started_at, last_heartbeat_at, lease_ttl. Returns 0 when the result is
** set, or is to be NULL. */
static int lease_read_times(sqlite3_context *ctx, sqlite3_value **args, tn_lease_record *record) {
  return lease_read_kind(ctx, args[0], &record->interactive) &&
         tn_value_maybe(ctx, args[1], "last_started_at", &record->last_started_at) &&
         tn_value_maybe(ctx, args[2], "last_heartbeat_at", &record->last_heartbeat_at) &&
         tn_value_maybe(ctx, args[3], "lease_ttl", &record->lease_ttl);
}

static void fn_holds_until(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_lease_record record;
  (void)n;
  memset(&record, 0, sizeof record);
  if (lease_read_times(ctx, args, &record)) lease_result(ctx, tn_lease_holds_until(&record));
}

static void fn_is_stale(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_lease_record record;
  tn_maybe now;
  (void)n;
  memset(&record, 0, sizeof record);
  if (tn_value_is_null(args[0])) {
    sqlite3_result_int(ctx, 1); /* a row without an id holds nothing */
    return;
  }
  if (!lease_read_times(ctx, args + 1, &record)) return;
  if (!tn_value_maybe(ctx, args[5], "now", &now) || !now.known) return;
  sqlite3_result_int(ctx, tn_lease_expired(tn_lease_holds_until(&record), now.value));
}

/* Reads the eight arguments H and the judge. Returns 0 when the result is set, or is to be NULL. Evidence that cannot be
** judged, because nobody knows in which file the row is, is no reason to go by the wall clock. */
static int lease_read_hold(sqlite3_context *ctx, sqlite3_value **args, tn_lease_record *record,
                           tn_lease_witness *witness) {
  if (!lease_read_times(ctx, args, record)) return 0;
  if (!tn_value_string(ctx, args[4], &record->machine)) return 0;
  if (!tn_value_string(ctx, args[5], &record->boot)) return 0;
  if (!tn_value_maybe(ctx, args[6], "lease_deadline_mono", &record->deadline)) return 0;
  if (!tn_value_string(ctx, args[7], &record->file)) return 0;
  int is_ambiguous;
  if (tn_connection_witness(sqlite3_user_data(ctx), witness, &is_ambiguous) != SQLITE_OK) {
    sqlite3_result_error_nomem(ctx);
    return 0;
  }
  if (is_ambiguous && record->machine != NULL) {
    tn_refuse(ctx, "usage.attached", NULL, NULL, 0);
    return 0;
  }
  return 1;
}

static void fn_stale(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_lease_record record;
  tn_lease_witness witness;
  (void)n;
  if (!lease_read_hold(ctx, args, &record, &witness)) return;
  sqlite3_result_int(ctx, tn_lease_judge(&record, &witness) != TN_LEASE_LIVE);
}

static void fn_stale_reason(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_lease_record record;
  tn_lease_witness witness;
  (void)n;
  if (!lease_read_hold(ctx, args, &record, &witness)) return;
  sqlite3_result_text(ctx, tn_lease_reason(tn_lease_judge(&record, &witness)), -1, SQLITE_STATIC);
}

static void fn_left(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_lease_record record;
  tn_lease_witness witness;
  (void)n;
  if (!lease_read_hold(ctx, args, &record, &witness)) return;
  sqlite3_result_int64(ctx, tn_lease_left(&record, &witness));
}

static void fn_overdue(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_lease_record record;
  tn_lease_witness witness;
  (void)n;
  if (!lease_read_hold(ctx, args, &record, &witness)) return;
  sqlite3_result_int64(ctx, tn_lease_overdue(&record, &witness));
}

/* lease_grant(part, lease_ttl): one part of the evidence of a lease granted now, or NULL where there is
** none (no ttl, a virtual clock, a replicated engine, a machine that cannot be identified). */
static void fn_grant(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_text part;
  tn_maybe ttl;
  tn_lease_witness witness;
  int is_ambiguous;
  (void)n;
  if (!tn_value_text(ctx, args[0], &part) || part.z == NULL) return;
  if (!tn_value_maybe(ctx, args[1], "lease_ttl", &ttl) || !ttl.known) return;
  if (tn_connection_witness(sqlite3_user_data(ctx), &witness, &is_ambiguous) != SQLITE_OK) {
    sqlite3_result_error_nomem(ctx);
  } else if (is_ambiguous) {
    tn_refuse(ctx, "usage.attached", NULL, NULL, 0);
  } else if (strcmp(part.z, "deadline") == 0) {
    if (witness.machine != NULL) sqlite3_result_int64(ctx, tn_lease_deadline(&witness, ttl.value));
  } else if (strcmp(part.z, "machine") == 0) {
    sqlite3_result_text(ctx, witness.machine, -1, SQLITE_TRANSIENT);
  } else if (strcmp(part.z, "boot_id") == 0) {
    sqlite3_result_text(ctx, witness.boot, -1, SQLITE_TRANSIENT);
  } else if (strcmp(part.z, "file") == 0) {
    sqlite3_result_text(ctx, witness.file, -1, SQLITE_TRANSIENT);
  } else {
    tn_refuse(ctx, "usage.part", "value", part.z, part.n);
  }
}

/* lease_granted(lease_ttl, machine, boot_id, deadline, file): 1 if that is evidence which lease_grant() gives now. */
static void fn_granted(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_lease_record record;
  tn_lease_witness witness;
  (void)n;
  memset(&record, 0, sizeof record);
  if (!tn_value_maybe(ctx, args[0], "lease_ttl", &record.lease_ttl)) return;
  if (!tn_value_string(ctx, args[1], &record.machine)) return;
  if (!tn_value_string(ctx, args[2], &record.boot)) return;
  if (!tn_value_maybe(ctx, args[3], "lease_deadline_mono", &record.deadline)) return;
  if (!tn_value_string(ctx, args[4], &record.file)) return;
  if (tn_connection_witness(sqlite3_user_data(ctx), &witness, NULL) != SQLITE_OK) {
    sqlite3_result_error_nomem(ctx);
    return;
  }
  sqlite3_result_int(ctx, tn_lease_is_granted(&record, &witness));
}

/* session_verdict(): see verdict.h. A text with a NUL byte in it ends there. */
static void fn_verdict(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_signs session;
  tn_maybe has_pid, stale, overdue, ttl, started;
  (void)n;
  if (!tn_value_string(ctx, args[0], &session.process)) return;
  if (!tn_value_string(ctx, args[1], &session.status)) return;
  if (!lease_read_kind(ctx, args[2], &session.interactive)) return;
  if (!tn_value_maybe(ctx, args[3], "has_pid", &has_pid)) return;
  if (!tn_value_maybe(ctx, args[4], "stale", &stale)) return;
  if (!tn_value_maybe(ctx, args[5], "overdue_secs", &overdue)) return;
  if (!tn_value_maybe(ctx, args[6], "lease_ttl", &ttl)) return;
  if (!tn_value_maybe(ctx, args[7], "quiet_secs", &session.quiet)) return;
  if (!tn_value_maybe(ctx, args[8], "started_secs", &started)) return;
  session.has_pid = has_pid.value != 0;
  session.is_stale = stale.value != 0;
  session.overdue = overdue.value;
  session.lease_ttl = ttl.value;
  session.started_ago = started.value;
  sqlite3_result_text(ctx, tn_verdict(&session), -1, SQLITE_STATIC);
}

int tn_lease_register(tn_registry *registry) {
  static const tn_function functions[] = {
      {"lease_expires_at", 2, TN_PURE, fn_expires_at, NULL},
      {"lease_expired", 2, TN_PURE, fn_expired, NULL},
      {"lease_expired", 3, TN_PURE, fn_expired, NULL},
      {"lease_remaining", 3, TN_PURE, fn_remaining, NULL},
      {"lease_holds_until", 4, TN_PURE, fn_holds_until, NULL},
      {"session_lifecycle", 1, TN_PURE, fn_lifecycle, NULL},
      {"session_is_stale", 6, TN_PURE, fn_is_stale, NULL},
      {"session_verdict", 9, TN_PURE, fn_verdict, NULL},
      {"lease_stale", 8, TN_INNOCUOUS, fn_stale, NULL},
      {"lease_stale_reason", 8, TN_INNOCUOUS, fn_stale_reason, NULL},
      {"lease_left", 8, TN_INNOCUOUS, fn_left, NULL},
      {"lease_overdue", 8, TN_INNOCUOUS, fn_overdue, NULL},
      {"lease_grant", 2, TN_INNOCUOUS, fn_grant, NULL},
      {"lease_granted", 5, TN_INNOCUOUS, fn_granted, NULL},
  };
  return tn_registry_functions(registry, functions, (int)(sizeof functions / sizeof functions[0]));
}
