"""The ways in which the mutation run breaks a script of bin/: a test turned round, a connective or a comparison
exchanged, a command left out."""
import re

# What is no code. A text in double quotes counts as one where it holds no other.
SILENT = (r"<<(-?)'?(\w+)'?\n.*?\n\t*\2\n"          # a here document
          r"|(?<![$\w\\])'[^']*'|\$'(?:[^'\\]|\\.)*'"
          r'|"(?:[^"\\`$]|\\.|\$(?![({]))*"'
          r"|(?:^|(?<=[\s;]))#[^\n]*")
ARITHMETIC = re.compile(r"\$?\(\(.*?\)\)", re.S)
COMPARISONS = [(r"(?<![<>=])<(?![<=])", "<="), (r"(?<![<>=])>(?![>=])", ">="), (r"<=", "<"), (r">=", ">"),
               (r"==", "!="), (r"!=", "=="), (r"(?<=[\w\])]) \+ ", " - "), (r"(?<=[\w\])]) - ", " + ")]
# A line that is a command of its own: it does not open, close or join anything.
WORDS = r"(?:if|then|else|elif|fi|for|while|until|do|done|case|esac|in|function|local|declare|readonly|shopt|set|use)\b"
COMMAND = re.compile(rf"^( +)(?!{WORDS})(?![)}}\]({{*'\"-])(\S.*)$", re.M)
OPEN = re.compile(r"(\\|\||&&|\|\||[({]|;;|\)|\bdo|\bthen|\belse)$")
FUNCTION = re.compile(r"^(\w+)\(\) \{(\n.*?(?=^\})|[^\n]+(?=\}$))", re.M | re.S)


def code_of(text):
    """TEXT with blanks where no code is."""
    return re.sub(SILENT, lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S | re.M)


def functions(text):
    """(name, place of the body, its end) of each function."""
    return [(m.group(1), m.start(2), m.end(2)) for m in FUNCTION.finditer(text)]


def balanced(line):
    """Whether a line closes what it opens."""
    return (line.count('"') % 2 == 0 and line.count("'") % 2 == 0
            and all(line.count(a) == line.count(b) for a, b in ("()", "[]", "{}")))


def edits(text):
    """(start, end, new text, what is done) of each change."""
    code = code_of(text)
    for match in re.finditer(r"(?<!for )(?<=[\s({;!])(\[\[ |\(\((?!\())", code):
        yield match.start(1), match.start(1), "! ", "turned round"
    for span in ARITHMETIC.finditer(code):
        for pattern, other in COMPARISONS:
            for match in re.finditer(pattern, span.group()):
                start = span.start() + match.start()
                yield start, start + len(match.group()), other, f"{match.group().strip()} becomes {other.strip()}"
    for match in re.finditer(r"(?:&&|\|\|)(?! true\b)", code):  # a failure before either is one that is allowed
        other = "||" if match.group() == "&&" else "&&"
        yield match.start(), match.end(), other, f"{match.group()} becomes {other}"
    previous = ""
    for match in re.finditer(r"^.*$", code, re.M):
        command = COMMAND.match(text, match.start(), match.end())
        plain = command and match.group().strip() and not OPEN.search(match.group().rstrip())
        if plain and balanced(command.group(2)) and not re.search(r"(\\|\||&&|\()$", previous.rstrip()):
            yield command.start(2), command.end(2), ":", "without"
        previous = match.group()
