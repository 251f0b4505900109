#!/usr/bin/python3
"""What a hook reads: payloads of any size and with any bytes in them are data, and one that cannot be read is
refused without stopping the agent."""

import json
import os
import socket
import subprocess

from hook import HERE, PATIENCE, Box, went
from chance import one_in
from tap import done, is_, ok

A = "claude-code:a"


def tool_call(box, **changes):
    return box.payload("claude-code.PreToolUse", session_id="a", **changes)


def malformed():
    good = json.dumps(tool_call(Box())).encode()
    cases = {
        "nothing": b"", "blanks": b" \r\n\t\n", "no JSON": b"hello", "a text": b'"PreToolUse"', "a number": b"1", "null": b"null",
        "a comma too many": good[:-1] + b",}", "a NUL inside": good[:20] + b"\0" + good[20:], "a NUL in front": b"\0" + good,
        "NULs": b"\0" * 1000, "a bare line end in a text": good.replace(b"make", b"ma\nke"),
        "UTF-16": good.decode().encode("utf-16"), "too deep": b'{"a":' + b"[" * 100000 + b"]" * 100000 + b"}",
        "an empty object": b"{}", "an empty session": b'{"hook_event_name":"PreToolUse","session_id":""}',
        "a session that is null": b'{"hook_event_name":"PreToolUse","session_id":null}',
    }
    for name in sorted(os.listdir(os.path.join(HERE, "payloads"))):
        if name.startswith("malformed."):
            with open(os.path.join(HERE, "payloads", name), "rb") as file:
                cases[name] = file.read()
    reasons = {"nothing": "nothing came", "blanks": "nothing came", "malformed.cut-short.json": "it is not JSON",
               "malformed.list.json": "it is not a JSON object", "malformed.no-event.json": "it does not say which event it is",
               "malformed.no-session.json": "it does not say which session it is", "malformed.sql.json": "it is not JSON"}
    ok(set(reasons) <= set(cases), "there is a payload for each reason")
    for there in (False, True):
        box = Box()
        if there:
            box.hook("claude-code", tool_call(box))
        before = box.sessions() if there else None
        for name, bytes_ in cases.items():
            if there and name not in reasons:
                continue
            run = box.hook("claude-code", bytes_)
            went(run, 1, f"{name}: refused, and blocks nobody")
            ok(run.err.startswith("tenure: usage.payload: ") and run.err.endswith(reasons.get(name, "") + "\n") and run.out == "",
               f"{name}: says why") or print("#", run)
        if there:
            is_(box.sessions(), before, "and changed nothing")
        ok(not os.path.exists(os.path.join(box.folder, "pwned")), "nothing was run")
        is_(os.path.exists(box.db), there, "nor made")
        run = box.hook("claude-code", b"{", "--json")
        is_([run.code, json.loads(run.out)["error"]["code"], run.err], [1, "usage.payload", ""], "--json says so in one object")
        box.close()


def bad_names():
    """They can be read, but no session can have them."""
    box = Box()
    for name, session in (("long", "x" * 300), ("a line end", "a\nb"), ("bidirectional", "a\u202eb"),
                          ("an escape", "a\x1b[31m")):
        run = box.hook("claude-code", tool_call(box) | {"session_id": session})
        went(run, 1, f"a session id with {name} blocks nobody")
        ok(run.err.startswith("tenure: opt.bad_id: ") and "\x1b" not in run.err and "\u202e" not in run.err, "and is refused by name")
    run = box.hook("claude-code", tool_call(box), TENURE_LEASE="soon")
    went(run, 1, "a lease that is no number blocks nobody")
    ok("opt.lease_range" in run.err, "and is refused by name")
    run = box.hook("claude-code", tool_call(box), scope="a\nb")
    went(run, 1, "nor does a scope that is none")
    ok("opt.scope" in run.err, "which is refused by name")
    box.close()


def any_text():
    """Every field holds the worst, one in ten of it by chance (chance.py); the session's names are kept byte for byte, the
    rest is made harmless."""
    worst = ["it's", "'; DROP TABLE tenure_session; --", ".quit", "\n.quit\n", "\r\nlf\r", "--x", "$(touch pwned)", "`touch pwned`",
             "é 🙂", "\x1b[31m\x7f\u202e", 'a"\\b&', "\\u0000", "\0tail", "%s%n", "*", "-- answer", "Error: tenure: start.x: y",
             "means block 1 PreToolUse x", "nothing", "fault x", "a" * 5000]
    box = Box()
    for i, text in enumerate(one_in(10, worst)):
        payload = {"session_id": f"s{i}", "hook_event_name": "PreToolUse", "cwd": text, "tool_name": text, "transcript_path": text,
                   "tool_input": {"file_path": text, "command": text, text: text}, "permission_mode": text, "turn_id": None}
        went(box.hook("claude-code", payload), 0, f"text {i} in every field of a tool call")
        activity = box.session(f"claude-code:s{i}")["current_activity"] or ""
        ok(len(activity) <= 280 and activity.isprintable(), "leaves an activity that can be shown")
        payload |= {"hook_event_name": "Stop", "last_assistant_message": text, "turn_id": f"t{i}"}
        went(box.hook("claude-code", payload), 0, "in a stop")
        want = text.split("\0")[0][:1000].replace("\x1b", "\\x1b").replace("\x7f", "\\x7f").replace("\u202e", "\\u{202e}")
        is_(box.rows("SELECT last_agent_message AS m FROM tenure_turn WHERE turn_id = ?", f"t{i}"), [{"m": want}],
            "what the agent said is kept, control characters escaped")
        went(box.hook("codex", payload | {"hook_event_name": text}), 0, "as an event it is nothing")
    for text in ("it's", "$(touch pwned)", "é 🙂", "--x", 'a"\\b&', "means x"):
        went(box.hook("codex", tool_call(box) | {"session_id": text}, scope=text), 0, f"{text!r} as the session and the scope")
        is_(box.session("codex:" + text)["scope"], text, "is kept as it is")
    ok(not os.path.exists(os.path.join(box.folder, "pwned")), "nothing was run")
    is_(box.rows("PRAGMA integrity_check"), [{"integrity_check": "ok"}], "the database is whole")
    box.close()


def bytes_that_are_no_text():
    box = Box()
    payload = json.dumps(tool_call(box, cwd="CWD") | {"hook_event_name": "Stop", "last_assistant_message": "SAID", "turn_id": "t"})
    went(box.hook("claude-code", json.dumps(tool_call(box)).replace("make test", "XX").encode().replace(b"XX", b"\xff\xfe rm\xc0\xaf")),
         0, "bytes that are no UTF-8 in a command")
    is_(box.session(A)["current_activity"], "Bash", "do not get into the activity")
    went(box.hook("claude-code", payload.encode().replace(b"SAID", b"a\xffb\nc".replace(b"\n", b"\\n")).replace(b"CWD", b"\xc3")), 0,
         "nor in what was said")
    is_(box.turns()[0]["last_agent_message"], "a\\xffb\\nc", "which is escaped")
    run = box.hook("claude-code", json.dumps(tool_call(box)).encode().replace(b'"a"', b'"a\xff"'))
    went(run, 1, "in the session id")
    ok("opt.bad_id" in run.err, "they are refused")
    box.close()


def other_types():
    """A field of another type than it should have is no reason to fail."""
    box = Box()
    for i, value in enumerate((None, 1, 2.5, True, [], {}, ["x"], {"a": 1})):
        payload = {"session_id": "a", "hook_event_name": "PreToolUse"}
        payload |= {key: value for key in ("cwd", "tool_name", "tool_input", "turn_id", "reason", "agent_id")}
        went(box.hook("claude-code", payload), 0, f"{value!r} in every field")
        went(box.hook("claude-code", payload | {"tool_input": {"file_path": value, "command": value}}), 0, "and inside the input")
        went(box.hook("claude-code", payload | {"hook_event_name": value}), 1 if value is None else 0, "and as the event")
    is_(len(box.sessions()), 1, "there is one session")
    box.close()


def big():
    box = Box()
    response = {"stdout": 'it\'s a "line" of \\ text\r\né 🙂\0\n.quit\n' * 150000, "stderr": ""}
    payload = box.payload("claude-code.PostToolUse", session_id="a", tool_response=response)
    encoded = json.dumps(payload, ensure_ascii=False).encode()
    ok(len(encoded) > 5_000_000, f"a payload of {len(encoded)} bytes")
    went(box.hook("claude-code", encoded), 0, "is read")
    is_(box.session(A)["current_activity"], "Bash make test", "and means what it means")
    run = box.hook("claude-code", encoded[:-1])
    went(run, 1, "without its last byte")
    ok("it is not JSON" in run.err, "it is refused")
    went(box.hook("claude-code", tool_call(box, tool_input={"file_path": "/x" * 2_000_000, "command": "y" * 1_000_000})), 0,
         "a path of four million characters")
    activity = box.session(A)["current_activity"]
    ok(activity.startswith("Bash …") and activity.endswith("/x/x") and len(activity) <= 280, "is shown by its end")
    box.close()


