#!/usr/bin/env bash
# Fills README.md from the extension's own tables: between "<!-- table: QUERY -->" and "<!-- end -->" stands
# what the query gives, between "<!-- mermaid: tenure ARGUMENT... -->" and "<!-- end -->" the diagram that the
# command gives. With --check it only says whether they are up to date.
set -euo pipefail
cd "$(dirname "$0")/.."

render() {
  local line inside=0
  local -a arguments
  while IFS= read -r line; do
    if [[ $line == '<!-- end -->' ]]; then inside=0; fi
    ((inside)) || printf '%s\n' "$line"
    if [[ $line == '<!-- table: '*' -->' ]]; then
      line=${line#<!-- table: }
      printf '\n'
      printf '.load ./dist/tenure\n.mode markdown --wrap 0\n%s;\n' "${line% -->}" |
        sqlite3 -batch -bail -init /dev/null :memory: | sed -E 's/ +\|/ |/g; s/\| +/| /g; s/-{3,}/---/g'
      printf '\n'
      inside=1
    elif [[ $line == '<!-- mermaid: tenure '*' -->' ]]; then
      line=${line#<!-- mermaid: tenure }
      read -ra arguments <<<"${line% -->}"
      printf '\n```mermaid\n'
      bin/tenure "${arguments[@]}"
      printf '```\n\n'
      inside=1
    fi
  done <README.md
}

fresh=$(render)
if [[ ${1-} == --check ]]; then
  diff README.md <(printf '%s\n' "$fresh")
else
  printf '%s\n' "$fresh" >README.md
fi
