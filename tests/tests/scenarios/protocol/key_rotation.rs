//! Requests that are pending during a key rotation: their answers are requested under the old key; if that is gone, the
//! policy of each request decides. None is executed twice against its policy.

use std::time::Duration;

use sansgram_core::client::{
    Delivery, Event, InvokeError, OnUnknownOutcome, RequestId, RequestOptions, Route,
};
use sansgram_harness::pair::{Pair, PairOptions};

use crate::common::{TRUE, assert_no_fault, logged_in, losses, pfs_options, wait};

fn repeat() -> RequestOptions {
    RequestOptions::default().with_on_unknown_outcome(OnUnknownOutcome::Retry)
}

fn connected(options: PairOptions) -> Pair {
    let mut pair = logged_in(options);
    pair.client.connect(pair.client_now());
    pair.run_for(Duration::from_secs(30)).unwrap();
    pair
}

/// For answers that take 12 s, longer than a rotation waits.
fn slow() -> PairOptions {
    let mut options = pfs_options();
    options.client.connect_timeout = Duration::from_secs(300);
    options.client.temporary_key_lifetime = Duration::from_secs(600);
    options
}

fn bound_key(pair: &Pair) -> Option<u64> {
    pair.dcs.keys().filter(|key| key.bound_to.is_some()).map(|key| key.id).last()
}

fn assert_answered_once(pair: &mut Pair, requests: &[(i64, RequestId)]) {
    for &(number, id) in requests {
        pair.run_until(|pair| pair.is_completed(id)).unwrap();
        assert_eq!(pair.client.take_raw(id), Some(Ok(TRUE.to_vec())), "request {number}");
        assert_eq!(pair.dcs.counted(number), 1, "request {number}");
    }
    assert_no_fault(pair);
}

/// Keeps requests pending for half an hour; `on_change` is called after each rotation.
fn half_an_hour(pair: &mut Pair, mut on_change: impl FnMut(&mut Pair)) -> Vec<(i64, RequestId)> {
    let mut key = bound_key(pair);
    let mut changes = 0;
    let mut requests = Vec::new();
    for number in 0..1800 {
        requests.push((number, pair.count(number, Route::Home)));
        pair.run_for(Duration::from_secs(1)).unwrap();
        let now = bound_key(pair);
        if now != key {
            key = now;
            changes += 1;
            on_change(pair);
        }
    }
    assert!(changes >= 2, "{changes} changes");
    requests
}

#[test]
fn rotation_loses_and_repeats_no_pending_request() {
    let mut pair = connected(slow());
    pair.network.options.latency = Duration::from_secs(6);
    let requests = half_an_hour(&mut pair, |_| {});
    assert_answered_once(&mut pair, &requests);
    let lost = pair.events.iter().any(|event| matches!(event, Event::Disconnected { .. }));
    assert!(!lost, "a rotation is no loss");
}

/// Runs until just before a rotation, then has a request executed whose result the server withholds.
fn executed_before_a_rotation(pair: &mut Pair) -> RequestId {
    pair.run_for(Duration::from_secs(480)).unwrap();
    pair.dcs.options_mut().fault_injection.withhold_results = true;
    let id = pair.count(1, Route::Home);
    pair.run_until(|pair| pair.dcs.counted(1) == 1).unwrap();
    id
}

fn release(pair: &mut Pair) {
    pair.dcs.options_mut().fault_injection.withhold_results = false;
}

/// Asserts that the executed request and another are answered, and that one connection is left.
fn assert_both_answered_once(pair: &mut Pair, id: RequestId) {
    let next = pair.count(2, Route::Home);
    assert_answered_once(pair, &[(2, next), (1, id)]);
    pair.run_for(Duration::from_secs(100)).unwrap();
    assert_eq!(pair.network.connections().count(), 1, "the old one is closed");
}

#[test]
fn a_lost_answer_is_requested_before_the_rotation() {
    let mut pair = connected(slow());
    let key = bound_key(&pair);
    let id = executed_before_a_rotation(&mut pair);
    release(&mut pair);
    pair.run_until(|pair| bound_key(pair) != key).unwrap();
    assert!(pair.is_completed(id));
    assert_both_answered_once(&mut pair, id);
}

/// Returns a client that has rotated its key while the server, which keeps the old one, owes the answer to a request.
fn rotated_with_an_owed_answer() -> (Pair, RequestId) {
    let mut options = slow();
    options.server.forget_replaced_keys = false;
    let mut pair = logged_in(options);
    let key = bound_key(&pair);
    let id = executed_before_a_rotation(&mut pair);
    pair.run_until(|pair| bound_key(pair) != key).unwrap();
    (pair, id)
}

