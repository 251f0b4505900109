"""Random programs: lists of steps that name things by their place, so that any step can be left out.

A step is a dict: verb, conn, args, and who (the session that is meant), fence, incarnation, jump (of the
clock), apart (only of this connection's). Words of args are resolved when the step is taken; see resolve.py.
"""

import json

TTL = 60
LENGTH = 80  # steps of a program

VERBS = {"turn_begin": 14, "turn_request_start": 5, "turn_steer": 3, "turn_take_input": 1, "turn_end": 8,
         "turn_abort": 3, "request_open": 3, "request_resolve": 3, "usage": 3, "provider_event": 18,
         "start": 14, "heartbeat": 7, "takeover": 4, "clear": 4, "resume": 4, "transition": 5, "import": 1,
         "record_result": 6, "record_completion": 3, "settle": 3, "reap": 2, "gc": 3,
         "escalate": 2.5, "escalation_resolve": 1, "gate_set": 1.5, "baseline_set": 1,
         "hold": 3, "guarded_write": 4, "wait": 5, "look": 3, "health": .15,
         "plain_status": 2, "plain_label": 1, "plain_beat": 1, "plain_fence": .5, "plain_strict": .5,
         "plain_incarnation": 1, "plain_delete": 1, "plain_insert": 1, "plain_turn": 1, "plain_begin": 1,
         "plain_result": 1, "plain_forbidden": 3,
         "kill": 1, "begin": .7, "commit": .7, "rollback": .4, "machine": .3}
WORK = {"turn_steer": 6, "turn_take_input": 2, "request_open": 5, "request_resolve": 4, "usage": 1,
        "turn_request_start": 1, "heartbeat": 1}
LONG = (str(TTL), str(2 * TTL))
SIGNS = {"usage": 2, "turn_end": 1, "plain_label": 2, "record_result": 3, "record_completion": 1}
LOOKS = {"look": 3, "wait": 4, "settle": 1, "reap": 1}
STATUSES = ("success retired failure timeout signal interrupted no_progress error"
            " tier_failover_superseded").split()
END_REASONS = "cleared forced taken_over stale_reset host-death idle transition run"
TAKES_RECEIPT = .04
OF_ENDED = {"transition", "resume", "record_result", "wait", "plain_status", "plain_incarnation", "plain_result"}


