#!/usr/bin/python3
"""The scenario of the hosts, played by Java with the JDBC driver for SQLite."""

import os

from player import has, needs, play

DRIVER = "/usr/share/java/sqlite-jdbc.jar"

needs({"default-jdk-headless": has("javac", "-version"), "libxerial-sqlite-jdbc-java": os.path.exists(DRIVER)})
play("java", "-cp", DRIVER, "play/java.java")
