//! `updates.getState` is sent after a login and in each new session of the server, which pushes updates only then. The
//! embedder gets the state; a configuration without updates does not send it.

use std::time::Duration;

use sansgram_core::client::{Event, RequestId, Route, StoredSession};
use sansgram_core::login::{LoginState, LoginStep};
use sansgram_harness::pair::{Pair, PairOptions};
use sansgram_testkit::accounts::Fault;
use sansgram_testkit::server::Refusal;

use crate::common::log_in_bot;

fn options(pfs: bool) -> PairOptions {
    let mut options = PairOptions::default();
    options.client.pfs = pfs;
    options
}

/// How often the embedder got the updates state.
fn states(pair: &Pair) -> usize {
    pair.events.iter().filter(|event| matches!(event, Event::UpdatesState(_))).count()
}

fn wait(pair: &mut Pair) {
    pair.run_for(Duration::from_secs(5)).unwrap();
}

#[test]
fn a_login_requests_the_state_once_on_any_dc() {
    for pfs in [false, true] {
        for token in ["1:sandbox", "2:elsewhere"] {
            let mut pair = Pair::new(options(pfs));
            pair.client.connect(pair.client_now());
            wait(&mut pair);
            assert_eq!(states(&pair), 0, "no user is logged in");
            log_in_bot(&mut pair, token);
            wait(&mut pair);
            let told = pair.events.iter().find_map(|event| match event {
                Event::UpdatesState(state) => Some(*state),
                _ => None,
            });
            let state = told.expect("the embedder is told");
            assert_eq!((state.pts, state.qts, state.seq, state.unread_count), (1, 0, 0, 0));
            let now = pair.server_now().unix.as_secs();
            assert!((now - 6..=now).contains(&u64::from(state.date.unsigned_abs())), "{state:?} at {now}");
            pair.run_for(Duration::from_secs(3600)).unwrap();
            assert_eq!(states(&pair), 1, "once is enough");
            assert!(!pair.refusals.iter().any(Refusal::is_clients_fault));
        }
    }
}

#[test]
fn a_stored_session_requests_the_state_when_it_connects() {
    let mut pair = Pair::new(options(false));
    log_in_bot(&mut pair, "1:sandbox");
    wait(&mut pair);
    let config = options(false).client;
    pair.restart_client(config);
    wait(&mut pair);
    assert_eq!((states(&pair), pair.client.is_connected()), (0, false), "nothing is sent unasked");
    pair.client.connect(pair.client_now());
    wait(&mut pair);
    assert_eq!(states(&pair), 1);
}

#[test]
fn a_resumed_session_does_not_request_the_state_again() {
    let mut pair = Pair::new(options(false));
    log_in_bot(&mut pair, "1:sandbox");
    pair.client.connect(pair.client_now());
    wait(&mut pair);
    for _ in 0..5 {
        pair.network.cut_all(pair.timestamp());
        wait(&mut pair);
        assert!(pair.client.is_connected());
    }
    assert_eq!(states(&pair), 1);
}

#[test]
fn new_session_created_requests_the_state_again() {
    let mut options = options(true);
    options.client.temporary_key_lifetime = Duration::from_secs(300);
    let mut pair = Pair::new(options);
    log_in_bot(&mut pair, "1:sandbox");
    pair.client.connect(pair.client_now());
    wait(&mut pair);
    assert_eq!(states(&pair), 1);
    // Each new key has a session of its own.
    pair.run_for(Duration::from_secs(300)).unwrap();
    assert_eq!(states(&pair), 2);
}

#[test]
fn a_failed_state_request_is_retried_later() {
    for error in [(500, "INTERNAL"), (420, "FLOOD_WAIT_200")] {
        let mut options = options(false);
        options.server.accounts.faults = vec![Fault::error("updates.getState", error.0, error.1).once()];
        let mut pair = Pair::new(options);
        log_in_bot(&mut pair, "1:sandbox");
        pair.client.connect(pair.client_now());
        pair.run_for(Duration::from_secs(59)).unwrap();
        assert_eq!(states(&pair), 0);
        let pause = if error.0 == 420 { 200 } else { 60 };
        pair.run_until(|pair| states(pair) == 1).unwrap();
        let asked = pair.elapsed().as_secs();
        assert!((pause..pause + 10).contains(&asked), "{asked} s after {}", error.1);
    }
}

#[test]
fn a_cut_state_request_is_repeated_over_the_next_connection() {
    let mut pair = Pair::new(options(false));
    log_in_bot(&mut pair, "1:sandbox");
    // The request was sent with the login's last poll.
    pair.network.cut_all(pair.timestamp());
    pair.run_for(Duration::from_secs(5)).unwrap();
    assert_eq!((pair.opened.len(), states(&pair)), (2, 1));
}

#[test]
fn a_client_without_updates_requests_no_state() {
    let mut options = options(false);
    options.client.updates = false;
    let mut pair = Pair::new(options);
    log_in_bot(&mut pair, "1:sandbox");
    let own = pair.dcs.calls_without_updates();
    assert_eq!(own, 0, "the login itself may need them");
    let requests: Vec<(i64, RequestId)> =
        (0..5).map(|number| (number, pair.count(number, Route::Home))).collect();
    for (number, id) in requests {
        pair.run_until(|pair| pair.is_completed(id)).unwrap();
        assert!(pair.client.take_raw(id).unwrap().is_ok());
        assert_eq!(pair.dcs.counted(number), 1);
    }
    assert_eq!((pair.dcs.calls_without_updates(), states(&pair)), (5, 0));
    // A new client must introduce itself first, around the same wrapper.
    let mut config = PairOptions::default().client;
    config.updates = false;
    pair.restart_client(config);
    let id = pair.count(9, Route::Home);
    pair.run_until(|pair| pair.is_completed(id)).unwrap();
    assert!(pair.client.take_raw(id).unwrap().is_ok());
    assert_eq!((pair.dcs.calls_without_updates(), states(&pair)), (6, 0));
}

#[test]
fn a_logout_cancels_the_state_request() {
    let mut pair = Pair::new(options(false));
    log_in_bot(&mut pair, "1:sandbox");
    // The request is in flight.
    let outcome = pair.login(LoginStep::log_out());
    assert!(matches!(outcome, Ok(())), "{outcome:?}");
    let opened = pair.opened.len();
    pair.run_for(Duration::from_secs(600)).unwrap();
    assert_eq!(pair.opened.len(), opened, "nothing is left to ask");
}

#[test]
fn a_session_of_an_unknown_user_requests_the_state_once_the_user_is_known() {
    let mut pair = Pair::new(options(false));
    log_in_bot(&mut pair, "1:sandbox");
    // As sessions of Telethon and GramJS are.
    let imported = StoredSession { user: None, ..pair.client.stored_session().clone() };
    pair.restart_client_from(PairOptions::default().client, imported);
    let outcome = pair.login(LoginStep::login_state());
    assert!(matches!(outcome, Ok(LoginState::LoggedIn(_))), "{outcome:?}");
    wait(&mut pair);
    assert_eq!(
        (pair.client.stored_session().user.as_ref().map(|user| user.is_bot), states(&pair)),
        (Some(true), 1)
    );
}
