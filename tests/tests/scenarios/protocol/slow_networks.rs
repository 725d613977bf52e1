//! Round trips of several seconds: key exchanges and logins succeed, since each valid answer extends the timeout. The
//! total time is still limited.

use std::time::Duration;

use sansgram_core::client::{DisconnectReason, InvokeError, RequestOptions, Route};
use sansgram_core::login::LoginStep;
use sansgram_harness::pair::{Pair, PairOptions};
use sansgram_testkit::server::FaultInjection;

use crate::common::{TRUE, assert_logged_in, assert_no_fault, dc, losses, wait};

fn with_round_trips(of: Duration, pfs: bool) -> PairOptions {
    let mut options = PairOptions::default();
    options.network.latency = of / 2;
    options.client.pfs = pfs;
    options
}

#[test]
fn f9_logins_succeed_over_round_trips_of_several_seconds() {
    for seconds in [1, 3, 5, 6, 9, 12, 14] {
        for pfs in [false, true] {
            let mut pair = Pair::new(with_round_trips(Duration::from_secs(seconds), pfs));
            let outcome = pair.login(LoginStep::bot_login("1:sandbox"));
            assert_logged_in(&outcome);
            let id = pair.count(1, Route::Home);
            assert_eq!(wait(&mut pair, id), Ok(TRUE.to_vec()));
            // The first request to another DC waits for a key and an authorization transfer.
            let id = pair.count(2, Route::Dc(dc(1)));
            assert_eq!(wait(&mut pair, id), Ok(TRUE.to_vec()), "{seconds} s, pfs {pfs}");
            assert_eq!((pair.dcs.counted(1), pair.dcs.counted(2)), (1, 1));
            assert_eq!(losses(&pair), 0, "{seconds} s, pfs {pfs}: {:?}", pair.events);
            assert_no_fault(&pair);
        }
    }
}

#[test]
fn f9_a_login_with_migration_succeeds() {
    for pfs in [false, true] {
        let mut pair = Pair::new(with_round_trips(Duration::from_secs(12), pfs));
        assert_logged_in(&pair.login(LoginStep::bot_login("2:elsewhere")));
        assert_no_fault(&pair);
    }
}

#[test]
fn f9_a_request_timeout_holds_during_a_key_exchange() {
    let mut pair = Pair::new(with_round_trips(Duration::from_secs(6), false));
    let short = RequestOptions::default().with_timeout(Some(Duration::from_secs(10)));
    let id = pair.count(1, short);
    assert!(matches!(wait(&mut pair, id), Err(InvokeError::TimedOut { problem: None, .. })));
    assert_eq!(pair.elapsed(), Duration::from_secs(10));
}

#[test]
fn f9_silence_ends_after_20_seconds_and_a_connect_after_its_own_timeout() {
    // Nothing is answered.
    let mut options = PairOptions::default();
    options.client.max_attempts = 1;
    options.server.fault_injection = FaultInjection::default().with_silent_after_accept(true);
    let mut pair = Pair::new(options);
    let id = pair.count(1, Route::Home);
    let failed = wait(&mut pair, id);
    assert!(
        matches!(failed, Err(InvokeError::Unreachable { reason: DisconnectReason::ReadTimeout, .. })),
        "{failed:?}"
    );
    // The stream took a round trip of 40 ms.
    assert_eq!(pair.elapsed(), Duration::from_millis(20_040));

    // All is answered, but slowly.
    let mut options = with_round_trips(Duration::from_secs(9), true);
    options.client.max_attempts = 1;
    options.client.connect_limit = Duration::from_secs(50);
    let mut pair = Pair::new(options);
    let id = pair.count(1, Route::Home);
    let failed = wait(&mut pair, id);
    assert!(
        matches!(failed, Err(InvokeError::Unreachable { reason: DisconnectReason::ReadTimeout, .. })),
        "{failed:?}"
    );
    assert_eq!(pair.elapsed(), Duration::from_secs(50));
}

#[test]
fn f9_a_request_waits_for_one_key_exchange_and_not_for_the_next() {
    // The connection is lost each time in the middle of the exchange.
    let mut pair = Pair::new(with_round_trips(Duration::from_secs(12), false));
    let id = pair.count(1, Route::Home);
    while !pair.is_completed(id) {
        pair.run_for(Duration::from_secs(40)).unwrap();
        pair.network.cut_all(pair.timestamp());
        assert!(pair.elapsed() <= Duration::from_secs(120), "it is waited for without end");
    }
    assert!(matches!(wait(&mut pair, id), Err(InvokeError::TimedOut { problem: Some(_), .. })));
}
