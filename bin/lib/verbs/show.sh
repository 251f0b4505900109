# shellcheck shell=bash
#
# show - all there is about one session: its turns, what waits for it, its results, and its last events.

use defaults phrase table sessions turns requests results events

verb_declare() {
  summary 'show all there is about one session'
  option session SESSION text '' 'the session (TENURE_SESSION, with its fence)'
  operand session optional
  option scope SCOPE text '' 'the one that holds this scope (TENURE_SCOPE, else main)'
  option limit N count '' 'how many of its events, turns and results (10)'
}

verb_run() {
  local session condition object
  default_target
  if is_given session; then
    sql_text "${GIVEN[session]}"
    condition="s.session_id=$REPLY"
  elif is_given scope; then
    sql_text "${GIVEN[scope]}"
    condition="s.scope=$REPLY AND s.ended_at IS NULL"
  else
    condition="s.scope='main' AND s.ended_at IS NULL"
  fi
  show_fields
  sessions_source 1 "$condition"
  session=$REPLY
  object_sql
  object=$REPLY
  new_table
  show_parts
  if [[ $FORMAT == json ]]; then
    result_sql "'{\"session\":'||object||'$PARTS}'"
  else
    show_lines
  fi
  read_database "WITH clock(now)AS MATERIALIZED(SELECT session_now()),
    told(session_id,object)AS MATERIALIZED(SELECT session_id,$object FROM $session)
    SELECT $REPLY FROM told;"
  [[ -n $ANSWER ]] || no_session
  present "$ANSWER"
}

show_fields() {
  session_fields
  fields start_count holds_until progress_at no_progress_count last_outcome changed_at \
    active_turn_id last_turn_id ended_at end_reason ended_by end_note exit_code exit_signal failure_origin \
    failure_reason last_error predecessor_id parent_session_id host boot_id pid pid_start_ticks command cwd \
    clock lease_machine lease_boot_id lease_deadline_mono lease_file token_budget usage_input \
    usage_cached_input usage_output usage_reasoning_output usage_total usage_cost_usd
  field rate_limits 'json(rate_limits)'
  fields schema_version
}

# show_parts: sets PARTS to SQL that continues what stands before it, a part for each list of the session.
show_parts() {
  local -r its='session_id=(SELECT session_id FROM told)' limit=${GIVEN[limit]-10}
  PARTS=
  turn_columns
  turns_source "$its" "$limit"
  show_part turns "$REPLY"
  request_columns
  requests_source "q.$its AND state='pending'"
  show_part requests "$REPLY"
  input_columns
  input_source "$its"
  show_part input "$REPLY"
  result_columns
  results_source "$its" "$limit"
  show_part results "$REPLY"
  event_columns
  events_source "$its" "$limit"
  show_part events "$REPLY"
}

# show_part KEY SOURCE: the rows of SOURCE. People are not shown a list without rows.
show_part() {
  if [[ $FORMAT == json ]]; then
    json_rows "$2"
    PARTS+=",\"$1\":'||$REPLY||'"
  else
    text_rows "$2"
    PARTS+="||iif(EXISTS(SELECT 1 FROM $2),char(10)||char(10)||$REPLY,'')"
  fi
  new_table
}

# show_lines: sets REPLY to SQL that writes the object a line per field that has a value, times as times,
# and below it the lists.
show_lines() {
  phrase_when value
  REPLY="(SELECT group_concat(printf('%-24s',key)||iif(key GLOB'*_at' OR key='holds_until',$REPLY,display_safe(value)),char(10))
    FROM json_each(object),clock WHERE value IS NOT NULL)$PARTS"
}
