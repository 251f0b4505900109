#!/usr/bin/python3
"""The judgement functions (02, "Judgement") with the values at their edges, ids, and how long a report
lives."""

import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from tap import connect, done, is_, ok  # noqa: E402
from tenure import FAR, INT_MAX, T0, Tenure, number, table  # noqa: E402

MIN, MAX = -2**63, INT_MAX

# heartbeat, ttl -> expiry
EXPIRES = [
    (0, 0, 0), (100, 60, 160), (100, -60, 40), (-100, 60, -40), (MAX, 0, MAX), (MAX, 1, MAX),
    (MAX - 1, 1, MAX), (MAX - 1, 2, MAX), (MAX, MAX, MAX), (MIN, -1, MIN), (MIN, MIN, MIN),
    (MIN, MAX, -1), (0, 31536000, 31536000), (None, 60, None), (100, None, None), (None, None, None),
]
# expiry, now -> expired, remaining
EXPIRED = [
    (100, 99, 0, 1), (100, 100, 1, 0), (100, 101, 1, 0), (0, 0, 1, 0), (-1, 0, 1, 0), (0, -1, 0, 1),
    (MAX, MAX, 1, 0), (MAX, MAX - 1, 0, 1), (MAX, 0, 0, MAX), (MAX, MIN, 0, MAX), (MIN, MAX, 1, 0),
    (MIN, MIN, 1, 0), (None, 0, 1, 0), (None, MIN, 1, 0), (100, None, None, None),
]
# id, kind, started, heartbeat, ttl, now -> stale
STALE = [
    (None, "interactive", 0, None, None, 0, 1), (None, "runtime_worker", 0, 0, 60, 0, 1),
    (None, "nonsense", None, None, None, None, 1), ("", "interactive", 0, None, None, 0, 0),
    ("s", "interactive", 0, None, None, 28799, 0), ("s", "interactive", 0, None, None, 28800, 0),
    ("s", "interactive", 0, None, None, 28801, 1), ("s", "interactive", 28801, None, None, 0, 0),
    ("s", "interactive", MAX, None, None, MIN, 0), ("s", "interactive", MIN, None, None, MAX, 1),
    ("s", "interactive", 0, 1, None, 28801, 0), ("s", "interactive", 0, 1, None, 28802, 1),
    ("s", "interactive", 5, 1, None, 28805, 0), ("s", "interactive", 5, 1, None, 28806, 1),
    ("s", "interactive", 0, None, 1, 28800, 0),   # lease fields are of no account
    ("s", "runtime_worker", 0, 100, 60, 159, 0), ("s", "runtime_worker", 0, 100, 60, 160, 1),
    ("s", "runtime_worker", 0, 100, 60, 161, 1), ("s", "runtime_supervisor", 0, 100, 60, 159, 0),
    ("s", "runtime_worker", 0, 100, 31536000, 28902, 0),   # the rule of 8 hours is not for these
    ("s", "runtime_worker", 0, None, 60, 0, 1), ("s", "runtime_worker", 0, 100, None, 0, 1),
    ("s", "runtime_worker", 0, 100, 0, 100, 1), ("s", "runtime_worker", 0, MAX, MAX, MAX - 1, 0),
    ("s", "runtime_worker", None, 100, 60, 159, 0), ("s", None, 0, 100, 60, 159, None),
    ("s", "interactive", 0, None, None, None, None), ("s", "runtime_worker", 0, 100, 60, None, None),
]
# kind, started, heartbeat, ttl -> what people are told that it holds until
HOLDS = [
    ("interactive", 100, None, None, 28901), ("interactive", 100, 200, None, 29001),
    ("interactive", 200, 100, None, 29001), ("interactive", None, 200, None, 29001),
    ("interactive", 100, None, 60, 28901), ("interactive", MAX, None, None, MAX),
    ("interactive", None, None, None, None), ("runtime_worker", 900, 100, 60, 160),
    ("runtime_supervisor", None, 100, 60, 160), ("runtime_worker", 900, None, 60, None),
    ("runtime_worker", 900, 100, None, None), (None, 100, 100, 60, None),
]
SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009" \
         "\u200a\u2028\u2029\u202f\u205f\u3000"
