#!/usr/bin/python3
"""The scenario of the hosts, played by R with RSQLite, which shows no result code; its own SQLite is 3.40.0, the
oldest that Tenure runs on."""

from player import has, needs, play

needs({"r-cran-rsqlite": has("Rscript", "-e", "library(RSQLite)")})
play("Rscript", "play/r.R", refusal="-", misuse="-")
