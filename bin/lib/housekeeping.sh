# shellcheck shell=bash
#
# housekeeping.sh - verbs that go through all sessions, a part at a time, until nothing is left to do; and the
# same without doing it, from the view that shows the candidates.

# How many of those that were skipped are told one by one. Programs get all that the database names.
SKIPPED_SHOWN=20

use verb phrase progress

# takes_dry_run: declares that option.
takes_dry_run() { option dry-run '' flag '' 'say what would be done, and change nothing'; }

# keep_house LIST WORD DRY: does the verb until it has nothing left to do, and tells about it. LIST is the list of
# what was done in its report, WORD says what was done. With --dry-run the report is DRY instead, SQL for a JSON
# object with the same lists, whose rows tell what is known before; NULL means that there is no such session.
keep_house() {
  local question more='' done_rows='' skipped_rows=''
  local -i count=0 skipped=0 forgotten=0 found gone
  if is_given dry-run; then
    house_question "$1" "would be $2" "$3"
    read_database "$REPLY"
    [[ -n $ANSWER ]] || fail "$COMMAND.missing" 'there is no such session'
    take_part
  else
    insert_statement "tenure_$COMMAND"
    question=$REPLY
    house_question "$1" "$2" 'session_report()'
    question+=$'\n'$REPLY
    while
      write_database "$question"
      take_part
      ((more && found + gone))
    do
      progress "$count $2, going on"
    done
    end_progress
  fi
  tell_house "$@"
}

# house_question LIST WORD REPORT: sets REPLY to SQL that gives a line of numbers, what was done, a tab, and what
# was skipped: the insides of JSON arrays, or lines for people.
house_question() {
  local lines
  if [[ $FORMAT == json ]]; then
    lines="trim(r->'\$.$1','[]')||char(9)||trim(r->'\$.skipped','[]')"
  else
    house_lines "$1" "$2"
    lines=$REPLY
    house_lines skipped skipped "WHERE key<$SKIPPED_SHOWN"
    lines+="||char(9)||$REPLY"
  fi
  REPLY="WITH report(r)AS MATERIALIZED(SELECT $3)
    SELECT (r->>'more')||' '||json_array_length(r,'\$.$1')||' '||json_array_length(r,'\$.skipped')
      ||' '||coalesce(r->>'receipts',0)||char(10)||$lines FROM report;"
}

# house_lines LIST WORD [WHERE]: sets REPLY to SQL for a line per row of that list of the report.
house_lines() {
  local ended idle
  phrase_span "value->>'ended_secs'"
  ended="'ended '||($REPLY)||' ago'"
  phrase_span "value->>'idle_secs'"
  idle="'idle for '||($REPLY)"
  REPLY="coalesce((SELECT group_concat('$2: '||display_safe(value->>'session_id')
      ||coalesce(' in scope '||display_safe(value->>'scope'),'')||coalesce(', '||CASE
        WHEN value->>'reason'='clock'THEN 'on another clock'
        WHEN value->>'ended_secs'IS NOT NULL THEN $ended
        WHEN value->>'idle_secs'IS NOT NULL THEN $idle
        ELSE coalesce(value->>'status',value->>'reason')END,''),char(10))FROM json_each(r,'\$.$1')${3-}),'')"
}

# take_part: adds up an answer. What is skipped is the same in each, so the last one counts. It works on bytes
# and from the front, as bash is slow to search a long text otherwise.
take_part() {
  local LC_ALL=C rows
  read -r more found skipped gone <<<"$ANSWER"
  count+=found
  forgotten+=gone
  rows=${ANSWER#*$'\n'}
  skipped_rows=$rows
  rows=${rows%%$'\t'*}
  skipped_rows=${skipped_rows:${#rows}+1}
  if [[ -n $rows ]]; then
    [[ $FORMAT == json ]] || rows+=$'\n'
    [[ $FORMAT != json || -z $done_rows ]] || rows=,$rows
    done_rows+=$rows
  fi
}

# tell_house LIST WORD: shows what take_part has added up.
tell_house() {
  local dry=false would='' text
  ! is_given dry-run || dry=true would='would be '
  if [[ $FORMAT == json ]]; then
    text="{\"dry_run\":$dry,\"$1\":[$done_rows],\"skipped\":[$skipped_rows]"
    [[ $COMMAND != gc ]] || text+=",\"receipts\":$forgotten"
    emit_result "$text}"
    return
  fi
  text="$done_rows$skipped_rows${skipped_rows:+$'\n'}"
  ((skipped <= SKIPPED_SHOWN)) || text+="skipped: $((skipped - SKIPPED_SHOWN)) more"$'\n'
  text+="$count $would$2, $skipped skipped"
  ((forgotten == 0)) || text+=", $forgotten receipts ${would}forgotten"
  emit "$text"
}
