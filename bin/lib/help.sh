# shellcheck shell=bash disable=SC2034 # options.sh shares the tables
#
# help.sh - help, made from what each verb declares: a page for people, an object for programs.

# show_help VERB: shows what the verb takes, and exits.
show_help() {
  declare_only "$1"
  option db FILE text '' 'the database (TENURE_DB, else of this git repository, else of this user)'
  option json '' flag '' 'one JSON object instead of text'
  option help '' flag '' 'what this verb takes'
  if [[ $FORMAT == json ]]; then help_object "$1"; else help_page "$1"; fi
  exit 0
}

# show_overview: shows the list of verbs.
show_overview() {
  local file verb page='' object=''
  for file in "$LIBRARY"/verbs/*.sh; do
    verb=${file##*/}
    verb=${verb%.sh}
    declare_only "$verb"
    printf -v REPLY '\n  %-12s %s' "$verb" "$SUMMARY"
    page+=$REPLY
    json_text "$SUMMARY"
    object+=",{\"verb\":\"$verb\",\"summary\":$REPLY}"
  done
  if [[ $FORMAT == json ]]; then
    emit_result "{\"verbs\":[${object:1}]}"
    return
  fi
  emit "usage: tenure VERB [OPTION]...

Who holds it, what state is it in, what is it doing, how did it end: for long-running agent sessions.
$page

'tenure help VERB' says what a verb takes. Every verb takes --db FILE, --json and --help.

Environment: TENURE_DB, TENURE_SCOPE, TENURE_ACTOR, TENURE_SESSION with TENURE_FENCE, NO_COLOR, and
TENURE_BUSY_TIMEOUT (how many milliseconds to wait for a lock; 5000).
Exit codes: 0 done; 1 failed; 2 misuse; 3 no such session; 4 refused by a rule; 5 busy or I/O trouble."
}

# declare_only VERB: fills the tables with that verb's declaration and nothing else.
declare_only() {
  SUMMARY='' OPTIONS=() OPERANDS=() METAVAR=() KIND=() COLUMN=() HELP=() NEED=()
  # shellcheck source=/dev/null
  source "$LIBRARY/verbs/$1.sh"
  verb_declare
}

help_page() {
  local name line form page="usage: tenure $1"
  for name in "${OPERANDS[@]}"; do
    if [[ ${NEED[$name]} == required ]]; then page+=" ${METAVAR[$name]}"; else page+=" [${METAVAR[$name]}]"; fi
  done
  page+=" [OPTION]..."$'\n\n'"${SUMMARY^}."$'\n'
  for name in "${OPERANDS[@]}" "${OPTIONS[@]}"; do
    if [[ -n ${KIND[$name]-} ]]; then form="--$name ${METAVAR[$name]}"; else form=${METAVAR[$name]}; fi
    printf -v line '\n  %-24s %s' "$form" "${HELP[$name]}"
    [[ $page == *"$line"* ]] || page+=$line
  done
  emit "$page"
}

help_object() {
  local name operands='' options='' text
  for name in "${OPERANDS[@]}"; do
    json_text "${HELP[$name]}"
    operands+=",{\"name\":\"${METAVAR[$name]}\",\"need\":\"${NEED[$name]}\",\"help\":$REPLY}"
  done
  for name in "${OPTIONS[@]}"; do
    json_text "${HELP[$name]}"
    text=$REPLY
    json_text "${METAVAR[$name]}"
    options+=",{\"name\":\"--$name\",\"value\":$REPLY,\"help\":$text}"
  done
  json_text "$SUMMARY"
  emit_result "{\"verb\":\"$1\",\"summary\":$REPLY,\"operands\":[${operands:1}],\"options\":[${options:1}]}"
}
