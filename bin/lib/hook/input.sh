# shellcheck shell=bash
#
# input.sh - what a tool gives its hook, as SQL.
#
# The payload is JSON from outside. Bash never looks inside; payload.sql does.

# payload_sql: sets REPLY to SQL for the payload: the argument that Codex's notify gives, else standard input.
payload_sql() {
  local -r told='a hook is told what happened on standard input'
  if is_given payload; then
    sql_text "${GIVEN[payload]}"
  elif [[ -t 0 ]]; then
    fail usage.payload "$told, and that is a terminal"
  elif [[ ! -e /dev/fd/0 ]]; then
    fail usage.payload "$told, and that is closed"
  else
    sql_input || fail usage.payload "$told, and basenc cannot read that"
  fi
}

# input_sql: sets REPLY to SQL that makes the table 'given', which payload.sql reads, and reads it.
input_sql() {
  local payload tool scope=NULL lease
  payload_sql
  payload=$REPLY
  sql_text "${GIVEN[tool]}"
  tool=$REPLY
  if [[ -n ${GIVEN[scope]-} ]]; then
    sql_text "${GIVEN[scope]}"
    scope=$REPLY
  fi
  sql_integer "${GIVEN[lease]}"
  lease=$REPLY
  dot_text "$LIBRARY/hook/payload.sql"
  REPLY="CREATE TEMP TABLE given AS SELECT $tool AS tool,$payload AS payload,$scope AS scope,$lease AS lease;
.read $REPLY
"
}
