"""Processes as the tests see them: whether they live, what they have started, and waiting for what is to come."""

import os
import signal
import time

# How long a test waits for something that comes at once on a machine with nothing else to do, in seconds.
PATIENCE = 60


def until(condition, patience=PATIENCE):
    """Waits until CONDITION() is true; gives its value, false if it never is."""
    end = time.monotonic() + patience
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.02)


def hear_signals():
    """Lets the signals of a terminal end what is started from here on. Whoever runs a test may ignore them."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def stat(pid):
    """State (a letter, as ps(1) has it), parent and group of a process; None if there is none."""
    try:
        with open(f"/proc/{pid}/stat", encoding="latin-1") as file:
            state, parent, group = file.read().rsplit(")", 1)[1].split()[:3]
        return state, int(parent), int(group)
    except (OSError, ValueError):
        return None


def state(pid):
    """The letter alone, '' if there is no such process."""
    return (stat(pid) or ("",))[0]


def lives(pid):
    """False for a process that has ended, also where nobody has asked after it yet."""
    return state(pid) not in ("", "Z", "X")


def name_of(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="latin-1") as file:
            return file.read().strip()
    except OSError:
        return ""


def children(pid):
    """The living processes that PID has started."""
    found = ((int(entry), stat(entry)) for entry in os.listdir("/proc") if entry.isdigit())
    return [child for child, seen in found if seen and seen[0] not in "ZX" and seen[1] == pid]


def descendants(pid):
    return [found for child in children(pid) for found in (child, *descendants(child))]


def ignores(pid, number):
    """True for a living process that ignores a signal."""
    try:
        with open(f"/proc/{pid}/status", encoding="latin-1") as file:
            ignored = next(line.split()[1] for line in file if line.startswith("SigIgn:"))
    except (OSError, StopIteration):
        return False
    return lives(pid) and bool(int(ignored, 16) >> (number - 1) & 1)


def kill(pid, number):
    """Sends a signal, if there is still somebody to get it."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass
