#!/usr/bin/python3
"""Random programs of all verbs and of plain statements on several scopes and connections, with clocks that
jump, processes that die and transactions that are rolled back, against the model in world.py.

After every step the report, or the code of the refusal, and everything stored are compared, read through
another connection; now and then, and at the end, every view. From the environment: TENURE_SEED,
TENURE_STEPS. On a mismatch the program is shortened and printed.
"""

import os
import random
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "lib")]
sys.dont_write_bytecode = True
from found import programs  # noqa: E402
from processes import Processes  # noqa: E402
from run import Database, Run  # noqa: E402
from shorten import fails, show  # noqa: E402
from tap import diag, done, ok  # noqa: E402
from writer import LENGTH, Writer  # noqa: E402

SEED = int(os.environ.get("TENURE_SEED", random.SystemRandom().randrange(10**9)))
STEPS = int(os.environ.get("TENURE_STEPS", 70000))
RENEWED = 200  # after so many programs the database is made anew


def found_before(processes):
    for name, steps in programs():
        wrong = fails(steps, processes)
        if not ok(not wrong, name):
            diag(f"step {wrong[0]}: {wrong[1]}")


def play(count, folder, processes):
    """Plays COUNT random programs. Gives the one that fails with what is wrong, None if none does."""
    rng, database = random.Random(SEED), None
    for number in range(count):
        if number % RENEWED == 0:
            if database is not None:
                database.close()
                shutil.rmtree(folder)
            database = Database(folder)
        steps = Writer(rng).program()
        wrong = Run(database, processes).all(steps)
        if wrong:
            diag(f"program {number}, step {wrong[0]}: {wrong[1]}")
            return steps
        if number % 10000 == 9999:
            diag(f"{(number + 1) * LENGTH} steps")
    database.close()
    return None


def main():
    diag(f"TENURE_SEED={SEED} TENURE_STEPS={STEPS}")
    processes, folder, count = Processes(), tempfile.mkdtemp(prefix="tenure-model-"), max(1, STEPS // LENGTH)
    try:
        found_before(processes)
        failed = play(count, folder, processes)
        ok(failed is None, f"{count} random programs of {LENGTH} steps do as the model does")
        if failed:
            show(failed, processes)
    finally:
        processes.close()
        shutil.rmtree(folder)


main()
done()