# text -> activity, or the code of a refusal
ACTIVITY = [
    (None, None), ("", None), (" ", None), (SPACES, None), ("a", "a"), (" a ", "a"),
    (SPACES + "a b" + SPACES, "a b"), ("a \t b", "a \t b"), ("x" * 280, "x" * 280),
    ("x" * 281, "activity.too_long"), (" " * 500 + "x" * 280 + " " * 500, "x" * 280),
    ("é" * 280, "é" * 280), ("é" * 281, "activity.too_long"), ("😀" * 280, "😀" * 280),
    ("😀" * 281, "activity.too_long"), ("e\u0301" * 140, "e\u0301" * 140),
    ("e\u0301" * 140 + "x", "activity.too_long"), ("\u200b", "\u200b"), ("\ufeff", "\ufeff"),
    ("\x1f", "\x1f"), ("\u180e", "\u180e"), ("a\0", "activity.invalid"), ("\0", "activity.invalid"),
    (" \0 ", "activity.invalid"), (b"a", "a"), (b"\xff", "activity.invalid"),
    (b"\xc0\x80", "activity.invalid"), (b"\xed\xa0\x80", "activity.invalid"),
    (b"\xf4\x90\x80\x80", "activity.invalid"), (b"a\xe2\x82", "activity.invalid"), (7, "7"), (1.5, "1.5"),
]
# what is no whole number of 64 bits
STRANGERS = ["", "x", "1x", " 1", "1.0", 1.5, 1e19, -1e19, float("inf"), b"1", "9223372036854775808",
             "-9223372036854775809", "1\0"]

t = Tenure()


def call(name, args):
    marks = ", ".join("?" * len(args))
    return t.value(f"SELECT {name}({marks})", args)


def shown(args):
    return repr(tuple(args)).replace(str(MAX), "max").replace(str(MIN), "min")[:70]


for *args, want in EXPIRES:
    is_(call("lease_expires_at", args), want, f"lease_expires_at{shown(args)}")
for expires, now, expired, remaining in EXPIRED:
    is_(call("lease_expired", (expires, now)), expired, f"lease_expired{shown((expires, now))}")
    split = (None, 5, now) if expires is None else (expires, 0, now)
    is_(call("lease_expired", split), expired, f"lease_expired{shown(split)}")
    is_(call("lease_remaining", split), remaining, f"lease_remaining{shown(split)}")
for *args, want in STALE:
    is_(call("session_is_stale", args), want, f"session_is_stale{shown(args)}")
for *args, want in HOLDS:
    is_(call("lease_holds_until", args), want, f"lease_holds_until{shown(args)}")
for kind, want in (("interactive", "interactive"), ("runtime_worker", "autonomous"),
                   ("runtime_supervisor", "autonomous"), (None, None)):
    is_(call("session_lifecycle", (kind,)), want, f"session_lifecycle({kind!r})")
for kind in ("", "Interactive", "worker", "runtime_superviser", "interactive ", "interactive\0", 1, b"\xff"):
    t.refused_sql("opt.owner_kind", "SELECT session_lifecycle(?)", (kind,), test=f"lifecycle of {kind!r}")
    t.refused_sql("opt.owner_kind", "SELECT session_is_stale('s', ?, 0, 0, 1, 0)", (kind,),
                  test=f"staleness of kind {kind!r}")
    t.refused_sql("opt.owner_kind", "SELECT lease_holds_until(?, 0, 0, 1)", (kind,),
                  test=f"the end of a hold of kind {kind!r}")

# Numbers: integers, reals that are whole, and digits as text are one thing; all else is misuse.
CALLS = [("lease_expires_at", (100, 60)), ("lease_expired", (100, 60)), ("lease_expired", (100, 60, 99)),
         ("lease_remaining", (100, 60, 99)), ("lease_holds_until", ("interactive", 100, 60, 60)),
         ("session_is_stale", ("s", "runtime_worker", 1, 100, 60, 99)),
         ("session_is_stale", ("s", "interactive", 1, 100, 60, 99))]
