#!/usr/bin/python3
"""report.py GCOV.json POINTS.json HITS: what the tests never reached, apart from tests/cover/exceptions.txt.
Exit 1 if something is missing that is not listed there, or if a listed exception is reached after all."""
import json
import os
import sys
from fnmatch import fnmatchcase

HERE = os.path.dirname(os.path.abspath(__file__))
gcov_file, points_file, hits_file = sys.argv[1:4]


def read_exceptions():
    """Lines "FILE: TEXT", one or more, and then their reason, indented. FILE may have * in it; TEXT is a part of the
    line or condition. A "~ " before it marks what chance may reach."""
    listed, group = [], []
    with open(os.path.join(HERE, "exceptions.txt"), encoding="utf-8") as file:
        for line in file:
            if line.startswith("#") or not line.strip():
                continue
            if line[0].isspace():
                for exception in group:
                    exception["reason"] = True
                group = []
            else:
                may_be_reached = line.startswith("~ ")
                name, text = line.rstrip("\n").removeprefix("~ ").split(": ", 1)
                group.append({"file": name, "text": text, "reason": False, "used": int(may_be_reached)})
                listed.append(group[-1])
    return listed


exceptions = read_exceptions()
missing = []
excused = 0


def miss(file, line, what, text):
    """Something that was not reached."""
    global excused
    for exception in exceptions:
        if fnmatchcase(file, exception["file"]) and exception["text"] in text:
            exception["used"] += 1
            excused += 1
            return
    missing.append((file, line, what, text))


with open(gcov_file, encoding="utf-8") as file:
    gcov = json.load(file)
totals = {"lines": [0, 0], "branches": [0, 0], "conditions": [0, 0]}
root = os.path.join(os.path.dirname(points_file))
for entry in gcov["files"]:
    name = entry["file"][entry["file"].rindex("ext/"):]
    with open(os.path.join(root, name), encoding="utf-8") as file:
        source = file.read().split("\n")
    for line in entry["lines"]:
        text = source[line["line_number"] - 1].strip()
        if line.get("gcovr/noncode"):
            continue
        totals["lines"][1] += 1
        if line["count"] == 0:
            miss(name, line["line_number"], "line", text)
            continue
        totals["lines"][0] += 1
        for branch in line["branches"]:
            totals["branches"][1] += 1
            totals["branches"][0] += branch["count"] > 0
        never = sum(branch["count"] == 0 for branch in line["branches"])
        if never:
            miss(name, line["line_number"], f"{never} of {len(line['branches'])} branches", text)

with open(points_file, encoding="utf-8") as file:
    points = json.load(file)
hits = b""
if os.path.exists(hits_file):
    with open(hits_file, "rb") as file:
        hits = file.read()
hits = hits.ljust(2 * len(points), b"\0")
for number, point in enumerate(points):
    for side, what in enumerate(("true", "false")):
        totals["conditions"][1] += 1
        if hits[2 * number + side] == ord("1"):
            totals["conditions"][0] += 1
        else:
            miss(point["file"], point["line"], f"never {what}", f"{point['kind']} {what}: {point['text']}")

for file, line, what, text in missing:
    print(f"{file}:{line}: {what}: {text[:120]}")
faults = [f"'{e['file']}: {e['text']}' is reached, or is no longer there" for e in exceptions if not e["used"]]
faults += [f"'{e['file']}: {e['text']}' has no reason" for e in exceptions if not e["reason"]]
for fault in faults:
    print(f"exceptions.txt: {fault}")
for what, (reached, of) in totals.items():
    print(f"{what}: {reached} of {of} ({100 * reached / max(of, 1):.1f} %)")
print(f"places not reached: {excused} by one of {len(exceptions)} exceptions, {len(missing)} for no reason")
sys.exit(1 if missing or faults else 0)
