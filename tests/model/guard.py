"""The user's own table, guarded for scope main: who may write, by the fence that its connection presents."""

from policy import refuse_if

SCOPE = "main"


def hold(w, call):
    """SELECT tenure_hold(session, fence): one per scope and connection; it judges nothing."""
    if call.get("session_id") is None:
        w.holds = {key: held for key, held in w.holds.items() if key[0] != w.conn}
        return {}
    s = w.sessions.get(call["session_id"])
    refuse_if(s is None, "hold.missing")
    refuse_if(s.scope is None, "hold.no_scope")
    w.holds[(w.conn, s.scope)] = (call["session_id"], call["fence"])
    return {}


def write(w, call):
    """A write to the guarded table."""
    if call["how"] != "insert" and not w.work:
        return {}  # no row, no write
    held, holder = w.holds.get((w.conn, SCOPE)), w.living(SCOPE)
    refuse_if(held is None, "fence.required")
    refuse_if(holder is None or held != (holder.session_id, holder.fence), "fence.token")
    w.own_clock(holder)
    refuse_if(holder.stale(w.now), "fence.stale")
    if call["how"] == "insert":
        w.work.append(call["text"])
    elif call["how"] == "update":
        w.work = [call["text"]] * len(w.work)
    else:
        w.work = []
    return {}


STATEMENTS = {"hold": hold, "guarded_write": write}
