//! `FLOOD_WAIT`: short waits are waited out and reported, long ones end the step with their time.

use std::time::Duration;

use sansgram_core::client::Event;
use sansgram_core::login::{LoginError, LoginStep, SignInOutcome};
use sansgram_harness::pair::{Pair, PairOptions};
use sansgram_testkit::accounts::Fault;

use crate::common::{is_logged_in, pair_with, request_code};

fn waits(pair: &Pair) -> Vec<u64> {
    let told = pair.events.iter().filter_map(|event| match event {
        Event::FloodWait { wait, .. } => Some(wait.as_secs()),
        _ => None,
    });
    told.collect()
}

#[test]
fn short_waits_are_waited_out_in_every_step_and_reported() {
    let methods = ["auth.sendCode", "auth.signIn", "account.getPassword", "auth.checkPassword"];
    let mut pair = pair_with(methods.iter().map(|method| Fault::flood_wait(method, 7).once()).collect());
    let before = pair.elapsed();
    let sent_code = request_code(&mut pair, "9996610002");
    let outcome = pair.login(LoginStep::sign_in(&sent_code, "11111"));
    assert!(matches!(outcome, Ok(SignInOutcome::PasswordRequired(_))), "{outcome:?}");
    let outcome = pair.login(LoginStep::check_password("sandbox"));
    assert!(is_logged_in(&outcome), "{outcome:?}");
    assert_eq!(waits(&pair), [7; 4]);
    assert!(pair.elapsed() - before >= Duration::from_secs(28));
}

#[test]
fn long_waits_and_many_short_ones_are_reported() {
    let mut pair_of_long = pair_with(vec![Fault::flood_wait("auth.sendCode", 61)]);
    let outcome = pair_of_long.login(LoginStep::send_code("9996620001"));
    assert_eq!(outcome, Err(LoginError::FloodWait(Duration::from_secs(61))));
    assert!(waits(&pair_of_long).is_empty());

    let mut pair_of_many = pair_with(vec![Fault::flood_wait("auth.sendCode", 25)]);
    let outcome = pair_of_many.login(LoginStep::send_code("9996620001"));
    assert_eq!(outcome, Err(LoginError::FloodWait(Duration::from_secs(25))));
    assert_eq!(waits(&pair_of_many), [25, 25]);

    let mut endless = pair_with(vec![Fault::error("auth.sendCode", 420, "FLOOD_WAIT_0")]);
    let outcome = endless.login(LoginStep::send_code("9996620001"));
    let total = Duration::from_secs(60);
    assert_eq!(outcome, Err(LoginError::EndlessFloodWait { times: 60, total }));

    let mut options = PairOptions::default();
    options.client.flood_sleep_threshold = Duration::ZERO;
    options.server.accounts.faults = vec![Fault::flood_wait("auth.sendCode", 1)];
    let outcome = Pair::new(options).login(LoginStep::send_code("9996620001"));
    assert_eq!(outcome, Err(LoginError::FloodWait(Duration::from_secs(1))));
}

#[test]
fn a_wait_can_be_cancelled() {
    let mut pair = pair_with(vec![Fault::flood_wait("auth.sendCode", 30)]);
    let now = pair.client_now();
    let step = pair.client.start_step(now, LoginStep::send_code("9996620001")).unwrap();
    pair.run_until(|pair| !waits(pair).is_empty()).unwrap();
    pair.client.cancel(step.id());
    pair.run_for(Duration::from_secs(120)).unwrap();
    assert!(!pair.is_completed(step.id()));
    assert_eq!(waits(&pair).len(), 1);
}
