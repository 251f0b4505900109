#!/usr/bin/env bash
# demo.t - make demo's script runs to its end, in under a minute, and tells what it should.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT

SECONDS=0
bash examples/demo/demo.sh >"$out" 2>&1 </dev/null
status=$?
count=0
ok() { # ok CONDITION-STATUS NAME
  count=$((count + 1))
  (($1 == 0)) || printf 'not '
  printf 'ok %d - %s\n' "$count" "$2"
}
says() { # says PATTERN NAME
  grep -Eq -- "$1" "$out"
  ok $? "$2"
}

ok "$status" 'the demo ends well'
((status == 0)) || sed 's/^/# /' "$out"
((SECONDS < 60))
ok $? 'in under a minute'
says 'imported ses_01KDVDA4B0000000000000000A of old-runner' 'the legacy state file is imported'
says 'start.live_other_owner: worker-1 holds scope repo' 'the second worker is refused while the lease lives'
says 'takeover.live: worker-1 holds' 'also after the first was killed'
says 'took over from worker-1' 'it takes over when the lease has run out'
says '^ +tenure: fence.token: .*; worker-2 holds scope repo now' \
  "the late write is refused with the new holder's name"
says 'agent: I am ses_' 'a wrapped command knows its session'
says 'completed: success, exit code 0' 'its own result is what a waiter is told'
says '^    healthy' 'the database is healthy at the end'
says 'session.ended +running -> failed +worker-2' 'the event log is printed'
! grep -q $'\e' "$out"
ok $? 'without colours where there is no terminal'
printf '1..%d\n' "$count"
