# shellcheck shell=bash
#
# timeline_svg.sh - the spans of timeline.sh as a picture: one self-contained SVG, for light and dark pages.
#
# Down the page go scopes and in them sessions, a lane each; to the right goes time, in UTC. A bar is a time
# that a session lived, the bars in it are its turns, an arrow leads from a session to the one that took its
# place. How something ended is told by colour, by shape and in words, so none of them is needed alone. Every
# bar has its facts as a tooltip, and the picture a description for those who cannot see it.
#
# It is put together by the database. Text from outside comes in through svg_text and svg_escape alone.

use timeline_look

# svg_text SQL: sets REPLY to SQL for a text from outside that may stand anywhere in XML.
svg_text() { svg_escape "display_safe($1)"; }

# svg_escape SQL: the same for a text that is safe to show. Among those are two characters that XML does not
# allow.
svg_escape() {
  REPLY="replace(replace(replace(replace(replace(replace($1,'&','&amp;'),'<','&lt;'),'>','&gt;'),
    '\"','&quot;'),char(65534),'\\u{fffe}'),char(65535),'\\u{ffff}')"
}

# svg_cut SQL COLUMNS: the same, cut to fit. Beyond ASCII a character may be twice as wide.
svg_cut() {
  local -r shown="display_safe($1)" columns="iif(display_safe($1)GLOB'*[^ -~]*',$2/2,$2)"
  local short
  svg_escape "substr($shown,1,$columns-1)"
  short=$REPLY
  svg_text "$1"
  REPLY="iif(length($shown)>$columns,$short||'…',$REPLY)"
}

# svg_time SQL: sets REPLY to SQL for a time, as people read one.
svg_time() { REPLY="strftime('%Y-%m-%d %H:%M:%S',$1,'unixepoch')"; }

# svg_all SQL FROM: sets REPLY to SQL for a line of each row, with a line end before it.
svg_all() { REPLY="coalesce((SELECT group_concat(char(10)||$1,'')FROM $2),'')"; }

# svg_places: sets REPLY to the common table expressions that lay the spans out: lane, a session with its
# place from the top; bar, a span with its place; life, the bars of sessions with the room for words around
# them; link, the arrows. Times that the calendar does not know stand at its ends.
svg_places() {
  local actor session turn ending began
  svg_text actor_id
  actor=$REPLY
  svg_text session_id
  session=$REPLY
  svg_text turn_id
  turn=$REPLY
  svg_text "CASE WHEN ended_at IS NULL THEN iif(goes_on,'goes on','lease ran out')ELSE coalesce(ended_as,'ended')END"
  ending=$REPLY
  svg_text "iif(began_by='start',iif(predecessor_id IS NULL,NULL,'replacement'),began_by)"
  began=$REPLY
  REPLY="known AS(
      SELECT s.*,kind='turn'AS lower,coalesce(NOT h.stale,0)AS goes_on,max(began_at,coalesce(s.ended_at,now))AS until,
        iif(h.stale,h.holds_until,NULL)AS lost_at
      FROM span AS s CROSS JOIN clock LEFT JOIN tenure_holder AS h ON s.ended_at IS NULL AND h.session_id=s.session_id),
    piece AS MATERIALIZED(
      SELECT seq,lower,session_id,scope,actor_id,predecessor_id,incarnation,goes_on,lost_at,
        max(min(began_at,253402300799),-62135596800)AS t0,max(min(until,253402300799),-62135596800)AS t1,
        $actor AS actor,$session AS session,$turn AS turn,$ending AS ending,$began AS began FROM known),
    bounds(low,high)AS MATERIALIZED(
      SELECT coalesce(min(t0),now),max(coalesce(max(t1),now),coalesce(min(t0),now)+1)FROM clock LEFT JOIN piece),
    level AS MATERIALIZED(SELECT scope,row_number()OVER(ORDER BY min(seq))AS place FROM piece GROUP BY scope),
    several(yes)AS MATERIALIZED(SELECT count(*)>1 FROM level),
    thread AS MATERIALIZED(
      SELECT session_id,scope,min(seq)AS first,max(incarnation)AS newest FROM piece GROUP BY session_id),
    lane AS MATERIALIZED(
      SELECT session_id,level.scope,level.place,
        50.0+row_number()OVER(ORDER BY level.place,first)*50+yes*level.place*32 AS y
      FROM thread JOIN level ON level.scope IS thread.scope CROSS JOIN several),
    bar AS MATERIALIZED(
      SELECT piece.*,y,250.0+(t0-low)*740.0/(high-low)AS x0,250.0+(t1-low)*740.0/(high-low)AS x1,
        250.0+(max(t0,min(lost_at,t1))-low)*740.0/(high-low)AS x_lost
      FROM piece JOIN lane USING(session_id)CROSS JOIN bounds),
    life AS MATERIALIZED(
      SELECT *,6.4*length(ending)AS needs,coalesce(6.4*length(began)+24,8)AS taken,
        coalesce(lead(x0)OVER(PARTITION BY session_id ORDER BY seq),1112.0)-x1-14 AS room FROM bar WHERE NOT lower),
    link AS MATERIALIZED(
      SELECT a.x1,a.y AS y1,b.x0 AS x2,b.y AS y2,max(a.seq)FROM life AS b JOIN life AS a
        ON a.session_id=b.predecessor_id AND a.seq<b.seq WHERE b.incarnation=1 GROUP BY b.seq),
    foot(y)AS MATERIALIZED(SELECT coalesce(max(y),86.0)+62 FROM lane)"
}

