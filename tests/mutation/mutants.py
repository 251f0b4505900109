"""Every way in which the mutation run breaks Tenure: one small change to one file each."""
import glob
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import shell  # noqa: E402
from sqltext import bodies, conditions  # noqa: E402

# The C files that judge; the others only carry values to and fro, which coverage and the sweeps watch.
JUDGES = ["fence", "guard", "json_merge", "lease", "legacy", "outcome", "policy", "process", "start", "text", "turn", "ulid",
          "verb_functions", "verdict"]
OPERATORS = [(r"(?<![<>=!+\-])<(?![<=])", "<="), (r"(?<![<>=\-])>(?![>=])", ">="), (r"<=", "<"), (r">=", ">"),
             (r"==", "!="), (r"!=", "=="), (r"&&", "||"), (r"\|\|", "&&")]


class Mutant:
    """needs: the place that a test must reach to notice it, as reach.py names it; None if it is not known."""

    def __init__(self, file, line, what, text, needs=None):
        self.file, self.line, self.what, self.text = file, line, what, text  # text: the whole changed file
        self.needs = needs

    def name(self):
        return f"{self.file}:{self.line}: {self.what}"


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def short(text):
    text = " ".join(text.split())
    return text if len(text) <= 70 else text[:67] + "..."


# The names of places: by what stands there, so that they outlive a change elsewhere in the file. Two places of
# one name count as one.
def place_of_condition(file, condition, value):
    return f"{file}: {value}: {' '.join(condition.text.split())}"


def place_of_trigger(file, trigger):
    return f"{file}: {trigger}"


def place_of_line(file, line):
    return f"{file}: {line.strip()}"


def place_of_function(file, name):
    return f"{file}: {name}()"


def of_conditions(file, text):
    """Each condition of a trigger always true, and always false."""
    for condition in conditions(text):
        for word, value, other in (("true", "1", "false"), ("false", "0", "true")):
            yield Mutant(file, condition.line, f"always {word}: {short(condition.text)}",
                         text[:condition.start] + value + text[condition.end:],
                         place_of_condition(file, condition, other))


def of_statements(file, text):
    """Each statement of a trigger's body left out, as long as one is left."""
    for trigger, _, spans in bodies(text):
        for start, end in spans if len(spans) > 1 else []:
            line = text.count("\n", 0, start + len(text[start:end]) - len(text[start:end].lstrip())) + 1
            yield Mutant(file, line, f"without: {short(text[start:end])}", text[:start] + "\n" + text[end:],
                         place_of_trigger(file, trigger))


def of_operators(file, text):
    """Each comparison and connective of a judging C file turned, outside of comments, texts and assertions
    at compile time, of which a weaker one cannot be told from the right one."""
    silent = r'/\*.*?\*/|_Static_assert\(.*?\);|"(?:[^"\\\n]|\\.)*"|^#[^\n]*'
    code = re.sub(silent, lambda m: " " * len(m.group()), text, flags=re.S | re.M)
    for pattern, other in OPERATORS:
        for match in re.finditer(pattern, code):
            line = text.count("\n", 0, match.start()) + 1
            row = text.split("\n")[line - 1]
            yield Mutant(file, line, f"{match.group()} becomes {other}: {short(row)}",
                         text[:match.start()] + other + text[match.end():], place_of_line(file, row))


def of_tables(file, text):
    """Each 0 or 1 and each x or blank in a row of the policy tables turned over."""
    for match in re.finditer(r"(?<=[{, ])([01])(?=[,}])", text):
        line = text.count("\n", 0, match.start()) + 1
        row = text.split("\n")[line - 1]
        if row.count(",") < 6:
            continue
        value = "1" if match.group() == "0" else "0"
        yield Mutant(file, line, f"column {match.start() - text.rfind(chr(10), 0, match.start())} becomes {value}: "
                     f"{short(row)}", text[:match.start()] + value + text[match.end():])


def of_edges(file, text):
    """Each neighbouring pair of a legal and an illegal change in a row of the matrix exchanged: the compiler
    counts the edges, so one alone would not get past it."""
    for match in re.finditer(r"(?<=[ ,])(x|o), +(x|o)(?=[,)])", text):
        line = text.count("\n", 0, match.start()) + 1
        row = text.split("\n")[line - 1]
        if match.group(1) == match.group(2) or not row.lstrip().startswith("ROW("):
            continue
        swapped = match.group()[-1] + match.group()[1:-1] + match.group()[0]
        column = match.start() - text.rfind("\n", 0, match.start())
        yield Mutant(file, line, f"column {column} becomes {swapped}: {short(row)}",
                     text[:match.start()] + swapped + text[match.end():])


def of_scripts(file, text):
    """Each test of a script turned round, each connective and comparison exchanged, each command left out."""
    functions = shell.functions(text)
    for start, end, new, what in shell.edits(text):
        line = text.count("\n", 0, start) + 1
        inside = next((name for name, begin, over in functions if begin <= start < over), None)
        yield Mutant(file, line, f"{what}: {short(text.split(chr(10))[line - 1])}", text[:start] + new + text[end:],
                     inside and place_of_function(file, inside))


def scripts():
    paths = [os.path.join(ROOT, "bin", "tenure")] + sorted(glob.glob(os.path.join(ROOT, "bin", "lib", "**", "*.sh"),
                                                                     recursive=True))
    return [os.path.relpath(path, ROOT) for path in paths]


def sql_files():
    """Those with rules in them: constraints of tables have no place that could be told, checks are the doctor's."""
    files = [os.path.relpath(path, ROOT) for path in sorted(glob.glob(os.path.join(ROOT, "sql", "*", "*.sql")))]
    return [file for file in files if not file.startswith(("sql/schema/", "sql/check/"))]


def all_mutants():
    for file in sql_files():
        text = read(file)
        yield from of_conditions(file, text)
        yield from of_statements(file, text)
    for name in JUDGES:
        file = f"ext/{name}.c"
        text = read(file)
        yield from of_operators(file, text)
        if name in ("policy", "outcome"):
            yield from of_tables(file, text)
            yield from of_edges(file, text)
    for file in scripts():
        yield from of_scripts(file, read(file))
