/*
** policy_functions.c - the status policy as SQL functions; see policy_functions.h.
**
** In each of them a NULL status gives NULL and an unknown one is an error, never NULL and
** never 0. (Contract: 01, "Functions".)
*/
#include "policy_functions.h"
#include "policy.h"
#include "refusal.h"
#include "value.h"

#include <string.h>

enum { POLICY_NULL_STATUS = -1 };

/* No text is NULL, or memory that ran out, which is set on CTX. Returns 1 for NULL. */
static int policy_is_null_status(sqlite3_context *ctx, sqlite3_value *value) {
  if (tn_value_is_null(value)) return 1;
  sqlite3_result_error_nomem(ctx);
  return 0;
}

/* Reads VALUE as a status into *STATUS, or POLICY_NULL_STATUS for NULL. Returns 1, or 0 when
** the error has been set on CTX. */
static int policy_read_status(sqlite3_context *ctx, sqlite3_value *value, int *status) {
  const char *z = (const char *)sqlite3_value_text(value);
  if (z == NULL) {
    *status = POLICY_NULL_STATUS;
    return policy_is_null_status(ctx, value);
  }
  const size_t n = (size_t)sqlite3_value_bytes(value);
  *status = tn_policy_find(z, n);
  if (*status >= 0) return 1;
  tn_refuse(ctx, "usage.status", "word", z, n);
  return 0;
}

/* The same for a pair. An unknown status is an error also where the other one is NULL.
** Returns 1 if both are there; else 0, with the error or, by setting nothing, NULL as the
** result. */
static int policy_read_pair(sqlite3_context *ctx, sqlite3_value **args, tn_status *from,
                            tn_status *to) {
  int status_from, status_to;
  if (!policy_read_status(ctx, args[0], &status_from)) return 0;
  if (!policy_read_status(ctx, args[1], &status_to)) return 0;
  if (status_from == POLICY_NULL_STATUS || status_to == POLICY_NULL_STATUS) return 0;
  *from = (tn_status)status_from;
  *to = (tn_status)status_to;
  return 1;
}

static void policy_result_status(sqlite3_context *ctx, tn_status status) {
  const tn_status_policy *policy = tn_policy_of(status);
  sqlite3_result_text(ctx, policy->word, (int)policy->word_n, SQLITE_STATIC);
}

static tn_fact policy_status_fact(const char *name, tn_status status) {
  const tn_status_policy *policy = tn_policy_of(status);
  return (tn_fact){name, policy->word, policy->word_n};
}

/* Refuses with the argument VALUE, as its text, for the fact {value}. */
static void policy_refuse_value(sqlite3_context *ctx, const char *code, sqlite3_value *value) {
  tn_text shown;
  if (tn_value_text(ctx, value, &shown)) tn_refuse(ctx, code, "value", shown.z, shown.n);
}

/* session_is_...(status): all predicates share this; which one is asked is the function's own data. It runs for
** each row of a scan, so it looks up the answer and not the status. */
static void fn_holds(sqlite3_context *ctx, int n, sqlite3_value **args) {
  (void)n;
  const tn_predicate *predicate = sqlite3_user_data(ctx);
  const char *z = (const char *)sqlite3_value_text(args[0]);
  if (z == NULL) {
    (void)policy_is_null_status(ctx, args[0]);
    return;
  }
  const size_t length = (size_t)sqlite3_value_bytes(args[0]);
  const int holds = tn_policy_holds(z, length, *predicate);
  if (holds >= 0) {
    sqlite3_result_int(ctx, holds);
  } else {
    tn_refuse(ctx, "usage.status", "word", z, length);
  }
}

/* session_settles_turn_as(status) */
static void fn_settles_turn_as(sqlite3_context *ctx, int n, sqlite3_value **args) {
  (void)n;
  int status;
  if (!policy_read_status(ctx, args[0], &status) || status == POLICY_NULL_STATUS) return;
  sqlite3_result_text(ctx, tn_policy_of((tn_status)status)->settles_turn_as, -1, SQLITE_STATIC);
}

/* Writes POLICY as a JSON object. Every word in it is plain, so nothing needs an escape. */
static void policy_append_json(sqlite3_str *out, const tn_status_policy *policy) {
  sqlite3_str_appendf(out, "{\"status\":\"%s\"", policy->word);
  for (int i = 0; i < TN_PREDICATE_COUNT; i++) {
    sqlite3_str_appendf(out, ",\"%s\":%s", tn_policy_predicate_name((tn_predicate)i),
                        policy->holds[i] ? "true" : "false");
  }
  if (policy->settles_turn_as != NULL) {
    sqlite3_str_appendf(out, ",\"settles_turn_as\":\"%s\"}", policy->settles_turn_as);
  } else {
    sqlite3_str_appendall(out, ",\"settles_turn_as\":null}");
  }
}

