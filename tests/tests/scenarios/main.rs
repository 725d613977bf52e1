//! The client machine against the test DCs, on virtual time: one scenario per file. `tests/README.md` says which behaviour
//! each one is about.
//!
//! They are one program, since linking sixty takes longer than running them.

#![expect(
    clippy::redundant_closure_for_method_calls,
    reason = "the lifetime of `Login` is not general enough for a path to its method"
)]

mod common;

mod login {
    mod application_named_once;
    mod bot_token;
    mod code_as_people_type_it;
    mod ended_by_the_server;
    mod every_code_type;
    mod expired_code_and_restart;
    mod flood_waits;
    mod login_email;
    mod manual_steps;
    mod migration_at_every_step;
    mod password;
    mod password_recovery;
    mod password_reset;
    mod phone_as_people_type_it;
    mod qr_code;
    mod qr_code_elsewhere;
    mod refused_at_every_step;
    mod resend_and_cancel;
    mod resumed_in_another_process;
    mod sign_up;
    mod stale_password_parameters;
    mod tokens_of_logouts;
}

mod protocol {
    mod addresses_from_the_server;
    mod blocked_write;
    mod clock;
    mod connections_elsewhere;
    mod containers_and_gzip;
    mod cut_at_any_byte;
    mod cut_at_any_byte_of_a_login;
    mod dead_peers;
    mod first_requests;
    mod forgotten_sessions;
    pub(crate) mod fronts;
    mod hosts_with_one_family;
    mod idle_for_long;
    mod key_change;
    mod keys_that_servers_forget;
    mod many_cuts;
    mod one_dead_dc;
    mod other_addresses_and_transports;
    mod pfs;
    mod quick_acks;
    mod reconnects;
    mod replay_window;
    mod salts;
    mod slow_networks;
    mod states_of_a_request;
    mod transports;
    mod updates;
    mod updates_state;
}

mod hostile {
    mod endless_refusals;
    mod fronts_that_do_not_fit;
    mod garbage_at_any_time;
    mod handshake_failures_are_named;
    mod leading_zeros;
    mod secrets_are_not_told;
    mod servers_that_go_wrong;
    mod wrong_answers;
}

mod test_dc {
    mod restarted_servers;
}

mod sessions {
    mod interrupted_login;
    mod salts_and_clock_kept;
    mod servers_of_a_session;
    mod text_of_a_session;
}
