# shellcheck shell=bash
#
# show - all there is about one session, with its last events.

use defaults phrase table sessions events

verb_declare() {
  summary 'show all there is about one session'
  option session SESSION text '' 'the session (TENURE_SESSION, with its fence)'
  operand session optional
  option scope SCOPE text '' 'the one that holds this scope (TENURE_SCOPE, else main)'
  option limit N count '' 'how many of its events (10)'
}

verb_run() {
  local session events condition object
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
  event_columns
  events_source "session_id=(SELECT session_id FROM told)" "${GIVEN[limit]-10}"
  events=$REPLY
  if [[ $FORMAT == json ]]; then
    json_rows "$events"
    result_sql "'{\"session\":'||object||',\"events\":'||$REPLY||'}'"
  else
    show_lines "$events"
  fi
  read_database "WITH clock(now)AS MATERIALIZED(SELECT session_now()),
    told(session_id,object)AS MATERIALIZED(SELECT session_id,$object FROM $session)
    SELECT $REPLY FROM told;"
  [[ -n $ANSWER ]] || fail show.missing "there is no such session; 'tenure list --all' lists them"
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

# show_lines EVENTS: sets REPLY to SQL that writes the object a line per field that has a value, times as
# times, and below it the events.
show_lines() {
  local time
  phrase_when value
  time=$REPLY
  text_rows "$1"
  REPLY="(SELECT group_concat(printf('%-24s',key)||iif(key GLOB'*_at' OR key='holds_until',$time,display_safe(value)),char(10))
    FROM json_each(object),clock WHERE value IS NOT NULL)||char(10)||char(10)||$REPLY"
}
