# shellcheck shell=bash disable=SC2034,SC2153 # the parts of run share variables
#
# run_outcome.sh - how a command under 'tenure run' ended, in the database and for the caller.

# What sqlite3 would say of a database that is not there, if it did not make one.
NO_FILE='Error: unable to open database'

# judge_exit: sets STATUS to the word for CODE, SIGNAL to the signal that it stands for, and NOTE to a
# sentence where the code alone does not say it. A code above 128 is a signal, as in every shell.
judge_exit() {
  local name=''
  SIGNAL='' NOTE=''
  if ((CODE > 128 && CODE <= 192)); then
    SIGNAL=$((CODE - 128))
    name=$(kill -l "$SIGNAL" 2>/dev/null) || SIGNAL=''
  fi
  if [[ -n $LOST ]]; then
    STATUS=interrupted NOTE='the lease could not be kept'
  elif [[ -n $LIMITED ]]; then
    STATUS=timeout NOTE="ended after --max-secs ${GIVEN[max-secs]}"
  elif ((CODE == 0)); then
    STATUS=success
  elif [[ -n $CAUGHT ]]; then
    STATUS=interrupted NOTE="$CAUGHT was passed on"
  elif [[ -n $SIGNAL ]]; then
    STATUS=signal NOTE="ended by signal $SIGNAL ($name)"
  else
    STATUS=failure
  fi
}

# record_end: the packet, the result and the end of the session, in one transaction. A result of the command's
# own is kept, whichever comes first. Nothing of it is for a session that somebody else has ended. False if
# it could not be recorded; then ANSWER says why.
record_end() {
  local session status note='NULL' signal='NULL' target
  sql_text "$SESSION"
  session=$REPLY
  sql_text "$STATUS"
  status=$REPLY
  [[ -z $NOTE ]] || { sql_text "$NOTE" && note=$REPLY; }
  [[ -z $SIGNAL ]] || signal="'$SIGNAL'"
  target="$session,$INCARNATION,$FENCE"
  ANSWER=$NO_FILE
  [[ -e $DATABASE ]] || return 1
  try_write_database "BEGIN IMMEDIATE;
INSERT INTO tenure_record_completion(session_id,incarnation,fence,exit_code,status,reason)VALUES($target,$CODE,$status,$note);
INSERT INTO tenure_record_result(session_id,incarnation,fence,exit_code,status,summary,provenance)VALUES($target,$CODE,$status,$note,'completion');
UPDATE tenure_session SET status=session_end_status(status,'exited'),revision=session_next_revision(revision),
  end_reason='run',ended_by=owner_id,end_note=$note,exit_code=$CODE,exit_signal=$signal
  WHERE session_id=$session AND fence=$FENCE AND ended_at IS NULL;
COMMIT;
SELECT 'recorded';"
}

# finish: records the end, and sets LOST if it turns out that somebody else has the session.
finish() {
  local status=0
  judge_exit
  [[ -z $LOST ]] || find_taker
  record_end || status=$?
  if ((status >= 128)) || [[ $ANSWER == *': interrupted'* ]]; then # the key for INT reaches sqlite3, too
    status=0
    record_end || status=$?
  fi
  ((status)) || return 0
  use message style failure
  explain_failure "$status"
  if [[ -n $LOST ]]; then
    return
  elif [[ $FAULT == fence.* ]]; then
    LOST=yes
    find_taker
  else
    complain "$FAULT: $FAULT_TEXT; the end of session $SESSION is not recorded, its lease will run out"
  fi
}

# find_taker: sets TAKER to the attributes that say who took the session, by ending it or by holding its scope now,
# and why, as far as that can be told.
find_taker() {
  local by reason session ours BUSY_TIMEOUT=1000
  sql_text "$SESSION"
  session=$REPLY
  ours="FROM tenure_session WHERE session_id=$session"
  attribute "coalesce((SELECT ended_by $ours),(SELECT owner_id $ours AND fence<>$FENCE),
    (SELECT h.owner_id FROM tenure_session AS h JOIN tenure_session AS s USING(scope)
      WHERE s.session_id=$session AND h.ended_at IS NULL AND h.session_id<>$session),'')"
  by=$REPLY
  attribute "coalesce((SELECT coalesce(end_reason,iif(fence<>$FENCE,'superseded','unrenewed'))$ours),'missing')"
  reason=$REPLY
  opening query_only=ON
  if [[ -e $DATABASE ]] && call_sqlite "$DATABASE" "${REPLY}SELECT ' by='||$by||' reason='||$reason;"; then
    TAKER=$ANSWER
  else
    TAKER=' by="" reason=unreachable'
  fi
}
