# shellcheck shell=bash
#
# output.sh - what the command says: results on stdout, complaints on stderr, or, with --json, exactly one
# object on stdout for either outcome. It also holds the exit codes.

# FORMAT is text, json or csv. COMMAND is the verb, ARGUMENTS the whole command line as it came.
FORMAT=text

# exit_code CODE: sets REPLY to the exit code of a refusal or fault. The codes of misuse come first:
# 'opt.actor_required' is misuse whatever it ends with.
exit_code() {
  case $1 in
    usage.* | opt.* | json.* | activity.*) REPLY=2 ;;
    *.missing) REPLY=3 ;;
    unavailable | database.corrupt) REPLY=5 ;;
    internal | extension.*) REPLY=1 ;;
    *) REPLY=4 ;;
  esac
}

# colours STREAM: true if that descriptor is a terminal that wants colours.
colours() {
  [[ -t $1 && -z ${NO_COLOR-} && ${TERM-dumb} != dumb ]]
}

# complain TEXT: one line for people on stderr.
complain() {
  local name=tenure
  ! colours 2 || name=$'\e[31mtenure\e[0m'
  printf '%s: %s\n' "$name" "$1" >&2
}

# emit TEXT: a result on stdout. Output that cannot be written is an I/O failure, not a success.
emit() {
  printf '%s\n' "$1" 2>/dev/null && return
  complain 'unavailable: standard output cannot be written; what was asked for has been done'
  exit 5
}

# fail CODE MESSAGE [RETRYABLE]: reports a refusal or fault and exits with its code.
fail() {
  local retryable=${3-false} command message
  if [[ $FORMAT == json ]]; then
    json_text "$COMMAND"
    command=$REPLY
    json_text "$2"
    message=$REPLY
    emit "{\"ok\":false,\"command\":$command,\"error\":{\"code\":\"$1\",\"message\":$message,\"retryable\":$retryable}}"
  else
    complain "$1: $2"
  fi
  exit_code "$1"
  exit "$REPLY"
}

# usage_error CODE MESSAGE: the same for a command line that could not be read to its end, so that --json
# may still stand in the part that was not.
usage_error() {
  local argument
  for argument in "${ARGUMENTS[@]}"; do
    [[ $argument != -- ]] || break
    [[ $argument != --json ]] || FORMAT=json
  done
  json_safe_command
  fail "$1" "$2"
}

# A verb that is not one of ours may be any text; as a part of the answer it must be harmless.
json_safe_command() {
  verb_exists "$COMMAND" && return
  [[ -z $COMMAND ]] || { shown "$COMMAND" && COMMAND=${REPLY:1:${#REPLY}-2}; }
}

# A text for people may hold marks, which display_safe cannot produce, so that no text from outside can
# forge one: a tab and a letter. b, r, y, g begin bold, red, yellow, green; n ends it; what follows a
# tab and an exclamation mark goes to stderr.
MARK_LETTERS=(b r y g n)
MARK_STYLES=($'\e[1m' $'\e[31m' $'\e[33m' $'\e[32m' $'\e[0m')

# present TEXT: shows a result made by the database. Marks stand only in texts for people.
present() {
  local text=$1 aside='' i style
  if [[ $FORMAT == text && $text == *$'\t'* ]]; then
    [[ $text != *$'\t!'* ]] || { aside=${text#*$'\t!'} && text=${text%%$'\t!'*}; }
    for i in "${!MARK_LETTERS[@]}"; do
      style=
      ! colours 1 || style=${MARK_STYLES[i]}
      text=${text//$'\t'"${MARK_LETTERS[i]}"/"$style"}
    done
  fi
  [[ -z $text ]] || emit "$text"
  [[ -z $aside ]] || complain "$aside"
}
