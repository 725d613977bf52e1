//! The client machine against the test DCs, on virtual time: one scenario per file. `tests/README.md` says which behaviour
//! each one is about.
//!
//! They are one program, since linking sixty takes longer than running them.

mod common;

mod login {
    mod api_credentials;
    mod bot_token;
    mod code_formats;
    mod code_types;
    mod expired_code_and_auth_restart;
    mod flood_waits;
    mod future_auth_tokens;
    mod login_email;
    mod manual_steps;
    mod migration_at_every_step;
    mod password;
    mod password_recovery;
    mod password_reset;
    mod phone_formats;
    mod qr_code;
    mod qr_code_migration;
    mod refusals_at_every_step;
    mod resend_and_cancel;
    mod revoked_logins;
    mod saved_login;
    mod sign_up;
    mod stale_password_parameters;
}

mod protocol {
    mod address_and_framing_rotation;
    mod blocked_write;
    mod clock;
    mod containers_and_gzip;
    mod cut_at_any_byte;
    mod cut_at_any_byte_of_a_login;
    mod dc_options;
    mod dead_peers;
    mod first_requests;
    mod forgotten_keys;
    mod forgotten_sessions;
    mod framings;
    pub(crate) mod frontends;
    mod key_rotation;
    mod late_bytes;
    mod long_idle;
    mod many_cuts;
    mod offloaded_key_exchange;
    mod one_dead_dc;
    mod other_dcs;
    mod pfs;
    mod quick_acks;
    mod reconnects;
    mod replay_window;
    mod request_states;
    mod salts;
    mod single_family_hosts;
    mod slow_networks;
    mod updates;
    mod updates_state;
    mod waiting_order;
    mod waiting_requests;
}

mod hostile {
    mod endless_refusals;
    mod faulty_servers;
    mod forged_handshakes;
    mod forged_packets;
    mod garbage_at_any_time;
    mod handshake_failures;
    mod leading_zeros;
    mod malformed_answers;
    mod mismatched_frontends;
    mod no_secrets_in_output;
}

mod test_dc {
    mod restarted_servers;
}

mod sessions {
    mod interrupted_login;
    mod session_servers;
    mod session_text;
    mod stored_salts_and_clock;
}
