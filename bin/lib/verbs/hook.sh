# shellcheck shell=bash disable=SC2034 # hook/ask.sh reads INPUT
#
# hook - lets the hooks of a coding agent start, renew and end its session; see docs/hooks.md.
#
# What the events mean is in hook/payload.sql, what is done about them in hook/verbs.sql.

use create defaults hook/input hook/ask hook/outcome

verb_declare() {
  summary "as a coding agent's hook, hold its session; exit code 2 blocks an agent that lost it"
  operand tool required TOOL 'whose hook it is: claude-code or codex'
  operand payload optional JSON "what happened; Codex's notify gives it so, hooks give it on standard input"
  option scope SCOPE text '' 'what the agent holds (TENURE_SCOPE, else nothing)'
  option lease SECONDS integer '' 'how long it lives without a sign of life (TENURE_LEASE, else 3600)'
}

verb_run() {
  # A payload may have megabytes: bash copies bytes faster than characters.
  local LC_ALL=C
  case ${GIVEN[tool]} in
    claude-code | codex) ;;
    *) usage_error usage.tool 'unknown tool ' "${GIVEN[tool]}" '; it is claude-code or codex' ;;
  esac
  trap 'go_on $?' EXIT
  default_scope
  is_given lease || give lease "${TENURE_LEASE:-3600}"
  enter_project
  input_sql
  INPUT=$REPLY
  locate_database
  look_at_file
  [[ -s $DATABASE ]] || make_database
  ask_verbs || make_tables $?
  all_done
}

# look_at_file: refuses what is there and is no file, unless the event means nothing.
look_at_file() {
  [[ -e $DATABASE && ! -f $DATABASE ]] || return 0
  look_at_payload
  [[ -n $EVENT ]] || all_done
  require_file
}

# make_database: makes it, or Tenure's part of it, if the event needs a session. Otherwise nobody is there, and
# nothing is left to do.
make_database() {
  look_at_payload
  [[ $HOLDS == 1 ]] || all_done
  create_database "SELECT 'made';" always
}

# make_tables STATUS: if the verbs failed only because Tenure's tables are not there, or are older than the
# extension, brings them and asks again.
make_tables() {
  [[ $ANSWER == *$NO_TENURE* ]] || explain_failed "$1"
  make_database
  ask_verbs || explain_failed $?
}

# enter_project: goes to the folder that the person started the agent in, because that is where the database is
# found, and the agent may have changed its own since. Codex runs its hooks there anyway.
enter_project() {
  local folder=${CLAUDE_PROJECT_DIR-}
  [[ ${GIVEN[tool]} == claude-code && -n $folder ]] || return 0
  [[ $LIBRARY == /* ]] || LIBRARY=$PWD/$LIBRARY
  [[ $EXTENSION == /* ]] || EXTENSION=$PWD/$EXTENSION
  [[ $folder == /* ]] || folder=./$folder
  builtin cd -- "$folder" 2>/dev/null ||
    fail_about unavailable 'the project folder ' "$CLAUDE_PROJECT_DIR" ' cannot be entered'
}
