# shellcheck shell=bash
#
# unguard - takes the guard of a table away.

use guard

verb_declare() {
  summary 'take the guard of a table away'
  operand table required TABLE 'the guarded table'
}

verb_run() {
  sql_text "${GIVEN[table]}"
  remove_guard "$REPLY"
}
