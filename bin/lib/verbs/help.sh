# shellcheck shell=bash
#
# help - the verbs, or one of them.

use help message

verb_declare() {
  summary 'say what the verbs are, or what one of them takes'
  operand verb optional VERB 'the verb'
}

verb_run() {
  local verb=${GIVEN[verb]-}
  if ! is_given verb; then
    show_overview
  elif verb_exists "$verb"; then
    show_help "$verb"
  else
    fail_about usage.verb 'unknown verb ' "$verb" "; 'tenure help' lists the verbs"
  fi
}
