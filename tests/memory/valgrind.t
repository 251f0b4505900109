#!/usr/bin/env bash
# Tenure under valgrind: no invalid access, no uninitialised value that matters, and not a byte that is not given back.
# One in twelve of the scripts and odd values by chance (CORPUS_SEED repeats that), everything if TENURE_LONG is set.
set -euo pipefail
cd "$(dirname "$0")/../.."

make -s dist/tests/memory/corpus >&2
seed=${CORPUS_SEED:-$RANDOM}
printf '# CORPUS_SEED=%s\n' "$seed"
stride=12
[[ -z ${TENURE_LONG:-} ]] || stride=1
status=0
valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=all --errors-for-leak-kinds=all \
  dist/tests/memory/corpus tests/memory/corpus.sql "$stride" "$seed" 2>&1 | sed 's/^==/# ==/' || status=$?
exit "$status"
