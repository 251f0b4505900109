#!/usr/bin/python3
"""The formal models: lease.pml and clock.pml keep every property, and each rule that is left out breaks
exactly the properties that the table in the model names. The quick run breaks one rule in eight, by chance.

From the environment: TENURE_LONG, which breaks all; TENURE_SEED, which repeats the choice; FORMAL_CEILING, how many
numbers the lease model takes (4; each one more makes it about six times as large).
"""

import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.dont_write_bytecode = True
from chance import one_in  # noqa: E402
from tap import diag, done, is_, ok  # noqa: E402

RULE = re.compile(r"^#define (\w+) +\d+ +/\* ([a-z_ ]+) \*/$", re.MULTILINE)
TABLE_ENDS = "#ifndef WITHOUT"
PROPERTY = re.compile(r"^hidden byte (\w+);", re.MULTILINE)


class Verdict:
    """What the verifier says of a model with DEFINES: it walks through every state, past each assertion that
    fails."""

    def __init__(self, model, *defines):
        with tempfile.TemporaryDirectory(prefix="tenure-formal.") as folder:
            run(folder, "spin", *(f"-D{name}" for name in defines), "-a", os.path.join(HERE, model))
            run(folder, "cc", "-O0", "-w", "-DSAFETY", "-o", "pan", "pan.c")
            text = run(folder, "./pan", "-c0", "-m100000", "-w20")
        self.is_complete = "error: max search depth too small" not in text
        self.broken = set(re.findall(r"assertion violated \(?(\w+)", text))
        self.errors = int(re.search(r"errors: (\d+)", text)[1])
        self.states = int(re.search(r"(\d+) states, stored", text)[1])
        self.depth = int(re.search(r"depth reached (\d+)", text)[1])
        self.seconds = re.search(r"elapsed time (\S+)", text)[1]
        self.unreached = [line.strip() for line in re.findall(r"^\t(.*, state \d+, .*)$", text, re.MULTILINE)
                          if '"-end-"' not in line]


def run(folder, *command):
    process = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             check=False)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {process.stdout}")
    return process.stdout


def test_whole(model, verdict):
    diag(f"{model}: {verdict.states} states, depth {verdict.depth}, {verdict.seconds} s")
    is_(sorted(verdict.broken), [], f"{model}: every property holds")
    ok(verdict.errors == 0 and verdict.is_complete, f"{model}: every state was seen, none is a dead end")
    is_(verdict.unreached, [], f"{model}: every step of the model can happen")


def test_rule(model, rule, wanted, verdict):
    is_(sorted(verdict.broken), sorted(wanted), f"{model} without {rule}: {' '.join(wanted)}")


def test_table(model, text, rules):
    """No property holds for the reason that nothing could break it."""
    breakable = {name for wanted in rules.values() for name in wanted}
    is_(sorted(breakable), sorted(PROPERTY.findall(text)), f"{model}: each property breaks without some rule")


def main():
    ceiling = f"CEILING={os.environ.get('FORMAL_CEILING', 4)}"
    with ThreadPoolExecutor(max_workers=2) as pool:
        for model, whole, small in (("lease.pml", [ceiling], ["CEILING=3"]), ("clock.pml", [], [])):
            with open(os.path.join(HERE, model), encoding="utf-8") as file:
                text = file.read()
            rules = {name: wanted.split() for name, wanted in RULE.findall(text.split(TABLE_ENDS)[0])}
            tried = one_in(8, rules)
            # Spin does not say which statements of a d_step were never reached, but of an atomic it does.
            proof = pool.submit(Verdict, model, "d_step=atomic", *whole)
            broken = {rule: pool.submit(Verdict, model, f"WITHOUT={rule}", *small) for rule in tried}
            test_whole(model, proof.result())
            test_table(model, text, rules)
            for rule in tried:
                test_rule(model, rule, rules[rule], broken[rule].result())
    done()


main()
