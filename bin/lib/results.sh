# shellcheck shell=bash
#
# results.sh - what is told of results, which say how work ended, and of completion packets, which say how a
# process did.

# results_source CONDITION LIMIT: sets REPLY to a subquery of the newest of both, oldest first.
results_source() {
  REPLY="(SELECT * FROM(SELECT * FROM(
      SELECT 'result'AS kind,session_id,incarnation,nullif(turn_id,'')AS turn_id,status,exit_code,summary,NULL AS reason,
        provenance,final,recorded_at,revision FROM tenure_result
      UNION ALL SELECT 'completion',session_id,incarnation,NULL,status,exit_code,NULL,reason,NULL,NULL,recorded_at,NULL
        FROM tenure_completion)
    CROSS JOIN clock WHERE $1 ORDER BY recorded_at DESC,session_id DESC,incarnation DESC,kind DESC,turn_id DESC LIMIT $2)
    ORDER BY recorded_at,session_id,incarnation,kind,turn_id)"
}

# phrase_result SESSION_ID INCARNATION: sets REPLY to SQL that words the result of a whole incarnation, if there
# is one.
phrase_result() {
  local summary
  phrase_short r.summary 80
  summary=$REPLY
  REPLY="(SELECT r.status||coalesce(', exit code '||r.exit_code,'')||iif(r.final,', final','')
      ||iif(r.provenance='agent','',', '||r.provenance)||coalesce(', '||$summary,'')
    FROM tenure_result AS r WHERE r.session_id=$1 AND r.incarnation=$2 AND r.turn_id='')"
}

result_columns() {
  fields kind session_id incarnation turn_id status exit_code summary reason provenance
  flag_field final
  fields recorded_at revision
  cell KIND "CASE kind WHEN 'completion'THEN 'process'ELSE iif(turn_id IS NULL,'session','turn '||display_safe(turn_id))END"
  cell SESSION 'display_safe(session_id)'
  cell STATUS status
  cell CODE exit_code
  cell FROM "provenance||iif(final,', final','')"
  phrase_ago recorded_at
  cell SINCE "$REPLY"
  phrase_short 'coalesce(summary,reason)' 80
  cell SUMMARY "$REPLY"
}
