#!/usr/bin/env bash
#
# adapter - drives a session with the events of the program that runs the agent.
#
# usage: TENURE_DB=FILE TENURE_SESSION=ID [TENURE_FENCE=N] adapter.sh < events.jsonl
#
# Reads one JSON object a line, gives it to tenure_provider_event, and answers each line with one JSON
# object. A line that is refused is named in its answer, and the next one is read. One sqlite3 process
# serves the whole stream; bash quotes each line as one SQL text and never looks inside.
#
# Exit codes: 0 every line was an event; 1 some were refused; 2 misuse; 3 no such session; 5 no database.

set -euo pipefail
LC_ALL=C
trap '' PIPE

HERE=${BASH_SOURCE[0]%/*}
[[ ${BASH_SOURCE[0]} == */* ]] || HERE=.
EXTENSION=${TENURE_EXTENSION:-$HERE/../../dist/tenure}

# What ends every answer of sqlite3. No answer can be this line: they are JSON objects and complaints.
readonly MARK='-- done'

die() {
  printf 'adapter: %s\n' "$2" >&2
  exit "$1"
}

# quoted TEXT: sets REPLY to an SQL text. dot_quoted: the same for the shell's own commands.
quoted() { REPLY="'${1//\'/\'\'}'"; }
dot_quoted() {
  REPLY=${1//\\/\\\\}
  REPLY=\"${REPLY//\"/\\\"}\"
}

# ask SCRIPT: runs a script in the open sqlite3; sets ANSWER to what it printed.
ask() {
  local line
  ANSWER=
  printf '%s\n.print "%s"\n' "$1" "$MARK" >&"$TO" || die 5 'sqlite3 has gone away'
  while IFS= read -r line <&"$FROM"; do
    [[ $line != "$MARK" ]] || return 0
    ANSWER+=${ANSWER:+$'\n'}$line
  done
  die 5 "sqlite3 has gone away: $ANSWER"
}

# open_database: starts sqlite3; sets SESSION and FENCE to SQL, INCARNATION to the one that is driven. Events
# that belong to another one are ignored by the database.
open_database() {
  local extension to from
  [[ -n ${TENURE_DB-} && -n ${TENURE_SESSION-} ]] || die 2 'TENURE_DB and TENURE_SESSION say what to drive'
  [[ -e $TENURE_DB ]] || die 5 'there is no such database'
  DATABASE=$TENURE_DB
  [[ $DATABASE == /* ]] || DATABASE=./$DATABASE
  coproc SQLITE { exec sqlite3 -batch -init /dev/null "$DATABASE" 2>&1; }
  SQLITE_PROCESS=$SQLITE_PID
  to=${SQLITE[1]} from=${SQLITE[0]}
  exec {TO}>&"$to" {FROM}<&"$from" {to}>&- {from}<&-
  dot_quoted "$EXTENSION"
  extension=$REPLY
  dot_quoted "$HERE/event.sql"
  ask ".timeout 5000"$'\n'".load $extension"$'\n'".read $REPLY"
  [[ -z $ANSWER ]] || die 5 "$ANSWER"
  quoted "$TENURE_SESSION"
  SESSION=$REPLY
  FENCE=NULL
  if [[ -n ${TENURE_FENCE-} ]]; then
    quoted "$TENURE_FENCE"
    FENCE=$REPLY
  fi
  ask "SELECT incarnation FROM tenure_session WHERE session_id = $SESSION;"
  [[ -n $ANSWER ]] || die 3 'there is no such session'
  [[ $ANSWER != *[!0123456789]* ]] || die 5 "$ANSWER"
  INCARNATION=$ANSWER
}

# apply NUMBER LINE: gives one line to the database; sets ANSWER to its JSON object. False if it was refused.
apply() {
  local complaint code=failed
  quoted "$2"
  ask "DELETE FROM line; INSERT INTO line VALUES($1, $REPLY);
INSERT INTO tenure_provider_event(session_id, fence, incarnation, event_id, type, state, turn_id, outcome, message, expected_turn_id)
  SELECT $SESSION, $FENCE, coalesce(incarnation, $INCARNATION), event_id, type, state, turn_id, outcome, message, expected_turn_id FROM event;
SELECT text FROM answer;"
  [[ $ANSWER != '{"line":'*',"ok":true,'* ]] || return 0
  [[ $ANSWER != '{"line":'* ]] || return 1
  complaint=${ANSWER%%$'\n'*}
  if [[ $complaint =~ tenure:\ ([a-z][a-z0-9_.]*):\ (.*) ]]; then
    code=${BASH_REMATCH[1]}
    complaint=${BASH_REMATCH[2]}
  fi
  quoted "$complaint"
  ask "SELECT json_object('line', $1, 'ok', json('false'), 'code', '$code', 'message', $REPLY);"
  return 1
}

# close_database: lets sqlite3 end, and waits until it has.
close_database() {
  exec {TO}>&-
  wait "$SQLITE_PROCESS" || true
}

main() {
  local line='' status=0
  local -i number=0
  open_database
  while IFS= read -r line || [[ -n $line ]]; do
    number+=1
    apply "$number" "$line" || status=1
    printf '%s\n' "$ANSWER" 2>/dev/null || die 5 'standard output cannot be written'
  done
  close_database
  exit "$status"
}

main
