#!/usr/bin/env bash
#
# instructions.sh BENCH - instructions per operation, counted by callgrind: exact, and the same on a busy
# machine. Prints what each operation costs beside its floor, and the net cost of the status predicate with
# its goal. BENCH is the program made from bench.c; the extension is the one that it loads.
set -euo pipefail

(($# == 1)) || { printf 'usage: %s BENCH\n' "$0" >&2; exit 2; }
bench=$1

# A long memset may be one instruction that is counted once for each byte, or not, as the processor has it. Never here.
export GLIBC_TUNABLES=glibc.cpu.x86_rep_stosb_threshold=1000000000:glibc.cpu.x86_rep_movsb_threshold=1000000000

# each WHAT COUNT: sets REPLY to the instructions of one WHAT.
each() {
  local total
  total=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=bench_measured \
    "$bench" instructions "$1" "$2" 2>&1 | sed -n 's/.*Collected : \([0-9]*\).*/\1/p')
  [[ -n $total ]] || { printf '%s: callgrind counted nothing for %s\n' "$0" "$1" >&2; exit 1; }
  REPLY=$((total / $2))
}

# ratio NAME COST FLOOR
ratio() {
  awk -v name="$1" -v cost="$2" -v floor="$3" \
    'BEGIN { printf "%-46s %8d  floor %6d  %6.2f times\n", name, cost, floor, cost / floor }'
}

each scan-status 12000 && status=$REPLY
each scan-predicate 12000 && predicate=$REPLY
each scan-upper 12000 && upper=$REPLY
net=$((predicate - status))
((net <= 160)) && verdict=ok || verdict=MISS
printf '%-46s %8d  goal <= 160  %s\n' 'session_is_terminal(status), net' "$net" "$verdict"
ratio 'session_is_terminal(status) / upper(status), net' "$net" $((upper - status))

each floor 1000 && floor=$REPLY
for what in heartbeat heartbeat-scope; do
  each "$what" 1000
  ratio "$what / bare UPDATE" "$REPLY" "$floor"
done
each floor-pair 200 && floor=$REPLY
each pair 200
ratio 'start + clear / bare INSERT + UPDATE' "$REPLY" "$floor"
