# shellcheck shell=bash disable=SC2034,SC2154 # the parts of run share variables
#
# run - a command under a lease: session, heartbeats, result, release.
#
# This process renews the lease and passes signals on (run_keeper.sh). Beside it are the command with its parent
# (run_child.sh), a watchdog that stops the command when the lease is not renewed (run_watchdog.sh), and one
# sqlite3. Standard input, output and error are the command's.
#
# What the parts share; empty is 'not yet', 'none' or 'no':
#   PID ATTENDANT GROUP   the command, its parent, and whether the command has a process group of its own
#   GO EVENTS             pipes: what releases the command, and what all processes beside this one tell it
#   KEEPER TELL           the sqlite3 that renews the lease, and the pipe to it
#   WATCHDOG FEED         the watchdog, and the pipe to it
#   NUMBER ASKED          the number of the last heartbeat, and when it was asked for while it is unanswered
#   PART                  of a line from a pipe, what has come so far
#   CAUGHT                the signal that came last
#   LIMITED LIMIT_AT      whether --max-secs is over, and when it is time for its next signal
#   LOST TAKER            whether the lease was lost, and who has the session now
#   ENDED CODE            whether the command has ended, and how
#   STRAYS                what the command has started outside of its group

use create defaults verb clock run_clock run_child run_session run_watchdog run_keeper attribute run_outcome

verb_declare() {
  summary 'run a command under a lease, and record how it ended'
  option scope SCOPE text scope "what to hold (TENURE_SCOPE, else main); '' holds nothing"
  option actor ACTOR text actor_id 'who holds it (TENURE_ACTOR)'
  option lease SECONDS integer lease_ttl 'how long the session outlives this command (60)'
  option max-secs SECONDS count '' 'end the command after this time: TERM, and KILL five seconds later'
  option label TEXT text label 'a name for people'
  operand command rest COMMAND 'what to run, with its arguments, after --'
}

verb_run() {
  PID='' ATTENDANT='' GROUP='' GO='' EVENTS='' TELL='' FEED='' KEEPER='' WATCHDOG='' NUMBER=0 ASKED='' PART=''
  LOST='' LIMITED='' LIMIT_AT='' ENDED='' TAKER='' STRAYS=()
  check_run
  locate_database
  [[ $DATABASE == /* ]] || DATABASE=$PWD/${DATABASE#./}
  GIVEN[db]=$DATABASE
  new_pipe
  EVENTS=$REPLY
  new_pipe
  GO=$REPLY
  pass_signals
  launch "${REST[@]}"
  start_session
  keep 2>/dev/null # the shell's own words about processes that end are nobody's business
  [[ -z $WATCHDOG ]] || feed_watchdog over
  trap '' INT TERM HUP # there is nobody left to pass them on to, and the end is to be recorded
  finish
  [[ -z $LOST ]] || tell_lost
  exit "$CODE"
}

check_run() {
  [[ $FORMAT == text ]] ||
    fail usage.option "'run' takes no --$FORMAT: standard output is the command's; see 'tenure show SESSION --$FORMAT'"
  if is_given max-secs && ((${GIVEN[max-secs]} < 1 || ${GIVEN[max-secs]} > 31536000)); then
    fail usage.number '--max-secs is a number of seconds, from 1 to 31536000'
  fi
}

# pass_signals: INT, TERM and HUP go to the command. In the foreground of a terminal the key for INT has
# reached it already.
pass_signals() {
  trap 'pass_on INT' INT
  trap 'pass_on TERM' TERM
  trap 'pass_on HUP' HUP
}
pass_on() {
  CAUGHT=$1
  [[ -z $PID || -z $GROUP && $1 == INT ]] || signal_group "$1"
}

# tell_lost: says who has the session now.
tell_lost() {
  printf '<!-- TENURE:RUN_LOST %s%s -->\n' "$MARKED" "$TAKER" >&2 || true
  exit 4
}
