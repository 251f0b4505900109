"""Which tests the mutation run asks, and in what order: those of the mutant's subject first, then what has
noticed most for its time; none that does not reach the place (reach.py)."""
import glob
import math
import os
import re

# The tests of the rules: fast, without the machine's clock or many processes. An upgrade may write what others may
# not, so what it does is among them.
RULES = ("verbs", "guards", "turns", "keep", "wait", "policy", "core", "install")
# Those of the command, which are asked for its scripts.
COMMAND = ("cli", "run", "hooks")
# Not worth running here even with --all: what measures, needs real time, or judges the sources themselves.
NEVER = ("bench", "storm", "demo", "docs", "mutation", "hosts", "fuzz", "formal", "pause", "fault", "cover", "memory")
# Tests of the rules that run many processes, or long: they see no rule that the others do not.
LONG = ("keep/races.t", "turns/kill.t", "turns/race.t", "install/install.t", "run/storm.t", "hooks/race.t")

# CPU seconds that a C program costs on top of its own.
LINKING = 1.0

# Files whose name does not say where their tests are. What is named here counts as if named by the test.
SUBJECTS = [
    (r"sql/guard/session_", r"guards/(session_|whole_life)"),
    (r"sql/guard/session_turns|session_effects", r"turns/(settle|mirrors)|verbs/(start|transition)"),
    (r"sql/guard/(event|history|meta|scope|receipt|result|request|notes|turn)", r"guards/other_tables"),
    (r"sql/guard/(history|request|turn)", r"turns/(verbs|settle|mirrors)"),
    (r"sql/guard/result|sql/view/record_gate", r"wait/(raw|record)"),
    (r"sql/guard/notes|(baseline|gate)_set|escalat", r"verbs/notes"),
    (r"sql/verb/(turn_|request_|usage)|sql/view/(turn_|cost)", r"turns/(verbs|mirrors)"),
    (r"sql/verb/record_", r"wait/record"),
    (r"sql/view/(orphan|reapable|collectable|forgettable|replay|logged|projection)", r"keep/(settle|reap|gc|doctor)"),
    (r"sql/view/refusal", r"verbs/refusals"),
    (r"sql/view/receipt", r"verbs/receipts"),
    (r"sql/view/(presence|holder)", r"verbs/(notes|heartbeat|takeover)"),
    (r"ext/policy", r"policy/|guards/session_edges"),
    (r"ext/outcome", r"wait/outcome_test"),
    (r"ext/lease", r"verbs/(start|heartbeat|takeover|clock)|policy/core|guards/session_update"),
    (r"ext/verdict", r"keep/verdict"),
    (r"ext/fence", r"verbs/which_row"),
    (r"ext/json", r"core/json_test|verbs/inner_functions|turns/verbs"),
    (r"ext/guard", r"verbs/guard"),
    (r"ext/start", r"verbs/(start|resume)|guards/session_insert"),
    (r"ext/turn", r"turns/"),
    (r"ext/process", r"core/process_test|verbs/(takeover|functions)"),
    (r"ext/text", r"core/text_test|verbs/(hostile|functions)"),
    (r"ext/legacy", r"core/legacy_test|verbs/import"),
    (r"ext/ulid", r"core/ulid_test|verbs/functions"),
    (r"bin/lib/(verbs/)?run", r"run/"),
    (r"bin/lib/timeline", r"cli/timeline"),
    (r"bin/lib/verbs/hook|bin/lib/(events|progress)", r"hooks/"),
]


def is_script(file):
    return file.startswith("bin/")


def is_of_command(test):
    return test.split(os.sep)[1] in COMMAND


def find(root, files, everything):
    """The tests below ROOT, as paths from it, that may notice a mutant of FILES: those of the rules and of the
    command as they are needed, or all but NEVER."""
    groups = (COMMAND if any(map(is_script, files)) else ()) + (() if all(map(is_script, files)) else RULES)
    found = []
    for path in sorted(glob.glob(os.path.join(root, "tests", "*", "*.t"))
                       + glob.glob(os.path.join(root, "tests", "*", "*_test.c"))):
        test = os.path.relpath(path, root)
        group = test.split(os.sep)[1]
        if group not in NEVER and (everything or (group in groups and not test.endswith(LONG))):
            found.append(f"dist/{test[:-2]}" if test.endswith(".c") else test)
    return found


def kind(what):
    """Mutants of one kind, such as those that leave out the same check in different verbs, die of the same test."""
    return what[:36]


class Order:
    """Learns while it is used: noticed() after each mutant that a test found."""

    def __init__(self, root, measured):
        self.costs = {test: known["cost"] for test, known in measured.items()}
        self.places = {test: set(known["places"]) for test, known in measured.items()}
        self.words = {}
        for test in measured:
            source = test[len("dist/"):] + ".c" if test.startswith("dist/") else test
            with open(os.path.join(root, source), encoding="utf-8", errors="replace") as file:
                self.words[test] = file.read()
        self.kills, self.prior = {}, {}

    def near(self, test, file):
        """How much a test looks like one of the subject of FILE."""
        if (test, file) not in self.prior:
            word = os.path.splitext(os.path.basename(file))[0]
            weight = math.log2(1 + len(re.findall(rf"\b(?:tenure_)?{word}\b", self.words[test])))
            named = re.search(rf"/{word}(_test|\.t)", test)
            hinted = any(re.match(at, file) and re.search(tests, test) for at, tests in SUBJECTS)
            self.prior[test, file] = weight / 2 + 4 * bool(named) + 3 * hinted
        return self.prior[test, file]

    def of(self, mutant):
        """The tests that reach what the mutant changes, the most promising for its time first; all of them where
        it is not known. Scripts have tests of their own. A C program has to be linked anew, and only C files are
        worth that."""
        def promise(test):
            kills = (4 * self.kills.get((test, mutant.file), 0) + 4 * self.kills.get((test, kind(mutant.what)), 0)
                     + 0.3 * self.kills.get(test, 0))
            return (0.1 + self.near(test, mutant.file) + kills) / (self.price(test) + 0.3)
        if is_script(mutant.file):
            tests = [test for test in self.costs if is_of_command(test)]
        else:
            tests = [test for test in self.costs if mutant.file.startswith("ext/") or not test.startswith("dist/")]
        reaching = [test for test in tests if mutant.needs in self.places[test]]
        return sorted(reaching or tests, key=promise, reverse=True)

    def price(self, test):
        return self.costs[test] + LINKING * test.startswith("dist/")

    def noticed(self, test, file, what):
        for key in (test, (test, file), (test, kind(what))):
            self.kills[key] = self.kills.get(key, 0) + 1
