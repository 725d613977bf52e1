//! Answers of a wrong type or cut short, in every step of a login: the step ends with an error and can be repeated.

use std::time::Duration;

use sansgram_core::login::{LoginError, LoginStep, SendCodeOutcome, SignInOutcome};
use sansgram_harness::pair::Pair;
use sansgram_testkit::accounts::Fault;

use crate::common::{assert_logged_in, pair_with};

const METHODS: [&str; 4] = ["auth.sendCode", "auth.signIn", "account.getPassword", "auth.checkPassword"];

/// Logs in with phone and code, and with a password unless the answer to the code is malformed; up to the first error.
fn log_in(pair: &mut Pair, method: &str) -> Result<SignInOutcome, LoginError> {
    let phone = if method == "auth.signIn" { "9996620001" } else { "9996620002" };
    let SendCodeOutcome::CodeSent(sent_code) = pair.login(LoginStep::send_code(phone))? else { panic!() };
    let outcome = pair.login(LoginStep::sign_in(&sent_code, "22222"))?;
    let SignInOutcome::PasswordRequired(_) = outcome else { return Ok(outcome) };
    pair.login(LoginStep::check_password("sandbox")).map(SignInOutcome::LoggedIn)
}

#[test]
fn each_step_reports_a_malformed_answer_and_can_be_repeated() {
    for method in METHODS {
        for fault in [Fault::wrong_type(method), Fault::truncated(method)] {
            let kind = fault.kind.clone();
            let mut pair = pair_with(vec![fault.once()]);
            let outcome = log_in(&mut pair, method);
            // A password can be required without its hint.
            if let Err(error) = outcome {
                let text = error.to_string();
                assert!(!text.contains('\n') && text.len() < 200, "{method}, {kind:?}: {text}");
                assert!(pair.elapsed() < Duration::from_secs(5), "{method}, {kind:?}");
                assert_logged_in(&log_in(&mut pair, method));
            } else {
                assert_eq!(method, "account.getPassword", "{kind:?} was taken for an answer");
            }
        }
    }
}

#[test]
fn endless_malformed_answers_end_the_step() {
    for method in METHODS.into_iter().chain(["auth.importBotAuthorization"]) {
        for fault in
            [Fault::wrong_type(method), Fault::truncated(method), Fault::error(method, 500, "OOPS\u{1b}[2J")]
        {
            let kind = fault.kind.clone();
            let mut pair = pair_with(vec![fault]);
            let outcome = if method == "auth.importBotAuthorization" {
                pair.login(LoginStep::bot_login("1:sandbox")).map(SignInOutcome::LoggedIn)
            } else {
                log_in(&mut pair, method)
            };
            let text = outcome.unwrap_err().to_string();
            assert!(!text.contains(char::is_control) && text.len() < 200, "{method}, {kind:?}: {text:?}");
            assert!(pair.elapsed() < Duration::from_secs(120), "{method}, {kind:?}");
        }
    }
}
