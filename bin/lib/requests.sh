# shellcheck shell=bash
#
# requests.sh - what lists and 'show' tell of a request.

# requests_source CONDITION: sets REPLY to a subquery of requests q and their sessions s, oldest first.
requests_source() {
  REPLY="(SELECT q.*,s.scope,s.owner_id,clock.now FROM clock CROSS JOIN tenure_request AS q
    JOIN tenure_session AS s USING(session_id)WHERE $1 ORDER BY created_at,q.session_id,request_id,attempt)"
}

request_columns() {
  fields session_id scope owner_id request_id attempt incarnation turn_id kind payload state decision \
    created_at resolved_at
  cell REQUEST 'display_safe(request_id)'
  cell SESSION 'display_safe(session_id)'
  cell TURN 'display_safe(turn_id)'
  cell KIND kind
  cell STATE "state||coalesce(': '||display_safe(decision),'')"
  phrase_ago created_at
  cell SINCE "$REPLY"
  phrase_short payload 80
  cell ASKS "$REPLY"
}
