# shellcheck shell=bash
#
# baseline - what a session saw when it started, so that drift can be seen later: notes it, or lists such notes.

use defaults verb phrase table

verb_declare() {
  summary 'note what a session saw when it started, or list such notes'
  takes_session
  takes_fence
  option name NAME text name 'what was seen: a branch, a file'
  option digest TEXT text digest 'how it looked then; without this, notes are listed'
  takes_actor
  takes_receipt
  takes_lists
}

verb_run() {
  if ! is_given digest; then
    list_notes
    return
  fi
  ! is_given csv || fail usage.option '--csv is for the list'
  default_target
  default_actor
  run_verb tenure_baseline_set "'noted '||display_safe(r->>'name')||' of '||display_safe(r->>'session_id')"
}

list_notes() {
  local condition=1
  ! is_given fence actor receipt || fail usage.required "what was seen is missing; see 'tenure help baseline'"
  of_session session_id
  if is_given name; then
    sql_text "${GIVEN[name]}"
    condition+=" AND name=$REPLY"
  fi
  fields session_id name digest at
  cell SESSION 'display_safe(session_id)'
  cell NAME 'display_safe(name)'
  phrase_short digest 40
  cell DIGEST "$REPLY"
  phrase_ago at
  cell SINCE "$REPLY"
  show_list baselines "(SELECT * FROM tenure_baseline CROSS JOIN clock WHERE $condition ORDER BY session_id,name)"
}
