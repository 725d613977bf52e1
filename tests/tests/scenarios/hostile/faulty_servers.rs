//! Servers with faults: each login ends in bounded time, in success or with a typed reason.

use std::time::Duration;

use sansgram_core::client::{DisconnectReason, InvokeError};
use sansgram_core::login::{LoginError, LoginStep, UserInfo};
use sansgram_harness::pair::{Pair, PairOptions};
use sansgram_testkit::server::{FaultInjection, ServerOptions};

use crate::common::{is_logged_in, misbehaving};

fn log_in(pair: &mut Pair) -> Result<UserInfo, LoginError> {
    pair.login(LoginStep::bot_login("1:sandbox"))
}

fn assert_logs_in(pair: &mut Pair) {
    let outcome = log_in(pair);
    assert!(is_logged_in(&outcome), "{outcome:?}");
}

/// Logs in, which must fail by a lost connection or by the request's time limit within two minutes.
fn assert_gives_up(pair: &mut Pair) -> LoginError {
    let error = log_in(pair).unwrap_err();
    assert!(pair.elapsed() <= Duration::from_secs(120), "{:?}", pair.elapsed());
    error
}

#[test]
fn a_silent_server_ends_in_a_timeout() {
    let accept = FaultInjection::default().with_silent_after_accept(true);
    let handshake = FaultInjection::default().with_silent_after_handshake(true);
    for fault_injection in [accept, handshake] {
        let error = assert_gives_up(&mut misbehaving(fault_injection));
        let LoginError::Invoke(error) = error else { panic!("{error:?}") };
        let expected = matches!(
            error,
            InvokeError::TimedOut { .. }
                | InvokeError::Unreachable { reason: DisconnectReason::ReadTimeout, .. }
        );
        assert!(expected, "{error:?}");
    }
}

#[test]
fn a_network_that_drops_everything_ends_in_a_timeout() {
    let mut pair = misbehaving(FaultInjection::default());
    for dc in 1..=3 {
        pair.network.set_dead(dc, true);
    }
    assert_gives_up(&mut pair);
}

#[test]
fn garbage_ends_in_an_error() {
    for seed in 0..20 {
        let fault_injection = FaultInjection::default().with_garbage_first_reply(true);
        let server = ServerOptions::default().with_fault_injection(fault_injection);
        assert_gives_up(&mut Pair::new(PairOptions { server, ..PairOptions::seeded(seed) }));
    }
}

#[test]
fn dh_gen_retry_is_repeated_and_dh_gen_fail_ends_the_attempt() {
    assert_logs_in(&mut misbehaving(FaultInjection::default().with_dh_retries(2)));
    assert_gives_up(&mut misbehaving(FaultInjection::default().with_dh_retries(u32::MAX)));
    assert_gives_up(&mut misbehaving(FaultInjection::default().with_dh_fail(true)));
}

#[test]
fn a_slow_server_does_not_time_out() {
    let slow_bytes = Some(Duration::from_millis(1));
    assert_logs_in(&mut misbehaving(FaultInjection::default().with_slow_bytes(slow_bytes)));
}

#[test]
fn a_login_recovers_from_lost_sessions_and_connections() {
    let mut pair = misbehaving(FaultInjection::default());
    assert_logs_in(&mut pair);
    pair.dcs.forget_sessions();
    assert!(pair.login(LoginStep::get_me()).is_ok());
    pair.dcs.close_all();
    pair.poll();
    assert!(pair.login(LoginStep::get_me()).is_ok());
    assert!(pair.refusals.is_empty(), "{:?}", pair.refusals);
}
