//! Two-step passwords by SRP. The client hands out the key stretching as a task, and does not wait for it forever.

use std::time::Duration;

use sansgram_core::client::{Input, Output};
use sansgram_core::login::{LoginError, LoginStep, SignInOutcome};
use sansgram_harness::pair::{Pair, PairOptions};

use crate::common::{is_logged_in, password_hint, request_code};

#[test]
fn a_password_logs_in() {
    let mut pair = Pair::new(PairOptions::default());
    let sent_code = request_code(&mut pair, "9996630002");
    let outcome = pair.login(LoginStep::sign_in(&sent_code, "33333"));
    assert!(matches!(outcome, Ok(SignInOutcome::PasswordRequired(_))), "{outcome:?}");
    let outcome = pair.login(LoginStep::check_password("wrong"));
    assert!(matches!(outcome, Err(LoginError::PasswordInvalid)), "{outcome:?}");
    let outcome = pair.login(LoginStep::check_password("sandbox"));
    assert!(is_logged_in(&outcome), "{outcome:?}");
    assert_eq!(pair.client.home().number(), 3);
}

/// A runtime that loses the task must not block the login.
#[test]
fn a_kdf_task_without_an_output_ends_its_step() {
    let mut pair = Pair::new(PairOptions::default());
    password_hint(&mut pair, "9996620002");
    let now = pair.client_now();
    let step = pair.client.start_step(now, LoginStep::check_password("sandbox")).unwrap();
    pair.skips_tasks = true;
    pair.run_until(|pair| pair.is_completed(step.id())).unwrap();
    assert_eq!(pair.client.take_step(step), Some(Err(LoginError::ComputeTimedOut)));
    assert!(pair.elapsed() < Duration::from_secs(90));
    // A late output is ignored.
    let late = pair.skipped_tasks.pop().expect("a task");
    let now = pair.client_now();
    pair.client.handle(now, Input::Computed(late.run()));
    assert!(matches!(pair.client.poll_output(), Output::Timeout(_)));
    pair.skips_tasks = false;
    assert!(is_logged_in(&pair.login(LoginStep::check_password("sandbox"))));
}
