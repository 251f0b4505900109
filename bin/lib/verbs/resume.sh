# shellcheck shell=bash
#
# resume - brings an ended or stale session back, as a new incarnation of itself.

use defaults verb phrase

verb_declare() {
  summary 'bring an ended or stale session back'
  takes_session
  takes_actor 'its owner or supervisor'
  takes_fence
  option lease SECONDS integer lease_ttl 'another lease than before'
  option reason TEXT text reason 'why'
  takes_process
  takes_receipt
}

verb_run() {
  local until=''
  default_target
  default_actor
  default_process
  phrase_until "r->>'lease_expires_at_epoch_s'"
  until=$REPLY
  run_verb tenure_resume "'resumed '||display_safe(r->>'session_id')||coalesce(', incarnation '||(r->>'incarnation'),'')
    ||', fence '||(r->>'fence')||coalesce(', until '||$until,'')"
}
