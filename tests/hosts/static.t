#!/usr/bin/env bash
# The scenario of the hosts, played by a C program that has Tenure linked in; it prints TAP itself.
set -euo pipefail
cd "$(dirname "$0")"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
../../dist/tests/hosts/static scenario.sql "$folder/t.db"
