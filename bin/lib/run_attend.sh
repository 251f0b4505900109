#!/usr/bin/env bash
#
# run_attend.sh EVENTS GROUP COMMAND... - the parent of the command of 'tenure run': starts it, and says at once
# when it has ended, and how.
#
# 'tenure run' itself has to look at the clock and at its pipe, and a shell that reads does not wait for a child. But
# as soon as the command has ended, its session is that of a dead process, which anybody may take. So this waits, and
# does nothing else. It says 'started PID' and 'ended CODE' into the descriptor EVENTS, and the command says 'ready' when
# it can be signalled. With GROUP, the command gets a process group of its own.

# What is for the command comes through 'tenure run'. No variable is set: all are the command's.
trap '' INT TERM HUP QUIT
[[ -z $2 ]] || set -m
{
  trap - INT TERM HUP QUIT
  printf 'ready\n' >&"$1"
  eval "exec $1>&-"
  shift 2
  exec -- "$@"
} <&0 &
exec </dev/null >/dev/null 2>&1 # the shell's own words about a command that ends are nobody's business
set +m
printf 'started %d\n' "$!" >&"$1"
wait "$!"
printf 'ended %d\n' "$?" >&"$1"
