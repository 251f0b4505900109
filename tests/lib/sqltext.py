"""Finds the conditions in Tenure's SQL files, for what measures or breaks them (tests/cover, tests/mutation).

A condition is the WHEN of a trigger, a WHEN of a searched CASE, or the WHERE of a SELECT that may refuse.
bodies() finds the statements of the triggers. Strings and comments are skipped, parentheses and CASEs nest. No SQL parser: it knows what these files use."""
import re

TOKEN = re.compile(r"'(?:[^']|'')*'|--[^\n]*|[A-Za-z_][A-Za-z_0-9]*|[();]|\s+|.", re.S)


class Condition:
    """kind is trigger, case or where; text[start:end] is the condition."""

    def __init__(self, kind, text, start, end):
        self.kind = kind
        while start < end and text[start].isspace():
            start += 1
        while end > start and text[end - 1].isspace():
            end -= 1
        self.start, self.end = start, end
        self.line = text.count("\n", 0, start) + 1
        self.text = text[start:end]


def tokens(text):
    """(word in upper case, start, end) of everything that counts."""
    return [(m.group().upper(), m.start(), m.end()) for m in TOKEN.finditer(text)
            if not m.group().isspace() and not m.group().startswith("--")]


def conditions(text):
    """All conditions of a file, in order of their place."""
    found, words = [], tokens(text)
    in_trigger_head = False
    case_stack = []  # [is searched, depth, start of the condition being read or None]
    depth = 0
    statement = 0  # index of the first word of the statement
    where = None  # [start, depth] of a WHERE being read
    head_start = None
    for i, (word, start, end) in enumerate(words):
        if word == "CREATE" and depth == 0 and i + 1 < len(words) and words[i + 1][0] == "TRIGGER":
            in_trigger_head, head_start = True, None
        if word == "(":
            depth += 1
        elif word == ")":
            if where and where[1] == depth:
                found.append(Condition("where", text, where[0], start))
                where = None
            depth -= 1
        elif word == "CASE":
            case_stack.append([words[i + 1][0] == "WHEN", depth, None])
        elif word == "WHEN" and in_trigger_head and not case_stack:
            head_start = end
        elif word == "BEGIN" and in_trigger_head:
            if head_start is not None:
                found.append(Condition("trigger", text, head_start, start))
            in_trigger_head = False
            statement = i + 1
        elif word == "WHEN" and case_stack and case_stack[-1][0]:
            case_stack[-1][2] = end
        elif word == "THEN" and case_stack and case_stack[-1][2] is not None:
            found.append(Condition("case", text, case_stack[-1][2], start))
            case_stack[-1][2] = None
        elif word == "END" and case_stack:
            case_stack.pop()
        elif word == ";":
            if where:
                found.append(Condition("where", text, where[0], start))
                where = None
            statement = i + 1
        elif word == "WHERE" and depth == 0 and not in_trigger_head:
            first = [w for w, _, _ in words[statement:statement + 3]]
            if first[:2] == ["SELECT", "TENURE_REFUSE"]:
                where = [end, 0]
        elif where and where[1] == depth and word in ("GROUP", "ORDER", "LIMIT"):
            found.append(Condition("where", text, where[0], start))
            where = None
    return sorted(found, key=lambda c: c.start)


def bodies(text):
    """Each trigger of a file: its name, where its body begins, and the (start, end) of each statement in it."""
    words, name = tokens(text), None
    i = 0
    while i < len(words):
        if words[i][0] == "TRIGGER" and words[i - 1][0] == "CREATE":
            name = text[words[i + 1][1]:words[i + 1][2]]
        if words[i][0] != "BEGIN":
            i += 1
            continue
        spans, begin, cases = [], words[i][2], 0
        body = begin
        while True:
            i += 1
            word = words[i][0]
            if word == "CASE":
                cases += 1
            elif word == "END" and cases:
                cases -= 1
            elif word == "END":
                break
            elif word == ";":
                spans.append((begin, words[i][2]))
                begin = words[i][2]
        yield name, body, spans
