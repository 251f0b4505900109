#!/usr/bin/python3
"""What the command's verbs take, which is public: each option of each verb that writes for a session or a scope is in its help, and arrives in
the column that it stands for, and nothing else arrives. A spy stands before the verb: a trigger of ours on its view,
which notes the row and lets nothing else happen."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import ROOT, connect, diag, done, is_, ok  # noqa: E402

TENURE = os.path.join(ROOT, "bin", "tenure")
PROCESS = "--host h host, --boot-id b boot_id, --pid 7 pid, --pid-start-ticks 9 pid_start_ticks"
SESSION = "--session ses_x session_id, --fence 3 fence"
TURN = SESSION + ", --incarnation 2 incarnation, --receipt r receipt_id"
USED = ("--input-tokens 1 input, --cached-input-tokens 2 cached_input, --output-tokens 4 output,"
        " --reasoning-output-tokens 8 reasoning_output, --total-tokens 16 total, --cost-usd 0.5 cost_usd")

# The verb as it is called: its options, each with a value (! for one that takes none) and the column it is for.
CALLS = {
    "start": "--scope s scope, --actor a actor_id, --lease 60 lease_ttl, --session ses_x session_id, --fence 3 fence,"
             " --lifecycle autonomous lifecycle, --owner-kind runtime_supervisor owner_kind,"
             " --supervisor v supervisor_id, --mode research mode, --status idle status, --strict ! strict,"
             " --token-budget 5 token_budget, --parent ses_p parent_session_id, --label l label, --command c command,"
             " --cwd /d cwd, --receipt r receipt_id, " + PROCESS,
    "heartbeat": SESSION + ", --scope s scope, --actor a actor_id, --activity t activity, --progress 1 progress,"
                 " --outcome o outcome, --receipt r receipt_id",
    "clear": SESSION + ", --scope s scope, --actor a actor_id, --reason w reason, --force ! force,"
             " --receipt r receipt_id",
    "takeover": SESSION + ", --scope s scope, --actor a actor_id, --reason w reason, --lease 60 lease_ttl,"
                " --supervisor v supervisor_id, --expected-revision 4 expected_revision, --label l label,"
                " --command c command, --cwd /d cwd, --receipt r receipt_id, " + PROCESS,
    "transition": SESSION + ", --status ready status, --actor a actor_id, --expected-revision 4 expected_revision,"
                  " --incarnation 2 incarnation, --reason w reason, --exit-code 6 exit_code,"
                  " --exit-signal 9 exit_signal, --failure-origin unknown failure_origin,"
                  " --failure-reason f failure_reason, --receipt r receipt_id",
    "resume": SESSION + ", --actor a actor_id, --lease 60 lease_ttl, --reason w reason, --receipt r receipt_id, "
              + PROCESS,
    "turn request-start": TURN + ", --message-id m message_id",
    "turn begin": TURN + ", --turn t turn_id, --kind review kind, --replace ! replace, --reserve ! reserve,"
                  " --message-id m message_id",
    "turn steer": TURN + ", --input i input, --expected-turn t expected_turn_id",
    "turn take-input": TURN + ", --turn t turn_id",
    "turn end": TURN + ", --turn t turn_id, --outcome failed outcome, --message m message, " + USED,
    "turn abort": TURN + ", --turn t turn_id, --reason replaced reason",
    "request open": TURN + ", --turn t turn_id, --request q request_id, --kind approval kind, --payload p payload",
    "request resolve": TURN + ", --request q request_id, --decision denied decision, --remember [] remember",
    "usage": TURN + ", --turn t turn_id, --rate-limits {} rate_limits, " + USED,
    "result record": TURN + ", --turn t turn_id, --status success status, --exit-code 6 exit_code, --summary u summary,"
                     " --final ! final, --provenance completion provenance, --actor a actor_id",
    "result completion": TURN + ", --exit-code 6 exit_code, --status success status, --reason w reason",
    "escalate": "--scope s scope, --kind blocking kind, --reason w reason, --actor a actor_id, --receipt r receipt_id",
    "gate": "--scope s scope, --set [] gates, --expected-revision 4 expected_revision, --actor a actor_id,"
            " --receipt r receipt_id",
    "baseline": SESSION + ", --name n name, --digest d digest, --actor a actor_id, --receipt r receipt_id",
}
# What the help of a verb shows besides: what reads, and what is called in another manner.
ALSO = {"escalate": "--resolve --list --csv", "request": "--scope --all --csv", "result": "--limit --csv",
        "usage": "--csv", "baseline": "--csv"}
# The verb of the database, where its name is not the command's.
NAMES = {"gate": "gate_set", "baseline": "baseline_set",
         "result record": "record_result", "result completion": "record_completion"}

# What the environment gives where it is not said: the variable without TENURE_, the option, the column. The session and
# the fence are a pair, and never meant for start and takeover.
DEFAULTS = [("session", "--session", "session_id"), ("fence", "--fence", "fence"), ("scope", "--scope", "scope"),
            ("actor", "--actor", "actor_id")]
PAIR = ("session", "fence")

folder = tempfile.mkdtemp()
path = os.path.join(folder, "t.db")
environment = {name: value for name, value in os.environ.items() if not name.startswith("TENURE_")}


def tenure(*words, **more):
    return subprocess.run([TENURE, *words], env=environment | more, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False, cwd=folder)


def name_of(call):
    return NAMES.get(call, call.replace(" ", "_").replace("-", "_"))


def options(text):
    """Option, value and column of each in TEXT."""
    return [part.split() for part in text.split(", ")]


tenure("init", "--db", path)
db = connect(path)
db.execute("CREATE TABLE seen (verb, row)")
verbs = {name: [column[1] for column in db.execute(f"PRAGMA table_info(tenure_{name})")]
         for name in map(name_of, CALLS)}
for verb, columns in verbs.items():
    row = ", ".join(f"'{column}', NEW.{column}" for column in columns)
    db.execute(f"CREATE TRIGGER spy_{verb} INSTEAD OF INSERT ON tenure_{verb} BEGIN"
               f" INSERT INTO seen VALUES ('{verb}', json_object({row})); SELECT RAISE(IGNORE); END")
db.commit()

def arrives(call, given, name, **defaults):
    """One test: what arrives of CALL with the options GIVEN and these defaults in its environment."""
    words = [word for option, value, _ in given for word in ([option] if value == "!" else [option, value])]
    got = tenure(*call.split(), "--db", path, *words, **{f"TENURE_{key.upper()}": value for key, value in defaults.items()})
    seen = [(verb, {column: str(value) for column, value in json.loads(row).items() if value is not None})
            for verb, row in db.execute("SELECT verb, row FROM seen")]
    db.execute("DELETE FROM seen")
    db.commit()
    named = {option for option, _, _ in options(CALLS[call])}
    want = {column: "1" if value == "!" else value for _, value, column in given}
    for key, option, column in DEFAULTS:
        if key in defaults and option in named and (key not in PAIR or call not in ("start", "takeover")):
            want[column] = defaults[key]
    if not is_(seen, [(name_of(call), want)], name):
        diag(got.stderr)


taken = {}  # by the help of which verb
for call, text in CALLS.items():
    given = options(text)
    named = {option for option, _, _ in given}
    taken.setdefault(call.split()[0], set()).update(named)
    arrives(call, given, f"{call}: each option arrives in its column, and nothing else does")
    is_(set(verbs[name_of(call)]) - {column for _, _, column in given}, set(), f"{call}: no column is out of reach")
    rest = [each for each in given if each[0] not in [option for _, option, _ in DEFAULTS]]
    if "--session" in named:
        arrives(call, rest, f"{call}: the session and its fence, where they are meant, and the actor, where none is given",
                session="ses_e", fence="5", actor="e")
    if "--scope" in named:
        arrives(call, rest, f"{call}: the scope and the actor, where none is given", scope="e", actor="e")

for verb, known in taken.items():
    text = tenure("help", verb).stdout
    known |= {"--db", "--json", "--help"} | set(ALSO.get(verb, "").split())
    is_(set(re.findall(r"^  (--[a-z-]+) ", text, re.M)), known, f"help {verb}: these are its options")
    ok(all(re.search(rf"^  {option} .*[a-z]", text, re.M) for option in known), f"help {verb}: each says what it is for")

# Each verb is in the list, and its own help begins with the same words.
listed = dict(re.findall(r"^  ([a-z]+) +(.+)$", tenure("help").stdout.split("\n\n")[2], re.M))
files = {name[:-len(".sh")] for name in os.listdir(os.path.join(ROOT, "bin", "lib", "verbs"))}
is_(set(listed), files, "help lists each verb")
for verb in sorted(files):
    first = "".join(tenure("help", verb).stdout.split("\n\n")[1:2])
    is_(first[:1].lower() + first[1:], listed.get(verb, "") + ".", f"help {verb}: says what it is, as the list does")
is_([verb for verb in sorted(files) if "--json" not in tenure("help", verb).stdout], ["run"],
    "all but run, whose output is its command's, offer JSON")

db.close()
shutil.rmtree(folder)
done()
