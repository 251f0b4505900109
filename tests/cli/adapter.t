#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # jq has $variables; bats runs each test apart and sets the rest
#
# The example that drives a session with a provider's event stream.

load helper

example=${tenure%/bin/tenure}/examples/adapter

worst+=('-- done' 'Error: tenure: x: y')

# adapter: feeds stdin to the session of this test.
adapter() { TENURE_SESSION=${TENURE_SESSION-$session} run --separate-stderr "$example/adapter.sh"; }

# event KEY VALUE...: one line of a stream, of texts.
event() { jq -nc '[$ARGS.positional | range(0; length; 2) as $i | {key: .[$i], value: .[$i + 1]}] | from_entries' --args -- "$@"; }

# answers FILTER: FILTER is true of the array of the answers, one for each line.
answers() { jq -es "$@" <<<"$output" >/dev/null || report "not so: $1"; }

@test "a stream drives the session, an answer for each line" {
  new_session --scope repo --actor a --lease 60
  adapter < <(
    event type turn.started turn_id t1
    event type turn.completed turn_id t1 message 'all green' outcome completed
    event type turn.started turn_id t2
    event type turn.aborted turn_id t2
  )
  done_ok
  answers 'map([.line, .ok, .type, .applied, .status, .active_turn_id]) ==
    [[1, true, "turn.started", true, "running", "t1"], [2, true, "turn.completed", true, "ready", null],
     [3, true, "turn.started", true, "running", "t2"], [4, true, "turn.aborted", true, "interrupted", null]]'
  [ "$(sql 'SELECT turn_id, state, last_agent_message FROM tenure_turn ORDER BY turn_id')" = \
    $'t1|completed|all green\nt2|interrupted|' ]
}

@test "all fields reach the database" {
  new_session --actor a --lease 60
  adapter < <(
    event type session.state.changed state waiting
    event type turn.started turn_id t1 event_id e1
    event type turn.started turn_id t1 event_id e1
    event type turn.completed turn_id t1 outcome failed message 'no disk'
    event type turn.started turn_id t2
    event type turn.started turn_id t3 expected_turn_id t3
    jq -nc '{type: "turn.completed", turn_id: "t2", incarnation: 2}'
    jq -nc '{type: "turn.completed", turn_id: "t2", incarnation: 1, state: null, message: null}'
  )
  done_ok
  answers 'map(.reason) == [null, null, "duplicate", null, null, "conflict", "stale_incarnation", null]'
  [ "$(sql "SELECT state FROM tenure_turn WHERE turn_id='t1'")" = error ]
  [ "$(sql 'SELECT last_error IS NULL FROM tenure_session')" = 1 ]
}

@test "a pending start lets the expected turn supersede" {
  new_session --actor a --lease 60
  tenure turn begin "$session" --turn t1
  tenure turn request-start "$session" --message-id m1
  adapter < <(event type turn.started turn_id t2 expected_turn_id t2)
  done_ok
  answers '.[0] | .applied and .active_turn_id == "t2"'
  [ "$(sql "SELECT state FROM tenure_turn WHERE turn_id='t1'")" = interrupted ]
}

