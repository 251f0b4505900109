-- tenure_start: asks for a scope. Creates a session where nobody lives, joins one's own, replaces one
-- that is over, and is refused by anybody else's. The decision table is in C, ext/start.c.
-- receipt: scope

CREATE VIEW tenure_start AS
SELECT NULL AS scope, NULL AS lifecycle, NULL AS mode, NULL AS owner_kind, NULL AS actor_id,
       NULL AS supervisor_id, NULL AS lease_ttl, NULL AS session_id, NULL AS fence, NULL AS strict,
       NULL AS status, NULL AS token_budget, NULL AS label, NULL AS command, NULL AS cwd,
       NULL AS parent_session_id, NULL AS host, NULL AS boot_id, NULL AS pid,
       NULL AS pid_start_ticks, NULL AS receipt_id
 WHERE 0;

CREATE TRIGGER tenure_start_run INSTEAD OF INSERT ON tenure_start
WHEN NEW.receipt_id IS NULL
BEGIN
  SELECT tenure_verb('start', NEW.actor_id, NULL);

  -- Validation; the first hit wins.
  SELECT tenure_refuse(
           CASE WHEN q.lifecycle = 'interactive' AND NEW.owner_kind IS NOT NULL THEN 'opt.owner_kind'
                WHEN q.lifecycle = 'interactive' AND NEW.actor_id IS NOT NULL THEN 'opt.actor_id'
                WHEN q.lifecycle = 'interactive' AND NEW.supervisor_id IS NOT NULL
                THEN 'opt.supervisor_id'
                WHEN q.lifecycle = 'interactive' AND NEW.lease_ttl IS NOT NULL THEN 'opt.lease'
                WHEN q.lifecycle = 'autonomous' AND NEW.actor_id IS NULL THEN 'opt.actor_required'
                WHEN q.lifecycle = 'autonomous' AND NEW.lease_ttl IS NULL THEN 'opt.lease_required'
                WHEN NEW.owner_kind = 'interactive' THEN 'opt.kind_not_autonomous' END,
           'value', NEW.owner_kind)
    FROM (SELECT tenure_start_lifecycle(NEW.lifecycle, NEW.actor_id, NEW.owner_kind, NEW.supervisor_id,
                                        NEW.lease_ttl) AS lifecycle) AS q;
  SELECT tenure_check_int('opt.lease_range', NEW.lease_ttl, 1, 31536000),
         tenure_check_actor('actor_id', NEW.actor_id),
         tenure_check_actor('supervisor_id', NEW.supervisor_id),
         tenure_check_id('parent_session_id', NEW.parent_session_id),
         tenure_check_scope(NEW.scope);
  SELECT tenure_check_word('opt.lifecycle', NEW.lifecycle, 'interactive', 'autonomous'),
         tenure_check_word('opt.owner_kind', NEW.owner_kind, 'runtime_supervisor', 'runtime_worker'),
         tenure_check_word('opt.mode', NEW.mode, 'general', 'research', 'implement'),
         tenure_check_word('opt.status', NEW.status, 'running', 'starting', 'idle'),
         tenure_check_int('opt.strict', NEW.strict, 0, 1),
         tenure_check_int('opt.token_budget', NEW.token_budget, 0, 9223372036854775807);

  INSERT INTO tenure_start_judged
  SELECT tenure_start_decision(h.lifecycle, h.abandoned, q.lifecycle, h.owner_id IS NEW.actor_id,
                               q.scope IS NOT NULL AND (
                                 NEW.fence IS h.fence OR
                                 (NEW.host = h.host AND NEW.boot_id = h.boot_id AND NEW.pid = h.pid
                                  AND NEW.pid_start_ticks = h.pid_start_ticks) IS TRUE),
                               h.strict),
         h.session_id, session_mint_id(),
         session_next_revision(coalesce(h.revision, (SELECT revision FROM tenure_scope
                                                      WHERE scope = q.scope), 0)),
         q.scope, q.lifecycle, NEW.mode,
         CASE q.lifecycle WHEN 'interactive' THEN 'interactive'
                          ELSE coalesce(NEW.owner_kind, 'runtime_worker') END,
         coalesce(tenure_check_actor('actor_id', NEW.actor_id), 'interactive'),
         tenure_check_actor('supervisor_id', NEW.supervisor_id),
         tenure_check_int('opt.lease_range', NEW.lease_ttl, 1, 31536000),
         min(h.remaining_secs, h.lease_ttl),
         NEW.session_id, NEW.fence, tenure_check_int('opt.strict', NEW.strict, 0, 1), NEW.status,
         tenure_check_int('opt.token_budget', NEW.token_budget, 0, 9223372036854775807),
         tenure_check_text('label', NEW.label), tenure_check_text('command', NEW.command),
         tenure_check_text('cwd', NEW.cwd),
         tenure_check_id('parent_session_id', NEW.parent_session_id),
         tenure_check_text('host', NEW.host), tenure_check_text('boot_id', NEW.boot_id),
         tenure_check_int('opt.process', NEW.pid, 1, 2147483647),
         tenure_check_int('opt.process', NEW.pid_start_ticks, 0, 9223372036854775807)
    FROM (SELECT tenure_check_scope(NEW.scope) AS scope,
                 tenure_start_lifecycle(NEW.lifecycle, NEW.actor_id, NEW.owner_kind, NEW.supervisor_id,
                                        NEW.lease_ttl) AS lifecycle) AS q
    LEFT JOIN tenure_holder AS h ON h.scope = q.scope;
