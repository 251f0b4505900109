# shellcheck shell=bash disable=SC2034 # watch.sh reads what is noted here
#
# screen.sh - the whole terminal for one picture that changes, and the terminal as it was afterwards.

# How many rows the terminal has, how it was set before, and whether the picture is on it.
SCREEN_ROWS=24 SCREEN_WAS='' SCREEN_ON=0

# Whether Ctrl-Z was pressed. It is only noted, and not even that while stty runs: it would stop that, which is waited for.
STOPPED=0

# screen_possible: whether stdout is a terminal that can be drawn on.
screen_possible() { [[ -t 1 && ${TERM-dumb} != dumb ]]; }

# screen_enter: takes the terminal: another page, no cursor, long lines cut off by the terminal, which alone
# knows how wide it shows a character; and keys come one by one, if stdin is a terminal.
screen_enter() {
  SCREEN_ON=1
  trap '' TSTP
  if [[ -t 0 ]]; then
    SCREEN_WAS=$(stty -g)
    stty -echo -icanon min 1 time 0
  fi
  printf '\e[?1049h\e[?25l\e[?7l\e[H\e[2J'
  screen_size
}

# screen_leave: gives it back. May be called again, and when it was never taken.
screen_leave() {
  ((SCREEN_ON)) || return 0
  SCREEN_ON=0
  trap '' TSTP
  printf '\e[?7h\e[?25h\e[?1049l' 2>/dev/null || true
  [[ -z $SCREEN_WAS ]] || stty "$SCREEN_WAS" 2>/dev/null || true
}

# screen_size: reads how many rows there are.
screen_size() {
  local rows rest
  trap '' TSTP
  { read -r rows rest < <(stty size <&3 2>/dev/null) || rows=0; } 3<&1
  trap 'STOPPED=1' TSTP
  ((rows == 0)) || SCREEN_ROWS=$rows
}

# screen_draw TEXT: draws over what is there in one write, so that nothing flickers. A terminal that can show
# it all at once is asked to. What has no room below is left out and counted.
screen_draw() {
  local -a lines
  local -i left
  mapfile -t lines <<<"$1"
  left=$((${#lines[@]} - SCREEN_ROWS))
  if ((left > 0)); then
    lines=("${lines[@]:0:SCREEN_ROWS-1}" "$((left + 1)) more lines")
  fi
  printf -v REPLY '%s\e[K\r\n' "${lines[@]}"
  printf '\e[?2026h\e[H%s\e[J\e[?2026l' "${REPLY%$'\r\n'}"
}

# screen_key SECONDS: waits so long for a key; sets REPLY to it, to nothing if there was none. False if the
# terminal is gone.
screen_key() {
  local status=0
  IFS= read -rsN 1 -t "$1" REPLY || status=$?
  ((status == 0 || status > 128))
}
