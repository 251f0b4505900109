# shellcheck shell=bash
#
# status.sh - who holds what, for 'status' and 'watch': the rows for programs, a screen for people.

# status_source [SCOPE]: sets REPLY to a subquery of the scopes, those that are held first. SCOPE is an SQL
# literal.
status_source() {
  REPLY="(SELECT * FROM tenure_projection CROSS JOIN clock ${1:+WHERE scope=$1}
    ORDER BY holding='missing',started_at,scope)"
}

status_fields() {
  fields scope holding session_id status lifecycle mode owner_kind owner_id supervisor_id incarnation \
    revision fence started_at last_started_at last_heartbeat_at lease_ttl lease_expires_at holds_until \
    remaining_secs
  flag_field stale
  fields stale_reason verdict idle_secs current_activity activity_at active_turn_id
}

# status_screen ROWS [SCOPE]: sets REPLY to a query for people: a few lines about that scope, else at most
# ROWS scopes that are held.
status_screen() {
  if [[ -n ${2-} ]]; then status_one "$2"; else status_all "$1"; fi
}

# status_all ROWS: held scopes as columns; the others, and the sessions without one, as numbers.
status_all() {
  local table
  new_table
  phrase_short scope 40
  cell SCOPE "$REPLY"
  phrase_short owner_id 30
  cell HOLDER "$REPLY"
  cell STATUS "status||iif(stale,' (stale)','')"
  phrase_ago started_at
  cell SINCE "$REPLY"
  phrase_hold
  cell UNTIL "$REPLY"
  phrase_short "coalesce(current_activity,'turn '||active_turn_id)" 40
  cell DOING "$REPLY"
  text_rows "(SELECT * FROM held LIMIT $1)"
  table=$REPLY
  REPLY="WITH clock(now)AS MATERIALIZED(SELECT session_now()),
    held AS MATERIALIZED(SELECT * FROM tenure_projection CROSS JOIN clock WHERE holding<>'missing'
      ORDER BY started_at,scope),
    counted(held,free,loose)AS(SELECT(SELECT count(*)FROM held),
      (SELECT count(*)FROM tenure_projection WHERE holding='missing'),
      (SELECT count(*)FROM tenure_holder WHERE scope IS NULL))
    SELECT iif(held,$table,'no scope is held')
      ||iif(held>$1,char(10)||(held-$1)||' more are held; see tenure list','')
      ||iif(free,char(10)||free||iif(free=1,' scope is free',' scopes are free'),'')
      ||iif(loose,char(10)||loose||iif(loose=1,' session holds',' sessions hold')||' no scope; see tenure list','')
      FROM counted;"
}

# status_one SCOPE: a few lines about one scope. Marks: see present.
status_one() {
  local since hold until doing turn result last ended
  phrase_since started_at
  since=$REPLY
  phrase_hold
  hold=$REPLY
  phrase_time holds_until
  until=$REPLY
  phrase_ago activity_at
  doing=$REPLY
  phrase_since t.started_at
  turn=$REPLY
  phrase_result shown.session_id shown.incarnation
  result=$REPLY
  phrase_result l.session_id l.incarnation
  last=$REPLY
  phrase_since l.ended_at
  ended=$REPLY
  REPLY="WITH clock(now)AS MATERIALIZED(SELECT session_now()),
    asked(scope)AS(SELECT $1),
    noted(blocking,open)AS(SELECT coalesce(sum(kind='blocking'),0),count(*)FROM tenure_escalation,asked
      WHERE tenure_escalation.scope=asked.scope AND resolved_at IS NULL),
    shown AS(SELECT p.*,display_safe(asked.scope)AS name FROM asked LEFT JOIN tenure_projection AS p USING(scope))
    SELECT char(9)||'b'||name||char(9)||'n: '||CASE WHEN session_id IS NULL THEN char(9)||'gfree'||char(9)||'n'
        ||coalesce((SELECT char(10)||'  last     '||display_safe(l.owner_id)||', ended '||$ended||', '||l.end_reason
            ||coalesce(' by '||display_safe(l.ended_by),'')||coalesce(char(10)||'  result   '||$last,'')
          FROM tenure_session AS l WHERE l.scope=asked.scope AND l.ended_at IS NOT NULL
          ORDER BY l.ended_at DESC,l.revision DESC LIMIT 1),'') ELSE
      'held by '||display_safe(owner_id)||', '||lifecycle||', '||status
        ||iif(stale,', '||char(9)||'rSTALE'||char(9)||'n ('||stale_reason||')','')
      ||char(10)||'  since    '||$since
      ||char(10)||'  until    '||$until||' ('||$hold||')'
      ||coalesce(char(10)||'  doing    '||display_safe(current_activity)||coalesce(' ('||$doing||')',''),'')
      ||coalesce(char(10)||'  turn     '||(SELECT display_safe(t.turn_id)||', '||t.kind||', '||t.state||', since '||$turn
        FROM tenure_turn_effective AS t WHERE t.session_id=shown.session_id AND t.turn_id=active_turn_id),'')
      ||coalesce(char(10)||'  result   '||$result,'')
      ||char(10)||'  session  '||display_safe(session_id)||', fence '||fence||', revision '||revision END
      ||iif(open,char(10)||'  notes    '||open||iif(open=1,' open escalation, ',' open escalations, ')||blocking||' blocking','')
      FROM shown,clock,noted,asked;"
}
