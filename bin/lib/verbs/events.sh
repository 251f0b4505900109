# shellcheck shell=bash
#
# events - the log.

use phrase table events

verb_declare() {
  summary 'show the log: every change of state, oldest first'
  option session SESSION text '' 'only of this session'
  operand session optional
  option scope SCOPE text '' 'only of this scope'
  option limit N count '' 'how many, the newest (50)'
  takes_lists
}

verb_run() {
  local condition=1
  of_session session_id
  if is_given scope; then
    sql_text "${GIVEN[scope]}"
    condition+=" AND scope IS nullif($REPLY,'')"
  fi
  event_columns
  events_source "$condition" "${GIVEN[limit]-50}"
  show_list events "$REPLY"
}
