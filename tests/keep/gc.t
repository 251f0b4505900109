#!/usr/bin/python3
"""tenure_collectable and tenure_gc (05): retention counts from the end, keeps the parents of the living, takes
everything of a session but one event and the counter of its scope, and forgets old receipts."""

import os
import sys
import tempfile
from itertools import repeat

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from raw import Raw  # noqa: E402
from tap import connect, done, error_of, is_, ok  # noqa: E402
from tenure import INT_MAX, STATUSES, T0, TERMINAL, Tenure, difference, number, table, verb_sql  # noqa: E402

t = Raw()
ANN = {"actor_id": "ann", "lease_ttl": 60}
WEEK = 604800


def session(status="exited", **columns):
    return t.in_status(status, **{"scope": "s", **ANN, **columns})


def collectable(session_id):
    """What the view shows of a session: its age and the reason of its end, or None."""
    rows = t.sql("SELECT ended_secs, reason FROM tenure_collectable WHERE session_id = ?", (session_id,))
    return rows[0] if rows else None


def collected(**columns):
    return [row["session_id"] for row in t.verb("gc", **columns)["collected"]]


# --- every status

for status in STATUSES:
    over = status in TERMINAL
    with t.situation(status):
        s = session(status)
        counter = t.counter("s")
        t.clock(T0 + WEEK)
        is_(collectable(s), (WEEK, "transition") if over else None, f"{status}: {'shown' if over else 'not shown'}")
        was = t.dump()
        report = t.verb("gc")
        is_(report, {"command": "gc", "ok": True, "older_than_secs": WEEK,
                     "collected": [{"session_id": s, "scope": "s"}] if over else [], "skipped": [], "receipts": 0,
                     "more": False}, f"{status}: the report")
        if not over:
            is_(t.dump(), was, f"{status}: nothing is changed")
            continue
        is_((t.session(s), t.counter("s")), (None, counter), f"{status}: it is gone, the counter stays")
        is_(t.sql("SELECT event, from_status, to_status, revision, json_extract(detail, '$.verb', '$.owner_id',"
                  " '$.end_reason') FROM tenure_event WHERE session_id = ?", (s,)),
            [("session.collected", status, None, counter, '["gc","ann","transition"]')], f"{status}: one event is left")
        is_((collected(older_than_secs=0), t.sql("SELECT * FROM tenure_replay")), ([], []),
            f"{status}: once, and the log knows of nobody")
        is_(t.verb("start", scope="s", **ANN)["fence"], counter + 1, f"{status}: its fences go on")

# --- how old: from the end, not from the birth

# older_than_secs | ended so long ago | collected
for asked, age, found in table("""
-       604799  0
-       604800  1
604800  604799  0
0       0       1
1       0       0
1       1       1
86400   86399   0
86400   86400   1
9223372036854775807 9999999 0
"""):
    with t.situation(f"{asked} {age}"):
        s = session()
        t.clock(T0 + int(age))
        report = t.verb("gc", **({} if asked == "-" else {"older_than_secs": number(asked)}))
        want = [] if found == "1" else [{"session_id": s, "scope": "s", "reason": "ended_secs", "ended_secs": int(age)}]
        is_(([row["session_id"] for row in report["collected"]], report["skipped"]),
            ([s] if found == "1" else [], want),
            f"older than {asked}, ended {age} seconds ago: {'collected' if found == '1' else 'skipped, and named'}")
with t.situation("a month"):
    s = session("running", lease_ttl=10**7)
    t.clock(T0 + 30 * 86400)
    t.verb("clear", scope="s", actor_id="ann")
    is_((collected(), collectable(s)), ([], (0, "cleared")), "a session of a month that ended just now is young")
    t.clock(T0 + 30 * 86400 + WEEK - 1)
    is_(collected(), [], "a second before a week is over, too")
    t.clock(T0 + 30 * 86400 + WEEK)
    is_(collected(), [s], "then it goes")
