# tcl.tcl - plays the scenario of the hosts with the package sqlite3; see ../player.py.
#
#   tclsh tcl.tcl EXTENSION DATABASE SCENARIO
#
# Tcl binds variables by their names, so each ? of the scenario becomes the name of one.

package require sqlite3

lassign $argv extension database scenario
fconfigure stdout -encoding utf-8

sqlite3 db $database
db enable_load_extension 1
db eval {SELECT load_extension($extension)}
puts "host: Tcl [info patchlevel], SQLite [db version]"

set file [open $scenario]
fconfigure $file -encoding utf-8
set block {}
foreach line [concat [split [read $file] \n] --] {
    if {$line ne "--"} {
        lappend block $line
        continue
    }
    set sql {}
    set n 0
    foreach line $block {
        if {[regexp {^-- bind: (.*)} $line -> text]} {
            set value([incr n]) $text
        } elseif {![string match --* $line]} {
            append sql $line\n
        }
    }
    set block {}
    if {[string trim $sql] eq {}} continue
    for {set i 1} {$i <= $n} {incr i} {regsub {\?} $sql "\$value($i)" sql}
    if {[catch {
        db eval $sql row {puts "row: [join [lmap name $row(*) {set row($name)}] |]"}
    } message]} {
        puts "refused: [db errorcode] $message"
    }
    puts --
}
db close
puts closed
