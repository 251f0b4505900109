# shellcheck shell=bash disable=SC2034,SC2153,SC2154 # the parts of run share variables
#
# run_session.sh - the session of 'tenure run': strict, and held by the command's own process.

# start_session: starts the session of the command's process, which waits. A refusal ends this command, and
# with it the one that waits. So does a signal that ends sqlite3: then the command has not begun.
start_session() {
  local facts scope
  default_scope
  default_actor
  is_given lease || give lease 60
  SCOPE=${GIVEN[scope]-main}
  # What it tells the start beside its own options; the command line has been read by now.
  option strict '' flag strict ''
  give strict 1
  option command TEXT text command ''
  option cwd DIR text cwd ''
  describe_command
  takes_process
  give pid "$PID"
  default_process
  attribute "coalesce(r->>'scope','')"
  scope=$REPLY
  verb_statement tenure_start "(SELECT printf('%s %d %d %d %d',session_id,fence,lease_ttl,incarnation,
    lease_deadline_mono IS NOT NULL)FROM tenure_session WHERE session_id=r->>'session_id')||char(10)||$scope||char(10)||
    'running as '||(r->>'session_id')||coalesce(' in scope '||display_safe(r->>'scope'),'')||', fence '||(r->>'fence')
      ||', lease '||(r->>'lease_ttl_secs')||' s'||coalesce('; '||(r->>'warning'),'')"
  read_clock
  RENEWED=$NOW
  create_database "$REPLY"
  read -r SESSION FENCE LEASE INCARNATION facts <<<"${ANSWER%%$'\n'*}"
  plan_lease "$LEASE" "$facts"
  facts=${ANSWER#*$'\n'}
  MARKED="session=$SESSION scope=${facts%%$'\n'*}"
  plan_heartbeat
  if [[ -t 2 ]]; then
    use style
    complain "${facts#*$'\n'}"
  fi
}

# describe_command: what runs and where, for people; not every command line is text.
describe_command() {
  use message
  shown "${REST[*]}"
  give command "${REPLY:1:${#REPLY}-2}"
  shown "$PWD"
  give cwd "${REPLY:1:${#REPLY}-2}"
}
