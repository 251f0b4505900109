# shellcheck shell=bash
#
# gc - removes sessions that ended long ago, and receipts that nobody will ask for.

use housekeeping

verb_declare() {
  summary 'remove sessions that ended long ago, with all that belonged to them'
  option older-than SECONDS integer older_than_secs 'since when they must have ended (604800, a week)'
  takes_dry_run
}

verb_run() {
  sql_integer "${GIVEN[older-than]-604800}"
  keep_house collected collected "(SELECT json_object('more',0,'receipts',(SELECT count(*)FROM tenure_forgettable),
    'collected',json((SELECT json_group_array(json_object('session_id',session_id,'scope',scope,'ended_secs',ended_secs))
      FROM(SELECT * FROM tenure_collectable WHERE clock=tenure_clock_kind()AND ended_at<=session_now()-least ORDER BY ended_at,session_id))),
    'skipped',json((SELECT json_group_array(json_object('session_id',session_id,'scope',scope,
        'reason',iif(clock<>tenure_clock_kind(),'clock','ended_secs'),'ended_secs',ended_secs))
      FROM tenure_collectable WHERE clock<>tenure_clock_kind()OR ended_at>session_now()-least)))
    FROM(SELECT tenure_check_int('opt.older_than',$REPLY,0,9223372036854775807)AS least))"
}
