#!/usr/bin/python3
"""instrument.py TREE: rewrites the SQL of a copy of Tenure so that each condition of its triggers says what it
was, through tenure_cover(number, condition) of cover_functions.c; writes TREE/points.json."""
import glob
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from sqltext import conditions  # noqa: E402

tree = sys.argv[1]
points = []
for path in sorted(glob.glob(os.path.join(tree, "sql", "*", "*.sql"))):
    if os.path.basename(os.path.dirname(path)) in ("schema", "check"):
        continue  # constraints must stay built-in SQL; checks belong to the doctor's tests
    with open(path, encoding="utf-8") as file:
        text = file.read()
    pieces = []
    for condition in conditions(text):
        number = len(points)
        points.append({"file": os.path.relpath(path, tree), "line": condition.line, "kind": condition.kind,
                       "text": " ".join(condition.text.split())})
        pieces.append((condition.start, f"tenure_cover({number}, ("))
        pieces.append((condition.end, "))"))
    # From the end, so that places stay true; what opens later at the same place stands further inside.
    for place, piece in sorted(pieces, key=lambda item: item[0], reverse=True):
        text = text[:place] + piece + text[place:]
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
with open(os.path.join(tree, "points.json"), "w", encoding="utf-8") as file:
    json.dump(points, file)