with t.situation("destroyed"):
    s = session("exited")
    t.clock(T0 + WEEK)
    t.verb("transition", session_id=s, status="destroyed", actor_id="ann")
    is_(collected(), [s], "it is the first end that counts")
with t.situation("resumed"):
    s = session()
    t.clock(T0 + WEEK)
    t.verb("resume", session_id=s, actor_id="ann", lease_ttl=60)
    is_((collectable(s), collected(older_than_secs=0)), (None, []), "a session that was resumed lives")
    t.verb("clear", scope="s", actor_id="ann")
    is_((collectable(s), collected()), ((0, "cleared"), []), "and its age begins anew")
with t.situation("ahead"):
    s = session()
    t.clock(T0 - 1000)
    is_((collectable(s), collected(older_than_secs=0)), ((0, "transition"), []),
        "one whose end is ahead of the clock is not old")
for value in (-1, "x", 1.5, b"\xff", -INT_MAX):
    t.refused("opt.older_than", "gc", older_than_secs=value)
for value in (0, -1, 501, "x"):
    t.refused("opt.max_rows", "gc", max_rows=value)

# --- parents

with t.situation("parents"):
    family = {"grandparent": session()}
    for name, parent in (("parent", "grandparent"), ("child", "parent")):
        family[name] = t.verb("start", scope=name, parent_session_id=family[parent], **ANN)["session_id"]
    t.verb("clear", scope="parent", actor_id="ann")
    t.clock(T0 + WEEK)
    is_([collectable(family[name]) is not None for name in family], [True, False, False],
        "the parent of a living session is kept, its own parent is not")
    is_(collected(older_than_secs=0), [family["grandparent"]], "and so tenure_gc does")
    t.verb("clear", scope="child", force=1, reason="r")
    is_(sorted(collected(older_than_secs=0)), sorted([family["parent"], family["child"]]),
        "once all have ended, all go")

# --- everything of the session, and nothing of another

TABLES = [name for (name,) in t.sql("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'tenure_%'")
          if "session_id" in [row[1] for row in t.sql(f"PRAGMA table_info({name})")]]
KEPT = {"tenure_receipt", "tenure_escalation"}  # a receipt is of a call, an escalation of a scope
GONE = {"tenure_pending_start"}                 # a session that has ended has none


def fill(scope):
    """A session with a row in every table that knows of sessions. Gives its id."""
    s = t.verb("start", scope=scope, **ANN)["session_id"]
    t.verb("baseline_set", session_id=s, name="head", digest="d")
    t.verb("escalate", scope=scope, kind="blocking", reason="r")
    for turn in ("t0", "t1"):
        t.verb("turn_begin", session_id=s, turn_id=turn, replace=1, receipt_id=f"{scope} {turn}")
        t.verb("turn_steer", session_id=s, input="go on")
        t.verb("request_open", session_id=s, request_id=f"q{turn}", kind="approval")
    t.verb("request_resolve", session_id=s, request_id="qt1", decision="approved_for_session", remember='["k"]')
    t.verb("provider_event", session_id=s, type="session.started", event_id="e")
    t.verb("record_result", session_id=s, turn_id="t0", status="success")
    t.verb("record_completion", session_id=s, exit_code=0)
    t.verb("clear", scope=scope, actor_id="ann")
    t.verb("escalate", scope=scope, kind="blocking", reason="r", actor_id="ann")
    return s


def of(session_id):
    return {name: t.sql(f"SELECT * FROM {name} WHERE session_id = ?", (session_id,)) for name in TABLES}


with t.situation("everything"):
    mine, other = fill("mine"), fill("other")
    is_([name for name in TABLES if not of(mine)[name] and name not in KEPT | GONE], [], "there is a row of it in every table")
    before = of(other)
    t.sql("DELETE FROM tenure_session WHERE session_id = ?", (mine,))
    is_({name: len(rows) for name, rows in of(mine).items() if rows and name not in KEPT}, {"tenure_event": 1},
        "all of it goes, but for one event")
    is_(of(other), before, "and nothing of another")
    is_((t.counter("mine"), t.sql("SELECT count(*) FROM tenure_escalation WHERE scope = 'mine'")),
        (t.counter("other"), [(1,)]), "the counter stays, and so does what blocks the scope")

