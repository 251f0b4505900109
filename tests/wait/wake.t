#!/usr/bin/env bash
# No commit is missed: waits in each journal mode, each ended by one commit of another process. One that is missed is
# found out when the session is judged anew, half a second later on the average; a busy machine may delay one in thirty so
# long. How soon a wait is told, 'make bench' says. WAKE_COUNT=100000, or TENURE_LONG, takes an hour.
set -euo pipefail
cd "$(dirname "$0")/../.."

make -s dist/tests/bench/wake >&2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

count=${WAKE_COUNT:-${TENURE_LONG:+100000}}
# It exits 1 where any was late.
dist/tests/bench/wake --dir "$folder" --count "${count:=150}" --late 500 >"$folder/out" || (($? == 1))
run=0
while read -r line; do
  run=$((run + 1))
  verdict='not ok'
  [[ ! $line =~ ,\ ([0-9]+)\ late, ]] || ((BASH_REMATCH[1] * 30 > count)) || verdict=ok
  printf '%s %d - %s\n' "$verdict" "$run" "$line"
done <"$folder/out"
printf '1..3\n'
