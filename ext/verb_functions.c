/*
** verb_functions.c - what the triggers of the verbs ask C for.
**
** For everybody:
**   session_now()               seconds since 1970 by this connection's clock
**   session_mint_id([prefix])   a new id, "ses_" and a ULID unless told otherwise
**   session_report()            the JSON report of this connection's last verb, or NULL
**   tenure_clock(T)             sets this connection's clock to T; NULL gives the machine's back
**
** For the triggers in sql/ (a program has no use for them):
**   tenure_verb(name, actor, reason)      opens the verb: one reading of the clock, no report yet
**   tenure_verb_name(), tenure_verb_actor(), tenure_verb_reason()   the verb that is running, or NULL
**   tenure_effect(name), tenure_effect_name()   a change that completes a statement; see connection.h
**   tenure_within(name, ...)              refuses, unless one of these verbs or effects is running
**   tenure_clock_kind()                   "machine" or "virtual"
**   tenure_present(clock, changed_at)     session_now() if the session is on this clock, else changed_at: the
**                                         last second that its own clock recorded
**   tenure_refuse(code, name, fact, ...)  refuses; a NULL code refuses nothing and gives NULL
**   tenure_report(session_id, scope, key, value, ...)   sets the report
**   tenure_report_session(), tenure_report_scope()      what it is about
**   tenure_report_again(report)           sets a kept report again, marked as replayed
**   tenure_object(key, value, ...)        a JSON object; types of keys as in json_write.h
**   tenure_fence_refusal(asked_scope, asked_fence, is_required, scope, fence, has_ended)
**   tenure_start_lifecycle(lifecycle, actor_id, owner_kind, supervisor_id, lease_ttl)
**                                         the lifecycle that a start asks for, where it names none too
**   tenure_start_decision(found, abandoned, wanted, same_owner, proven, strict)
*/
#include "verb_functions.h"
#include "fence.h"
#include "json_write.h"
#include "refusal.h"
#include "start.h"
#include "value.h"

#include <string.h>

/* The last second that has a four-digit year; times beyond it could not be shown. */
static const sqlite3_int64 VERB_LAST_SECOND = 253402300799;

static void fn_now(sqlite3_context *ctx, int n, sqlite3_value **args) {
  (void)n;
  (void)args;
  sqlite3_result_int64(ctx, tn_connection_now(sqlite3_user_data(ctx)));
}

static void fn_clock(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_connection *conn = sqlite3_user_data(ctx);
  sqlite3_int64 at;
  (void)n;
  if (tn_value_is_null(args[0])) {
    conn->is_virtual = 0;
    return;
  }
  if (!tn_value_int(args[0], &at) || at < 0 || at > VERB_LAST_SECOND) {
    tn_refuse(ctx, "usage.time", NULL, NULL, 0);
    return;
  }
  conn->is_virtual = 1;
  conn->virtual_now = at;
  sqlite3_result_int64(ctx, at);
}

static void fn_clock_kind(sqlite3_context *ctx, int n, sqlite3_value **args) {
  (void)n;
  (void)args;
  sqlite3_result_text(ctx, tn_connection_clock_word(sqlite3_user_data(ctx)), -1, SQLITE_STATIC);
}

static void fn_present(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_connection *conn = sqlite3_user_data(ctx);
  tn_text clock;
  (void)n;
  if (!tn_value_text(ctx, args[0], &clock)) return;
  if (clock.z != NULL && strcmp(clock.z, tn_connection_clock_word(conn)) == 0) {
    sqlite3_result_int64(ctx, tn_connection_now(conn));
  } else {
    sqlite3_result_value(ctx, args[1]);
  }
}

/* One to eight lower-case letters and an underscore. */
static int verb_is_prefix(tn_text prefix) {
  if (prefix.n < 2 || prefix.n > 9 || prefix.z[prefix.n - 1] != '_') return 0;
  for (size_t i = 0; i + 1 < prefix.n; i++) {
    if (prefix.z[i] < 'a' || prefix.z[i] > 'z') return 0;
  }
  return 1;
}

