# shellcheck shell=bash
#
# transition - changes the status of one session.

use defaults verb

verb_declare() {
  summary 'change the status of a session'
  takes_session
  option status STATUS text status 'the new status'
  operand status required
  takes_actor
  takes_fence
  option expected-revision N integer expected_revision 'only if the session is still at this revision'
  option incarnation N integer incarnation 'only if it is still this incarnation'
  option reason TEXT text reason 'why'
  option exit-code N integer exit_code 'with which code its process ended'
  option exit-signal N integer exit_signal 'by which signal'
  option failure-origin WORD text failure_origin 'where a failure began'
  option failure-reason TEXT text failure_reason 'what failed'
  takes_receipt
}

verb_run() {
  default_target
  default_actor
  run_verb tenure_transition "display_safe(r->>'session_id')||' is '||(r->>'status')||', revision '||(r->>'revision')"
}
