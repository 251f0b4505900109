#!/usr/bin/python3
"""The scenario of the hosts, played by Perl with DBD::SQLite."""

from player import has, needs, play

needs({"libdbd-sqlite3-perl": has("perl", "-MDBD::SQLite", "-e", "1")})
play("perl", "play/perl.pl")
