# shellcheck shell=bash disable=SC2034 # the verbs read what is set here
#
# conversation.sh - a sqlite3 that stays open for several questions, for verbs that take their time.
#
# It is a child that never outlives this command for long: a signal ends both at once, and where this command
# is killed without warning, the child ends with the question that it is answering, as its input has.

# begin_conversation: opens the database for reading. INT, TERM and HUP end everything from here on.
begin_conversation() {
  require_database
  need_stderr
  opening query_only=ON
  # The child waits for a first line: bash forgets the pipes of one that has ended, so they are kept first.
  coproc TALK {
    read -r
    umask 077
    LC_ALL=C exec sqlite3 -batch -bail -init /dev/null "$DATABASE" 2>&1
  }
  TALK_CHILD=$TALK_PID
  local from=${TALK[0]} to=${TALK[1]}
  exec {TALK_FROM}<&"$from" {TALK_TO}>&"$to" {from}<&- {to}>&-
  trap 'stop_conversation 129' HUP
  trap 'stop_conversation 130' INT
  trap 'stop_conversation 143' TERM
  trap : PIPE # a child that is gone is a failure with a message, see hear
  say $'\n'"$REPLY"
  hear
}

# ask SQL: sets ANSWER to the lines that SQL gives.
ask() {
  say "$1"$'\n'".print $MARK"
  hear
}

say() { { printf '%s\n' "$1" >&"$TALK_TO"; } 2>/dev/null || true; }

# hear: reads to the next mark. If there is none, the child has complained and ended.
hear() {
  local line status=0
  ANSWER=
  while IFS= read -r -u "$TALK_FROM" line; do
    [[ $line != "$MARK" ]] || return 0
    ANSWER+=${ANSWER:+$'\n'}$line
  done
  wait "$TALK_CHILD" || status=$?
  end_conversation
  report_failure "$status"
}

# end_conversation: lets the child go.
end_conversation() {
  exec {TALK_FROM}<&- {TALK_TO}>&-
  trap - HUP INT TERM PIPE
  end_progress
}

# stop_conversation STATUS: ends the child and this command.
stop_conversation() {
  kill -TERM "$TALK_CHILD" 2>/dev/null || true
  wait "$TALK_CHILD" || true
  end_progress
  exit "$1"
}

use progress
