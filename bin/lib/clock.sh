# shellcheck shell=bash disable=SC2034 # the verbs read what is set here
#
# clock.sh - the clock by which the command judges how long something has taken: the time since boot as /proc/uptime
# gives it. No time step moves it, it goes on while the machine sleeps, and a builtin reads it.

# read_clock: sets NOW, in hundredths of a second.
read_clock() {
  local up
  if { read -r up _ </proc/uptime; } 2>/dev/null; then
    NOW=$((10#${up/./}))
  else
    printf -v NOW '%(%s)T00' -1
  fi
}
