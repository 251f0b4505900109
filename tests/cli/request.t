#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # jq has $variables; bats runs each test apart and sets the rest
#
# Requests on the command line: asked, answered, listed.

load helper

# turn_open: a session with an open turn t1.
turn_open() {
  new_session --scope repo --actor a --lease 60 "$@"
  tenure turn begin "$session" --turn t1 --fence "$fence"
  done_ok
}

@test "a request is asked and answered" {
  turn_open
  tenure request open "$session" --request r1 --kind approval --payload 'rm -r build'
  done_ok
  says 'asked r1, attempt 1, pending'
  tenure request resolve "$session" --request r1 --decision approved
  done_ok
  says 'resolved r1: approved'
  [ "$(sql 'SELECT turn_id, kind, payload, state, decision FROM tenure_request')" = 't1|approval|rm -r build|resolved|approved' ]
}

@test "the answers as JSON" {
  turn_open
  tenure request open "$session" --turn t1 --kind user_input --json
  done_ok
  json '.command == "request" and (.result | .command == "request-open" and .state == "pending" and .attempt == 1
        and .turn_id == "t1" and (.request_id | startswith("req_")))'
  tenure request resolve "$session" --request "$(jq -r .result.request_id <<<"$output")" --decision 'the left one' --json
  done_ok
  json '.command == "request" and (.result | .applied and (.stale | not) and .decision == "the left one")'
}

@test "late, double and unknown answers change nothing" {
  turn_open
  tenure request resolve "$session" --request r1 --decision denied
  done_ok
  says 'nothing resolved: nobody waits for an answer to r1'
  tenure request open "$session" --request r1 --kind approval
  tenure request resolve "$session" --request r1 --decision denied
  tenure request resolve "$session" --request r1 --decision approved --json
  done_ok
  json '.ok and (.result | .applied == false and .stale)'
  [ "$(sql 'SELECT decision FROM tenure_request')" = denied ]
}

@test "without an open turn a request is answered at once, with no" {
  new_session --actor a --lease 60
  tenure request open "$session" --request r1 --kind approval
  done_ok
  says 'asked r1, attempt 1, expired: denied'
  tenure request open "$session" --request r2 --kind user_input
  done_ok
  says 'asked r2, attempt 1, expired'
  tenure request open "$session" --request r1 --kind approval
  refused 4 request.used
}

@test "asking again is another attempt" {
  turn_open
  tenure request open "$session" --request r1 --kind approval
  tenure request open "$session" --request r1 --kind approval
  says 'asked r1, attempt 2, pending'
  tenure request list --all --json
  json '[.result.requests[] | [.attempt, .state, .decision]] == [[1, "expired", "denied"], [2, "pending", null]]'
}

@test "what is remembered becomes grants" {
  turn_open
  tenure request open "$session" --request r1 --kind approval
  tenure request resolve "$session" --request r1 --decision approved_for_session --remember '["shell:ls","it'\''s"]'
  done_ok
  [ "$(sql 'SELECT key FROM tenure_grant ORDER BY key')" = $'it\'s\nshell:ls' ]
  tenure request open "$session" --request r2 --kind approval
  tenure request resolve "$session" --request r2 --decision approved_for_session --remember 'not json'
  [ "$status" -eq 2 ]
}

@test "an answer may abort the turn" {
  turn_open
  tenure request open "$session" --request r1 --kind approval
  tenure request resolve "$session" --request r1 --decision abort
  done_ok
  [ "$(sql 'SELECT t.state, s.status FROM tenure_turn AS t, tenure_session AS s')" = 'interrupted|interrupted' ]
}

