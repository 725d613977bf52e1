//! Wrong clocks: years off, jumping both ways, stopped during sleep. Logins and requests work with at most one
//! additional round trip.

use std::time::Duration;

use sansgram_core::client::{Event, Route};
use sansgram_core::login::LoginStep;
use sansgram_harness::pair::{Pair, PairOptions};

use crate::common::{
    assert_works_as, assert_works_within, dc, is_logged_in, log_in_by_phone, logged_in, repeatable, wait,
};

const YEAR: i64 = 365 * 86_400;

/// Twice the network's latency, and the rest of an earlier write.
const ROUND_TRIP: Duration = Duration::from_millis(51);

fn skewed(clock_skew: i64, pfs: bool) -> Pair {
    let mut options = PairOptions { clock_skew, ..PairOptions::default() };
    options.client.pfs = pfs;
    let mut pair = Pair::new(options);
    let outcome = pair.login(LoginStep::bot_login("2:elsewhere"));
    assert!(is_logged_in(&outcome), "{clock_skew}: {outcome:?}");
    pair
}

#[test]
fn a_clock_years_off_from_the_start() {
    for pfs in [false, true] {
        for clock_skew in [-50 * YEAR, -YEAR, -3600, 3600, YEAR, 14 * YEAR] {
            let mut pair = skewed(clock_skew, pfs);
            assert_works_within(&mut pair, 1, ROUND_TRIP);
            assert!(pair.refusals.is_empty(), "{clock_skew}: {:?}", pair.refusals);
        }
    }
}

#[test]
fn a_clock_years_off_after_a_restart() {
    for clock_skew in [-20 * YEAR, -YEAR, -301, 31, YEAR, 14 * YEAR] {
        let mut pair = skewed(0, false);
        pair.clock_skew = clock_skew;
        pair.restart_client(PairOptions::default().client);
        // Connect, a correction, perhaps another one of the salt.
        assert_works_within(&mut pair, 1, ROUND_TRIP * 4);
    }
}

#[test]
fn a_clock_that_jumps_while_connected() {
    let mut pair = skewed(0, false);
    let jumps = [3600, -3600, YEAR, -YEAR, 10, -10, 400, -400, 13 * YEAR, 0];
    for (number, jump) in jumps.into_iter().enumerate() {
        pair.clock_skew = jump;
        // The computer may have slept: a ping asks first, unless the request may be executed twice.
        if number % 2 == 0 {
            assert_works_within(&mut pair, number as i64, 2 * ROUND_TRIP);
        } else {
            assert_works_as(&mut pair, number as i64, repeatable(), ROUND_TRIP);
        }
        pair.run_for(Duration::from_secs(100)).unwrap();
    }
    assert!(pair.refusals.is_empty(), "{:?}", pair.refusals);
}

#[test]
fn a_clock_that_jumps_between_connections() {
    let mut pair = skewed(0, false);
    for (number, jump) in [3600, -3600, YEAR, -YEAR, 0].into_iter().enumerate() {
        pair.network.cut_all(pair.timestamp());
        pair.clock_skew = jump;
        // Cut, a pause of at most 250 ms, connect, request.
        assert_works_within(&mut pair, number as i64, Duration::from_millis(450));
        pair.run_for(Duration::from_secs(100)).unwrap();
    }
}

#[test]
fn a_clock_that_stops_during_sleep() {
    let mut pair = skewed(0, false);
    pair.client.connect(pair.client_now());
    for number in 0..6 {
        // Short enough for the connection to live on, then longer.
        pair.suspend(Duration::from_secs(10 << (number * 2)));
        assert_works_within(&mut pair, number, Duration::from_millis(700));
        pair.run_for(Duration::from_secs(5)).unwrap();
    }
}

#[test]
fn a_login_with_a_wrong_clock() {
    for clock_skew in [-86_400, -301, 31, 86_400] {
        let mut pair = Pair::new(PairOptions { clock_skew, ..PairOptions::default() });
        log_in_by_phone(&mut pair, 3);
        // The handshake tells the time: no message is ever refused for its identifier.
        assert!(pair.refusals.is_empty(), "{clock_skew}: {:?}", pair.refusals);
    }
}

/// Each DC has a clock of its own, but a session keeps one offset.
#[test]
fn a_clock_difference_is_not_saved_repeatedly() {
    let mut options = PairOptions::default();
    options.client.connect_timeout = Duration::from_secs(300);
    options.client.request_timeout = Some(Duration::from_secs(600));
    let mut pair = logged_in(options);
    // A congested line: everything arrives 5 s late.
    pair.network.options.latency = Duration::from_secs(5);
    let away = pair.count(1, Route::Dc(dc(3)));
    wait(&mut pair, away).unwrap();
    pair.events.clear();
    for number in 0..20 {
        let away = pair.count(100 + number, Route::Dc(dc(3)));
        let home = pair.count(200 + number, Route::Home);
        wait(&mut pair, away).unwrap();
        wait(&mut pair, home).unwrap();
    }
    let saves = pair.events.iter().filter(|event| matches!(event, Event::StoredSessionChanged)).count();
    assert!(saves < 5, "{saves} saves");
}
