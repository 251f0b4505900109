# shellcheck shell=bash disable=SC2034,SC2153 # the tables are those of the command's own library
#
# declared.sh - what the verbs declare, for what is made from it: the manual page and the completions. It is
# read by the same code that makes 'tenure help VERB', so nothing can be in the one and not in the other.

LIBRARY=bin/lib COMMAND=help
shopt -s extglob

use() {
  local part
  for part; do
    # shellcheck source=/dev/null
    source "$LIBRARY/$part.sh"
  done
}
use quote output options database help message

# declared_verbs: sets VERBS to the verbs, each of which is a file.
declared_verbs() {
  VERBS=("$LIBRARY"/verbs/*.sh)
  VERBS=("${VERBS[@]##*/}")
  VERBS=("${VERBS[@]%.sh}")
}

# declared_page VERB: sets PAGE to its page of help, and the tables to what it declares.
declared_page() {
  PAGE=$(help_of "$1")
  declare_only "$1"
}
help_of() { (FORMAT=text && show_help "$1"); }

# overview_of: the page that lists the verbs.
overview_of() { (FORMAT=text && show_overview); }

# takes_value NAME: whether an option has a value.
takes_value() { [[ -n ${METAVAR[$1]} ]]; }

# known_words NAME: sets REPLY to the words that can stand for an option or operand, as its declaration tells
# them: the name of its value, if that is a word itself ('csa') or words with strokes between ('0/1'); or its
# sentence, if that is nothing but a list ('running, starting or idle'), or has one behind a colon. Empty if
# the declaration tells none; any status where it is one.
known_words() {
  local help=${HELP[$1]##*: } metavar=${METAVAR[$1]} word
  local -r list='^([a-z0-9_-]+( \([^)]*\))?, )*([a-z0-9_-]+( \([^)]*\))?)?,? or [a-z0-9_ -]+$'
  REPLY=
  if [[ -n $metavar && $metavar != *[ABCDEFGHIJKLMNOPQRSTUVWXYZ.]* ]]; then
    REPLY=${metavar//\// }
  elif [[ ${KIND[$1]-text} == text && $metavar != TEXT && $help =~ $list ]]; then
    help=${help// \(+([!)])\)/}
    help=${help//, or /, }
    help=${help// or /, },
    while [[ -n $help ]]; do
      word=${help%%,*}
      [[ $word == *' '* ]] || REPLY+="$word "
      help=${help#*,}
      help=${help# }
    done
    REPLY=${REPLY% }
  elif [[ $metavar == STATUS ]]; then
    REPLY=$STATUSES
  fi
}

# STATUSES: every status there is.
STATUSES=$(bin/tenure graph)
STATUSES=$(while read -r word _; do printf '%s ' "$word"; done <<<"$STATUSES")
STATUSES=${STATUSES% }
