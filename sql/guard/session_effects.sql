-- What follows from a change of tenure_session, whoever made it: the counter of the scope keeps each fence
-- that is granted and the number that an end leaves, stamps that the writer left out are filled in, an end
-- frees the scope and takes the notes of the session along, and the log gets its row.

CREATE TRIGGER tenure_session_update_effect AFTER UPDATE OF status, incarnation, fence ON tenure_session
WHEN NEW.fence <> OLD.fence
  OR (session_is_terminal(NEW.status) AND NOT session_is_terminal(OLD.status))
BEGIN
  SELECT tenure_effect('counter');
  UPDATE tenure_counter SET revision = NEW.revision WHERE scope = NEW.scope;
  SELECT tenure_refuse('usage.conflict_clause') WHERE NEW.scope IS NOT NULL AND changes() <> 1;
END;

-- The stamp and the end are filled in by triggers of their own, because each statement that writes a session has all
-- the programs that may follow compiled into it: a heartbeat names neither the status nor anything of an end, and does
-- not pay for those.
CREATE TRIGGER tenure_session_untouched AFTER UPDATE ON tenure_session
WHEN tenure_effect_name() IS NOT 'completion'
 AND NEW.changed_at < session_now() AND NEW.clock = tenure_clock_kind()
BEGIN
  SELECT tenure_effect('completion');
  INSERT INTO tenure_session_stamp (session_id) VALUES (NEW.session_id);
END;

-- Stamps a change whose statement did not. It is a trigger of its own, because each change of a session pays for the
-- size of the one above, and few come here.
CREATE VIEW tenure_session_stamp AS SELECT NULL AS session_id WHERE 0;

CREATE TRIGGER tenure_session_stamp_now INSTEAD OF INSERT ON tenure_session_stamp
BEGIN
  SELECT tenure_refuse('usage.internal') WHERE tenure_effect_name() IS NOT 'completion';
  UPDATE tenure_session SET changed_at = session_now() WHERE session_id = NEW.session_id;
  SELECT tenure_refuse('usage.conflict_clause') WHERE changes() <> 1;
END;

CREATE TRIGGER tenure_session_unended AFTER UPDATE OF status ON tenure_session
WHEN session_is_terminal(NEW.status) AND (NEW.ended_at IS NULL OR NEW.end_reason IS NULL)
BEGIN
  SELECT tenure_effect('completion');
  UPDATE tenure_session
     SET ended_at = coalesce(ended_at, max(session_now(), started_at)),
         end_reason = coalesce(end_reason, 'transition')
   WHERE session_id = NEW.session_id;
  SELECT tenure_refuse('usage.conflict_clause') WHERE changes() <> 1;
END;

-- The end of a session takes the non-blocking escalations and the gates of its scope along. A clear by
-- the autonomous owner, by its supervisor or by force takes the blocking ones too.
CREATE TRIGGER tenure_session_end_notes AFTER UPDATE OF status ON tenure_session
WHEN session_is_terminal(NEW.status) AND NOT session_is_terminal(OLD.status)
 AND NEW.scope IS NOT NULL
BEGIN
  DELETE FROM tenure_escalation
   WHERE scope = NEW.scope
     AND (kind = 'non_blocking'
          OR (tenure_verb_name() = 'clear'
              AND (NEW.end_reason = 'forced' OR NEW.lease_ttl IS NOT NULL)));
  DELETE FROM tenure_gate WHERE scope = NEW.scope;
END;

CREATE TRIGGER tenure_session_log AFTER UPDATE OF
  incarnation, status, mode, owner_kind, supervisor_id, strict, lease_ttl, start_count, fence,
  current_activity, activity_at, progress_at, no_progress_count, last_outcome, exit_code, exit_signal,
  failure_origin, failure_reason, last_error, last_turn_id, host, boot_id, pid, pid_start_ticks,
  label, command, cwd, parent_session_id, token_budget, usage_input, usage_cached_input, usage_output,
  usage_reasoning_output, usage_total, usage_cost_usd, rate_limits
ON tenure_session
WHEN NEW.status <> OLD.status OR NEW.incarnation <> OLD.incarnation
  OR NEW.start_count <> OLD.start_count OR NEW.fence <> OLD.fence
  OR NEW.current_activity IS NOT OLD.current_activity OR NEW.activity_at IS NOT OLD.activity_at
  OR NEW.progress_at IS NOT OLD.progress_at OR NEW.no_progress_count <> OLD.no_progress_count
  OR NEW.last_outcome IS NOT OLD.last_outcome OR NEW.mode <> OLD.mode OR NEW.strict <> OLD.strict
  OR NEW.exit_code IS NOT OLD.exit_code OR NEW.exit_signal IS NOT OLD.exit_signal
  OR NEW.failure_origin IS NOT OLD.failure_origin OR NEW.failure_reason IS NOT OLD.failure_reason
  OR NEW.last_error IS NOT OLD.last_error OR NEW.last_turn_id IS NOT OLD.last_turn_id
  OR NEW.host IS NOT OLD.host OR NEW.boot_id IS NOT OLD.boot_id OR NEW.pid IS NOT OLD.pid
  OR NEW.pid_start_ticks IS NOT OLD.pid_start_ticks OR NEW.label IS NOT OLD.label
  OR NEW.command IS NOT OLD.command OR NEW.cwd IS NOT OLD.cwd
  OR NEW.parent_session_id IS NOT OLD.parent_session_id
  OR NEW.token_budget IS NOT OLD.token_budget OR NEW.rate_limits IS NOT OLD.rate_limits
  OR NEW.usage_input <> OLD.usage_input OR NEW.usage_cached_input <> OLD.usage_cached_input
  OR NEW.usage_output <> OLD.usage_output OR NEW.usage_reasoning_output <> OLD.usage_reasoning_output
  OR NEW.usage_total <> OLD.usage_total OR NEW.usage_cost_usd <> OLD.usage_cost_usd
