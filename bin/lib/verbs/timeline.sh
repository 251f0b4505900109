# shellcheck shell=bash
#
# timeline - sessions, turns and takeovers over time: of one scope, of one session, or of all.

use defaults phrase table timeline

verb_declare() {
  summary 'draw sessions, turns and takeovers over time'
  option session SESSION text '' 'only this session (TENURE_SESSION, with its fence)'
  operand session optional
  option scope SCOPE text '' 'this scope (TENURE_SCOPE, else main)'
  option all '' flag '' 'all scopes, and the sessions without one'
  option limit N count '' 'how many sessions, the newest (20)'
  option svg '' flag '' 'as a picture for a page or a browser, in SVG'
  takes_lists
}

verb_run() {
  local condition title spans
  ! is_given svg || [[ $FORMAT == text ]] || fail usage.option '--svg goes without --json and --csv'
  ! is_given all || ! is_given session scope || fail usage.option '--all goes without a session and --scope'
  is_given all || default_target
  if is_given all; then
    condition=1
    title="'all scopes'"
  elif is_given session; then
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
  case ${GIVEN[svg]+svg}$FORMAT in
    svg*)
      use timeline_svg
      timeline_svg "$title"
      ;;
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
  ! is_given session || REPLY="iif(EXISTS(SELECT 1 FROM tenure_event WHERE $condition),$REPLY,'')"
  read_database "WITH $spans SELECT $REPLY;"
  [[ -n $ANSWER ]] || fail timeline.missing "there is no such session; 'tenure list --all' lists them"
  present "$ANSWER"
}

# drawing_width: sets REPLY to the columns of the terminal, if it is said and sensible, else to 80.
drawing_width() {
  REPLY=${COLUMNS-}
  if [[ $REPLY != [123456789]+([0123456789]) || ${#REPLY} -gt 4 || $REPLY -lt 80 ]]; then REPLY=80; fi
}
