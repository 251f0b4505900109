# shellcheck shell=bash
#
# table.sh - lists: the same rows as JSON, as CSV or as columns for people, put together by one SELECT.
#
# A list declares its fields (for programs: name and SQL) and its cells (for people: heading and SQL).

new_table() {
  FIELDS=() FIELD_VALUES=() CELLS=() CELL_VALUES=()
}
new_table
KNOWN=1

# field NAME [SQL]: SQL is the column of that name if left out.
field() {
  FIELDS+=("$1")
  FIELD_VALUES+=("${2:-$1}")
}

# fields NAME...: columns as they are.
fields() {
  local name
  for name; do field "$name"; done
}

# flag_field NAME [SQL]: 0 and 1 as false and true.
flag_field() {
  field "$1" "json(CASE ${2:-$1} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)"
}

# cell HEADING SQL: SQL gives a text that is safe to show.
cell() {
  CELLS+=("$1")
  CELL_VALUES+=("$2")
}

# object_sql: sets REPLY to SQL for the JSON object of the fields. Not json_object(), which SQLite gives at
# most 100 arguments.
object_sql() {
  local i
  REPLY=
  for ((i = 0; i < ${#FIELDS[@]}; i++)); do
    REPLY+="||',\"${FIELDS[i]}\":'||json_quote(${FIELD_VALUES[i]})"
  done
  REPLY="json('{'||substr(${REPLY:2},2)||'}')"
}

# json_rows SOURCE: sets REPLY to SQL for the JSON array of the rows of SOURCE.
json_rows() {
  object_sql
  REPLY="(SELECT json_group_array($REPLY)FROM $1)"
}

# csv_rows SOURCE: a line per row: texts are safe to show and hold no line ends.
csv_rows() {
  local i header='' line='' shown
  for ((i = 0; i < ${#FIELDS[@]}; i++)); do
    header+=,${FIELDS[i]}
    shown="display_safe(${FIELD_VALUES[i]})"
    line+="||','||iif($shown GLOB'*[\",]*','\"'||replace($shown,'\"','\"\"')||'\"',coalesce($shown,''))"
  done
  REPLY="(SELECT '${header:1}'||coalesce(group_concat(char(10)||${line:7},''),'')FROM $1)"
}

# text_rows SOURCE: columns as wide as their widest cell.
text_rows() {
  local i names='' headings='' values='' widths='' form='' arguments=''
  for ((i = 0; i < ${#CELLS[@]}; i++)); do
    names+=",c$i"
    headings+=",'${CELLS[i]}'"
    values+=",coalesce(${CELL_VALUES[i]},'-')"
    widths+=",max(length(c$i))AS w$i"
    form+='  %-!*s'
    arguments+=",w$i,c$i"
  done
  REPLY="(WITH line(${names:1})AS MATERIALIZED(SELECT ${headings:1} UNION ALL SELECT * FROM(SELECT ${values:1} FROM $1)),
    width AS MATERIALIZED(SELECT ${widths:1} FROM line)
    SELECT group_concat(rtrim(printf('${form:2}'$arguments)),char(10))FROM width CROSS JOIN line)"
}

# of_session COLUMN: narrows the list to the session that was given, if one was: adds to 'condition' of the caller. One
# that nobody has ever heard of is no empty list: sets KNOWN, for show_list.
of_session() {
  is_given session || return 0
  sql_text "${GIVEN[session]}"
  condition+=" AND $1=$REPLY"
  KNOWN="EXISTS(SELECT 1 FROM tenure_session WHERE session_id=$REPLY)OR EXISTS(SELECT 1 FROM tenure_event WHERE session_id=$REPLY)"
}

# show_list KEY SOURCE: reads and shows the rows of SOURCE, a table or a subquery in its order, which may
# use clock(now). KEY is the name of the list in JSON.
show_list() {
  case $FORMAT in
    json)
      json_rows "$2"
      result_sql "'{\"$1\":'||$REPLY||'}'"
      ;;
    csv) csv_rows "$2" ;;
    text) text_rows "$2" ;;
  esac
  read_database "WITH clock(now)AS MATERIALIZED(SELECT session_now())SELECT CASE WHEN $KNOWN THEN $REPLY END;"
  [[ -n $ANSWER ]] || no_session
  present "$ANSWER"
}
