#!/usr/bin/python3
"""The scenario of the hosts, played by Node with libsql: a SQLite that none of SQLite's functions can be
reached in but through what it hands to an extension."""

import os

from player import NPM, needs, play

NODE = os.path.join(NPM, ".bin", "node")

needs({"Node 24": os.path.exists(NODE), "libsql": os.path.isdir(os.path.join(NPM, "libsql"))})
play(NODE, "play/libsql.cjs", NODE_PATH=NPM)
