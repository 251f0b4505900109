#!/usr/bin/env bash
# readme.t - the README's tables are those of the extension, and its examples run as they are shown.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
unset "${!TENURE_@}"

count=0
check() { # check NAME: judges the last command
  local status=$?
  count=$((count + 1))
  if ((status == 0)); then printf 'ok %d - %s\n' "$count" "$1"; else
    printf 'not ok %d - %s\n' "$count" "$1"
    sed 's/^/# /' "$work/out"
  fi
}

# block LANGUAGE: all fenced blocks of that language, one after the other.
block() {
  awk -v open="\`\`\`$1" '$0 == "```" { inside = 0 } inside { print } $0 == open { inside = 1 }' README.md
}

bash packaging/docs.sh --check >"$work/out" 2>&1
check 'the tables are up to date'

block sql >"$work/readme.sql"
sqlite3 -batch -bail -init /dev/null "$work/a.db" <"$work/readme.sql" >"$work/out" 2>&1
check 'the SQL runs as shown'
grep -q '"session_id":"ses_' "$work/out"
check 'a start answers with its report'
[[ $(sqlite3 "$work/a.db" 'SELECT group_concat(state) FROM tasks') == claimed ]]
check 'the guarded write was accepted while the fence was held'
sqlite3 -batch -bail -init /dev/null "$work/a.db" >"$work/out" 2>&1 \
  <<<$'.load ./dist/tenure\nINSERT INTO tasks(state) VALUES (1);'
grep -q 'tenure: fence.required: ' "$work/out"
check 'and is refused without it'

mkdir "$work/bin" && ln -s "$PWD/bin/tenure" "$work/bin/tenure"
block sh >"$work/readme.sh"
(cd "$work" && PATH=$work/bin:$PATH bash -eu readme.sh) >"$work/out" 2>&1
check 'the shell example runs as shown'
grep -q 'refused, exit 4' "$work/out"
check 'and the second worker is refused with exit code 4'

block python | sed "s#app.db#$work/b.db#" >"$work/readme.py"
/usr/bin/python3 "$work/readme.py" >"$work/out" 2>&1
check 'the Python example runs as shown'

# A row of the hosts: | [Host](PLAYER)... | `CODE` | ... The players themselves are run by tests/hosts.
hosts=0
while IFS=$'\t' read -r player code; do
  hosts=$((hosts + 1))
  printf '%s has no %s\n' "$player" "$code" >"$work/out"
  grep -qF -- "$code" "$player"
  check "$player loads the extension as the README says"
done < <(sed -En 's/^\| \[[^]]*\]\((tests\/hosts\/[^)]*)\)[^|]*\| `([^|]*)` \|.*/\1\t\2/p' README.md)
((hosts == $(grep -c '^| .*(tests/hosts/play/' README.md) && hosts > 0))
check 'every host of the table says how'

targets=$(grep -oE '`make [a-z-]+|^\$ make [a-z-]+' README.md | grep -oE '[a-z-]+$' | sort -u)
for target in $targets; do
  grep -Eq "^([a-z-]+ )*$target( [a-z-]+)*:" Makefile
  check "there is a target $target"
done
for path in $(grep -oE '\]\([a-z./]+\)' README.md | tr -d ']()'); do
  [[ -e $path ]]
  check "there is a $path"
done

printf '1..%d\n' "$count"
