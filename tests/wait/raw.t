#!/usr/bin/python3
"""Plain statements on tenure_result and tenure_completion: a raw write of the right shape is the verb, any other
meets the same wall, whatever it would do about conflicts (02, "Raw writes"; 04, "Results")."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from raw import CLAUSES, CONSTRAINTS, Raw, insert_sql  # noqa: E402
from tap import done, is_  # noqa: E402
from tenure import T0  # noqa: E402

t = Raw()
for recursive in (0, 1):
    t.sql(f"PRAGMA recursive_triggers = {recursive}")

    def living(scope="main"):
        return t.verb("start", scope=scope, actor_id="ann", lease_ttl=60)["session_id"]

    def result(session, **columns):
        return {"session_id": session, "incarnation": 1, "turn_id": "", "status": "failure", "exit_code": 1,
                "provenance": "completion", "final": 0, "recorded_at": t.now, "revision": 1} | columns

    def packet(session, **columns):
        return {"session_id": session, "incarnation": 1, "exit_code": 1, "status": "failure",
                "recorded_at": t.now} | columns

    def wall(want, sql, params=(), name=None):
        """One test per clause: refused by code WANT or, where SQLite itself refuses and may be told to pass over
        it, without effect."""
        for clause in CLAUSES[:-1]:  # OR ROLLBACK would end the situation
            statement = sql.replace(" ", f" {clause} ", 1)
            shown = f"{clause} {name or sql}: {want} ({recursive})"
            if want in CONSTRAINTS and clause in ("OR IGNORE", "OR REPLACE"):
                t.unmoved(shown, statement, params)
            else:
                t.tried(want, statement, params, name=shown)

    def wall_insert(want, row, into, **changed):
        sql, params = insert_sql(row | changed, into)
        wall(want, sql, params, f"INSERT INTO {into} with {changed}")

    # Right ones, and what the log says of them.
    with t.situation("right ones"):
        session = living()
        t.tried("ok", *insert_sql(result(session), "tenure_result"), name="a raw result")
        t.tried("ok", *insert_sql(result(session, turn_id="t1", final=1), "tenure_result"), name="and of a turn")
        t.tried("ok", *insert_sql(packet(session), "tenure_completion"), name="a raw packet")
        t.tried("ok", "UPDATE tenure_result SET status = 'success', exit_code = 0, provenance = 'agent',"
                " revision = revision + 1, final = 1 WHERE turn_id = ''", name="a raw replacement")
        is_([event for (event,) in t.sql("SELECT event FROM tenure_event WHERE seq > 1 ORDER BY seq")],
            ["result.recorded", "result.recorded", "completion.recorded", "result.replaced"],
            "each is in the log")
        is_(t.value("SELECT detail FROM tenure_event ORDER BY seq DESC LIMIT 1"),
            '{"status":"success","exit_code":0,"provenance":"agent","final":1,"prior_status":"failure",'
            '"prior_provenance":"completion"}', "without a verb")
        t.tried("ok", "INSERT INTO tenure_result(session_id, incarnation, status, recorded_at)"
                f" VALUES ('{living('defaults')}', 1, 'success', {t.now})", name="with the columns' defaults")

    # Wrong ones.
    with t.situation("wrong ones"):
        session, ended = living(), living("ended")
        t.verb("clear", scope="ended", actor_id="ann")
        for row, into, missing in ((result(session), "tenure_result", "result.missing"),
                                   (packet(session), "tenure_completion", "completion.missing")):
            wall_insert(missing, row, into, session_id="ses_x")
            wall_insert(missing, row, into, session_id=None)
            wall_insert("fence.session", row, into, incarnation=2)
            wall_insert("fence.session", row, into, incarnation=0)
            wall_insert("write.stamp", row, into, recorded_at=T0 + 1)
            wall_insert("CHECK", row, into, status="done")
            wall_insert("NOT NULL", row, into, status=None)
            wall_insert("NOT NULL", row, into, recorded_at=None)
            wall_insert("DATATYPE", row, into, exit_code="x")
        row = result(session)
        for column in ("turn_id", "provenance", "final", "revision"):
            wall_insert("write.null", row, "tenure_result", **{column: None})
        wall_insert("write.result", row, "tenure_result", revision=2)
        wall_insert("write.result", row, "tenure_result", revision=0)
        wall_insert("CHECK", row, "tenure_result", provenance="user")
        wall_insert("CHECK", row, "tenure_result", final=2)
        wall_insert("opt.blank_id", row, "tenure_result", turn_id=" ")
        wall_insert("opt.bad_id", row, "tenure_result", turn_id="a\n")
        wall_insert("NOT NULL", packet(session), "tenure_completion", exit_code=None)
        wall_insert("opt.text", row, "tenure_result", summary="a\0")
        wall_insert("opt.text", packet(session), "tenure_completion", reason="a\0")

        t.insert(result(session, provenance="agent", final=1), "tenure_result")
        t.insert(result(session, turn_id="t1"), "tenure_result")
        t.insert(packet(session), "tenure_completion")
        t.insert(result(ended), "tenure_result")
        for turn in ("", "t1"):
            wall_insert("write.exists", result(session, turn_id=turn), "tenure_result")
        wall_insert("write.exists", packet(session), "tenure_completion")
        wall("write.exists", "INSERT INTO tenure_result(session_id, incarnation, turn_id, status, recorded_at)"
             f" VALUES ('{session}', 1, 't1', 'success', {t.now}) ON CONFLICT DO UPDATE SET status = 'success',"
             " revision = revision + 1", name="UPSERT")
        wall("write.exists", f"INSERT INTO tenure_completion VALUES ('{session}', 1, 0, 'success', NULL, {t.now})"
             " ON CONFLICT DO NOTHING", name="UPSERT of a packet")
        wall("write.exists", "INSERT INTO tenure_result SELECT * FROM tenure_result")

        step = "revision = revision + 1"
        for change in ("turn_id = 't2'", "turn_id = ''", "incarnation = 2", f"session_id = '{ended}'",
                       "session_id = 'ses_x'"):
            wall("write.fixed", f"UPDATE tenure_result SET {change}, {step} WHERE turn_id = 't1'")
        for column in ("turn_id", "provenance", "final", "revision"):
            wall("write.null", f"UPDATE tenure_result SET {column} = NULL WHERE turn_id = 't1'")
        for change in ("status = 'success'", "revision = revision", "revision = revision + 2", "revision = 1",
                       f"provenance = 'synthetic', {step}", f"provenance = 'user', {step}"):
            wall("write.result", f"UPDATE tenure_result SET {change} WHERE turn_id = 't1'")
        for change in ("final = 0", "status = 'success'", "summary = 'x'", "recorded_at = recorded_at"):
            wall("write.result", f"UPDATE tenure_result SET {change}, {step} WHERE final")
        wall("opt.text", f"UPDATE tenure_result SET summary = 'a' || char(0), {step} WHERE turn_id = 't1'")
        for change in ("recorded_at - 1", f"{T0 + 1}"):
            wall("write.stamp", f"UPDATE tenure_result SET recorded_at = {change}, {step} WHERE turn_id = 't1'")
        wall("CHECK", f"UPDATE tenure_result SET status = 'done', {step} WHERE turn_id = 't1'")
        wall("CHECK", f"UPDATE tenure_result SET final = 2, {step} WHERE turn_id = 't1'")
        wall("DATATYPE", f"UPDATE tenure_result SET exit_code = 'x', {step} WHERE turn_id = 't1'")
        wall("write.result", f"UPDATE tenure_result SET {step}", name="all of them, of which one is final")
        for change in ("status = 'success'", "exit_code = exit_code", "incarnation = 2", "reason = 'x'"):
            wall("write.append_only", f"UPDATE tenure_completion SET {change}")
        for sql in ("DELETE FROM tenure_result", "DELETE FROM tenure_result WHERE turn_id = 't1'",
                    f"DELETE FROM tenure_result WHERE session_id = '{ended}'", "DELETE FROM tenure_completion"):
            t.tried("write.delete", sql)

    # Whose results count no more, or belong to another clock.
    with t.situation("after a loss"):
        session = living()
        t.insert(result(session), "tenure_result")
        t.clock(T0 + 60)
        t.verb("takeover", actor_id="bob", reason="r")
        wall_insert("fence.token", result(session, turn_id="t1"), "tenure_result")
        wall_insert("fence.token", packet(session), "tenure_completion")
        wall("fence.token", "UPDATE tenure_result SET status = 'success', revision = revision + 1")
        t.refused_sql("fence.token", *insert_sql(packet(session), "tenure_completion"), says=["bob"],
                      test="naming who has it now")
    with t.situation("after a resume"):
        session = living()
        t.insert(result(session), "tenure_result")
        t.verb("clear", actor_id="ann")
        t.verb("resume", session_id=session, actor_id="ann")
        wall_insert("fence.session", result(session, turn_id="t1"), "tenure_result")
        wall_insert("fence.session", packet(session), "tenure_completion")
        wall("fence.session", "UPDATE tenure_result SET status = 'success', revision = revision + 1")
        t.tried("ok", *insert_sql(result(session, incarnation=2), "tenure_result"), name="the new incarnation's own")
    with t.situation("another clock"):
        session = living()
        t.insert(result(session), "tenure_result")
        t.clock(None)
        wall_insert("usage.clock", result(session, turn_id="t1", recorded_at=T0), "tenure_result")
        wall_insert("usage.clock", packet(session, recorded_at=T0), "tenure_completion")
        wall("usage.clock", "UPDATE tenure_result SET status = 'success', revision = revision + 1")
    with t.situation("the views between"):
        session = living()
        for view in ("tenure_result_offer", "tenure_completion_offer", "tenure_record_gate"):
            names = [name for (name,) in t.sql("SELECT name FROM pragma_table_info(?)", (view,))]
            wall("usage.internal", f"INSERT INTO {view} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
                 [{"session_id": session, "incarnation": 1, "status": "success"}.get(name) for name in names],
                 f"INSERT INTO {view}")
done()
