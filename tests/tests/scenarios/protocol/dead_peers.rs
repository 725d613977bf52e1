//! A silent peer is detected within a ping interval and its timeout.

use std::time::Duration;

use sansgram_core::client::{Event, RequestOptions, Route};
use sansgram_core::login::LoginStep;
use sansgram_harness::pair::PairOptions;

use crate::common::{TRUE, logged_in, losses, wait};

#[test]
fn a_dead_peer_is_detected_within_a_ping_interval_and_its_timeout() {
    let mut pair = logged_in(PairOptions::default());
    pair.client.connect(pair.client_now());
    pair.run_for(Duration::from_secs(1)).unwrap();
    pair.network.set_dead(2, true);
    let begun = pair.elapsed();
    pair.run_until(|pair| pair.events.iter().any(|event| matches!(event, Event::Disconnected { .. })))
        .unwrap();
    assert!(pair.elapsed() - begun <= Duration::from_secs(76), "{:?}", pair.elapsed() - begun);
    pair.network.set_dead(2, false);
    pair.run_until(|pair| pair.client.is_connected()).unwrap();
    assert!(pair.login(LoginStep::get_me()).is_ok());
}

#[test]
fn a_request_over_a_silent_connection_is_answered_over_the_next_one() {
    // Whether the connection was in use or idle until then.
    for idle in [0, 5, 30, 50] {
        let mut pair = logged_in(PairOptions::default());
        let first = pair.count(1, Route::Home);
        assert_eq!(wait(&mut pair, first), Ok(TRUE.to_vec()));
        pair.run_for(Duration::from_secs(idle)).unwrap();
        pair.network.set_dead(2, true);
        let (lost, begun) = (losses(&pair), pair.elapsed());
        let id = pair.count(2, Route::Home);
        pair.run_until(|pair| losses(pair) > lost).unwrap();
        let detected = pair.elapsed() - begun;
        assert!(detected <= Duration::from_secs(36), "{idle} s idle, then {detected:?}");
        pair.network.set_dead(2, false);
        assert_eq!(wait(&mut pair, id), Ok(TRUE.to_vec()), "{idle} s idle");
        assert_eq!(pair.dcs.counted(2), 1);
    }
}

#[test]
fn a_slow_answer_costs_a_ping_each_ten_seconds() {
    let mut pair = logged_in(PairOptions::default());
    pair.run_for(Duration::from_secs(1)).unwrap();
    pair.dcs.options_mut().fault_injection.withhold_results = true;
    let lost = losses(&pair);
    let options = RequestOptions::default().with_timeout(Some(Duration::from_secs(600)));
    pair.count(1, options);
    pair.run_for(Duration::from_secs(1)).unwrap();
    let before = pair.network.bytes_carried();
    pair.run_for(Duration::from_secs(300)).unwrap();
    // A ping and its answer take about 250 bytes.
    let carried = pair.network.bytes_carried() - before;
    assert!((20 * 200..31 * 300).contains(&carried), "{carried} bytes in 300 s");
    assert_eq!(losses(&pair), lost, "the connection lives");
}

#[test]
fn request_states_are_queried_over_the_next_connection() {
    let mut pair = logged_in(PairOptions::default());
    pair.dcs.options_mut().fault_injection.withhold_results = true;
    let id = pair.count(1, Route::Home);
    pair.run_for(Duration::from_secs(1)).unwrap();
    assert_eq!(pair.dcs.counted(1), 1);
    // The next connection opens but is silent; it ends after 15 s.
    pair.dcs.options_mut().fault_injection.silent_after_handshake = true;
    pair.network.cut_all(pair.timestamp());
    pair.run_for(Duration::from_secs(14)).unwrap();
    pair.dcs.options_mut().fault_injection.silent_after_handshake = false;
    pair.dcs.options_mut().fault_injection.withhold_results = false;
    assert_eq!(wait(&mut pair, id), Ok(TRUE.to_vec()));
    assert_eq!(pair.dcs.counted(1), 1);
}

#[test]
fn hours_without_a_network_leave_no_outcome_unknown() {
    for minutes in [1, 5, 300] {
        let mut options = PairOptions::default();
        options.client.max_attempts = 0;
        let mut pair = logged_in(options);
        pair.dcs.options_mut().fault_injection.withhold_results = true;
        let timeout = Some(Duration::from_secs(24 * 3600));
        let id = pair.count(1, RequestOptions::default().with_timeout(timeout));
        pair.run_for(Duration::from_secs(1)).unwrap();
        pair.network.set_dead(2, true);
        pair.run_for(Duration::from_secs(60 * minutes)).unwrap();
        pair.network.set_dead(2, false);
        pair.dcs.options_mut().fault_injection.withhold_results = false;
        assert_eq!(wait(&mut pair, id), Ok(TRUE.to_vec()), "{minutes} minutes");
        assert_eq!(pair.dcs.counted(1), 1);
    }
}

#[test]
fn a_lost_state_request_is_repeated_over_the_next_connection() {
    let mut options = PairOptions::default();
    options.client.max_attempts = 0;
    let mut pair = logged_in(options);
    pair.dcs.options_mut().fault_injection.withhold_results = true;
    let timeout = Some(Duration::from_secs(3600));
    let id = pair.count(1, RequestOptions::default().with_timeout(timeout));
    pair.run_for(Duration::from_secs(1)).unwrap();
    // The next connection queries the state of the request and is lost before the answer.
    let lost = losses(&pair);
    pair.network.cut_all(pair.timestamp());
    pair.run_until(|pair| losses(pair) > lost && pair.network.connections().next().is_some()).unwrap();
    pair.run_for(Duration::from_millis(50)).unwrap();
    pair.network.set_dead(2, true);
    pair.network.cut_all(pair.timestamp());
    pair.run_for(Duration::from_secs(600)).unwrap();
    pair.network.set_dead(2, false);
    pair.dcs.options_mut().fault_injection.withhold_results = false;
    assert_eq!(wait(&mut pair, id), Ok(TRUE.to_vec()));
    assert_eq!(pair.dcs.counted(1), 1);
}
