# shellcheck shell=bash disable=SC2034 # the verbs read what is set here
#
# reader.sh - one sqlite3 that stays open, for a verb that reads again and again.
#
# Each question is a statement of its own, so between two questions no transaction is open: the WAL can be
# checkpointed and reset. It is ended by a signal, never by closing: the last one to close a database deletes
# its WAL by name, and if the file was replaced meanwhile, that would be the WAL of another database.

# What ends an answer. Text that is safe to show has no tab in it, so no text from outside can forge it.
END_OF_ANSWER=$'\tend'

# The process, and where it is asked and answers.
READER='' QUESTIONS='' ANSWERS=''

# reader_open: opens DATABASE, which exists. False if that failed, with ANSWER as reader_ask leaves it.
reader_open() {
  local begin pipe
  need_stderr
  opening query_only=ON
  begin=$REPLY
  # The signals of the terminal are for the command: sqlite3 must not stand still in the middle of an answer.
  coproc SQLITE {
    trap '' INT QUIT TSTP
    umask 077
    read -r
    exec sqlite3 -batch -bail -init /dev/null "$DATABASE" 2>&1
  }
  READER=$SQLITE_PID
  # Copies, because bash forgets the pipes when the process ends, and an answer may still stand in them. That
  # it does not end before, and tell nobody why, is what its 'read' waits for.
  exec {QUESTIONS}>&"${SQLITE[1]}" {ANSWERS}<&"${SQLITE[0]}"
  pipe=${SQLITE[1]}
  exec {pipe}>&-
  reader_send $'\n'
  reader_ask "$begin"
}

# reader_ask SQL [WAITING]: sets ANSWER to the text that SQL selects. False if sqlite3 ended instead: then
# ANSWER is what it said, and FAILURE its status. While the answer takes time, WAITING is called.
reader_ask() {
  local line='' status
  ANSWER=
  reader_send "$1"$'\n.print "\\tend"\n'
  while :; do
    status=0
    reader_line || status=$?
    if ((status > 128)); then
      ${2-}
    elif ((status != 0)); then
      break
    elif [[ $line == "$END_OF_ANSWER" ]]; then
      ANSWER=${ANSWER%$'\n'}
      return 0
    else
      ANSWER+=$line$'\n'
      line=
    fi
  done
  ANSWER+=$line
  reader_end
  return 1
}

# reader_line: adds to 'line' of the caller what comes of it within a fifth of a second.
reader_line() {
  local LC_ALL=C part status=0
  IFS= read -r -t 0.2 -u "$ANSWERS" part || status=$?
  line+=$part
  return "$status"
}

# A process that has ended is found out when its answer is read.
reader_send() {
  trap '' PIPE
  { printf '%s' "$1" >&"$QUESTIONS"; } 2>/dev/null || true
  trap - PIPE
}

# reader_rest SECONDS: waits. Nothing is being answered, so it only ends early if sqlite3 does, and no process
# is started for it.
reader_rest() {
  if [[ -z $READER ]]; then sleep "$1"; else read -r -t "$1" -u "$ANSWERS" || true; fi
}

# reader_current: true while the open file is still the one of that name. Where /proc does not tell, it is
# taken to be. A sqlite3 that has ended has no file open; that is for the next question to find out.
reader_current() {
  local file
  for file in /proc/"$READER"/fd/*; do
    [[ ! $file -ef $DATABASE ]] || return 0
  done
  [[ ! -e /proc/$READER/fd/0 ]]
}

# reader_close: ends it, whatever it is doing.
reader_close() {
  [[ -n $READER ]] || return 0
  kill -KILL "$READER" 2>/dev/null || true
  reader_end
}

# reader_end: takes leave of a process that ends; sets FAILURE to its status.
reader_end() {
  FAILURE=0
  wait "$READER" 2>/dev/null || FAILURE=$?
  exec {QUESTIONS}>&- {ANSWERS}<&-
  READER=
}