# --- many

with t.situation("many"):
    made = []
    for n in range(7):
        t.clock(T0 + n)
        made.append(session(scope=f"s{6 - n}"))
    t.clock(T0 + 10)
    young = session(scope="young")
    t.clock(T0 + 106)
    for want, more in ((made[:3], True), (made[3:6], True), (made[6:], False), ([], False)):
        report = t.verb("gc", older_than_secs=100, max_rows=3)
        is_(([row["session_id"] for row in report["collected"]], report["more"]), (want, more),
            f"the oldest first, {len(want)} of them; more: {more}")
        is_([row["session_id"] for row in report["skipped"]], [young], "the young one is named each time")
with t.situation("more than 500"):
    for n in range(501):
        session(scope=f"s{n}")
    first, second = t.verb("gc", older_than_secs=0), t.verb("gc", older_than_secs=0)
    is_((len(first["collected"]), first["more"], len(second["collected"]), second["more"]), (500, True, 1, False),
        "of 501 the first call collects 500, and says so")
with t.situation("another clock"):
    virtual = session(scope="v")
    t.clock(None)
    machine = session(scope="m")
    report = t.verb("gc", older_than_secs=0)
    is_(([row["session_id"] for row in report["collected"]], [(row["session_id"], row["reason"])
                                                             for row in report["skipped"]]),
        ([machine], [(virtual, "clock")]), "what lived on another clock is left alone, and named")
with t.situation("receipt"):
    session()
    first = t.verb("gc", older_than_secs=0, receipt_id="r")
    later = session(scope="later")
    is_(t.verb("gc", older_than_secs=0, receipt_id="r"), first | {"replayed": True},
        "a receipt gives the report of its first success")
    ok(t.session(later), "and collects nobody else")

# --- receipts: those of 30 minutes, or 10,000, whichever is more

FILL = ("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n LIMIT {}) INSERT INTO tenure_receipt"
        " SELECT 'r' || i, 'start', NULL, NULL, '{{}}', {} FROM n")


def receipts():
    return t.sql("SELECT count(*), min(at) FROM tenure_receipt")[0]


NOW = T0 + 100_000
# rows | stamped at | asked how often | left | the oldest left
for rows, at, calls, left, oldest in (
        (9_999, T0, 3, 9_999, T0), (10_000, T0, 3, 10_000, T0),
        (10_001, f"{T0} + i", 3, 10_000, T0 + 1), (10_700, f"{T0} + i", 1, 10_200, T0 + 500),
        (10_700, f"{T0} + i", 2, 10_000, T0 + 700), (10_700, f"{T0} + i", 5, 10_000, T0 + 700),
        (10_700, T0, 5, 10_700, T0),  # all of one second: none of them is older than the ten thousandth
        (10_700, f"{NOW} - 1800 + i / 10", 5, 10_700, NOW - 1800), (10_700, f"{NOW} - 1801", 5, 10_700, NOW - 1801),
        (10_700, f"{NOW} - 1801 + i / 10700", 5, 10_700, NOW - 1801),
        (10_700, f"{NOW} - 1801 + min(1, i / 300)", 5, 10_400, NOW - 1800)):
    with t.situation(f"receipts {rows} {at}"):
        t.clock(NOW)
        t.sql(FILL.format(rows, at))
        forgot, more = 0, None
        for _ in range(calls):
            report = t.verb("gc")
            forgot, more = forgot + report["receipts"], report["more"]
        is_((receipts(), forgot, more), ((left, oldest), rows - left, calls == 1 and rows > 10_001),
            f"{rows} receipts stamped {at}, {calls} calls: {left} are left")
