# shellcheck shell=bash
#
# result - how the work of a session, or of a turn, ended, and how its process did.

use actions defaults verb phrase table results

verb_declare() {
  summary 'record how work or its process ended, or show that'
  takes_action
  action record 'the work has ended' session turn status exit-code summary final provenance fence incarnation actor receipt
  action completion 'the process has ended; that says nothing of the work' \
    session exit-code status reason fence incarnation receipt
  action show 'show what is recorded' session limit csv
  takes_session
  takes_fence
  takes_incarnation
  option turn TURN text turn_id 'of this turn only'
  option status WORD text status 'success, retired, failure, timeout, signal, interrupted, no_progress, error or tier_failover_superseded'
  option exit-code N integer exit_code 'with which code'
  option summary TEXT text summary 'what came of it'
  option final '' flag final 'it will not change any more, even if its owner lives'
  option provenance WORD text provenance 'who knows it: agent (taken if left out), completion or synthetic'
  option reason TEXT text reason 'why it ended'
  option limit N count '' 'how many, the newest (50)'
  takes_actor 'who records it'
  takes_receipt
  takes_lists
}

verb_run() {
  local -r of="display_safe(r->>'session_id')||': '||(r->>'status')||coalesce(', exit code '||(r->>'exit_code'),'')"
  choose_action
  case $ACTION in
    record)
      default_target
      default_actor
      run_verb tenure_record_result "iif(r->>'recorded','recorded ','not recorded, there is one already: ')
        ||(r->>'provenance')||' result of '||coalesce('turn '||display_safe(r->>'turn_id')||' of ','')||$of||iif(r->>'final',', final','')"
      ;;
    completion)
      default_target
      run_verb tenure_record_completion "iif(r->>'recorded','recorded ','not recorded, there is one already: ')
        ||'end of the process of '||$of||coalesce(', '||display_safe(r->>'reason'),'')"
      ;;
    show) show_results ;;
  esac
}

show_results() {
  local condition=1
  of_session session_id
  result_columns
  results_source "$condition" "${GIVEN[limit]-50}"
  show_list results "$REPLY"
}