END;

-- A start with its decision: what was asked for, checked and with its defaults, beside what was found.
-- It has a row's worth of variables, which trigger programs lack; number is the revision of the change,
-- found_left the rest of the lease, counted from the stamp that the row will have.
CREATE VIEW tenure_start_judged AS
SELECT NULL AS decision, NULL AS found_id, NULL AS new_id, NULL AS number, NULL AS scope, NULL AS lifecycle,
       NULL AS mode, NULL AS owner_kind, NULL AS owner_id, NULL AS supervisor_id, NULL AS lease_ttl,
       NULL AS found_left, NULL AS asked_session, NULL AS asked_fence, NULL AS strict,
       NULL AS status, NULL AS token_budget, NULL AS label, NULL AS command, NULL AS cwd,
       NULL AS parent_session_id, NULL AS host, NULL AS boot_id, NULL AS pid,
       NULL AS pid_start_ticks
 WHERE 0;

CREATE TRIGGER tenure_start_refuse INSTEAD OF INSERT ON tenure_start_judged
WHEN instr(NEW.decision, '.') > 0 AND NEW.decision <> 'fence.required'
BEGIN
  SELECT tenure_within('start');
  INSERT INTO tenure_refusal (code, session_id, scope, actor_id)
  VALUES (NEW.decision, NEW.found_id, NEW.scope, NEW.owner_id);
END;

-- create, replace: the old session ends, the new one takes the scope with the same number.
CREATE TRIGGER tenure_start_new INSTEAD OF INSERT ON tenure_start_judged
WHEN NEW.decision IN ('create', 'replace')
BEGIN
  SELECT tenure_within('start');
  UPDATE tenure_session
     SET status = session_end_status(status, 'failed'), revision = NEW.number,
         changed_at = max(session_now(), changed_at), ended_at = max(session_now(), started_at),
         end_reason = 'stale_reset', ended_by = NEW.owner_id
   WHERE session_id = NEW.found_id;
  INSERT INTO tenure_session
        (session_id, scope, status, mode, owner_kind, owner_id, supervisor_id, strict, clock,
         lease_ttl, started_at, last_started_at, last_heartbeat_at, lease_machine, lease_boot_id,
         lease_deadline_mono, lease_file, changed_at, revision, fence, predecessor_id,
         parent_session_id, host, boot_id, pid, pid_start_ticks, label, command, cwd, token_budget)
  VALUES (NEW.new_id, NEW.scope, coalesce(NEW.status, 'running'), coalesce(NEW.mode, 'general'),
          NEW.owner_kind, NEW.owner_id,
          coalesce(NEW.supervisor_id,
                   (SELECT supervisor_id FROM tenure_session
                     WHERE session_id = NEW.found_id AND NEW.lifecycle = 'autonomous')),
          coalesce(NEW.strict, 0), tenure_clock_kind(), NEW.lease_ttl, session_now(), session_now(),
          CASE NEW.lifecycle WHEN 'autonomous' THEN session_now() END,
          lease_grant('machine', NEW.lease_ttl), lease_grant('boot_id', NEW.lease_ttl),
          lease_grant('deadline', NEW.lease_ttl), lease_grant('file', NEW.lease_ttl),
          session_now(), NEW.number, NEW.number, NEW.found_id, NEW.parent_session_id, NEW.host,
          NEW.boot_id, NEW.pid, NEW.pid_start_ticks, NEW.label, NEW.command, NEW.cwd,
          NEW.token_budget);
  SELECT tenure_refuse('usage.conflict_clause')
   WHERE changes() <> 1
      OR (NEW.scope IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM tenure_counter WHERE scope = NEW.scope AND revision = NEW.number));

  INSERT INTO tenure_start_report (session_id, reset, prior_session_id, warning)
  VALUES (NEW.new_id, 1, NEW.found_id,
          (SELECT 'replaced: session ' || display_safe(session_id) || ' of ' ||
                  display_safe(owner_id) || ' on scope ' || display_safe(scope) ||
                  ' was over and has been ended'
             FROM tenure_session WHERE session_id = NEW.found_id));
END;

