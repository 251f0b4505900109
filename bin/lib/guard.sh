# shellcheck shell=bash
#
# guard.sh - guards on a user's own tables. These functions change the schema, so each is a statement of
# its own, and what it returns is not shown.

# change_guard CALL TABLE GUARDED: TABLE is an SQL literal, GUARDED true or false.
change_guard() {
  if [[ $FORMAT == json ]]; then
    result_sql "json_object('table',$2,'guarded',json('$3'))"
  elif [[ $3 == true ]]; then
    REPLY="display_safe($2)||' is guarded'"
  else
    REPLY="display_safe($2)||' is not guarded'"
  fi
  write_database $'.output /dev/null\n'"SELECT $1;"$'\n.output\n'"SELECT $REPLY;"
  present "$ANSWER"
}

remove_guard() {
  change_guard "tenure_unguard($1)" "$1" false
}
