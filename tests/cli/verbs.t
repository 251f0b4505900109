#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # jq has $variables; bats runs each test apart and sets the rest
#
# What each verb says and does when it succeeds, for people and as JSON.

load helper

@test "init makes a database in WAL mode, and may be repeated" {
  tenure init
  done_ok
  says 'journal mode wal'
  tenure init --json
  done_ok
  json '.ok and .command == "init" and .result.journal_mode == "wal" and (.result.version | length > 0)'
  json '.result.database == $file' --arg file "$TENURE_DB"
}

@test "start holds a scope" {
  tenure start --scope repo --actor worker-1 --lease 60
  done_ok
  says 'started ses_'
  says ' in scope repo: worker-1, fence 1, until 20'
  says ' left)'
}

@test "start answers with the report" {
  tenure start --scope repo --actor worker-1 --lease 60 --json
  done_ok
  json '.ok and .command == "start" and .result.command == "session-state-start"'
  json '.result | .scope == "repo" and .fence == 1 and .revision == 1 and .actor_id == "worker-1"
        and .lease_ttl_secs == 60 and .reset and .warning == null and (.session_id | startswith("ses_"))'
}

@test "start without an actor is an interactive session in scope main" {
  tenure start
  done_ok
  says ' in scope main: interactive, fence 1'
  tenure start --json
  json '.result | .lifecycle == "interactive" and .start_count == 2 and (.reset | not)'
}

@test "a warning of start goes to stderr for people, and is a field for programs" {
  new_session --actor worker-1 --lease 60
  tenure start --actor worker-1 --lease 60
  done_ok
  says 'joined ses_'
  [[ $stderr == 'tenure: warning: twin: '* ]]
  [[ $output != *warning* ]]
}

@test "start with an empty scope holds nothing" {
  tenure start --scope '' --actor worker-1 --lease 60
  done_ok
  says ', holding no scope: worker-1'
  [ "$(sql 'SELECT scope IS NULL FROM tenure_session')" = 1 ]
}

