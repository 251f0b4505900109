# shellcheck shell=bash disable=SC2154 # ask.sh and failure.sh set what is read here
#
# outcome.sh - what the tool, its agent and the person are told when a hook does not go well.
#
# To both tools exit code 2 means: stop the agent, and show it what stands on stderr. It is given where
# another holds the scope, and for a wrong command line. Whatever else goes wrong, the agent goes on and the person is
# told.

# Not empty once the agent is to be stopped.
BLOCKED=

# go_on STATUS: the trap that keeps that promise, however the command ends.
go_on() { (($1 == 0)) || [[ -n $BLOCKED ]] || exit 1; }

# all_done: ends a hook that went well. The tools take what stands on stdout for an answer, so there is none.
all_done() {
  if [[ $FORMAT == json ]]; then
    if [[ -n $RESULT ]]; then emit "$RESULT"; else emit_result '{}'; fi
  fi
  exit 0
}

# explain_failed STATUS: says what ANSWER means to the agent, and ends the hook.
explain_failed() {
  local failure=$ANSWER
  look_at_payload
  [[ -n $EVENT ]] || all_done
  ANSWER=$failure
  use message style failure
  explain_failure "$1"
  case $FAULT in
    start.* | resume.held) refuse_agent ;;
    *) fail "$FAULT" "$FAULT_TEXT" "$FAULT_RETRYABLE" ;;
  esac
}

# refuse_agent: another holds the scope, and the refusal names it; REFUSED says what the event makes of that. To
# tell means JSON, because both tools show plain text to the agent alone.
refuse_agent() {
  local text sentence="Until that is over, Tenure blocks every tool call of $ACTOR: stop here, and tell the person you work for."
  [[ $REFUSED != fail ]] || fail "$FAULT" "$FAULT_TEXT"
  if [[ $FORMAT == json ]]; then
    (fail "$FAULT" "$FAULT_TEXT") || :
  elif [[ $REFUSED == tell ]]; then
    json_text "Tenure: $FAULT: ${FAULT_TEXT//[[:cntrl:]]/?}. $sentence"
    text=$REPLY
    emit "{\"systemMessage\":$text,\"hookSpecificOutput\":{\"hookEventName\":\"$EVENT\",\"additionalContext\":$text}}"
  fi
  [[ $REFUSED == block ]] || exit 0
  BLOCKED=yes
  complain "$FAULT: $FAULT_TEXT"
  complain "$sentence"
  exit 2
}
