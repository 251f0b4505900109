#!/usr/bin/env bash
# Writes the completions for a shell to standard output: packaging/completions.sh bash|zsh. Verbs, actions,
# options and the words that they take come from the same declarations as the help. Which sessions and scopes
# there are is asked of the database, each time that one is completed.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=packaging/declared.sh
source packaging/declared.sh

# value_of NAME: sets REPLY to what can stand for an option or operand: words, or one of @file, @folder,
# @session, @scope, @verb and @command, or @text, of which nothing is known.
value_of() {
  known_words "$1"
  [[ -z $REPLY ]] || return 0
  case ${METAVAR[$1]} in
    FILE) REPLY=@file ;;
    DIR) REPLY=@folder ;;
    SESSION) REPLY=@session ;;
    SCOPE) REPLY=@scope ;;
    VERB) REPLY=@verb ;;
    COMMAND*) REPLY=@command ;;
    *) REPLY=@text ;;
  esac
}

# takes_operands: sets REPLY to the names of the operands but for the action.
takes_operands() {
  REPLY=" ${OPERANDS[*]} "
  REPLY=${REPLY/ action / }
}

# --- bash: three tables, and packaging/completion.bash, which reads them

bash_completion() {
  local verb
  printf '# bash completion for tenure, made by packaging/completions.sh from what the verbs declare.\n\n'
  printf '_tenure_verbs=%q\n\n' "${VERBS[*]}"
  printf '# _tenure_operands VERB: the actions of a verb, and what its operands can be.\n'
  bash_table _tenure_operands bash_operands
  printf '# _tenure_options VERB ACTION: the options that they take.\n'
  bash_table _tenure_options bash_options
  printf '# _tenure_values VERB OPTION: what the option takes, nothing if it takes none.\n'
  bash_table _tenure_values bash_values
  cat packaging/completion.bash
}

# bash_table FUNCTION LINES: a function that looks its arguments up.
bash_table() {
  # shellcheck disable=SC2016 # that is for the shell that completes
  printf '%s() {\n  case "$1 ${2-}" in\n' "$1"
  for verb in "${VERBS[@]}"; do
    declare_only "$verb"
    takes_everywhere "$verb"
    "$2" "$verb"
  done
  printf '  esac\n}\n\n'
}

bash_operands() {
  local name words=''
  takes_operands
  for name in $REPLY; do
    value_of "$name"
    words+=" $REPLY"
  done
  printf "    '%s '*) actions='%s' words='%s' ;;\n" "$1" "${ACTIONS[*]}" "${words# }"
}

bash_options() {
  local action
  for action in "${ACTIONS[@]}"; do
    printf "    '%s %s') options='%s' ;;\n" "$1" "$action" "--${TAKES[$action]// / --} --db --json --help"
  done
  printf "    '%s '*) options='%s' ;;\n" "$1" "${OPTIONS[*]/#/--}"
}

bash_values() {
  local name
  for name in "${OPTIONS[@]}"; do
    [[ -n ${METAVAR[$name]} ]] || continue
    value_of "$name"
    printf "    '%s --%s') words='%s' ;;\n" "$1" "$name" "$REPLY"
  done
}

# --- zsh: an _arguments for each verb, and for each action of one

