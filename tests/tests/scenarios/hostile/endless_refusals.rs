//! Servers that refuse, demand waits, or withhold results without end while they answer pings: the client backs off and
//! reports them.

use std::time::Duration;

use sansgram_core::client::{Delivery, InvokeError, OnUnknownOutcome, RequestOptions, Route, ServerProblem};
use sansgram_core::login::{LoginError, LoginStep};
use sansgram_harness::pair::{Pair, PairOptions};
use sansgram_testkit::accounts::Fault;

use crate::common::{TRUE, logged_in, pair_with, wait};

const REPEAT: RequestOptions = RequestOptions::new().with_on_unknown_outcome(OnUnknownOutcome::Retry);

fn with_latency(latency: Duration) -> PairOptions {
    let mut options = PairOptions::default();
    options.network.latency = latency;
    options
}

#[test]
fn f13_a_server_that_refuses_everything_causes_backoff_and_is_reported() {
    for latency in [Duration::from_millis(20), Duration::from_millis(600)] {
        for code in [16, 17, 18, 19, 20, 32, 33, 34, 35, 48, 64, 0, 77, -1] {
            let mut pair = logged_in(with_latency(latency));
            pair.dcs.options_mut().fault_injection.refuse_requests = Some(code);
            let (begun, bytes, opened) = (pair.elapsed(), pair.network.bytes_carried(), pair.opened.len());
            let id = pair.count(1, REPEAT);
            let Err(InvokeError::TimedOut { problem: Some(problem), .. }) = wait(&mut pair, id) else {
                panic!("code {code}")
            };
            assert_eq!(pair.elapsed() - begun, Duration::from_secs(60));
            let ServerProblem::Disconnected(reason) = &problem else { panic!("{code}: {problem}") };
            assert!(reason.is_refusal(), "{code}: {problem}");
            assert!(problem.to_string().contains("refuse"), "{problem}");
            assert_eq!(pair.client.server_problem().map(|(_, it)| it), Some(problem));
            // 250 ms and twice as long each time.
            let opened = pair.opened.len() - opened;
            assert!((4..=12).contains(&opened), "code {code}: {opened} connections");
            let bytes = pair.network.bytes_carried() - bytes;
            assert!(bytes < 60_000, "code {code}: {bytes} bytes");
            assert_eq!(pair.dcs.counted(1), 0);

            pair.dcs.options_mut().fault_injection.refuse_requests = None;
            let id = pair.count(2, REPEAT);
            assert_eq!(wait(&mut pair, id), Ok(TRUE.to_vec()), "code {code}");
            assert_eq!(pair.client.server_problem(), None);
        }
    }
}

#[test]
fn f13_a_refused_login_is_reported() {
    let mut options = PairOptions::default();
    options.server.fault_injection.refuse_requests = Some(20);
    let mut pair = Pair::new(options);
    let refused = pair.login(LoginStep::bot_login("1:sandbox"));
    let Err(LoginError::Invoke(InvokeError::TimedOut { problem: Some(problem), .. })) = &refused else {
        panic!("{refused:?}")
    };
    assert!(problem.to_string().contains("too old (code 20)"), "{problem}");
    assert!(pair.network.bytes_carried() < 60_000, "{}", pair.network.bytes_carried());
}

#[test]
fn f13_requests_without_retry_fail_at_once() {
    let mut pair = logged_in(PairOptions::default());
    pair.dcs.options_mut().fault_injection.refuse_requests = Some(20);
    let opened = pair.opened.len();
    let mut last = Ok(Vec::new());
    for number in 0..100 {
        let id = pair.count(number, Route::Home);
        last = wait(&mut pair, id);
        assert!(last.is_err());
    }
    assert_eq!(last, Err(InvokeError::OutcomeUnknown { delivery: Delivery::Sent }));
    // Connections back off, however fast the application sends requests.
    assert!(pair.opened.len() - opened >= 10, "{}", pair.opened.len());
    assert!(pair.elapsed() >= Duration::from_secs(60), "{:?}", pair.elapsed());
}

