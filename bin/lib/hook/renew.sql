-- The lease is ours: renew it. For most tool calls that is all, so it stands alone: SQLite takes longer to
-- prepare the other verbs than to do this one.

INSERT INTO tenure_heartbeat (session_id, actor_id, fence, activity)
SELECT session_id, actor, fence, iif(says OR activity IS NOT current_activity, activity, NULL)
  FROM hook_now WHERE holds AND is_living AND NOT is_stale;
