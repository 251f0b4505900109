/*
** refusal.c - the catalogue of refusals and how a sentence is filled; see refusal.h.
**
** In a sentence {name} stands for a fact, {name|word} says what to read where the fact is missing, and
** {name@} shows a fact that is a time in Unix seconds as UTC.
*/
#include "refusal.h"
#include "text.h"

#include <string.h>

enum { REFUSAL_SHOWN_MAX = 200 }; /* characters of a fact that a message shows */

typedef struct refusal_entry {
  const char *code;
  const char *sentence;
} refusal_entry;

#define REFUSAL_HELD                                                                               \
  "{holder|nobody} holds scope {scope|(none)} with session {holder_session} since {holder_since@}"

static const refusal_entry refusal_catalogue[] = {
    /* misuse: what was asked for cannot be meant */
    {"activity.invalid", "the activity is not valid UTF-8, or it has a NUL byte in it"},
    {"activity.too_long", "the activity is longer than 280 characters"},
    {"json.range", "the state file is refused at byte {offset|0}: {why}"},
    {"json.unparsable", "the state file is refused at byte {offset|0}: {why}"},
    {"json.version", "the state file is refused at byte {offset|0}: {why}"},
    {"opt.actor_id", "actor_id is only for lifecycle autonomous"},
    {"opt.actor_required", "an autonomous session needs an actor_id"},
    {"opt.bad_id",
     "{what} is over 200 bytes, has control characters, is not UTF-8, or is the reserved "
     "word interactive"},
    {"opt.blank_id", "{what} is blank"},
    {"opt.exit_code", "exit_code {value} is not an integer of 32 bits"},
    {"opt.exit_signal", "exit_signal {value} is not a signal number from 0 to 255"},
    {"opt.failure_origin", "failure_origin {value} is none of host-death, renderer-failure, "
                           "storage-corruption, unknown"},
    {"opt.final", "final {value} is neither 0 nor 1"},
    {"opt.force", "force {value} is neither 0 nor 1"},
    {"opt.gates", "gates is not a JSON array"},
    {"opt.keys", "keys is not a JSON array of texts"},
    {"opt.idle_secs", "idle_secs {value} is not a whole number of seconds from 0 up"},
    {"opt.kind", "kind {value|(none)} is neither blocking nor non_blocking"},
    {"opt.kind_not_autonomous", "owner_kind interactive is not for lifecycle autonomous"},
    {"opt.lease", "lease_ttl is only for lifecycle autonomous"},
    {"opt.lease_range", "lease_ttl {value} is not a whole number of seconds from 1 to 31536000"},
    {"opt.lease_required", "an autonomous session needs a lease_ttl"},
    {"opt.lifecycle", "lifecycle {value} is neither interactive nor autonomous"},
    {"opt.max_rows", "max_rows {value} is not a whole number from 1 to 500"},
    {"opt.mode", "mode {value} is none of general, research, implement"},
    {"opt.older_than", "older_than_secs {value} is not a whole number of seconds from 0 up"},
    {"opt.owner_kind", "owner_kind {value|(none)} is only for lifecycle autonomous, and is one of "
                       "runtime_supervisor, runtime_worker"},
    {"opt.process", "{value} is no pid, from 1 to 2147483647, and no pid_start_ticks, from 0 up"},
    {"opt.progress", "progress {value} is neither 0 nor 1"},
    {"opt.provenance", "provenance {value} is none of agent, completion, synthetic"},
    {"opt.required", "{what} is required"},
    {"opt.result_status",
     "status {value} is none of success, retired, failure, timeout, signal, interrupted, "
     "no_progress, error, tier_failover_superseded"},
    {"opt.scope", "the scope is over 4096 bytes, has control characters, or is not UTF-8"},
    {"opt.status", "status {value} is none that a session can start in: running, starting, idle"},
    {"opt.strict", "strict {value} is neither 0 nor 1"},
    {"opt.supervisor_id", "supervisor_id is only for lifecycle autonomous"},
    {"opt.abort_reason",
     "reason {value} is none of interrupted, replaced, review_ended, budget_limited"},
    {"opt.decision", "decision {value} of an approval is none of approved, approved_for_session, "
                     "approved_always, denied, abort"},
    {"opt.rate_limits",
     "rate_limits is not a JSON object, names a member twice, or has grown over 65536 bytes"},
    {"opt.replace", "replace {value} is neither 0 nor 1"},
    {"opt.request_kind",
     "kind {value|(none)} is none of approval, user_input, permission, elicitation, "
     "tool_call"},
    {"opt.reserve", "reserve {value} is neither 0 nor 1"},
    {"opt.turn_kind", "kind {value} is none of regular, review, compact"},
    {"opt.text", "{what} is over 65536 bytes, has a NUL byte, or is not UTF-8 text"},
    {"opt.token_budget", "token_budget {value} is not a whole number from 0 up"},
    {"usage.attached",
     "more than one database of this connection has Tenure's tables, so it cannot be told "
     "which file a lease is for; open that one alone"},
    {"usage.clock",
     "the session lives on the {row} clock and this connection is on the {connection} "
     "clock; use a connection on the same clock"},
    {"usage.conflict_clause",
     "a part of the write was left out, because of the statement's own OR clause or of "
     "a trigger of yours; repeat it without"},
    {"usage.context", "{what} must be called as a statement of its own"},
    {"usage.ceiling", "the usage of the session has reached its ceiling and cannot grow"},
    {"usage.delta",
     "{value} is not an amount that can be added: a number from 0 to 4611686018427387903"},
    {"usage.event", "{value|(none)} is no type of provider event"},
    {"usage.expected_revision",
     "expected_revision {value} is no revision: a whole number from 0 up"},
    {"usage.fence", "fence {value|(none)} is not an integer"},
    {"usage.id_space", "no more ids can be made within this millisecond"},
    {"usage.incarnation", "incarnation {value} is not a whole number from 1 up"},
    {"usage.internal", "this view is for the verbs' own use; insert into the view of a verb"},
    {"usage.number", "{what} {value} is not a 64-bit integer"},
    {"usage.object", "an object is made of keys, which are texts, and values"},
    {"usage.part", "{value} is none of machine, boot_id, deadline, file"},
    {"usage.patience",
     "patience lasts from 0 to 2147483647 milliseconds, and is not for a replicated "
     "engine, whose node it would hold up"},
    {"usage.prefix", "an id prefix is one to eight lower-case letters and an underscore"},
    {"usage.revision", "revision {value|(none)} is not an integer"},
    {"revision.ceiling", "the revision has reached its ceiling and cannot grow"},
    {"usage.status", "'{word}' is no session status"},
    {"usage.status_alias", "{system|(none)} has no status {word|(none)}"},
    {"usage.wait_cap", "a wait lasts from 0 to 31622400000 milliseconds"},
    {"usage.wait_context",
     "session_wait() must be called as a statement of its own, without a FROM clause, outside of a "
     "transaction, and not in a replicated engine"},
    {"usage.code", "Tenure has no refusal {code}; this is a defect of Tenure"},
    {"usage.time", "a time is a whole number of seconds from 0 to 253402300799"},

    /* who holds a scope */
    {"start.live_interactive",
     "an interactive session, {session}, holds scope {scope} since {since@} and counts as live until "
     "{until@}; clear it first, or wait until then"},
    {"start.live_autonomous", REFUSAL_HELD
     " and has it until {until@} if it falls silent; {owner} or its supervisor can clear "
     "it, and after that time another actor can take it over"},
    {"start.live_other_owner", REFUSAL_HELD
     " and has it until {until@} if it falls silent; after that time take it over, or ask "
     "{owner} to clear it"},
    {"start.stale_other_owner",
     "the lease of {owner} on scope {scope} is over ({why|expired}, {until@|before its time}); session "
     "{session} is still there: take it over, giving a reason"},
    {"start.stale_autonomous",
     "the lease of {owner} on scope {scope} is over ({why|expired}, {until@|before its time}); {owner} or "
     "its supervisor can clear session {session}, any other actor can take it over"},
    {"heartbeat.missing", "there is no such session: nobody holds scope {scope|(none)}, or session "
                          "{session|(none)} is unknown; start one"},
    {"heartbeat.not_owner",
     REFUSAL_HELD ", not {actor|an unnamed caller}; only {owner}, or whoever "
                  "shows its fence, can renew it"},
    {"heartbeat.stale",
     "the lease of {owner} on scope {scope|(none)} is over ({why|expired}) and cannot be renewed late; "
     "resume session {session}, or start again as {owner}"},
    {"fence.session", "session {session|(none)} {because}; {holder|nobody} holds scope "
                      "{scope|(none)} now, session {holder_session|(none)}, since "
                      "{holder_since@|(never)}"},
    {"fence.token",
     "fence {asked|(none)} is not valid for session {session}; {holder|nobody} holds "
     "scope {scope|(none)} now, session {holder_session|(none)}, since "
     "{holder_since@|(never)}"},
    {"fence.required", "no fence was shown, and who writes for session {session|(none)} on scope "
                       "{scope|(none)} must show that of its holder, {owner|nobody}"},
    {"fence.stale",
     "the lease of {owner} on scope {scope|(none)} is over ({why|expired}); nothing may "
     "be written under its fence {fence} any more"},
    {"clear.missing", "there is no session {session}"},
    {"clear.actor_required", REFUSAL_HELD "; name the actor_id of the owner or of its supervisor"},
    {"clear.denied",
     REFUSAL_HELD "; only {owner} or its supervisor {supervisor|(none)} can clear it, "
                  "or an operator by force with a reason"},
    {"clear.denied_stale",
     "the lease of {owner} on scope {scope|(none)} is over ({why|expired}), and session {session} is "
     "not yours to clear; take it over: tenure takeover --actor <actor-id> --reason <reason> "
     "--session <session-id>"},
    {"clear.reason_required", "clearing by force needs a reason"},
    {"takeover.missing",
     "there is nothing to take over: nobody holds scope {scope|(none)}, or session "
     "{session|(none)} is unknown; start one"},
    {"takeover.not_autonomous",
     "session {session} on scope {scope|(none)} is interactive and cannot be taken over; clear it, or "
     "start when it has been idle for 8 hours"},
    {"takeover.live",
     REFUSAL_HELD " and its lease lives until {until@}; wait for that, or ask {owner} "
                  "to clear it"},
    {"takeover.same_actor", "{actor} owns session {session} itself; start again instead"},
    {"takeover.reason_required", "a takeover needs a reason"},
    {"takeover.conflict", "expected revision {asked}, current is {revision}"},
    {"transition.missing", "there is no such session"},
    {"transition.denied", "session {session} belongs to {owner}; name its owner or supervisor as "
                          "actor_id, or show its fence"},
    {"transition.revival",
     "{from} -> {to} would revive an ended session; resume session {session}"},
    {"transition.conflict", "expected revision {expected}, current is {current}"},
    {"transition.illegal", "{from} -> {to}"},
    {"resume.missing", "there is no session {session|(none)}"},
    {"resume.held", REFUSAL_HELD "; it must end before session {session} can be resumed"},
    {"resume.live", "session {session} of {owner} is alive; there is nothing to resume"},
    {"resume.destroyed", "session {session} is already destroyed; start a new one"},
    {"resume.not_resumable",
     "session {session} is {status} and cannot be resumed until it has ended"},
    {"resume.denied",
     "session {session} belongs to {owner}; name its owner or supervisor as actor_id, "
     "or show its fence"},
    {"import.id_taken", "session {session} exists already in scope {scope|(none)}"},
    {"session.destroyed", "session {session} is already destroyed"},
    {"session.not_running", "session {session} is {status} and takes no commands"},

    /* what a session is doing */
    {"turn.missing", "there is no session {session|(none)}"},
    {"turn.stale", "the lease of {owner} on scope {scope|(none)} ran out ({why|expired}); session "
                   "{session} can end its work, but not open or feed any"},
    {"turn.not_allowed", "session {session} is {status} and takes no turn"},
    {"turn.busy", "turn {turn} of session {session} is open; end it, or begin with replace"},
    {"turn.exists", "session {session} had a turn {asked} already"},
    {"turn.budget", "session {session} has used {used} of a budget of {budget} tokens"},
    {"turn.ended", "turn {turn} has ended, and an ended turn never changes"},
    {"steer.no_active_turn", "no active turn to steer in session {session}"},
    {"steer.mismatch", "expected active turn {expected} but found {turn}"},
    {"steer.not_steerable", "turn {turn} is of kind {kind} and cannot be steered"},
    {"steer.empty", "there is no input"},
    {"abort.mismatch", "expected active turn {expected} but found {turn}"},
    {"request.used", "request {request} is {state} already; ask again under another id"},

    /* how it ended */
    {"result.missing", "there is no session {session|(none)}"},
    {"completion.missing", "there is no session {session|(none)}"},
    {"settle.missing", "there is no session {session|(none)}"},

    /* notes of a scope, receipts, fenced tables */
    {"gate.conflict",
     "the gates of scope {scope} are at revision {revision|0}, not {expected|(none)}"},
    {"escalation.missing", "there is no open escalation {id|(none)}"},
    {"baseline.missing", "there is no session {session|(none)}"},
    {"receipt.conflict",
     "receipt {receipt} was given for {verb} of session {session|(none)}, scope "
     "{scope|(none)}, {part|as a whole}"},
    {"hold.missing", "there is no session {session|(none)} whose fence could be held"},
    {"hold.no_scope",
     "session {session} has no scope, so there is nothing that its fence could open"},
    {"guard.not_a_table", "{table|(none)} is not a table of the main schema that can be guarded"},
    {"guard.scope_taken", "{table} is guarded for another scope already; unguard it first"},
    {"guard.ours",
     "{table} begins with tenure_, as Tenure's own tables do, which it guards itself"},
    {"install.newer", "the schema here is of version {found}, this extension knows {known}: load a "
                      "newer one"},
    {"install.name_taken", "{name} exists already and is not Tenure's"},

    /* raw statements that would break a rule */
    {"write.null", "a column that must have a value was given none"},
    {"write.exists", "{table} has that key already; change the row with UPDATE, or through a verb"},
    {"write.held", REFUSAL_HELD "; a scope has one living session"},
    {"write.shape",
     "a new session is running, starting or idle, with incarnation 1, start_count 1, "
     "fence equal to its revision, and no ending"},
    {"write.stamp", "{what} must not run backwards, nor ahead of the clock"},
    {"write.revision", "the next revision of {what} is {expected}, not {revision}"},
    {"write.fixed", "{what} never changes"},
    {"write.incarnation",
     "an incarnation grows by one, with status starting and a new fence, and only "
     "when the one before it ended or lost its lease"},
    {"write.fence", "the fence only ever becomes the new revision"},
    {"write.strict", "a strict session stays strict"},
    {"write.join",
     "{what} changes only with a joining start: a new last_started_at and start_count + 1"},
    {"write.lease_lost",
     "the lease of {owner} on scope {scope|(none)} is over ({why|expired}); a late "
     "heartbeat does not renew it"},
    {"write.evidence", "the evidence of a lease is only what lease_grant() gives now"},
    {"write.ended",
     "an ending is written with the status that ends the session, and never changes"},
    {"write.delete", "{what} cannot be deleted"},
    {"write.living",
     "session {session} is {status}; end it first, only an ended session is collected"},
    {"write.parent",
     "session {session} spawned session {child}, which is {status}; it is collected after that one has ended"},
    {"write.counter", "the counter of a scope only follows the sessions of that scope"},
    {"write.append_only", "{table} is append-only"},
    {"write.turn",
     "an open turn is reserved or running and has no end; an ended one has both an ended "
     "state and its time"},
    {"write.request", "a request is pending under an open turn, ends once, and never reopens"},
    {"write.input",
     "input is for a regular turn while that runs, not blank, numbered from 1 up, and left over only when the turn ends; "
     "this is not so for {turn}"},
    {"write.grant", "a grant for a turn is given while that turn is open; {turn} is not"},
    {"write.result",
     "the result of a turn has the incarnation of that turn; a final result never changes, and any other only by one "
     "of equal or higher provenance and the next revision"},
    {"write.sequence", "{table|the log} numbers its rows itself"},
};

