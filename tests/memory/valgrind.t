#!/usr/bin/env bash
# Everything of Tenure once under valgrind: no invalid access, no uninitialised value that matters, and not a
# byte that is not given back.
set -euo pipefail
cd "$(dirname "$0")/../.."

make -s dist/tests/memory/corpus >&2
status=0
valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=all --errors-for-leak-kinds=all \
  dist/tests/memory/corpus tests/memory/corpus.sql 4 2>&1 | sed 's/^==/# ==/' || status=$?
exit "$status"
