#!/usr/bin/python3
"""Which row a verb is about, and what it must show of it (02, "Verbs", "Which row"): a table of every
verb that names a session against every way to name the wrong one, or the right one badly."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import done, is_  # noqa: E402
from tenure import T0, Tenure, table  # noqa: E402

# The verbs, each as somebody who may: ann owns, boss supervises, and where the verb is one for stale
# sessions the lease has run out. The columns of the table below.
VERBS = {
    "start": ({"actor_id": "ann", "lease_ttl": 60}, 1),
    "heartbeat": ({"actor_id": "ann"}, 1),
    "takeover": ({"actor_id": "eve", "reason": "r"}, 60),
    "clear": ({"actor_id": "ann"}, 1),
    "clear/boss": ({"actor_id": "boss"}, 1),
    "clear/stale": ({"actor_id": "ann"}, 60),
    "clear/force": ({"actor_id": "eve", "force": 1, "reason": "r"}, 1),
    "transition": ({"actor_id": "ann", "status": "exiting"}, 1),
    "resume": ({"actor_id": "ann"}, 60),
    "baseline_set": ({"name": "n", "digest": "d"}, 1),
}

# What is there, and which session_id, scope and fence are named (- leaves them out) -> by verb: ok, none
# (success without effect), new (a start that creates), M (the verb's own missing), S fence.session,
# T fence.token, R fence.required, H held by another, or - where that cannot be asked.
ROWS = table("""
# there       id      scope fence  start hb takeover clear c/boss c/stale c/force trans resume baseline
nobody        -       main  -      new   M  M        none  none   none    none    -     -      -
nobody        unknown -     -      new   M  M        M     M      M       M       M     M      M
nobody        unknown main  7      new   M  M        M     M      M       M       -     -      -
held          -       -     -      ok    ok ok       ok    ok     ok      ok      -     -      -
held          -       main  -      ok    ok ok       ok    ok     ok      ok      -     -      -
held          right   -     -      ok    ok ok       ok    ok     ok      ok      ok    ok     ok
held          right   main  right  ok    ok ok       ok    ok     ok      ok      -     -      -
held          right   other -      -     S  S        S     S      S       S       -     -      -
held          right   none  -      -     S  S        S     S      S       S       -     -      -
held          unknown -     -      S     M  M        M     M      M       M       M     M      M
held          -       -     right  ok    ok ok       ok    ok     ok      ok      -     -      -
held          -       -     wrong  T     T  T        T     T      T       T       -     -      -
held          right   -     text   ok    ok ok       ok    ok     ok      ok      ok    ok     ok
held          right   -     right  ok    ok ok       ok    ok     ok      ok      ok    ok     ok
held          right   -     wrong  T     T  T        T     T      T       T       T     T      T
ended         -       -     -      new   M  M        none  none   none    none    -     -      -
ended         right   -     -      new   S  S        none  none   none    none    ok    ok     S
ended         right   -     right  new   S  S        none  none   none    none    ok    ok     S
ended         right   -     wrong  new   S  S        -     -      -       -       T     T      S
ended         right   other -      -     S  S        S     S      S       S       -     -      -
replaced      right   -     -      H     S  S        none  none   none    none    ok    H      S
replaced      right   -     right  H     S  S        none  none   none    none    ok    H      S
strict        -       -     -      R     R  ok       R     ok     ok      ok      -     -      -
strict        right   -     -      R     R  ok       R     ok     ok      ok      R     ok     R
strict        right   -     right  ok    ok ok       ok    ok     ok      ok      ok    ok     ok
strict        right   -     wrong  T     T  T        T     T      T       T       T     T      T
strict-ended  right   -     -      new   S  S        none  none   none    none    R     ok     S
strict-ended  right   -     right  new   S  S        none  none   none    none    ok    ok     S
scopeless     right   -     -      -     ok ok       ok    ok     ok      ok      ok    ok     ok
scopeless     right   none  -      -     ok ok       ok    ok     ok      ok      -     -      -
scopeless     right   main  -      -     S  S        S     S      S       S       -     -      -
scopeless     -       none  -      new   M  M        none  none   none    none    -     -      -
scopeless     right   -     wrong  -     T  T        T     T      T       T       T     T      T
""")
CODES = {"S": "fence.session", "T": "fence.token", "R": "fence.required"}
HELD = {"start": "start.live_other_owner", "resume": "resume.held"}

t = Tenure()


def build(there):
    """Ann's session, of which bob replaces one. Gives its id and its fence."""
    if there == "nobody":
        return None, None
    scope = "" if there == "scopeless" else "main"
    found = t.verb("start", scope=scope, actor_id="ann", lease_ttl=60, supervisor_id="boss",
                   strict=int(there.startswith("strict")))
    if there in ("ended", "strict-ended", "replaced"):
        t.verb("clear", session_id=found["session_id"], actor_id="ann", fence=1)
    if there == "replaced":
        t.verb("start", scope=scope, actor_id="bob", lease_ttl=600)
    return found["session_id"], found["fence"]


