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