enum { REFUSAL_COUNT = sizeof refusal_catalogue / sizeof refusal_catalogue[0] };

const char *tn_refusal_code(int i) {
  return i < REFUSAL_COUNT ? refusal_catalogue[i].code : NULL;
}

const char *tn_refusal_sentence(int i) {
  return refusal_catalogue[i].sentence;
}

static int refusal_is_misuse(const char *code) {
  return strncmp(code, "usage.", 6) == 0 || strncmp(code, "opt.", 4) == 0 ||
         strncmp(code, "json.", 5) == 0 || strncmp(code, "activity.", 9) == 0;
}

static const tn_fact *refusal_fact(const tn_fact *facts, int n, const char *name, size_t name_n) {
  for (int i = 0; i < n; i++) {
    if (strlen(facts[i].name) == name_n && memcmp(facts[i].name, name, name_n) == 0) {
      return facts[i].z == NULL ? NULL : &facts[i];
    }
  }
  return NULL;
}

/* Text from outside appears only in its display-safe form, and never longer than a line or two. */
static void refusal_append_text(sqlite3_str *out, const tn_fact *fact) {
  char shown[REFUSAL_SHOWN_MAX * 10 + 8]; /* the longest escape of a character is \u{10ffff} */
  const size_t n = tn_text_display_safe(fact->z, fact->n, REFUSAL_SHOWN_MAX, shown, sizeof shown);
  sqlite3_str_append(out, shown, (int)n);
}

