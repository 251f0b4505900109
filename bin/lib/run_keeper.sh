# shellcheck shell=bash disable=SC2034,SC2153 # the parts of run share variables
#
# run_keeper.sh - renews the lease of 'tenure run' through one open sqlite3 process, and watches the command.
#
# What happens arrives as a line in one pipe, EVENTS: answers of sqlite3, a word of the watchdog, the end of the
# command; whether the processes beside it still live is looked for, every TICK. So nothing that hangs can keep this
# process from looking at the clock.

# open_keeper: starts sqlite3; sets KEEPER to its process and TELL to the pipe to it. It has a group of its
# own, so that a key of the person does not interrupt it. It ends with its first error.
open_keeper() {
  close_keeper
  new_pipe
  TELL=$REPLY
  set -m
  keeper &
  KEEPER=$!
  set +m
  disown "$KEEPER"
  printf '%s' "$OPENING" >&"$TELL"
}

keeper() {
  exec <"/proc/self/fd/$TELL" >&"$EVENTS" 2>&1
  close_fd "$TELL" "$EVENTS" "$FEED" "$GO"
  umask 077
  exec sqlite3 -batch -bail -init /dev/null "$DATABASE"
}

close_keeper() {
  [[ -z $KEEPER ]] || ! is_running "$KEEPER" || kill -KILL "$KEEPER" 2>/dev/null || true
  close_fd "$TELL"
  KEEPER='' TELL=''
}

# plan_heartbeat: sets OPENING and HEARTBEAT, what sqlite3 is told first and then each time. A power cut ends
# every lease of the machine, so a heartbeat need not outlive one. It is the plain UPDATE that a heartbeat comes to: sqlite3 prepares each
# statement anew, which costs several times more for the verb, and the guards in the database judge both alike.
plan_heartbeat() {
  local name BUSY_TIMEOUT=$LOCK_WAIT
  opening synchronous=NORMAL
  OPENING=$REPLY
  sql_text "$SESSION"
  HEARTBEAT="UPDATE tenure_session SET last_heartbeat_at=max(session_now(),last_heartbeat_at)"
  for name in machine boot_id file; do
    HEARTBEAT+=",lease_$name=lease_grant('$name',lease_ttl)"
  done
  HEARTBEAT+=",lease_deadline_mono=lease_grant('deadline',lease_ttl),changed_at=max(session_now(),changed_at)"
  HEARTBEAT+=",revision=session_next_revision(revision)WHERE session_id=$REPLY AND fence=$FENCE AND ended_at IS NULL;"
}

# ask: sends a heartbeat. What is granted is counted from here, before anything was asked. A database whose
# file has been removed still takes it, but nobody else would ever see it.
ask() {
  ASKED=$NOW ANSWER=$NO_FILE
  if [[ ! -e $DATABASE ]]; then
    not_renewed
    return
  fi
  [[ -n $KEEPER ]] || open_keeper
  NUMBER=$((NUMBER + 1))
  ANSWER=
  printf "%s\nSELECT iif(changes(),'renewed','refused')||' %d';\n" "$HEARTBEAT" "$NUMBER" >&"$TELL"
}

renewed() {
  RENEWED=$ASKED DUE=$((ASKED + RENEW_AFTER)) ASKED=
  [[ -z $WATCHDOG ]] || feed_watchdog "$RENEWED"
}

# not_renewed: the heartbeat failed, or got no answer in time. A refusal is final. All else is tried again
# with another sqlite3 process, for as long as the lease gives time.
not_renewed() {
  close_keeper
  DUE=$((NOW + 10)) ASKED=
  use message style failure
  explain_failure 0
  case $FAULT in
    fence.* | write.*) lose ;;
    *) ((NOW < RENEWED + KILL_AFTER)) || lose ;;
  esac
}

# lose: the lease is gone, or cannot be kept. Somebody else may be about to start.
lose() {
  LOST=yes ASKED=
  signal_all KILL
}

# keep: keeps the lease until the command has ended; sets CODE to how. If its parent has been killed, nobody can say
# how; then it has been killed too, or is now.
keep() {
  CODE=137 DUE=$((RENEWED + RENEW_AFTER))
  while [[ -z $ENDED ]] && is_running "$ATTENDANT"; do
    read_clock
    [[ -n $WATCHDOG || -n $LOST ]] || ((NOW >= RENEWED + RENEW_AFTER)) || begin
    [[ -z $LIMIT_AT ]] || ((NOW < LIMIT_AT)) || has_input "$EVENTS" || limit
    [[ -n $ASKED || -n $LOST ]] || ((NOW < DUE)) || ask
    read_line "$EVENTS" "$TICK" || true
    hear "$LINE"
  done
  hear_rest
  signal_all KILL
  ENDED=yes
}

# begin: the lease is fresh, so the command may begin. One that a signal came for before ends by it and never begins.
begin() {
  if [[ -n $CAUGHT ]]; then
    signal_group "$CAUGHT"
    return
  fi
  start_watchdog
  release
  [[ -z ${GIVEN[max-secs]-} ]] || LIMIT_AT=$((NOW + ${GIVEN[max-secs]} * 100))
}

# limit: the command has run for as long as it may: TERM, and KILL five seconds later.
limit() {
  if [[ -z $LIMITED ]]; then
    LIMITED=yes LIMIT_AT=$((NOW + 500))
    signal_group TERM
  else
    LIMIT_AT=
    signal_all KILL
  fi
}

# hear LINE: what it means, and what the clock says about the rest.
hear() {
  read_clock
  case $1 in
    "renewed $NUMBER") [[ -z $ASKED ]] || renewed ;;
    "refused $NUMBER") lose ;;
    late | ended\ *) hear_last "$1" ;;
    '' | renewed\ * | refused\ *) ;;
    *) ANSWER+=$1$'\n' ;;
  esac
  ! has_input "$EVENTS" || return 0 # what has not come is known when all has been heard
  # One that is gone is forgotten at once: another process may get its number.
  [[ -n $ASKED || -z $KEEPER ]] || is_running "$KEEPER" || close_keeper
  [[ -z $ASKED || -n $1 ]] || is_running "$KEEPER" || not_renewed
  [[ -z $ASKED ]] || ((NOW < ASKED + ANSWER_WITHIN)) || not_renewed
  [[ -z $WATCHDOG || -n $LOST ]] || is_running "$WATCHDOG" || start_watchdog 0
}

# hear_rest: what was said before the command ended, all of it.
hear_rest() {
  while has_input "$EVENTS"; do
    read_line "$EVENTS" 1 || true
    hear_last "$LINE"
  done
}

# hear_last LINE: what still means something then.
hear_last() {
  case $1 in
    late) [[ -n $ENDED ]] || LOST=yes ;;
    ended\ *) CODE=${1#* } ENDED=yes ;;
  esac
}
