#!/usr/bin/python3
"""The scenario of the hosts, played by PHP with its class SQLite3."""

import os

from player import EXTENSION, has, needs, play

needs({"php-cli": has("php", "--version"), "php-sqlite3": has("php", "-r", "new SQLite3(':memory:');")})
play("php", "-d", f"sqlite3.extension_dir={os.path.dirname(EXTENSION)}", "play/php.php")
