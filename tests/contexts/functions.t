#!/usr/bin/python3
"""What the extension adds to a connection, by the engine's own list: nothing undocumented, everything with
the flags of its class; and what the file shows to the loader."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from surface import FUNCTIONS, MODULES, VARIADIC, count_of, name_of  # noqa: E402
from tap import EXTENSION, ROOT, connect, done, error_of, is_, ok  # noqa: E402

DETERMINISTIC, INNOCUOUS, DIRECTONLY = 0x800, 0x200000, 0x80000
FLAGS = {"pure": DETERMINISTIC | INNOCUOUS, "reading": INNOCUOUS, "inside": INNOCUOUS, "direct": DIRECTONLY,
         "alone": DIRECTONLY}
LIST = "SELECT name, narg, flags, type FROM pragma_function_list"

bare = connect(extension=False)
before = set(bare.execute(LIST).fetchall())
modules = set(bare.execute("SELECT name FROM pragma_module_list").fetchall())
db = connect()
added = {(name, count): (flags, kind) for name, count, flags, kind in set(db.execute(LIST).fetchall()) - before}
documented = {(name_of(call), -1 if name_of(call) in VARIADIC else count_of(call)): kind
              for kind, calls in FUNCTIONS.items() for call in calls}
is_(sorted(set(added) - set(documented)), [], "no function is undocumented")
is_(sorted(set(documented) - set(added)), [], "no documented function is missing")
for (name, count), kind in sorted(documented.items()):
    flags, form = added.get((name, count), (0, None))
    is_(flags & (DETERMINISTIC | INNOCUOUS | DIRECTONLY), FLAGS[kind],
        f"{name}/{count} has the flags of a {kind} one")
    is_(form, "s", f"{name}/{count} is an ordinary scalar function")
is_(sorted({name for name, count in added} & {name for name, *_ in before}), [],
    "no function of SQLite is replaced")
is_(sorted(name for (name,) in set(db.execute("SELECT name FROM pragma_module_list").fetchall()) - modules),
    sorted(MODULES), "the virtual tables are those documented")
for name in sorted(MODULES):
    ok(error_of(db, f"CREATE VIRTUAL TABLE v USING {name}") is not None, f"{name} is eponymous only")
    for statement in (f"INSERT INTO {name} VALUES (1)", f"DELETE FROM {name}", f"UPDATE {name} SET rowid = 1"):
        ok(error_of(db, statement) is not None, f"{name} is read-only: {statement.split()[0]}")

# Prefixes: what is Tenure's is known by its name.
PREFIXES = ("tenure_", "session_", "lease_", "turn_", "process_", "host_", "display_safe")
is_([name for name, _ in sorted(added) if not name.startswith(PREFIXES)], [],
    "every name has one of our prefixes")

# The README names what is for everybody, the header comments what is for the triggers.
with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
    readme = file.read()
INSIDE = ("tenure_check_", "tenure_report", "tenure_verb", "tenure_effect", "tenure_within", "tenure_replay",
          "tenure_is_blank",
          "tenure_object", "tenure_refuse", "tenure_guard_check", "tenure_clock_kind", "tenure_present",
          "tenure_fence_refusal", "tenure_start_", "lease_granted", "lease_left", "lease_overdue",
          "session_end_status", "session_end_is_loss", "session_result_replaces", "turn_", "tenure_add",
          "tenure_json_merge", "tenure_detail")
sources = ""
for name in os.listdir(os.path.join(ROOT, "ext")):
    with open(os.path.join(ROOT, "ext", name), encoding="utf-8") as file:
        sources += file.read()
for name in sorted({name for name, _ in documented}):
    if name.startswith(INSIDE):
        ok(sources.count(name) > 1, f"{name} is described where it is made")
    elif not name.startswith("session_is_") and name != "session_allows_turn":
        ok(name in readme, f"the README names {name}")

# The file: one entry point, no SQLite of its own and none to be found by the loader.
path = EXTENSION if EXTENSION.endswith(".so") else EXTENSION + ".so"


def lines(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")


is_([line.split()[-1] for line in lines("nm", "-D", "--defined-only", path) if line], ["sqlite3_tenure_init"],
    "sqlite3_tenure_init is all that the file exports")
is_([line for line in lines("nm", "-D", "--undefined-only", path) if " sqlite3_" in line], [],
    "it asks the loader for nothing of SQLite's")
is_([line for line in lines("readelf", "-d", path) if "(NEEDED)" in line and "sqlite" in line], [],
    "and is not linked to its library")
variables = [line.split()[-1] for line in lines("nm", path) if line.split()[-2:-1] in (["b"], ["B"])]
is_([name for name in variables if not name.startswith(("_", "completed"))], ["sqlite3_api"],
    "its only variable is where SQLite's functions are")
done()
