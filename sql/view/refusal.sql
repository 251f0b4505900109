-- Where a verb's refusal becomes an error. A verb decides only the code, NULL for none; the trigger of the
-- second view looks up whom and what the sentence names, so that every refusal names them alike:
--   session, status, owner, supervisor, since, until, why, revision, fence   of the session meant
--   holder, holder_session, holder_since                                     of who has the scope now
--   because                                                                  why it is not that one
--   asked, actor                                                             what the caller gave
-- The scope meant is that of the session, and only where there is no such session the one that was given: a verb puts
-- the default in its place, which is nothing to a session without scope.

CREATE VIEW tenure_refusal AS
SELECT NULL AS code, NULL AS session_id, NULL AS scope, NULL AS actor_id, NULL AS asked, NULL AS incarnation
 WHERE 0;

CREATE TRIGGER tenure_refusal_is_one INSTEAD OF INSERT ON tenure_refusal
WHEN NEW.code IS NOT NULL
BEGIN
  INSERT INTO tenure_refusal_raised (code, session_id, scope, actor_id, asked, incarnation)
  VALUES (NEW.code, NEW.session_id, NEW.scope, NEW.actor_id, NEW.asked, NEW.incarnation);
END;

CREATE VIEW tenure_refusal_raised AS
SELECT NULL AS code, NULL AS session_id, NULL AS scope, NULL AS actor_id, NULL AS asked, NULL AS incarnation
 WHERE 0;

CREATE TRIGGER tenure_refusal_raise INSTEAD OF INSERT ON tenure_refusal_raised
BEGIN
  SELECT tenure_refuse(
           NEW.code, 'actor', NEW.actor_id, 'asked', NEW.asked,
           'session', coalesce(s.session_id, NEW.session_id), 'status', s.status,
           'scope', CASE WHEN s.session_id IS NULL THEN NEW.scope ELSE s.scope END,
           'owner', s.owner_id, 'supervisor', s.supervisor_id, 'since', s.started_at,
           'until', CASE WHEN NOT t.abandoned OR t.stale_reason = 'expired' THEN t.holds_until END,
           'why', coalesce(t.stale_reason, CASE WHEN t.abandoned THEN 'its process is dead' END),
           'revision', s.revision, 'fence', s.fence,
           'because', CASE WHEN NEW.incarnation <> s.incarnation
                           THEN 'is incarnation ' || s.incarnation || ' now, not ' || NEW.incarnation
                           WHEN s.ended_at IS NOT NULL THEN 'has ended'
                           WHEN NEW.scope IS NOT NULL AND NEW.scope IS NOT s.scope
                           THEN 'does not belong to scope ' || NEW.scope
                           ELSE 'is not the one asked for' END,
           'holder', coalesce(h.owner_id, t.owner_id),
           'holder_session', coalesce(h.session_id, t.session_id),
           'holder_since', coalesce(h.started_at, t.started_at))
    FROM (SELECT 1)
    LEFT JOIN tenure_session AS s ON s.session_id = NEW.session_id
    LEFT JOIN tenure_lease AS t ON t.session_id = NEW.session_id
    LEFT JOIN tenure_lease AS h ON h.scope = s.scope;
END;
