# shellcheck shell=bash
#
# quote.sh - the one place where text from outside becomes part of a script for sqlite3. Each function leaves
# its answer in REPLY, which costs no subshell.

# sql_text TEXT: an SQL text literal.
sql_text() {
  REPLY=$1
  [[ $REPLY != *[\'$'\r']* ]] || escape_text
  REPLY="'$REPLY'"
}

# escape_text: doubles the quotes in REPLY. The sqlite3 shell drops a carriage return that stands before a
# line end, so those travel as a mark that the text does not contain and that cannot overlap itself; then the
# literal is closed and opened again around that. It works on bytes: bash needs seconds to search a long text
# character by character.
escape_text() {
  local LC_ALL=C quote="'" mark=0
  REPLY=${REPLY//"$quote"/"$quote$quote"}
  [[ $REPLY == *$'\r'* ]] || return 0
  while [[ $REPLY == *"<CR$mark>"* ]]; do mark=$((mark + 1)); done
  REPLY="'||replace('${REPLY//$'\r'/"<CR$mark>"}','<CR$mark>',char(13))||'"
}

# sql_input: SQL for all of standard input as a text, of any size and with any bytes in it; false if it cannot be
# read. Bash never holds the bytes, which it would lose NULs of, only their hexadecimal digits. They are read
# from the descriptor, for it may be a socket, and then nobody can open /dev/stdin.
sql_input() {
  REPLY=$(basenc --base16 -w0 2>/dev/null) || return
  REPLY="CAST(X'$REPLY'AS TEXT)"
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
  REPLY=${REPLY//$'\n'/\\n}
  REPLY=\"${REPLY//\"/\\\"}\"
}