def descriptors():
    box = Box()
    payload = json.dumps(tool_call(box)).encode()

    ours, theirs = socket.socketpair()
    process = box.start("claude-code", stdin=theirs)
    theirs.close()
    ours.sendall(payload)
    ours.shutdown(socket.SHUT_WR)
    is_([process.communicate(timeout=PATIENCE), process.returncode, len(box.sessions())], [(b"", b""), 0, 1], "standard input may be a socket")
    ours.close()

    with open(os.path.join(box.folder, "p"), "w+b") as file:
        file.write(payload)
        file.seek(0)
        process = box.start("claude-code", stdin=file)
        is_([process.communicate(timeout=PATIENCE), process.returncode], [(b"", b""), 0], "or a file")

    leader, follower = os.openpty()
    process = box.start("claude-code", stdin=follower)
    _, err = process.communicate(timeout=PATIENCE)
    is_(process.returncode, 1, "a terminal is not waited for")
    ok(b"a terminal" in err, "but named")
    os.close(leader)
    os.close(follower)

    process = subprocess.Popen(["bash", "-c", 'exec "$0" hook claude-code <&-', os.path.join(os.path.dirname(__file__), "../../bin/tenure")],
                               stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=box.environment)
    _, err = process.communicate(timeout=PATIENCE)
    is_(process.returncode, 1, "a closed one")
    ok(b"closed" in err, "is named too")
    box.close()


def activities():
    """Tool, input, activity; the working folder is /srv/app."""
    cases = [
        ("Bash", {"command": "make"}, "Bash make"),
        ("Bash", {"command": "  git\tpush --force origin"}, "Bash git push"),
        ("Bash", {"command": "npm\nrun"}, "Bash npm run"),
        ("Bash", {"command": "./configure --prefix=/opt"}, "Bash ./configure"),
        ("Bash", {"command": "mysql -psecret"}, "Bash mysql"),
        ("Bash", {"command": "curl https://u:p@h/?t=1"}, "Bash curl"),
        ("Bash", {"command": "echo Secret1"}, "Bash echo"),
        ("Bash", {"command": "login " + "x" * 21}, "Bash login"),
        ("Bash", {"command": "TOKEN=hunter2 make"}, "Bash"),
        ("Bash", {"command": "$SECRET"}, "Bash"),
        ("Bash", {"command": "a" * 41}, "Bash"),
        ("Bash", {"command": "(cd x; make)"}, "Bash"),
        ("Bash", {"command": ""}, "Bash"),
        ("Bash", {"command": "   "}, "Bash"),
        ("Bash", {"command": ["bash", "-lc", "make"]}, "Bash"),
        ("Bash", {"description": "secret"}, "Bash"),
        ("Read", {"file_path": "/srv/app/a b.txt"}, "Read a b.txt"),
        ("Read", {"file_path": "/srv/application/x"}, "Read /srv/application/x"),
        ("Read", {"file_path": "/srv/app"}, "Read /srv/app"),
        ("Read", {"file_path": "relative"}, "Read relative"),
        ("Read", {"file_path": "/srv/app/" + "d/" * 200 + "end"}, "Read …" + ("d/" * 200 + "end")[-199:]),
        ("Glob", {"pattern": "**/*.c", "path": "/srv/app/ext"}, "Glob ext"),
        ("Glob", {"pattern": "**/*.c"}, "Glob"),
        ("mcp__web__get", {"path": "https://ann:secret@host/x?token=y"}, "mcp__web__get"),
        ("T" * 70, {}, "T" * 60),
        ("a\x1bb", {}, "a\\x1bb"),
    ]
    box = Box()
    for tool, given, want in cases:
        box.hook("claude-code", tool_call(box, tool_name=tool, tool_input=given))
        is_(box.session(A)["current_activity"], want, f"{tool!r} {str(given)[:60]}")
    box.close()


for part in (malformed, bad_names, any_text, bytes_that_are_no_text, other_types, big, descriptors, activities):
    part()
done()
