# shellcheck shell=bash
#
# guard - lets only the holder of a scope write to a table of yours.

use defaults guard

verb_declare() {
  summary 'let only the holder of a scope write to a table'
  operand table required TABLE 'a table of this database'
  option scope SCOPE text '' 'the scope whose holder may write (TENURE_SCOPE, else main)'
  option remove '' flag '' 'take the guard away again'
}

verb_run() {
  local table scope='tenure_check_scope(NULL)' # the scope that every verb takes when none is named
  sql_text "${GIVEN[table]}"
  table=$REPLY
  if is_given remove; then
    remove_guard "$table"
    return
  fi
  default_scope
  if is_given scope; then
    sql_text "${GIVEN[scope]}"
    scope=$REPLY
  fi
  change_guard "tenure_guard($table,$scope)" "$table" true
}
