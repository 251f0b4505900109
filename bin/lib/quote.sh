# shellcheck shell=bash
#
# quote.sh - the one place where text from outside becomes part of SQL, JSON or a message.
#
# Each function leaves its answer in REPLY, which costs no subshell. They work on bytes: bash is slow, to
# the point of seconds, when it searches a long text character by character.

# sql_text TEXT: an SQL text literal.
# The sqlite3 shell drops a carriage return that stands before a line end, so those travel as a mark that
# the text does not contain and that cannot overlap itself.
sql_text() {
  local LC_ALL=C quote="'" mark=0
  REPLY=$1
  [[ $REPLY != *"$quote"* ]] || REPLY=${REPLY//"$quote"/"$quote$quote"}
  if [[ $REPLY == *$'\r'* ]]; then
    while [[ $REPLY == *"<CR$mark>"* ]]; do mark=$((mark + 1)); done
    REPLY="replace('${REPLY//$'\r'/"<CR$mark>"}','<CR$mark>',char(13))"
  else
    REPLY="'$REPLY'"
  fi
}

# sql_integer TEXT: a number if it reads as one, otherwise a text literal, which the database refuses by
# name. 18 digits are always within 64 bits.
sql_integer() {
  if [[ $1 == ?(-)+([0123456789]) && ${#1} -le 18 ]]; then
    REPLY=$1
  else
    sql_text "$1"
  fi
}

# dot_text TEXT: an argument of one of the sqlite3 shell's dot commands.
dot_text() {
  REPLY=${1//\\/\\\\}
  REPLY=\"${REPLY//\"/\\\"}\"
}

# json_text TEXT: a JSON string. TEXT has no control characters but line ends and tabs.
json_text() {
  REPLY=${1//\\/\\\\}
  REPLY=${REPLY//\"/\\\"}
  REPLY=${REPLY//$'\n'/\\n}
  REPLY=\"${REPLY//$'\t'/\\t}\"
}

# shown TEXT: an argument, fit to stand in a message. Everything but printable ASCII is written as \xNN,
# because there may be no database at hand whose display_safe could judge it.
shown() {
  local LC_ALL=C text=${1:0:200} i char code
  REPLY=
  for ((i = 0; i < ${#text}; i++)); do
    char=${text:i:1}
    case $char in
      \\) REPLY+=\\\\ ;;
      [!\ -~])
        printf -v code '%d' "'$char"
        printf -v char '\\x%02x' $((code & 255))
        REPLY+=$char
        ;;
      *) REPLY+=$char ;;
    esac
  done
  REPLY=\'$REPLY\'
}
