#!/usr/bin/python3
"""The scenario of the hosts, played by PHP with its class SQLite3."""

import os

from player import EXTENSION, has, is_, needs, play, run

needs({"php-cli": has("php", "--version"), "php-sqlite3": has("php", "-r", "new SQLite3(':memory:');")})
PHP = ["php", "-d", f"sqlite3.extension_dir={os.path.dirname(EXTENSION)}"]

# What is special here: to fetch the rows of a prepared statement, or of query(), is to run it again. A receipt
# makes that harmless; querySingle(), and a statement of its own that asks for the report, avoid it.
is_(run(*PHP, "play/twice.php", os.path.basename(EXTENSION) + ".so").stdout.decode().split("\n"),
    ["fetched: 2", "with a receipt: 1", "query: 2", "querySingle: 1", "asked for afterwards: 1", ""], "how often a verb runs")
play(*PHP, "play/php.php")