@test "list shows what waits for an answer" {
  turn_open
  tenure request open "$session" --request r1 --kind approval --payload 'rm -r'
  tenure request open "$session" --request r2 --kind user_input
  tenure request resolve "$session" --request r2 --decision yes
  tenure request list
  done_ok
  [[ ${lines[0]} == 'REQUEST  SESSION '*' TURN  KIND      STATE    SINCE '*'ASKS' ]]
  [[ ${lines[1]} == "r1       $session  t1    approval  pending "*'rm -r' ]]
  [ "${#lines[@]}" -eq 2 ]
  tenure request list --all
  says 'resolved: yes'
  tenure request list --csv
  [ "${#lines[@]}" -eq 2 ]
  tenure request list --json
  json '.command == "request" and [.result.requests[].request_id] == ["r1"]'
  json '.result.requests[0] | .session_id == $s and .scope == "repo" and .owner_id == "a" and .payload == "rm -r"' --arg s "$session"
}

@test "list of one session, or of one scope" {
  turn_open
  tenure request open "$session" --request r1 --kind approval
  local first=$session
  new_session --scope other --actor b --lease 60
  tenure turn begin "$session"
  tenure request open "$session" --request r2 --kind approval
  tenure request list "$first" --json
  json '[.result.requests[].request_id] == ["r1"]'
  tenure request list --scope other --json
  json '[.result.requests[].request_id] == ["r2"]'
  tenure request list --json
  json '.result.requests | length == 2'
  tenure request list --session nobody
  refused 3 request.missing
}

@test "requests end with their turn" {
  turn_open
  tenure request open "$session" --request r1 --kind permission
  tenure turn end "$session" --turn t1
  tenure request list --json
  json '.result.requests == []'
  tenure request list --all --json
  json '.result.requests[0] | .state == "expired" and .decision == "cancelled"'
}

@test "the session and its fence come from the environment" {
  turn_open --strict
  tenure request open "$session" --request r1 --kind approval
  [ "$status" -eq 4 ]
  TENURE_SESSION=$session TENURE_FENCE=$fence tenure request open --request r1 --kind approval
  done_ok
  TENURE_SESSION=$session TENURE_FENCE=$fence tenure request resolve --request r1 --decision denied
  done_ok
}

@test "misuse, and sessions that are not there" {
  turn_open
  tenure request open "$session" --kind party
  [ "$status" -eq 2 ]
  tenure request open "$session"
  [ "$status" -eq 2 ]
  tenure request resolve "$session" --decision denied
  refused 2 opt.required
  tenure request resolve "$session" --request r1
  refused 2 opt.required
  tenure request open nobody --kind approval
  refused 3 turn.missing
  tenure request resolve nobody --request r1 --decision denied --json
  [ "$status" -eq 3 ]
  json '.command == "request" and .error.code == "turn.missing"'
  tenure request open "$session" --decision denied
  refused 2 usage.option
  tenure request list --fence 1
  refused 2 usage.option
  tenure request answer
  refused 2 usage.action
  tenure request
  refused 2 usage.required
}

@test "any text arrives as given, and is shown harmlessly" {
  local text id=0
  turn_open
  for text in "${worst[@]}"; do
    id=$((id + 1))
    tenure request open "$session" --request "r$id" --kind user_input --payload "$text"
    done_ok
    tenure request list
    harmless
    tenure request list --csv
    harmless
    tenure request list --json
    json '.result.requests[0].payload == $text' --arg text "$text"
    tenure request resolve "$session" --request "r$id" --decision "$text"
    done_ok
    harmless
    [ "$(sql "SELECT lower(hex(payload)), lower(hex(decision)) FROM tenure_request WHERE request_id='r$id'")" = \
      "$(bytes "$text")|$(bytes "$text")" ]
    tenure request list --all
    harmless
  done
  [ ! -e pwned ]
}

@test "hostile request ids arrive or are refused by name" {
  local text
  turn_open
  for text in "${worst[@]}" '' ' '; do
    tenure request open "$session" --request "$text" --kind approval
    [[ $status -eq 0 || $status -eq 2 ]]
    harmless
    tenure request resolve "$session" --request "$text" --decision denied
    [[ $status -eq 0 || $status -eq 2 ]]
    harmless
    tenure request list --all --session "$text" --scope "$text"
    [[ $status -eq 3 || $status -eq 2 ]]
    harmless
  done
  [ ! -e pwned ]
}
