#!/usr/bin/env bash
# What the parent of a command said before it ended is heard by 'tenure run', also when that is paused again and again
# while it listens: the end of a command would else be told as that of one that was killed.
# shellcheck disable=SC2034,SC2317 # the parts of run read what is set here, and call the stubs
set -euo pipefail
cd "$(dirname "$0")/../.."
count=1000

listen() {
  local n got heard=0
  # shellcheck source=/dev/null
  source bin/lib/run_child.sh
  # shellcheck source=/dev/null
  source bin/lib/run_clock.sh
  # shellcheck source=/dev/null
  source bin/lib/run_keeper.sh
  hear_last() { got+=$1; }
  new_pipe
  EVENTS=$REPLY PART=
  for ((n = 0; n < count; n++)); do
    got=
    printf 'renewed %d\nended 0\n' "$n" >&"$EVENTS"
    hear_rest
    [[ $got != "renewed ${n}ended 0" ]] || heard=$((heard + 1))
  done
  hear_rest
  printf '%d\n' "$heard"
}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
listen >"$folder/heard" &
while kill -STOP $! 2>/dev/null; do
  sleep 0.003
  kill -CONT $! 2>/dev/null || break
  sleep 0.002
done
wait $! || true
heard=$(<"$folder/heard")
[[ $heard == "$count" ]] || printf '# %s of %d\n' "$heard" "$count"
[[ $heard == "$count" ]] || printf 'not '
echo 'ok 1 - all that was said before the end is heard, whenever the listener is paused'
echo 1..1
