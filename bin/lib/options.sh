# shellcheck shell=bash disable=SC2034 # verb.sh and help.sh read the tables
#
# options.sh - the table of what a verb takes, and the reader of the command line.
#
# A verb declares each option once: its name, how its value is shown in help, its kind, the column of the
# verb's view that it fills, and a sentence. Reading, the INSERT, and 'tenure help VERB' work from that.
#
# Kinds: text; integer; count (a number that bash itself puts into SQL, so it must be one); flag (takes no
# value, means 1). An option without a column is for the verb's own code.

SUMMARY=
OPTIONS=()
OPERANDS=()
declare -gA METAVAR=() KIND=() COLUMN=() HELP=() NEED=()

# The actions of a verb that has some, and the options that each takes; see actions.sh.
ACTIONS=()
declare -gA ACTION_HELP=() TAKES=()

# What was given, by option name, and SQL that stands for a value instead of its text.
declare -gA GIVEN=() EXPRESSION=()
REST=()

# summary TEXT: the verb in half a sentence.
summary() { SUMMARY=$1; }

# option NAME METAVAR KIND COLUMN HELP
option() {
  OPTIONS+=("$1")
  METAVAR[$1]=$2
  KIND[$1]=$3
  COLUMN[$1]=$4
  HELP[$1]=$5
}

# explain NAME HELP: another sentence for an option of a group.
explain() { HELP[$1]=$2; }

# operand NAME optional|required|rest [METAVAR HELP]: an argument without dashes, in this order. It fills the
# option of that name if one was declared; otherwise it has no option form. The rest is one argument or more,
# which go to REST.
operand() {
  OPERANDS+=("$1")
  NEED[$1]=$2
  [[ -z ${3-} ]] || METAVAR[$1]=$3
  [[ -z ${4-} ]] || HELP[$1]=$4
}

# Groups that several verbs share.
takes_target() {
  option scope SCOPE text scope 'what is held (TENURE_SCOPE, else main)'
  option session SESSION text session_id 'the session itself (TENURE_SESSION, with its fence)'
  operand session optional
}
takes_session() {
  option session SESSION text session_id 'the session (TENURE_SESSION, with its fence)'
  operand session optional
}
takes_fence() {
  option fence N integer fence 'the fence that shows that you are the holder (TENURE_FENCE)'
}
takes_actor() {
  option actor ACTOR text actor_id "${1:-who asks} (TENURE_ACTOR)"
}
takes_process() {
  option host HOST text host 'the host of the process'
  option boot-id ID text boot_id 'the boot of that host'
  option pid PID integer pid 'the process that works; alone, it means one of this machine'
  option pid-start-ticks N integer pid_start_ticks 'when that process began, in clock ticks since boot'
}
takes_people() {
  option label TEXT text label 'a name for people'
  option command TEXT text command 'what runs, for people'
  option cwd DIR text cwd 'where it runs, for people'
}
takes_receipt() {
  option receipt ID text receipt_id 'an id of this request: asking again with it changes nothing'
}
takes_incarnation() {
  option incarnation N integer incarnation 'only if it is still this incarnation'
}
takes_used() {
  option input-tokens N integer input 'tokens read since the last report'
  option cached-input-tokens N integer cached_input 'of those, from a cache'
  option output-tokens N integer output 'tokens written'
  option reasoning-output-tokens N integer reasoning_output 'of those, for reasoning'
  option total-tokens N integer total 'tokens that count for the budget (the sum of read and written)'
  option cost-usd X text cost_usd 'what it cost, in US dollars'
}
takes_lists() {
  option csv '' flag '' 'comma-separated values'
}

# is_given NAME...: true if one of these was given.
is_given() {
  local name
  for name; do
    [[ -z ${GIVEN[$name]+given} ]] || return 0
  done
  return 1
}

# takes_only WHAT NAME...: refuses what else was given, for a use of the verb that can do nothing with it.
takes_only() {
  local name
  for name in "${OPTIONS[@]}"; do
    if is_given "$name" && [[ " ${*:2} " != *" $name "* ]]; then
      fail usage.option "'$COMMAND$1' takes no --$name; see 'tenure help $COMMAND'"
    fi
  done
}

# give NAME VALUE: a value that was not on the command line.
give() { GIVEN[$1]=$2; }

# stand_for NAME SQL: that SQL is the value.
stand_for() { EXPRESSION[$1]=$2; }

# accept NAME VALUE: keeps a value, the last one if an option is repeated.
accept() {
  if [[ ${KIND[$1]-} == count && ($2 != +([0123456789]) || ${#2} -gt 18) ]]; then
    usage_error usage.number "--$1 needs a number, not " "$2" ''
  fi
  GIVEN[$1]=$2
  [[ ${KIND[$1]-} != count ]] || GIVEN[$1]=$((10#$2)) # with zeros in front it would be octal
}

# read_option ARGUMENT [NEXT]: reads one option; sets REPLY to how many arguments it took. The value may be
# any text, one with leading dashes too.
read_option() {
  local name=${1#--}
  name=${name%%=*}
  if [[ -z $name || $name == *[!abcdefghijklmnopqrstuvwxyz-]* || -z ${KIND[$name]-} ]]; then
    usage_error usage.option 'unknown option ' "${1%%=*}" "; see 'tenure help $COMMAND'"
  elif [[ ${KIND[$name]} == flag ]]; then
    [[ $1 != *=* ]] || usage_error usage.option "--$name takes no value"
    accept "$name" 1
    REPLY=1
  elif [[ $1 == *=* ]]; then
    accept "$name" "${1#*=}"
    REPLY=1
  else
    (($# > 1)) || usage_error usage.option "--$name needs a value"
    accept "$name" "$2"
    REPLY=2
  fi
}

# read_operands VALUE...: gives the operands to those that no option has given. If there are too few, the
# optional ones go without, the first of them first.
read_operands() {
  local name
  local -a free=()
  local missing
  for name in "${OPERANDS[@]}"; do
    is_given "$name" || free+=("$name")
  done
  missing=$((${#free[@]} - $#))
  for name in "${free[@]}"; do
    if ((missing > 0)) && [[ ${NEED[$name]} == optional ]]; then
      missing=$((missing - 1))
    elif (($#)) && [[ ${NEED[$name]} == rest ]]; then
      REST=("$@")
      shift $#
    elif (($#)); then
      accept "$name" "$1"
      shift
    else
      usage_error usage.required "${METAVAR[$name]} is required; see 'tenure help $COMMAND'"
    fi
  done
  if (($#)); then
    usage_error usage.operand 'unexpected argument ' "$1" "; see 'tenure help $COMMAND'"
  fi
}

# parse_arguments ARGUMENT...: fills GIVEN. Options and operands may be mixed; '--' ends the options. Every
# verb takes --db, --json and --help; help.sh says what they are.
parse_arguments() {
  local -a operands=()
  KIND+=([db]=text [json]=flag [help]=flag)
  while (($#)); do
    case $1 in
      --)
        operands+=("${@:2}")
        break
        ;;
      -h) set -- --help "${@:2}" ;;
      -?*)
        read_option "$1" "${@:2:1}"
        shift "$REPLY"
        ;;
      *)
        operands+=("$1")
        shift
        ;;
    esac
  done
  ! is_given csv || FORMAT=csv
  ! is_given json || FORMAT=json
  if is_given help; then
    use help message
    show_help "$COMMAND"
  fi
  read_operands "${operands[@]}"
}