zsh_completion() {
  local verb action
  printf '#compdef tenure\n# zsh completion for tenure, made by packaging/completions.sh from what the verbs declare.\n\n'
  cat packaging/completion.zsh
  printf '\n_tenure_verbs() {\n  local -a verbs=(\n'
  for verb in "${VERBS[@]}"; do
    declare_only "$verb"
    quoted "$verb:$SUMMARY"
    printf '    %s\n' "$REPLY"
  done
  # shellcheck disable=SC2016 # that is for the shell that completes
  printf '  )\n  _describe verb verbs\n}\n\n_tenure_verb() {\n  local action\n  case $1 in\n'
  for verb in "${VERBS[@]}"; do
    declare_only "$verb"
    takes_everywhere "$verb"
    printf '    %s)\n' "$verb"
    if ((${#ACTIONS[@]})); then zsh_actions; else zsh_arguments "${OPTIONS[*]}" 6; fi
    printf '      ;;\n'
  done
  # shellcheck disable=SC2016 # that is for the shell that completes
  printf '  esac\n}\n\n_tenure "$@"\n'
}

# quoted TEXT: sets REPLY to a word of the shell that is this text.
quoted() { REPLY="'${1//"'"/"'\\''"}'"; }

zsh_actions() {
  local name
  printf '      local -a actions=(\n'
  for name in "${ACTIONS[@]}"; do
    quoted "$name:${ACTION_HELP[$name]}"
    printf '        %s\n' "$REPLY"
  done
  # shellcheck disable=SC2016
  printf '      )\n      action=${words[(r)(%s)]}\n      case $action in\n' "$(IFS='|' && echo "${ACTIONS[*]}")"
  for name in "${ACTIONS[@]}"; do
    printf '        %s)\n' "$name"
    zsh_arguments "${TAKES[$name]} db json help" 10
    printf '          ;;\n'
  done
  printf '        *) _describe action actions ;;\n      esac\n'
}

# zsh_arguments OPTIONS INDENT: the call of _arguments for these options and for the operands of the verb.
zsh_arguments() {
  local name spec
  printf '%*s_arguments -S' "$2" ''
  for name in $1; do
    zsh_text "${HELP[$name]}"
    spec="[$REPLY]"
    if [[ -n ${METAVAR[$name]} ]]; then
      zsh_value "$name"
      spec="=$spec:$REPLY"
    fi
    quoted "--$name$spec"
    printf ' \\\n%*s%s' "$(($2 + 2))" '' "$REPLY"
  done
  ((${#ACTIONS[@]} == 0)) || printf " \\\\\n%*s'1: :'" "$(($2 + 2))" ''
  zsh_operands
  [[ -z $REPLY ]] || printf ' \\\n%*s%s' "$(($2 + 2))" '' "$REPLY"
  printf '\n'
}

# zsh_operands: sets REPLY to the specification of the operands, if there are some. An optional one may be left
# out before a required one, so any of them can be anything that one of them can be.
zsh_operands() {
  local name names='' each='' rest=''
  takes_operands
  for name in $REPLY; do
    zsh_value "$name"
    if [[ ${NEED[$name]} == rest ]]; then
      rest=$REPLY
      continue
    fi
    names+=" or ${REPLY%%:*}"
    REPLY=${REPLY#*:}
    [[ $REPLY != '('* ]] || REPLY="compadd - ${REPLY:1:-1}"
    [[ $REPLY == ' ' ]] || each+="; $REPLY"
  done
  if [[ -n $rest ]]; then
    quoted "*::$rest"
  elif [[ -n $names ]]; then
    quoted "*:${names:4}:${each:+"{${each:2}"\}}"
  else
    REPLY=
  fi
}

# zsh_text TEXT: sets REPLY to the text as it stands in a specification.
zsh_text() {
  REPLY=${1//\\/\\\\}
  REPLY=${REPLY//:/\\:}
  REPLY=${REPLY//\[/\\[}
  REPLY=${REPLY//\]/\\]}
}

# zsh_value NAME: sets REPLY to 'MESSAGE:ACTION' of an option or operand.
zsh_value() {
  local message
  zsh_text "${METAVAR[$1]}"
  message=$REPLY
  value_of "$1"
  case $REPLY in
    @file) REPLY=_files ;;
    @folder) REPLY='_files -/' ;;
    @session) REPLY=_tenure_sessions ;;
    @scope) REPLY=_tenure_scopes ;;
    @verb) REPLY=_tenure_verbs ;;
    @command) REPLY=_normal ;;
    @text) REPLY=' ' ;;
    *) REPLY="($REPLY)" ;;
  esac
  REPLY="$message:$REPLY"
}

declared_verbs
case ${1-} in
  bash) bash_completion ;;
  zsh) zsh_completion ;;
  *)
    printf 'usage: %s bash|zsh\n' "$0" >&2
    exit 2
    ;;
esac