#[test]
fn an_owed_answer_is_requested_under_the_old_key() {
    let (mut pair, id) = rotated_with_an_owed_answer();
    release(&mut pair);
    assert!(!pair.is_completed(id), "the rotation did not wait for it");
    assert_both_answered_once(&mut pair, id);
}

#[test]
fn an_owed_answer_is_requested_over_another_connection() {
    for after in [0, 10, 30, 45, 1000] {
        let (mut pair, id) = rotated_with_an_owed_answer();
        pair.run_for(Duration::from_millis(after)).unwrap();
        pair.network.cut_all(pair.timestamp());
        release(&mut pair);
        assert_both_answered_once(&mut pair, id);
    }
}

#[test]
fn a_request_that_the_old_key_never_answers_is_reported() {
    for forgets in [true, false] {
        let mut options = slow();
        options.client.request_timeout = None;
        options.server.forget_replaced_keys = forgets;
        let mut pair = logged_in(options);
        let key = bound_key(&pair);
        let id = executed_before_a_rotation(&mut pair);
        pair.run_until(|pair| bound_key(pair) != key).unwrap();
        let begun = pair.elapsed();
        pair.run_until(|pair| pair.is_completed(id)).unwrap();
        let result = pair.client.take_raw(id).unwrap();
        assert_eq!(result, Err(InvokeError::OutcomeUnknown { delivery: Delivery::Acknowledged }));
        let waited = pair.elapsed() - begun;
        let most = if forgets { Duration::from_secs(1) } else { Duration::from_secs(61) };
        assert!(waited <= most, "{waited:?}");
        release(&mut pair);
        let next = pair.count(2, Route::Home);
        assert_answered_once(&mut pair, &[(2, next)]);
        assert_eq!(pair.dcs.counted(1), 1);
    }
}

/// A request that the server has executed, whose answer is lost, and whose key the server then forgets.
fn executed_and_forgotten(pair: &mut Pair, number: i64, options: impl Into<RequestOptions>) -> RequestId {
    let id = pair.count(number, options);
    pair.run_until(|pair| pair.dcs.counted(number) == 1).unwrap();
    pair.network.cut_all(pair.timestamp());
    pair.dcs.forget_temporary_keys();
    id
}

#[test]
fn an_unknown_outcome_under_a_forgotten_key_is_reported() {
    let mut pair = connected(pfs_options());
    let id = executed_and_forgotten(&mut pair, 1, Route::Home);
    pair.run_until(|pair| pair.events.iter().any(|event| matches!(event, Event::Disconnected { .. })))
        .unwrap();
    // This one is not sent before the server proves that it has the key.
    let waiting = pair.count(2, Route::Home);
    pair.run_until(|pair| pair.is_completed(id)).unwrap();
    let result = pair.client.take_raw(id).unwrap();
    assert_eq!(result, Err(InvokeError::OutcomeUnknown { delivery: Delivery::Sent }));
    assert_answered_once(&mut pair, &[(2, waiting)]);
    pair.run_for(Duration::from_secs(600)).unwrap();
    assert_eq!(pair.dcs.counted(1), 1);
}

#[test]
fn a_retryable_request_is_sent_again() {
    let mut pair = connected(pfs_options());
    let id = executed_and_forgotten(&mut pair, 1, repeat());
    pair.run_until(|pair| pair.is_completed(id)).unwrap();
    assert_eq!(pair.client.take_raw(id), Some(Ok(TRUE.to_vec())));
    assert_eq!(pair.dcs.counted(1), 2);
}

#[test]
fn a_retryable_request_that_the_old_key_never_answers_is_sent_again() {
    let mut options = slow();
    options.client.request_timeout = None;
    options.server.forget_replaced_keys = true;
    let mut pair = logged_in(options);
    let key = bound_key(&pair);
    pair.run_for(Duration::from_secs(480)).unwrap();
    pair.dcs.options_mut().fault_injection.withhold_results = true;
    let id = pair.count(1, repeat());
    pair.run_until(|pair| bound_key(pair) != key).unwrap();
    assert_eq!(pair.dcs.counted(1), 1);
    release(&mut pair);
    let begun = pair.elapsed();
    assert_eq!(wait(&mut pair, id), Ok(TRUE.to_vec()));
    assert_eq!(pair.dcs.counted(1), 2);
    assert!(pair.elapsed() - begun < Duration::from_secs(1), "{:?}", pair.elapsed() - begun);
}

