-- tenure_transition: moves one session along a legal edge of the status matrix. The same status is
-- success and changes nothing; revival is for tenure_resume alone. The fence of a holder that somebody else has
-- replaced opens nothing any more, also where it is the one that the ended row kept.
-- receipt: session_id

CREATE VIEW tenure_transition AS
SELECT NULL AS session_id, NULL AS status, NULL AS expected_revision, NULL AS incarnation,
       NULL AS fence, NULL AS reason, NULL AS actor_id, NULL AS exit_code, NULL AS exit_signal,
       NULL AS failure_origin, NULL AS failure_reason, NULL AS receipt_id
 WHERE 0;

CREATE TRIGGER tenure_transition_run INSTEAD OF INSERT ON tenure_transition
WHEN NEW.receipt_id IS NULL
BEGIN
  SELECT tenure_verb('transition', NEW.actor_id, NEW.reason);
  SELECT tenure_refuse(CASE WHEN NEW.session_id IS NULL OR NEW.status IS NULL THEN 'opt.required' END,
                       'what', CASE WHEN NEW.session_id IS NULL THEN 'session_id' ELSE 'status' END);
  SELECT tenure_check_id('actor_id', NEW.actor_id);
  SELECT tenure_refuse(CASE WHEN typeof(NEW.status) = 'blob' THEN 'usage.status' END,
                       'word', NEW.status);
  SELECT session_is_active(NEW.status), tenure_check_text('reason', NEW.reason),
         tenure_check_int('usage.expected_revision', NEW.expected_revision, -9223372036854775807,
                          9223372036854775807),
         tenure_check_int('usage.incarnation', NEW.incarnation, 1, 9223372036854775807),
         tenure_check_int('opt.exit_code', NEW.exit_code, -2147483648, 4294967295),
         tenure_check_int('opt.exit_signal', NEW.exit_signal, 0, 255),
         tenure_check_text('failure_reason', NEW.failure_reason);
  SELECT tenure_check_word('opt.failure_origin', NEW.failure_origin, 'host-death',
                           'renderer-failure', 'storage-corruption', 'unknown');

  INSERT INTO tenure_refusal (code, session_id, actor_id, asked, incarnation)
  SELECT q.code, NEW.session_id, NEW.actor_id, NEW.fence, NEW.incarnation
    FROM (SELECT CASE
                   WHEN s.session_id IS NULL THEN 'transition.missing'
                   WHEN NEW.incarnation IS NOT NULL AND NEW.incarnation IS NOT s.incarnation
                   THEN 'fence.session'
                   ELSE coalesce(
                     tenure_fence_refusal(NULL, NEW.fence, s.strict, s.scope, s.fence, 0),
                     CASE WHEN NEW.fence IS NOT NULL AND session_end_is_loss(s.end_reason)
                          THEN 'fence.token' END,
                     CASE WHEN s.lease_ttl IS NOT NULL AND s.scope IS NOT NULL
                               AND NEW.fence IS NULL AND NEW.actor_id IS NOT s.owner_id
                               AND (NEW.actor_id IS NULL OR NEW.actor_id IS NOT s.supervisor_id)
                          THEN 'transition.denied' END) END AS code
            FROM (SELECT 1) LEFT JOIN tenure_session AS s ON s.session_id = NEW.session_id) AS q
   WHERE q.code IS NOT NULL;
  SELECT session_transition(s.status, NEW.status, s.revision, NEW.expected_revision),
         tenure_refuse(CASE WHEN session_is_terminal(s.status) AND s.status <> NEW.status
                                 AND NEW.status = 'starting'
                            THEN 'transition.revival' END,
                       'session', s.session_id, 'from', s.status, 'to', NEW.status)
    FROM tenure_session AS s WHERE s.session_id = NEW.session_id;

  INSERT INTO tenure_transition_found
  SELECT s.session_id, s.status, NEW.status, s.status <> NEW.status,
         tenure_check_text('reason', NEW.reason),
         coalesce(NEW.actor_id, CASE WHEN NEW.fence IS NOT NULL THEN s.owner_id END),
         tenure_check_int('opt.exit_code', NEW.exit_code, -2147483648, 4294967295),
         NULLIF(tenure_check_int('opt.exit_signal', NEW.exit_signal, 0, 255), 0),
         NEW.failure_origin, tenure_check_text('failure_reason', NEW.failure_reason)
    FROM tenure_session AS s WHERE s.session_id = NEW.session_id;
END;

-- A judged transition. Exit fields belong to the statuses in which something has ended, failure fields
-- to failed and error; elsewhere they are left as they were.
CREATE VIEW tenure_transition_found AS
SELECT NULL AS session_id, NULL AS from_status, NULL AS status, NULL AS changed, NULL AS reason,
       NULL AS actor_id, NULL AS exit_code, NULL AS exit_signal, NULL AS failure_origin,
       NULL AS failure_reason
 WHERE 0;

CREATE TRIGGER tenure_transition_write INSTEAD OF INSERT ON tenure_transition_found
BEGIN
  SELECT tenure_within('transition');
  UPDATE tenure_session
     SET status = NEW.status,
         revision = session_next_revision(revision),
         changed_at = max(session_now(), changed_at),
         ended_at = CASE WHEN session_is_terminal(NEW.status)
                         THEN coalesce(ended_at, max(session_now(), started_at)) END,
         end_reason = CASE WHEN session_is_terminal(NEW.status)
                           THEN coalesce(end_reason, 'transition') END,
         ended_by = CASE WHEN ended_at IS NOT NULL THEN ended_by
                         WHEN session_is_terminal(NEW.status) THEN NEW.actor_id END,
         end_note = CASE WHEN ended_at IS NOT NULL THEN end_note
                         WHEN session_is_terminal(NEW.status) THEN NEW.reason END,
         exit_code = CASE WHEN session_is_terminal(NEW.status) THEN coalesce(NEW.exit_code, exit_code)
                          ELSE exit_code END,
         exit_signal = CASE WHEN session_is_terminal(NEW.status)
                            THEN coalesce(NEW.exit_signal, exit_signal) ELSE exit_signal END,
         failure_origin = CASE WHEN NEW.status IN ('failed', 'error')
                               THEN coalesce(NEW.failure_origin, failure_origin)
                               ELSE failure_origin END,
         failure_reason = CASE WHEN NEW.status IN ('failed', 'error')
                               THEN coalesce(NEW.failure_reason, failure_reason)
                               ELSE failure_reason END,
         last_error = CASE WHEN NEW.status = 'error' THEN coalesce(NEW.failure_reason, NEW.reason,
                                                                   last_error)
                           ELSE last_error END
   WHERE session_id = NEW.session_id AND NEW.changed;
  SELECT tenure_refuse('usage.conflict_clause') WHERE changes() <> NEW.changed;
  SELECT tenure_report(
           s.session_id, s.scope,
           'command', 'session-state-transition', 'ok:bool', 1, 'scope', s.scope,
           'session_id', s.session_id, 'incarnation', s.incarnation,
           'prior_status', NEW.from_status, 'status', s.status, 'changed:bool', NEW.changed,
           'revision', s.revision, 'fence', s.fence, 'reason', NEW.reason,
           'ended_at_epoch_s', s.ended_at, 'exit_code', s.exit_code, 'exit_signal', s.exit_signal,
           'failure_origin', s.failure_origin, 'failure_reason', s.failure_reason)
    FROM tenure_session AS s WHERE s.session_id = NEW.session_id;
END;
