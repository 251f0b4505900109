# shellcheck shell=bash
#
# settle - gives sessions that are over the end that they never got.

use housekeeping

verb_declare() {
  summary 'end the sessions that are over although nobody has said so'
  option session SESSION text session_id 'only this one'
  operand session optional
  takes_dry_run
}

verb_run() {
  local its=1 named=0
  if is_given session; then
    sql_text "${GIVEN[session]}"
    its="s.session_id=$REPLY"
    named=1
  fi
  keep_house settled settled "CASE WHEN NOT $named OR EXISTS(SELECT 1 FROM tenure_session AS s WHERE $its)THEN json_object('more',0,
    'settled',json((SELECT json_group_array(json_object('session_id',session_id,'scope',scope,'reason',reason))
      FROM(SELECT * FROM tenure_orphan AS s WHERE clock=tenure_clock_kind()AND $its))),
    'skipped',json((SELECT json_group_array(json_object('session_id',session_id,'scope',scope,'reason',reason))
      FROM(SELECT s.session_id,s.scope,CASE WHEN s.ended_at IS NOT NULL THEN 'ended'
            WHEN s.clock<>tenure_clock_kind()THEN 'clock'ELSE h.verdict END AS reason
          FROM tenure_session AS s LEFT JOIN tenure_holder AS h USING(session_id)LEFT JOIN tenure_orphan AS o USING(session_id)
          WHERE $its AND CASE WHEN o.session_id IS NULL THEN $named ELSE s.clock<>tenure_clock_kind()END))))END"
}
