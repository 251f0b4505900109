# shellcheck shell=bash disable=SC2034 # options.sh shares the tables
#
# help.sh - help, made from what each verb declares.

# show_help VERB: shows what the verb takes, and exits.
show_help() {
  declare_only "$1"
  verb_help "$1"
  show_text "$REPLY"
  exit 0
}

# declare_only VERB: fills the tables with that verb's declaration and nothing else.
declare_only() {
  SUMMARY='' OPTIONS=() OPERANDS=() METAVAR=() KIND=() COLUMN=() HELP=() NEED=()
  # shellcheck source=/dev/null
  source "$LIBRARY/verbs/$1.sh"
  verb_declare
}

# verb_help VERB: sets REPLY to its help.
verb_help() {
  local name text="usage: tenure $1" form
  for name in "${OPERANDS[@]}"; do
    [[ ${NEED[$name]} == required ]] && text+=" ${METAVAR[$name]}" || text+=" [${METAVAR[$name]}]"
  done
  text+=" [OPTION]..."$'\n\n'"${SUMMARY^}."$'\n'
  option db FILE text '' 'the database (TENURE_DB, else of this git repository, else of this user)'
  option json '' flag '' 'one JSON object instead of text'
  option help '' flag '' 'what this verb takes'
  for name in "${OPERANDS[@]}"; do
    [[ -n ${KIND[$name]-} ]] || help_line "${METAVAR[$name]}" "${HELP[$name]}"
  done
  for name in "${OPTIONS[@]}"; do
    form=--$name
    [[ -z ${METAVAR[$name]} ]] || form+=" ${METAVAR[$name]}"
    help_line "$form" "${HELP[$name]}"
  done
  REPLY=$text
}

# help_line FORM SENTENCE: appends a line to text, the variable of the caller.
help_line() {
  local line
  printf -v line '\n  %-24s %s' "$1" "$2"
  text+=$line
}

# overview: sets REPLY to the list of verbs.
overview() {
  local file verb text=''
  for file in "$LIBRARY"/verbs/*.sh; do
    verb=${file##*/}
    verb=${verb%.sh}
    declare_only "$verb"
    printf -v REPLY '\n  %-12s %s' "$verb" "$SUMMARY"
    text+=$REPLY
  done
  REPLY="usage: tenure VERB [OPTION]...

Who holds it, what state is it in, what is it doing, how did it end: for long-running agent sessions.
$text

'tenure help VERB' says what a verb takes. Every verb takes --db FILE, --json and --help.

Environment: TENURE_DB, TENURE_SCOPE, TENURE_ACTOR, TENURE_SESSION with TENURE_FENCE, NO_COLOR, and
TENURE_BUSY_TIMEOUT (how many milliseconds to wait for a lock; 5000).
Exit codes: 0 done; 1 failed; 2 misuse; 3 no such session; 4 refused by a rule; 5 busy or I/O trouble."
}

# show_text TEXT: in either format.
show_text() {
  if [[ $FORMAT == json ]]; then
    json_text "$1"
    emit "{\"ok\":true,\"command\":\"$COMMAND\",\"result\":{\"text\":$REPLY}}"
  else
    emit "$1"
  fi
}
