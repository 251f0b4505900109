# shellcheck shell=bash disable=SC2034 # database.sh and the verbs read what is set here
#
# failure.sh - what went wrong, in words, as JSON and as an exit code.

# exit_code CODE: sets REPLY to the exit code of a refusal or fault. The codes of misuse come first:
# 'opt.x.missing' is misuse whatever it ends with.
exit_code() {
  case $1 in
    usage.* | opt.* | json.* | activity.*) REPLY=2 ;;
    *.missing) REPLY=3 ;;
    unavailable | database.corrupt) REPLY=5 ;;
    internal | extension.*) REPLY=1 ;;
    *) REPLY=4 ;;
  esac
}

# report_fault CODE MESSAGE [RETRYABLE]: says it and exits.
report_fault() {
  local command message
  if [[ $FORMAT == json ]]; then
    json_text "$COMMAND"
    command=$REPLY
    json_text "${2//[[:cntrl:]]/?}"
    message=$REPLY
    emit "{\"ok\":false,\"command\":$command,\"error\":{\"code\":\"$1\",\"message\":$message,\"retryable\":${3:-false}}}"
  else
    complain "$1: $2"
  fi
  exit_code "$1"
  exit "$REPLY"
}

# look_for_json: a command line that cannot be read to its end may ask for JSON in the part that was not
# read. And a verb that is not one of ours may be any text, which must be made harmless.
look_for_json() {
  local argument
  for argument in "${ARGUMENTS[@]}"; do
    [[ $argument != -- ]] || break
    [[ $argument != --json ]] || FORMAT=json
  done
  if [[ -n $COMMAND ]] && ! verb_exists "$COMMAND"; then
    shown "$COMMAND"
    COMMAND=${REPLY:1:${#REPLY}-2}
  fi
}

# explain_failure STATUS: sets FAULT, FAULT_TEXT and FAULT_RETRYABLE from ANSWER. A refusal has its code in
# it, right after the shell's own words; the name of the database, which may be anything, is left out before. The rest is
# told apart by SQLite's own sentences: not every version of its shell prints the number.
explain_failure() {
  local LC_ALL=C name said=${ANSWER#*"$MARK"} text
  local -r refusal='rror(:? near line [0-9]+)?: (stepping, )?tenure: ([a-z][a-z0-9_.]*): ([^'$'\n'']*)' error='([A-Za-z]+ e|E)rror[ :][^'$'\n'']*'
  FAULT=internal FAULT_RETRYABLE=false
  said=${said#$'\n'}
  said=${said//"\"$DATABASE\""/}
  text=${said%%$'\n'*}
  if [[ $said =~ $refusal ]]; then
    FAULT=${BASH_REMATCH[3]}
    FAULT_TEXT=${BASH_REMATCH[4]% (+([0123456789]))}
    return
  fi
  [[ ! $said =~ $error ]] || text=${BASH_REMATCH[0]}
  text=${text#*rror near line +([0123456789]): }
  shown "$DATABASE"
  name=$REPLY
  FAULT_TEXT="$name: $text"
  case $1:$text in
    127:*) FAULT_TEXT='sqlite3 is not installed, or not in PATH' ;;
    *'unable to open database'*) FAULT=unavailable FAULT_TEXT="$name cannot be opened" ;;
    *' is locked'* | *'locking protocol'*)
      FAULT=unavailable FAULT_RETRYABLE=true
      FAULT_TEXT="$name is locked by another process, and stayed so for $BUSY_TIMEOUT ms"
      ;;
    *'disk I/O error'* | *'disk is full'* | *'readonly database'*) FAULT=unavailable ;;
    *'disk image is malformed'* | *'is not a database'*) FAULT=database.corrupt ;;
    *$NO_TENURE*)
      FAULT=database.missing
      FAULT_TEXT="$name is a database without Tenure's tables, or with older ones; 'tenure init' brings them"
      ;;
    *:'Error: '*) FAULT=extension.unusable FAULT_TEXT="the extension cannot be loaded: ${text#Error: }" ;;
    *:) FAULT_TEXT="sqlite3 ended with status $1 and said nothing" ;;
  esac
}
