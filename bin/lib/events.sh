# shellcheck shell=bash
#
# events.sh - what is told of a row of the log.

# events_source CONDITION LIMIT: sets REPLY to a subquery of the newest events, oldest first.
events_source() {
  REPLY="(SELECT * FROM(SELECT * FROM tenure_event WHERE $1 ORDER BY seq DESC LIMIT $2)ORDER BY seq)"
}

event_columns() {
  fields seq at session_id incarnation scope revision event from_status to_status actor_id turn_id detail
  cell SEQ seq
  phrase_time at
  cell AT "$REPLY"
  cell SESSION 'display_safe(session_id)'
  cell EVENT 'display_safe(event)'
  cell STATUS "CASE WHEN from_status IS NOT to_status THEN coalesce(from_status||' -> ','')||to_status ELSE to_status END"
  cell ACTOR 'display_safe(actor_id)'
  phrase_short detail 80
  cell DETAIL "$REPLY"
}
