# shellcheck shell=bash
#
# turns.sh - what 'show' tells of the turns of a session, and of what was said to them.

# turns_source CONDITION LIMIT: sets REPLY to a subquery of the newest turns, oldest first.
turns_source() {
  REPLY="(SELECT * FROM(SELECT t.*,clock.now FROM clock CROSS JOIN tenure_turn_effective AS t WHERE $1
    ORDER BY started_at DESC,coalesce(ended_at,9e18)DESC,turn_id DESC LIMIT $2)ORDER BY started_at,coalesce(ended_at,9e18),turn_id)"
}

turn_columns() {
  fields turn_id incarnation kind state stored_state abort_reason requested_at started_at ended_at \
    message_id last_agent_message used_input used_cached_input used_output used_reasoning_output used_total used_cost_usd
  cell TURN 'display_safe(turn_id)'
  cell KIND kind
  cell STATE "state||coalesce(' ('||nullif(abort_reason,state)||')','')"
  phrase_time started_at
  cell BEGAN "$REPLY"
  phrase_span 'coalesce(ended_at,now)-started_at'
  cell TOOK "$REPLY"
  cell TOKENS used_total
  phrase_short last_agent_message 60
  cell MESSAGE "$REPLY"
}

# input_source CONDITION: sets REPLY to a subquery of input i that no turn has taken yet, oldest first.
input_source() {
  REPLY="(SELECT i.*,clock.now FROM clock CROSS JOIN tenure_turn_input AS i WHERE i.state='pending' AND $1 ORDER BY turn_id,seq)"
}

input_columns() {
  fields turn_id seq payload at
  cell INPUT seq
  cell TURN 'display_safe(turn_id)'
  phrase_ago at
  cell SINCE "$REPLY"
  phrase_short payload 80
  cell SAID "$REPLY"
}
