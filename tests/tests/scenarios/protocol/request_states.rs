//! The delivery state of a request is known, also if it ends without an answer by its timeout or a cancel. The number
//! of pending requests is bounded.

use std::time::Duration;

use sansgram_core::client::{
    ApiMisuse, Delivery, DisconnectReason, InvokeError, IoFailure, RequestOptions, Route, ServerProblem,
};
use sansgram_core::tl::{Constructor, functions, ids, types};
use sansgram_harness::pair::PairOptions;
use sansgram_testkit::accounts::{Accounts, Fault};

use crate::common::{TRUE, assert_no_fault, assert_works_within, logged_in, wait};

#[test]
fn from_queued_to_answered() {
    let mut pair = logged_in(PairOptions::default());
    pair.network.cut_all(pair.timestamp());
    pair.run_for(Duration::from_millis(1)).unwrap();
    let id = pair.count(1, Route::Home);
    assert_eq!(pair.client.delivery(id), Some(Delivery::Queued));
    let mut seen = vec![Delivery::Queued];
    pair.run_until(|pair| {
        let now = pair.client.delivery(id).unwrap();
        if seen.last() != Some(&now) {
            seen.push(now);
        }
        now == Delivery::Answered
    })
    .unwrap();
    assert_eq!(seen, [Delivery::Queued, Delivery::Packed, Delivery::Sent, Delivery::Answered]);
    assert_eq!(wait(&mut pair, id), Ok(TRUE.to_vec()));
    assert_eq!(pair.client.delivery(id), None);
}

#[test]
fn a_timeout_reports_the_delivery_state() {
    let short = RequestOptions::default().with_timeout(Some(Duration::from_secs(5)));
    let mut pair = logged_in(PairOptions::default());
    pair.dcs.options_mut().fault_injection.silent_after_handshake = true;
    let begun = pair.elapsed();
    let sent = pair.count(1, short);
    assert_eq!(wait(&mut pair, sent), Err(InvokeError::TimedOut { delivery: Delivery::Sent, problem: None }));
    assert_eq!(pair.elapsed() - begun, Duration::from_secs(5));

    pair.dcs.options_mut().fault_injection.silent_after_handshake = false;
    pair.network.set_dead(2, true);
    pair.network.cut_all(pair.timestamp());
    pair.run_for(Duration::from_millis(1)).unwrap();
    let begun = pair.elapsed();
    let queued = pair.count(2, short);
    assert_eq!(
        wait(&mut pair, queued),
        Err(InvokeError::TimedOut {
            delivery: Delivery::Queued,
            problem: Some(ServerProblem::Disconnected(DisconnectReason::Network(IoFailure::Reset)))
        })
    );
    assert_eq!(pair.elapsed() - begun, Duration::from_secs(5));
    pair.network.set_dead(2, false);
    let one = pair.count(3, short.with_timeout(Some(Duration::from_secs(60))));
    assert_eq!(wait(&mut pair, one), Ok(TRUE.to_vec()));
    assert_eq!((pair.dcs.counted(1), pair.dcs.counted(2), pair.dcs.counted(3)), (0, 0, 1));
}

#[test]
fn a_malformed_query_is_not_sent() {
    let mut pair = logged_in(PairOptions::default());
    let now = pair.client_now();
    for length in [0, 1, 2, 3, 5, 1 << 24] {
        let refused = pair.client.invoke_raw(now, vec![0; length], Route::Home);
        assert_eq!(refused, Err(ApiMisuse::QueryLength(length)));
    }
}

/// A server answers these without naming a request as an answer to it, so that no result would ever come.
#[test]
fn a_message_of_the_protocol_is_not_sent() {
    let mut pair = logged_in(PairOptions::default());
    let now = pair.client_now();
    let refused = pair.client.invoke(now, &functions::Ping { ping_id: 1 }, Route::Home);
    assert_eq!(refused.map(|_| ()), Err(ApiMisuse::ProtocolMessage(0x7abe_77ec)));
    for constructor in [
        functions::GetFutureSalts::ID,
        functions::RpcDropAnswer::ID,
        functions::DestroySession::ID,
        functions::DestroyAuthKey::ID,
        types::MsgsAck::ID,
        types::MsgsStateReq::ID,
        ids::MSG_CONTAINER,
    ] {
        let query = [constructor.to_le_bytes(), [0; 4]].concat();
        let refused = pair.client.invoke_raw(now, query, Route::Home);
        assert_eq!(refused, Err(ApiMisuse::ProtocolMessage(constructor)));
    }
    assert_works_within(&mut pair, 1, Duration::from_secs(1));
}

