#!/usr/bin/env bash
# The inputs that the fuzzers found worth keeping, tried again: one in four, by chance, and all where TENURE_LONG is
# set. 'make fuzz-quick' looks for more.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tests/fuzz/corpus.sh

number=0
for target in tests/fuzz/targets/*.c; do
  target=$(basename "$target" .c)
  [[ $target != replay ]] || continue
  number=$((number + 1))
  folder=$(mktemp -d)
  unpack_corpus "$target" "$folder"
  [[ -n ${TENURE_LONG-} ]] || find "$folder" -type f | shuf | sed '1~4d' | xargs -d '\n' rm -f
  want=$(find "$folder" -type f | wc -l)
  got=$(find "$folder" -type f -print0 | xargs -0 -r "dist/fuzz/replay-$target" 2>&1) || true
  if ((want > 0)) && [[ $got == "$want" ]]; then
    printf 'ok %d - %s: %d inputs\n' "$number" "$target" "$want"
  else
    printf 'not ok %d - %s: %d inputs\n# %s\n' "$number" "$target" "$want" "${got//$'\n'/$'\n# '}"
  fi
  rm -r "$folder"
done
printf '1..%d\n' "$number"
