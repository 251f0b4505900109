#!/usr/bin/env bash
# Power cuts, see power.c. FAULT_SEED repeats a run; FAULT_FULL=1 takes minutes, FAULT_FULL=2 half an hour for every
# moment of every script.
set -euo pipefail
cd "$(dirname "$0")/../.."

TENURE_LONG=${TENURE_LONG-}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
case ${FAULT_FULL-} in
2) amount=(0 0 tests/fault/life.sql 0 tests/memory/corpus.sql) ;;
1) amount=(0 300 tests/fault/life.sql 20 tests/memory/corpus.sql) ;;
*) amount=(1 $((${#TENURE_LONG} ? 20 : 6)) tests/fault/life.sql) ;;
esac
dist/tests/fault/power "$folder" "${FAULT_SEED:-$RANDOM}" "${amount[@]}"
