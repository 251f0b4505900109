/*
** outcome.c - how a session ended; see outcome.h.
*/
#include "outcome.h"
#include "policy.h"
#include "text.h"

#include <stddef.h>
#include <string.h>

/* How much a provenance is worth. */
static int outcome_rank(const char *provenance) {
  static const char *const ranked[] = {"synthetic", "completion", "agent"};
  for (int i = 0; i < 3; i++) {
    if (tn_text_is(provenance, ranked[i])) return i + 1;
  }
  return 0;
}

int tn_result_replaces(const char *stored, int stored_is_final, const char *offered) {
  return !stored_is_final && outcome_rank(offered) >= outcome_rank(stored);
}

int tn_end_is_loss(const char *reason) {
  return tn_text_is(reason, "taken_over") || tn_text_is(reason, "stale_reset") ||
         tn_text_is(reason, "forced");
}

/* A result of an attempt that another has replaced counts only when nobody is left to replace it. */
static int outcome_has_result(const tn_ending *e, const char *verdict) {
  if (e->result_status == NULL) return 0;
  return !tn_text_is(e->result_status, "tier_failover_superseded") ||
         !(tn_text_is(verdict, "owned") || tn_text_is(verdict, "passive"));
}

/* Success is the word and the code together: a "success" with code 7 is an inconsistent record. */
static const char *outcome_of_result(const tn_ending *e) {
  const int is_good =
      tn_text_is(e->result_status, "success") || tn_text_is(e->result_status, "retired");
  const int is_zero = !e->result_exit.known || e->result_exit.value == 0;
  return is_good && is_zero ? "completed" : "failed";
}

/* What the end of a turn says, NULL while it is open. */
static const char *outcome_of_turn(const char *state) {
  static const struct {
    const char *state;
    const char *outcome;
  } ends[] = {{"completed", "completed"},
              {"error", "failed"},
              {"interrupted", "ended"},
              {"unknown", "missing"}};
  for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
    if (tn_text_is(state, ends[i].state)) return ends[i].outcome;
  }
  return NULL;
}

static int outcome_is_terminal(const char *status) {
  return tn_policy_holds(status, strlen(status), TN_PREDICATE_TERMINAL) == 1;
}

static const char *outcome_of_session(const tn_ending *e) {
  if (tn_end_is_loss(e->end_reason)) return "lost";
  const int has_failed = tn_text_is(e->status, "failed") || e->exit_signal != NULL ||
                         (e->exit_code.known && e->exit_code.value != 0);
  return has_failed ? "failed" : "ended";
}

const char *tn_wait_outcome(const tn_ending *e, tn_ground *ground) {
  *ground = TN_GROUND_MISSING;
  if (e->status == NULL) return "missing";
  const int is_terminal = outcome_is_terminal(e->status);
  const char *verdict = is_terminal ? NULL : e->verdict; /* nobody owns what has ended */
  const int is_owned = tn_text_is(verdict, "owned");
  const int has_result = outcome_has_result(e, verdict);
  *ground = TN_GROUND_RESULT;
  if (has_result && (e->result_is_final || !is_owned)) return outcome_of_result(e);
  *ground = TN_GROUND_TURN;
  if (!has_result && outcome_of_turn(e->turn_state) != NULL) return outcome_of_turn(e->turn_state);
  *ground = TN_GROUND_SESSION;
  if (is_terminal) return outcome_of_session(e);
  *ground = TN_GROUND_COMPLETION;
  if (e->completion_exit.known && !is_owned) return "failed";
  *ground = TN_GROUND_DEATH;
  if (tn_text_is(verdict, "dead")) return "failed";
  *ground = TN_GROUND_CAP;
  if (e->cap_reached) return is_owned || tn_text_is(verdict, "passive") ? "kv_warm" : "timeout";
  *ground = TN_GROUND_NONE;
  return NULL;
}

int tn_wait_exit_code(const char *outcome) {
  static const struct {
    const char *outcome;
    int code;
  } codes[] = {{"completed", 0}, {"failed", 1},  {"ended", 0},    {"lost", 4},
               {"missing", 3},   {"kv_warm", 0}, {"timeout", 124}};
  for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
    if (tn_text_is(outcome, codes[i].outcome)) return codes[i].code;
  }
  return 1;
}
