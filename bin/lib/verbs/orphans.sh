# shellcheck shell=bash
#
# orphans - sessions that are over although nobody has said so.

use phrase table

verb_declare() {
  summary "list the sessions that are over although nobody has said so; 'settle' ends them"
  takes_lists
}

verb_run() {
  fields session_id scope incarnation status verdict reason idle_secs owner_id clock active_turn_id host pid \
    label completion_exit completion_status completion_reason
  cell SESSION 'display_safe(session_id)'
  cell SCOPE 'display_safe(scope)'
  cell STATUS status
  cell HOLDER 'display_safe(owner_id)'
  cell WHY "CASE reason WHEN 'completion'THEN 'its process ended with '||completion_exit
    ELSE coalesce('its process '||pid||' is gone','its lease is long over')END"
  phrase_span idle_secs
  cell SILENT "$REPLY"
  show_list orphans '(SELECT * FROM tenure_orphan ORDER BY idle_secs DESC,session_id)'
}
