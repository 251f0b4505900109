#!/usr/bin/python3
"""The picture of a timeline: well-formed whatever is in the log, self-contained, and true to the spans."""

import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from health import damage  # noqa: E402
from tap import ROOT, diag, done, is_, ok  # noqa: E402
from tenure import CONTROLS, T0, Tenure  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"
folder = tempfile.TemporaryDirectory()
environment = {name: value for name, value in os.environ.items() if not name.startswith("TENURE_")}


def new(name):
    return Tenure(os.path.join(folder.name, name + ".db"))


def command(t, *arguments):
    path = t.value("SELECT file FROM pragma_database_list WHERE name = 'main'")
    return subprocess.run([os.path.join(ROOT, "bin", "tenure"), "--db", path, *arguments],
                          env=environment, cwd=folder.name, capture_output=True, check=False)


def picture(t, *arguments):
    """The picture as a tree, None if it is none."""
    run = command(t, "timeline", "--svg", *arguments)
    try:
        text = run.stdout.decode()
        root = ElementTree.fromstring(text)
    except (UnicodeDecodeError, ElementTree.ParseError) as error:
        diag(f"{error}\nstdout: {run.stdout[:400]!r}\nstderr: {run.stderr!r}")
        return None
    if run.returncode or run.stderr or CONTROLS.search(text.replace("\n", "")):
        diag(f"exit {run.returncode}, stderr: {run.stderr!r}")
        return None
    return root


def classed(root, name):
    return [node for node in root.iter() if name in node.get("class", "").split()]


def texts(root):
    return [node.text for node in root.iter(SVG + "text")]


def number(node, name):
    return float(node.get(name))


def start_x(path):
    return float(re.match(r"M([\d.]+),", path.get("d")).group(1))


# --- a history: turns of each kind, a takeover, a clear, a resume, a replacement

t = new("history")
t.verb("start", scope="repo", actor_id="w1", lease_ttl=100)
first = t.holder("repo")["session_id"]
for begin, end, turn, outcome in ((0, 30, "t1", "completed"), (40, 70, "t2", "failed"), (80, None, "t3", None)):
    t.clock(T0 + begin)
    t.verb("turn_begin", session_id=first, turn_id=turn)
    if end:
        t.clock(T0 + end)
        t.verb("turn_end", session_id=first, turn_id=turn, outcome=outcome)
t.clock(T0 + 230)
second = t.verb("takeover", scope="repo", actor_id="w2", reason="gone")["session_id"]
t.clock(T0 + 280)
t.verb("clear", scope="repo", actor_id="w2")
t.clock(T0 + 300)
t.verb("resume", session_id=second, actor_id="w2")
t.clock(T0 + 450)
t.verb("start", scope="repo", actor_id="w2", lease_ttl=50)
t.clock(T0 + 500)
t.verb("clear", scope="repo", force=1, reason="over")
t.clock(T0 + 500)
t.verb("start", scope="other", actor_id="w3", lease_ttl=50)
t.verb("clear", scope="other", actor_id="w3")

root = picture(t, "--scope", "repo")
ok(root is not None, "the picture is XML")
is_(root.tag, SVG + "svg", "it is an SVG")
is_([root.get("role"), root.get("aria-labelledby")], ["img", "tenure-title tenure-desc"],
    "it is announced as one picture")
is_(root.find(SVG + "title").text, "scope repo over time", "it has a title")
description = root.find(SVG + "desc").text
ok(description.startswith("sessions 3, turns 3, takeovers 1, from 2001-09-09 01:46:40 to 2001-09-09 01:55:00 UTC."),
   "it has a description")
facts = f"w1, session {first}, incarnation 1: from 2001-09-09 01:46:40 to 2001-09-09 01:50:30, taken_over, turns: 3."
ok(facts in description, "which tells of each session")
outside = [node for node in root.iter() for name, value in node.attrib.items()
           if name.endswith(("href", "src")) or "url(" in value and "url(#" not in value]
is_(outside, [], "nothing is loaded from elsewhere")
style = root.find(SVG + "style").text
ok("@media(prefers-color-scheme:dark)" in style and "@import" not in style and "url(" not in style,
   "the style is for light and dark, and whole")
ok(all(line.startswith(".tenure-timeline ") for line in style.split("\n") if line not in ("", "}") and line[0] != "@"),
   "no rule of it is for anything else on the page")
