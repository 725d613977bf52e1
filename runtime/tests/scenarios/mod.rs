//! The scenarios that every runtime must pass, over sockets against the test DCs on loopback. The crates of the
//! runtimes include this file and run each scenario with their runtime.

mod clients;
mod interactive;
mod login;
mod other_ways;
mod proxies;
mod qr_codes;
mod requests;
mod saved_logins;
mod trouble;
mod values;

use std::ops::Deref;

use sansgram_harness::secret_scan;
use sansgram_runtime::core::PublicKey;
use sansgram_runtime::core::client::{ApiCredentials, Config, DcId, DcTable};
use sansgram_testkit::server::ServerOptions;
use sansgram_testkit::test_server::{TestServer, TestServerOptions};

pub(crate) use clients::*;
pub(crate) use interactive::*;
pub(crate) use login::*;
pub(crate) use other_ways::*;
pub(crate) use proxies::*;
pub(crate) use qr_codes::*;
pub(crate) use requests::*;
pub(crate) use saved_logins::*;
pub(crate) use trouble::*;
pub(crate) use values::*;

/// Declares one test for each scenario. `$run` calls the scenario with a runtime.
macro_rules! scenarios {
    ($run:path) => {
        scenarios!($run:
            phone, a_password_comes_after_a_code, phone_with_migration, phone_with_password, phone_with_password_and_migration, bot,
            bot_with_migration, a_wrong_code_can_be_corrected, a_wrong_password_can_be_corrected,
            a_wrong_phone_can_be_corrected, a_wrong_token_can_be_corrected, an_unknown_number_must_sign_up,
            a_restart_needs_no_login, a_logout_is_remembered, a_file_keeps_the_session,
            interactive_with_every_mistake, interactive_bot, interactive_ends_with_its_input,
            interactive_gives_up_on_a_script, interactive_with_expired_codes,
            refusals_in_a_conversation, an_address_that_is_not_allowed_is_asked_for_again,
            codes_that_expire_each_time_are_requested_a_limited_number_of_times,
            interactive_begins_again_if_the_server_demands_it, an_empty_line_is_not_a_wrong_answer, interactive_reports_a_flood, a_server_cannot_write_to_the_terminal,
            qr_code, a_dropped_qr_login_is_cancelled, interactive_qr_code, interactive_resend, interactive_resend_to_the_last_way, interactive_sign_up,
            interactive_email, interactive_recovery, interactive_waits_out_a_short_flood,
            interactive_shows_no_wait_of_another_request, a_bot_login_waits_for_no_key_request, values_and_callbacks,
            values_that_are_wrong_or_missing, values_of_the_wrong_form, values_can_be_used_again, a_saved_login_continues_in_another_process, a_logout_token_replaces_the_code,
            a_port_without_a_server, a_reset_stream_loses_the_bytes_that_are_not_sent, a_server_that_dies, a_silent_server, a_server_that_falls_silent_after_the_handshake, a_server_that_sends_garbage,
            a_slow_server, a_full_disk_is_reported, a_foreign_session_is_not_touched,
            a_revoked_session_is_reported, a_key_used_from_two_addresses_is_ended, a_forgotten_key_is_reported, a_planted_secret_is_found,
            dropped_futures_do_no_harm, the_last_handle_ends_the_driver, disconnect_ends_everything,
            a_request_has_a_handle, raw_requests_have_raw_replies, a_request_is_acknowledged_quickly,
            a_pending_request_ends_with_the_client, a_request_that_was_not_sent_is_not_received, events_explain_delays, a_request_has_a_time_limit, updates_begin_with_their_state,
            many_requests_at_once, a_lost_connection_is_reopened,
            through_socks5, through_socks5_with_a_password, through_http, through_http_with_a_password,
            through_slow_proxies, a_proxy_with_a_name, proxies_that_reject_the_password, proxies_that_refuse,
            servers_that_are_not_proxies, a_silent_proxy,
            a_silent_proxy_is_named_before_any_limit, a_second_address_is_tried
        );
    };
    ($run:path: $($name:ident),*) => {
        $(#[test] fn $name() { $run(scenarios::$name) })*
    };
}

/// The DCs of a scenario. On drop, all logged and shown text is searched for their secrets.
struct Sandbox {
    served: TestServer,
    begun: secret_scan::Position,
}

impl Deref for Sandbox {
    type Target = TestServer;

    fn deref(&self) -> &TestServer {
        &self.served
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let said = secret_scan::recorded_since(self.begun);
        let secrets = self.served.with_dcs(|dcs| dcs.secrets().clone());
        if let (false, Err(leak)) = (std::thread::panicking(), secret_scan::check(&secrets, &said)) {
            panic!("{leak} in:\n{said}");
        }
    }
}

/// Three well-behaved DCs.
fn sandbox() -> Sandbox {
    sandbox_with(ServerOptions::default())
}

fn sandbox_with(server: ServerOptions) -> Sandbox {
    let begun = secret_scan::start_recording();
    let served = TestServer::start(TestServerOptions::default().with_server(server)).unwrap();
    Sandbox { served, begun }
}

/// The configuration for these DCs, with DC 2 as the initial one.
fn config(served: &TestServer) -> Config {
    let mut dcs = DcTable::new();
    for (dc, address) in served.addresses() {
        dcs.insert(dc_id(*dc), *address);
    }
    let key = PublicKey::from_pem(served.public_key_pem()).unwrap();
    let mut config = Config::new(dcs, dc_id(2), vec![key]);
    config.api = Some(ApiCredentials { id: 1, hash: "0123456789abcdef0123456789abcdef".into() });
    config
}

fn dc_id(number: i32) -> DcId {
    DcId::new(number.into()).unwrap()
}
