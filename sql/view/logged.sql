-- A change of something that belongs to a session, on its way into the log: the row of the session gives
-- scope and revision, the verb that is running gives the actor.

CREATE VIEW tenure_logged AS
SELECT NULL AS session_id, NULL AS incarnation, NULL AS event, NULL AS turn_id, NULL AS detail
 WHERE 0;

CREATE TRIGGER tenure_logged_write INSTEAD OF INSERT ON tenure_logged
BEGIN
  INSERT INTO tenure_event (at, session_id, incarnation, scope, revision, event, actor_id, turn_id,
                            detail)
  SELECT max(tenure_present(s.clock, s.changed_at), s.changed_at), s.session_id,
         coalesce(NEW.incarnation, s.incarnation), s.scope, s.revision,
         NEW.event, tenure_verb_actor(), NULLIF(NEW.turn_id, ''), NEW.detail
    FROM tenure_session AS s WHERE s.session_id = NEW.session_id;
  SELECT tenure_refuse('usage.conflict_clause') WHERE changes() <> 1;
END;
