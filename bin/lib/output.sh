# shellcheck shell=bash
#
# output.sh - results on stdout. Complaints are in failure.sh, which is read only when there is one.

# FORMAT is text, json or csv. COMMAND is the verb, ARGUMENTS the whole command line as it came.
FORMAT=text

# emit TEXT: a result on stdout. Output that cannot be written is an I/O failure, not a success.
emit() {
  printf '%s\n' "$1" 2>/dev/null && return
  use message style
  complain 'unavailable: standard output cannot be written; what was asked for has been done'
  exit 5
}

# emit_result JSON: the object of a success, for a result made without the database.
emit_result() { emit "{\"ok\":true,\"command\":\"$COMMAND\",\"result\":$1}"; }

# result_sql SQL: sets REPLY to SQL for that object, where SQL gives the JSON of the result.
result_sql() { REPLY="'{\"ok\":true,\"command\":\"$COMMAND\",\"result\":'||$1||'}'"; }

# present TEXT: shows a result made by the database. One for people may have marks in it; see style.sh.
present() {
  if [[ $FORMAT == text && $1 == *$'\t'* ]]; then
    use message style
    present_marked "$1"
  else
    emit "$1"
  fi
}

# fail CODE MESSAGE [RETRYABLE]: reports a refusal or fault and exits with its code.
fail() {
  use message style failure
  report_fault "$@"
}

# fail_about CODE BEFORE TEXT AFTER: the same with a text from outside in the middle of the message.
fail_about() {
  use message
  shown "$3"
  fail "$1" "$2$REPLY$4"
}

# no_session: what is asked for is a session that is not there. Codes that begin with 'usage' are those of misuse.
no_session() {
  local about=$COMMAND
  [[ $about != usage ]] || about=turn
  fail "$about.missing" "there is no such session; 'tenure list --all' lists them"
}

# usage_error CODE BEFORE [TEXT AFTER]: fails, as fail or fail_about does, over a command line that cannot be read to
# its end.
usage_error() {
  use message style failure
  look_for_json
  if (($# == 2)); then fail "$1" "$2"; else fail_about "$@"; fi
}
