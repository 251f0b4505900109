#!/usr/bin/env bash
# Installs the Debian packages that Tenure is built and tested with, only those that are absent.
#
# What is there is recognised by the command or header itself, so a machine that has them from elsewhere
# is left alone.
set -euo pipefail

missing=()
want() { # want PACKAGE COMMAND-OR-FILE
  case $2 in
  /*) [[ -e $2 ]] || missing+=("$1") ;;
  *) command -v "$2" >/dev/null || missing+=("$1") ;;
  esac
}

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

((${#missing[@]} == 0)) && exit 0

as_root=()
if ((EUID != 0)); then
  command -v sudo >/dev/null || {
    printf 'Please install these packages, or run this as root: %s\n' "${missing[*]}" >&2
    exit 1
  }
  as_root=(sudo)
fi
printf 'Installing: %s\n' "${missing[*]}" >&2
"${as_root[@]}" apt-get -qq update
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get -qq install -y --no-install-recommends \
  "${missing[@]}" >/dev/null
