"""What a storm must leave behind: a check of one scope's history against a sequential model.

Everything that changes a scope takes a number, so the numbers put all changes of all processes in one
order. The model walks through them with one variable, the holder, and everything that was recorded has to
fit: the event log, the rows, what the workers saw succeed, and what was written under a fence.

A History is made of
    counter    the scope's counter
    sessions   the rows of tenure_session, as dicts
    events     the rows of tenure_event in their order, as dicts; detail is a dict
    log        the workers' successes: {"worker", "verb", "begin", "end", "shown", "report"}, times in
               monotonic ns, shown the fence that the worker showed, 0 for none
    work       the rows of a guarded table: {"n", "session", "fence", "revision", "at"}, written by a
               holder at that revision of the scope (which such a write does not change)
    bare       the same of a table without a guard
    kills      how many workers were killed: each may have lost the record of one success

faults(history) gives what is wrong as a list of sentences, empty if nothing is.
"""

from collections import defaultdict, namedtuple

SECOND = 1_000_000_000

History = namedtuple("History", "counter sessions events log work bare kills")

# The events that cannot be those of a heartbeat.
GRANTS_AND_ENDS = {"session.created", "session.joined", "session.resumed", "session.ended"}

# Who holds the scope from one number to the next; ttl in seconds.
Holder = namedtuple("Holder", "session owner fence ttl")


class Walk:
    """The event log read from its beginning: who held the scope after each number."""

    def __init__(self, events):
        self.faults = []
        self.holder = None
        self.number = 0
        self.fence = 0
        self.ended_by_number = {}
        self.events_of = defaultdict(list)
        self.after = {0: None}  # number -> the holder once it was taken
        for event in events:
            self.step(event)

    def fault(self, event, text):
        self.faults.append(f"event {event['seq']} ({event['event']}, revision {event['revision']}): {text}")

    def step(self, event):
        number, kind = event["revision"], event["event"]
        self.events_of[number].append(event)
        shared = kind == "session.created" and number == self.number
        if shared:
            ended = self.ended_by_number.get(number)
            if ended is None or ended != event["detail"].get("predecessor_id"):
                self.fault(event, "its number was used before")
        elif number <= self.number:
            self.fault(event, f"its number does not follow {self.number}")
        if kind == "session.created":
            self.created(event)
        elif self.holder is None or self.holder.session != event["session_id"]:
            self.fault(event, "its session did not hold the scope")
        elif kind == "session.ended":
            self.ended_by_number[number] = event["session_id"]
            self.holder = None
        elif kind == "session.joined":
            self.joined(event)
        self.number = max(self.number, number)
        self.after[number] = self.holder

    def created(self, event):
        detail = event["detail"]
        if self.holder is not None:
            self.fault(event, f"two holders: session {self.holder.session} had not ended")
        self.grant(event, detail["fence"])
        self.holder = Holder(event["session_id"], detail["owner_id"], detail["fence"],
                             detail.get("lease_ttl"))

    def joined(self, event):
        detail = event["detail"]
        if "fence" in detail:
            self.grant(event, detail["fence"])
        self.holder = self.holder._replace(fence=detail.get("fence", self.holder.fence),
                                           ttl=detail.get("lease_ttl", self.holder.ttl))

    def grant(self, event, fence):
        if fence <= self.fence:
            self.fault(event, f"the fence went back from {self.fence} to {fence}")
        if fence != event["revision"]:
            self.fault(event, f"fence {fence} is not the number of the grant")
        self.fence = max(self.fence, fence)

    def holder_at(self, number):
        """Who held the scope once NUMBER was taken. Plain heartbeats take numbers without an event."""
        while number not in self.after:
            number -= 1
        return self.after[number]


def faults(history):
    walk = Walk(history.events)
    taken = numbers(history, walk)
    return (walk.faults + final_faults(history, walk) + success_faults(history, walk, taken)
            + missing_faults(history, walk, taken) + write_faults(history, walk, history.work)
            + lease_faults(history, walk, taken))


def bare_faults(history):
    """The writes of those who did not hold the scope: what a guard would have turned away."""
    walk = Walk(history.events)
    return write_faults(history, walk, history.bare)


def numbers(history, walk):
    """number -> the successes that say they took it."""
    taken = defaultdict(list)
    for entry in history.log:
        number = number_of(entry)
        if number is not None:
            taken[number].append(entry)
    return taken


def number_of(entry):
    if entry["verb"] in ("start", "heartbeat", "takeover"):
        return entry["report"]["revision"]
    if entry["verb"] == "clear":
        return entry["report"].get("cleared_revision")
    return None


def shown(entry):
    return f"{entry['verb']} of {entry['worker']} ({entry['report']})"


