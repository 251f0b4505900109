# shellcheck shell=bash
#
# create.sh - makes a database, for the verbs that may.

# create_database SQL [always]: runs SQL, and before it makes what is missing: the file, or Tenure's tables in it; with
# 'always' the tables are looked after in any case. A new file is in WAL mode; one that exists keeps the mode that its
# owner chose. Two that make the same file at once meet while its mode changes, where SQLite does not wait: then the
# command does.
create_database() {
  local begin install='' script begun=$SECONDS status
  local -r quiet=$'.output /dev/null\n' loud=$'\n.output\n'
  local -r tables="${quiet}SELECT tenure_install();$loud"
  locate_database
  require_file
  opening synchronous=FULL
  begin=$REPLY
  [[ -z $DATABASE_FOLDER ]] || make_folder "$DATABASE_FOLDER"
  [[ -z ${2-} ]] || install=$tables
  while :; do
    script=$begin$install$1
    [[ -s $DATABASE ]] || script="$begin${quiet}PRAGMA journal_mode=WAL;$loud$tables$1"
    status=0
    call_sqlite "$DATABASE" "$script" || status=$?
    if ((status == 0)); then
      return
    elif [[ $ANSWER == *$NO_TENURE* && -z $install ]]; then
      install=$tables
    elif [[ $ANSWER == *'database is locked'* && $ANSWER != *'tenure: '* ]] && (((SECONDS - begun) * 1000 < 10#$BUSY_TIMEOUT)); then
      sleep "0.0$((RANDOM % 90 + 10))"
    else
      report_failure "$status"
    fi
  done
}

make_folder() {
  [[ -d $1 ]] || (umask 077 && mkdir -p -- "$1" 2>/dev/null) ||
    fail_about unavailable 'the folder ' "$1" ' cannot be made'
}
