//! Backoff between attempts grows, with random jitter, and can be ended early.

use std::collections::BTreeSet;
use std::time::Duration;

use sansgram_core::client::{DisconnectReason, Event, InvokeError, IoFailure, StoredSession};
use sansgram_core::login::{LoginError, LoginStep};
use sansgram_harness::pair::{Pair, PairOptions};

use crate::common::{dc, logged_in};

fn pauses(seed: u64) -> Vec<Duration> {
    let mut pair = logged_in(PairOptions::seeded(seed));
    pair.client.connect(pair.client_now());
    pair.network.options.refuse_connects = 12;
    pair.network.cut_all(pair.timestamp());
    pair.run_until(|pair| pair.network.options.refuse_connects == 0 && pair.client.is_connected()).unwrap();
    let pause = |event: &Event| match event {
        Event::Disconnected { retry_in, .. } => *retry_in,
        _ => None,
    };
    pair.events.iter().filter_map(pause).collect()
}

#[test]
fn backoff_grows_and_differs_between_clients() {
    let mut seconds = BTreeSet::new();
    for seed in 0..20 {
        let pauses = pauses(seed);
        assert_eq!(pauses.len(), 13);
        for (attempt, pause) in pauses.iter().enumerate() {
            let full = Duration::from_millis(250 << attempt.min(7)).min(Duration::from_secs(30));
            assert!((full / 2..=full).contains(pause), "attempt {attempt}: {pause:?}");
        }
        seconds.insert(pauses[5]);
    }
    assert!(seconds.len() > 10, "{} different pauses of 20", seconds.len());
}

#[test]
fn connect_ends_a_backoff_early() {
    let mut pair = logged_in(PairOptions::default());
    pair.client.connect(pair.client_now());
    pair.network.options.refuse_connects = 8;
    pair.network.cut_all(pair.timestamp());
    pair.run_until(|pair| pair.network.options.refuse_connects == 0).unwrap();
    pair.run_for(Duration::from_secs(1)).unwrap();
    assert!(!pair.client.is_connected());
    let begun = pair.elapsed();
    pair.client.connect(pair.client_now());
    pair.run_until(|pair| pair.client.is_connected()).unwrap();
    assert!(pair.elapsed() - begun < Duration::from_millis(200), "{:?}", pair.elapsed() - begun);
}

#[test]
fn waiting_requests_fail_if_no_connection_can_be_made() {
    // A logout that is requested before there is a connection.
    let mut pair = logged_in(PairOptions::default());
    pair.restart_client(PairOptions::default().client);
    pair.network.options.refuse_connects = u32::MAX;
    let outcome = pair.login(LoginStep::log_out());
    let reason = DisconnectReason::Network(IoFailure::Refused);
    assert!(
        matches!(&outcome, Err(LoginError::Invoke(InvokeError::Unreachable { reason: why, .. })) if *why == reason),
        "{outcome:?}"
    );
    let given_up = Event::Disconnected { dc: dc(2), reason, retry_in: None };
    assert!(pair.events.contains(&given_up), "{:?}", pair.events);
    // It succeeds once there is one.
    pair.network.options.refuse_connects = 0;
    assert_eq!(pair.login(LoginStep::log_out()), Ok(()));
    // A session of a DC that the configuration does not know.
    let session = StoredSession { home_dc: Some(dc(5)), ..StoredSession::default() };
    let mut pair = Pair::new(PairOptions { session, ..PairOptions::default() });
    pair.client.connect(pair.client_now());
    pair.poll();
    let reason = DisconnectReason::UnknownDc;
    assert_eq!(pair.events, [Event::Disconnected { dc: dc(5), reason, retry_in: None }]);
    assert!(pair.opened.is_empty());
}

/// A validated connection that closes at once does not cause an immediate reconnect.
#[test]
fn a_server_that_closes_validated_connections_causes_backoff() {
    let mut pair = logged_in(PairOptions::default());
    pair.client.connect(pair.client_now());
    let (begun, before) = (pair.elapsed(), pair.opened.len());
    while pair.elapsed() - begun < Duration::from_secs(600) {
        pair.run_until(|pair| pair.client.is_connected()).unwrap();
        pair.network.cut_all(pair.timestamp());
        pair.run_for(Duration::from_millis(1)).unwrap();
    }
    let attempts = pair.opened.len() - before;
    assert!(attempts < 100, "{attempts} connections in ten minutes");
}