/* session_status_policy(status) */
static void fn_as_json(sqlite3_context *ctx, int n, sqlite3_value **args) {
  (void)n;
  int status;
  if (!policy_read_status(ctx, args[0], &status) || status == POLICY_NULL_STATUS) return;
  sqlite3_str *out = sqlite3_str_new(sqlite3_context_db_handle(ctx));
  policy_append_json(out, tn_policy_of((tn_status)status));
  const int rc = sqlite3_str_errcode(out);
  char *json = sqlite3_str_finish(out);
  if (json != NULL) {
    sqlite3_result_text(ctx, json, -1, sqlite3_free);
    sqlite3_result_subtype(ctx, TN_JSON_SUBTYPE);
  } else if (rc == SQLITE_TOOBIG) {
    sqlite3_result_error_toobig(ctx);
  } else {
    sqlite3_result_error_nomem(ctx);
  }
}

/* session_can_transition(from, to) */
static void fn_can_transition(sqlite3_context *ctx, int n, sqlite3_value **args) {
  (void)n;
  tn_status from, to;
  if (policy_read_pair(ctx, args, &from, &to)) {
    sqlite3_result_int(ctx, tn_policy_can_transition(from, to));
  }
}

/* session_end_status(status, wanted): the end to write when a verb wants it to end as WANTED */
static void fn_end_status(sqlite3_context *ctx, int n, sqlite3_value **args) {
  (void)n;
  tn_status from, wanted;
  if (policy_read_pair(ctx, args, &from, &wanted)) {
    policy_result_status(ctx, tn_policy_end(from, wanted));
  }
}

static void policy_result_next(sqlite3_context *ctx, sqlite3_int64 revision) {
  int64_t next;
  if (tn_policy_next_revision(revision, &next)) {
    sqlite3_result_int64(ctx, next);
  } else {
    tn_refuse_with(ctx, "revision.ceiling", NULL, 0);
  }
}

/* session_next_revision(revision) */
static void fn_next_revision(sqlite3_context *ctx, int n, sqlite3_value **args) {
  (void)n;
  sqlite3_int64 revision;
  if (tn_value_int(args[0], &revision)) {
    policy_result_next(ctx, revision);
  } else {
    policy_refuse_value(ctx, "usage.revision", args[0]);
  }
}

static void policy_refuse_conflict(sqlite3_context *ctx, sqlite3_int64 expected,
                                   sqlite3_int64 current) {
  /* Written from the numbers: a host that binds 3.0 is told 3, the revision as it is stored. */
  char want[24], have[24];
  sqlite3_snprintf(sizeof want, want, "%lld", expected);
  sqlite3_snprintf(sizeof have, have, "%lld", current);
  const tn_fact facts[] = {{"expected", want, strlen(want)}, {"current", have, strlen(have)}};
  tn_refuse_with(ctx, "transition.conflict", facts, 2);
}

/* Reads the revision (args[0]) and holds it against the expected one (args[1]; NULL: any).
** Returns 1, or 0 when the error has been set on CTX. */
static int policy_read_revision(sqlite3_context *ctx, sqlite3_value **args,
                                sqlite3_int64 *revision) {
  sqlite3_int64 expected;
  if (!tn_value_int(args[0], revision)) {
    policy_refuse_value(ctx, "usage.revision", args[0]);
    return 0;
  }
  if (tn_value_is_null(args[1])) return 1;
  if (!tn_value_int(args[1], &expected)) {
    policy_refuse_value(ctx, "usage.expected_revision", args[1]);
    return 0;
  }
  if (expected == *revision) return 1;
  policy_refuse_conflict(ctx, expected, *revision);
  return 0;
}

/* session_transition(from, to, revision, expected_revision) */
static void fn_transition(sqlite3_context *ctx, int n, sqlite3_value **args) {
  (void)n;
  tn_status from, to;
  sqlite3_int64 revision;
  if (!policy_read_pair(ctx, args, &from, &to)) return;
  if (!policy_read_revision(ctx, args + 2, &revision)) return;
  if (from == to) {
    sqlite3_result_int64(ctx, revision);
  } else if (tn_policy_can_transition(from, to)) {
    policy_result_next(ctx, revision);
  } else {
    const tn_fact facts[] = {policy_status_fact("from", from), policy_status_fact("to", to)};
    tn_refuse_with(ctx, "transition.illegal", facts, 2);
  }
}

/* session_termination(status, failure_origin, exit_code, exit_signal) */
static void fn_termination(sqlite3_context *ctx, int n, sqlite3_value **args) {
  (void)n;
  int status;
  tn_text origin;
  tn_maybe exit_code;
  if (!policy_read_status(ctx, args[0], &status) || status == POLICY_NULL_STATUS) return;
  if (!tn_value_text(ctx, args[1], &origin)) return;
  if (!tn_value_maybe(ctx, args[2], "exit_code", &exit_code)) return;
  const int number = origin.z == NULL ? -1 : tn_policy_origin_find(origin.z, origin.n);
  sqlite3_result_text(
      ctx, tn_policy_termination((tn_status)status, number, exit_code, !tn_value_is_null(args[3])),
      -1, SQLITE_STATIC);
}

