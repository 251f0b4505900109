#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # jq has $variables; bats runs each test apart and sets the rest
#
# Turns on the command line: begun, steered, ended, given up, counted and shown.

load helper

@test "a turn begins, and only one at a time" {
  new_session --actor a --lease 60
  tenure turn begin "$session" --turn t1 --message-id m1
  done_ok
  says "began t1 in $session"
  tenure turn begin "$session" --turn t2
  refused 4 turn.busy
  tenure turn begin "$session" --json
  [ "$status" -eq 4 ]
  json '(.ok | not) and .command == "turn" and .error.code == "turn.busy" and (.error.message | contains("t1"))'
  [ "$(sql 'SELECT turn_id, kind, state, message_id FROM tenure_turn')" = 't1|regular|running|m1' ]
}

@test "begin makes up an id" {
  new_session --actor a --lease 60
  tenure turn begin "$session" --kind review --json
  done_ok
  json '.command == "turn" and .result.command == "turn-begin" and .result.kind == "review"
        and (.result.turn_id | startswith("trn_"))'
}

@test "begin may replace the open turn" {
  new_session --actor a --lease 60
  tenure turn begin "$session" --turn t1
  tenure turn begin "$session" --turn t2 --replace
  done_ok
  says 'began t2 in '
  [ "$(sql 'SELECT turn_id, state, abort_reason FROM tenure_turn ORDER BY turn_id')" = $'t1|interrupted|replaced\nt2|running|' ]
}

@test "begin may reserve the place first" {
  new_session --actor a --lease 60
  tenure turn begin "$session" --turn t1 --reserve
  done_ok
  says "reserved t1 in $session"
  [ "$(sql 'SELECT t.state, s.status FROM tenure_turn AS t, tenure_session AS s')" = 'reserved|starting' ]
  tenure turn begin "$session" --turn t1
  done_ok
  says 'began t1'
}

@test "request-start is remembered until the turn begins" {
  new_session --actor a --lease 60 --status idle
  tenure turn request-start "$session" --message-id m7
  done_ok
  says "asked for a turn of $session, message m7; it is starting"
  tenure turn begin "$session" --json
  json '.result.message_id == "m7"'
  [ "$(sql 'SELECT count(*) FROM tenure_pending_start')" = 0 ]
}

@test "steer speaks to the running turn, take-input hears it once" {
  new_session --actor a --lease 60
  tenure turn steer "$session" --input x
  refused 4 steer.no_active_turn
  tenure turn begin "$session" --turn t1
  tenure turn steer "$session" --input 'first' --expected-turn t1
  done_ok
  says 'said to t1, input 1'
  tenure turn steer "$session" --input 'second' --expected-turn t9
  refused 4 steer.mismatch
  [[ $stderr == *t1* && $stderr == *t9* ]]
  tenure turn steer "$session" --input ' '
  refused 4 steer.empty
  tenure turn steer "$session" --input 'second'
  tenure turn take-input "$session" --turn t9
  refused 4 steer.mismatch
  tenure turn take-input "$session" --turn t1
  done_ok
  [ "$output" = $'first\nsecond' ]
  tenure turn take-input "$session"
  done_ok
  says 'nothing was said to t1'
  tenure turn take-input "$session" --json
  json '.result.turn_id == "t1" and .result.input == []'
}

@test "a review is not steered" {
  new_session --actor a --lease 60
  tenure turn begin "$session" --kind review
  tenure turn steer "$session" --input x
  refused 4 steer.not_steerable
}

@test "end ends the turn that it names" {
  new_session --actor a --lease 60
  tenure turn end "$session"
  done_ok
  says 'nothing ended: no turn is open'
  tenure turn begin "$session" --turn t1
  tenure turn end "$session" --turn t2
  done_ok
  says 'nothing ended: t1 is open'
  tenure turn end "$session" --json
  json '.ok and .result.applied == false and .result.active_turn_id == "t1"'
  tenure turn end "$session" --turn t1 --message 'all green' --input-tokens 10 --cached-input-tokens 4 --output-tokens 5 \
    --reasoning-output-tokens 2 --total-tokens 17 --cost-usd 0.25 --json
  done_ok
  json '.result | .applied and .state == "completed" and .message == "all green" and .used_input == 10
        and .used_cached_input == 4 and .used_output == 5 and .used_reasoning_output == 2 and .used_total == 17
        and .used_cost_usd == 0.25 and .status == "ready"'
}

@test "a failed turn leaves its message as the error" {
  new_session --actor a --lease 60
  tenure turn begin "$session" --turn t1
  tenure turn end "$session" --turn t1 --outcome failed --message 'no disk'
  done_ok
  says "ended t1, error; $session is error"
  [ "$(sql 'SELECT status, last_error FROM tenure_session')" = 'error|no disk' ]
}

