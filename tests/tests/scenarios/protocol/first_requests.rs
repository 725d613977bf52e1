//! The first request after a sleep and of a process, over connections that drop it: it is sent only once the server was
//! heard, so that it is answered and its outcome is known.

use std::time::Duration;

use sansgram_core::client::{InvokeError, RequestId, Route};
use sansgram_harness::pair::{Pair, PairOptions};

use crate::common::{TRUE, assert_no_fault, log_in_bot, repeatable, wait};

fn connected(pfs: bool) -> Pair {
    let mut options = PairOptions::default();
    options.client.pfs = pfs;
    let mut pair = Pair::new(options);
    log_in_bot(&mut pair, "1:sandbox");
    pair.client.connect(pair.client_now());
    pair.run_for(Duration::from_secs(1)).unwrap();
    pair
}

fn assert_answered_once(pair: &mut Pair, number: i64, id: RequestId, what: &str) {
    assert_eq!(wait(pair, id), Ok(TRUE.to_vec()), "{what}");
    assert_eq!(pair.dcs.counted(number), 1, "{what}");
    assert_no_fault(pair);
}

#[test]
fn f2_the_first_request_after_a_sleep_survives_a_forgotten_session() {
    for pfs in [false, true] {
        for hours in [1, 8, 72] {
            let mut pair = connected(pfs);
            pair.network.set_dead(2, true);
            pair.suspend(Duration::from_secs(3600 * hours));
            pair.dcs.forget_sessions();
            let id = pair.count(1, Route::Home);
            pair.run_for(Duration::from_secs(1)).unwrap();
            pair.network.set_dead(2, false);
            assert_answered_once(&mut pair, 1, id, &format!("{hours} h, pfs {pfs}"));
        }
    }
}

#[test]
fn f2_the_first_request_of_a_process_survives_a_dead_connection() {
    // Something on the way accepts the connection and drops its bytes: a captive portal, a proxy without its other
    // side. The server never receives the request.
    for pfs in [false, true] {
        for millis in (0..=400).step_by(8) {
            let mut pair = connected(pfs);
            let mut config = PairOptions::default().client;
            config.pfs = pfs;
            pair.restart_client(config);
            let id = pair.count(1, Route::Home);
            pair.run_for(Duration::from_millis(millis)).unwrap();
            pair.network.set_dead(2, true);
            pair.run_for(Duration::from_millis(200)).unwrap();
            pair.network.cut_all(pair.timestamp());
            pair.run_for(Duration::from_millis(1)).unwrap();
            pair.network.set_dead(2, false);
            assert_answered_once(&mut pair, 1, id, &format!("dead after {millis} ms, pfs {pfs}"));
        }
    }
}

#[test]
fn f2_requests_sent_before_a_forgotten_session_have_an_unknown_outcome() {
    let mut pair = connected(false);
    pair.dcs.options_mut().fault_injection.withhold_results = true;
    let (reported, repeated) = (pair.count(1, Route::Home), pair.count(2, repeatable()));
    pair.run_for(Duration::from_secs(1)).unwrap();
    assert_eq!((pair.dcs.counted(1), pair.dcs.counted(2)), (1, 1));
    pair.dcs.options_mut().fault_injection.withhold_results = false;
    pair.dcs.forget_sessions();
    pair.network.cut_all(pair.timestamp());
    assert!(matches!(wait(&mut pair, reported), Err(InvokeError::OutcomeUnknown { .. })));
    assert_eq!(wait(&mut pair, repeated), Ok(TRUE.to_vec()));
    assert_eq!((pair.dcs.counted(1), pair.dcs.counted(2)), (1, 2));
}
