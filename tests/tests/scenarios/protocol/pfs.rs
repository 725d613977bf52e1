//! Perfect forward secrecy: temporary keys are bound, rotated and replaced, and no request is lost, repeated or sent
//! under a permanent key.

use std::collections::BTreeSet;
use std::time::Duration;

use sansgram_core::client::{
    DcId, DisconnectReason, Event, InvokeError, LogoutCause, OnUnknownOutcome, RequestId, RequestOptions,
    Route,
};
use sansgram_core::login::{LoginError, LoginStep};
use sansgram_harness::pair::Pair;
use sansgram_testkit::accounts::Fault;

use crate::common::{TRUE, assert_no_fault, is_logged_in, logged_in, losses, pfs_options};

/// Asserts that no API function was called under a permanent key and the client broke no rule.
fn assert_secret(pair: &Pair) {
    let permanent: Vec<_> = pair.dcs.keys().filter(|key| !key.temporary).collect();
    assert!(!permanent.is_empty(), "the servers know no permanent key");
    assert!(permanent.iter().all(|key| key.calls == 0), "{permanent:?}");
    assert_no_fault(pair);
}

fn temporary_key(pair: &Pair) -> u64 {
    let bound: Vec<_> = pair.dcs.keys().filter(|key| key.bound_to.is_some()).collect();
    assert_eq!(bound.len(), 1, "{bound:?}");
    bound[0].id
}

fn permanent_key(pair: &Pair) -> u64 {
    pair.client.stored_session().keys[&pair.client.home()].auth_key.id().0
}

/// Waits for these requests; each must have been executed once and answered.
fn assert_counted(pair: &mut Pair, requests: &[(i64, RequestId)]) {
    for (number, id) in requests {
        pair.run_until(|pair| pair.is_completed(*id)).unwrap();
        assert_eq!(pair.client.take_raw(*id), Some(Ok(TRUE.to_vec())), "request {number}");
        assert_eq!(pair.dcs.counted(*number), 1, "request {number}");
    }
}

#[test]
fn logins_use_temporary_keys_and_store_none() {
    for token in ["1:sandbox", "2:elsewhere"] {
        let mut pair = Pair::new(pfs_options());
        let outcome = pair.login(LoginStep::bot_login(token));
        assert!(is_logged_in(&outcome), "{outcome:?}");
        assert!(pair.login(LoginStep::get_me()).is_ok());
        assert_secret(&pair);
        let permanent = permanent_key(&pair);
        assert!(pair.dcs.keys().any(|key| key.bound_to == Some(permanent) && key.calls >= 2));
        let outcome = pair.login(LoginStep::log_out());
        assert!(matches!(outcome, Ok(())), "{outcome:?}");
        assert_no_fault(&pair);
        assert_eq!(pair.dcs.keys().count(), 0);
    }
}

#[test]
fn a_stored_session_gets_a_new_temporary_key() {
    let mut pair = logged_in(pfs_options());
    let old = temporary_key(&pair);
    pair.restart_client(pfs_options().client);
    assert!(pair.login(LoginStep::get_me()).is_ok());
    assert_ne!(temporary_key(&pair), old);
    assert_secret(&pair);
}

#[test]
fn rotations_interrupt_and_repeat_no_request() {
    let mut options = pfs_options();
    options.client.temporary_key_lifetime = Duration::from_secs(300);
    let mut pair = logged_in(options);
    let permanent = permanent_key(&pair);
    let mut keys = BTreeSet::new();
    let mut requests = Vec::new();
    // Some are pending at every time.
    for number in 0..12_000 {
        requests.push((number, pair.count(number, Route::Home)));
        pair.run_for(Duration::from_millis(100)).unwrap();
        if number % 50 == 0 {
            keys.extend(pair.dcs.keys().filter(|key| key.bound_to.is_some()).map(|key| key.id));
        }
    }
    assert_counted(&mut pair, &requests);
    assert!(keys.len() >= 4, "{} keys in 20 minutes", keys.len());
    assert_eq!(losses(&pair), 0);
    assert_eq!(permanent_key(&pair), permanent);
    assert_secret(&pair);
}