@test "start keeps what it was told about the process and for people" {
  new_session --actor a --lease 60 --supervisor boss --owner-kind runtime_supervisor --mode research \
    --status starting --strict --token-budget 9 --label L --command 'a b' --cwd /x --parent ses_p \
    --host h --boot-id b --pid 7 --pid-start-ticks 8
  [ "$(sql 'SELECT owner_id,lease_ttl,supervisor_id,owner_kind,mode,status,strict,token_budget,label,command,
              cwd,parent_session_id,host,boot_id,pid,pid_start_ticks FROM tenure_session')" = \
    'a|60|boss|runtime_supervisor|research|starting|1|9|L|a b|/x|ses_p|h|b|7|8' ]
}

@test "a bare --pid is a process of this machine" {
  new_session --actor a --lease 60 --pid $$
  [ "$(sql "SELECT pid=$$ AND pid_start_ticks>0 AND host<>'' AND boot_id<>'' FROM tenure_session")" = 1 ]
}

@test "heartbeat renews" {
  new_session --scope repo --actor worker-1 --lease 60
  tenure heartbeat --scope repo --actor worker-1
  done_ok
  says "renewed $session, fence 1, until 20"
  tenure heartbeat --json --session "$session" --fence "$fence" --activity 'running tests' --progress 1 --outcome ok
  done_ok
  json '.command == "heartbeat" and .result.current_activity == "running tests" and .result.remaining_secs > 50'
  [ "$(sql 'SELECT last_outcome, no_progress_count, progress_at > 0 FROM tenure_session')" = 'ok|0|1' ]
  tenure heartbeat "$session" --actor worker-1 --progress 0
  done_ok
  [ "$(sql 'SELECT no_progress_count FROM tenure_session')" = 1 ]
}

@test "clear frees the scope, and is content when nobody is there" {
  new_session --actor worker-1 --lease 60
  tenure clear --actor worker-1 --reason 'all done'
  done_ok
  says "cleared $session of worker-1"
  tenure clear
  done_ok
  says 'nothing to clear'
  tenure clear --json
  json '.ok and .command == "clear" and (.result.cleared | not)'
  [ "$(sql 'SELECT status, end_reason, end_note FROM tenure_session')" = 'exited|cleared|all done' ]
}

@test "clear by force, with a reason" {
  new_session --actor worker-1 --lease 60
  tenure clear --force --reason 'it hangs' --json
  done_ok
  json '.result.cleared and .result.actor_id == "worker-1"'
  [ "$(sql 'SELECT end_reason FROM tenure_session')" = forced ]
}

@test "takeover from one who is gone" {
  dead_session --scope repo --actor worker-1 --lease 60
  tenure takeover --scope repo --actor worker-2 --reason 'it vanished'
  done_ok
  says 'took over from worker-1: ses_'
  says ', worker-2, fence 2, until 20'
}

@test "takeover as JSON, with another lease" {
  dead_session --scope repo --actor worker-1 --lease 60
  tenure takeover "$session" --actor worker-2 --reason x --lease 90 --expected-revision 1 --json
  done_ok
  json '.command == "takeover" and (.result | .prior_session_id == $old and .lease_ttl_secs == 90 and .fence == 2)' \
    --arg old "$session"
}

@test "takeover with a bare --pid tells the rest of the process" {
  dead_session --scope repo --actor worker-1 --lease 60
  tenure takeover --scope repo --actor worker-2 --reason x --pid $$
  done_ok
  tenure show --scope repo --json
  json '.result.session | .pid == $pid and .host and .boot_id and .pid_start_ticks > 0' --argjson pid $$
}

@test "show tells how long ago a time was, or how far off it is" {
  new_session --actor worker-1 --lease 600
  tenure show
  grep -qE '^started_at +[0-9TZ:-]+ \([0-9]+ s ago\)$' <<<"$output" || report 'when it started'
  grep -qE '^lease_expires_at +[0-9TZ:-]+ \(([0-9]+ min|[0-9]+ s) left\)$' <<<"$output" || report 'when its lease ends'
}

@test "transition changes the status" {
  new_session --actor worker-1 --lease 60
  tenure transition "$session" ready --actor worker-1 --expected-revision 1
  done_ok
  says "$session is ready, revision 2"
  tenure transition "$session" running --actor worker-1 --incarnation 2
  refused 4 fence.session
  tenure transition --session "$session" --status exited --fence "$fence" --reason finished --exit-code 3 --json
  done_ok
  json '.command == "transition" and .result.status == "exited" and .result.exit_code == 3'
}

@test "transition takes its one operand as the status" {
  new_session --actor worker-1 --lease 60
  tenure transition exited --session "$session" --actor worker-1
  done_ok
  says 'is exited'
  TENURE_SESSION=$session TENURE_FENCE=$fence tenure transition exited
  done_ok
}

@test "resume brings an ended session back" {
  new_session --actor worker-1 --lease 60
  tenure clear --actor worker-1
  tenure resume "$session" --actor worker-1 --reason 'once more'
  done_ok
  says "resumed $session, incarnation 2, fence 3, until 20"
  tenure clear --actor worker-1
  tenure resume --session "$session" --actor worker-1 --lease 90 --json
  json '.command == "resume" and .result.incarnation == 3 and .result.lease_ttl_secs == 90'
}

@test "status says who, since when, until when, doing what" {
  new_session --scope repo --actor worker-1 --lease 60
  tenure heartbeat --scope repo --actor worker-1 --activity 'running tests'
  tenure status --scope repo
  done_ok
  says 'repo: held by worker-1, autonomous, running'
  says '  since    20'
  says '  until    20'
  says ' s left)'
  says '  doing    running tests ('
  says "  session  $session, fence 1, revision 2"
}

@test "status of one scope that is free, or was never used" {
  new_session --scope repo
  tenure clear --scope repo
  tenure status repo
  done_ok
  says 'repo: free'
  tenure status --scope never
  done_ok
  says 'never: free'
}

@test "status of all scopes" {
  new_session --scope one --actor worker-1 --lease 60
  new_session --scope two
  new_session --scope three
  new_session --scope ''
  tenure clear --scope three
  tenure status
  done_ok
  [[ ${lines[0]} == 'SCOPE  HOLDER       STATUS '*'SINCE '*'UNTIL '*'DOING' ]]
  [[ ${lines[1]} == 'one    worker-1     running '* ]]
  [[ ${lines[2]} == 'two    interactive  running '* ]]
  [[ ${lines[3]} == '1 scope is free' ]]
  [[ ${lines[4]} == '1 session holds no scope; see tenure list' ]]
  tenure status --json
  json '.command == "status" and [.result.scopes[].holding] == ["active", "active", "missing"]'
  json '.result.scopes[0] | .scope == "one" and .owner_id == "worker-1" and .stale == false and .remaining_secs > 50'
}

@test "status where nothing is held" {
  tenure init
  tenure status
  done_ok
  says 'no scope is held'
  tenure status --json
  json '.result.scopes == []'
}

@test "list shows the living, and all if asked" {
  new_session --scope one --actor worker-1 --lease 60
  tenure clear --scope one --actor worker-1
  local ended=$session
  new_session --scope two
  tenure list
  done_ok
  [[ ${lines[0]} == 'SESSION '*'SCOPE '*'STATUS '*'HOLDER '*'FENCE '*'UNTIL '*'DOING' ]]
  [ "${#lines[@]}" -eq 2 ]
  says "$session"
  tenure list --all
  says "$ended"
  says ', cleared'
  tenure list --all --scope one --json
  json '(.result.sessions | length) == 1 and (.result.sessions[0] | .session_id == $id and .end_reason == "cleared"
        and .strict == false and .stale == null)' --arg id "$ended"
  tenure list --scope nowhere
  done_ok
  [ "${#lines[@]}" -eq 1 ]
}

