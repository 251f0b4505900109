# shellcheck shell=bash disable=SC2034,SC2153 # the parts of run share variables
#
# run_child.sh - the command of 'tenure run': started but held back, released, signalled, and stopped with
# everything that it started.

# new_pipe: sets REPLY to a descriptor that is both ends of a new pipe. A child takes one end of it by
# opening it again, and closes the rest; then it sees the end of the pipe when this process is gone.
new_pipe() { exec {REPLY}<> <(:); }

# close_fd FD...: closes those that are open.
close_fd() {
  local fd
  for fd; do
    [[ -z $fd ]] || exec {fd}>&-
  done
}

# is_running PID: true for a child that has not been reaped.
is_running() { [[ -e /proc/$1 ]] || kill -0 "$1" 2>/dev/null; }

# in_foreground: true if this process works in the foreground of the terminal that is its standard input.
in_foreground() {
  local stat
  local -a field
  [[ -t 0 && -e /proc/$$/stat ]] || return 1
  read -r stat </proc/$$/stat
  read -ra field <<<"${stat##*) }"
  [[ ${field[2]} == "${field[5]}" ]]
}

# launch COMMAND...: starts it, held back; sets ATTENDANT to its parent (run_attend.sh), PID to the command itself, and
# GROUP if that has a process group of its own.
#
# With a group, all of it is reached by one signal. But a terminal serves only the group in its foreground,
# so there the command stays in ours, gets the keys of the person itself, and what it started is found by its
# environment.
launch() {
  local hope=yes ready='' pid=''
  in_foreground || GROUP=yes
  attendant "$@" <&0 &
  ATTENDANT=$!
  while [[ -z $pid || -z $ready ]]; do
    is_running "$ATTENDANT" || hope=
    read_line "$EVENTS" 0.2 || true
    case $LINE in
      started\ *) pid=${LINE#* } ;;
      ready) ready=yes ;;
      ended\ *) exit "${LINE#* }" ;;
      '')
        if [[ -z $hope ]] && ! has_input "$EVENTS"; then
          wait "$ATTENDANT" || exit
          exit 125
        fi
        ;;
    esac
  done
  PID=$pid
  # A signal can have come before there was anybody to get it, from the keys of a terminal too.
  [[ -z $CAUGHT ]] || signal_group "$CAUGHT"
}

# attendant COMMAND...: what the child does. Where the system can, it dies with its parent, and the command with it;
# that is set before the command asks whether we still live, which it does by reading from us.
attendant() {
  local go
  local -a tied=()
  ! setpriv --pdeathsig KILL true 2>/dev/null || tied=(setpriv --pdeathsig KILL --)
  exec {go}<"/proc/self/fd/$GO"
  close_fd "$GO"
  set -- "${tied[@]}" "$BASH" -p "$LIBRARY/run_attend.sh" "$EVENTS" "$GROUP" \
    "${tied[@]}" "$BASH" -p "$LIBRARY/run_launch.sh" "$go" "$@"
  give_back_environment "TENURE_DB=$DATABASE"
  exec "$@"
}

# give_back_environment ENTRY...: gives the variables of the environment the values with which they came to this
# process, and adds these. A variable of ours that has the name of one that was exported is exported in its place:
# DATABASE, say, or COMMAND. Shown to nobody: as arguments of env(1) they would be for all to see.
give_back_environment() {
  local __entry __name __kind
  local -a __entries=()
  [[ ! -r /proc/$$/environ ]] || mapfile -d '' -t __entries <"/proc/$$/environ"
  for __entry in "${__entries[@]}" "$@"; do
    __name=${__entry%%=*}
    case $__name in
      '' | [0-9]* | *[!A-Za-z0-9_]*) continue ;; # no name of a variable of bash
      _ | SHLVL | BASHOPTS | SHELLOPTS | UID | EUID | PPID) continue ;; # bash's own
      __entry | __entries | __name | __kind) continue ;;
    esac
    if [[ -n ${!__name+set} && ${!__name} == "${__entry#*=}" ]]; then
      __kind=${!__name@a}
      [[ $__kind != *x* || $__kind == *[aA]* ]] || continue
    fi
    unset -v "$__name" 2>/dev/null || continue # what is readonly is the shell's own
    export "${__entry?}"
  done
}

# release: lets the command begin.
release() {
  printf '%s\0' "$SESSION" "$FENCE" "$SCOPE" >&"$GO"
  close_fd "$GO"
  GO=
}

# signal_group SIGNAL: to the command and its group.
signal_group() {
  if [[ -n $GROUP ]]; then
    kill "-$1" -- "-$PID" 2>/dev/null || true
  elif [[ -z $ENDED ]]; then
    kill "-$1" "$PID" 2>/dev/null || true
  fi
}

# signal_all SIGNAL: the same, and to everything that it started.
signal_all() {
  signal_group "$1"
  signal_strays "$1"
}

# signal_strays SIGNAL: the same for what has left the group: every process whose environment says that it was
# started below this session, also through another 'tenure run'. Twice, because they may be starting others.
signal_strays() {
  local round pid
  for round in 1 2; do
    find_strays
    ((${#STRAYS[@]})) || return 0
    for pid in "${STRAYS[@]}"; do
      kill "-$1" "$pid" 2>/dev/null || true
    done
  done
}

# find_strays: sets STRAYS to those processes. Zombies have no environment.
find_strays() {
  local folder entry
  local -a environment
  STRAYS=()
  for folder in /proc/[0123456789]*; do
    { mapfile -d '' -t environment <"$folder/environ"; } 2>/dev/null || continue
    for entry in "${environment[@]}"; do
      [[ $entry != TENURE_RUN=* || $entry/ != *"/$SESSION/"* ]] || STRAYS+=("${folder#/proc/}")
    done
  done
}
