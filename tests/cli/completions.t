#!/usr/bin/python3
"""The completions for bash and zsh offer what the verbs declare: all of it and nothing else."""

import glob
import json
import os
import pty
import select
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import ROOT, diag, done, is_, ok, skip  # noqa: E402
from tenure import STATUSES  # noqa: E402

TENURE = os.path.join(ROOT, "bin", "tenure")
folder = tempfile.TemporaryDirectory()
path = os.path.join(folder.name, "t.db")
clean = {name: value for name, value in os.environ.items() if not name.startswith("TENURE_")}
clean |= {"HOME": folder.name, "TENURE_DB": path, "PATH": os.path.join(ROOT, "bin") + ":" + os.environ["PATH"]}


def run(*command, check=True):
    return subprocess.run(command, env=clean, cwd=folder.name, capture_output=True, text=True, check=check)


def tenure(*arguments):
    return json.loads(run(TENURE, *arguments, "--json").stdout)["result"]


for shell, name in (("bash", "tenure.bash"), ("zsh", "_tenure")):
    made = run("bash", os.path.join(ROOT, "packaging", "completions.sh"), shell)
    with open(os.path.join(folder.name, name), "w", encoding="utf-8") as file:
        file.write(made.stdout)
    is_(made.stderr, "", f"the completions for {shell} are made")
is_(run("bash", os.path.join(ROOT, "packaging", "completions.sh"), "fish", check=False).returncode, 2, "another shell is refused")

SOURCE = f"source {folder.name}/tenure.bash\n"
ASK = 'COMP_WORDS=({words}) COMP_CWORD={at}; _tenure 2>&1; printf "%s\\x1f" "${{COMPREPLY[@]}}"; echo\n'


def bash(*lines, first=""):
    """What bash offers for the last word of each line, which is a list of words, in a shell that did FIRST."""
    script = first + SOURCE + "".join(
        ASK.format(words=" ".join("'" + word.replace("'", "'\\''") + "'" for word in line), at=len(line) - 1)
        for line in (["tenure", *line] for line in lines))
    out = run("bash", "--norc", "-c", script)
    if out.stderr:
        diag(out.stderr)
    return [[word for word in line.split("\x1f") if word] for line in out.stdout.split("\n")[:-1]]


def offers(want, *line):
    got, = bash(line)
    is_(got, want, "tenure " + " ".join(line))


# --- everything that is declared

verbs = [entry["verb"] for entry in tenure("help")["verbs"]]
is_(sorted(verbs), sorted(os.path.basename(file)[:-3] for file in glob.glob(os.path.join(ROOT, "bin/lib/verbs/*.sh"))), "a verb is a file")
offers(verbs, "")
help_of = {verb: tenure("help", verb) for verb in verbs}
lines, wants = [], []
for verb, page in help_of.items():
    options = [option["name"] for option in page["options"]]
    lines.append([verb, "--"])
    wants.append(options)
    if page["actions"]:
        lines.append([verb, ""])
        wants.append([action["name"] for action in page["actions"]])
    for action in page["actions"]:
        lines.append([verb, action["name"], "--"])
        wants.append(action["options"] + ["--db", "--json", "--help"])
for line, got, want in zip(lines, bash(*lines), wants):
    ok(got == want, "tenure " + " ".join(line))
    if got != want:
        diag(f"got:  {got}\nwant: {want}")

# --- the words of options

offers(["running", "starting", "idle"], "start", "--status", "")
offers(["running"], "start", "--status", "r")
is_(bash(["start", "--status", ""], first="IFS=,\n"), [["running", "starting", "idle"]], "also where a person has another IFS")
offers(["running"], "start", "--status", "=", "r")
offers(["running", "starting", "idle"], "start", "--status", "=")
offers(["--status=running"], "start", "--status=r")
offers(["interactive", "autonomous"], "start", "--scope", "x", "--lifecycle", "")
offers(["blocking", "non_blocking"], "escalate", "--kind", "")
offers(["regular", "review", "compact"], "turn", "begin", "--kind", "")
offers(["approved", "approved_for_session", "approved_always", "denied", "abort"], "request", "resolve", "--decision", "")
offers(["agent", "completion", "synthetic"], "result", "record", "--provenance", "")
offers(["0", "1"], "heartbeat", "--progress", "")
offers(["csa"], "wait", "--compat", "")
offers([status for status in STATUSES if status.startswith("e")], "transition", "--status", "e")
offers(verbs, "help", "")
offers([], "start", "--label", "")
offers([], "start", "--label", "--status", "")
offers(["--status", "--strict"], "start", "--label", "--status", "--st")
offers(["--db", "--json", "--csv", "--help", "--version"], "-")
offers(["--scope", "--session"], "heartbeat", "--json", "--s")
offers([], "nonsense", "")
offers([], "nonsense", "--")

