#!/usr/bin/env bash
#
# run - plays two agents that want the same scope, on a fresh database. The hooks are run as Claude Code runs
# them: the command of settings.json, with JSON on standard input.

set -euo pipefail
cd "$(dirname -- "${BASH_SOURCE[0]}")"
PATH=$(cd ../../bin && pwd):$PATH
TENURE_DB=$(mktemp -d)/tenure.db
export TENURE_DB
trap 'rm -rf "${TENURE_DB%/*}"' EXIT
unset TENURE_SCOPE TENURE_LEASE CLAUDE_PROJECT_DIR

# agent NAME EVENT [MEMBERS]: one hook of an agent; MEMBERS are more members of its payload.
agent() {
  local status=0
  echo "-- $1: $2"
  tenure hook claude-code --scope repo <<<"{\"session_id\":\"$1\",\"hook_event_name\":\"$2\",\"cwd\":\"/srv/app\"${3:+,$3}}" 2>&1 || status=$?
  echo "   exit code $status"
}

edit='"tool_name":"Edit","tool_input":{"file_path":"/srv/app/src/main.c"}'

echo '== one agent begins, is given a prompt, and works'
agent one SessionStart '"source":"startup"'
agent one UserPromptSubmit '"prompt":"fix the test"'
agent one PreToolUse "$edit"
tenure status repo

echo '== a second one is told who holds the scope, and its tool call is blocked'
agent two SessionStart '"source":"startup"'
agent two PreToolUse "$edit"

echo '== the first one ends; the second one goes on'
agent one Stop '"last_assistant_message":"The test passes."'
agent one SessionEnd '"reason":"prompt_input_exit"'
agent two PreToolUse "$edit"
tenure status repo
tenure timeline --scope repo
