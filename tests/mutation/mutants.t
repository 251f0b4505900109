#!/usr/bin/python3
"""The mutation run itself, in small: it finds something to break in every way and every file that judges,
and a few breaks that must never pass are noticed by the test of their subject."""
import os
import re
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
sys.path.insert(0, HERE)
from apart import may_be_apart  # noqa: E402
from mutants import JUDGES, ROOT, all_mutants  # noqa: E402
from order import is_script  # noqa: E402
from tap import diag, done, is_, ok  # noqa: E402
from tree import Tree  # noqa: E402

# The kinds of mutants: where they are, how their names begin, and how many there are at the least.
KINDS = {
    "a condition always true": ("sql/", r"always true: ", 300),
    "a condition always false": ("sql/", r"always false: ", 300),
    "a statement left out": ("sql/", r"without: ", 200),
    "an operator": ("ext/", r"(<|>|<=|>=|==|!=|&&|\|\|) becomes ", 200),
    "a cell of a policy table": ("ext/", r"column \d+ becomes [01]: ", 50),
    "an edge of the matrix": ("ext/", r"column \d+ becomes [xo], +[xo]: ", 10),
    "a test of a script turned round": ("bin/", r"turned round: ", 150),
    "an operator of a script": ("bin/", r"\S+ becomes ", 300),
    "a command of a script left out": ("bin/", r"without: ", 1000),
}

# File, how the mutant's name begins, the test that notices it.
MUST_DIE = [
    ("ext/fence.c", "!= becomes ==: if (shown.known && shown.value", "tests/verbs/heartbeat.t"),
    ("sql/verb/heartbeat.sql", "always false: h.stale", "tests/verbs/heartbeat.t"),
    ("sql/guard/session_update.sql", "always false: NEW.revision <> session_next_revision(OLD.revision)",
     "tests/guards/session_update.t"),
    ("sql/guard/session_insert.sql", "always false: scope = NEW.scope AND ended_at IS NULL",
     "tests/guards/session_insert.t"),
    ("sql/guard/session_delete.sql", "always false: parent_session_id = OLD.session_id AND ended_at IS NULL",
     "tests/guards/session_delete.t"),
    ("bin/lib/verbs/graph.sh", "turned round: elif [[ $FORMAT == json ]]", "tests/cli/graph.t"),
]


def first_difference(mutant):
    with open(os.path.join(ROOT, mutant.file), encoding="utf-8") as file:
        return next((i for i, pair in enumerate(zip(file.read(), mutant.text)) if pair[0] != pair[1]), None)


mutants = list(all_mutants())
for kind, (folder, pattern, least) in KINDS.items():
    found = [m for m in mutants if m.file.startswith(folder) and re.match(pattern, m.what)]
    ok(len(found) >= least, f"{kind}: at least {least} mutants")
ok(all(first_difference(m) is not None or m.what.startswith("without: ") for m in mutants),
   "every mutant differs from its original")
is_(len({(m.file, m.text) for m in mutants}), len(mutants), "and from every other")
is_({f"ext/{name}.c" for name in JUDGES} - {m.file for m in mutants}, set(), "each C file that judges has some")

with tempfile.TemporaryDirectory() as place:
    tree = Tree(os.path.join(place, "tree"))
    if not ok(tree.make("all"), "a copy of the sources builds"):
        done()
    is_(tree.passes("tests/guards/session_delete.t")[0], True, "a test passes in the copy")
    for file, what, test in MUST_DIE:
        if is_script(file) and not may_be_apart():
            diag(f"{what} of {file} is not tried: unshare(1), which keeps its signals from others, does not work here")
            continue
        found = [m for m in mutants if m.file == file and m.what.startswith(what)]
        if is_(len(found), 1, f"one mutant of {file} is {what}"):
            with tree.broken(found[0]):
                is_((tree.builds(file), tree.passes(test)[0]), (True, False), f"{test} notices it")
        else:
            diag("\n".join(m.name() for m in mutants if m.file == file))

done()
