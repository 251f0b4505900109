#!/usr/bin/python3
"""run.py [--sample N] [--seed S] [--only TEXT] [--survivors FILE]: breaks Tenure in one place at a time and
requires the tests to notice.

Works on a copy of the sources below dist/mutation. A mutant is dead when it does not compile, when a test
fails, or when one hangs. Tests run one after another until one fails, those first that have killed most
mutants for their time so far. Survivors are printed, and written to the file; a mutant that cannot be told
from the original is listed, with the reason, in tests/mutation/equivalent.txt. Exit 1 if any survives."""
import argparse
import glob
import os
import random
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from mutants import ROOT, all_mutants  # noqa: E402

TREE = os.path.join(ROOT, "dist", "mutation", "tree")
# What is not worth running here: what measures, what needs real time, what judges the sources themselves.
SLOW = ("tests/bench/", "tests/storm/", "tests/demo/", "tests/docs/", "tests/mutation/", "tests/memory/valgrind.t",
        "tests/hosts/", "tests/fuzz/", "tests/formal/", "tests/pause/", "tests/run/", "tests/fault/")
LIMIT = 90  # seconds for one test


def make_tree():
    shutil.rmtree(TREE, ignore_errors=True)
    os.makedirs(TREE)
    for name in ("Makefile", "README.md", "bin", "docs", "examples", "ext", "packaging", "sql", "tests"):
        source = os.path.join(ROOT, name)
        if os.path.isdir(source):
            shutil.copytree(source, os.path.join(TREE, name))
        elif os.path.exists(source):
            shutil.copy(source, TREE)


def build(with_c_tests):
    targets = ["all"] + (["test-programs"] if with_c_tests else [])
    return subprocess.run(["make", "-s", "-C", TREE, "CFLAGS=-O1"] + targets, capture_output=True,
                          check=False).returncode == 0


def passes(test):
    command = [os.path.join(TREE, test)]
    try:
        done = subprocess.run(command, cwd=TREE, capture_output=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0 and b"\nnot ok" not in b"\n" + done.stdout


def all_tests():
    found = [os.path.relpath(path, TREE) for path in glob.glob(os.path.join(TREE, "tests", "*", "*.t"))]
    programs = [os.path.relpath(path, TREE) for path in glob.glob(os.path.join(TREE, "dist", "tests", "*", "*_test"))]
    return [test for test in sorted(found) if not test.startswith(SLOW)], programs


class Suite:
    """The tests with what they cost and what they caught."""

    def __init__(self):
        scripts, programs = all_tests()
        self.programs = set(programs)
        self.cost, self.kills = {}, {}
        for test in scripts + programs:
            begun = time.monotonic()
            if passes(test):
                self.cost[test], self.kills[test] = time.monotonic() - begun + 0.01, 0.5
            else:
                print(f"# {test} fails without any change and is left out", flush=True)

    def killer(self, mutant):
        """The first test that notices, or None."""
        order = sorted(self.cost, key=lambda test: self.kills[test] / self.cost[test], reverse=True)
        for test in order:
            if test in self.programs and not mutant.file.startswith("ext/"):
                continue
            if not passes(test):
                self.kills[test] += 1
                return test
        return None


def read_equivalent():
    path = os.path.join(ROOT, "tests", "mutation", "equivalent.txt")
    with open(path, encoding="utf-8") as file:
        return [line.strip() for line in file if line.strip() and line[0] not in "# "]


def is_equivalent(mutant, listed):
    return any(f"{mutant.file}: {mutant.what}".startswith(line) for line in listed)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sample", type=int)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--only", default="")
    parser.add_argument("--survivors", default=os.path.join(ROOT, "dist", "mutation", "survivors.txt"))
    asked = parser.parse_args()
    listed = read_equivalent()
    mutants = [m for m in all_mutants() if asked.only in m.name() and not is_equivalent(m, listed)]
    random.Random(asked.seed).shuffle(mutants)
    mutants = mutants[:asked.sample]
    make_tree()
    if not build(True):
        sys.exit("the sources do not build as they are")
    suite = Suite()
    print(f"# {len(mutants)} mutants, seed {asked.seed}, {len(suite.cost)} tests", flush=True)
    survivors = []
    with open(asked.survivors, "w", encoding="utf-8") as out:
        for number, mutant in enumerate(mutants, 1):
            path = os.path.join(TREE, mutant.file)
            with open(path, encoding="utf-8") as file:
                original = file.read()
            with open(path, "w", encoding="utf-8") as file:
                file.write(mutant.text)
            try:
                by = suite.killer(mutant) if build(mutant.file.startswith("ext/")) else "the compiler"
            finally:
                with open(path, "w", encoding="utf-8") as file:
                    file.write(original)
            if by is None:
                survivors.append(mutant)
                out.write(mutant.name() + "\n")
                out.flush()
            print(f"{'SURVIVES' if by is None else 'dead'} {number}/{len(mutants)} {mutant.name()}"
                  f"{'' if by is None else ' by ' + by}", flush=True)
    print(f"mutants: {len(mutants)}, noticed: {len(mutants) - len(survivors)}, survivors: {len(survivors)}")
    sys.exit(1 if survivors else 0)


main()
