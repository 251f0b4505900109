-- What is done beyond renewing a lease: the verbs judge, this only chooses which of them are asked. It stands
-- in one transaction, which takes the write lock first: so two hooks of one session that run at once come one
-- after the other, and the second sees what the first has done.

-- It ran out, or the session ended, and nobody else holds the scope: go on with the same session.
INSERT INTO tenure_resume (session_id, actor_id, lease_ttl, reason)
SELECT session_id, actor, lease, event
  FROM hook_now WHERE holds AND (is_living AND is_stale OR is_over AND revives AND NOT is_held);

-- There is none yet, or somebody else holds the scope: ask for it, and be told who does.
INSERT INTO tenure_start (scope, lifecycle, actor_id, lease_ttl, strict, status, label, cwd)
SELECT coalesce(scope, ''), 'autonomous', actor, lease, 1, status, actor, cwd
  FROM hook_now WHERE holds AND (session_id IS NULL OR is_over AND is_held);

-- What a session that has only just begun is doing.
INSERT INTO tenure_heartbeat (session_id, actor_id, fence, activity)
SELECT session_id, actor, fence, activity
  FROM hook_now WHERE holds AND is_living AND activity IS NOT NULL AND activity IS NOT current_activity;

-- A prompt begins a turn, unless it was said to the turn that is open. An id that was used is not used again.
INSERT INTO tenure_turn_begin (session_id, fence, turn_id, replace)
SELECT session_id, fence,
       iif(EXISTS (SELECT 1 FROM tenure_turn AS t
                    WHERE t.session_id = hook_now.session_id AND t.turn_id = hook_now.turn_id), NULL, turn_id), 1
  FROM hook_now WHERE turn = 'begin' AND is_living AND (turn_id IS NULL OR turn_id IS NOT active_turn_id);

-- The turn that is named, else the open one, is over.
INSERT INTO tenure_turn_end (session_id, fence, turn_id, outcome, message)
SELECT session_id, fence, coalesce(turn_id, active_turn_id), turn, message
  FROM hook_now WHERE turn <> 'begin' AND is_living AND coalesce(turn_id, active_turn_id) IS NOT NULL;

-- A session that was brought back works, or is ready to; one whose agent stopped is ready, turn or no turn.
INSERT INTO tenure_transition (session_id, actor_id, fence, status)
SELECT session_id, actor, fence, iif(holds AND status = 'running', 'running', 'ready')
  FROM hook_now
 WHERE is_living AND (holds AND status_now = 'starting' OR
                      turn <> 'begin' AND active_turn_id IS NULL
                      AND (status_now = 'starting' OR status_now = 'running'));

-- The agent has ended.
INSERT INTO tenure_clear (session_id, actor_id, fence, reason)
SELECT session_id, actor, fence, reason FROM hook_now WHERE clears AND is_living;
