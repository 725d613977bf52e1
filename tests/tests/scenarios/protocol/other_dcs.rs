//! Connections to other DCs than the home DC: authorization transfer, and closing of idle connections.

use std::time::{Duration, Instant};

use sansgram_core::client::{InvokeError, RequestOptions, Route};
use sansgram_core::login::LoginStep;
use sansgram_core::tl::functions;
use sansgram_harness::pair::{Pair, PairOptions};
use sansgram_testkit::accounts::{AccountEvent, Accounts, Fault};

use crate::common::{TRUE, assert_no_fault, dc, log_in_by_phone, logged_in, wait};

/// Requests something that only a logged-in key gets.
pub(super) fn state_at(pair: &mut Pair, number: i64) -> Result<(), InvokeError> {
    let now = pair.client_now();
    let handle = pair.client.invoke(now, &functions::updates::GetState {}, Route::Dc(dc(number))).unwrap();
    wait(pair, handle.id()).map(|_| ())
}

fn logins(pair: &Pair, number: i32) -> usize {
    let here = |event: &&AccountEvent| matches!(event, AccountEvent::LoggedIn { dc, .. } if *dc == number);
    pair.account_events.iter().filter(here).count()
}

#[test]
fn an_authorization_is_transferred_once_before_the_first_request() {
    for pfs in [false, true] {
        let mut options = PairOptions::default();
        options.client.pfs = pfs;
        let mut pair = logged_in(options);
        for number in [1, 3, 1, 3] {
            assert_eq!(state_at(&mut pair, number), Ok(()));
        }
        assert_eq!((logins(&pair, 1), logins(&pair, 3)), (1, 1));
        assert!(pair.refusals.is_empty(), "{:?}", pair.refusals);
        // Another process has the key and takes it for logged in.
        let mut config = PairOptions::default().client;
        config.pfs = pfs;
        pair.restart_client(config);
        assert_eq!(state_at(&mut pair, 1), Ok(()));
        assert_eq!(logins(&pair, 1), 1);
        // A logout leaves no key on any DC.
        let outcome = pair.login(LoginStep::log_out());
        assert!(matches!(outcome, Ok(())), "{outcome:?}");
        assert_eq!(pair.dcs.keys().count(), 0);
    }
}

#[test]
fn many_requests_wait_for_one_transfer() {
    let mut pair = logged_in(PairOptions::default());
    let requests: Vec<_> = (0..50).map(|number| (number, pair.count(number, Route::Dc(dc(3))))).collect();
    for (number, id) in requests {
        assert_eq!(wait(&mut pair, id), Ok(TRUE.to_vec()));
        assert_eq!(pair.dcs.counted(number), 1);
    }
    assert_eq!(logins(&pair, 3), 1);
}

#[test]
fn an_expired_export_is_repeated() {
    let mut options = PairOptions::default();
    let stale = Fault::error("auth.importAuthorization", 400, "AUTH_BYTES_INVALID");
    options.server.accounts.faults = vec![stale.clone().once()];
    assert_eq!(state_at(&mut logged_in(options), 3), Ok(()));

    let mut options = PairOptions::default();
    options.server.accounts.faults = vec![stale];
    let outcome = state_at(&mut logged_in(options), 3);
    assert!(
        matches!(&outcome, Err(InvokeError::Rpc(error)) if error.is("AUTH_BYTES_INVALID")),
        "{outcome:?}"
    );
}

#[test]
fn an_authorization_lost_by_another_dc_is_transferred_again() {
    let mut options = PairOptions::default();
    let lost = Fault::error("updates.getState", 401, "AUTH_KEY_UNREGISTERED").on_dc(3);
    options.server.accounts.faults = vec![lost.clone().once()];
    let mut pair = logged_in(options);
    assert_eq!(state_at(&mut pair, 3), Ok(()));
    assert_eq!(logins(&pair, 3), 2);
    // If it persists, the request fails; the home DC decides, so the client stays logged in.
    let mut options = PairOptions::default();
    options.server.accounts.faults = vec![lost];
    let mut pair = logged_in(options);
    let outcome = state_at(&mut pair, 3);
    assert!(matches!(&outcome, Err(InvokeError::Rpc(error)) if error.code == 401), "{outcome:?}");
    assert!(pair.client.stored_session().user.is_some());
}

#[test]
fn a_dead_key_of_another_dc_is_replaced_once() {
    let dead = Fault::error("auth.importAuthorization", 406, "AUTH_KEY_DUPLICATED").on_dc(3);
    for pfs in [false, true] {
        let mut options = PairOptions::default();
        options.client.pfs = pfs;
        options.server.accounts.faults = vec![dead.clone().once()];
        let mut pair = logged_in(options.clone());
        let keys = |pair: &Pair| pair.dcs.keys().filter(|key| key.dc == 3 && !key.temporary).count();
        let id = pair.count(1, Route::Dc(dc(3)));
        assert_eq!(wait(&mut pair, id), Ok(TRUE.to_vec()));
        assert_eq!((pair.dcs.counted(1), keys(&pair), logins(&pair, 3)), (1, 2, 1));
        assert_no_fault(&pair);

        // If another key does not help, the request fails.
        options.server.accounts.faults = vec![dead.clone()];
        let mut pair = logged_in(options);
        let outcome = state_at(&mut pair, 3);
        assert!(matches!(&outcome, Err(InvokeError::Rpc(error)) if error.code == 406), "{outcome:?}");
        assert_eq!(keys(&pair), 2);
        assert!(pair.client.stored_session().user.is_some());
    }
}

