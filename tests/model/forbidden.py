"""What nobody may write. Each line: the code of the refusal | the rows that the statement meets, without which
it is none | the statement. @ stands for: session_id = :session_id. A line that begins with SET changes the
session of the virtual clock, with the next revision."""

LINES = """
write.fixed       | SET | owner_id = owner_id || 'z'
write.fixed       | SET | scope = 'other'
write.fixed       | SET | started_at = started_at - 1
write.fixed       | SET | predecessor_id = 'x'
write.join        | SET | lease_ttl = coalesce(lease_ttl, 0) + 1
write.join        | SET | supervisor_id = 'x'
write.join        | SET | start_count = start_count + 2
write.stamp       | SET | changed_at = changed_at - 1
write.stamp       | SET | changed_at = max(changed_at, session_now()) + 1
write.incarnation | SET | incarnation = incarnation + 2, status = 'starting', fence = revision + 1
write.evidence    | SET | lease_machine = 'x'
write.ended       | SET | end_note = 'x'

write.counter     | tenure_scope             | UPDATE tenure_scope SET revision = revision + 1
write.delete      | tenure_scope             | DELETE FROM tenure_scope
write.counter     | tenure_meta              | INSERT INTO tenure_scope VALUES ('nowhere', 7)
write.fixed       | tenure_meta              | UPDATE tenure_meta SET value = '9'
write.sequence    | tenure_meta              | INSERT INTO tenure_event (seq, at, event) VALUES (1000000000, 1, 'x')
write.append_only | tenure_event WHERE @     | UPDATE tenure_event SET at = 0 WHERE @
write.append_only | tenure_session WHERE @   | DELETE FROM tenure_event WHERE @
write.append_only | tenure_receipt           | UPDATE tenure_receipt SET verb = 'x'
write.exists      | tenure_receipt           | INSERT INTO tenure_receipt SELECT * FROM tenure_receipt LIMIT 1
write.revision    | tenure_gate              | UPDATE tenure_gate SET revision = revision + 2
write.revision    | tenure_meta              | INSERT INTO tenure_gate VALUES ('nowhere', '[]', 2)
write.exists      | tenure_escalation        | INSERT INTO tenure_escalation SELECT * FROM tenure_escalation LIMIT 1
write.fixed       | tenure_baseline WHERE @  | UPDATE tenure_baseline SET digest = 'x' WHERE @
baseline.missing  | tenure_meta              | INSERT INTO tenure_baseline VALUES ('ses_nowhere', 'n', 'd', 1)

write.delete      | tenure_turn WHERE @      | DELETE FROM tenure_turn WHERE @
turn.ended        | tenure_turn WHERE @ AND ended_at > 0 | UPDATE tenure_turn SET state = 'completed' WHERE @ AND ended_at > 0
write.turn        | tenure_turn WHERE @ AND state = 'running' | UPDATE tenure_turn SET state = 'reserved' WHERE @ AND state = 'running'
write.fixed       | tenure_turn WHERE @ AND kind = 'regular' | UPDATE tenure_turn SET kind = 'review' WHERE @ AND kind = 'regular'
write.stamp       | tenure_turn WHERE @ AND state = 'running' | UPDATE tenure_turn SET started_at = max(session_now(), started_at) + 1 WHERE @ AND state = 'running'
turn.missing      | tenure_meta              | INSERT INTO tenure_grant VALUES ('ses_nowhere', 'k', '')
write.fixed       | tenure_grant WHERE @     | UPDATE tenure_grant SET turn_id = '' WHERE @
write.fixed       | tenure_pending_start WHERE @ | UPDATE tenure_pending_start SET message_id = 'x' WHERE @
write.fixed       | tenure_provider_seen WHERE @ | UPDATE tenure_provider_seen SET at = 1 WHERE @
write.stamp       | tenure_request WHERE @ AND state = 'pending' | UPDATE tenure_request SET state = 'resolved', decision = 'x', resolved_at = max(session_now(), created_at) + 1 WHERE @ AND state = 'pending'
turn.missing      | tenure_meta              | INSERT INTO tenure_turn (session_id, turn_id, incarnation, state, started_at) VALUES ('ses_nowhere', 't1', 1, 'running', 1)
write.delete      | tenure_request WHERE @   | DELETE FROM tenure_request WHERE @
write.request     | tenure_request WHERE @ AND state <> 'pending' | UPDATE tenure_request SET state = 'pending', resolved_at = NULL, decision = NULL WHERE @ AND state <> 'pending'
write.request     | tenure_session WHERE @ AND clock = 'virtual' | INSERT INTO tenure_request (session_id, request_id, attempt, incarnation, kind, state, created_at, resolved_at) SELECT session_id, 'by hand', 1, incarnation, 'approval', 'resolved', 1, 1 FROM tenure_session WHERE @ AND clock = 'virtual'
fence.session     | tenure_session WHERE @ | INSERT INTO tenure_request (session_id, request_id, attempt, incarnation, kind, state, created_at) SELECT session_id, 'by hand', 1, incarnation + 1, 'approval', 'pending', 1 FROM tenure_session WHERE @
usage.clock       | tenure_session WHERE @ AND clock = 'machine' | INSERT INTO tenure_request (session_id, request_id, attempt, incarnation, kind, state, created_at) SELECT session_id, 'by hand', 1, incarnation, 'approval', 'pending', 1 FROM tenure_session WHERE @ AND clock = 'machine'
write.fixed       | tenure_turn_input WHERE @ AND state <> 'pending' | UPDATE tenure_turn_input SET state = 'pending' WHERE @ AND state <> 'pending'
write.append_only | tenure_history WHERE @   | UPDATE tenure_history SET payload = 'x' WHERE @

write.delete      | tenure_result WHERE @    | DELETE FROM tenure_result WHERE @
result.missing    | tenure_meta              | INSERT INTO tenure_result (session_id, incarnation, status, recorded_at) VALUES ('ses_nowhere', 1, 'success', 1)
write.append_only | tenure_completion WHERE @ | UPDATE tenure_completion SET exit_code = 0 WHERE @
completion.missing | tenure_meta             | INSERT INTO tenure_completion (session_id, incarnation, exit_code, status, recorded_at) VALUES ('ses_nowhere', 1, 0, 'success', 1)
"""


def parsed(line):
    """The statement, the question whether it meets a row, the code."""
    code, rows, sql = (part.strip() for part in line.split(" | ", 2))
    if rows == "SET":
        rows = "tenure_session WHERE @ AND clock = 'virtual'"
        sql = f"UPDATE tenure_session SET {sql}, revision = revision + 1 WHERE @ AND clock = 'virtual'"
    texts = sql, f"SELECT EXISTS (SELECT 1 FROM {rows})"
    return *(text.replace("@", "session_id = :session_id") for text in texts), code


FORBIDDEN = [parsed(line) for line in LINES.split("\n") if line]
