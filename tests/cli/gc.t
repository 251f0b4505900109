#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # jq has $variables; bats runs each test apart and sets the rest
#
# Ended sessions are removed, by the time since their end; a dry run says the same and removes nothing.

load helper

@test "what ended long ago goes, what lives or ended just now stays" {
  new_session --scope one --actor a --lease 60
  local first=$session before
  tenure clear --scope one --actor a
  new_session --scope two --actor a --lease 60
  before=$(sql .dump | cksum)
  tenure gc --dry-run
  done_ok
  says "skipped: $first in scope one, ended "
  says '0 would be collected, 1 skipped'
  tenure gc --dry-run --older-than 0 --json
  json '.result.dry_run and (.result.collected | map(.session_id) == [$first]) and .result.skipped == []' --arg first "$first"
  [ "$(sql .dump | cksum)" = "$before" ]
  tenure gc
  says '0 collected, 1 skipped'
  tenure gc --older-than 0
  done_ok
  says "collected: $first in scope one"
  says '1 collected, 0 skipped'
  [ "$(sql 'SELECT scope FROM tenure_session')" = two ]
  [ "$(sql "SELECT event FROM tenure_event WHERE session_id='$first'")" = session.collected ]
  tenure gc --older-than 0 --json
  json '.command == "gc" and .result == {dry_run: false, collected: [], skipped: [], receipts: 0}'
}

@test "a session is kept for a week after its end, where nothing else is said" {
  tenure_at 1000000 start --scope one --actor a --lease 60
  tenure_at 1000000 clear --scope one --actor a
  tenure_at 1604799 gc --dry-run
  says '0 would be collected, 1 skipped'
  tenure_at 1604799 gc
  says '0 collected, 1 skipped'
  tenure_at 1604800 gc --dry-run
  says '1 would be collected, 0 skipped'
  tenure_at 1604800 gc
  says '1 collected, 0 skipped'
}

@test "a span that is none is refused" {
  tenure init
  local span
  for span in x -1 1.5 '' 99999999999999999999; do
    tenure gc --older-than="$span"
    refused 2 opt.older_than
    tenure gc --dry-run --older-than="$span"
    refused 2 opt.older_than
  done
}

@test "more than one part is done to its end, in sight on a terminal; of what is skipped only some is told in words" {
  tenure init
  sqlite3 -batch -bail -init /dev/null "$TENURE_DB" ".load ${tenure%/bin/*}/dist/tenure" 'PRAGMA synchronous=OFF' 'BEGIN' \
    "WITH n(i) AS (VALUES (1) UNION ALL SELECT i+1 FROM n WHERE i<501)
       INSERT INTO tenure_start(scope, actor_id, lease_ttl) SELECT '', 'a', 600 FROM n" \
    "INSERT INTO tenure_clear(session_id, actor_id) SELECT session_id, 'a' FROM tenure_session" 'COMMIT' >/dev/null
  tenure gc --dry-run
  [ "${#lines[@]}" -eq 22 ]
  says 'skipped: 481 more'
  says '0 would be collected, 501 skipped'
  command -v script >/dev/null || skip 'no script(1) here'
  script -qec "'$tenure' gc --older-than 0 >told" /dev/null >seen
  [ "$(wc -l <told)" -eq 502 ]
  [ "$(tail -n 1 told)" = '501 collected, 0 skipped' ]
  [[ $(<seen) == $'\r500 collected, going on\r'+(' ')$'\r' ]] || report "on the terminal: $(od -c seen)"
  [ "$(sql 'SELECT count(*) FROM tenure_session')" = 0 ]
}

@test "a dry run also tells of the receipts that would be forgotten, and forgets none" {
  tenure init
  sqlite3 -batch -bail -init /dev/null "$TENURE_DB" ".load ${tenure%/bin/*}/dist/tenure" \
    "WITH n(i) AS (VALUES (1) UNION ALL SELECT i+1 FROM n WHERE i<10003)
       INSERT INTO tenure_receipt SELECT 'r'||i, 'start', NULL, NULL, '{}', i FROM n"
  tenure gc --dry-run
  done_ok
  says '0 would be collected, 0 skipped, 3 receipts would be forgotten'
  tenure gc --dry-run --json
  json '.result == {dry_run: true, collected: [], skipped: [], receipts: 3}'
  [ "$(sql 'SELECT count(*) FROM tenure_receipt')" = 10003 ]
  tenure gc
  says '0 collected, 0 skipped, 3 receipts forgotten'
  [ "$(sql 'SELECT count(*) FROM tenure_receipt')" = 10000 ]
}