static void fn_mint_id(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_connection *conn = sqlite3_user_data(ctx);
  tn_text prefix = {"ses_", 4};
  char id[9 + TN_ULID_LENGTH + 1];
  if (n == 1 && !tn_value_is_null(args[0])) {
    if (!tn_value_text(ctx, args[0], &prefix)) return;
    if (!verb_is_prefix(prefix)) {
      tn_refuse(ctx, "usage.prefix", NULL, NULL, 0);
      return;
    }
  }
  memcpy(id, prefix.z, prefix.n);
  const sqlite3_int64 now = tn_connection_now(conn);
  if (tn_ulid_next(&conn->ulid, now < 0 ? 0 : now * 1000, sqlite3_randomness, id + prefix.n)) {
    sqlite3_result_text(ctx, id, (int)prefix.n + TN_ULID_LENGTH, SQLITE_TRANSIENT);
  } else {
    tn_refuse(ctx, "usage.id_space", NULL, NULL, 0);
  }
}

/* A frame is tied to the trigger program that opens it: SQLite frees the auxiliary data of a program
** when the program ends, by whatever road, and that closes the frame. So an error in the middle of a
** verb cannot leave time standing still. */
static void verb_tie(sqlite3_context *ctx, tn_frame *frame) {
  if (frame != NULL) sqlite3_set_auxdata(ctx, 0, frame, tn_frame_close);
  if (frame == NULL || sqlite3_get_auxdata(ctx, 0) != frame) sqlite3_result_error_nomem(ctx);
}

static void fn_verb(sqlite3_context *ctx, int n, sqlite3_value **args) {
  const char *verb, *actor, *reason;
  (void)n;
  if (!tn_value_string(ctx, args[0], &verb) || !tn_value_string(ctx, args[1], &actor) ||
      !tn_value_string(ctx, args[2], &reason) || verb == NULL) {
    return;
  }
  verb_tie(ctx, tn_frame_open(sqlite3_user_data(ctx), verb, actor, reason));
}

/* tenure_effect(name): the same for a change that a trigger makes to complete a statement. */
static void fn_effect(sqlite3_context *ctx, int n, sqlite3_value **args) {
  const char *effect;
  (void)n;
  if (!tn_value_string(ctx, args[0], &effect) || effect == NULL) return;
  verb_tie(ctx, tn_frame_open_effect(sqlite3_user_data(ctx), effect));
}

/* NULL gives NULL. */
static void verb_result(sqlite3_context *ctx, const char *text) {
  sqlite3_result_text(ctx, text, -1, SQLITE_TRANSIENT);
}

static void fn_effect_name(sqlite3_context *ctx, int n, sqlite3_value **args) {
  const tn_connection *conn = sqlite3_user_data(ctx);
  (void)n;
  (void)args;
  if (conn->frame != NULL) verb_result(ctx, conn->frame->effect);
}

/* Views that verbs use among themselves would be a way around the rules of the verbs. While an effect runs nothing is
** within the verb: its frame has none. */
static void fn_within(sqlite3_context *ctx, int n, sqlite3_value **args) {
  const tn_frame *frame = ((const tn_connection *)sqlite3_user_data(ctx))->frame;
  const char *running = frame == NULL ? NULL : frame->verb;
  const char *name;
  for (int i = 0; i < n && running != NULL; i++) {
    if (!tn_value_string(ctx, args[i], &name)) return;
    if (name != NULL && strcmp(name, running) == 0) return;
  }
  tn_refuse(ctx, "usage.internal", NULL, NULL, 0);
}

static void fn_verb_name(sqlite3_context *ctx, int n, sqlite3_value **args) {
  const tn_frame *frame = tn_frame_verb(sqlite3_user_data(ctx));
  (void)n;
  (void)args;
  if (frame != NULL) verb_result(ctx, frame->verb);
}

static void fn_verb_actor(sqlite3_context *ctx, int n, sqlite3_value **args) {
  const tn_frame *frame = tn_frame_verb(sqlite3_user_data(ctx));
  (void)n;
  (void)args;
  if (frame != NULL) verb_result(ctx, frame->actor);
}

static void fn_verb_reason(sqlite3_context *ctx, int n, sqlite3_value **args) {
  const tn_frame *frame = tn_frame_verb(sqlite3_user_data(ctx));
  (void)n;
  (void)args;
  if (frame != NULL) verb_result(ctx, frame->reason);
}

enum { VERB_FACTS_MAX = 24 };

static void fn_refuse(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_fact facts[VERB_FACTS_MAX];
  tn_text code;
  int n_fact = 0;
  if (n < 1 || !tn_value_text(ctx, args[0], &code) || code.z == NULL) return;
  for (int i = 1; i + 1 < n && n_fact < VERB_FACTS_MAX; i += 2) {
    tn_text name, fact;
    if (!tn_value_text(ctx, args[i], &name) || !tn_value_text(ctx, args[i + 1], &fact)) return;
    facts[n_fact].name = name.z == NULL ? "" : name.z;
    facts[n_fact].z = fact.z;
    facts[n_fact].n = fact.n;
    n_fact++;
  }
  tn_refuse_with(ctx, code.z, facts, n_fact);
}

