#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # jq has $variables; bats runs each test apart and sets the rest
#
# Sessions that are over or idle: listed, settled and stopped, and what a dry run leaves alone.

load helper

# untouched COMMAND...: the command succeeds and no byte of the database is another one.
untouched() {
  local before
  before=$(cat "$TENURE_DB" "$TENURE_DB-wal" 2>/dev/null | cksum)
  tenure "$@"
  done_ok
  [ "$(cat "$TENURE_DB" "$TENURE_DB-wal" 2>/dev/null | cksum)" = "$before" ] || report 'the database has changed'
}

# many COUNT STATEMENT: runs a statement for each number up to COUNT.
many() {
  sqlite3 -batch -bail -init /dev/null "$TENURE_DB" ".load ${tenure%/bin/*}/dist/tenure" 'PRAGMA synchronous=OFF' 'BEGIN' \
    "WITH n(i) AS (VALUES (1) UNION ALL SELECT i+1 FROM n WHERE i<$1) $2" 'COMMIT' >/dev/null
}

@test "orphans are listed, tried and settled" {
  new_session --scope mine --actor a --lease 600
  local owned=$session
  dead_session --scope gone --actor a --lease 600
  local dead=$session
  new_session --scope quit --actor 'b "b"' --lease 1
  tenure result completion "$session" --exit-code 3 --reason crash
  sleep 1
  tenure orphans
  done_ok
  [ "${#lines[@]}" -eq 3 ]
  [[ ${lines[*]} =~ $dead\ +gone\ +running\ +a\ +its\ process\ [0-9]+\ is\ gone\ + ]]
  says 'its process ended with 3'
  untouched orphans --json
  json '[.result.orphans[] | {scope, reason, completion_exit}] | sort_by(.scope)
        == [{scope: "gone", reason: "orphaned_process", completion_exit: null},
            {scope: "quit", reason: "completion", completion_exit: 3}]'
  untouched settle --dry-run
  says "would be settled: $dead in scope gone, orphaned_process"
  says '2 would be settled, 0 skipped'
  untouched settle --dry-run --json
  json '.result.dry_run and (.result.settled | length == 2) and .result.skipped == []'
  untouched settle "$owned" --dry-run
  says "skipped: $owned in scope mine, owned"
  tenure settle "$owned"
  done_ok
  says "skipped: $owned in scope mine, owned"
  says '0 settled, 1 skipped'
  tenure settle "$dead"
  says "settled: $dead in scope gone, failed"
  tenure settle "$dead"
  says "skipped: $dead in scope gone, ended"
  tenure settle --json
  json '.command == "settle" and (.result.dry_run | not) and (.result.settled | map(.scope) == ["quit"]) and .result.skipped == []'
  [ "$(sql 'SELECT scope, status, end_reason FROM tenure_session ORDER BY scope')" = $'gone|failed|host-death\nmine|running|\nquit|failed|host-death' ]
  [ "$(sql 'SELECT count(*) FROM tenure_result')" = 2 ]
}

@test "nothing to do is success, no such session is 3" {
  tenure init
  tenure orphans
  done_ok
  tenure settle
  done_ok
  [ "$output" = '0 settled, 0 skipped' ]
  tenure settle --dry-run
  done_ok
  tenure settle nobody
  refused 3 settle.missing
  tenure settle nobody --dry-run
  refused 3 settle.missing
  tenure settle nobody --dry-run --json
  [ "$status" -eq 3 ]
  json '.error.code == "settle.missing"'
  [ "$(sql 'SELECT count(*) FROM tenure_event')" = 0 ]
}

@test "more than one part is done to its end, and told once" {
  tenure init
  many 501 "INSERT INTO tenure_start(scope, actor_id, lease_ttl, host, boot_id, pid, pid_start_ticks)
    SELECT '', 'a', 600, host_name(), host_boot_id(), 2147483647, 1 FROM n"
  tenure settle --dry-run
  says '501 would be settled, 0 skipped'
  tenure settle --json
  done_ok
  json '.result.settled | length == 501 and (map(.session_id) | unique | length == 501)'
  [ "$(sql "SELECT count(*) FROM tenure_session WHERE status='failed'")" = 501 ]
}

@test "idle sessions that nobody owns are stopped" {
  new_session --scope busy --actor a --lease 600
  new_session --scope idle --actor a --lease 1
  sleep 1
  untouched reap --dry-run
  says "skipped: $session in scope idle, idle for "
  says '0 would be stopped, 1 skipped'
  untouched reap --dry-run --idle 1 --json
  json '.result.reaped[0] | .scope == "idle" and .idle_secs >= 1'
  tenure reap --idle 1
  done_ok
  says "stopped: $session in scope idle"
  says '1 stopped, 0 skipped'
  [ "$(sql 'SELECT scope, status, end_reason FROM tenure_session ORDER BY scope')" = $'busy|running|\nidle|stopped|idle' ]
  tenure reap --idle=-1
  refused 2 opt.idle_secs
  tenure reap --idle x --dry-run
  refused 2 opt.idle_secs
  tenure reap --json
  json '.result == {dry_run: false, reaped: [], skipped: []}'
}

@test "half an hour is idle for long, where nothing else is said" {
  tenure_at 1000000 start --scope one --actor a --lease 60
  tenure_at 1001799 reap --dry-run
  says '0 would be stopped, 1 skipped'
  tenure_at 1001799 reap
  says '0 stopped, 1 skipped'
  tenure_at 1001800 reap --dry-run
  says '1 would be stopped, 0 skipped'
  tenure_at 1001800 reap
  says '1 stopped, 0 skipped'
}
