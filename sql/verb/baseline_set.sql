-- tenure_baseline_set: a digest of something that the session saw when it started, so that a view can
-- show what has drifted since. One per session and name; the latest wins.
-- receipt: session_id name

CREATE VIEW tenure_baseline_set AS
SELECT NULL AS session_id, NULL AS name, NULL AS digest, NULL AS fence, NULL AS actor_id,
       NULL AS receipt_id
 WHERE 0;

CREATE TRIGGER tenure_baseline_set_run INSTEAD OF INSERT ON tenure_baseline_set
WHEN NEW.receipt_id IS NULL
BEGIN
  SELECT tenure_verb('baseline_set', NEW.actor_id, NULL);
  SELECT tenure_check_actor('actor_id', NEW.actor_id),
         tenure_check_id('name', coalesce(NEW.name, '')), tenure_check_text('digest', NEW.digest),
         tenure_refuse(CASE WHEN NEW.digest IS NULL THEN 'opt.required' END, 'what', 'digest');
  INSERT INTO tenure_refusal (code, session_id, actor_id, asked)
  SELECT q.code, NEW.session_id, NEW.actor_id, NEW.fence
    FROM (SELECT CASE WHEN s.session_id IS NULL THEN 'baseline.missing'
                      ELSE tenure_fence_refusal(NULL, NEW.fence, s.strict, s.scope, s.fence,
                                                s.ended_at IS NOT NULL) END AS code
            FROM (SELECT 1) LEFT JOIN tenure_session AS s ON s.session_id = NEW.session_id) AS q
   WHERE q.code IS NOT NULL;
  DELETE FROM tenure_baseline
   WHERE session_id = NEW.session_id AND name = tenure_check_id('name', NEW.name);
  INSERT INTO tenure_baseline (session_id, name, digest, at)
  SELECT s.session_id, tenure_check_id('name', NEW.name), tenure_check_text('digest', NEW.digest),
         session_now()
    FROM tenure_session AS s WHERE s.session_id = NEW.session_id;
  SELECT tenure_refuse('usage.conflict_clause') WHERE changes() <> 1;
  SELECT tenure_report(s.session_id, s.scope, 'command', 'baseline-set', 'ok:bool', 1,
                       'scope', s.scope, 'session_id', s.session_id, 'name', tenure_check_id('name', NEW.name),
                       'digest', tenure_check_text('digest', NEW.digest))
    FROM tenure_session AS s WHERE s.session_id = NEW.session_id;
END;
