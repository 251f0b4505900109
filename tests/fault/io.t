#!/usr/bin/env bash
# Calls to the disk that fail, see io.c. FAULT_SEED repeats a run; FAULT_FULL=1 takes minutes, FAULT_FULL=2 half
# an hour or more for every call.
set -euo pipefail
cd "$(dirname "$0")/../.."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
case ${FAULT_FULL-} in
2) amount=(0 0 tests/fault/life.sql 0 tests/memory/corpus.sql) ;;
1) amount=(0 30 tests/fault/life.sql 4 tests/memory/corpus.sql) ;;
*) amount=(1 1 tests/fault/life.sql 1 tests/memory/corpus.sql) ;;
esac
dist/tests/fault/io "$folder" "${FAULT_SEED:-$RANDOM}" "${amount[@]}"
