-- tenure_clear: ends the holder and frees the scope. By the owner or its supervisor, by anyone where the
-- session is interactive, or by an operator's force with a reason. Nobody there is success.
-- receipt: scope session_id

CREATE VIEW tenure_clear AS
SELECT NULL AS scope, NULL AS session_id, NULL AS actor_id, NULL AS fence, NULL AS reason,
       NULL AS force, NULL AS receipt_id
 WHERE 0;

CREATE TRIGGER tenure_clear_run INSTEAD OF INSERT ON tenure_clear
WHEN NEW.receipt_id IS NULL
BEGIN
  SELECT tenure_verb('clear', NEW.actor_id, NEW.reason);
  SELECT tenure_check_id('actor_id', NEW.actor_id),
         tenure_check_text('reason', NEW.reason),
         tenure_check_int('opt.force', NEW.force, 0, 1), tenure_check_scope(NEW.scope);
  SELECT tenure_refuse(CASE WHEN CAST(NEW.force AS INTEGER) = 1
                             AND tenure_is_blank(NEW.reason)
                            THEN 'clear.reason_required' END);

  INSERT INTO tenure_clear_found
  VALUES (coalesce(NEW.session_id, (SELECT session_id FROM tenure_session
                                     WHERE scope = tenure_check_scope(NEW.scope)
                                       AND ended_at IS NULL)),
          NEW.session_id, NEW.scope, NEW.actor_id, NEW.fence, tenure_check_text('reason', NEW.reason),
          CAST(NEW.force AS INTEGER) IS 1);
END;

-- The session meant, with what the caller gave; session_id is NULL where nobody lives in the scope.
CREATE VIEW tenure_clear_found AS
SELECT NULL AS session_id, NULL AS asked_id, NULL AS scope, NULL AS actor_id, NULL AS fence,
       NULL AS reason, NULL AS forced
 WHERE 0;

CREATE TRIGGER tenure_clear_judge INSTEAD OF INSERT ON tenure_clear_found
BEGIN
  SELECT tenure_within('clear');
  INSERT INTO tenure_refusal (code, session_id, scope, actor_id, asked)
  VALUES ((SELECT CASE
                   WHEN s.session_id IS NULL AND NEW.asked_id IS NOT NULL THEN 'clear.missing'
                   WHEN s.session_id IS NULL THEN NULL
                   WHEN h.session_id IS NULL
                   THEN tenure_fence_refusal(NEW.scope, NEW.fence, 0, s.scope, s.fence, 0)
                   ELSE coalesce(
                     tenure_fence_refusal(NEW.scope, NEW.fence,
                                          h.strict AND NOT h.abandoned AND h.owner_id IS NEW.actor_id
                                          AND NOT NEW.forced,
                                          h.scope, h.fence, 0),
                     CASE WHEN h.lifecycle = 'interactive' OR NEW.forced
                               OR NEW.fence IS NOT NULL OR h.owner_id = NEW.actor_id
                               OR h.supervisor_id = NEW.actor_id
                          THEN NULL
                          WHEN NEW.actor_id IS NULL THEN 'clear.actor_required'
                          -- This refusal suggests takeover, so takeover must be open to the caller.
                          WHEN h.abandoned AND h.clock = tenure_clock_kind() AND NEW.actor_id <> 'interactive'
                          THEN 'clear.denied_stale'
                          ELSE 'clear.denied' END) END
            FROM (SELECT 1)
            LEFT JOIN tenure_session AS s ON s.session_id = NEW.session_id
            LEFT JOIN tenure_lease AS h ON h.session_id = s.session_id),
          NEW.session_id, tenure_check_scope(NEW.scope), NEW.actor_id, NEW.fence);
  INSERT INTO tenure_clear_judged (session_id, asked_id, scope, actor_id, fence, reason, forced)
  SELECT (SELECT session_id FROM tenure_session WHERE session_id = NEW.session_id AND ended_at IS NULL),
         NEW.asked_id, tenure_check_scope(NEW.scope), NEW.actor_id, NEW.fence, NEW.reason, NEW.forced;
END;

-- The session to end; session_id is NULL where none lives.
CREATE VIEW tenure_clear_judged AS
SELECT NULL AS session_id, NULL AS asked_id, NULL AS scope, NULL AS actor_id, NULL AS fence,
       NULL AS reason, NULL AS forced
 WHERE 0;

CREATE TRIGGER tenure_clear_nobody INSTEAD OF INSERT ON tenure_clear_judged
WHEN NEW.session_id IS NULL
BEGIN
  SELECT tenure_within('clear');
  SELECT tenure_report(NEW.asked_id, q.scope, 'command', 'session-state-clear', 'ok:bool', 1,
                       'scope', q.scope, 'cleared:bool', 0, 'reason', NEW.reason)
    FROM (SELECT CASE WHEN NEW.asked_id IS NULL THEN NEW.scope
                      ELSE (SELECT scope FROM tenure_session WHERE session_id = NEW.asked_id)
                 END AS scope) AS q;
END;

CREATE TRIGGER tenure_clear_end INSTEAD OF INSERT ON tenure_clear_judged
WHEN NEW.session_id IS NOT NULL
BEGIN
  SELECT tenure_within('clear');
  -- Whoever shows the fence and no name is the owner. By force also a session on the
  -- other clock ends, in the last second that it knew.
  UPDATE tenure_session
     SET status = session_end_status(status, 'exited'), revision = session_next_revision(revision),
         changed_at = max(tenure_present(clock, changed_at), changed_at),
         ended_at = max(tenure_present(clock, changed_at), started_at),
         end_reason = CASE WHEN NEW.forced THEN 'forced' ELSE 'cleared' END,
         ended_by = coalesce(NEW.actor_id, CASE WHEN NEW.fence IS NOT NULL THEN owner_id END),
         end_note = NEW.reason
   WHERE session_id = NEW.session_id;
  SELECT tenure_refuse('usage.conflict_clause') WHERE changes() <> 1;
  SELECT tenure_report(
           s.session_id, s.scope,
           'command', 'session-state-clear', 'ok:bool', 1, 'scope', s.scope, 'cleared:bool', 1,
           'reason', NEW.reason, 'lifecycle', session_lifecycle(s.owner_kind),
           'owner_kind', s.owner_kind, 'actor_id', s.owner_id, 'supervisor_id', s.supervisor_id,
           'session_id', s.session_id, 'status', s.status, 'cleared_revision', s.revision)
    FROM tenure_session AS s WHERE s.session_id = NEW.session_id;
END;
