# shellcheck shell=bash disable=SC2034,SC2154 # hook.sh and outcome.sh share the variables
#
# ask.sh - the calls of sqlite3 in which a hook reads its payload and asks the verbs.
#
# A tool call of an agent that holds its lease costs one call, which renews it. The other verbs are in a second
# one, made only if something is left to do: they take longer to prepare, and hooks run at each tool call.

# What the payload means, the first line of each answer: what a refusal of its event leads to, whether the event
# needs a session, its name, and whose it is. Or that it means nothing, or what is wrong with it.
MEANING="coalesce('fault '||fault,'means '||refused||' '||holds||' '||event||' '||display_safe(actor),'nothing')"

# Whether more is to be done than to renew a lease.
UNDONE="event IS NOT NULL AND(is_living AND NOT is_stale AND turn IS NULL AND NOT clears AND status_now<>'starting')IS NOT TRUE"

# The object of --json, made by the last call.
RESULT=

# read_meaning: sets REFUSED, HOLDS, EVENT and ACTOR from the first line of ANSWER, and takes it off. They are empty
# for an event that means nothing; a payload that cannot be read is refused.
read_meaning() {
  local word rest
  read -r word rest <<<"${ANSWER%%$'\n'*}"
  ANSWER=${ANSWER#*$'\n'}
  REFUSED='' HOLDS='' EVENT='' ACTOR=''
  case $word in
    fault) fail usage.payload "the payload is not what ${GIVEN[tool]} gives to hooks: $rest" ;;
    means) read -r REFUSED HOLDS EVENT ACTOR <<<"$rest" ;;
  esac
}

# look_at_payload: only reads it, without a database.
look_at_payload() {
  opening synchronous=OFF
  call_sqlite :memory: "$REPLY${INPUT}SELECT $MEANING FROM hook;" || report_failure $?
  read_meaning
}

# ask_database SCRIPT: runs SCRIPT over hook_now. False if that failed; then ANSWER says why. MORE is 1 if
# something is left to do.
ask_database() {
  local read_session result="''"
  dot_text "$LIBRARY/hook/session.sql"
  read_session=".read $REPLY"$'\n'
  if [[ $FORMAT == json ]]; then
    result_sql "json_patch('{}',json_object('event',event,'actor',actor,'scope',scope,'session_id',session_id,
      'status',status_now,'fence',fence,'turn_id',active_turn_id,'activity',current_activity))"
    result=$REPLY
  fi
  try_write_database "$INPUT$read_session$1SELECT $MEANING||char(10)||($UNDONE)||char(10)||$result FROM hook_now;" ||
    return
  read_meaning
  MORE=${ANSWER%%$'\n'*}
  RESULT=${ANSWER#*$'\n'}
}

# ask_verbs: does what the event asks for. False if that failed; then ANSWER says why.
ask_verbs() {
  dot_text "$LIBRARY/hook/renew.sql"
  ask_database ".read $REPLY"$'\n' || return
  ((MORE)) || return 0
  dot_text "$LIBRARY/hook/verbs.sql"
  ask_database "BEGIN IMMEDIATE;
.read $REPLY
COMMIT;
"
}
