# shellcheck shell=bash
#
# init - makes the database, or Tenure's part of one that exists.

use create

verb_declare() {
  summary 'make the database, or bring the one that exists up to date'
}

verb_run() {
  local name mode='(SELECT journal_mode FROM pragma_journal_mode)'
  locate_database
  sql_text "$DATABASE"
  name=$REPLY
  if [[ $FORMAT == json ]]; then
    result_sql "tenure_object('database',$name,'journal_mode',$mode,'version',tenure_version())"
  else
    REPLY="'ready: '||display_safe($name)||', journal mode '||$mode"
  fi
  create_database "SELECT $REPLY;" always
  present "$ANSWER"
}
