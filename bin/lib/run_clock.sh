# shellcheck shell=bash disable=SC2034,SC2153 # the parts of run share variables
#
# run_clock.sh - when 'tenure run' does what about its lease, by the clock of clock.sh, and waiting by it.
#
# The clock of the lease itself stands still while the machine sleeps, so by this clock a lease never seems to last
# longer than it does.

# plan_lease SECONDS HAS_EVIDENCE: sets how long after the last successful heartbeat what happens, in
# hundredths of a second. A lease without evidence is judged by stamps of whole seconds, so up to one second
# of it may be missing.
plan_lease() {
  local -i hold=$(($1 * 100))
  (($2)) || hold=$((hold > 200 ? hold - 100 : hold / 2))
  RENEW_AFTER=$((hold / 3))
  TERM_AFTER=$((hold * 2 / 3))
  KILL_AFTER=$((hold * 5 / 6))
  # For how long a heartbeat may wait: for a lock, and for its answer at all.
  LOCK_WAIT=$((hold * 10 / 12)) # milliseconds
  LOCK_WAIT=$((LOCK_WAIT < 100 ? 100 : LOCK_WAIT > 5000 ? 5000 : LOCK_WAIT))
  ANSWER_WITHIN=$((hold / 6))
  ANSWER_WITHIN=$((ANSWER_WITHIN < 30 ? 30 : ANSWER_WITHIN > 1000 ? 1000 : ANSWER_WITHIN))
  # How often the clock is looked at when nothing happens, in seconds as 'read -t' takes them.
  TICK=$((hold / 20))
  printf -v TICK '0.%02d' $((TICK < 5 ? 5 : TICK > 20 ? 20 : TICK))
}

# has_input FD: true if something is there to be read. Read it before judging by the clock: the time of read_line can be
# over before bash has looked.
has_input() { read -r -t 0 -u "$1"; }

# read_line FD SECONDS: sets LINE to the next line, empty if there is none in that time; false at the end of
# the input. The time can be over in the middle of a line: that part is kept for the next call.
read_line() {
  local -i status=0
  LINE=
  IFS= read -r -t "$2" -u "$1" LINE || status=$?
  LINE=$PART$LINE PART=
  ((status)) || return 0
  PART=$LINE LINE=
  ((status > 128))
}
