# shellcheck shell=bash
#
# request - what a turn asks of a person: asks, answers, lists what waits for an answer.

use actions defaults verb phrase table requests

verb_declare() {
  local -r every='session fence incarnation receipt'
  summary 'ask for a decision, give it, or list what waits for one'
  takes_action
  # shellcheck disable=SC2086 # lists of words
  {
    action open 'ask, on behalf of the open turn' turn request kind payload $every
    action resolve 'answer; late and double answers change nothing' request decision remember $every
    action list 'list what waits for an answer' session scope all csv
  }
  takes_session
  takes_fence
  takes_incarnation
  option turn TURN text turn_id 'the turn that asks (the open one)'
  option request ID text request_id 'the request; open makes up an id where there is none'
  option kind KIND text kind 'approval, user_input, permission, elicitation or tool_call'
  option payload TEXT text payload 'what is asked'
  option decision WORD text decision 'approved, approved_for_session, approved_always, denied, abort, or an answer'
  option remember JSON text remember 'what it is valid for from now on: a JSON array of keys'
  option scope SCOPE text '' 'only those of this scope'
  option all '' flag '' 'the answered and the expired ones too'
  takes_receipt
  takes_lists
}

verb_run() {
  local -r request="display_safe(r->>'request_id')"
  choose_action
  case $ACTION in
    open)
      default_target
      run_verb tenure_request_open "'asked '||$request||', attempt '||(r->>'attempt')||', '||(r->>'state')
        ||coalesce(': '||display_safe(r->>'decision'),'')"
      ;;
    resolve)
      default_target
      run_verb tenure_request_resolve "iif(r->>'applied','resolved '||$request||': '||display_safe(r->>'decision'),
        'nothing resolved: nobody waits for an answer to '||$request)"
      ;;
    list) list_requests ;;
  esac
}

list_requests() {
  local condition="(state='pending' OR ${GIVEN[all]-0})"
  of_session q.session_id
  if is_given scope; then
    sql_text "${GIVEN[scope]}"
    condition+=" AND s.scope IS nullif($REPLY,'')"
  fi
  request_columns
  requests_source "$condition"
  show_list requests "$REPLY"
}