# svg_axis: sets REPLY to SQL that draws the lines of time. The distance of two is a round one.
svg_axis() {
  local lines days
  svg_all "printf('<path class=\"grid\" d=\"M%.1f,104V%.1f\"/>
<text class=\"dim\" x=\"%.1f\" y=\"98\" text-anchor=\"middle\">%s</text>',
      x,y,x,strftime(CASE WHEN secs<60 THEN '%H:%M:%S'WHEN secs<86400 THEN '%H:%M'ELSE '%Y-%m-%d'END,t,'unixepoch'))" 'tick CROSS JOIN foot'
  lines=$REPLY
  svg_all "printf('<text class=\"dim\" x=\"%.1f\" y=\"82\" text-anchor=\"middle\">%s</text>',x,day)" \
    '(SELECT x,day,lag(day)OVER(ORDER BY t)AS before,secs FROM tick)WHERE secs<86400 AND day IS NOT before'
  days=$REPLY
  svg_all "printf('<path class=\"now\" d=\"M990,104V%.1f\"/>
<text class=\"word dim\" x=\"990\" y=\"%.1f\" text-anchor=\"middle\">now</text>',y,y+13)" \
    'foot CROSS JOIN bounds CROSS JOIN clock WHERE high=now AND EXISTS(SELECT 1 FROM piece WHERE goes_on)'
  REPLY="(WITH step(secs)AS(VALUES(1),(2),(5),(10),(15),(30),(60),(120),(300),(600),(900),(1800),(3600),(7200),(10800),
      (21600),(43200),(86400),(172800),(432000),(864000),(2592000),(7776000),(31536000),(157680000),(788400000),
      (3153600000),(15768000000),(63072000000)),
    chosen(secs)AS(SELECT min(secs)FROM step,bounds WHERE(high-low)/secs<=7),
    at(t)AS(SELECT low+(secs-low%secs)%secs FROM bounds,chosen UNION ALL SELECT t+secs FROM at,bounds,chosen WHERE t+secs<=high),
    tick AS MATERIALIZED(SELECT t,secs,250.0+(t-low)*740.0/(high-low)AS x,strftime('%Y-%m-%d',t,'unixepoch')AS day
      FROM at,bounds,chosen WHERE t<=high)
    SELECT $lines||$days)||$REPLY||'
<path class=\"axis\" d=\"M250,104H990\"/>'"
}

# svg_names: sets REPLY to SQL that writes the scopes, if there are several, and the sessions down the left.
svg_names() {
  local scope actor session names
  svg_cut scope 110
  scope=$REPLY
  svg_cut actor_id 27
  actor=$REPLY
  svg_cut session_id 34
  session=$REPLY
  svg_all "printf('<text class=\"who\" x=\"24\" y=\"%.1f\">%s</text>
<text class=\"id\" x=\"24\" y=\"%.1f\">%s</text>',y+29,coalesce($actor,'-'),y+42,$session)" \
    '(SELECT lane.session_id,lane.y,(SELECT actor_id FROM life WHERE life.session_id=lane.session_id ORDER BY seq DESC LIMIT 1)AS actor_id
      FROM lane ORDER BY y)'
  names=$REPLY
  svg_all "iif(place>1,printf('<path class=\"grid\" d=\"M24,%.1fH1096\"/>',top-22),'')
      ||printf('<text class=\"scope\" x=\"24\" y=\"%.1f\">%s</text>',top+2,coalesce('scope '||$scope,'no scope'))" \
    '(SELECT scope,place,min(y)AS top FROM lane GROUP BY place)CROSS JOIN several WHERE yes'
  REPLY="$REPLY||'