for name, args in CALLS:
    want = call(name, args)
    for i, arg in enumerate(args):
        if isinstance(arg, str):
            continue
        for same in (float(arg), str(arg), f"+{arg}", f"0{arg}"):
            got = call(name, (*args[:i], same, *args[i + 1:]))
            is_(got, want, f"{name}{shown(args)} with {same!r} as argument {i + 1}")
        for stranger in STRANGERS:
            asked = (*args[:i], stranger, *args[i + 1:])
            marks = ", ".join("?" * len(args))
            t.refused_sql("usage.number", f"SELECT {name}({marks})", asked,
                          test=f"{name} with {stranger!r} as argument {i + 1}")

for text, want in ACTIVITY:
    if isinstance(want, str) and want.startswith("activity."):
        t.refused_sql(want, "SELECT session_activity(?)", (text,), test=f"activity {text!r:.40}: {want}")
    else:
        is_(call("session_activity", (text,)), want, f"activity {text!r:.40}")
for space in SPACES:
    is_(call("session_activity", (f"{space}a{space}",)), "a", f"U+{ord(space):04X} is white space")
    is_(call("session_activity", (f"a{space}b",)), f"a{space}b", f"U+{ord(space):04X} stays within")

# They are pure: they may stand in an index, a CHECK and a generated column, also where nothing is trusted.
t.sql("""CREATE TABLE pure (beat INT, ttl INT, kind TEXT CHECK (session_lifecycle(kind) = 'autonomous'),
         ends INT GENERATED ALWAYS AS (lease_expires_at(beat, ttl)) STORED)""")
t.sql("CREATE INDEX pure_ends ON pure (lease_remaining(beat, ttl, 0)) WHERE NOT lease_expired(beat, ttl, 9)")
t.sql("INSERT INTO pure VALUES (5, 60, 'runtime_worker')")
is_(t.value("SELECT ends FROM pure"), 65, "pure functions stand in CHECK, indexes and generated columns")
for call_text in ("session_now()", "session_mint_id()", "session_report()"):
    try:
        t.sql(f"CREATE INDEX impure ON pure ({call_text})")
        ok(False, f"{call_text} stands in an index")
    except Exception as error:
        ok("non-deterministic" in str(error), f"{call_text} may not stand in an index")
t.sql("DROP TABLE pure")
t.sql("PRAGMA trusted_schema = OFF")
is_(t.verb("start")["reset"], True, "verbs need no trusted schema")
t.sql("PRAGMA trusted_schema = ON")
t.verb("clear")

# Ids: a prefix and a ULID, whose time is the connection's, in order and without repetition.
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def time_of(made):
    """The milliseconds in an id."""
    value = 0
    for letter in made.split("_")[1][:10]:
        value = value * 32 + CROCKFORD.index(letter)
    return value


for at in (0, 1, T0, 253402300799):
    t.clock(at)
    is_(time_of(t.value("SELECT session_mint_id()")) >= at * 1000, True, f"an id made at {at} is not older")
fresh = Tenure()
is_(time_of(fresh.value("SELECT session_mint_id()")), T0 * 1000, "the first id has the time of the clock")
made = [row[0] for row in fresh.sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                                    "WHERE i < 5000) SELECT session_mint_id() FROM n")]
ok(all(re.fullmatch(f"ses_[{CROCKFORD}]{{26}}", one) for one in made), "ids are ses_ and 26 letters of base 32")
is_(made, sorted(made), "5,000 ids of one second are in order")
is_(len(set(made)), len(made), "and no two are the same")
fresh.clock(T0 - 100)
ok(fresh.value("SELECT session_mint_id()") > made[-1], "in order though the clock steps back")
fresh.clock(T0 + 100)
is_(time_of(fresh.value("SELECT session_mint_id()")), (T0 + 100) * 1000, "and on time again when it goes on")
twins = {Tenure().value("SELECT session_mint_id()") for _ in range(20)}
is_(len(twins), 20, "connections that make an id in the same moment make different ones")
for prefix in ("esc_", "a_", "z_", "abcdefgh_", "ses_"):
    ok(call("session_mint_id", (prefix,)).startswith(prefix), f"prefix {prefix}")
