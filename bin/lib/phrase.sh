# shellcheck shell=bash
#
# phrase.sh - pieces of SQL that word things for people. Each takes SQL and sets REPLY to SQL.
# Text from outside goes through display_safe. 'now' is a column of the query around.

# phrase_short SQL LENGTH: a text from outside, cut to fit a column.
phrase_short() {
  REPLY="iif(length($1)>$2,display_safe(substr($1,1,$2-1))||'…',display_safe($1))"
}

# A span of seconds: '12 s', '5 min', '3 h', '9 d'.
phrase_span() {
  REPLY="CASE WHEN ($1)<120 THEN ($1)||' s' WHEN ($1)<7200 THEN (($1)/60)||' min'
    WHEN ($1)<172800 THEN (($1)/3600)||' h' ELSE (($1)/86400)||' d' END"
}

# A time: ISO, in UTC. A year beyond 9999 stays a number of seconds.
phrase_time() { REPLY="coalesce(strftime('%Y-%m-%dT%H:%M:%SZ',$1,'unixepoch'),$1)"; }

phrase_ago() {
  phrase_span "max(0,now-($1))"
  REPLY="($REPLY)||' ago'"
}

phrase_left() {
  local left
  phrase_span "($1)-now"
  left=$REPLY
  phrase_ago "$1"
  REPLY="CASE WHEN ($1)>now THEN ($left)||' left' ELSE 'ran out '||$REPLY END"
}

# '2026-01-02T03:04:05Z (12 min ago)', '… (12 s left)'.
phrase_since() {
  local time
  phrase_time "$1"
  time=$REPLY
  phrase_ago "$1"
  REPLY="$time||' ('||$REPLY||')'"
}
phrase_when() {
  local since
  phrase_since "$1"
  since=$REPLY
  phrase_until "$1"
  REPLY="iif(($1)>now,$REPLY,$since)"
}
phrase_until() {
  local time
  phrase_time "$1"
  time=$REPLY
  phrase_left "$1"
  REPLY="$time||' ('||$REPLY||')'"
}
