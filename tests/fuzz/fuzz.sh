#!/usr/bin/env bash
# fuzz.sh SECONDS TARGET...: runs each fuzzer for so long, from the corpus; what it finds new is added there,
# and a crash is kept as tests/fuzz/crashes/TARGET-*. Exit 1 if any target crashed.
#
# The corpus of a target is one file, tests/fuzz/corpus/TARGET, an input in base64 on each line.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tests/fuzz/corpus.sh

seconds=$1
shift
failed=0
for target; do
  found=dist/fuzz/found/$target
  kept=dist/fuzz/kept/$target
  rm -rf "$kept"
  mkdir -p "$found" "$kept" tests/fuzz/crashes
  unpack_corpus "$target" "$found"
  printf '%s: ' "$target"
  if "dist/fuzz/fuzz-$target" -max_total_time="$seconds" -timeout=20 -max_len=4096 -rss_limit_mb=4096 \
    -close_fd_mask=1 -artifact_prefix="tests/fuzz/crashes/$target-" "$found" >"dist/fuzz/$target.log" 2>&1; then
    # Keeps the smallest set of inputs that reaches as much.
    "dist/fuzz/fuzz-$target" -merge=1 -close_fd_mask=3 "$kept" "$found" >/dev/null 2>&1
    pack_corpus "$target" "$kept"
    printf '%s seconds, no finding; %s inputs kept\n' \
      "$(grep -oE '^Done [0-9]+ runs in [0-9]+' "dist/fuzz/$target.log" | tail -1)" "$(wc -l <"tests/fuzz/corpus/$target")"
  else
    failed=1
    printf 'CRASH, see dist/fuzz/%s.log\n' "$target"
    grep -E 'ERROR|fuzz:|SUMMARY' "dist/fuzz/$target.log" | head -5
  fi
done
rmdir tests/fuzz/crashes 2>/dev/null || true
exit "$failed"
