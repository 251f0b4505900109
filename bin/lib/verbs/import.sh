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
# free; sets SUFFIX to what was appended, or '' if it could not be renamed. Whoever gets there first wins:
# mv -n replaces nothing, and a file that is gone has been set aside by another import.
set_aside() {
  local number=0
  SUFFIX=.$2
  while [[ -e $1 ]]; do
    if [[ ! -e $1$SUFFIX && ! -L $1$SUFFIX ]]; then
      mv -n -T -- "$1" "$1$SUFFIX" 2>/dev/null || true
      [[ -e $1 ]] || return 0
      [[ -e $1$SUFFIX ]] || break
    fi
    number=$((number + 1))
    SUFFIX=.$2.$number
  done
  [[ -e $1 ]] || return 0
  SUFFIX=
  shown "$1"
  complain "warning: $REPLY cannot be renamed and stays where it is"
}

present_import() {
  if [[ $FORMAT == json ]]; then
    emit "${ANSWER%\}\}},\"set_aside\":\"$SUFFIX\"}}"
  else
    shown "${GIVEN[file]}$SUFFIX"
    present "$ANSWER; the file is now $REPLY"
  fi
}

# A file that cannot be read must not stop every later start, so it is put away with a warning.
present_corrupt() {
  shown "${GIVEN[file]}$SUFFIX"
  complain "warning: $FAULT: $FAULT_TEXT; the file is now $REPLY"
  if [[ $FORMAT == json ]]; then
    json_text "$FAULT_TEXT"
    emit "{\"ok\":true,\"command\":\"import\",\"result\":{\"imported\":false,\"set_aside\":\"$SUFFIX\",\"warning\":{\"code\":\"$FAULT\",\"message\":$REPLY}}}"
  fi
}
