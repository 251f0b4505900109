# _tenure_ask VERB...: sets reply to the first column of a list, without what would have to be quoted.
_tenure_ask() {
  local -a lines
  [[ -z ${opt_args[--db]-} ]] || database=(--db ${(Q)opt_args[--db]})
  lines=("${(@f)$(TENURE_BUSY_TIMEOUT=200 _call_program tenure tenure $database $@ --csv)}")
  reply=(${${lines[2,-1]%%,*}:#*[^A-Za-z0-9_.\/@%+-]*})
}

_tenure_sessions() {
  local -a reply
  _tenure_ask list --all
  compadd -a reply
}

_tenure_scopes() {
  local -a reply
  _tenure_ask status --all
  compadd -a reply
}

_tenure() {
  local context state state_descr line curcontext=$curcontext
  local -A opt_args
  local -a database
  _arguments -C -S \
    '--db=[the database]:FILE:_files' \
    '--json[one JSON object instead of text]' \
    '--csv[comma-separated values]' \
    '(- *)--help[the verbs, or what one takes]' \
    '(- *)--version[which Tenure this is]' \
    '1:verb:_tenure_verbs' \
    '*::argument:->verb'
  [[ $state == verb ]] || return
  # What stands before the verb is forgotten when the rest is read.
  [[ -z ${opt_args[--db]-} ]] || database=(--db ${(Q)opt_args[--db]})
  _tenure_verb $words[1]
}