for there, id_named, scope_named, fence_named, *cells in ROWS:
    for (column, (columns, age)), cell in zip(VERBS.items(), cells, strict=True):
        if cell == "-":
            continue
        verb = column.split("/")[0]
        want = f"{verb.split('_')[0]}.missing" if cell == "M" else CODES.get(cell, cell)
        want = HELD[verb] if cell == "H" else want
        name = f"{there}; id {id_named}, scope {scope_named}, fence {fence_named}: {column}: {want}"
        with t.situation(name):
            session, fence = build(there)
            asked = {**columns, "session_id": {"right": session, "unknown": "ses_x"}.get(id_named),
                     "scope": {"-": None, "none": ""}.get(scope_named, scope_named),
                     "fence": {"-": None, "right": fence, "text": str(fence)}.get(fence_named, 99)}
            if verb == "transition":
                ended = "ended" in there or there == "replaced"
                asked["status"] = "destroyed" if ended else "exiting"
            t.clock(T0 + age)
            if "." in want:
                holder = t.holder()
                tells = holder and cell != "M" and there != "scopeless"
                says = [holder["owner_id"], holder["session_id"]] if tells else []
                t.refused(want, verb, says=says, test=name, **asked)
                continue
            report = t.verb(verb, **asked)
            got = "none" if report.get("cleared") is False else "ok"
            is_("new" if report.get("reset") else got, want, name)
            if want == "ok":
                about = report.get("prior_session_id", report["session_id"])
                is_(about, session, f"{name}, and it is about that row")

# Where no scope is given it is main.
for column, (columns, age) in VERBS.items():
    verb = column.split("/")[0]
    if verb in ("transition", "resume", "baseline_set"):
        continue
    with t.situation(f"{column}: the default scope"):
        t.verb("start", scope="other", actor_id="bob", lease_ttl=60)
        session = t.verb("start", actor_id="ann", lease_ttl=60, supervisor_id="boss")["session_id"]
        t.clock(T0 + age)
        report = t.verb(verb, **columns)
        is_((report["scope"], report.get("prior_session_id", report["session_id"])), ("main", session),
            f"{column}: the default scope is main")

# A fence is a number, however it is written, and nothing else.
for column, (columns, age) in VERBS.items():
    verb = column.split("/")[0]
    for fence in ("x", "", 1.5, b"1", "1 ", "1e0", 2**63 * 1.0):
        with t.situation(f"{column}: fence {fence!r}"):
            session = t.verb("start", actor_id="ann", lease_ttl=60)["session_id"]
            t.clock(T0 + age)
            asked = columns | {"fence": fence} | ({} if verb == "start" else {"session_id": session})
            t.refused("usage.fence", verb, test=f"{column}: fence {fence!r}", **asked)

# Names are text, also where they are written as numbers.
with t.situation("numbers as names"):
    seven = {"scope": 7, "actor_id": 7}
    session = t.verb("start", lease_ttl=60, supervisor_id=8, **seven)["session_id"]
    is_(t.verb("start", lease_ttl=60, fence=1, **seven)["session_id"], session, "scope 7 of actor 7: kept")
    is_(t.verb("heartbeat", **seven)["session_id"], session, "scope 7 of actor 7: renewed")
    is_(t.verb("heartbeat", scope="7", actor_id="7")["session_id"], session, "7 is '7'")
    t.refused("takeover.live", "takeover", reason="r", **seven, says=["scope 7"])
    t.clock(T0 + 60)
    t.refused("takeover.same_actor", "takeover", reason="r", **seven, says=["7 owns"])
    is_(t.verb("clear", scope=7, actor_id=8)["session_id"], session, "scope 7: cleared by supervisor 8")
    is_(t.verb("resume", session_id=session, actor_id=7)["session_id"], session, "and resumed by 7")
    is_(t.verb("transition", session_id=session, actor_id=8, status="exited")["status"], "exited",
        "and ended by 8")

done()