# --- what is in the database

is_(bash(["show", ""], ["clear", "--scope", ""])[0], [], "without a database nothing is offered")
ok(not os.path.exists(path), "and none is made")
sessions = [tenure("start", "--scope", scope, "--actor", "a", "--lease", "500")["session_id"]
            for scope in ("repo", "$(touch pwned)", "two words", "`id`", "repo/'x", "漢字", "docs")]
is_(sorted(bash(["show", ""])[0]), sorted(sessions), "sessions")
is_(sorted(bash(["clear", "--scope", ""])[0]), ["docs", "repo"], "scopes that need no quotes")
offers(["docs"], "clear", "--scope", "d")
is_(sorted(bash(["transition", "s"])[0]), sorted([*sessions, "starting", "stopped"]), "either of two operands")
other = os.path.join(folder.name, "other.db")
run(TENURE, "--db", other, "start", "--scope", "elsewhere")
offers(["elsewhere"], "--db", other, "status", "")
offers(["elsewhere"], "status", "--db", "=", other, "")
offers([other], "--db", other[:-4])
offers([other], "list", "--db", other[:-4])
os.mkdir(os.path.join(folder.name, "a folder"))
offers([os.path.join(folder.name, "a folder")], "start", "--cwd", os.path.join(folder.name, "a"))
ok(not os.path.exists(os.path.join(folder.name, "pwned")), "nothing of it is run")

# --- zsh, as a person uses it

if not shutil.which("zsh"):
    skip("zsh", "it is not installed")
    done()
pid, terminal = pty.fork()
if pid == 0:
    os.chdir(folder.name)
    os.execvpe("zsh", ["zsh", "-f", "-i"], clean | {"TERM": "dumb", "LC_ALL": "C.UTF-8"})


def until(look, seconds=60):
    end = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < end:
        if select.select([terminal], [], [], 0.05)[0]:
            os.read(terminal, 65536)
    return found


def line_of():
    try:
        with open(os.path.join(folder.name, "line"), encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


with open(os.path.join(folder.name, "setup"), "w", encoding="utf-8") as file:
    # Ctrl-G says what is in the line, by a rename, so that half of it is never read, and empties it.
    file.write(f"""fpath=({folder.name} $fpath); autoload -U compinit; compinit -u -D; setopt no_beep no_auto_menu
said() {{ print -r -- "$BUFFER<" >half; mv half line; BUFFER= }}
zle -N said; bindkey '^G' said; bindkey '^I' expand-or-complete; print ready >ready\n""")
os.write(terminal, b"source ./setup\n")
ok(until(lambda: os.path.exists(os.path.join(folder.name, "ready"))), "zsh reads the completions")
for typed, want in (("tenure wai", "tenure wait <\n"), ("tenure start --life", "tenure start --lifecycle=<\n"),
                    ("tenure start --lifecycle=a", "tenure start --lifecycle=autonomous <\n"),
                    ("tenure turn req", "tenure turn request-start <\n"), ("tenure turn begin --kind re", "tenure turn begin --kind re<\n"),
                    ("tenure turn begin --kind com", "tenure turn begin --kind compact <\n"),
                    ("tenure turn end --ki", "tenure turn end --ki<\n"), ("tenure clear --scope d", "tenure clear --scope docs <\n"),
                    ("tenure help ung", "tenure help unguard <\n"),
                    (f"tenure --db {other} clear --scope e", f"tenure --db {other} clear --scope elsewhere <\n"),
                    ("tenure transition des", "tenure transition destroy<\n")):
    if os.path.exists(os.path.join(folder.name, "line")):
        os.remove(os.path.join(folder.name, "line"))
    os.write(terminal, typed.encode() + b"\t\x07")
    until(line_of)
    is_(line_of(), want, f"zsh: {typed}")
ok(not os.path.exists(os.path.join(folder.name, "pwned")), "nothing of it is run")
os.write(terminal, b"exit\n")
os.close(terminal)
os.waitpid(pid, 0)

done()