-- keep, twin: the same session goes on, if what the caller shows of it is right. A twin cannot prove that
-- it is the process that held the lease so far, so it gets a new fence, which shuts the other process out.
CREATE TRIGGER tenure_start_keep INSTEAD OF INSERT ON tenure_start_judged
WHEN NEW.decision = 'keep' OR NEW.decision = 'twin' OR NEW.decision = 'fence.required'
BEGIN
  SELECT tenure_within('start');
  INSERT INTO tenure_refusal (code, session_id, scope, actor_id, asked)
  VALUES ((SELECT coalesce(CASE WHEN NEW.asked_session <> s.session_id THEN 'fence.session' END,
                           tenure_fence_refusal(NULL, NEW.asked_fence,
                                                NEW.decision = 'fence.required', s.scope, s.fence, 0))
             FROM tenure_session AS s WHERE s.session_id = NEW.found_id),
          NEW.found_id, NEW.scope, NEW.owner_id, NEW.asked_fence);
  UPDATE tenure_session
     SET last_started_at = max(session_now(), last_started_at),
         start_count = session_next_revision(start_count),
         mode = coalesce(NEW.mode, mode),
         owner_kind = NEW.owner_kind,
         supervisor_id = coalesce(NEW.supervisor_id, supervisor_id),
         strict = max(strict, coalesce(NEW.strict, 0)),
         lease_ttl = max(NEW.lease_ttl, NEW.found_left),
         last_heartbeat_at = CASE NEW.lifecycle
                                  WHEN 'autonomous' THEN max(session_now(), last_heartbeat_at)
                                  ELSE last_heartbeat_at END,
         lease_machine = lease_grant('machine', max(NEW.lease_ttl, NEW.found_left)),
         lease_boot_id = lease_grant('boot_id', max(NEW.lease_ttl, NEW.found_left)),
         lease_deadline_mono = lease_grant('deadline', max(NEW.lease_ttl, NEW.found_left)),
         lease_file = lease_grant('file', max(NEW.lease_ttl, NEW.found_left)),
         current_activity = CASE NEW.lifecycle WHEN 'autonomous' THEN current_activity END,
         activity_at = CASE NEW.lifecycle WHEN 'autonomous' THEN activity_at END,
         -- One process has one identity: parts of two would say that one is dead which lives.
         (host, boot_id, pid, pid_start_ticks) =
         (SELECT iif(q.anew, NEW.host, host), iif(q.anew, NEW.boot_id, boot_id),
                 iif(q.anew, NEW.pid, pid), iif(q.anew, NEW.pid_start_ticks, pid_start_ticks)
            FROM (SELECT NEW.decision = 'twin' OR coalesce(NEW.host, NEW.boot_id, NEW.pid,
                                                           NEW.pid_start_ticks) IS NOT NULL
                         AS anew) AS q),
         label = coalesce(NEW.label, label),
         command = coalesce(NEW.command, command),
         cwd = coalesce(NEW.cwd, cwd),
         parent_session_id = coalesce(NEW.parent_session_id, parent_session_id),
         token_budget = coalesce(NEW.token_budget, token_budget),
         changed_at = max(session_now(), changed_at),
         revision = session_next_revision(revision),
         fence = CASE NEW.decision WHEN 'twin' THEN session_next_revision(revision) ELSE fence END
   WHERE session_id = NEW.found_id;
  SELECT tenure_refuse('usage.conflict_clause') WHERE changes() <> 1;

  INSERT INTO tenure_start_report (session_id, reset, prior_session_id, warning)
  VALUES (NEW.found_id, 0, NULL,
         CASE WHEN NEW.decision = 'twin'
              THEN 'twin: ' || display_safe(NEW.owner_id) || ' held scope ' ||
                   display_safe(NEW.scope) || ' already and this caller could not prove to be the ' ||
                   'same process; it has a new fence, and the other process is shut out'
              WHEN NEW.lifecycle = 'interactive'
              THEN 'joined: an interactive session holds scope ' || display_safe(NEW.scope) ||
                   ' already; its start_count grew by one'
              ELSE 'joined: ' || display_safe(NEW.owner_id) || ' holds scope ' ||
                   display_safe(NEW.scope) || ' already; its lease was renewed' END);
END;

-- The report of a start, from the row as it now stands.
CREATE VIEW tenure_start_report AS
SELECT NULL AS session_id, NULL AS reset, NULL AS prior_session_id, NULL AS warning WHERE 0;

CREATE TRIGGER tenure_start_answer INSTEAD OF INSERT ON tenure_start_report
BEGIN
  SELECT tenure_within('start');
  SELECT tenure_report(
           s.session_id, s.scope,
           'command', 'session-state-start', 'ok:bool', 1, 'scope', s.scope,
           'session_id', s.session_id, 'fence', s.fence, 'revision', s.revision,
           'started_at_epoch_s', s.started_at, 'last_started_at_epoch_s', s.last_started_at,
           'start_count', s.start_count, 'mode', s.mode, 'lifecycle', session_lifecycle(s.owner_kind),
           'owner_kind', s.owner_kind, 'actor_id', s.owner_id, 'supervisor_id', s.supervisor_id,
           'lease_ttl_secs', s.lease_ttl, 'last_heartbeat_at_epoch_s', s.last_heartbeat_at,
           'lease_expires_at_epoch_s', lease_expires_at(s.last_heartbeat_at, s.lease_ttl),
           'current_activity', s.current_activity, 'activity_updated_at_epoch_s', s.activity_at,
           'reset:bool', NEW.reset,
           'prior_session_id', NEW.prior_session_id, 'warning:nullable', NEW.warning)
    FROM tenure_session AS s WHERE s.session_id = NEW.session_id;
END;
