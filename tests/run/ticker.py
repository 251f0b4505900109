"""A command for tests: every 20 ms it writes the monotonic time to a file of its own, which nothing guards, and
with its fence to the table 'work', which is guarded. The first argument may be 'deaf', to ignore TERM, or
'polite', to write down when it came and end; the second is for how many seconds it works."""

import os
import signal
import sqlite3
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
sys.dont_write_bytecode = True
from tap import connect  # noqa: E402

SESSION, FENCE = os.environ["TENURE_SESSION"], int(os.environ["TENURE_FENCE"])


def polite(*_):
    write(time.monotonic_ns())
    write("TERM")
    os._exit(0)


def write(what):
    with open(f"{os.environ['TENURE_DB']}.{SESSION}", "a", encoding="utf-8") as file:
        file.write(f"{what}\n")


manner, seconds = (sys.argv[1:] + ["", "inf"][len(sys.argv) - 1:])[:2]
if manner:
    signal.signal(signal.SIGTERM, signal.SIG_IGN if manner == "deaf" else polite)
db = connect(os.environ["TENURE_DB"], timeout=0)
held, end = False, time.monotonic() + float(seconds)
while time.monotonic() < end:
    write(time.monotonic_ns())
    try:
        if not held:
            db.execute("SELECT tenure_hold(?, ?)", (SESSION, FENCE)).fetchall()
            held = True
        db.execute("INSERT INTO work (session_id, fence, at) VALUES (?, ?, ?)", (SESSION, FENCE, time.monotonic_ns()))
    except sqlite3.Error:
        pass  # busy, or refused: what the test looks for is what gets through
    time.sleep(0.02)
