# shellcheck shell=bash
#
# style.sh - colours, and lines that go to stderr.

# colours STREAM: true if that descriptor is a terminal that wants colours.
colours() {
  [[ -t $1 && -z ${NO_COLOR-} && ${TERM-dumb} != dumb ]]
}

# complain TEXT: one line for people on stderr. Where nobody can read it, the exit code still says it.
complain() {
  local name=tenure
  ! colours 2 || name=$'\e[31mtenure\e[0m'
  printf '%s: %s\n' "$name" "$1" >&2 || true
}

# A text for people may hold marks, which display_safe cannot produce, so that no text from outside can forge
# one: a tab and a letter. b, r and g begin bold, red and green; n ends it; what follows a tab and an
# exclamation mark is a line for stderr.
MARK_LETTERS=(b r g n)
MARK_STYLES=($'\e[1m' $'\e[31m' $'\e[32m' $'\e[0m')

# styled TEXT: sets REPLY to the text with its marks carried out.
styled() {
  local i style
  REPLY=$1
  for i in "${!MARK_LETTERS[@]}"; do
    style=
    ! colours 1 || style=${MARK_STYLES[i]}
    REPLY=${REPLY//$'\t'"${MARK_LETTERS[i]}"/"$style"}
  done
}

# present_marked TEXT: shows a text with its marks carried out.
present_marked() {
  styled "${1%%$'\t!'*}"
  emit "$REPLY"
  [[ $1 != *$'\t!'* ]] || complain "${1#*$'\t!'}"
}
