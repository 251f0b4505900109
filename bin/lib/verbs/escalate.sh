# shellcheck shell=bash
#
# escalate - notes of a scope that need a person: writes one, resolves one, lists the open ones.

use defaults verb phrase table

verb_declare() {
  summary 'note what needs a person, resolve such a note, or list the open ones'
  option scope SCOPE text scope 'the scope it is about (TENURE_SCOPE, else main)'
  option kind KIND text kind 'blocking or non_blocking'
  option reason TEXT text reason 'what needs a person'
  option resolve ID text escalation_id 'the note that is done with'
  option list '' flag '' 'list the open ones'
  takes_actor
  takes_receipt
  takes_lists
}

verb_run() {
  if is_given list; then
    takes_only ' --list' list scope kind csv
    list_open
  elif is_given resolve; then
    takes_only ' --resolve' resolve actor receipt
    default_actor
    run_verb tenure_escalation_resolve "'resolved '||display_safe(r->>'escalation_id')"
  else
    takes_only '' scope kind reason actor receipt
    default_scope
    default_actor
    run_verb tenure_escalate "'noted '||display_safe(r->>'escalation_id')||coalesce(' for scope '||display_safe(r->>'scope'),'')"
  fi
}

list_open() {
  local condition='resolved_at IS NULL' kind=NULL
  if is_given kind; then
    sql_text "${GIVEN[kind]}"
    kind="tenure_check_word('opt.kind',$REPLY,'blocking','non_blocking')"
    condition+=' AND kind=wanted'
  fi
  if is_given scope; then
    sql_text "${GIVEN[scope]}"
    condition+=" AND scope=$REPLY"
  fi
  fields escalation_id scope session_id kind reason created_at
  cell ESCALATION 'display_safe(escalation_id)'
  cell SCOPE 'display_safe(scope)'
  cell KIND kind
  phrase_ago created_at
  cell SINCE "$REPLY"
  phrase_short reason 80
  cell REASON "$REPLY"
  show_list escalations "(SELECT * FROM(SELECT $kind AS wanted)CROSS JOIN tenure_escalation CROSS JOIN clock
    WHERE $condition ORDER BY created_at,escalation_id)"
}
