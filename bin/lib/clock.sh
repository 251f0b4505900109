# shellcheck shell=bash disable=SC2034 # the verbs read what is set here
#
# clock.sh - the clock by which the command judges how long something has taken: the time since boot as /proc/uptime
# gives it. No time step moves it, it goes on while the machine sleeps, and a builtin reads it.

# When it was last read, in seconds of the shell.
READ_AT=

# read_clock: sets NOW, in hundredths of a second. Where a clock that was there cannot be read for once, because no more
# files can be opened, the shell says how much time has passed.
read_clock() {
  local up
  if { read -r up _ </proc/uptime; } 2>/dev/null; then
    NOW=$((10#${up/./})) READ_AT=$SECONDS
  elif [[ -n $READ_AT ]]; then
    NOW=$((NOW + (SECONDS - READ_AT) * 100)) READ_AT=$SECONDS
  else
    printf -v NOW '%(%s)T00' -1
  fi
}
