#!/usr/bin/python3
"""The scenario of the hosts, played by Deno with its node:sqlite."""

import os

from player import BUILT, NPM, needs, play

DENO = os.path.join(NPM, ".bin", "deno")

needs({"Deno": os.path.exists(DENO)})
play(DENO, "run", "--allow-ffi", "--allow-read", "--allow-write", "play/node.mjs",
     DENO_DIR=os.path.join(BUILT, "deno"))
