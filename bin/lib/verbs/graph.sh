# shellcheck shell=bash
#
# graph - the state machine: the statuses and the legal transitions between them.

use table graph

verb_declare() {
  summary 'show the statuses and the transitions between them'
  option dot '' flag '' 'as a graph for Graphviz: tenure graph --dot | dot -Tsvg'
  option mermaid '' flag '' 'as a Mermaid state diagram'
}

verb_run() {
  local statuses
  if ((${GIVEN[dot]-0} + ${GIVEN[mermaid]-0} + ${GIVEN[json]-0} > 1)); then
    fail usage.option 'one of --dot, --mermaid and --json'
  elif is_given dot; then
    graph_dot
  elif is_given mermaid; then
    graph_mermaid
  elif [[ $FORMAT == json ]]; then
    statuses='(SELECT json_group_array(json(session_status_policy(status)))FROM session_status_policy)'
    fields from_status to_status
    flag_field revival
    json_rows session_status_edge
    result_sql "'{\"statuses\":'||$statuses||',\"edges\":'||$REPLY||'}'"
  else
    graph_text
  fi
  read_nothing "SELECT $REPLY;"
  emit "$ANSWER"
}
