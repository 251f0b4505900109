# shellcheck shell=bash
#
# version - which Tenure and which SQLite.

verb_declare() {
  summary 'say which Tenure this is, and on which SQLite'
}

verb_run() {
  if [[ $FORMAT == json ]]; then
    result_sql "json_object('version',tenure_version(),'sqlite',sqlite_version())"
  else
    REPLY="'tenure '||tenure_version()||', SQLite '||sqlite_version()"
  fi
  read_nothing "SELECT $REPLY;"
  present "$ANSWER"
}
