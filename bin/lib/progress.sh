# shellcheck shell=bash
#
# progress.sh - how far long work has come: one line on stderr that is written over, on a terminal only.

PROGRESS=

# progress TEXT: shows it in place of what was shown before.
progress() {
  [[ -t 2 ]] || return 0
  printf '\r%-*s' "${#PROGRESS}" "$1" >&2
  PROGRESS=$1
}

# end_progress: takes it away, so that what follows stands on a line of its own.
end_progress() {
  [[ -n $PROGRESS ]] || return 0
  printf '\r%*s\r' "${#PROGRESS}" '' >&2
  PROGRESS=
}
