# shellcheck shell=bash
#
# gate - the gates of a scope: shows them, or sets them.

use defaults verb table

verb_declare() {
  summary 'show or set the gates of a scope'
  option scope SCOPE text scope 'the scope (TENURE_SCOPE, else main)'
  option set JSON text gates 'the gates, a JSON array'
  option expected-revision N integer expected_revision 'only if the gates are still at this revision'
  takes_actor
  takes_receipt
}

verb_run() {
  default_scope
  if is_given set; then
    default_actor
    run_verb tenure_gate_set "'set the gates of '||display_safe(r->>'scope')||', revision '||(r->>'revision')"
  else
    takes_only ' without --set' scope
    show_gates
  fi
}

show_gates() {
  local scope=NULL
  if is_given scope; then
    sql_text "${GIVEN[scope]}"
    scope=$REPLY
  fi
  field scope asked.scope
  field gates "json(coalesce(gates,'[]'))"
  field revision
  object_sql
  if [[ $FORMAT == json ]]; then
    result_sql "$REPLY"
  else
    REPLY="coalesce((SELECT group_concat(iif(type IN('true','false','null'),type,display_safe(value)),char(10))FROM json_each(gates)),
      'no gates in scope '||display_safe(asked.scope))"
  fi
  read_database "WITH asked(scope)AS(SELECT tenure_check_scope($scope)),
    known AS MATERIALIZED(SELECT tenure_refuse(iif(scope IS NULL,'opt.required',NULL),'what','scope')FROM asked)
    SELECT $REPLY FROM known CROSS JOIN asked LEFT JOIN tenure_gate AS g ON g.scope=asked.scope;"
  present "$ANSWER"
}
