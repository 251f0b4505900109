#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # jq has $variables; bats runs each test apart and sets the rest
#
# How a command fails: the exit code, the code, and the object that --json gives.

load helper

# SQLite's own sentences: the exit code, the code, and whether it is worth another try.
troubles='5 unavailable false database or disk is full (13)
5 unavailable false attempt to write a readonly database (8)
5 unavailable false disk I/O error (10)
5 unavailable false unable to open database file (14)
5 unavailable true database is locked (5)
5 unavailable true database table is locked (6)
5 unavailable true locking protocol (15)
5 database.corrupt false file is not a database (26)
5 database.corrupt false database disk image is malformed (11)
1 internal false out of memory (7)'

@test "2: unknown verb, for people and as JSON" {
  tenure frobnicate
  refused 2 usage.verb
  tenure --json frobnicate
  [ "$status" -eq 2 ]
  json '.ok == false and .command == "frobnicate" and .error.code == "usage.verb" and (.error.retryable | not)'
  tenure frobnicate --json
  json '.error.code == "usage.verb"'
  tenure
  refused 2 usage.verb
  tenure ../verbs/start
  refused 2 usage.verb
  tenure ''
  refused 2 usage.verb
}

@test "whoever cannot read stderr still has the exit code" {
  new_session --scope held --actor one --lease 600
  local code verb
  while read -r code verb; do
    status=0
    # shellcheck disable=SC2086 # a verb and its arguments
    "$tenure" $verb >/dev/null 2>&- || status=$?
    [ "$status" -eq "$code" ] || report "$verb: $status with stderr closed"
    status=0
    # shellcheck disable=SC2086
    "$tenure" $verb >/dev/null 2>/dev/full || status=$?
    [ "$status" -eq "$code" ] || report "$verb: $status with stderr full"
  done <<EOF
2 frobnicate
3 show ses_nobody
4 start --scope held --actor two --lease 6
0 wait --cap 0 $session
75 wait --cap 0 --strict $session
EOF
  status=0
  "$tenure" status >&- 2>&- || status=$?
  [ "$status" -eq 5 ]
}

@test "options of another shell change nothing" {
  local options
  for options in SHELLOPTS=allexport SHELLOPTS=braceexpand:noglob SHELLOPTS=keyword BASH_COMPAT=4.2 BASHOPTS=localvar_inherit \
    FUNCNEST=3; do
    status=0
    env "$options" "$tenure" start --scope "$options" --label $'a\rb\'' >/dev/null || status=$?
    [ "$status" -eq 0 ] || report "$options: $status"
    [ "$(sql "SELECT hex(label) FROM tenure_session WHERE scope = '$options'")" = 610D6227 ] || report "$options: the label"
  done
}

@test "a sqlite3 that ends early is not believed, whatever its status" {
  mkdir early
  printf '#!/bin/sh\ncat >/dev/null\necho "-- answer"\n' >early/sqlite3
  chmod +x early/sqlite3
  "$tenure" init >/dev/null
  status=0
  PATH=$PWD/early:$PATH "$tenure" list >seen 2>said || status=$?
  [[ $status -eq 1 && ! -s seen && $(<said) == 'tenure: internal: sqlite3 ended '* ]] || report "$status: $(<said)"
}

# shellcheck disable=SC2317 # the command calls one of them
@test "functions of another shell change nothing, and reach the command" {
  read() { echo READ; }
  source() { echo SOURCE; }
  set() { echo SET; }
  kill() { :; }
  export -f read source set kill
  "$tenure" start --scope s --label l >/dev/null
  "$tenure" run --scope r --actor a -- bash -c 'read x' >seen
  unset -f read source set kill
  [ "$(<seen)" = READ ] || report "$(<seen)"
  [ "$(sql 'SELECT group_concat(status) FROM (SELECT status FROM tenure_session ORDER BY scope DESC)')" = running,exited ] || report 'the sessions'
}

@test "a shell that exports everything hands nothing of the scripts to a command" {
  env SHELLOPTS=allexport "$tenure" run --scope s --actor a -- env >seen
  ! grep -q '^SHELLOPTS=.*privileged' seen || report 'a shell of the command would be privileged'
  run grep -E '^(LIBRARY=|BASH_FUNC_(fail|use)%%)' seen
  [ "$status" -eq 1 ] || report "$output"
}

