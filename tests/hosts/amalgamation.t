#!/usr/bin/env bash
# The extension as one file: it compiles without a warning both ways, exports its entry point alone, and what
# comes out plays the scenario of the hosts like what make builds.
set -euo pipefail
cd "$(dirname "$0")"

warn='-std=c11 -Wall -Wextra -Wshadow -Wconversion -Werror'
source=$PWD/../../dist/amalgamation
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

run=0
failed=0
# passes NAME COMMAND...: one test, that COMMAND succeeds. What it prints is shown if it does not.
passes() {
  run=$((run + 1))
  if "${@:2}" >"$folder/out" 2>&1; then
    printf 'ok %d - %s\n' "$run" "$1"
  else
    failed=$((failed + 1))
    printf 'not ok %d - %s\n' "$run" "$1"
    grep -v '^ok ' "$folder/out" | head -50 | sed 's/^/# /' || true
  fi
}

# shellcheck disable=SC2086 # the flags are words
{
  passes 'compiles as a loadable extension' \
    cc $warn -O1 -fPIC -shared -fvisibility=hidden "$source/tenure.c" -o "$folder/tenure.so"
  passes 'compiles to be linked into a program' \
    cc $warn -O1 -DSQLITE_CORE -c "$source/tenure.c" -o "$folder/tenure.o"
  passes 'a program links with it' \
    cc $warn -O1 -DSQLITE_CORE -I"$source" static.c "$folder/tenure.o" -lsqlite3 -o "$folder/static"
}
passes 'the extension exports its entry point alone' \
  bash -c "diff <(nm -D --defined-only '$folder/tenure.so' | cut -d' ' -f3) - <<<sqlite3_tenure_init"
passes 'it does not want a SQLite of its own' bash -c "needs=\$(nm -D -u '$folder/tenure.so') && [[ \$needs != *sqlite3_* ]]"
passes 'in a program every name is its own' \
  bash -c "names=\$(nm -g --defined-only '$folder/tenure.o') && ! grep -Ev ' (tn_[a-z_]+|sqlite3_tenure_init)$' <<<\"\$names\""
passes 'it loads in the shell' \
  sqlite3 -batch -init /dev/null -cmd ".load $folder/tenure" :memory: 'SELECT tenure_install()'
passes 'the shell plays the scenario with it' env TENURE_EXTENSION="$folder/tenure" ./shell.t
passes 'so does Python' env TENURE_EXTENSION="$folder/tenure" ./python.t
passes 'so does the program' "$folder/static" scenario.sql "$folder/t.db"

printf '1..%d\n' "$run"
exit $((failed > 0))