#[test]
fn a_cancelled_request_is_never_answered() {
    let mut pair = logged_in(PairOptions::default());
    for number in 0..20 {
        let id = pair.count(number, Route::Home);
        // Before it is packed, under way, and when its answer is there already.
        pair.run_for(Duration::from_millis(number as u64 * 3)).unwrap();
        pair.client.cancel(id);
        pair.poll();
        assert_works_within(&mut pair, 100 + number, Duration::from_millis(51));
        assert_eq!(pair.client.take_raw(id), None);
        assert!(pair.dcs.counted(number) <= 1);
    }
    assert_no_fault(&pair);
}

#[test]
fn ordered_requests_run_one_after_the_other() {
    let mut pair = logged_in(PairOptions::default());
    let first = pair.count(1, Route::Home);
    let then = RequestOptions::default().with_after(Some(first));
    let second = pair.count(2, then);
    let third = pair.count(3, then.with_after(Some(second)));
    for id in [third, second, first] {
        assert_eq!(wait(&mut pair, id), Ok(TRUE.to_vec()));
    }
    // The request before it ended long ago.
    let fourth = pair.count(4, then);
    assert_eq!(wait(&mut pair, fourth), Ok(TRUE.to_vec()));
    assert_no_fault(&pair);
}

#[test]
fn requests_beyond_the_limit_are_refused() {
    let mut options = PairOptions::default();
    options.client.max_pending = 10;
    let mut pair = logged_in(options);
    // The client's own `updates.getState` counts until it is answered.
    pair.run_for(Duration::from_secs(1)).unwrap();
    let ids: Vec<_> = (0..10).map(|number| pair.count(number, Route::Home)).collect();
    let now = pair.client_now();
    let query = Accounts::count_query(10);
    assert_eq!(pair.client.invoke_raw(now, query.clone(), Route::Home), Err(ApiMisuse::QueueFull));
    // Results that were not taken count too.
    pair.run_until(|pair| ids.iter().all(|id| pair.is_completed(*id))).unwrap();
    let now = pair.client_now();
    assert_eq!(pair.client.invoke_raw(now, query.clone(), Route::Home), Err(ApiMisuse::QueueFull));
    assert_eq!(wait(&mut pair, ids[3]), Ok(TRUE.to_vec()));
    let now = pair.client_now();
    let id = pair.client.invoke_raw(now, query, Route::Home).unwrap();
    assert_eq!(wait(&mut pair, id), Ok(TRUE.to_vec()));

    let mut options = PairOptions::default();
    options.client.max_pending_bytes = 1000;
    let mut pair = logged_in(options);
    let now = pair.client_now();
    let refused = (0..100).find(|number| {
        pair.client.invoke_raw(now, Accounts::count_query(*number), Route::Home) == Err(ApiMisuse::QueueFull)
    });
    assert!(refused.is_some_and(|count| count < 30), "{refused:?}");
}

#[test]
fn msg_wait_failed_is_retried() {
    for name in ["MSG_WAIT_FAILED", "MSG_WAIT_TIMEOUT"] {
        for (times, is_answered) in [(Some(2), true), (None, false)] {
            let mut options = PairOptions::default();
            let fault = Fault::error("help.saveAppLog", 400, name);
            options.server.accounts.faults = vec![fault.with_times(times)];
            let mut pair = logged_in(options);
            let now = pair.client_now();
            let first = pair.client.invoke(now, &functions::help::GetNearestDc {}, Route::Home).unwrap();
            let then = RequestOptions::default().with_after(Some(first.id()));
            let second = pair.count(2, then);
            let result = wait(&mut pair, second);
            assert_eq!(result.is_ok(), is_answered, "{name}: {result:?}");
            assert_eq!(pair.dcs.counted(2), u32::from(is_answered));
        }
    }
}
