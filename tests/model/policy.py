"""The words of the contract, as the model knows them: statuses, transitions, what a turn becomes, and how
the words of providers and outcomes are read."""

# status: commandable, terminal, allows a turn, what an open turn becomes, the legal next ones
POLICY = {
    "idle": (1, 0, 0, "completed", "starting running ready interrupted error exiting exited failed "
                                   "stopped destroying"),
    "starting": (1, 0, 1, None, "running ready interrupted error exiting exited failed stopped "
                                "destroying"),
    "running": (1, 0, 1, None, "starting ready interrupted error exiting exited failed stopped "
                               "destroying"),
    "ready": (1, 0, 0, "completed", "starting running interrupted error exiting exited failed stopped "
                                    "destroying"),
    "interrupted": (1, 0, 0, "interrupted", "starting running ready error exiting exited failed "
                                            "stopped destroying"),
    "error": (1, 0, 0, "error", "starting running ready interrupted exiting exited failed stopped "
                                "destroying"),
    "exiting": (0, 0, 0, "interrupted", "exited failed"),
    "exited": (0, 1, 0, "interrupted", "starting destroyed"),
    "failed": (0, 1, 0, "error", "starting destroyed"),
    "stopped": (0, 1, 0, "interrupted", "starting destroyed"),
    "destroying": (0, 0, 0, "interrupted", "destroyed"),
    "destroyed": (0, 1, 0, "interrupted", ""),
}
TERMINAL = {status for status, row in POLICY.items() if row[1]}
IDLE_MAX = 28800
FAIL_CLOSED = {"approval": "denied", "permission": "cancelled", "elicitation": "cancelled",
               "user_input": None, "tool_call": None}
OUTCOMES = {"failed": "error", "interrupted": "interrupted", "cancelled": "interrupted"}
PROVIDER_STATES = {"waiting": "running", "connecting": "starting", "closed": "stopped"}
# Ends after which an open turn counts as interrupted, whatever the status says.
NEVER_COMPLETED = {"taken_over", "stale_reset", "host-death", "cleared", "forced", "idle"}
# Ends after which the holder has nothing more to say.
LOST = {"taken_over", "stale_reset", "forced"}
PROVENANCE = {"synthetic": 1, "completion": 2, "agent": 3}


class Refusal(Exception):
    """The verb is refused with this code."""


def refuse_if(condition, code):
    if condition:
        raise Refusal(code)


def commandable(status):
    return POLICY[status][0]


def terminal(status):
    return status in TERMINAL


def allows_turn(status):
    return POLICY[status][2]


def settles_as(status):
    return POLICY[status][3]


def can_transition(status, other):
    return other in POLICY[status][4].split()


def end_status(status, wanted):
    """WANTED, or the nearest legal end from a status that has no edge to it."""
    if can_transition(status, wanted):
        return wanted
    return "destroyed" if status == "destroying" else "exited"


class _Any:
    """Equal to everything: what the contract leaves open. The comparison takes over what it finds."""

    def __eq__(self, other):
        return True

    def __hash__(self):
        return 0

    def __repr__(self):
        return "anything"

    def __reduce__(self):
        return "ANY"


ANY = _Any()
