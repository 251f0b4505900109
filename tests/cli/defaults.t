#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # jq has $variables; bats runs each test apart and sets the rest
#
# What the environment stands for.

load helper

# of FILTER: one value of the last answer.
of() { jq -r "$1" <<<"$output"; }

@test "TENURE_SCOPE, unless a scope is named" {
  export TENURE_SCOPE=repo
  tenure start --json
  json '.result.scope == "repo"'
  tenure start --scope other --json
  json '.result.scope == "other"'
  tenure heartbeat --json
  json '.result.scope == "repo"'
  tenure status
  says 'repo: held by'
  tenure status --all --json
  json '.result.scopes | length == 2'
  tenure list --json
  json '.result.sessions | length == 2'
  tenure escalate --kind blocking --reason r --json
  json '.result.scope == "repo"'
  tenure gate --json
  json '.result.scope == "repo"'
  tenure clear --json
  json '.result.scope == "repo"'
  TENURE_SCOPE='' tenure start --json
  json '.result.scope == "main"'
}

@test "TENURE_SCOPE does not contradict a session that is named" {
  new_session --scope one
  TENURE_SCOPE=two tenure heartbeat "$session" --json
  json '.result.scope == "one"'
}

@test "TENURE_ACTOR: for start only with --lease" {
  export TENURE_ACTOR=worker-1
  tenure start --scope a --json
  json '.result.lifecycle == "interactive"'
  tenure start --scope b --lease 60 --json
  json '.result.actor_id == "worker-1"'
  tenure start --scope c --lease 60 --actor worker-2 --json
  json '.result.actor_id == "worker-2"'
  tenure heartbeat --scope b --json
  json '.result.actor_id == "worker-1"'
  tenure heartbeat --scope c
  refused 4 heartbeat.not_owner
  tenure heartbeat --scope c --actor worker-2
  done_ok
  tenure clear --scope b
  done_ok
}

@test "TENURE_ACTOR takes over and resumes" {
  export TENURE_ACTOR=worker-2
  dead_session --scope a --actor worker-1 --lease 60
  tenure takeover --scope a --reason r --json
  json '.result.actor_id == "worker-2"'
  new_session --scope b --lease 60
  tenure clear --scope b
  tenure resume "$session"
  done_ok
}

@test "TENURE_SESSION with TENURE_FENCE: the holder, where nothing is named" {
  new_session --scope repo --actor worker-1 --lease 60 --strict
  tenure heartbeat --scope repo --actor worker-1
  refused 4 fence.required
  export TENURE_SESSION=$session TENURE_FENCE=$fence
  tenure heartbeat --json
  json '.result.session_id == $id' --arg id "$session"
  tenure show --json
  json '.result.session.session_id == $id' --arg id "$session"
  tenure transition ready
  done_ok
  tenure clear
  done_ok
  tenure resume
  done_ok
}

@test "one of the pair alone is nothing" {
  new_session --scope repo --actor worker-1 --lease 60
  TENURE_SESSION=$session tenure heartbeat
  refused 3 heartbeat.missing
  TENURE_FENCE=$fence tenure heartbeat
  refused 3 heartbeat.missing
  TENURE_SESSION=$session TENURE_FENCE='' tenure heartbeat
  refused 3 heartbeat.missing
  TENURE_FENCE=9 tenure heartbeat --scope repo --actor worker-1
  done_ok
  TENURE_SESSION=$session tenure clear
  done_ok
  says 'nothing to clear'
}

@test "the pair, where the session named is theirs" {
  new_session --scope a --actor worker-1 --lease 60 --strict
  local mine=$session
  new_session --scope b
  tenure clear --scope b
  new_session --scope b
  export TENURE_SESSION=$mine TENURE_FENCE=1
  tenure heartbeat "$mine"
  done_ok
  tenure heartbeat --session "$mine"
  done_ok
  tenure heartbeat "$session" --json
  json '.result.scope == "b"'
  tenure transition "$session" ready
  done_ok
}

@test "the pair, where the scope named is theirs" {
  new_session --scope a --actor worker-1 --lease 60 --strict
  local mine=$session
  new_session --scope b --actor worker-1 --lease 60
  export TENURE_SESSION=$mine TENURE_FENCE=1
  tenure heartbeat --scope a
  done_ok
  tenure heartbeat --scope b
  refused 4 heartbeat.not_owner
  tenure heartbeat --scope b --actor worker-1
  done_ok
  tenure clear --scope c
  says 'nothing to clear'
  tenure clear --scope a
  done_ok
}

@test "the pair comes before TENURE_SCOPE" {
  new_session --scope a --actor worker-1 --lease 60
  export TENURE_SESSION=$session TENURE_FENCE=$fence
  TENURE_SCOPE=b tenure heartbeat --json
  json '.result.scope == "a"'
}

@test "a fence of one's own keeps the pair out" {
  new_session --scope a --actor worker-1 --lease 60
  export TENURE_SESSION=$session TENURE_FENCE=$fence
  tenure heartbeat --scope a --fence 9 --actor worker-1
  refused 4 fence.token
  tenure heartbeat --fence 9
  refused 3 heartbeat.missing
  tenure heartbeat --fence "$fence"
  done_ok
}

@test "the pair of a session that was replaced is refused, not dropped" {
  dead_session --scope a --actor worker-1 --lease 60
  tenure takeover --scope a --actor worker-2 --reason r
  export TENURE_SESSION=$session TENURE_FENCE=$fence
  tenure heartbeat
  refused 4 fence.session
  tenure heartbeat --scope a --actor worker-2
  refused 4 fence.session
}

@test "the pair is never for start and takeover" {
  dead_session --scope a --actor worker-1 --lease 60
  export TENURE_SESSION=$session TENURE_FENCE=9
  tenure takeover --actor worker-2 --reason r
  refused 3 takeover.missing
  tenure takeover --scope a --actor worker-2 --reason r
  done_ok
  tenure start --scope a --actor worker-2 --lease 60
  done_ok
  tenure start --json
  json '.result.scope == "main" and .result.fence == 1'
}
