#!/usr/bin/env bash
#
# run - shows the adapter on a fresh database: starts a session, feeds it the sample, and looks at the result.

set -euo pipefail
cd "$(dirname -- "${BASH_SOURCE[0]}")"
tenure=../../bin/tenure
TENURE_DB=$(mktemp -d)/tenure.db
export TENURE_DB
trap 'rm -rf "${TENURE_DB%/*}"' EXIT
unset TENURE_SCOPE TENURE_ACTOR TENURE_SESSION TENURE_FENCE

echo '== a session'
"$tenure" start --scope repo --actor provider --lease 3600
TENURE_SESSION=$(sqlite3 -batch -init /dev/null "$TENURE_DB" 'SELECT session_id FROM tenure_session')
export TENURE_SESSION

echo '== the answers to sample.jsonl, a line for a line'
status=0
./adapter.sh <sample.jsonl || status=$?
echo "== the adapter ended with $status, because two lines are not events"

echo '== what became of the session'
"$tenure" show "$TENURE_SESSION" --limit 30
"$tenure" timeline "$TENURE_SESSION"