#[test]
fn an_expired_key_counts_as_forgotten() {
    let mut options = pfs_options();
    options.client.request_timeout = None;
    let mut pair = logged_in(options);
    let id = pair.count(1, Route::Home);
    pair.run_until(|pair| pair.dcs.counted(1) == 1).unwrap();
    // No connect succeeds until the key expires.
    pair.network.set_dead(2, true);
    pair.run_for(Duration::from_secs(25 * 3600)).unwrap();
    pair.network.set_dead(2, false);
    pair.run_until(|pair| pair.is_completed(id)).unwrap();
    let result = pair.client.take_raw(id).unwrap();
    assert_eq!(result, Err(InvokeError::OutcomeUnknown { delivery: Delivery::Sent }));
    assert_eq!(pair.dcs.counted(1), 1);
    // Nothing was sent under the key after its end, which the servers refuse.
    assert_eq!(pair.refusals, []);
}

/// A pair just before a rotation, whose main connection has a blocked write with request 1.
fn stuck_before_a_change() -> (Pair, RequestId) {
    let mut options = pfs_options();
    options.client.temporary_key_lifetime = Duration::from_secs(600);
    options.server.forget_replaced_keys = false;
    let mut pair = logged_in(options);
    pair.client.connect(pair.client_now());
    let key = bound_key(&pair);
    pair.run_for(Duration::from_secs(522)).unwrap();
    assert_eq!(bound_key(&pair), key);
    pair.network.options.blocks_writes = true;
    let one = pair.count(1, Route::Home);
    pair.network.options.blocks_writes = false;
    (pair, one)
}

#[test]
fn a_queued_request_is_sent_once_after_the_rotation() {
    let (mut pair, _) = stuck_before_a_change();
    let two = pair.count(2, Route::Home);
    let key = bound_key(&pair);
    pair.run_until(|pair| bound_key(pair) != key).unwrap();
    assert_eq!(wait(&mut pair, two), Ok(TRUE.to_vec()));
    pair.run_for(Duration::from_secs(30)).unwrap();
    assert_eq!((losses(&pair), pair.dcs.counted(2)), (0, 1));
}

/// Each is ordered after the one before it; the old session owes the answer to the first.
#[test]
fn ordering_survives_a_rotation() {
    let (mut pair, one) = stuck_before_a_change();
    let after = |earlier| RequestOptions::default().with_after(Some(earlier));
    let two = pair.count(2, after(one));
    let three = pair.count(3, after(two));
    for number in [2, 3] {
        pair.run_until(|pair| pair.dcs.counted(number) > 0).unwrap();
        assert_eq!(pair.dcs.counted(number - 1), 1, "{number} was executed too early");
    }
    for (number, id) in [(1, one), (2, two), (3, three)] {
        wait(&mut pair, id).unwrap();
        assert_eq!(pair.dcs.counted(number), 1);
    }
}

/// A request ordered after a cancelled one is sent.
#[test]
fn a_request_ordered_after_a_cancelled_one_is_sent() {
    let (mut pair, one) = stuck_before_a_change();
    let two = pair.count(2, RequestOptions::default().with_after(Some(one)));
    let key = bound_key(&pair);
    pair.run_until(|pair| bound_key(pair) != key).unwrap();
    pair.client.cancel(one);
    assert_eq!(wait(&mut pair, two), Ok(TRUE.to_vec()));
    assert_eq!(pair.dcs.counted(2), 1);
}

/// Without a connection the answer cannot be requested, and the rotation waits for longer than 10 s.
#[test]
fn a_rotation_waits_for_the_connection_that_owes_an_answer() {
    // Seven backoff pauses, up to half of each random, can last most of a minute.
    let mut options = slow();
    options.client.request_timeout = Some(Duration::from_secs(120));
    let mut pair = connected(options);
    let id = executed_before_a_rotation(&mut pair);
    let key = bound_key(&pair);
    // The next key is being made over the newer connection.
    let opened = pair.opened.len();
    pair.run_until(|pair| pair.opened.len() > opened).unwrap();
    pair.run_for(Duration::from_secs(3)).unwrap();
    let first = pair.network.connections().next().unwrap();
    pair.network.options.refuse_connects = 7;
    pair.network.cut(pair.timestamp(), first);
    release(&mut pair);
    pair.run_until(|pair| pair.is_completed(id)).unwrap();
    assert_eq!(bound_key(&pair), key, "the change did not wait");
    assert_answered_once(&mut pair, &[(1, id)]);
    pair.run_until(|pair| bound_key(pair) != key).unwrap();
}
