"""What must hold of a database at any moment: the rules of invariants.sql, for tests in Python.

broken(db) gives a line for each row that breaks a rule: an empty list if all is well.
"""

import os

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "invariants.sql"),
          encoding="utf-8") as file:
    PARTS = file.read().split("\n--- ")[1:]

# The query of each rule, for the rows that break it.
RULES = dict(part.split("\n", 1) for part in PARTS)


def broken(db):
    """A line for each row that breaks a rule."""
    return [f"broken: {rule}: {row}" for rule, sql in RULES.items() for row in db.execute(sql).fetchall()]
