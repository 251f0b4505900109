#!/usr/bin/env bash
# Installs the Debian packages that Tenure is built and tested with, only those that are absent.
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

install_missing