@test "abort gives the turn up, and is content when there is none" {
  new_session --actor a --lease 60
  tenure turn abort "$session"
  done_ok
  says 'nothing to abort: no turn is open'
  tenure turn begin "$session" --turn t1
  tenure turn abort "$session" --turn t2
  refused 4 abort.mismatch
  tenure turn abort "$session" --turn t1 --reason review_ended
  done_ok
  says "aborted t1, review_ended; $session is ready"
  tenure turn begin "$session" --turn t2
  tenure turn abort "$session" --json
  json '.result.aborted and .result.reason == "interrupted" and .result.status == "interrupted"'
}

@test "the session and its fence come from the environment, together" {
  new_session --actor a --lease 60 --strict
  tenure turn begin
  [ "$status" -eq 2 ]
  TENURE_SESSION=$session tenure turn begin
  [ "$status" -ne 0 ]
  export TENURE_SESSION=$session TENURE_FENCE=$fence
  tenure turn begin --turn t1
  done_ok
  tenure turn steer --input hello
  done_ok
  tenure turn take-input
  done_ok
  [ "$output" = hello ]
  tenure usage --total-tokens 3
  done_ok
  tenure turn end --turn t1
  done_ok
  TENURE_FENCE=99 tenure turn begin
  [ "$status" -eq 4 ]
}

@test "the environment's fence does not go to another session" {
  new_session --scope one --actor a --lease 60
  local first=$session
  new_session --scope two --actor b --lease 60 --strict
  TENURE_SESSION=$first TENURE_FENCE=$fence tenure turn begin "$session"
  [ "$status" -eq 4 ]
}

@test "no such session is 3, the wrong incarnation is 4" {
  new_session --actor a --lease 60
  local action
  for action in request-start begin 'steer --input x' take-input end abort; do
    # shellcheck disable=SC2086 # words
    tenure turn $action --session nobody
    refused 3 turn.missing
    # shellcheck disable=SC2086 # words
    tenure turn $action --session "$session" --incarnation 7
    refused 4 fence.session
  done
  tenure usage nobody --total-tokens 1
  refused 3 turn.missing
}

@test "an action takes its own options and no others" {
  local text
  tenure init
  tenure turn
  refused 2 usage.required
  tenure turn begin x --outcome completed
  refused 2 usage.option
  tenure turn steer x --turn t
  refused 2 usage.option
  tenure turn begin x y
  refused 2 usage.operand
  for text in "${worst[@]}" '' ' ' 'begin steer' beg '*' "\$(touch pwned)"; do
    tenure turn -- "$text"
    refused 2 usage.action
    harmless
  done
  [ ! -e pwned ]
}

@test "words and numbers out of range are misuse" {
  new_session --actor a --lease 60
  tenure turn begin "$session" --kind party
  [ "$status" -eq 2 ]
  tenure turn begin "$session"
  tenure turn abort "$session" --reason bored
  [ "$status" -eq 2 ]
  tenure usage "$session" --input-tokens=-1
  refused 2 usage.delta
  tenure usage "$session" --input-tokens x
  refused 2 usage.delta
  tenure usage "$session" --cost-usd=-0.5
  refused 2 usage.delta
  [ "$(sql 'SELECT usage_total, usage_cost_usd FROM tenure_session')" = '0|0.0' ]
}

@test "a cost that is no number is refused" {
  new_session --actor a --lease 60
  tenure usage "$session" --cost-usd abc
  refused 2 usage.delta
  tenure usage "$session" --cost-usd 1.5x
  refused 2 usage.delta
}

@test "usage adds up, merges limits and warns when the budget is used up" {
  new_session --actor a --lease 60 --token-budget 20
  tenure usage "$session" --input-tokens 8 --output-tokens 2 --cost-usd 0.125 --rate-limits '{"a":1,"b":2}'
  done_ok
  says "$session has used 10 tokens of 20, 0.13 USD"
  tenure usage "$session" --total-tokens 10 --rate-limits '{"b":3}'
  done_ok
  [[ $stderr == *'budget is used up' ]]
  [ "$(sql "SELECT usage_total, rate_limits ->> 'a', rate_limits ->> 'b' FROM tenure_session")" = '20|1|3' ]
  tenure turn begin "$session"
  refused 4 turn.budget
  tenure usage "$session" --total-tokens 1 --turn t1 --json
  json '.command == "usage" and .result.over_budget and .result.total == 21 and .result.turn_id == "t1"'
}

@test "usage without amounts shows what was used" {
  new_session --scope repo --actor a --lease 60 --token-budget 20
  tenure usage "$session" --input-tokens 8 --output-tokens 2 --cost-usd 0.5
  tenure usage
  done_ok
  [[ ${lines[0]} == 'SESSION '*' READ  WRITTEN  TOTAL  LEFT  USD' ]]
  [[ ${lines[1]} == "$session  repo   a       8     2        10     10    0.50" ]]
  tenure usage --json
  json '.result.usage[0] | .total == 10 and .cost_usd == 0.5 and .budget_left == 10'
  tenure usage "$session" --csv
  [ "${#lines[@]}" -eq 2 ]
  tenure usage "$session" --receipt r
  refused 2 usage.required
  tenure usage "$session" --total-tokens 1 --csv
  refused 2 usage.option
}

