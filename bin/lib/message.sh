# shellcheck shell=bash
#
# message.sh - text from outside in messages and in JSON that is made without the database. Each function
# leaves its answer in REPLY.

# json_text TEXT: a JSON string. TEXT has no control characters but line ends and tabs.
json_text() {
  REPLY=${1//\\/\\\\}
  REPLY=${REPLY//\"/\\\"}
  REPLY=${REPLY//$'\n'/\\n}
  REPLY=\"${REPLY//$'\t'/\\t}\"
}

# shown TEXT: at most 200 bytes of an argument, fit to stand in a message. Everything but printable ASCII is
# written as \xNN, because there may be no database at hand whose display_safe could judge it.
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
