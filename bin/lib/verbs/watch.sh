# shellcheck shell=bash
#
# watch - 'tenure status' kept live.
#
# In a terminal it is one screen that changes in place. Elsewhere, and as JSON, each change of what the scopes
# show is printed once, one below the other. Other changes of the database are looked past, and so is the time
# that passes, until a lease runs out.

# How long to wait between two looks at the database, in seconds.
PAUSE=0.25

# How many scopes are printed where there is no screen.
LINES_PRINTED=20

# Whether the terminal has another size since the last picture. The traps, as that of Ctrl-Z in screen.sh, only
# note it: they may run in the middle of a 'read', and when the time of that is up, bash leaves them.
RESIZED=0

use defaults phrase table sessions results status style message failure reader screen

verb_declare() {
  summary 'keep showing who holds what, until q or Ctrl-C'
  option scope SCOPE text '' 'only this scope (TENURE_SCOPE)'
  operand scope optional
  option all '' flag '' 'all scopes, whatever TENURE_SCOPE says'
  option interval SECONDS count '' 'how often to look when only time has passed (1)'
  option count N count '' 'end after so many pictures'
}

verb_run() {
  local -r interval=${GIVEN[interval]-1} count=${GIVEN[count]-0}
  local scope=''
  ((interval >= 1)) || fail usage.number '--interval needs a number of seconds, at least 1'
  ! is_given count || ((count >= 1)) || fail usage.number '--count needs a number, at least 1'
  is_given all || default_scope
  if is_given scope; then
    sql_text "${GIVEN[scope]}"
    scope=$REPLY
  fi
  locate_database
  require_file
  shown "$DATABASE"
  local -r name=$REPLY
  trap watch_end EXIT
  if [[ $FORMAT == text ]] && screen_possible; then watch_screen; else watch_stream; fi
}

# watch_end: however it ends. After a signal bash calls this too, and ends as that signal ends a program.
watch_end() {
  screen_leave
  reader_close
}

# watch_look STATEMENT: asks the database, opening it anew if it is another file by now. False if it
# cannot be read, with the fault set; what no time can mend ends the command.
watch_look() {
  [[ -z $READER ]] || reader_current || reader_close
  if [[ -z $READER && ! -e $DATABASE ]]; then
    FAULT=database.missing FAULT_RETRYABLE=false
    FAULT_TEXT="there is no database at $name"
    return 1
  fi
  if [[ -n $READER ]] || reader_open; then
    ! reader_ask "$1" watch_keys || return 0
  fi
  explain_failure "$FAILURE"
  case $FAULT:$FAILURE in
    usage.* | opt.* | extension.* | *:127)
      screen_leave
      fail "$FAULT" "$FAULT_TEXT" "$FAULT_RETRYABLE"
      ;;
  esac
  return 1
}

# --- in a terminal

watch_screen() {
  local version seen='' text
  local -i drawn=0 due=0
  trap 'RESIZED=1' WINCH
  screen_enter
  while ((count == 0 || drawn < count)); do
    if ((RESIZED)); then
      RESIZED=0
      due=$SECONDS
      screen_size
    fi
    version=
    ! watch_look 'PRAGMA data_version;' || version=$READER:$ANSWER
    if [[ $version != "$seen" ]] || ((SECONDS >= due)); then
      status_screen "$((SCREEN_ROWS > 8 ? SCREEN_ROWS - 6 : 2))" "$scope"
      if [[ -n $version ]] && watch_look "$REPLY"; then
        text=$ANSWER
      else
        text=$'\tr'"$FAULT"$'\tn: '"$FAULT_TEXT"
      fi
      watch_head
      styled "$REPLY"$'\n\n'"$text"
      screen_draw "$REPLY"
      seen=$version
      due=$((SECONDS + interval))
      drawn+=1
    fi
    watch_wait
  done
}

# watch_head: sets REPLY to the line above the picture.
watch_head() {
  TZ=UTC0 printf -v REPLY '%(%H:%M:%S)T UTC' -1
  REPLY=$'\tb'"tenure watch"$'\tn'"  $REPLY  q ends  $name"
}

# watch_wait: until the next look.
watch_wait() {
  [[ -t 0 ]] || reader_rest "$PAUSE"
  watch_keys "$PAUSE"
}

