# shellcheck shell=bash
#
# status - who holds what, since when, until when, doing what, in one screen.

# How many scopes a screen has room for. Programs get them all.
SCREEN=20

use defaults phrase table sessions results status

verb_declare() {
  summary 'show who holds what, since when, until when, doing what'
  option scope SCOPE text '' 'only this scope (TENURE_SCOPE)'
  operand scope optional
  option all '' flag '' 'all scopes, whatever TENURE_SCOPE says'
  takes_lists
}

verb_run() {
  local scope=''
  is_given all || default_scope
  if is_given scope; then
    sql_text "${GIVEN[scope]}"
    scope=$REPLY
  fi
  if [[ $FORMAT == text ]]; then
    status_screen "$SCREEN" "$scope"
    read_database "$REPLY"
    present "$ANSWER"
  else
    status_fields
    status_source "$scope"
    show_list scopes "$REPLY"
  fi
}
