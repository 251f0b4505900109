# shellcheck shell=bash
# apt.sh - installs Debian packages, only those that are absent; for the other scripts to source.
#
# What is there is recognised by the command or header itself, so a machine that has them from elsewhere
# is left alone.

missing=()

# want PACKAGE FILE|COMMAND [ARGUMENT...]: notes PACKAGE as missing, unless FILE exists, COMMAND is there or,
# where it has arguments, succeeds.
want() {
  if (($# > 2)); then
    "${@:2}" >/dev/null 2>&1 || missing+=("$1")
  elif [[ $2 == /* ]]; then
    [[ -e $2 ]] || missing+=("$1")
  else
    command -v "$2" >/dev/null || missing+=("$1")
  fi
}

# Installs what is missing, as root or with sudo.
install_missing() {
  ((${#missing[@]})) || return 0
  local as_root=()
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
}