# watch_keys [SECONDS]: looks whether somebody wants to end, or to stop.
watch_keys() {
  ((SCREEN_ON)) || return 0
  if [[ -t 0 ]]; then
    screen_key "${1-0.01}" || exit 0
    [[ $REPLY != [qQ] ]] || exit 0
  fi
  ((STOPPED == 0)) || watch_stop
}

# watch_stop: gives the terminal back, as long as the command stands still.
watch_stop() {
  screen_leave
  trap - TSTP
  kill -s TSTP $$
  STOPPED=0 RESIZED=1
  screen_enter
}

# --- elsewhere

watch_stream() {
  local version seen='' known='' fault='' news
  local -i told=0 due=0
  watch_news
  news=$REPLY
  while :; do
    version=
    ! watch_look 'PRAGMA data_version;' || version=$READER:$ANSWER
    if [[ $version != "$seen" ]] || ((SECONDS >= due)); then
      seen=$version
      due=$((SECONDS + interval))
      if [[ -z $version ]] || ! watch_look "$news"; then
        [[ $fault == "$FAULT_TEXT" ]] || watch_tell_fault
        fault=$FAULT_TEXT known=
      elif [[ $ANSWER != "$known" ]]; then
        fault=
        watch_tell
        ((count == 0 || told < count)) || return 0
      fi
    fi
    reader_rest "$PAUSE"
  done
}

# watch_news: sets REPLY to a query for a text that differs when what is shown differs in more than the time.
watch_news() {
  new_table
  fields scope session_id revision stale verdict lease_expires_at active_turn_id
  if [[ -n $scope ]]; then
    field turn "(SELECT state FROM tenure_turn_effective AS t WHERE t.session_id=p.session_id AND t.turn_id=p.active_turn_id)"
    field notes "(SELECT count(*)||','||total(kind='blocking')FROM tenure_escalation AS e
      WHERE e.scope=p.scope AND resolved_at IS NULL)"
    field results "(SELECT count(*)||','||total(r.revision)FROM tenure_session AS s JOIN tenure_result AS r USING(session_id)
      WHERE s.scope=p.scope)"
  fi
  status_source "$scope"
  json_rows "$REPLY AS p"
  REPLY="WITH clock(now)AS MATERIALIZED(SELECT session_now())
    SELECT hex(sha3($REPLY,224))||(SELECT count(*)FROM tenure_holder WHERE scope IS NULL);"
}

# watch_tell: prints the picture of this moment, for people under a line with the time, and takes what is new by it
# for known. It comes from a sqlite3 of its own, because bash reads lines from a pipe byte by byte, and a picture for
# programs may be large. If it cannot be had, the next look says why.
watch_tell() {
  local query
  known=
  if [[ $FORMAT == json ]]; then
    new_table
    status_fields
    status_source "$scope"
    json_rows "$REPLY"
    result_sql "'{\"at\":'||now||',\"scopes\":'||$REPLY||'}'"
    query="WITH clock(now)AS MATERIALIZED(SELECT session_now())SELECT $REPLY FROM clock;"
  else
    status_screen "$LINES_PRINTED" "$scope"
    query="SELECT strftime('%Y-%m-%dT%H:%M:%SZ',session_now(),'unixepoch');"$'\n'"$REPLY"
  fi
  opening query_only=ON
  call_sqlite "$DATABASE" "${REPLY}BEGIN;$news${query}COMMIT;" || return 0
  known=${ANSWER%%$'\n'*}
  told+=1
  ANSWER=${ANSWER#*$'\n'}
  [[ $FORMAT == json ]] || ANSWER+=$'\n' # an empty line between two pictures
  present "$ANSWER"
}

# watch_tell_fault: says once what is wrong; watching goes on.
watch_tell_fault() {
  if [[ $FORMAT == json ]]; then
    json_text "${FAULT_TEXT//[[:cntrl:]]/?}"
    emit "{\"ok\":false,\"command\":\"watch\",\"error\":{\"code\":\"$FAULT\",\"message\":$REPLY,\"retryable\":$FAULT_RETRYABLE}}"
  else
    complain "$FAULT: $FAULT_TEXT"
  fi
}
