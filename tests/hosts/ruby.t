#!/usr/bin/python3
"""The scenario of the hosts, played by Ruby with its gem sqlite3."""

from player import has, needs, play

needs({"ruby": has("ruby", "--version"), "ruby-sqlite3": has("ruby", "-rsqlite3", "-e", "1")})
play("ruby", "play/ruby.rb")
