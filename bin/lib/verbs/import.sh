# shellcheck shell=bash
#
# import - takes over a legacy state file, and sets the file aside.

use defaults verb message style

verb_declare() {
  summary 'take over the state file of an older tool'
  operand file required FILE 'the file; it is renamed to FILE.migrated, or FILE.corrupt'
  option scope SCOPE text scope 'the scope it becomes (TENURE_SCOPE, else main)'
  takes_receipt
}

verb_run() {
  local file=${GIVEN[file]} status=0
  [[ $file == /* ]] || file=./$file
  [[ -f $file && -r $file ]] || fail_about usage.file '' "${GIVEN[file]}" ' is not a file that can be read'
  default_scope
  # The sqlite3 shell reads the file itself, so that the database judges it byte for byte.
  option contents '' text json ''
  sql_text "$file"
  stand_for contents "readfile($REPLY)"
  verb_statement tenure_import "iif(r->>'imported','imported '||display_safe(r->>'session_id')
    ||' of '||display_safe(r->>'actor_id')||' into scope '||display_safe(r->>'scope'),
    'nothing imported: '||(r->>'reason'))"
  try_write_database "$REPLY" || status=$?
  if ((status == 0)); then
    set_aside "$file" migrated
    present_import
  else
    use failure
    explain_failure "$status"
    [[ $FAULT == json.* ]] || fail "$FAULT" "$FAULT_TEXT" "$FAULT_RETRYABLE"
    set_aside "$file" corrupt
    present_corrupt
  fi
}

# set_aside FILE WORD: renames FILE to FILE.WORD, or to the first of FILE.WORD.1, FILE.WORD.2, … that is
# free. Sets ASIDE to what was appended, as JSON, and WHERE to a phrase about it. Whoever gets there first
# wins: mv -n replaces nothing, and a file that is gone has been set aside by another import.
set_aside() {
  local number=0 suffix=.$2
  while [[ -e $1 ]]; do
    if [[ ! -e $1$suffix && ! -L $1$suffix ]]; then
      mv -n -T -- "$1" "$1$suffix" 2>/dev/null || true
      [[ -e $1 ]] || break
      [[ -e $1$suffix ]] || suffix=
    fi
    [[ -n $suffix ]] || break
    number=$((number + 1))
    suffix=.$2.$number
  done
  shown "${GIVEN[file]}$suffix"
  WHERE="the file is now $REPLY"
  ASIDE="\"$suffix\""
  [[ -z $suffix ]] || return 0
  WHERE="$REPLY cannot be renamed and stays where it is"
  ASIDE=null
}

present_import() {
  if [[ $FORMAT == json ]]; then
    emit "${ANSWER%\}\}},\"set_aside\":$ASIDE}}"
  else
    present "$ANSWER; $WHERE"
  fi
}

# A file that cannot be read must not stop every later start, so it is put away with a warning.
present_corrupt() {
  complain "warning: $FAULT: $FAULT_TEXT; $WHERE"
  if [[ $FORMAT == json ]]; then
    json_text "$FAULT_TEXT"
    emit_result "{\"imported\":false,\"set_aside\":$ASIDE,\"warning\":{\"code\":\"$FAULT\",\"message\":$REPLY}}"
  fi
}