/* Seconds since 1970 as UTC, by the civil calendar (days are counted from 0000-03-01). */
static void refusal_append_time(sqlite3_str *out, const tn_fact *fact) {
  sqlite3_int64 at = 0;
  for (size_t i = 0; i < fact->n; i++) {
    if (fact->z[i] < '0' || fact->z[i] > '9' || at > 25340230079) {
      refusal_append_text(out, fact); /* before 1970, or after the year 9999 */
      return;
    }
    at = at * 10 + (fact->z[i] - '0');
  }
  const sqlite3_int64 days = at / 86400 + 719468;
  const int seconds = (int)(at % 86400);
  const sqlite3_int64 era = days / 146097;
  const int day_of_era = (int)(days % 146097);
  const int year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int month = (5 * day_of_year + 2) / 153; /* 0 = March */
  const int day = day_of_year - (153 * month + 2) / 5 + 1;
  const sqlite3_int64 year = year_of_era + era * 400 + (month >= 10);
  sqlite3_str_appendf(out, "%04lld-%02d-%02dT%02d:%02d:%02dZ", year,
                      month < 10 ? month + 3 : month - 9, day, seconds / 3600, seconds / 60 % 60,
                      seconds % 60);
}

/* Appends one placeholder: what stands between the braces, TEXT of N bytes. */
static void refusal_append_fact(sqlite3_str *out, const char *text, size_t n, const tn_fact *facts,
                                int n_fact) {
  const char *bar = memchr(text, '|', n);
  size_t name_n = bar == NULL ? n : (size_t)(bar - text);
  const int is_time = text[name_n - 1] == '@';
  if (is_time) name_n--;
  const tn_fact *fact = refusal_fact(facts, n_fact, text, name_n);
  if (fact == NULL) {
    if (bar == NULL) {
      sqlite3_str_appendall(out, "(unknown)");
    } else {
      sqlite3_str_append(out, bar + 1, (int)(n - name_n - 1 - (size_t)is_time));
    }
  } else if (is_time) {
    refusal_append_time(out, fact);
  } else {
    refusal_append_text(out, fact);
  }
}

