#!/usr/bin/env bash
# The scenario of the hosts, played by the sqlite3 shell: it reads the file as it stands, but for the values to
# bind, which become its own commands, line for line. An error names the line where its statement begins, and
# the rows come out in order, so both can be compared with what the file expects.
set -euo pipefail
cd "$(dirname "$0")"

extension=${TENURE_EXTENSION:-../../dist/tenure}
[[ $extension == /* ]] || extension=$PWD/$extension
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

run=0
failed=0
# is GOT WANT NAME: one test.
is() {
  run=$((run + 1))
  if [[ $1 == "$2" ]]; then
    printf 'ok %d - %s\n' "$run" "$3"
  else
    failed=$((failed + 1))
    printf 'not ok %d - %s\n' "$run" "$3"
    diff <(printf '%s\n' "$1") <(printf '%s\n' "$2") | sed 's/^/# /' || true
  fi
}

shell() { sqlite3 -batch -init /dev/null -cmd ".load $extension" "$@"; }

# The scenario with ".parameter set ?1 VALUE" where it has "-- bind: VALUE".
for_shell() {
  awk -v quote="'" '
    $0 == "--" { n = 0 }
    /^-- bind: / {
      value = substr($0, 10)
      gsub(quote, quote quote, value)
      gsub(/"/, "\\\"", value)
      printf ".parameter set ?%d \"%s\"\n", ++n, value ~ /^[0-9]+$/ ? value : quote value quote
      next
    }
    { print }' scenario.sql
}

status=0
shell "$folder/t.db" < <(for_shell) >"$folder/rows" 2>"$folder/errors" || status=$?
is "$((status > 0))" 1 'the shell says that there were errors'
is "$(<"$folder/rows")" "$(sed -n 's/^-- row: //p' scenario.sql)" 'every row of every statement, and the log'

# check LINE CODE TEXT...: what came of the statement that begins there.
check() {
  local error text
  error=$(sed -En "s/^(Runtime|Parse) error near line $1: //p" "$folder/errors")
  if [[ -z $2 ]]; then
    is "$error" '' "line $1: ok"
    return
  fi
  is "$(sed -E 's/^tenure: ([a-z_.]+): .*/\1/; q' <<<"$error")" "$2" "line $1: $2"
  for text in "${@:3}"; do
    is "$(grep -cF -- "$text" <<<"$error")" 1 "line $1: says $text"
  done
}

number=0 begin=0 code='' texts=() expected=0
while IFS= read -r line || [[ -n $line ]]; do
  number=$((number + 1))
  case $line in
    --)
      if ((begin)); then check "$begin" "$code" "${texts[@]}"; fi
      begin=0 code='' texts=() ;;
    '-- expect: '*) code=${line#-- expect: } expected=$((expected + 1)) ;;
    '-- says: '*) texts+=("${line#-- says: }") ;;
    --* | '') ;;
    *) ((begin)) || begin=$number ;;
  esac
done < <(cat scenario.sql && printf -- '--\n')
is "$(wc -l <"$folder/errors")" "$expected" 'no other error'

# What is special here: one command per invocation, with -bail, read-only, and without the extension.
is "$(shell "$folder/t.db" "SELECT lease_remaining(10, 5, 12)" ".quit")" 3 'as an argument'
is "$(shell -bail "$folder/t.db" 2>&1 <<'SQL' | cut -d: -f1-3
SELECT session_transition('running', 'idle', 1, 1);
SELECT 'not reached';
SQL
)" 'Runtime error near line 1: tenure: transition.illegal' '-bail stops at a refusal'
is "$(shell -readonly "$folder/t.db" 'SELECT count(*) FROM tenure_holder; SELECT count(*) > 0 FROM tenure_event')" \
  $'0\n1' 'read-only'
is "$(sqlite3 -batch -init /dev/null "$folder/t.db" .dump | sqlite3 -batch -init /dev/null "$folder/copy.db" 2>&1)" '' \
  'dumped and read again without the extension'
is "$(shell "$folder/copy.db" 'SELECT * FROM tenure_event ORDER BY seq')" \
  "$(shell "$folder/t.db" 'SELECT * FROM tenure_event ORDER BY seq')" 'the log is in the copy'
is "$(sqlite3 -batch -init /dev/null "$folder/t.db" "DELETE FROM tasks" 2>&1 | grep -c 'no such function')" 1 \
  'without the extension a guarded table cannot be written'
is "$(sqlite3 -batch -init /dev/null "$folder/t.db" 'PRAGMA integrity_check')" ok 'integrity, without the extension'

printf '1..%d\n' "$run"
exit $((failed > 0))
