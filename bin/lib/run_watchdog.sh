# shellcheck shell=bash disable=SC2034,SC2153 # the parts of run share variables
#
# run_watchdog.sh - a process beside 'tenure run' that stops the command when the lease is not renewed in
# time, whatever happens to 'tenure run': also when it hangs, is paused or is killed.
#
# It is told when the lease was renewed, by the clock of clock.sh. TERM comes when a third of the lease
# is left, KILL when a sixth is. After TERM, a late renewal changes nothing any more.

# start_watchdog [HELD]: sets WATCHDOG to its process and FEED to the pipe to it. HELD is 0 if another was there before,
# which may have held the command still.
start_watchdog() {
  new_pipe
  close_fd "$FEED"
  FEED=$REPLY
  set -m
  watchdog "$RENEWED" "${1-}" &
  WATCHDOG=$!
  set +m
  disown "$WATCHDOG"
}

# feed_watchdog TEXT: the time of a renewal, or 'over'.
feed_watchdog() { printf '%s\n' "$1" >&"$FEED"; }

# watchdog RENEWED HELD: what the process does.
#
# When it wakes from a pause, the first thing is to hold the command still. If the lease is not fresh then, or
# the machine slept, it cannot know whether 'tenure run' can still renew it: the clock of the lease does not
# count sleep. So 'tenure run' gets two seconds while the command is held.
watchdog() {
  local renewed=$1 looked told='' held=$2
  trap '' INT TERM HUP
  trap 'signal_group STOP; held=0' CONT
  exec <"/proc/self/fd/$FEED" >/dev/null 2>&1
  close_fd "$FEED" "$GO" "$TELL"
  PART=
  read_clock
  looked=$NOW
  while :; do
    if ! read_line 0 "$TICK"; then
      signal_all KILL
      exit 0
    fi
    [[ $LINE != over ]] || exit 0
    renewed=${LINE:-$renewed}
    ! has_input 0 || continue
    read_clock
    if [[ -n $told ]]; then
      ((NOW < told)) || stop_and_exit
    elif ((NOW < renewed + TERM_AFTER)); then
      if [[ -n $held ]]; then
        held= # first: the trap may hold it again meanwhile
        signal_all CONT
      fi
    elif [[ $held == 0 ]] || ((NOW - looked > 100)); then
      signal_all STOP
      held=$((NOW + 200))
    elif [[ -n $held ]]; then
      ((NOW < held)) || stop_and_exit
    elif ((NOW >= renewed + KILL_AFTER)); then
      stop_and_exit
    else
      printf 'late\n' >&"$EVENTS"
      signal_group TERM
      told=$((renewed + KILL_AFTER))
    fi
    looked=$NOW
  done
}

stop_and_exit() {
  printf 'late\n' >&"$EVENTS"
  signal_all KILL
  exit 0
}
