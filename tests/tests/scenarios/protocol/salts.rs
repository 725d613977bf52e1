//! Salts change for hours or unexpectedly, and no request fails.

use std::time::Duration;

use sansgram_core::client::Route;
use sansgram_core::login::LoginStep;
use sansgram_harness::pair::{Pair, PairOptions};
use sansgram_testkit::server::{BadMessage, FaultInjection, Refusal, ServerOptions};

use super::cut_at_any_byte::assert_once;
use crate::common::{TRUE, log_in_bot, logged_in, losses, misbehaving, repeatable, wait};

#[test]
fn salt_changes_over_hours_fail_no_request() {
    let mut options = PairOptions::default();
    options.server.salt_lifetime = Duration::from_secs(60);
    let mut pair = Pair::new(options);
    log_in_bot(&mut pair, "2:elsewhere");
    let mut requests = Vec::new();
    for number in 0..1200 {
        requests.push((number, pair.count(number, Route::Home)));
        pair.run_for(Duration::from_secs(9)).unwrap();
    }
    assert_once(&mut pair, &requests, "salts");
    // They were known in advance: no packet had an expired salt.
    assert!(pair.refusals.is_empty(), "{:?}", pair.refusals);
}

#[test]
fn a_refused_first_salt_costs_one_message() {
    let mut pair = misbehaving(FaultInjection::default().with_wrong_salt_first(true));
    log_in_bot(&mut pair, "1:sandbox");
    let salts = |refusal: &&Refusal| matches!(refusal, Refusal::Message { reason: BadMessage::Salt, .. });
    assert_eq!(pair.refusals.iter().filter(salts).count(), pair.refusals.len());
    assert!(!pair.refusals.is_empty());
}

#[test]
fn a_salt_that_changes_before_sending_is_followed() {
    let salt_lifetime = Duration::from_secs(2);
    let server = ServerOptions::default().with_salt_lifetime(salt_lifetime);
    let mut pair = Pair::new(PairOptions { server, ..PairOptions::default() });
    log_in_bot(&mut pair, "1:sandbox");
    for _ in 0..20 {
        pair.run_for(Duration::from_secs(3)).unwrap();
        let outcome = pair.login(LoginStep::get_me());
        assert!(outcome.is_ok(), "{outcome:?}");
    }
    assert!(pair.refusals.iter().all(|refusal| !refusal.is_clients_fault()), "{:?}", pair.refusals);
}

/// Each of many packets in flight has an expired salt and is refused.
#[test]
fn an_expired_first_salt_costs_no_connection() {
    let mut pair = logged_in(PairOptions::default());
    pair.dcs.options_mut().fault_injection.slow_bytes = Some(Duration::from_millis(2));
    pair.restart_client(PairOptions::default().client);
    pair.suspend(Duration::from_secs(86_400));
    pair.client.connect(pair.client_now());
    pair.run_until(|pair| pair.network.connections().next().is_some()).unwrap();
    let requests: Vec<_> = (0..40)
        .map(|number| {
            let id = pair.count(number, repeatable());
            pair.run_for(Duration::from_millis(3)).unwrap();
            id
        })
        .collect();
    for (number, id) in (0..).zip(requests) {
        assert_eq!(wait(&mut pair, id), Ok(TRUE.to_vec()));
        assert_eq!(pair.dcs.counted(number), 1);
    }
    let salts = |refusal: &&Refusal| matches!(refusal, Refusal::Message { reason: BadMessage::Salt, .. });
    assert!(pair.refusals.iter().filter(salts).count() > 6, "{:?}", pair.refusals);
    assert_eq!(losses(&pair), 0);
}
