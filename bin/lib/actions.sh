# shellcheck shell=bash disable=SC2034 # help.sh reads the tables
#
# actions.sh - verbs of several actions. The first operand is the action; each action takes some of the
# options that the verb declares, and the others are refused by name.

# takes_action: declares that operand.
takes_action() { operand action required ACTION 'what to do, one of these:'; }

# action NAME HELP OPTION...: an action, and the options that it takes.
action() {
  ACTIONS+=("$1")
  ACTION_HELP[$1]=$2
  TAKES[$1]=${*:3}
}

# choose_action: sets ACTION to the action that was asked for.
choose_action() {
  ACTION=${GIVEN[action]}
  if [[ $ACTION == *' '* || " ${ACTIONS[*]} " != *" $ACTION "* ]]; then
    usage_error usage.action 'unknown action ' "$ACTION" "; see 'tenure help $COMMAND'"
  fi
  takes_only " $ACTION" "${TAKES[$ACTION]}"
}
