//! Servers that forget their sessions while keys stay, as after a restart, and a network that cuts: requests that may
//! not be executed twice never are, and the others are answered.

use std::time::Duration;

use sansgram_core::client::{InvokeError, OnUnknownOutcome, RequestId, RequestOptions};
use sansgram_harness::pair::{Pair, PairOptions};
use sansgram_testkit::random::SeededRandomForTestingOnly;

use crate::common::{TRUE, assert_no_fault, log_in_bot, logged_in, pfs_options};

fn policy(on_unknown_outcome: OnUnknownOutcome) -> RequestOptions {
    RequestOptions::default().with_on_unknown_outcome(on_unknown_outcome)
}

/// The results of the requests of a run.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    answered: u32,
    unsure: u32,
    repeated: u32,
}

fn judge(
    pair: &mut Pair,
    number: i64,
    id: RequestId,
    on_unknown_outcome: OnUnknownOutcome,
    tally: &mut Tally,
) {
    pair.run_until(|pair| pair.is_completed(id)).unwrap();
    let executed = pair.dcs.counted(number);
    match (on_unknown_outcome, pair.client.take_raw(id).unwrap()) {
        (OnUnknownOutcome::Fail, Ok(body)) => {
            assert_eq!((body.as_slice(), executed), (&TRUE[..], 1), "{number}");
        }
        (OnUnknownOutcome::Fail, Err(InvokeError::OutcomeUnknown { .. })) => {
            assert!(executed <= 1, "{number} was executed {executed} times");
            tally.unsure += 1;
            return;
        }
        (OnUnknownOutcome::Retry, Ok(body)) => {
            assert_eq!(body, TRUE, "{number}");
            assert!(executed >= 1, "{number}");
            tally.repeated += u32::from(executed > 1);
        }
        (_, other) => panic!("{number} {on_unknown_outcome:?}: {other:?}"),
    }
    tally.answered += 1;
}

#[test]
fn f2_fail_requests_are_executed_at_most_once_across_forgotten_sessions() {
    let mut tally = Tally::default();
    for seed in 0..24 {
        let mut options = PairOptions::seeded(seed);
        options.client.pfs = seed % 3 == 2;
        options.client.max_attempts = 0;
        options.client.request_timeout = None;
        let mut pair = Pair::new(options);
        log_in_bot(&mut pair, "1:sandbox");
        pair.network.options.cut_one_in = Some(10 + seed);
        pair.network.options.jitter = Duration::from_millis(5 * seed);
        let mut chance = SeededRandomForTestingOnly::new(seed);
        let mut requests = Vec::new();
        for number in 0..120 {
            let on_unknown_outcome =
                if number % 2 == 0 { OnUnknownOutcome::Fail } else { OnUnknownOutcome::Retry };
            requests.push((number, pair.count(number, policy(on_unknown_outcome)), on_unknown_outcome));
            if chance.below(6) == 0 {
                pair.dcs.forget_sessions();
            }
            pair.run_for(Duration::from_millis(chance.below(64))).unwrap();
        }
        for (number, id, on_unknown_outcome) in requests {
            judge(&mut pair, number, id, on_unknown_outcome, &mut tally);
        }
        assert_no_fault(&pair);
    }
    // The run is meaningful: some outcomes are unknown, and some retryable requests were executed twice.
    assert!(tally.unsure > 20 && tally.repeated > 5, "{tally:?}");
    assert!(tally.answered > 10 * tally.repeated, "{tally:?}");
}

#[test]
fn f2_requests_of_the_present_connection_are_sent_again() {
    for on_unknown_outcome in [OnUnknownOutcome::Fail, OnUnknownOutcome::Retry] {
        let mut pair = Pair::new(PairOptions::default());
        log_in_bot(&mut pair, "1:sandbox");
        pair.dcs.forget_sessions();
        let mut tally = Tally::default();
        for number in 0..20 {
            let id = pair.count(number, policy(on_unknown_outcome));
            if number % 5 == 0 {
                pair.dcs.forget_sessions();
            }
            judge(&mut pair, number, id, on_unknown_outcome, &mut tally);
        }
        assert_eq!(tally, Tally { answered: 20, unsure: 0, repeated: 0 });
    }
}

/// The server refuses the temporary key in the packet that says that its session is new.
#[test]
fn f2_an_unknown_outcome_stays_unknown_if_the_key_is_refused_with_it() {
    let mut options = pfs_options();
    (options.client.updates, options.client.learn_addresses) = (false, false);
    let mut pair = logged_in(options);
    // In a session in which no result has arrived, the first packet of a connection is not refused for another reason.
    pair.dcs.forget_temporary_keys();
    pair.network.cut_all(pair.timestamp());
    pair.client.connect(pair.client_now());
    pair.run_until(|pair| !pair.client.has_stream()).unwrap();
    pair.run_until(|pair| pair.client.is_connected()).unwrap();
    pair.dcs.options_mut().fault_injection.withhold_results = true;
    let unknown = pair.count(1, policy(OnUnknownOutcome::Fail));
    pair.run_until(|pair| pair.dcs.counted(1) == 1).unwrap();
    pair.dcs.options_mut().fault_injection.withhold_results = false;
    pair.dcs.forget_sessions();
    pair.dcs.unbind_temporary_keys();
    pair.network.cut_all(pair.timestamp());
    pair.run_until(|pair| !pair.client.has_stream()).unwrap();
    let refused = pair.count(2, policy(OnUnknownOutcome::Retry));
    let mut tally = Tally::default();
    judge(&mut pair, 1, unknown, OnUnknownOutcome::Fail, &mut tally);
    judge(&mut pair, 2, refused, OnUnknownOutcome::Retry, &mut tally);
    assert_eq!(tally, Tally { answered: 1, unsure: 1, repeated: 0 });
}