ok(call("session_mint_id", (None,)).startswith("ses_"), "no prefix is ses_")
for prefix in ("", "_", "a", "ses", "SES_", "a1_", "a b_", "abcdefghi_", "é_", "a_b_", "a_\0", 1):
    t.refused_sql("usage.prefix", "SELECT session_mint_id(?)", (prefix,), test=f"prefix {prefix!r}")
t.clock(T0)

# The verdict on a living session (04): what it is, its ttl, the second -> dead, owned, passive, unknown
VERDICTS = table("""
running     60    59 owned
running     60    60 unknown    # quiet is not dead
running     60   120 unknown
running     60   121 dead       # stale for longer than its ttl again
running     20    20 passive    # it changed within 30 seconds
running     20    30 passive
running     20    31 unknown
running     20    41 dead
running     10    21 dead
starting    10    21 passive    # without a pid: only after 60 seconds
starting    10    31 unknown
starting    10    60 unknown
starting    10    61 dead
starting+far 10   21 dead       # it has a pid
interactive -  28800 owned
interactive -  28801 unknown    # never dead by time alone
dead        60     0 dead
dead+interactive - 0 dead
far         60     0 owned
far         60   121 dead
own         60   999 owned      # its process lives
""")
for what, ttl, at, want in VERDICTS:
    with t.situation(f"verdict of {what}, ttl {ttl}, at {at}"):
        own = t.rows("SELECT host_name() AS host, host_boot_id() AS boot_id, ? AS pid, "
                     "process_start_ticks(?) AS pid_start_ticks", (os.getpid(), os.getpid()))[0]
        identity = {"dead": t.dead_process(), "far": FAR, "own": own}
        columns = identity.get(what.split("+")[-1], identity.get(what.split("+")[0], {}))
        owner = {} if "interactive" in what else {"actor_id": "ann", "lease_ttl": number(ttl)}
        t.verb("start", status="starting" if "starting" in what else "running", **owner, **columns)
        t.clock(T0 + int(at))
        is_(t.holder()["verdict"], want, f"verdict of {what}, ttl {ttl}, at {at}: {want}")

# A report lives until the next verb of its connection begins.
r = Tenure()
REPORT = "SELECT session_report()"
is_(r.value(REPORT), None, "before any verb there is no report")
first = r.verb("start", actor_id="ann", lease_ttl=60)
is_(json.loads(r.value(REPORT)), first, "after it the report is the one of its RETURNING")
r.sql("CREATE TABLE other (x)")
r.sql("INSERT INTO other VALUES (1)")
r.sql("UPDATE tenure_session SET label = 'x', revision = revision + 1")
is_(json.loads(r.value(REPORT)), first, "other statements leave it, plain writes too")
for code, verb, columns in (("heartbeat.not_owner", "heartbeat", {"actor_id": "bob"}),
                            ("opt.required", "baseline_set", {"session_id": first["session_id"], "name": "n"})):
    r.verb("escalate", kind="blocking", reason="r")
    r.refused(code, verb, **columns)
    is_(r.value(REPORT), None, f"{verb} that is refused leaves none, and none of the one before")
second = r.verb("heartbeat", actor_id="ann")
is_(json.loads(r.value(REPORT)), second, "the next one has its own")
is_(t.value(REPORT) == r.value(REPORT), False, "each connection has its own")
r.sql("SAVEPOINT s")
r.verb("heartbeat", actor_id="ann")
r.sql("ROLLBACK TO s")
rows = r.sql("INSERT INTO tenure_escalate(kind, reason) VALUES ('blocking', 'a'), ('blocking', 'b') "
             "RETURNING json_extract(session_report(), '$.reason')")
is_(rows, [("a",), ("b",)], "of a statement of two rows each has its own report")
is_(r.value("SELECT json_object('r', session_report()) ->> '$.r.reason'"), "b", "a report is JSON to SQLite")
t2 = connect()
is_(t2.execute(REPORT).fetchone(), (None,), "a database without Tenure's tables has none")

done()
