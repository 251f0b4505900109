#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # jq has $variables; bats runs each test apart and sets the rest
#
# The drawing of sessions, turns and takeovers over time.

load helper

# at TIME STATEMENT ...: writes history: statements, each at a time of the virtual clock.
at() {
  {
    printf '%s\n' ".load ${tenure%/bin/tenure}/dist/tenure" '.output /dev/null' 'SELECT tenure_install();'
    printf 'SELECT tenure_clock(%s); %s;\n' "$@"
  } | sqlite3 -batch -bail -init /dev/null "$TENURE_DB"
}

# history: a session with three turns, taken over, cleared, resumed and ended.
history() {
  at 1000000 "INSERT INTO tenure_start(scope,actor_id,lease_ttl)VALUES('repo','w1',100)" \
    1000000 "INSERT INTO tenure_turn_begin(session_id,turn_id)SELECT session_id,'t1'FROM tenure_holder" \
    1000030 "INSERT INTO tenure_turn_end(session_id,turn_id)SELECT session_id,'t1'FROM tenure_holder" \
    1000040 "INSERT INTO tenure_turn_begin(session_id,turn_id)SELECT session_id,'t2'FROM tenure_holder" \
    1000070 "INSERT INTO tenure_turn_end(session_id,turn_id,outcome)SELECT session_id,'t2','failed'FROM tenure_holder" \
    1000080 "INSERT INTO tenure_turn_begin(session_id,turn_id)SELECT session_id,'t3'FROM tenure_holder" \
    1000230 "INSERT INTO tenure_takeover(scope,actor_id,reason)VALUES('repo','w2','gone')" \
    1000240 "INSERT INTO tenure_turn_begin(session_id,turn_id)SELECT session_id,'t1'FROM tenure_holder" \
    1000280 "INSERT INTO tenure_clear(scope,actor_id)VALUES('repo','w2')" \
    1000290 "INSERT INTO tenure_resume(session_id,actor_id)SELECT session_id,'w2'FROM tenure_session WHERE owner_id='w2'" \
    1000390 "UPDATE tenure_session SET status='exited',revision=revision+1 WHERE ended_at IS NULL"
}

# no_wider WIDTH: no line of the output has more columns.
no_wider() {
  [ "$(LC_ALL=C.UTF-8 wc -L <<<"$output")" -le "$1" ] || report "wider than $1"
}

@test "a history is drawn, column for column" {
  history
  tenure timeline --scope repo
  done_ok
  [ "${lines[0]}" = 'scope repo: sessions 2, turns 4, takeovers 1' ]
  [ "${lines[1]}" = '8 s a column                    1970-01-12T13:46:40Z        1970-01-12T13:53:10Z' ]
  [ "${lines[2]:30}" = '  [===========================x' ]
  [ "${lines[3]}" = '  w1                            ---.----!------------------x' ]
  [ "${lines[4]:30}" = '                             T======R============]' ]
  [ "${lines[5]}" = '  w2                                                        -----x' ]
  no_wider 80
}

@test "a wider terminal is used, a narrow or senseless one is not" {
  history
  COLUMNS=120 tenure timeline --scope repo
  no_wider 120
  [ "${#lines[1]}" -eq 120 ]
  local width
  for width in 20 79 x 99999 -5 '' '$(touch pwned)' '9 9'; do
    COLUMNS=$width tenure timeline --scope repo
    done_ok
    [ "${#lines[1]}" -eq 80 ]
    no_wider 80
  done
  [ ! -e pwned ]
}

@test "the spans as JSON and as CSV" {
  history
  tenure timeline --scope repo --json
  done_ok
  json '.command == "timeline" and [.result.spans[] | [.kind, .turn_id, .began_at, .ended_at, .ended_as]] ==
    [["session", null, 1000000, 1000230, "taken_over"], ["turn", "t1", 1000000, 1000030, "completed"],
     ["turn", "t2", 1000040, 1000070, "failed"], ["turn", "t3", 1000080, 1000230, "interrupted"],
     ["session", null, 1000230, 1000280, "cleared"], ["turn", "t1", 1000240, 1000280, "interrupted"],
     ["session", null, 1000290, 1000390, "transition"]]'
  json '[.result.spans[] | select(.kind == "session") | [.actor_id, .incarnation, .began_by]] ==
    [["w1", 1, "start"], ["w2", 1, "takeover"], ["w2", 2, "resume"]]'
  tenure timeline --scope repo --csv
  done_ok
  [ "${#lines[@]}" -eq 8 ]
}

