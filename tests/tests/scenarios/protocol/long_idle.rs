//! Long idle times: after ten minutes, hours or days the next request takes one round trip, or one reconnect if the
//! connection is gone.

use std::time::Duration;

use sansgram_core::client::{Delivery, Event, InvokeError, OnUnknownOutcome, RequestOptions, Route};
use sansgram_core::login::LoginStep;
use sansgram_harness::pair::{Pair, PairOptions};

use crate::common::{TRUE, assert_no_fault, assert_works_within, is_logged_in, losses, wait};

const SPANS: [Duration; 3] =
    [Duration::from_secs(600), Duration::from_secs(10 * 3600), Duration::from_secs(10 * 86_400)];
/// Twice the network's latency, and a millisecond.
const ROUND_TRIP: Duration = Duration::from_millis(41);

fn connected(pfs: bool) -> Pair {
    let mut options = PairOptions::default();
    options.client.pfs = pfs;
    let mut pair = Pair::new(options);
    let outcome = pair.login(LoginStep::bot_login("1:sandbox"));
    assert!(is_logged_in(&outcome), "{outcome:?}");
    pair.client.connect(pair.client_now());
    pair.poll();
    pair
}

#[test]
fn idle_over_an_open_connection() {
    for pfs in [false, true] {
        let mut pair = connected(pfs);
        for (number, span) in SPANS.into_iter().enumerate() {
            pair.run_for(span).unwrap();
            assert_works_within(&mut pair, number as i64, ROUND_TRIP);
        }
        assert_eq!(losses(&pair), 0);
        assert!(pair.refusals.is_empty(), "{:?}", &pair.refusals[..1]);
    }
}

#[test]
fn idle_until_the_server_closes_or_forgets_the_session() {
    for pfs in [false, true] {
        let mut pair = connected(pfs);
        for (number, span) in SPANS.into_iter().enumerate() {
            pair.run_for(span).unwrap();
            pair.dcs.forget_sessions();
            pair.dcs.close_all();
            pair.poll();
            // Close, pause of at most 250 ms, connect, request; perhaps a salt that is out of date. It was sent before
            // the loss was known, so it may have been executed in the forgotten session.
            let begun = pair.elapsed();
            let number = number as i64;
            let take_retry = RequestOptions::default().with_on_unknown_outcome(OnUnknownOutcome::Retry);
            let (reported, repeated) =
                (pair.count(100 + number, Route::Home), pair.count(number, take_retry));
            assert_eq!(wait(&mut pair, repeated), Ok(TRUE.to_vec()));
            let delivery = Delivery::Sent;
            assert_eq!(wait(&mut pair, reported), Err(InvokeError::OutcomeUnknown { delivery }));
            assert!(pair.elapsed() - begun <= Duration::from_millis(500));
            assert_eq!((pair.dcs.counted(number), pair.dcs.counted(100 + number)), (1, 0));
            assert_no_fault(&pair);
        }
    }
}

#[test]
fn idle_without_a_connection() {
    for span in SPANS {
        let mut pair = connected(false);
        pair.network.set_dead(2, true);
        pair.run_for(span).unwrap();
        pair.network.set_dead(2, false);
        pair.client.connect(pair.client_now());
        // An attempt that began while the network was dead must end first.
        assert_works_within(&mut pair, 1, Duration::from_secs(25));
    }
}

#[test]
fn idle_asleep() {
    for pfs in [false, true] {
        for span in SPANS {
            let mut pair = connected(pfs);
            pair.suspend(span);
            // The old connection is gone; with PFS the temporary key may be gone as well.
            let most = if pfs { Duration::from_secs(3) } else { Duration::from_millis(700) };
            assert_works_within(&mut pair, 1, most);
            assert!(!pair.events.iter().any(|event| matches!(event, Event::LoggedOut(_))));
        }
    }
}

#[test]
fn idle_between_two_processes() {
    for span in SPANS {
        let mut pair = connected(false);
        pair.network.cut_all(pair.timestamp());
        pair.run_for(Duration::from_millis(1)).unwrap();
        pair.suspend(span);
        pair.restart_client(PairOptions::default().client);
        // Connect, then a salt that is out of date.
        assert_works_within(&mut pair, 1, Duration::from_millis(200));
    }
}
