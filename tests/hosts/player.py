"""What the tests of the hosts share: the scenario, and a player of it in another language.

A player is a program of its own, in play/. It is told the extension, a database that is not there yet, and the
scenario, plays all of it on one connection, and prints

    host: NAMES AND VERSIONS        first, for a person to read
    row: A|B|...                    each row that a statement gives
    refused: RESULT MESSAGE         if it is refused, the result code and message that the host shows
    --                              after each statement
    closed                          when the connection was closed without an error

What must come of each statement stands in the scenario; play() compares the two.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from tap import EXTENSION, MISUSE, ROOT, connect, diag, done, is_, ok  # noqa: E402

SCENARIO = os.path.join(HERE, "scenario.sql")

# What make test-hosts puts there, and what is compiled here.
BUILT = os.path.join(ROOT, "dist", "hosts")
NPM = os.path.join(BUILT, "node_modules")


def statements():
    """The statements of the scenario: (line, sql, code or None, texts, rows, values to bind)."""
    block, line = [], 0
    with open(SCENARIO, encoding="utf-8") as file:
        for number, text in enumerate([*file.read().split("\n"), "--"], 1):
            if text != "--":
                block.append(text)
                line = line or (number if text and not text.startswith("--") else 0)
                continue
            if line:
                said = [match.groups() for match in map(re.compile("-- ([a-z]+): (.*)").match, block) if match]
                texts = {word: [value for key, value in said if key == word]
                         for word in ("expect", "says", "row", "bind")}
                sql = "\n".join(text for text in block if not text.startswith("--"))
                bound = [int(value) if value.isdigit() else value for value in texts["bind"]]
                yield line, sql, (texts["expect"] or [None])[0], texts["says"], texts["row"], bound
            block, line = [], 0


def outcomes(text):
    """What a player printed after its first line: one (rows, refusal or None) for each statement."""
    found, rows, refusal = [], [], None
    for line in text.split("\n"):
        if line == "--":
            found.append((rows, refusal))
            rows, refusal = [], None
        elif line.startswith("refused: "):
            refusal = line.removeprefix("refused: ")
        elif line.startswith("row: "):
            rows.append(line.removeprefix("row: "))
        elif refusal is not None:
            refusal += "\n" + line  # a message may have several lines
    return found


def judge(line, outcome, code, says, rows, results):
    """One test: that OUTCOME is what the scenario wants. RESULTS: the result codes of a misuse and a refusal."""
    got_rows, refusal = outcome
    if code is None:
        is_((got_rows, refusal), (rows, None), f"line {line}: ok")
        return
    result, _, message = (refusal or "").partition(" ")
    want = results[0] if code.startswith(MISUSE) else results[1]
    found = re.search(r"tenure: ([a-z_.]+): ", message)
    passed = found and found[1] == code and result == str(want) and all(text in message for text in says)
    if not ok(passed, f"line {line}: {code}"):
        diag(f"got:  {outcome!r}\nwant: {want} tenure: {code}: with {says!r}")


def skip(reason):
    """Ends the file as skipped, or as failed where nothing may be (make test-hosts)."""
    if os.environ.get("TENURE_HOSTS") == "all":
        ok(False, reason)
        done()
    print(f"1..0 # SKIP {reason}; make test-hosts installs it", flush=True)
    sys.exit(0)


def has(*command):
    """Whether COMMAND is there and exits with 0."""
    return shutil.which(command[0]) is not None and run(*command).returncode == 0


def run(*command, cwd=HERE, **environment):
    return subprocess.run(command, cwd=cwd, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=600, check=False)


def ended_well(ran, name):
    """One test: that a program which RAN exits with 0. If not, what it said is shown."""
    if not ok(ran.returncode == 0, name):
        diag((ran.stdout + ran.stderr).decode("utf-8", "backslashreplace")[-4000:])


def needs(packages):
    """Skips the file unless each of the packages is there: {name: is it?}."""
    for package, is_there in packages.items():
        if not is_there:
            skip(f"{package} is not installed")


def play(*command, refusal=1811, misuse=1, **environment):
    """Plays the scenario with COMMAND, whose host shows these result codes."""
    with tempfile.TemporaryDirectory() as folder:
        database = os.path.join(folder, "t.db")
        ran = run(*command, EXTENSION, database, SCENARIO, **environment)
        text = ran.stdout.decode("utf-8", "backslashreplace")
        diag(text.split("\n")[0])
        ended_well(ran, "the player ran to its end")
        got, wanted = outcomes(text), list(statements())
        is_(len(got), len(wanted), "every statement was played")
        for outcome, (line, _, code, says, rows, _) in zip(got, wanted):
            judge(line, outcome, code, says, rows, (misuse, refusal))
        is_(text.rstrip("\n").split("\n")[-1], "closed", "its connection was closed without an error")
        is_(os.listdir(folder), ["t.db"], "and left nothing beside the database")
        if os.path.exists(database):
            connect(database).close()
    done()
