# shellcheck shell=bash
#
# turn - a unit of agent work in a session: asked for, begun, steered, ended or given up.

use actions defaults verb

verb_declare() {
  local -r every='session fence incarnation receipt'
  local -r used='input-tokens cached-input-tokens output-tokens reasoning-output-tokens total-tokens cost-usd'
  summary 'begin, steer, end or abort a turn of a session'
  takes_action
  # shellcheck disable=SC2086 # lists of words
  {
    action request-start 'ask for a turn, which begins when the agent is ready' message-id $every
    action begin 'begin a turn, or reserve its place' turn kind replace reserve message-id $every
    action steer 'say something to the running turn' input expected-turn $every
    action take-input 'as the running turn, take what was said to it' turn $every
    action end 'end the open turn' turn outcome message $used $every
    action abort 'give up the open turn' turn reason $every
  }
  takes_session
  takes_fence
  takes_incarnation
  option turn TURN text turn_id 'the turn; begin makes up an id where there is none'
  option message-id ID text message_id 'the message that asked for the turn'
  option kind KIND text kind 'regular, review or compact'
  option replace '' flag replace 'abort the turn that is open, and begin this one'
  option reserve '' flag reserve 'claim the place before a slow start-up'
  option input TEXT text input 'what is said'
  option expected-turn TURN text expected_turn_id 'only if this is the running turn'
  option outcome WORD text outcome 'completed, failed, interrupted or cancelled'
  option message TEXT text message 'the last message of the agent, or the error'
  takes_used
  option reason WORD text reason 'interrupted, replaced, review_ended or budget_limited'
  takes_receipt
}

verb_run() {
  local text
  local -r session="display_safe(r->>'session_id')" turn="display_safe(r->>'turn_id')"
  choose_action
  default_target
  case $ACTION in
    request-start)
      text="'asked for a turn of '||$session||coalesce(', message '||display_safe(r->>'message_id'),'')||'; it is '||(r->>'status')"
      ;;
    begin) text="iif(r->>'state'='reserved','reserved ','began ')||$turn||' in '||$session" ;;
    steer) text="'said to '||$turn||', input '||(r->>'seq')" ;;
    take-input)
      text="coalesce((SELECT group_concat(display_safe(value->>'payload'),char(10))FROM json_each(r,'\$.input')),
        'nothing was said to '||$turn)"
      ;;
    end)
      text="iif(r->>'applied','ended '||$turn||', '||(r->>'state')||'; '||$session||' is '||(r->>'status'),
        'nothing ended: '||coalesce(display_safe(r->>'active_turn_id')||' is open','no turn is open'))"
      ;;
    abort)
      text="iif(r->>'aborted','aborted '||$turn||', '||(r->>'reason')||'; '||$session||' is '||(r->>'status'),
        'nothing to abort: no turn is open')"
      ;;
  esac
  run_verb "tenure_turn_${ACTION//-/_}" "$text"
}
