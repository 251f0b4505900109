# shellcheck shell=bash
#
# timeline - sessions, turns and takeovers of one scope, or of one session, over time.

use defaults phrase table timeline

verb_declare() {
  summary 'draw the sessions, turns and takeovers of a scope over time'
  option session SESSION text '' 'only this session (TENURE_SESSION, with its fence)'
  operand session optional
  option scope SCOPE text '' 'this scope (TENURE_SCOPE, else main)'
  option limit N count '' 'how many sessions, the newest (20)'
  takes_lists
}

verb_run() {
  local condition title spans
  default_target
  if is_given session; then
    sql_text "${GIVEN[session]}"
    condition="session_id=$REPLY"
    title="'session '||display_safe($REPLY)"
  else
    sql_text "${GIVEN[scope]-main}"
    condition="scope IS nullif($REPLY,'')"
    title="coalesce('scope '||nullif(display_safe($REPLY),''),'no scope')"
  fi
  timeline_spans "$condition" "${GIVEN[limit]-20}"
  spans=$REPLY
  fields kind session_id scope actor_id incarnation turn_id began_at ended_at began_by ended_as
  case $FORMAT in
    json)
      json_rows '(SELECT * FROM span ORDER BY seq)'
      result_sql "'{\"spans\":'||$REPLY||'}'"
      ;;
    csv) csv_rows '(SELECT * FROM span ORDER BY seq)' ;;
    text)
      drawing_width
      timeline_drawing "$title" "$REPLY"
      REPLY="iif(EXISTS(SELECT 1 FROM span),$REPLY,'nothing has happened in '||$title)"
      ;;
  esac
  ! is_given session || REPLY="iif(EXISTS(SELECT 1 FROM span),$REPLY,'')"
  read_database "WITH $spans SELECT $REPLY;"
  [[ -n $ANSWER ]] || fail timeline.missing "there is no such session; 'tenure list --all' lists them"
  present "$ANSWER"
}

# drawing_width: sets REPLY to the columns of the terminal, if it is said and sensible, else to 80.
drawing_width() {
  REPLY=${COLUMNS-}
  if [[ $REPLY != [123456789]+([0123456789]) || ${#REPLY} -gt 4 || $REPLY -lt 80 ]]; then REPLY=80; fi
}
