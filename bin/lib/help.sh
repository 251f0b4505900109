# shellcheck shell=bash disable=SC2034 # options.sh shares the tables
#
# help.sh - help, made from what each verb declares: a page for people, an object for programs.

# show_help VERB: shows what the verb takes, and exits.
show_help() {
  declare_only "$1"
  takes_everywhere "$1"
  if [[ $FORMAT == json ]]; then help_object "$1"; else help_page "$1"; fi
  exit 0
}

# takes_everywhere VERB: what every verb takes, but that the output of 'run' is its command's.
takes_everywhere() {
  option db FILE text '' 'the database (TENURE_DB, else of this git repository, else of this user)'
  [[ $1 == run ]] || option json '' flag '' 'one JSON object instead of text'
  option help '' flag '' 'what this verb takes'
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

'tenure help VERB' says what a verb takes. Every verb takes --db FILE and --help, and all but run --json.

Environment: TENURE_DB, TENURE_SCOPE, TENURE_ACTOR, TENURE_SESSION with TENURE_FENCE, TENURE_LEASE
(of 'hook'; 3600), NO_COLOR, and TENURE_BUSY_TIMEOUT (how many milliseconds to wait for a lock; 5000).
Exit codes: 0 done; 1 failed; 2 misuse; 3 no such session or database; 4 refused by a rule; 5 busy or I/O trouble.
Of 'wait': 0 completed, ended, or still alive; 1 failed; 3 no such session; 4 lost to somebody else; 75 still
alive, under --strict; 124 nobody owns it and nothing proves that it is over. Of 'doctor': 1 there is an error.
Of 'run': what its command exits with; 4 the lease was lost. Of 'hook': 2 stops the agent, 1 is trouble that does not."
}

# declare_only VERB: fills the tables with that verb's declaration and nothing else.
declare_only() {
  SUMMARY='' OPTIONS=() OPERANDS=() METAVAR=() KIND=() COLUMN=() HELP=() NEED=() ACTIONS=() ACTION_HELP=() TAKES=()
  # shellcheck source=/dev/null
  source "$LIBRARY/verbs/$1.sh"
  verb_declare
}

help_page() {
  local name line form page="usage: tenure $1"
  for name in "${OPERANDS[@]}"; do
    case ${NEED[$name]} in
      required) page+=" ${METAVAR[$name]}" ;;
      optional) page+=" [${METAVAR[$name]}]" ;;
    esac
  done
  page+=" [OPTION]..."
  for name in "${OPERANDS[@]}"; do
    [[ ${NEED[$name]} != rest ]] || page+=" -- ${METAVAR[$name]}..."
  done
  page+=$'\n\n'"${SUMMARY^}."$'\n'
  for name in "${OPERANDS[@]}" "${OPTIONS[@]}"; do
    if [[ -n ${KIND[$name]-} ]]; then form="--$name ${METAVAR[$name]}"; else form=${METAVAR[$name]}; fi
    taken_by "$name"
    printf -v line '\n  %-24s %s%s' "$form" "${HELP[$name]}" "$REPLY"
    [[ $page == *"$line"* ]] || page+=$line
    [[ $name != action ]] || help_actions
  done
  emit "$page"
}

# help_actions: adds the actions to the page of the caller.
help_actions() {
  local name
  for name in "${ACTIONS[@]}"; do
    printf -v line '\n    %-22s %s' "$name" "${ACTION_HELP[$name]}"
    page+=$line
  done
}

# taken_by OPTION: sets REPLY to the actions that take this option, if not all do.
taken_by() {
  local name actions=''
  local -i others=0
  for name in "${ACTIONS[@]}"; do
    if [[ " ${TAKES[$name]} " == *" $1 "* ]]; then actions+=", $name"; else others+=1; fi
  done
  REPLY=
  ((others == 0)) || [[ -z $actions ]] || REPLY=" (${actions:2})"
}

help_object() {
  local name operands='' options='' actions='' text
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
  for name in "${ACTIONS[@]}"; do
    json_text "${ACTION_HELP[$name]}"
    actions+=",{\"name\":\"$name\",\"options\":[\"--${TAKES[$name]// /\",\"--}\"],\"help\":$REPLY}"
  done
  json_text "$SUMMARY"
  emit_result "{\"verb\":\"$1\",\"summary\":$REPLY,\"operands\":[${operands:1}],\"actions\":[${actions:1}],\"options\":[${options:1}]}"
}
