#!/usr/bin/python3
"""The scenario of the hosts, played by Bun with its bun:sqlite."""

import os

from player import NPM, needs, play

BUN = os.path.join(NPM, ".bin", "bun")

needs({"Bun": os.path.exists(BUN)})
play(BUN, "play/bun.mjs")
