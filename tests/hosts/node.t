#!/usr/bin/python3
"""The scenario of the hosts, played by Node with its own node:sqlite."""

import os

from player import NPM, needs, play

NODE = os.path.join(NPM, ".bin", "node")

needs({"Node 24": os.path.exists(NODE)})
play(NODE, "play/node.mjs")