with t.situation("a receipt of its own"):
    t.clock(NOW)
    t.sql(FILL.format(10_100, f"{T0} + i"))
    first = t.verb("gc", receipt_id="mine")
    is_((first["receipts"], t.verb("gc", receipt_id="mine").get("replayed"), receipts()[0]), (100, True, 10_001),
        "a collection with a receipt keeps its own")

# --- the view is the dry run; a fault undoes the whole call

folder = tempfile.TemporaryDirectory()
path = os.path.join(folder.name, "gc.db")
f = Raw(path)
for n in range(5):
    f.in_status("exited", scope=f"s{n}", **ANN)
f.db.close()
with open(path, "rb") as file:
    before = file.read()
f = Raw(path, install=False, at=T0 + WEEK)
is_((len(f.sql("SELECT * FROM tenure_collectable WHERE ended_secs >= 604800")), f.db.total_changes), (5, 0),
    "the view shows what would be collected")
f.db.close()
with open(path, "rb") as file:
    ok(file.read() == before, "and leaves every byte as it was")

f, g = Raw(path, install=False, at=T0 + WEEK, timeout=0), Raw(path, install=False, at=T0 + WEEK, timeout=0)
g.sql("BEGIN IMMEDIATE")
was = f.dump()
is_(error_of(f.db, *verb_sql("gc", {}))[1], 5, "another writer: BUSY, not a refusal")
g.sql("ROLLBACK")
g.sql("BEGIN")
g.sql("SELECT * FROM tenure_session")
f.sql("PRAGMA cache_size = 1")  # it must write pages before it is done, for which the reader stands in its way
got = error_of(f.db, *verb_sql("gc", {}))
is_((got and got[1], f.db.in_transaction), (5, False), "a reader that stands in the way of its commit: BUSY")
g.sql("ROLLBACK")
if not is_(f.dump(), was, "and the whole call is undone"):
    print("# " + difference(was, f.dump())[:500])
# A fault in the middle, at each place in turn: an interrupt.
undone = []
for steps in range(1, 40000, 97):
    f.db.set_progress_handler(repeat(0, steps).__next__, 1)  # an exception interrupts too
    got = error_of(f.db, *verb_sql("gc", {}))
    f.db.set_progress_handler(None, 0)
    if got is not None and f.dump() != was:  # SQLite asks the handler once more when all is committed
        got = f.sql("SELECT session_id FROM tenure_collectable WHERE ended_secs >= 604800") or None
        break
    if got is None:
        break
    undone.append(got[1] == 9)
is_((all(undone) and len(undone) > 10, got), (True, None),
    f"an interrupt at {len(undone)} places undoes the whole call")
is_(f.sql("SELECT count(*) FROM tenure_session"), [(0,)], "and then it is done")
f.db.close()
g.db.close()
t.sql("CREATE TABLE seen (id)")
with t.situation("a fault at one of several"):
    made = [session(scope=f"s{n}") for n in range(3)]
    t.sql(f"CREATE TEMP TRIGGER fault BEFORE DELETE ON main.tenure_session WHEN OLD.session_id = '{made[2]}'"
          " BEGIN SELECT RAISE(ABORT, 'a fault'); END")
    was = t.dump()
    got = error_of(t.db, *verb_sql("gc", {"older_than_secs": 0}))
    is_((got and got[0], t.dump() == was), ("a fault", True), "a fault at one of several undoes the whole call")
    t.sql("DROP TRIGGER temp.fault")

# A client without the extension cannot collect anything by hand.
bare = connect(path, extension=False)
ok("no such function" in error_of(bare, "DELETE FROM tenure_session WHERE 1")[0], "nobody collects without the guards")
bare.close()
is_([row[1] for row in t.sql("PRAGMA table_info(tenure_collectable)")],
    "session_id scope incarnation status verdict reason ended_secs ended_at owner_id clock label".split(),
    "the columns of tenure_collectable")
folder.cleanup()
is_(Tenure().sql("SELECT * FROM tenure_collectable"), [], "nothing to collect where nothing was")
done()
