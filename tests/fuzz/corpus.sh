# shellcheck shell=bash
#
# corpus.sh - a fuzz target's inputs as one file of text, an input in base64 on each line.

# unpack_corpus TARGET FOLDER: a file for each input, named by its number.
unpack_corpus() {
  local line number=0
  [[ -e tests/fuzz/corpus/$1 ]] || return 0
  while IFS= read -r line; do
    number=$((number + 1))
    base64 -d <<<"$line" >"$2/$number"
  done <"tests/fuzz/corpus/$1"
}

# pack_corpus TARGET FOLDER: the reverse; the order does not depend on names or times.
pack_corpus() {
  local file
  mkdir -p tests/fuzz/corpus
  for file in "$2"/*; do
    [[ ! -s $file ]] || {
      base64 -w0 <"$file"
      printf '\n'
    }
  done | LC_ALL=C sort -u >"tests/fuzz/corpus/$1"
}
