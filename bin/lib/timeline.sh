# shellcheck shell=bash
#
# timeline.sh - what a log says about time: spans of sessions and of turns, and a drawing of them in plain
# characters. Everything is drawn by the database, which knows how wide a text is that is safe to show.

# How many columns the names on the left have, with the space after them.
NAMES=32

# timeline_spans CONDITION LIMIT: sets REPLY to the common table expressions that end in span: a row for
# each time that one of the newest sessions of the log lived, and for each turn. A span that goes on has no
# ended_at. The log can be written from outside, so status and detail may be any text.
timeline_spans() {
  local -r over="'turn.completed','turn.failed','turn.aborted','turn.interrupted'"
  REPLY="clock(now)AS MATERIALIZED(SELECT session_now()),
    part AS MATERIALIZED(SELECT *,iif(json_valid(detail),detail,'{}')AS facts FROM tenure_event WHERE $1),
    chosen AS MATERIALIZED(SELECT session_id,max(seq)AS latest FROM part WHERE session_id IS NOT NULL
      GROUP BY session_id ORDER BY latest DESC LIMIT $2),
    life AS(SELECT *,lead(at)OVER log AS next_at,lead(facts)OVER log AS next_facts,lead(event)OVER log AS next_event
      FROM part JOIN chosen USING(session_id)WHERE event IN('session.created','session.resumed','session.ended')
      WINDOW log AS(PARTITION BY session_id ORDER BY seq)),
    span AS MATERIALIZED(
      SELECT seq,'session'AS kind,session_id,scope,facts->>'owner_id'AS actor_id,incarnation,NULL AS turn_id,at AS began_at,
          CASE WHEN to_status IN(SELECT status FROM session_status_policy WHERE terminal)THEN at ELSE next_at END AS ended_at,facts->>'verb'AS began_by,
          facts->>'predecessor_id'AS predecessor_id,
          CASE next_event WHEN 'session.ended'THEN next_facts->>'end_reason'WHEN 'session.resumed'THEN 'resumed'END AS ended_as
        FROM life WHERE event<>'session.ended'
      UNION ALL
      SELECT min(seq),'turn',session_id,scope,NULL,min(incarnation),turn_id,min(at),
          max(at)FILTER(WHERE event IN($over)),NULL,NULL,max(substr(event,6))FILTER(WHERE event IN($over))
        FROM part JOIN chosen USING(session_id)
        WHERE turn_id IS NOT NULL AND event IN('turn.reserved','turn.started',$over)GROUP BY session_id,turn_id)"
}

# timeline_drawing TITLE WIDTH: sets REPLY to SQL that draws the spans. A cell of a lane shows the mark with
# the lowest rank among those that fall on it, else that something goes on there.
timeline_drawing() {
  local from to each
  local -ri columns=$(($2 - NAMES))
  phrase_time low
  from=$REPLY
  phrase_time high
  to=$REPLY
  phrase_span "max(1,(high-low)/$columns)"
  each=$REPLY
  REPLY="(WITH
    bounds(low,high)AS MATERIALIZED(SELECT min(began_at),max(max(coalesce(ended_at,now),began_at+1))FROM span,clock),
    bar AS MATERIALIZED(
      SELECT span.*,kind='turn'AS lower,CAST(1.0*(began_at-low)*($columns-2)/(high-low)AS INTEGER)AS first,
          CAST(1.0*(max(began_at,coalesce(ended_at,now))-low)*($columns-2)/(high-low)AS INTEGER)+(kind='session')AS last,
          ended_at IS NULL AND EXISTS(SELECT 1 FROM tenure_holder AS h WHERE h.session_id=span.session_id AND NOT stale)AS goes_on
        FROM span,bounds,clock),
    mark AS MATERIALIZED(
      SELECT session_id,lower,last AS spot,CASE WHEN ended_at IS NULL THEN iif(goes_on,'>','?')
          WHEN lower THEN CASE ended_as WHEN 'completed'THEN '.'WHEN 'failed'THEN '!'ELSE 'x'END
          WHEN ended_as IN('taken_over','stale_reset','host-death','forced','idle')THEN 'x'ELSE ']'END AS sign,
        CASE WHEN lower AND ended_as='failed'THEN 1 WHEN lower AND ended_as<>'completed'THEN 2 ELSE 3 END AS rank FROM bar
      UNION ALL SELECT session_id,0,first,CASE WHEN began_by='takeover'THEN 'T'WHEN incarnation>1 THEN 'R'ELSE '['END,0
        FROM bar WHERE NOT lower),
    shown AS MATERIALIZED(SELECT session_id,lower,spot,sign,min(rank)FROM mark GROUP BY session_id,lower,spot),
    filled AS MATERIALIZED(SELECT DISTINCT session_id,lower,first,last FROM bar),
    lane AS MATERIALIZED(
      SELECT session_id,lower,min(seq)OVER(PARTITION BY session_id)AS place,name FROM(
        SELECT session_id,0 AS lower,min(seq)AS seq,display_safe(session_id)AS name FROM bar GROUP BY session_id
        UNION ALL SELECT session_id,1,max(seq),'  '||display_safe(coalesce(actor_id,'-'))
            ||iif((SELECT count(DISTINCT coalesce(scope,''))FROM bar)>1,coalesce(' in '||display_safe(scope),', no scope'),'')
          FROM bar WHERE kind='session'GROUP BY session_id)),
    text(id,lower,text,room)AS MATERIALIZED(SELECT session_id,lower,name,$NAMES-2 FROM lane
      UNION ALL SELECT NULL,0,$1,$2-40),
    cut(id,lower,text,room,n,width)AS(SELECT id,lower,text,room,0,0 FROM text
      UNION ALL SELECT id,lower,text,room,n+1,width+1+(unicode(substr(text,n+1,1))>=4352)FROM cut
        WHERE n<length(text)AND width+1+(unicode(substr(text,n+1,1))>=4352)<=room),
    fit AS MATERIALIZED(SELECT id,lower,iif(max(n)<length(text),substr(text,1,n-1)||'~',substr(text,1,n))||printf('%*s',room-width,'')AS text
      FROM cut GROUP BY id,lower),
    cell(spot)AS(SELECT 0 UNION ALL SELECT spot+1 FROM cell WHERE spot<$columns-1),
    drawn AS MATERIALIZED(
      SELECT place,lower,(SELECT text FROM fit WHERE id=lane.session_id AND fit.lower=lane.lower)||'  '||(
        SELECT group_concat(coalesce(
          (SELECT sign FROM shown AS s WHERE s.session_id=lane.session_id AND s.lower=lane.lower AND s.spot=cell.spot),
          (SELECT iif(lane.lower,'-','=')FROM filled AS f WHERE f.session_id=lane.session_id AND f.lower=lane.lower
             AND cell.spot BETWEEN f.first AND f.last LIMIT 1),' '),'')FROM cell)AS line FROM lane)
    SELECT (SELECT rtrim(text)FROM fit WHERE id IS NULL)
        ||printf(': sessions %d, turns %d, takeovers %d',count(DISTINCT session_id),sum(kind='turn'),sum(began_by IS 'takeover'))
        ||char(10)||printf('%-${NAMES}s',($each)||' a column')||$from||printf('%*s',$columns-length($from),$to)
        ||(SELECT group_concat(char(10)||rtrim(line),'')FROM(SELECT line FROM drawn ORDER BY place,lower))
        ||char(10)||'[ start  T takeover  R resume  ] end  x cut off  > goes on  ? lease ran out'
        ||char(10)||'turns: - at work  . completed  ! failed  x broken off  > open'
      FROM span,bounds)"
}
