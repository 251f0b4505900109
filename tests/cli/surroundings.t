#!/usr/bin/python3
"""What the caller of the command brings along without a word: variables and functions of its shell, a locale,
closed descriptors, the name of the folder that the command lies in, and processes that get the numbers of ours."""

import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "run"))
from command import TENURE, Place, clean  # noqa: E402
from apart import APART, may_be_apart  # noqa: E402
from tap import ROOT, diag, done, is_, ok  # noqa: E402

place = Place()
started = place.tenure("start", "--scope", "s", "--actor", "a", "--lease", "600", "--json")
session = json.loads(started.stdout)["result"]["session_id"]


def shell(text, patience=20, **environment):
    """Exit code, stdout and stderr of a line of bash; T is the command, and S a session."""
    run = subprocess.Popen(["bash", "-c", text], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           text=True, cwd=place.folder, start_new_session=True,
                           env=clean() | {"T": TENURE, "TENURE_DB": place.path, "S": session} | environment)
    try:
        out, err = run.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        os.killpg(run.pid, 9)
        out, err = run.communicate()
        diag("it hangs")
    return run.returncode, out, err


def locked(kind, database, line):
    """A line of bash that works while somebody else has locked DATABASE, as long as the file 'held' is there."""
    return (f"printf 'BEGIN {kind};\\n.shell touch held; while [ -e held ]; do sleep 0.05; done\\n' | sqlite3 {database} & "
            f"until [ -e held ]; do sleep 0.05; done; {line}")


# A time limit for 'read', which some exports to end idle shells.
is_(shell(locked("IMMEDIATE", '"$TENURE_DB"', '(sleep 2; rm held) & "$T" run --scope tmout --actor b -- printenv TMOUT'),
          TMOUT="1")[:2], (0, "1\n"),
    "TMOUT does not end the start of a run, and reaches its command")
is_(shell('"$T" wait "$S" --cap 2', TMOUT="1")[0], 0, "nor a wait")

# Descriptors that are closed: bash would put pipes of ours there.
for closed, unheard in (("<&- 2>&-", None), (">&- 2>&-", 5)):
    is_(shell(f'"$T" wait "$S" --cap 0 --strict {closed}')[0], unheard or 75, f"wait {closed} ends as it should")
    for verb in ("wait x --cap 1 --json", "watch --json"):
        with open(place.file("text.db"), "w", encoding="ascii") as file:
            file.write("no database\n")
        got = shell(f'timeout 5 "$T" --db text.db {verb} {closed}')
        wanted = unheard or (124 if verb.startswith("watch") else 5)  # a watch goes on until the database is one
        ok(got[0] == wanted and ('"ok":false' in got[1]) == (unheard is None), f"{verb} {closed} says so") or diag(got)

# Functions and folders.
for part in ("objects", "refs"):
    os.makedirs(place.file(f"repository/.git/{part}"))
with open(place.file("repository/.git/HEAD"), "w", encoding="ascii") as file:
    file.write("ref: refs/heads/main\n")
got = shell('cd() { echo hi; builtin cd "$@"; }; export -f cd; builtin cd repository; unset TENURE_DB; "$T" init --json')
ok(got[1].startswith("{"), "a function named cd is not called") or diag(got)
os.makedirs(place.file("elsewhere/project"))
os.mkdir(place.file("project"))
EVENT = '"$T" hook claude-code --scope h <<<\'{"hook_event_name":"Stop","session_id":"x"}\'; echo "$?"'
for variables in ({"CDPATH": place.file("elsewhere"), "CLAUDE_PROJECT_DIR": "project"},
                  {"OLDPWD": "/", "CLAUDE_PROJECT_DIR": "-"}):
    got = shell(EVENT, **variables)
    ok("/" not in got[1], f"a hook goes nowhere else with {', '.join(variables)}") or diag(got)

got = shell('"$T" run --scope locale --actor b -- printenv LC_ALL', LC_ALL="xx_YY")
is_(got[:2], (0, "xx_YY\n"), "a locale that is not installed reaches the command")
got = shell('timeout 3 "$T" watch', LC_ALL="xx_YY")
ok(got[2].count("setlocale") <= 3, "and is not complained about again and again") or diag(got[2])

# Numbers with zeros in front.
is_(shell('"$T" watch --json --interval 08 --count 01')[0], 0, "08 and 01 are numbers of a watch")
got = shell(locked("EXCLUSIVE", "zero.db", '"$T" --db zero.db init; code=$?; rm held; exit $code'), TENURE_BUSY_TIMEOUT="0090")
ok(got[0] == 5 and "too great" not in got[2], "and 0090 is one of milliseconds") or diag(got)

got = shell('"$T" timeline "$S" --limit 0')
is_(got[0], 0, "a timeline of nothing is none of an unknown session") or diag(got)

# Where the command lies.
for name in ("a\nb", "|pipe"):
    home = place.file(name)
    os.mkdir(home)
    shutil.copytree(os.path.join(ROOT, "bin"), os.path.join(home, "bin"))
    os.mkdir(os.path.join(home, "dist"))
    shutil.copy(os.path.join(ROOT, "dist", "tenure.so"), os.path.join(home, "dist"))
    got = shell(f"$'{name}/bin/tenure'".replace("\n", "\\n") + " status --json")
    is_(got[0], 0, f"the command works in the folder {name!r}") or diag(got)
    got = shell(EVENT.replace('"$T"', f"$'{name}/bin/tenure'".replace("\n", "\\n")))
    is_(got[1].strip(), "0", "and so does a hook") or diag(got)

# The sqlite3 of a run dies, and another process gets its number: that one is let alone. In a process namespace, where
# the next number can be chosen.
REUSE = """
find_keeper() {
  keeper=
  until [[ $keeper ]]; do
    sleep 0.05
    for child in $(<"/proc/$run/task/$run/children"); do
      read -r _ name _ _ group _ <"/proc/$child/stat"
      [[ $name != "(sqlite3)" || $group != "$child" ]] || keeper=$child # the one that stays has a group of its own
    done
  done 2>/dev/null
}
"$T" run --scope reuse --actor b --lease 12 -- sleep 60 & run=$!
find_keeper
sleep 0.5 # for its answer
pipe=$(readlink "/proc/$keeper/fd/0")
kill -KILL "$keeper"
SECONDS=0 # the next heartbeat comes later
while [[ $(readlink "/proc/$run/fd/"*) == *"$pipe"* ]] && ((SECONDS < 2)); do sleep 0.05; done # until it is forgotten
number=$keeper other=
until [[ $other == "$number" ]]; do
  [[ -z $other ]] || kill "$other"
  echo $((number - 1)) >/proc/sys/kernel/ns_last_pid
  sleep 60 & other=$!
done
find_keeper # for the next heartbeat
kill -TERM "$other"
wait "$other"
echo "other $?"
kill -TERM "$run"
wait "$run"
echo "run $?"
"""
if os.geteuid() != 0 or not may_be_apart():
    diag("numbers of processes cannot be chosen here, so that none is used again on purpose")
else:
    run = subprocess.run(APART + [REUSE], env=clean() | {"T": TENURE, "TENURE_DB": place.path}, cwd=place.folder,
                         stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    is_(run.stdout, "other 143\nrun 143\n", "who has the number of our sqlite3 is not killed") or diag(run.stderr)

done()
