#!/usr/bin/python3
"""The scenario of the hosts, played by Go with mattn/go-sqlite3."""

import os

from player import BUILT, ended_well, has, needs, play, run

PACKAGES = "/usr/share/gocode"
PLAYER = os.path.join(BUILT, "play-go")

needs({"golang-go": has("go", "version"),
       "golang-github-mattn-go-sqlite3-dev": os.path.isdir(f"{PACKAGES}/src/github.com/mattn/go-sqlite3")})
ended_well(run("go", "build", "-o", PLAYER, "play/go.go", GO111MODULE="off", GOPATH=PACKAGES,
               GOCACHE=os.path.join(BUILT, "go-cache")), "it compiles")
play(PLAYER)
