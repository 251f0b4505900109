#!/usr/bin/env bash
# One job of one worker: to add a line to a page that several workers share.
#
#   worker.sh DATABASE TOLD ACTOR LINE LEASE [stop]
#
# It takes the scope of the page, reads the page, puts its line under what it has read, makes sure that it
# still holds the scope, and writes the page back. With "stop" it is stopped between the last two, once: a
# swapped-out process, a laptop that is shut, a debugger. If the database accepts the write, the line goes
# into the file TOLD: from here on everybody may count on it. If the database refuses, the worker begins anew.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
database=$1 told=$2 actor=$3 line=$4 lease=$5 stop=${6-}
session='' fence='' refusal=''

say() { printf '    %s %s\n' "$actor" "$*"; }

# sql STATEMENT...: in one connection. A refusal is 1, with its text in refusal; any other error ends the job.
sql() {
  local errors=$told.$actor
  if printf '%s\n' '.timeout 20000' ".load $root/dist/tenure" "$@" |
    sqlite3 -batch -bail -init /dev/null "$database" 2>"$errors"; then
    return 0
  fi
  refusal=$(sed -n 's/.*\(tenure: .*\) (19)$/\1/p' "$errors")
  [[ -n $refusal ]] || { cat "$errors" >&2 && exit 1; }
  return 1
}

# take VERB COLUMNS VALUES: a start or takeover; sets session and fence.
take() {
  sql "INSERT INTO tenure_$1(scope, actor_id, lease_ttl, $2) VALUES ('page', '$actor', $lease, $3)
       RETURNING json_extract(session_report(), '\$.session_id'),
                 json_extract(session_report(), '\$.fence');" >"$told.$actor.answer" || return 1
  IFS='|' read -r session fence <"$told.$actor.answer"
}

# Whoever finds the scope held waits until the lease has run out, and takes it over.
hold() {
  while ! take start label "'a job'"; do
    if [[ $refusal == *start.stale_other_owner* ]] && take takeover reason "'its lease ran out'"; then
      say "takes the scope over with fence $fence"
      return
    fi
    sleep 0.1
  done
  say "takes the scope with fence $fence"
}

read_page() { sql 'SELECT body FROM page;'; }

still_holds() {
  sql "INSERT INTO tenure_heartbeat(scope, actor_id, fence) VALUES ('page', '$actor', $fence);"
}

write_page() { # write_page BODY
  sql "SELECT tenure_hold('$session', $fence);" "UPDATE page SET body = '$1';" >/dev/null
}

while true; do
  hold
  page=$(read_page)
  say "reads the page, lines: $(grep -c . <<<"$page" || true)"
  still_holds >/dev/null || continue
  if [[ $stop == stop ]]; then
    stop=
    say 'has just made sure that it holds the scope, and is stopped before it writes'
    kill -STOP $$
    say 'goes on where it was stopped, and writes the page'
  fi
  if write_page "${page:+$page$'\n'}$line"; then
    printf '%s\n' "$line" >>"$told"
    say "is told that its update is stored: \"$line\""
    break
  fi
  say "is refused: $refusal"
  say 'knows now that it has lost the scope, and begins anew'
done
