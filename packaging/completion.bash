# _tenure_ask VERB...: the first column of a list, without what would have to be quoted.
_tenure_ask() {
  local tenure=${COMP_WORDS[0]} first
  [[ $tenure != \~/* ]] || tenure=$HOME/${tenure:2}
  TENURE_BUSY_TIMEOUT=200 "$tenure" "${database[@]}" "$@" --csv 2>/dev/null | {
    read -r first
    while IFS=, read -r first _; do
      [[ $first == *[!A-Za-z0-9_./@%+-]* ]] || printf '%s\n' "$first"
    done
  }
}

# _tenure_offer WORD...: adds those that begin with what was typed.
_tenure_offer() {
  local word
  local -a found=()
  for word; do
    case $word in
      @file | @folder | @command)
        compopt -o filenames 2>/dev/null
        case $word in
          @file) mapfile -t found < <(compgen -f -- "$current") ;;
          @folder) mapfile -t found < <(compgen -d -- "$current") ;;
          @command) mapfile -t found < <(compgen -c -- "$current" && compgen -f -- "$current") ;;
        esac
        ;;
      @session) mapfile -t found < <(compgen -W "$(_tenure_ask list --all)" -- "$current") ;;
      @scope) mapfile -t found < <(compgen -W "$(_tenure_ask status --all)" -- "$current") ;;
      @verb) mapfile -t found < <(compgen -W "$_tenure_verbs" -- "$current") ;;
      @text) found=() ;;
      *) mapfile -t found < <(compgen -W "$word" -- "$current") ;;
    esac
    COMPREPLY+=("${found[@]/#/$before}")
  done
}

_tenure() {
  local IFS=$' \t\n' # a person may have set another
  local current=${COMP_WORDS[COMP_CWORD]} verb='' action='' option='' over='' before='' options='' actions='' words='' index word
  local -a database=()
  COMPREPLY=()
  # What stands in front of the cursor: the verb, its action, and the option whose value is being typed. An
  # equals sign may be a word of its own.
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=${COMP_WORDS[index]}
    if [[ -n $option ]]; then
      [[ $word != = ]] || continue
      [[ $option != --db || $word == *[\'\"\\\$\`]* ]] || database=(--db "${word/#\~\//$HOME/}")
      option=
    elif [[ -n $over ]]; then
      continue
    elif [[ $word == -- ]]; then
      over=1
    elif [[ $word == -* ]]; then
      words=
      if [[ $word == --db ]]; then words=@file; else _tenure_values "$verb" "$word"; fi
      [[ -z $words ]] || option=$word
    elif [[ -z $verb ]]; then
      verb=$word
      _tenure_operands "$verb"
    elif [[ -z $action && " $actions " == *" $word "* ]]; then
      action=$word
    fi
  done
  [[ $current != = || -z $option ]] || current=
  if [[ -z $option && $current == --*=* ]]; then
    option=${current%%=*}
    before=$option=
    current=${current#*=}
  fi
  words=
  if [[ $option == --db ]]; then
    _tenure_offer @file
  elif [[ -n $option ]]; then
    _tenure_values "$verb" "$option"
    # shellcheck disable=SC2086 # a list of words
    _tenure_offer $words
  elif [[ -z $verb && $current == -* ]]; then
    _tenure_offer --db --json --csv --help --version
  elif [[ -z $verb ]]; then
    _tenure_offer @verb
  elif [[ -z $over && $current == -* ]]; then
    _tenure_options "$verb" "$action"
    # shellcheck disable=SC2086
    _tenure_offer $options
  else
    _tenure_operands "$verb"
    # shellcheck disable=SC2086
    if [[ -n $actions && -z $action ]]; then _tenure_offer $actions; else _tenure_offer $words; fi
  fi
}

complete -F _tenure tenure