@test "lists as CSV have a header and a line per row" {
  new_session --scope 'a,"b"' --label $'x\ny'
  tenure list --csv
  done_ok
  [ "${#lines[@]}" -eq 2 ]
  [[ ${lines[0]} == session_id,scope,status,* ]]
  [[ ${lines[1]} == "$session"',"a,""b""",running,'* ]]
  [[ ${lines[1]} == *'x\ny'* ]]
  tenure events --csv
  [[ ${lines[0]} == seq,at,session_id,* ]]
  tenure status --csv
  [[ ${lines[0]} == scope,holding,* ]]
}

@test "show tells all there is about one session" {
  new_session --scope repo --actor worker-1 --lease 60 --label mine
  tenure show "$session"
  done_ok
  [[ ${lines[0]} == "session_id              $session" ]]
  says 'label                   mine'
  says 'owner_id                worker-1'
  says 'started_at              20'
  says 'SEQ  AT'
  tenure show --json --scope repo
  json '.command == "show" and .result.session.label == "mine" and .result.session.rate_limits == null
        and (.result.events | length) == 1'
  [ "$(jq -r '.result.session | keys | length' <<<"$output")" -ge "$(sql 'SELECT count(*) FROM pragma_table_info("tenure_session")')" ]
}

@test "show of an ended session" {
  new_session
  tenure clear --reason over
  tenure show "$session" --limit 1
  done_ok
  says 'end_note                over'
  [[ ${lines[-2]} == 'SEQ '* ]]
}

@test "events shows the log" {
  new_session --scope one
  new_session --scope two
  tenure clear --scope two
  tenure events
  done_ok
  [[ ${lines[0]} == 'SEQ  AT '*'SESSION '*'EVENT '*'STATUS '*'ACTOR '*'DETAIL' ]]
  [ "${#lines[@]}" -eq 4 ]
  says 'running -> exited'
  tenure events --scope two --json
  json '[.result.events[].to_status] == ["running", "exited"]'
  tenure events --session "$session" --limit 1 --json
  json '[.result.events[].to_status] == ["exited"]'
}

@test "escalations are noted, listed and resolved" {
  tenure init
  tenure escalate --scope repo --kind blocking --reason 'which key?' --actor worker-1 --json
  done_ok
  json '.command == "escalate" and .result.kind == "blocking"'
  local id
  id=$(jq -r .result.escalation_id <<<"$output")
  tenure escalate --list
  says "$id"
  says 'which key?'
  tenure status repo
  says '1 open escalation, 1 blocking'
  tenure escalate --list --scope other --json
  json '.result.escalations == []'
  tenure escalate --list --kind blocking --json
  json '.result.escalations | length == 1'
  tenure escalate --list --kind non_blocking --json
  json '.result.escalations == []'
  tenure escalate --list --kind blokking
  refused 2 opt.kind
  tenure escalate --list --reason r
  refused 2 usage.option
  tenure escalate --resolve "$id" --reason r
  refused 2 usage.option
  tenure escalate --kind blocking --reason r --csv
  refused 2 usage.option
  tenure escalate --resolve "$id"
  done_ok
  says "resolved $id"
  tenure escalate --list --csv
  [ "${#lines[@]}" -eq 1 ]
}

@test "baselines are noted and listed" {
  new_session --scope repo
  tenure baseline --session "$session" --fence "$fence" --name head --digest 'abc "1"' --json
  done_ok
  json '.command == "baseline" and .result.name == "head" and .result.digest == "abc \"1\""'
  tenure baseline --session "$session" --fence "$fence" --name lock --digest '' --actor worker-1
  done_ok
  says "noted lock of $session"
  tenure baseline --json
  json '[.result.baselines[] | .name] == ["head", "lock"]'
  tenure baseline
  [[ ${lines[0]} == SESSION*NAME*DIGEST*SINCE ]] || report "no such head"
  says "$session  head  abc \"1\""
  tenure baseline --name head --csv
  [ "${#lines[@]}" -eq 2 ]
  tenure baseline --session other
  refused 3 baseline.missing
  tenure baseline --session other --name head --digest x
  refused 3 baseline.missing
  tenure baseline --session "$session" --fence 77 --name head --digest x
  refused 4 fence.token
  tenure baseline --fence 1
  refused 2 usage.required
}

