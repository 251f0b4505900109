# shellcheck shell=bash
#
# defaults.sh - what the environment says when the command line does not. An empty variable is an unset one.

# default_scope: TENURE_SCOPE.
default_scope() {
  is_given scope && return
  [[ -z ${TENURE_SCOPE-} ]] || give scope "$TENURE_SCOPE"
}

# default_actor: TENURE_ACTOR.
default_actor() {
  is_given actor && return
  [[ -z ${TENURE_ACTOR-} ]] || give actor "$TENURE_ACTOR"
}

# default_target: TENURE_SESSION and TENURE_FENCE, then TENURE_SCOPE.
#
# The pair says "this session, as its holder". It stands only as a pair, and only where the command line
# means that same session: names neither scope nor session, names that session, or names its scope. The
# last is asked of the database inside the statement, because only the database knows whose scope it is.
default_target() {
  local session=${TENURE_SESSION-} fence=${TENURE_FENCE-}
  if [[ -z $session || -z $fence || ${GIVEN[fence]-$fence} != "$fence" ]]; then
    is_given session || default_scope
  elif is_given session; then
    [[ ${GIVEN[session]} != "$session" ]] || give fence "$fence"
  elif is_given scope; then
    default_target_in_scope "$session" "$fence" "${GIVEN[scope]}"
  else
    give session "$session"
    give fence "$fence"
  fi
}

default_target_in_scope() {
  local theirs
  sql_text "$1"
  theirs="FROM tenure_session WHERE session_id=$REPLY"
  sql_text "$3"
  theirs+=" AND scope=$REPLY)"
  stand_for session "(SELECT session_id $theirs"
  sql_integer "$2"
  stand_for fence "(SELECT $REPLY $theirs"
}

# default_process: a bare --pid means a process of this machine, so the rest of its identity is read here.
default_process() {
  is_given pid || return 0
  ! is_given host boot-id pid-start-ticks || return 0
  sql_integer "${GIVEN[pid]}"
  stand_for host 'host_name()'
  stand_for boot-id 'host_boot_id()'
  stand_for pid-start-ticks "process_start_ticks($REPLY)"
}