@test "a receipt answers the second time without doing it again" {
  new_session --actor a --lease 60
  tenure turn begin "$session" --receipt r1 --json
  local turn
  turn=$(jq -r .result.turn_id <<<"$output")
  tenure turn begin "$session" --receipt r1 --json
  done_ok
  json '.result.turn_id == $turn and .result.replayed' --arg turn "$turn"
  tenure usage "$session" --total-tokens 5 --receipt r2
  tenure usage "$session" --total-tokens 5 --receipt r2
  [ "$(sql 'SELECT usage_total FROM tenure_session')" = 5 ]
  tenure turn abort "$session" --receipt r1
  refused 4 receipt.conflict
}

@test "any text arrives as given, and is shown harmlessly" {
  local text id=0
  new_session --actor a --lease 60
  for text in "${worst[@]}"; do
    id=$((id + 1))
    tenure turn begin "$session" --turn "t$id"
    tenure turn steer "$session" --input "$text"
    done_ok
    tenure turn take-input "$session" --json
    json '.result.input[0].payload == $text' --arg text "$text"
    tenure turn steer "$session" --input "$text"
    tenure show "$session"
    done_ok
    harmless
    tenure turn take-input "$session"
    done_ok
    harmless
    tenure turn end "$session" --turn "t$id" --message "$text" --json
    json '.result.message == $text' --arg text "$text"
    [ "$(sql "SELECT lower(hex(last_agent_message)) FROM tenure_turn WHERE turn_id='t$id'")" = "$(bytes "$text")" ]
    tenure show "$session"
    harmless
  done
  [ ! -e pwned ]
}

@test "hostile turn ids arrive or are refused by name, and are shown harmlessly" {
  local text
  new_session --actor a --lease 60
  for text in "${worst[@]}" '' ' '; do
    tenure turn begin "$session" --turn "$text"
    [[ $status -eq 0 || $status -eq 2 ]]
    harmless
    if [ "$status" -eq 0 ]; then
      [ "$(sql 'SELECT lower(hex(turn_id)) FROM tenure_turn WHERE ended_at IS NULL')" = "$(bytes "$text")" ]
      tenure status main
      harmless
      tenure turn abort "$session" --turn "$text"
      done_ok
      harmless
    fi
  done
  [ ! -e pwned ]
}

@test "64 KiB may be said to a turn, one byte more is refused" {
  local long
  printf -v long '%65536s' x
  new_session --actor a --lease 60
  tenure turn begin "$session"
  tenure turn steer "$session" --input "$long"
  done_ok
  tenure turn steer "$session" --input "x$long"
  refused 2 opt.text
}

@test "show tells of turns, pending requests and pending input" {
  new_session --actor a --lease 60
  tenure show "$session"
  [[ $output != *'TURN '* && $output != *'REQUEST '* && $output != *'INPUT '* ]]
  tenure turn begin "$session" --turn t1
  tenure turn end "$session" --turn t1 --message 'it works' --total-tokens 7
  tenure turn begin "$session" --turn t2
  tenure turn steer "$session" --input 'look left'
  tenure request open "$session" --request r1 --kind approval --payload 'rm -r'
  tenure show "$session"
  done_ok
  says 'TURN  KIND     STATE      BEGAN '
  says 't1    regular  completed  20'
  says 't2    regular  running    20'
  says 'r1 '
  grep -qE '^1 +t2 +[0-9]+ s ago +look left$' <<<"$output" || report 'what was said, and when'
  tenure show "$session" --json
  json '.result | [.turns[].turn_id] == ["t1", "t2"] and .turns[0].used_total == 7 and .requests[0].payload == "rm -r"
        and .input[0].payload == "look left" and .session.active_turn_id == "t2" and (.events | length > 4)'
  tenure show "$session" --json --limit 1
  json '.result | [.turns[].turn_id] == ["t2"]'
  tenure turn take-input "$session"
  tenure request resolve "$session" --request r1 --decision denied
  tenure show "$session" --json
  json '.result | .requests == [] and .input == []'
}

@test "status shows the active turn" {
  new_session --scope repo --actor a --lease 60
  tenure status repo
  [[ $output != *' turn '* ]]
  tenure turn begin "$session" --turn t1
  tenure status repo
  done_ok
  says '  turn     t1, regular, running, since 20'
  tenure status
  says 'turn t1'
  tenure status --json
  json '.result.scopes[0].active_turn_id == "t1"'
  tenure turn end "$session" --turn t1
  tenure status repo
  [[ $output != *'  turn '* ]]
}

@test "help says which options an action takes" {
  tenure help turn
  done_ok
  says 'usage: tenure turn ACTION [SESSION] [OPTION]...'
  says '    take-input '
  says 'what is said (steer)'
  tenure help turn --json
  json '[.result.actions[].name] == ["request-start", "begin", "steer", "take-input", "end", "abort"]'
  json '.result.actions[] | select(.name == "steer") | .options | index("--input") and (index("--turn") | not)'
  tenure help start --json
  json '.result.actions == []'
}
