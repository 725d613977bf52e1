//! A server that no longer knows a client's key answers -404, which is not authenticated: an attacker can send it. A
//! key is given up only if the server proves itself, by a refusal to bind a temporary key.

use std::time::Duration;

use sansgram_core::client::{DcId, Event, InvokeError, LogoutCause, RequestId, Route, StoredSession};
use sansgram_core::login::{LoginError, LoginStep, SendCodeOutcome, SignInOutcome};
use sansgram_core::tl::functions;
use sansgram_harness::pair::{Pair, PairOptions};
use sansgram_testkit::accounts::Fault;

use crate::common::{is_logged_in, logged_in, pfs_options};

/// The session of a client that requested a code, and logged in if `logs_in`.
fn session(logs_in: bool) -> StoredSession {
    let mut pair = Pair::new(PairOptions::seeded(7));
    let Ok(SendCodeOutcome::CodeSent(sent_code)) = pair.login(LoginStep::send_code("9996620001")) else {
        panic!()
    };
    if logs_in {
        let outcome = pair.login(LoginStep::sign_in(&sent_code, "22222"));
        assert!(matches!(outcome, Ok(SignInOutcome::LoggedIn(_))), "{outcome:?}");
    }
    pair.client.stored_session().clone()
}

fn home_key(session: &StoredSession) -> u64 {
    session.keys[&DcId::new(2).unwrap()].auth_key.id().0
}

#[test]
fn a_forgotten_key_without_a_login_is_replaced() {
    let session = session(false);
    let old = home_key(&session);
    let mut pair = Pair::new(PairOptions { session, ..PairOptions::default() });
    let outcome = pair.login(LoginStep::bot_login("1:sandbox"));
    assert!(is_logged_in(&outcome), "{outcome:?}");
    assert_ne!(home_key(pair.client.stored_session()), old);
}

#[test]
fn a_logged_in_key_is_given_up_only_if_the_server_proves_it() {
    let session = session(true);
    let old = home_key(&session);
    let mut pair = Pair::new(PairOptions { session, ..PairOptions::default() });
    let outcome = pair.login(LoginStep::get_me());
    assert!(matches!(outcome, Err(LoginError::NotLoggedIn)), "{outcome:?}");
    let logged_out = Event::LoggedOut(LogoutCause::KeyInvalid);
    assert_eq!(pair.events.iter().filter(|event| **event == logged_out).count(), 1);
    assert_ne!(home_key(pair.client.stored_session()), old);
    assert_eq!(pair.client.stored_session().user, None);
}

/// What a man in the middle sends over each connection.
fn say_404(pair: &mut Pair) {
    let now = pair.timestamp();
    let conns: Vec<_> = pair.network.connections().collect();
    for conn in conns {
        // An intermediate frame of four bytes: -404.
        pair.network.inject(now, conn, &[4, 0, 0, 0, 0x6c, 0xfe, 0xff, 0xff]);
    }
}

#[test]
fn a_key_of_an_unknown_user_survives_a_man_in_the_middle() {
    let mut pair = logged_in(PairOptions::seeded(7));
    // Sessions of other libraries do not name their user.
    let imported = StoredSession { user: None, ..pair.client.stored_session().clone() };
    let old = home_key(&imported);
    pair.restart_client_from(PairOptions::default().client, imported);
    pair.client.connect(pair.client_now());
    for _ in 0..2 {
        pair.run_until(|pair| pair.network.connections().next().is_some()).unwrap();
        say_404(&mut pair);
        pair.run_until(|pair| pair.network.connections().next().is_none()).unwrap();
    }
    assert!(pair.login(LoginStep::get_me()).is_ok());
    assert_eq!(home_key(pair.client.stored_session()), old);
}

#[test]
fn a_logged_in_key_survives_a_man_in_the_middle() {
    let mut pair = logged_in(PairOptions::seeded(7));
    let old = home_key(pair.client.stored_session());
    for _ in 0..6 {
        say_404(&mut pair);
        let outcome = pair.login(LoginStep::get_me());
        assert!(is_logged_in(&outcome), "{outcome:?}");
    }
    assert_eq!(home_key(pair.client.stored_session()), old);
    assert!(!pair.events.iter().any(|event| matches!(event, Event::LoggedOut(_))));
}

#[test]
fn a_dead_key_closes_all_its_connections() {
    let mut options = pfs_options();
    options.client.temporary_key_lifetime = Duration::from_secs(600);
    options.server.accounts.faults = vec![Fault::error("users.getUsers", 406, "AUTH_KEY_DUPLICATED")];
    let mut pair = logged_in(options);
    // The next temporary key is being made.
    pair.run_until(|pair| pair.network.connections().count() == 2).unwrap();
    assert_eq!(pair.login(LoginStep::get_me()), Err(LoginError::NotLoggedIn));
    pair.run_for(Duration::from_secs(5)).unwrap();
    assert!(pair.network.connections().count() <= 1, "one of them stays open");
}

fn asks_for_the_configuration(pair: &mut Pair) -> RequestId {
    pair.client.connect(pair.client_now());
    let now = pair.client_now();
    let handle = pair.client.invoke(now, &functions::help::GetConfig {}, Route::Home).unwrap();
    pair.poll();
    handle.id()
}

/// What only a temporary key can be.
#[test]
fn auth_key_perm_empty_under_a_permanent_key_ends_the_request() {
    let mut options = PairOptions::default();
    options.client.request_timeout = None;
    options.server.accounts.faults = vec![Fault::error("help.getConfig", 401, "AUTH_KEY_PERM_EMPTY")];
    let mut pair = Pair::new(options);
    let id = asks_for_the_configuration(&mut pair);
    pair.run_for(Duration::from_secs(60)).unwrap();
    assert!(matches!(pair.client.take_raw(id), Some(Err(InvokeError::Rpc(error))) if error.code == 401));
}

#[test]
fn repeated_auth_key_perm_empty_does_not_make_keys_without_end() {
    for error in ["AUTH_KEY_PERM_EMPTY", "AUTH_KEY_INVALID"] {
        let mut options = pfs_options();
        options.client.request_timeout = None;
        // The client's own request would be refused too, and cost as many keys again.
        options.client.learn_addresses = false;
        options.server.accounts.faults = vec![Fault::error("help.getConfig", 401, error)];
        let mut pair = Pair::new(options);
        let id = asks_for_the_configuration(&mut pair);
        let key =
            |pair: &Pair| pair.client.stored_session().keys.values().next().map(|key| key.auth_key.id());
        pair.run_until(|pair| key(pair).is_some()).unwrap();
        let permanent = key(&pair);
        pair.run_for(Duration::from_secs(60)).unwrap();
        let attempts = pair.opened.len();
        assert!(pair.is_completed(id) && attempts < 10, "{error}: {attempts} connections in a minute");
        if error == "AUTH_KEY_PERM_EMPTY" {
            assert_eq!(key(&pair), permanent);
        }
    }
}