BEGIN
  INSERT INTO tenure_event (at, session_id, incarnation, scope, revision, event, from_status,
                            to_status, actor_id, detail)
  VALUES (max(tenure_present(NEW.clock, NEW.changed_at), NEW.changed_at), NEW.session_id,
          NEW.incarnation, NEW.scope, NEW.revision,
          CASE WHEN NEW.incarnation <> OLD.incarnation THEN 'session.resumed'
               WHEN session_is_terminal(NEW.status) AND NOT session_is_terminal(OLD.status)
               THEN 'session.ended'
               WHEN NEW.status <> OLD.status THEN 'session.status'
               WHEN NEW.start_count <> OLD.start_count THEN 'session.joined'
               WHEN NEW.activity_at IS NOT OLD.activity_at
                    OR NEW.current_activity IS NOT OLD.current_activity THEN 'session.activity'
               WHEN NEW.progress_at IS NOT OLD.progress_at
                    OR NEW.no_progress_count <> OLD.no_progress_count THEN 'session.progress'
               WHEN NEW.usage_input <> OLD.usage_input OR NEW.usage_cached_input <> OLD.usage_cached_input
                    OR NEW.usage_output <> OLD.usage_output OR NEW.usage_total <> OLD.usage_total
                    OR NEW.usage_reasoning_output <> OLD.usage_reasoning_output
                    OR NEW.usage_cost_usd <> OLD.usage_cost_usd THEN 'session.usage'
               ELSE 'session.changed' END,
          OLD.status, NEW.status,
          coalesce(tenure_verb_actor(), CASE WHEN session_is_terminal(NEW.status)
                                                  AND NOT session_is_terminal(OLD.status)
                                             THEN NEW.ended_by END),
          tenure_object('verb', tenure_verb_name(), 'reason', tenure_verb_reason(),
                        'fence', NULLIF(NEW.fence, OLD.fence),
                        'prior_fence', NULLIF(OLD.fence, NEW.fence),
                        'owner_kind', NULLIF(NEW.owner_kind, OLD.owner_kind),
                        'prior_owner_kind', NULLIF(OLD.owner_kind, NEW.owner_kind),
                        'owner_id', CASE WHEN NEW.status <> OLD.status
                                              OR NEW.start_count <> OLD.start_count
                                         THEN NEW.owner_id END,
                        'start_count', NULLIF(NEW.start_count, OLD.start_count),
                        'supervisor_id', NULLIF(NEW.supervisor_id, OLD.supervisor_id),
                        'lease_ttl', NULLIF(NEW.lease_ttl, OLD.lease_ttl),
                        'end_reason', CASE WHEN session_is_terminal(NEW.status)
                                                AND NOT session_is_terminal(OLD.status)
                                           THEN coalesce(NEW.end_reason, 'transition') END,
                        'end_note', CASE WHEN session_is_terminal(NEW.status)
                                              AND NOT session_is_terminal(OLD.status)
                                         THEN NEW.end_note END,
                        'activity', CASE WHEN NEW.activity_at IS NOT OLD.activity_at
                                              OR NEW.current_activity IS NOT OLD.current_activity
                                         THEN NEW.current_activity END,
                        'no_progress_count', NULLIF(NEW.no_progress_count, OLD.no_progress_count),
                        'outcome', NULLIF(NEW.last_outcome, OLD.last_outcome),
                        'input', NULLIF(NEW.usage_input - OLD.usage_input, 0),
                        'cached_input', NULLIF(NEW.usage_cached_input - OLD.usage_cached_input, 0),
                        'output', NULLIF(NEW.usage_output - OLD.usage_output, 0),
                        'reasoning_output', NULLIF(NEW.usage_reasoning_output - OLD.usage_reasoning_output, 0),
                        'total', NULLIF(NEW.usage_total - OLD.usage_total, 0),
                        'cost_usd', NULLIF(NEW.usage_cost_usd - OLD.usage_cost_usd, 0),
                        'exit_code', NEW.exit_code, 'exit_signal', NEW.exit_signal,
                        'failure_origin', NEW.failure_origin,
                        'failure_reason', NEW.failure_reason));
  SELECT tenure_refuse('usage.conflict_clause') WHERE changes() <> 1;
END;
