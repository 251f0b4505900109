# shellcheck shell=bash
#
# list - sessions, a line each.

use phrase table sessions

verb_declare() {
  summary 'list the living sessions'
  option all '' flag '' 'the ended ones too'
  option scope SCOPE text '' 'only those of this scope'
  takes_lists
}

verb_run() {
  local condition='' hold ended
  if is_given scope; then
    sql_text "${GIVEN[scope]}"
    condition="s.scope IS nullif($REPLY,'')"
  fi
  session_fields
  fields ended_at end_reason ended_by
  phrase_hold
  hold=$REPLY
  phrase_ago ended_at
  ended=$REPLY
  cell SESSION 'display_safe(session_id)'
  cell SCOPE 'display_safe(scope)'
  cell STATUS "status||iif(stale,' (stale)','')"
  cell HOLDER 'display_safe(owner_id)'
  cell FENCE fence
  cell UNTIL "iif(ended_at IS NULL,$hold,'ended '||$ended||coalesce(', '||end_reason,''))"
  phrase_short current_activity 40
  cell DOING "$REPLY"
  sessions_source "${GIVEN[all]-0}" "$condition"
  show_list sessions "$REPLY"
}