#[test]
fn a_failed_rotation_is_retried_while_the_old_key_works() {
    let mut options = pfs_options();
    options.client.temporary_key_lifetime = Duration::from_secs(300);
    let mut pair = logged_in(options);
    pair.client.connect(pair.client_now());
    pair.network.options.refuse_connects = 3;
    let first = temporary_key(&pair);
    pair.run_for(Duration::from_secs(290)).unwrap();
    assert_eq!(pair.network.options.refuse_connects, 0);
    assert_ne!(temporary_key(&pair), first);
    assert_eq!(losses(&pair), 0);
    assert_secret(&pair);
}

#[test]
fn a_forgotten_temporary_key_is_replaced_and_the_permanent_one_stays() {
    let mut pair = logged_in(pfs_options());
    let permanent = permanent_key(&pair);
    // It is sent before the client knows that the key is gone.
    let options = RequestOptions::default().with_on_unknown_outcome(OnUnknownOutcome::Retry);
    for number in 0..5 {
        pair.dcs.forget_temporary_keys();
        let request = pair.count(number, options);
        assert_counted(&mut pair, &[(number, request)]);
    }
    assert_eq!(permanent_key(&pair), permanent);
    assert!(!pair.events.iter().any(|event| matches!(event, Event::LoggedOut(_))));
    assert_secret(&pair);
}

#[test]
fn an_expired_temporary_key_is_replaced() {
    let mut pair = logged_in(pfs_options());
    let permanent = permanent_key(&pair);
    // There is no connection while it expires.
    pair.network.cut_all(pair.timestamp());
    pair.run_for(Duration::from_secs(25 * 3600)).unwrap();
    let request = pair.count(1, Route::Home);
    assert_counted(&mut pair, &[(1, request)]);
    assert_eq!(permanent_key(&pair), permanent);
    // Nothing was sent under the key after its end, which the server would have refused.
    assert_eq!(pair.refusals, []);
    assert_secret(&pair);
}

#[test]
fn an_unbound_temporary_key_is_replaced() {
    let mut pair = logged_in(pfs_options());
    let old = temporary_key(&pair);
    pair.dcs.unbind_temporary_keys();
    let requests: Vec<_> = (0..20).map(|number| (number, pair.count(number, Route::Home))).collect();
    assert_counted(&mut pair, &requests);
    assert_ne!(temporary_key(&pair), old);
    assert_secret(&pair);
}

#[test]
fn each_refused_binding_costs_one_more_key() {
    let refusals = [
        "ENCRYPTED_MESSAGE_INVALID",
        "TEMP_AUTH_KEY_ALREADY_BOUND",
        "TEMP_AUTH_KEY_EMPTY",
        "EXPIRES_AT_INVALID",
    ];
    for message in refusals {
        let mut options = pfs_options();
        options.server.accounts.faults = vec![Fault::error("auth.bindTempAuthKey", 400, message).once()];
        let pair = logged_in(options);
        assert_eq!(losses(&pair), 1, "{message}");
        assert_secret(&pair);
    }
}

#[test]
fn a_server_that_refuses_every_binding_ends_the_connection_attempts() {
    let mut options = pfs_options();
    options.server.accounts.faults =
        vec![Fault::error("auth.bindTempAuthKey", 400, "ENCRYPTED_MESSAGE_INVALID")];
    let mut pair = Pair::new(options);
    let outcome = pair.login(LoginStep::bot_login("1:sandbox"));
    let Err(LoginError::Invoke(InvokeError::Unreachable {
        reason: DisconnectReason::TemporaryKeyRefused(error),
        ..
    })) = outcome
    else {
        panic!("{outcome:?}")
    };
    assert!(error.is("ENCRYPTED_MESSAGE_INVALID"));
    assert!(pair.elapsed() < Duration::from_secs(60));
    // No request left with the binding, under a key that is not bound.
    assert!(pair.dcs.keys().any(|key| key.temporary));
    assert!(pair.dcs.keys().all(|key| key.calls == 0));
}

#[test]
fn a_permanent_key_lost_by_the_server_is_a_logout() {
    let mut pair = logged_in(pfs_options());
    pair.run_for(Duration::from_secs(120)).unwrap();
    let old = permanent_key(&pair);
    assert!(pair.dcs.forget_key(2, old));
    let outcome = pair.login(LoginStep::get_me());
    assert!(matches!(outcome, Err(LoginError::NotLoggedIn)), "{outcome:?}");
    assert!(pair.events.contains(&Event::LoggedOut(LogoutCause::KeyInvalid)));
    assert_ne!(permanent_key(&pair), old);
    assert_eq!(pair.client.home(), DcId::new(2).unwrap());
    assert_secret(&pair);
}