@test "2: options and operands that are not there" {
  tenure start --bogus
  refused 2 usage.option
  tenure start -x
  refused 2 usage.option
  tenure start --json --bogus=1
  [ "$status" -eq 2 ]
  json '.command == "start" and .error.code == "usage.option"'
  tenure start --scope
  refused 2 usage.option
  tenure start --strict=1
  refused 2 usage.option
  tenure start operand
  refused 2 usage.operand
  tenure transition
  refused 2 usage.required
  tenure guard
  refused 2 usage.required
  tenure events --limit many
  refused 2 usage.number
  tenure events --limit=-1
  refused 2 usage.number
  tenure --db
  refused 2 usage.option
  tenure --bogus start
  refused 2 usage.option
  TENURE_BUSY_TIMEOUT=soon tenure start
  refused 2 usage.number
}

@test "2: misuse that the database names" {
  tenure start --actor a
  refused 2 opt.lease_required
  tenure start --actor a --lease 0
  refused 2 opt.lease_range
  tenure start --actor a --lease soon --json
  [ "$status" -eq 2 ]
  json '.command == "start" and .error.code == "opt.lease_range" and (.error.retryable | not)'
  tenure start --mode ''
  refused 2 opt.mode
  new_session
  tenure heartbeat --activity "$(printf '%0281d' 0)"
  refused 2 activity.too_long
  tenure transition "$session" flying
  refused 2 usage.status
}

@test "3: no such session" {
  tenure init
  tenure heartbeat
  refused 3 heartbeat.missing
  tenure takeover --actor a --reason r
  refused 3 takeover.missing
  tenure transition ses_none exited
  refused 3 transition.missing
  tenure resume ses_none
  refused 3 resume.missing
  tenure clear --session ses_none
  refused 3 clear.missing
  tenure show ses_none
  refused 3 show.missing
  tenure show
  refused 3 show.missing
  tenure heartbeat --json
  [ "$status" -eq 3 ]
  json '.ok == false and .command == "heartbeat" and .error.code == "heartbeat.missing" and (.error.message | length > 10)'
}

@test "4: refused by a rule" {
  new_session --scope repo --actor worker-1 --lease 60
  tenure start --scope repo --actor worker-2 --lease 60
  refused 4 start.live_other_owner
  [[ $stderr == *worker-1* ]]
  [[ $stderr != *'(19)'* ]]
  tenure start --scope repo --actor worker-2 --lease 60 --json
  [ "$status" -eq 4 ]
  json '.ok == false and .error.code == "start.live_other_owner" and (.error.retryable | not)'
  json '.error.message | test("worker-1") and (endswith("(19)") | not)'
  tenure takeover --scope repo --actor worker-2 --reason r
  refused 4 takeover.live
  tenure heartbeat --scope repo --actor worker-2
  refused 4 heartbeat.not_owner
  tenure heartbeat --scope repo --actor worker-1 --fence 9
  refused 4 fence.token
  tenure clear --scope repo --actor worker-2
  refused 4 clear.denied
  tenure transition "$session" idle --fence "$fence"
  refused 4 transition.illegal
  tenure transition "$session" ready --fence "$fence" --expected-revision 9
  refused 4 transition.conflict
  tenure resume "$session" --actor worker-1
  refused 4 resume.live
}

@test "4: a lease that ran out" {
  new_session --scope repo --actor worker-1 --lease 1
  sleep 1.2
  tenure heartbeat --scope repo --actor worker-1
  refused 4 heartbeat.stale
  tenure start --scope repo --actor worker-2 --lease 60
  refused 4 start.stale_other_owner
  tenure status repo
  done_ok
  says 'STALE (expired)'
  says 'ran out '
  tenure list
  says 'running (stale)'
}

@test "a refusal leaves the session as it was" {
  new_session --actor worker-1 --lease 60
  local before
  before=$(sql 'SELECT * FROM tenure_session; SELECT * FROM tenure_event')
  tenure heartbeat --actor worker-2 --activity x
  tenure takeover --actor worker-2 --reason x
  tenure clear --actor worker-2
  [ "$(sql 'SELECT * FROM tenure_session; SELECT * FROM tenure_event')" = "$before" ]
}

@test "5: a database that another process keeps locked" {
  new_session
  sqlite3 "$TENURE_DB" <<<"BEGIN IMMEDIATE;
.shell touch locked; while [ -e locked ]; do sleep 0.05; done" 3>&- &
  until [ -e locked ]; do sleep 0.05; done
  TENURE_BUSY_TIMEOUT=50 tenure heartbeat
  refused 5 unavailable
  [[ $stderr == *'50 ms'* ]]
  TENURE_BUSY_TIMEOUT=50 tenure heartbeat --json
  [ "$status" -eq 5 ]
  json '.ok == false and .error.code == "unavailable" and .error.retryable'
  tenure status --json
  done_ok
  rm locked
  wait
  tenure heartbeat
  done_ok
}

@test "a lock that is given back in time is waited for" {
  new_session
  sqlite3 "$TENURE_DB" <<<"BEGIN IMMEDIATE;
.shell touch locked; sleep 0.5" 3>&- &
  until [ -e locked ]; do sleep 0.05; done
  tenure heartbeat
  done_ok
  wait
}

