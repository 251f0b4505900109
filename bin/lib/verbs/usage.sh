# shellcheck shell=bash
#
# usage - what work has cost: adds to the totals of a session, or shows the totals.

use defaults verb table

verb_declare() {
  summary 'add to what a session has used, or show what sessions have used'
  takes_session
  takes_fence
  takes_incarnation
  option turn TURN text turn_id 'the turn that used it, for the answer'
  takes_used
  option rate-limits JSON text rate_limits 'a JSON object of limits; what it does not name stays as it was'
  takes_receipt
  takes_lists
}

verb_run() {
  if ! is_given input-tokens cached-input-tokens output-tokens reasoning-output-tokens total-tokens cost-usd rate-limits; then
    show_usage
    return
  fi
  ! is_given csv || fail usage.option '--csv is for the list'
  default_target
  run_verb tenure_usage "display_safe(r->>'session_id')||' has used '||(r->>'total')||' tokens'
    ||coalesce(' of '||(r->>'token_budget'),'')||printf(', %.2f USD',r->>'cost_usd')
    ||iif(r->>'over_budget',char(9)||'!warning: the token budget is used up','')"
}

show_usage() {
  local condition=1
  ! is_given fence incarnation turn receipt || fail usage.required "what was used is missing; see 'tenure help usage'"
  of_session session_id
  fields session_id scope owner_id incarnation status input cached_input output reasoning_output total \
    cost_usd token_budget budget_left
  field rate_limits 'json(rate_limits)'
  cell SESSION 'display_safe(session_id)'
  cell SCOPE 'display_safe(scope)'
  cell HOLDER 'display_safe(owner_id)'
  cell READ input
  cell WRITTEN output
  cell TOTAL total
  cell LEFT budget_left
  cell USD "printf('%.2f',cost_usd)"
  show_list usage "(SELECT * FROM tenure_cost WHERE $condition ORDER BY session_id)"
}
