# shellcheck shell=bash
#
# graph.sh - the statuses and their transitions as text, as DOT and as a Mermaid diagram. All of it comes
# from session_status_policy and session_status_edge, so a drawing cannot say anything that the rules do not.
#
# 64 edges drawn one by one cannot be read. Statuses that lead to the same others share one diamond: from each
# status with an arrow into it, one may change to each other status that it has an arrow to. That is all of
# the edges again, and no edge more.

# graph_tables: sets REPLY to the common table expressions behind each drawing, all in the order of the policy:
# node, a status with its kind; joint, the diamonds; link, the arrows, where 'both' is one that leads back too.
graph_tables() {
  local -r lacks='SELECT 1 FROM edge AS e WHERE e.source=%s AND e.target<>%s AND NOT EXISTS(
    SELECT 1 FROM edge AS f WHERE f.source=%s AND f.target=e.target AND f.revival=e.revival)'
  local forth back
  # shellcheck disable=SC2059 # the format is the text above
  printf -v forth "$lacks" a.status b.status b.status
  # shellcheck disable=SC2059
  printf -v back "$lacks" b.status a.status a.status
  REPLY="edge(source,target,revival)AS MATERIALIZED(SELECT * FROM session_status_edge),
    node AS MATERIALIZED(SELECT rowid AS place,status,allows_turn,
      CASE WHEN terminal THEN 'ended'WHEN commandable THEN 'commanded'ELSE 'leaving'END AS kind FROM session_status_policy),
    leading AS MATERIALIZED(SELECT * FROM node WHERE status IN(SELECT source FROM edge)),
    alike AS MATERIALIZED(SELECT a.status,min(b.place)AS first FROM leading AS a JOIN leading AS b
      ON NOT EXISTS($forth)AND NOT EXISTS($back)GROUP BY a.status),
    joint AS MATERIALIZED(SELECT first,'any'||row_number()OVER(ORDER BY first)AS name,kind
      FROM(SELECT first FROM alike GROUP BY first HAVING count(*)>1)JOIN node ON place=first),
    way AS MATERIALIZED(
      SELECT coalesce(name,source)AS source,target,revival FROM edge JOIN alike ON status=source LEFT JOIN joint USING(first)
      UNION SELECT status,name,0 FROM alike JOIN joint USING(first)),
    link AS MATERIALIZED(
      SELECT w.*,EXISTS(SELECT 1 FROM way AS b WHERE b.source=w.target AND b.target=w.source)AS both
      FROM way AS w LEFT JOIN node AS a ON a.status=w.source LEFT JOIN node AS b ON b.status=w.target
      ORDER BY coalesce(a.place,99),w.source,coalesce(b.place,99))"
}

# The kinds: what they are called, and their colours (inside, border, text), which suit light and dark pages.
graph_kinds() {
  REPLY="kind(kind,title,fill,line,ink)AS(VALUES('commanded','active, takes commands','#dbeafe','#2563eb','#172554'),
    ('leaving','active, takes none','#fef3c7','#b45309','#451a03'),('ended','ended','#e5e7eb','#4b5563','#111827'))"
}

# graph_each SQL FROM: sets REPLY to SQL for a line of each row, with a line end before it.
graph_each() { REPLY="coalesce((SELECT group_concat(char(10)||$1,'')FROM $2),'')"; }

# graph_text: sets REPLY to SQL for a line per status.
graph_text() {
  REPLY="(SELECT group_concat(printf('%-12s',status)||coalesce('-> '||(
      SELECT group_concat(to_status||iif(revival,' (resume)',''),', ')FROM session_status_edge WHERE from_status=status),
    'is final'),char(10))FROM session_status_policy)"
}

# graph_dot: sets REPLY to SQL for a graph that Graphviz draws.
graph_dot() {
  local tables nodes joints clusters links
  graph_tables
  tables=$REPLY
  graph_each "'    '||status||' [fillcolor=\"'||fill||'\", color=\"'||line||'\", fontcolor=\"'||ink||'\"'
    ||iif(allows_turn,', penwidth=3','')||'];'" \
    "(SELECT * FROM node WHERE node.kind=kind.kind ORDER BY place)"
  nodes=$REPLY
  graph_each "'    '||name||' [shape=diamond, label=\"\", width=0.25, height=0.25, style=filled, fillcolor=\"'||line
    ||'\", color=\"'||line||'\"];'" \
    "joint WHERE joint.kind=kind.kind"
  joints=$REPLY
  graph_each "'  subgraph cluster_'||kind||' {'||char(10)||'    label=\"'||title||'\"; color=\"'||line||'\"; fontcolor=\"'||line||'\";'
    ||$nodes||$joints||char(10)||'  }'" kind
  clusters=$REPLY
  graph_each "'  '||source||' -> '||target||CASE WHEN both THEN ' [dir=both]'
    WHEN revival THEN ' [style=dashed, label=\"resume\"]'ELSE ''END||';'" \
    "link WHERE NOT both OR target IN(SELECT name FROM joint)"
  links=$REPLY
  graph_kinds
  REPLY="(WITH $tables,$REPLY SELECT '// The statuses of a session and their legal transitions. From each status
// with an arrow into a diamond to each other that the diamond has an arrow to. A thick border: may have an open turn.
digraph tenure {
  graph [rankdir=LR, style=\"rounded,dashed\", fontname=\"Helvetica\", fontsize=11, nodesep=0.25, ranksep=0.7];
  node [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\", fontsize=12];
  edge [color=\"#6b7280\", fontname=\"Helvetica\", fontsize=10, arrowsize=0.7];'||$clusters||$links||char(10)||'}')"
}

# graph_mermaid: sets REPLY to SQL for a state diagram that Mermaid draws.
graph_mermaid() {
  local tables classes nodes joints links members
  local -r class="kind||iif(allows_turn,'Turn','')"
  graph_tables
  tables=$REPLY
  graph_each "'  classDef '||$class||' fill:'||fill||',stroke:'||line||',color:'||ink||iif(allows_turn,',stroke-width:4px','')" \
    "(SELECT DISTINCT kind,allows_turn FROM node)JOIN kind USING(kind)"
  classes=$REPLY
  graph_each "'  '||status" node
  nodes=$REPLY
  graph_each "'  state '||name||' <<choice>>'" joint
  joints=$REPLY
  graph_each "'  '||source||' --> '||target||iif(revival,' : resume','')" link
  links=$REPLY
  graph_each "'  class '||names||' '||$class" \
    "(SELECT group_concat(status,',')AS names,kind,allows_turn FROM node GROUP BY kind,allows_turn ORDER BY place)"
  members=$REPLY
  graph_kinds
  REPLY="(WITH $tables,$REPLY SELECT 'stateDiagram-v2
  accTitle: The statuses of a session
  accDescr: From each status with an arrow into a diamond to each other that the diamond has an arrow to
  direction LR'||$classes||$nodes||$joints||$links||$members)"
}