<clipPath id=\"tenure-names\"><path d=\"M0,0H240V'||(SELECT y FROM foot)||'H0z\"/></clipPath>
<g clip-path=\"url(#tenure-names)\">'||$names||'
</g>'"
}

# svg_lives: sets REPLY to SQL that draws the sessions: the bar, dashed where the lease had run out, how it
# began above it, how it ended beside it where there is room, else above it, else in the tooltip alone.
svg_lives() {
  local from to
  svg_time t0
  from=$REPLY
  svg_time t1
  to=$REPLY
  svg_all "printf('<g><title>%s, session %s, incarnation %d: from %s to %s UTC, %s</title>
<rect class=\"life\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"20\" rx=\"4\"/>',
          coalesce(actor,'-'),session,incarnation,$from,$to,ending,x0,y+20,max(coalesce(x_lost,x1)-x0,3))
      ||iif(x_lost<x1-1,printf('<path class=\"over\" d=\"M%.1f,%.1fH%.1fv20H%.1f\"/>',x_lost,y+20,x1,x_lost),'')
      ||iif(began IS NULL,'',printf('<text class=\"word\" x=\"%.1f\" y=\"%.1f\">%s</text>',x0+9,y+14,began))
      ||CASE WHEN room>=needs THEN printf('<text class=\"word\" x=\"%.1f\" y=\"%.1f\">%s</text>',x1+14,y+34,ending)
          WHEN x1-x0>=needs+taken THEN printf('<text class=\"word\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text>',x1-2,y+14,ending)
          ELSE '' END||'</g>'" '(SELECT * FROM life ORDER BY y,seq)'
}

# svg_turns: sets REPLY to SQL that draws the turns, with their ids where there is room.
svg_turns() {
  local from span
  svg_time t0
  from=$REPLY
  phrase_span 't1-t0'
  span=$REPLY
  svg_all "printf('<g><title>turn %s: from %s UTC, %s, %s</title>
<path class=\"turn %s\" d=\"',turn,$from,$span,ending,class)
      ||CASE WHEN x1-x0<8 OR edge='straight'THEN printf('M%.1f,%.1fh%.1fv12h%.1fz',x0,y+24,max(x1-x0,2)-0.6,0.6-max(x1-x0,2))
          WHEN edge='torn'THEN printf('M%.1f,%.1fh%.1fl-4,3 4,3-4,3 4,3h%.1fz',x0,y+24,x1-x0-0.6,x0-x1+0.6)
          ELSE printf('M%.1f,%.1fh%.1fl5,6-5,6h%.1fz',x0,y+24,x1-x0-5,x0-x1+5)END
      ||'\"/>'||iif(edge='straight'AND glyph<>''AND x1-x0>=14,
          printf('<path class=\"glyph\" transform=\"translate(%.1f,%.1f)\" d=\"%s\"/>',x1-8,y+30,glyph),'')
      ||iif(x1-x0>=iif(turn GLOB'*[^ -~]*',11,6.2)*length(turn)+iif(glyph='',12,22),
          printf('<text class=\"turn-id\" x=\"%.1f\" y=\"%.1f\">%s</text>',x0+5,y+33.5,turn),'')||'</g>'" \
    '(SELECT * FROM bar JOIN turn_look ON name=iif(ending IN(SELECT name FROM turn_look),ending,'\''ended'\'')WHERE lower ORDER BY y,seq)'
}

# svg_ends: sets REPLY to SQL that draws what stands on the bars: the arrows, and the marks at the ends.
svg_ends() {
  local arrows
  svg_all "printf('<path class=\"arrow\" d=\"M%.1f,%.1fC%.1f,%.1f %.1f,%.1f %.1f,%.1f\"/><path class=\"tip\" d=\"M%.1f,%.1fh8l-4,8z\"/>',
      x1,y1+39,x1,(y1+y2)/2+28,x2,(y1+y2)/2+28,x2,y2+12,x2-4,y2+12)" 'link'
  arrows=$REPLY
  svg_all "printf('<g transform=\"translate(%.1f,%.1f)\"><path class=\"mark %s\" d=\"%s\"/>
<path class=\"glyph\" d=\"%s\"/></g>',x1,y+30,class,body,glyph)" \
    '(SELECT * FROM life JOIN end_look ON name=iif(ending IN(SELECT name FROM end_look),ending,'\''ended'\'')ORDER BY y,seq)'
  REPLY="$arrows||$REPLY"
}

