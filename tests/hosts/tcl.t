#!/usr/bin/python3
"""The scenario of the hosts, played by Tcl, which shows the primary result code."""

from player import has, needs, play

needs({"tcl": has("sh", "-c", "command -v tclsh"),
       "libsqlite3-tcl": has("sh", "-c", "echo 'exit [catch {package require sqlite3}]' | tclsh")})
play("tclsh", "play/tcl.tcl", refusal=19)
