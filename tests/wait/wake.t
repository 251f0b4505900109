#!/usr/bin/env bash
# No commit is missed: waits in each journal mode, each ended by one commit of another process, and none told of it
# late. What late is, is generous here; how soon it is, 'make bench' says. WAKE_COUNT=100000 takes an hour.
set -euo pipefail
cd "$(dirname "$0")/../.."

make -s dist/tests/bench/wake >&2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

status=0
dist/tests/bench/wake --dir "$folder" --count "${WAKE_COUNT:-150}" --late "${WAKE_LATE_MS:-2000}" >"$folder/out" ||
  status=$?
run=0
while read -r line; do
  run=$((run + 1))
  verdict='not ok'
  [[ $line != *' 0 late'* ]] || verdict=ok
  printf '%s %d - %s\n' "$verdict" "$run" "$line"
done <"$folder/out"
printf '1..3\n'
exit "$status"
