"""Everything that Tenure adds to a connection, once: its functions with a call that succeeds, and its
virtual tables. A function that is not here is undocumented; tests/contexts/functions.t compares."""

# pure      deterministic and innocuous: anywhere, indexes and generated columns included
# reading   innocuous: triggers and views, but not what must be deterministic
# direct    only in statements that a program gives itself
# The calls stand for any connection with Tenure's tables; those of H take the eight columns of a hold.
HOLD = "'runtime_worker', 1, 1, 60, NULL, NULL, NULL, NULL"
FUNCTIONS = {
    "pure": [
        "tenure_version()", "display_safe('a')", "session_is_active('idle')", "session_is_terminal('idle')",
        "session_is_commandable('idle')", "session_is_live_host_eligible('idle')",
        "session_is_offline_replay_eligible('idle')", "session_is_collectable('idle')",
        "session_is_destroyed('idle')", "session_allows_turn('idle')", "session_settles_turn_as('idle')",
        "session_status_policy('idle')", "session_can_transition('idle', 'ready')",
        "session_transition('idle', 'ready', 1, 1)", "session_next_revision(1)",
        "session_termination('exited', NULL, 0, NULL)", "session_require_commandable('s', 'running')",
        "session_status_from('ccd', 'active')", "session_end_status('exiting', 'failed')",
        "session_lifecycle('interactive')", "session_is_stale('s', 'interactive', 1, NULL, NULL, 2)",
        "session_verdict('live', 'running', 'runtime_worker', 1, 0, 0, 60, 1, 1)", "session_activity(' a ')",
        "lease_expires_at(1, 60)", "lease_expired(61, 5)", "lease_expired(1, 60, 5)",
        "lease_remaining(1, 60, 5)", "lease_holds_until('interactive', 1, NULL, NULL)",
        "tenure_check_id('what', 'a')", "tenure_check_actor('what', 'a')",
        "tenure_check_scope('a')", "tenure_check_text('what', 'a')",
        "tenure_check_int('opt.strict', 1, 0, 1)", "tenure_check_word('opt.mode', 'a', 'a', 'b')",
        "tenure_check_json_array('opt.gates', '[]')", "tenure_is_blank(' ')", "tenure_object('key', 1)",
        "tenure_fence_refusal(NULL, 1, 0, 'main', 1, 0)",
        "tenure_start_lifecycle(NULL, 'wrk', NULL, NULL, 60)", "tenure_start_decision(NULL, 0, 'interactive', 0, 0, 0)",
        "turn_outcome_state('failed')", "turn_request_default('approval')",
        "turn_provider_decision('turn.started', NULL, 'none_new', 0, 0, NULL)",
        "turn_decision_part('|running|start||keep', 'status')", "tenure_add(1, 2)",
        "tenure_check_amount('usage.delta', 1.5)", "tenure_json_merge('{}', '{}')",
        "turn_event_state('turn.started')", "tenure_detail('{}', 'key')",
        "session_wait_outcome('running', NULL, 'owned', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0)",
        "session_wait_exit_code('completed')", "session_result_replaces('synthetic', 0, 'agent')",
        "session_end_is_loss('forced')",
    ],
    "reading": [
        "session_now()", "session_mint_id()", "session_mint_id('esc_')", "session_report()", "host_name()",
        "host_boot_id()", "process_state(1, 1, 'b', 'h')", "process_start_ticks(1)", f"lease_stale({HOLD})",
        f"lease_stale_reason({HOLD})", f"lease_left({HOLD})", f"lease_overdue({HOLD})",
        "lease_grant('machine', 60)", "lease_granted(60, NULL, NULL, NULL, NULL)", "tenure_clock_kind()",
        "tenure_present('machine', 1)",
        "tenure_verb('test', NULL, NULL)", "tenure_verb_name()", "tenure_verb_actor()", "tenure_verb_reason()",
        "tenure_effect('test')", "tenure_effect_name()", "tenure_refuse(NULL)",
        "tenure_report('s', 'c', 'key', 1)",
        "tenure_report_session()", "tenure_report_scope()", "tenure_report_again('{}')",
        "tenure_guard_check(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
    ],
    # innocuous too, but refused outside of Tenure's own triggers
    "inside": ["tenure_within('start')"],
    # direct, and refused wherever it is not alone
    "alone": ["session_wait('ses_none', 0)", "session_wait('ses_none', 0, 'trn_none')"],
    "direct": [
        "tenure_clock(5)", "tenure_patience(0)", "tenure_hold(NULL)", "tenure_hold('ses_live', 1)", "tenure_guard('mine', 'live')",
        "tenure_unguard('mine')", "tenure_install()", "tenure_uninstall()",
    ],
}
# These change the schema, each in one transaction, so they run as statements of their own.
CHANGING = ["tenure_guard", "tenure_unguard", "tenure_install", "tenure_uninstall"]
# They take any number of arguments.
VARIADIC = ["tenure_check_word", "tenure_object", "tenure_refuse", "tenure_report", "tenure_within"]

# Each may be read by triggers and views; with the argument of those that need one.
MODULES = {"session_status_policy": "", "session_status_edge": "", "session_status_alias": "",
           "tenure_refusal_code": "", "tenure_schema": "", "tenure_doctor": "", "tenure_json_texts": """('["a"]')""",
           "session_granted": "('s', '[]')",
           "tenure_legacy_state": """('{"schema_version": 2, "started_at_epoch_s": 1,
                                      "last_started_at_epoch_s": 1, "start_count": 1}')"""}
# No row of it is good news.
EMPTY = ["tenure_doctor"]


def name_of(call):
    return call.split("(")[0]


def count_of(call):
    """The number of arguments in a call of the table above; none of them has a comma inside."""
    inside = call[call.index("(") + 1:-1]
    return len(inside.split(",")) if inside else 0
