#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # jq has $variables; bats runs each test apart and sets the rest
#
# How many rows a list has where nothing is said of it, and which is first and which is last.

load helper

# write: does the statements on stdin in one transaction.
write() {
  tenure init
  { printf '%s\n' ".load ${tenure%/bin/tenure}/dist/tenure" '.output /dev/null' 'BEGIN;' && cat && echo 'COMMIT;'; } |
    sqlite3 -batch -bail -init /dev/null "$TENURE_DB"
}

# sessions: statements for 26 sessions that have one of everything, the last to begin first. So neither the scopes nor the
# ids, which grow as they are made, are in the order of time: s08 is the oldest, then s16, and s19 is the newest.
sessions() {
  local i s
  printf '%s;\n' 'SELECT tenure_clock(1000030)' "INSERT INTO tenure_start(scope)VALUES('free')" \
    "INSERT INTO tenure_clear(scope)VALUES('free')"
  for i in {26..1}; do
    printf -v s 's%02d' $((i * 8 % 27))
    printf '%s;\n' "SELECT tenure_clock(1000000+$i)" "INSERT INTO tenure_start(scope,actor_id,lease_ttl)VALUES('$s','a',60)" \
      "INSERT INTO tenure_turn_begin(session_id,turn_id)SELECT session_id,'t' FROM tenure_holder WHERE scope='$s'" \
      "INSERT INTO tenure_request_open(session_id,request_id,kind)SELECT session_id,'$s','approval' FROM tenure_holder WHERE scope='$s'" \
      "INSERT INTO tenure_escalate(scope,kind,reason)VALUES('$s','blocking','r')" \
      "INSERT INTO tenure_record_result(session_id,status)SELECT session_id,'success' FROM tenure_holder WHERE scope='$s'" \
      "INSERT INTO tenure_record_completion(session_id,exit_code)SELECT session_id,1 FROM tenure_holder WHERE scope='$s'"
  done
}

# turns: statements for a session with eleven turns, t05 first, then t10, and t07 last.
turns() {
  local i t
  printf '%s;\n' 'SELECT tenure_clock(1000000)' "INSERT INTO tenure_start(actor_id,lease_ttl)VALUES('a',60)"
  for i in {1..11}; do
    printf -v t 't%02d' $((i * 5 % 12))
    printf '%s;\n' "SELECT tenure_clock(1000000+$i)" \
      "INSERT INTO tenure_turn_begin(session_id,turn_id)SELECT session_id,'$t' FROM tenure_holder" \
      "INSERT INTO tenure_record_result(session_id,turn_id,status)SELECT session_id,'$t','success' FROM tenure_holder" \
      "INSERT INTO tenure_turn_end(session_id,turn_id)SELECT session_id,'$t' FROM tenure_holder"
  done
}

# rows LIST FIELD COUNT FIRST LAST: the list has so many rows, and that is the field in the first and in the last.
rows() {
  json ".result.$1 | \"\(length) \(.[0].$2) \(.[-1].$2)\" == \$rows" --arg rows "$3 $4 $5"
}

@test "the number and the order of every list" {
  sessions | write
  local newest list field number first last verb
  newest=$(sql 'SELECT max(seq) FROM tenure_event')
  while read -r number list field first last verb; do
    # shellcheck disable=SC2086 # a verb and its arguments
    tenure_at 1001000 $verb --json
    rows "$list" "$field" "$number" "$first" "$last"
  done <<EOF
27 scopes scope s08 free status
26 sessions scope s08 s19 list
27 sessions scope s08 free list --all
26 orphans scope s08 s19 orphans
26 requests request_id s08 s19 request list
26 escalations scope s08 s19 escalate --list
50 results recorded_at 1000002 1000026 result show
50 events seq $((newest - 49)) $newest events
40 spans scope s25 s08 timeline --all
EOF
}

@test "status has room for twenty scopes, and counts the others" {
  sessions | write
  tenure_at 1001000 status
  done_ok
  [ "${#lines[@]}" -eq 23 ]
  [[ ${lines[1]} == 's08 '* ]]
  [[ ${lines[20]} == 's25 '* ]]
  [ "${lines[21]}" = '6 more are held; see tenure list' ]
  [ "${lines[22]}" = '1 scope is free' ]
}

@test "show tells the ten newest turns, results and events" {
  local newest
  turns | write
  newest=$(sql 'SELECT max(seq) FROM tenure_event')
  tenure_at 1000020 show --json
  rows turns turn_id 10 t10 t07
  rows results turn_id 10 t10 t07
  rows events seq 10 $((newest - 9)) "$newest"
}
