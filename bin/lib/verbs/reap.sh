# shellcheck shell=bash
#
# reap - stops sessions that nobody owns and that have been idle for long.

use housekeeping

verb_declare() {
  summary 'stop the sessions that nobody owns and that have been idle for long'
  option idle SECONDS integer idle_secs 'for how long at least (1800)'
  takes_dry_run
}

verb_run() {
  sql_integer "${GIVEN[idle]-1800}"
  keep_house reaped stopped "(SELECT json_object('more',0,
    'reaped',json((SELECT json_group_array(json_object('session_id',session_id,'scope',scope,'idle_secs',idle_secs))
      FROM(SELECT * FROM tenure_reapable WHERE clock=tenure_clock_kind()AND idle_secs>=least ORDER BY idle_secs DESC,session_id))),
    'skipped',json((SELECT json_group_array(json_object('session_id',session_id,'scope',scope,
        'reason',iif(clock<>tenure_clock_kind(),'clock','idle_secs'),'idle_secs',idle_secs))
      FROM tenure_reapable WHERE clock<>tenure_clock_kind()OR idle_secs<least)))
    FROM(SELECT tenure_check_int('opt.idle_secs',$REPLY,0,9223372036854775807)AS least))"
}
