#!/usr/bin/env bash
# What 'tenure run' and its watchdog do when they wake from a pause, or got no time to look: each at the one moment that
# matters, which a stub of what they call makes.
# shellcheck disable=SC2016,SC2034,SC2317 # a step is for later; the parts of run read what is set here, and call the stubs
set -euo pipefail
cd "$(dirname "$0")/../.."
for part in clock run_child run_clock run_keeper run_watchdog; do
  # shellcheck source=/dev/null
  source "bin/lib/$part.sh"
done
tests=0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# is GOT WANT NAME: one test.
is() {
  tests=$((tests + 1))
  [[ $1 == "$2" ]] || printf '# got %s, not %s\nnot ' "$1" "$2"
  printf 'ok %d - %s\n' "$tests" "$3"
}
new_pipe
EVENTS=$REPLY PART='' SESSION=s ENDED='' LOST='' GO='' TELL='' FEED='' GROUP=yes RENEWED=1000
TICK=0.05 TERM_AFTER=50 KILL_AFTER=70 ANSWER_WITHIN=100

# --- the clock cannot be read for once
got=$(
  exec 2>/dev/null
  read_clock
  before=$NOW
  ulimit -Sn 3
  read_clock
  echo $((NOW - before < 1000))
)
is "$got" 1 'a clock that cannot be read for once does not jump'

# --- an answer that has come, and was not read in time
got=$(
  read_clock() { NOW=2000; }
  not_renewed() { echo 'not renewed'; }
  KEEPER=$BASHPID WATCHDOG='' NUMBER=7 ASKED=1000
  printf 'renewed 7\n' >&"$EVENTS"
  hear ''
)
is "$got" '' 'an answer that is there is not missed'
hear_rest
got=$(
  hear_last 'ended 0'
  hear_last late
  echo "$LOST"
)
is "$got" '' 'a command that had ended before its lease was late has lost nothing'

got=$(
  start_watchdog() { echo "started $1"; }
  sleep 0 &
  wait
  KEEPER='' WATCHDOG=$! NUMBER=0 ASKED=''
  hear ''
)
is "$got" 'started 0' 'a watchdog that comes after another is told that something may be held'

# --- the watchdog
# watch HELD STEP...: a watchdog, for which each STEP is what reading a line comes to.
watch() {
  local -a steps=("${@:2}" 'LINE=over')
  local n=0 again=''
  new_pipe
  FEED=$REPLY
  read_line() { LINE=; eval "${steps[n]}"; n=$((n + 1)); }
  read_clock() { NOW=$CLOCK; }
  signal_group() { echo "group $1" >>"$folder/log"; }
  signal_all() {
    echo "all $1" >>"$folder/log"
    [[ $1 != CONT || -n $again ]] || { again=yes; kill -CONT "$BASHPID"; }
  }
  : >"$folder/log"
  CLOCK=1000
  (watchdog 1000 "$1") || true
  tr '\n' , <"$folder/log"
}
is "$(watch 0 '' '')" 'all CONT,group STOP,all CONT,' 'what was held before its time is let go of'
is "$(watch '' 'kill -CONT "$BASHPID"' '' '' '')" 'group STOP,all CONT,group STOP,all CONT,' \
  'a command that is held again while it is continued is continued again'
is "$(watch '' 'CLOCK=1060; echo 1040 >/proc/$BASHPID/fd/0' 'read -r LINE' '')" '' \
  'a renewal that is there is not missed'
echo "1..$tests"
