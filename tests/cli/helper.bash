# shellcheck shell=bash disable=SC2034,SC2154 # bats and the tests set and use the rest
#
# helper.bash - what the tests of the command share. Each test has a folder, a home and a database of its
# own, and no TENURE_ variable from outside.

bats_require_minimum_version 1.5.0

tenure=${BATS_TEST_DIRNAME%/*}
tenure=${tenure%/*}/bin/tenure

# some ARRAY COUNT: leaves COUNT of the texts in ARRAY, by chance, and all where TENURE_LONG is set. A test that fails
# says the seed; TENURE_SEED repeats it.
seed=${TENURE_SEED:-$RANDOM}
RANDOM=$seed
some() {
  local -n all=$1
  local i
  while [ -z "${TENURE_LONG:-}" ] && ((${#all[@]} > $2)); do
    i=$((RANDOM % ${#all[@]}))
    all=("${all[@]:0:i}" "${all[@]:i+1}")
  done
}

# Texts that a careless command would run, break on, or lose.
worst=("it's" "'; DROP TABLE tenure_session; --" $'.shell touch pwned\n.quit\n/\ngo' $'\'\n.quit\n' $'cr\r\nlf\r' '--x' '007'
  '$(touch pwned)' 'é 🙂' $'\e[31m\x7f\xe2\x80\xae' 'a"\b&')
some worst 1

setup() {
  local name
  for name in "${!TENURE_@}" "${!GIT_@}" "${!XDG_@}"; do unset "$name"; done
  cd "$BATS_TEST_TMPDIR" || return 1
  mkdir home work
  export HOME=$BATS_TEST_TMPDIR/home TENURE_DB=$BATS_TEST_TMPDIR/t.db
  cd work || return 1
}

# tenure ARGUMENT...: runs the command; sets status, output, lines (without blank ones) and stderr as bats' own run does,
# which takes half as long again as the command itself.
tenure() {
  status=0
  output=$("$tenure" "$@" 2>"$BATS_TEST_TMPDIR/stderr") || status=$?
  stderr=$(<"$BATS_TEST_TMPDIR/stderr")
  IFS=$'\n' read -d '' -ra lines <<<"$output" || true
}

# tenure_at TIME ARGUMENT...: runs the command at that time of the virtual clock, which its sqlite3 is told first.
tenure_at() {
  local folder=$BATS_TEST_TMPDIR/clock
  mkdir -p "$folder"
  printf '%s\n' '#!/bin/sh' "sed '/^\\.load /a SELECT tenure_clock($1);' | $(command -v sqlite3) \"\$@\"" >"$folder/sqlite3"
  chmod +x "$folder/sqlite3"
  PATH=$folder:$PATH tenure "${@:2}"
}

# done_ok, refused STATUS CODE: how the last command ended.
done_ok() { [ "$status" -eq 0 ] || report "status $status"; }
refused() {
  [ "$status" -eq "$1" ] || report "status $status, not $1"
  # shellcheck disable=SC2154 # bats sets it
  [[ $stderr == "tenure: $2: "* ]] || report "the code is not $2"
  [ -z "$output" ] || report 'there is output'
}

# json FILTER [ARGUMENT...]: stdout is exactly one JSON object, stderr is empty, and FILTER is true of it.
json() {
  [ -z "$stderr" ] || report 'stderr is not empty'
  jq -es "${@:2}" "if length == 1 and (.[0] | type == \"object\") then .[0] | ($1) else false end" <<<"$output" >/dev/null ||
    report "not one object, or not so: $1"
}

# report TEXT: shows what happened, and fails.
report() {
  printf '%s\n' "$1" "stdout: $output" "stderr: $stderr" >&2
  return 1
}

# says TEXT: stdout has TEXT in it.
says() { [[ $output == *"$1"* ]] || report "no '$1' in the output"; }

# shell FILE STATEMENT...: the sqlite3 shell, which waits for a lock.
shell() { sqlite3 -batch -init /dev/null -cmd '.timeout 10000' "$@"; }

# sql STATEMENT [FILE]: asks the database without the extension.
sql() { shell "${2:-$TENURE_DB}" "$1"; }

# new_session ARGUMENT...: starts a session; sets session and fence. Where there is no database yet it gets a copy of
# one, made once for each file of tests.
new_session() {
  local fresh=$BATS_FILE_TMPDIR/fresh.db
  if [ ! -e "$TENURE_DB" ]; then
    [ -e "$fresh" ] || "$tenure" init --db "$fresh" >/dev/null
    cp "$fresh" "$TENURE_DB"
  fi
  tenure start --json "$@"
  [ "$status" -eq 0 ] || report "start ended with $status"
  [[ $output =~ '"session_id":"'([^\"]+)'"' ]] && session=${BASH_REMATCH[1]}
  [[ $output =~ '"fence":'([0-9]+) ]] && fence=${BASH_REMATCH[1]}
}

# dead_session ARGUMENT...: the same, of a process of this machine that has ended since.
dead_session() {
  sleep 60 3>&- &
  new_session --pid $! "$@"
  kill $!
  wait $! 2>/dev/null || true
}

# bytes TEXT: its bytes in hexadecimal.
bytes() { printf %s "$1" | od -An -v -tx1 | tr -d ' \n'; }

# harmless: stdout and stderr hold no control character but line ends, and no bidirectional one.
harmless() {
  ! tr -d '\n' <<<"$output$stderr" | LC_ALL=C grep -q '[[:cntrl:]]' || report 'a control character is shown'
  [[ $output$stderr != *$'\xe2\x80\xae'* ]] || report 'a bidirectional character is shown'
}

# teardown: whatever the test did, tenure_doctor finds nothing wrong with its database, if that is one, but
# where the test has set damaged. One in three is looked at, by chance, and all where TENURE_LONG is set.
teardown() {
  local found
  printf 'TENURE_SEED=%s\n' "$seed"
  [ -n "${TENURE_LONG:-}" ] || ((RANDOM % 3 == 0)) || return 0
  [ -z "${damaged:-}" ] && [ -s "$TENURE_DB" ] && [ "$(sql "SELECT count(*) FROM sqlite_schema WHERE name = 'tenure_meta'" 2>/dev/null)" = 1 ] || return 0
  found=$(shell "$TENURE_DB" ".load '${tenure%/bin/tenure}/dist/tenure'" \
    "SELECT check_name, session_id, finding FROM tenure_doctor WHERE severity = 'error'")
  [ -z "$found" ] || report "tenure_doctor: $found"
}
