#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # jq has $variables; bats runs each test apart and sets the rest
#
# The drawings of the state machine hold the edges of session_status_edge, all of them and no other.

load helper

# policy QUERY: asks the extension.
policy() {
  printf '%s\n' ".load ${tenure%/bin/tenure}/dist/tenure" "$1;" | sqlite3 -batch -bail -init /dev/null -separator ' ' :memory:
}

# spread: reads links of a drawing, 'SOURCE TARGET REVIVAL', and replaces each diamond (any1, any2, …) by what
# it stands for: from each that leads into it to each other that it leads to.
spread() {
  awk '{ link[NR] = $0 }
    END {
      for (i = 1; i <= NR; i++) {
        split(link[i], a)
        if (a[1] ~ /^any/) continue
        if (a[2] !~ /^any/) { print link[i]; continue }
        for (j = 1; j <= NR; j++) {
          split(link[j], b)
          if (b[1] == a[2] && b[2] != a[1]) print a[1], b[2], b[3]
        }
      }
    }' | sort
}

every_edge() {
  local want got=$1
  want=$(policy 'SELECT * FROM session_status_edge' | sort)
  [ "$(wc -l <<<"$want")" -eq 64 ] || report 'there are not 64 edges to compare with'
  [ "$got" = "$want" ] || { diff <(printf '%s\n' "$want") <(printf '%s\n' "$got") >&2 || true; return 1; }
}

@test "the Mermaid diagram has every edge and no other" {
  tenure graph --mermaid
  done_ok
  [ "${lines[0]}" = stateDiagram-v2 ]
  every_edge "$(sed -nE 's/^  ([a-z0-9]+) --> ([a-z0-9]+)$/\1 \2 0/p; s/^  ([a-z0-9]+) --> ([a-z0-9]+) : resume$/\1 \2 1/p' <<<"$output" | spread)"
  # The same with the lines counted, so that no link is in a form that was not read.
  [ "$(grep -c -e '-->' <<<"$output")" -eq "$(grep -cE '^  [a-z0-9]+ --> [a-z0-9]+( : resume)?$' <<<"$output")" ]
  # What a link names is a status, or was said to be a joint.
  local known
  known=$(policy 'SELECT status FROM session_status_policy'; sed -nE 's/^  state ([a-z0-9]+) <<choice>>$/\1/p' <<<"$output")
  [ -z "$(sed -nE 's/^  ([a-z0-9]+) --> ([a-z0-9]+).*/\1\n\2/p' <<<"$output" | grep -vxF "$known")" ] ||
    report 'a link names what there is not'
}

@test "the DOT graph has every edge and no other" {
  tenure graph --dot
  done_ok
  every_edge "$(sed -nE 's/^  ([a-z0-9]+) -> ([a-z0-9]+);$/\1 \2 0/p
      s/^  ([a-z0-9]+) -> ([a-z0-9]+) \[dir=both\];$/\1 \2 0\n\2 \1 0/p
      s/^  ([a-z0-9]+) -> ([a-z0-9]+) \[style=dashed, label="resume"\];$/\1 \2 1/p' <<<"$output" | spread)"
  [ "$(grep -c -e '->' <<<"$output")" -eq "$(grep -cE '^  [a-z0-9]+ -> [a-z0-9]+( \[[^]]*\])?;$' <<<"$output")" ]
}

@test "Graphviz draws the DOT graph" {
  command -v dot >/dev/null || skip 'Graphviz is not installed'
  tenure graph --dot
  dot -Tplain -o plain <<<"$output" 2>warnings
  [ ! -s warnings ] || report "$(<warnings)"
  local status
  for status in $(policy 'SELECT status FROM session_status_policy'); do
    grep -q "^node $status " plain || report "$status is not drawn"
  done
}

@test "each status has the look of its kind" {
  local row name title turn cluster
  tenure graph --dot
  while read -r name title turn; do
    cluster=$(sed -n "/subgraph cluster_$title /,/^  }/p" <<<"$output")
    [[ $cluster == *" $name ["* ]] || report "$name is not among $title"
    row=$(grep "^    $name \[" <<<"$output")
    if ((turn)); then [[ $row == *'penwidth=3'* ]]; else [[ $row != *penwidth* ]]; fi
  done < <(policy "SELECT status,CASE WHEN terminal THEN 'ended'WHEN commandable THEN 'commanded'ELSE 'leaving'END,allows_turn
    FROM session_status_policy")
  tenure graph --mermaid
  for name in $(policy 'SELECT status FROM session_status_policy'); do
    [ "$(grep -cE "^  class ([a-z,]+,)?$name(,[a-z,]+)? [a-zA-Z]+\$" <<<"$output")" -eq 1 ] || report "$name has not one class"
  done
}

@test "the statuses as text and as JSON" {
  tenure graph
  done_ok
  [ "${#lines[@]}" -eq 12 ]
  every_edge "$(while read -r from arrow tos; do
    [ "$arrow" != is ] || continue
    tr -d , <<<"${tos// (resume)/+}" | tr ' ' '\n' | sed -E "s/^/$from /; s/\+\$/ 1/; s/([a-z])\$/\1 0/"
  done <<<"$output" | sort)"
  tenure graph --json
  done_ok
  json '.command == "graph" and (.result.statuses | length) == 12 and .result.statuses[2].allows_turn'
  every_edge "$(jq -r '.result.edges[] | "\(.from_status) \(.to_status) \(if .revival then 1 else 0 end)"' <<<"$output" | sort)"
}

@test "it needs no database, and one form is asked for" {
  rm -f "$TENURE_DB"
  tenure graph --dot
  done_ok
  [ ! -e "$TENURE_DB" ]
  tenure graph --dot --mermaid
  refused 2 usage.option
  tenure graph --dot --json
  [ "$status" -eq 2 ]
  json '.error.code == "usage.option"'
}
