-- tenure_import: brings in a legacy state file (versions 2, 3 and 4), read and normalised in C. Only where
-- the scope never had a session; losing that race is success. A file without a session_id holds nothing
-- and becomes an event.
-- receipt: scope

CREATE VIEW tenure_import AS
SELECT NULL AS scope, NULL AS json, NULL AS receipt_id WHERE 0;

CREATE TRIGGER tenure_import_run INSTEAD OF INSERT ON tenure_import
WHEN NEW.receipt_id IS NULL
BEGIN
  SELECT tenure_verb('import', NULL, NULL);
  SELECT tenure_refuse(CASE WHEN NEW.json IS NULL THEN 'opt.required'
                            WHEN tenure_check_scope(NEW.scope) IS NULL THEN 'opt.required' END,
                       'what', CASE WHEN NEW.json IS NULL THEN 'json' ELSE 'scope' END);
  INSERT INTO tenure_import_read
  SELECT tenure_check_scope(NEW.scope),
         NOT EXISTS (SELECT 1 FROM tenure_session AS s WHERE s.scope = tenure_check_scope(NEW.scope))
         AND NOT EXISTS (SELECT 1 FROM tenure_event AS e
                          WHERE e.event = 'legacy' AND e.scope = tenure_check_scope(NEW.scope)),
         f.session_id, f.mode, f.owner_kind, f.owner_id, f.supervisor_id, f.lease_ttl,
         f.last_heartbeat_at, f.started_at, f.last_started_at, f.start_count, f.revision
    FROM tenure_legacy_state(NEW.json) AS f;
END;

-- The state file as read; is_free: the scope has no session, living or ended, and no legacy event.
CREATE VIEW tenure_import_read AS
SELECT NULL AS scope, NULL AS is_free, NULL AS session_id, NULL AS mode, NULL AS owner_kind,
       NULL AS owner_id, NULL AS supervisor_id, NULL AS lease_ttl, NULL AS last_heartbeat_at,
       NULL AS started_at, NULL AS last_started_at, NULL AS start_count, NULL AS revision
 WHERE 0;

CREATE TRIGGER tenure_import_session INSTEAD OF INSERT ON tenure_import_read
WHEN NEW.is_free AND NEW.session_id IS NOT NULL
BEGIN
  SELECT tenure_within('import');
  INSERT INTO tenure_refusal (code, session_id)
  SELECT 'import.id_taken', NEW.session_id FROM tenure_session WHERE session_id = NEW.session_id;
  INSERT INTO tenure_import_counter (scope, revision) VALUES (NEW.scope, NEW.revision - 1);
  INSERT INTO tenure_session
        (session_id, scope, mode, owner_kind, owner_id, supervisor_id, clock, lease_ttl, started_at,
         last_started_at, start_count, last_heartbeat_at, changed_at, revision, fence)
  SELECT NEW.session_id, NEW.scope, NEW.mode, NEW.owner_kind, NEW.owner_id, NEW.supervisor_id,
         tenure_clock_kind(), NEW.lease_ttl, NEW.started_at, NEW.last_started_at, NEW.start_count,
         NEW.last_heartbeat_at,
         max(NEW.started_at, NEW.last_started_at, coalesce(NEW.last_heartbeat_at, NEW.started_at)),
         session_next_revision(c.revision), session_next_revision(c.revision)
    FROM tenure_scope AS c WHERE c.scope = NEW.scope;
  SELECT tenure_refuse('usage.conflict_clause') WHERE changes() <> 1;
  SELECT tenure_report(
           h.session_id, h.scope,
           'command', 'session-state-import', 'ok:bool', 1, 'imported:bool', 1, 'scope', h.scope,
           'session_id', h.session_id, 'fence', h.fence, 'revision', h.revision,
           'started_at_epoch_s', h.started_at, 'last_started_at_epoch_s', h.last_started_at,
           'start_count', h.start_count, 'mode', h.mode, 'lifecycle', h.lifecycle,
           'owner_kind', h.owner_kind, 'actor_id', h.owner_id, 'supervisor_id', h.supervisor_id,
           'lease_ttl_secs', h.lease_ttl, 'last_heartbeat_at_epoch_s', h.last_heartbeat_at,
           'lease_expires_at_epoch_s', h.lease_expires_at, 'stale:bool', h.stale)
    FROM tenure_holder AS h WHERE h.session_id = NEW.session_id;
END;

CREATE TRIGGER tenure_import_legacy INSTEAD OF INSERT ON tenure_import_read
WHEN NEW.is_free AND NEW.session_id IS NULL
BEGIN
  SELECT tenure_within('import');
  INSERT INTO tenure_event (at, scope, revision, event, detail)
  VALUES (session_now(), NEW.scope, NEW.revision, 'legacy',
          tenure_object('verb', 'import', 'started_at', NEW.started_at,
                        'last_started_at', NEW.last_started_at, 'start_count', NEW.start_count));
  SELECT tenure_refuse('usage.conflict_clause') WHERE changes() <> 1;
  INSERT INTO tenure_import_counter (scope, revision) VALUES (NEW.scope, NEW.revision);
  SELECT tenure_report(NULL, NEW.scope, 'command', 'session-state-import', 'ok:bool', 1,
                       'imported:bool', 0, 'scope', NEW.scope, 'revision', NEW.revision,
                       'reason', 'the state file has no session id: it is kept as an event');
END;

CREATE TRIGGER tenure_import_lost INSTEAD OF INSERT ON tenure_import_read
WHEN NOT NEW.is_free
BEGIN
  SELECT tenure_within('import');
  SELECT tenure_report(h.session_id, NEW.scope, 'command', 'session-state-import', 'ok:bool', 1,
                       'imported:bool', 0, 'scope', NEW.scope, 'session_id', h.session_id,
                       'reason', 'the scope has been used already')
    FROM (SELECT 1) LEFT JOIN tenure_lease AS h ON h.scope = NEW.scope;
END;

-- Raises the counter of a scope to at least that of the file, so that the next start continues it.
CREATE VIEW tenure_import_counter AS SELECT NULL AS scope, NULL AS revision WHERE 0;

CREATE TRIGGER tenure_import_count INSTEAD OF INSERT ON tenure_import_counter
BEGIN
  SELECT tenure_within('import');
  SELECT tenure_effect('counter');
  UPDATE tenure_counter SET revision = max(revision, NEW.revision) WHERE scope = NEW.scope;
  INSERT INTO tenure_counter (scope, revision)
  SELECT NEW.scope, NEW.revision
   WHERE NOT EXISTS (SELECT 1 FROM tenure_counter WHERE scope = NEW.scope);
END;
