# shellcheck shell=bash
#
# database.sh - the one call of sqlite3 that a command makes, and what its failures mean.
#
# Every script ends in one SELECT of one text, after the verb's own statement has been committed. So what
# sqlite3 prints is either the whole answer or a complaint, and nothing is reported before it is durable.

use location

# How long a lock is waited for, in milliseconds.
BUSY_TIMEOUT=${TENURE_BUSY_TIMEOUT:-5000}

# call_sqlite FILE SCRIPT: runs a script; sets ANSWER to all that was printed. Its status is sqlite3's.
# Files made here are for their owner only; -init keeps a person's .sqliterc out.
call_sqlite() {
  ANSWER=$(umask 077 && exec sqlite3 -batch -bail -init /dev/null "$1" 2>&1 <<<"$2")
}

# opening PRAGMA: sets REPLY to the lines that begin every script.
opening() {
  if [[ $BUSY_TIMEOUT != +([0123456789]) || ${#BUSY_TIMEOUT} -gt 9 ]]; then
    fail usage.number 'TENURE_BUSY_TIMEOUT is a number of milliseconds'
  fi
  [[ -r $EXTENSION ]] || fail extension.unusable "the extension is not at $EXTENSION"
  dot_text "$EXTENSION"
  REPLY=".timeout $BUSY_TIMEOUT"$'\n'".load $REPLY"$'\n'"PRAGMA $1;"$'\n'
}

# require_database: refuses where there is no file; only start and init make one.
require_database() {
  locate_database
  [[ -e $DATABASE ]] && return
  shown "$DATABASE"
  fail database.missing "there is no database at $REPLY; 'tenure start' or 'tenure init' makes one"
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

# create_database SQL: the same, making the database, or Tenure's part of it, if there is none. A new file
# is in WAL mode; a file that exists keeps the mode that its owner chose. Two that make the same file at
# once meet while its mode changes, where SQLite does not wait, so that is tried again.
create_database() {
  local begin install='' tries=20 status
  local -r quiet=$'.output /dev/null\n' loud=$'\n.output\n'
  locate_database
  opening synchronous=FULL
  begin=$REPLY
  [[ -z $DATABASE_FOLDER ]] || make_folder "$DATABASE_FOLDER"
  while :; do
    [[ -s $DATABASE ]] || install="${quiet}PRAGMA journal_mode=WAL;SELECT tenure_install();$loud"
    status=0
    call_sqlite "$DATABASE" "$begin$install$1" || status=$?
    if ((status == 0)); then
      return
    elif [[ $ANSWER == *"$NO_TENURE"* && -z $install ]]; then
      install="${quiet}SELECT tenure_install();$loud"
    elif [[ $ANSWER == *'(5)' && -n $install ]] && ((tries-- > 0)); then
      install=
      sleep "0.0$((RANDOM % 90 + 10))"
    else
      report_failure "$status"
    fi
  done
}

make_folder() {
  [[ -d $1 ]] || (umask 077 && mkdir -p -- "$1" 2>/dev/null) || {
    shown "$1"
    fail unavailable "the folder $REPLY cannot be made"
  }
}

# What SQLite says when Tenure's tables are not there.
NO_TENURE='no such table: tenure_'

# report_failure STATUS: says what ANSWER means, and exits.
report_failure() {
  explain_failure "$1"
  fail "$FAULT" "$FAULT_TEXT" "$FAULT_RETRYABLE"
}

# explain_failure STATUS: sets FAULT, FAULT_TEXT and FAULT_RETRYABLE from ANSWER. A refusal has its code in
# it; the rest is told apart by SQLite's result code, which the shell puts in brackets at the end.
explain_failure() {
  local name number=0 text=${ANSWER%%$'\n'*}
  local -r refusal='tenure: ([a-z][a-z0-9_.]*): ([^'$'\n'']*)' numbered=' \(([0-9]+)\)$'
  FAULT=internal FAULT_RETRYABLE=false
  shown "$DATABASE"
  name=$REPLY
  if [[ $ANSWER =~ $refusal ]]; then
    FAULT=${BASH_REMATCH[1]}
    FAULT_TEXT=${BASH_REMATCH[2]% (+([0123456789]))}
    return
  fi
  [[ ! $text =~ $numbered ]] || number=$((BASH_REMATCH[1] & 255))
  text=${text#*rror near line +([0123456789]): }
  FAULT_TEXT=${text:-sqlite3 ended with status $1}
  case $number in
    5 | 6 | 15)
      FAULT=unavailable FAULT_RETRYABLE=true
      FAULT_TEXT="$name is locked by another process, and stayed so for $BUSY_TIMEOUT ms"
      ;;
    8 | 10 | 13 | 14) FAULT=unavailable FAULT_TEXT="$name: $text" ;;
    11 | 26) FAULT=database.corrupt FAULT_TEXT="$name: $text" ;;
    *) explain_message "$1" "$name" ;;
  esac
}

# explain_message STATUS NAME: the same for what has no such number.
explain_message() {
  case $1:$FAULT_TEXT in
    127:*) FAULT_TEXT='sqlite3 is not installed, or not in PATH' ;;
    *'unable to open database'*) FAULT=unavailable FAULT_TEXT="$2 cannot be opened" ;;
    *"$NO_TENURE"*)
      FAULT=database.missing
      FAULT_TEXT="$2 is a database without Tenure's tables, or with older ones; 'tenure init' brings them"
      ;;
    *"Error: $EXTENSION"* | *"Error: dlopen"*)
      FAULT=extension.unusable FAULT_TEXT="the extension cannot be loaded: ${FAULT_TEXT#Error: }"
      ;;
  esac
}
