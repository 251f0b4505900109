#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # jq has $variables; bats runs each test apart and sets the rest
#
# The doctor: well, ill, and where hardly anything is left to examine.

load helper

@test "a healthy database: 0, whatever it warns of" {
  new_session --actor a --lease 60
  tenure doctor
  done_ok
  [ "${lines[-1]}" = healthy ]
  sql 'PRAGMA journal_mode=DELETE' >/dev/null
  tenure doctor --json
  done_ok
  json '.ok and .command == "doctor" and .result.healthy
        and (.result.findings | any(.check_name == "database.journal_mode" and .severity == "warning"))'
  tenure doctor
  says 'SEVERITY  CHECK '
  says 'journal_mode is delete'
}

@test "a broken rule or a trigger that is gone: 1" {
  damaged=1
  new_session --scope $'it\'s \xe2\x86\x92' --actor a --lease 60
  sql "DROP TRIGGER tenure_event_delete_guard; DROP VIEW tenure_orphan"
  tenure doctor
  [ "$status" -eq 1 ]
  says 'trigger tenure_event_delete_guard is missing'
  says 'view tenure_orphan is missing'
  [ "${lines[-1]}" = '2 errors' ]
  tenure init
  tenure doctor
  done_ok
  # With the guards off for a moment, a row is made that they would refuse.
  sql "CREATE TABLE kept AS SELECT name, sql FROM sqlite_schema WHERE type='trigger' AND tbl_name='tenure_event'"
  local guards
  guards=$(sql "SELECT sql||';' FROM kept")
  sql "$(sql "SELECT 'DROP TRIGGER '||name||';' FROM kept"); DELETE FROM tenure_event; $guards"
  tenure doctor --json
  [ "$status" -eq 1 ]
  json '.ok and (.result.healthy | not) and (.result.findings | any(.check_name == "log.session" and .session_id == $session))' \
    --arg session "$session"
  tenure doctor --csv
  [ "$status" -eq 1 ]
  [ "${lines[0]}" = 'check_name,severity,session_id,finding,remedy' ]
}

@test "a newer schema, no schema, no database" {
  damaged=1
  tenure init
  sql "$(sql "SELECT 'DROP TRIGGER '||name||';' FROM sqlite_schema WHERE type='trigger' AND tbl_name='tenure_meta'")
       UPDATE tenure_meta SET value = 99 WHERE key = 'schema'"
  tenure doctor
  [ "$status" -eq 1 ]
  says 'the schema is of version 99'
  sql 'CREATE TABLE mine(x)' other.db
  tenure doctor --db other.db
  [ "$status" -eq 1 ]
  says 'schema.version'
  printf 'no database %.0s' {1..100} >broken.db
  tenure doctor --db broken.db
  refused 5 database.corrupt
  tenure doctor --db nowhere.db
  refused 3 database.missing
  [ ! -e nowhere.db ]
}
