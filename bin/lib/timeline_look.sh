# shellcheck shell=bash
#
# timeline_look.sh - what the picture of a timeline looks like: its colours, and the shape of each ending.

# timeline_looks: sets REPLY to the common table expressions of the shapes, drawn around 0,0: end_look for the
# ends of sessions, turn_look for those of turns, by edge and glyph. What is not among them is 'ended'.
timeline_looks() {
  local -r disc='M-8,0a8,8 0 1 0 16,0a8,8 0 1 0-16,0z' cross='M-3,-3l6,6M3,-3l-6,6'
  REPLY="end_look(place,name,class,body,glyph)AS(VALUES
      (1,'cleared','good','$disc','M-3.5,.5l2.5,2.5 4.5,-5.5'),
      (2,'run','good','M-7,-7h14v14h-14z','M-3.5,.5l2.5,2.5 4.5,-5.5'),
      (3,'transition','plain','M-7,-7h14v14h-14z','M-3,0h6'),
      (4,'resumed','blue','$disc','M3.2,-1.6a3.8,3.8 0 1 0 .4,3M3.4,-4.4v3h-3'),
      (5,'taken_over','warn','M0,-9.5L9.5,0 0,9.5-9.5,0z','M0,-4v7.4M-2.8,1l2.8,2.8 2.8,-2.8'),
      (6,'stale_reset','warn','M0,-9.5L9,7H-9z','M0,-3.5v4.5M0,4v.2'),
      (7,'host-death','bad','M-8,-4.5l3.5,-3.5 4.5,4.5 4.5,-4.5 3.5,3.5-4.5,4.5 4.5,4.5-3.5,3.5-4.5,-4.5-4.5,4.5-3.5,-3.5 4.5,-4.5z',''),
      (8,'forced','bad','M-3.4,-8.2h6.8l4.8,4.8v6.8l-4.8,4.8h-6.8l-4.8,-4.8v-6.8z','$cross'),
      (9,'idle','plain','$disc','M0,-4v4h3.2'),
      (10,'ended','plain','$disc',''),
      (11,'lease ran out','lost','$disc','M-2.2,-1.8a2.3,2.3 0 1 1 2.4,2.4v.9M.2,4v.2'),
      (12,'goes on','blue','M-5,-8h6l8,8-8,8h-6l5,-8z','')),
    turn_look(place,name,class,edge,glyph)AS(VALUES
      (1,'completed','blue','straight',''),(2,'failed','bad','straight','$cross'),(3,'interrupted','warn','torn','/'),
      (4,'aborted','warn','torn','/'),(5,'ended','plain','straight',''),(6,'lease ran out','plain','torn','/'),
      (7,'goes on','good','open','>'))"
}

# timeline_style: sets REPLY to the style, and to what is different in the dark.
timeline_style() {
  local light
  scoped '{fill:#111827;font:12px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",Arial,sans-serif}
.page{fill:#fff}
.head{font-size:20px;font-weight:600}
.scope{font-size:14px;font-weight:600}
.who{font-size:13px;font-weight:600}
.word{font-size:11px}
.id{font:10px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#4b5563}
.dim{fill:#4b5563}
.grid{stroke:#e5e7eb}
.axis{stroke:#9ca3af}
.now{stroke:#2563eb;stroke-dasharray:2 4}
.life{fill:#dbeafe;stroke:#60a5fa}
.over{fill:none;stroke:#9ca3af;stroke-dasharray:4 3}
.arrow{fill:none;stroke:#c2410c;stroke-width:1.8}
.tip{fill:#c2410c}
.good{fill:#15803d}
.blue{fill:#1d4ed8}
.warn{fill:#c2410c}
.bad{fill:#b91c1c}
.plain{fill:#4b5563}
.turn-id{font-size:10px;fill:#fff}
.mark{stroke:#fff;stroke-width:1.5}
.glyph{fill:none;stroke:#fff;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}
.lost{fill:#fff;stroke:#4b5563;stroke-dasharray:3 2}
.lost+.glyph{stroke:#4b5563}'
  light=$REPLY
  scoped '{fill:#e5e7eb}
.page{fill:#0d1117}
.dim{fill:#9ca3af}
.id{fill:#9ca3af}
.grid{stroke:#1f2937}
.axis{stroke:#4b5563}
.now{stroke:#60a5fa}
.life{fill:#172b4d;stroke:#3b6fb5}
.arrow{stroke:#fb923c}
.tip{fill:#fb923c}
.blue{fill:#2563eb}
.mark{stroke:#0d1117}
.lost{fill:#0d1117;stroke:#9ca3af}
.lost+.glyph{stroke:#9ca3af}'
  REPLY="$light"$'\n'"@media(prefers-color-scheme:dark){"$'\n'"$REPLY"$'\n}'
}

# scoped RULES: sets REPLY to the rules, a line each, for this picture alone, so that it can stand in a page.
scoped() { REPLY=".tenure-timeline ${1//$'\n'/$'\n'.tenure-timeline }"; }
