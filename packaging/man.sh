#!/usr/bin/env bash
# Writes the manual page, tenure(1), to standard output: what 'tenure help' and 'tenure help VERB' say, from the
# same declarations.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=packaging/declared.sh
source packaging/declared.sh

# roff TEXT: sets REPLY to the text as roff prints it: nothing in it is a request or an escape.
roff() {
  REPLY=${1//\\/\\e}
  REPLY=${REPLY//-/\\-}
  REPLY=${REPLY//"'"/\\(aq}
  REPLY=${REPLY//\`/\\(ga}
  REPLY=${REPLY//^/\\(ha}
  REPLY=${REPLY//\~/\\(ti}
  [[ $REPLY != .* ]] || REPLY="\\&$REPLY"
}

# line MACRO TEXT..., paragraph TEXT: a macro with its arguments; a text, in lines that are not long.
line() {
  local macro=$1 argument
  shift
  for argument; do
    roff "$argument"
    macro+=" \"${REPLY//\"/\\(dq}\""
  done
  printf '%s\n' "$macro"
}
paragraph() {
  local each
  while read -r each; do
    roff "$each"
    printf '%s\n' "$REPLY"
  done < <(fold -s -w 72 <<<"$1")
}

# entry FORM VALUE TEXT: an option with the name of its value, a verb or a code (with none), and what it means.
entry() {
  printf '.TP\n'
  if [[ -z $2 ]]; then line .B "$1"; else line .BI "$1 " "$2"; fi
  paragraph "$3"
}

# verb_section VERB: how it is called, what it does, its actions, operands and options.
verb_section() {
  local name text
  local -A told=()
  declared_page "$1"
  text=${PAGE%%$'\n'*}
  line .SS "${text#usage: }"
  paragraph "${SUMMARY^}."
  for name in "${OPERANDS[@]}" "${OPTIONS[@]}"; do
    [[ -z ${told[$name]-} ]] || continue
    told[$name]=1
    taken_by "$name"
    text="${HELP[$name]}$REPLY"
    if [[ -n ${KIND[$name]-} ]]; then
      entry "--$name" "${METAVAR[$name]}" "$text"
    else
      entry "${METAVAR[$name]}" '' "$text"
    fi
    [[ $name != action ]] || actions
  done
}

# actions: the actions of the verb, further in.
actions() {
  local name
  printf '.RS\n'
  for name in "${ACTIONS[@]}"; do entry "$name" '' "${ACTION_HELP[$name]}"; done
  printf '.RE\n'
}

# codes TEXT: '0 done; 1 failed; …. Of …': an entry for each code, and what else there is to say.
codes() {
  local rest=${1%%. *} each
  local more=${1#"$rest"}
  more=${more#. }
  rest="${rest%.}; "
  while [[ -n $rest ]]; do
    each=${rest%%; *}
    rest=${rest#*; }
    entry "${each%% *}" '' "${each#* }"
  done
  while [[ -n $more ]]; do
    each=${more%%. Of *}
    more=${more#"$each"}
    more=${more#. }
    printf '.PP\n'
    paragraph "$each${more:+.}"
  done
}

declared_verbs
overview=$(overview_of)
overview=${overview//$'\n'/ }
environment=${overview#*Environment: }
environment=${environment%%Exit codes: *}
version=$(bin/tenure version)
version=${version%%,*}

printf '.\\" Made by packaging/man.sh from what the verbs declare.\n'
printf '.TH TENURE 1 "%s" "%s" "User Commands"\n' "$(date -u -d "@${SOURCE_DATE_EPOCH:-$(date +%s)}" +%Y-%m-%d)" "${version^}"
line .SH NAME
paragraph 'tenure - who holds a long-running agent session, and what state it is in'
line .SH SYNOPSIS
printf '.B tenure\n.I VERB\n[\\fIOPTION\\fR]...\n'
line .SH DESCRIPTION
paragraph 'Tenure keeps sessions of coding agents, and of anything else that runs long, in a SQLite database: who holds one, what state it is in, what it is doing, and how it ended. Leases, takeover and fences are rules of the database itself, so they hold for every program that writes to it, whether through this command or not.'
printf '.PP\n'
paragraph 'Every verb of the database changes it in one commit, or refuses and changes nothing. A refusal has a code, a sentence that says who is in the way and what can be done about it, and an exit code.'
line .SH OPTIONS
paragraph 'Every verb takes these, but that run has no --json.'
OPTIONS=()
takes_everywhere ''
for name in "${OPTIONS[@]}"; do entry "--$name" "${METAVAR[$name]}" "${HELP[$name]}"; done
line .SH VERBS
for verb in "${VERBS[@]}"; do verb_section "$verb"; done
line .SH ENVIRONMENT
paragraph "$environment"
line .SH 'EXIT STATUS'
codes "${overview#*Exit codes: }"
line .SH EXAMPLES
printf '.nf\n'
while IFS= read -r each; do
  roff "$each"
  printf '%s\n' "$REPLY"
done <<'END'
tenure start --scope repo --actor worker-1 --lease 60
tenure heartbeat --scope repo --actor worker-1 --activity 'running the tests'
tenure status
tenure takeover --scope repo --actor worker-2 --reason 'worker-1 vanished'
END
printf '.fi\n'
line .SH 'SEE ALSO'
printf '.BR sqlite3 (1)\n'
