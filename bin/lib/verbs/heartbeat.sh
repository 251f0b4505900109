# shellcheck shell=bash
#
# heartbeat - renews the lease.

use defaults verb

verb_declare() {
  summary 'renew the lease, and say what you are doing'
  takes_target
  takes_actor 'who holds it'
  takes_fence
  option activity TEXT text activity 'what is being done, at most 280 characters'
  option progress 0/1 integer progress 'whether there was progress since the last one'
  option outcome WORD text outcome 'a word about that, kept beside it'
  takes_receipt
}

verb_run() {
  local durability=NORMAL
  default_target
  default_actor
  # Only a bare renewal may be lost with the power: news is written like any other change.
  ! is_given activity progress outcome receipt || durability=FULL
  run_verb tenure_heartbeat "'renewed '||display_safe(r->>'session_id')||', fence '||(r->>'fence')
    ||coalesce(', until '||strftime('%Y-%m-%dT%H:%M:%SZ',r->>'lease_expires_at_epoch_s','unixepoch')
    ||' ('||(r->>'remaining_secs')||' s left)','')" "$durability"
}
