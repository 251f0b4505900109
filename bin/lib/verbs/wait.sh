# shellcheck shell=bash
#
# wait - waits until a session has come to its end, and says to which.

# How long one question to the database takes at most, in milliseconds: a waiter that is killed leaves a child
# that ends with its question.
PART=1000

# How long a death is given for a better word, in seconds: whoever runs the command (tenure run) sees its end no sooner
# than others, and then records it.
GRACE=1

# The longest wait, in seconds.
CAP_MAX=31622400

# How long sqlite3 may be late with its answer, in milliseconds: one that is stopped, or a disk that is gone, never answers.
LATE=10000

use reader progress clock outcomes

verb_declare() {
  summary 'wait for the end of a session, and say how it ended'
  option session SESSION text '' 'the session'
  operand session required
  option turn TURN text '' 'only for this turn of it'
  option cap SECONDS text '' 'how long at most (240); 0 looks once'
  option strict '' flag '' 'exit with 75 instead of 0 if it is still running then'
  option compat csa text '' 'print the markers of csa, with its exit codes'
}

verb_run() {
  local outcome code unsettled marker report tried=''
  local -i cap waited=0 begun late
  [[ ${GIVEN[compat]-csa} == csa ]] || usage_error usage.compat '--compat knows csa, not ' "${GIVEN[compat]}" ''
  read_cap
  wait_pieces
  wait_begin
  while :; do
    time_waited
    look $((cap - waited > PART ? PART : cap - waited))
    if [[ $unsettled == 1 && -z $tried ]]; then
      reader_rest "$GRACE"
      tried=looked
    elif [[ $unsettled == 1 && $tried == looked ]]; then
      settle_quietly
      tried=settled
    elif [[ $outcome != kv_warm && $outcome != timeout ]] || ((waited >= cap)); then
      break
    else
      say_progress
    fi
  done
  end_progress
  [[ $FORMAT == json ]] || printf '%s\n' "$marker" >&2 || true
  emit "$report"
  exit "$code"
}

# wait_begin: opens the database for reading. From here on a signal ends sqlite3 with this command; if this command is
# killed without warning, sqlite3 ends with the question that it is answering, as its input has.
wait_begin() {
  require_database
  trap wait_end EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 131' QUIT
  trap 'exit 143' TERM
  read_clock
  begun=NOW
  reader_open || report_failure "$FAILURE"
}
wait_end() {
  reader_close
  end_progress
}

# read_cap: sets cap, in milliseconds.
read_cap() {
  is_given cap || give cap 240
  local text=${GIVEN[cap]} fraction=000
  if [[ $text == +([0123456789]).+([0123456789]) ]]; then
    fraction=${text#*.}000
    text=${text%.*}
  fi
  if [[ $text != +([0123456789]) || ${#text} -gt 9 ]] || ((10#$text > CAP_MAX)); then
    usage_error usage.number "--cap needs seconds, at most $CAP_MAX, not " "${GIVEN[cap]}" ''
  fi
  cap=$((10#$text * 1000 + 10#${fraction:0:3}))
}

# wait_pieces: sets SQL_SESSION, SQL_TURN, SQL_CODE, SQL_MARKER and SQL_REPORT, the parts of every question.
wait_pieces() {
  local next
  local -a options=(--cap "${GIVEN[cap]}")
  sql_text "${GIVEN[session]}"
  SQL_SESSION=$REPLY
  sql_text "${GIVEN[turn]-}"
  SQL_TURN="nullif($REPLY,'')"
  SQL_CODE='session_wait_exit_code(o)'
  ! is_given compat || SQL_CODE="iif(o='lost' OR o='missing',1,$SQL_CODE)"
  ! is_given strict || SQL_CODE="iif(o='kv_warm',75,$SQL_CODE)"
  ! is_given turn || options+=(--turn "${GIVEN[turn]}")
  ! is_given strict || options+=(--strict)
  ! is_given compat || options+=(--compat csa)
  command_line wait "${options[@]}"
  next=$REPLY
  if is_given compat; then
    command_line 'result show'
    csa_marker "$next" "$REPLY"
  else
    marker "$next"
  fi
  SQL_MARKER=$REPLY
  if [[ $FORMAT == json ]]; then result_sql r; else outcome_line; fi
  SQL_REPORT=$REPLY
}

# command_line VERB OPTION...: sets REPLY to an SQL text: a command about the same session, quoted for a shell.
command_line() {
  local LC_ALL=C session=${GIVEN[session]} line=tenure word
  local -a words
  read -r -a words <<<"$1"
  [[ $session != -* ]] || session=--session=$session
  words+=("$session" "${@:2}")
  ! is_given db || words+=(--db "${GIVEN[db]}")
  for word in "${words[@]}"; do
    printf -v word %q "$word"
    line+=" $word"
  done
  sql_text "$line"
}

# time_waited: sets waited. Also while this command was stopped, time has passed.
time_waited() {
  read_clock
  waited=$(((NOW - begun) * 10))
}

# look MILLISECONDS: waits that long at most; sets what verb_run declares. A synthetic outcome that has no
# summary is not stored yet.
look() {
  local LC_ALL=C # long texts are slow to search by characters
  late=$((($1 + 10#$BUSY_TIMEOUT + LATE) / 200))
  reader_current || fail_about database.missing 'the database has been moved, removed or replaced: ' "$DATABASE" ''
  reader_ask "WITH look(r)AS MATERIALIZED(SELECT session_wait($SQL_SESSION,max(0,$1),$SQL_TURN)),
    told(r,o,waited)AS MATERIALIZED(
      SELECT json_set(r,'$.elapsed_ms',$waited+(r->>'elapsed_ms')),r->>'outcome',$waited+(r->>'elapsed_ms')FROM look),
    judged AS(SELECT *,$SQL_CODE AS code,waited/1000 AS seconds FROM told)
    SELECT o||' '||code||' '||(r->>'synthetic' AND r->>'summary' IS NULL)||' '||waited||char(10)
      ||$SQL_MARKER||char(10)||$SQL_REPORT FROM judged;" give_up ||
    report_failure "$FAILURE"
  read -r outcome code unsettled waited <<<"$ANSWER"
  report=${ANSWER#*$'\n'}
  marker=${report%%$'\n'*}
  report=${report#*$'\n'}
}

# give_up: called for each fifth of a second in which no answer came. Those are counted: while this command was stopped,
# so may sqlite3 have been.
give_up() {
  ((late-- > 0)) || fail_about unavailable 'no answer comes from ' "$DATABASE" ''
}

# settle_quietly: gives the session the end that it never got. Whoever may not write, or cannot now, has waited
# all the same.
settle_quietly() {
  try_write_database "INSERT INTO tenure_settle(session_id)VALUES($SQL_SESSION);" || true
}

say_progress() {
  use message
  shown "${GIVEN[session]}"
  progress "waiting for $REPLY: $((waited / 1000)) s of ${GIVEN[cap]}"
}
