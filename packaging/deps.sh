#!/usr/bin/env bash
# deps.sh [fuzz|cover]: installs the Debian packages that Tenure is built and tested with, only those that are absent;
# and what fuzzing or the coverage needs besides.
set -euo pipefail
# shellcheck source=packaging/apt.sh
. "$(dirname "$0")/apt.sh"

want gcc cc
want make make
want gawk awk
want sqlite3 sqlite3
want libsqlite3-dev /usr/include/sqlite3ext.h
want perl prove
want bats bats
want jq jq
want python3 /usr/bin/python3
want shellcheck shellcheck
want clang-format clang-format
want valgrind valgrind
want spin spin
want zsh zsh

case ${1-} in
  fuzz)
    want clang clang
    want libclang-rt-dev "$(clang -print-file-name="libclang_rt.fuzzer-$(uname -m).a" 2>/dev/null)"
    ;;
  cover) want gcovr gcovr ;;
esac

install_missing