/* Writes the object of ARGS as text, or sets the error on CTX and returns NULL. */
static char *verb_object(sqlite3_context *ctx, int n, sqlite3_value **args) {
  sqlite3_str *out = sqlite3_str_new(NULL);
  const int rc = tn_json_append_object(out, n, args);
  char *text = sqlite3_str_finish(out);
  if (rc == SQLITE_OK) return text;
  sqlite3_free(text);
  if (rc == SQLITE_MISUSE) {
    tn_refuse(ctx, "usage.object", NULL, NULL, 0);
  } else {
    sqlite3_result_error_nomem(ctx);
  }
  return NULL;
}

static void fn_object(sqlite3_context *ctx, int n, sqlite3_value **args) {
  char *text = verb_object(ctx, n, args);
  if (text == NULL) return;
  sqlite3_result_text(ctx, text, -1, sqlite3_free);
  sqlite3_result_subtype(ctx, TN_JSON_SUBTYPE);
}

static void fn_report_set(sqlite3_context *ctx, int n, sqlite3_value **args) {
  const char *session_id, *scope;
  if (n < 2 || !tn_value_string(ctx, args[0], &session_id) ||
      !tn_value_string(ctx, args[1], &scope))
    return;
  char *text = verb_object(ctx, n - 2, args + 2);
  if (text == NULL) return;
  if (tn_connection_set_report(sqlite3_user_data(ctx), text, session_id, scope) != SQLITE_OK) {
    sqlite3_result_error_nomem(ctx);
  }
}

static void fn_report(sqlite3_context *ctx, int n, sqlite3_value **args) {
  const tn_connection *conn = sqlite3_user_data(ctx);
  (void)n;
  (void)args;
  if (conn->report == NULL) return;
  sqlite3_result_text(ctx, conn->report, -1, SQLITE_TRANSIENT);
  sqlite3_result_subtype(ctx, TN_JSON_SUBTYPE);
}

static void fn_report_session(sqlite3_context *ctx, int n, sqlite3_value **args) {
  (void)n;
  (void)args;
  verb_result(ctx, ((const tn_connection *)sqlite3_user_data(ctx))->report_session);
}

static void fn_report_scope(sqlite3_context *ctx, int n, sqlite3_value **args) {
  (void)n;
  (void)args;
  verb_result(ctx, ((const tn_connection *)sqlite3_user_data(ctx))->report_scope);
}

/* tenure_report_again(report): a report ends with its closing brace, before which the mark goes. */
static void fn_report_again(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_text report;
  (void)n;
  if (!tn_value_text(ctx, args[0], &report) || report.z == NULL || report.n < 2) return;
  char *text = sqlite3_mprintf("%.*s,\"replayed\":true}", (int)report.n - 1, report.z);
  if (tn_connection_set_report(sqlite3_user_data(ctx), text, NULL, NULL) != SQLITE_OK) {
    sqlite3_result_error_nomem(ctx);
  }
}

static int verb_same_text(tn_text a, tn_text b) {
  return a.z == NULL ? b.z == NULL : b.z != NULL && a.n == b.n && memcmp(a.z, b.z, a.n) == 0;
}

/* Reads a fence that a caller shows, which may be NULL. Returns 0 when the result is set. */
static int verb_read_fence(sqlite3_context *ctx, sqlite3_value *value, tn_maybe *fence) {
  tn_text text;
  sqlite3_int64 number = 0;
  *fence = (tn_maybe){0, 0};
  if (tn_value_is_null(value)) return 1;
  if (tn_value_int(value, &number)) {
    *fence = (tn_maybe){1, number};
    return 1;
  }
  if (tn_value_text(ctx, value, &text)) tn_refuse(ctx, "usage.fence", "value", text.z, text.n);
  return 0;
}