used = {name for node in root.iter() for name in node.get("class", "").split()}
ruled = set(re.findall(r"\.tenure-timeline \.([a-z-]+)", style)) | {"tenure-timeline", "turn"}
is_(sorted(used - ruled), [], "every class has its style")

lives = classed(root, "life")
is_(len(lives), 4, "a bar for each time that a session lived")
scale = 740 / 500
is_([round(number(bar, "x"), 1) for bar in lives], [round(250 + at * scale, 1) for at in (0, 230, 300, 450)],
    "they begin where their time is")
is_([round(number(bar, "width"), 1) for bar in lives], [round(secs * scale, 1) for secs in (230, 50, 100 + 50, 50)],
    "and are as long as their time")
is_(len({bar.get("y") for bar in lives}), 3, "a lane for each session")
is_([node.get("class") for node in classed(root, "turn") if not node.get("d").endswith("h-28z")],
    ["turn blue", "turn bad", "turn warn"], "the turns have the colours of their ends")
is_([round(start_x(node), 1) for node in classed(root, "turn")][:3], [round(250 + at * scale, 1) for at in (0, 40, 80)],
    "and begin where their time is")
is_([node.text for node in classed(root, "turn-id")], ["t1", "t2", "t3"], "and have their names")
is_([node.text for node in root.iter(SVG + "title") if (node.text or "").startswith("turn ")],
    ["turn t1: from 2001-09-09 01:46:40 UTC, 30 s, completed", "turn t2: from 2001-09-09 01:47:20 UTC, 30 s, failed",
     "turn t3: from 2001-09-09 01:48:00 UTC, 2 min, interrupted"], "and say in a tooltip what they were")
arrows = classed(root, "arrow")
is_([start_x(node) for node in arrows], [round(250 + at * scale, 1) for at in (230, 450)],
    "an arrow for the takeover and one for the replacement")
words = [node.text for node in classed(root, "word")]
ok(all(word in words for word in ("taken_over", "takeover", "resume", "stale_reset", "replacement", "forced")),
   f"how sessions began and ended stands in words: {words}")
ok("cleared" not in words and any(node.text.endswith("UTC, cleared") for node in root.iter(SVG + "title")),
   "where there is no room for the word, in the tooltip")
marks = [node.get("class") + node.get("d") for node in classed(root, "mark")]
is_(len(set(marks)), 4, "each end has a shape of its own")
times = [text for text in texts(root) if re.fullmatch(r"[\d:-]+", text)]
is_(times, ["01:48", "01:50", "01:52", "01:54", "2001-09-09"], "the axis has round times")
ok("w3" not in texts(root), "another scope is not in it")

t.verb("resume", session_id=second, actor_id="w2")
t.verb("clear", session_id=second, actor_id="w2")
is_([start_x(node) for node in classed(picture(t, "--scope", "repo"), "arrow")], [start_x(node) for node in arrows],
    "the arrows stay where they are when the one that was replaced comes back")
root = picture(t, "--all")
ok({"scope repo", "scope other", "w1", "w2", "w3"} <= set(texts(root)), "all scopes are in one picture")
root = picture(t, second)
is_([node.text for node in classed(root, "who")], ["w2"], "one session")
is_(len(classed(root, "arrow")), 0, "has no arrow from one that is not there")
root = picture(t, "--scope", "repo", "--limit", "1")
is_([node.text for node in classed(root, "id")], [second], "the newest of many")

for arguments, exit_code, code in ((["nobody"], 3, "timeline.missing"), (["--json"], 2, "usage.option"),
                                   (["--csv"], 2, "usage.option"), (["--all", "--scope", "x"], 2, "usage.option")):
    run = command(t, "timeline", "--svg", *arguments)
    said = json.loads(run.stdout)["error"]["code"] if "--json" in arguments else run.stderr.decode().split(": ")[1]
    is_([run.returncode, said], [exit_code, code], f"--svg {' '.join(arguments)}: {code}")
root = picture(t, "--scope", "never")
ok(root is not None and "nothing has happened" in texts(root), "a scope where nothing has happened")

# --- what goes on, and what was lost

