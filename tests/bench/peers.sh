#!/usr/bin/env bash
# peers.sh: installs Redis, PostgreSQL and etcd from Debian where they are absent, and measures them beside
# Tenure. Their services, if the packages start any, are left as they were; what is measured are servers of
# this run's own, on loopback.
set -euo pipefail
cd "$(dirname "$0")/../.."

missing=()
command -v redis-server >/dev/null || missing+=(redis-server)
[[ -d /usr/lib/postgresql ]] || missing+=(postgresql)
/usr/bin/python3 -c 'import psycopg2' 2>/dev/null || missing+=(python3-psycopg2)
command -v etcd >/dev/null || missing+=(etcd-server)
if ((${#missing[@]})); then
  as_root=()
  ((EUID == 0)) || as_root=(sudo)
  printf 'Installing: %s\n' "${missing[*]}" >&2
  # Debian's packages start their service when they are installed; policy-rc.d says no to that.
  policy=/usr/sbin/policy-rc.d
  [[ -e $policy ]] || { printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null && "${as_root[@]}" chmod +x "$policy" && made=1; }
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null || true
  [[ -z ${made-} ]] || "${as_root[@]}" rm -f "$policy"
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
/usr/bin/python3 tests/bench/peers.py "$folder"
