#!/usr/bin/python3
"""Breaks Tenure in one place at a time and requires the tests to notice.

Each job works on a copy of the sources of its own below dist/mutation. A mutant is dead when it does not
compile, when a test fails, or when one hangs; the first "not ok" is enough. order.py says which tests are
asked. The tests look at the health of their databases at the end only (TENURE_HEALTH), but for --health.
Survivors are printed; a mutant that cannot be told from the original is listed, with the reason, in
tests/mutation/equivalent.txt. Exit 1 if any survives.

What came out is kept in dist/mutation/results.txt, a line each, so that a run can be resumed: a mutant
counts as tried as long as the file it changes is the same."""
import argparse
import hashlib
import os
import queue
import random
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import order  # noqa: E402
import reach  # noqa: E402
from mutants import ROOT, all_mutants  # noqa: E402
from apart import may_be_apart  # noqa: E402
from tree import Tree  # noqa: E402

PLACE = os.path.join(ROOT, "dist", "mutation")
RESULTS = os.path.join(PLACE, "results.txt")


def killer(tree, mutant, tests, patience):
    """The first test that notices a mutant, or None; asks for PATIENCE CPU seconds at the most."""
    with tree.broken(mutant):
        if not tree.builds(mutant.file):
            return "the compiler"
        spent = 0.0
        for test in tests.of(mutant):
            if spent + tests.price(test) > patience:
                continue
            fine, cost = tree.passes(test, tests.costs[test])
            if not fine:
                tests.noticed(test, mutant.file, mutant.what)
                return test
            spent += cost
    return None


def read_equivalent():
    path = os.path.join(ROOT, "tests", "mutation", "equivalent.txt")
    with open(path, encoding="utf-8") as file:
        return [line.strip() for line in file if line.strip() and line[0] not in "# "]


def spread(mutants, seed):
    """Shuffled so that any beginning of the list has its share of each file."""
    chance, files = random.Random(seed), {}
    for mutant in mutants:
        files.setdefault(mutant.file, []).append(mutant)
    placed = []
    for file in sorted(files):
        chance.shuffle(files[file])
        offset = chance.random()
        placed += [((i + offset) / len(files[file]), file, i) for i in range(len(files[file]))]
    return [files[file][i] for _, file, i in sorted(placed)]


def key(mutant):
    return hashlib.sha256((mutant.file + "\0" + mutant.text).encode()).hexdigest()[:16]


def read_results():
    """What noticed each mutant tried so far, '-' for a survivor, with its file and what it does, by key."""
    if not os.path.exists(RESULTS):
        return {}
    with open(RESULTS, encoding="utf-8") as file:
        lines = [line.rstrip("\n").split("\t") for line in file]
    return {key: (by, name.split(":")[0], name.split(": ", 1)[1]) for key, by, name in lines}


class Run:
    def __init__(self, asked, mutants):
        self.patience, self.total = asked.patience, len(mutants)
        self.survivors, self.tried, self.lock = [], 0, threading.Lock()
        self.queue = queue.SimpleQueue()
        self.end = time.monotonic() + asked.minutes * 60
        for mutant in mutants:
            self.queue.put(mutant)

    def work(self, tree, tests, out):
        while time.monotonic() < self.end:
            try:
                mutant = self.queue.get_nowait()
            except queue.Empty:
                return
            by = killer(tree, mutant, tests, self.patience)
            with self.lock:
                self.tried += 1
                if by is None:
                    self.survivors.append(mutant)
                out.write(f"{key(mutant)}\t{by or '-'}\t{mutant.name()}\n")
                out.flush()
                print(f"{'SURVIVES' if by is None else 'dead'} {self.tried}/{self.total} {mutant.name()}"
                      f"{'' if by is None else ' by ' + by}", flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, help="so many mutants, spread evenly over the files")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--only", nargs="*", default=[""], help="mutants with one of these texts in FILE:LINE: WHAT")
    parser.add_argument("--skip", nargs="*", default=[], help="but none with one of these")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--all", action="store_true", help="ask the slow tests too, not only those of the rules")
    parser.add_argument("--patience", type=float, default=float("inf"), help="CPU seconds of tests for one mutant")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no mutant after that")
    parser.add_argument("--resume", action="store_true", help="leave out what was tried before")
    parser.add_argument("--health", action="store_true", help="let the tests look at their databases all along")
    parser.add_argument("--again", action="store_true", help="only those that survived before")
    return parser.parse_args()


def main():
    signal.signal(signal.SIGINT, signal.default_int_handler)  # tests need it, and "&" has it ignored
    asked = arguments()
    listed, before = read_equivalent(), read_results()
    mutants = [m for m in spread(all_mutants(), asked.seed) if any(text in m.name() for text in asked.only)
               and not any(text in m.name() for text in asked.skip)
               and not any(f"{m.file}: {m.what}".startswith(line) for line in listed)][:asked.sample]
    if asked.again:
        mutants = [m for m in mutants if before.get(key(m), ("",))[0] == "-"]
    elif asked.resume:
        mutants = [m for m in mutants if key(m) not in before]
    if any(order.is_script(m.file) for m in mutants) and not may_be_apart():
        sys.exit("broken scripts are tested apart from other processes, by unshare(1), which does not work here; "
                 "leave them out with --skip bin/")
    os.makedirs(PLACE, exist_ok=True)
    trees = [Tree(os.path.join(PLACE, f"tree{number}"), healthy=asked.health) for number in range(asked.jobs)]
    if not all(tree.make("all") for tree in trees):
        sys.exit("the sources do not build as they are")
    found = order.find(ROOT, {mutant.file for mutant in mutants}, asked.all)
    measured = reach.measure(os.path.join(PLACE, "reach.json"), found, trees[0], os.path.join(PLACE, "reach"))
    tests = order.Order(ROOT, measured)
    for by, file, what in before.values():
        if by in tests.costs:
            tests.noticed(by, file, what)
    print(f"# {len(mutants)} mutants, seed {asked.seed}, {len(tests.costs)} tests", flush=True)
    run = Run(asked, mutants)
    with open(RESULTS, "a" if asked.resume or asked.again else "w", encoding="utf-8") as out:
        workers = [threading.Thread(target=run.work, args=(tree, tests, out)) for tree in trees]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    for mutant in run.survivors:
        print(f"survivor: {mutant.name()}")
    print(f"mutants: {run.tried}, noticed: {run.tried - len(run.survivors)}, survivors: {len(run.survivors)}")
    sys.exit(1 if run.survivors else 0)


main()
