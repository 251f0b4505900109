"""Which places of Tenure each test reaches, and what it costs: no other test can notice a mutant there.

Measured in a copy of the sources that tells of itself: gcov counts the lines of the C files, each trigger and each
condition of the SQL says what it came to, through tenure_cover() of tests/cover, and each function of the scripts
that it was called. Kept in reach.json, by the text of the test; names of places are those of mutants.py."""
import hashlib
import json
import os
import shutil
import subprocess

from mutants import (JUDGES, ROOT, place_of_condition, place_of_function, place_of_line, place_of_trigger, scripts,
                     sql_files)
from order import is_of_command, is_script
from shell import functions
from sqltext import bodies, conditions
from tree import Tree


class Telling(Tree):
    """A tree whose tests leave behind where they were."""

    def __init__(self, root):
        super().__init__(root, "-O0 --coverage")
        shutil.rmtree(os.path.join(root, "dist"), ignore_errors=True)
        self.hits = os.path.join(root, "hits")
        self.environment["TENURE_COVER"] = self.hits
        self.called = os.path.join(root, "called")
        self.points = []  # the places by number of tenure_cover(), one for true and one for false
        for file in sql_files():
            self.rewrite(file)
        for file in scripts():
            self.rewrite_script(file)
        self.register()

    def rewrite(self, file):
        path = os.path.join(self.root, file)
        with open(path, encoding="utf-8") as source:
            text = source.read()
        pieces = []
        for condition in conditions(text):
            pieces += [(condition.start, f"tenure_cover({len(self.points)}, ("), (condition.end, "))")]
            self.points.append([place_of_condition(file, condition, value) for value in ("true", "false")])
        for trigger, body, _ in bodies(text):
            pieces.append((body, f"\n  SELECT tenure_cover({len(self.points)}, 1);"))
            self.points.append([place_of_trigger(file, trigger)] * 2)
        for place, piece in sorted(pieces, key=lambda piece: piece[0], reverse=True):
            text = text[:place] + piece + text[place:]
        self.write(path, text)

    def rewrite_script(self, file):
        path = os.path.join(self.root, file)
        with open(path, encoding="utf-8") as source:
            text = source.read()
        for name, body, _ in reversed(functions(text)):
            told = f"echo '{place_of_function(file, name)}' >>'{self.called}' 2>/dev/null || :"
            text = text[:body] + f" {told};" + text[body:]
        self.write(path, text)

    def register(self):
        for name in ("cover_functions.c", "cover_functions.h"):
            shutil.copy2(os.path.join(ROOT, "tests", "cover", "ext", name), os.path.join(self.root, "ext"))
        path = os.path.join(self.root, "ext", "tenure.c")
        with open(path, encoding="utf-8") as source:
            text = source.read()
        self.write(path, text.replace('#include "connection.h"', '#include "connection.h"\n#include "cover_functions.h"')
                   .replace("tn_guard_register", "tn_guard_register, tn_cover_register"))

    def counted(self):
        """The .gcda files that are there."""
        found = [os.path.join("dist", part, f"{name}.gcda") for part in ("obj", "static") for name in JUDGES]
        return [file for file in found if os.path.exists(os.path.join(self.root, file))]

    def forget(self):
        for file in self.counted() + ["hits", "called"]:
            if os.path.exists(os.path.join(self.root, file)):
                os.unlink(os.path.join(self.root, file))

    def reached(self):
        places = set()
        if os.path.exists(self.hits):
            with open(self.hits, "rb") as file:
                hits = file.read().ljust(2 * len(self.points), b"\0")
            places = {place for number, pair in enumerate(self.points) for side, place in enumerate(pair)
                      if hits[2 * number + side]}
        if os.path.exists(self.called):
            with open(self.called, encoding="utf-8") as file:
                places |= {line.rstrip("\n") for line in file}
        return places | {place for place, count in self.lines() if count > 0}

    def lines(self):
        """Each line of the judging C files that has code, with how often it ran."""
        for file in self.counted():
            told = subprocess.run(["gcov", "--json-format", "--stdout", file], cwd=self.root, check=True,
                                  capture_output=True, text=True).stdout
            for entry in json.loads(told)["files"]:
                name = os.path.relpath(os.path.join(self.root, entry["file"]), self.root)
                if not name.startswith("ext/"):
                    continue
                with open(os.path.join(self.root, name), encoding="utf-8") as source:
                    text = source.read().split("\n")
                for line in entry["lines"]:
                    yield place_of_line(name, text[line["line_number"] - 1]), line["count"]


def mark(test):
    """Changes when the test does."""
    source = test[len("dist/"):] + ".c" if test.startswith("dist/") else test
    with open(os.path.join(ROOT, source), "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()[:16]


def measure(path, tests, plain, place):
    """{test: {"cost": CPU seconds, "places": [...]}} of TESTS, of which PATH keeps what was measured. A test that
    fails in PLAIN, a tree, is left out. PLACE: a directory for the measuring tree."""
    known = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            known = json.load(file)
    telling = None
    for test in tests:
        kept = known.get(test, {})
        if kept.get("mark") == mark(test) and kept["cost"] is not None:
            continue
        if telling is None:
            telling = Telling(place)
            if not telling.make("all"):
                raise SystemExit("the sources do not build with what measures them")
        fine, cost = plain.passes(test)
        if not fine:
            print(f"# {test} fails without any change and is left out", flush=True)
        telling.forget()
        telling.passes(test)
        reached = sorted(telling.reached())
        if is_of_command(test) and not any(is_script(place) for place in reached):
            print(f"# {test} seems to reach none of the scripts, and will be asked of none", flush=True)
        known[test] = {"mark": mark(test), "cost": cost if fine else None, "places": reached}
        with open(path + ".new", "w", encoding="utf-8") as file:
            json.dump(known, file, indent=0)
        os.replace(path + ".new", path)
    return {test: known[test] for test in tests if known[test]["cost"] is not None}