#[test]
fn idle_connections_to_other_dcs_are_closed_and_the_home_connection_stays() {
    let mut pair = logged_in(PairOptions::default());
    pair.client.connect(pair.client_now());
    assert_eq!(state_at(&mut pair, 3), Ok(()));
    assert_eq!(pair.network.connections().count(), 2);
    pair.run_for(Duration::from_secs(290)).unwrap();
    assert_eq!(pair.network.connections().count(), 2);
    pair.run_for(Duration::from_secs(20)).unwrap();
    assert_eq!(pair.network.connections().count(), 1);
    assert!(pair.client.is_connected());
    assert_eq!(state_at(&mut pair, 3), Ok(()));
    assert_eq!(logins(&pair, 3), 1);
}

#[test]
fn file_migrate_is_followed_if_the_request_allows() {
    let mut options = PairOptions::default();
    let away = Fault::error("help.saveAppLog", 303, "FILE_MIGRATE_3").on_dc(2);
    options.server.accounts.faults = vec![away];
    let mut pair = logged_in(options);
    let followed = pair.count(1, RequestOptions::default().with_follow_redirects(true));
    assert_eq!(wait(&mut pair, followed), Ok(TRUE.to_vec()));
    assert_eq!(pair.dcs.counted(1), 1);
    let refused = pair.count(2, Route::Home);
    let Err(InvokeError::Rpc(error)) = wait(&mut pair, refused) else { panic!() };
    assert_eq!(error.redirect_dc(), Some(3));
    assert_eq!(pair.dcs.counted(2), 0);
    assert_eq!(pair.client.home(), dc(2));
}

/// The time of each event until a logout is complete.
fn log_out(pair: &mut Pair) -> Vec<Duration> {
    let now = pair.client_now();
    let step = pair.client.start_step(now, LoginStep::log_out()).unwrap();
    let mut times = Vec::new();
    pair.run_until(|pair| {
        times.push(pair.elapsed());
        assert!(times.len() < 1000, "the machine wants to be called without end at {:?}", pair.elapsed());
        pair.is_completed(step.id())
    })
    .unwrap();
    assert_eq!(pair.client.take_step(step), Some(Ok(())));
    times
}

#[test]
fn a_dead_connection_to_another_dc_does_not_delay_a_logout() {
    // The ping over it is due to be answered, or it cannot be opened in time, while its key is being destroyed.
    for is_open in [true, false] {
        let mut options = PairOptions::default();
        options.client.connect_timeout = Duration::from_secs(1);
        let config = options.client.clone();
        let mut pair = logged_in(options);
        assert_eq!(state_at(&mut pair, 3), Ok(()));
        pair.network.set_dead(3, true);
        if is_open {
            pair.run_for(Duration::from_secs(74)).unwrap();
        } else {
            pair.restart_client(config);
        }
        assert_eq!(pair.network.connections().count(), if is_open { 2 } else { 0 });
        let times = log_out(&mut pair);
        assert!(*times.last().unwrap() - times[0] < Duration::from_secs(2), "{times:?}");
        pair.run_for(Duration::from_secs(10)).unwrap();
        assert_eq!(pair.client.next_timeout(), None);
    }
}

#[test]
fn concurrent_requests_wait_for_a_missing_authorization() {
    // The client used this DC before the migration, so it takes the key there for usable.
    let mut pair = Pair::new(PairOptions::default());
    log_in_by_phone(&mut pair, 3);
    let now = pair.client_now();
    let state = functions::updates::GetState {};
    let handles: Vec<_> =
        (0..6).map(|_| pair.client.invoke(now, &state, Route::Dc(dc(2))).unwrap()).collect();
    for handle in handles {
        assert!(wait(&mut pair, handle.id()).is_ok());
    }
    assert_eq!(logins(&pair, 2), 1);
}

/// The way to another DC stays known when its connection was closed as idle.
#[test]
fn an_idle_connection_does_not_delay_other_dcs() {
    let time = |elsewhere: bool| {
        let mut pair = logged_in(PairOptions::default());
        pair.client.connect(pair.client_now());
        if elsewhere {
            state_at(&mut pair, 3).unwrap();
        }
        pair.run_for(Duration::from_secs(600)).unwrap();
        let now = pair.client_now();
        let begun = Instant::now();
        for number in 0..20_000 {
            pair.client.invoke_raw(now, Accounts::count_query(number), Route::Home).unwrap();
        }
        begun.elapsed()
    };
    // Costs proportional to pending requests make it fifty times as slow; one slow run is allowed.
    let is_cheap = |_| time(true) < time(false) * 8;
    assert!((0..3).any(is_cheap));
}