static void refusal_append_sentence(sqlite3_str *out, const char *sentence, const tn_fact *facts,
                                    int n_fact) {
  for (;;) {
    const char *open = strchr(sentence, '{');
    const char *close = open == NULL ? NULL : strchr(open, '}');
    if (close == NULL) break;
    sqlite3_str_append(out, sentence, (int)(open - sentence));
    refusal_append_fact(out, open + 1, (size_t)(close - open - 1), facts, n_fact);
    sentence = close + 1;
  }
  sqlite3_str_appendall(out, sentence);
}

static const refusal_entry *refusal_find(const char *code) {
  for (int i = 0; i < REFUSAL_COUNT; i++) {
    if (strcmp(refusal_catalogue[i].code, code) == 0) return &refusal_catalogue[i];
  }
  return NULL;
}

static char *refusal_format(const refusal_entry *entry, const tn_fact *facts, int n_fact) {
  sqlite3_str *out = sqlite3_str_new(NULL);
  sqlite3_str_appendf(out, "tenure: %s: ", entry->code);
  refusal_append_sentence(out, entry->sentence, facts, n_fact);
  return sqlite3_str_finish(out);
}

/* The entry of CODE; for an unknown one, that of usage.code, with *FACT set to name it. */
static const refusal_entry *refusal_entry_of(const char *code, tn_fact *fact) {
  const refusal_entry *entry = refusal_find(code);
  *fact = (tn_fact){"code", code, strlen(code)};
  return entry != NULL ? entry : refusal_find("usage.code");
}

char *tn_refusal_message(const char *code, const tn_fact *facts, int n_fact) {
  tn_fact unknown;
  const refusal_entry *entry = refusal_entry_of(code, &unknown);
  const int is_known = strcmp(entry->code, code) == 0;
  return refusal_format(entry, is_known ? facts : &unknown, is_known ? n_fact : 1);
}

void tn_refuse_with(sqlite3_context *ctx, const char *code, const tn_fact *facts, int n_fact) {
  char *message = tn_refusal_message(code, facts, n_fact);
  if (message == NULL) {
    sqlite3_result_error_nomem(ctx);
    return;
  }
  sqlite3_result_error(ctx, message, -1);
  /* After the message: sqlite3_result_error() resets the code to SQLITE_ERROR. */
  if (refusal_find(code) != NULL && !refusal_is_misuse(code)) {
    sqlite3_result_error_code(ctx, SQLITE_CONSTRAINT_TRIGGER);
  }
  sqlite3_free(message);
}

void tn_refuse(sqlite3_context *ctx, const char *code, const char *name, const char *z, size_t n) {
  const tn_fact fact = {name, z, n};
  tn_refuse_with(ctx, code, &fact, name == NULL ? 0 : 1);
}
