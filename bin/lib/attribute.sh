# shellcheck shell=bash
#
# attribute.sh - the values in the markers that 'wait' and 'run' print on stderr for programs. Each function takes SQL
# and sets REPLY to SQL.

# attribute SQL: the value of an attribute: safe to show, with entities, and in quotes where it could be taken for
# several.
attribute() {
  entities "display_safe($1)"
  REPLY="(SELECT iif(v GLOB '*[^!-~]*' OR v GLOB '*=*' OR v='','\"'||v||'\"',v)FROM(SELECT $REPLY AS v))"
}

entities() { REPLY="replace(replace(replace(replace($1,'&','&amp;'),'\"','&quot;'),'<','&lt;'),'>','&gt;')"; }