#[test]
fn f13_flood_waits_and_server_errors_are_reported() {
    for (code, message, says) in [
        (420, "FLOOD_WAIT_0", "requires a wait"),
        (500, "INTERDC_2_CALL_ERROR", "internal error"),
        (-503, "Timeout", "internal error"),
    ] {
        let mut pair = pair_with(vec![Fault::error("auth.importBotAuthorization", code, message)]);
        let now = pair.client_now();
        let step = pair.client.start_step(now, LoginStep::bot_login("1:sandbox")).unwrap();
        pair.run_for(Duration::from_secs(2)).unwrap();
        let (_, problem) = pair.client.server_problem().unwrap();
        assert!(
            matches!(problem, ServerProblem::RepeatedRpcError(_)) && problem.to_string().contains(says),
            "{problem}"
        );
        pair.run_until(|pair| pair.is_completed(step.id())).unwrap();
        assert_eq!(pair.client.server_problem(), None);
    }
}

#[test]
fn f13_a_server_that_closes_each_connection_is_reported() {
    let mut pair = logged_in(PairOptions::default());
    pair.dcs.options_mut().fault_injection.withhold_results = true;
    let id = pair.count(1, REPEAT);
    while !pair.is_completed(id) {
        pair.run_for(Duration::from_secs(3)).unwrap();
        pair.dcs.close_all();
        pair.poll();
    }
    let Err(InvokeError::TimedOut { problem: Some(problem), .. }) = wait(&mut pair, id) else { panic!() };
    assert_eq!(problem.to_string(), "the server keeps closing the connection");
}

#[test]
fn f15_a_withheld_result_ends_by_the_policy_of_the_request() {
    for on_unknown_outcome in [OnUnknownOutcome::Fail, OnUnknownOutcome::Retry] {
        let mut pair = logged_in(PairOptions::default());
        pair.dcs.options_mut().fault_injection.withhold_results = true;
        let id = pair.count(1, REPEAT.with_on_unknown_outcome(on_unknown_outcome));
        pair.run_for(Duration::from_secs(1)).unwrap();
        assert_eq!(pair.dcs.counted(1), 1);
        // The server reports that it has an answer, and never sends it.
        pair.network.cut_all(pair.timestamp());
        let begun = pair.elapsed();
        match on_unknown_outcome {
            OnUnknownOutcome::Fail => {
                let delivery = Delivery::Acknowledged;
                assert_eq!(wait(&mut pair, id), Err(InvokeError::OutcomeUnknown { delivery }));
            }
            OnUnknownOutcome::Retry => {
                pair.run_until(|pair| pair.dcs.counted(1) == 2).unwrap();
                pair.dcs.options_mut().fault_injection.withhold_results = false;
                pair.network.cut_all(pair.timestamp());
                assert_eq!(wait(&mut pair, id), Ok(TRUE.to_vec()));
            }
        }
        let took = pair.elapsed() - begun;
        assert!((Duration::from_secs(30)..Duration::from_secs(32)).contains(&took), "{took:?}");
        assert!(pair.dcs.counted(1) <= 2);
    }
}

#[test]
fn f15_a_withheld_result_arrives_when_requested_again() {
    let mut pair = logged_in(PairOptions::default());
    pair.dcs.options_mut().fault_injection.withhold_results = true;
    let id = pair.count(1, Route::Home);
    pair.run_for(Duration::from_secs(1)).unwrap();
    pair.network.cut_all(pair.timestamp());
    pair.run_for(Duration::from_secs(3)).unwrap();
    // From now on it sends requested answers.
    pair.dcs.options_mut().fault_injection.withhold_results = false;
    let begun = pair.elapsed();
    assert_eq!(wait(&mut pair, id), Ok(TRUE.to_vec()));
    assert!(pair.elapsed() - begun <= Duration::from_secs(4), "{:?}", pair.elapsed() - begun);
    assert_eq!(pair.dcs.counted(1), 1);
}
