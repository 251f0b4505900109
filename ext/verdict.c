/*
** verdict.c - what can be said of a living session from outside; see verdict.h.
*/
#include "verdict.h"
#include "text.h"

enum { VERDICT_PASSIVE_SECS = 30, VERDICT_STARTING_SECS = 60 };

/* Nothing was heard for so long that nobody can be there, as far as a lease tells. */
static int verdict_is_silent(const tn_signs *session) {
  const int is_starting = tn_text_is(session->status, "starting") && !session->has_pid;
  return !session->interactive && session->is_stale && session->overdue > session->lease_ttl &&
         (!is_starting || session->started_ago > VERDICT_STARTING_SECS);
}

static int verdict_is_passive(const tn_signs *session) {
  return session->quiet.known && session->quiet.value >= -VERDICT_PASSIVE_SECS &&
         session->quiet.value <= VERDICT_PASSIVE_SECS;
}

const char *tn_verdict(const tn_signs *session) {
  const int is_live = tn_text_is(session->process, "live");
  if (tn_text_is(session->process, "dead")) return "dead";
  if (!is_live && verdict_is_silent(session)) return "dead";
  if (is_live || !session->is_stale) return "owned";
  return verdict_is_passive(session) ? "passive" : "unknown";
}
