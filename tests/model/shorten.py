"""Making a failing program short, by leaving parts out for a while, and showing it."""

import shutil
import tempfile
import time

from run import Database, Run
from tap import diag

SECS = 15


def fails(steps, processes):
    """What is wrong with a program alone in a fresh database, with the number of the step."""
    folder = tempfile.mkdtemp(prefix="tenure-model-")
    database = Database(folder)
    try:
        return Run(database, processes).all(steps)
    finally:
        database.close()
        shutil.rmtree(folder)


def shortened(steps, processes):
    """A program that still fails in the same way, with what is wrong."""
    wrong = fails(steps, processes)
    if not wrong:
        return steps, (0, "alone in a fresh database it does not fail")
    steps, limit = steps[:wrong[0] + 1], time.monotonic() + SECS
    size = max(1, len(steps) // 2)
    while size >= 1 and time.monotonic() < limit:
        place = 0
        while place < len(steps) and time.monotonic() < limit:
            without = steps[:place] + steps[place + size:]
            found = fails(without, processes) if without else None
            if found:
                steps, wrong = without[:found[0] + 1], found
            else:
                place += size
        size //= 2
    return steps, wrong


def show(steps, processes):
    steps, wrong = shortened(steps, processes)
    for step in steps:
        args = {name: value for name, value in step["args"].items() if value not in (None, "none")}
        rest = {name: value for name, value in step.items() if name not in ("args", "verb") and value is not False}
        diag(f"{step['verb']} {args} {rest}")
    diag(wrong[1])
