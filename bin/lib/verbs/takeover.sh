# shellcheck shell=bash
#
# takeover - takes the scope from a holder whose lease has run out.

use defaults verb phrase

verb_declare() {
  summary 'take over from a holder whose lease has run out'
  takes_target
  takes_actor 'who takes it'
  option reason TEXT text reason 'why; it is required'
  option lease SECONDS integer lease_ttl 'another lease than the one taken over'
  option supervisor ACTOR text supervisor_id 'another supervisor'
  takes_fence
  option expected-revision N integer expected_revision 'only if the session is still at this revision'
  takes_people
  takes_process
  takes_receipt
  explain session 'the session to take over'
  explain fence 'only if the session still has this fence'
}

verb_run() {
  local until=''
  is_given session || default_scope
  default_actor
  default_process
  phrase_until "r->>'lease_expires_at_epoch_s'"
  until=$REPLY
  run_verb tenure_takeover "'took over from '||display_safe(r->>'prior_actor_id')||': '
    ||display_safe(r->>'session_id')||', '||display_safe(r->>'actor_id')||', fence '||(r->>'fence')||', until '||$until"
}