@test "one session, and the newest of many" {
  history
  local id
  id=$(sql "SELECT session_id FROM tenure_session WHERE owner_id='w1'")
  tenure timeline "$id" --json
  json '[.result.spans[].session_id] | unique == [$id]' --arg id "$id"
  tenure timeline "$id"
  done_ok
  [[ ${lines[0]} == 'session ses_'*': sessions 1, turns 3, takeovers 0' ]]
  no_wider 80
  tenure timeline --scope repo --limit 1 --json
  json '[.result.spans[] | select(.kind == "session") | .actor_id] == ["w2", "w2"]'
}

@test "all scopes, each session with its own" {
  history
  new_session --scope other --actor a --lease 60
  new_session --scope '' --actor b --lease 60
  TENURE_SCOPE=repo tenure timeline --all
  done_ok
  [ "${lines[0]}" = 'all scopes: sessions 4, turns 4, takeovers 1' ]
  says '  w1 in repo '
  says '  a in other'
  says '  b, no scope'
  no_wider 80
  tenure timeline --all --json
  json '[.result.spans[].scope] | unique == [null, "other", "repo"]'
  tenure timeline --all --scope repo
  refused 2 usage.option
}

@test "what goes on reaches the right edge, what ran out is marked" {
  local now
  now=$(date +%s)
  new_session --scope live --actor a --lease 60
  tenure turn begin "$session" --turn t1
  tenure timeline --scope live
  done_ok
  [ "${lines[2]}" = "$session  [>" ] || [[ ${lines[2]} == "$session  [="*'>' ]]
  [[ ${lines[3]} == '  a  '*'>' ]]
  at "$((now - 600))" "INSERT INTO tenure_start(scope,actor_id,lease_ttl)VALUES('lost','w1',100)"
  tenure timeline --scope lost
  [[ ${lines[2]} == 'ses_'*'  [='*'=?' ]]
  [ "${#lines[2]}" -eq 80 ]
}

@test "scopes and sessions where nothing has happened" {
  tenure init
  tenure timeline
  done_ok
  [ "$output" = 'nothing has happened in scope main' ]
  tenure timeline --scope never --json
  done_ok
  json '.result.spans == []'
  tenure timeline nobody
  refused 3 timeline.missing
  tenure timeline nobody --json
  [ "$status" -eq 3 ]
  json '.error.code == "timeline.missing"'
}

@test "the scope comes from the environment" {
  history
  TENURE_SCOPE=repo tenure timeline
  done_ok
  says 'scope repo: '
}

@test "a session that holds no scope has a timeline too" {
  new_session --scope '' --actor a --lease 60
  tenure timeline "$session"
  done_ok
  says ': sessions 1, turns 0, takeovers 0'
  tenure timeline --scope ''
  done_ok
  says 'no scope: sessions 1'
}

@test "long and wide names stay in their columns" {
  local text
  for text in "it's; DROP TABLE x" '漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字' \
    '🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂' "$(printf 'long%.0s' {1..30})"; do
    new_session --scope "$text" --actor "$text" --lease 60
    tenure turn begin "$session" --turn "$text"
    COLUMNS=80 tenure timeline --scope "$text"
    done_ok
    harmless
    no_wider 80
    [[ ${lines[2]:32} == '['* ]]
    tenure timeline --scope "$text" --json
    json '.result.spans[0].scope == $text and .result.spans[0].actor_id == $text' --arg text "$text"
    tenure clear --scope "$text" --actor "$text"
    tenure timeline "$text"
    harmless
  done
}

@test "a log that was written by hand is drawn as far as it can be, harmlessly" {
  damaged=1
  history
  at 1000500 "INSERT INTO tenure_event(at,session_id,scope,event,detail)VALUES(1000400,'by hand','repo','session.created','not json'),
    (9223372036854775807,'by hand','repo','turn.started',NULL),(-9223372036854775807,NULL,'repo','session.ended','[]'),
    (1000401,'by hand','repo','session.resumed','[]'),(1000400,char(27)||'[31mred','repo','session.created',json_object('owner_id',char(27,10,8238)))"
  tenure timeline --scope repo
  done_ok
  harmless
  says 'by hand'
  at 1000500 "INSERT INTO tenure_event(at,session_id,scope,event,to_status)VALUES(1000402,'x','repo','session.created','no status')"
  tenure timeline --scope repo
  done_ok
  says '\x1b[31mred'
  no_wider 80
  tenure timeline --scope repo --csv
  harmless
}