/* tenure_fence_refusal(): see fence.h. A scope that is '' is no scope; NULL names none. */
static void fn_fence_refusal(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_text asked, scope;
  tn_maybe shown;
  (void)n;
  if (!tn_value_text(ctx, args[0], &asked) || !tn_value_text(ctx, args[3], &scope)) return;
  if (!verb_read_fence(ctx, args[1], &shown)) return;
  const int names_scope = asked.z != NULL;
  if (asked.n == 0) asked.z = NULL;
  const char *code =
      tn_fence_refusal(names_scope && !verb_same_text(asked, scope), sqlite3_value_int(args[5]),
                       shown, sqlite3_value_int64(args[4]), sqlite3_value_int(args[2]));
  sqlite3_result_text(ctx, code, -1, SQLITE_STATIC);
}

/* A start that names no lifecycle is autonomous if it has anything that only such a session has. */
static void fn_start_lifecycle(sqlite3_context *ctx, int n, sqlite3_value **args) {
  int is_autonomous = 0;
  if (!tn_value_is_null(args[0])) {
    sqlite3_result_value(ctx, args[0]);
    return;
  }
  for (int i = 1; i < n; i++) is_autonomous = is_autonomous || !tn_value_is_null(args[i]);
  sqlite3_result_text(ctx, is_autonomous ? "autonomous" : "interactive", -1, SQLITE_STATIC);
}

/* A lifecycle word as the decision table knows it; NULL is nobody. */
static tn_start_lifecycle verb_lifecycle(tn_text word) {
  if (word.z == NULL) return TN_START_NOBODY;
  return strcmp(word.z, "interactive") == 0 ? TN_START_INTERACTIVE : TN_START_AUTONOMOUS;
}

static void fn_start_decision(sqlite3_context *ctx, int n, sqlite3_value **args) {
  tn_text found, wanted;
  (void)n;
  if (!tn_value_text(ctx, args[0], &found) || !tn_value_text(ctx, args[2], &wanted)) return;
  const char *result = tn_start_decide(verb_lifecycle(found), sqlite3_value_int(args[1]),
                                       verb_lifecycle(wanted), sqlite3_value_int(args[3]),
                                       sqlite3_value_int(args[4]), sqlite3_value_int(args[5]));
  sqlite3_result_text(ctx, result, -1, SQLITE_STATIC);
}

int tn_verb_register(tn_registry *registry) {
  static const tn_function functions[] = {
      {"session_now", 0, TN_INNOCUOUS, fn_now, NULL},
      {"session_mint_id", 0, TN_INNOCUOUS, fn_mint_id, NULL},
      {"session_mint_id", 1, TN_INNOCUOUS, fn_mint_id, NULL},
      {"session_report", 0, TN_INNOCUOUS | SQLITE_RESULT_SUBTYPE, fn_report, NULL},
      {"tenure_clock", 1, TN_DIRECT, fn_clock, NULL},
      {"tenure_clock_kind", 0, TN_INNOCUOUS, fn_clock_kind, NULL},
      {"tenure_present", 2, TN_INNOCUOUS, fn_present, NULL},
      {"tenure_verb", 3, TN_INNOCUOUS, fn_verb, NULL},
      {"tenure_effect", 1, TN_INNOCUOUS, fn_effect, NULL},
      {"tenure_effect_name", 0, TN_INNOCUOUS, fn_effect_name, NULL},
      {"tenure_within", -1, TN_INNOCUOUS, fn_within, NULL},
      {"tenure_verb_name", 0, TN_INNOCUOUS, fn_verb_name, NULL},
      {"tenure_verb_actor", 0, TN_INNOCUOUS, fn_verb_actor, NULL},
      {"tenure_verb_reason", 0, TN_INNOCUOUS, fn_verb_reason, NULL},
      {"tenure_refuse", -1, TN_INNOCUOUS, fn_refuse, NULL},
      {"tenure_report", -1, TN_INNOCUOUS, fn_report_set, NULL},
      {"tenure_report_session", 0, TN_INNOCUOUS, fn_report_session, NULL},
      {"tenure_report_scope", 0, TN_INNOCUOUS, fn_report_scope, NULL},
      {"tenure_report_again", 1, TN_INNOCUOUS, fn_report_again, NULL},
      {"tenure_object", -1, TN_PURE | SQLITE_RESULT_SUBTYPE, fn_object, NULL},
      {"tenure_fence_refusal", 6, TN_PURE, fn_fence_refusal, NULL},
      {"tenure_start_lifecycle", 5, TN_PURE, fn_start_lifecycle, NULL},
      {"tenure_start_decision", 6, TN_PURE, fn_start_decision, NULL},
  };
  return tn_registry_functions(registry, functions, (int)(sizeof functions / sizeof functions[0]));
}
