#!/usr/bin/env bash
# pause.t - the pause experiment, in one short round: the lease alone loses updates, the guard none.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT

bash examples/pause/pause.sh 1 1 >"$out" 2>&1 </dev/null
status=$?
count=0
ok() { # ok CONDITION-STATUS NAME
  count=$((count + 1))
  (($1 == 0)) || printf 'not '
  printf 'ok %d - %s\n' "$count" "$2"
}
# lines PATTERN: how many lines of the half with the lease alone, and of the half with the guard.
lines() {
  sed '/^The lease and the guard/,$d' "$out" | grep -Ec -- "$1"
  sed '1,/^The lease and the guard/d' "$out" | grep -Ec -- "$1"
}
are() { # are PATTERN NAME COUNT COUNT
  [[ $(lines "$1") == "$3"$'\n'"$4" ]]
  ok $? "$2"
}

ok "$status" 'the experiment goes as told'
((status == 0)) || sed 's/^/# /' "$out"
are '^    ann .*is stopped before it writes' 'a worker is stopped' 1 1
are '^    (ann|bob) is told that its update is stored' 'every worker is told that its update is stored' 2 2
are '^  LOST: round 1, bob$' 'with the lease alone that of the second worker is lost, with the guard none' 1 0
are '^    ann is refused: tenure: fence.token: .*bob holds scope page now' \
  'the guard refuses the late write, and names the holder' 0 1
grep -q '^Lost updates: 1 with the lease alone, 0 with the guard\.$' "$out"
ok $? 'and the script says so'
printf '1..%d\n' "$count"