@test "5: a file that is no database, and one that is damaged" {
  printf 'this is no database, and long enough to be looked at %0100d' 0 >"$TENURE_DB"
  tenure status
  refused 5 database.corrupt
  tenure start --json
  [ "$status" -eq 5 ]
  json '.error.code == "database.corrupt" and (.error.retryable | not)'
  rm "$TENURE_DB"
  new_session
  truncate -s 8192 "$TENURE_DB"
  tenure list
  refused 5 database.corrupt
}

@test "5: a place where no file can be" {
  tenure start --db "$BATS_TEST_TMPDIR/nowhere/t.db"
  refused 5 unavailable
  tenure start --db "$BATS_TEST_TMPDIR"
  refused 5 unavailable
  tenure status --db "$BATS_TEST_TMPDIR" --json
  [ "$status" -eq 5 ]
  json '.error.code == "unavailable"'
}

@test "5: output that cannot be written" {
  new_session
  run bash -c '"$1" heartbeat >/dev/full' - "$tenure"
  [ "$status" -eq 5 ]
}

@test "1: an extension that is not there, or is none" {
  local tree=$BATS_TEST_TMPDIR/tree
  mkdir -p "$tree/dist"
  cp -r "${tenure%/*}" "$tree/bin"
  run --separate-stderr "$tree/bin/tenure" start
  refused 1 extension.unusable
  [ ! -e "$TENURE_DB" ]
  printf 'no library' >"$tree/dist/tenure.so"
  run --separate-stderr "$tree/bin/tenure" version --json
  [ "$status" -eq 1 ]
  json '.error.code == "extension.unusable"'
}

@test "what else is printed on the way is no part of the answer" {
  new_session
  run --separate-stderr env LD_PRELOAD=/nowhere.so "$tenure" status --json
  done_ok
  stderr=''
  json '.result.scopes | length == 1'
  run --separate-stderr env LD_PRELOAD=/nowhere.so "$tenure" takeover --actor a --reason r
  [ "$status" -eq 4 ]
  [[ $stderr == *'tenure: takeover.not_autonomous: '* ]]
  run --separate-stderr env LD_PRELOAD=/nowhere.so "$tenure" status --db "$BATS_TEST_TMPDIR"
  [ "$status" -eq 5 ]
}

@test "1: no sqlite3" {
  mkdir path
  ln -s "$(command -v bash)" path/bash
  run --separate-stderr env PATH="$PWD/path" bash "$tenure" version
  refused 1 internal
  [[ $stderr == *'sqlite3 is not installed'* ]]
}

@test "every kind of code has its exit code" {
  run bash -c 'source "$1/lib/failure.sh"
    for code in usage.x opt.x.missing json.x activity.x x.missing start.x fence.token unavailable internal; do
      exit_code "$code"; printf "%s " "$REPLY"
    done' - "${tenure%/*}"
  [ "$output" = '2 2 2 2 3 4 4 5 1 ' ]
}

@test "every trouble that SQLite names is told apart" {
  run bash -c 'shopt -s extglob; for part in database message failure; do source "$1/lib/$part.sh"; done
    DATABASE=./t.db
    while read -r text; do
      ANSWER="Runtime error near line 7: $text"
      explain_failure 1
      exit_code "$FAULT"
      echo "$REPLY $FAULT $FAULT_RETRYABLE $text"
    done <<<"$2"' - "${tenure%/*}" "$(cut -d' ' -f4- <<<"$troubles")"
  [ "$output" = "$troubles" ]
}

@test "colours are for terminals that want them" {
  new_session --scope repo
  tenure status repo
  [[ $output != *$'\e'* ]]
  command -v script >/dev/null || skip 'no script(1) here'
  run env -u NO_COLOR TERM=xterm script -qec "'$tenure' status repo" /dev/null
  [[ $output == *$'\e[1mrepo\e[0m'* ]]
  run env TERM=xterm NO_COLOR=1 script -qec "'$tenure' status repo" /dev/null
  [[ $output != *$'\e'* ]]
}

@test "complaints are coloured for terminals that want it" {
  command -v script >/dev/null || skip 'no script(1) here'
  local wish
  run env -u NO_COLOR TERM=xterm script -qec "'$tenure' frobnicate" /dev/null
  [[ $output == $'\e[31mtenure\e[0m: usage.verb: '* ]]
  for wish in NO_COLOR=1 TERM=dumb; do
    run env -u NO_COLOR TERM=xterm "$wish" script -qec "'$tenure' frobnicate" /dev/null
    [[ $output == 'tenure: usage.verb: '* && $output != *$'\e'* ]] || report "with $wish"
  done
}
