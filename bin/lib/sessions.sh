# shellcheck shell=bash
#
# sessions.sh - what lists and 'show' tell of a session.

# sessions_source ALL [CONDITION]: sets REPLY to a subquery of sessions with the judgement of this moment;
# ALL is 1 to have the ended ones too.
sessions_source() {
  local join=JOIN
  (($1 == 0)) || join='LEFT JOIN'
  REPLY="(SELECT s.*,session_lifecycle(s.owner_kind)AS lifecycle,h.lease_expires_at,h.holds_until,
    h.remaining_secs,h.stale,h.stale_reason,h.verdict,h.idle_secs,h.active_turn_id,clock.now
    FROM clock CROSS JOIN tenure_session AS s $join tenure_holder AS h ON h.session_id=s.session_id
    ${2:+WHERE $2} ORDER BY s.started_at,s.session_id)"
}

# The fields that lists give to programs.
session_fields() {
  fields session_id scope status lifecycle mode owner_kind owner_id supervisor_id
  flag_field strict
  fields incarnation revision fence started_at last_started_at last_heartbeat_at lease_ttl \
    lease_expires_at remaining_secs
  flag_field stale
  fields stale_reason verdict idle_secs current_activity activity_at label
}

# phrase_hold: sets REPLY to SQL that says how long it is still held, over the columns of the source.
phrase_hold() {
  local span left ago
  phrase_span remaining_secs
  span=$REPLY
  phrase_left holds_until
  left=$REPLY
  phrase_ago holds_until
  ago=$REPLY
  REPLY="CASE WHEN stale THEN 'ran out '||$ago WHEN remaining_secs IS NULL THEN $left ELSE ($span)||' left' END"
}
