#!/usr/bin/env bash
# demo.t - make demo's script runs to its end, in under a minute, and tells what it should; beside another process
# that keeps taking the write lock of its database, as anything on a busy machine may.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
out=$work/out
trap 'kill "$neighbour" 2>/dev/null; wait "$neighbour" 2>/dev/null; rm -rf "$work"' EXIT

# neighbour: from the moment that the database is there, holds its write lock two thirds of the time, until it is gone.
neighbour() {
  until [[ -s $(echo "$work"/tmp.*/app.db) ]]; do sleep 0.05; done
  cd "$work"/tmp.* || return
  while [[ -e app.db ]]; do
    printf 'BEGIN IMMEDIATE;\n' && sleep 0.2
    printf 'COMMIT;\n' && sleep 0.1
  done | sqlite3 -batch -init /dev/null -cmd '.timeout 10000' app.db
}
neighbour >"$work/neighbour" 2>&1 &
neighbour=$!

SECONDS=0
TMPDIR=$work bash examples/demo/demo.sh >"$out" 2>&1 </dev/null
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
((SECONDS < 120))
ok $? 'in under two minutes, also beside who locks'
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
