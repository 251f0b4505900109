# shellcheck shell=bash disable=SC2034 # the verbs and failure.sh read what is set here
#
# database.sh - a call of sqlite3 for one script, and what its failures mean. A verb that keeps one open has reader.sh
# or run_keeper.sh.
#
# Every script ends in one SELECT of one text, after the verb's own statement has been committed. So what
# sqlite3 prints is either the whole answer or a complaint, and nothing is reported before it is durable.

# How long a lock is waited for, in milliseconds.
BUSY_TIMEOUT=${TENURE_BUSY_TIMEOUT:-5000}

# What stands before every answer, so that nothing that was printed earlier, by a loader say, is part of it, and after
# it: a sqlite3 that is interrupted between two statements ends well.
MARK='-- answer'
END_MARK='-- end'

# The signal that a verb has caught, if it catches any. Those of a terminal end sqlite3, too.
CAUGHT=''

# call_sqlite FILE SCRIPT: runs a script; sets ANSWER to its answer, or to all that was printed if it failed.
# The status is sqlite3's. Files made here are for their owner only; -init keeps a person's .sqliterc out.
call_sqlite() {
  local LC_ALL=C
  ANSWER=$(umask 077 && exec sqlite3 -batch -bail -init /dev/null "$1" 2>&1 <<<"$2"$'\n'".print $END_MARK") || return
  [[ $ANSWER == *"$END_MARK" ]] || return 130
  ANSWER=${ANSWER%"$END_MARK"}
  ANSWER=${ANSWER%$'\n'}
  ANSWER=${ANSWER#*"$MARK"}
  ANSWER=${ANSWER#$'\n'}
}

# opening PRAGMA: sets REPLY to the lines that begin every script. Who writes waits for the lock in turn with others
# (see ext/patience.c); who only reads hardly meets a lock, and session_wait() goes by SQLite's own timeout.
opening() {
  local patience="SELECT 1 WHERE tenure_patience($BUSY_TIMEOUT)IS NULL;"$'\n'
  if [[ $BUSY_TIMEOUT != +([0123456789]) || ${#BUSY_TIMEOUT} -gt 9 ]]; then
    fail usage.number 'TENURE_BUSY_TIMEOUT is a number of milliseconds'
  fi
  [[ -r $EXTENSION ]] || fail_about extension.unusable 'the extension is not at ' "$EXTENSION" ''
  [[ $1 != query_only=ON ]] || patience=
  dot_text "$EXTENSION"
  REPLY=".timeout $BUSY_TIMEOUT"$'\n'".load $REPLY"$'\n'"${patience}PRAGMA $1;"$'\n'".print $MARK"$'\n'
}

# need_stderr: opens stderr if it is closed. Otherwise bash puts a pipe of a coproc there, and this process keeps an
# end of it.
need_stderr() { [[ -e /dev/fd/2 ]] || exec 2>/dev/null; }

# locate_database: sets DATABASE to the file. It gets a slash in front, so that no name is an option of
# sqlite3, a URI or ':memory:'.
locate_database() {
  DATABASE_FOLDER=
  DATABASE=${GIVEN[db]-${TENURE_DB-}}
  if [[ -z $DATABASE ]]; then
    ! is_given db || fail usage.db '--db needs the name of a file'
    use location
    find_database
  fi
  [[ $DATABASE == /* ]] || DATABASE=./$DATABASE
}

# require_file: refuses what is there and is no file. From a pipe sqlite3 would read for ever.
require_file() {
  [[ ! -e $DATABASE || -f $DATABASE ]] || fail_about unavailable '' "$DATABASE" ' cannot be opened: it is no file'
}

# require_database: refuses where there is no file; only start and init make one.
require_database() {
  locate_database
  require_file
  [[ -e $DATABASE ]] ||
    fail_about database.missing 'there is no database at ' "$DATABASE" "; 'tenure start' or 'tenure init' makes one"
}

# read_database SQL: sets ANSWER to the text that SQL selects. Cannot change anything.
read_database() {
  require_database
  opening query_only=ON
  call_sqlite "$DATABASE" "$REPLY$1" || report_failure $?
}

# read_nothing SQL: the same without a database.
read_nothing() {
  DATABASE=:memory:
  opening query_only=ON
  call_sqlite "$DATABASE" "$REPLY$1" || report_failure $?
}

# write_database SQL [DURABILITY]: the same for SQL that changes the database. A power cut ends every lease
# of the machine, so a heartbeat that says nothing else may be NORMAL; all else is FULL.
write_database() {
  try_write_database "$@" || report_failure $?
}
try_write_database() {
  require_database
  opening "synchronous=${2:-FULL}"
  call_sqlite "$DATABASE" "$REPLY$1"
}

# What SQLite says when Tenure's tables are not there, or are of an older extension: a pattern.
NO_TENURE='no such @(table|function): @(tenure|session)_'

# report_failure STATUS: says what ANSWER means, and exits; or exits as the signal does that has been caught.
report_failure() {
  [[ -z $CAUGHT ]] || exit $((128 + $(kill -l "$CAUGHT")))
  use message style failure
  explain_failure "$1"
  fail "$FAULT" "$FAULT_TEXT" "$FAULT_RETRYABLE"
}
