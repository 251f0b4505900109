#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # jq has $variables; bats runs each test apart and sets the rest
#
# import: the file is taken over and set aside, whatever it holds.

load helper

# legacy NAME [REVISION]: writes a state file.
legacy() {
  jq -n --argjson revision "${2:-7}" '{schema_version: 4, session_id: "old-1", started_at_epoch_s: 1700000000,
    last_started_at_epoch_s: 1700000000, start_count: 3, mode: "implement", owner_kind: "runtime_worker",
    owner_id: "worker-1", lease_ttl_secs: 60, last_heartbeat_at_epoch_s: 1700000000, revision: $revision}' >"$1"
}

@test "a state file becomes a session, and is set aside" {
  tenure init
  legacy state.json
  tenure import state.json --scope repo
  done_ok
  says "imported old-1 of worker-1 into scope repo; the file is now 'state.json.migrated'"
  [ ! -e state.json ]
  [ -e state.json.migrated ]
  [ "$(sql 'SELECT session_id, scope, revision FROM tenure_session')" = 'old-1|repo|7' ]
}

@test "as JSON" {
  tenure init
  legacy state.json
  tenure import --json state.json
  done_ok
  json '.ok and .command == "import" and .result.imported and .result.scope == "main" and .result.set_aside == ".migrated"'
}

@test "a scope that is used keeps what it has; no file set aside is ever overwritten" {
  new_session
  local n
  for n in 1 2 3; do
    legacy state.json "$n"
    tenure import state.json --json
    done_ok
    json '.result.imported == false'
  done
  [ "$(jq .revision state.json.migrated)" = 1 ]
  [ "$(jq .revision state.json.migrated.1)" = 2 ]
  [ "$(jq .revision state.json.migrated.2)" = 3 ]
  ln -s nowhere other.migrated
  legacy other
  tenure import other
  done_ok
  [ -L other.migrated ]
  [ -e other.migrated.1 ]
}

@test "a file that cannot be read is put away with a warning" {
  tenure init
  printf '{"schema_version": 4, ' >state.json
  tenure import state.json
  done_ok
  [ -z "$output" ]
  [[ $stderr == 'tenure: warning: json.unparsable: '*"the file is now 'state.json.corrupt'" ]]
  [ -e state.json.corrupt ]
  printf '{\0}' >state.json
  run --separate-stderr "$tenure" import state.json --json
  done_ok
  jq -e '.ok and .result.imported == false and .result.set_aside == ".corrupt.1"
         and .result.warning.code == "json.unparsable"' <<<"$output"
  tenure start
  done_ok
}

@test "a refusal leaves the file where it is" {
  tenure init
  legacy state.json
  tenure import state.json --scope one
  legacy state.json
  tenure import state.json --scope two
  refused 4 import.id_taken
  [ -e state.json ]
}

@test "no such file" {
  tenure init
  tenure import nothing.json
  refused 2 usage.file
  tenure import .
  refused 2 usage.file
}

@test "a number inside the name is skipped where it is taken" {
  new_session
  legacy state.json
  : >state.json.migrated
  : >state.json.migrated.1
  tenure import state.json --json
  json '.result.set_aside == ".migrated.2"'
}

@test "a file that cannot be renamed stays, and the answer says so" {
  [ "$(id -u)" -ne 0 ] || skip 'root may rename anything'
  new_session
  mkdir fixed
  legacy fixed/state.json
  chmod a-w fixed
  tenure import fixed/state.json --json
  done_ok
  json '.result.set_aside == null'
  tenure import fixed/state.json
  says 'stays where it is'
  chmod u+w fixed
}

@test "names of files are data" {
  tenure init
  local name
  for name in "it's" '-x' $'a\nb' 'a b' '*' '$(x)'; do
    legacy "./$name"
    tenure import -- "$name"
    done_ok
    harmless
    [ -e "./$name.migrated" ]
  done
}
