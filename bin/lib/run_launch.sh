#!/usr/bin/env bash
#
# run_launch.sh FD COMMAND... - becomes the command, once it is told which session it is. What is no program is
# refused as every shell does, with 127 if there is none by that name, else 126.
#
# 'tenure run' starts this before its session, so that the session can name the command's own process. What
# comes through FD is the session, its fence and its scope, each with a NUL. If FD ends without them, then the
# start was refused or 'tenure run' is gone, and nothing is run.
#
# TENURE_RUN lists the sessions that it runs below, the outermost first: by that a process is known to belong
# to a command, wherever it has gone.

# It sets no variable but those, so that all others reach the command as they are. A TMOUT of the caller's would end
# the waiting.
IFS= TMOUT=0 read -r -d '' TENURE_SESSION <&"$1" &&
  IFS= TMOUT=0 read -r -d '' TENURE_FENCE <&"$1" &&
  IFS= TMOUT=0 read -r -d '' TENURE_SCOPE <&"$1" || exit 125
eval "exec $1<&-"
shift
set +p # it keeps what the caller exported out of this shell; the command's own shells are not meant
TENURE_RUN=${TENURE_RUN-}/$TENURE_SESSION
export TENURE_SESSION TENURE_FENCE TENURE_SCOPE TENURE_RUN
if ! type -P -- "$1" >/dev/null; then
  printf 'tenure: cannot run %q: it is no program\n' "${1:0:200}" >&2
  [[ $1 != */* || ! -e $1 ]] || exit 126
  exit 127
fi
exec -- "$@"