t = new("open")
t.clock(None)
now = t.value("SELECT session_now()")
held = t.verb("start", scope="held", actor_id="w1", lease_ttl=600)["session_id"]
t.verb("turn_begin", session_id=held, turn_id="t")
t.clock(now - 1000)
lost = t.verb("start", scope="lost", actor_id="w2", lease_ttl=500)["session_id"]
t.verb("turn_begin", session_id=lost, turn_id="t")
root = picture(t, "--all")
words = [node.text for node in classed(root, "word")]
ok("goes on" in words and "lease ran out" in words and "now" in words, f"what goes on and what ran out: {words}")
is_([len(classed(root, "over")), len(classed(root, "now"))], [1, 1], "the time without a lease is dashed, and now is marked")
over = start_x(classed(root, "over")[0])
ok(600 < over < 640, f"from the middle of that bar on: {over}")
ok(classed(root, "life")[0].get("width") != classed(root, "life")[1].get("width"), "a bar ends where its lease does")

# --- text from outside

HOSTILE = ["</text><script>alert(1)</script>", "]]>&amp;<!-- x -->&#0;&bogus;", "\"><rect onload='x'/>",
           "it's; DROP TABLE x", "漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字", "🙂" * 30, "e\u0301" * 30, "\\u{fffe}\\", "%s%d%n$(id)`id`",
           "a" * 190, "\ufffe\uffff\u0590"]
t = new("hostile")
for text in HOSTILE:
    session = t.verb("start", scope=text, actor_id=text, lease_ttl=60, label=text)["session_id"]
    t.verb("turn_begin", session_id=session, turn_id=text)
    t.clock(t.now + 30)
    t.verb("turn_end", session_id=session, turn_id=text)
    t.clock(t.now + 100)
    t.verb("takeover", scope=text, actor_id="next " + text[:50], reason=text)
    root = picture(t, "--scope", text)
    name = ascii(text[:30])
    if not ok(root is not None, f"{name} makes a picture"):
        continue
    shown = t.value("SELECT display_safe(?)", (text,)).replace("\ufffe", "\\u{fffe}").replace("\uffff", "\\u{ffff}")
    is_(root.find(SVG + "title").text, f"scope {shown} over time", f"{name} stands in the title as it is")
    tips = [node.text or "" for node in root.iter(SVG + "title")]
    ok(any(tip.startswith(f"turn {shown}: ") for tip in tips), f"{name} stands in the tooltip of a turn")
    is_({node.tag for node in root.iter()} - {SVG + tag for tag in
        "svg title desc style rect text path clipPath g".split()}, set(), f"{name} brings no element along")
    who = classed(root, "who")[0].text
    ok(who == shown or who.endswith("…") and shown.startswith(who[:-1]) and len(who) <= 27,
       f"{name} fits its place: {ascii(who)}")
is_(picture(t, "--all", "--limit", "100") is not None, True, "all of them in one picture")

# --- a log that was written by hand is drawn as far as it can be

t = new("hand")
damage(t.db)
t.verb("start", scope="s", actor_id="w1", lease_ttl=100)
HAND = [(T0, "by hand", "session.created", "not json"), (2**63 - 1, "by hand", "turn.started", None),
        (-2**63 + 1, None, "session.ended", "[]"), (-2**62, "far", "session.created", '{"owner_id":5,"verb":"<b>"}'),
        (2**62, "far", "session.ended", '{"end_reason":"<i>&"}'), (5, "\x1b[31m\x00\ud7ff<", "session.created",
         json.dumps({"owner_id": "\x1b\n\u202e\ufffe", "predecessor_id": "far", "verb": "start"})), (7, "only turns", "turn.started", None)]
for index, (at, session, event, detail) in enumerate(HAND):
    t.sql("INSERT INTO tenure_event(at, session_id, scope, event, turn_id, detail, to_status, incarnation)"
          " VALUES (?, ?, 's', ?, ?, ?, ?, ?)",
          (at, session, event, "x<" if "turn" in event else None, detail, "<status>" if index % 2 else None, index * 10**17))
    ok(picture(t, "--scope", "s") is not None, f"a row by hand: {ascii((at, session, event, detail))}")
    ok(picture(t, "--all") is not None, "among all scopes")
t.sql("INSERT INTO tenure_event(at, session_id, scope, event)"
      " VALUES (1, CAST(x'ff3cc3' AS TEXT), CAST(x'26fe' AS TEXT), 'session.created')")
ok(picture(t, "--all") is not None, "names that are not UTF-8")

done()