def final_faults(history, walk):
    """The rows say at the end what the walk says."""
    found = []
    living = [row for row in history.sessions if row["ended_at"] is None]
    if len(living) > 1:
        found.append(f"{len(living)} sessions live in one scope")
    holder = living[0] if living else None
    if (holder and holder["session_id"]) != (walk.holder and walk.holder.session):
        found.append(f"{walk.holder} should live, {holder and holder['session_id']} does")
    elif holder and holder["fence"] != walk.holder.fence:
        found.append(f"fence {holder['fence']} of the holder is not {walk.holder.fence}")
    last = max([row["revision"] for row in history.sessions], default=0)
    if history.counter != last:
        found.append(f"the counter is {history.counter}, the last revision {last}")
    if history.counter < walk.number:
        found.append(f"the counter is {history.counter}, the log is at {walk.number}")
    ends = {event["session_id"]: event["revision"] for event in history.events
            if event["event"] == "session.ended"}
    for row in history.sessions:
        if row["ended_at"] is not None and ends.get(row["session_id"]) != row["revision"]:
            found.append(f"session {row['session_id']} ended at {row['revision']}, not in the log")
    return found


def success_faults(history, walk, taken):
    """Nothing that a worker saw succeed is lost, and nobody succeeded who did not hold the scope."""
    found = []
    for number, entries in taken.items():
        if len(entries) > 1:
            found.append(f"number {number} was given twice: {', '.join(map(shown, entries))}")
        if number > history.counter:
            found.append(f"lost: {shown(entries[0])} is beyond the counter {history.counter}")
            continue
        for entry in entries:
            fault = success_fault(entry, number, walk)
            if fault:
                found.append(f"{fault}: {shown(entry)}")
    rows = {name: {row["n"]: row for row in table}
            for name, table in (("write", history.work), ("bare", history.bare))}
    for entry in history.log:
        if entry["verb"] in rows and entry["report"]["n"] not in rows[entry["verb"]]:
            found.append(f"lost: {shown(entry)} left no row")
    return found


def success_fault(entry, number, walk):
    report = entry["report"]
    kinds = {event["event"]: event for event in walk.events_of[number]}
    holder = walk.holder_at(number - 1)
    if entry["verb"] in ("heartbeat", "clear") and entry["shown"] and holder and \
            entry["shown"] != holder.fence:
        return f"a superseded fence, {entry['shown']}, was accepted, {holder.fence} was valid"
    if entry["verb"] == "heartbeat":
        if GRANTS_AND_ENDS & set(kinds):
            return "number given twice"
        if holder is None or (holder.session, holder.fence) != (report["session_id"], report["fence"]):
            return "a heartbeat of a session that did not hold the scope"
        return None
    if entry["verb"] == "clear":
        wanted = ["session.ended"]
    elif entry["verb"] == "takeover":
        wanted = ["session.ended", "session.created"]
    else:
        wanted = ["session.created" if report["reset"] else "session.joined"]
    for kind in wanted:
        if kind not in kinds:
            return f"lost: there is no event {kind} at {number}"
    session = kinds[wanted[-1]]["session_id"]
    return None if session == report["session_id"] else f"the event is of session {session}"


def unknown_numbers(history, walk, taken):
    """The numbers of which neither the event log nor a worker tells: a killed worker's heartbeats."""
    return [number for number in range(1, history.counter + 1)
            if number not in walk.events_of and number not in taken]


def missing_faults(history, walk, taken):
    unknown = unknown_numbers(history, walk, taken)
    found = [f"number {number} was taken while nobody held the scope" for number in unknown
             if walk.holder_at(number) is None]
    if len(unknown) > history.kills:
        found.append(f"{len(unknown)} numbers are nobody's, but only {history.kills} workers were killed")
    return found


def write_faults(history, walk, rows):
    """Each row was written by the holder of its moment."""
    found = []
    for row in rows:
        holder = walk.holder_at(row["revision"])
        if holder is None or (holder.session, holder.fence) != (row["session"], row["fence"]):
            found.append(f"row {row['n']} was written under fence {row['fence']} of {row['session']}, "
                         f"not by the holder, {holder}")
    return found


def lease_faults(history, walk, taken):
    """Nobody was robbed while his lease lived, nor renewed it or wrote when it had run out. The times of
    a success enclose the reading of the clock, so what is found is certain."""
    found = []
    unknown = set(unknown_numbers(history, walk, taken))
    renewal = None  # the last known one: (number, earliest, latest end of the lease)
    ends = {}       # number -> the latest end of the lease that counts from there on
    for number in range(1, history.counter + 1):
        events = {event["event"]: event for event in walk.events_of.get(number, ())}
        entry = taken[number][0] if number in taken else None
        reason = events.get("session.ended", {"detail": {}})["detail"].get("end_reason")
        if renewal and entry and reason in ("taken_over", "stale_reset") and entry["end"] < renewal[1]:
            found.append(f"robbed: {shown(entry)} while the lease of number {renewal[0]} lived")
        if number in unknown or events and entry is None:
            renewal = None
        elif entry and entry["verb"] == "heartbeat" and renewal and entry["begin"] > renewal[2]:
            found.append(f"late: {shown(entry)} after the lease of number {renewal[0]} had run out")
        holder = walk.holder_at(number)
        if holder is None:
            renewal = None
        elif entry and entry["verb"] != "clear" and holder.ttl is not None:
            span = holder.ttl * SECOND
            renewal = (number, entry["begin"] + span, entry["end"] + span)
        ends[number] = renewal and renewal[2]
    for row in history.work:
        end = ends.get(row["revision"])
        if end is not None and row["at"] > end:
            found.append(f"late: row {row['n']} was written after the lease had run out")
    return found
