#!/usr/bin/python3
"""The scenario of the hosts, played by Rust with rusqlite, out of the crates that Debian packages."""

import os
import shutil

from player import BUILT, HERE, ended_well, has, needs, play, run

CRATES = os.path.join(BUILT, "debian/usr/share/cargo/registry")
FOLDER = os.path.join(BUILT, "rust")

needs({"cargo": has("cargo", "--version"), "librust-rusqlite-dev": os.path.isdir(CRATES)})
# In a copy, because cargo writes beside what it compiles.
shutil.copytree(os.path.join(HERE, "play", "rust"), FOLDER, dirs_exist_ok=True)
ended_well(run("cargo", "build", "--offline", "--config", 'source.crates-io.replace-with="debian"',
               "--config", f'source.debian.directory="{CRATES}"', cwd=FOLDER,
               CARGO_HOME=os.path.join(BUILT, "cargo"), CARGO_TARGET_DIR=os.path.join(FOLDER, "target")),
           "it compiles")
play(os.path.join(FOLDER, "target/debug/play"))