@test "gates are set and shown" {
  tenure init
  tenure gate
  done_ok
  says 'no gates in scope main'
  tenure gate --scope repo --set '["tests pass","review"]'
  done_ok
  says 'set the gates of repo, revision 1'
  tenure gate --scope repo
  [ "${lines[*]}" = 'tests pass review' ]
  tenure gate --scope repo --json
  json '.command == "gate" and .result == {scope: "repo", gates: ["tests pass", "review"], revision: 1}'
  tenure gate --scope repo --set '[]' --expected-revision 1 --json
  json '.result.revision == 2'
  tenure gate --scope repo --set '[null,true,false,1.5,"a\tb",[1],{"b":null}]'
  tenure gate --scope repo
  [ "${lines[*]}" = 'null true false 1.5 a\tb [1] {"b":null}' ] || report 'every gate is shown'
  tenure gate --scope repo --expected-revision 3
  refused 2 usage.option
  tenure gate --scope ''
  refused 2 opt.required
}

@test "a list of a session that nobody has heard of is refused, one of a collected session is not" {
  new_session --scope repo
  tenure events "$session"
  done_ok
  local -A code=([events]=events [usage]=turn [baseline]=baseline ['request list']=request ['result show']=result)
  for verb in "${!code[@]}"; do
    # shellcheck disable=SC2086 # a verb and its action
    tenure $verb "$session"
    done_ok
    # shellcheck disable=SC2086
    tenure $verb ses_nobody
    refused 3 "${code[$verb]}.missing"
  done
  tenure clear "$session" --fence "$fence"
  tenure gc --older-than 0
  tenure list --all --json
  json '.result.sessions == []'
  tenure events "$session"
  done_ok
  says session.collected
}

@test "guard lets only the holder write" {
  tenure init
  sql 'CREATE TABLE tasks(x)'
  tenure guard tasks --scope repo
  done_ok
  says 'tasks is guarded'
  run sqlite3 "$TENURE_DB" 'INSERT INTO tasks VALUES (1)'
  [ "$status" -ne 0 ]
  tenure guard --remove tasks --json
  done_ok
  json '.command == "guard" and .result == {table: "tasks", guarded: false}'
  sqlite3 "$TENURE_DB" 'INSERT INTO tasks VALUES (1)'
  tenure guard tasks --json
  json '.result.guarded'
  tenure unguard tasks
  says 'tasks is not guarded'
  sqlite3 "$TENURE_DB" 'INSERT INTO tasks VALUES (1)'
}

@test "a receipt makes a request safe to repeat" {
  new_session --actor worker-1 --lease 60 --receipt r1
  local first=$session
  new_session --actor worker-1 --lease 60 --receipt r1
  [ "$session" = "$first" ]
  json '.result.replayed and .result.start_count == 1'
}

@test "version" {
  tenure version
  done_ok
  [[ $output == 'tenure '*', SQLite 3.'* ]]
  tenure --version
  [[ $output == 'tenure '*', SQLite 3.'* ]]
  tenure version --json
  json '.command == "version" and (.result.version | length > 0) and (.result.sqlite | startswith("3."))'
}

@test "help lists every verb" {
  tenure help
  done_ok
  local file verb
  for file in "${BATS_TEST_DIRNAME%/tests/cli}"/bin/lib/verbs/*.sh; do
    verb=${file##*/}
    says "  ${verb%.sh} "
  done
  tenure --help
  says 'usage: tenure VERB'
  tenure help --json
  json '.command == "help" and ([.result.verbs[].verb] | index("start") and index("version"))'
  tenure help transition --json
  json '.result | .verb == "transition" and [.operands[].name] == ["SESSION", "STATUS"]
        and (.options[] | select(.name == "--reason") | .value == "TEXT" and (.help | length > 0))'
}

@test "help of every verb names every option of it" {
  local file verb option
  for file in "${BATS_TEST_DIRNAME%/tests/cli}"/bin/lib/verbs/*.sh; do
    verb=${file##*/}
    verb=${verb%.sh}
    tenure "$verb" --help
    done_ok
    [[ ${lines[0]} == "usage: tenure $verb "* ]]
    local by_option=$output
    tenure help "$verb"
    [ "$output" = "$by_option" ]
    while read -r option; do
      [[ $option == contents ]] || says "  --$option"
    done < <(sed -n 's/^ *option \([a-z-]*\) .*/\1/p' "$file")
  done
}