class Writer:
    """Writes random programs."""

    def __init__(self, rng):
        self.rng, self.turns, self.events, self.files = rng, 0, 0, 0

    def some(self, **weights):
        return self.rng.choices(list(weights), list(weights.values()))[0]

    def one(self, words):
        """One of the words of a text; - is None."""
        word = self.rng.choice(words.split())
        return None if word == "-" else word

    def maybe(self, chance, value):
        return value if self.rng.random() < chance else None

    def program(self):
        self.turns = self.events = 0
        steps = [{"verb": "start", "conn": 0, "args": self.start()}]
        while len(steps) < LENGTH:
            if self.rng.random() < 0.04:  # once more, later, with the receipt of then if there was one
                latest = steps[-8:]
                steps.append(dict(self.rng.choice([s for s in latest if "receipt_id" in s["args"]] or latest)))
                continue
            steps.append(self.step(self.some(**VERBS)))
            if steps[-1]["verb"] == "turn_begin":  # work inside the turn, mostly
                steps += [self.step(self.some(**WORK)) for _ in range(self.rng.randrange(6))]
            if steps[-1].get("jump") in LONG and self.rng.random() < .5:  # a late sign of life, and a look
                steps += [self.step(self.some(**SIGNS)), self.step(self.some(**LOOKS))]
                steps[-1]["jump"] = self.one("1 5 30 31 60 61")
        return steps[:LENGTH]

    def step(self, verb):
        rng = self.rng
        make = getattr(self, verb, None)
        step = {"verb": verb, "conn": rng.randrange(3), "args": make() if make else {}}
        if verb in ("hold", "guarded_write") and rng.random() < .7:
            step["conn"] = 0  # what is held is held by the connection
        step["who"] = self.some(main=60, last=20, any=15, ended=12 if verb in OF_ENDED else 1, real=1, nobody=.7)
        if step["who"] == "any":
            step["who"] = rng.randrange(1, 5)
        step["fence"] = self.some(right=70, none=25, wrong=3, old=1)
        step["incarnation"] = self.some(none=70, right=22, next=3, past=3)
        if rng.random() < TAKES_RECEIPT:
            step["args"]["receipt_id"] = f"r{rng.randrange(6)}"
        if verb in ("takeover", "resume") and rng.random() < 0.5:
            step["jump"] = str(TTL)
        elif rng.random() < 0.3:
            step["jump"] = self.some(**{"1": 8, "5": 3, "20": 1.5, "-3": 2, str(TTL): .5, str(2 * TTL): .4,
                                        "-200": .1, "1800": .3, str(9 * 3600): .1, "604800": .1})
            step["apart"] = rng.random() < 0.1
        return step

    # --- who holds what

    def process(self):
        return self.some(none=60, p0=12, p1=12, stored=6, **{
            "nobody": 2, "p0-host": 2, "p0-boot": 1, "p0-space": 2, "p0-reused": 2, "p0-ticks": 2, "p0-bare": 2})

    def ttl(self):
        return int(self.some(**{str(TTL): 20, "5": 4, "600": 2, "31536000": .2}))

    def start(self):
        args = {"scope": self.some(main=80, repo=10, **{"": 10}), "process": self.process(),
                "parent": self.maybe(.15, "@any"), "assert": self.some(none=30, right=4, wrong=1),
                "label": self.maybe(.1, "a label"), "mode": self.one("- - - research implement"),
                "status": self.one("- - - idle starting"), "strict": self.maybe(.15, 1)}
        if self.rng.random() < .03:  # not in order
            args.update(lifecycle=self.one("interactive autonomous -"), actor_id=self.one("- a interactive"),
                        owner_kind=self.one("- interactive runtime_worker"), supervisor_id=self.one("- s"),
                        lease_ttl=self.rng.choice([None, 0, TTL]))
        elif self.rng.random() < .85:
            args.update(actor_id=self.some(a=9, b=1), lease_ttl=self.ttl(),
                        supervisor_id=self.one("- - - s t"), token_budget=self.maybe(.2, 60),
                        owner_kind=self.one("- - - - runtime_worker runtime_supervisor"),
                        lifecycle=self.maybe(.1, "autonomous"))
        return args

    def named(self):
        """How a verb names its session."""
        return self.some(session=6, scope=10, both=2, cross=.5)

    def heartbeat(self):
        return {"by": self.named(), "actor_id": self.some(owner=9, z=1, none=1),
                "activity": self.rng.choice([None] * 6 + ["reading", " writing ", "  ", "x" * 281]),
                "progress": self.rng.choice([None, None, 0, 1]), "outcome": self.maybe(.1, "so so")}

    def takeover(self):
        return {"by": self.named(), "actor_id": self.some(a=1, b=2, c=2, s=.5),
                "supervisor_id": self.one("- - t"), "lease_ttl": self.maybe(.2, 30),
                "reason": self.some(**{"it fell silent": 20, " ": 1}), "process": self.process(),
                "revision": self.some(none=8, right=2, wrong=.5), "label": self.maybe(.1, "taken")}

    def clear(self):
        return {"by": self.named(), "actor_id": self.some(owner=8, supervisor=2, z=3, none=1),
                "force": self.maybe(0.2, 1), "reason": self.maybe(.8, "done with it")}

    def resume(self):
        return {"actor_id": self.some(owner=9, supervisor=1, z=1), "lease_ttl": self.maybe(.1, 90),
                "process": self.process()}

    def status(self):
        return self.some(idle=1, starting=3, running=4, ready=4, interrupted=3, error=3, exiting=1.5, exited=1,
                         failed=1, stopped=1, destroying=.5, destroyed=.5)

    def transition(self):
        code = self.rng.choice([None, None, 0, 1, 137])
        return {"status": self.status(), "actor_id": self.some(owner=9, supervisor=1, z=1),
                "revision": self.some(none=8, right=2, wrong=.5), "exit_code": code,
                "exit_signal": self.maybe(.1, 9), "reason": self.maybe(.3, "because"),
                "failure_origin": self.maybe(.1, "storage-corruption"),
                "failure_reason": self.maybe(.1, "the disk")}

    def import_(self):
        """A legacy file, most often a good one."""
        rng = self.rng
        self.files += 1
        state = {"schema_version": rng.choice([2, 3, 4]), "started_at_epoch_s": "@ago",
                 "last_started_at_epoch_s": "@ago", "start_count": rng.randrange(4)}
        if rng.random() < .9:
            state["session_id"] = "@taken" if rng.random() < .05 else f"old-{self.files}"
        if rng.random() < .8:
            state.update(owner_kind=self.one("runtime_worker runtime_supervisor interactive"),
                         revision=rng.choice([0, 1, 7, 40]), mode=self.one("general research"))
            for name, value in {"owner_id": "a", "supervisor_id": "s", "last_heartbeat_at_epoch_s": "@now",
                                "lease_ttl_secs": rng.choice([0, TTL, 10**12])}.items():
                if rng.random() < .8:
                    state[name] = value
        return {"scope": self.some(main=1, repo=1, i0=1, i1=1, i2=1, i3=1, i4=1, i5=1), "state": state,
                "fault": self.some(none=20, cut=1, twice=1, version=1, range=1, word=1)}

    # --- turns

    def turn(self, **weights):
        """A turn by its name: a new one, the open one, one of this program, or none."""
        kind = self.some(**weights)
        if kind == "new":
            self.turns += 1
            return f"t{self.turns}"
        if kind == "old":
            return f"t{max(1, self.turns - self.rng.randrange(4))}"
        return None if kind == "none" else "@open"

    def message(self):
        return self.maybe(0.5, f"m{self.rng.randrange(100)}")

    def turn_begin(self):
        return {"turn_id": self.turn(new=10, none=3, old=2, open=3), "replace": self.maybe(0.3, 1),
                "reserve": self.maybe(0.25, 1), "message_id": self.maybe(0.3, self.message()),
                "kind": self.some(regular=8, review=1, compact=1)}

    def turn_request_start(self):
        return {"message_id": self.message()}

    def turn_steer(self):
        return {"expected_turn_id": self.turn(none=5, open=6, old=1),
                "input": self.rng.choice(["go on", "stop that", "try again", " \n\t", "x", "é", "a'b"])}

    def turn_take_input(self):
        return {"turn_id": self.turn(none=5, open=6, old=1)}

    def spent(self):
        rng = self.rng
        return {"total": rng.choice([None, 0, 7, 20, 40]), "input": rng.choice([None, 0, 3, 9]),
                "cached_input": self.maybe(.1, 2), "output": rng.choice([None, 1, 8]),
                "reasoning_output": self.maybe(.1, 4), "cost_usd": rng.choice([None, 0.25])}

    def turn_end(self):
        return {"turn_id": self.turn(open=12, none=1, old=3, new=2), "message": self.message(),
                "outcome": self.one("completed failed interrupted cancelled odd -"),
                **(self.spent() if self.rng.random() < 0.3 else {})}

    def turn_abort(self):
        return {"turn_id": self.turn(open=5, none=5, old=2),
                "reason": self.one("- interrupted interrupted replaced review_ended budget_limited")}

    def request(self):
        return f"q{self.rng.randrange(30)}"

    def request_open(self):
        return {"request_id": self.some(**{"@waiting": 1, self.request(): 5, "none": .5}),
                "turn_id": self.turn(none=4, open=7, old=1), "payload": self.maybe(.2, "may I?"),
                "kind": self.one("approval approval user_input permission elicitation tool_call")}

    def request_resolve(self):
        keys = [f"k{self.rng.randrange(5)}", f"k{self.rng.randrange(5)}"]
        return {"request_id": self.some(**{"@waiting": 5, self.request(): 1}),
                "decision": self.some(approved=3, approved_for_session=4, approved_always=1, denied=2, abort=1,
                                      maybe=1),
                "remember": self.maybe(0.5, json.dumps(keys))}

    def usage(self):
        limits = {self.one("a b"): self.rng.randrange(9)}
        return {**self.spent(), **({"total": -1} if self.rng.random() < .05 else {}),
                "rate_limits": self.maybe(0.3, json.dumps(limits))}

    def provider_event(self):
        rng = self.rng
        self.events += 1
        kind = rng.choice(["turn.started"] * 6 + ["turn.completed"] * 4 + ["session.state.changed"] * 3 +
                          ["turn.aborted"] * 2 + ["session.started", "thread.started"] +
                          ["session.exited", "runtime.error"] * (rng.random() < 0.3) +
                          ["turn.imagined"] * (rng.random() < 0.05))
        event = {"type": kind, "turn_id": self.turn(open=8, new=5, old=3, none=3), "message": self.message(),
                 "event_id": self.maybe(0.6, f"e{self.events - (rng.random() < 0.3) * rng.randrange(9)}"),
                 "outcome": self.one("- completed failed interrupted cancelled")}
        event["expected_turn_id"] = rng.choice([None, event["turn_id"], "t1"])
        if kind == "session.state.changed":
            event["state"] = self.one("starting running waiting ready ready interrupted error stopped"
                                      " idle connecting closed")
        return event

    # --- how it ended, and keeping house

    def result_of(self):
        return self.turn(none=8, open=2, old=2)

    def record_result(self):
        words = STATUSES + ["success"] * 8 + ["tier_failover_superseded"]
        return {"turn_id": self.result_of(), "status": self.rng.choice(words),
                "exit_code": self.rng.choice([None, None, 0, 0, 1, 7]), "summary": self.maybe(.3, "in short"),
                "final": self.rng.choice([None, None, 0, 1]),
                "provenance": self.one("- - agent completion synthetic"), "actor_id": self.maybe(.2, "owner")}

    def record_completion(self):
        return {"exit_code": self.rng.choice([0, 0, 1, 137, 143, 124]), "reason": self.maybe(.3, "it ended"),
                "status": self.maybe(.3, self.rng.choice(STATUSES))}

    def wait(self):
        return {"turn_id": self.result_of()}

    def settle(self):
        return {"one": self.maybe(.4, 1), "max_rows": self.maybe(.2, 1)}

    def reap(self):
        return {"idle_secs": self.rng.choice([None, 0, 1, 30, 31, TTL]), "max_rows": self.maybe(.2, 1)}

    def gc(self):
        return {"older_than_secs": self.rng.choice([None, 0, 1, 5, TTL, 2 * TTL]), "max_rows": self.maybe(.2, 1)}

    # --- notes

    def scope(self):
        return self.some(main=8, repo=1, **{"": .5})

    def escalate(self):
        return {"scope": self.scope(), "kind": self.one("blocking non_blocking"), "reason": "look at this",
                "actor_id": self.maybe(.3, "a")}

    def escalation_resolve(self):
        return {"escalation": self.rng.randrange(3)}

    def gate_set(self):
        return {"scope": self.scope(), "gates": self.one('[] ["tests"] ["tests","review"]'),
                "expected_revision": self.rng.choice([None, None, None, 0, 1, 2])}

    def baseline_set(self):
        return {"name": self.one("head tree"), "digest": f"d{self.rng.randrange(9)}"}

    # --- the guarded table and plain statements

    def hold(self):
        return {"drop": self.maybe(.15, 1)}

    def guarded_write(self):
        return {"how": self.some(insert=6, update=2, delete=1), "text": f"n{self.rng.randrange(100)}"}

    def plain_status(self):
        return {"status": self.status(), "step": self.rng.choice([1, 1, 1, 1, 0, 2]),
                "end_reason": self.maybe(.3, self.one(END_REASONS))}

    def plain_label(self):
        return {"label": f"l{self.rng.randrange(9)}", "step": self.rng.choice([1, 1, 1, 0])}

    def plain_beat(self):
        return {"step": self.rng.choice([1, 1, 1, 0])}

    def plain_fence(self):
        return {"ahead": self.rng.choice([0, 0, 5])}

    def plain_strict(self):
        return {"strict": self.rng.choice([0, 1])}

    def plain_insert(self):
        return {"scope": self.scope(), "owner_id": "a", "revision": self.rng.choice([0, 0, 0, 0, 1, -1]),
                "status": self.one("running starting idle idle ready exited"), "ahead": self.maybe(.1, 1),
                "again": self.maybe(.1, 1)}

    def plain_turn(self):
        return {"state": self.one("completed interrupted error")}

    def plain_begin(self):
        return {"turn_id": self.turn(new=5, old=2)}

    def plain_result(self):
        return {"status": self.one("success failure"), "provenance": self.one("agent completion synthetic")}

    def plain_forbidden(self):
        return {"which": self.rng.randrange(1000)}

    def kill(self):
        return {"name": self.one("p0 p1"), "how": self.some(kill=4, zombie=2, pause=1)}


setattr(Writer, "import", Writer.import_)
