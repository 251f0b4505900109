# shellcheck shell=bash
#
# start - begins a session, or joins the one that the same actor has.

use create defaults verb phrase

verb_declare() {
  summary 'start a session and hold its scope, or join your own'
  option scope SCOPE text scope "what to hold (TENURE_SCOPE, else main); '' holds nothing"
  option actor ACTOR text actor_id 'who holds it; makes the session autonomous (TENURE_ACTOR, if --lease is given)'
  option lease SECONDS integer lease_ttl 'how long it lives without a heartbeat; autonomous sessions need one'
  option session SESSION text session_id 'your session, to show that a live one is yours'
  option fence N integer fence 'its fence, for the same'
  option lifecycle WORD text lifecycle 'interactive or autonomous'
  option owner-kind WORD text owner_kind 'runtime_worker or runtime_supervisor'
  option supervisor ACTOR text supervisor_id 'who may clear it besides its owner'
  option mode WORD text mode 'general, research or implement'
  option status WORD text status 'running, starting or idle'
  option strict '' flag strict 'every verb on this session must show the fence'
  option token-budget N integer token_budget 'how many tokens its turns may use'
  option parent SESSION text parent_session_id 'the session that spawned this one'
  takes_people
  takes_process
  takes_receipt
}

verb_run() {
  local until=''
  default_scope
  ! is_given lease || default_actor
  default_process
  phrase_until "r->>'lease_expires_at_epoch_s'"
  until=$REPLY
  verb_statement tenure_start "iif(r->>'reset','started ','joined ')||display_safe(r->>'session_id')
    ||coalesce(' in scope '||display_safe(r->>'scope'),', holding no scope')||': '||display_safe(r->>'actor_id')
    ||', fence '||(r->>'fence')||coalesce(', until '||$until,'')||coalesce(char(9)||'!warning: '||(r->>'warning'),'')"
  create_database "$REPLY"
  present "$ANSWER"
}
