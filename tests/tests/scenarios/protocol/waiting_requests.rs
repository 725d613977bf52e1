//! Requests that the server refuses for some time (`FLOOD_WAIT`, internal errors): short waits are waited out and
//! reported, long ones are the result.

use std::time::Duration;

use sansgram_core::client::{InvokeError, OnUnknownOutcome, RequestId, RequestOptions};
use sansgram_harness::pair::{Pair, PairOptions};
use sansgram_testkit::accounts::Fault;

use crate::common::{COUNT_METHOD as METHOD, TRUE, assert_no_fault, logged_in, wait, waits};

/// A logged-in pair whose servers have these faults.
fn refused(faults: Vec<Fault>) -> Pair {
    let mut options = PairOptions::default();
    options.server.accounts.faults = faults;
    logged_in(options)
}

fn error_name(result: Result<Vec<u8>, InvokeError>) -> String {
    match result {
        Err(InvokeError::Rpc(error)) => error.to_string(),
        other => panic!("no error of the server: {other:?}"),
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_short_wait_is_waited_out_and_reported() {
    let mut pair = refused(vec![Fault::flood_wait(METHOD, 7).once()]);
    let begun = pair.elapsed();
    let id = pair.count(1, RequestOptions::new());
    assert_eq!(wait(&mut pair, id), Ok(TRUE.to_vec()));
    assert!((seconds(7)..seconds(9)).contains(&(pair.elapsed() - begun)));
    assert_eq!(waits(&pair), [(id, 7)]);
    assert_eq!(pair.dcs.counted(1), 1);
    assert_no_fault(&pair);
}

#[test]
fn a_wait_above_the_threshold_is_the_result() {
    for (length, options, most) in [
        (61, RequestOptions::new(), 1),
        (5, RequestOptions::new().with_flood_sleep_threshold(Duration::ZERO), 1),
        // The limit is one of all waits together.
        (40, RequestOptions::new(), 42),
        (40, RequestOptions::new().with_flood_sleep_threshold(seconds(100)), 82),
        // A time limit of the request that passes before the wait ends.
        (8, RequestOptions::new().with_timeout(seconds(7)), 1),
    ] {
        let mut pair = refused(vec![Fault::flood_wait(METHOD, length)]);
        let begun = pair.elapsed();
        let id = pair.count(1, options);
        let error = error_name(wait(&mut pair, id));
        assert!(error.contains(&format!("FLOOD_WAIT_{length}")), "{error}");
        assert!(pair.elapsed() - begun < seconds(most), "{length}: {:?}", pair.elapsed() - begun);
        assert_eq!(pair.dcs.counted(1), 0);
    }
}

#[test]
fn the_default_time_limit_does_not_count_waits() {
    let twice = [Fault::flood_wait(METHOD, 30).once(), Fault::flood_wait(METHOD, 30).once()];
    let mut pair = refused(twice.into());
    let id = pair.count(1, RequestOptions::new());
    assert_eq!(wait(&mut pair, id), Ok(TRUE.to_vec()));
    assert_eq!(waits(&pair), [(id, 30), (id, 30)]);
    assert!(pair.elapsed() >= seconds(60), "the time limit is 60 s");
}

#[test]
fn internal_errors_are_repeated_three_times() {
    for (code, message) in [(500, "INTERNAL"), (-503, "Timeout")] {
        let fault = || Fault::error(METHOD, code, message);
        let mut pair = refused(vec![fault().once(), fault().once(), fault().once()]);
        let begun = pair.elapsed();
        let id = pair.count(1, RequestOptions::new());
        assert_eq!(wait(&mut pair, id), Ok(TRUE.to_vec()));
        assert!((seconds(7)..seconds(9)).contains(&(pair.elapsed() - begun)), "after 1, 2 and 4 s");
        assert_eq!(waits(&pair), [], "the server demands nothing");

        let mut pair = refused(vec![fault()]);
        let id = pair.count(1, RequestOptions::new());
        assert!(error_name(wait(&mut pair, id)).contains(message));
        let id = pair.count(1, RequestOptions::new().with_flood_sleep_threshold(Duration::ZERO));
        let begun = pair.elapsed();
        assert!(error_name(wait(&mut pair, id)).contains(message));
        assert!(pair.elapsed() - begun < seconds(1));
    }
}

#[test]
fn a_cancelled_request_is_not_sent_after_its_wait() {
    let mut pair = refused(vec![Fault::flood_wait(METHOD, 30).once()]);
    let id = pair.count(1, RequestOptions::new());
    pair.run_until(|pair| !waits(pair).is_empty()).unwrap();
    pair.client.cancel(id);
    pair.run_for(seconds(120)).unwrap();
    assert!(!pair.is_completed(id));
    assert_eq!(pair.dcs.counted(1), 0);
}

#[test]
fn a_new_connection_does_not_end_a_wait() {
    let mut pair = refused(vec![Fault::flood_wait(METHOD, 30).once()]);
    let begun = pair.elapsed();
    let id = pair.count(1, RequestOptions::new());
    pair.run_until(|pair| !waits(pair).is_empty()).unwrap();
    pair.network.cut_all(pair.timestamp());
    pair.run_for(seconds(20)).unwrap();
    assert_eq!(pair.dcs.counted(1), 0);
    assert_eq!(wait(&mut pair, id), Ok(TRUE.to_vec()));
    assert!(pair.elapsed() - begun >= seconds(30));
    assert_eq!(pair.dcs.counted(1), 1);
}

#[test]
fn requests_after_one_that_waits_keep_their_order_on_a_new_connection() {
    let mut pair = refused(vec![Fault::flood_wait(METHOD, 30).once()]);
    let first = pair.count(1, RequestOptions::new());
    pair.run_until(|pair| !waits(pair).is_empty()).unwrap();
    let second = pair.count(2, RequestOptions::new().with_after(first));
    pair.network.cut_all(pair.timestamp());
    let unrelated = pair.count(3, RequestOptions::new());
    assert_eq!(wait(&mut pair, unrelated), Ok(TRUE.to_vec()));
    pair.run_for(seconds(20)).unwrap();
    assert_eq!([1, 2, 3].map(|number| pair.dcs.counted(number)), [0, 0, 1]);
    for id in [first, second] {
        assert_eq!(wait(&mut pair, id), Ok(TRUE.to_vec()));
    }
    assert_eq!([1, 2, 3].map(|number| pair.dcs.counted(number)), [1; 3]);
    assert_no_fault(&pair);
}

#[test]
fn a_request_after_one_that_waits_is_executed_after_it() {
    // Servers refuse a request whose earlier one failed.
    let refusals = [Fault::flood_wait(METHOD, 10), Fault::error(METHOD, 400, "MSG_WAIT_FAILED")];
    let mut pair = refused(refusals.map(Fault::once).into());
    let first = pair.count(1, RequestOptions::new());
    // One that is sent with the first, and one that is made while it waits.
    let second = pair.count(2, RequestOptions::new().with_after(first));
    pair.run_until(|pair| !waits(pair).is_empty()).unwrap();
    let third = pair.count(3, RequestOptions::new().with_after(second));
    pair.run_for(seconds(5)).unwrap();
    assert_eq!([1, 2, 3].map(|number| pair.dcs.counted(number)), [0; 3]);
    for id in [first, second, third] {
        assert_eq!(wait(&mut pair, id), Ok(TRUE.to_vec()));
    }
    assert_eq!([1, 2, 3].map(|number| pair.dcs.counted(number)), [1; 3]);
    assert_no_fault(&pair);
}

/// A pair that has lost its connection, so that a request with the policy Fail is held until the server is heard again.
/// The next request with another policy gets this fault.
fn held(fault: Fault) -> Pair {
    let mut pair = refused(Vec::new());
    pair.dcs.log_messages();
    pair.network.cut_all(pair.timestamp());
    pair.run_for(Duration::from_millis(100)).unwrap();
    pair.dcs.inject_fault(fault.once()).unwrap();
    pair
}

/// Makes three requests, each after the one before; the last is held.
fn chain(pair: &mut Pair) -> [RequestId; 3] {
    let retried = || RequestOptions::new().with_on_unknown_outcome(OnUnknownOutcome::Retry);
    let first = pair.count(1, retried());
    let second = pair.count(2, retried().with_after(first));
    [first, second, pair.count(3, RequestOptions::new().with_after(second))]
}

#[test]
fn held_requests_wait_for_one_that_waits() {
    let mut pair = held(Fault::flood_wait(METHOD, 10));
    let ids = chain(&mut pair);
    pair.run_until(|pair| !waits(pair).is_empty()).unwrap();
    pair.run_for(seconds(5)).unwrap();
    assert!(pair.dcs.take_counted().is_empty());
    for id in ids {
        assert_eq!(wait(&mut pair, id), Ok(TRUE.to_vec()));
    }
    assert_eq!(pair.dcs.take_counted(), [1, 2, 3]);
    assert_no_fault(&pair);
}

#[test]
fn held_requests_keep_their_order_if_the_first_fails() {
    let mut pair = held(Fault::error(METHOD, 400, "DATA_INVALID"));
    let [first, second, third] = chain(&mut pair);
    assert!(error_name(wait(&mut pair, first)).contains("DATA_INVALID"));
    for id in [second, third] {
        assert_eq!(wait(&mut pair, id), Ok(TRUE.to_vec()));
    }
    assert_eq!(pair.dcs.take_counted(), [2, 3]);
    assert_no_fault(&pair);
}

#[test]
fn requests_after_one_that_is_cancelled_while_it_waits_are_sent() {
    let mut pair = held(Fault::flood_wait(METHOD, 10));
    let [first, second, third] = chain(&mut pair);
    pair.run_until(|pair| !waits(pair).is_empty()).unwrap();
    // Nothing else is about to be sent.
    pair.run_for(seconds(5)).unwrap();
    let begun = pair.elapsed();
    pair.client.cancel(first);
    for id in [second, third] {
        assert_eq!(wait(&mut pair, id), Ok(TRUE.to_vec()));
    }
    assert!(pair.elapsed() - begun < seconds(1), "{:?}", pair.elapsed() - begun);
    assert_eq!(pair.dcs.take_counted(), [2, 3]);
    assert_no_fault(&pair);
}