# svg_legend: sets REPLY to SQL that names the marks that occur.
svg_legend() {
  local ends turns
  svg_all "printf('<g transform=\"translate(%.1f,%.1f)\"><path class=\"mark %s\" d=\"%s\"/>
<path class=\"glyph\" d=\"%s\"/><text x=\"14\" y=\"4\">%s</text></g>',
      x,y+36,class,body,glyph,name)" \
    '(SELECT *,118+sum(6.6*length(name)+40)OVER(ORDER BY place)-6.6*length(name)AS x FROM end_look
      WHERE name IN(SELECT iif(ending IN(SELECT name FROM end_look),ending,'\''ended'\'')FROM life))CROSS JOIN foot'
  ends=$REPLY
  svg_all "printf('<path class=\"turn %s\" d=\"M%.1f,%.1fh28%sh-28z\"/><text x=\"%.1f\" y=\"%.1f\">%s</text>',
      class,x-8,y+60,CASE edge WHEN 'torn'THEN 'l-4,3 4,3-4,3 4,3'WHEN 'straight'THEN 'v12'ELSE 'l5,6-5,6'END,x+30,y+70,name)" \
    '(SELECT *,118+sum(6.6*length(name)+56)OVER(ORDER BY place)-6.6*length(name)-16 AS x FROM turn_look
      WHERE name IN(SELECT iif(ending IN(SELECT name FROM turn_look),ending,'\''ended'\'')FROM bar WHERE lower))CROSS JOIN foot'
  turns=$REPLY
  svg_all "printf('<text class=\"dim\" x=\"24\" y=\"%.1f\">%s end</text>',y+iif(lower,70,40),iif(lower,'turns','sessions'))" \
    '(SELECT DISTINCT lower FROM bar)CROSS JOIN foot'
  REPLY="$REPLY||$ends||$turns"
}

# svg_description: sets REPLY to SQL that says in words what is drawn.
svg_description() {
  local from to
  svg_time t0
  from=$REPLY
  svg_time t1
  to=$REPLY
  svg_all "printf('%s, session %s, incarnation %d: from %s to %s, %s, turns: %d.',coalesce(actor,'-'),session,incarnation,$from,$to,ending,
      (SELECT count(*)FROM bar WHERE bar.lower AND bar.session_id=told.session_id AND bar.incarnation=told.incarnation))" \
    '(SELECT * FROM life ORDER BY y,seq)AS told'
}

# timeline_svg TITLE: sets REPLY to SQL for the picture of the spans. TITLE is SQL for a text that is safe to show.
timeline_svg() {
  local title counts places axis names lives turns ends legend description from to style looks
  svg_escape "$1"
  title=$REPLY
  svg_places
  places=$REPLY
  svg_axis
  axis=$REPLY
  svg_names
  names=$REPLY
  svg_lives
  lives=$REPLY
  svg_turns
  turns=$REPLY
  svg_ends
  ends=$REPLY
  svg_legend
  legend=$REPLY
  svg_description
  description=$REPLY
  svg_time low
  from=$REPLY
  svg_time high
  to=$REPLY
  timeline_looks
  looks=$REPLY
  timeline_style
  sql_text "$REPLY"
  style=$REPLY
  counts="printf('sessions %d, turns %d, takeovers %d',count(DISTINCT session_id),total(lower),total(began IS 'takeover'))"
  REPLY="(WITH $looks,$places,
    heading(title,told)AS MATERIALIZED(
      SELECT $title,iif(EXISTS(SELECT 1 FROM piece),
        (SELECT $counts FROM piece)||', from '||$from||' to '||$to||' UTC','nothing has happened')FROM bounds)
    SELECT printf('<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"tenure-timeline\" role=\"img\"
 aria-labelledby=\"tenure-title tenure-desc\" width=\"1120\" height=\"%d\" viewBox=\"0 0 1120 %d\">
<title id=\"tenure-title\">%s over time</title>
<desc id=\"tenure-desc\">%s.',y+88,y+88,title,told)||$description||'</desc>
<style>
'||$style||'
</style>'||printf('
<rect class=\"page\" width=\"1120\" height=\"%d\"/>
<text class=\"head\" x=\"24\" y=\"38\">%s</text>
<text class=\"dim\" x=\"24\" y=\"58\">%s</text>',y+88,title,told)
      ||$axis||$names||$lives||$turns||$ends||$legend||'
</svg>'FROM heading CROSS JOIN foot)"
}
