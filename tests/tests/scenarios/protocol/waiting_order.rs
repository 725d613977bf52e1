//! Requests that must be executed after one that waits (`FLOOD_WAIT`) are executed after it, whatever becomes of them
//! meanwhile, and one that has waited leaves before those that were made after it.

use std::time::Duration;

use sansgram_core::client::{RequestId, RequestOptions};
use sansgram_harness::pair::{Pair, PairOptions};
use sansgram_testkit::accounts::Fault;

use crate::common::{COUNT_METHOD, TRUE, assert_no_fault, logged_in, pfs_options, wait, waits};

const WAIT: u32 = 10;
/// The number of a request that has no place in the order.
const UNRELATED: i64 = 100;

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Makes requests 1 and 2, the second after the first. The server has told the first to wait, which the client does not
/// know yet, and the second is on its way to the server.
fn refused_and_in_flight(pair: &mut Pair, wait: u32) -> [RequestId; 2] {
    pair.dcs.log_messages();
    pair.network.options.latency = millis(200);
    pair.dcs.inject_fault(Fault::flood_wait(COUNT_METHOD, wait).once()).unwrap();
    let first = pair.count(1, RequestOptions::new());
    pair.run_for(millis(300)).unwrap();
    let second = pair.count(2, RequestOptions::new().with_after(first));
    [first, second]
}

fn assert_in_order(pair: &mut Pair, ids: &[RequestId]) {
    for id in ids {
        assert_eq!(wait(pair, *id), Ok(TRUE.to_vec()));
    }
    let numbers = 1..=i64::try_from(ids.len()).unwrap();
    let counted = pair.dcs.take_counted().into_iter().filter(|number| *number != UNRELATED);
    assert_eq!(counted.collect::<Vec<_>>(), numbers.collect::<Vec<_>>());
    assert_no_fault(pair);
}

#[test]
fn a_request_that_was_lost_in_flight_waits_for_one_that_waits() {
    let mut pair = logged_in(PairOptions::default());
    let [first, second] = refused_and_in_flight(&mut pair, WAIT);
    pair.run_until(|pair| !waits(pair).is_empty()).unwrap();
    pair.network.cut_all(pair.timestamp());
    let third = pair.count(3, RequestOptions::new().with_after(second));
    assert_in_order(&mut pair, &[first, second, third]);
}

#[test]
fn a_request_that_was_refused_in_flight_waits_for_one_that_waits() {
    // The message is to be sent again as it is, or in another session.
    for code in [16, 32, 33] {
        let mut pair = logged_in(PairOptions::default());
        let [first, second] = refused_and_in_flight(&mut pair, WAIT);
        pair.run_until(|pair| !waits(pair).is_empty()).unwrap();
        pair.dcs.options_mut().fault_injection.refuse_requests = Some(code);
        pair.run_for(millis(150)).unwrap();
        pair.dcs.options_mut().fault_injection.refuse_requests = None;
        for id in [first, second] {
            assert_eq!(wait(&mut pair, id), Ok(TRUE.to_vec()), "code {code}");
        }
        assert_eq!(pair.dcs.take_counted(), [1, 2], "code {code}");
    }
}

/// A pair ten seconds before its key is rotated, in which both requests wait. The second was sent, but not received.
fn waiting_before_a_rotation() -> (Pair, [RequestId; 2]) {
    let mut options = pfs_options();
    options.client.temporary_key_lifetime = Duration::from_secs(600);
    options.server.forget_replaced_keys = false;
    let mut pair = logged_in(options);
    pair.client.connect(pair.client_now());
    pair.run_for(Duration::from_secs(510)).unwrap();
    let ids = refused_and_in_flight(&mut pair, 40);
    pair.run_until(|pair| !waits(pair).is_empty()).unwrap();
    pair.network.cut_all(pair.timestamp());
    // The second is known to be lost, and waits too.
    pair.run_for(Duration::from_secs(5)).unwrap();
    (pair, ids)
}

fn run_until_rotated(pair: &mut Pair) {
    let bound_key =
        |pair: &Pair| pair.dcs.keys().filter(|key| key.bound_to.is_some()).map(|key| key.id).last();
    let key = bound_key(pair);
    pair.run_until(|pair| bound_key(pair) != key).unwrap();
    assert_eq!([1, 2].map(|number| pair.dcs.counted(number)), [0; 2], "they wait");
}

#[test]
fn requests_that_wait_outlive_a_key_rotation() {
    let (mut pair, [first, second]) = waiting_before_a_rotation();
    run_until_rotated(&mut pair);
    let third = pair.count(3, RequestOptions::new().with_after(second));
    assert_in_order(&mut pair, &[first, second, third]);
}

/// The old session is kept for the answer to another request, and is not asked about those that wait.
#[test]
fn requests_that_wait_are_not_awaited_in_the_old_session() {
    let (mut pair, [first, second]) = waiting_before_a_rotation();
    pair.dcs.options_mut().fault_injection.withhold_results = true;
    let owed = pair.count(UNRELATED, RequestOptions::new());
    run_until_rotated(&mut pair);
    pair.dcs.options_mut().fault_injection.withhold_results = false;
    assert_eq!(wait(&mut pair, owed), Ok(TRUE.to_vec()));
    assert_in_order(&mut pair, &[first, second]);
}

/// Without their key, the outcome of requests that were sent is unknown, but not that of those that wait.
#[test]
fn requests_that_wait_outlive_their_key() {
    let (mut pair, [first, second]) = waiting_before_a_rotation();
    pair.dcs.forget_temporary_keys();
    pair.network.cut_all(pair.timestamp());
    assert_in_order(&mut pair, &[first, second]);
}

/// More is queued than one transmit takes.
#[test]
fn a_request_that_has_waited_keeps_its_place() {
    let mut pair = logged_in(PairOptions::default());
    pair.dcs.log_messages();
    pair.dcs.inject_fault(Fault::flood_wait(COUNT_METHOD, WAIT).once()).unwrap();
    let first = pair.count(1, RequestOptions::new());
    pair.run_until(|pair| !waits(pair).is_empty()).unwrap();
    pair.run_for(millis(9_500)).unwrap();
    // A transmit takes more than a second.
    pair.network.options.bytes_per_second = Some(20_000);
    let others: Vec<RequestId> = (2..=1000).map(|number| pair.count(number, RequestOptions::new())).collect();
    for id in others.into_iter().chain([first]) {
        assert_eq!(wait(&mut pair, id), Ok(TRUE.to_vec()));
    }
    let counted = pair.dcs.take_counted();
    let place = counted.iter().position(|number| *number == 1).unwrap();
    assert!(place < 600, "it is number {place} of {}", counted.len());
    assert_no_fault(&pair);
}

/// The server refuses those after the first each time that the first must wait.
#[test]
fn requests_after_one_that_waits_often_are_not_refused_too_often() {
    let mut pair = logged_in(PairOptions::default());
    pair.dcs.log_messages();
    pair.dcs.inject_fault(Fault::flood_wait(COUNT_METHOD, 1).with_times(Some(9))).unwrap();
    let first = pair.count(1, RequestOptions::new());
    let second = pair.count(2, RequestOptions::new().with_after(first));
    let third = pair.count(3, RequestOptions::new().with_after(second));
    assert_in_order(&mut pair, &[first, second, third]);
}
