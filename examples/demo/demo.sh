#!/usr/bin/env bash
# The main job of Tenure on a real database: a worker holds a scope, is killed, another takes over, and the
# first one's late write is refused; then a wrapped command, its result, and the story as a picture. Stops
# with an error if anything goes otherwise than told.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
worker=
cleanup() {
  if [[ -n $worker ]]; then kill -KILL "$worker" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap cleanup EXIT

unset "${!TENURE_@}"
export TENURE_DB=$work/app.db
PATH=$root/bin:$PATH
cp "$root/examples/demo/state.json" "$work/state.json"
cd "$work"

bold='' dim='' plain=''
if [[ -t 1 && -z ${NO_COLOR-} ]]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; fi

step() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }

# show COMMAND...: prints the command as one would type it, runs it, and indents what it says.
show() {
  printf '  %s$ %s%s\n' "$dim" "${*@Q}" "$plain" | sed "s/'\([A-Za-z0-9_./:=-]*\)'/\1/g"
  local status=0
  "$@" >out 2>&1 || status=$?
  sed 's/^/    /' out
  return "$status"
}

# refused CODE COMMAND...: the command must be refused with that code.
refused() {
  local code=$1 status=0
  shift
  show "$@" || status=$?
  if ((status != 4)) || ! grep -q "tenure: $code: " out; then
    printf 'demo: expected the refusal %s, got exit %d\n' "$code" "$status" >&2
    exit 1
  fi
}

# sql STATEMENT...: the sqlite3 shell with the extension, as any program would use it: one that waits for its
# turn to write, since the worker's heartbeats write too.
sql() {
  printf '%s\n' '.timeout 10000' ".load $root/dist/tenure" "$@" | sqlite3 -batch -bail -init /dev/null "$TENURE_DB"
}

# typed STATEMENT...: shows statements as one would type them into the sqlite3 shell, and what they give.
typed() {
  printf "  ${dim}sqlite> %s${plain}\n" "$@"
  sql "$@" >out 2>&1 || { cat out >&2 && return 1; }
  sed 's/^/    /' out
}

# field NAME: a column of the holder of the scope repo.
field() { sql "SELECT $1 FROM tenure_holder WHERE scope = 'repo';"; }

step '1. A database, and the state file of an older tool, which is taken over as it stands'
show tenure init
show tenure import --scope repo state.json
show tenure status --scope repo

step '2. Its lease ran out long ago. worker-1 takes the scope over, for 8 seconds at a time'
show tenure takeover --scope repo --actor worker-1 --lease 8 --reason 'old-runner stopped months ago'
first=$(field session_id)
fence=$(field fence)

step '3. A table of our own, which from now on only the holder of repo may write'
typed 'CREATE TABLE tasks(id INTEGER PRIMARY KEY, done_by TEXT);'
show tenure guard tasks --scope repo

step '4. worker-1 works: a process that heartbeats, and writes with its fence'
(while tenure heartbeat --scope repo --actor worker-1 --activity 'building' >/dev/null; do sleep 1; done) &
worker=$!
typed "SELECT tenure_hold('$first', $fence);" "INSERT INTO tasks(done_by) VALUES ('worker-1');"
sleep 2
show tenure status --scope repo

step '5. worker-2 wants the scope too, and is told who has it'
refused start.live_other_owner tenure start --scope repo --actor worker-2 --lease 8

step '6. worker-1 is killed. Nobody cleans up after it; its lease still counts'
printf '  %s$ kill -KILL %s%s\n' "$dim" "$worker" "$plain"
kill -KILL "$worker"
wait "$worker" 2>/dev/null || true
worker=
refused takeover.live tenure takeover --scope repo --actor worker-2 --reason 'worker-1 vanished'

step '7. When the lease has run out, worker-2 takes over'
while [[ $(field stale) == 0 ]]; do sleep 0.5; done
show tenure takeover --scope repo --actor worker-2 --reason 'worker-1 vanished'

step '8. A late write of worker-1 arrives, with the fence that it had. The table itself refuses it'
late=("SELECT tenure_hold('$first', $fence);" "INSERT INTO tasks(done_by) VALUES ('worker-1, too late');")
if typed "${late[@]}" 2>late; then
  printf 'demo: the late write was accepted\n' >&2
  exit 1
fi
sed -n 's/.*\(tenure: fence.token: .*worker-2.*\) (19).*/    \1/p' late | grep .
typed 'SELECT * FROM tasks;' | tee tasks
[[ $(tail -n 1 tasks) == '    1|worker-1' ]]

step '9. worker-2 is done'
show tenure clear --scope repo --actor worker-2 --reason 'all tasks done'

step '10. Any command can be wrapped: lease, heartbeats, result and release. It knows its session'
cat >agent.sh <<'END'
tenure result record --status success --summary "wrote the report" --final >/dev/null
echo "agent: I am $TENURE_SESSION, with fence $TENURE_FENCE" | sed 's/ses_[0-9A-Z]*/ses_.../'
END
show tenure run --scope repo --actor worker-3 --lease 10 -- bash ./agent.sh

step '11. How did it end? The exit code says it, and so does a line for people'
show tenure wait "$(sql "SELECT session_id FROM tenure_session WHERE owner_id = 'worker-3';")" --cap 10

step '12. What happened, from the log that the database kept by itself'
show tenure timeline --scope repo
show tenure events --scope repo --limit 12

step '13. And is all as it should be?'
show tenure doctor

printf '\nThat was the main job, on a real database with real processes.\n'
