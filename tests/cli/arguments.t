#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # jq has $variables; bats runs each test apart and sets the rest
#
# Arguments are data: they arrive as given, or are refused by name.

load helper

# Texts that a careless command would run, break on, or lose.
texts=(
  "it's" "''" '"' \\ '\n' '$(touch pwned)' '`touch pwned`' '$HOME' '*' 'a;b' "'; DROP TABLE tenure_session; --"
  $'a\n.quit\nb' $'.shell touch pwned\n.quit' $'x\ngo\n/\n;\n#y' $'\'\n.quit\n' $'tab\there' $'cr\r\nlf\r' $'<CR0>\r\n<CR1>'
  '--x' '-' '--' '-h' '--json' '007' '1e3' '-1' '9223372036854775808' 'NULL' '?1' ':a' '@a' '%s%n' '&' 'é ü 漢字 🙂'
  $'\e[31mred\e[0m' $'\x01\x7f' $'bidi\xe2\x80\xaeevil' ' ' 'trailing ' $'trailing\n'
)
some texts 14

# stored COLUMN: the bytes of that column of the only session, in hexadecimal.
stored() { sql "SELECT lower(hex($1)) FROM tenure_session"; }

@test "any text arrives as given, in both forms of an option" {
  local text want
  new_session --actor a --lease 60
  for text in "${texts[@]}"; do
    new_session --actor a --lease 60 --label "$text" --command="$text" --cwd "$text"
    want=$(bytes "$text")
    [ "$(stored "label) || ' ' || hex(command) || ' ' || hex(cwd")" = "$want $want $want" ] || report "not stored: $text"
  done
  [ ! -e pwned ]
}

@test "any text arrives through the other verbs" {
  local text
  for text in "${worst[@]}"; do
    new_session --actor a --lease 60
    tenure heartbeat --actor a --outcome "$text" --json
    done_ok
    [ "$(sql "SELECT lower(hex(last_outcome)) FROM tenure_session WHERE session_id='$session'")" = "$(bytes "$text")" ]
    tenure clear --actor a --reason "$text" --json
    json '.result.reason == $text' --arg text "$text"
    [ "$(sql "SELECT lower(hex(end_note)) FROM tenure_session WHERE session_id='$session'")" = "$(bytes "$text")" ]
  done
  [ ! -e pwned ]
}

@test "what people are shown is harmless, what programs get is exact" {
  local text=$'\e[31mred\x07\xe2\x80\xae' verb
  new_session --scope repo --actor a --lease 60 --label "$text" --command "$text"
  tenure heartbeat --scope repo --actor a --activity "$text" --outcome "$text"
  tenure escalate --scope repo --kind blocking --reason "$text"
  tenure gate --scope repo --set "$(jq -nc --arg t "$text" '[$t]')"
  for verb in status 'status repo' list 'list --csv' "show $session" events 'events --csv' 'escalate --list' 'gate --scope repo'; do
    # shellcheck disable=SC2086 # words
    tenure $verb
    done_ok
    harmless
  done
  tenure status
  says '\x1b[31mred\x07\u{202e}'
  tenure list --json
  json '.result.sessions[0] | .label == $text and .current_activity == $text' --arg text "$text"
  tenure clear --scope repo --actor a --reason "$text"
  tenure show "$session"
  says 'end_note                \x1b[31mred\x07\u{202e}'
  harmless
}

@test "ids and scopes are refused by name, harmlessly, or arrive" {
  local text
  for text in "${worst[@]}" '' ' ' '-'; do
    tenure start --actor "$text" --scope "$text" --lease 60 --json
    if [ "$status" -eq 0 ]; then
      json '.result.actor_id == $text and .result.scope == $text' --arg text "$text"
    else
      [ "$status" -eq 2 ]
      json '.error.code | startswith("opt.")'
    fi
    tenure clear --session "$text"
    [[ $status -eq 3 || $status -eq 2 ]]
    harmless
    tenure heartbeat --fence "$text"
    [ "$status" -ne 0 ]
    [ "$status" -ne 1 ]
    harmless
  done
  [ ! -e pwned ]
}

@test "an unknown verb or operand is shown harmlessly" {
  local text
  for text in "${worst[@]}"; do
    tenure "verb$text"
    refused 2 usage.verb
    harmless
    tenure "verb$text" --json
    json '.error.code == "usage.verb"'
    tenure init -- "$text"
    refused 2 usage.operand
    harmless
    tenure init "--x$text" --json
    json '.error.code == "usage.option"'
  done
  tenure $'verb\e[31m' --json
  json '.command == "verb\\x1b[31m"'
}

@test "64 KiB of text, quotes and all, arrive; one byte more is refused" {
  local long quoted
  printf -v long '%65536s' ''
  quoted=$(tr ' ' "'" <<<"$long")
  new_session --actor a --lease 60 --label "$quoted" --command "$long"
  [ "$(sql "SELECT label=replace(printf('%65536s',''),' ',''''), length(command) FROM tenure_session")" = '1|65536' ]
  tenure start --actor a --lease 60 --label "x$quoted"
  refused 2 opt.text
  [ "${#stderr}" -lt 1000 ]
  tenure "$quoted"
  refused 2 usage.verb
  [ "${#stderr}" -lt 1000 ]
}

@test "64 KiB of lines that end as on another system" {
  local long
  printf -v long 'a\r\n%.0s' {1..16384}
  new_session --label "$long"
  [ "$(sql "SELECT length(label), length(replace(label, char(13), '')) FROM tenure_session")" = '49152|32768' ]
}

@test "bytes that are not UTF-8 are refused by name" {
  tenure start --label $'\xff\xfe' --json
  [ "$status" -eq 2 ]
  json '.error.code == "opt.text"'
  tenure start --scope $'a\xc3'
  refused 2 opt.scope
}

@test "empty values are values" {
  new_session --actor a --lease 60 --label ''
  [ "$(sql "SELECT label='' FROM tenure_session")" = 1 ]
  tenure start --actor '' --lease 60
  refused 2 opt.blank_id
  tenure start --actor= --lease=60
  refused 2 opt.blank_id
  tenure heartbeat --actor a --fence ''
  [ "$status" -ne 0 ]
}

@test "numbers as text stay text, and text is no number" {
  new_session --scope 1 --actor 007 --lease 60
  tenure heartbeat --scope 1 --actor 7
  refused 4 heartbeat.not_owner
  tenure heartbeat --scope 01 --actor 007
  refused 3 heartbeat.missing
  tenure heartbeat --scope 1 --actor 007 --fence 1x
  [ "$status" -ne 0 ]
  tenure heartbeat --scope 1 --fence 01
  done_ok
  tenure start --scope x --actor a --lease '1 OR 1'
  refused 2 opt.lease_range
  tenure start --scope x --actor a --lease 99999999999999999999
  refused 2 opt.lease_range
}

@test "options and operands may be mixed; the last of an option counts; -- ends the options" {
  new_session --scope repo --actor a --lease 60
  tenure --json heartbeat --actor b "$session" --actor a
  done_ok
  json '.result.session_id == $id' --arg id "$session"
  tenure heartbeat --actor a -- "$session"
  done_ok
  tenure heartbeat --actor a -- --session
  refused 3 heartbeat.missing
  tenure heartbeat --actor a "$session" "$session"
  refused 2 usage.operand
  tenure clear --actor a --reason -- "$session"
  done_ok
  [ "$(sql 'SELECT end_note FROM tenure_session')" = -- ]
}
