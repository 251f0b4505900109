"""The model: what every verb and plain statement does to all scopes of a database, from the contract alone.

    world.run(verb, call, now)   changes the world as the verb with the columns of CALL does, and gives its
                                 report as it is foreseen, every key; raises Refusal with the code

In a foreseen report None stands for a key that is absent, and a function for what must hold of the value.
Ids that Tenure mints are taken from the report that it gave (world.told). Each subject has a file: see
VERBS below. Fields that the contract leaves open are ANY until the comparison has seen them.
"""

import pickle

import guard
import housekeeping
import legacy
import notes
import ownership
import plain
import provider
import receipts
import requests
import results
import turns
from policy import ANY, refuse_if, terminal
from session import Session

VERBS = {name: function
         for module in (ownership, legacy, turns, requests, provider, results, housekeeping, notes)
         for name, function in module.VERBS.items()}
# What a report calls its verb, where that is not its name.
COMMANDS = {verb: f"session-state-{verb}" for verb in (*ownership.VERBS, *legacy.VERBS)}
PLAIN = {name: function for module in (plain, guard, results) for name, function in module.STATEMENTS.items()}


class World:
    def __init__(self, processes, counters=None, legacy=(), work=()):
        self.processes = processes
        self.sessions = {}             # by id, in the order of their birth
        self.counters = dict(counters or {})
        self.legacy = set(legacy)      # scopes whose state file became an event
        self.escalations, self.gates = {}, {}
        self.receipts = {}             # id: (verb, session_id, scope, report, at)
        self.collected = []            # ids of sessions that are gone
        self.holds = {}                # (connection, scope): (session_id, fence)
        self.work = list(work)         # rows of the guarded table
        self.now, self.kind, self.conn, self.told = None, "virtual", 0, {}
        self.open_fields = []          # (object, attribute) that are ANY

    def copy(self):
        """A world to come back to. Processes do not come back."""
        kept = {name: value for name, value in self.__dict__.items() if name != "processes"}
        world = World(self.processes)
        world.__dict__.update(pickle.loads(pickle.dumps(kept, -1)))
        return world

    # --- running

    def run(self, verb, call, now, kind="virtual", conn=0, told=None):
        self.now, self.kind, self.conn = now, kind, conn
        self.told = told if isinstance(told, dict) else {}
        if verb in PLAIN:
            return PLAIN[verb](self, call)
        report = (VERBS[verb](self, call) if call.get("receipt_id") is None
                  else receipts.run(self, verb, VERBS[verb], call))
        return {"ok": True, "command": COMMANDS.get(verb, verb.replace("_", "-")), **report}

    # --- finding

    @staticmethod
    def scope_of(call):
        """main unless one is named; '' is none."""
        scope = call.get("scope")
        return "main" if scope is None else scope or None

    def living(self, scope):
        return next((s for s in self.sessions.values() if s.scope == scope and s.living), None) \
            if scope is not None else None

    def named(self, call):
        """The row that a verb with scope and session_id means: None if there is none."""
        if call.get("session_id") is not None:
            return self.sessions.get(call["session_id"])
        return self.living(self.scope_of(call))

    def minted(self, name):
        return self.told.get(name, f"new {name}")

    # --- rules that verbs share

    def fenced(self, s, call, required=None):
        """The rules of scope and fence, REQUIRED where a strict session wants to see one."""
        if call.get("scope") is not None:
            refuse_if((call["scope"] or None) != s.scope, "fence.session")
        fence = call.get("fence")
        refuse_if(fence is not None and fence != s.fence, "fence.token")
        refuse_if(fence is None and (s.strict if required is None else required), "fence.required")

    def own_clock(self, s):
        refuse_if(s.clock != self.kind, "usage.clock")

    def abandoned(self, s):
        return s.abandoned(self.now, self.processes)

    def time_of(self, s):
        """The present for a session: on the other clock, the last second that it knew."""
        return self.now if s.clock == self.kind else s.changed_at

    def author(self, s, call):
        """Who ends a session: whoever is named, else the owner, who alone has the fence to show."""
        return call.get("actor_id") or (s.owner_id if call.get("fence") is not None else None)

    # --- changes

    def next_number(self, scope):
        return self.counters.get(scope, 0) + 1 if scope is not None else 1

    def put(self, session_id, scope, number, **columns):
        """A new session that lives."""
        columns = {"status": "running", "owner_kind": "interactive", "owner_id": "interactive",
                   "clock": self.kind, "started_at": self.now, "last_started_at": self.now,
                   "changed_at": self.now, **columns}
        session = Session(session_id=session_id, scope=scope, revision=number, fence=number, **columns)
        self.sessions[session_id] = session
        self.count(session)
        return session

    def count(self, s):
        if s.scope is not None:
            self.counters[s.scope] = s.revision

    def change(self, s, by=1):
        """The row of a session changes; an ended row leaves the scope's counter alone."""
        s.revision += by
        s.changed_at = max(self.time_of(s), s.changed_at)
        if s.living:
            self.count(s)

    def end(self, s, status, end_reason=None, takes_all=False, **columns):
        """A living session ends, and the notes of its scope go as its end says."""
        self.change(s)
        s.enter(status, self.now, end_reason, ended_at=max(self.time_of(s), s.started_at), **columns)
        if s.scope is not None:
            self.gates.pop(s.scope, None)
            self.escalations = {name: e for name, e in self.escalations.items()
                                if e["scope"] != s.scope or (e["kind"] == "blocking" and not takes_all)}

    def move(self, s, status, **columns):
        """The status changes or stays by something that is no end of its own."""
        if terminal(status) and s.living:
            self.end(s, status, **columns)
        else:
            self.change(s)
            s.enter(status, self.now, **columns)

    def leave_open(self, thing, name):
        setattr(thing, name, ANY)
        self.open_fields.append((thing, name))

    def collect(self, s):
        del self.sessions[s.session_id]
        self.collected.append(s.session_id)
