//! A hundred pipelined requests are each executed and answered exactly once, at whichever byte the connection is cut.
//!
//! Cuts are some bytes apart, by a step that shares no factor with the lengths of frames. `SANSGRAM_EVERY_BYTE=1` tests
//! all 22,177 bytes, which takes half a minute of one core in an optimized build.

use std::time::Duration;

use sansgram_core::client::{Delivery, InvokeError, RequestId, Route};
use sansgram_core::transport::Framing;
use sansgram_harness::pair::{Pair, PairOptions};

use crate::common::{TRUE, assert_no_fault, log_in_bot};

/// From one cut to the next.
pub(super) fn step(otherwise: usize) -> usize {
    if std::env::var_os("SANSGRAM_EVERY_BYTE").is_some() { 1 } else { otherwise }
}

pub(super) fn options(pfs: bool, framing: Framing) -> PairOptions {
    let mut options = PairOptions::default();
    options.client.pfs = pfs;
    options.client.framing = framing;
    options
}

/// Waits for all requests and checks each result.
pub(super) fn assert_once(pair: &mut Pair, requests: &[(i64, RequestId)], context: &str) {
    let mut failed = 0;
    for &(number, id) in requests {
        let begun = pair.elapsed();
        pair.run_until(|pair| pair.is_completed(id)).unwrap_or_else(|stuck| panic!("{context}: {stuck}"));
        assert!(pair.elapsed() - begun <= Duration::from_secs(61), "{context}: request {number}");
        let counted = pair.dcs.counted(number);
        match pair.client.take_raw(id).unwrap() {
            Ok(body) => assert_eq!((body.as_slice(), counted), (&TRUE[..], 1), "{context}: request {number}"),
            Err(InvokeError::TimedOut { delivery, .. } | InvokeError::Unreachable { delivery, .. }) => {
                failed += 1;
                assert!(
                    counted <= 1 && (counted == 0 || delivery >= Delivery::Packed),
                    "{context}: {number}"
                );
            }
            Err(other) => panic!("{context}: request {number}: {other}"),
        }
        assert!(pair.client.take_raw(id).is_none());
    }
    assert_eq!(failed, 0, "{context}: one cut is no reason to fail");
    assert_no_fault(pair);
}

#[test]
fn one_cut_at_any_byte_of_a_hundred_pipelined_requests() {
    for (pfs, framing) in [(false, Framing::Intermediate), (true, Framing::Abridged)] {
        // One client goes through it all: what a cut leaves behind must not spoil the next round.
        let mut pair = Pair::new(options(pfs, framing));
        log_in_bot(&mut pair, "2:elsewhere");
        let mut rounds = 0;
        for cut in (0..).step_by(step(13)) {
            pair.network.options.cut_at_byte = Some(pair.network.bytes_carried() + cut);
            hundred(&mut pair, rounds * 100, &format!("pfs {pfs}, cut at {cut}"));
            rounds += 1;
            if pair.network.options.cut_at_byte.is_some() {
                break;
            }
            assert_eq!(pair.check_secrets(), Ok(()));
            pair.events.clear();
        }
        println!("pfs {pfs}: {rounds} rounds of 100 requests");
        assert!(rounds > 400, "{rounds} rounds: the requests take more than 6 KB");
    }
}

/// Sends a hundred requests, ten every 5 ms, so that several packets are under way in both directions.
fn hundred(pair: &mut Pair, first: i64, context: &str) {
    let mut requests = Vec::new();
    for number in first..first + 100 {
        requests.push((number, pair.count(number, Route::Home)));
        if number % 10 == 9 {
            pair.run_for(Duration::from_millis(5)).unwrap();
        }
    }
    assert_once(pair, &requests, context);
}
