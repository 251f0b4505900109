#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # jq has $variables; bats runs each test apart and sets the rest
#
# Results and completion packets on the command line: recorded, refused, replaced, shown.

load helper

@test "a result is recorded, and a better one takes its place until one is final" {
  new_session --actor a --lease 60
  tenure result record "$session" --status failure --exit-code 7 --provenance synthetic
  done_ok
  [ "$output" = "recorded synthetic result of $session: failure, exit code 7" ]
  tenure result record "$session" --status success --summary 'it works' --json
  json '.command == "result" and .result.command == "record-result" and .result.recorded and (.result.final | not)
        and .result.provenance == "agent" and .result.summary == "it works"'
  tenure result record "$session" --status failure --provenance completion
  done_ok
  says 'not recorded, there is one already: agent result'
  tenure result record "$session" --status success --final
  says ': success, final'
  tenure result record "$session" --status error --final
  says 'not recorded, '
  [ "$(sql 'SELECT status, provenance, final, revision FROM tenure_result')" = 'success|agent|1|3' ]
}

@test "a turn has a result of its own" {
  new_session --actor a --lease 60
  tenure turn begin "$session" --turn t1
  tenure result record "$session" --turn t1 --status no_progress
  done_ok
  [ "$output" = "recorded agent result of turn t1 of $session: no_progress" ]
  [ "$(sql 'SELECT turn_id FROM tenure_result')" = t1 ]
}

@test "the first completion packet stays" {
  new_session --actor a --lease 60
  tenure result completion "$session" --exit-code 143 --reason 'told to stop'
  done_ok
  [ "$output" = "recorded end of the process of $session: signal, exit code 143, told to stop" ]
  tenure result completion "$session" --exit-code 0 --json
  done_ok
  json '.result.command == "record-completion" and (.result.recorded | not) and .result.exit_code == 143'
  tenure result completion "$session"
  refused 2 opt.required
}

@test "the session and its fence come from the environment" {
  new_session --actor a --lease 60 --strict
  tenure result record "$session" --status success
  refused 4 fence.required
  export TENURE_SESSION=$session TENURE_FENCE=$fence
  tenure result record --status success
  done_ok
  tenure result completion --exit-code 0
  done_ok
  TENURE_FENCE=99 tenure result record --status failure
  refused 4 fence.token
  tenure result show
  [ "${#lines[@]}" -eq 3 ]
}

@test "what may not be recorded is refused by name" {
  tenure init
  tenure result
  refused 2 usage.required
  tenure result lose
  refused 2 usage.action
  tenure result record nobody --status success
  refused 3 result.missing
  tenure result completion nobody --exit-code 1
  refused 3 completion.missing
  tenure result show --status success
  refused 2 usage.option
  tenure result completion x --exit-code 1 --final
  refused 2 usage.option
  new_session --scope s --actor a --lease 60
  tenure result record "$session"
  refused 2 opt.required
  tenure result record "$session" --status splendid
  refused 2 opt.result_status
  tenure result record "$session" --status success --provenance hearsay
  refused 2 opt.provenance
  tenure result record "$session" --status success --exit-code x
  refused 2 opt.exit_code
  tenure result record "$session" --status success --incarnation 2
  refused 4 fence.session
  tenure clear --scope s --force --reason r
  tenure result record "$session" --status success
  refused 4 fence.token
  [ "$(sql 'SELECT count(*) FROM tenure_result')" = 0 ]
}

@test "results are shown: by themselves, of one session, beside the session and its scope" {
  local text=$'it\'s <b>\e[31m \xe2\x80\xae\nx'
  new_session --scope one --actor a --lease 60
  local first=$session
  new_session --scope two --actor a --lease 60
  tenure result record "$first" --status success --exit-code 0 --summary "$text"
  tenure result completion "$session" --exit-code 3 --reason "$text"
  tenure result show
  done_ok
  harmless
  [[ ${lines[0]} == 'KIND     SESSION '*' STATUS   CODE  FROM   SINCE '* ]]
  [ "${#lines[@]}" -eq 3 ]
  tenure result show "$first" --json
  json '.result.results | length == 1 and .[0].kind == "result" and .[0].summary == $text and .[0].final == false' --arg text "$text"
  tenure result show --limit 1 --csv
  harmless
  [ "${#lines[@]}" -eq 2 ]
  tenure show "$first" --json
  json '.result.results[0].status == "success"'
  tenure show "$session"
  says 'process  '
  tenure status one
  says '  result   success, exit code 0, it'
  harmless
  tenure clear --scope one --actor a --reason over
  tenure status one
  says 'one: free'
  says '  last     a, ended 20'
  says ', cleared by a'
  says '  result   success, exit code 0, it'
  harmless
}
