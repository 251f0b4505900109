#!/usr/bin/env bash
# The pause experiment: what becomes of updates when a worker is stopped past its lease.
#
#   pause.sh [ROUNDS [LEASE]]        5 rounds, leases of 2 seconds: about a minute
#
# Two workers share a page: each reads it, puts its line under what it has read, and writes the page back.
# A lease says whose turn it is. In every round the worker whose turn it is is stopped between reading and
# writing until its lease has run out and the other has taken the scope over and written; then it goes on, and
# does not know. The same rounds run twice: with the lease alone, and with tenure_guard() on the page.
#
# Stops with an error if the lease alone loses no update, or the guard one.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
rounds=${1:-5} lease=${2:-2}
work=$(mktemp -d)
late=
cleanup() {
  if [[ -n $late ]]; then kill -KILL "$late" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap cleanup EXIT
unset "${!TENURE_@}"

bold='' plain=''
if [[ -t 1 && -z ${NO_COLOR-} ]]; then bold=$'\e[1m' plain=$'\e[0m'; fi

# sql DATABASE STATEMENT...
sql() {
  local database=$1
  shift
  printf '%s\n' '.timeout 20000' ".load $root/dist/tenure" "$@" | sqlite3 -batch -bail -init /dev/null "$database"
}

# wait_for_stop PID: until the process stands still. An error if it ends instead.
wait_for_stop() {
  local state=
  while [[ $state != T ]]; do
    read -r _ _ state _ <"/proc/$1/stat" && [[ $state != Z ]] || return 1
    sleep 0.05
  done
}

# round NUMBER FIRST SECOND: the first is stopped, the second goes by.
round() {
  printf '\n  round %d\n' "$1"
  bash "$root/examples/pause/worker.sh" "$database" "$told" "$2" "round $1, $2" "$lease" stop &
  late=$!
  wait_for_stop "$late"
  bash "$root/examples/pause/worker.sh" "$database" "$told" "$3" "round $1, $3" "$lease"
  kill -CONT "$late"
  wait "$late"
  late=
}

# What was promised and is not there: the lines of the file TOLD that are not on the page.
count_losses() {
  sql "$database" 'SELECT body FROM page;' >"$work/page"
  grep -vxFf "$work/page" "$told" >"$work/lost" || true
  printf '\n  updates that a worker was told are stored: %d\n' "$(wc -l <"$told")"
  printf '  of these, on the page:                     %d\n' "$(grep -cxFf "$work/page" "$told" || true)"
  sed 's/^/  LOST: /' "$work/lost"
  lost=$(wc -l <"$work/lost")
}

experiment() { # experiment NAME STATEMENT...
  local number
  database=$work/$1.db told=$work/$1.told
  shift
  : >"$told"
  sql "$database" 'PRAGMA journal_mode = WAL;' 'SELECT tenure_install();' \
    'CREATE TABLE page(body TEXT NOT NULL);' "INSERT INTO page VALUES ('');" "$@" >/dev/null
  for ((number = 1; number <= rounds; number++)); do
    if ((number % 2)); then round "$number" ann bob; else round "$number" bob ann; fi
  done
  count_losses
}

printf '%sThe lease alone%s\n' "$bold" "$plain"
experiment alone
lost_alone=$lost

printf '\n%sThe lease and the guard: SELECT tenure_guard('\''page'\'', '\''page'\'')%s\n' "$bold" "$plain"
experiment guarded "SELECT tenure_guard('page', 'page');"
lost_guarded=$lost

printf '\n%sLost updates: %d with the lease alone, %d with the guard.%s\n' "$bold" "$lost_alone" "$lost_guarded" \
  "$plain"
((lost_alone > 0 && lost_guarded == 0))
