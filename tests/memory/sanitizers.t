#!/usr/bin/env bash
# Everything of Tenure once, and allocations that fail, under AddressSanitizer and
# UndefinedBehaviorSanitizer; and such failures without them, which is faster and so more
# thorough. SWEEP_SEED repeats a run; SWEEP_STRIDE=1 leaves out nothing where the default takes every 200th, and every
# third if TENURE_LONG is set.
set -euo pipefail
cd "$(dirname "$0")/../.."

flags='-std=c11 -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer'
seed=${SWEEP_SEED:-$RANDOM}
long=${TENURE_LONG:+1}
stride=${SWEEP_STRIDE:-$((long ? 3 : 200))}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

run=0
failed=0
# clean NAME COMMAND...: one test, that COMMAND succeeds and its own tests pass. Tells what did not.
clean() {
  local verdict=ok
  run=$((run + 1))
  "${@:2}" >"$folder/out" 2>&1 || verdict='not ok' failed=$((failed + 1))
  printf '%s %d - %s\n' "$verdict" "$run" "$1"
  [[ $verdict == ok ]] || grep -v '^ok ' "$folder/out" | head -60 | sed 's/^/# /' || true
}

# build ARGUMENT...: compiles with the sanitizers.
build() {
  # shellcheck disable=SC2086 # the flags are words
  ${CC:-cc} $flags -DSQLITE_CORE -Idist/amalgamation -Iext "$@"
}

make -s dist/amalgamation/tenure.c dist/tests/memory/sweep >&2
build -c dist/amalgamation/tenure.c -o "$folder/tenure.o"
for program in corpus sweep; do build "tests/memory/$program.c" "$folder/tenure.o" -lsqlite3 -o "$folder/$program"; done
printf '# SWEEP_SEED=%s SWEEP_STRIDE=%s\n' "$seed" "$stride"
clean 'everything once, with the sanitizers' "$folder/corpus" tests/memory/corpus.sql
clean "one allocation in $((4 * stride)) fails, with the sanitizers" "$folder/sweep" "$seed" $((4 * stride))
clean "one allocation in $stride fails" dist/tests/memory/sweep "$seed" "$stride"
printf '1..%d\n' "$run"
exit $((failed > 0))