@test "malformed lines are refused by number, and the stream goes on" {
  new_session --actor a --lease 60
  adapter <<'END'
not json

{"type":"turn.started","turn_id":"t1"
[]
"turn.started"
{}
{"type":null}
{"type":7}
{"type":"turn.started","turn_id":7}
{"type":"turn.started","turn_id":{"a":1}}
{"type":"turn.started","incarnation":"1"}
{"type":"turn.started","incarnation":1.5}
{"type":"turn.started","turn_id":"t1","turn_id":"t2"}
{'type':'turn.started'}
{"type":"turn.started"} {"type":"turn.started"}
{"type":"turn.started","turn_id":"t1"}
END
  [ "$status" -eq 1 ]
  [ -z "$stderr" ]
  answers 'map(.line) == [range(1; 17)] and (.[:15] | all(.code == "adapter.malformed" and (.ok | not)))'
  answers '.[15] | .ok and .applied and .active_turn_id == "t1"'
  [ "$(sql 'SELECT count(*) FROM tenure_turn')" = 1 ]
}

@test "events that the database refuses are answered with its code, and the stream goes on" {
  new_session --actor a --lease 60
  adapter < <(
    event type coffee.ready
    event type session.state.changed
    event type turn.started turn_id ''
    event type turn.started turn_id t1
  )
  [ "$status" -eq 1 ]
  answers 'map(.ok) == [false, false, false, true]'
  answers '.[0] | .code == "usage.event" and (.message | contains("coffee.ready"))'
  answers '.[1].code == "opt.required"'
}

@test "a NUL in a text is refused or kept out, and harms nothing" {
  new_session --actor a --lease 60
  adapter < <(
    printf '%s\n' '{"type":"turn.started","turn_id":"a\u0000b"}'
    printf '%s\n' '{"type":"turn.started","turn_id":"a\\u0000b"}'
    printf '{"type":"turn.started","turn_id":"t1"}\0\n'
  )
  answers '(.[0].ok | not) and .[1].active_turn_id == "a\\u0000b" and .[2].reason == "conflict"'
}

@test "any text arrives as given" {
  local text id=0
  new_session --actor a --lease 60
  for text in "${worst[@]}"; do
    id=$((id + 1))
    adapter < <(
      event type turn.started turn_id "t$id"
      event type turn.completed turn_id "t$id" message "$text"
    )
    done_ok
    answers 'length == 2 and all(.applied)'
    [ "$(sql "SELECT lower(hex(last_agent_message)) FROM tenure_turn WHERE turn_id='t$id'")" = "$(bytes "$text")" ]
  done
  [ ! -e pwned ]
}

@test "hostile types, ids and lines are answered with one line each" {
  local text
  new_session --actor a --lease 60
  adapter < <(
    for text in "${worst[@]}"; do
      event type "$text"
      event type turn.started turn_id "$text"
      event type turn.aborted turn_id "$text"
      event type session.started event_id "$text"
      event "$text" "$text" type thread.started
    done
    printf '%s\n' '-- done' '.quit' "';" "'); DROP TABLE tenure_turn; --" '.shell touch pwned' $'\xff\xfe' $'\r'
  )
  [ "$status" -eq 1 ]
  answers 'length == '$((${#worst[@]} * 5 + 7))' and map(.line) == [range(1; length + 1)]'
  answers '.[-7:] | all(.code == "adapter.malformed")'
  harmless
  [ ! -e pwned ]
  [ "$(sql 'SELECT status FROM tenure_session')" != '' ]
}

@test "the database, the session and its fence" {
  new_session --actor a --lease 60 --strict
  adapter < <(event type turn.started turn_id t1)
  [ "$status" -eq 1 ]
  answers '.[0].ok | not'
  TENURE_FENCE=$fence adapter < <(event type turn.started turn_id t1)
  done_ok
  TENURE_FENCE=9 adapter < <(event type turn.started turn_id t2)
  [ "$status" -eq 1 ]
  TENURE_SESSION=nobody adapter </dev/null
  [ "$status" -eq 3 ]
  TENURE_SESSION='' adapter </dev/null
  [ "$status" -eq 2 ]
  TENURE_DB=$PWD/nothing adapter </dev/null
  [ "$status" -eq 5 ]
  [ ! -e nothing ]
  : >empty
  TENURE_DB=empty adapter </dev/null
  [ "$status" -eq 5 ]
  [ -z "$output" ]
}

@test "events of the incarnation before are ignored after a resume" {
  new_session --actor a --lease 60
  mkfifo stream
  TENURE_SESSION=$session "$example/adapter.sh" <stream >answers 3>&- &
  exec 4>stream
  event type turn.started turn_id t1 >&4
  until [ -s answers ]; do sleep 0.02; done
  tenure clear --session "$session" --actor a
  tenure resume "$session" --actor a
  done_ok
  event type turn.started turn_id t2 >&4
  exec 4>&-
  wait $!
  output=$(<answers)
  answers 'map(.reason) == [null, "stale_incarnation"]'
}

@test "an answer comes before the next line is there" {
  new_session --actor a --lease 60
  mkfifo stream
  TENURE_SESSION=$session "$example/adapter.sh" <stream >answers 3>&- &
  exec 4>stream
  event type turn.started turn_id t1 >&4
  until [ -s answers ]; do sleep 0.02; done
  [ "$(sql 'SELECT turn_id FROM tenure_turn')" = t1 ]
  exec 4>&-
  wait $!
}

@test "a last line without an end is read too" {
  new_session --actor a --lease 60
  adapter < <(printf %s '{"type":"turn.started","turn_id":"t1"}')
  done_ok
  answers '.[0].applied'
}

@test "64 KiB of message" {
  local long
  printf -v long '%65536s' x
  new_session --actor a --lease 60
  adapter < <(
    event type turn.started turn_id t1
    event type turn.completed turn_id t1 message "$long"
  )
  done_ok
  [ "$(sql 'SELECT length(last_agent_message) FROM tenure_turn')" = 65536 ]
}

@test "the sample runs as the folder says" {
  cp -r "$example" .
  run --separate-stderr "$example/run.sh"
  done_ok
  [ -z "$stderr" ]
  [ "$(grep -c '^{"line":' <<<"$output")" -eq "$(wc -l <"$example/sample.jsonl")" ]
  says '"code":"adapter.malformed","message":"not JSON"'
  says '"code":"usage.event"'
  says 'turn-1  regular  completed'
  says 'sessions 1, turns 3, takeovers 0'
}