/* session_require_commandable(session_id, status) */
static void fn_require_commandable(sqlite3_context *ctx, int n, sqlite3_value **args) {
  (void)n;
  int status;
  if (!policy_read_status(ctx, args[1], &status) || status == POLICY_NULL_STATUS) return;
  const tn_status_policy *policy = tn_policy_of((tn_status)status);
  if (policy->holds[TN_PREDICATE_COMMANDABLE]) {
    sqlite3_result_value(ctx, args[0]);
    return;
  }
  tn_text session;
  if (!tn_value_text(ctx, args[0], &session)) return;
  const tn_fact facts[] = {{"session", session.z, session.n},
                           policy_status_fact("status", (tn_status)status)};
  const int destroyed = policy->holds[TN_PREDICATE_DESTROYED];
  tn_refuse_with(ctx, destroyed ? "session.destroyed" : "session.not_running", facts, 2);
}

/* session_status_from(system, word): a NULL word is a NULL status, a NULL system an unknown one */
static void fn_status_from(sqlite3_context *ctx, int n, sqlite3_value **args) {
  (void)n;
  tn_text system, word;
  if (!tn_value_text(ctx, args[0], &system) || !tn_value_text(ctx, args[1], &word)) return;
  if (word.z == NULL) return;
  const int status =
      system.z == NULL ? -1 : tn_policy_alias_find(system.z, system.n, word.z, word.n);
  if (status >= 0) {
    policy_result_status(ctx, (tn_status)status);
    return;
  }
  const tn_fact facts[] = {{"system", system.z, system.n}, {"word", word.z, word.n}};
  tn_refuse_with(ctx, "usage.status_alias", facts, 2);
}

/* Where the user data of a predicate's function points to. */
static const tn_predicate policy_predicates[] = {
    [TN_PREDICATE_ACTIVE] = TN_PREDICATE_ACTIVE,
    [TN_PREDICATE_TERMINAL] = TN_PREDICATE_TERMINAL,
    [TN_PREDICATE_COMMANDABLE] = TN_PREDICATE_COMMANDABLE,
    [TN_PREDICATE_LIVE_HOST_ELIGIBLE] = TN_PREDICATE_LIVE_HOST_ELIGIBLE,
    [TN_PREDICATE_OFFLINE_REPLAY_ELIGIBLE] = TN_PREDICATE_OFFLINE_REPLAY_ELIGIBLE,
    [TN_PREDICATE_COLLECTABLE] = TN_PREDICATE_COLLECTABLE,
    [TN_PREDICATE_DESTROYED] = TN_PREDICATE_DESTROYED,
    [TN_PREDICATE_ALLOWS_TURN] = TN_PREDICATE_ALLOWS_TURN,
};

_Static_assert(sizeof policy_predicates / sizeof policy_predicates[0] == TN_PREDICATE_COUNT,
               "each predicate has its SQL function");

static const tn_function policy_functions[] = {
    {"session_is_active", 1, TN_PURE, fn_holds, &policy_predicates[TN_PREDICATE_ACTIVE]},
    {"session_is_terminal", 1, TN_PURE, fn_holds, &policy_predicates[TN_PREDICATE_TERMINAL]},
    {"session_is_commandable", 1, TN_PURE, fn_holds, &policy_predicates[TN_PREDICATE_COMMANDABLE]},
    {"session_is_live_host_eligible", 1, TN_PURE, fn_holds,
     &policy_predicates[TN_PREDICATE_LIVE_HOST_ELIGIBLE]},
    {"session_is_offline_replay_eligible", 1, TN_PURE, fn_holds,
     &policy_predicates[TN_PREDICATE_OFFLINE_REPLAY_ELIGIBLE]},
    {"session_is_collectable", 1, TN_PURE, fn_holds, &policy_predicates[TN_PREDICATE_COLLECTABLE]},
    {"session_is_destroyed", 1, TN_PURE, fn_holds, &policy_predicates[TN_PREDICATE_DESTROYED]},
    {"session_allows_turn", 1, TN_PURE, fn_holds, &policy_predicates[TN_PREDICATE_ALLOWS_TURN]},
    {"session_settles_turn_as", 1, TN_PURE, fn_settles_turn_as, NULL},
    {"session_status_policy", 1, TN_PURE | SQLITE_RESULT_SUBTYPE, fn_as_json, NULL},
    {"session_can_transition", 2, TN_PURE, fn_can_transition, NULL},
    {"session_transition", 4, TN_PURE, fn_transition, NULL},
    {"session_end_status", 2, TN_PURE, fn_end_status, NULL},
    {"session_next_revision", 1, TN_PURE, fn_next_revision, NULL},
    {"session_termination", 4, TN_PURE, fn_termination, NULL},
    {"session_require_commandable", 2, TN_PURE, fn_require_commandable, NULL},
    {"session_status_from", 2, TN_PURE, fn_status_from, NULL},
};

enum { POLICY_FUNCTION_COUNT = sizeof policy_functions / sizeof policy_functions[0] };

int tn_policy_register(tn_registry *registry) {
  return tn_registry_functions(registry, policy_functions, POLICY_FUNCTION_COUNT);
}
