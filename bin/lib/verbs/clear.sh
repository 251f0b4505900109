# shellcheck shell=bash
#
# clear - ends the holder and frees the scope.

use defaults verb

verb_declare() {
  summary 'end a session and free its scope'
  takes_target
  takes_actor
  takes_fence
  option reason TEXT text reason 'why'
  option force '' flag force 'as the operator, whoever holds it; needs a reason'
  takes_receipt
}

verb_run() {
  default_target
  default_actor
  run_verb tenure_clear "iif(r->>'cleared','cleared '||display_safe(coalesce(r->>'session_id',''))
    ||coalesce(' of '||display_safe(r->>'actor_id'),''),'nothing to clear: nobody is there')"
}
