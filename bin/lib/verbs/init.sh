# shellcheck shell=bash
#
# init - makes the database, or Tenure's part of one that exists.

verb_declare() {
  summary 'make the database, or bring the one that exists up to date'
}

verb_run() {
  local mode="(SELECT journal_mode FROM pragma_journal_mode)"
  local name
  locate_database
  sql_text "$DATABASE"
  name=$REPLY
  if [[ $FORMAT == json ]]; then
    REPLY="'{\"ok\":true,\"command\":\"init\",\"result\":'||json_object('database',$name,'journal_mode',$mode,'version',tenure_version())||'}'"
  else
    REPLY="'ready: '||display_safe($name)||', journal mode '||$mode"
  fi
  # Here the install is the verb, so it is run even where the tables are there already.
  create_database "SELECT tenure_install() IS 0 WHERE 0;SELECT $REPLY;"
  present "$ANSWER"
}
