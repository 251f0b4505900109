#!/usr/bin/env bash
# Memory that runs out and interrupts, see memory.c. FAULT_SEED repeats a run; FAULT_FULL=1 takes a minute or two and
# tries half of all allocations, FAULT_FULL=2 all.
set -euo pipefail
cd "$(dirname "$0")/../.."

case ${FAULT_FULL-} in
2) amount=(0 1) ;;
1) amount=(0 2) ;;
*) amount=(1 40) ;;
esac
dist/tests/fault/memory "${FAULT_SEED:-$RANDOM}" "${amount[@]}" tests/fault/life.sql tests/memory/corpus.sql
