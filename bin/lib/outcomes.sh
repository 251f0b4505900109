# shellcheck shell=bash
#
# outcomes.sh - how the outcome of a wait is told: to people, and to programs that read stderr.
#
# Each function sets REPLY to SQL over the columns of the query around: r, the report of session_wait(), and
# o, code, seconds: its outcome, the exit code of the command, and how long was waited.

use attribute

# marker NEXT: the marker. NEXT is an SQL text: the command that waits on.
marker() {
  local session by next
  attribute "(r->>'session_id')"
  session="' session='||$REPLY||"
  attribute "(r->>'ended_by')"
  by=$REPLY
  entities "$1"
  next=$REPLY
  REPLY="CASE o
    WHEN 'kv_warm'THEN '<!-- TENURE:WAIT_KV_WARM'||$session' status=alive elapsed='||seconds||'s action=re-wait cmd=\"'||$next||'\" -->'
    WHEN 'timeout'THEN '<!-- TENURE:WAIT_TIMEOUT'||$session' elapsed='||seconds||'s status=unknown -->'
    WHEN 'lost'THEN '<!-- TENURE:WAIT_LOST'||$session' outcome=lost exit='||code||' reason='||(r->>'reason')||coalesce(' by='||$by,'')||' -->'
    ELSE '<!-- TENURE:WAIT_COMPLETED'||$session' outcome='||o||' exit='||code||' synthetic='||iif(r->>'synthetic','true','false')||' -->'END"
}

# csa_marker NEXT SHOW: the marker as csa, another runner, prints it, for what reads csa's. Its words know no
# session that ended without a result, and none that was lost. SHOW is the command that shows the result.
csa_marker() {
  local session next show
  attribute "(r->>'session_id')"
  session="' session='||$REPLY||"
  entities "$1"
  next=$REPLY
  entities "$2"
  show=$REPLY
  REPLY="CASE o
    WHEN 'kv_warm'THEN '<!-- CSA:SESSION_WAIT_KV_WARM'||$session' status=alive elapsed='||seconds||'s action=re-wait cmd=\"'||$next||'\" -->'
    WHEN 'timeout'THEN '<!-- CSA:SESSION_WAIT_TIMEOUT'||$session' elapsed='||seconds||'s status=dead cmd=\"'||$show||'\" -->'
    WHEN 'missing'THEN '<!-- CSA:SESSION_REGISTRY_LOSS'||$session' reason=lookup_miss_or_gc -->'
    ELSE '<!-- CSA:SESSION_WAIT_COMPLETED'||$session' status='||CASE
      WHEN o='ended'THEN 'retired'
      WHEN o='completed'THEN iif(r->>'status'='retired','retired','success')
      WHEN o='lost' OR r->>'synthetic' OR r->>'status' IN('exited','failed','stopped','destroyed')THEN 'failure'
      ELSE r->>'status'END||' exit='||code||' synthetic='||iif(r->>'synthetic','true','false')||' -->'END"
}

# outcome_line: the outcome in words, and the summary of the result below it.
outcome_line() {
  local -r who="coalesce('turn '||display_safe(r->>'turn_id')||' of ','')||display_safe(r->>'session_id')"
  local -r how="display_safe(r->>'status')||coalesce(', exit code '||(r->>'exit_code'),'')
    ||coalesce(', signal '||display_safe(r->>'exit_signal'),'')"
  local -r why="coalesce(', '||display_safe(r->>'reason'),'')||coalesce(' by '||display_safe(r->>'ended_by'),'')
    ||coalesce(': '||display_safe(r->>'note'),'')"
  REPLY="CASE o
    WHEN 'completed'THEN $who||' completed: '||$how
    WHEN 'failed'THEN $who||' failed: '||$how||$why||iif(r->>'synthetic','; it left no result','')
    WHEN 'ended'THEN $who||' ended: '||$how||$why
    WHEN 'lost'THEN $who||' is lost'||$why
    WHEN 'missing'THEN iif(r->>'revision','there is no '||$who,'there is no session '||display_safe(r->>'session_id'))
    WHEN 'kv_warm'THEN $who||' is still alive after '||seconds||' s'
    ELSE $who||': nobody owns it, and nothing proves that it is over, after '||seconds||' s'END
    ||coalesce(char(10)||'  '||display_safe(r->>'summary'),'')"
}
