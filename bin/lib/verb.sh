# shellcheck shell=bash
#
# verb.sh - a verb that changes something is one INSERT into its view; its answer is the session's report.

# insert_statement VIEW: sets REPLY to the INSERT of what was given.
insert_statement() {
  local name columns='' values=''
  for name in "${OPTIONS[@]}"; do
    if [[ -z ${COLUMN[$name]} || -z ${GIVEN[$name]+given}${EXPRESSION[$name]-} ]]; then
      continue
    elif [[ -n ${EXPRESSION[$name]-} ]]; then
      REPLY=${EXPRESSION[$name]}
    elif [[ ${KIND[$name]} == text ]]; then
      sql_text "${GIVEN[$name]}"
    else
      sql_integer "${GIVEN[$name]}"
    fi
    columns+=,${COLUMN[$name]}
    values+=,$REPLY
  done
  if [[ -z $columns ]]; then
    REPLY="INSERT INTO $1 DEFAULT VALUES;"
  else
    REPLY="INSERT INTO $1(${columns:1})VALUES(${values:1});"
  fi
}

# verb_statement VIEW TEXT: sets REPLY to the INSERT and the SELECT of its answer. TEXT is SQL for people,
# over the report r and the present second, now.
verb_statement() {
  local statement
  insert_statement "$1"
  statement=$REPLY
  if [[ $FORMAT == json ]]; then
    result_sql 'session_report()'
    REPLY=$statement$'\n'"SELECT $REPLY;"
  else
    REPLY=$statement$'\n'"WITH report(r,now)AS MATERIALIZED(SELECT session_report(),session_now())SELECT $2 FROM report;"
  fi
}

# run_verb VIEW TEXT [DURABILITY]: does it and shows the answer.
run_verb() {
  verb_statement "$1" "$2"
  write_database "$REPLY" "${3-}"
  present "$ANSWER"
}
