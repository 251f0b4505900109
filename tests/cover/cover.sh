#!/usr/bin/env bash
# cover.sh [TEST...]: coverage of the extension and of its triggers by the tests (all of them, or those named).
#
# Works on a copy of the sources below dist/cover: the C files are compiled for gcov, and each condition in
# the SQL is wrapped so that it says whether it was true and whether it was not. Then report.py compares
# what was never reached with tests/cover/exceptions.txt.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly tree=$PWD/dist/cover/tree
rm -rf dist/cover
mkdir -p "$tree"
cp -r Makefile README.md .clang-format bin docs examples ext packaging sql tests "$tree"/ 2>/dev/null || true
/usr/bin/python3 tests/cover/instrument.py "$tree"
cp tests/cover/ext/* "$tree/ext/"
sed -i -e 's/^#include "connection.h"/&\n#include "cover_functions.h"/' \
  -e 's/tn_guard_register/tn_guard_register, tn_cover_register/' "$tree/ext/tenure.c"

export TENURE_COVER=$PWD/dist/cover/points
readonly flags='-O0 -g --coverage -fprofile-abs-path'
make -s -C "$tree" CFLAGS="$flags" all static test-programs

# What is tried by chance is the same in each run.
export FAULT_SEED=1 KILL_SEED=1 RACE_SEED=1 STORM_SEED=1 TENURE_SEED=1

# The tests that run Tenure as it was built here. Of memory that runs out every allocation is tried, where the quick
# tests try a few: of the cases of cases.h, and of each function and table.
tests=("$@")
if (($# == 0)); then
  mapfile -t tests < <(cd "$tree" && find tests -name '*.t' -not -path 'tests/memory/*' -not -path 'tests/formal/*' \
    -not -path 'tests/fuzz/*' -not -path 'tests/mutation/*' | sort && ls dist/tests/*/*_test)
  printf -- '\n--- nothing\nSELECT 1\n' >dist/cover/nothing.sql
  for program in 'corpus tests/memory/corpus.sql' 'sweep 1 1' 'own_test 1 1' '../fault/memory 1 0 1 ../nothing.sql'; do
    # shellcheck disable=SC2086 # a program and its arguments
    (cd "$tree" && dist/tests/memory/$program) >>dist/cover/memory.log ||
      echo 'Failures of memory were judged wrong, see dist/cover/memory.log'
  done
fi
(cd "$tree" && prove "${PROVE:--j2}" "${tests[@]}") >dist/cover/prove.log 2>&1 ||
  printf 'Some tests failed in the instrumented build; their coverage counts all the same:\n%s\n' \
    "$(grep -E '^[^ ]+ .*(Failed|Wstat|Dubious)' dist/cover/prove.log | head -20)"
tail -2 dist/cover/prove.log
# Of each verb the write that does not happen has a check of its own, and the quick test tries one verb in three.
(($# > 0)) || (cd "$tree" && TENURE_LONG=1 prove tests/verbs/swallowed.t) >>dist/cover/prove.log 2>&1 ||
  echo 'tests/verbs/swallowed.t failed where it tries every verb'

gcovr --root "$tree" --filter "$tree/ext/" --exclude '.*cover_functions.*' --exclude-unreachable-branches \
  --json dist/cover/gcov.json "$tree/dist" 2>dist/cover/gcovr.log
/usr/bin/python3 tests/cover/report.py dist/cover/gcov.json "$tree/points.json" "$TENURE_COVER"
